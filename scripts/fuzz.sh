#!/bin/bash
# SPDX-License-Identifier: MIT
# Copyright (C) 2026 the ibkr-agent-gateway authors
#
# fuzz.sh: builds the fuzzers with clang's libFuzzer, ASan and UBSan in
# BUILDDIR/fuzz and runs each for FUZZ_SECONDS.  Inputs that it finds new stay
# in BUILDDIR/fuzz/found, those that break something in BUILDDIR/fuzz/broken.
set -eu
cd "$(dirname "$0")/.."
: "${BUILDDIR:=build}" "${FUZZ_SECONDS:=60}" "${MAKE:=make}"
source=$PWD
command -v clang >/dev/null || {
    echo "fuzz: clang is not installed" >&2
    exit 1
}
mkdir -p "$BUILDDIR/fuzz"
cd "$BUILDDIR/fuzz"
[ -f config.status ] || "$source/configure" -q --enable-fuzzing CC=clang \
    CFLAGS="-g -O1 -fsanitize=fuzzer-no-link,address,undefined \
-fno-sanitize-recover=all"
$MAKE -j2 fuzzers >make.log 2>&1 || {
    tail -n 30 make.log >&2
    exit 1
}

failed=0
for fuzzer in tests/fuzz/fuzz-*; do
    case $fuzzer in *\* | *.o) continue ;; esac
    name=${fuzzer##*/fuzz-}
    mkdir -p "found/$name" broken
    if "$fuzzer" -max_total_time="$FUZZ_SECONDS" -timeout=10 -rss_limit_mb=2048 \
        -artifact_prefix="broken/$name-" -close_fd_mask=1 \
        "found/$name" "$source/tests/fuzz/corpus/$name" >"$name.log" 2>&1; then
        echo "fuzz: $name: nothing broke ($(grep -c . "$name.log") lines," \
            "$(find "found/$name" -type f | wc -l) new inputs)"
    else
        tail -n 40 "$name.log"
        echo "fuzz: $name: broke, see $PWD/broken" >&2
        failed=1
    fi
done
exit $failed
