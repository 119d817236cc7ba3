/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Writes through the host into writer-local-candidate, whose script does what
 * brokers do: which outcome each of them is, and what stays in the book.
 */

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "host/host.h"
#include "host/writer.h"

/* ---- state of plugins, in memory */

#define ROWS 64

static struct {
	pthread_mutex_t lock;
	struct {
		char key[256];
		char *value; /* NULL: free */
	} rows[ROWS];
} book = { .lock = PTHREAD_MUTEX_INITIALIZER };

static void
full_key(char out[256], const char *plugin, const char *account,
    struct iag_bytes key)
{
	(void)snprintf(out, 256, "%s/%s/%.*s", plugin, account, (int)key.len,
	    (const char *)key.data);
}

static int
row_of(const char *key)
{
	for (int i = 0; i < ROWS; i++) {
		if (book.rows[i].value && strcmp(book.rows[i].key, key) == 0)
			return i;
	}
	return -1;
}

static int
state_get(void *arg, const char *plugin, const char *account,
    struct iag_bytes key, struct buf *ret_value, struct err *err)
{
	char name[256];
	int i;
	LOCK_SCOPE(&book.lock);

	(void)arg, (void)err;
	full_key(name, plugin, account, key);
	i = row_of(name);
	if (i < 0)
		return IAG_NOTFOUND;
	buf_reset(ret_value);
	buf_printf(ret_value, "%s", book.rows[i].value);
	return 0;
}

static int
state_put(void *arg, const char *plugin, const char *account,
    struct iag_bytes key, struct iag_bytes value, struct err *err)
{
	char name[256];
	int i;
	LOCK_SCOPE(&book.lock);

	(void)arg, (void)err;
	full_key(name, plugin, account, key);
	i = row_of(name);
	for (int j = 0; i < 0 && value.data && j < ROWS; j++) {
		if (!book.rows[j].value)
			i = j;
	}
	if (i < 0)
		return 0;
	free(STEAL(book.rows[i].value));
	if (value.data) {
		memcpy(book.rows[i].key, name, sizeof(name));
		book.rows[i].value = calloc(1, value.len + 1);
		assert_non_null(book.rows[i].value);
		memcpy(book.rows[i].value, value.data, value.len);
	}
	return 0;
}

static int
state_next(void *arg, const char *plugin, const char *account,
    struct iag_bytes key, struct buf *ret_key, struct buf *ret_value,
    struct err *err)
{
	char name[256], prefix[256];
	int best = -1;
	LOCK_SCOPE(&book.lock);

	(void)arg, (void)err;
	full_key(name, plugin, account, key);
	(void)snprintf(prefix, sizeof(prefix), "%s/%s/", plugin, account);
	for (int i = 0; i < ROWS; i++) {
		const char *at = book.rows[i].key;

		if (book.rows[i].value &&
		    strncmp(at, prefix, strlen(prefix)) == 0 &&
		    strcmp(at, name) > 0 &&
		    (best < 0 || strcmp(at, book.rows[best].key) < 0))
			best = i;
	}
	if (best < 0)
		return IAG_NOTFOUND;
	buf_reset(ret_key);
	buf_printf(ret_key, "%s", book.rows[best].key + strlen(prefix));
	buf_reset(ret_value);
	buf_printf(ret_value, "%s", book.rows[best].value);
	return 0;
}

static unsigned
book_count(void)
{
	unsigned count = 0;
	LOCK_SCOPE(&book.lock);

	for (int i = 0; i < ROWS; i++)
		count += book.rows[i].value != NULL;
	return count;
}

static void
book_clear(void)
{
	LOCK_SCOPE(&book.lock);

	for (int i = 0; i < ROWS; i++)
		free(STEAL(book.rows[i].value));
}

/* What the desk does with the changes of a write that it settles. */
static void
book_apply(const struct writer_result *result)
{
	for (size_t i = 0; i < result->change_count; i++)
		(void)state_put(NULL, "writer-local-candidate", "DU1",
		    result->changes[i].key, result->changes[i].value, NULL);
}

/* ---- a writer to ask */

struct fixture {
	struct host *host;
	struct instance *writer;
	struct writer_result result;
	struct err err;
	atomic_int commits, questions, drops;
	int commit_answer;
	struct call *cancel; /* when commit is asked */
};

static void
open_writer(struct fixture *f, const char *name, const char *script,
    const char *changes)
{
	static const struct host_desk desk = {
		.state_get = state_get,
		.state_put = state_put,
		.state_next = state_next,
	};
	const struct instance_option options[] = {
		{ "script", script },
		{ "changes", changes },
	};
	char dir[4096];
	char *items[] = { dir, NULL };
	struct config_list dirs = { items, 1 };
	struct plugin *plugin = NULL;
	size_t count = script ? 2 : 0;

	(void)snprintf(dir, sizeof(dir), "%s", getenv("IAG_TEST_PLUGINDIR"));
	memset(f, 0, sizeof(*f));
	writer_result_init(&f->result);
	f->host = host_new(&dirs, NULL);
	assert_non_null(f->host);
	host_set_desk(f->host, &desk);
	if (host_load(f->host, IAG_KIND_WRITER, name, &plugin, &f->err) ||
	    instance_open(
		f->host, plugin, "writer", options, count, &f->writer, &f->err))
		fail_msg("%s", err_text(&f->err));
}

static void
reopen(struct fixture *f, const char *script, const char *changes)
{
	instance_close(f->writer);
	assert_true(host_free(f->host));
	writer_result_fini(&f->result);
	err_fini(&f->err);
	open_writer(f, "local-candidate", script, changes);
}

static void
close_writer(struct fixture *f)
{
	instance_close(f->writer);
	(void)host_free(f->host);
	writer_result_fini(&f->result);
	err_fini(&f->err);
	book_clear();
}

static int
watch_commit(void *arg, struct err *err)
{
	struct fixture *f = arg;

	atomic_fetch_add(&f->commits, 1);
	if (f->cancel)
		call_cancel(f->cancel);
	if (f->commit_answer)
		return err_set(err, ERR_LIVE_KILL_SWITCH_CLOSED, "closed");
	return 0;
}

static void
watch_drop(void *arg)
{
	struct fixture *f = arg;

	atomic_fetch_add(&f->drops, 1);
}

static struct write_watch
watch_of(struct fixture *f)
{
	return (struct write_watch){
		.commit = watch_commit, .drop = watch_drop, .arg = f
	};
}

static const struct iag_order one = {
	.struct_size = sizeof(one),
	.mode = IAG_MODE_PAPER,
	.side = IAG_SIDE_BUY,
	.type = IAG_TYPE_LIMIT,
	.tif = IAG_TIF_DAY,
	.account = "DU1",
	.client_ref = "ref-1",
	.contract_id = "265598",
	.symbol = "AAPL",
	.asset_class = "stock",
	.currency = "USD",
	.quantity = "10",
	.limit_price = "190.00",
};

static int
submit_for(struct fixture *f, uint64_t ns)
{
	const struct write_watch watch = watch_of(f);
	struct call *call = call_new(clock_boot_ns() + ns);
	int ret;

	writer_result_fini(&f->result);
	ret = writer_submit(f->writer, call, &watch, &one, &f->result, &f->err);
	call_unref(call);
	return ret;
}

static int
submit(struct fixture *f)
{
	return submit_for(f, 30 * NS_PER_S);
}

static const struct iag_target target_one = {
	.struct_size = sizeof(target_one),
	.mode = IAG_MODE_PAPER,
	.account = "DU1",
	.broker_order_id = "local-candidate-ref-1",
	.client_ref = "ref-1",
};

static uint32_t
find(struct fixture *f, struct writer_find_result *found)
{
	struct call *call = call_new(clock_boot_ns() + 30 * NS_PER_S);

	assert_int_equal(
	    writer_find(f->writer, call, &target_one, found, &f->err), 0);
	call_unref(call);
	return found->answer;
}

/* ---- claims */

static void
an_acknowledged_order_is_in_the_book_once_settled(void **state)
{
	struct writer_find_result found;
	struct fixture f;

	(void)state;
	open_writer(&f, "local-candidate", "fill", "open");
	assert_int_equal(submit(&f), 0);
	assert_true(f.result.sent);
	assert_int_equal(f.result.ack_count, 1);
	assert_string_equal(
	    f.result.acks[0].broker_order_id, "local-candidate-ref-1");
	assert_int_equal(f.result.acks[0].status, IAG_STATUS_FILLED);
	assert_string_equal(f.result.acks[0].filled_quantity, "10");
	assert_int_equal(f.commits, 1);
	/* book and journal commit together: not before the settling */
	assert_int_equal(book_count(), 0);
	assert_int_equal(f.result.change_count, 1);
	book_apply(&f.result);
	assert_int_equal(find(&f, &found), IAG_FIND_FOUND);
	assert_true(found.complete);
	writer_find_result_fini(&found);
	close_writer(&f);
	assert_int_equal(f.drops, 1);
}

static void
inv4_what_is_refused_before_commit_was_not_sent(void **state)
{
	struct fixture f;

	(void)state;
	open_writer(&f, "local-candidate", "refuse", "open");
	assert_int_equal(submit(&f), IAG_AGAIN);
	assert_false(f.result.sent);
	assert_false(f.err.unknown);
	assert_int_equal(f.commits, 0);
	close_writer(&f);
}

static void
inv7_a_commit_that_is_refused_sends_nothing(void **state)
{
	struct fixture f;

	(void)state;
	open_writer(&f, "local-candidate", "fill", "open");
	f.commit_answer = 1;
	assert_int_not_equal(submit(&f), 0);
	assert_int_equal(f.err.code, ERR_LIVE_KILL_SWITCH_CLOSED);
	assert_false(f.result.sent);
	assert_false(f.err.unknown);
	assert_int_equal(f.result.change_count, 0);
	close_writer(&f);
}

static void
inv4_a_proven_refusal_is_one(void **state)
{
	struct fixture f;

	(void)state;
	open_writer(&f, "local-candidate", "reject", "open");
	assert_int_equal(submit(&f), IAG_REJECTED);
	assert_true(f.result.sent);
	assert_false(f.err.unknown);
	close_writer(&f);
}

static void
inv4_everything_else_after_commit_is_unknown(void **state)
{
	static const struct {
		const char *script;
		bool is_there;
	} cases[] = { { "lose", true }, { "other", true },
		{ "odd-status", true } };

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		struct writer_find_result found;
		struct fixture f;

		open_writer(&f, "local-candidate", cases[i].script, "open");
		assert_int_equal(submit(&f), IAG_UNKNOWN);
		assert_true(f.result.sent);
		assert_true(f.err.unknown);
		book_apply(&f.result);
		assert_int_equal(find(&f, &found), IAG_FIND_FOUND);
		writer_find_result_fini(&found);
		close_writer(&f);
	}
}

/* Deadlines end the wait; nobody can send after that. */
static void
inv4_silence_is_unknown_at_the_deadline(void **state)
{
	struct writer_find_result found;
	struct fixture f;

	(void)state;
	open_writer(&f, "local-candidate", "hang", "open");
	assert_int_equal(submit_for(&f, 50 * NS_PER_MS), IAG_UNKNOWN);
	assert_true(f.result.sent);
	assert_int_equal(find(&f, &found), IAG_FIND_ABSENT);
	writer_find_result_fini(&found);
	close_writer(&f);
	assert_int_equal(f.drops, 1);
}

static void
a_late_landing_is_in_the_book_by_itself(void **state)
{
	struct fixture f;

	(void)state;
	open_writer(&f, "local-candidate", "late", "open");
	assert_int_equal(submit_for(&f, 50 * NS_PER_MS), IAG_UNKNOWN);
	book_apply(&f.result);
	/* closing waits for the callback, which books before it returns */
	instance_close(f.writer);
	assert_int_equal(book_count(), 1);
	(void)host_free(f.host);
	writer_result_fini(&f.result);
	err_fini(&f.err);
	book_clear();
}

static void
inv2_a_call_cancelled_before_commit_is_never_sent(void **state)
{
	struct fixture f;
	const struct write_watch watch = {
		.commit = watch_commit, .drop = watch_drop, .arg = &f
	};
	struct call *call = call_new(UINT64_MAX);

	(void)state;
	open_writer(&f, "local-candidate", "fill", "open");
	call_cancel(call);
	assert_int_not_equal(
	    writer_submit(f.writer, call, &watch, &one, &f.result, &f.err), 0);
	assert_false(f.result.sent);
	assert_int_equal(f.err.code, ERR_CALL_CANCELLED);
	close_writer(&f);
	call_unref(call);
	assert_int_equal(f.drops, 1);
}

/* Either side of the race is right, but they agree about it. */
static void
inv2_a_call_cancelled_at_commit_is_sent_or_not_as_told(void **state)
{
	(void)state;
	for (int i = 0; i < 50; i++) {
		struct fixture f;
		struct call *call = call_new(UINT64_MAX);
		const struct write_watch watch = {
			.commit = watch_commit, .drop = watch_drop, .arg = &f
		};
		bool sent;
		int ret;

		open_writer(&f, "local-candidate", "fill", "open");
		f.cancel = call;
		ret = writer_submit(
		    f.writer, call, &watch, &one, &f.result, &f.err);
		sent = f.result.sent;
		assert_int_equal(f.err.unknown, ret && sent);
		book_apply(&f.result);
		instance_close(f.writer);
		assert_true(book_count() == 0 || sent);
		(void)host_free(f.host);
		writer_result_fini(&f.result);
		err_fini(&f.err);
		call_unref(call);
		book_clear();
	}
}

static void
inv2_a_reference_is_registered_once(void **state)
{
	struct fixture f;

	(void)state;
	open_writer(&f, "local-candidate", "open", "open");
	assert_int_equal(submit(&f), 0);
	book_apply(&f.result);
	assert_int_equal(submit(&f), IAG_UNKNOWN);
	assert_non_null(strstr(err_text(&f.err), "already registered"));
	assert_int_equal(book_count(), 1);
	close_writer(&f);
}

static void
cancel_and_modify_change_the_book(void **state)
{
	struct iag_order changed = one;
	struct call *call = call_new(UINT64_MAX);
	struct fixture f;
	struct write_watch watch;

	(void)state;
	open_writer(&f, "local-candidate", "open", "open");
	assert_int_equal(submit(&f), 0);
	book_apply(&f.result);
	changed.quantity = "20";
	watch = watch_of(&f);
	writer_result_fini(&f.result);
	assert_int_equal(writer_modify(f.writer, call, &watch, &target_one,
			     &changed, &f.result, &f.err),
	    0);
	book_apply(&f.result);
	writer_result_fini(&f.result);
	assert_int_equal(writer_cancel(f.writer, call, &watch, &target_one,
			     &f.result, &f.err),
	    0);
	assert_int_equal(f.result.acks[0].status, IAG_STATUS_CANCELLED);
	book_apply(&f.result);
	/* terminal states never come back */
	writer_result_fini(&f.result);
	assert_int_equal(writer_cancel(f.writer, call, &watch, &target_one,
			     &f.result, &f.err),
	    IAG_REJECTED);
	reopen(&f, "open", "lose");
	call_unref(call);
	close_writer(&f);
}

/* The only row of the book loses the broker's id. */
static void
book_forget_id(void)
{
	static const char id[] = "\"local-candidate-ref-1\"";
	LOCK_SCOPE(&book.lock);

	for (int i = 0; i < ROWS; i++) {
		char *at =
		    book.rows[i].value ? strstr(book.rows[i].value, id) : NULL;

		if (!at)
			continue;
		memmove(at + 2, at + strlen(id), strlen(at + strlen(id)) + 1);
		at[1] = '"';
	}
}

static void
what_is_found_has_an_id(void **state)
{
	struct writer_find_result found;
	struct call *call = call_new(UINT64_MAX);
	struct fixture f;

	(void)state;
	open_writer(&f, "local-candidate", "open", "open");
	assert_int_equal(submit(&f), 0);
	book_apply(&f.result);
	book_forget_id();
	assert_int_not_equal(
	    writer_find(f.writer, call, &target_one, &found, &f.err), 0);
	assert_int_equal(f.err.code, ERR_BROKER_RESPONSE_INVALID);
	writer_find_result_fini(&found);
	call_unref(call);
	close_writer(&f);
}

static void
a_group_is_placed_with_its_legs(void **state)
{
	struct iag_order legs[3] = { one, one, one };
	const struct iag_order *const orders[] = { &legs[0], &legs[1],
		&legs[2] };
	struct call *call = call_new(UINT64_MAX);
	struct answer answer = { .json = NULL };
	struct write_watch watch;
	struct fixture f;

	(void)state;
	legs[1].client_ref = "ref-1-take";
	legs[2].client_ref = "ref-1-stop";
	open_writer(&f, "local-candidate", "open", "open");
	watch = watch_of(&f);
	assert_int_equal(writer_submit_group(f.writer, call, &watch, orders, 3,
			     &f.result, &f.err),
	    0);
	assert_int_equal(f.result.ack_count, 3);
	assert_string_equal(
	    f.result.acks[2].broker_order_id, "local-candidate-ref-1-stop");
	book_apply(&f.result);
	assert_int_equal(
	    writer_list(f.writer, call, "DU1", &answer, &f.err), 0);
	assert_non_null(strstr(answer.json, "local-candidate-ref-1-take"));
	assert_null(strstr(answer.json, "\"state\""));
	answer_fini(&answer);
	assert_int_equal(
	    writer_list(f.writer, call, "DU2", &answer, &f.err), 0);
	assert_null(strstr(answer.json, "ref-1"));
	answer_fini(&answer);
	call_unref(call);
	close_writer(&f);
}

static void
the_refusing_writer_refuses_by_mode(void **state)
{
	struct fixture f;

	(void)state;
	open_writer(&f, "refusing", NULL, NULL);
	assert_int_equal(submit(&f), IAG_REJECTED);
	assert_int_equal(f.err.code, ERR_PAPER_TRADING_DISABLED);
	assert_false(f.result.sent);
	close_writer(&f);
}

static void
what_a_writer_does_not_take_is_refused_with_all_reasons(void **state)
{
	struct iag_order order = one;
	struct fixture f;

	(void)state;
	open_writer(&f, "local-candidate", "open", "open");
	assert_int_equal(
	    writer_accepts(f.writer, IAG_WRITER_SUBMIT, &order, &f.err), 0);
	order.type = 0; /* a market order */
	order.asset_class = "sto";
	order.client_ref = "no blanks";
	assert_int_not_equal(
	    writer_accepts(f.writer, IAG_WRITER_SUBMIT, &order, &f.err), 0);
	assert_int_equal(f.err.code, ERR_ORDER_VALIDATION_FAILED);
	assert_non_null(strstr(err_text(&f.err), "market orders"));
	assert_non_null(strstr(err_text(&f.err), "'sto'"));
	assert_non_null(strstr(err_text(&f.err), "'no blanks'"));
	close_writer(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    an_acknowledged_order_is_in_the_book_once_settled),
		cmocka_unit_test(
		    inv4_what_is_refused_before_commit_was_not_sent),
		cmocka_unit_test(inv7_a_commit_that_is_refused_sends_nothing),
		cmocka_unit_test(inv4_a_proven_refusal_is_one),
		cmocka_unit_test(inv4_everything_else_after_commit_is_unknown),
		cmocka_unit_test(inv4_silence_is_unknown_at_the_deadline),
		cmocka_unit_test(a_late_landing_is_in_the_book_by_itself),
		cmocka_unit_test(
		    inv2_a_call_cancelled_before_commit_is_never_sent),
		cmocka_unit_test(
		    inv2_a_call_cancelled_at_commit_is_sent_or_not_as_told),
		cmocka_unit_test(inv2_a_reference_is_registered_once),
		cmocka_unit_test(cancel_and_modify_change_the_book),
		cmocka_unit_test(what_is_found_has_an_id),
		cmocka_unit_test(a_group_is_placed_with_its_legs),
		cmocka_unit_test(the_refusing_writer_refuses_by_mode),
		cmocka_unit_test(
		    what_a_writer_does_not_take_is_refused_with_all_reasons),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
