# SPDX-License-Identifier: MIT
# Copyright (C) 2026 the ibkr-agent-gateway authors
#
# README and guides, all that the book is made of, name commands and options
# that there are; the manual pages, its other part, have all of them.

load helper

documents="client-portal live-runbook paper-to-live production-readiness audit-retention"

# the command lines of the code blocks, with those that a backslash continues,
# and, of tables, those in backquotes
command_lines() {
    # shellcheck disable=SC2016 # the backquotes are the documents'
    sed -n -e ':more' -e '/^ .*\\$/{N;s/\\\n */ /;b more' -e '}' \
        -e 's/^    *\(\$ \)*\(sudo \)*\(ibkr-agent .*\)/\3/p' \
        -e '/^|/{s/^[^`]*`\(ibkr-agent [^`]*\)`.*/\1/p}' \
        "$IAG_TEST_SRCDIR"/README.md "$IAG_TEST_SRCDIR"/docs/*.md |
        sed -e 's/"[^"]*"/TEXT/g' -e 's/ [#>|&;].*//'
}

# "command" and "command --option" for all that there is
program_knows() {
    "$IAG_TEST_PROGRAM" completion fish | awk '
        match($0, /__ibkr_agent_at "[^"]*"/) {
            path = substr($0, RSTART + 17, RLENGTH - 18)
            rest = substr($0, RSTART + RLENGTH + 2)
            split(rest, w, " ")
            if (rest ~ /^-l /) print path " --" w[2]
            else if (rest ~ /^-a .* -d /)
                print path (path == "" ? "" : " ") w[2]
        }'
}

# check_line WORD...: says what is wrong with the command line
check_line() {
    local line="$*" path="" count word required
    shift
    [ "$1" != --config ] || shift 2
    for count in 3 2 1; do
        [ $# -ge "$count" ] || continue
        path="${*:1:count}"
        [[ $path == *--* ]] || ! grep -qxF -e "$path" <<<"$known" || break
        path=
    done
    if [ -z "$path" ]; then
        echo "no command: $line"
        return
    fi
    shift "$count"
    # shellcheck disable=SC2086
    required=$("$IAG_TEST_PROGRAM" $path --help |
        sed -n "s/^  \(--[a-z-]*\).*(required)$/\1/p")
    for word; do
        case $word in
        --json) ;;
        --*)
            grep -qxF -e "$path $word" <<<"$known" ||
                echo "no option $word: $line"
            ;;
        esac
    done
    for word in $required; do
        case " $* " in
        *" $word "* | *" ... "*) ;;
        *) echo "$word is missing: $line" ;;
        esac
    done
}

@test "the documents' commands, options and required options are there" {
    local words known wrong
    known=$(program_knows)
    [ "$(command_lines | wc -l)" -gt 150 ]
    wrong=$(while read -ra words; do
        [ "${words[*]}" = "ibkr-agent --version --verbose" ] ||
            check_line "${words[@]}"
    done < <(command_lines))
    echo "$wrong"
    [ -z "$wrong" ]
}

@test "every document is linked where people begin" {
    local name
    for name in $documents; do
        grep -q "(docs/$name.md)" "$IAG_TEST_SRCDIR/README.md"
        grep -q "($name.md)" "$IAG_TEST_SRCDIR/docs/getting-started.md"
    done
}

@test "a wrong command, option or a missing option is found" {
    local known
    known=$(program_knows)
    [ -n "$(check_line ibkr-agent orders forget --account U1)" ]
    [ -n "$(check_line ibkr-agent orders pending --all)" ]
    [ -n "$(check_line ibkr-agent kill-switch close)" ]
    [ -z "$(check_line ibkr-agent doctor)" ]
    [ -z "$(check_line ibkr-agent --config f audit verify --file x)" ]
}
