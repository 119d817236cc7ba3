#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Copyright (C) 2026 the ibkr-agent-gateway authors
#
# The Client Portal backend before the simulator: every read tool, a session
# that is not there, answers that are none.
load helper
load simulator

setup() {
    simulator_setup
}

teardown() {
    simulator_stop
}

# portal OPTION...: a simulator and a configuration for it
portal() {
    simulator_start "$@"
    make_config
    cat >"$BATS_TEST_TMPDIR/broker" <<EOF
broker:
  backend: client_portal_gateway
  base_url: $base/v1/api
  allow_insecure_tls_for_localhost: true
  simulator: true
  pacing: 5000
EOF
    sed -i -e "/^broker:/{r $BATS_TEST_TMPDIR/broker
d}" "$config"
}

# shows COMMAND... -- PART...: exit code 0 and every part in the JSON
shows() {
    local words=()
    while [ "$1" != -- ]; do
        words+=("$1")
        shift
    done
    shift
    iag "${words[@]}" --json
    expect 0 || { echo "${words[*]}"; return 1; }
    has "$output" "$@"
}

account=DU1234567

@test "session and accounts come from the broker, by its word paper" {
    portal
    shows session requirements -- '"status": "usable"'
    shows session renew -- '"last_keepalive_at"'
    shows accounts list -- '"account_id": "DU1234567"' \
        '"account_mode": "paper"' '"base_currency": "EUR"' '"complete": true'
    shows account metadata --account $account -- '"product_permissions"'
    shows account summary --account $account -- \
        '"net_liquidation_value": "100000.0"' '"currency": "USD"'
}

@test "portfolios, positions and gains, warm after a cold first read" {
    portal
    shows positions list --account $account -- '"symbol": "AAPL"' \
        '"quantity": "10.0"' '"complete": true'
    shows positions list --account DU2345678 --limit 1 -- '"next": 1' \
        '"complete": false'
    shows portfolio snapshot --account $account -- '"ledger"' \
        '"base_currency": "USD"' '"kind": "asset_class"'
    shows pnl daily --account $account -- '"total_pnl"'
    shows pnl realtime --account $account -- '"key": "DU1234567.Core"'
}

@test "contracts, quotes, bars, options, scans, rates and calendars" {
    portal
    shows contracts search AAPL -- '"contract_id": "265598"' '"complete": true'
    shows contracts resolve AAPL --currency USD -- '"price_increment": "0.01"'
    shows contracts resolve ES --asset-class future -- '"multiplier": "50.0"'
    shows contracts search EUR.USD --asset-class fx -- '"asset_class": "fx"'
    shows market snapshot --contract-id 265598 -- '"bid": "199.50"' \
        '"bid_size": "300"' '"currency": "USD"' '"data_status": "live"'
    shows market bars --contract-id 265598 --duration 1w --bar-size 1h -- \
        '"open"' '"currency": "USD"'
    shows options chain --symbol AAPL --right put -- '"right": "put"' \
        '"strike": "202.5"' '"complete": true'
    shows option greeks --contract-id 700001 -- '"implied_volatility": "0.'
    shows scanner run --scanner-code TOP_PERC_GAIN -- '"rank": 1'
    shows currency rate --base EUR --quote USD -- '"rate": "1.0873"'
    shows market session --exchange NASDAQ -- '"is_open"' '"next_open"'
    shows market holidays --exchange NASDAQ -- '"complete": false'
}

@test "orders and trades of the session, by both kinds of ids" {
    portal
    api GET iserver/accounts
    api POST "iserver/account/$account/orders" '{"orders":[{"acctId":"DU1234567",
        "conid":265598,"cOID":"ref-1","orderType":"LMT","price":190.5,
        "side":"BUY","tif":"DAY","quantity":3}]}'
    [ "$code" = 200 ]
    has "$body" order_id
    shows orders list --account $account -- '"client_order_id": "ref-1"' \
        '"limit_price": "190.50"' '"status": "open"' '"complete": true'
    shows orders status --account $account --broker-order-id ref-1 -- \
        '"quantity": "3.0"' '"time_in_force": "day"'
    id=$(sed -n 's/.*"broker_order_id": "\([0-9]*\)".*/\1/p' <<<"$output")
    shows orders status --account $account --broker-order-id "$id" -- \
        "\"broker_order_id\": \"$id\""
    shows orders history --account $account -- '"truncated": false' \
        '"complete": false'
    shows executions list --account $account -- '"executions"'
    iag orders status --account $account --broker-order-id 999 --json
    expect 5
    has "$stderr$output" BROKER_CAPABILITY_UNAVAILABLE \
        "orders list --account $account"
}

@test "what the broker does not offer says so, and why" {
    portal
    for words in "market depth --contract-id 265598" "news list --symbol AAPL" \
        "news article --article-id x" "fundamentals get --symbol AAPL" \
        "transfer history --account $account"; do
        # shellcheck disable=SC2086
        iag $words --json
        expect 5
        has "$stderr$output" BROKER_CAPABILITY_UNAVAILABLE broker
    done
    # it was never asked
    seen requests
    [[ $body != *depth* && $body != *news* ]]
}

@test "what nobody documents is read where that is configured" {
    portal
    sed -i "s/^  simulator: true/&\n  undocumented_endpoints: true/" "$config"
    shows news list --symbol AAPL -- '"article_id": "DJ-N$265598"' \
        '"headline": "AAPL - ' '"published_at"' '"complete": false'
    shows news article --article-id 'DJ-N$265598' -- '"provider": "DJ-N"'
    shows fundamentals get --symbol AAPL -- '"market_cap": "3050000000000"' \
        '"pe_ratio": "28.4"' '"contract_id": "265598"' '"as_of"'
    iag news list --symbol NVDA --json
    expect 5
    has "$stderr$output" BROKER_CAPABILITY_UNAVAILABLE "of what the login holds"
}

@test "nobody is logged in: said by every tool, and what to do" {
    portal --state login
    iag accounts list --json
    expect 3
    has "$stderr$output" BROKER_SESSION_REQUIRED
    iag session requirements --json
    expect 0
    has "$output" manual_action_required user_action
}

# comes_to STATE: single commands bring the session there, one after the other;
# each may end before it has made the step that is due
comes_to() {
    local deadline=$((SECONDS + 90))
    until iag session requirements --json && expect 0 &&
        [ "$(json j.state <<<"$output")" = "$1" ]; do
        [ $SECONDS -lt $deadline ] || { echo "$output"; return 1; }
    done
}

@test "single commands say nothing of the session on stderr" {
    portal
    iag accounts list
    expect 0
    [ -z "$stderr" ] || { echo "$stderr"; false; }
    iag accounts list
    [ -z "$stderr" ]
}

@test "single commands open the session by themselves" {
    portal --state outer
    iag session requirements --json
    expect 0
    comes_to ready
}

@test "another login has the session: what to do, and over when it is gone" {
    portal
    iag accounts list
    expect 0
    control session '{"event":"steal"}'
    shows session requirements -- '"state": "competing"' \
        manual_action_required supervise_compete
    iag orders list --account $account
    expect 3
    has "$stderr" BROKER_SESSION_REQUIRED "has the brokerage session" \
        "Action: log out of the other program"
    seen state
    [ "$(get j.competes)" = 0 ]
    control session '{"event":"release"}'
    comes_to ready
    iag orders list --account $account
    expect 0
    seen state
    [ "$(get j.competes)" = 0 ]
}

@test "the maintenance window is told from a session that is being opened" {
    portal
    iag accounts list
    expect 0
    control session '{"event":"maintenance","for_ms":600000}'
    iag session requirements --json
    expect 0
    comes_to maintenance
    shows session requirements -- '"status": "unavailable"' \
        BROKER_BACKEND_UNAVAILABLE "system status"
    iag orders list --account $account
    expect 3
    # there is nothing to log in for
    has "$stderr" "maintenance window" "Action: wait" \
        BROKER_BACKEND_UNAVAILABLE
}

@test "the login alone serves the portfolio, and modes are unknown" {
    portal --state outer
    shows positions list --account $account -- '"symbol": "AAPL"'
    shows accounts list -- '"account_mode"'
}

# failing COMMAND...: what it says of the backend
failing() {
    iag "$@"
    [ "$status" -ne 0 ] || { echo "$* works: $output"; false; }
    said="$output $stderr"
}

@test "a wrong base_url, and a gateway that lets nobody in: what to write" {
    portal
    shows session requirements -- '"state": "ready"'
    sed -i 's,/v1/api$,,' "$config"
    failing doctor
    has "$said" "repair: write /v1/api behind host and port in broker.base_url"
    failing --json accounts list
    has "$said" BROKER_RESPONSE_INVALID "write /v1/api behind"
    sed -i "s,base_url: .*,&/v1/api," "$config"
    control faults '{"effect":"answer","answer":"access_denied","times":0}'
    failing doctor
    has "$said" "add its address to ips.allow in the gateway's root/conf.yaml"
    failing --json accounts list
    has "$said" BROKER_BACKEND_UNAVAILABLE "ips.allow"
    # what is told is not that of better days
    iag --json session requirements
    expect 0
    has "$output" '"status": "unavailable"' "ips.allow"
    [[ $output != *'"ready"'* ]]
}

@test "inv11 pages, nonsense and too much are failures, not empty lists" {
    portal
    shows accounts list -- DU1234567
    for effect in html truncate gzip garbage redirect oversize; do
        control faults "{\"path\":\"/portfolio/*/positions/*\",
            \"effect\":\"$effect\",\"times\":9}"
        iag positions list --account $account --json
        [ "$status" -ne 0 ] || { echo "$effect: $output"; false; }
        has "$stderr$output" BROKER_
        request DELETE "$base/sim/faults"
    done
}

@test "inv11 numbers as strings, strings as numbers, more and fewer members" {
    portal
    for effect in strings numbers extra; do
        control faults "{\"effect\":\"$effect\",\"times\":0}"
        shows positions list --account $account -- '"quantity": "10.0"'
        shows account summary --account $account -- '"balance": "100000.0"'
        shows market snapshot --contract-id 265598 -- '"bid": "199.50"'
        request DELETE "$base/sim/faults"
    done
    control faults '{"path":"/iserver/account/*/summary","effect":"nulls",
        "times":0}'
    iag account summary --account $account --json
    [ "$status" -ne 0 ] || [[ $output != *'"balance": "0'* ]]
}
