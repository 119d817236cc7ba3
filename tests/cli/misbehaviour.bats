# SPDX-License-Identifier: MIT
# Copyright (C) 2026 the ibkr-agent-gateway authors
#
# A broker that misbehaves, seen by the caller and by the operator: silence,
# answers that are lost, late, doubled or another order's, ids that change,
# states that nobody knows, rejections that come after the acknowledgement.
# Whatever it does, the outcome is told as what it is, the broker has the
# order at most once, and a key tells the same when it is asked again.

load helper
load desk

# what hangs is given up soon
patience=2

setup() {
    desk paper
}

# row WORD...: a failure names the row of its table
row() {
    echo "row: $*"
}

# submit_each: an order for each row of the table on stdin: what the broker
# does, and how the submit ends
submit_each() {
    local script first
    while IFS='|' read -r script first; do
        row "$mode" submit "$script"
        desk "$mode" "$script"
        approve
        submit "k-$script"
        is "$(outcome)" "$first"
        used[$script]="$preview $approval"
    done
}

# again SCRIPT OUTCOME: how its key answers now
again() {
    row "$mode" again "$1"
    read -r preview approval <<<"${used[$1]}"
    submit "k-$1"
    is "$(outcome)" "$2"
}

# counts: "SCRIPT NUMBER" of the orders that the broker has, in one line
counts() {
    "$IAG_TEST_PROGRAM" --json orders list --account "$account" |
        json 'const n = {};
            for (const o of j.orders)
                if (/^k-/.test(o.client_order_id ?? ""))
                    n[o.client_order_id.slice(2)] =
                        (n[o.client_order_id.slice(2)] ?? 0) + 1;
            Object.keys(n).sort().map((k) => `${k} ${n[k]}`).join(", ")'
}

# What becomes of a new order.
submits() {
    local script
    local -A used
    submit_each <<'TABLE'
fill|done filled
partial|done open
twice|done submitted
reject|refused ORDER_POLICY_REFUSED
reject-later|done submitted
lose|unknown ORDER_OUTCOME_UNKNOWN
late|unknown ORDER_OUTCOME_UNKNOWN
other|unknown ORDER_OUTCOME_UNKNOWN
odd-status|unknown ORDER_OUTCOME_UNKNOWN
TABLE
    is "$(pending | sort | tr '\n' ';')" \
        "k-late unknown;k-lose unknown;k-odd-status unknown;k-other unknown;"
    # one look settles all; those that were only acknowledged are open now,
    # or rejected
    is "$(reconcile)" "4 0 6"
    is "$(pending)" ""
    is "$(counts)" \
        "fill 1, late 1, lose 1, odd-status 1, other 1, partial 1, reject-later 1, twice 1"
    for script in lose late other odd-status twice reject-later; do
        again "$script" "done submitted replayed"
    done
    again reject "refused ORDER_POLICY_REFUSED"
    again fill "done filled replayed"
    # what has ended stays so, whatever is asked of it
    cancel local-candidate-k-fill c-fill
    is "$(outcome)" "refused ORDER_VALIDATION_FAILED"
    cancel local-candidate-k-reject-later c-reject-later
    is "$(outcome)" "refused ORDER_VALIDATION_FAILED"
    is "$(reconcile)" "0 0 0"
    is "$(status_of local-candidate-k-fill)" filled
    is "$(status_of local-candidate-k-reject-later)" cancelled
}

# changes: of a cancel and of a modify. The columns of the table on stdin: what
# the broker does, how both end, how many one look settles, how the order
# stands after the cancel, its limit price after the modify.
changes() {
    local script first settled after price_after id
    while IFS='|' read -r script first settled after price_after; do
        row "$mode" change "$script"
        desk "$mode" open "$script"
        for id in c m; do
            approve
            submit "$id-$script"
            expect 0
        done
        cancel "local-candidate-c-$script" "cc-$script"
        is "$(outcome)" "${first/DONE/done cancelled}"
        modify "local-candidate-m-$script" "mm-$script" 199.00
        is "$(outcome)" "${first/DONE/done submitted}"
        is "$(reconcile | cut -d ' ' -f 1,2)" "$settled 0"
        is "$("$IAG_TEST_PROGRAM" --json orders list --account "$account" |
            json "const of = (k) => j.orders.filter((o) =>
                o.client_order_id === k + '-$script');
                [of('c').length, of('c')[0].status, of('m').length,
                of('m')[0].limit_price].join()")" "1,$after,1,$price_after"
        cancel "local-candidate-c-$script" "cc-$script"
        is "$(outcome)" "${first/#@(DONE|unknown)*/done cancelled replayed}"
    done
}

# brackets: the columns are what the broker does, how the submit ends, how many
# legs one look settles, how often the broker has each leg, the answer then.
brackets() {
    local script first settled counts again key
    while IFS='|' read -r script first settled counts again; do
        row "$mode" bracket "$script"
        desk "$mode" "$script"
        approve_bracket
        key=b-$script
        bracket "$key"
        is "$(outcome)" "$first"
        is "$(reconcile | cut -d ' ' -f 1,2)" "$settled 0"
        is "$("$IAG_TEST_PROGRAM" --json orders list --account "$account" |
            json "['', '-tp', '-sl'].map((leg) => j.orders.filter((o) =>
                o.client_order_id === '$key' + leg).length).join(' ')")" \
            "$counts"
        bracket "$key"
        is "$(outcome)" "$again"
    done
}

@test "inv2 inv4 paper orders, whatever the broker answers" {
    submits
}

@test "inv2 inv4 live orders, whatever the broker answers" {
    desk live
    open_live
    submits
    iag audit verify --state
    expect 0
}

@test "inv2 inv4 cancels and modifications, whatever the broker answers" {
    shopt -s extglob
    changes <<'TABLE'
open|DONE|0|cancelled|199.00
refuse|refused BROKER_BACKEND_UNAVAILABLE|0|open|199.50
reject|refused ORDER_POLICY_REFUSED|0|open|199.50
late|unknown ORDER_OUTCOME_UNKNOWN|2|cancelled|199.00
other|unknown ORDER_OUTCOME_UNKNOWN|2|cancelled|199.00
odd-status|unknown ORDER_OUTCOME_UNKNOWN|2|cancelled|199.00
TABLE
    desk live
    open_live
    changes <<'TABLE'
reject|refused ORDER_POLICY_REFUSED|0|open|199.50
lose|unknown ORDER_OUTCOME_UNKNOWN|2|cancelled|199.00
TABLE
}

@test "inv2 inv4 brackets, whatever the broker answers" {
    brackets <<'TABLE'
twice|done submitted|0|1 1 1|done submitted replayed
refuse|refused BROKER_BACKEND_UNAVAILABLE|0|0 0 0|refused BROKER_BACKEND_UNAVAILABLE
reject|refused ORDER_POLICY_REFUSED|0|0 0 0|refused ORDER_POLICY_REFUSED
odd-status|unknown ORDER_OUTCOME_UNKNOWN|3|1 1 1|done submitted replayed
TABLE
    desk live
    open_live
    brackets <<'TABLE'
reject|refused ORDER_POLICY_REFUSED|0|0 0 0|refused ORDER_POLICY_REFUSED
other|unknown ORDER_OUTCOME_UNKNOWN|3|1 1 1|done submitted replayed
TABLE
}

@test "inv2 inv4 on live, silence ends by the operator's word alone" {
    desk live hang
    open_live
    approve
    submit k1
    is "$(outcome)" "unknown ORDER_OUTCOME_UNKNOWN"
    is "$(json '[j.retryable, j.details.client_order_id].join()' \
        <<<"$stderr")" false,k1
    has "$(json j.details.resolve_command <<<"$stderr")" "orders resolve k1"
    desk live open
    # the first look is none for the word
    iag --json orders resolve k1 --account "$account" --accept-absent \
        --reason "not on the broker's screen"
    expect 1
    has "$stderr" "is needed before your word counts"
    is "$(reconcile)" "0 1 0"
    submit k1
    is "$(outcome)" "unknown ORDER_OUTCOME_UNKNOWN"
    is "$(at_broker k1)" 0
    # its approval stays used: another key is no way around
    submit k2
    is "$(outcome)" "refused APPROVAL_CONSUMED"
    patience=60 desk live open
    iag --json orders resolve k1 --account "$account" --accept-absent \
        --reason "not on the broker's screen"
    expect 0
    is "$(json j.state <<<"$output")" refused
    submit k1
    is "$(json '[j.outcome, j.retryable].join()' <<<"$stderr")" refused,false
    is "$(at_broker k1)" 0
    iag --json audit tail --limit 20
    has "$output" order_absence_accepted "not on the broker"
}

@test "inv3 what was not sent burns neither key nor approval" {
    local each
    for each in paper live; do
        desk "$each" refuse
        [ "$each" = paper ] || open_live
        approve
        submit k1
        is "$(outcome)" "refused BROKER_BACKEND_UNAVAILABLE"
        desk "$each" open
        submit k1
        is "$(outcome)" "done submitted"
        is "$(at_broker k1)" 1
    done
}

@test "inv2 an order that gets another id is one order, under its new id" {
    desk paper new-id
    approve
    submit k1
    is "$(outcome)" "done submitted"
    is "$(reconcile)" "0 0 1"
    is "$(at_broker k1)" 1
    is "$(status_of local-candidate-replaced)" open
    is "$(status_of k1)" open
    iag --json orders status --account "$account" \
        --broker-order-id local-candidate-k1
    has "$output" "replaced by local-candidate-replaced"
    is "$(reconcile)" "0 0 0"
    submit k1
    is "$(outcome)" "done submitted replayed"
}

# an order under the id that its submit answered, which the broker has since
# given up
renamed() {
    desk "$mode" new-id
    approve
    submit k1
    is "$(outcome)" "done submitted"
    reconcile >/dev/null
    is "$(status_of local-candidate-replaced)" open
    desk "$mode" open "${1-open}"
}

@test "a cancel by an order's former id cancels the order" {
    local each
    for each in paper live; do
        mode=$each
        desk "$mode"
        [ "$mode" = paper ] || open_live
        renamed
        cancel local-candidate-k1 c1
        is "$(outcome)" "done cancelled"
        is "$(json j.broker_order_id <<<"$output")" local-candidate-replaced
        is "$(status_of local-candidate-replaced)" cancelled
        iag --json orders status --account "$account" \
            --broker-order-id local-candidate-k1
        has "$output" "replaced by local-candidate-replaced"
        cancel local-candidate-k1 c1
        is "$(outcome)" "done cancelled replayed"
    done
}

@test "a modify by an order's former id changes the order" {
    local each
    for each in paper live; do
        mode=$each
        desk "$mode"
        [ "$mode" = paper ] || open_live
        renamed
        modify local-candidate-k1 m1 199.00
        is "$(outcome)" "done submitted"
        is "$(json j.broker_order_id <<<"$output")" local-candidate-replaced
        is "$("$IAG_TEST_PROGRAM" --json orders list --account "$account" |
            json 'j.orders.filter((o) => o.client_order_id === "k1").map(
                (o) => `${o.broker_order_id} ${o.status} ${o.limit_price}`
                ).join()')" "local-candidate-replaced open 199.00"
        is "$(reconcile | cut -d ' ' -f 1,2)" "0 0"
        # while a change of it is unknown, no other one, by whatever id
        desk "$mode" open lose
        modify local-candidate-k1 m2 198.00
        is "$(outcome)" "unknown ORDER_OUTCOME_UNKNOWN"
        desk "$mode"
        modify local-candidate-k1 m3 197.00
        is "$(outcome)" "refused MODIFY_TARGET_MISMATCH"
        modify local-candidate-replaced m4 197.00
        is "$(outcome)" "refused MODIFY_TARGET_MISMATCH"
        is "$(reconcile | cut -d ' ' -f 1,2)" "1 0"
        modify local-candidate-k1 m5 197.00
        is "$(outcome)" "done submitted"
    done
}

@test "a change under way while its order gets another id is the order's" {
    local sender
    patience=6
    desk paper new-id late
    approve
    submit k1
    is "$(outcome)" "done submitted"
    price=199.00 approve --broker-order-id local-candidate-k1
    "$IAG_TEST_PROGRAM" --json orders paper-modify --enable-paper \
        --account "$account" --broker-order-id local-candidate-k1 \
        --approval-id "$approval" --preview-id "$preview" \
        --limit-price 199.00 --idempotency-key m1 \
        >"$BATS_TEST_TMPDIR/sent" 2>&1 3>&- &
    sender=$!
    until [ "$(pending)" = "m1 recorded" ]; do
        kill -0 "$sender"
    done
    # the order gets its new id while the sender waits
    is "$(reconcile)" "0 0 1"
    wait "$sender" || true
    has "$(<"$BATS_TEST_TMPDIR/sent")" ORDER_OUTCOME_UNKNOWN
    is "$(reconcile)" "1 0 1"
    is "$("$IAG_TEST_PROGRAM" --json orders list --account "$account" |
        json 'j.orders.filter((o) => o.client_order_id === "k1").map(
            (o) => `${o.broker_order_id} ${o.status} ${o.limit_price}`
            ).join()')" "local-candidate-replaced open 199.00"
    is "$(reconcile)" "0 0 0"
}

@test "inv4 a filled order stays filled when the broker says otherwise" {
    local own=$BATS_TEST_TMPDIR/fixtures
    desk paper fill
    approve
    submit k1
    is "$(outcome)" "done filled"
    mkdir "$own"
    cp "$IAG_TEST_SRCDIR"/plugins/backend-fake/fixtures/*.json "$own/"
    chmod 755 "$own"
    sed -i '0,/"broker_order_id": "[^"]*"/s//"broker_order_id": "local-candidate-k1"/; 0,/"account_id": "[^"]*"/s//"account_id": "DU1234567"/' \
        "$own/orders_list.json"
    sed -i "s|backend: fake|backend: fake, fixture_root: $own|" "$config"
    grep -q local-candidate-k1 "$own/orders_list.json"
    iag --json orders list --account "$account"
    is "$(json 'j.orders.filter((o) => o.broker_order_id ===
        "local-candidate-k1").map((o) => o.status).join()' <<<"$output")" \
        filled
    is "$(reconcile)" "0 0 0"
    is "$(status_of local-candidate-k1)" filled
}

@test "an account that the broker calls by another mode gets no order" {
    local own=$BATS_TEST_TMPDIR/fixtures each
    mkdir "$own"
    cp "$IAG_TEST_SRCDIR"/plugins/backend-fake/fixtures/*.json "$own/"
    chmod 755 "$own"
    sed -i 's/"account_mode": "paper"/"account_mode": "x"/
        s/"account_mode": "live"/"account_mode": "paper"/
        s/"account_mode": "x"/"account_mode": "live"/' \
        "$own"/account*.json
    for each in paper live; do
        desk "$each"
        [ "$each" = paper ] || open_live
        approve
        sed -i "s|backend: fake|backend: fake, fixture_root: $own|" "$config"
        submit k1
        is "$(outcome)" "refused ACCOUNT_MODE_MISMATCH"
        desk "$each"
        is "$(at_broker k1)" 0
    done
}
