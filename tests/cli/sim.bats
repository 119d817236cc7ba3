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
