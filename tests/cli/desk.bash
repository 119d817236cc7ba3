# SPDX-License-Identifier: MIT
# Copyright (C) 2026 the ibkr-agent-gateway authors
#
# What the files about orders share: a configuration with paper and live
# trading on the fake broker, and an order's steps in either mode. $mode is
# paper or live.

order_scopes="ibkr:orders:preview, ibkr:approvals:create,
    ibkr:orders:paper:submit, ibkr:orders:paper:cancel,
    ibkr:orders:paper:modify, ibkr:orders:live:submit,
    ibkr:orders:live:cancel, ibkr:orders:live:modify"

# desk MODE [SUBMITS [CHANGES]]: the mode, and what the writer does from now on;
# further lines in the array desk_lines, of the approvals in $approvals
desk() {
    mode=$1
    account=DU1234567
    [ "$mode" = paper ] || account=U7654321
    scopes=${desk_scopes-$all_read_scopes, $order_scopes}
    make_config "  options: {local-candidate: {script: ${2-open}, changes: ${3-open}}}" \
        "order_preview: {enabled: true}" \
        "approvals: {${approvals-}}" \
        "safety: {live_trading_enabled: true}" \
        "paper_trading: {enabled: true, allowed_accounts: [DU1234567], writer: local-candidate}" \
        "live_trading:" "  enabled: true" "  allowed_accounts: [U7654321]" \
        "  writer: local-candidate" "  risk_policy_id: small" \
        "  paper_to_live_checklist_acknowledged: true" \
        "risk_policies:" "  small:" "    enabled: true" \
        "    max_notional: {amount: \"${max_notional-5000}\", currency: USD}" \
        "    max_quantity: \"20\"" "    allowed_symbols: [AAPL]" \
        "    allowed_asset_classes: [stock]" \
        "    max_price_deviation_bps: 1000" \
        "    max_quote_age_seconds: 30" "${desk_lines[@]}"
    # what hangs is given up after this many seconds
    sed -i "s/{backend: fake}/{backend: fake, write_timeout_seconds: ${patience-60}}/" \
        "$config"
}

# An operator's credential in $credential; it is made in a terminal.
make_credential() {
    command -v script >/dev/null || skip "script(1) is not installed"
    credential=$BATS_TEST_TMPDIR/credential
    [ -e "$credential" ] ||
        script -qec "'$IAG_TEST_PROGRAM' kill-switch credential --out '$credential'" \
            /dev/null >/dev/null
}

# switch STATE: the live switch
switch() {
    local operator=()
    if [ "$1" != close ]; then
        make_credential
        operator=(--operator-credential "$credential")
    fi
    "$IAG_TEST_PROGRAM" kill-switch "$1" --reason test "${operator[@]}" \
        </dev/null >/dev/null
}

checklist_items="paper_trading_validated approvals_reviewed limits_reviewed
    kill_switch_tested incident_runbook_reviewed"

# open_live: checklist and switch, as an operator would
open_live() {
    # shellcheck disable=SC2086
    "$IAG_TEST_PROGRAM" live checklist acknowledge --account U7654321 \
        $checklist_items >/dev/null
    switch open
}

# preview [OPTION...]: of 10 AAPL at $price or 199.50; its id in $preview
preview() {
    iag --json orders preview --enable-preview --account "$account" \
        --symbol AAPL --side buy --quantity 10 \
        --limit-price "${price-199.50}" "$@"
    expect 0
    preview=$(json j.preview_id <<<"$output")
}

# approve [OPTION...]: a preview with its approval in $approval
approve() {
    preview "$@"
    iag --json approvals create --account "$account" --preview-id "$preview"
    expect 0
    approval=$(json j.approval_id <<<"$output")
}

# submit KEY [OPTION...]
submit() {
    local key=$1
    shift
    if [ "$mode" = paper ]; then
        set -- orders submit --enable-paper "$@"
    else
        set -- orders live-submit --enable-live --preview-id "$preview" "$@"
    fi
    iag --json "$@" --account "$account" --approval-id "$approval" \
        --idempotency-key "$key"
}

# cancel ID KEY
cancel() {
    local command=(orders cancel --enable-paper)
    [ "$mode" = paper ] || command=(orders live-cancel --enable-live)
    iag --json "${command[@]}" --account "$account" --broker-order-id "$1" \
        --idempotency-key "$2"
}

# modify ID KEY PRICE: to another limit price, previewed and approved
modify() {
    local command=(orders paper-modify --enable-paper)
    [ "$mode" = paper ] || command=(orders live-modify --enable-live)
    price=$3 approve --broker-order-id "$1"
    iag --json "${command[@]}" --account "$account" --broker-order-id "$1" \
        --approval-id "$approval" --preview-id "$preview" \
        --limit-price "$3" --idempotency-key "$2"
}

# approve_bracket: its approvals in the array legs, for bracket
approve_bracket() {
    local group
    iag --json orders bracket-preview --enable-preview --account "$account" \
        --symbol AAPL --side buy --quantity 10 --entry-limit-price 199.50 \
        --take-profit-limit-price 205 --stop-loss-stop-price 195
    expect 0
    group=$(json j.group_id <<<"$output")
    iag --json approvals create --account "$account" --group-id "$group"
    expect 0
    mapfile -t legs < <(json 'j.approvals.map((a) => a.approval_id).join("\n")' \
        <<<"$output")
}

# bracket KEY [OPTION...]
bracket() {
    local command=(orders bracket-submit --enable-paper)
    [ "$mode" = paper ] || command=(orders live-bracket-submit --enable-live)
    iag --json "${command[@]}" --account "$account" \
        --parent-approval-id "${legs[0]}" \
        --take-profit-approval-id "${legs[1]}" \
        --stop-loss-approval-id "${legs[2]}" --idempotency-key "$@"
}

# of the last run: OUTCOME CODE of a failure, or the state of what was done
outcome() {
    if [ "$status" -eq 0 ]; then
        json '`done ${j.status}${j.replayed ? " replayed" : ""}`' <<<"$output"
    else
        json '`${j.outcome} ${j.code}`' <<<"$stderr"
    fi
}

# refusals: the rules that refused, in the order of the gates
refusals() {
    json 'j.refusals.map((r) => r.rule).join()' <<<"$stderr"
}

# pending: "KEY STATE" of what is open, one a line
pending() {
    "$IAG_TEST_PROGRAM" --json orders pending |
        json 'j.pending.map((p) => `${p.idempotency_key} ${p.state}`).join("\n")'
}

# at_broker REF: how often the broker has the order of this reference
at_broker() {
    "$IAG_TEST_PROGRAM" --json orders list --account "$account" |
        json "j.orders.filter((o) => o.client_order_id === '$1').length"
}

# status_of ID: what `orders status` says
status_of() {
    "$IAG_TEST_PROGRAM" --json orders status --account "$account" \
        --broker-order-id "$1" | json j.status
}

# reconcile: "SETTLED UNKNOWN TRANSITIONS" of one pass
reconcile() {
    "$IAG_TEST_PROGRAM" --json reconcile |
        json '`${j.settled} ${j.unknown} ${j.transitions}`'
}

# is WHAT EXPECTED: the same text
is() {
    [ "$1" = "$2" ] || {
        printf "expected '%s', got '%s'\n" "$2" "$1"
        return 1
    }
}
