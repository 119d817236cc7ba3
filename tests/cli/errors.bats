#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Copyright (C) 2026 the ibkr-agent-gateway authors
#
# What is said when something is wrong: what it was, what is allowed, what to
# do about it; and results that people read.
load helper
load desk

@test "a wrong argument is named as it was typed" {
    desk paper
    iag orders preview --account DU1234567 --symbol AAPL --side buy \
        --quantity 1 --order-type magic --enable-preview
    expect 2
    has "$stderr" "option '--order-type': expected one of" "got 'magic'" Action:
    iag contracts resolve "$(printf 'x%.0s' {1..40})"
    expect 2
    has "$stderr" "operand 'SYMBOL'"
    # programs are told the tool's own names
    iag --json orders preview --account DU1234567 --symbol AAPL --side up \
        --quantity 1 --enable-preview
    expect 2
    has "$(json j.message <<<"$stderr")" "argument 'side'"
}

@test "an option without its value, and a file that is not there, are named" {
    iag orders submit --account DU1234567 --approval-id --idempotency-key k1
    expect 2
    has "$stderr" "option '--approval-id' needs a value"
    iag orders submit --account DU1234567 --approval-id --idempotency-key=k1
    expect 2
    has "$stderr" "option '--approval-id' needs a value"
    iag --config "$BATS_TEST_TMPDIR/nosuch.yaml" health
    expect 7
    has "$stderr" "No such file" "name a file that is there"
    iag audit verify --store "$BATS_TEST_TMPDIR/nosuch"
    expect 1
    has "$stderr" "name the folder of a store"
    iag mcp serve --transport http
    expect 7
    has "$stderr" "give it, beside remote_mcp.enabled"
}

@test "an operator reads where it was, an agent does not" {
    local place=$BATS_TEST_TMPDIR/home/anna
    mkdir -p "$place"
    touch "$place/store"
    export IBKR_AUDIT_HMAC_SECRET=0123456789abcdef0123456789abcdef
    unset IBKR_AGENT_CONFIG
    cat >"$place/ibkr-agent.yaml" <<EOF
broker: {backend: fake}
auth: {enabled_scopes: [ibkr:health:read, ibkr:accounts:read]}
audit: {path: store}
plugins: {path: ["${IAG_TEST_PLUGINDIR-}"]}
EOF
    iag --config "$place/ibkr-agent.yaml" accounts list
    expect 1
    has "$stderr" "store '$place/store': not a directory"
    run --separate-stderr "$IAG_TEST_PROGRAM" \
        --config "$place/ibkr-agent.yaml" mcp serve \
        <<<'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"ibkr_accounts_list","arguments":{}}}'
    expect 0
    has "$output" JOURNAL_UNAVAILABLE "ask the operator to run"
    [[ $output != *anna* ]]
}

@test "a writer's words come to an agent without the paths in them" {
    desk paper /home/anna/x
    run --separate-stderr "$IAG_TEST_PROGRAM" mcp serve <<<'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"ibkr_order_preview","arguments":{"account_id":"DU1234567","symbol":"AAPL","side":"buy","quantity":"10","order_type":"limit","time_in_force":"day","limit_price":"199.50"}}}'
    expect 0
    has "$output" PAPER_WRITER_REFUSED "option 'script'" refusals
    [[ $output != *anna* ]]
    iag --json orders preview --enable-preview --account "$account" \
        --symbol AAPL --side buy --quantity 10 --limit-price 199.50
    expect 1
    has "$(json 'j.refusals[0].actual' <<<"$stderr")" "got '/home/anna/x'"
}

@test "orders modify and orders approve say no to whatever they are given" {
    desk paper
    iag orders modify --account DU1234567 --broker-order-id 1 --quantity 5
    expect 1
    has "$stderr" READONLY_WRITE_FORBIDDEN "orders paper-modify" \
        "orders live-modify"
    iag orders approve 17 --yes
    expect 1
    has "$stderr" READONLY_WRITE_FORBIDDEN "approvals create"
    iag --json audit tail --limit 2
    expect 0
    [ "$(json 'j.events.map((r) => r.event.tool_name).join()' <<<"$output")" = \
        ibkr_order_approve,ibkr_order_modify ]
}

@test "the checklist says that it is complete, an activation what changed" {
    desk live
    # shellcheck disable=SC2086
    iag live checklist acknowledge --account U7654321 $checklist_items
    expect 0
    iag live checklist show --account U7654321
    expect 0
    [[ $output =~ complete\ +yes ]]
    iag live activate
    expect 0
    iag live activate
    expect 0
    [[ $output != *changed* ]]
}

@test "an id in another one's place is named, with the one that was meant" {
    desk paper
    approve
    iag approvals show "$preview"
    expect 1
    has "$stderr" "expected an approval, '$preview' is a preview" \
        "its approval is $approval"
    iag approvals revoke "$preview" --reason test
    expect 1
    has "$stderr" "its approval is $approval"
    iag approvals create --account DU1234567 --preview-id "$approval"
    expect 1
    has "$stderr" "expected a preview, '$approval' is an approval" \
        "its preview is $preview"
    iag policy explain --preview-id "$approval"
    expect 2
    has "$stderr" "its preview is $preview"
    iag orders submit --enable-paper --account DU1234567 \
        --approval-id "$preview" --idempotency-key k1
    expect 1
    has "$stderr" PAPER_APPROVAL_REQUIRED "a preview; its approval is $approval"
    iag approvals show 00000000-0000-7000-8000-000000000000
    expect 1
    has "$stderr" "there is no approval" "approvals list"
}

@test "inv3 an approval of something else says of what" {
    local first
    desk live
    open_live
    approve
    first=$approval
    preview
    approval=$first submit k1
    expect 1
    has "$stderr" APPROVAL_PREVIEW_MISMATCH "the approval of another preview"
}

@test "the checklist is of accounts that there are" {
    desk live
    iag live checklist acknowledge --account U9999999 limits_reviewed
    expect 2
    has "$stderr" INPUT_UNAUTHORIZED_ACCOUNT U9999999 "accounts list"
    iag live checklist acknowledge --account U7654321 limits_reviewed
    expect 0
    # whatever was written is taken back
    iag live checklist revoke --account U9999999
    expect 0
}

@test "an unknown order says where ids come from" {
    desk paper
    iag orders status --account DU1234567 --broker-order-id nonesuch
    expect 5
    has "$stderr" BROKER_CAPABILITY_UNAVAILABLE "'nonesuch'" \
        "Action: take the id from" "orders list --account DU1234567"
}

@test "inv4 an unknown outcome names the command that resolves it" {
    patience=5 desk paper late
    approve
    submit k1
    expect 1
    [ "$(json j.code <<<"$stderr")" = ORDER_OUTCOME_UNKNOWN ]
    has "$(json j.user_action <<<"$stderr")" \
        "orders resolve k1 --account DU1234567"
    # one sentence after the other
    # whichever of the two limits of time comes first
    [[ $(json j.message <<<"$stderr") =~ "may have reached the broker: "(.*"the broker's answer was lost"|"the deadline has passed") ]]
    # what nobody answers for is not resolved
    patience=5 desk paper hang
    approve
    submit k2
    expect 1
    iag --json reconcile
    expect 0
    [ "$(json 'j.unknown > 0 && j.unknown === j.unresolved' \
        <<<"$output")" = true ]
}

# said: the instructions of initialize
said() {
    printf '%s\n' '{"jsonrpc":"2.0","id":1,"method":"initialize","params":{
        "protocolVersion":"2025-06-18","capabilities":{},
        "clientInfo":{"name":"t","version":"1"}}}' | tr -d '\n' | { cat; echo; } |
        "$IAG_TEST_PROGRAM" mcp serve --transport stdio |
        json j.result.instructions
}

@test "the instructions of MCP say what this server does" {
    desk paper
    has "$(said)" "Sends, changes and cancels orders of paper accounts" \
        "orders of live accounts, with real money" ibkr_live_order_submit
    desk_scopes="$all_read_scopes, ibkr:orders:preview" desk paper
    has "$(said)" "Judges orders" "no order can be sent"
    desk_scopes=$all_read_scopes desk paper
    has "$(said)" "It only reads"
}

@test "what the default actions tell to run can be run" {
    local words count=0
    while read -r words; do
        count=$((count + 1))
        # shellcheck disable=SC2086
        iag $words --help
        expect 0 || { echo "$words"; false; }
    done < <(grep -o '`ibkr-agent [a-z -]*' "$IAG_TEST_SRCDIR/src/base/codes.h" |
        sed 's/^`ibkr-agent //; s/ --.*//' | sort -u)
    [ "$count" -gt 5 ]
}

@test "policy explain asks for a price where one is missing" {
    desk live
    iag --json policy explain --account U7654321 --symbol AAPL --side buy \
        --quantity 1
    expect 0
    has "$(json 'j.rules.find((r) => r.rule === "max_notional").fix' \
        <<<"$output")" "give a limit price"
    iag --json policy explain --account U7654321 --symbol AAPL --side buy \
        --quantity 1 --limit-price 99999
    expect 0
    has "$(json 'j.rules.find((r) => r.rule === "max_notional").fix' \
        <<<"$output")" "a lower price"
}

# suggested TEXT: the command that is named in it, between backquotes
suggested() {
    # shellcheck disable=SC2016 # the backquotes are the program's
    sed -n 's/.*`ibkr-agent \([^`]*\)`.*/\1/p' <<<"$1"
}

@test "a command that is suggested names the configuration that was given" {
    local words
    desk paper lose
    approve
    unset IBKR_AGENT_CONFIG
    iag --config "$config" orders submit --enable-paper --account DU1234567 \
        --approval-id "$approval" --idempotency-key lost-1
    expect 1
    has "$stderr" ORDER_OUTCOME_UNKNOWN \
        "\`ibkr-agent --config $config orders resolve lost-1 --account DU1234567\`"
    # as it was printed, it finds the order
    read -ra words <<<"$(suggested "$stderr")"
    iag --json "${words[@]}"
    expect 0
    [ "$(json j.state <<<"$output")" = 'done' ]
    iag --config "$config" approvals show 01a224ed-ee5e-755f-b22a-b8c947e26f1c
    expect 1
    has "$stderr" "\`ibkr-agent --config $config approvals list\`"
    # without the option it is as short as it was, and so for programs
    export IBKR_AGENT_CONFIG=$config
    iag approvals show 01a224ed-ee5e-755f-b22a-b8c947e26f1c
    has "$stderr" "\`ibkr-agent approvals list\`"
}

@test "what to do about a pending order names the configuration" {
    desk paper lose
    approve
    unset IBKR_AGENT_CONFIG
    iag --config "$config" orders submit --enable-paper --account DU1234567 \
        --approval-id "$approval" --idempotency-key lost-1
    expect 1
    COLUMNS=400 iag --config "$config" orders pending
    expect 0
    has "$(tr -s ' \n' ' ' <<<"$output")" \
        "run: ibkr-agent --config $config orders resolve lost-1"
}

@test "a file of ours never gets what is printed, where stdout is closed" {
    desk paper
    run --separate-stderr bash -c 'exec >&-; "$@"' - \
        "$IAG_TEST_PROGRAM" accounts list
    expect 1
    has "$stderr" "cannot write to standard output"
    run --separate-stderr bash -c 'exec <&-; "$@"' - \
        "$IAG_TEST_PROGRAM" accounts list
    expect 0
    run --separate-stderr bash -c 'exec <&-; "$@"' - \
        "$IAG_TEST_PROGRAM" mcp serve --transport stdio
    expect 1
    has "$stderr" "cannot read messages"
    iag audit verify --state
    expect 0
}

@test "inv4: an order whose answer cannot be printed is not told as refused" {
    [ -w /dev/full ] || skip "there is no /dev/full"
    desk paper
    approve
    run bash -c '"$@" >/dev/full' - "$IAG_TEST_PROGRAM" --json orders submit \
        --enable-paper --account "$account" --approval-id "$approval" \
        --idempotency-key k1
    expect 1
    [ "$(json '[j.code, j.outcome].join()' <<<"$output")" = \
        INTERNAL_ERROR,unknown ]
    has "$output" "was carried out" "No space left" "the same idempotency key"
    submit k1
    expect 0
    # what only reads has no outcome to lose
    run bash -c '"$@" >/dev/full' - "$IAG_TEST_PROGRAM" --json accounts list
    [ "$(json j.outcome <<<"$output")" = refused ]
}
