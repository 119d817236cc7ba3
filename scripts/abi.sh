#!/bin/bash
# SPDX-License-Identifier: MIT
# Copyright (C) 2026 the ibkr-agent-gateway authors
#
# abi.sh check: compares the records of the plugin ABI and the functions of the
# facade, as the installed headers have them, with the baseline in tests/abi, no
# suppressions: every difference is shown and fails, appended members too.  The
# library must export what the baseline knows, and nothing else.
# abi.sh update: writes the baseline anew, for review in the same commit as the
# change.
# abi.sh freeze: at a release, copies headers and layout to tests/abi/frozen-1,
# where they stay as that release had them.
set -eu
cd "$(dirname "$0")/.."
: "${BUILDDIR:=build}"
library=$BUILDDIR/.libs/libibkr-agent.so
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
command -v abidw >/dev/null || {
    echo "abi: abidw is not installed (abigail-tools)" >&2
    exit 1
}

# gcc whatever builds the rest: baselines of two compilers differ
gcc -g -O0 -fPIC -shared -Iinclude -o "$work/probe.so" tests/abi/probe.c

read_abi() {
    abidw --no-corpus-path --no-comp-dir-path --short-locs --no-show-locs \
        --headers-dir include/ibkr-agent "$work/probe.so"
}

compare() {
    read_abi >"$work/now.abi"
    abidiff --harmless --no-default-suppression --no-show-locs \
        tests/abi/baseline.abi "$work/now.abi"
}

exports() {
    sed -n 's/^\tFUNCTION(\(.*\));/\1/p' tests/abi/probe.c >"$work/known"
    nm -D --defined-only "$library" | sed -n 's/.* T \([^@]*\).*/\1/p' |
        LC_ALL=C sort | diff -u "$work/known" - &&
        sed -n 's/^ \(iag_[^@]*\)@IBKR_AGENT_0 .*/\1/p' \
            debian/libibkr-agent0.symbols | diff -u "$work/known" -
}

case ${1-} in
check)
    rc=0
    compare || rc=1
    exports || {
        echo "abi: the library, debian/libibkr-agent0.symbols and" \
            "tests/abi/probe.c have other names" >&2
        rc=1
    }
    [ $rc -eq 0 ] && echo "abi: as in the baseline"
    exit $rc
    ;;
update)
    read_abi >tests/abi/baseline.abi
    ;;
freeze)
    mkdir -p tests/abi/frozen-1/ibkr-agent
    for h in types broker plugin backend writer store; do
        cp "include/ibkr-agent/$h.h" tests/abi/frozen-1/ibkr-agent/
    done
    cp tests/abi/layout.c tests/abi/frozen-1/layout.c
    ;;
*)
    echo "abi: say check, update or freeze" >&2
    exit 2
    ;;
esac
