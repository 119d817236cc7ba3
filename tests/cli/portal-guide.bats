# SPDX-License-Identifier: MIT
# Copyright (C) 2026 the ibkr-agent-gateway authors
#
# The simulator and the gateway side by side as the README has it, and the
# failures that docs/client-portal.md makes its reader try: each is seen as the
# page says.

load helper
load simulator

setup() {
    simulator_setup
    cd "$BATS_TEST_TMPDIR"
}

teardown() {
    simulator_stop
}

# readme_config: that of the README, for a simulator of this test
readme_config() {
    simulator_start --exit-with-parent
    (umask 077 && head -c 48 /dev/urandom | base64 >secret)
    {
        sed -n '/^    broker:/,/^    log:/s/^    //p' \
            "$IAG_TEST_SRCDIR/README.md" |
            sed -e "s|https://127.0.0.1:5000|$base|" \
                -e "s|sha256//.*|$(sed -n 's/^pin //p' said)|" \
                -e 's|^broker:|&\n  pacing: 2000|'
        echo "plugins: {path: [$IAG_TEST_PLUGINDIR]}"
    } >portal.yaml
    export IBKR_AGENT_CONFIG=$PWD/portal.yaml
}

@test "the README's commands, as they stand there, up to the broker's book" {
    local line words preview= approval= count=0
    readme_config
    while IFS= read -r line <&3; do
        line=$(sed -E -e "s/(--preview-id) [0-9a-f-]+/\1 $preview/" \
            -e "s/(--approval-id) [0-9a-f-]+/\1 $approval/" <<<"$line")
        read -ra words <<<"$line"
        iag "${words[@]}"
        expect 0
        preview=$(sed -n 's/^preview id *//p' <<<"$output")
        approval=$(sed -n 's/^approval id *//p' <<<"$output")
        count=$((count + 1))
    done 3< <(sed -n '/^Then from the session/,/mcp serve/s/^    \$ ibkr-agent //p' \
        "$IAG_TEST_SRCDIR/README.md")
    [ "$count" = 5 ]
    has "$output" "writer           client-portal" first-1
    seen book
    [ "$(get 'j.orders.map((o) => o.coid).join()')" = first-1 ]
}

# submit_one KEY: an order, approved
submit_one() {
    iag --json orders preview --enable-preview --account DU1234567 \
        --symbol AAPL --side buy --quantity 1 --limit-price 195.00
    expect 0
    iag --json approvals create --account DU1234567 \
        --preview-id "$(json j.preview_id <<<"$output")"
    expect 0
    iag orders submit --enable-paper --account DU1234567 \
        --approval-id "$(json j.approval_id <<<"$output")" \
        --idempotency-key "$1"
}

# look SEEN: what the page says one has to do to see it
look() {
    case $1 in
    *'next submit'*) submit_one k1 ;;
    *'`market snapshot`'*) iag market snapshot --contract-id 265598 ;;
    *) iag session requirements ;;
    esac
    output+=" $stderr"
}

# shown SEEN: all codes, states and words that are promised; what is only at
# the second look may take some
shown() {
    local try part
    for try in {1..40}; do
        look "$1"
        part=$(grep -oE '`[^`]+`' <<<"$1" | tr -d '`' | sed 's/^state //' |
            grep -vE '^(market snapshot|positions list)$' | head -n 1)
        [ -n "$part" ]
        [[ $(tr -s '[:space:]' ' ' <<<"$output") != *"$part"* ]] || return 0
        [[ $1 != *'next submit'* ]] || break
    done
    echo "not seen in $try looks: $part; but: $output"
    return 1
}

# ready: within the time that a session takes to be opened
ready() {
    local try
    for try in {1..600}; do
        iag session renew
        [[ $output != *'state '*ready* ]] || return 0
    done
    echo "not ready after $try looks: $output"
    return 1
}

# commands TEXT: those to the simulator that stand in it, done
commands() {
    local command
    while IFS= read -r command; do
        command=${command//SIM/$base/sim}
        run --separate-stderr bash -c "${command//20000/3000}"
        expect 0
    done < <(grep -oE '`curl [^`]+`' <<<"$1" | tr -d '`')
}

@test "the guide's failures: each is seen as the page says, and repaired" {
    local cause see repair count=0
    while IFS='|' read -r _ cause see repair _ <&3; do
        echo "$cause"
        readme_config
        sed -i 's/ibkr:orders:read,/& ibkr:marketdata:read,/' portal.yaml
        iag session requirements
        has "$output" ready
        commands "$cause"
        shown "$see"
        # by itself within a minute, or with a new pin, takes too long here
        case $see in
        *login_needed* | *competing*)
            commands "$repair"
            ready
            ;;
        *tls_mismatch*)
            iag doctor
            has "$output" "is not the key of its certificate"
            ;;
        *ORDER_OUTCOME_UNKNOWN*)
            iag --json orders resolve k1 --account DU1234567
            expect 0
            has "$output" '"state": "done"'
            ;;
        *'the next submit'*)
            submit_one k2
            expect 0
            ;;
        esac
        simulator_stop
        simulator_pid=
        rm -rf store
        count=$((count + 1))
    done 3< <(sed -n '/^## 7/,$p' "$IAG_TEST_SRCDIR/docs/client-portal.md" |
        grep '^| `curl')
    [ "$count" = 9 ]
}
