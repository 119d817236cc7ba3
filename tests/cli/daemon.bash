# SPDX-License-Identifier: MIT
# Copyright (C) 2026 the ibkr-agent-gateway authors
#
# A daemon of each test's own, for bats files that have loaded helper.

trade_scopes="ibkr:orders:preview, ibkr:approvals:create,
    ibkr:orders:paper:submit, ibkr:orders:paper:cancel"

# The configuration; arguments are lines below daemon.principals, else this
# user is an operator with every scope that there is.
make_daemon_config() {
    local line
    scopes="$all_read_scopes, $trade_scopes"
    socket=$BATS_TEST_TMPDIR/daemon.sock
    [ $# -gt 0 ] ||
        set -- "me: {kind: operator, users: [$(id -u)], scopes: [$scopes]}"
    make_config "  options: {local-candidate: {script: ${script:-open}}}" \
        "order_preview: {enabled: true}" \
        "paper_trading: {enabled: true, allowed_accounts: [DU1234567], writer: local-candidate}" \
        "daemon:" "  socket: $socket" "  metrics_address: 127.0.0.1:0" \
        "  drain_seconds: ${drain:-30}" "  principals:"
    for line; do
        echo "    ${line//$'\n'/ }" >>"$config"
    done
    via=(--via "$socket")
}

# Start it and wait until it serves; $daemon is its process.
start_daemon() {
    mkfifo "$BATS_TEST_TMPDIR/ready"
    "$@" "$IAG_TEST_PROGRAM" serve >"$BATS_TEST_TMPDIR/ready" \
        2>"$BATS_TEST_TMPDIR/daemon.err" 3>&- &
    daemon=$!
    ready=
    read -r ready <"$BATS_TEST_TMPDIR/ready" || true
    rm "$BATS_TEST_TMPDIR/ready"
    [ -n "$ready" ] || {
        cat "$BATS_TEST_TMPDIR/daemon.err"
        return 1
    }
}

# stop_daemon STATUS
stop_daemon() {
    local status=0
    kill -TERM "$daemon"
    wait "$daemon" || status=$?
    daemon=
    if [ "$status" -ne "$1" ]; then
        printf 'the daemon ended with %s:\n' "$status"
        cat "$BATS_TEST_TMPDIR/daemon.err"
        return 1
    fi
}

# In teardown: whatever became of the test.
end_daemon() {
    if [ -n "${daemon-}" ]; then
        kill -KILL "$daemon" 2>/dev/null || true
        wait "$daemon" 2>/dev/null || true
    fi
}
