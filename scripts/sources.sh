#!/bin/bash
# SPDX-License-Identifier: MIT
# Copyright (C) 2026 the ibkr-agent-gateway authors
#
# sources.sh ENDING...: names the files of the tree with these endings, from
# the source directory on; those that git tracks, or in a tarball all.
set -eu
cd "$(dirname "$0")/.."

endings=$(printf '|%s' "$@")
if [ -e .git ]; then
    git ls-files --cached --others --exclude-standard
else
    find . -type f -not -path '*/build*/*' | sed 's,^\./,,'
fi | grep -E "\.(${endings#|})\$" | LC_ALL=C sort -u |
    while read -r f; do [ ! -f "$f" ] || echo "$f"; done
