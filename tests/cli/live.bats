# SPDX-License-Identifier: MIT
# Copyright (C) 2026 the ibkr-agent-gateway authors
#
# Live orders through all gates, over the fake broker and with the writer
# that only simulates: activation, checklist, kill switch, clock.

load helper

setup() {
    command -v script >/dev/null || skip "script(1) is not installed"
    scopes="$all_read_scopes, ibkr:orders:preview, ibkr:approvals:create,
        ibkr:orders:live:submit, ibkr:orders:live:cancel"
    live_config 1000000
}

# live_config AMOUNT: the example's settings for the fake broker's account
live_config() {
    make_config "audit: {path: $BATS_TEST_TMPDIR/store, live_write_retention_days: 2555}" \
        "order_preview: {enabled: true}" \
        "safety: {live_trading_enabled: true}" \
        "live_trading:" "  enabled: true" "  allowed_accounts: [U7654321]" \
        "  allowed_writers: [local-candidate, refusing]" \
        "  writer: local-candidate" "  risk_policy_id: small" \
        "  paper_to_live_checklist_acknowledged: true" \
        "risk_policies:" "  small:" "    enabled: true" \
        "    max_notional: {amount: \"$1\", currency: USD}" \
        "    max_quantity: \"100\"" "    allowed_symbols: [AAPL]" \
        "    allowed_asset_classes: [stock]" \
        "    frequency_limit: {max_orders: 5, window_seconds: 300}" \
        "    session_limit:" "      max_orders_per_session: 20" \
        "      max_session_notional: {amount: \"5000000\", currency: USD}" \
        "      timezone: America/New_York" "      starts_at: \"09:30\"" \
        "    max_price_deviation_bps: 5000" \
        "    max_quote_age_seconds: 30"
    # make_config has the store already
    sed -i "0,/^audit: /{/^audit: /d}" "$config"
}

# at_terminal WORD...: a command of the program with a terminal
at_terminal() {
    script -qec "$(printf '%q ' "$IAG_TEST_PROGRAM" "$@")" /dev/null
}

preview() {
    iag --json orders preview --enable-preview --account U7654321 \
        --symbol AAPL --side buy --quantity 1 --order-type limit \
        --time-in-force day --limit-price 199.50
    expect 0
    preview=$(json j.preview_id <<<"$output")
    iag --json approvals create --account U7654321 --preview-id "$preview"
    expect 0
    approval=$(json j.approval_id <<<"$output")
}

submit() {
    iag --json orders live-submit --enable-live --account U7654321 \
        --preview-id "$preview" --approval-id "$approval" \
        --idempotency-key "$1"
}

# the rules that refused the last run
rules() {
    json 'j.refusals.map((r) => r.rule).join()' <<<"$stderr"
}

@test "inv7 a live order passes once every gate is open" {
    preview
    submit order-1
    expect 1
    [ "$(rules)" = kill_switch,checklist ]
    iag --json live checklist acknowledge --account U7654321 \
        paper_trading_validated approvals_reviewed limits_reviewed \
        kill_switch_tested
    expect 0
    [ "$(json j.complete <<<"$output")" = false ]
    at_terminal kill-switch open --reason test
    submit order-1
    expect 1
    [ "$(rules)" = checklist ]
    has "$stderr" incident_runbook_reviewed
    iag live checklist acknowledge --account U7654321 \
        incident_runbook_reviewed
    expect 0
    submit order-1
    expect 0
    [ "$(json '[j.mode, j.status !== "refused", j.simulated,
        j.separation].join()' <<<"$output")" = live,true,true,same_uid ]
    preview
    iag kill-switch close --reason "in between"
    expect 0
    submit order-2
    expect 1
    [ "$(json j.code <<<"$stderr")" = LIVE_KILL_SWITCH_CLOSED ]
    # the same key is told again, whatever the switch says
    iag live checklist revoke --account U7654321
    expect 0
    iag --json live checklist show --account U7654321
    [ "$(json 'j.items.filter((i) => i.acknowledged).length' \
        <<<"$output")" = 0 ]
    at_terminal kill-switch open --reason again
    submit order-2
    expect 1
    [ "$(rules)" = checklist ]
    submit order-2 # nothing was burned
    [ "$(rules)" = checklist ]
    iag audit verify --state
    expect 0
}

@test "inv7 another configuration than the one in force refuses" {
    # the first start says what is in force
    iag health
    expect 0
    iag --json audit tail --limit 5
    has "$output" live_configuration_activated
    live_config 5
    at_terminal kill-switch open --reason test
    iag live checklist acknowledge --account U7654321 \
        paper_trading_validated approvals_reviewed limits_reviewed \
        kill_switch_tested incident_runbook_reviewed
    expect 0
    iag --json doctor
    expect 1
    [ "$(json 'j.checks.find((c) => c.check === "live").state' \
        <<<"$output")" = fail ]
    has "$output" risk_policies.small "live activate"
    live_config 2000000
    preview
    submit order-1
    expect 1
    [ "$(rules)" = live_configuration ]
    has "$stderr" risk_policies.small
    iag --json live activate
    expect 0
    [ "$(json j.changed <<<"$output")" = risk_policies.small ]
    submit order-1
    expect 0
    iag --json doctor
    expect 0
    [ "$(json 'j.checks.filter((c) => ["switch", "live", "checklist"]
        .includes(c.check)).map((c) => c.state).join()' \
        <<<"$output")" = ok,ok,ok ]
}

@test "the doctor names what live orders lack, and looks at the clock" {
    iag health
    iag doctor
    expect 0
    has "$output" "a new store begins closed" "kill-switch open" \
        "U7654321 lacks paper_trading_validated" "live checklist acknowledge"
    iag --json doctor clock
    expect 0
    [ "$(json j.sound <<<"$output")" = true ]
    iag doctor clock --accept
    expect 2
    iag --json doctor clock --accept --reason "looked at it"
    expect 0
    [ "$(json j.accepted <<<"$output")" = true ]
    iag --json audit tail --limit 3
    has "$output" live_clock_accepted
}

# set_clock SECONDS: how far ahead the wall clock is from now on
set_clock() {
    [ -n "${LD_PRELOAD-}" ] || ahead 0
    export IAG_TEST_AHEAD=$1
}

@test "inv7 a clock that was set stops live orders, whatever else is sent" {
    local by
    set_clock 0
    # shellcheck disable=SC2086
    iag live checklist acknowledge --account U7654321 $(checklist)
    at_terminal kill-switch open --reason test
    preview
    submit order-1
    expect 0
    for by in 3600 3580; do # forward; back, so far that quotes are not old
        set_clock "$by"
        preview
        submit "after-$by"
        expect 1
        [ "$(rules)" = clock ]
        [ "$(json 'j.refusals[0].code' <<<"$stderr")" = LIVE_CLOCK_UNSOUND ]
        has "$stderr" "doctor clock --accept --reason TEXT"
        # cancels pass, and are no word of an operator about the clock
        iag --json orders live-cancel --enable-live --account U7654321 \
            --broker-order-id local-candidate-order-1 \
            --idempotency-key "cancel-$by"
        submit "after-$by"
        expect 1
        [ "$(rules)" = clock ]
        iag --json doctor clock
        [ "$(json j.sound <<<"$output")" = false ]
        iag doctor clock --accept --reason "compared with another"
        expect 0
        iag --json doctor clock
        [ "$(json j.sound <<<"$output")" = true ]
        preview
        submit "after-$by"
        expect 0
    done
    iag audit verify --state
    expect 0
}

checklist() {
    echo paper_trading_validated approvals_reviewed limits_reviewed \
        kill_switch_tested incident_runbook_reviewed
}
