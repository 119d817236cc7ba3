# SPDX-License-Identifier: MIT
# Copyright (C) 2026 the ibkr-agent-gateway authors
#
# A simulator of each test's own, for bats files.

simulator_setup() {
    command -v curl >/dev/null || skip "curl is not installed"
    simulator=$IAG_TEST_BUILDDIR/ibkr-agent-sim
    simulator_pid=
}

# simulator_start OPTION...: sets base to its address.  Limits are raised
# unless the options say otherwise.
simulator_start() {
    local said=$BATS_TEST_TMPDIR/said
    rm -f "$said"
    mkfifo "$said.fifo"
    "$simulator" --port 0 --midnight never --pacing 50 "$@" \
        >"$said.fifo" 3>&- &
    simulator_pid=$!
    head -n 4 "$said.fifo" >"$said"
    rm "$said.fifo"
    base=$(sed -n 's/^listening //p' "$said")
    [ -n "$base" ]
}

simulator_stop() {
    [ -n "${simulator_pid-}" ] || return 0
    kill "$simulator_pid" 2>/dev/null || true
    wait "$simulator_pid" || {
        echo "the simulator ended with $?"
        return 1
    }
}

# request METHOD URL [BODY]: sets code (000: no answer) and body
request() {
    local all
    all=$(curl -sk --max-time 10 -H 'Expect:' -w '\n%{http_code}' -X "$1" \
        ${3+--data-binary "$3"} "$2") || true
    code=${all##*$'\n'}
    body=${all%$'\n'*}
}

# api METHOD PATH [BODY]: of the broker's interface
api() {
    request "$1" "$base/v1/api/$2" ${3+"$3"}
}

# control NOUN BODY, seen NOUN: of the control interface
control() {
    request POST "$base/sim/$1" "$2"
    [ "$code" = 200 ] || {
        echo "/sim/$1: $code $body"
        return 1
    }
}

seen() {
    request GET "$base/sim/$1"
}

# get EXPRESSION: of the last body, as j
get() {
    json "$1" <<<"$body"
}

# next_day: midnight passes on a manual clock, and somebody logs in again
next_day() {
    control clock '{"advance_ms":86400000}'
    control login '{}'
    # lists and trades are cold at first
    api POST iserver/auth/ssodh/init '{"publish":true,"compete":true}'
    api GET iserver/accounts
    api GET iserver/account/orders
    api GET iserver/account/trades
}
