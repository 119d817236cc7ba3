#!/bin/bash
# SPDX-License-Identifier: MIT
# Copyright (C) 2026 the ibkr-agent-gateway authors
#
# abi.sh check: compares the plugin ABI (the records of the installed headers)
# and the exported library with the baselines in tests/abi, no suppressions:
# every difference is shown and fails, appended members too.
# abi.sh update: writes the baselines anew, for review in the same commit as
# the change.
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
        --headers-dir include/ibkr-agent "$1"
}

compare() {
    [ -f "$2" ] || {
        echo "abi: '$2' is missing: run make abi-update" >&2
        return 1
    }
    read_abi "$1" >"$work/now.abi"
    abidiff --harmless --no-default-suppression --no-show-locs "$2" "$work/now.abi"
}

case ${1-} in
check)
    rc=0
    compare "$work/probe.so" tests/abi/plugin.abi || rc=1
    if [ -f "$library" ]; then
        compare "$library" tests/abi/library.abi || rc=1
    fi
    [ $rc -eq 0 ] && echo "abi: as in the baseline"
    exit $rc
    ;;
update)
    read_abi "$work/probe.so" >tests/abi/plugin.abi
    if [ -f "$library" ]; then read_abi "$library" >tests/abi/library.abi; fi
    ;;
freeze)
    mkdir -p tests/abi/frozen-1/ibkr-agent
    for h in types plugin backend writer store; do
        cp "include/ibkr-agent/$h.h" tests/abi/frozen-1/ibkr-agent/
    done
    cp tests/abi/layout.c tests/abi/frozen-1/layout.c
    ;;
*)
    echo "abi: say check, update or freeze" >&2
    exit 2
    ;;
esac
