#!/bin/bash
# SPDX-License-Identifier: MIT
# Copyright (C) 2026 the ibkr-agent-gateway authors
#
# verify-dist.sh verify-dist: makes the tarball twice, from two build
# directories, umasks and time zones, and demands the same bytes; its contents
# must be those of scripts/dist-files.txt and nothing else.
# verify-dist.sh dist-files: rewrites that list, for review.
set -eu
cd "$(dirname "$0")/.."
: "${BUILDDIR:=build}" "${MAKE:=make}"
source=$PWD
list=scripts/dist-files.txt
work=$(mktemp -d)
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT

# tarball DIR UMASK ZONE: prints the tarball that is made there
tarball() {
    mkdir -p "$work/$1"
    (
        umask "$2"
        export TZ=$3
        cd "$work/$1"
        if ! { "$source/configure" -q && $MAKE dist; } >make.log 2>&1; then
            tail make.log >&2
            exit 1
        fi
    )
    ls "$work/$1"/*.tar.xz
}

contents() {
    tar -tf "$1" | sed -e 's,^[^/]*/,,' -e '/\/$/d' -e '/^$/d' |
        LC_ALL=C sort
}

first=$(tarball a 022 UTC)
contents "$first" >"$work/now.txt"
if [ "${1-}" = dist-files ]; then
    cp "$work/now.txt" $list
    exit
fi

faults=0
second=$(tarball deeper/below 027 Asia/Tokyo)
cmp "$first" "$second" || {
    echo "verify-dist: two tarballs of one tree differ" >&2
    faults=1
}
diff -u $list "$work/now.txt" || {
    echo "verify-dist: the contents are not those of $list;" \
        "if they are meant, run make dist-files" >&2
    faults=1
}
[ $faults -eq 0 ] || exit 1
echo "verify-dist: $(wc -l <$list) files," \
    "sha256 $(sha256sum <"$first" | cut -c1-64)"
