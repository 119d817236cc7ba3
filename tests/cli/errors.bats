#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Copyright (C) 2026 the ibkr-agent-gateway authors
#
# What is said when something is wrong: what it was, what is allowed, what to
# do about it; and results that people read.
load helper
load desk

@test "a wrong argument is named as it was typed" {
    desk paper
    iag orders preview --account DU1234567 --symbol AAPL --side buy \
        --quantity 1 --order-type magic --enable-preview
    expect 2
    has "$stderr" "option '--order-type': expected one of" "got 'magic'" Action:
    iag contracts resolve "$(printf 'x%.0s' {1..40})"
    expect 2
    has "$stderr" "operand 'SYMBOL'"
    # programs are told the tool's own names
    iag --json orders preview --account DU1234567 --symbol AAPL --side up \
        --quantity 1 --enable-preview
    expect 2
    has "$(json j.message <<<"$stderr")" "argument 'side'"
}

@test "orders modify and orders approve say no to whatever they are given" {
    desk paper
    iag orders modify --account DU1234567 --broker-order-id 1 --quantity 5
    expect 1
    has "$stderr" READONLY_WRITE_FORBIDDEN "orders paper-modify" \
        "orders live-modify"
    iag orders approve 17 --yes
    expect 1
    has "$stderr" READONLY_WRITE_FORBIDDEN "approvals create"
    iag --json audit tail --limit 2
    expect 0
    [ "$(json 'j.events.map((r) => r.event.tool_name).join()' <<<"$output")" = \
        ibkr_order_approve,ibkr_order_modify ]
}

@test "the checklist says that it is complete, an activation what changed" {
    desk live
    # shellcheck disable=SC2086
    iag live checklist acknowledge --account U7654321 $checklist_items
    expect 0
    iag live checklist show --account U7654321
    expect 0
    [[ $output =~ complete\ +yes ]]
    iag live activate
    expect 0
    iag live activate
    expect 0
    [[ $output != *changed* ]]
}
