# SPDX-License-Identifier: MIT
# Copyright (C) 2026 the ibkr-agent-gateway authors
#
# The whole way of a live order through the Client Portal writer, before the
# simulator with a live login and the broker's own limits: gates, approval, kill
# switch, questions, change, cancel, bracket, lost answers and the operator's
# last word.  What is refused has not left; what left is at the broker once.

load helper
load simulator
load desk

setup() {
    simulator_setup
    simulator_start --login live "$@"
    desk live
    {
        echo "broker:"
        echo "  backend: client_portal_gateway"
        echo "  base_url: $base/v1/api"
        echo "  allow_insecure_tls_for_localhost: true"
        echo "  questions: [live:o163]"
    } >"$BATS_TEST_TMPDIR/broker"
    sed -i -e "/^broker:/{r $BATS_TEST_TMPDIR/broker
d}" -e 's/writer: local-candidate/writer: client-portal/' \
        -e 's/^  risk_policy_id/  allowed_writers: [client-portal]\n&/' \
        "$config"
}

teardown() {
    simulator_stop
}

# placed: how many requests to place, change or cancel have reached the broker
placed() {
    request GET "$base/sim/requests?since=0"
    get 'j.requests.filter((r) => r.method === "DELETE" ||
        /\/(orders|reply\/.*|order\/\d+)$/.test(r.target) &&
        r.method === "POST").length'
}

# landed REF: how often the book has the order, and its state
landed() {
    request GET "$base/sim/book"
    get "j.orders.filter((o) => o.coid === '$1').map((o) => o.status).join()"
}

# until_placed COUNT: so many of them
until_placed() {
    local try
    for try in {1..300}; do
        [ "$(placed)" -lt "$1" ] || return 0
    done
    echo "not there after $try looks"
    return 1
}

# lose EXECUTE: the answer to the next order gets lost
lose() {
    control faults "{\"method\":\"POST\",\"path\":\"/iserver/account/*/orders\",
        \"effect\":\"close\",\"execute\":\"$1\",\"times\":1}"
}

@test "inv3 inv7 a live order passes every gate, and leaves once" {
    approve
    submit k1
    is "$(outcome) $(refusals)" \
        "refused LIVE_KILL_SWITCH_CLOSED kill_switch,checklist"
    switch open
    submit k1
    is "$(outcome) $(refusals)" "refused LIVE_MIGRATION_REQUIRED checklist"
    open_live
    price=170.00 run ! preview
    has "$output" max_price_deviation_bps
    is "$(placed)" 0
    approve
    submit k1
    is "$(outcome)" "done open"
    is "$(json '[j.mode, j.simulated ?? false, j.separation].join()' \
        <<<"$output")" live,false,same_uid
    submit k1
    is "$(outcome)" "done open replayed"
    submit k2
    is "$(outcome)" "refused APPROVAL_CONSUMED"
    is "$(placed)" 1
    approve
    switch close
    submit k3
    is "$(outcome)" "refused LIVE_KILL_SWITCH_CLOSED"
    is "$(placed) $(landed k1) $(landed k3)" "1 Submitted "
    iag audit verify --state
    expect 0
}

@test "inv4 a live order is changed, cancelled, asked about, and whole" {
    open_live
    approve
    submit k1
    expect 0
    id=$(json j.broker_order_id <<<"$output")
    modify "$id" m1 199.00
    is "$(outcome)" "done open"
    cancel "$id" c1
    has "$(outcome)" "done "
    is "$(landed k1)" Cancelled
    approve
    control reactions '{"questions":[["o163"]]}'
    submit k2
    is "$(outcome)" "done open"
    approve
    control reactions '{"questions":[["o163"],["o451"]]}'
    submit k3
    is "$(outcome) $(landed k3)" "refused BROKER_QUESTION_REFUSED "
    has "$stderr" o451
    # at the last moment, between the broker's question and the answer
    approve
    control reactions '{"questions":[["o163"]]}'
    control faults '{"method":"POST","path":"/iserver/account/*/orders",
        "effect":"delay","ms":20000,"times":1}'
    local before sender
    before=$(placed)
    submit k4 3>&- &
    sender=$!
    until_placed $((before + 1))
    switch close
    wait "$sender"
    is "$(landed k4)" ""
    switch open
    approve_bracket
    bracket b1
    expect 0
    is "$(json '[j.atomicity, j.legs.length].join()' <<<"$output")" \
        broker_bracket,3
    switch close
    cancel "$(json 'j.legs[0].broker_order_id' <<<"$output")" c2
    is "$(outcome)" "refused LIVE_KILL_SWITCH_CLOSED"
    iag --json orders cancel-all --account "$account" --reason "end of day"
    expect 0
    # the exits went with their entry: gone, and not failed
    is "$(json j.failed <<<"$output")" 0
    request GET "$base/sim/book"
    is "$(get 'j.orders.filter((o) => o.alive).length')" 0
    iag audit verify --state
    expect 0
}

@test "inv4 what is lost is found; what is not there waits for the operator" {
    open_live
    approve
    lose first
    submit k1
    is "$(outcome)" "unknown ORDER_OUTCOME_UNKNOWN"
    approve
    lose never
    submit k2
    is "$(outcome)" "unknown ORDER_OUTCOME_UNKNOWN"
    is "$(placed)" 2
    iag --json reconcile
    expect 0
    is "$(pending)" "k2 unknown"
    submit k2
    is "$(outcome)" "unknown ORDER_OUTCOME_UNKNOWN"
    # nothing can be on its way any more; only the operator may say so
    ahead 130
    iag --json orders resolve k2 --account "$account"
    is "$(pending)" "k2 unknown"
    has "$output$stderr" --accept-absent
    iag --json orders resolve k2 --account "$account" --accept-absent \
        --reason "not on the broker's screen"
    expect 0
    is "$(pending)" ""
    is "$(placed) $(landed k1) $(landed k2)" "2 Submitted "
    iag audit verify --state
    expect 0
}
