/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The audit trail against whoever changes it (invariant 6), its keys, and
 * stores that were copied.
 */

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "audit-kit.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "journal/core.h"

#define THIRD_SECRET "the third secret, of thirty-five bytes"

static void
get_copy(struct store_txn *txn, uint64_t sequence, struct buf *out)
{
	struct iag_bytes value;
	uint8_t key[8];

	assert_int_equal(0, store_get(txn, TABLE_AUDIT,
				audit_key(sequence, key), &value, NULL));
	buf_reset(out);
	buf_add(out, value.data, value.len);
}

static void
put_copy(struct store_txn *txn, uint64_t sequence, const struct buf *value)
{
	uint8_t key[8];

	assert_int_equal(
	    0, store_put(txn, TABLE_AUDIT, audit_key(sequence, key),
		   bytes_of(value->data, value->len), 0, NULL));
}

static void
change_nothing(struct store_txn *txn, struct kit *kit)
{
	(void)txn;
	(void)kit;
}

static void
test_an_untouched_copy_verifies(void **state)
{
	struct kit *kit = *state;
	struct audit_verdict verdict;

	audit_fill(kit);
	verdict = audit_verify_tampered(kit, change_nothing);
	assert_true(verdict.valid);
	assert_int_equal(9, verdict.scanned);
	assert_false(verdict.anchored);
	assert_non_null(strstr(verdict.reason, "self-attested"));
}

static void
edit_record(struct store_txn *txn, struct kit *kit)
{
	struct buf value CLEANUP_BUF = BUF_INIT;
	char *at;

	(void)kit;
	get_copy(txn, 4, &value);
	at = memmem(value.data, value.len, "allow", 5);
	assert_non_null(at);
	memcpy(at, "xllow", 5);
	put_copy(txn, 4, &value);
}

static void
test_inv6_an_edited_record_is_found(void **state)
{
	struct kit *kit = *state;
	struct audit_verdict verdict;

	audit_fill(kit);
	verdict = audit_verify_tampered(kit, edit_record);
	assert_false(verdict.valid);
	assert_int_equal(4, verdict.first_break);
}

/* With all hashes made anew, as anyone without the key can. */
static void
edit_and_rehash(struct store_txn *txn, struct kit *kit)
{
	static const uint8_t wrong[HASH_SIZE] = { 1 };
	struct chain chain CLEANUP_CHAIN = { .hash = NULL };
	struct buf value CLEANUP_BUF = BUF_INIT;
	uint8_t previous[HASH_SIZE], hash[HASH_SIZE];
	struct meta_store info;
	struct iag_bytes row;
	struct entry entry;

	(void)kit;
	assert_int_equal(
	    0, store_get(txn, TABLE_META, bytes_str("store"), &row, NULL));
	memcpy(info.id, row.data, STORE_ID_SIZE);
	assert_int_equal(0, chain_init(&chain, wrong, info.id, NULL));
	edit_record(txn, kit);
	for (uint64_t i = 4; i <= 8; i++) {
		struct buf made CLEANUP_BUF = BUF_INIT;

		get_copy(txn, i - 1, &value);
		memcpy(previous, value.data, HASH_SIZE);
		get_copy(txn, i, &value);
		assert_true(
		    entry_parse(bytes_of(value.data, value.len), &entry));
		entry_format(&chain, NULL, i, previous, entry.record, entry.len,
		    &made, hash);
		put_copy(txn, i, &made);
	}
}

/* Nothing is written behind a last record that the head does not name. */
static void
test_inv6_a_replaced_last_record_stops_the_writer(void **state)
{
	struct kit *kit = *state;
	struct store_txn *txn = NULL;

	audit_fill(kit);
	audit_go_to_copy(kit);
	assert_int_equal(0, kit_store(kit, false));
	assert_int_equal(
	    0, store_begin(kit->store, NULL, IAG_STORE_WRITE, &txn, NULL));
	edit_and_rehash(txn, kit);
	assert_int_equal(0, store_commit(txn, NULL));
	kit_close(kit);
	assert_int_equal(IAG_CORRUPT, kit_try(kit, JOURNAL_WRITE));
	assert_non_null(strstr(err_text(&kit->err), "the last record"));
}

static void
test_inv6_hashes_made_anew_without_the_key_are_found(void **state)
{
	struct kit *kit = *state;
	struct audit_verdict verdict;

	audit_fill(kit);
	verdict = audit_verify_tampered(kit, edit_and_rehash);
	assert_false(verdict.valid);
	assert_int_equal(4, verdict.first_break);
	assert_non_null(strstr(verdict.reason, "MAC"));
}

static void
test_inv6_each_removed_record_is_found(void **state)
{
	struct kit *kit = *state;
	char home[sizeof(kit->path)];

	audit_fill(kit);
	memcpy(home, kit->path, sizeof(home));
	for (audit_victim = 0; audit_victim <= 8; audit_victim++) {
		struct audit_verdict verdict =
		    audit_verify_tampered(kit, audit_remove);

		assert_false(verdict.valid);
		assert_int_equal(audit_victim, verdict.first_break);
		kit_close(kit);
		kit_remove(kit->path);
		memcpy(kit->path, home, sizeof(home));
	}
}

static void
swap_records(struct store_txn *txn, struct kit *kit)
{
	struct buf a CLEANUP_BUF = BUF_INIT;
	struct buf b CLEANUP_BUF = BUF_INIT;

	(void)kit;
	get_copy(txn, 3, &a);
	get_copy(txn, 5, &b);
	put_copy(txn, 3, &b);
	put_copy(txn, 5, &a);
}

static void
test_inv6_swapped_records_are_found(void **state)
{
	struct kit *kit = *state;
	struct audit_verdict verdict;

	audit_fill(kit);
	verdict = audit_verify_tampered(kit, swap_records);
	assert_false(verdict.valid);
	assert_int_equal(3, verdict.first_break);
}

static void
append_record(struct store_txn *txn, struct kit *kit)
{
	struct buf value CLEANUP_BUF = BUF_INIT;

	(void)kit;
	get_copy(txn, 8, &value);
	put_copy(txn, 9, &value);
}

static void
test_inv6_an_added_record_is_found(void **state)
{
	struct kit *kit = *state;

	audit_fill(kit);
	assert_false(audit_verify_tampered(kit, append_record).valid);
}

/* A stub in place of a record keeps the chain whole; only a purge may. */
static void
forge_stub(struct store_txn *txn, struct kit *kit)
{
	struct buf value CLEANUP_BUF = BUF_INIT;

	(void)kit;
	get_copy(txn, 4, &value);
	value.data[3 * HASH_SIZE] = (char)ENTRY_STUB;
	value.len = ENTRY_HEAD_SIZE;
	put_copy(txn, 4, &value);
}

static void
test_inv6_a_record_torn_out_as_if_purged_is_found(void **state)
{
	struct kit *kit = *state;
	struct audit_verdict verdict;

	audit_fill(kit);
	verdict = audit_verify_tampered(kit, forge_stub);
	assert_false(verdict.valid);
	assert_int_equal(4, verdict.first_break);
	assert_non_null(strstr(verdict.reason, "not by a purge"));
}

static void
remove_switch(struct store_txn *txn, struct kit *kit)
{
	(void)kit;
	assert_int_equal(
	    0, store_del(txn, TABLE_SWITCHES, bytes_str("live"), NULL));
}

static void
test_inv6_a_removed_state_row_is_found(void **state)
{
	struct kit *kit = *state;
	struct audit_verdict verdict;

	audit_fill(kit);
	verdict = audit_verify_tampered(kit, remove_switch);
	assert_false(verdict.valid);
	assert_non_null(strstr(verdict.reason, "not there"));
}

/* "open" for "closed", in a row whose evidence stays. */
static void
edit_switch(struct store_txn *txn, struct kit *kit)
{
	struct buf row CLEANUP_BUF = BUF_INIT;
	struct iag_bytes value;
	char *state;

	(void)kit;
	assert_int_equal(
	    0, store_get(txn, TABLE_SWITCHES, bytes_str("live"), &value, NULL));
	buf_add(&row, value.data, value.len);
	state = memmem(row.data, row.len, "closed\"", 7);
	assert_non_null(state);
	memcpy(state, "open\"  ", 7);
	assert_int_equal(0, store_put(txn, TABLE_SWITCHES, bytes_str("live"),
				bytes_of(row.data, row.len), 0, NULL));
}

static int
switch_step(struct journal_txn *txn, void *arg, struct err *err)
{
	return switch_read(txn, SWITCH_LIVE, arg, err);
}

static void
test_inv7_an_edited_switch_is_closed_and_no_error(void **state)
{
	struct kit *kit = *state;
	struct switch_row row = { .state = SWITCH_OPEN };

	audit_fill(kit);
	assert_false(audit_verify_tampered(kit, edit_switch).valid);
	assert_int_equal(
	    0, journal_view(kit->journal, switch_step, &row, &kit->err));
	assert_int_equal(SWITCH_CLOSED, row.state);
	assert_string_equal(
	    "the stored switch is not what was written", row.reason);
	/* who looks at the error to see how it went must not be misled */
	assert_int_equal(ERR_NONE, kit->err.code);
	switch_row_fini(&row);
}

static struct buf old_row = BUF_INIT;

static void
restore_row(struct store_txn *txn, struct kit *kit)
{
	(void)kit;
	assert_int_equal(0, store_put(txn, TABLE_ORDERS, bytes_str("order"),
				bytes_of(old_row.data, old_row.len), 0, NULL));
}

static void
save_row(struct kit *kit)
{
	struct store_txn *txn = NULL;
	struct iag_bytes row;

	assert_int_equal(
	    0, store_begin(kit->store, NULL, IAG_STORE_READ, &txn, NULL));
	assert_int_equal(
	    0, store_get(txn, TABLE_ORDERS, bytes_str("order"), &row, NULL));
	buf_reset(&old_row);
	buf_add(&old_row, row.data, row.len);
	store_abort(txn);
}

static void
test_inv6_a_state_row_that_was_rolled_back_is_found(void **state)
{
	static char one[] = "one", two[] = "two";
	struct kit *kit = *state;
	struct audit_verdict verdict;

	audit_fill(kit);
	audit_set(kit, one);
	save_row(kit);
	audit_set(kit, two);
	assert_true(kit_verify(kit, AUDIT_VERIFY_STATE).valid);
	verdict = audit_verify_tampered(kit, restore_row);
	assert_false(verdict.valid);
	assert_non_null(strstr(verdict.reason, "older state"));
	buf_fini(&old_row);
}

static void
test_inv6_a_deleted_state_row_that_came_back_is_found(void **state)
{
	static char one[] = "one";
	struct kit *kit = *state;

	audit_fill(kit);
	audit_set(kit, one);
	save_row(kit);
	audit_set(kit, NULL);
	assert_true(kit_verify(kit, AUDIT_VERIFY_STATE).valid);
	assert_false(audit_verify_tampered(kit, restore_row).valid);
	buf_fini(&old_row);
}

static void
checkpoint(struct kit *kit, struct buf *out)
{
	buf_reset(out);
	if (audit_checkpoint(
		kit->journal, NULL, "local:alice", out, &kit->err) < 0)
		fail_msg("%s", err_text(&kit->err));
}

static struct audit_verdict
verify_against(struct kit *kit, const struct buf *text)
{
	struct audit_verdict verdict;

	if (audit_verify(kit->journal, 0, UINT64_MAX, 0, buf_text(text), NULL,
		NULL, &verdict, &kit->err) < 0)
		fail_msg("%s", err_text(&kit->err));
	return verdict;
}

static void
test_inv6_a_checkpoint_shows_a_rollback(void **state)
{
	struct kit *kit = *state;
	struct buf text CLEANUP_BUF = BUF_INIT;
	struct audit_verdict verdict;
	char early[sizeof(kit->path)];

	audit_fill(kit);
	kit_close(kit);
	(void)snprintf(early, sizeof(early), "%.500s/early", kit->base);
	kit_copy(kit->path, early);
	kit_open(kit, JOURNAL_WRITE);
	kit_records(kit, 3);
	checkpoint(kit, &text);
	kit_records(kit, 2);
	verdict = verify_against(kit, &text);
	assert_true(verdict.valid);
	assert_true(verdict.anchored);
	kit_close(kit);
	memcpy(kit->path, early, sizeof(early));
	kit_open(kit, JOURNAL_READ_ONLY);
	assert_true(kit_verify(kit, 0).valid);
	verdict = verify_against(kit, &text);
	assert_false(verdict.valid);
	assert_non_null(strstr(verdict.reason, "the chain was cut"));
}

static void
test_a_checkpoint_that_was_edited_is_refused(void **state)
{
	struct kit *kit = *state;
	struct buf text CLEANUP_BUF = BUF_INIT;
	struct audit_verdict verdict;
	char *at;

	audit_fill(kit);
	checkpoint(kit, &text);
	at = strstr(text.data, "\"size\":10");
	assert_non_null(at);
	memcpy(at, "\"size\":11", 9);
	assert_int_equal(
	    IAG_INVAL, audit_verify(kit->journal, 0, UINT64_MAX, 0,
			   buf_text(&text), NULL, NULL, &verdict, &kit->err));
}

static void
rotate(struct kit *kit, const char *text)
{
	struct secret *secret = secret_new(text, strlen(text));

	if (audit_rotate_key(
		kit->journal, NULL, "local:alice", secret, &kit->err) < 0)
		fail_msg("%s", err_text(&kit->err));
	secret_free(secret);
}

static void
test_the_chain_goes_on_under_a_new_key(void **state)
{
	struct kit *kit = *state;
	struct audit_verdict verdict;

	audit_fill(kit);
	rotate(kit, NEW_SECRET);
	assert_int_equal(IAG_AGAIN, kit_record(kit, "ibkr_health"));
	kit_close(kit);
	assert_int_equal(IAG_AGAIN, kit_try(kit, JOURNAL_WRITE));
	assert_non_null(strstr(err_text(&kit->err), "wrong key"));
	kit->secret = NEW_SECRET;
	kit_open(kit, JOURNAL_WRITE);
	kit_records(kit, 2);
	verdict = kit_verify(kit, AUDIT_VERIFY_STATE);
	assert_true(verdict.valid);
	assert_int_equal(12, verdict.scanned);
}

/* Intents, limits and guards are found by it: another would resend. */
static void
test_inv2_accounts_keep_their_hash_over_rotations(void **state)
{
	struct kit *kit = *state;
	char before[HASH_HEX_SIZE], after[HASH_HEX_SIZE];

	audit_fill(kit);
	journal_account_hash(kit->journal, "DU1234567", before);
	rotate(kit, NEW_SECRET);
	kit_close(kit);
	kit->secret = NEW_SECRET;
	kit_open(kit, JOURNAL_WRITE);
	journal_account_hash(kit->journal, "DU1234567", after);
	assert_string_equal(before, after);
	rotate(kit, THIRD_SECRET);
	kit_close(kit);
	kit->secret = THIRD_SECRET;
	kit_open(kit, JOURNAL_READ_ONLY);
	journal_account_hash(kit->journal, "DU1234567", after);
	assert_string_equal(before, after);
	assert_true(kit_verify(kit, AUDIT_VERIFY_STATE).valid);
}

static uint64_t
evidence_of(struct kit *kit, const char *name)
{
	struct store_txn *txn = NULL;
	struct iag_bytes row;
	uint64_t sequence;

	assert_int_equal(
	    0, store_begin(kit->store, NULL, IAG_STORE_READ, &txn, NULL));
	assert_int_equal(
	    0, store_get(txn, TABLE_SWITCHES, bytes_str(name), &row, NULL));
	sequence = get_u64((const uint8_t *)row.data + row.len - EVIDENCE_SIZE);
	store_abort(txn);
	return sequence;
}

/*
 * What proves a switch must carry a MAC of the key in use: older records are
 * held by the chain alone, which nobody walks for each order.
 */
static void
test_inv7_a_rotation_proves_the_switches_anew(void **state)
{
	struct kit *kit = *state;
	struct switch_row row = { .state = SWITCH_OPEN };

	audit_fill(kit);
	assert_int_equal(0, evidence_of(kit, SWITCH_LIVE));
	rotate(kit, NEW_SECRET);
	assert_int_equal(9, evidence_of(kit, SWITCH_LIVE));
	assert_int_equal(9, evidence_of(kit, SWITCH_PAPER));
	kit_close(kit);
	kit->secret = NEW_SECRET;
	kit_open(kit, JOURNAL_WRITE);
	assert_int_equal(
	    0, journal_view(kit->journal, switch_step, &row, &kit->err));
	assert_int_equal(SWITCH_CLOSED, row.state);
	assert_string_equal("a new store begins closed", row.reason);
	switch_row_fini(&row);
	assert_true(kit_verify(kit, AUDIT_VERIFY_STATE).valid);
}

static void
test_inv6_records_from_before_a_rotation_stay_protected(void **state)
{
	struct kit *kit = *state;
	struct audit_verdict verdict;

	audit_fill(kit);
	rotate(kit, NEW_SECRET);
	kit->secret = NEW_SECRET;
	verdict = audit_verify_tampered(kit, edit_record);
	assert_false(verdict.valid);
	assert_int_equal(4, verdict.first_break);
}

static void
test_inv6_a_forged_past_does_not_meet_the_rotation(void **state)
{
	struct kit *kit = *state;
	struct audit_verdict verdict;

	audit_fill(kit);
	rotate(kit, NEW_SECRET);
	kit->secret = NEW_SECRET;
	verdict = audit_verify_tampered(kit, edit_and_rehash);
	assert_false(verdict.valid);
	assert_int_equal(9, verdict.first_break);
	/* nor where one asks about a part of it only */
	assert_int_equal(0, audit_verify(kit->journal, 2, 7, 0, NULL, NULL,
				NULL, &verdict, &kit->err));
	assert_false(verdict.valid);
	assert_int_equal(9, verdict.first_break);
}

static void
test_a_store_is_at_home_in_one_place_only(void **state)
{
	const struct journal journal = {
		.device = 1,
		.inode = 2,
		.machine = "one",
	};
	const struct meta_store home = {
		.device = 1,
		.inode = 2,
		.machine = "one",
	};
	struct meta_store away = home;

	(void)state;
	assert_true(journal_is_at_home(&journal, &home));
	away.device = 9;
	assert_false(journal_is_at_home(&journal, &away));
	away = home;
	away.inode = 9;
	assert_false(journal_is_at_home(&journal, &away));
	away = home;
	away.machine[0] = 'O';
	assert_false(journal_is_at_home(&journal, &away));
}

static void
test_a_copied_store_is_read_only_until_adopted(void **state)
{
	struct kit *kit = *state;

	audit_fill(kit);
	audit_go_to_copy(kit);
	kit_open(kit, JOURNAL_WRITE);
	assert_false(journal_is_adopted(kit->journal));
	assert_int_equal(IAG_AGAIN, kit_record(kit, "ibkr_health"));
	assert_non_null(strstr(err_user_action(&kit->err), "store adopt"));
	assert_true(kit_verify(kit, 0).valid);
	assert_int_equal(IAG_INVAL,
	    journal_adopt(kit->journal, NULL, "local:alice", "", &kit->err));
	assert_int_equal(0, journal_adopt(kit->journal, NULL, "local:alice",
				"moved to a new machine", &kit->err));
	assert_true(journal_is_adopted(kit->journal));
	assert_int_equal(2, journal_incarnation(kit->journal));
	kit_records(kit, 1);
	assert_true(kit_verify(kit, AUDIT_VERIFY_STATE).valid);
	kit_close(kit);
	kit_open(kit, JOURNAL_WRITE);
	assert_true(journal_is_adopted(kit->journal));
	kit_records(kit, 1);
	assert_int_equal(IAG_INVAL, journal_adopt(kit->journal, NULL,
					"local:alice", "again", &kit->err));
}

static void
test_tail_refuses_to_show_what_was_changed(void **state)
{
	struct kit *kit = *state;
	struct buf out CLEANUP_BUF = BUF_INIT;

	audit_fill(kit);
	(void)audit_verify_tampered(kit, edit_record);
	assert_int_equal(IAG_CORRUPT,
	    audit_tail(kit->journal, &audit_everything, &out, &kit->err));
}

static void
test_ranges_by_time_type_and_account(void **state)
{
	struct kit *kit = *state;
	struct audit_range range = { .last = UINT64_MAX };
	struct json_object *root CLEANUP_JSON = NULL;
	struct buf out CLEANUP_BUF = BUF_INIT;

	audit_fill(kit);
	audit_ahead_ns = DAY_NS;
	kit_records(kit, 4);
	audit_ahead_ns = 2 * DAY_NS;
	kit_records(kit, 4);
	range.since_ns = clock_real_ns() - DAY_NS - 3600 * NS_PER_S;
	range.until_ns = clock_real_ns() - DAY_NS + 3600 * NS_PER_S;
	range.account = "DU1234567";
	range.event_type = "tool_completed";
	assert_int_equal(0, audit_tail(kit->journal, &range, &out, &kit->err));
	assert_int_equal(0,
	    json_parse(out.data, out.len, &json_bounds_default, &root, NULL));
	assert_int_equal(4, json_object_array_length(json_get(root, "events")));
	range.account = "DU7654321";
	buf_reset(&out);
	assert_int_equal(0, audit_tail(kit->journal, &range, &out, &kit->err));
	assert_string_equal("{\"events\":[]}", buf_text(&out));
}

static void
test_status_says_what_the_store_is(void **state)
{
	struct kit *kit = *state;
	struct json_object *root CLEANUP_JSON = NULL;
	struct buf out CLEANUP_BUF = BUF_INIT;

	audit_fill(kit);
	assert_int_equal(0, journal_status(kit->journal, &out, &kit->err));
	assert_int_equal(0,
	    json_parse(out.data, out.len, &json_bounds_default, &root, NULL));
	assert_int_equal(9, json_get_int(root, "records", 0));
	assert_true(json_get_bool(root, "adopted", false));
	assert_string_equal(kit->path, json_get_str(root, "path", ""));
	assert_true(json_get_int(root, "used_bytes", 0) > 0);
}

static void
test_a_store_that_knows_no_room_has_a_status(void **state)
{
	struct kit *kit = *state;
	struct json_object *root CLEANUP_JSON = NULL;
	struct buf out CLEANUP_BUF = BUF_INIT;

	kit_plugin(kit, "faulty");
	kit->fault = "room 1 never";
	audit_fill(kit);
	if (journal_status(kit->journal, &out, &kit->err))
		fail_msg("%s", err_text(&kit->err));
	assert_int_equal(0,
	    json_parse(out.data, out.len, &json_bounds_default, &root, NULL));
	assert_int_equal(9, json_get_int(root, "records", 0));
	assert_null(json_get(root, "used_bytes"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, audit_setup, audit_teardown)
		TEST(test_an_untouched_copy_verifies),
		TEST(test_inv6_an_edited_record_is_found),
		TEST(test_inv6_a_replaced_last_record_stops_the_writer),
		TEST(test_inv6_hashes_made_anew_without_the_key_are_found),
		TEST(test_inv6_each_removed_record_is_found),
		TEST(test_inv6_swapped_records_are_found),
		TEST(test_inv6_an_added_record_is_found),
		TEST(test_inv6_a_record_torn_out_as_if_purged_is_found),
		TEST(test_inv6_a_removed_state_row_is_found),
		TEST(test_inv7_an_edited_switch_is_closed_and_no_error),
		TEST(test_inv6_a_state_row_that_was_rolled_back_is_found),
		TEST(test_inv6_a_deleted_state_row_that_came_back_is_found),
		TEST(test_inv6_a_checkpoint_shows_a_rollback),
		TEST(test_a_checkpoint_that_was_edited_is_refused),
		TEST(test_the_chain_goes_on_under_a_new_key),
		TEST(test_inv2_accounts_keep_their_hash_over_rotations),
		TEST(test_inv7_a_rotation_proves_the_switches_anew),
		TEST(test_inv6_records_from_before_a_rotation_stay_protected),
		TEST(test_inv6_a_forged_past_does_not_meet_the_rotation),
		TEST(test_a_store_is_at_home_in_one_place_only),
		TEST(test_a_copied_store_is_read_only_until_adopted),
		TEST(test_tail_refuses_to_show_what_was_changed),
		TEST(test_ranges_by_time_type_and_account),
		TEST(test_status_says_what_the_store_is),
		TEST(test_a_store_that_knows_no_room_has_a_status),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
