# SPDX-License-Identifier: MIT
# Copyright (C) 2026 the ibkr-agent-gateway authors
#
# plugins, doctor, mcp.

load helper

setup() {
    make_config
}

@test "the list has every built plugin with its sum" {
    local file
    iag --json plugins list
    expect 0
    for file in "$IAG_TEST_PLUGINDIR"/{backend,store,writer}-*.so; do
        [ "$(F=$file json 'j.plugins.find((p) => p.path === process.env.F)
            .status' <<<"$output")" = ok ]
        has "$output" "$(sha256sum "$file" | cut -d' ' -f1)"
    done
    iag plugins list
    expect 0
    has "$output" "name" lmdb fake refusing
}

@test "the list tells where it looked, also where nothing is" {
    sed -i "s|path: \[|&$BATS_TEST_TMPDIR/none, |" "$config"
    iag --json plugins list
    expect 0
    [ "$(json 'j.folders[0]' <<<"$output")" = "$BATS_TEST_TMPDIR/none" ]
    iag plugins list
    expect 0
    has "$output" "folders  $BATS_TEST_TMPDIR/none"
}

@test "a file that is no plugin is listed with the reason" {
    mkdir -m 755 "$BATS_TEST_TMPDIR/plugins"
    echo nothing >"$BATS_TEST_TMPDIR/plugins/backend-nothing.so"
    sed -i "s|path: \[|&$BATS_TEST_TMPDIR/plugins, |" "$config"
    iag --json plugins list
    expect 0
    [ "$(json 'j.plugins.find((p) => p.name === "nothing").status' \
        <<<"$output")" = refused ]
    iag plugins show nothing
    expect 7
    has "$stderr" PLUGIN_INVALID
}

@test "what is no file in a folder of plugins holds nobody up" {
    mkdir -m 755 "$BATS_TEST_TMPDIR/plugins"
    mkfifo "$BATS_TEST_TMPDIR/plugins/backend-pipe.so"
    ln -s /dev/zero "$BATS_TEST_TMPDIR/plugins/backend-endless.so"
    sed -i "s|path: \[|&$BATS_TEST_TMPDIR/plugins, |" "$config"
    run --separate-stderr timeout 60 "$IAG_TEST_PROGRAM" plugins list
    expect 0
    has "$output" backend-pipe.so backend-endless.so "found another kind"
}

@test "a plugin that crashes, ends or hangs when it is loaded is listed so" {
    local folder=$IAG_TEST_BUILDDIR/tests/plug/hostile name
    [ -e "$folder/backend-load-crashes.so" ] || skip "no hostile plugins here"
    mkdir -m 755 "$BATS_TEST_TMPDIR/plugins"
    for name in crashes hangs; do
        cp "$folder/backend-load-$name.so" "$BATS_TEST_TMPDIR/plugins"
    done
    sed -i "s|path: \[|&$BATS_TEST_TMPDIR/plugins, |" "$config"
    iag --json plugins list
    expect 0
    has "$(json 'j.plugins.find((p) => p.name === "load-crashes").fault' \
        <<<"$output")" "it crashes when it is loaded: signal 6"
    has "$(json 'j.plugins.find((p) => p.name === "load-hangs").fault' \
        <<<"$output")" "it was not loaded within 10 s"
    [ "$(json 'j.plugins.find((p) => p.name === "lmdb").status' \
        <<<"$output")" = ok ]
    rm "$BATS_TEST_TMPDIR/plugins/backend-load-hangs.so"
    iag plugins show load-crashes
    expect 7
    has "$stderr" PLUGIN_INVALID "it crashes when it is loaded"
    sed -i "s|backend: fake|backend: load-crashes|" "$config"
    iag doctor
    expect 1
    has "$output" "it crashes when it is loaded" "separation"
}

@test "a plugin is shown by its name, with or without its kind" {
    iag --json plugins show lmdb
    expect 0
    local first=$output
    [ "$(json 'j.kind' <<<"$output")" = store ]
    iag --json plugins show store-lmdb
    expect 0
    [ "$output" = "$first" ]
    iag plugins show nosuch
    expect 7
    has "$stderr" PLUGIN_NOT_FOUND
}

@test "the kit passes every built plugin" {
    local file
    for file in "$IAG_TEST_PLUGINDIR"/{backend,store,writer}-*.so; do
        iag --json plugins check "$file"
        expect 0
        [ "$(json 'j.passed && j.checks.length > 5' <<<"$output")" = true ]
    done
}

@test "the kit fails what is no plugin" {
    echo nothing >"$BATS_TEST_TMPDIR/backend-nothing.so"
    iag plugins check "$BATS_TEST_TMPDIR/backend-nothing.so"
    expect 7
    has "$output" failed
    has "$stderr" PLUGIN_INVALID
}

@test "the doctor finds nothing wrong, and makes no store" {
    iag doctor
    expect 0
    has "$output" "config" "plugins" "secrets" "backend" "separation"
    [ ! -e "$store" ]
    iag health
    iag --json doctor
    expect 0
    [ "$(json 'j.healthy' <<<"$output")" = true ]
    [ "$(json 'j.checks.map((c) => c.check).join()' <<<"$output")" = \
        config,store,chain,clock,switch,secrets,plugins,backend,separation ]
}

@test "the doctor names a bad configuration" {
    echo "nosuch: 1" >>"$config"
    iag doctor
    expect 1
    has "$output" "fail" "config" "repair: "
}

@test "the doctor names a secret that is too short" {
    IBKR_AUDIT_HMAC_SECRET=short iag --json doctor
    expect 1
    [ "$(json 'j.checks.find((c) => c.check === "secrets").state' \
        <<<"$output")" = fail ]
}

@test "the doctor names a missing backend and its repair" {
    sed -i 's/backend: fake/backend: missing/' "$config"
    iag doctor
    expect 1
    has "$output" "plugins" "repair: install the plugin" plugins.path
}

@test "the doctor names a broken chain" {
    iag health
    LC_ALL=C sed -i 's/ibkr_health/ibkr_wealth/' "$store/data.mdb"
    iag --json doctor
    expect 1
    [ "$(json 'j.healthy' <<<"$output")" = false ]
}

@test "the doctor names a session that has expired" {
    make_config "  options: {fake: {session: expired}}"
    iag --json doctor
    expect 1
    [ "$(json 'j.checks.find((c) => c.check === "backend").state' \
        <<<"$output")" = fail ]
}

@test "an MCP server answers and ends with its input" {
    run --separate-stderr bash -c 'printf "%s\n" "{\"jsonrpc\":\"2.0\",\
\"id\":1,\"method\":\"ping\"}" | "$IAG_TEST_PROGRAM" mcp serve --transport \
stdio'
    expect 0
    [ "$output" = '{"jsonrpc":"2.0","id":1,"result":{}}' ]
}

@test "an MCP server ends at once with SIGTERM and SIGINT" {
    local signal
    for signal in TERM INT; do
        coproc server { exec "$IAG_TEST_PROGRAM" mcp serve \
            --transport stdio 3>&-; }
        echo '{"jsonrpc":"2.0","id":1,"method":"ping"}' >&"${server[1]}"
        local line pid=$server_PID
        read -r -t 20 line <&"${server[0]}"
        kill -s $signal "$pid"
        wait "$pid"
    done
}

@test "an unknown transport is refused" {
    iag mcp serve --transport pigeon
    expect 7
    has "$stderr" CONFIG_INVALID "expected 'stdio' or 'http', got 'pigeon'"
}

@test "the settings of a client name this program and its configuration" {
    cd "$BATS_TEST_TMPDIR"
    iag --config ./ibkr-agent.yaml mcp client-config --client generic
    expect 0
    [ "$(json 'j.mcpServers["ibkr-agent"].args.join(" ")' <<<"$output")" = \
        "--config $(realpath "$config") mcp serve --transport stdio" ]
    local program
    program=$(json 'j.mcpServers["ibkr-agent"].command' <<<"$output")
    [ "$("$program" --version)" = "$("$IAG_TEST_PROGRAM" --version)" ]
    unset IBKR_AGENT_CONFIG
    iag mcp client-config --client generic
    [ "$(json 'j.mcpServers["ibkr-agent"].args[0]' <<<"$output")" = mcp ]
    iag mcp client-config --client nosuch
    expect 2
    has "$stderr" claude-code
}

@test "a client reaches a gateway on the network by its address" {
    iag mcp client-config --client generic --url https://gw.example/mcp
    expect 0
    [ "$(json 'j.mcpServers["ibkr-agent"].url' <<<"$output")" = \
        https://gw.example/mcp ]
    [ "$(json 'j.mcpServers["ibkr-agent"].headers' <<<"$output")" = \
        undefined ]
    iag mcp client-config --client vscode --url http://127.0.0.1:8765/mcp \
        --token-env GATEWAY_TOKEN
    expect 0
    [ "$(json 'j.servers["ibkr-agent"].headers.Authorization' \
        <<<"$output")" = 'Bearer ${env:GATEWAY_TOKEN}' ]
    # one that keeps only programs gets a bridge
    iag mcp client-config --client claude-desktop \
        --url http://localhost:8765/mcp
    [ "$(json 'j.mcpServers["ibkr-agent"].args.join(" ")' \
        <<<"$output")" = \
        '-y mcp-remote http://localhost:8765/mcp --allow-http' ]
    for client in claude-code codex continue cursor gemini-cli; do
        iag mcp client-config --client "$client" \
            --url https://gw.example/mcp --token-env GATEWAY_TOKEN
        expect 0
        has "$output" https://gw.example/mcp GATEWAY_TOKEN
    done
}

@test "no token crosses a network in the clear, and none is printed" {
    local url
    for url in http://gw.example/mcp http://localhost.example/mcp \
        http://localhost:80@gw.example/mcp ftp://localhost/ https:// ''; do
        iag mcp client-config --client generic --url "$url"
        expect 2
        has "$stderr" INPUT_INVALID
        [ -z "$output" ]
    done
    iag mcp client-config --client generic --url https://gw.example/mcp \
        --token-env eyJhbGciOiJSUzI1NiJ9.e30.c2ln
    expect 2
    has "$stderr" 'name of an environment variable'
    [[ $stderr != *eyJhbGci* ]]
    iag mcp client-config --client generic --token-env GATEWAY_TOKEN
    expect 2
    has "$stderr" '--token-env goes with --url'
}

@test "the tools of a provider are those that the configuration grants" {
    iag providers list
    expect 0
    has "$output" openai anthropic generic
    iag providers export --target openai
    expect 0
    [ "$(json 'j.tools[0].type' <<<"$output")" = function ]
    [ "$(json 'j.tools[0].name' <<<"$output")" = ibkr_health ]
    iag providers export --target nobody
    expect 2
    has "$stderr" 'expected one of anthropic, generic, openai'
}

# A backend that prints a line whenever it is asked.
with_noise() {
    local folder=$BATS_TEST_TMPDIR/plugins
    mkdir -m 755 "$folder"
    sed 's|^	struct example \*example = instance;|&\
	(void)printf("PLUGIN\\n"), (void)fflush(stdout);|' \
        "$IAG_TEST_SRCDIR/contrib/plugin-template/backend-example.c" \
        >"$folder/example.c"
    ${IAG_TEST_CC:-cc} -shared -fPIC -fvisibility=hidden \
        -DPACKAGE_VERSION='"1"' -I"$IAG_TEST_SRCDIR/include" \
        -o "$folder/backend-example.so" "$folder/example.c"
    sed -i "s|path: \[|&$folder, |; s|backend: fake|backend: example|" \
        "$config"
}

@test "what a plugin prints is no part of what a command prints" {
    with_noise
    iag --json accounts list
    expect 0
    [ "$(json 'j.accounts[0].account_id' <<<"$output")" = DU0000001 ]
    has "$stderr" PLUGIN
    iag plugins check "$BATS_TEST_TMPDIR/plugins/backend-example.so" --json
    expect 0
    [ "$(json j.passed <<<"$output")" = true ]
    has "$stderr" PLUGIN
}

@test "what a plugin prints does not come between two messages" {
    with_noise
    run --separate-stderr "$IAG_TEST_PROGRAM" mcp serve <<'END'
{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"x","version":"1"}}}
{"jsonrpc":"2.0","method":"notifications/initialized"}
{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"ibkr_accounts_list","arguments":{}}}
END
    expect 0
    has "$output" DU0000001
    has "$stderr" PLUGIN
    ! grep -v '^{"jsonrpc":' <<<"$output"
}
