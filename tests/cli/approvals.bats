# SPDX-License-Identifier: MIT
# Copyright (C) 2026 the ibkr-agent-gateway authors
#
# approvals create, list, show, revoke: who may approve what, from the
# preview to the order.

load helper

setup() {
    scopes="$all_read_scopes, ibkr:orders:preview, ibkr:approvals:create,
        ibkr:orders:paper:submit"
    desk_config operator
}

# desk_config POLICY LINE...: previews and paper trading, under this policy
desk_config() {
    local policy=$1
    shift
    make_config "order_preview: {enabled: true}" \
        "paper_trading: {enabled: true, allowed_accounts: [DU1234567], writer: local-candidate}" \
        "approvals: {paper_policy: $policy, approvers: [${approvers-}]}" "$@"
}

# a preview of 10 AAPL; its id is in $preview
preview() {
    iag --json orders preview --enable-preview --account DU1234567 \
        --symbol AAPL --side buy --quantity 10 --order-type limit \
        --time-in-force day --limit-price 199.50
    expect 0
    preview=$(json j.preview_id <<<"$output")
}

# agent TOOL ARGUMENT...: what an agent gets over stdio, in $output; the
# arguments are members of JSON
agent() {
    local tool=$1
    shift
    run --separate-stderr bash -c 'printf "%s\n" "{\"jsonrpc\":\"2.0\",
        \"id\":1,\"method\":\"tools/call\",\"params\":{
        \"name\":\"$2\",\"arguments\":{\"account_id\":\"DU1234567\",$3},
        \"_meta\":{
        \"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\",
        \"io.modelcontextprotocol/clientInfo\":{\"name\":\"t\",
        \"version\":\"1\"},
        \"io.modelcontextprotocol/clientCapabilities\":{}}}}" |
        tr -d "\n" | { cat; echo; } |
        "$1" mcp serve --transport stdio' sh "$IAG_TEST_PROGRAM" "$tool" "$*"
    expect 0
    output=$(json 'JSON.stringify(j.result.structuredContent)' <<<"$output")
}

agent_create() {
    agent ibkr_approvals_create "\"preview_id\":\"$preview\""
}

# the same preview, asked for by the agent
agent_preview() {
    agent ibkr_order_preview '"symbol":"AAPL","side":"buy","quantity":"10",
        "order_type":"limit","time_in_force":"day","limit_price":"199.50"'
    preview=$(json j.preview_id <<<"$output")
}

create() {
    run --separate-stderr bash -c 'printf "%s\n" "{\"jsonrpc\":\"2.0\",
        \"id\":1,\"method\":\"tools/call\",\"params\":{
        \"name\":\"ibkr_approvals_create\",\"arguments\":{
        \"account_id\":\"DU1234567\",\"preview_id\":\"$2\"},\"_meta\":{
        \"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\",
        \"io.modelcontextprotocol/clientInfo\":{\"name\":\"t\",
        \"version\":\"1\"},
        \"io.modelcontextprotocol/clientCapabilities\":{}}}}" |
        tr -d "\n" | { cat; echo; } |
        "$1" mcp serve --transport stdio' sh "$IAG_TEST_PROGRAM" "$preview"
    expect 0
    output=$(json 'JSON.stringify(j.result.structuredContent)' <<<"$output")
}

create() {
    iag --json approvals create --account DU1234567 --preview-id "$preview" \
        "$@"
}

submit() {
    iag --json orders submit --enable-paper --account DU1234567 \
        --approval-id "$1" --idempotency-key "$2"
}

@test "inv3 what an agent asks for waits for the operator, then it is used once" {
    local id
    preview
    agent_create
    [ "$(json 'j.status + j.requested_by' <<<"$output")" = \
        requestedagent:local-agent ]
    has "$output" "an operator has to run" "ibkr-agent --config \
ibkr-agent.yaml approvals create --account DU1234567 --preview-id $preview" \
        "call ibkr_approvals_create again"
    id=$(json j.approval_id <<<"$output")
    submit "$id" order-1
    expect 1
    [ "$(json j.code <<<"$stderr")" = PAPER_APPROVAL_REQUIRED ]
    # the agent cannot help itself by asking again
    agent_create
    [ "$(json 'j.status + j.approval_id' <<<"$output")" = "requested$id" ]
    create
    expect 0
    [ "$(json 'j.status + j.approval_id' <<<"$output")" = "approved$id" ]
    has "$output" '"approved_by": "local:'
    agent_create
    [ "$(json 'j.status + j.approval_id' <<<"$output")" = "approved$id" ]
    submit "$id" order-1
    expect 0
    [ "$(json 'j.status' <<<"$output")" = submitted ] ||
        [ "$(json 'j.status' <<<"$output")" = open ]
    submit "$id" order-2
    expect 1
    [ "$(json j.code <<<"$stderr")" = APPROVAL_CONSUMED ]
    iag --json approvals show "$id"
    expect 0
    [ "$(json 'j.status + j.idempotency_key' <<<"$output")" = \
        consumedorder-1 ]
    iag --json approvals revoke "$id" --reason late
    expect 1
    [ "$(json j.code <<<"$stderr")" = APPROVAL_CONSUMED ]
    iag audit verify --state
    expect 0
}

@test "inv3 what was revoked is not used" {
    local id
    preview
    create
    expect 0
    id=$(json j.approval_id <<<"$output")
    iag --json approvals revoke "$id" --reason "not today"
    expect 0
    [ "$(json j.status <<<"$output")" = revoked ]
    submit "$id" order-1
    expect 1
    [ "$(json j.code <<<"$stderr")" = PAPER_APPROVAL_REQUIRED ]
    create
    expect 0
    [ "$(json j.status <<<"$output")" = revoked ]
    iag --json audit tail --limit 20
    has "$output" paper_approval_revoked "not today"
}

@test "the list shows what waits, the newest first, for people too" {
    preview
    agent_create
    preview
    create
    iag --json approvals list
    expect 0
    [ "$(json 'j.approvals.map((a) => a.status).join()' <<<"$output")" = \
        approved,requested ]
    iag --json approvals list --status requested
    [ "$(json 'j.approvals.length' <<<"$output")" = 1 ]
    iag approvals list
    expect 0
    has "$output" AAPL 199.50 requested approved
    iag approvals show 01900000-0000-7000-8000-000000000000
    expect 1
    has "$stderr" "there is no approval" "approvals list"
}

@test "inv3 distinct wants somebody of the list who cannot send" {
    local me=local:$(id -un)
    approvers=$me desk_config distinct
    preview
    # in the list, but may submit
    create
    expect 0
    [ "$(json j.status <<<"$output")" = requested ]
    # the same person with fewer scopes has asked for it itself
    scopes="$all_read_scopes, ibkr:orders:preview, ibkr:approvals:create"
    approvers=$me desk_config distinct
    create
    expect 1
    [ "$(json j.code <<<"$stderr")" = APPROVAL_SELF_FORBIDDEN ]
}

@test "inv3 distinct: another one who cannot send approves, then it is sent" {
    local id sender="$scopes" me
    me=local:$(id -un)
    approvers=$me desk_config distinct
    agent_preview
    agent_create
    id=$(json j.approval_id <<<"$output")
    submit "$id" order-1
    expect 1
    [ "$(json j.code <<<"$stderr")" = PAPER_APPROVAL_REQUIRED ]
    # somebody who is in no list cannot help, though he cannot send either
    scopes="$all_read_scopes, ibkr:orders:preview, ibkr:approvals:create"
    approvers=local:nobody-else desk_config distinct
    create
    expect 0
    [ "$(json j.status <<<"$output")" = requested ]
    approvers=$me desk_config distinct
    create
    expect 0
    [ "$(json '[j.status, j.approval_id, j.requested_by, j.approved_by].join()' \
        <<<"$output")" = "approved,$id,agent:local-agent,$me" ]
    scopes=$sender
    approvers=$me desk_config distinct
    submit "$id" order-1
    expect 0
    submit "$id" order-2
    expect 1
    [ "$(json j.code <<<"$stderr")" = APPROVAL_CONSUMED ]
    iag audit verify --state
    expect 0
}

@test "inv3 an approval ends with its time, before its preview" {
    local id
    preview
    create --ttl-seconds 60
    expect 0
    id=$(json j.approval_id <<<"$output")
    ahead 58
    iag --json approvals show "$id"
    expect 0
    [ "$(json j.status <<<"$output")" = approved ]
    ahead 61
    iag --json approvals show "$id"
    [ "$(json j.status <<<"$output")" = expired ]
    submit "$id" order-1
    expect 1
    [ "$(json '[j.code, j.outcome].join()' <<<"$stderr")" = \
        PAPER_APPROVAL_REQUIRED,refused ]
    has "$stderr" expired
    iag --json approvals list --status expired
    [ "$(json 'j.approvals.map((a) => a.approval_id).join()' \
        <<<"$output")" = "$id" ]
    # the preview is still good: a new approval, and the key was not used
    create
    expect 0
    [ "$(json j.status <<<"$output")" = approved ]
    [ "$(json j.approval_id <<<"$output")" != "$id" ]
    submit "$(json j.approval_id <<<"$output")" order-1
    expect 0
    iag audit verify --state
    expect 0
}

@test "with the policy any the agent approves itself" {
    desk_config any
    preview
    agent_create
    [ "$(json 'j.status + j.approved_by' <<<"$output")" = \
        approvedagent:local-agent ]
    submit "$(json j.approval_id <<<"$output")" order-1
    expect 0
    # a stricter policy does not take it
    preview
    agent_create
    desk_config operator
    submit "$(json j.approval_id <<<"$output")" order-2
    expect 1
    [ "$(json j.code <<<"$stderr")" = APPROVAL_SELF_FORBIDDEN ]
}

@test "inv3 an expired preview is not approved, a stranger's is not found" {
    desk_config operator "log: {level: error}"
    sed -i 's/order_preview: {enabled: true}/order_preview: {enabled: true, expiration_seconds: 1}/' \
        "$config"
    preview
    until create && [ "$status" -ne 0 ]; do
        [ "$(json j.status <<<"$output")" != expired ] || break
    done
    if [ "$status" -ne 0 ]; then
        has "$stderr" "has expired"
    fi
    iag --json approvals create --account U7654321 --preview-id "$preview"
    expect 1
    [ "$(json j.code <<<"$stderr")" = APPROVAL_PREVIEW_MISMATCH ]
}
