# SPDX-License-Identifier: MIT
# Copyright (C) 2026 the ibkr-agent-gateway authors
#
# What the bats files share: the built program with the built plugins, a store
# and a secret of each test's own.
bats_require_minimum_version 1.5.0

# A configuration in $BATS_TEST_TMPDIR; arguments are further YAML lines.
make_config() {
    export IBKR_AUDIT_HMAC_SECRET=0123456789abcdef0123456789abcdef
    config=$BATS_TEST_TMPDIR/ibkr-agent.yaml
    store=$BATS_TEST_TMPDIR/store
    scopes=${scopes:-$all_read_scopes}
    {
        echo "broker: {backend: fake}"
        echo "auth: {enabled_scopes: [$scopes]}"
        echo "audit: {path: $store}"
        echo "plugins:"
        echo "  path: [$IAG_TEST_PLUGINDIR]"
        printf '%s\n' "$@"
    } >"$config"
    export IBKR_AGENT_CONFIG=$config
}

all_read_scopes="ibkr:health:read, ibkr:accounts:read, ibkr:portfolio:read,
    ibkr:positions:read, ibkr:marketdata:read, ibkr:marketdata:depth:read,
    ibkr:options:read, ibkr:scanner:read, ibkr:news:read,
    ibkr:fundamentals:read, ibkr:calendar:read, ibkr:currency:read,
    ibkr:transfers:read, ibkr:orders:read, ibkr:risk:read, ibkr:audit:read,
    ibkr:audit:export"

# run, with stdout and stderr apart
iag() {
    run --separate-stderr "$IAG_TEST_PROGRAM" "$@"
}

# expect STATUS: the exit code of the last run; shows what it said otherwise
expect() {
    if [ "$status" -ne "$1" ]; then
        printf 'expected exit code %s, got %s\nstdout:\n%s\nstderr:\n%s\n' \
            "$1" "$status" "$output" "${stderr-}"
        return 1
    fi
}

# has TEXT PART...: every part is in the text
has() {
    local text=$1 part
    shift
    for part; do
        case $text in
        *"$part"*) ;;
        *)
            printf "'%s' is not in:\n%s\n" "$part" "$text"
            return 1
            ;;
        esac
    done
}

# json EXPRESSION: of the JSON text on stdin, for node
json() {
    command -v node >/dev/null || skip "node is not installed"
    node -e 'const j = JSON.parse(require("fs").readFileSync(0));
        const r = eval(process.argv[1]);
        console.log(typeof r === "object" ? JSON.stringify(r) : r)' "$1"
}

# ahead SECONDS: from now on, programs see a wall clock that is so much ahead
ahead() {
    local clock=$IAG_TEST_BUILDDIR/tests/cli/.libs/skewed-clock.so
    [ -e "$clock" ] || skip "skewed-clock.so was not built"
    ! grep -q libasan <(ldd "$IAG_TEST_PROGRAM") ||
        skip "the address sanitizer wants to be the first library"
    export LD_PRELOAD=$clock IAG_TEST_AHEAD=$1
}
