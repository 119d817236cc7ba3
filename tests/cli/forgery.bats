# SPDX-License-Identifier: MIT
# Copyright (C) 2026 the ibkr-agent-gateway authors
#
# Approvals and previews that are not what they should be: of another account,
# preview, group or time, of an earlier configuration, of a copied store, or
# changed where they are kept. Nothing of the kind is ever sent.

load helper
load desk

setup() {
    desk paper
}

# not_sent KEY CODE [RULE]: the last submit was refused so
not_sent() {
    is "$(outcome)" "refused $2"
    [ -z "${3-}" ] || has ",$(refusals)," ",$3,"
    is "$(at_broker "$1")" 0
}

@test "inv3 an approval of another account is none" {
    desk paper
    sed -i 's/\[DU1234567\]/[DU1234567, DU2345678]/' "$config"
    approve
    account=DU2345678
    submit k1
    not_sent k1 INPUT_UNAUTHORIZED_ACCOUNT preview_account
    has ",$(refusals)," ,approval,
    # nor is it one for live orders, or for another mode's tool
    account=U7654321 mode=live
    open_live
    submit k1
    not_sent k1 INPUT_UNAUTHORIZED_ACCOUNT preview_account
    has ",$(refusals)," ,approval,
    # where it belongs it still is one
    account=DU1234567 mode=paper
    submit k1
    is "$(outcome)" "done submitted"
}

@test "inv3 an approval of another preview is none" {
    local other
    desk live
    open_live
    approve
    other=$approval
    approve --time-in-force gtc
    approval=$other
    submit k1
    not_sent k1 APPROVAL_PREVIEW_MISMATCH approval
    # nor is one that nobody has given
    approval=01890000-0000-7000-8000-000000000000
    submit k1
    not_sent k1 LIVE_GATE_MISSING approval
    preview=$approval
    submit k1
    not_sent k1 LIVE_GATE_MISSING preview
}

@test "inv3 legs of two brackets, or in another order, are no bracket" {
    local one
    approve_bracket
    one=("${legs[@]}")
    approve_bracket
    legs=("${one[0]}" "${legs[1]}" "${legs[2]}")
    bracket b1
    not_sent b1 APPROVAL_PREVIEW_MISMATCH
    legs=("${one[0]}" "${one[2]}" "${one[1]}")
    bracket b1
    not_sent b1 APPROVAL_PREVIEW_MISMATCH
    legs=("${one[0]}" "${one[0]}" "${one[0]}")
    bracket b1
    not_sent b1 APPROVAL_PREVIEW_MISMATCH
    # a leg alone is no order of its own
    approval=${one[0]}
    submit b1
    not_sent b1 APPROVAL_PREVIEW_MISMATCH
    legs=("${one[@]}")
    bracket b1
    is "$(outcome)" "done submitted"
}

@test "inv3 an expired preview is not sent, its approval or not" {
    sed -i 's/order_preview: {enabled: true}/order_preview: {enabled: true, expiration_seconds: 2}/' \
        "$config"
    approve
    # another gate is closed until it has expired
    until iag --json orders submit --account "$account" \
        --approval-id "$approval" --idempotency-key k1 &&
        [ "$status" -eq 0 ] || [[ $stderr == *preview_unexpired* ]]; do :; done
    submit k1
    expect 1
    is "$(refusals)" preview_unexpired
    is "$(at_broker k1)" 0
}

@test "inv3 what was approved under another policy is not sent" {
    desk live
    open_live
    approve
    max_notional=4000 desk live
    submit k1
    not_sent k1 LIVE_GATE_MISSING live_configuration
    iag live activate
    expect 0
    submit k1
    not_sent k1 APPROVAL_PREVIEW_MISMATCH approval
    approve
    submit k1
    is "$(outcome)" "done submitted"
}

@test "inv2 a copied store sends nothing before it is adopted and reconciled" {
    local copy=$BATS_TEST_TMPDIR/copy key
    desk live
    open_live
    approve
    cp -r "$store" "$copy"
    sed -i "s|$store|$copy|" "$config"
    store=$copy
    submit k1
    expect 1
    has "$stderr" "store adopt"
    iag store adopt --reason "moved here"
    expect 0
    is "$("$IAG_TEST_PROGRAM" --json kill-switch status | json j.state)" closed
    switch open
    submit k1
    not_sent k1 LIVE_GATE_MISSING approval
    for key in reconciled preview_unexpired; do
        has ",$(refusals)," ",$key,"
    done
    approve
    submit k1
    not_sent k1 LIVE_GATE_MISSING
    is "$(refusals)" reconciled
    # the first look is the one that was missing
    is "$(reconcile)" "0 0 0"
    submit k1
    is "$(outcome)" "done submitted"
    iag audit verify --state
    expect 0
}

# flip FROM TO: in place, wherever the store has it; both of one length
flip() {
    local at count=0
    while IFS=: read -r at _; do
        printf '%s' "$2" |
            dd of="$store/data.mdb" bs=1 seek="$at" conv=notrunc status=none
        count=$((count + 1))
    done < <(grep -aboF -e "$1" "$store/data.mdb")
    [ "$count" -gt 0 ]
}

@test "inv3 a preview that was changed where it is kept is found out" {
    approve
    flip '"quantity":"10"' '"quantity":"99"'
    submit k1
    expect 1
    is "$(json j.outcome <<<"$stderr")" refused
    has "$(json j.code <<<"$stderr")" CORRUPT
    is "$(at_broker k1)" 0
    iag audit verify --state
    [ "$status" -ne 0 ]
}

@test "inv3 an approval that was changed where it is kept is found out" {
    approvals="paper_policy: operator" desk paper
    approve
    iag --json approvals revoke "$approval" --reason test
    expect 0
    flip '"state":"revoked"' '"state":"granted"' ||
        flip '"status":"revoked"' '"status":"granted"'
    submit k1
    expect 1
    has "$(json j.code <<<"$stderr")" CORRUPT
    is "$(at_broker k1)" 0
}

@test "inv2 a key says one thing: another request under it is refused" {
    local conflict each
    for each in paper live; do
        desk "$each"
        conflict=PAPER_IDEMPOTENCY_CONFLICT
        if [ "$each" = live ]; then
            open_live
            conflict=IDEMPOTENCY_CONFLICT
        fi
        approve
        submit k1
        is "$(outcome)" "done submitted"
        approve
        submit k1
        is "$(outcome)" "refused $conflict"
        is "$(json j.details.first_outcome <<<"$stderr")" "done"
        cancel local-candidate-k1 k1
        is "$(outcome)" "refused $conflict"
        # the new approval was not used up
        submit k2
        is "$(outcome)" "done submitted"
        is "$(at_broker k1)" 1
    done
}
