#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (C) 2026 the ibkr-agent-gateway authors
#
# Plugins that were built with the headers of the first ABI 1 still pass the
# contract kit in the program of today, and carry an order from preview to
# record when there are no others.  A plugin of ours that comes to need a later
# member leaves this list, or stays as it was in a copy.
set -u
src=$IAG_TEST_SRCDIR
n=0
echo 1..7

# result STATUS WHAT: a line of TAP; of a failure, what is in ./out
result() {
    n=$((n + 1))
    if [ "$1" -eq 0 ]; then
        echo "ok $n - $2"
    else
        echo "not ok $n - $2"
        sed 's/^/# /' out
    fi
}

# passes KIND-NAME FILE-OR-LIBRARY...: built, and through the kit
passes() {
    name=$1
    shift
    ${IAG_TEST_CC:-cc} -std=gnu11 -D_GNU_SOURCE -Werror -fPIC -shared \
        -fvisibility=hidden -Wl,-z,nodelete -DPACKAGE_VERSION='"1"' \
        -I"$src/tests/abi/frozen-1" -I"$src/plugins/$name" \
        -I"$src/plugins/lib" -o "old/$name.so" "$@" >out 2>&1 &&
        chmod 755 "old/$name.so" &&
        "$IAG_TEST_PROGRAM" plugins check "$PWD/old/$name.so" >out 2>&1
    result $? "$name built with the frozen headers passes the kit"
}

# ask ARGUMENT...: the answer in ./out
ask() {
    "$IAG_TEST_PROGRAM" --config "$PWD/old.yaml" --json "$@" >out 2>&1
}

# field NAME: the first of that name in the answer
field() {
    sed -n "s/^.*\"$1\": \"\([^\"]*\)\".*/\1/p" out | head -n 1
}

order() {
    ask orders preview --enable-preview --account DU1234567 --symbol AAPL \
        --side buy --quantity 5 --limit-price 199.50 || return
    preview=$(field preview_id)
    ask approvals create --account DU1234567 --preview-id "$preview" || return
    approval=$(field approval_id)
    ask orders submit --enable-paper --account DU1234567 \
        --approval-id "$approval" --idempotency-key old-1 || return
    [ "$(field status)" = filled ] && ask audit verify --state
}

cd "$TMPDIR" || exit 99
mkdir old
chmod 755 . old
passes backend-example "$src/contrib/plugin-template/backend-example.c"
passes writer-spool "$src/contrib/plugin-template/writer-spool.c"
passes writer-refusing "$src"/plugins/writer-refusing/*.c
passes writer-local-candidate "$src"/plugins/writer-local-candidate/*.c \
    -ljson-c
passes store-lmdb "$src"/plugins/store-lmdb/*.c -llmdb
passes backend-fake "$src"/plugins/backend-fake/*.c "$src"/plugins/lib/*.c \
    "$IAG_TEST_BUILDDIR/plugins/backend-fake/fixtures.c" -ljson-c

export IBKR_AUDIT_HMAC_SECRET=0123456789abcdef0123456789abcdef
cat >old.yaml <<END
broker: {backend: fake}
auth:
  enabled_scopes: [ibkr:health:read, ibkr:marketdata:read, ibkr:audit:read,
    ibkr:orders:preview, ibkr:approvals:create, ibkr:orders:paper:submit]
audit: {path: $PWD/store}
order_preview: {enabled: true}
paper_trading: {enabled: true, allowed_accounts: [DU1234567], writer: local-candidate}
plugins: {path: [$PWD/old], options: {local-candidate: {script: fill}}}
END
order
result $? "with these alone an order goes from preview to record"
