/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* The journal as its users see it: open, record, update, view, tail. */

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "journal-kit.h"
#include "journal/core.h"
#include "journal/switches.h"

static int
setup(void **state)
{
	struct kit *kit = malloc(sizeof(*kit));

	assert_non_null(kit);
	kit_init(kit);
	*state = kit;
	return 0;
}

static int
teardown(void **state)
{
	struct kit *kit = *state;

	clock_set_source(NULL);
	kit_fini(kit);
	free(kit);
	return 0;
}

static struct json_object *
tail_of(struct kit *kit, uint64_t limit)
{
	struct audit_range range = { .last = UINT64_MAX, .limit = limit };
	struct buf out CLEANUP_BUF = BUF_INIT;
	struct json_object *root = NULL;

	if (audit_tail(kit->journal, &range, &out, &kit->err) < 0)
		fail_msg("%s", err_text(&kit->err));
	assert_int_equal(0, json_parse(out.data, out.len, &json_bounds_default,
				&root, &kit->err));
	return root;
}

static struct json_object *
tail_item(struct json_object *tail, size_t i)
{
	return json_object_array_get_idx(json_get(tail, "events"), i);
}

static void
test_a_new_store_has_its_birth_on_record(void **state)
{
	struct kit *kit = *state;
	struct json_object *tail CLEANUP_JSON = NULL;
	struct json_object *item;

	kit_open(kit, JOURNAL_WRITE);
	tail = tail_of(kit, 0);
	assert_int_equal(1, json_object_array_length(json_get(tail, "events")));
	item = tail_item(tail, 0);
	assert_int_equal(0, json_get_int(item, "sequence_id", -1));
	assert_string_equal("store_created",
	    json_get_str(json_get(item, "event"), "event_type", ""));
	assert_true(journal_is_adopted(kit->journal));
	assert_int_equal(1, journal_incarnation(kit->journal));
}

struct look {
	const char *name;
	struct switch_row row;
};

static int
look_step(struct journal_txn *txn, void *arg, struct err *err)
{
	struct look *look = arg;

	return switch_read(txn, look->name, &look->row, err);
}

static enum switch_state
switch_state(struct kit *kit, const char *name)
{
	struct look look = { .name = name };
	enum switch_state state;

	assert_int_equal(
	    0, journal_view(kit->journal, look_step, &look, &kit->err));
	state = look.row.state;
	switch_row_fini(&look.row);
	return state;
}

static void
test_inv7_live_is_closed_and_paper_open_at_birth(void **state)
{
	struct kit *kit = *state;

	kit_open(kit, JOURNAL_WRITE);
	assert_int_equal(SWITCH_CLOSED, switch_state(kit, SWITCH_LIVE));
	assert_int_equal(SWITCH_OPEN, switch_state(kit, SWITCH_PAPER));
}

/* Open the live switch without the record saying so. */
static int
forge_step(struct journal_txn *txn, void *arg, struct err *err)
{
	static const char row[] =
	    "{\"changed_at\":\"2026-01-01T00:00:00.000Z\","
	    "\"changed_by\":\"x\",\"reason\":\"x\",\"state\":\"open\"}"
	    "\0\0\0\0\0\0\0";
	const struct audit_event event = { .event_type = "test_forge" };
	int rc;

	(void)arg;
	rc = store_put(txn->store, TABLE_SWITCHES, bytes_str("live"),
	    bytes_of(row, sizeof(row)), 0, err);
	return rc < 0 ? rc : txn_audit(txn, &event, err);
}

static void
test_inv7_a_switch_without_evidence_is_closed(void **state)
{
	struct kit *kit = *state;
	struct audit_verdict verdict;

	kit_open(kit, JOURNAL_WRITE);
	assert_int_equal(
	    0, journal_update(kit->journal, NULL, forge_step, NULL, &kit->err));
	assert_int_equal(SWITCH_CLOSED, switch_state(kit, SWITCH_LIVE));
	assert_true(kit_verify(kit, 0).valid);
	verdict = kit_verify(kit, AUDIT_VERIFY_STATE);
	assert_false(verdict.valid);
	assert_non_null(strstr(verdict.reason, "not what that record wrote"));
}

static void
test_a_commit_of_another_program_is_noticed(void **state)
{
	struct kit *kit = *state;
	struct store_txn *txn = NULL;

	kit_open(kit, JOURNAL_WRITE);
	assert_int_equal(
	    0, store_begin(kit->store, NULL, IAG_STORE_WRITE, &txn, &kit->err));
	assert_int_equal(0, store_put(txn, TABLE_STATE, bytes_str("x"),
				bytes_str("y"), 0, &kit->err));
	assert_int_equal(0, store_commit(txn, &kit->err));
	assert_int_equal(IAG_CORRUPT, kit_record(kit, "ibkr_health"));
	assert_false(kit_verify(kit, 0).valid);
}

static void
test_records_survive_closing(void **state)
{
	struct kit *kit = *state;
	struct json_object *tail CLEANUP_JSON = NULL;

	kit_open(kit, JOURNAL_WRITE);
	kit_records(kit, 5);
	kit_close(kit);
	kit_open(kit, JOURNAL_WRITE);
	kit_records(kit, 1);
	tail = tail_of(kit, 3);
	assert_int_equal(3, json_object_array_length(json_get(tail, "events")));
	assert_int_equal(
	    6, json_get_int(tail_item(tail, 0), "sequence_id", -1));
	assert_int_equal(
	    4, json_get_int(tail_item(tail, 2), "sequence_id", -1));
}

static void
test_inv8_a_record_shows_neither_account_nor_contents(void **state)
{
	struct kit *kit = *state;
	struct audit_range range = { .last = UINT64_MAX };
	struct buf out CLEANUP_BUF = BUF_INIT;
	char hash[HASH_HEX_SIZE];

	kit_open(kit, JOURNAL_WRITE);
	kit_records(kit, 1);
	assert_int_equal(0, audit_tail(kit->journal, &range, &out, &kit->err));
	assert_null(strstr(buf_text(&out), "DU1234567"));
	assert_null(strstr(buf_text(&out), "\"ok\""));
	journal_account_hash(kit->journal, "DU1234567", hash);
	assert_non_null(strstr(buf_text(&out), hash));
	journal_content_hash(kit->journal, "{}", 2, hash);
	assert_non_null(strstr(buf_text(&out), hash));
}

static void
test_inv8_secrets_are_redacted_when_recorded(void **state)
{
	struct kit *kit = *state;
	struct json_object *metadata CLEANUP_JSON = json_object_new_object();
	struct json_object *inner = json_object_new_object();
	struct audit_range range = { .last = UINT64_MAX };
	struct buf out CLEANUP_BUF = BUF_INIT;
	struct audit_event event = {
		.event_type = "tool_failed",
		.principal = "agent:x",
		.request_id = "Bearer abcdef0123456789abcdef",
		.metadata = metadata,
	};

	(void)json_add_str(inner, "Cookie", "session=1");
	(void)json_add_str(inner, "note", "password=hunter2");
	(void)json_add(inner, "big", json_object_new_int64(INT64_MAX));
	(void)json_add(metadata, "inner", inner);
	kit_open(kit, JOURNAL_WRITE);
	assert_int_equal(
	    0, journal_record(kit->journal, NULL, &event, &kit->err));
	assert_int_equal(0, audit_tail(kit->journal, &range, &out, &kit->err));
	assert_null(strstr(buf_text(&out), "abcdef0123456789"));
	assert_null(strstr(buf_text(&out), "session=1"));
	assert_null(strstr(buf_text(&out), "hunter2"));
	assert_non_null(
	    strstr(buf_text(&out), "\"field_path\":\"metadata.inner.Cookie\""));
	assert_non_null(
	    strstr(buf_text(&out), "\"big\":\"9223372036854775807\""));
}

struct put {
	const char *key;
	const char *value;
	int result; /* what the step returns in the end */
	bool audit;
};

static int
put_step(struct journal_txn *txn, void *arg, struct err *err)
{
	struct put *put = arg;
	const struct audit_event event = { .event_type = "test_put" };
	int rc = txn_put(txn, TABLE_INTENTS, bytes_str(put->key),
	    bytes_str(put->value), err);

	if (rc == 0 && put->audit)
		rc = txn_audit(txn, &event, err);
	if (rc == 0 && put->result)
		rc = err_set(err, ERR_ORDER_POLICY_REFUSED, "refused");
	return rc;
}

struct get {
	const char *key;
	char value[64];
};

static int
get_step(struct journal_txn *txn, void *arg, struct err *err)
{
	struct get *get = arg;
	struct iag_bytes value;
	int rc = txn_get(txn, TABLE_INTENTS, bytes_str(get->key), &value, err);

	if (rc == 0)
		(void)snprintf(get->value, sizeof(get->value), "%.*s",
		    (int)value.len, (const char *)value.data);
	return rc;
}

static void
test_inv5_state_and_record_are_one_transaction(void **state)
{
	struct kit *kit = *state;
	struct put put = { "key", "value", 0, true };
	struct get get = { "key", "" };
	struct json_object *tail CLEANUP_JSON = NULL;

	kit_open(kit, JOURNAL_WRITE);
	assert_int_equal(
	    0, journal_update(kit->journal, NULL, put_step, &put, &kit->err));
	assert_int_equal(
	    0, journal_view(kit->journal, get_step, &get, &kit->err));
	assert_string_equal("value", get.value);
	tail = tail_of(kit, 1);
	assert_string_equal(
	    "test_put", json_get_str(json_get(tail_item(tail, 0), "event"),
			    "event_type", ""));
}

static void
test_inv5_a_refused_step_leaves_nothing(void **state)
{
	struct kit *kit = *state;
	struct put put = { "key", "value", 1, true };
	struct get get = { "key", "" };
	struct json_object *tail CLEANUP_JSON = NULL;

	kit_open(kit, JOURNAL_WRITE);
	assert_int_equal(IAG_REJECTED,
	    journal_update(kit->journal, NULL, put_step, &put, &kit->err));
	assert_int_equal(ERR_ORDER_POLICY_REFUSED, kit->err.code);
	assert_int_equal(IAG_NOTFOUND,
	    journal_view(kit->journal, get_step, &get, &kit->err));
	tail = tail_of(kit, 0);
	assert_int_equal(1, json_object_array_length(json_get(tail, "events")));
}

static void
test_inv5_a_change_without_a_record_is_refused(void **state)
{
	struct kit *kit = *state;
	struct put put = { "key", "value", 0, false };
	struct get get = { "key", "" };

	kit_open(kit, JOURNAL_WRITE);
	assert_int_equal(IAG_INTERNAL,
	    journal_update(kit->journal, NULL, put_step, &put, &kit->err));
	assert_int_equal(IAG_NOTFOUND,
	    journal_view(kit->journal, get_step, &get, &kit->err));
}

struct client {
	struct kit *kit;
	unsigned number;
	pthread_t thread;
	unsigned failures;
};

/* Every third step refuses: it must not take the others with it. */
static void *
client_main(void *arg)
{
	struct client *client = arg;

	for (unsigned i = 0; i < 30; i++) {
		char key[32];
		struct put put = { key, "v", i % 3 == 0, true };
		CLEANUP_ERR struct err err = ERR_INIT;
		int rc;

		(void)snprintf(key, sizeof(key), "%u-%u", client->number, i);
		rc = journal_update(
		    client->kit->journal, NULL, put_step, &put, &err);
		if (rc != (i % 3 == 0 ? IAG_REJECTED : 0))
			client->failures++;
	}
	return NULL;
}

static int
count_visit(
    struct iag_bytes key, struct iag_bytes value, void *arg, struct err *err)
{
	unsigned *count = arg;

	(void)key;
	(void)value;
	(void)err;
	(*count)++;
	return 0;
}

static int
count_step(struct journal_txn *txn, void *arg, struct err *err)
{
	return txn_walk(
	    txn, TABLE_INTENTS, bytes_of("", 0), false, count_visit, arg, err);
}

static void
test_steps_of_many_threads_share_commits_and_not_failures(void **state)
{
	struct kit *kit = *state;
	struct client clients[16];
	unsigned count = 0;

	kit_open(kit, JOURNAL_WRITE);
	for (unsigned i = 0; i < ARRAY_COUNT(clients); i++) {
		clients[i] = (struct client){ .kit = kit, .number = i };
		assert_int_equal(0, pthread_create(&clients[i].thread, NULL,
					client_main, &clients[i]));
	}
	for (unsigned i = 0; i < ARRAY_COUNT(clients); i++) {
		(void)pthread_join(clients[i].thread, NULL);
		assert_int_equal(0, clients[i].failures);
	}
	assert_int_equal(
	    0, journal_view(kit->journal, count_step, &count, &kit->err));
	assert_int_equal(16 * 20, count);
	assert_true(kit_verify(kit, AUDIT_VERIFY_STATE).valid);
}

static void
write_in_child(const struct kit *parent, unsigned count)
{
	struct kit kit;

	kit_init(&kit);
	(void)rmdir(kit.base);
	memcpy(kit.path, parent->path, sizeof(kit.path));
	kit_open(&kit, JOURNAL_WRITE);
	kit_records(&kit, count);
	kit_close(&kit);
	_exit(0);
}

/* The store's lock is let go of when what was announced does not come. */
static void
test_a_job_that_was_only_announced_holds_nobody_up(void **state)
{
	struct kit *kit = *state;
	struct store_txn *store = NULL;
	struct call *call = call_new(clock_boot_ns() + 20 * NS_PER_S);

	assert_non_null(call);
	kit_open(kit, JOURNAL_WRITE);
	writer_expect(kit->journal);
	assert_int_equal(0,
	    store_begin(kit->store, call, IAG_STORE_WRITE, &store, &kit->err));
	store_abort(store);
	call_unref(call);
	kit_records(kit, 3);
	writer_expect(kit->journal);
	writer_forget(kit->journal);
	writer_forget(kit->journal);
	kit_records(kit, 3);
	assert_true(kit_verify(kit, 0).valid);
	writer_expect(kit->journal);
	kit_close(kit);
}

static void
test_several_processes_write_one_store(void **state)
{
	struct kit *kit = *state;
	pid_t children[4];
	struct audit_verdict verdict;

	for (unsigned i = 0; i < ARRAY_COUNT(children); i++) {
		children[i] = fork();
		assert_true(children[i] >= 0);
		if (children[i] == 0)
			write_in_child(kit, 50);
	}
	for (unsigned i = 0; i < ARRAY_COUNT(children); i++) {
		int status;

		assert_int_equal(children[i], waitpid(children[i], &status, 0));
		assert_int_equal(0, status);
	}
	kit_open(kit, JOURNAL_WRITE);
	verdict = kit_verify(kit, AUDIT_VERIFY_STATE);
	assert_true(verdict.valid);
	assert_int_equal(1 + 4 * 50, verdict.scanned);
}

static void
test_a_lock_held_elsewhere_answers_at_the_deadline(void **state)
{
	struct kit *kit = *state;
	struct store_txn *txn = NULL;
	struct call *call;
	const struct audit_event event = { .event_type = "late" };

	kit_open(kit, JOURNAL_WRITE);
	assert_int_equal(
	    0, store_begin(kit->store, NULL, IAG_STORE_WRITE, &txn, &kit->err));
	call = call_new(clock_boot_ns() + 120 * NS_PER_MS);
	assert_int_equal(
	    IAG_AGAIN, journal_record(kit->journal, call, &event, &kit->err));
	call_unref(call);
	assert_int_equal(ERR_JOURNAL_UNAVAILABLE, kit->err.code);
	store_abort(txn);
	/* the withdrawn step is not written afterwards */
	kit_records(kit, 1);
	assert_int_equal(2, kit_verify(kit, 0).scanned);
}

static uint64_t fake_ns;

static uint64_t
fake_real(void *arg)
{
	(void)arg;
	return fake_ns;
}

static uint64_t
real_boot(void *arg)
{
	struct timespec now;

	(void)arg;
	(void)clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

static const char *
newest_time(struct json_object *tail)
{
	return json_get_str(
	    json_get(tail_item(tail, 0), "event"), "timestamp", "");
}

static void
test_recorded_time_never_runs_backwards(void **state)
{
	static const struct clock_source source = { fake_real, real_boot,
		NULL };
	struct kit *kit = *state;
	struct json_object *first CLEANUP_JSON = NULL;
	struct json_object *second CLEANUP_JSON = NULL;
	struct json_object *third CLEANUP_JSON = NULL;

	fake_ns = UINT64_C(1800000000) * NS_PER_S;
	clock_set_source(&source);
	kit_open(kit, JOURNAL_WRITE);
	kit_records(kit, 1);
	first = tail_of(kit, 1);
	fake_ns -= 3600 * NS_PER_S;
	kit_records(kit, 1);
	second = tail_of(kit, 1);
	assert_string_equal(newest_time(first), newest_time(second));
	kit_close(kit);
	kit_open(kit, JOURNAL_WRITE);
	fake_ns += 7200 * NS_PER_S;
	kit_records(kit, 1);
	third = tail_of(kit, 1);
	assert_true(strcmp(newest_time(third), newest_time(second)) > 0);
}

static void
test_a_wrong_key_is_named(void **state)
{
	struct kit *kit = *state;

	kit_open(kit, JOURNAL_WRITE);
	kit_close(kit);
	kit->secret = "another secret of thirty-two bytes";
	assert_int_equal(IAG_AGAIN, kit_try(kit, JOURNAL_WRITE));
	assert_int_equal(ERR_JOURNAL_UNAVAILABLE, kit->err.code);
	assert_non_null(strstr(err_text(&kit->err), "wrong key"));
	assert_int_equal(IAG_AGAIN, kit_try(kit, JOURNAL_READ_ONLY));
	assert_non_null(strstr(err_text(&kit->err), "wrong key"));
}

static void
put_meta(struct kit *kit, const char *name, const char *value)
{
	struct store_txn *txn = NULL;

	assert_int_equal(0, kit_store(kit, false));
	assert_int_equal(
	    0, store_begin(kit->store, NULL, IAG_STORE_WRITE, &txn, &kit->err));
	assert_int_equal(0, store_put(txn, TABLE_META, bytes_str(name),
				bytes_str(value), 0, &kit->err));
	assert_int_equal(0, store_commit(txn, &kit->err));
	kit_close(kit);
}

static void
test_a_future_format_is_refused(void **state)
{
	struct kit *kit = *state;

	kit_open(kit, JOURNAL_WRITE);
	kit_close(kit);
	put_meta(kit, "format", "ibkr-agent-store 99");
	assert_int_equal(IAG_AGAIN, kit_try(kit, JOURNAL_WRITE));
	assert_non_null(
	    strstr(err_text(&kit->err), "has format 'ibkr-agent-store 99'"));
	assert_int_equal(IAG_AGAIN, kit_try(kit, JOURNAL_READ_ONLY));
}

static void
test_reading_an_absent_store_makes_none(void **state)
{
	struct kit *kit = *state;

	assert_true(kit_try(kit, JOURNAL_READ_ONLY) < 0);
	assert_int_equal(-1, access(kit->path, F_OK));
}

static void
test_a_read_only_journal_writes_nothing(void **state)
{
	struct kit *kit = *state;

	kit_open(kit, JOURNAL_WRITE);
	kit_close(kit);
	kit_open(kit, JOURNAL_READ_ONLY);
	assert_int_equal(IAG_AGAIN, kit_record(kit, "ibkr_health"));
	assert_true(kit_verify(kit, AUDIT_VERIFY_STATE).valid);
}

/* On a copy: at home the store's own counter would tell, too. */
static void
test_inv6_a_record_behind_the_end_is_not_written_over(void **state)
{
	struct kit *kit = *state;
	char copy[sizeof(kit->path)];
	struct store_txn *txn = NULL;
	uint8_t key[8];

	kit_open(kit, JOURNAL_WRITE);
	kit_records(kit, 3);
	kit_close(kit);
	(void)snprintf(copy, sizeof(copy), "%.500s/copy", kit->base);
	kit_copy(kit->path, copy);
	memcpy(kit->path, copy, sizeof(copy));
	assert_int_equal(0, kit_store(kit, false));
	assert_int_equal(
	    0, store_begin(kit->store, NULL, IAG_STORE_WRITE, &txn, NULL));
	put_u64(key, 4);
	assert_int_equal(0, store_put(txn, TABLE_AUDIT, bytes_of(key, 8),
				bytes_str("evidence"), 0, NULL));
	assert_int_equal(0, store_commit(txn, NULL));
	kit_close(kit);
	kit_open(kit, JOURNAL_WRITE);
	assert_int_equal(IAG_CORRUPT,
	    journal_adopt(kit->journal, NULL, "local:a", "why", &kit->err));
	assert_non_null(strstr(err_text(&kit->err), "behind the end"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(test_a_new_store_has_its_birth_on_record),
		TEST(test_inv7_live_is_closed_and_paper_open_at_birth),
		TEST(test_inv7_a_switch_without_evidence_is_closed),
		TEST(test_a_commit_of_another_program_is_noticed),
		TEST(test_records_survive_closing),
		TEST(test_inv8_a_record_shows_neither_account_nor_contents),
		TEST(test_inv8_secrets_are_redacted_when_recorded),
		TEST(test_inv5_state_and_record_are_one_transaction),
		TEST(test_inv5_a_refused_step_leaves_nothing),
		TEST(test_inv5_a_change_without_a_record_is_refused),
		TEST(test_steps_of_many_threads_share_commits_and_not_failures),
		TEST(test_a_job_that_was_only_announced_holds_nobody_up),
		TEST(test_several_processes_write_one_store),
		TEST(test_a_lock_held_elsewhere_answers_at_the_deadline),
		TEST(test_recorded_time_never_runs_backwards),
		TEST(test_a_wrong_key_is_named),
		TEST(test_a_future_format_is_refused),
		TEST(test_reading_an_absent_store_makes_none),
		TEST(test_a_read_only_journal_writes_nothing),
		TEST(test_inv6_a_record_behind_the_end_is_not_written_over),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
