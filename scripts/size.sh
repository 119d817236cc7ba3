#!/bin/bash
# SPDX-License-Identifier: MIT
# Copyright (C) 2026 the ibkr-agent-gateway authors
#
# size.sh [FILE...]: ceilings for files and functions, measured by pmccabe.
# A switch counts once for the complexity, however many cases it has.
# scripts/limits.txt raises single ceilings, each with a reason.
set -eu
cd "$(dirname "$0")/.."
command -v pmccabe >/dev/null || {
    echo "size: pmccabe is not installed" >&2
    exit 1
}

if [ $# -gt 0 ]; then files=("$@"); else
    mapfile -t files < <(bash scripts/sources.sh c h sh bats mjs | grep -v \
        '^tests/abi/frozen')
fi

# one line per thing measured: WHAT VALUE NAME
measure() {
    local f c=()
    for f in "${files[@]}"; do
        case $f in *.[ch]) c+=("$f") ;; esac
        echo "file $(wc -l <"$f") $f"
    done
    [ ${#c[@]} -eq 0 ] || pmccabe "${c[@]}" | awk -F'\t' '{
        file = $6
        sub(/\(.*/, "", file)
        name = $6
        sub(/^.*: /, "", name)
        print "function", $5, file ":" name
        print "cyclomatic", $1, file ":" name
    }'
}

measure | awk '
    BEGIN {
        most["file"] = 1200; warn["file"] = 800
        most["function"] = 100; warn["function"] = 60
        most["cyclomatic"] = 20; warn["cyclomatic"] = 20
    }
    FILENAME != "-" {
        if ($0 ~ /^[ \t]*(#|$)/)
            next
        if (NF < 4) {
            print "limits.txt:" FNR ": NAME WHAT CEILING REASON" >"/dev/stderr"
            faults++
        }
        raised[$2, $1] = $3
        next
    }
    {
        ceiling = ($1, $3) in raised ? raised[$1, $3] : most[$1]
        seen[$1, $3] = 1
        if ($2 > ceiling) {
            printf "size: %s: %s %d, at most %d\n", $3, $1, $2, ceiling
            faults++
        } else if ($2 > warn[$1] && !(($1, $3) in raised))
            printf "size: warning: %s: %s %d, better %d\n", $3, $1, $2, warn[$1]
        if ($1 == "file") { n_files++; lines += $2 }
        if ($1 == "function") n_functions++
    }
    END {
        printf "size: %d files, %d lines, %d functions\n", n_files, lines, n_functions
        exit faults > 0
    }' scripts/limits.txt -
