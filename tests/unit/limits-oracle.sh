#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (C) 2026 the ibkr-agent-gateway authors

# Limits against an oracle of exact fractions.  IAG_ORACLE_CASES and
# IAG_ORACLE_SEED ask for more and for others.

if ! command -v python3 >/dev/null 2>&1; then
	echo "1..0 # SKIP no python3"
	exit 0
fi
if ! test -x "$IAG_TEST_BUILDDIR/tests/unit/test-limits"; then
	echo "1..0 # SKIP tests/unit/test-limits is not built: no cmocka"
	exit 0
fi
exec python3 "$IAG_TEST_SRCDIR/tests/unit/limits-oracle.py" \
	"$IAG_TEST_BUILDDIR/tests/unit/test-limits" \
	"${IAG_ORACLE_CASES:-20000}" "${IAG_ORACLE_SEED:-20261123}"
