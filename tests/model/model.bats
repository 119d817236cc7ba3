# SPDX-License-Identifier: MIT
# Copyright (C) 2026 the ibkr-agent-gateway authors
#
# The lifecycle of orders as a model, checked in full by spin; and with one
# rule left out at a time, where it has to find the fault.

setup_file() {
    local tool
    for tool in spin gcc; do
        command -v "$tool" >/dev/null || skip "$tool is not installed"
    done
}

# check DEFINES: print what the checker says of the model.
check() {
    cd "$BATS_TEST_TMPDIR"
    # shellcheck disable=SC2086
    spin -a $1 "$IAG_TEST_SRCDIR/tests/model/orders.pml" >spin.log
    gcc -O2 -w -DSAFETY -DVECTORSZ=2048 -o pan pan.c
    ./pan -m200000
}

holds() {
    run check "$1"
    echo "$output"
    [[ $output == *"errors: 0"* ]]
    [[ $output != *"search depth too small"* ]]
    [[ $output != *"max search depth"* ]]
}

finds() {
    run check "$1"
    echo "$output"
    [[ $output == *"errors: 1"* ]]
}

@test "inv1 inv2 inv3 inv7: no crash and no order of steps breaks the model" {
    holds -DCRASHES=2
}

@test "inv2 inv4 inv7: callers that give up a send break nothing either" {
    holds "-DGIVES_UP -DCRASHES=1"
}

@test "inv7: it is found when leave to send ends with the caller" {
    finds "-DGIVES_UP -DBREAK_LEAVE"
}

@test "inv4: it is found when a call that was given up begins to send" {
    finds "-DGIVES_UP -DBREAK_REVOKE"
}

@test "inv4: it is found when a given-up callback is forgotten" {
    finds "-DGIVES_UP -DBREAK_SENDING"
}

@test "inv2: it is found when replay is no part of the transaction" {
    finds -DBREAK_REPLAY
}

@test "inv3: it is found when an approval is not compared and set" {
    finds -DBREAK_APPROVAL
}

@test "inv7: it is found when commit_send does not read the switch" {
    finds -DBREAK_COMMIT
}

@test "inv7: it is found when a close does not wait for those under way" {
    finds -DBREAK_DRAIN
}

@test "inv2: it is found when the intent of a living owner is settled" {
    finds -DBREAK_OWNER
}

@test "inv4: it is found when absence is believed too early" {
    finds -DBREAK_FLIGHT
}

@test "inv4: it is found when an unknown outcome is sent again" {
    finds -DBREAK_RESEND
}

@test "inv4: it is found when a settled intent is settled again" {
    finds "-DBREAK_TERMINAL -DRECONCILERS=2"
}

@test "inv4: it is found when an order leaves a terminal state" {
    finds -DBREAK_ORDER
}
