# SPDX-License-Identifier: MIT
# Copyright (C) 2026 the ibkr-agent-gateway authors
#
# Paper orders through the Client Portal writer before the simulator: done,
# refused, unknown, questions, brackets; each at the broker at most once.

load helper
load simulator

setup() {
    simulator_setup
    scopes="$all_read_scopes, ibkr:orders:preview, ibkr:orders:paper:submit,
        ibkr:orders:paper:cancel, ibkr:orders:paper:modify,
        ibkr:approvals:create"
    account=DU1234567
    sim_options=()
}

teardown() {
    simulator_stop
}

# house LINE...: a simulator, and a configuration with lines for the broker
house() {
    simulator_start "${sim_options[@]}"
    make_config "order_preview: {enabled: true}" \
        "paper_trading: {enabled: true, allowed_accounts: [$account], writer: client-portal}"
    {
        echo "broker:"
        echo "  backend: client_portal_gateway"
        echo "  base_url: $base/v1/api"
        echo "  allow_insecure_tls_for_localhost: true"
        echo "  simulator: true"
        echo "  pacing: 5000"
        printf '  %s\n' "$@"
    } >"$BATS_TEST_TMPDIR/broker"
    sed -i -e "/^broker:/{r $BATS_TEST_TMPDIR/broker
d}" "$config"
}

# approve OPTION...: an approved preview: $preview, $approval
approve() {
    [ $# -gt 0 ] || set -- --quantity 1 --limit-price 190.00
    iag --json orders preview --account $account --symbol AAPL --side buy \
        --order-type limit --time-in-force "${lifetime-day}" --enable-preview \
        "$@"
    expect 0
    preview=$(json j.preview_id <<<"$output")
    iag --json approvals create --account $account --preview-id "$preview"
    expect 0
    approval=$(json j.approval_id <<<"$output")
}

# submit KEY
submit() {
    iag --json orders submit --account $account --approval-id "$approval" \
        --idempotency-key "$1" --enable-paper
}

@test "an order is placed, found by both ids, cancelled" {
    house
    approve
    submit k1
    expect 0
    [ "$(json j.outcome <<<"$output")" != unknown ]
    id=$(json j.broker_order_id <<<"$output")
    iag --json orders status --account $account --broker-order-id k1
    expect 0
    [ "$(json j.broker_order_id <<<"$output")" = "$id" ]
    [ "$(json j.limit_price <<<"$output")" = 190.00 ]
    submit k1
    expect 0
    [ "$(json j.broker_order_id <<<"$output")" = "$id" ]
    iag --json orders cancel --account $account --broker-order-id "$id" \
        --idempotency-key c1 --enable-paper
    expect 0
    iag --json orders list --account $account
    [ "$(json "j.orders.filter(o => o.client_order_id === 'k1').length" \
        <<<"$output")" = 1 ]
}

@test "a question that is not allowed refuses the order and is shown" {
    house
    approve
    control reactions '{"questions":[[{"id":"o163","text":"far away?"}]]}'
    submit k1
    expect 1
    has "$stderr" BROKER_QUESTION_REFUSED o163
    [ "$(json j.outcome <<<"$stderr")" = refused ]
    iag --json orders list --account $account
    has "$output" '"orders": []'
}

@test "allowed questions are answered, round after round, and recorded" {
    house "questions: [o163, o383]"
    approve
    control reactions '{"questions":[[{"id":"o163","text":"far away?"}],
        [{"id":"o383","text":"so many?"}]]}'
    submit k1
    expect 0
    iag --json audit tail
    has "$output" broker_question_answered o163 o383
}

@test "a question is allowed for a mode or an account, and no other" {
    house "questions: [paper:o163, $account:o383, live:o451, U7654321:o354]"
    approve
    control reactions '{"questions":[["o163"],["o383"]]}'
    submit k1
    expect 0
    for id in o451 o354; do
        approve
        control reactions "{\"questions\":[[\"$id\"]]}"
        submit "k-$id"
        expect 1
        has "$stderr" BROKER_QUESTION_REFUSED "$id"
    done
}

@test "more questions than broker.max_reply_rounds refuse the order" {
    house "questions: [o163]" "max_reply_rounds: 2"
    approve
    control reactions '{"questions":[[{"id":"o163","text":"1"}],
        [{"id":"o163","text":"2"}],[{"id":"o163","text":"3"}]]}'
    submit k1
    expect 1
    has "$stderr" BROKER_QUESTION_REFUSED max_reply_rounds
}

@test "inv4: what is lost behind the broker is unknown, and found again" {
    house
    approve
    control faults '{"method":"POST","path":"/iserver/account/*/orders",
        "effect":"status","status":503,"execute":"first","times":1}'
    submit k1
    expect 1
    [ "$(json j.outcome <<<"$stderr")" = unknown ]
    iag --json orders resolve k1 --account $account
    expect 0
    iag --json orders list --account $account
    expect 0
    [ "$(json "j.orders.filter(o => o.client_order_id === 'k1').length" \
        <<<"$output")" = 1 ]
}

@test "inv2: a connection that closes behind the order never repeats it" {
    house
    for n in 1 2 3; do
        approve
        control faults '{"method":"POST","path":"/iserver/account/*/orders",
            "effect":"close","execute":"first","times":1}'
        submit "k$n"
        echo "$stderr"
        expect 1
        [ "$(json j.outcome <<<"$stderr")" = unknown ]
        request DELETE "$base/sim/faults"
    done
    iag --json orders list --account $account
    expect 0
    for n in 1 2 3; do
        [ "$(json "j.orders.filter(o => o.client_order_id === 'k$n').length" \
            <<<"$output")" = 1 ]
    done
}

@test "a session that ended: nothing is sent" {
    house
    approve
    control session '{"event":"end"}'
    submit k1
    expect 3
    has "$stderr" BROKER_SESSION
}

@test "inv4: what no order is to blame for says so, and its key is spent" {
    house
    local row
    for row in no_bridge:BROKER_SESSION_REQUIRED \
        access_denied:BROKER_BACKEND_UNAVAILABLE too_many:BROKER_RATE_LIMITED; do
        approve
        control faults "{\"method\":\"POST\",
            \"path\":\"/iserver/account/*/orders\",\"effect\":\"answer\",
            \"answer\":\"${row%:*}\"}"
        # the second time it is told again, not sent
        for _ in 1 2; do
            submit "${row%:*}"
            [ "$(json '[j.code, j.outcome, j.retryable].join()' \
                <<<"$stderr")" = "${row#*:},refused,false" ]
            has "$(json j.user_action <<<"$stderr")" "under a new key"
        done
    done
    seen "requests?since=0"
    [ "$(get "j.requests.filter((r) => r.method === 'POST' &&
        r.target.endsWith('/orders')).length")" = 3 ]
}

# bracket KEY: three approved legs, submitted together
bracket() {
    iag --json orders bracket-preview --account $account --symbol AAPL \
        --side buy --quantity 1 --entry-limit-price 190.00 \
        --take-profit-limit-price 210.00 \
        --stop-loss-stop-price 180.00 --enable-preview
    expect 0
    local leg approvals=() previews=$output
    for leg in parent take_profit stop_loss; do
        preview=$(json "j.$leg.preview_id" <<<"$previews")
        iag --json approvals create --account $account --preview-id "$preview"
        expect 0
        approvals+=("--${leg//_/-}-approval-id"
            "$(json j.approval_id <<<"$output")")
    done
    again=(orders bracket-submit --account $account "${approvals[@]}"
        --idempotency-key "$1" --enable-paper)
    iag --json "${again[@]}"
}

# reconcile until nothing is pending; a pass of a few seconds each
settled() {
    local i
    for i in {1..40}; do
        iag --json orders pending
        [ "$(json j.pending.length <<<"$output")" != 0 ] || return 0
        iag --json reconcile
        expect 0
    done
    echo "still pending after $i passes: $output"
    return 1
}

@test "a bracket has an id for each leg, and each is the right one" {
    house
    bracket b1
    expect 0
    seen book
    [ "$(get "j.orders.map((o) => [o.id, o.type]).sort().join()")" = \
        "$(json 'j.legs.map((l, i) => [l.broker_order_id,
            ["LMT", "LMT", "STP"][i]]).sort().join()' <<<"$output")" ]
    iag --json orders list --account $account
    expect 0
    [ "$(json 'j.orders.length' <<<"$output")" = 3 ]
}

@test "a replacement restates the whole order, and answers questions, too" {
    house "questions: [o10138]"
    approve
    submit k1
    expect 0
    id=$(json j.broker_order_id <<<"$output")
    approve --limit-price 191.00 --quantity 2 --broker-order-id "$id"
    control reactions '{"questions":[[{"id":"o10138","text":"resize?"}]]}'
    iag --json orders paper-modify --account $account --broker-order-id "$id" \
        --approval-id "$approval" --preview-id "$preview" \
        --limit-price 191.00 --quantity 2 --idempotency-key m1 --enable-paper
    expect 0
    iag --json orders list --account $account
    expect 0
    [ "$(json "j.orders.map(o => [o.client_order_id, o.limit_price,
        Number(o.quantity)]).join()" <<<"$output")" = k1,191.00,2 ]
}

@test "inv4: cancels: of what is gone refused, without an answer unknown" {
    house
    approve
    submit k1
    expect 0
    id=$(json j.broker_order_id <<<"$output")
    control faults '{"method":"DELETE","effect":"status","status":503,
        "execute":"first","times":1}'
    iag --json orders cancel --account $account --broker-order-id "$id" \
        --idempotency-key c1 --enable-paper
    expect 1
    [ "$(json j.outcome <<<"$stderr")" = unknown ]
    iag --json orders status --account $account --broker-order-id "$id"
    expect 0
    iag --json orders cancel --account $account --broker-order-id "$id" \
        --idempotency-key c2 --enable-paper
    [ "$status" -ne 0 ]
}

@test "inv4: a bracket whose entry fails is refused, its exits cancelled" {
    house
    local try
    control reactions '{"leg":0,"refuse":"failed","text":"too small"}'
    bracket b1
    for try in first second; do
        expect 1
        has "$stderr" ORDER_POLICY_REFUSED "the entry" "too small"
        [ "$(json j.outcome <<<"$stderr")" = refused ]
        seen book
        [ "$(get "j.orders.map((o) => o.status).join()")" = \
            Cancelled,Cancelled ]
        iag --json "${again[@]}"
    done
    # both were written down before they were sent
    iag --json audit tail --limit 100
    [ "$(grep -c '"order_part_settled"' <<<"$output")" = 4 ]
    iag audit verify --state
    expect 0
}

@test "inv4: exits that cannot be told apart are cancelled, each on record" {
    house
    control reactions '{"leg":0,"refuse":"failed","text":"too small"}'
    control faults '{"method":"GET","path":"/iserver/account/order/status/*",
        "effect":"status","status":500,"times":2}'
    bracket b1
    expect 1
    has "$stderr" ORDER_POLICY_REFUSED "too small" "which is which"
    [ "$(json j.outcome <<<"$stderr")" = refused ]
    seen book
    [ "$(get "j.orders.map((o) => o.status).join()")" = Cancelled,Cancelled ]
    iag --json audit tail --limit 100
    has "$output" '"order_intent_recorded"'
    # the intents of bracket and cancels, the ends of exits and cancels
    [ "$(grep -c '"order_intent_recorded"' <<<"$output")" = 3 ]
    [ "$(grep -c '"order_part_settled"' <<<"$output")" = 4 ]
    iag --json orders pending
    [ "$(json j.pending.length <<<"$output")" = 0 ]
}

@test "inv4: a bracket that loses an exit is taken back" {
    house
    local leg
    for leg in 1 2; do
        control reactions "{\"leg\":$leg,\"refuse\":\"failed\"}"
        bracket "b$leg"
        # the entry may fill until its cancel is through
        expect 1
        [ "$(json '[j.outcome, j.code, j.details.legs.map(
            (l) => l.outcome)].join()' <<<"$stderr")" = \
            "unknown,ORDER_OUTCOME_UNKNOWN,done,$([ $leg = 1 ] &&
            echo refused,done || echo done,refused)" ]
        has "$stderr" "is being cancelled"
        seen book
        [ "$(get "j.orders.filter((o) => o.alive &&
            o.status !== 'PendingCancel').length")" = 0 ]
        iag --json orders pending
        [ "$(json 'j.pending.map((p) => p.operation).join()' \
            <<<"$output")" = group ]
        settled
        # then nothing of it is left, and its key says so
        iag --json "${again[@]}"
        expect 1
        [ "$(json '[j.outcome, j.details.legs.map((l) => l.status).filter(
            (s) => s)].join()' <<<"$stderr")" = refused,cancelled,cancelled ]
        seen book
        [ "$(get j.orders.length)" = $((2 * leg)) ]
    done
}

@test "inv4: exits are cancelled once whose cancel is not answered" {
    house
    control reactions '{"leg":0,"refuse":"failed"}'
    control faults '{"method":"DELETE","effect":"close","execute":"first",
        "times":1}'
    bracket b1
    expect 1
    has "$stderr" ORDER_OUTCOME_UNKNOWN
    iag --json orders pending
    [ "$(json "j.pending.map((p) => [p.leg, p.operation]).join()" <<<"$output")" = \
        ,group,cancel_take_profit,cancel ]
    settled
    iag --json "${again[@]}"
    expect 1
    [ "$(json j.outcome <<<"$stderr")" = refused ]
    seen "requests?since=0"
    [ "$(get "j.requests.filter((r) => r.method === 'DELETE').length")" = 2 ]
    seen book
    [ "$(get "j.orders.map((o) => o.status).join()")" = Cancelled,Cancelled ]
}

@test "inv4: exits that nobody owns leave it open until they are cancelled" {
    house
    control reactions '{"leg":0,"refuse":"failed"}'
    control faults '{"method":"POST","path":"/iserver/account/*/orders",
        "effect":"close","execute":"first","times":1}'
    bracket b1
    expect 1
    [ "$(json j.outcome <<<"$stderr")" = unknown ]
    resolve=(orders resolve b1 --account $account --accept-absent
        --reason "the broker refused the entry")
    iag --json "${resolve[@]}"
    expect 1
    [ "$(json "j.details.requests.map((r) => r.inquiry).sort().join()" \
        <<<"$stderr")" = unclear,unclear,waiting ]
    local id
    seen book
    for id in $(get "j.orders.map((o) => o.id).join(' ')"); do
        api DELETE "iserver/account/$account/order/$id"
    done
    iag --json "${resolve[@]}"
    expect 1
    [ "$(json "j.details.requests.map((r) => r.inquiry).sort().join()" \
        <<<"$stderr")" = waiting,waiting,waiting ]
}

@test "a chain of five rounds is answered, each read; a sixth refuses" {
    house "questions: [o163, o383, o451, o354, o10151]"
    approve
    control reactions '{"questions":[["o163"],["o383"],["o451","o354"],
        ["o10151"],["o163"]]}'
    submit k1
    expect 0
    seen counters
    [ "$(get j.answers)" = 5 ]
    approve
    control reactions '{"questions":[["o163"],["o383"],["o451"],["o354"],
        ["o10151"],["o163"]]}'
    submit k2
    expect 1
    has "$stderr" BROKER_QUESTION_REFUSED max_reply_rounds
    iag --json orders list --account $account
    [ "$(json "j.orders.map(o => o.client_order_id).join()" <<<"$output")" = k1 ]
}

@test "a round with one id that is not allowed is answered with no" {
    house "questions: [o163]"
    approve
    control reactions '{"questions":[["o163"],
        [{"id":"o163","text":"yes?"},{"id":"o999","text":"a new one?"}]]}'
    submit k1
    expect 1
    has "$stderr" BROKER_QUESTION_REFUSED o999 "a new one?"
    seen "requests?since=0"
    [ "$(get 'j.requests.filter((r) => r.target.includes("/reply/"))
        .map((r) => r.body).join(" ")')" = \
        '{"confirmed":true} {"confirmed":false}' ]
    seen counters
    [ "$(get j.suppressions)" = 0 ]
    seen book
    [ "$(get j.orders.length)" = 0 ]
    # the key has its end, with the question in it
    submit k1
    expect 1
    has "$stderr" BROKER_QUESTION_REFUSED o999
    seen book
    [ "$(get j.orders.length)" = 0 ]
}

@test "inv4: a yes that came too late is unknown, and found if it landed" {
    house "questions: [o163]"
    local n=0 answer execute
    for answer in reply_unknown unavailable; do
        for execute in first never; do
            approve
            control reactions '{"questions":[["o163"]]}'
            control faults "{\"method\":\"POST\",\"path\":\"/iserver/reply/*\",
                \"effect\":\"answer\",\"answer\":\"$answer\",
                \"execute\":\"$execute\",\"times\":1}"
            submit "$execute$((++n))"
            expect 1
            [ "$(json j.outcome <<<"$stderr")" = unknown ]
            request DELETE "$base/sim/faults"
        done
    done
    # forgotten by the broker itself before the yes is there
    approve
    control settings '{"stale_ms":50}'
    control reactions '{"questions":[["o163"]]}'
    control faults '{"method":"POST","path":"/iserver/reply/*",
        "effect":"delay","ms":500,"execute":"late","times":1}'
    submit stale
    expect 1
    [ "$(json j.outcome <<<"$stderr")" = unknown ]
    iag --json reconcile
    expect 0
    iag --json orders pending
    expect 0
    [ "$(json 'j.pending.map((p) => p.idempotency_key).sort().join()' \
        <<<"$output")" = never2,never4,stale ]
    seen book
    [ "$(get 'j.orders.map((o) => o.coid).join()')" = first1,first3 ]
    for n in first1 first3; do
        submit $n # under another approval
        [ "$(json j.details.first_outcome <<<"$stderr")" = done ]
    done
    seen book
    [ "$(get j.orders.length)" = 2 ]
}

# a broker whose days end
days() {
    sim_options=(--clock manual --midnight America/New_York)
    house "$@"
    control settings '{"establish_ms":0,"warm_ms":0}'
}

@test "inv4: an order that was filled overnight is proven by its trades" {
    days
    approve
    submit k1
    expect 0
    id=$(json j.broker_order_id <<<"$output")
    control orders "{\"order_id\":$id,\"event\":\"fill\",\"quantity\":1,
        \"price\":190.00}"
    next_day
    api GET iserver/account/orders
    [ "$(json 'j.orders.length' <<<"$body")" = 0 ]
    iag --json reconcile
    expect 0
    [ "$(json '[j.transitions, j.unresolved].join()' <<<"$output")" = 1,0 ]
    has "$output" "order '$id' is filled"
    iag --json orders cancel-all --account $account --reason test
    expect 0
}

@test "inv4: an order that ended overnight ends by the operator's word" {
    days
    approve
    submit k1
    expect 0
    id=$(json j.broker_order_id <<<"$output")
    next_day
    # nothing shows it, and nothing proves how it ended
    iag --json reconcile
    expect 0
    [ "$(json '[j.transitions, j.unresolved].join()' <<<"$output")" = 0,1 ]
    has "$output" "order '$id' is in no list" \
        "orders resolve k1 --account $account --accept-absent"
    iag --json orders pending
    has "$output" "orders resolve k1 --account $account --accept-absent"
    iag --json orders cancel-all --account $account --reason test
    expect 1
    has "$output" "orders resolve k1 --account $account"
    iag --json orders resolve k1 --account $account
    expect 1
    has "$stderr" "too recent"
    ahead 300
    iag --json orders resolve k1 --account $account
    expect 1
    has "$stderr" ORDER_OUTCOME_UNKNOWN "--accept-absent --reason"
    iag --json orders resolve k1 --account $account --accept-absent \
        --reason "good for yesterday, not on the screen"
    expect 0
    [ "$(json 'j.orders.map((o) => [o.look, o.status]).join()' \
        <<<"$output")" = accepted,cancelled ]
    iag --json reconcile
    expect 0
    [ "$(json '[j.unresolved, j.late_landings].join()' <<<"$output")" = 0,0 ]
    iag --json orders cancel-all --account $account --reason test
    expect 0
    iag --json audit tail --limit 20
    has "$output" order_absence_accepted "good for yesterday"
    iag audit verify --state
    expect 0
}

@test "inv4: an order that works on the next day does not end by a word" {
    days
    lifetime=good_till_cancelled
    approve
    submit k1
    expect 0
    next_day
    ahead 300
    iag --json orders resolve k1 --account $account --accept-absent \
        --reason "I think so"
    expect 1
    has "$stderr" "the broker says so, too"
    iag --json orders cancel-all --account $account --reason test
    expect 0
}
