# SPDX-License-Identifier: MIT
# Copyright (C) 2026 the ibkr-agent-gateway authors
#
# What became of a write: orders pending, orders resolve, reconcile, and the
# reconciler of a process that lives on.

load helper

setup() {
    scopes="$all_read_scopes, ibkr:orders:preview, ibkr:approvals:create,
        ibkr:orders:paper:submit, ibkr:orders:paper:cancel"
    scripted open
}

teardown() {
    # only what a test has started and not ended
    [ -z "${sender-}" ] || kill -9 "$sender" 2>/dev/null || true
}

# scripted SUBMITS [CHANGES]: what the writer does from now on
scripted() {
    make_config "  options: {local-candidate: {script: $1, changes: ${2-open}}}" \
        "order_preview: {enabled: true}" \
        "paper_trading: {enabled: true, allowed_accounts: [DU1234567], writer: local-candidate}"
}

# an approval of a paper order, in $approval
approve() {
    iag --json orders preview --enable-preview --account DU1234567 \
        --symbol AAPL --side buy --quantity 10 --limit-price 199.50
    expect 0
    iag --json approvals create --account DU1234567 \
        --preview-id "$(json j.preview_id <<<"$output")"
    expect 0
    approval=$(json j.approval_id <<<"$output")
}

submit() {
    iag --json orders submit --enable-paper --account DU1234567 \
        --approval-id "$approval" --idempotency-key "$1"
}

# pending FIELD: of each open request, one a line
pending() {
    "$IAG_TEST_PROGRAM" --json orders pending |
        json "j.pending.map((p) => p.$1).join('\n')"
}

# until_sent KEY: a sender in the background is under way
until_sent() {
    local try
    for try in {1..200}; do
        [ "$(pending idempotency_key)" = "$1" ] && return
    done
    echo "not sent after $try looks"
    return 1
}

# send KEY: by a process of its own that hangs; its id in $sender
send() {
    "$IAG_TEST_PROGRAM" orders submit --enable-paper --account DU1234567 \
        --approval-id "$approval" --idempotency-key "$1" \
        >"$BATS_TEST_TMPDIR/sent" 2>&1 3>&- &
    sender=$!
    until_sent "$1"
}

status_of() {
    "$IAG_TEST_PROGRAM" --json orders status --account DU1234567 \
        --broker-order-id "$1" | json j.status
}

@test "inv2 inv4 a lost answer is unknown, pending shows it, reconcile settles it" {
    scripted lose
    approve
    submit k1
    expect 1
    has "$stderr" ORDER_OUTCOME_UNKNOWN "orders resolve k1 --account DU1234567"
    [ "$(json j.outcome <<<"$stderr")" = unknown ]
    iag orders pending
    expect 0
    has "$output" k1 "what may have happened" "orders" "resolve k1"
    iag --json orders pending --account DU1234568
    [ "$(json j.pending.length <<<"$output")" = 0 ]
    iag --json reconcile
    expect 0
    [ "$(json '[j.busy, j.settled, j.unknown, j.unresolved].join()' \
        <<<"$output")" = false,1,0,0 ]
    [ -z "$(pending state)" ]
    submit k1
    expect 0
    [ "$(json '[j.status, j.broker_order_id, j.replayed].join()' \
        <<<"$output")" = submitted,local-candidate-k1,true ]
    iag audit verify --state
    expect 0
}

@test "inv2 a sender that was killed: absence is proven by a second look" {
    scripted hang
    approve
    send k1
    [ "$(pending sender)" = working ]
    kill -9 "$sender"
    wait "$sender" || true
    sender=
    [ "$(pending sender)" = gone ]
    iag --json reconcile
    expect 0
    [ "$(json '[j.settled, j.unknown].join()' <<<"$output")" = 0,1 ]
    [ "$(pending state)" = unknown ]
    # it waits for the second look by itself
    iag --json orders resolve k1 --account DU1234567
    expect 0
    [ "$(json '[j.state, j.requests[0].inquiry].join()' <<<"$output")" = \
        refused,settled ]
    scripted open
    submit k1
    expect 5
    has "$stderr" "the broker does not have the order"
    [ "$(json '[j.outcome, j.retryable].join()' <<<"$stderr")" = refused,false ]
    iag audit verify --state
    expect 0
}

@test "inv2 an intent of a sender that is stopped is settled by nobody else" {
    scripted hang
    approve
    send k1
    kill -STOP "$sender"
    iag --json reconcile
    expect 0
    [ "$(json '[j.scanned, j.settled].join()' <<<"$output")" = 0,0 ]
    iag --json orders resolve k1 --account DU1234567
    expect 1
    has "$stderr" IDEMPOTENCY_IN_FLIGHT
    iag --json orders resolve k1 --account DU1234567 --accept-absent \
        --reason "it looks dead"
    expect 1
    has "$stderr" IDEMPOTENCY_IN_FLIGHT
    [ "$(pending state)" = recorded ]
    kill -KILL "$sender"
    wait "$sender" || true
    sender=
}

@test "who waits behind a sender that is stopped is told where to look" {
    local waiting
    scripted hang
    approve
    waiting=$approval
    approve
    send k1
    kill -STOP "$sender"
    sed -i 's/backend: fake/backend: fake, write_timeout_seconds: 1/' "$config"
    approval=$waiting
    submit k2
    expect 1
    [ "$(json '[j.code, j.outcome].join()' <<<"$stderr")" = \
        JOURNAL_UNAVAILABLE,refused ]
    has "$(json j.user_action <<<"$stderr")" "ibkr-agent orders pending"
    [ "$(pending idempotency_key)" = k1 ]
    kill -KILL "$sender"
    wait "$sender" || true
    sender=
}

@test "resolve asks about one request and says what to do" {
    scripted lose
    approve
    submit k1
    iag --json orders resolve k1 --account DU1234567
    expect 0
    [ "$(json '[j.state, j.broker_order_id, j.operation].join()' \
        <<<"$output")" = done,local-candidate-k1,submit ]
    # once more: told, nothing is done
    iag --json orders resolve k1 --account DU1234567
    expect 0
    [ "$(json '[j.state, j.requests.length].join()' <<<"$output")" = done,0 ]
    iag orders resolve k9 --account DU1234567
    expect 2
    has "$stderr" "nothing was sent under it"
    iag orders resolve k1 --account DU1234567 --accept-absent
    expect 2
    has "$stderr" "--accept-absent needs --reason"
    iag orders resolve --account DU1234567
    expect 2
}

@test "a cancel whose answer was lost is seen in the order" {
    scripted open lose
    approve
    submit k1
    expect 0
    iag --json orders cancel --enable-paper --account DU1234567 \
        --broker-order-id local-candidate-k1 --idempotency-key c1
    expect 1
    has "$stderr" ORDER_OUTCOME_UNKNOWN
    [ "$(pending operation)" = cancel ]
    iag --json reconcile
    expect 0
    [ "$(json j.settled <<<"$output")" = 1 ]
    [ "$(status_of local-candidate-k1)" = cancelled ]
}

@test "inv4 a rejection after the acknowledgement ends the order for good" {
    scripted reject-later
    approve
    submit k1
    expect 0
    iag --json reconcile
    expect 0
    [ "$(json j.transitions <<<"$output")" = 1 ]
    has "$output" "order 'local-candidate-k1' is refused"
    iag --json audit tail --limit 5
    has "$output" paper_order_lifecycle_changed '"previous_status": "submitted"' \
        '"current_status": "refused"'
    iag --json reconcile
    expect 0
    [ "$(json '[j.scanned, j.transitions].join()' <<<"$output")" = 0,0 ]
}

@test "an order that gets another id is followed under it" {
    scripted new-id
    approve
    submit k1
    expect 0
    iag --json reconcile
    expect 0
    [ "$(json j.transitions <<<"$output")" = 1 ]
    iag --json reconcile
    expect 0
    [ "$(json '[j.scanned, j.unchanged].join()' <<<"$output")" = 1,1 ]
}

@test "a process that lives on settles what others have left" {
    local try
    scripted lose
    approve
    submit k1
    expect 1
    coproc serve { exec "$IAG_TEST_PROGRAM" mcp serve --transport stdio \
        2>"$BATS_TEST_TMPDIR/log"; }
    sender=$serve_PID
    # started, it has touched nothing
    [ "$(pending state)" = unknown ]
    printf '%s\n' '{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}' \
        '{"jsonrpc":"2.0","method":"notifications/initialized"}' \
        '{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"ibkr_health","arguments":{}}}' \
        >&"${serve[1]}"
    for try in {1..200}; do
        [ -n "$(pending state)" ] || break
    done
    [ "$try" -lt 200 ]
    exec {serve[1]}>&-
    wait "$sender"
    sender=
    has "$(<"$BATS_TEST_TMPDIR/log")" "reconciler: settled 1 requests"
}

@test "inv4 an order that lands late is done, and the switch lets cancels pass" {
    # the broker does not show it for ten minutes
    scripted "lands-late, late_seconds: 600"
    approve
    submit k1
    expect 1
    has "$stderr" ORDER_OUTCOME_UNKNOWN
    iag --json orders resolve k1 --account DU1234567
    expect 0
    [ "$(json j.state <<<"$output")" = refused ]
    submit k1
    expect 5
    has "$stderr" "the broker does not have the order"
    iag --json reconcile
    expect 0
    [ "$(json '[j.late_landings, j.unchanged].join()' <<<"$output")" = 0,1 ]
    # they are over
    scripted "open, late_seconds: 0"
    iag --json reconcile
    expect 0
    [ "$(json '[j.late_landings, j.unresolved].join()' <<<"$output")" = 1,0 ]
    has "$output" "was held to be absent" "lets only cancels pass"
    iag --json kill-switch status
    [ "$(json '[j.paper.state, j.paper.reason].join()' <<<"$output")" = \
        "cancel_only,the order 'k1' landed late" ]
    # the key tells what is true now, and sends nothing
    submit k1
    expect 0
    [ "$(json '[j.broker_order_id, j.replayed].join()' <<<"$output")" = \
        local-candidate-k1,true ]
    iag --json orders list --account DU1234567
    [ "$(json 'j.orders.filter((o) => o.client_order_id === "k1").length' \
        <<<"$output")" = 1 ]
    iag --json audit tail --limit 50
    has "$output" late_landing
    # a new order is held back, a cancel passes
    iag --json orders preview --enable-preview --account DU1234567 \
        --symbol AAPL --side buy --quantity 10 --limit-price 199.50
    iag --json approvals create --account DU1234567 \
        --preview-id "$(json j.preview_id <<<"$output")"
    approval=$(json j.approval_id <<<"$output")
    submit k2
    expect 1
    [ "$(json 'j.refusals[0].rule' <<<"$stderr")" = kill_switch ]
    iag --json orders cancel --enable-paper --account DU1234567 \
        --broker-order-id local-candidate-k1 --idempotency-key c1
    expect 0
    [ "$(status_of local-candidate-k1)" = cancelled ]
    # once is enough
    iag --json reconcile
    expect 0
    [ "$(json j.late_landings <<<"$output")" = 0 ]
    iag audit verify --state
    expect 0
}

# live orders of the fake backend's live account, the switch open
live() {
    command -v script >/dev/null || skip "script(1) is not installed"
    scopes="$scopes, ibkr:orders:live:submit, ibkr:orders:live:cancel"
    make_config "  options: {local-candidate: {script: $1}}" \
        "order_preview: {enabled: true}" \
        "safety: {live_trading_enabled: true}" \
        "live_trading: {enabled: true, allowed_accounts: [U7654321],
            writer: local-candidate, risk_policy_id: wide,
            paper_to_live_checklist_acknowledged: true}" \
        "risk_policies: {wide: {enabled: true,
            max_notional: {amount: 5000, currency: USD}, max_quantity: 50,
            allowed_symbols: [AAPL], allowed_asset_classes: [stock],
            max_price_deviation_bps: 2000, max_quote_age_seconds: 60,
            frequency_limit: {max_orders: 5, window_seconds: 300}}}"
    script -qec "'$IAG_TEST_PROGRAM' kill-switch open --reason test" \
        /dev/null >/dev/null
}

@test "inv2 inv4 the operator's word is no second look" {
    local due
    scripted hang
    # too little time to wait for it: the command says when it is due
    sed -i 's/backend: fake/backend: fake, write_timeout_seconds: 5/' "$config"
    approve
    send k1
    kill -9 "$sender"
    wait "$sender" || true
    sender=
    iag --json orders resolve k1 --account DU1234567 --accept-absent \
        --reason "it is not on the screen"
    expect 1
    [ "$(json '[j.code, j.outcome].join()' <<<"$stderr")" = \
        ORDER_OUTCOME_UNKNOWN,unknown ]
    due=$(json 'j.details.requests[0].look_again_at' <<<"$stderr")
    has "$stderr" "a second one, at $due or later, is needed before your word"
    [ "$(pending state)" = unknown ]
    has "$(pending what_to_do)" "orders resolve k1"
    ahead 6
    iag --json orders resolve k1 --account DU1234567 --accept-absent \
        --reason "it is not on the screen"
    expect 0
    [ "$(json j.state <<<"$output")" = refused ]
    iag audit verify --state
    expect 0
}

@test "inv2 inv4 live absence waits for the operator's word" {
    live hang
    iag --json orders preview --enable-preview --account U7654321 \
        --symbol AAPL --side buy --quantity 10 --limit-price 199.50
    expect 0
    local preview
    preview=$(json j.preview_id <<<"$output")
    iag --json approvals create --account U7654321 --preview-id "$preview"
    expect 0
    approval=$(json j.approval_id <<<"$output")
    "$IAG_TEST_PROGRAM" orders live-submit --enable-live \
        --acknowledge-paper-to-live --account U7654321 \
        --preview-id "$preview" --approval-id "$approval" \
        --idempotency-key k1 >"$BATS_TEST_TMPDIR/sent" 2>&1 3>&- &
    sender=$!
    until_sent k1 || cat "$BATS_TEST_TMPDIR/sent"
    [ "$(pending mode)" = live ]
    kill -9 "$sender"
    wait "$sender" || true
    sender=
    # two looks prove it, and prove nothing that the operator has not seen
    iag --json orders resolve k1 --account U7654321
    expect 1
    has "$stderr" ORDER_OUTCOME_UNKNOWN "--accept-absent --reason"
    iag --json reconcile
    expect 0
    [ "$(json '[j.settled, j.unknown].join()' <<<"$output")" = 0,1 ]
    [ "$(pending state)" = unknown ]
    iag --json orders resolve k1 --account U7654321 --accept-absent \
        --reason "not on the broker's screen either"
    expect 0
    [ "$(json j.state <<<"$output")" = refused ]
    [ -z "$(pending state)" ]
    iag --json audit tail --limit 5
    has "$output" order_absence_accepted "not on the broker's screen either"
    iag audit verify --state
    expect 0
}
