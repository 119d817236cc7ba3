# SPDX-License-Identifier: MIT
# Copyright (C) 2026 the ibkr-agent-gateway authors
#
# The operator's documents, typed as they stand: each command of a part in its
# order, in a terminal, with accounts and ids filled in; each ends well, and
# what "you should see" is seen.

load helper
load desk

setup() {
    command -v script >/dev/null || skip "script(1) is not installed"
    mkdir "$BATS_TEST_TMPDIR/bin" "$BATS_TEST_TMPDIR/place"
    ln -s "$IAG_TEST_PROGRAM" "$BATS_TEST_TMPDIR/bin/ibkr-agent"
    PATH=$BATS_TEST_TMPDIR/bin:$PATH
    export NO_COLOR=1
    cd "$BATS_TEST_TMPDIR/place" || return
}

# part DOCUMENT HEADING: its commands as "$ ..." and the phrases that one should
# see as "? ..."; of phrases that are joined by "or", the first
part() {
    awk -v heading="$2" '
        function sentences(t, i, n, quoted, where, words, c) {
            while ((i = index(t, "ou should see"))) {
                t = substr(t, i + 13)
                quoted = 0
                words = ""
                for (n = 1; n <= length(t); n++) {
                    c = substr(t, n, 1)
                    if (c == "`" && quoted && !where) print "? " words
                    if (c == "`" && !quoted)
                        where = substr(t, 1, n - 1) ~ / (in|begins with) $/
                    if (c == "`") { quoted = !quoted; words = "" }
                    else if (quoted) words = words c
                    else if (substr(t, n) ~ /^(\.( |$)|[ (]or |:)/) break
                }
            }
        }
        /^#+ / { here = index($0, heading) > 0 }
        !here { next }
        /^    / { sentences(text); text = ""; sub(/^ */, ""); print "$ " $0; next }
        { text = text " " $0 }
        /^$/ { sentences(text); text = "" }
        END { sentences(text) }' "$IAG_TEST_SRCDIR/docs/$1.md"
}

# readiness: of each row of production-readiness.md the command, and in the next
# line the phrases that it has to say, with bars between them
readiness() {
    # shellcheck disable=SC2016 # the backquotes are the document's
    # a second user is not to be had here
    sed -n '/^| .*`ibkr-agent /p' \
        "$IAG_TEST_SRCDIR/docs/production-readiness.md" |
        grep -v 'as the user of the agent' |
        awk -F ' *[|] *' '{
            n = split($3, command, "`")
            print command[2]
            n = split($4, phrase, "`")
            line = ""
            for (i = 2; i <= n; i += 2) {
                sub(/ N .*/, "", phrase[i])
                if (phrase[i - 1] !~ /(no|with) $/) line = line phrase[i] "|"
            }
            print line
        }'
}

# after LABEL: what stands behind it in what was seen, else $2
after() {
    local found
    found=$(sed -n "s/^$1  *\([^ ]*\).*/\1/p" <<<"$said" | tail -n 1)
    echo "${found:-$2}"
}

# filled COMMAND: with the accounts, ids and places of this test
filled() {
    sed -e "s/\bDU0000000\b/DU1234567/g" -e "s/\bU0000000\b/${live-U7654321}/g" \
        -e "s/\bPREVIEW\b/$preview/g" -e "s/\bAPPROVAL\b/$approval/g" \
        -e "s/\bORDER\b/$order/g" -e "s/\bKEY\b/$key/g" \
        -e "s|/var/lib/ibkr-agent/store|$store|g" \
        -e "s|/safe/place|$BATS_TEST_TMPDIR/place|g" \
        -e "s|/etc/ibkr-agent|$BATS_TEST_TMPDIR/place|g" \
        -e "s|/root/|$BATS_TEST_TMPDIR/place/|g" -e "${dates-}" <<<"$1"
}

# the configuration of part "Years later", and where the plugins are
verify_config() {
    filled "$(sed -n '/^    broker: {backend/,/hmac_secret_file/s/^    //p' \
        "$IAG_TEST_SRCDIR/docs/audit-retention.md")"
    echo "plugins: {path: [$IAG_TEST_PLUGINDIR]}"
}

# line COMMAND: in a terminal; what it says is added to $seen
line() {
    echo "\$ $1"
    said=$(script -qec "$1" /dev/null </dev/null | tr -d '\r')
    local code=${PIPESTATUS[0]}
    echo "$said"
    seen+=" $(tr -s '[:space:]' ' ' <<<"$said")"
    preview=$(after 'preview id' "$preview")
    approval=$(after 'approval id' "$approval")
    order=$(after 'broker order id' "$order")
    return "$code"
}

# typed DOCUMENT HEADING [EXCEPT]: lines that match EXCEPT are not typed; what
# $and_then names is done behind each
typed() {
    local step count=0
    seen=
    while IFS= read -r step <&3; do
        if [[ $step == '? '* ]]; then
            step=$(filled "${step#? }")
            has "$seen" "${step%%…*}"
            fresh=yes
            continue
        fi
        [ -z "${3-}" ] || ! grep -qE "$3" <<<"$step" || continue
        [ -z "$fresh" ] || seen=
        fresh=
        line "$(filled "${step#$ }")"
        ${and_then:-:} "$step"
        count=$((count + 1))
    done 3< <(part "$1" "$2")
    [ "$count" -gt 0 ]
}

# ordered KEY DOCUMENT HEADING NAME [unknown]: the order that a part makes, under
# a key in place of NAME
ordered() {
    local step
    key=$1
    while IFS= read -r step <&3; do
        [[ $step == *preview* || $step == *create* || $step == *submit* ]] ||
            continue
        step=$(filled "${step#$ }")
        line "${step//$4/$key}" || [ "${5-}" = unknown ]
    done 3< <(part "$2" "$3" | grep '^\$ ')
}

# working KEY: an order that works, on paper
working() {
    ordered "$1" paper-to-live '1. `paper' paper-1
}

# ask TOOL ARGUMENT...: an agent does over stdio
ask() {
    local tool=$1
    shift
    said=$(printf '%s\n' "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"$tool\",\"arguments\":{$*},\"_meta\":{\"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\",\"io.modelcontextprotocol/clientCapabilities\":{}}}}" |
        "$IAG_TEST_PROGRAM" mcp serve --transport stdio)
}

# agent_asks ACCOUNT: a preview and the request to approve it
agent_asks() {
    ask ibkr_order_preview "\"account_id\":\"$1\",\"symbol\":\"AAPL\"," \
        '"side":"buy","quantity":"1","order_type":"limit",' \
        '"limit_price":"195.00","time_in_force":"day"'
    preview=$(sed -n 's/.*"structuredContent":{[^}]*"preview_id":"\([^"]*\)".*/\1/p' <<<"$said")
    [ -n "$preview" ]
    ask ibkr_approvals_create "\"account_id\":\"$1\",\"preview_id\":\"$preview\""
}

@test "from paper to live, from the first item to the first order" {
    approvals="paper_policy: operator" desk paper
    sed -i 's/^paper_trading: {/&risk_policy_id: small, /' "$config"
    typed paper-to-live '1. `paper'
    agent_asks DU1234567
    typed paper-to-live '2. `approvals'
    typed paper-to-live '3. `limits'
    working paper-2
    typed paper-to-live '4. `kill'
    typed paper-to-live Acknowledge
    typed paper-to-live Activate
    typed paper-to-live 'The first order'
    typed paper-to-live Later
}

# live_order KEY [unknown]: an order on live
live_order() {
    ordered "$1" paper-to-live 'The first order' first-1 "${2-}"
}

@test "the runbook: stop everything, open again" {
    desk live
    open_live
    live_order k-1
    typed live-runbook '1. Stop' 'touch|cancel-only'
    typed live-runbook '3. Open' credential
}

@test "the runbook: an order landed late" {
    desk live lands-late
    sed -i 's/lands-late/&, late_seconds: 600/' "$config"
    open_live
    live_order k-1 unknown
    line "ibkr-agent orders resolve --account U7654321 k-1" || :
    typed live-runbook '2. An order' 'resolve --account U0000000 KEY$'
    sed -i 's/late_seconds: 600/late_seconds: 0/' "$config"
    line "ibkr-agent reconcile"
    has "$seen" "late landings 1"
    line "ibkr-agent audit tail"
    has "$seen" late_landing
    line "ibkr-agent kill-switch status"
    has "$seen" "state cancel_only" "the order 'k-1' landed late"
    typed live-runbook '5. An order landed late'
    typed live-runbook '3. Open' credential
}

@test "the runbook: the clock, the configuration, what the agent asks for" {
    desk live
    open_live
    typed live-runbook '8. The clock' timedatectl
    sed -i 's/max_quantity: "20"/max_quantity: "10"/' "$config"
    typed live-runbook '10. The live'
    agent_asks U7654321
    typed live-runbook '11. What'
    typed live-runbook '14. The agent'
}

@test "the runbook: the secret leaked" {
    desk live
    open_live
    echo 0123456789abcdef0123456789abcdef >secret
    chmod 600 secret
    sed -i "s|^audit: {|&hmac_secret_file: $PWD/secret, |" "$config"
    unset IBKR_AUDIT_HMAC_SECRET
    configure() {
        [[ $1 != *rotate-key* ]] ||
            sed -i "s|$PWD/secret|$PWD/audit-hmac-secret.new|" "$config"
    }
    and_then=configure typed live-runbook '12. The secret'
}

@test "the runbook: after a crash, a chain that is looked at, what agents do" {
    desk live
    open_live
    live_order k-1
    typed live-runbook '4. The broker'
    typed live-runbook '6. After a crash'
    line "ibkr-agent audit export --out trail.jsonl"
    line "ibkr-agent audit checkpoint --out checkpoint.json"
    typed live-runbook '9. The chain'
    typed live-runbook '13. A program' 'kill'
}

@test "the runbook: a copy of the store" {
    desk live
    open_live
    live_order k-1
    cp -a "$store" copy && rm -r "$store" && mv copy "$store"
    typed live-runbook '7. The store'
}

@test "production readiness, row by row" {
    local command phrases phrase
    desk live
    open_live
    line "ibkr-agent live activate"
    line "ibkr-agent audit checkpoint --out FILE"
    while IFS= read -r command <&3 && IFS= read -r phrases <&3; do
        [[ $command != *"audit export"* ]] || rm -f FILE
        seen=
        line "$(filled "$command")"
        while IFS= read -r phrase; do
            [ -z "$phrase" ] || has "$seen" "$phrase"
        done <<<"${phrases//|/$'\n'}"
    done 3< <(readiness)
}

@test "keeping the audit trail, a day, a week and a new key" {
    local today tomorrow
    desk live
    today=$(date -u +%Y-%m-%d)
    tomorrow=$(date -u -d tomorrow +%Y-%m-%d)
    (umask 077 && echo "$IBKR_AUDIT_HMAC_SECRET" >secret)
    sed -i "s|^audit: {|&hmac_secret_file: $PWD/secret, |" "$config"
    unset IBKR_AUDIT_HMAC_SECRET
    dates="s/2026-11-28/$tomorrow/g; s/2026-11-27/$today/g"
    line "ibkr-agent health"
    typed audit-retention 'Every day'
    typed audit-retention 'Every week'
    typed audit-retention 'Making room'
    configure() {
        [[ $1 != *rotate-key* ]] ||
            sed -i "s|$PWD/secret|$PWD/audit-hmac-secret.new|" "$config"
    }
    and_then=configure typed audit-retention 'A new key'
    verify_config >verify.yaml
    cp secret audit-hmac-secret-2026
    typed audit-retention 'Years later' '^\$ (broker|auth|audit|path|hmac)'
    [ ! -e /nowhere ]
}

# the guide's own configuration, for a simulator of this test
portal_config() {
    make_config
    {
        filled "$(sed -n '/^    broker:/,/hmac_secret_file/{s/^    //p
            /hmac_secret_file/q}' "$IAG_TEST_SRCDIR/docs/client-portal.md")"
        echo "plugins: {path: [$IAG_TEST_PLUGINDIR]}"
    } | sed -e "s|https://127.0.0.1:5000|$base|" -e "s|PIN|\"$pin\"|" \
        -e 's|^broker:|&\n  simulator: true\n  pacing: 2000|' >"$config"
    (umask 077 && head -c 48 /dev/urandom | base64 >secret)
}

# in_book STATUS: until the only order has it
in_book() {
    local try
    for ((try = 0; try < 600; try++)); do
        seen book
        [ "$(get 'j.orders.map((o) => o.coid + " " + o.status).join()')" != \
            "first-1 $1" ] || return 0
        sleep 0.1
    done
    echo "never $1: $body"
    return 1
}

# accepted COMMAND: the broker has taken what it sends
accepted() {
    [[ $1 != *'orders submit'* ]] || in_book Submitted
}

@test "the Client Portal Gateway: look, read, and an order on paper" {
    load simulator
    simulator_setup
    simulator_start --exit-with-parent
    pin=$(sed -n 's/^pin //p' "$BATS_TEST_TMPDIR/said")
    portal_config
    typed client-portal '3. Conf' '^\$ [^i]'
    typed client-portal '4. Read'
    and_then=accepted typed client-portal '5. A paper'
    in_book Cancelled
    simulator_stop
}

# reconciled COMMAND: what the word was for is looked at
reconciled() {
    [[ $1 != *--accept-absent* ]] || line "ibkr-agent reconcile"
}

@test "the runbook: an order that no list shows" {
    load simulator
    simulator_setup
    simulator_start --exit-with-parent --clock manual \
        --midnight America/New_York
    control settings '{"establish_ms":0,"warm_ms":0}'
    pin=$(sed -n 's/^pin //p' "$BATS_TEST_TMPDIR/said")
    portal_config
    ordered k-1 client-portal '5. A paper' first-1
    next_day
    seen=
    line "ibkr-agent reconcile"
    has "$seen" "order '$order' is in no list"
    ahead 300
    live=DU1234567
    line "ibkr-agent orders resolve --account $live k-1" || :
    and_then=reconciled typed live-runbook 'An order that no list' \
        'resolve --account U0000000 KEY$'
    simulator_stop
}

@test "the agents' runbooks name tools and words that there are" {
    local tools name
    desk live
    tools=$(<"$IAG_TEST_SRCDIR/docs/tools.md")
    for name in $(grep -oh 'ibkr_[a-z_]*' \
        "$IAG_TEST_SRCDIR"/docs/runbooks/*.md | sort -u); do
        has "$tools" "$name"
    done
    line "ibkr-agent backend status"
    has "$seen" "status $(sed -n 's/.*status other than `\([a-z]*\)`.*/\1/p' \
        "$IAG_TEST_SRCDIR/docs/runbooks/session.md")"
}
