#!/bin/bash
# SPDX-License-Identifier: MIT
# Copyright (C) 2026 the ibkr-agent-gateway authors
#
# style.sh [FILE...]: the form of the C files.  Layout (clang-format), banned
# calls, SPDX lines, headers that compile alone, installed headers as C90 and
# as C++.  Needs config.h of a build directory in BUILDDIR.
set -eu
cd "$(dirname "$0")/.."
: "${BUILDDIR:=build}" "${CC:=gcc}" "${CXX:=g++}"
faults=0

banned='sprintf|vsprintf|strcpy|stpcpy|strcat|strncpy|strncat|strtok|sscanf'
banned="$banned|atoi|atol|atoll|atof|gets|alloca|gmtime|localtime|asctime"
banned="$banned|ctime|tmpnam|mktemp|rand|srand|setjmp|longjmp|system|popen"

fault() {
    echo "style: $*" >&2
    faults=$((faults + 1))
}

# comments are taken out first, so that they may name what is banned
banned_calls() {
    local hits
    hits=$($CC -fpreprocessed -dD -E -P "$1" 2>/dev/null |
        grep -nE "(^|[^A-Za-z0-9_.>])($banned)[[:space:]]*\(" || true)
    [ -z "$hits" ] || fault "$1: banned call: $hits"
}

head_lines() {
    sed -n 1p "$1" | grep -qx '/\* SPDX-License-Identifier: MIT \*/' ||
        fault "$1: the first line is not the SPDX line"
    if grep -nE '(^|[;{}])[[:space:]]*//' "$1"; then
        fault "$1: comments are /* */"
    fi
    if grep -nE '\b(TODO|FIXME|XXX)\b' "$1"; then
        fault "$1: unfinished work is not marked in the source"
    fi
}

alone() {
    echo "#include \"$1\"" | $CC -std=gnu11 -Wall -Wextra \
        -Wno-unused-parameter -Werror -fsyntax-only -include \
        "$BUILDDIR/config.h" -I. -Iinclude -Isrc -Iplugins/lib \
        -Iplugins/backend-client-portal-gateway -x c - ||
        fault "$1: does not compile alone"
}

installed() {
    local warn="-Wall -Wextra -Wpedantic -Werror -fsyntax-only -Iinclude"
    local inc="#include \"${1#include/}\""
    # shellcheck disable=SC2086
    {
        echo "$inc" | $CC -std=c90 $warn -Wno-long-long -x c - ||
            fault "$1: is not C90"
        echo "$inc" | $CXX -std=c++98 $warn -Wno-long-long -x c++ - ||
            fault "$1: is not C++98"
        echo "$inc" | $CXX -std=c++17 $warn -x c++ - ||
            fault "$1: is not C++17"
    }
}

format=$(command -v clang-format-14 || command -v clang-format || true)
[ -n "$format" ] || fault "clang-format is not installed"
[ -f "$BUILDDIR/config.h" ] || fault "'$BUILDDIR' has no config.h: configure it"

if [ $# -gt 0 ]; then files=("$@"); else
    mapfile -t files < <(bash scripts/sources.sh c h)
fi
[ -z "$format" ] || "$format" --dry-run -Werror "${files[@]}" ||
    fault "clang-format would change these files"
for f in "${files[@]}"; do
    head_lines "$f"
    banned_calls "$f"
    case $f in
    include/*.h)
        alone "$f"
        installed "$f"
        ;;
    # a list for the including file to expand
    src/base/codes.h) ;;
    contrib/* | tests/abi/frozen*) ;;
    *.h) alone "$f" ;;
    esac
done
[ "$faults" -eq 0 ] || exit 1
echo "style: ${#files[@]} files are in form"
