#!/bin/bash
# SPDX-License-Identifier: MIT
# Copyright (C) 2026 the ibkr-agent-gateway authors
#
# demo-orders.sh DIRECTORY: an order on its way, over the embedded fake
# broker.  On paper: an agent previews and asks, the operator approves, the
# agent sends; then the evidence, and what happens to who changes it.  Live:
# every gate in its turn, and the kill switch in between.
set -euo pipefail
cd "$(dirname "$0")/.."
build=$(cd "${1:-build}" && pwd)

work=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null; rm -rf "$work"' EXIT
umask 077
export IBKR_AGENT_CONFIG=$work/ibkr-agent.yaml
. scripts/show.sh
head -c 48 /dev/urandom | base64 -w0 >"$work/secret"
cat >"$IBKR_AGENT_CONFIG" <<END
broker:
  backend: fake
auth:
  agent_name: demo
  enabled_scopes:
    - ibkr:health:read
    - ibkr:accounts:read
    - ibkr:marketdata:read
    - ibkr:orders:read
    - ibkr:risk:read
    - ibkr:audit:read
    - ibkr:orders:preview
    - ibkr:approvals:create
    - ibkr:orders:paper:submit
    - ibkr:orders:paper:cancel
    - ibkr:orders:live:submit
    - ibkr:orders:live:cancel
audit:
  path: $work/store
  hmac_secret_file: $work/secret
  live_write_retention_days: 2555
  export_required_before_purge: true
  immutable_live_events: true
order_preview:
  enabled: true
approvals:
  paper_policy: operator
  live_policy: operator
paper_trading:
  enabled: true
  allowed_accounts: [DU1234567]
  writer: local-candidate
safety:
  live_trading_enabled: true
live_trading:
  enabled: true
  allowed_accounts: [U7654321]
  writer: local-candidate
  risk_policy_id: small
  paper_to_live_checklist_acknowledged: true
risk_policies:
  small:
    enabled: true
    max_notional: {amount: "1000.00", currency: USD}
    max_quantity: "10"
    allowed_symbols: [AAPL]
    allowed_asset_classes: [stock]
    frequency_limit: {max_orders: 5, window_seconds: 300}
    session_limit:
      max_orders_per_session: 20
      max_session_notional: {amount: "5000.00", currency: USD}
      timezone: America/New_York
      starts_at: "09:30"
    max_price_deviation_bps: 500
    max_quote_age_seconds: 30
plugins:
  options:
    local-candidate: {script: fill}
$(built_plugins)
END

# call TOOL ARGUMENTS [JQ-FILTER]: what the agent does; the answer's object in
# $result, and what the filter makes of it on the terminal
call() {
    local line
    printf '\n%sagent:%s %s %s\n' "$bold" "$plain" "$1" "$2"
    printf '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"%s","arguments":%s}}\n' \
        "$1" "$2" >&"${mcp[1]}"
    if ! IFS= read -r -t 20 line <&"${mcp[0]}"; then
        echo "demo: the server did not answer" >&2
        exit 1
    fi
    result=$(jq '.result.content[0].text | fromjson' <<<"$line")
    jq -c "${3:-.}" <<<"$result"
}

# field NAME: of the last answer
field() {
    jq -r ".$1" <<<"$result"
}

# quietly ARGUMENT...: a command, its JSON in $result
quietly() {
    printf '\n%s$ ibkr-agent %s%s\n' "$bold" "$*" "$plain"
    result=$("$build/ibkr-agent" --json "$@")
}

title "Paper: an agent previews an order and asks for its approval"
serve >/dev/null
call ibkr_order_preview '{"account_id":"DU1234567","symbol":"AAPL","side":"buy","quantity":"5","order_type":"limit","limit_price":"199.50","time_in_force":"day"}' \
    '{preview_id, estimated_cost, expires_at}'
preview=$(field preview_id)
call ibkr_approvals_create \
    "{\"account_id\":\"DU1234567\",\"preview_id\":\"$preview\"}" \
    '{approval_id, status, policy}'
approval=$(field approval_id)
echo "It stays a request, however often the agent asks. Sending it is refused:"
call ibkr_paper_order_submit \
    "{\"account_id\":\"DU1234567\",\"approval_id\":\"$approval\",\"idempotency_key\":\"demo-1\"}" \
    '{code, outcome, refusals: [.refusals[] | {code, actual}]}'

title "The operator looks at it and approves"
show approvals list
show approvals create --account DU1234567 --preview-id "$preview"

title "The agent sends it, and asks again as if the answer had been lost"
call ibkr_paper_order_submit \
    "{\"account_id\":\"DU1234567\",\"approval_id\":\"$approval\",\"idempotency_key\":\"demo-1\"}" \
    '{broker_order_id, status, filled_quantity, average_fill_price}'
call ibkr_paper_order_submit \
    "{\"account_id\":\"DU1234567\",\"approval_id\":\"$approval\",\"idempotency_key\":\"demo-1\"}" \
    '{broker_order_id, status, replayed}'
call ibkr_executions_list '{"account_id":"DU1234567"}' \
    '[.executions[] | select(.broker_order_id == "local-candidate-demo-1") | {side, quantity, price}]'
unserve

title "The evidence, and a copy in which a word was changed"
show audit verify --state
cp -r "$work/store" "$work/copy"
LC_ALL=C sed -i 's/paper_order_submitted/paper_order_cancelled/g' \
    "$work/copy/data.mdb"
fails 2 audit verify --store "$work/copy"

title "Live: everything that stands in the way of an order, all at once"
quietly orders preview --enable-preview --account U7654321 --symbol AAPL \
    --side buy --quantity 2 --limit-price 199.50
preview=$(field preview_id)
quietly approvals create --account U7654321 --preview-id "$preview"
approval=$(field approval_id)
live=(--enable-live --account U7654321 --approval-id "$approval"
    --preview-id "$preview")
fails 1 orders live-submit "${live[@]}" --idempotency-key demo-live-1
show policy explain --preview-id "$preview"

title "The operator opens the gates, one by one, on the record"
show live checklist acknowledge --account U7654321 paper_trading_validated \
    approvals_reviewed limits_reviewed kill_switch_tested \
    incident_runbook_reviewed
show live activate
echo
echo "Opening is for whoever sits at a terminal (script(1) is one here):"
printf '\n%s$ ibkr-agent kill-switch open --reason demonstration%s\n' \
    "$bold" "$plain"
script -qec "'$build/ibkr-agent' kill-switch open --reason demonstration" \
    /dev/null
show orders live-submit "${live[@]}" --idempotency-key demo-live-1

title "The kill switch: in force at once, in every process"
quietly orders preview --enable-preview --account U7654321 --symbol AAPL \
    --side buy --quantity 1 --limit-price 199.50
preview=$(field preview_id)
quietly approvals create --account U7654321 --preview-id "$preview"
approval=$(field approval_id)
show kill-switch close --reason "demonstration"
fails 1 orders live-submit --enable-live --account U7654321 \
    --approval-id "$approval" --preview-id "$preview" \
    --idempotency-key demo-live-2
show limits status --account U7654321
show orders pending
show audit tail --limit 3
show audit verify --state

title "Done"
echo "Next: docs/paper-to-live.md for an account of yours, docs/live-runbook.md"
echo "for the night in which something goes wrong."
