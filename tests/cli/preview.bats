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
