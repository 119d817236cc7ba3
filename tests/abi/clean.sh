#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (C) 2026 the ibkr-agent-gateway authors
#
# Each installed header of the ABI stands alone, in every C and C++ that an
# author may use, and brings in nothing but stddef.h and stdint.h.
set -u
headers=$IAG_TEST_SRCDIR/include
n=0
strict='-Wall -Wextra -Wpedantic -Werror -fsyntax-only'

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

# compile STANDARD FILE: FILE uses every header and every macro
c_takes() {
    # shellcheck disable=SC2086
    ${IAG_TEST_CC:-cc} -std="$1" $strict -I"$headers" use.c
}

cxx_takes() {
    # shellcheck disable=SC2086
    c++ -std="$1" $strict -I"$headers" -x c++ use.c
}

stands_alone() {
    printf '#include "ibkr-agent/%s.h"\nint unused;\n' "$1" >alone.c &&
        ${IAG_TEST_CC:-cc} -std=c90 -Wall -Wextra -Wpedantic -Werror \
            -fsyntax-only -I"$headers" alone.c
}

# no macro, type or function of ours without the prefix
is_prefixed() {
    ${IAG_TEST_CC:-cc} -E -dM -I"$headers" use.c |
        awk '{ sub(/\(.*/, "", $2); print $2 }' | sort >with
    printf '#include <stddef.h>\n#include <stdint.h>\n' >bare.c
    ${IAG_TEST_CC:-cc} -E -dM bare.c |
        awk '{ sub(/\(.*/, "", $2); print $2 }' | sort >without
    ! comm -23 with without | grep -vE '^(IAG_|IBKR_AGENT_)'
}

cd "$TMPDIR" || exit 99
cat >use.c <<'END'
#include "ibkr-agent/backend.h"
#include "ibkr-agent/store.h"
#include "ibkr-agent/writer.h"

int use(const struct iag_host *host, const struct iag_order *order);

int
use(const struct iag_host *host, const struct iag_order *order)
{
	return IAG_HAS(struct iag_host, host, session_get) &&
	    IAG_HAS(struct iag_order, order, parent_ref);
}

const struct iag_plugin *
iag_plugin_1(void)
{
	return NULL;
}
END

echo 1..14
for standard in c90 c99 c11 gnu17; do
    claim "the headers are $standard" c_takes $standard
done
if command -v c++ >/dev/null 2>&1; then
    for standard in c++98 c++11 c++20; do
        claim "the headers are $standard" cxx_takes $standard
    done
else
    for standard in c++98 c++11 c++20; do
        n=$((n + 1))
        echo "ok $n - the headers are $standard # SKIP no C++ compiler"
    done
fi
for header in types broker plugin backend writer store; do
    claim "$header.h stands alone" stands_alone $header
done
claim "every macro of the headers has the prefix" is_prefixed
