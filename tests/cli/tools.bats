# SPDX-License-Identifier: MIT
# Copyright (C) 2026 the ibkr-agent-gateway authors
#
# The commands of the tools, over the fake broker.

load helper

setup() {
    make_config
}

@test "health answers, for people and for programs" {
    iag health
    expect 0
    has "$output" "gateway" "ok" "read only" "yes"
    iag health --json
    expect 0
    [ "$(json 'j.gateway + j.read_only' <<<"$output")" = oktrue ]
}

# command, options, and a member of its result, for each of the tools
each_tool() {
    cat <<-'END'
	health|gateway
	backend status|status
	session requirements|status
	session renew|status
	kill-switch status|
	accounts list|accounts
	account metadata --account DU1234567|account_id
	account summary --account DU1234567|account_id
	pnl daily --account DU1234567|account_id
	pnl realtime --account DU1234567|account_id
	positions list --account DU1234567|positions
	portfolio snapshot --account DU1234567|account_id
	contracts search AAPL|contracts
	contracts resolve AAPL|contract_id
	market snapshot --contract-id 265598|contract_id
	market bars --contract-id 265598 --duration 1d --bar-size 1h|bars
	options chain --symbol AAPL|
	option greeks --contract-id 700001|contract_id
	market depth --contract-id 265598|
	scanner run --scanner-code TOP_PERC_GAIN|
	news list --symbol AAPL|
	fundamentals get --symbol AAPL|
	market session --exchange NASDAQ|
	market holidays --exchange NASDAQ|
	currency rate --base EUR --quote USD|rate
	transfer history --account DU1234567|
	orders list --account DU1234567|orders
	orders history --account DU1234567|orders
	executions list --account DU1234567|executions
	limits status --account DU1234567|account_id
	audit tail|events
	END
}

@test "every tool has a command that answers in JSON" {
    local line command member
    while IFS='|' read -r command member; do
        # shellcheck disable=SC2086
        iag --json $command
        [ "$status" -eq 0 ] || { echo "$command: $stderr"; return 1; }
        [ -z "$member" ] ||
            [ "$(json "'$member' in j" <<<"$output")" = true ] ||
            { echo "$command: no $member in $output"; return 1; }
    done < <(each_tool)
}

@test "every tool has a command that prints text for people" {
    local command member
    while IFS='|' read -r command member; do
        # shellcheck disable=SC2086
        iag $command
        [ "$status" -eq 0 ] || { echo "$command: $stderr"; return 1; }
        [ -n "$output" ] && [[ $output != *$'\e'* && $output != *'{'* ]] ||
            { echo "$command: $output"; return 1; }
    done < <(each_tool)
}

@test "one order is found by the id that the list gives" {
    iag --json orders list --account DU1234567
    expect 0
    local id
    id=$(json 'j.orders[0].broker_order_id' <<<"$output")
    iag --json orders status --account DU1234567 --broker-order-id "$id"
    expect 0
    [ "$(json 'j.broker_order_id' <<<"$output")" = "$id" ]
}

@test "an article is found by the id that the headlines give" {
    iag --json news list --symbol AAPL
    expect 0
    local id
    id=$(json 'Object.values(j).find(Array.isArray)[0].article_id' \
        <<<"$output")
    iag --json news article --article-id "$id"
    expect 0
}

@test "the list of accounts is a table" {
    iag accounts list
    expect 0
    [[ ${lines[0]} =~ ^ACCOUNT\ +ACCOUNT ]]
    has "$output" DU1234567 paper
}

@test "no table is wider than 80 columns where no terminal says otherwise" {
    local command
    for command in "accounts list" "orders list --account DU1234567" \
        "positions list --account DU1234567" "audit tail" "plugins show fake" \
        "executions list --account DU1234567"; do
        # shellcheck disable=SC2086
        iag $command
        expect 0
        # a word that is longer than 64 (the path of a plugin) stays whole
        [ "$(awk '{ for (i = 1; i <= NF; i++) if (length($i) > w) w = length($i) }
            length > n { n = length }
            END { print n - (w > 64 ? w - 64 : 0) }' <<<"$output")" -le 80 ]
    done
    iag --json orders list --account DU1234567
    has "$output" good_till_cancelled
}

@test "a missing scope is exit code 4, and on the record" {
    scopes="ibkr:health:read, ibkr:audit:read" make_config
    iag --json accounts list
    expect 4
    [ -z "$output" ]
    [ "$(json 'j.code' <<<"$stderr")" = AUTH_MISSING_SCOPE ]
    [ "$(json 'j.details.granted' <<<"$stderr")" = \
        '["ibkr:health:read","ibkr:audit:read"]' ]
    local id
    id=$(json 'j.audit_event_id' <<<"$stderr")
    iag --json audit tail --limit 1
    expect 0
    has "$output" "$id" tool_denied_scope
}

@test "a blank account is its own error, exit code 2" {
    iag --json account summary --account ''
    expect 2
    [ "$(json 'j.code' <<<"$stderr")" = INPUT_MISSING_ACCOUNT ]
}

@test "an unknown account is refused with its code" {
    iag --json account summary --account U0000001
    expect 2
    [ "$(json 'j.code' <<<"$stderr")" = INPUT_UNAUTHORIZED_ACCOUNT ]
}

@test "an ambiguous symbol is refused with what to do" {
    iag contracts resolve BMW
    if [ "$status" -eq 0 ]; then
        iag contracts resolve ABC
    fi
    expect 2
    has "$stderr" INPUT_AMBIGUOUS_CONTRACT "Action: "
}

@test "an argument that the schema forbids names what is allowed" {
    iag market bars --contract-id 265598 --duration 1d --bar-size 1x
    expect 2
    has "$stderr" INPUT_INVALID --bar-size 1x
}

@test "an operand behind two dashes may look like an option" {
    iag --json contracts search -- --json
    [ "$status" -eq 0 ] || [ "$status" -eq 2 ]
    [[ $stderr != *"unknown option"* ]]
}

@test "the writes that must not be are refused, on the record" {
    local verb
    for verb in modify approve; do
        iag --json orders $verb
        expect 1
        [ "$(json 'j.code' <<<"$stderr")" = READONLY_WRITE_FORBIDDEN ]
        local id
        id=$(json 'j.audit_event_id' <<<"$stderr")
        iag --json audit tail --limit 1
        has "$output" "$id" "ibkr_order_$verb" tool_refused
    done
}

@test "the request id is in the record" {
    iag --request-id ticket-4711 health
    expect 0
    iag --json audit tail --limit 1
    has "$output" ticket-4711
}

@test "the record names the login of the kernel, not of the environment" {
    USER=mallory LOGNAME=mallory iag health
    expect 0
    iag --json audit tail --limit 1
    has "$output" "local:$(id -un)" '"operator"'
    [[ $output != *mallory* ]]
}

@test "inv9 commands that need no store do not make one" {
    iag config check
    iag plugins list
    iag --help
    iag mcp serve --transport stdio --describe
    iag completion bash
    run --separate-stderr "$IAG_TEST_PROGRAM" mcp serve --transport stdio \
        </dev/null
    expect 0
    [ ! -e "$store" ]
}

@test "a backend that cannot be opened is an answer, not an end" {
    make_config
    sed -i 's/backend: fake/backend: missing/' "$config"
    iag --json accounts list
    [ "$status" -ne 0 ]
    [ -z "$output" ]
    has "$stderr" '"code"'
    iag --json health
    expect 0
}

@test "eight processes call at once on one store" {
    local i
    iag health
    expect 0
    for i in 1 2 3 4 5 6 7 8; do
        "$IAG_TEST_PROGRAM" --json accounts list \
            >"$BATS_TEST_TMPDIR/out.$i" 3>&- &
    done
    wait
    for i in 1 2 3 4 5 6 7 8; do
        [ "$(json 'j.accounts.length > 0' <"$BATS_TEST_TMPDIR/out.$i")" = \
            true ]
    done
    iag audit verify
    expect 0
}

@test "a request id that cannot be in a record is refused" {
    iag --request-id "two words" health
    expect 2
    iag --request-id "$(printf '%0200d' 1)" health
    expect 2
    has "$stderr" "--request-id: expected at most 128 bytes, got '200'"
    [ ! -e "$store" ]
}

# what a terminal gets
on_terminal() {
    command -v script >/dev/null || skip "script is not installed"
    TERM=xterm script -qec "$*" /dev/null | tr -d '\r'
}

@test "a terminal gets colour and relative times, a pipe neither" {
    local text
    text=$(on_terminal "'$IAG_TEST_PROGRAM' audit tail --limit 1")
    [[ $text == *$'\e[1mSEQUENCE'* ]]
    iag health
    text=$(on_terminal "'$IAG_TEST_PROGRAM' audit tail --limit 1")
    has "$text" " s ago"
    iag audit tail --limit 1
    [[ $output != *$'\e'* && $output != *ago* ]]
}

@test "NO_COLOR is honoured on a terminal" {
    local text
    text=$(NO_COLOR=1 on_terminal "'$IAG_TEST_PROGRAM' health")
    has "$text" gateway
    [[ $text != *$'\e['* ]]
}

@test "a backend that hangs is answered at the deadline, and the program ends" {
    local hostile=$IAG_TEST_BUILDDIR/tests/plug/hostile
    [ -e "$hostile/backend-query-hangs.so" ] || skip "it is not built"
    sed -i -e "s|path: \[|&$hostile, |" \
        -e 's/backend: fake/backend: query-hangs, read_timeout_seconds: 1/' \
        "$config"
    iag --json accounts list
    expect 1
    [ "$(json 'j.code' <<<"$stderr")" = CALL_TIMED_OUT ]
    iag audit verify
    expect 0
}
