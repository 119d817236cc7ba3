# SPDX-License-Identifier: MIT
# Copyright (C) 2026 the ibkr-agent-gateway authors
#
# config check, show, schema, and where the configuration comes from.

load helper

setup() {
    make_config
}

@test "a good configuration is named and called good" {
    iag config check
    expect 0
    [ "$output" = "$config: no fault" ]
    [ ! -e "$store" ]
}

@test "all faults are listed at once, with file, line and column" {
    cat >"$config" <<-EOF
	broker:
	  backnd: fake
	audit:
	  path: 
	auth:
	  enabled_scopes: [ibkr:nothing]
	EOF
    iag config check
    expect 7
    has "$stderr" "$config:2:3: " "did you mean 'backend'" "$config:6:"
    # what is to be done is not to type the same once more
    [[ $stderr == *"Action: correct these"* && $stderr != *"config check"* ]]
    iag --json config check
    expect 7
    [ "$(json 'j.details.faults.length > 2' <<<"$stderr")" = true ]
}

@test "--config wins over the environment" {
    cp "$config" "$BATS_TEST_TMPDIR/other.yaml"
    iag --config "$BATS_TEST_TMPDIR/other.yaml" config check
    expect 0
    has "$output" other.yaml
}

@test "a named file that is missing fails closed" {
    iag --config "$BATS_TEST_TMPDIR/none.yaml" health
    expect 7
    has "$stderr" CONFIG_INVALID none.yaml
    IBKR_AGENT_CONFIG=$BATS_TEST_TMPDIR/none.yaml iag health
    expect 7
}

@test "without a file the development defaults hold" {
    unset IBKR_AGENT_CONFIG
    iag config check
    expect 0
    [ "$output" = "development defaults: no fault" ]
    [ ! -e "$XDG_STATE_HOME/ibkr-agent" ]
}

@test "show gives effective values and no secret" {
    iag config show
    expect 0
    has "$output" "backend: fake" "$store" IBKR_AUDIT_HMAC_SECRET
    [[ $output != *"$IBKR_AUDIT_HMAC_SECRET"* ]]
    iag config show --json
    expect 0
    [ "$(json 'j.config.broker.backend' <<<"$output")" = fake ]
}

@test "the schema is JSON that knows every section" {
    iag config schema
    expect 0
    [ "$(json 'Object.keys(j.properties).includes("broker")' \
        <<<"$output")" = true ]
}

@test "the configuration of the guide is good" {
    awk '/# ibkr-agent.yaml$/ { on = 1 } on && !/^    / { exit }
        on { print substr($0, 5) }' \
        "$IAG_TEST_SRCDIR/docs/getting-started.md" >"$config"
    [ "$(wc -l <"$config")" -gt 8 ]
    grep -q '^plugins:' "$config" || printf 'plugins:\n  path: [%s]\n' \
        "$IAG_TEST_PLUGINDIR" >>"$config"
    iag config check
    expect 0
}

@test "plugins, their options and secrets are checked, all at once" {
    make_config "  options:" "    fake: {delay_ms: soon, colour: red}" \
        "    fakke: {x: 1}"
    unset IBKR_AUDIT_HMAC_SECRET
    iag --json config check
    expect 7
    local faults
    faults=$(json 'j.details.faults.join("\n")' <<<"$stderr")
    has "$faults" "broker.backend 'fake': option 'colour'" \
        "option 'delay_ms'" "got 'soon'" \
        "there is no plugin 'fakke' (did you mean 'fake'?)" \
        "environment variable 'IBKR_AUDIT_HMAC_SECRET' is not set"
    [ "$(json 'j.details.faults.length' <<<"$stderr")" = 3 ]
    [ ! -e "$store" ]
}

@test "files that a server opens when it starts are looked for" {
    make_config "safety: {remote_mcp_enabled: true}" "remote_mcp:" \
        "  enabled: true" '  bind_address: "127.0.0.1:0"' \
        '  resource: "https://localhost/mcp"' \
        '  issuer: "https://id.example.com"' \
        '  jwks_url: "https://id.example.com/jwks"' \
        '  audiences: ["https://localhost/mcp"]' \
        "  allowed_scopes: [ibkr:health:read]" \
        "  tls_certificate_file: none.pem" "  tls_key_file: none.key"
    export IBKR_REMOTE_TOKEN_HMAC_SECRET=0123456789abcdef0123456789abcdef
    iag config check
    expect 7
    has "$stderr" "remote_mcp.tls_certificate_file: cannot read" none.pem \
        "remote_mcp.tls_key_file: cannot read" "No such file"
    mkdir "$BATS_TEST_TMPDIR/none.pem"
    mkfifo "$BATS_TEST_TMPDIR/none.key"
    sed -i "s|none\.|$BATS_TEST_TMPDIR/&|" "$config"
    run --separate-stderr timeout 60 "$IAG_TEST_PROGRAM" config check
    expect 7
    has "$stderr" none.pem "Is a directory"
    ! grep -F none.key <<<"$stderr" || return 1
    sed -i '/tls_/d; s/127.0.0.1:0/0.0.0.0:0/' "$config"
    iag mcp serve --transport http --enable-remote-mcp --without-auth
    expect 7
    has "$stderr" "is not a loopback address"
    has "$stderr" "Action: change what the message names"
}

@test "a plugin that is not there is a fault of the configuration" {
    sed -i 's/backend: fake/backend: fantasy/' "$config"
    iag config check
    expect 7
    has "$stderr" "broker.backend 'fantasy'" CONFIG_INVALID
}

@test "doctor gives each fault of a configuration a line of its own" {
    printf 'nonsense: 1\nrubbish: 2\n' >"$BATS_TEST_TMPDIR/bad.yaml"
    iag --config "$BATS_TEST_TMPDIR/bad.yaml" doctor
    expect 1
    has "$output" nonsense rubbish
    [[ $output != *\\x0a* ]]
    [[ ${lines[1]} == "                  "* ]]
}

@test "doctor does not send anybody to doctor" {
    make_config
    iag health
    expect 0
    export IBKR_AUDIT_HMAC_SECRET=another-secret-another-secret-another
    iag doctor
    expect 1
    has "$output" "wrong key"
    [[ $output != *'`ibkr-agent doctor`'* ]]
    chmod 777 "$store"
    iag doctor
    expect 1
    has "$output" "run chmod 700"
    [[ $output != *'`ibkr-agent doctor`'* ]]
}
