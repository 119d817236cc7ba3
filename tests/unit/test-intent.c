/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* Intents and orders as rows: arrows, indexes, terminal states. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "journal-kit.h"
#include "orders/intent.h"
#include "orders/ledger.h"

#define ACCOUNT "DU1234567"

static int
setup(void **state)
{
	struct kit *kit = calloc(1, sizeof(*kit));

	assert_non_null(kit);
	kit_init(kit);
	kit_open(kit, JOURNAL_WRITE);
	*state = kit;
	return 0;
}

static int
teardown(void **state)
{
	kit_fini(*state);
	free(*state);
	return 0;
}

static void
order_make(struct order *order)
{
	*order = (struct order){
		.mode = IAG_MODE_PAPER,
		.side = IAG_SIDE_BUY,
		.type = IAG_TYPE_LIMIT,
		.tif = IAG_TIF_DAY,
		.account = strdup(ACCOUNT),
		.contract_id = strdup("265598"),
		.symbol = strdup("AAPL"),
		.asset_class = strdup("stock"),
		.currency = strdup("USD"),
		.quantity = strdup("10"),
		.limit_price = strdup("1.10"),
	};
}

static void
intent_make(struct intent *intent, const char *key)
{
	intent_init(intent);
	id_new(intent->id);
	intent->state = INTENT_RECORDED;
	intent->operation = OPERATION_SUBMIT;
	intent->mode = IAG_MODE_PAPER;
	intent->account = strdup(ACCOUNT);
	intent->key = strdup(key);
	intent->leg = strdup("");
	intent->owner = strdup("owner");
	intent->writer = strdup("local-candidate");
	intent->client_ref = strdup(key);
	(void)snprintf(intent->request_digest, HASH_HEX_SIZE, "%064d", 7);
	intent->recorded_ns = UINT64_C(18000000000000000001);
	intent->activity_ns = 5;
	intent->result = strdup("{\"a\":\"\\u00e9\"}");
	order_make(&intent->order);
	intent->has_order = true;
}

static void
row_make(struct order_row *row, uint32_t status)
{
	order_row_init(row);
	row->account = strdup(ACCOUNT);
	row->broker_order_id = strdup("local-candidate-k1");
	row->key = strdup("k1");
	row->leg = strdup("");
	row->mode = IAG_MODE_PAPER;
	row->writer = strdup("local-candidate");
	row->status = status;
	row->created_ns = 1;
	order_make(&row->order);
}

/* One step with one thing to do. */
struct job {
	const struct intent *put, *del;
	const struct order_row *row;
	struct order_row *renamed;
	const char *new_id;
	struct intent *got;
	struct order_row *got_row;
	const char *key;
	char hash[HASH_HEX_SIZE];
	int result;
};

static int
job_run(struct journal_txn *txn, void *arg, struct err *err)
{
	struct job *job = arg;
	const struct audit_event event = {
		.event_type = "tool_completed",
		.principal = "local:test",
		.principal_kind = "operator",
		.decision = "allow",
		.result_status = "completed",
		.outcome = "done",
	};
	int ret = 0;

	if (job->put)
		ret = intent_put(txn, job->put, job->hash, err);
	if (job->del)
		ret = intent_del(txn, job->del, job->hash, err);
	if (job->row)
		ret = order_row_put(txn, job->row, job->hash, err);
	if (job->renamed)
		ret = order_row_rename(txn, job->renamed, job->new_id,
		    job->renamed->status, job->hash, err);
	if (job->renamed && ret == 0)
		ret = order_row_put(txn, job->renamed, job->hash, err);
	if (job->got)
		return intent_get(txn, job->hash, job->key, "", job->got, err);
	if (job->got_row)
		return order_row_get(
		    txn, job->hash, "local-candidate-k1", job->got_row, err);
	return ret ? ret : txn_audit(txn, &event, err);
}

static int
job_do(struct kit *kit, struct job job)
{
	journal_account_hash(kit->journal, ACCOUNT, job.hash);
	if (job.got || job.got_row)
		return journal_view(kit->journal, job_run, &job, &kit->err);
	return journal_update(kit->journal, NULL, job_run, &job, &kit->err);
}

#define PUT(intent) job_do(kit, (struct job){ .put = (intent) })
#define PUT_ROW(order) job_do(kit, (struct job){ .row = (order) })
#define RENAME(order, id) \
	job_do(kit, (struct job){ .renamed = (order), .new_id = (id) })

struct seen {
	unsigned count;
	char keys[200];
};

static int
intent_seen(struct intent *intent, void *arg, struct err *err)
{
	struct seen *seen = arg;

	(void)err;
	seen->count++;
	(void)snprintf(seen->keys + strlen(seen->keys), 80, "%s ", intent->key);
	return 0;
}

static int
row_seen(struct order_row *row, void *arg, struct err *err)
{
	struct seen *seen = arg;

	(void)row;
	(void)err;
	seen->count++;
	return 0;
}

static int
walk_intents(struct journal_txn *txn, void *arg, struct err *err)
{
	return intent_walk_unsettled(txn, NULL, intent_seen, arg, err);
}

static int
walk_rows(struct journal_txn *txn, void *arg, struct err *err)
{
	return order_row_walk_working(txn, NULL, row_seen, arg, err);
}

static struct seen
unsettled(struct kit *kit)
{
	struct seen seen = { .count = 0 };

	assert_int_equal(
	    journal_view(kit->journal, walk_intents, &seen, &kit->err), 0);
	return seen;
}

static unsigned
working(struct kit *kit)
{
	struct seen seen = { .count = 0 };

	assert_int_equal(
	    journal_view(kit->journal, walk_rows, &seen, &kit->err), 0);
	return seen.count;
}

static void
an_intent_comes_back_as_it_was_put(void **state)
{
	struct kit *kit = *state;
	CLEANUP_INTENT struct intent intent, got;

	intent_make(&intent, "k1");
	assert_int_equal(PUT(&intent), 0);
	assert_int_equal(
	    job_do(kit, (struct job){ .got = &got, .key = "k1" }), 0);
	assert_string_equal(got.id, intent.id);
	assert_int_equal(got.state, INTENT_RECORDED);
	assert_int_equal(got.operation, OPERATION_SUBMIT);
	assert_int_equal(got.mode, IAG_MODE_PAPER);
	assert_string_equal(got.leg, "");
	assert_string_equal(got.request_digest, intent.request_digest);
	assert_true(got.recorded_ns == intent.recorded_ns);
	assert_true(got.activity_ns == 5 && got.activity_sequence == 0);
	assert_string_equal(got.result, intent.result);
	assert_null(got.error);
	assert_true(got.has_order);
	assert_string_equal(got.order.limit_price, "1.10");
	assert_null(got.order.stop_price);
}

static void
a_key_that_nobody_used_is_not_found(void **state)
{
	struct kit *kit = *state;
	CLEANUP_INTENT struct intent got;

	intent_init(&got);
	assert_int_equal(
	    job_do(kit, (struct job){ .got = &got, .key = "k" }), IAG_NOTFOUND);
	assert_int_equal(kit->err.code, ERR_NONE);
}

static void
inv2_settled_intents_never_change_again(void **state)
{
	static const enum intent_state all[] = { INTENT_RECORDED, INTENT_DONE,
		INTENT_REFUSED, INTENT_UNKNOWN };
	struct kit *kit = *state;
	CLEANUP_INTENT struct intent intent;

	intent_make(&intent, "k1");
	assert_int_equal(PUT(&intent), 0);
	intent.state = INTENT_UNKNOWN;
	assert_int_equal(PUT(&intent), 0);
	assert_int_equal(PUT(&intent), 0);
	intent.state = INTENT_RECORDED;
	assert_int_equal(PUT(&intent), IAG_INTERNAL);
	intent.state = INTENT_DONE;
	assert_int_equal(PUT(&intent), 0);
	for (size_t i = 0; i < ARRAY_COUNT(all); i++) {
		intent.state = all[i];
		assert_int_equal(PUT(&intent), IAG_INTERNAL);
	}
}

static void
another_attempt_does_not_overwrite(void **state)
{
	struct kit *kit = *state;
	CLEANUP_INTENT struct intent intent;

	intent_make(&intent, "k1");
	assert_int_equal(PUT(&intent), 0);
	id_new(intent.id);
	assert_int_equal(PUT(&intent), IAG_INTERNAL);
	assert_int_equal(job_do(kit, (struct job){ .del = &intent }), 0);
	assert_int_equal(unsettled(kit).count, 0);
	assert_int_equal(PUT(&intent), 0);
}

static void
only_unsettled_intents_are_walked(void **state)
{
	struct kit *kit = *state;
	CLEANUP_INTENT struct intent a, b, c;

	intent_make(&a, "a");
	intent_make(&b, "b");
	intent_make(&c, "c");
	assert_int_equal(PUT(&c), 0);
	assert_int_equal(PUT(&b), 0);
	assert_int_equal(PUT(&a), 0);
	assert_string_equal(unsettled(kit).keys, "a b c ");
	b.state = INTENT_REFUSED;
	assert_int_equal(PUT(&b), 0);
	c.state = INTENT_UNKNOWN;
	assert_int_equal(PUT(&c), 0);
	assert_string_equal(unsettled(kit).keys, "a c ");
}

static void
keys_are_letters_digits_and_three_signs(void **state)
{
	(void)state;
	assert_true(intent_key_is_valid("aZ09._-"));
	assert_true(intent_key_is_valid("1234567890123456789012345678901234567"
					"890123456789012345678901234"));
	assert_false(intent_key_is_valid("12345678901234567890123456789012345"
					 "678901234567890123456789012345"));
	assert_false(intent_key_is_valid(""));
	assert_false(intent_key_is_valid(NULL));
	assert_false(intent_key_is_valid("a/b"));
	assert_false(intent_key_is_valid("a b"));
	assert_false(intent_key_is_valid("\xc3\xa9"));
}

static void
an_order_that_is_terminal_stays_so(void **state)
{
	struct kit *kit = *state;
	CLEANUP_ORDER_ROW struct order_row row, got;

	row_make(&row, IAG_STATUS_SUBMITTED);
	order_row_init(&got);
	assert_int_equal(PUT_ROW(&row), 0);
	assert_int_equal(working(kit), 1);
	row.status = IAG_STATUS_FILLED;
	row.average_price = strdup("1.09");
	assert_int_equal(PUT_ROW(&row), 0);
	assert_int_equal(working(kit), 0);
	assert_int_equal(PUT_ROW(&row), 0);
	row.status = IAG_STATUS_OPEN;
	assert_int_equal(PUT_ROW(&row), IAG_REJECTED);
	row.status = IAG_STATUS_CANCELLED;
	assert_int_equal(PUT_ROW(&row), IAG_REJECTED);
	assert_int_equal(job_do(kit, (struct job){ .got_row = &got }), 0);
	assert_int_equal(got.status, IAG_STATUS_FILLED);
	assert_string_equal(got.average_price, "1.09");
	assert_string_equal(got.order.quantity, "10");
	assert_int_equal(working(kit), 0);
}

/* One entry from the record of the intent to the end of its order. */
static void
a_settled_intent_stays_open_while_its_order_works(void **state)
{
	struct kit *kit = *state;
	CLEANUP_INTENT struct intent intent;
	CLEANUP_ORDER_ROW struct order_row row;

	intent_make(&intent, "k1");
	row_make(&row, IAG_STATUS_SUBMITTED);
	assert_int_equal(PUT(&intent), 0);
	assert_int_equal(unsettled(kit).count, 1);
	assert_int_equal(working(kit), 0);
	assert_int_equal(PUT_ROW(&row), 0);
	intent.state = INTENT_DONE;
	intent.broker_order_id = strdup(row.broker_order_id);
	assert_int_equal(PUT(&intent), 0);
	assert_int_equal(unsettled(kit).count, 0);
	assert_int_equal(working(kit), 1);
	row.status = IAG_STATUS_FILLED;
	assert_int_equal(PUT_ROW(&row), 0);
	assert_int_equal(working(kit), 0);
	assert_true(kit_verify(kit, AUDIT_VERIFY_STATE).valid);
}

static void
an_order_works_on_under_a_new_id(void **state)
{
	struct kit *kit = *state;
	CLEANUP_INTENT struct intent intent;
	CLEANUP_ORDER_ROW struct order_row row, old;

	intent_make(&intent, "k1");
	row_make(&row, IAG_STATUS_OPEN);
	order_row_init(&old);
	assert_int_equal(PUT(&intent), 0);
	assert_int_equal(PUT_ROW(&row), 0);
	intent.state = INTENT_DONE;
	intent.broker_order_id = strdup(row.broker_order_id);
	assert_int_equal(PUT(&intent), 0);
	assert_int_equal(RENAME(&row, "new"), 0);
	assert_string_equal(row.broker_order_id, "new");
	assert_int_equal(job_do(kit, (struct job){ .got_row = &old }), 0);
	assert_int_equal(old.status, IAG_STATUS_CANCELLED);
	assert_string_equal(old.broker_status, ORDER_REPLACED_BY "new");
	assert_int_equal(working(kit), 1);
	/* a late answer about the old one, and a second to the same change */
	assert_int_equal(PUT_ROW(&old), 0);
	assert_int_equal(working(kit), 1);
	old.updated_ns++;
	assert_int_equal(PUT_ROW(&old), 0);
	assert_int_equal(working(kit), 1);
	old.status = IAG_STATUS_OPEN;
	assert_int_equal(RENAME(&old, "new"), 0);
	assert_int_equal(working(kit), 1);
	row.status = IAG_STATUS_CANCELLED;
	assert_int_equal(PUT_ROW(&row), 0);
	assert_int_equal(working(kit), 0);
	assert_true(kit_verify(kit, AUDIT_VERIFY_STATE).valid);
}

/* An intent of a leg that is done, and its order, as a bracket has them. */
static void
leg_put(struct kit *kit, const char *leg, const char *reference, const char *id,
    struct order_row *row)
{
	CLEANUP_INTENT struct intent intent;

	intent_make(&intent, "k1");
	row_make(row, IAG_STATUS_OPEN);
	free(intent.leg);
	free(intent.client_ref);
	free(row->leg);
	free(row->broker_order_id);
	intent.leg = strdup(leg);
	intent.client_ref = strdup(reference);
	row->leg = strdup(leg);
	row->client_ref = strdup(reference);
	row->broker_order_id = strdup(id);
	row->updated_ns = 1;
	assert_int_equal(PUT(&intent), 0);
	assert_int_equal(PUT_ROW(row), 0);
	intent.state = INTENT_DONE;
	intent.broker_order_id = strdup(id);
	assert_int_equal(PUT(&intent), 0);
}

/* Who asks by the reference gets the order under the id it has now. */
static void
is_found(struct kit *kit, const char *reference, const char *id)
{
	CLEANUP_LEDGER struct ledger ledger;

	ledger_init(&ledger);
	assert_int_equal(
	    ledger_find(kit->journal, ACCOUNT, reference, &ledger, &kit->err),
	    0);
	assert_int_equal(ledger.count, 1);
	assert_string_equal(ledger.rows[0].broker_order_id, id);
	assert_int_equal(ledger.rows[0].status, IAG_STATUS_OPEN);
}

static void
legs_of_a_bracket_work_on_under_new_ids(void **state)
{
	static const struct {
		const char *leg, *reference, *id, *next;
	} legs[] = {
		{ "parent", "k1-p", "20", "30" },
		{ "take_profit", "k1-tp", "21", "11" },
		{ "stop_loss", "k1-sl", "22", "9" },
	};
	struct kit *kit = *state;
	struct order_row rows[ARRAY_COUNT(legs)];

	for (size_t i = 0; i < ARRAY_COUNT(legs); i++)
		leg_put(
		    kit, legs[i].leg, legs[i].reference, legs[i].id, &rows[i]);
	assert_int_equal(working(kit), 3);
	for (size_t i = 0; i < ARRAY_COUNT(legs); i++) {
		/* as the reconciler has it: both rows change at once */
		rows[i].updated_ns++;
		assert_int_equal(RENAME(&rows[i], legs[i].next), 0);
		assert_int_equal(working(kit), 3);
	}
	for (size_t i = 0; i < ARRAY_COUNT(legs); i++) {
		is_found(kit, legs[i].reference, legs[i].next);
		is_found(kit, legs[i].next, legs[i].next);
	}
	assert_true(kit_verify(kit, AUDIT_VERIFY_STATE).valid);
	for (size_t i = 0; i < ARRAY_COUNT(legs); i++) {
		rows[i].status = IAG_STATUS_FILLED;
		assert_int_equal(PUT_ROW(&rows[i]), 0);
		assert_int_equal(working(kit), 2 - i);
		order_row_fini(&rows[i]);
	}
	assert_true(kit_verify(kit, AUDIT_VERIFY_STATE).valid);
}

static void
an_order_that_is_renamed_twice_is_the_last_one(void **state)
{
	struct kit *kit = *state;
	CLEANUP_ORDER_ROW struct order_row row;

	leg_put(kit, "", "k1", "20", &row);
	row.updated_ns++;
	assert_int_equal(RENAME(&row, "30"), 0);
	is_found(kit, "k1", "30");
	row.updated_ns++;
	assert_int_equal(RENAME(&row, "10"), 0);
	is_found(kit, "k1", "10");
	assert_int_equal(working(kit), 1);
	/* and back to a name it had */
	row.updated_ns++;
	assert_int_equal(RENAME(&row, "20"), 0);
	is_found(kit, "k1", "20");
	is_found(kit, "20", "20");
	assert_int_equal(working(kit), 1);
	row.status = IAG_STATUS_CANCELLED;
	row.updated_ns++;
	assert_int_equal(PUT_ROW(&row), 0);
	assert_int_equal(working(kit), 0);
	row.is_again = false;
	/* what has ended by itself comes back under no name */
	row.status = IAG_STATUS_OPEN;
	assert_int_equal(PUT_ROW(&row), IAG_REJECTED);
	free(row.broker_order_id);
	row.broker_order_id = strdup("30");
	assert_int_equal(PUT_ROW(&row), IAG_REJECTED);
	assert_int_equal(working(kit), 0);
	assert_true(kit_verify(kit, AUDIT_VERIFY_STATE).valid);
}

static void
an_order_needs_a_name_that_fits(void **state)
{
	struct kit *kit = *state;
	CLEANUP_ORDER_ROW struct order_row row;

	row_make(&row, IAG_STATUS_OPEN);
	free(row.broker_order_id);
	row.broker_order_id = strdup("");
	assert_int_equal(PUT_ROW(&row), IAG_INVAL);
	free(row.broker_order_id);
	row.broker_order_id = malloc(200);
	memset(row.broker_order_id, 'x', 199);
	row.broker_order_id[199] = '\0';
	assert_int_equal(PUT_ROW(&row), IAG_INVAL);
	assert_int_equal(working(kit), 0);
}

/* Whatever a broker calls its things, and whatever it answers. */
static void
texts_come_back_byte_for_byte(void **state)
{
	static const char odd[] =
	    "a \"b\" \\ \n\t\x01 {\xc3\xa9,\xf0\x9f\x99\x82}:";
	static const char json[] =
	    "{\"a\":[{\"b\":\"\\\"}\"},null,1.50],\"c\":{}}";
	struct kit *kit = *state;
	CLEANUP_INTENT struct intent intent, got;

	intent_make(&intent, "odd");
	intent.connection = strdup(odd);
	intent.context = strdup(json);
	intent.error = strdup("{}");
	assert_int_equal(PUT(&intent), 0);
	assert_int_equal(
	    job_do(kit, (struct job){ .got = &got, .key = "odd" }), 0);
	assert_string_equal(got.connection, odd);
	assert_string_equal(got.context, json);
	assert_string_equal(got.result, intent.result);
	assert_string_equal(got.error, "{}");
}

static void
what_is_no_text_or_no_object_is_not_put(void **state)
{
	static const char *const objects[] = { "", "[]", "\"a\"", "{",
		"{\"a\"}", "{\"a\":1", "{\"a\":\"}", "{}x" };
	struct kit *kit = *state;
	CLEANUP_INTENT struct intent intent;

	intent_make(&intent, "bad");
	for (size_t i = 0; i < ARRAY_COUNT(objects); i++) {
		free(intent.result);
		intent.result = strdup(objects[i]);
		assert_int_not_equal(PUT(&intent), 0);
	}
	free(intent.result);
	intent.result = NULL;
	intent.connection = strdup("\xff");
	assert_int_not_equal(PUT(&intent), 0);
	free(intent.connection);
	intent.connection = NULL;
	assert_int_equal(PUT(&intent), 0);
}

#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(an_intent_comes_back_as_it_was_put),
		T(texts_come_back_byte_for_byte),
		T(what_is_no_text_or_no_object_is_not_put),
		T(a_key_that_nobody_used_is_not_found),
		T(inv2_settled_intents_never_change_again),
		T(another_attempt_does_not_overwrite),
		T(only_unsettled_intents_are_walked),
		T(keys_are_letters_digits_and_three_signs),
		T(an_order_that_is_terminal_stays_so),
		T(a_settled_intent_stays_open_while_its_order_works),
		T(an_order_works_on_under_a_new_id),
		T(legs_of_a_bracket_work_on_under_new_ids),
		T(an_order_that_is_renamed_twice_is_the_last_one),
		T(an_order_needs_a_name_that_fits),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
