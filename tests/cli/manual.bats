# SPDX-License-Identifier: MIT
# Copyright (C) 2026 the ibkr-agent-gateway authors
#
# ibkr-agent(1) and the program know the same commands and options.

load helper

page() {
    cat "$IAG_TEST_SRCDIR/docs/ibkr-agent.1"
}

# "command --option" for each command and option of the page
page_options() {
    page | awk '
        /^\.Sh / { inside = ($2 == "COMMANDS") }
        !inside { next }
        /^\.It Xo$/ { head = 1; next }
        /^\.Xc$/ { head = 0; next }
        head && /^\.Ic / { sub(/^\.Ic /, ""); path = $0; print path }
        head && /^\.(Op )?Fl -/ {
            sub(/^\.(Op )?Fl /, ""); print path " -" $1
        }' | sort
}

# the same of the program
program_options() {
    "$IAG_TEST_PROGRAM" completion fish | awk '
        match($0, /__ibkr_agent_at "[^"]*"/) {
            path = substr($0, RSTART + 17, RLENGTH - 18)
            rest = substr($0, RSTART + RLENGTH + 2)
            if (rest ~ /^-l /) { split(rest, w, " "); print path " --" w[2] }
            else if (rest ~ /^-a .* -d /) {
                split(rest, w, " ")
                print path (path == "" ? "" : " ") w[2]
            }
        }' | sort
}

# the same of its help
help_options() {
    local command
    while read -r command; do
        echo "$command"
        # shellcheck disable=SC2086
        "$IAG_TEST_PROGRAM" $command --help | awk -v c="$command" '
            /^[A-Z]/ { inside = ($0 == "Options:") }
            inside && /^  --/ { print c " " $1 }'
    done < <(page_options | grep -v -e --) | sort
}

@test "the page has every command and option of the program" {
    [ -n "$(page_options)" ]
    diff <(page_options) <(program_options)
}

@test "the page has no option that help does not show" {
    diff <(page_options) <(help_options)
}

@test "the page has the global options" {
    diff <(page | sed -n '/^\.Sh OPTIONS/,/^\.Sh COMMANDS/s/^\.It Fl -\([a-z-]*\).*/--\1/p' | sort) \
        <("$IAG_TEST_PROGRAM" --help |
            sed -n '/^Global options:/,$s/^  \(--[a-z-]*\).*/\1/p' | sort)
}

@test "the page has every exit code and no other" {
    diff <(page | sed -n '/^\.Sh EXIT/,/^\.Sh EXAMPLES/s/^\.It \([0-9]\)$/\1/p') \
        <({ echo 0; sed -n 's/^ERR_CODE([A-Z_]*, IAG_[A-Z]*, \([0-9]\),.*/\1/p' \
            "$IAG_TEST_SRCDIR/src/base/codes.h"; } | sort -u)
}

@test "the codes that plugins are told of are known" {
    known=$(sed -n 's/^ERR_CODE(\([A-Z_]*\),.*/\1/p' \
        "$IAG_TEST_SRCDIR/src/base/codes.h" | sort)
    told=$(sed -n '/^The code is NULL/,/^one that the host/s/^\.Li \([A-Z_]*\).*/\1/p' \
        "$IAG_TEST_SRCDIR/docs/ibkr-agent-plugin.3" | sort)
    [ "$(wc -l <<<"$told")" -gt 10 ]
    [ -z "$(comm -13 <(echo "$known") <(echo "$told"))" ]
}

@test "no value stands twice in a synopsis" {
    run awk '/^\.It Xo$/ { last = "" } /^\.Xc$/ { last = "" }
        /^\.Fl -.* Ar / { last = $NF }
        /^\.Ar / && $2 == last { print; bad = 1 } END { exit bad }' \
        "$IAG_TEST_SRCDIR/docs/ibkr-agent.1"
    expect 0
}

@test "the pages are clean mdoc and name pages that there are" {
    local name section
    while read -r name section; do
        [ -f "$IAG_TEST_SRCDIR/docs/$name.$section" ] ||
            { echo "there is no $name($section)" && false; }
    done < <(sed -n 's/^\.Xr \(lib\)\{0,1\}\(ibkr-[^ ]*\) \([0-9]\).*/\1\2 \3/p' \
        "$IAG_TEST_SRCDIR"/docs/*.[1-9] | sort -u)
    command -v mandoc >/dev/null || skip "mandoc is not installed"
    run mandoc -Tlint -W warning "$IAG_TEST_SRCDIR"/docs/*.[1-9]
    expect 0
}

audit_page() {
    cat "$IAG_TEST_SRCDIR/docs/ibkr-agent-audit.5"
}

@test "ibkr-agent-audit(5) has the types of events and the members" {
    diff <(audit_page | sed -n '/^\.Sh EVENT/,/^\.Sh THE/s/^\.It Li //p') \
        <(sed -n '/type_names\[\]/,/^};/s/^	"\([a-z_]*\)",$/\1/p' \
            "$IAG_TEST_SRCDIR/src/journal/eventtype.c")
    diff <(audit_page | sed -n '/^\.Sh RECORDS/,/^\.Sh EVENT/s/^\.It Va //p' |
        sed 's/ , /\n/g' | sort) \
        <(grep -ohE '(add_(member|hmac|name)\([^;]*"[a-z_]+"|\\"(account_id_hash|changes|scopes)\\")' \
            "$IAG_TEST_SRCDIR/src/journal/record.c" |
            grep -oE '"[a-z_]+\\?"' | tr -d '"\\' | sort -u)
}

hex_bytes() {
    printf '%b' "$(sed 's/../\\x&/g' <<<"$1")"
}

@test "the list of event types has each that is written" {
    cd "$IAG_TEST_SRCDIR/src"
    list=$(grep -hoE '^\s"[a-z_]+"' journal/eventtype.c | tr -d '\t"')
    for type in $(grep -rhoE '(event_type|\.event) = "[a-z_]+"' --include=*.c . |
        sed 's/.*"\(.*\)"/\1/'); do
        grep -qx "$type" <<<"$list" || { echo "$type"; false; }
    done
}

@test "inv6 an export holds by what ibkr-agent-audit(5) says, without us" {
    local export=$BATS_TEST_TMPDIR/trail.jsonl store hash n=0 line
    make_config
    "$IAG_TEST_PROGRAM" accounts list >/dev/null
    "$IAG_TEST_PROGRAM" health >/dev/null
    "$IAG_TEST_PROGRAM" audit export --out "$export" >/dev/null
    has_hex() { grep -o "\"$1\":\"[0-9a-f]*\"" | cut -d'"' -f4; }
    store=$(has_hex store_id <"$export.manifest")
    hash=$(has_hex previous_hash <"$export.manifest")
    while read -r line; do
        leaf=$({ printf '\0' && printf '%s' "$line" |
            sed 's/^{"event"://;s/,"leaf":.*//'; } | sha256sum | cut -c1-64)
        [ "$leaf" = "$(has_hex leaf <<<"$line")" ]
        hash=$({ printf 'iag-chain-1\0' && hex_bytes "$store" &&
            hex_bytes "$(printf '%016x' $n)" && hex_bytes "$hash" &&
            hex_bytes "$leaf"; } | sha256sum | cut -c1-64)
        n=$((n + 1))
    done <"$export"
    [ "$n" -ge 3 ]
    [ "$hash" = "$(has_hex last_hash <"$export.manifest")" ]
    [ "$(sha256sum <"$export" | cut -c1-64)" = \
        "$(has_hex file_sha256 <"$export.manifest")" ]
    # the example of the page
    cd "$BATS_TEST_TMPDIR"
    audit_page | sed -n '/^\.Bd.*/,/^\.Ed/{/^{ printf/,/sha256sum/p}' |
        sed 's/\\e/\\/g' >example.sh
    [ "$(sh example.sh | cut -c1-64)" = "$(head -n 1 trail.jsonl | has_hex leaf)" ]
}
