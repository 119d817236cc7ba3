#!/bin/bash
# SPDX-License-Identifier: MIT
# Copyright (C) 2026 the ibkr-agent-gateway authors
#
# coverage.sh: runs the tests in a build of its own, BUILDDIR/coverage, and
# fails if fewer lines of src and plugins are run than
# scripts/coverage-floor.txt says (per cent).  Raise the floor with the code.
set -eu
cd "$(dirname "$0")/.."
: "${BUILDDIR:=build}" "${MAKE:=make}"
source=$PWD
floor=$(sed 's/#.*//' scripts/coverage-floor.txt)
mkdir -p "$BUILDDIR/coverage"
cd "$BUILDDIR/coverage"
[ -f config.status ] ||
    "$source/configure" -q CC=gcc CFLAGS="-g -O0 --coverage"
find . -name '*.gcda' -delete
# slower than what users run
export IAG_TEST_COVERAGE=1
$MAKE -j2 check >check.log 2>&1 || {
    grep -E '^(FAIL|ERROR):' check.log || tail -n 30 check.log
    exit 1
}
lcov -q --capture --directory . --output-file all.info >lcov.log 2>&1
lcov -q --extract all.info "$source/src/*" "$source/plugins/*" \
    --output-file coverage.info >>lcov.log 2>&1
lcov --list coverage.info --list-full-path | sed "s,$source/,," | tail -n +3
now=$(lcov --summary coverage.info 2>&1 |
    sed -n 's/.*lines\.*: *\([0-9.]*\)%.*/\1/p')
echo "coverage: $now % of the lines, at least $floor %"
awk -v now="$now" -v floor="$floor" 'BEGIN { exit !(now + 0 >= floor + 0) }'
