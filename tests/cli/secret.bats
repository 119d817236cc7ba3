# SPDX-License-Identifier: MIT
# Copyright (C) 2026 the ibkr-agent-gateway authors
#
# Nothing secret leaves (invariant 8): secrets are planted wherever one can
# come in, and every byte that goes out or is kept is searched for them.

load helper
load desk

audit_secret=planted-audit-secret-7f3a9c51d2e84b06
bearer="Bearer planted.bearer-Zk8Qp2Lm5Rt7Wx9YaBc"
password="password=planted-Pa55w0rd-hunter"
cookie="cookie=planted-session-9d8c7b6a5e4f"
jwt="eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJwbGFudGVkIn0.cGxhbnRlZC1zaWduYXR1cmU"

setup() {
    make_config "log: {level: debug}"
    export IBKR_AUDIT_HMAC_SECRET=$audit_secret
    seen=$BATS_TEST_TMPDIR/seen
    mkdir -p "$seen"
}

# Run a command; what it says is kept, whatever it says.
say() {
    "$IAG_TEST_PROGRAM" "$@" >>"$seen/stdout" 2>>"$seen/stderr" || true
}

# nowhere FOLDER WORD...: no file of the folder has any of the words
nowhere() {
    local folder=$1 word
    shift
    for word; do
        if grep -raqF -e "$word" "$folder"; then
            printf "'%s' is in:\n" "$word"
            grep -ralF -e "$word" "$folder"
            grep -rahoF -e "$word" "$folder" | head -n 3
            return 1
        fi
    done
}

# lacks FILE PATTERN: no line of the file matches
lacks() {
    if grep -aE -m 1 -e "$2" "$1"; then
        printf "above: '%s' in %s\n" "$2" "$1"
        return 1
    fi
}

# The secret in the forms in which it may be written.
forms_of() {
    printf '%s\n' "$1"
    printf '%s' "$1" | od -An -v -tx1 | tr -d ' \n'
    echo
    printf '%s' "$1" | base64 -w 0
    echo
}

every_command() {
    local form
    for form in "" --json; do
        # shellcheck disable=SC2086
        {
            say $form --version --verbose
            say $form config show
            say $form config check
            say $form plugins list
            say $form plugins show lmdb
            say $form health
            say $form accounts list
            say $form account summary --account DU1234567
            say $form portfolio snapshot --account U7654321
            say $form orders list --account DU1234567
            say $form market snapshot --contract-id 265598
            say $form market snapshot --contract-id 1
            say $form store status
            say $form doctor
            say $form audit tail
            say $form audit verify --state
            say $form audit export --out "$seen/trail$form.jsonl"
            say $form audit checkpoint --out "$seen/checkpoint$form.json"
        }
    done
    speak_mcp
}

speak_mcp() {
    local call='{"jsonrpc":"2.0","id":9,"method":"tools/call","params":'
    {
        printf '%s\n' '{"jsonrpc":"2.0","id":1,"method":"initialize",
"params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":
{"name":"x","version":"1"}}}' | tr -d '\n'
        echo
        printf '{"jsonrpc":"2.0","id":2,"method":"tools/list"}\n'
        printf '{"jsonrpc":"2.0","id":3,"method":"resources/list"}\n'
        printf '%s{"name":"ibkr_accounts_list"}}\n' "$call"
        printf '%s{"name":"ibkr_account_summary","arguments":%s}}\n' \
            "$call" '{"account_id":"DU1234567"}'
        printf '%s{"name":"ibkr_audit_tail","arguments":{}}}\n' "$call"
        printf '%s{"name":"ibkr_nothing_such"}}\n' "$call"
    } | "$IAG_TEST_PROGRAM" mcp serve --transport stdio \
        >>"$seen/mcp" 2>>"$seen/stderr"
}

@test "inv8 the audit secret from the environment is nowhere" {
    every_command
    grep -q ibkr_accounts_list "$seen/stdout"
    grep -q DU1234567 "$seen/mcp"
    mapfile -t forms < <(forms_of "$audit_secret")
    nowhere "$seen" "${forms[@]}"
    nowhere "$store" "${forms[@]}"
}

@test "inv8 the audit secret from a file is nowhere" {
    unset IBKR_AUDIT_HMAC_SECRET
    printf '%s\n' "$audit_secret" >"$BATS_TEST_TMPDIR/key"
    chmod 600 "$BATS_TEST_TMPDIR/key"
    sed -i "s|audit: {|audit: {hmac_secret_file: $BATS_TEST_TMPDIR/key, |" \
        "$config"
    every_command
    grep -q ibkr_accounts_list "$seen/stdout"
    mapfile -t forms < <(forms_of "$audit_secret")
    nowhere "$seen" "${forms[@]}"
    nowhere "$store" "${forms[@]}"
}

@test "inv8 raw accounts are in results only, not in log, trail or store" {
    every_command
    say account summary --account DU9999999
    say positions list --account U8888888
    grep -q DU1234567 "$seen/stdout"
    nowhere "$store" DU1234567 U7654321 DU9999999 U8888888
    for file in "$seen"/trail* "$seen"/checkpoint*; do
        lacks "$file" 'DU1234567|U7654321'
    done
    # what is not an answer or an error of the command is the log
    grep -aE '<[0-9]>|debug|info' "$seen/stderr" >"$BATS_TEST_TMPDIR/log" || :
    lacks "$BATS_TEST_TMPDIR/log" 'DU?[0-9]{7}'
}

@test "inv8 secrets in a caller's arguments reach neither trail nor store" {
    local word
    for word in "$bearer" "$password" "$cookie" "$jwt"; do
        say contracts search "$word"
        say contracts resolve "$word"
        say market snapshot --contract-id "$word"
        say account summary --account "$word"
        say news article --article-id "$word"
        say --request-id "$word" health
        say audit tail --limit "$word"
        say audit tail --since "$word"
        say "$word"
        say health "$word"
        # an id is echoed as it came, so the word stands elsewhere
        printf '{"jsonrpc":"2.0","id":1,"method":"tools/call",%s}\n' \
            "\"params\":{\"name\":\"$word\"}" |
            "$IAG_TEST_PROGRAM" mcp serve --transport stdio \
                >>"$seen/mcp" 2>>"$seen/log" || true
    done
    say audit tail --limit 100
    say --json audit tail --limit 100
    say audit export --out "$BATS_TEST_TMPDIR/trail.jsonl"
    for word in Zk8Qp2Lm5Rt7Wx9YaBc planted-Pa55w0rd 9d8c7b6a5e4f \
        cGxhbnRlZC1zaWduYXR1cmU; do
        nowhere "$store" "$word"
        lacks "$BATS_TEST_TMPDIR/trail.jsonl" "$word"
        nowhere "$seen" "$word"
    done
}

@test "inv8 a configuration's secrets are not repeated by its faults" {
    printf 'remote_mcp: {token_id_hmac_secret: "%s"}\n' "$audit_secret" \
        >>"$config"
    printf 'audit_hmac_secret: %s\n' "$audit_secret" >>"$config"
    say config check
    say --json config check
    say health
    say doctor
    [ -s "$seen/stderr" ]
    grep -q token_id_hmac_secret "$seen/stderr" "$seen/stdout"
    nowhere "$seen" "$audit_secret"
}

# A whole order's life in a mode: preview, approval, order, change, cancel, a
# bracket, a lost answer and its end; everything said is kept.
order_life() {
    local log=$seen/orders
    {
        order_steps "$1"
        say orders pending
        say --json orders pending
        say reconcile
        say --json orders resolve k2 --account "$account"
        say orders list --account "$account"
        say --json orders history --account "$account"
        say approvals list
        say --json approvals show "$approval"
        say --json policy explain --preview-id "$preview"
        say orders cancel-all --account "$account" --reason "$password"
        say --json audit tail --limit 100
        say audit export --out "$seen/trail-$1.jsonl"
        say doctor
    } >>"$log" 2>&1
}

# desk, with the secret that is looked for
secret_desk() {
    desk "$@"
    export IBKR_AUDIT_HMAC_SECRET=$audit_secret
}

# said: what the last run said
said() {
    printf '%s\n%s\n' "$output" "$stderr" >>"$seen/orders"
}

# what may be said to an order, secrets where words may be
order_steps() {
    secret_desk "$1"
    [ "$1" = paper ] || open_live
    approve
    said
    submit k1
    said
    submit "$bearer"
    said
    modify local-candidate-k1 m1 199.00
    said
    cancel local-candidate-k1 c1
    said
    cancel "$jwt" c2
    said
    approve_bracket
    said
    bracket b1
    said
    secret_desk "$1" lose
    approve
    submit k2
    said
    iag approvals revoke "$approval" --reason "$cookie"
    said
}

@test "inv8 an order's life leaves no secret anywhere" {
    local form
    desk_lines=("log: {level: debug}")
    order_life paper
    order_life live
    grep -q local-candidate-k1 "$seen/orders"
    grep -q ORDER_OUTCOME_UNKNOWN "$seen/orders"
    mapfile -t forms < <(forms_of "$audit_secret")
    for form in "${forms[@]}" Zk8Qp2Lm5Rt7Wx9YaBc planted-Pa55w0rd \
        9d8c7b6a5e4f cGxhbnRlZC1zaWduYXR1cmU; do
        nowhere "$store" "$form"
        nowhere "$seen" "$form"
    done
    # what an export has is the trail: it names no account as it is
    for file in "$seen"/trail*; do
        lacks "$file" 'DU1234567|U7654321'
        lacks "$file" "$BATS_TEST_TMPDIR"
    done
    # what is not an answer or an error is the log
    grep -aE '<[0-9]>|debug|info' "$seen/stderr" >"$BATS_TEST_TMPDIR/log" || :
    lacks "$BATS_TEST_TMPDIR/log" 'DU?[0-9]{7}'
}

# Rows of previews, intents and orders hold the account as the broker needs it:
# an intent of a dead process must be found there again. Nothing else does.
@test "inv8 raw accounts are in the rows of orders only" {
    desk paper
    approve
    submit k1
    expect 0
    say audit export --out "$seen/trail.jsonl"
    lacks "$seen/trail.jsonl" DU1234567
    grep -aqF '"account":"DU1234567"' "$store/data.mdb"
    # keys of all tables begin with its hash
    lacks "$store/data.mdb" 'DU1234567/'
}

@test "inv8 what looks like a secret in the broker's words is taken out" {
    local own=$BATS_TEST_TMPDIR/fixtures
    mkdir -p "$own"
    cp "$IAG_TEST_SRCDIR"/plugins/backend-fake/fixtures/*.json "$own/"
    chmod 755 "$own"
    grep -l '"headline"' "$own"/*.json >/dev/null
    sed -i -E "s|(\"headline\": *\")[^\"]*|\\1$bearer $jwt|; \
        s|(\"body\": *\")[^\"]*|\\1$cookie $password|; \
        s|(\"description\": *\")[^\"]*|\\1$bearer|" "$own"/*.json
    sed -i "s|backend: fake|backend: fake, fixture_root: $own|" "$config"
    say news list --symbol AAPL
    say --json news list --symbol AAPL
    say --json news article --article-id news-1
    say --json contracts search AAPL
    say --json positions list --account DU1234567
    grep -q 'news-1' "$seen/stdout"
    for word in Zk8Qp2Lm5Rt7Wx9YaBc planted-Pa55w0rd 9d8c7b6a5e4f \
        cGxhbnRlZC1zaWduYXR1cmU; do
        nowhere "$seen" "$word"
        nowhere "$store" "$word"
    done
}

@test "inv8 agents and the trail see no local paths" {
    every_command
    nowhere "$store" "$BATS_TEST_TMPDIR"
    lacks "$seen/mcp" "$BATS_TEST_TMPDIR"
    lacks "$seen/mcp" "$IAG_TEST_PLUGINDIR"
    for file in "$seen"/trail*; do
        lacks "$file" "$BATS_TEST_TMPDIR"
    done
}

@test "inv5 without a secret nothing is answered and nothing is made" {
    unset IBKR_AUDIT_HMAC_SECRET
    iag accounts list
    expect 7
    [ -z "$output" ]
    has "$stderr" IBKR_AUDIT_HMAC_SECRET
    [ ! -e "$store/data.mdb" ]
}

@test "inv5 without room for the record there is no answer" {
    "$IAG_TEST_PROGRAM" health >/dev/null
    # a file size limit below that of the store stands for a full disk; it
    # would cut the counts of a coverage build, too, which go elsewhere
    GCOV_PREFIX=$TMPDIR/gcov \
        run --separate-stderr bash -c 'ulimit -f 1; trap "" XFSZ
        exec "$0" accounts list' "$IAG_TEST_PROGRAM"
    [ "$status" -ne 0 ]
    [ -z "$output" ]
    [[ $stderr != *DU1234567* ]]
    iag audit verify
    expect 0
}
