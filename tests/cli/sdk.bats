# SPDX-License-Identifier: MIT
# Copyright (C) 2026 the ibkr-agent-gateway authors
#
# The SDK as programs outside of the tree use it: header, library, example.

load helper

setup() {
    cc=${IAG_TEST_CC:-cc}
    library=$IAG_TEST_BUILDDIR/.libs/libibkr-agent.so
    [ -e "$library" ] || skip "libibkr-agent is not built"
    if nm -D "$library" | grep -q -e __asan_ -e __tsan_; then
        skip "a sanitized library cannot be used from outside"
    fi
}

# build FILE: with nothing but the header and the library
build() {
    # shellcheck disable=SC2086
    $cc -std=c90 -pedantic -Wall -Wextra -Werror \
        -I"$IAG_TEST_SRCDIR/include" "$1" -o "$BATS_TEST_TMPDIR/program" \
        -L"$IAG_TEST_BUILDDIR/.libs" -Wl,-rpath,"$IAG_TEST_BUILDDIR/.libs" \
        -libkr-agent
}

@test "the example builds as C90 and does what it says" {
    build "$IAG_TEST_SRCDIR/docs/example-sdk.c"
    run "$BATS_TEST_TMPDIR/program" "$BATS_TEST_TMPDIR/store" \
        "$IAG_TEST_PLUGINDIR"
    expect 0
    has "$output" "ibkr_accounts_list ok" "ibkr_market_snapshot ok" \
        "ibkr_accounts_list AUTH_MISSING_SCOPE" DU1234567
    [ "$(grep -c '^audit record [0-9a-f-]\{36\}$' <<<"$output")" = 3 ]
}

@test "what the example did is on the record under its principals" {
    build "$IAG_TEST_SRCDIR/docs/example-sdk.c"
    run "$BATS_TEST_TMPDIR/program" "$BATS_TEST_TMPDIR/store" \
        "$IAG_TEST_PLUGINDIR"
    expect 0
    # the secret of development defaults lies beside their store
    cat >"$BATS_TEST_TMPDIR/c.yaml" <<-END
	broker: {backend: fake}
	auth: {enabled_scopes: ["ibkr:audit:read"]}
	audit:
	  path: $BATS_TEST_TMPDIR/store
	  hmac_secret_file: $(secret_file)
	plugins: {path: [$IAG_TEST_PLUGINDIR]}
	END
    iag --config "$BATS_TEST_TMPDIR/c.yaml" --json audit tail
    expect 0
    has "$output" '"sdk:local"' '"app:quotes"' tool_denied_scope
    iag --config "$BATS_TEST_TMPDIR/c.yaml" audit verify --state
    expect 0
}

secret_file() {
    find "$BATS_TEST_TMPDIR" "$XDG_STATE_HOME" "$HOME" -type f -perm 600 \
        ! -name '*.mdb' -size -2 -name '*secret*' | head -n 1
}

@test "libibkr-agent(3) has every function, and its example runs" {
    local page=$IAG_TEST_SRCDIR/docs/libibkr-agent.3
    local functions
    functions=$(grep -o '\biag_gateway_[a-z_]*(' \
        "$IAG_TEST_SRCDIR/include/ibkr-agent/gateway.h" | tr -d '(' | sort -u)
    diff <(sed -n 's/^\.Fo //p' "$page" | sort) - <<<"$functions"
    diff <(grep -E '^\.(It )?Fn' "$page" | grep -o 'iag_gateway_[a-z_]*' |
        sort -u) - <<<"$functions"
    sed -n '/^#include <stdio/,/^}/p' "$page" | sed 's/\\e/\\/g' \
        >"$BATS_TEST_TMPDIR/example.c"
    build "$BATS_TEST_TMPDIR/example.c"
}

@test "the header is C++ as well" {
    command -v c++ >/dev/null || skip "there is no c++"
    printf '#include <ibkr-agent/gateway.h>\nint main() { return 0; }\n' \
        >"$BATS_TEST_TMPDIR/x.cc"
    c++ -std=c++98 -pedantic -Wall -Wextra -Werror -Wno-long-long \
        -I"$IAG_TEST_SRCDIR/include" -c "$BATS_TEST_TMPDIR/x.cc" \
        -o /dev/null
}

@test "the library exports what the header declares and nothing else" {
    diff <(nm -D --defined-only "$library" | sed -n 's/.* T \([a-z_]*\).*/\1/p' |
        sort) <(grep -o '\biag_gateway_[a-z_]*(' \
        "$IAG_TEST_SRCDIR/include/ibkr-agent/gateway.h" |
        tr -d '(' | sort -u)
}
