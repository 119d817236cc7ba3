# SPDX-License-Identifier: MIT
# Copyright (C) 2026 the ibkr-agent-gateway authors
#
# The kill switches: set by one process, in force in every other one.

load helper

setup() {
    scopes="$all_read_scopes, ibkr:orders:preview, ibkr:approvals:create,
        ibkr:orders:paper:submit, ibkr:orders:paper:cancel"
    make_config "order_preview: {enabled: true}" \
        "paper_trading: {enabled: true, allowed_accounts: [DU1234567], writer: local-candidate}"
}

# An operator's credential in $credential; it is made in a terminal.
make_credential() {
    command -v script >/dev/null || skip "script(1) is not installed"
    credential=$BATS_TEST_TMPDIR/credential
    script -qec "'$IAG_TEST_PROGRAM' kill-switch credential --out '$credential'" \
        /dev/null >/dev/null
}

# an approved order of 10 AAPL; its id is in $approval
approved() {
    iag --json orders preview --enable-preview --account DU1234567 \
        --symbol AAPL --side buy --quantity 10 --order-type limit \
        --time-in-force day --limit-price 199.50
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

@test "inv7 a new store is closed for live and open for paper" {
    iag --json kill-switch status
    expect 0
    [ "$(json 'j.state + j.paper.state' <<<"$output")" = closedopen ]
    [ "$(json 'j.mode + j.paper.mode' <<<"$output")" = livepaper ]
    iag kill-switch status
    expect 0
    has "$output" "mode        live" "  mode        paper"
}

@test "inv7 who closes one switch is told of the other, and of the file" {
    iag --json kill-switch close --reason test
    expect 0
    has "$(json j.message <<<"$output")" "the paper switch stays open"
    iag --json kill-switch close --mode paper --reason test
    expect 0
    [ "$(json j.message <<<"$output")" = undefined ]
    IBKR_AUDIT_HMAC_SECRET=fedcba9876543210fedcba9876543210 \
        iag kill-switch close --reason test
    expect 1
    has "$stderr" "wrong key" "a file CLOSED in the store's folder"
}

@test "inv7 it opens with a terminal or a credential only" {
    iag --json kill-switch open --reason test </dev/null
    expect 1
    has "$stderr" "operator-credential"
    echo 0123456789abcdef0123456789abcdef >"$BATS_TEST_TMPDIR/wrong"
    chmod 600 "$BATS_TEST_TMPDIR/wrong"
    iag --json kill-switch open --reason test \
        --operator-credential "$BATS_TEST_TMPDIR/wrong" </dev/null
    expect 2
    has "$stderr" "no operator's credential" "kill-switch credential --out"
    iag kill-switch open --reason test --operator-credential nosuch </dev/null
    expect 2
    has "$stderr" "cannot open 'nosuch'" "kill-switch credential --out"
    iag kill-switch credential --out "$BATS_TEST_TMPDIR/none" </dev/null
    expect 2
    [ ! -e "$BATS_TEST_TMPDIR/none" ]
    make_credential
    [ "$(stat -c %a "$credential")" = 600 ]
    iag --json kill-switch open --reason test \
        --operator-credential "$credential" </dev/null
    expect 0
    [ "$(json 'j.state + j.previous' <<<"$output")" = openclosed ]
    chmod 644 "$credential"
    iag --json kill-switch close --reason test </dev/null
    expect 0
    iag --json kill-switch cancel-only --reason test \
        --operator-credential "$credential" </dev/null
    expect 2
    # another secret, another credential
    chmod 600 "$credential"
    IBKR_AUDIT_HMAC_SECRET=fedcba9876543210fedcba9876543210 \
        iag --json kill-switch open --reason test \
        --operator-credential "$credential" </dev/null
    [ "$status" -ne 0 ]
    script -qec "'$IAG_TEST_PROGRAM' kill-switch open --reason terminal" \
        /dev/null
    iag --json kill-switch status
    [ "$(json 'j.state + j.reason' <<<"$output")" = openterminal ]
    iag audit verify --state
    expect 0
}

@test "inv7 a closed switch stops orders in every process" {
    approved
    iag --json kill-switch close --mode paper --reason "test it"
    expect 0
    [ "$(json 'j.drained + j.state' <<<"$output")" = trueclosed ]
    submit order-1
    expect 1
    [ "$(json 'j.refusals[0].rule' <<<"$stderr")" = kill_switch ]
    # the command as it is told opens this switch and not the other
    has "$stderr" "kill-switch open --mode paper --reason"
    iag doctor
    has "$output" "kill-switch open --mode paper --reason"
    make_credential
    iag --json kill-switch open --mode paper --reason again \
        --operator-credential "$credential"
    expect 0
    # nothing was burned
    submit order-1
    expect 0
    iag --json audit tail --limit 50
    has "$output" paper_kill_switch_changed "test it"
}

@test "inv7 the file CLOSED closes both, and no command opens them" {
    approved
    touch "$store/CLOSED"
    iag --json kill-switch status
    [ "$(json 'j.state + j.paper.state' <<<"$output")" = closedclosed ]
    submit order-1
    expect 1
    [ "$(json 'j.refusals[0].rule' <<<"$stderr")" = kill_switch ]
    make_credential
    iag --json kill-switch open --reason test \
        --operator-credential "$credential"
    expect 1
    has "$stderr" "CLOSED"
    rm "$store/CLOSED"
    submit order-1
    expect 0
}

@test "inv7 a close waits for what is being sent, and lists what may land" {
    local sender line
    sed -i 's/^plugins:$/&\n  options: {local-candidate: {script: hang}}/' "$config"
    sed -i 's/{backend: fake}/{backend: fake, write_timeout_seconds: 8}/' \
        "$config"
    approved
    "$IAG_TEST_PROGRAM" --json orders submit --enable-paper \
        --account DU1234567 --approval-id "$approval" \
        --idempotency-key order-1 >"$BATS_TEST_TMPDIR/out" \
        2>"$BATS_TEST_TMPDIR/err" 3>&- &
    sender=$!
    # until it is past the gates
    until iag --json orders pending && [[ $output == *order-1* ]]; do
        kill -0 $sender
    done
    iag --json kill-switch close --mode paper --no-wait --reason test
    expect 1
    [ "$(json '[j.drained, j.in_flight[0].idempotency_key,
        j.in_flight[0].state].join()' <<<"$output")" = \
        false,order-1,recorded ]
    # one that waits ends when the sender has ended
    iag --json kill-switch close --mode paper --reason test
    expect 0
    [ "$(json j.drained <<<"$output")" = true ]
    [ "$(json 'j.in_flight[0].state' <<<"$output")" = unknown ]
    wait $sender || true
    has "$(cat "$BATS_TEST_TMPDIR/err")" ORDER_OUTCOME_UNKNOWN
}

# rpc METHOD PARAMS: a message to the server of the coprocess
rpc() {
    printf '{"jsonrpc":"2.0","id":%s,"method":"%s","params":%s}\n' \
        "$((id += 1))" "$1" "$2" >&"${serve[1]}"
}

@test "inv7 a close is not drained while a call goes on that was given up" {
    local answer server id=0
    sed -i 's/^plugins:$/&\n  options: {local-candidate: {script: late, late_seconds: 8}}/' "$config"
    sed -i 's/{backend: fake}/{backend: fake, write_timeout_seconds: 1}/' \
        "$config"
    approved
    coproc serve { exec "$IAG_TEST_PROGRAM" mcp serve --transport stdio \
        2>"$BATS_TEST_TMPDIR/log" 3>&-; }
    server=$serve_PID
    rpc initialize '{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"t","version":"1"}}'
    read -r answer <&"${serve[0]}"
    rpc tools/call "{\"name\":\"ibkr_paper_order_submit\",\"arguments\":{\"account_id\":\"DU1234567\",\"approval_id\":\"$approval\",\"idempotency_key\":\"order-1\"}}"
    read -r answer <&"${serve[0]}"
    has "$answer" ORDER_OUTCOME_UNKNOWN
    # the caller has its answer, and the writer is still at it
    iag --json kill-switch close --mode paper --no-wait --reason test
    expect 1
    [ "$(json '[j.drained, j.in_flight[0].idempotency_key].join()' \
        <<<"$output")" = false,order-1 ]
    # nor is the order absent, whatever the operator says
    iag --json orders resolve order-1 --account DU1234567 --accept-absent \
        --reason "not on the screen"
    expect 1
    has "$stderr" ORDER_OUTCOME_UNKNOWN "goes on" "stop that process"
    # one that waits ends when the writer has ended: nothing comes after it
    sed -i 's/write_timeout_seconds: 1/write_timeout_seconds: 30/' "$config"
    iag --json kill-switch close --mode paper --reason test
    expect 0
    [ "$(json j.drained <<<"$output")" = true ]
    iag --json orders list --account DU1234567
    has "$output" local-candidate-order-1
    exec {serve[1]}>&-
    wait "$server"
}

@test "items of the checklist are as long as their names" {
    iag live checklist acknowledge --account U7654321 \
        incident_runbook_reviewed kill_switch_tested
    expect 0
    iag --json live checklist show --account U7654321
    [ "$(json 'j.items.filter(i => i.acknowledged).length' <<<"$output")" = 2 ]
}

@test "inv7 the file CLOSED is not talked away when the switch is open" {
    iag --json kill-switch status
    expect 0
    touch "$store/CLOSED"
    make_credential
    iag --json kill-switch open --mode paper --reason test \
        --operator-credential "$credential"
    expect 1
    has "$stderr" "CLOSED"
}

@test "when the store is full orders are cancelled, and no more is done" {
    approved
    submit order-1
    expect 0
    # less than is kept for settling
    sed -i 's/^plugins:$/&\n  options: {lmdb: {map_mib: 48}}/' "$config"
    iag --json accounts list
    expect 1
    has "$stderr" "64 MiB"
    iag doctor
    expect 1
    has "$output" "64 MiB of the store's limit"
    iag --json orders cancel-all --account DU1234567 --reason full
    expect 0
    [ "$(json j.accepted <<<"$output")" = 1 ]
    iag --json orders pending
    expect 0
    iag --json reconcile
    expect 0
    iag audit verify --state
    expect 0
}
