#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (C) 2026 the ibkr-agent-gateway authors
#
# The layout of the plugin ABI, as the compiler sees it.
set -u
src=$IAG_TEST_SRCDIR
abi=$src/tests/abi
n=0
echo 1..6

claim() {
    n=$((n + 1))
    text=$1
    shift
    if "$@" >out 2>&1; then
        echo "ok $n - $text"
    else
        echo "not ok $n - $text"
        sed 's/^/# /' out
    fi
}

compiles() {
    ${IAG_TEST_CC:-cc} -std=gnu11 -Werror -fsyntax-only "$@"
}

# says whether the compiler notices when sed changes one header
notices() {
    rm -rf changed
    cp -R "$src/include" changed && chmod -R u+w changed &&
        sed "$2" "$src/include/ibkr-agent/$1" >"changed/ibkr-agent/$1" &&
        ! cmp -s "changed/ibkr-agent/$1" "$src/include/ibkr-agent/$1" &&
        ! compiles -Ichanged "$abi/layout.c"
}

cd "$TMPDIR" || exit 1
claim "the headers have the layout that the table states, without padding" \
    compiles -Wpadded -I"$src/include" "$abi/layout.c"
claim "the frozen headers have the layout that their table states" \
    compiles -I"$abi/frozen-1" "$abi/frozen-1/layout.c"
claim "the headers hold every promise of the frozen table" \
    compiles -DABI_MAY_HAVE_GROWN -I"$src/include" "$abi/frozen-1/layout.c"
claim "a member put in between is noticed" \
    notices writer.h 's/^\tuint32_t need_flags;/\tuint32_t extra[2];&/'
claim "a member of another type is noticed" \
    notices types.h 's/^\tsize_t len;/\tint64_t len;/'
claim "a callback with another parameter is noticed" \
    notices plugin.h 's/(\*health)(struct/(*health)(const struct/'
