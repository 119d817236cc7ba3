#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (C) 2026 the ibkr-agent-gateway authors
#
# book.sh SOURCE OUT: the guides (lowdown) and the manual pages (mandoc) as a
# folder of web pages with a table of contents.  A page that mandoc finds
# fault with and a link to a page that is not there are errors.
set -eu
source=$1
out=$2
LC_ALL=C.UTF-8
export LC_ALL
for tool in lowdown mandoc; do
    command -v $tool >/dev/null || {
        echo "book: $tool is not installed" >&2
        exit 1
    }
done

# chapter: its guides, in the order in which they are read; new ones come last
chapters='First steps: getting-started service migration
The broker: client-portal paper-to-live production-readiness live-runbook
The record: audit-retention security
Agents: mcp remote-mcp sidecar tools
For developers: architecture abi release deviations'

guides() {
    echo "$chapters"
    printf 'More:'
    for file in "$source"/docs/*.md; do
        name=${file##*/}
        name=${name%.md}
        echo "$chapters" | tr ' ' '\n' | grep -qx -- "$name" ||
            printf ' %s' "$name"
    done
    echo
}

manual() {
    (cd "$source/docs" && ls ./*.[1-9]) | sed 's,^\./,,' | sort -t. -k2
}

title_of() {
    sed -n '/^# /{s/^# //p;q;}' "$1"
}

escape() {
    sed -e 's/&/\&amp;/g' -e 's/</\&lt;/g' -e 's/>/\&gt;/g'
}

# page NAME TITLE: a page around what stands on stdin
page() {
    {
        printf '<!DOCTYPE html>\n<html lang="en">\n<head>\n'
        printf '<meta charset="utf-8">\n<meta name="viewport" '
        printf 'content="width=device-width, initial-scale=1">\n'
        printf '<link rel="stylesheet" href="book.css">\n'
        printf '<title>%s</title>\n</head>\n<body>\n' "$2"
        printf '<nav><a href="index.html">Contents</a></nav>\n<main>\n'
        cat
        printf '</main>\n</body>\n</html>\n'
    } >"$out/$1.html"
}

# links between the guides, and to files that stand beside them
relink() {
    sed -E -e 's,href="(docs/)?([a-z-]+)\.md(#[^"]*)?",href="\2.html\3",g' \
        -e 's,href="(docs/)?(NOTICE|example-sdk\.c)",href="\2.txt",g' \
        -e 's,<a href="HACKING\.md">([^<]*)</a>,\1,g'
}

# manual pages of others are Debian's
outside() {
    sed -E -e 's,href="((lib)?ibkr-agent[^"]*\.html"),href="=\1,g' \
        -e 's,href="([^"=][^"]*\.[0-9])\.html",href="https://manpages.debian.org/\1",g' \
        -e 's,href="=,href=",g'
}

# Code in a list is code for lowdown from eight blanks on only.
guide() {
    awk '/^ *```/ { fence = !fence }
        !fence && blank && /^     *[^ ]/ && !/^        / && !/^    [^ ]/ {
            print FILENAME ": " FNR ": code in a list stands behind 8 blanks"
            bad = 1
        }
        { blank = /^$/ } END { exit bad }' "$1" >&2
    lowdown --parse-no-intraemph -thtml "$1" | relink |
        page "$2" "$(title_of "$1" | escape)"
    names "$1" >"$out/names"
    names "$out/$2.html" | comm -23 "$out/names" - | grep . >&2 && {
        echo "book: the page of $1 has lost these names" >&2
        exit 1
    }
    rm "$out/names"
}

# what tools, keys and codes are called
names() {
    grep -oE '[A-Za-z]+(_[A-Za-z]+)+' "$1" | sort -u
}

contents() {
    echo '<h1>ibkr-agent</h1>'
    echo '<p>A gateway between software agents and an Interactive Brokers'
    echo 'account. <a href="readme.html">What it is and how it looks</a>.'
    echo 'Unofficial software: see the <a href="NOTICE.txt">notice</a>.</p>'
    guides | while IFS=: read -r chapter names; do
        [ -n "$names" ] || continue
        printf '<h2>%s</h2>\n<ul>\n' "$chapter"
        for name in $names; do
            printf '<li><a href="%s.html">%s</a></li>\n' "$name" \
                "$(title_of "$source/docs/$name.md" | escape)"
        done
        echo '</ul>'
    done
    printf '<h2>Manual pages</h2>\n<ul>\n'
    manual | while read -r file; do
        printf '<li><a href="%s.html">%s(%s)</a>: %s</li>\n' "$file" \
            "${file%.*}" "${file##*.}" \
            "$(sed -n 's/^\.Nd //p' "$source/docs/$file" | escape)"
    done
    echo '</ul>'
}

rm -rf "$out"
mkdir -p "$out"
cp "$source/docs/book.css" "$out/"
cp "$source/NOTICE" "$out/NOTICE.txt"
cp "$source/docs/example-sdk.c" "$out/example-sdk.c.txt"
guide "$source/README.md" readme
for name in $(guides | cut -d: -f2); do
    guide "$source/docs/$name.md" "$name"
done
manual | while read -r file; do
    mandoc -Tlint -Wwarning "$source/docs/$file" >&2
    mandoc -Thtml -Ofragment,toc,man="%N.%S.html" "$source/docs/$file" |
        outside | page "$file" "${file%.*}(${file##*.})"
done
contents | page index ibkr-agent

faults=0
for file in "$out"/*.html; do
    # shellcheck disable=SC2013 # names of ours, no blanks
    for link in $(grep -Eo 'href="[^"]*"' "$file" |
        sed -e 's/href="//' -e 's/["#].*//' -e '/^https*:/d' | sort -u); do
        [ -f "$out/$link" ] || {
            echo "book: ${file##*/} links to $link, which is not there" >&2
            faults=1
        }
    done
done
[ $faults -eq 0 ] || exit 1
