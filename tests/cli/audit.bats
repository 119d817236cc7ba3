# SPDX-License-Identifier: MIT
# Copyright (C) 2026 the ibkr-agent-gateway authors
#
# The audit commands and those of the store.

load helper

setup() {
    make_config
    "$IAG_TEST_PROGRAM" health >/dev/null
    "$IAG_TEST_PROGRAM" accounts list >/dev/null
    "$IAG_TEST_PROGRAM" account summary --account DU1234567 >/dev/null
}

# files of a directory with their times and sums
fingerprint() {
    (cd "$1" && find . -type f -printf '%p %T@ ' -exec sha256sum {} \; | sort)
}

@test "tail shows the newest records first" {
    iag --json audit tail --limit 3
    expect 0
    [ "$(json 'j.events.length' <<<"$output")" = 3 ]
    [ "$(json 'j.events.every((e, i, a) => !i ||
        e.sequence_id < a[i - 1].sequence_id)' <<<"$output")" = true ]
    [ "$(json 'j.events.some((e) =>
        e.event.tool_name === "ibkr_account_summary")' <<<"$output")" = true ]
    iag audit tail --limit 3
    expect 0
    has "$output" "tool name      ibkr_accounts_list"
}

@test "the account is in the trail as a hash only" {
    iag --json audit tail
    expect 0
    [[ $output != *DU1234567* ]]
    [ "$(json 'j.events.some((e) => /^[0-9a-f]{64}$/.test(
        e.event.account_id_hash))' <<<"$output")" = true ]
    ! grep -rq DU1234567 "$store"
}

@test "verify counts the records of a whole chain" {
    iag --json audit verify --state
    expect 0
    [ "$(json 'j.chain_valid && j.state_checked && j.events_scanned >= 4' \
        <<<"$output")" = true ]
    iag audit verify
    expect 0
    has "$output" "audit chain verified" "self-attested"
}

@test "inv6 a changed record is found, by sequence, with exit code 2" {
    cp -r "$store" "$BATS_TEST_TMPDIR/copy"
    LC_ALL=C sed -i 's/ibkr_accounts_list/ibkr_accounts_lost/' \
        "$BATS_TEST_TMPDIR/copy/data.mdb"
    iag --json audit verify --store "$BATS_TEST_TMPDIR/copy"
    expect 2
    [ "$(json 'j.chain_valid' <<<"$output")" = false ]
    [ "$(json 'j.first_break_at_sequence > 0' <<<"$output")" = true ]
    has "$stderr" AUDIT_CHAIN_INVALID
}

@test "verify with another secret is no success" {
    IBKR_AUDIT_HMAC_SECRET=ffffffffffffffffffffffffffffffff \
        iag audit verify
    [ "$status" -ne 0 ]
}

@test "reading another store changes no byte of it" {
    cp -r "$store" "$BATS_TEST_TMPDIR/copy"
    fingerprint "$BATS_TEST_TMPDIR/copy" >"$BATS_TEST_TMPDIR/before"
    iag audit verify --store "$BATS_TEST_TMPDIR/copy"
    expect 0
    iag audit tail --store "$BATS_TEST_TMPDIR/copy"
    expect 0
    has "$output" ibkr_accounts_list
    diff "$BATS_TEST_TMPDIR/before" \
        <(fingerprint "$BATS_TEST_TMPDIR/copy")
}

@test "a store that is not there is said to be so, and is not made" {
    iag audit verify --store "$BATS_TEST_TMPDIR/none"
    expect 1
    has "$stderr" JOURNAL_UNAVAILABLE "$BATS_TEST_TMPDIR/none"
    [ ! -e "$BATS_TEST_TMPDIR/none" ]
}

@test "a file that ends too early is reported, and nothing hangs" {
    cp -r "$store" "$BATS_TEST_TMPDIR/copy"
    truncate -s 8192 "$BATS_TEST_TMPDIR/copy/data.mdb"
    iag audit verify --store "$BATS_TEST_TMPDIR/copy" --timeout 60
    [ "$status" -eq 1 ] || [ "$status" -eq 2 ]
    [ -n "$stderr" ]
}

@test "an export verifies without the store, a changed one does not" {
    cd "$BATS_TEST_TMPDIR"
    iag --json audit export --out trail.jsonl
    expect 0
    [ "$(stat -c %a trail.jsonl trail.jsonl.manifest | sort -u)" = 600 ]
    mv "$store" "$store.away"
    iag --json audit verify --file trail.jsonl
    expect 0
    sed -i '2s/ibkr_[a-z_]*/ibkr_nothing/' trail.jsonl
    iag audit verify --file trail.jsonl
    expect 2
    has "$stderr" AUDIT_CHAIN_INVALID "keep this file"
}

@test "what is no export or no checkpoint is named" {
    cd "$BATS_TEST_TMPDIR"
    iag audit verify --file none.jsonl
    expect 2
    has "$stderr" "file 'none.jsonl': No such file"
    iag --json audit export --out trail.jsonl
    expect 0
    iag audit verify --file trail.jsonl.manifest
    expect 2
    has "$stderr" "has its manifest beside it"
    iag audit verify --checkpoint trail.jsonl
    expect 2
    has "$stderr" "'trail.jsonl': checkpoint: "
}

@test "an export replaces no file and leaves no half of one" {
    cd "$BATS_TEST_TMPDIR"
    echo mine >trail.jsonl
    iag audit export --out trail.jsonl
    expect 2
    [ "$(cat trail.jsonl)" = mine ]
    echo mine >other.jsonl.manifest
    iag audit export --out other.jsonl
    expect 2
    [ ! -e other.jsonl ]
}

@test "an export without a file goes to standard output, oldest first" {
    iag audit export
    expect 0
    [ "$(head -n 1 <<<"$output" | json 'j.sequence_id')" = 0 ]
}

@test "exporting needs its scope, and the refusal is on the record" {
    scopes="ibkr:health:read, ibkr:audit:read" make_config
    iag audit export
    expect 4
    iag --json audit tail --limit 1
    has "$output" tool_denied_scope ibkr_audit_export
}

@test "inv6 a checkpoint shows a rollback that the chain alone cannot" {
    cp -r "$store" "$BATS_TEST_TMPDIR/earlier"
    iag accounts list
    iag audit checkpoint --out "$BATS_TEST_TMPDIR/checkpoint"
    expect 0
    iag --json audit verify --checkpoint "$BATS_TEST_TMPDIR/checkpoint"
    expect 0
    [ "$(json 'j.anchored' <<<"$output")" = true ]
    iag audit verify --store "$BATS_TEST_TMPDIR/earlier"
    expect 0
    iag audit verify --store "$BATS_TEST_TMPDIR/earlier" \
        --checkpoint "$BATS_TEST_TMPDIR/checkpoint"
    expect 2
    has "$stderr" AUDIT_CHAIN_INVALID
}

@test "a checkpoint on standard output is one that verify takes" {
    "$IAG_TEST_PROGRAM" audit checkpoint >"$BATS_TEST_TMPDIR/checkpoint"
    iag audit verify --checkpoint "$BATS_TEST_TMPDIR/checkpoint"
    expect 0
    has "$output" "anchored by the checkpoint"
}

@test "another store may be named from the working directory" {
    cp -r "$store" "$BATS_TEST_TMPDIR/copy"
    mkdir "$BATS_TEST_TMPDIR/elsewhere"
    cd "$BATS_TEST_TMPDIR/elsewhere"
    iag audit verify --store ../copy
    expect 0
    iag audit tail --store ../copy --limit 1
    expect 0
}

@test "a folder without a store is said to be one" {
    mkdir "$BATS_TEST_TMPDIR/empty"
    iag audit tail --store "$BATS_TEST_TMPDIR/empty"
    expect 1
    has "$stderr" "no store in '$BATS_TEST_TMPDIR/empty'"
}

@test "a new secret goes on with the chain, the old one no longer opens it" {
    export NEW_SECRET=fedcba9876543210fedcba9876543210
    iag audit rotate-key --new-secret-env NEW_SECRET
    expect 0
    iag health
    [ "$status" -ne 0 ]
    IBKR_AUDIT_HMAC_SECRET=$NEW_SECRET iag health
    expect 0
    IBKR_AUDIT_HMAC_SECRET=$NEW_SECRET iag audit verify
    expect 0
}

@test "a rotation needs exactly one new secret" {
    iag audit rotate-key
    expect 2
    iag audit rotate-key --new-secret-env A --new-secret-file B
    expect 2
    SHORT=abc iag audit rotate-key --new-secret-env SHORT
    expect 7
    has "$stderr" 32 "correct the new secret" "under the old one"
}

@test "nothing is purged before its time" {
    iag --json audit purge --dry-run
    expect 0
    [ "$(json 'j.purged' <<<"$output")" = 0 ]
    iag audit purge --before yesterday
    expect 2
    has "$stderr" INPUT_INVALID_TIME_RANGE yesterday
}

@test "the status of the store is shown without writing" {
    fingerprint "$store" >"$BATS_TEST_TMPDIR/before"
    iag --json store status
    expect 0
    [ -n "$(json 'j.store_id' <<<"$output")" ]
    diff "$BATS_TEST_TMPDIR/before" <(fingerprint "$store")
}

@test "status says whether the store can be written, not how it was opened" {
    iag --json store status
    expect 0
    [ "$(json 'j.writable' <<<"$output")" = true ]
    [ "$(id -u)" -ne 0 ] || skip "root writes everywhere"
    chmod 400 "$store/data.mdb"
    iag --json store status
    expect 0
    [ "$(json 'j.writable' <<<"$output")" = false ]
    iag doctor
    has "$output" "may not write the store"
    chmod 600 "$store/data.mdb"
}

@test "what cannot be verified is no broken chain" {
    iag audit verify --first 1000
    expect 2
    has "$stderr" INPUT_INVALID "there is no record 1000 to begin with"
    iag --json audit verify --first 1000
    [ -z "$output" ]
    [ "$(json 'j.code' <<<"$stderr")" = INPUT_INVALID ]
    iag audit checkpoint --out "$BATS_TEST_TMPDIR/checkpoint"
    expect 0
    # the file is blamed only for what is wrong with it
    iag audit verify --first 1000 --checkpoint "$BATS_TEST_TMPDIR/checkpoint"
    expect 2
    has "$stderr" "there is no record 1000 to begin with"
    [[ $stderr != *"'$BATS_TEST_TMPDIR/checkpoint'"* ]]
    rm -r "$store"
    "$IAG_TEST_PROGRAM" health >/dev/null
    iag --json audit verify --checkpoint "$BATS_TEST_TMPDIR/checkpoint"
    expect 2
    [ -z "$output" ]
    [ "$(json 'j.code' <<<"$stderr")" = INPUT_INVALID ]
    has "$stderr" "'$BATS_TEST_TMPDIR/checkpoint': the checkpoint is of another store"
}

@test "an unknown event type is refused with the known ones" {
    iag audit export --type tool_complete
    expect 2
    [ -z "$output" ]
    has "$stderr" INPUT_INVALID "there is no event type 'tool_complete'" \
        "did you mean 'tool_completed'" store_created
    iag audit export --type tool_completed
    expect 0
    has "$output" ibkr_health
}

@test "a copied store is read only until it is adopted" {
    mv "$store" "$store.orig"
    cp -r "$store.orig" "$store"
    iag health
    [ "$status" -ne 0 ]
    has "$stderr" "store adopt"
    iag store adopt --reason "restored from a backup"
    expect 0
    iag health
    expect 0
    iag audit verify --state
    expect 0
    iag store adopt --reason again
    expect 2
    has "$stderr" "nothing to adopt"
}

@test "adopting needs a reason" {
    iag store adopt
    expect 2
    iag store adopt --reason ''
    expect 2
}

@test "inv6 the configured checkpoint follows the store and never goes back" {
    anchor=$BATS_TEST_TMPDIR/anchor
    sed -i "s,path: $store,&\, checkpoint_file: $anchor," "$config"
    iag health
    expect 0
    [ "$(stat -c %a "$anchor")" = 600 ]
    first=$(jq .size "$anchor")
    cp "$store/data.mdb" "$BATS_TEST_TMPDIR/old.mdb"
    iag health
    iag health
    expect 0
    [ "$(jq .size "$anchor")" -eq $((first + 2)) ]
    iag audit verify
    expect 0
    has "$output" "anchored by the checkpoint"
    iag doctor
    expect 0
    # the store is set back: that is said, and stays to be seen
    cp "$BATS_TEST_TMPDIR/old.mdb" "$store/data.mdb"
    iag doctor
    expect 1
    has "$output" "fail  chain" "the store was cut: it has $first records" \
        "part 15 of the live runbook"
    iag health
    has "$stderr" "the store was cut: it has $((first + 1)) records, the" \
        "checkpoint saw $((first + 2))"
    iag health
    has "$stderr" "the chain is not the one of the checkpoint"
    iag doctor
    expect 1
    has "$output" "the chain is not the one of the checkpoint"
    [ "$(jq .size "$anchor")" -eq $((first + 2)) ]
    iag audit verify
    expect 2
}
