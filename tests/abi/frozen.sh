#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (C) 2026 the ibkr-agent-gateway authors
#
# Plugins that were built with the headers of the first ABI 1 still pass the
# contract kit in the program of today.
set -u
src=$IAG_TEST_SRCDIR
n=0
echo 1..2

# passes KIND-NAME SOURCE
passes() {
    n=$((n + 1))
    if ${IAG_TEST_CC:-cc} -std=gnu11 -Werror -fPIC -shared \
        -fvisibility=hidden -Wl,-z,nodelete -DPACKAGE_VERSION='"1"' \
        -I"$src/tests/abi/frozen-1" \
        -o "$1.so" "$src/$2" >out 2>&1 && chmod 755 "$1.so" &&
        "$IAG_TEST_PROGRAM" plugins check "$PWD/$1.so" >out 2>&1; then
        echo "ok $n - $1 built with the frozen headers passes the kit"
    else
        echo "not ok $n - $1 built with the frozen headers passes the kit"
        sed 's/^/# /' out
    fi
}

cd "$TMPDIR" || exit 99
chmod 755 .
passes backend-example contrib/plugin-template/backend-example.c
passes writer-refusing plugins/writer-refusing/writer.c
