# SPDX-License-Identifier: MIT
# Copyright (C) 2026 the ibkr-agent-gateway authors
#
# ibkr-agent-sim from outside, over TLS with curl: what a client of the broker
# meets, and that the control interface shows what has happened.

load helper
load simulator

setup() {
    simulator_setup
}

teardown() {
    simulator_stop
}

order='{"orders":[{"acctId":"DU1234567","conid":265598,"cOID":"k1",
    "orderType":"LMT","price":190.00,"side":"BUY","tif":"DAY","quantity":5}]}'

@test "help and version" {
    run --separate-stderr "$simulator" --help
    expect 0
    has "$output" "--port NUMBER" "--seed"
    run --separate-stderr "$simulator" --version
    expect 0
    has "$output" "ibkr-agent-sim "
    run --separate-stderr "$simulator" --prot 1
    expect 2
    has "$stderr" "is no option"
    run --separate-stderr "$simulator" --port 70000
    expect 2
    has "$stderr" "--port: expected 0..65535"
}

@test "it says where it listens, by what it is known, and its seed" {
    simulator_start --seed 7
    has "$(cat "$BATS_TEST_TMPDIR/said")" "listening https://127.0.0.1:" \
        "certificate " "pin sha256//" "seed 7"
}

@test "only TLS 1.2 is spoken" {
    simulator_start
    run curl -sk --tlsv1.3 "$base/v1/api/tickle"
    [ "$status" -ne 0 ]
    run curl -sk --tlsv1.2 "$base/v1/api/tickle"
    [ "$status" -eq 0 ]
}

@test "accounts come first, then orders; the list is cold once" {
    simulator_start
    api POST iserver/account/DU1234567/orders "$order"
    [ "$code" = 400 ]
    has "$body" "Please query /accounts first"
    api GET iserver/accounts
    [ "$(get 'j.isPaper && j.selectedAccount')" = DU1234567 ]
    api POST iserver/account/DU1234567/orders "$order"
    [ "$(get 'j[0].order_status')" = PreSubmitted ]
    api GET iserver/account/orders
    [ "$(get 'j.orders.length + "," + j.snapshot')" = 0,false ]
    api GET iserver/account/orders
    [ "$(get 'j.orders[0].order_ref + "," + j.orders[0].status')" = \
        k1,Submitted ]
}

@test "an order whose answer is lost has landed, once" {
    simulator_start
    api GET iserver/accounts
    control faults '{"method":"POST","path":"/iserver/account/*/orders",
        "effect":"close","execute":"first"}'
    api POST iserver/account/DU1234567/orders "$order"
    [ "$code" = 000 ]
    api POST iserver/account/DU1234567/orders "$order"
    has "$body" "Local order ID=k1 is already registered"
    seen book
    [ "$(get 'j.orders.length')" = 1 ]
}

@test "an order that is closed on before it is executed has not landed" {
    simulator_start
    api GET iserver/accounts
    control faults '{"path":"/iserver/account/*/orders","effect":"close"}'
    api POST iserver/account/DU1234567/orders "$order"
    [ "$code" = 000 ]
    seen book
    [ "$(get 'j.orders.length')" = 0 ]
    seen requests
    [ "$(get 'j.requests.filter((r) => r.method === "POST").length')" = 1 ]
}

@test "a late answer is late" {
    simulator_start
    control faults '{"effect":"delay","ms":300}'
    run curl -sk --max-time 0.1 "$base/v1/api/tickle"
    [ "$status" -eq 28 ]
    api GET tickle
    [ "$code" = 200 ]
}

ticket() {
    printf '{"acctId":"DU1234567","conid":265598,%s,"orderType":"%s",
        "price":%s,"side":"%s","tif":"GTC","quantity":%s}' "$@"
}

@test "a question chain over the wire: asked, asked again, taken" {
    simulator_start
    api GET iserver/accounts
    control reactions '{"coid":"q","questions":[["o163"],["o451","o383"]]}'
    api POST iserver/account/DU1234567/orders \
        "{\"orders\":[$(ticket '"cOID":"q"' LMT 198 BUY 5)]}"
    [ "$(get 'j[0].messageIds[0]')" = o163 ]
    api POST "iserver/reply/$(get 'j[0].id')" '{"confirmed":true}'
    [ "$(get 'j[0].messageIds.join()')" = o451,o383 ]
    api POST "iserver/reply/$(get 'j[0].id')" '{"confirmed":true}'
    [ "$(get 'j[0].local_order_id')" = q ]
    api POST iserver/reply/00000000-0000-4000-8000-000000000000 \
        '{"confirmed":true}'
    [ "$code" = 400 ]
    has "$body" "reply id not found: '00000000"
}

@test "an order is changed and cancelled; a bracket fills and ends itself" {
    simulator_start
    api GET iserver/accounts
    api POST iserver/account/DU1234567/orders \
        "{\"orders\":[$(ticket '"cOID":"m"' LMT 198 BUY 5)]}"
    local id
    id=$(get 'j[0].order_id')
    api POST "iserver/account/DU1234567/order/$id" \
        "$(ticket '"cOID":"m"' LMT 197 BUY 7)"
    [ "$(get 'j[0].order_id')" = "$id" ]
    api DELETE "iserver/account/DU1234567/order/$id"
    [ "$(get 'j.order_id + j.msg')" = "${id}Request was submitted" ]
    api POST iserver/account/DU1234567/orders \
        "{\"orders\":[$(ticket '"cOID":"b"' LMT 199.6 BUY 5),
        $(ticket '"parentId":"b"' LMT 210 SELL 5),
        $(ticket '"parentId":"b"' STP 190 SELL 5)]}"
    [ "$(get 'j[2].local_order_id + j[0].parent_order_id')" = bb ]
    control quotes '{"265598":{"bid":189,"last":189.5}}'
    seen book
    [ "$(get 'j.orders.map((o) => o.status).join()')" = \
        Cancelled,Filled,Filled,Cancelled ]
}

@test "each fault, seen by curl" {
    simulator_start
    local url=$base/v1/api/tickle
    # EFFECT and the exit status of curl
    while read -r expected fault; do
        control faults "$fault"
        run curl -sk --max-time 0.5 "$url"
        [ "$status" -eq "$expected" ] || {
            echo "$fault: $status, not $expected"
            return 1
        }
    done <<'END'
52 {"effect":"close"}
28 {"effect":"hang"}
28 {"effect":"delay","ms":2000}
18 {"effect":"truncate"}
0 {"effect":"gzip"}
0 {"effect":"oversize","bytes":100000}
0 {"effect":"garbage"}
END
    control faults '{"effect":"redirect"}'
    run curl -sk -o /dev/null -w '%{http_code} %{redirect_url}' "$url"
    has "$output" "302 https://api.ibkr.com/"
    control faults '{"effect":"answer","answer":"unavailable"}'
    api GET tickle
    [ "$code" = 503 ]
    control faults '{"effect":"oversize","bytes":100000}'
    [ "$(curl -sk "$url" | wc -c)" -gt 100000 ]
    control faults '{"effect":"gzip"}'
    curl -sk --compressed "$url" | json 'j.iserver.authStatus.connected'
    [ "$(curl -sk "$url" | json 'j.iserver.authStatus.connected')" = true ]
}

@test "requests over a limit get 429, and the counters show it" {
    simulator_start --pacing 1
    api GET portfolio/accounts
    [ "$code" = 200 ]
    api GET portfolio/accounts
    [ "$code,$body" = 429, ]
    seen counters
    [ "$(get 'j.pacing.limits.find((l) => l.name === "accounts").over')" = 1 ]
    [ "$(get 'j.pacing.limits.find((l) => l.name === "all").over')" = 0 ]
}

@test "a manual clock stands still until it is moved" {
    simulator_start --clock 2026-07-28T14:00:00Z
    seen clock
    [ "$(get j.now_ms)" = 1785247200000 ]
    control clock '{"advance_ms":360000}'
    api POST iserver/auth/status '{}'
    [ "$(get 'j.authenticated + "," + j.connected')" = false,true ]
}

@test "a login of the live account, from the login page on" {
    simulator_start --state login --login live
    api GET tickle
    [ "$code" = 401 ]
    request GET "$base/sso/Login"
    has "$body" 'action="/sim/login"'
    request POST "$base/sim/login" ''
    api POST iserver/auth/ssodh/init '{"publish":true,"compete":false}'
    [ "$(get 'j.authenticated')" = true ]
    control clock '{"advance_ms":1500}'
    api GET iserver/accounts
    [ "$(get 'j.accounts.join() + j.isPaper')" = U7654321false ]
}

@test "the certificate can be trusted by file, and can have expired" {
    simulator_start --write-certificate "$BATS_TEST_TMPDIR/ca.pem"
    local trusting=(curl -s -o /dev/null --cacert "$BATS_TEST_TMPDIR/ca.pem")
    "${trusting[@]}" "$base/v1/api/tickle"
    "${trusting[@]}" --pinnedpubkey \
        "$(sed -n 's/^pin //p' "$BATS_TEST_TMPDIR/said")" "$base/v1/api/tickle"
    simulator_stop
    simulator_start --expired --write-certificate "$BATS_TEST_TMPDIR/ca.pem"
    run "${trusting[@]}" "$base/v1/api/tickle"
    [ "$status" -eq 60 ]
    run openssl x509 -in "$BATS_TEST_TMPDIR/ca.pem" -noout -checkend 0
    [ "$status" -eq 1 ]
}

@test "a restart closes the connections and forgets the login" {
    simulator_start
    control restart '{}'
    local i
    for i in 1 2 3 4 5 6 7 8 9 10; do
        request GET "$base/sim/state"
        [ "$code" != 200 ] || [ "$(get j.login)" = true ] || break
    done
    api GET tickle
    [ "$code" = 401 ]
}

@test "a script from a file moves the quotes" {
    echo '[{"at_ms":0,"path":"/sim/quotes","body":{"265598":{"ask":198}}}]' \
        >"$BATS_TEST_TMPDIR/script.json"
    simulator_start --script "$BATS_TEST_TMPDIR/script.json"
    seen quotes
    [ "$(get 'j["265598"].ask')" = 198.00 ]
    echo '[{"at_ms":0,"path":"/nothing"}]' >"$BATS_TEST_TMPDIR/script.json"
    run --separate-stderr "$simulator" --port 0 \
        --script "$BATS_TEST_TMPDIR/script.json"
    expect 1
    has "$stderr" "script.json: step 0: path: expected one that begins with"
}

@test "the manual page has the options, effects and answers of the program" {
    local page word
    page=$(cat "$IAG_TEST_SRCDIR/docs/ibkr-agent-sim.1")
    for word in $("$simulator" --help | sed -n 's/^  --\([a-z-]*\).*/\1/p'); do
        has "$page" "Fl -$word"
    done
    for word in $(sed -n 's/^\t{ "\([a-z]*\)", FAULT_EXECUTE.*/\1/p' \
        "$IAG_TEST_SRCDIR/src/sim/fault.c"); do
        has "$page" ".It Cm $word"
    done
    for word in $(sed -n 's/^\t\[KNOWN_.* { "\([a-z_0-9]*\)",.*/\1/p' \
        "$IAG_TEST_SRCDIR/src/sim/known.c"); do
        has "$page" "$word"
    done
    ! command -v mandoc >/dev/null || run mandoc -Tlint -W warning \
        "$IAG_TEST_SRCDIR/docs/ibkr-agent-sim.1"
    [ -z "$output" ]
}
