# SPDX-License-Identifier: MIT
# Copyright (C) 2026 the ibkr-agent-gateway authors
#
# Orders at the command line: refused, done and unknown, with their exit codes,
# and an order that is interrupted on its way.

load helper

setup() {
    scopes="$all_read_scopes, ibkr:orders:preview, ibkr:orders:paper:submit,
        ibkr:orders:paper:cancel, ibkr:approvals:create"
}

# house SCRIPT: paper orders, of which becomes what the script says
house() {
    make_config "  options: {local-candidate: {script: $1}}" \
        "order_preview: {enabled: true}" \
        "paper_trading: {enabled: true, allowed_accounts: [DU1234567]}"
}

# approve: an approved preview's approval id in $approval
approve() {
    local preview
    iag --json orders preview --account DU1234567 --symbol AAPL --side buy \
        --quantity 1 --order-type limit --limit-price 190.00 \
        --time-in-force day --enable-preview
    expect 0
    preview=$(json j.preview_id <<<"$output")
    iag --json approvals create --account DU1234567 --preview-id "$preview"
    expect 0
    approval=$(json j.approval_id <<<"$output")
}

submit() {
    iag "$@" orders submit --account DU1234567 \
        --approval-id "$approval" --idempotency-key k1 --enable-paper
}

@test "an order that is done exits with 0 and stands in every list" {
    house fill
    approve
    submit --json
    expect 0
    [ "$(json j.status <<<"$output")" = filled ]
    id=$(json j.broker_order_id <<<"$output")
    iag --json orders list --account DU1234567
    expect 0
    [ "$(json "j.orders.filter(o => o.broker_order_id === '$id').length" \
        <<<"$output")" = 1 ]
    [ "$(json j.complete <<<"$output")" = true ]
    iag --json orders status --account DU1234567 --broker-order-id k1
    expect 0
    [ "$(json j.status <<<"$output")" = filled ]
    iag --json orders history --account DU1234567
    expect 0
    [ "$(json j.orders[0].broker_order_id <<<"$output")" = "$id" ]
    iag --json executions list --account DU1234567
    expect 0
    [ "$(json j.executions[0].broker_order_id <<<"$output")" = "$id" ]
}

@test "what a gate refuses exits with 1 and names each gate" {
    house open
    approval=01890000-0000-7000-8000-000000000000
    submit
    expect 1
    has "$stderr" "PAPER_APPROVAL_REQUIRED: " "Action: "
    submit --json
    expect 1
    [ "$(json j.outcome <<<"$stderr")" = refused ]
    [ "$(json j.refusals.length <<<"$stderr")" -gt 0 ]
}

@test "inv4: a lost answer is unknown, exits with 1 and says what to do" {
    house lose
    approve
    submit
    expect 1
    has "$stderr" "ORDER_OUTCOME_UNKNOWN: " "Action: do not send it again"
    submit --json
    expect 1
    [ "$(json j.outcome <<<"$stderr")" = unknown ]
    [ "$(json j.retryable <<<"$stderr")" = false ]
    has "$(json j.details.resolve_command <<<"$stderr")" "orders resolve k1"
    iag --json orders list --account DU1234567
    expect 0
    [ "$(json "j.orders.filter(o => o.client_order_id === 'k1').length" \
        <<<"$output")" = 1 ]
}

@test "inv4: an interrupted order is settled, and told" {
    house hang
    approve
    "$IAG_TEST_PROGRAM" --json orders submit --account DU1234567 \
        --approval-id "$approval" --idempotency-key k1 --enable-paper \
        2>"$BATS_TEST_TMPDIR/err" 3>&- &
    child=$!
    # its intent is on the record before anything is sent
    until "$IAG_TEST_PROGRAM" --json audit tail |
        grep -q '"ibkr_paper_order_submit"'; do :; done
    kill -TERM "$child"
    code=0
    wait "$child" || code=$?
    [ "$code" = 1 ]
    has "$(cat "$BATS_TEST_TMPDIR/err")" cancelling ORDER_OUTCOME_UNKNOWN
    submit --json
    expect 1
    [ "$(json j.code <<<"$stderr")" = ORDER_OUTCOME_UNKNOWN ]
    iag audit verify --state
    expect 0
}
