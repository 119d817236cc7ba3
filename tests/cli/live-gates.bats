# SPDX-License-Identifier: MIT
# Copyright (C) 2026 the ibkr-agent-gateway authors
#
# A live order's way, at the command line and over MCP: from the agent's
# preview and request to the operator's approval, the order, its change and its
# cancel; each gate closed in turn; the operator's sweep behind a closed switch.

load helper
load desk

setup() {
    desk live
    open_live
}

# agent TOOL ARGUMENTS: the result of a tool call over stdio, in $output
agent() {
    local version='"io.modelcontextprotocol/protocolVersion":"2026-07-28"'
    local client='"io.modelcontextprotocol/clientInfo":{"name":"t","version":"1"}'
    local can='"io.modelcontextprotocol/clientCapabilities":{}'
    printf '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"%s","arguments":%s,"_meta":{%s,%s,%s}}}\n' \
        "$1" "${2//$'\n'/}" "$version" "$client" "$can" >"$BATS_TEST_TMPDIR/call"
    run --separate-stderr "$IAG_TEST_PROGRAM" mcp serve --transport stdio \
        <"$BATS_TEST_TMPDIR/call"
    expect 0
    output=$(json 'j.result.content[0].text' <<<"$output")
}

# agent_outcome: of the last call, as outcome() has it
agent_outcome() {
    json 'j.code ? `${j.outcome} ${j.code}`
        : `done ${j.status}${j.replayed ? " replayed" : ""}`' <<<"$output"
}

agent_submit() {
    agent ibkr_live_order_submit "{\"account_id\":\"$account\",
        \"preview_id\":\"$preview\",\"approval_id\":\"$approval\",
        \"idempotency_key\":\"$1\"}"
}

# gate CODE RULES: how a submit of k1 is refused
gate() {
    submit k1
    is "$(outcome)" "refused $1"
    is "$(refusals)" "$2"
    is "$(json 'j.refusals.every((r) => r.code && r.limit && r.actual && r.fix)' \
        <<<"$stderr")" true
}

@test "inv7 each gate closed by itself has its code, and nothing is burned" {
    approve
    switch close
    gate LIVE_KILL_SWITCH_CLOSED kill_switch
    switch cancel-only
    gate LIVE_KILL_SWITCH_CLOSED kill_switch
    switch open
    touch "$store/CLOSED"
    gate LIVE_KILL_SWITCH_CLOSED kill_switch
    rm "$store/CLOSED"
    iag live checklist revoke --account U7654321 limits_reviewed
    gate LIVE_MIGRATION_REQUIRED checklist
    iag live checklist acknowledge --account U7654321 limits_reviewed
    iag --json orders live-submit --account "$account" --idempotency-key k1 \
        --preview-id "$preview" --approval-id "$approval"
    is "$(outcome) $(refusals)" "refused LIVE_TRADING_DISABLED feature"
    submit k1 --live-broker refusing
    has "$(outcome)" refused
    submit "k 1"
    has "$(outcome)" "refused INPUT_INVALID"
    iag --json approvals revoke "$approval" --reason test
    expect 0
    gate LIVE_GATE_MISSING approval
    approve
    submit k1
    is "$(outcome)" "done submitted"
    is "$(json '[j.mode, j.simulated, j.separation].join()' <<<"$output")" \
        live,true,same_uid
    submit k1
    is "$(outcome)" "done submitted replayed"
    # another order under the used approval
    submit k2
    is "$(outcome) $(refusals)" "refused APPROVAL_CONSUMED approval"
}

@test "inv7 every gate that is closed is told, the first one gives the code" {
    approve
    switch close
    iag live checklist revoke --account U7654321
    iag approvals revoke "$approval" --reason test
    max_notional=1 desk live
    sed -i 's/allowed_accounts: \[U7654321\]/allowed_accounts: [U1111111]/
        s/  writer: local-candidate$/  writer: refusing\n  allowed_writers: [refusing]/' \
        "$config"
    iag --json orders live-submit --account U7654321 --idempotency-key k1 \
        --preview-id "$preview" --approval-id "$approval" \
        --live-broker local-candidate
    is "$(outcome)" "refused LIVE_KILL_SWITCH_CLOSED"
    is "$(refusals)" \
        kill_switch,feature,writer,live_configuration,account,checklist,approval,max_notional
    desk live
    is "$(at_broker k1)" 0
}

@test "an order is shown by the writer that took it, whichever is configured" {
    sed -i 's/  writer: local-candidate$/  writer: refusing/' "$config"
    "$IAG_TEST_PROGRAM" live activate </dev/null
    approve --live-broker local-candidate
    submit k1 --live-broker local-candidate
    is "$(outcome)" "done submitted"
    is "$("$IAG_TEST_PROGRAM" --json orders list --account "$account" |
        json 'j.orders.find((o) => o.client_order_id === "k1").status')" open
    is "$(status_of k1)" open
}

@test "inv3 over MCP: an agent asks, an operator approves, the agent sends" {
    agent ibkr_order_preview "{\"account_id\":\"$account\",\"symbol\":\"AAPL\",
        \"side\":\"buy\",\"quantity\":\"10\",\"order_type\":\"limit\",
        \"limit_price\":\"199.50\",\"time_in_force\":\"day\"}"
    preview=$(json j.preview_id <<<"$output")
    agent ibkr_approvals_create "{\"account_id\":\"$account\",
        \"preview_id\":\"$preview\"}"
    is "$(json 'j.status' <<<"$output")" requested
    approval=$(json j.approval_id <<<"$output")
    agent_submit k1
    is "$(agent_outcome)" "refused LIVE_GATE_MISSING"
    iag --json approvals create --account "$account" --preview-id "$preview"
    expect 0
    is "$(json 'j.status + j.approval_id' <<<"$output")" "approved$approval"
    switch close
    agent_submit k1
    is "$(agent_outcome)" "refused LIVE_KILL_SWITCH_CLOSED"
    is "$(json 'j.refusals.map((r) => r.rule).join()' <<<"$output")" \
        kill_switch
    switch open
    agent_submit k1
    is "$(agent_outcome)" "done submitted"
    # a replay needs no open gate
    switch close
    agent_submit k1
    is "$(agent_outcome)" "done submitted replayed"
    # and at the other door it is the same order
    submit k1
    is "$(outcome)" "done submitted replayed"
    agent ibkr_live_order_cancel "{\"account_id\":\"$account\",
        \"broker_order_id\":\"local-candidate-k1\",\"idempotency_key\":\"c1\"}"
    is "$(agent_outcome)" "refused LIVE_KILL_SWITCH_CLOSED"
    switch cancel-only
    agent ibkr_live_order_cancel "{\"account_id\":\"$account\",
        \"broker_order_id\":\"local-candidate-k1\",\"idempotency_key\":\"c1\"}"
    is "$(agent_outcome)" "done cancelled"
    is "$(at_broker k1)" 1
    iag audit verify --state
    expect 0
}

@test "inv7 cancel-all passes a closed switch, and nothing else does" {
    approve
    submit k1
    expect 0
    approve
    submit k2
    expect 0
    switch close
    cancel local-candidate-k1 c1
    is "$(outcome)" "refused LIVE_KILL_SWITCH_CLOSED"
    modify local-candidate-k1 m1 199.00
    is "$(outcome)" "refused LIVE_KILL_SWITCH_CLOSED"
    iag --json orders cancel-all --account "$account" --reason "end of day"
    expect 0
    is "$(status_of local-candidate-k1)" cancelled
    is "$(status_of local-candidate-k2)" cancelled
    # an order of somebody else's is left alone
    is "$(status_of 9000000001)" open
    iag --json audit tail --limit 10
    has "$output" '"reason": "end of day"'
}

@test "cancel-all that leaves an order ends with 1" {
    approve
    submit k1
    expect 0
    iag --json orders cancel-all --account "$account" --reason "end of day" \
        --live-broker refusing
    expect 1
    is "$(json '[j.accepted, j.failed].join()' <<<"$output")" 0,1
    has "$(json 'j.orders[0].error' <<<"$output")" local-candidate
    is "$(status_of local-candidate-k1)" open
    iag --json orders cancel-all --account "$account" --reason "end of day"
    expect 0
    iag --json orders cancel-all --account "$account" --reason "end of day"
    expect 0
    is "$(json '[j.accepted, j.failed].join()' <<<"$output")" 0,0
}

@test "a live order is changed as approved, and a bracket is placed whole" {
    approve
    submit k1
    expect 0
    modify local-candidate-k1 m1 199.00
    is "$(outcome)" "done submitted"
    is "$("$IAG_TEST_PROGRAM" --json orders status --account "$account" \
        --broker-order-id k1 | json j.limit_price)" 199.00
    approve_bracket
    bracket b1
    is "$(json '[j.status, j.atomicity, j.legs.length].join()' <<<"$output")" \
        submitted,broker_bracket,3
    iag audit verify --state
    expect 0
}
