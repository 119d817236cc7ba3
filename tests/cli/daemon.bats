# SPDX-License-Identifier: MIT
# Copyright (C) 2026 the ibkr-agent-gateway authors
#
# The daemon from outside: who gets in, what they may do, what a stop and a
# crash leave behind.

load helper
load daemon

teardown() {
    end_daemon
    [ -z "${place-}" ] || rm -rf "$place"
}

# an approved order of 10 AAPL through the daemon; its id is in $approval
approved() {
    iag --json "${via[@]}" orders preview --enable-preview \
        --account DU1234567 --symbol AAPL --side buy --quantity 10 \
        --limit-price 199.50
    expect 0
    iag --json "${via[@]}" approvals create --account DU1234567 \
        --preview-id "$(json j.preview_id <<<"$output")"
    expect 0
    approval=$(json j.approval_id <<<"$output")
}

submit() {
    iag --json "$@" orders submit --enable-paper --account DU1234567 \
        --approval-id "$approval" --idempotency-key order-1
}

# submit_behind: the same in the background, until it is past the gates
submit_behind() {
    "$IAG_TEST_PROGRAM" --json "${via[@]}" orders submit --enable-paper \
        --account DU1234567 --approval-id "$approval" \
        --idempotency-key order-1 >"$BATS_TEST_TMPDIR/out" \
        2>"$BATS_TEST_TMPDIR/err" 3>&- &
    sender=$!
    until iag --json "${via[@]}" orders pending && [[ $output == *order-1* ]]; do
        kill -0 $sender
    done
}

@test "operators work through the socket, with nothing of the daemon's" {
    make_daemon_config
    start_daemon
    [[ $ready == "serving at $socket"* ]]
    # no configuration, no secret, no home
    unset IBKR_AGENT_CONFIG IBKR_AUDIT_HMAC_SECRET
    export HOME=/nonexistent
    iag --json "${via[@]}" accounts list
    expect 0
    has "$output" DU1234567
    approved
    submit "${via[@]}"
    expect 0
    iag "${via[@]}" orders pending
    expect 0
    iag --json "${via[@]}" approvals list
    expect 0
    has "$output" "$approval"
    iag --json "${via[@]}" kill-switch close --mode paper --reason "test it"
    expect 0
    [ "$(json j.state <<<"$output")" = closed ]
    iag --json "${via[@]}" --request-id mine audit tail --limit 20
    expect 0
    has "$output" paper_kill_switch_changed "test it" \
        "\"principal\": \"local:$(id -un)\"" peer_accepted
    iag --json "${via[@]}" audit tail --limit 20
    has "$output" '"request_id": "mine"'
    # the environment names it as well
    IBKR_AGENT_SOCKET=$socket iag --json health
    expect 0
    stop_daemon 0
    [ ! -e "$socket" ]
}

@test "a command that is suggested names the socket that was given" {
    make_daemon_config
    start_daemon
    iag "${via[@]}" orders resolve nosuch --account DU1234567
    expect 2
    has "$stderr" "\`ibkr-agent --via $socket orders pending\`"
    iag --via ./nosuch.sock health
    expect 3
    has "$stderr" "start the daemon (\`ibkr-agent serve\`)"
    # the environment goes on naming it
    IBKR_AGENT_SOCKET=$socket iag orders resolve nosuch --account DU1234567
    has "$stderr" "\`ibkr-agent orders pending\`"
}

@test "what looks at the daemon's surroundings is run by the daemon" {
    make_daemon_config
    start_daemon
    unset IBKR_AGENT_CONFIG IBKR_AUDIT_HMAC_SECRET
    iag --json "${via[@]}" doctor
    expect 0
    [ "$(json j.healthy <<<"$output")" = true ]
    iag "${via[@]}" config show
    expect 0
    has "$output" "socket: $socket"
    iag "${via[@]}" plugins show fake
    expect 0
    iag "${via[@]}" plugins show --bogus
    expect 2
    iag "${via[@]}" plugins show -- --help
    expect 7
    iag "${via[@]}" audit verify
    expect 0
    iag --json "${via[@]}" store status
    expect 0
    has "$output" "$store"
    # no file of the daemon's user is named from outside
    iag "${via[@]}" audit verify --file /etc/passwd
    expect 2
    has "$stderr" "--file does not go with the daemon"
    iag "${via[@]}" audit purge
    expect 2
    has "$stderr" "does not go through the daemon"
    iag "${via[@]}" --config "$BATS_TEST_TMPDIR/ibkr-agent.yaml" health
    expect 2
}

@test "a relay is no server" {
    local options
    make_daemon_config
    start_daemon
    for options in "--transport http" "--bind 127.0.0.1:0" --describe \
        --without-auth --enable-remote-mcp; do
        # shellcheck disable=SC2086
        run --separate-stderr "$IAG_TEST_PROGRAM" "${via[@]}" mcp serve \
            $options </dev/null
        expect 2
        has "$stderr" "${options% *} does not go with the daemon"
    done
    run --separate-stderr "$IAG_TEST_PROGRAM" "${via[@]}" mcp serve \
        --transport stdio </dev/null
    expect 0
}

@test "inv7 a switch opens through the socket with a terminal or a credential" {
    command -v script >/dev/null || skip "script(1) is not installed"
    make_daemon_config
    script -qec "'$IAG_TEST_PROGRAM' kill-switch credential --out '$BATS_TEST_TMPDIR/credential'" \
        /dev/null >/dev/null
    start_daemon
    unset IBKR_AGENT_CONFIG IBKR_AUDIT_HMAC_SECRET
    iag --json "${via[@]}" kill-switch open --reason test </dev/null
    expect 1
    has "$stderr" LIVE_KILL_SWITCH_CLOSED
    echo 0123456789abcdef0123456789abcdef >"$BATS_TEST_TMPDIR/wrong"
    chmod 600 "$BATS_TEST_TMPDIR/wrong"
    iag --json "${via[@]}" kill-switch open --reason test \
        --operator-credential "$BATS_TEST_TMPDIR/wrong" </dev/null
    expect 2
    has "$stderr" "no operator's credential"
    # which is made without the daemon
    iag "${via[@]}" kill-switch open --reason test \
        --operator-credential "$BATS_TEST_TMPDIR/nosuch" </dev/null
    has "$stderr" "\`ibkr-agent kill-switch credential"
    iag --json "${via[@]}" kill-switch open --reason test \
        --operator-credential "$BATS_TEST_TMPDIR/credential" </dev/null
    expect 0
    [ "$(json 'j.state + j.previous' <<<"$output")" = openclosed ]
}

@test "inv7 an agent's user can do nothing that is the operator's" {
    local name
    make_daemon_config "bot: {users: [$(id -u)], scopes: [$all_read_scopes,
        $trade_scopes]}"
    start_daemon
    iag "${via[@]}" health
    expect 0
    for name in "kill-switch close --reason x" "orders pending" doctor \
        "approvals list" "config show" reconcile "orders cancel-all \
        --account DU1234567 --reason x" "live activate"; do
        # shellcheck disable=SC2086
        iag "${via[@]}" $name
        expect 4
        has "$stderr" AUTH_MISSING_SCOPE "for the operator alone"
    done
    # nor by saying that it is at a terminal, or has read the checklist
    printf '%s\n' '{"jsonrpc":"2.0","id":1,"method":"ibkr-agent/call",
        "params":{"name":"ibkr_kill_switch_open","local":true,
        "arguments":{"reason":"x"},"flags":{"acknowledged":true}}}' |
        tr -d '\n' >"$BATS_TEST_TMPDIR/line"
    echo >>"$BATS_TEST_TMPDIR/line"
    run --separate-stderr "$IAG_TEST_PROGRAM" "${via[@]}" mcp serve \
        <"$BATS_TEST_TMPDIR/line"
    expect 0
    has "$output" AUTH_MISSING_SCOPE
    iag --json "${via[@]}" audit tail --limit 50
    has "$output" '"principal": "agent:bot"' tool_denied_scope
    iag --json kill-switch status
    [ "$(json j.state <<<"$output")" = closed ]
}

@test "a user whom nobody has named is refused, in words and on the record" {
    make_daemon_config "other: {users: [65533], scopes: [ibkr:health:read]}"
    start_daemon
    iag "${via[@]}" health
    expect 4
    has "$stderr" AUTH_PEER_UNKNOWN "$(id -un) (uid $(id -u)) may not use" \
        daemon.principals
    iag "${via[@]}" health
    expect 4
    run --separate-stderr "$IAG_TEST_PROGRAM" "${via[@]}" mcp serve </dev/null
    expect 4
    has "$stderr" AUTH_PEER_UNKNOWN
    stop_daemon 0
    iag --json audit tail --limit 50
    # once for many, in the log, too
    [ "$(grep -c peer_refused <<<"$output")" = 1 ]
    [ "$(grep -c 'may not use' "$BATS_TEST_TMPDIR/daemon.err")" = 1 ]
}

@test "the kernel says which user it is, by number, name and group" {
    [ "$(id -u)" = 0 ] || skip "only root can be somebody else"
    command -v setpriv >/dev/null || skip "setpriv(1) is not installed"
    # where the others may go, too
    place=$(mktemp -d /tmp/iag-daemon.XXXXXX)
    chmod 711 "$place"
    make_daemon_config \
        "anna: {kind: operator, users: [root], scopes: [ibkr:health:read]}" \
        "bot: {users: [65531], scopes: [ibkr:accounts:read, ibkr:audit:read]}" \
        "desk: {groups: [65532], scopes: [ibkr:health:read]}" \
        "boss: {kind: operator, users: [65529], scopes: [ibkr:health:read]}"
    sed -i "s|^  socket: .*|  socket: $place/daemon.sock|" "$config"
    via=(--via "$place/daemon.sock")
    start_daemon
    iag "${via[@]}" health
    expect 0
    cp "$IAG_TEST_PROGRAM" "$place/program"
    as() {
        echo '{"jsonrpc":"2.0","id":1,"method":"tools/list"}' |
            setpriv --reuid "$1" --regid "$2" "${@:3}" \
                "$place/program" "${via[@]}" mcp serve
    }
    run as 65531 65531 --clear-groups
    expect 0
    has "$output" ibkr_accounts_list
    [[ $output != *ibkr_health* ]]
    run as 65530 65530 --groups 65532
    expect 0
    has "$output" ibkr_health
    run as 65530 65532 --clear-groups
    has "$output" ibkr_health
    run as 65530 65530 --clear-groups
    expect 4
    has "$output" "uid 65530 may not use this daemon"
    # who came as another user cannot reach past the gates; this one can
    run setpriv --reuid 65529 --regid 65529 --clear-groups \
        "$place/program" "${via[@]}" doctor
    has "$output" "the store belongs to another user"
    stop_daemon 0
    iag doctor
    has "$output" "the store belongs to the user who runs this"
    run "$IAG_TEST_PROGRAM" audit export
    has "$output" '"local:uid-65529"' '"agent:bot"' peer_refused
}

@test "a stale socket is replaced, a live one refused, a file left alone" {
    make_daemon_config
    start_daemon
    iag serve
    expect 3
    has "$stderr" "a daemon serves it already"
    iag "${via[@]}" health
    expect 0
    kill -KILL "$daemon"
    wait "$daemon" || true
    [ -S "$socket" ]
    iag "${via[@]}" health
    expect 3
    has "$stderr" DAEMON_UNAVAILABLE "no daemon listens at"
    run --separate-stderr "$IAG_TEST_PROGRAM" "${via[@]}" mcp serve </dev/null
    expect 3
    start_daemon
    iag "${via[@]}" health
    expect 0
    stop_daemon 0
    echo mine >"$socket"
    iag serve
    expect 7
    has "$stderr" "no socket"
    [ "$(cat "$socket")" = mine ]
}

@test "nobody named, or a name that nobody has, starts no daemon" {
    make_config
    iag serve
    expect 7
    has "$stderr" "daemon.principals has no entry"
    make_daemon_config "x: {users: [nobody-has-this], scopes: [ibkr:health:read]}"
    iag serve
    expect 7
    has "$stderr" "this machine has no user 'nobody-has-this'"
}

@test "limits on connections hold, and one peer does not disturb another" {
    local i fd relays=() in=() out=()
    make_daemon_config
    sed -i 's/^  metrics_address.*/&\n  max_connections_per_user: 3/' "$config"
    start_daemon
    for i in 1 2 3; do
        mkfifo "$BATS_TEST_TMPDIR/in$i" "$BATS_TEST_TMPDIR/out$i"
        "$IAG_TEST_PROGRAM" "${via[@]}" mcp serve <"$BATS_TEST_TMPDIR/in$i" \
            >"$BATS_TEST_TMPDIR/out$i" 2>/dev/null 3>&- &
        relays[i]=$!
        exec {fd}>"$BATS_TEST_TMPDIR/in$i"
        in[i]=$fd
        exec {fd}<"$BATS_TEST_TMPDIR/out$i"
        out[i]=$fd
        echo '{"jsonrpc":"2.0","id":1,"method":"ping"}' >&"${in[i]}"
        read -r line <&"${out[i]}"
        has "$line" '"result":{}'
    done
    iag "${via[@]}" health
    expect 3
    has "$stderr" "as many as daemon.max_connections_per_user allows"
    # one says nonsense, one dies; the third is served
    echo 'nonsense' >&"${in[1]}"
    read -r line <&"${out[1]}"
    has "$line" -32700
    kill -KILL "${relays[2]}"
    wait "${relays[2]}" || true
    echo '{"jsonrpc":"2.0","id":2,"method":"ping"}' >&"${in[3]}"
    read -r line <&"${out[3]}"
    has "$line" '"id":2' '"result":{}'
    # and the place of the dead one is free
    until iag "${via[@]}" health && [ "$status" = 0 ]; do
        [ "$status" = 3 ]
    done
    for fd in "${in[@]}"; do
        exec {fd}>&-
    done
    wait "${relays[1]}" "${relays[3]}"
}

@test "inv4 a stop lets the order that runs end, and tells what became of it" {
    script=hang
    make_daemon_config
    sed -i 's/{backend: fake}/{backend: fake, write_timeout_seconds: 3}/' \
        "$config"
    start_daemon
    approved
    submit_behind
    stop_daemon 0
    wait "$sender" || true
    has "$(cat "$BATS_TEST_TMPDIR/err")" ORDER_OUTCOME_UNKNOWN order-1
    iag --json orders pending
    [ "$(json 'j.pending[0].state' <<<"$output")" = unknown ]
    iag audit verify --state
    expect 0
}

@test "inv4 a second signal cancels what runs" {
    script=hang
    make_daemon_config
    start_daemon
    approved
    submit_behind
    kill -TERM "$daemon"
    # nobody is let in any more: the first one has been seen
    while [ -S "$socket" ]; do kill -0 "$daemon"; done
    stop_daemon 0
    wait "$sender" || true
    has "$(cat "$BATS_TEST_TMPDIR/err")" ORDER_OUTCOME_UNKNOWN
}

# babble ARGUMENT...: the program, to a daemon that answers what is no JSON
babble() {
    run --separate-stderr node -e '
        const [socket, program, ...rest] = process.argv.slice(1);
        const { spawn } = require("child_process");
        require("net").createServer((peer) => {
            peer.on("error", () => {});
            peer.once("data", () => peer.end("{\n"));
        }).listen(socket, () => spawn(program, ["--json", "--via", socket,
            ...rest], { stdio: "inherit" }).on("exit", process.exit));
    ' "$BATS_TEST_TMPDIR/babble.sock" "$IAG_TEST_PROGRAM" "$@"
}

@test "inv4 an answer that is not understood is no refusal of an order" {
    babble orders submit --enable-paper --account DU1234567 \
        --approval-id 01a224ed-ee5e-755f-b22a-b8c947e26f1c \
        --idempotency-key order-1
    expect 1
    has "$stderr" ORDER_OUTCOME_UNKNOWN "is not understood" \
        '"outcome": "unknown"' "same idempotency key"
    rm -f "$BATS_TEST_TMPDIR/babble.sock"
    babble accounts list
    expect 3
    has "$stderr" DAEMON_UNAVAILABLE "is not understood" '"refused"'
}

@test "inv2 inv4 an order whose daemon is killed is unknown, and settled later" {
    script=hang
    make_daemon_config
    start_daemon
    approved
    submit_behind
    kill -KILL "$daemon"
    wait "$daemon" || true
    wait "$sender" || true
    has "$(cat "$BATS_TEST_TMPDIR/err")" ORDER_OUTCOME_UNKNOWN \
        '"outcome": "unknown"' "same idempotency key"
    sed -i 's/script: hang/script: open/' "$config"
    start_daemon
    submit "${via[@]}"
    [[ "$output$stderr" == *IDEMPOTENCY_IN_FLIGHT* ||
        "$output$stderr" == *ORDER_OUTCOME_UNKNOWN* || $status -eq 0 ]]
    # the reconciler of the new one asks the broker, which never had it
    iag --json "${via[@]}" orders pending
    expect 0
    stop_daemon 0
    iag --json audit tail --limit 100
    [ "$(grep -c '"paper_order_submitted"' <<<"$output")" -le 1 ]
    iag audit verify --state
    expect 0
}

@test "inv4 an order whose relay is killed is settled in the daemon" {
    local relay
    script=open
    make_daemon_config
    start_daemon
    approved
    mkfifo "$BATS_TEST_TMPDIR/in"
    "$IAG_TEST_PROGRAM" "${via[@]}" mcp serve <"$BATS_TEST_TMPDIR/in" \
        >/dev/null 2>&1 3>&- &
    relay=$!
    exec 14>"$BATS_TEST_TMPDIR/in"
    printf '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"ibkr_paper_order_submit","arguments":{"account_id":"DU1234567","approval_id":"%s","idempotency_key":"order-1"}}}\n' \
        "$approval" >&14
    until iag --json "${via[@]}" audit tail --limit 50 &&
        [[ $output == *paper_order_submitted* || $output == *tool_completed*order_submit* ]]; do
        kill -0 "$daemon"
    done
    kill -KILL "$relay"
    exec 14>&-
    wait "$relay" || true
    submit "${via[@]}"
    expect 0
    [ "$(json j.replayed <<<"$output")" = true ]
    iag audit verify --state
    expect 0
}

# page PATH: of the listener for probes
page() {
    curl -s --max-time 20 -w '%{http_code}' "$metrics$1"
}

@test "probes are told that it lives and is ready, and then that it stops" {
    command -v curl >/dev/null || skip "curl(1) is not installed"
    script=hang
    make_daemon_config
    sed -i 's/{backend: fake}/{backend: fake, write_timeout_seconds: 4}/' \
        "$config"
    start_daemon
    metrics=${ready##*metrics at }
    [ "$(page /healthz)" = $'ok\n200' ]
    run page /readyz
    has "$output" "store: ok" "backend: ok" 200
    [ "$(curl -s -o /dev/null -w '%{http_code}' "$metrics/else")" = 404 ]
    [ "$(curl -s -o /dev/null -w '%{http_code}' -X POST "$metrics/healthz")" = 405 ]
    approved
    submit_behind
    kill -TERM "$daemon"
    while [ -S "$socket" ]; do kill -0 "$daemon"; done
    [ "$(page /healthz)" = $'ok\n200' ]
    [ "$(page /readyz)" = $'stopping\n503' ]
    stop_daemon 0
    wait "$sender" || true
}

@test "inv8 the metrics count what was done, and name no account" {
    command -v curl >/dev/null || skip "curl(1) is not installed"
    make_daemon_config
    start_daemon
    metrics=${ready##*metrics at }
    approved
    iag "${via[@]}" kill-switch close --mode paper --reason x
    expect 0
    submit "${via[@]}"
    expect 1
    iag "${via[@]}" --json accounts list
    iag "${via[@]}" instruments 2>/dev/null
    page /metrics >"$BATS_TEST_TMPDIR/page"
    output=$(cat "$BATS_TEST_TMPDIR/page")
    has "$output" \
        'ibkr_agent_calls_total{tool="ibkr_accounts_list",outcome="done"} 1' \
        'ibkr_agent_calls_total{tool="ibkr_paper_order_submit",outcome="refused"} 1' \
        'ibkr_agent_gate_refusals_total{rule="kill_switch"} 1' \
        'ibkr_agent_call_duration_seconds_bucket{kind="read",le="+Inf"}' \
        'ibkr_agent_call_duration_seconds_sum{kind="write"}' \
        'ibkr_agent_journal_writable 1' 'ibkr_agent_audit_records ' \
        'ibkr_agent_store_used_bytes ' 'ibkr_agent_backend_open 1' \
        'ibkr_agent_calls_queued 0' 'ibkr_agent_journal_queue ' \
        'ibkr_agent_socket_connections_total{result="accepted"}' \
        'ibkr_agent_build_info{version='
    run ! grep -E 'DU[0-9]|U[0-9]{6}|AAPL|order-1' "$BATS_TEST_TMPDIR/page"
    # each line is one that Prometheus reads
    sed '$ s/200$//' "$BATS_TEST_TMPDIR/page" >"$BATS_TEST_TMPDIR/text"
    run ! grep -vE '^(# (HELP|TYPE) ibkr_agent_[a-z_]+ .+|ibkr_agent_[a-z_]+(\{[a-z]+="[^"]*"(,[a-z]+="[^"]*")*\})? [0-9.]+|)$' \
        "$BATS_TEST_TMPDIR/text"
}

@test "a service manager hands over the sockets and is told how it goes" {
    local line port manager
    command -v python3 >/dev/null || skip "python3 is not installed"
    command -v curl >/dev/null || skip "curl(1) is not installed"
    make_daemon_config
    mkfifo "$BATS_TEST_TMPDIR/told"
    python3 "$IAG_TEST_SRCDIR/tests/cli/launch.py" "$socket" \
        "$IAG_TEST_PROGRAM" --config "$config" serve \
        >"$BATS_TEST_TMPDIR/told" 2>"$BATS_TEST_TMPDIR/daemon.err" 3>&- &
    daemon=$!
    exec {manager}<"$BATS_TEST_TMPDIR/told"
    read -r _ port <&"$manager"
    # who connects before it serves is served then
    iag "${via[@]}" health
    expect 0
    [ "$(curl -s "http://127.0.0.1:$port/healthz")" = ok ]
    line=
    until [[ $line == *READY=1* ]]; do read -r line <&"$manager"; done
    until [[ $line == *WATCHDOG=1* ]]; do read -r line <&"$manager"; done
    kill -TERM "$daemon"
    until [[ $line == *STOPPING=1* ]]; do read -r line <&"$manager"; done
    cat <&"$manager" >/dev/null
    wait "$daemon"
    daemon=
    # the manager's socket is left to it
    [ -S "$socket" ]
}

@test "HTTP, the socket and the probes are one process" {
    command -v curl >/dev/null || skip "curl(1) is not installed"
    make_daemon_config
    {
        echo "safety: {remote_mcp_enabled: true}"
        echo "remote_mcp: {enabled: true, bind_address: 127.0.0.1:0,"
        echo "  resource: 'http://127.0.0.1/mcp', audiences: [x],"
        echo "  issuer: 'https://127.0.0.1:1/',"
        echo "  jwks_url: 'https://127.0.0.1:1/jwks',"
        echo "  allowed_scopes: [ibkr:health:read]}"
    } >>"$config"
    export IBKR_REMOTE_TOKEN_HMAC_SECRET=0123456789abcdef0123456789abcdef
    start_daemon
    [[ $ready =~ \ and\ (http://[^,]+),\ metrics\ at\ (.*) ]]
    url=${BASH_REMATCH[1]} metrics=${BASH_REMATCH[2]}
    [ "$(curl -s -o /dev/null -w '%{http_code}' --max-time 20 \
        -H 'Content-Type: application/json' \
        -H 'Accept: application/json, text/event-stream' \
        -d '{"jsonrpc":"2.0","id":1,"method":"ping"}' \
        "$url")" = 401 ]
    iag "${via[@]}" health
    expect 0
    run page /metrics
    has "$output" "ibkr_agent_http_requests_refused_total 1"
    # no token can be judged
    run page /readyz
    has "$output" "store: ok" "tokens: no keys of the issuer" 503
    stop_daemon 0
}

@test "a client is told to start a relay to the daemon" {
    make_daemon_config
    start_daemon
    cd "$BATS_TEST_TMPDIR"
    iag --via ./daemon.sock mcp client-config --client generic
    expect 0
    [ "$(json 'j.mcpServers["ibkr-agent"].args.join(" ")' <<<"$output")" = \
        "mcp serve --via $(realpath daemon.sock)" ]
    local arguments
    arguments=$(json 'j.mcpServers["ibkr-agent"].args.join("\n")' \
        <<<"$output")
    mapfile -t arguments <<<"$arguments"
    run bash -c 'echo "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\"}" |
        "$@"' - "$IAG_TEST_PROGRAM" "${arguments[@]}"
    expect 0
    has "$output" ibkr_health
    iag --via ./nosuch.sock mcp client-config --client generic
    expect 2
    has "$stderr" "cannot find './nosuch.sock'"
    iag --via ./daemon.sock mcp client-config --client generic \
        --url https://gw.example/mcp
    expect 2
    has "$stderr" "give one"
}
