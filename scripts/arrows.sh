#!/bin/bash
# SPDX-License-Identifier: MIT
# Copyright (C) 2026 the ibkr-agent-gateway authors
#
# arrows.sh: includes run only upwards in scripts/arrows.txt; a plugin
# includes its own files, installed headers, the system and its libraries.
set -eu
cd "$(dirname "$0")/.."
# shellcheck disable=SC2016
bash scripts/sources.sh c h | grep -E '^(include|src|plugins)/' |
    xargs awk '
    FILENAME == "scripts/arrows.txt" {
        if ($0 ~ /^[ \t]*(#|$)/)
            next
        rank[$1] = ++n
        for (i = 2; i <= NF; i++)
            only[$1] = only[$1] " " $i " "
        next
    }
    FNR == 1 {
        split(FILENAME, part, "/")
        from = part[1] == "src" ? part[2] : part[1]
        if (!(from in rank))
            fault("the folder " from " is not in scripts/arrows.txt")
    }
    function fault(text) {
        print "arrows: " FILENAME ":" FNR ": " text >"/dev/stderr"
        faults++
    }
    /^[ \t]*#[ \t]*include[ \t]*["<]/ {
        name = $0
        sub(/^[ \t]*#[ \t]*include[ \t]*/, "", name)
        quoted = substr(name, 1, 1) == "\""
        sub(/^["<]/, "", name)
        sub(/[">].*/, "", name)
        to = name
        sub(/\/.*/, "", to)
        if (to == "ibkr-agent")
            to = "include"
        else if (from == "include" && name !~ /^std(def|int)\.h$/)
            fault("an installed header includes " name)
        else if (!quoted)
            next
        else if (from == "plugins" && name !~ /\//)
            next
        else if (part[2] == "http-curl" && name == "link/http.h")
            next # the host'"'"'s own module, not a plugin
        else if (!(to in rank)) {
            fault("\"" name "\" is in no folder of scripts/arrows.txt")
            next
        }
        if (to == from)
            next
        if (only[from] ? !index(only[from], " " to " ") : rank[to] > rank[from])
            fault(from " must not include " name)
    }
    END { exit faults > 0 }' scripts/arrows.txt
echo "arrows: no include runs downwards"
