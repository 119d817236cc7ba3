#!/bin/bash
# SPDX-License-Identifier: MIT
# Copyright (C) 2026 the ibkr-agent-gateway authors
#
# lint.sh: what other programs find in the sources: gcc's analyser,
# clang-tidy, shellcheck, mandoc, codespell; and the direction of includes.
# shellcheck disable=SC2317
set -u
cd "$(dirname "$0")/.." || exit 1
: "${BUILDDIR:=build}"
faults=0

run() {
    local name=$1
    shift
    if "$@"; then
        echo "lint: $name: nothing found"
    else
        echo "lint: $name: see above" >&2
        faults=$((faults + 1))
    fi
}

flags=(-std=gnu11 -include "$BUILDDIR/config.h" -Iinclude -Isrc "-I$BUILDDIR/src"
    -Iplugins/lib -Iplugins/backend-client-portal-gateway
    '-DIAG_PLUGINDIR="/p"' '-DIAG_DATADIR="/d"' '-DIAG_SYSCONFDIR="/s"')

# each FILTER COMMAND...: the command with each C file that grep -E finds
each() {
    local filter=$1
    shift
    bash scripts/sources.sh c | grep -E "$filter" | xargs -r -P2 -I{} "$@"
}

plain='^(plugins/|src/base/err\.c$)'
others='^src/(base/[^e]|base/e[^r]|b[^a]|[^b])'
contracts=(-include scripts/lint-contracts.h)

# gcc 12 sees leaks in every loop that fills an array, takes reallocarray for
# a stranger and what asprintf fills in for uninitialized: sanitizers, valgrind
# and clang look after those.
analyse() {
    local gcc=(gcc "${flags[@]}" -O1 -fanalyzer -Wno-analyzer-malloc-leak
        -Wno-analyzer-mismatching-deallocation
        -Wno-analyzer-use-of-uninitialized-value
        -fdiagnostics-path-format=none -Werror -c -o /dev/null)
    each "$plain" "${gcc[@]}" {} && each "$others" "${gcc[@]}" \
        "${contracts[@]}" {}
}

clang_tidy() {
    local tool out rc=0
    tool=$(command -v clang-tidy-14 || command -v clang-tidy) || return 1
    out=$({
        each "$plain" "$tool" --quiet {} -- "${flags[@]}" &&
            each "$others" "$tool" --quiet {} -- "${flags[@]}" \
                "${contracts[@]}"
    } 2>/dev/null) || rc=1
    grep -A 2 -E '(error|warning):' <<<"$out"
    return "$rc"
}

shell() {
    { bash scripts/sources.sh sh && grep -lE '^#!/bin/(ba)?sh' bootstrap \
        quickstart .ci/run contrib/git/* 2>/dev/null; } | xargs shellcheck
}

pages() {
    local out
    out=$(bash scripts/sources.sh 1 3 5 7 8 | grep '^docs/' |
        xargs -r mandoc -Tlint -Wwarning 2>&1)
    [ -z "$out" ] || {
        echo "$out"
        return 1
    }
}

spelling() {
    bash scripts/sources.sh c h sh md 1 3 5 7 8 ac am mk m4 bats mjs |
        xargs codespell --ignore-words scripts/words.txt
}

run "gcc -fanalyzer" analyse
run "clang-tidy" clang_tidy
run "shellcheck" shell
run "mandoc" pages
run "codespell" spelling
run "arrows" bash scripts/arrows.sh
exit $((faults > 0))
