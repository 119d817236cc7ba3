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
        grep -q "^ERR_CODE($code," "$IAG_TEST_SRCDIR/src/base/codes.h" ||
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

@test "the configuration of the service page is one, with a credential" {
    guide service | sed -n '/^       broker:/,/^$/s/^       //p' \
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
    ! grep -r '@[a-z]*@' "$IAG_TEST_BUILDDIR"/contrib/systemd \
        "$IAG_TEST_BUILDDIR"/contrib/apparmor
    command -v systemd-analyze >/dev/null || skip "there is no systemd-analyze"
    run systemd-analyze security --offline=yes --threshold=15 "$unit"
    expect 0
}
