# SPDX-License-Identifier: MIT
# Copyright (C) 2026 the ibkr-agent-gateway authors
#
# What a newcomer is shown works: each demonstration ends well, and checks on
# its way that what must be refused is.

load helper

setup() {
    local tool
    for tool in jq script; do
        command -v "$tool" >/dev/null || skip "$tool is not installed"
    done
}

demo() {
    run --separate-stderr bash "$IAG_TEST_SRCDIR/scripts/$1" \
        "$IAG_TEST_BUILDDIR" </dev/null
    expect 0
}

@test "a person and an agent read, and a changed store is seen" {
    demo demo.sh
    has "$output" "audit chain broken" "== Done"
}

@test "inv2 inv3 inv7 an order on its way, on paper and live" {
    demo demo-orders.sh
    has "$output" '"status":"requested"' '"replayed":true' \
        "audit chain broken" LIVE_KILL_SWITCH_CLOSED "== Done"
}
