#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (C) 2026 the ibkr-agent-gateway authors
#
# ibkr-agent-plugin(3) and the headers name the same things; what has come since
# the frozen headers stands in docs/abi.md.
set -u
page=$IAG_TEST_SRCDIR/docs/ibkr-agent-plugin.3
headers=$IAG_TEST_SRCDIR/include/ibkr-agent
n=0

# same TEXT FILE: the file is empty
empty() {
    n=$((n + 1))
    if [ -s "$2" ]; then
        echo "not ok $n - $1"
        sed 's/^/# /' "$2"
    else
        echo "ok $n - $1"
    fi
}

# names of the members of struct $1 in the headers, sorted
members() {
    cat "$headers"/[bpstw]*.h |
        awk -v s="struct $1 {" '
            $0 == s { on = 1; next }
            on && $0 == "};" { exit }
            on' |
        sed 's/\/\*.*\*\///' | tr '\n' ' ' |
        sed 's/\/\*[^*]*\*\+\([^/*][^*]*\*\+\)*\///g' | tr ';' '\n' |
        sed -n 's/.*(\*\([a-z_]*\))(.*/\1/p; t
            s/.*[ *]\([a-z_]*\) *$/\1/p' | grep . | sort -u
}

cd "$TMPDIR" || exit 99
echo 1..7
tr -c 'A-Za-z0-9_>-' '\n' <"$page" | sort -u >words
cat "$headers"/[bpstw]*.h | tr -c 'A-Za-z0-9_' '\n' | sort -u >known

for table in iag_host iag_instance_ops iag_store_ops; do
    members $table >all
    [ "$table" = iag_host ] && grep -c . all >count
    sed 's/^host->//' words | sort -u | comm -13 - all |
        grep -vxE 'struct_size|reserved|abi_minor' >missing
    case $table in
    # described as transactions, cursors and guards, not one by one
    iag_store_ops)
        grep -vE '^(get|put|del|cursor_|abort|guard|unguard|identity)' \
            missing >some
        mv some missing
        ;;
    iag_host) grep -vx version missing >some && mv some missing ;;
    esac
    empty "the page names the members of $table" missing
done
# shellcheck disable=SC2046
test $(cat count) -gt 20 || echo "the headers were not understood" >bad
touch bad
empty "the headers were understood" bad
sed -n 's/^host->//p' words | sort -u >used
members iag_host | comm -23 used - >unknown
empty "every service of the page is in the header" unknown
grep '^IAG_' words | comm -23 - known >unknown
empty "every name of the page is in the headers" unknown

now=$headers
for table in iag_host iag_plugin iag_backend_ops iag_writer_ops iag_store_ops; do
    members $table >all
    headers=$IAG_TEST_SRCDIR/tests/abi/frozen-1/ibkr-agent
    members $table | comm -13 - all
    headers=$now
done | grep -vE '_(count|size)$' >grown
sed '1,/^## Changes/d' "$IAG_TEST_SRCDIR/docs/abi.md" |
    tr -c 'A-Za-z0-9_' '\n' | sort -u >words
sort -u grown | comm -23 - words >unknown
empty "docs/abi.md lists what has come since the frozen headers" unknown
