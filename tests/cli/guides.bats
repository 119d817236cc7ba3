# SPDX-License-Identifier: MIT
# Copyright (C) 2026 the ibkr-agent-gateway authors
#
# What the guides say of commands, keys and codes is so in the program.

load helper

guide() {
    cat "$IAG_TEST_SRCDIR/docs/$1.md"
}

# what stands in the column "here" of a table, or in the text between tables
here() {
    guide migration | awk -F'|' '/^\|/ { print $(NF - 1); next } { print }'
}

@test "the migration page names keys that there are" {
    local key known
    known=$("$IAG_TEST_PROGRAM" config schema)
    here | grep -oE '`(broker|auth|audit|safety|market_data|order_preview|approvals|paper_trading|live_trading|remote_mcp|daemon)\.[a-z_0-9]+' |
        tr -d '`' | sort -u >"$BATS_TEST_TMPDIR/keys"
    [ "$(wc -l <"$BATS_TEST_TMPDIR/keys")" -gt 12 ]
    while read -r key; do
        has "$known" "\"${key%%.*}\"" "\"${key#*.}\""
    done <"$BATS_TEST_TMPDIR/keys"
}

@test "the migration page names codes that there are" {
    local code
    here | grep -oE '`[A-Z]+(_[A-Z]+)+`' | tr -d '`' | sort -u |
        grep -v IBKR_AGENT_CONFIG >"$BATS_TEST_TMPDIR/codes"
    [ "$(wc -l <"$BATS_TEST_TMPDIR/codes")" -gt 12 ]
    while read -r code; do
        knows refusal "$code" ||
            { echo "no code $code" && false; }
    done <"$BATS_TEST_TMPDIR/codes"
}

@test "the migration page names options that there are" {
    local option all
    all=$("$IAG_TEST_PROGRAM" completion bash)
    here | grep -oE -- '--[a-z][a-z-]+' | sort -u >"$BATS_TEST_TMPDIR/options"
    while read -r option; do
        has "$all" "$option"
    done <"$BATS_TEST_TMPDIR/options"
}

# knows KIND NAME OPTION...: the program has it
knows() {
    case $1 in
    command)
        grep -qF -- "__ibkr_agent_at \"$2\"" <<<"$completion" ||
            grep -qE -- "__ibkr_agent_at \"${2% *}\"' -a ${2##* } " <<<"$completion" ||
            grep -qE -- "__ibkr_agent_at \"\"' -a $2( |$)" <<<"$completion"
        ;;
    flag) grep -qF -- "__ibkr_agent_at \"$2\"' -l ${3#--} " <<<"$completion" ;;
    option) grep -q -- "^complete -c ibkr-agent -l ${2#--} " <<<"$completion" ;;
    key) grep -q "^\.It Va $2\$" "$IAG_TEST_SRCDIR/docs/ibkr-agent.yaml.5" ;;
    tool) grep -q "^\.Ss $2\$" "$IAG_TEST_SRCDIR/docs/ibkr-agent-tools.7" ;;
    code) grep -q "^ERR_CODE($2," "$IAG_TEST_SRCDIR/src/base/codes.h" ;;
    scope) grep -q "\"$2\"" "$IAG_TEST_SRCDIR/src/config/scope.c" ;;
    forbidden) grep -q "\"$2\"" "$IAG_TEST_SRCDIR"/src/tools/*.c ;;
    refusal) knows code "$2" || grep -q "\"$2\"" "$IAG_TEST_SRCDIR"/src/orders/*.c ;;
    event) grep -q "^	\"$2\"," "$IAG_TEST_SRCDIR/src/journal/eventtype.c" ;;
    *) return 1 ;;
    esac
}

# mapped TEXT: the migration page has it, in its own words
mapped() {
    grep -qE -- "\`$1([ :\`]|\`)" <<<"$page"
}

@test "each name of the reference is here, or on the migration page" {
    local completion page kind name lost=0 rows=0
    completion=$("$IAG_TEST_PROGRAM" completion fish)
    page=$(guide migration)
    while read -r kind name; do
        [ "$kind" = "#" ] && continue
        rows=$((rows + 1))
        # shellcheck disable=SC2086 # the options of a command
        case $kind in
        command) command_is_known $name ;;
        *) knows "$kind" "$name" || mapped "$name" ;;
        esac || { echo "neither here nor mapped: $kind $name" && lost=1; }
    done <"$IAG_TEST_SRCDIR/tests/cli/reference.txt"
    [ "$rows" -gt 250 ]
    [ "$lost" -eq 0 ]
}

# command_is_known WORD... OPTION...
command_is_known() {
    local path="" word
    for word; do
        case $word in
        --*) ;;
        *) path="$path${path:+ }$word" ;;
        esac
    done
    mapped "$path" || knows command "$path" || return
    for word; do
        case $word in
        --*) knows flag "$path" "$word" || mapped "$word" || mapped "$path" ||
            { echo "$path $word" && return 1; } ;;
        esac
    done
}

@test "the migration pages name commands and tools that there are" {
    local completion kind name
    completion=$("$IAG_TEST_PROGRAM" completion fish)
    {
        for page in migration deviations; do
            guide $page | awk -F'|' '/^\|/ { print $3; next } { print }'
        done | grep -oE '`[^`]+`' | tr -d '`' | sed 's/^ibkr-agent //'
        guide migration | sed -n 's/^ *ibkr-agent \(--config [^ ]* \)*//p'
    } >"$BATS_TEST_TMPDIR/named"
    grep -oE '\bibkr_[a-z_]+\b' "$BATS_TEST_TMPDIR/named" | sort -u |
        sed 's/^/tool /' >"$BATS_TEST_TMPDIR/things"
    grep -E '^[a-z-]+ [a-z-]+($| --)' "$BATS_TEST_TMPDIR/named" |
        sed -E 's/ --.*//;s/^/command /' | sort -u >>"$BATS_TEST_TMPDIR/things"
    [ "$(wc -l <"$BATS_TEST_TMPDIR/things")" -gt 10 ]
    while read -r kind name; do
        knows "$kind" "$name" || { echo "no $kind $name" && false; }
    done <"$BATS_TEST_TMPDIR/things"
}

@test "the configuration of the service page is one, with a credential" {
    guide service | sed -n '/^        broker:/,/^$/s/^        //p' \
        >"$BATS_TEST_TMPDIR/service.yaml"
    echo "plugins: {path: [$IAG_TEST_PLUGINDIR]}" \
        >>"$BATS_TEST_TMPDIR/service.yaml"
    # as the unit's LoadCredential hands it over
    export CREDENTIALS_DIRECTORY=$BATS_TEST_TMPDIR/credentials
    mkdir -m 700 "$CREDENTIALS_DIRECTORY"
    echo 0123456789abcdef0123456789abcdef \
        >"$CREDENTIALS_DIRECTORY/audit-hmac-secret"
    chmod 400 "$CREDENTIALS_DIRECTORY/audit-hmac-secret"
    iag --config "$BATS_TEST_TMPDIR/service.yaml" config check
    expect 0
}

@test "the unit has a small surface, and its programs are there" {
    local unit=$IAG_TEST_BUILDDIR/contrib/systemd/ibkr-agent.service
    grep -q "^ExecStart=/.*/ibkr-agent --config /etc/ibkr-agent/ibkr-agent.yaml serve$" "$unit"
    run ! grep -r '@[a-z]*@' "$IAG_TEST_BUILDDIR"/contrib/systemd \
        "$IAG_TEST_BUILDDIR"/contrib/apparmor
    local sidecar=${unit%.service}-sidecar.service
    grep -q "^ExecStart=/.*/ibkr-agent --config /etc/ibkr-agent/sidecar.yaml sidecar run$" "$sidecar"
    command -v systemd-analyze >/dev/null || skip "there is no systemd-analyze"
    for unit in "$unit" "$sidecar"; do
        run systemd-analyze security --offline=yes --threshold=15 "$unit"
        expect 0
    done
}

@test "the broker's gateway is named with its path wherever it is named" {
    local file lost=0
    for file in "$IAG_TEST_SRCDIR"/{README.md,docs/*.md,contrib/config/*.yaml}; do
        ! grep -nE 'base_url: *"?https?://[^ ",}]*' -o "$file" |
            grep -v '/v1/api$' || lost=1
    done
    [ "$lost" = 0 ]
}

# plain NAME...: letters and digits of the files, with one blank between words
plain() {
    cat "$@" | tr 'A-Z\n' 'a-z ' | tr -cs 'a-z0-9' ' '
}

# test_files NAME: what the threat model calls so
test_files() {
    local at=$IAG_TEST_SRCDIR/tests
    case $1 in
    jwt | jwks | fetch) echo "$at/unit/test-auth-$1.c" ;;
    auth) echo "$at/unit/test-auth.c" ;;
    unit) echo "$at/unit/test-sidecar.c" ;;
    fuzz-*) echo "$at/fuzz/$1.c" ;;
    *)
        for at in "$at/peer/$1.mjs" "$at/cli/$1.bats"; do
            [ ! -e "$at" ] || echo "$at"
        done
        ;;
    esac
}

@test "the threat model names tests that there are, one for each attack" {
    local row file files title count=0
    guide security | awk -F'|' '/^\|/ && NF == 5 && $2 !~ /^ ?(attack|-)/ { print $4 }' \
        >"$BATS_TEST_TMPDIR/rows"
    [ "$(guide security | grep -c '^| attack | what holds | test |$')" -eq 4 ]
    [ "$(wc -l <"$BATS_TEST_TMPDIR/rows")" -gt 50 ]
    while read -r row; do
        has "$row" '`'
        while read -r file title; do
            count=$((count + 1))
            file=${file%:}
            files=$(test_files "${file//\`/}")
            [ -n "$files" ]
            # shellcheck disable=SC2086
            ls $files >/dev/null
            # shellcheck disable=SC2086
            plain $files >"$BATS_TEST_TMPDIR/text"
            tr ',' '\n' <<<"$title" | while read -r title; do
                title=$(plain <<<"$title")
                grep -qF -- "${title% }" "$BATS_TEST_TMPDIR/text" ||
                    { echo "$file has no test: $title" && false; }
            done
        done < <(tr ';' '\n' <<<"$row")
    done <"$BATS_TEST_TMPDIR/rows"
    [ "$count" -gt 50 ]
}
