# SPDX-License-Identifier: MIT
# Copyright (C) 2026 the ibkr-agent-gateway authors
#
# orders preview, orders bracket-preview: complete validation, all refusals at
# once, and nothing is created at the broker.

load helper

setup() {
    scopes="$all_read_scopes, ibkr:orders:preview"
    preview_config
}

# preview_config LINE...: previews and paper trading on, further lines
preview_config() {
    make_config "order_preview: {enabled: true}" \
        "paper_trading: {enabled: true, allowed_accounts: [DU1234567], writer: local-candidate${paper-}}" \
        "$@"
}

# order OPTION...: a day limit order for 10 AAPL as options, in $order; those
# given stand instead
order() {
    local name
    local -A given=([--account]=DU1234567 [--symbol]=AAPL [--side]=buy
        [--quantity]=10 [--order-type]=limit [--time-in-force]=day)
    while [ $# -gt 0 ]; do
        given[$1]=$2
        shift 2
    done
    order=()
    for name in "${!given[@]}"; do
        order+=("$name" "${given[$name]}")
    done
}

preview() {
    order "$@"
    iag --json orders preview --enable-preview "${order[@]}"
}

# rules: code and rule of each refusal of the last run, one a line
rules() {
    json 'j.refusals.map((r) => `${r.code} ${r.rule}`).join("\n")' <<<"$stderr"
}

@test "a limit order for the day is what orders preview takes as given" {
    iag --json orders preview --enable-preview --account DU1234567 \
        --symbol AAPL --side buy --quantity 10 --limit-price 199.50
    expect 0
    [ "$(json j.order_type <<<"$output")" = limit ]
    [ "$(json j.time_in_force <<<"$output")" = day ]
    iag orders preview --help
    has "$output" "good-till-cancelled DAY GTC] (day)"
}

@test "a preview for the writer that refuses all says so" {
    sed -i 's/writer: local-candidate/writer: refusing/' "$config"
    preview --limit-price 199.50
    expect 0
    has "$(json 'j.warnings' <<<"$output")" "'refusing' places nothing"
}

@test "a limit order is previewed" {
    preview --limit-price 199.50
    expect 0
    [ "$(json '[j.account_id, j.mode, j.contract_id, j.symbol, j.asset_class,
        j.currency, j.side, j.order_type, j.time_in_force, j.quantity,
        j.limit_price, j.writer, j.simulated].join()' <<<"$output")" = \
        DU1234567,paper,265598,AAPL,stock,USD,buy,limit,day,10,199.50,local-candidate,true ]
    [ "$(json 'j.estimated_cost' <<<"$output")" = \
        '{"amount":"1995.00","currency":"USD"}' ]
    [ "$(json 'j.preview_id === j.validated_order_id &&
        /^[0-9a-f-]{36}$/.test(j.preview_id) &&
        /^[0-9a-f]{64}$/.test(j.digest) &&
        Date.parse(j.expires_at) - Date.parse(j.created_at)' \
        <<<"$output")" = 300000 ]
}

@test "each type of order is previewed" {
    preview --order-type stop --stop-price 210
    expect 0
    [ "$(json 'j.estimated_cost.amount' <<<"$output")" = 2100 ]
    preview --order-type stop-limit --stop-price 210 --limit-price 211.05
    expect 0
    [ "$(json '[j.order_type, j.estimated_cost.amount].join()' \
        <<<"$output")" = stop_limit,2110.50 ]
    preview --order-type trailing_stop --trailing-amount 5 --side sell
    expect 0
    preview --order-type trailing-stop --trailing-percent 2.5 \
        --time-in-force GTC
    expect 0
    [ "$(json '[j.order_type, j.time_in_force, j.trailing_percent].join()' \
        <<<"$output")" = trailing_stop,good_till_cancelled,2.5 ]
}

@test "all refusals are told at once" {
    preview --quantity 1.5 --limit-price 199.505 --stop-price -1 \
        --account U7654321
    expect 1
    [ "$(json 'j.code' <<<"$stderr")" = ORDER_VALIDATION_FAILED ]
    [ "$(rules)" = "ORDER_FRACTIONAL_REFUSED quantity
ORDER_PRICE_INCREMENT_REFUSED limit_price
ORDER_STOP_PRICE_FORBIDDEN stop_price
ORDER_ACCOUNT_MODE_REFUSED account_mode" ]
}

# what became of the store: previews that were made, by their records
made() {
    iag --json audit tail --limit 500
    json 'j.events.filter((e) =>
        e.event.event_type === "order_preview_created").length' <<<"$output"
}

@test "a preview that is refused leaves nothing but its record" {
    preview --limit-price 199.505
    expect 1
    [ "$(made)" = 0 ]
    iag --json audit tail --limit 500
    [ "$(json 'j.events.map((e) => e.event).filter((e) =>
        e.event_type === "order_preview_refused").map((e) =>
        e.result_status + " " + e.error_code).join()' <<<"$output")" = \
        "refused ORDER_VALIDATION_FAILED" ]
    preview --limit-price 199.50
    [ "$(made)" = 1 ]
    [ "$("$IAG_TEST_PROGRAM" audit verify --state)" ]
}

@test "a symbol that names no one contract is refused" {
    preview --symbol AMBIG --limit-price 10
    expect 2
    [ "$(json 'j.code' <<<"$stderr")" = INPUT_AMBIGUOUS_CONTRACT ]
    [ "$(rules)" = "INPUT_AMBIGUOUS_CONTRACT contract" ]
    preview --symbol APPLE --limit-price 10
    expect 2
    [ "$(rules)" = "INPUT_AMBIGUOUS_CONTRACT contract" ]
    preview --symbol BMW --limit-price 81.20
    expect 2
    [ "$(rules)" = "INPUT_AMBIGUOUS_CONTRACT contract" ]
    preview --symbol BMW --currency EUR --limit-price 81.20
    expect 0
    preview --exchange LSE --limit-price 10
    expect 2
    preview --asset-class etf --limit-price 10
    expect 2
    preview --exchange NASDAQ --asset-class stock --limit-price 199.50
    expect 0
}

@test "prices keep the contract's tick, sizes its step" {
    preview --symbol BMW --currency EUR --limit-price 81.21 --quantity 2.0
    expect 1
    [ "$(rules)" = "ORDER_PRICE_INCREMENT_REFUSED limit_price" ]
    preview --symbol BTC --asset-class crypto --quantity 0.00000001 \
        --limit-price 67250.25
    expect 0
    preview --order-type trailing_stop --trailing-amount 0.005
    expect 1
    [ "$(rules)" = "ORDER_PRICE_INCREMENT_REFUSED trailing_amount" ]
}

@test "market orders and prices that a type has not are refused" {
    preview --order-type market
    expect 1
    [ "$(json 'j.code' <<<"$stderr")" = ORDER_POLICY_REFUSED ]
    [ "$(rules)" = "ORDER_MARKET_TYPE_REFUSED order_type" ]
    preview
    expect 1
    [ "$(rules)" = "ORDER_LIMIT_PRICE_REQUIRED limit_price" ]
    preview --order-type stop_limit
    expect 1
    [ "$(rules)" = "ORDER_LIMIT_PRICE_REQUIRED limit_price
ORDER_STOP_PRICE_REQUIRED stop_price" ]
    preview --order-type trailing_stop --trailing-amount 1 \
        --trailing-percent 1
    expect 1
    [ "$(rules)" = "ORDER_TRAILING_OFFSET_INVALID trailing_offset" ]
    # a stop that the market has reached would be a market order
    preview --order-type stop --stop-price 190
    expect 1
    [ "$(rules)" = "ORDER_MARKET_TYPE_REFUSED stop_price" ]
}

@test "the account must be one that may trade in its mode" {
    preview --account U7654321 --limit-price 199.50
    expect 1
    [ "$(rules)" = "ORDER_ACCOUNT_MODE_REFUSED account_mode" ]
    preview --account DU2345678 --limit-price 199.50
    expect 1
    [ "$(rules)" = "PAPER_ACCOUNT_NOT_ALLOWLISTED account" ]
    preview --account DU9999999 --limit-price 199.50
    expect 2
    [ "$(json 'j.code' <<<"$stderr")" = INPUT_UNAUTHORIZED_ACCOUNT ]
}

@test "previews are made where they are switched on and asked for" {
    order --limit-price 199.50
    iag --json orders preview "${order[@]}"
    expect 1
    [ "$(rules)" = "ORDER_PREVIEW_DISABLED feature" ]
    sed -i 's/order_preview: {enabled: true}/order_preview: {enabled: false}/' \
        "$config"
    preview --limit-price 199.50
    expect 1
    [ "$(json 'j.code' <<<"$stderr")" = ORDER_PREVIEW_DISABLED ]
    scopes=$all_read_scopes preview_config
    preview --limit-price 199.50
    expect 4
}

@test "without a broker there is no preview, and no refusal either" {
    sed -i 's|^plugins:|&\n  options: {fake: {session: expired}}|' "$config"
    preview --limit-price 199.50
    expect 3
    [ "$(json 'j.code' <<<"$stderr")" = BROKER_SESSION_EXPIRED ]
}

policy="risk_policies: {tight: {enabled: true,
    max_notional: {amount: 1000, currency: USD}, max_quantity: 5,
    allowed_symbols: [AAPL], allowed_asset_classes: [stock],
    max_price_deviation_bps: 500, max_quote_age_seconds: 30,
    frequency_limit: {max_orders: 2, window_seconds: 300}}}"

@test "the risk policy is judged before anybody is asked" {
    paper=", risk_policy_id: tight" preview_config "$policy"
    preview --limit-price 150 --quantity 7
    expect 1
    [ "$(json 'j.code' <<<"$stderr")" = ORDER_POLICY_REFUSED ]
    [ "$(rules)" = "LIVE_QUANTITY_LIMIT_REFUSED max_quantity
LIVE_NOTIONAL_LIMIT_REFUSED max_notional
LIVE_PRICE_COLLAR_REFUSED max_price_deviation_bps" ]
    preview --limit-price 199.50 --quantity 5
    expect 0
    [ "$(json 'j.policy_id' <<<"$output")" = tight ]
    sed -i 's/risk_policy_id: tight/risk_policy_id: none/' "$config"
    preview --limit-price 199.50 --quantity 5
    expect 7
}

# bracket ENTRY TARGET STOP OPTION...
bracket() {
    iag --json orders bracket-preview --enable-preview --account DU1234567 \
        --symbol AAPL --quantity 1 --entry-limit-price "$1" \
        --take-profit-limit-price "$2" --stop-loss-stop-price "$3" "${@:4}"
}

@test "a bracket is three previews of one group" {
    bracket 199.50 210 190 --side buy
    expect 0
    [ "$(json '[j.parent, j.take_profit, j.stop_loss].map((p) =>
        [p.side, p.order_type, p.limit_price ?? p.stop_price,
            p.time_in_force].join(" ")).join()' <<<"$output")" = \
        "buy limit 199.50 day,sell limit 210 day,sell stop 190 day" ]
    [ "$(json 'new Set([j.group_id, j.parent.preview_id,
        j.take_profit.preview_id, j.stop_loss.preview_id, j.parent.digest,
        j.take_profit.digest, j.stop_loss.digest]).size' <<<"$output")" = 7 ]
    bracket 199.50 190 210 --side sell
    expect 0
}

@test "a bracket's prices are ordered for its side, each fault is named" {
    bracket 199.50 190 210 --side buy
    expect 1
    [ "$(json 'j.code' <<<"$stderr")" = ORDER_VALIDATION_FAILED ]
    [ "$(rules)" = "ORDER_BRACKET_PRICES_REFUSED take_profit_limit_price
ORDER_BRACKET_PRICES_REFUSED stop_loss_stop_price
ORDER_MARKET_TYPE_REFUSED stop_price" ]
    bracket 199.505 210.001 -3 --side buy
    expect 1
    [ "$(rules)" = "ORDER_PRICE_INCREMENT_REFUSED entry_limit_price
ORDER_PRICE_INCREMENT_REFUSED take_profit_limit_price
ORDER_STOP_PRICE_INVALID stop_loss_stop_price" ]
}

# the rules of the last explanation that have this verdict
explained() {
    V=$1 json 'j.rules.filter((r) => r.verdict === process.env.V)
        .map((r) => r.rule).join()' <<<"$output"
}

@test "the policy is explained for an order as it is typed" {
    paper=", risk_policy_id: tight" preview_config "$policy"
    iag --json policy explain --account DU1234567 --symbol AAPL --side buy \
        --quantity 10 --limit-price 199.50
    expect 0
    [ "$(json '[j.verdict, j.code, j.mode, j.policy_id].join()' \
        <<<"$output")" = fail,ORDER_POLICY_REFUSED,paper,tight ]
    [ "$(explained fail)" = max_quantity,max_notional ]
    has ",$(explained pass)," ,contract, ,writer, ,max_quote_age_seconds, \
        ,frequency_limit,
    [ "$(json 'j.rules.find((r) => r.rule === "max_notional")' \
        <<<"$output")" = '{"rule":"max_notional","verdict":"fail","limit":"1000 USD","actual":"1995.00 USD","fix":"at this price a quantity of at most 5","code":"LIVE_NOTIONAL_LIMIT_REFUSED"}' ]
    # what it says would pass, passes
    iag --json policy explain --account DU1234567 --symbol AAPL --side buy \
        --quantity 5 --limit-price 199.50
    expect 0
    [ "$(json '[j.verdict, j.code].join()' <<<"$output")" = pass, ]
    [ "$(made)" = 0 ]
}

@test "people read the explanation as a table and what would pass" {
    paper=", risk_policy_id: tight" preview_config "$policy"
    iag policy explain --account DU1234567 --symbol AAPL --side buy \
        --quantity 10 --limit-price 199.50
    expect 0
    has "$output" "RULE                     VERDICT  LIMIT" \
        "max_quantity             fail     5                      10" \
        "what would pass" \
        "max_quantity  a quantity above 0 and at most 5     LIVE_QUANTITY_"
    [ "$(awk 'length > 80' <<<"$output")" = "" ]
    preview --limit-price 199.50 --quantity 5
    id=$(json 'j.preview_id' <<<"$output")
    iag policy explain --preview-id "$id"
    expect 0
    has "$output" "RULE                     VERDICT  LIMIT"
}

@test "a stored preview is explained, and what has changed since" {
    paper=", risk_policy_id: tight" preview_config "$policy"
    preview --limit-price 199.50 --quantity 5
    id=$(json 'j.preview_id' <<<"$output")
    iag --json policy explain --preview-id "$id"
    expect 0
    [ "$(json '[j.verdict, j.preview_id].join()' <<<"$output")" = "pass,$id" ]
    sed -i 's/max_quantity: 5/max_quantity: 4/' "$config"
    iag --json policy explain --preview-id "$id"
    expect 0
    [ "$(explained fail)" = unchanged,max_quantity ]
    iag --json policy explain --preview-id "$id" --symbol AAPL
    expect 2
    iag --json policy explain \
        --preview-id 00000000-0000-0000-0000-000000000000
    expect 2
}

@test "a preview that has expired is explained as expired" {
    sed -i 's/order_preview: {enabled: true/&, expiration_seconds: 1/' "$config"
    preview --limit-price 199.50
    expect 0
    id=$(json 'j.preview_id' <<<"$output")
    until iag --json policy explain --preview-id "$id" &&
        [ "$(explained fail)" = preview ]; do
        [ "$(json 'j.verdict' <<<"$output")" = pass ]
    done
    [ "$(json 'j.rules.find((r) => r.rule === "preview").code' \
        <<<"$output")" = PAPER_PREVIEW_EXPIRED ]
}

@test "a bracket is explained as a whole" {
    paper=", risk_policy_id: tight" preview_config "${policy/max_orders: 2/max_orders: 3}"
    bracket 199.50 205 195 --side buy
    expect 0
    id=$(json 'j.take_profit.preview_id' <<<"$output")
    iag --json policy explain --preview-id "$id"
    expect 0
    [ "$(json 'j.rules.filter((r) => r.rule === "frequency_limit")
        .map((r) => r.actual).join()' <<<"$output")" = \
        "parent: 0 before this one,take profit: 1 before this one,stop loss: 2 before this one" ]
    [ "$(json 'j.verdict' <<<"$output")" = pass ]
    sed -i 's/max_orders: 3/max_orders: 2/' "$config"
    bracket 199.50 205 195 --side buy
    expect 1
    [ "$(rules)" = "LIVE_FREQUENCY_LIMIT_REFUSED frequency_limit" ]
}

@test "people are told every refusal, with what would pass" {
    order --quantity 1.5 --limit-price 199.503
    iag orders preview --enable-preview "${order[@]}"
    expect 1
    [ "$stderr" = "ORDER_VALIDATION_FAILED: refused by 'quantity': allowed 'a multiple of 1', got '1.5'; 2 refusals in all
Action: give 1 or 2
- quantity: allowed 'a multiple of 1', got '1.5': give 1 or 2
- limit_price: allowed 'a multiple of 0.01', got '199.503': give 199.50 or 199.51" ]
}

@test "commission, margin and questions are told where the broker says them" {
    preview --limit-price 199.50
    expect 0
    [ "$(json 'j.estimated_commission' <<<"$output")" = \
        '{"amount":"1.00","currency":"USD"}' ]
    mkdir "$BATS_TEST_TMPDIR/fixtures"
    cat >"$BATS_TEST_TMPDIR/fixtures/order_whatif.json" <<'END'
{"key": "account_id", "answers": {"DU1234567": {
    "margin_impact": {"amount": "598.50", "currency": "USD"},
    "questions": [{"message_id": "o163", "text": "Price off by 3 %?"},
        {"message_id": "o383", "text": "Large order?"}]}}}
END
    sed -i "s|^plugins:|&\n  options: {fake: {fixtures: $BATS_TEST_TMPDIR/fixtures}}|
        s|backend: fake|&, questions: [o383]|" "$config"
    preview --limit-price 199.50
    expect 0
    [ "$(json '[j.margin_impact.amount, j.estimated_commission,
        j.questions.map((q) => q.message_id + q.allowed)].join()' \
        <<<"$output")" = "598.50,,o163false,o383true" ]
    has "$(json 'j.warnings' <<<"$output")" broker.questions
    sed -i 's/"margin_impact".*/"refusal": "no trading permission",/' \
        "$BATS_TEST_TMPDIR/fixtures/order_whatif.json"
    preview --limit-price 199.50
    expect 1
    [ "$(rules)" = "ORDER_BROKER_REFUSED broker" ]
}

@test "a replacement counts what it adds to the order that it replaces" {
    scopes="$all_read_scopes, ibkr:orders:preview, ibkr:approvals:create,
        ibkr:orders:paper:submit, ibkr:orders:paper:modify"
    paper=", risk_policy_id: day" preview_config "risk_policies: {day: {
        enabled: true, allowed_symbols: [AAPL], allowed_asset_classes: [stock],
        session_limit: {max_orders_per_session: 1,
            max_session_notional: {amount: 2000, currency: USD},
            timezone: UTC, starts_at: '00:00'}}}"
    preview --limit-price 199.50 --quantity 5
    expect 0
    approve
    iag --json orders submit --account DU1234567 --approval-id "$approval" \
        --idempotency-key first --enable-paper
    expect 0
    preview --limit-price 199.40 --quantity 6
    expect 1
    [ "$(rules)" = "LIVE_SESSION_ORDER_LIMIT_REFUSED session_limit.max_orders_per_session
LIVE_SESSION_NOTIONAL_LIMIT_REFUSED session_limit.max_session_notional" ]
    preview --limit-price 199.40 --quantity 6 \
        --broker-order-id local-candidate-first
    expect 0
    approve
    iag --json policy explain --preview-id "$id" \
        --broker-order-id local-candidate-first
    expect 0
    [ "$(json 'j.verdict' <<<"$output")" = pass ]
    iag --json orders paper-modify --account DU1234567 --enable-paper \
        --broker-order-id local-candidate-first --approval-id "$approval" \
        --preview-id "$id" --idempotency-key second --quantity 6
    expect 0
    preview --limit-price 199.40 --broker-order-id nosuch
    expect 1
    has "$(rules)" "ORDER_TARGET_UNKNOWN broker_order_id"
    preview --limit-price 199.40 --side sell \
        --broker-order-id local-candidate-first
    expect 1
    has "$(rules)" "MODIFY_TARGET_MISMATCH broker_order_id"
}

@test "a replacement that changes nothing is refused, before and at the modify" {
    scopes="$all_read_scopes, ibkr:orders:preview, ibkr:approvals:create,
        ibkr:orders:paper:submit, ibkr:orders:paper:modify" preview_config
    preview --limit-price 190.50 --quantity 5
    expect 0
    approve
    iag --json orders submit --account DU1234567 --approval-id "$approval" \
        --idempotency-key first --enable-paper
    expect 0
    preview --limit-price 190.5 --quantity 5.0 \
        --broker-order-id local-candidate-first
    expect 1
    [ "$(rules)" = "MODIFY_WITHOUT_CHANGE changes" ]
    has "$stderr" "give another quantity, price or time_in_force"
    # nor does another exchange alone: no modify sends an order elsewhere
    preview --limit-price 190.50 --quantity 5 --exchange NASDAQ \
        --broker-order-id local-candidate-first
    expect 1
    [ "$(rules)" = "MODIFY_TARGET_MISMATCH broker_order_id" ]
    has "$stderr" "another exchange"
    preview --limit-price 190.50 --quantity 6 \
        --broker-order-id local-candidate-first
    expect 0
    approve
    change "$id" "$approval" second
    expect 0
    # what was previewed before it was made so changes nothing any more
    preview --limit-price 190.50 --quantity 6
    expect 0
    approve
    change "$id" "$approval" third
    expect 1
    [ "$(json j.code <<<"$stderr")" = MODIFY_TARGET_MISMATCH ]
    has "$stderr" "no change of it"
}

# change PREVIEW APPROVAL KEY: replaces the order of the key first
change() {
    iag --json orders paper-modify --account DU1234567 --enable-paper \
        --broker-order-id local-candidate-first --approval-id "$2" \
        --preview-id "$1" --idempotency-key "$3"
}

# approve the preview of the last run: $id, $approval
approve() {
    id=$(json 'j.preview_id' <<<"$output")
    iag --json approvals create --account DU1234567 --preview-id "$id"
    expect 0
    approval=$(json 'j.approval_id' <<<"$output")
}
