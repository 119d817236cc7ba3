/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * What the tools that read orders say of those that the gateway has placed:
 * over a real journal, the fake backend and the writer with a book.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <json-c/json_tokener.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "config/scope.h"
#include "host/writer.h"
#include "journal-kit.h"
#include "orders/desk.h"
#include "orders/settle.h"
#include "tools/dispatch.h"

#define ACCOUNT "DU1234567"
#define WRITER "local-candidate"

struct world {
	struct kit kit;
	struct instance *backend;
	struct desk *desk;
	struct tool_result result;
	struct json_object *json;
	const char *writer; /* that the journal says took the orders */
};

static void
world_start(struct world *w, bool is_command)
{
	const struct desk_setup setup = {
		.config = w->kit.config,
		.host = w->kit.host,
		.journal = w->kit.journal,
		.is_command = is_command,
	};

	assert_int_equal(desk_new(&setup, &w->desk, NULL), 0);
}

static int
setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	struct plugin *plugin = NULL;

	assert_non_null(w);
	kit_init(&w->kit);
	kit_open(&w->kit, JOURNAL_WRITE);
	free(w->kit.config->audit.path);
	w->kit.config->audit.path = strdup(w->kit.path);
	free(w->kit.config->broker.backend);
	w->kit.config->broker.backend = strdup("fake");
	assert_int_equal(host_load(w->kit.host, host_kind_find("backend"),
			     "fake", &plugin, NULL),
	    0);
	assert_int_equal(instance_open(w->kit.host, plugin, "backend", NULL, 0,
			     &w->backend, NULL),
	    0);
	tool_result_init(&w->result);
	world_start(w, true);
	w->writer = WRITER;
	*state = w;
	return 0;
}

static int
teardown(void **state)
{
	struct world *w = *state;

	tool_result_fini(&w->result);
	(void)json_object_put(w->json);
	desk_free(w->desk);
	instance_close(w->backend);
	kit_fini(&w->kit);
	free(w);
	return 0;
}

/* What becomes of orders; said before the first one. */
static void
script(struct world *w, const char *word)
{
	struct config *config = w->kit.config;

	config->plugins.options = calloc(1, sizeof(struct config_option));
	assert_non_null(config->plugins.options);
	config->plugins.options[0].plugin = strdup(WRITER);
	config->plugins.options[0].key = strdup("script");
	config->plugins.options[0].value = strdup(word);
	config->plugins.option_count = 1;
}

/* ---- one order by hand: recorded, sent, settled */

struct placing {
	struct world *w;
	struct intent intent;
	struct settlement how;
	char hash[HASH_HEX_SIZE];
};

static const struct audit_event event = {
	.event_type = "test",
	.principal = "agent:test",
	.principal_kind = "agent",
	.account = ACCOUNT,
	.decision = "allow",
	.result_status = "completed",
	.outcome = "done",
};

static int
record_step(struct journal_txn *txn, void *arg, struct err *err)
{
	struct placing *p = arg;
	int ret = intent_put(txn, &p->intent, p->hash, err);

	return ret ? ret : txn_audit(txn, &event, err);
}

static int
settle_step(struct journal_txn *txn, void *arg, struct err *err)
{
	struct placing *p = arg;
	int ret = settle_apply(p->w->desk, txn, &p->intent, &p->how, err);

	return ret ? ret : txn_audit(txn, &event, err);
}

static void
placing_init(struct placing *p, struct world *w, const char *key)
{
	static const char order[] =
	    "{\"mode\":\"paper\",\"side\":\"buy\",\"type\":\"limit\","
	    "\"tif\":\"day\",\"account\":\"" ACCOUNT "\","
	    "\"contract_id\":\"265598\",\"symbol\":\"AAPL\","
	    "\"asset_class\":\"stock\",\"currency\":\"USD\","
	    "\"quantity\":\"3\",\"limit_price\":\"101.50\"}";
	const char *owner;

	p->w = w;
	intent_init(&p->intent);
	id_new(p->intent.id);
	journal_account_hash(w->kit.journal, ACCOUNT, p->hash);
	p->intent.state = INTENT_RECORDED;
	p->intent.operation = OPERATION_SUBMIT;
	p->intent.mode = IAG_MODE_PAPER;
	p->intent.incarnation = journal_incarnation(w->kit.journal);
	p->intent.simulated = true;
	p->intent.recorded_ns = clock_real_ns();
	assert_int_equal(desk_owner(w->desk, &owner, NULL), 0);
	p->intent.owner = strdup(owner);
	p->intent.account = strdup(ACCOUNT);
	p->intent.key = strdup(key);
	p->intent.leg = strdup("");
	p->intent.writer = strdup(w->writer);
	p->intent.connection = strdup("fake");
	p->intent.client_ref = strdup(key);
	memset(p->intent.request_digest, 'a', HASH_HEX_SIZE - 1);
	assert_int_equal(order_read((struct iag_bytes){ order, strlen(order) },
			     &p->intent.order, NULL),
	    0);
	p->intent.has_order = true;
}

/* knows: false: the writer has it, and the journal does not know how. */
static void
place(struct world *w, const char *key, bool knows)
{
	struct placing p = { .how = { .state = INTENT_DONE } };
	CLEANUP_WRITER_RESULT struct writer_result got;
	struct instance *writer = NULL;
	struct call *call = call_new(clock_boot_ns() + 20 * NS_PER_S);
	struct iag_order wire;

	placing_init(&p, w, key);
	assert_int_equal(
	    journal_update(w->kit.journal, NULL, record_step, &p, NULL), 0);
	assert_int_equal(
	    desk_writer(w->desk, IAG_MODE_PAPER, WRITER, &writer, NULL), 0);
	order_wire(&p.intent.order, key, NULL, &wire);
	writer_result_init(&got);
	assert_int_equal(
	    writer_submit(writer, call, NULL, &wire, &got, NULL), 0);
	call_unref(call);
	p.how.state = knows ? INTENT_DONE : INTENT_UNKNOWN;
	p.how.ack = knows ? &got.acks[0] : NULL;
	p.how.changes = got.changes;
	p.how.change_count = got.change_count;
	assert_int_equal(
	    journal_update(w->kit.journal, NULL, settle_step, &p, NULL), 0);
	intent_fini(&p.intent);
}

/* ---- one call of a tool */

static void
ask(struct world *w, const char *tool, const char *arguments)
{
	CLEANUP_JSON struct json_object *args = json_tokener_parse(arguments);
	const struct tool_house house = {
		.config = w->kit.config,
		.host = w->kit.host,
		.backend = w->backend,
		.journal = w->kit.journal,
		.desk = w->desk,
	};
	const struct principal principal = {
		.name = "agent:test",
		.kind = PRINCIPAL_AGENT,
		.scopes = scope_all(),
	};
	struct call *call = call_new(clock_boot_ns() + 20 * NS_PER_S);
	const struct tool_request request = {
		.name = tool,
		.arguments = args,
		.principal = &principal,
		.call = call,
	};

	tool_result_fini(&w->result);
	(void)json_object_put(w->json);
	w->json = NULL;
	(void)tool_dispatch(&house, &request, &w->result);
	call_unref(call);
	assert_int_equal(
	    json_parse(buf_text(&w->result.json), w->result.json.len,
		&json_bounds_default, &w->json, NULL),
	    0);
}

static size_t
count(struct world *w, const char *list)
{
	return json_object_array_length(json_get(w->json, list));
}

/* The only row with that id; NULL: none. */
static struct json_object *
row(struct world *w, const char *list, const char *id)
{
	struct json_object *found = NULL;

	for (size_t i = 0; i < count(w, list); i++) {
		struct json_object *at =
		    json_object_array_get_idx(json_get(w->json, list), i);

		if (strcmp(json_get_str(at, "broker_order_id", ""), id) != 0)
			continue;
		assert_null(found);
		found = at;
	}
	return found;
}

static void
expect(struct json_object *obj, const char *member, const char *text)
{
	assert_non_null(obj);
	assert_string_equal(json_get_str(obj, member, ""), text);
}

#define OF_ACCOUNT "{\"account_id\":\"" ACCOUNT "\"}"
#define OF_ORDER(id) \
	"{\"account_id\":\"" ACCOUNT "\",\"broker_order_id\":\"" id "\"}"

static void
without_orders_the_backends_answer_is_all(void **state)
{
	struct world *w = *state;

	ask(w, "ibkr_orders_list", OF_ACCOUNT);
	assert_int_equal(count(w, "orders"), 3);
	assert_true(json_get_bool(w->json, "complete", false));
	ask(w, "ibkr_order_status", OF_ORDER("123"));
	expect(w->json, "status", "open");
	ask(w, "ibkr_order_status", OF_ORDER("nowhere"));
	assert_int_equal(w->result.err.code, ERR_BROKER_CAPABILITY_UNAVAILABLE);
}

static void
a_placed_order_is_in_the_list_and_has_a_status(void **state)
{
	struct world *w = *state;

	place(w, "k1", true);
	ask(w, "ibkr_orders_list", OF_ACCOUNT);
	assert_int_equal(count(w, "orders"), 4);
	assert_true(json_get_bool(w->json, "complete", false));
	expect(row(w, "orders", WRITER "-k1"), "status", "open");
	expect(row(w, "orders", WRITER "-k1"), "limit_price", "101.50");
	expect(row(w, "orders", WRITER "-k1"), "client_order_id", "k1");
	ask(w, "ibkr_order_status", OF_ORDER("k1"));
	expect(w->json, "broker_order_id", WRITER "-k1");
	expect(w->json, "status", "open");
	ask(w, "ibkr_order_status", OF_ORDER(WRITER "-k1"));
	expect(w->json, "status", "open");
	ask(w, "ibkr_order_status", OF_ORDER("123"));
	expect(w->json, "status", "open");
}

static void
a_reference_that_the_backend_has_too_is_another_order(void **state)
{
	struct world *w = *state;

	place(w, "demo-1", true);
	ask(w, "ibkr_orders_list", OF_ACCOUNT);
	assert_int_equal(count(w, "orders"), 4);
	assert_non_null(row(w, "orders", "123"));
	assert_non_null(row(w, "orders", WRITER "-demo-1"));
	ask(w, "ibkr_order_status", OF_ORDER("demo-1"));
	expect(w->json, "broker_order_id", WRITER "-demo-1");
}

static void
the_list_is_chosen_by_state(void **state)
{
	struct world *w = *state;

	place(w, "k1", true);
	ask(w, "ibkr_orders_list",
	    "{\"account_id\":\"" ACCOUNT "\",\"status\":\"open\"}");
	assert_int_equal(count(w, "orders"), 2);
	ask(w, "ibkr_orders_list",
	    "{\"account_id\":\"" ACCOUNT "\",\"status\":\"filled\"}");
	assert_int_equal(count(w, "orders"), 1);
	assert_non_null(row(w, "orders", "125"));
}

static void
a_fill_is_in_history_and_executions(void **state)
{
	struct world *w = *state;
	struct json_object *fill;

	script(w, "fill");
	place(w, "k1", true);
	ask(w, "ibkr_orders_list", OF_ACCOUNT);
	expect(row(w, "orders", WRITER "-k1"), "status", "filled");
	ask(w, "ibkr_orders_history", OF_ACCOUNT);
	assert_int_equal(count(w, "orders"), 3);
	expect(json_object_array_get_idx(json_get(w->json, "orders"), 0),
	    "broker_order_id", WRITER "-k1");
	expect(row(w, "orders", WRITER "-k1"), "average_fill_price", "101.50");
	ask(w, "ibkr_orders_history",
	    "{\"account_id\":\"" ACCOUNT "\",\"limit\":1}");
	assert_int_equal(count(w, "orders"), 1);
	assert_true(json_get_bool(w->json, "truncated", false));
	assert_false(json_get_bool(w->json, "complete", true));
	ask(w, "ibkr_orders_history",
	    "{\"account_id\":\"" ACCOUNT "\",\"to\":\"2026-06-01T00:00:00Z\"}");
	assert_null(row(w, "orders", WRITER "-k1"));
	ask(w, "ibkr_executions_list", OF_ACCOUNT);
	assert_int_equal(count(w, "executions"), 3);
	fill = row(w, "executions", WRITER "-k1");
	expect(fill, "quantity", "3");
	expect(fill, "price", "101.50");
	expect(fill, "side", "buy");
	expect(fill, "asset_class", "stock");
}

static void
inv4_what_landed_unseen_is_shown(void **state)
{
	struct world *w = *state;

	place(w, "k1", false);
	ask(w, "ibkr_orders_list", OF_ACCOUNT);
	assert_int_equal(count(w, "orders"), 4);
	expect(row(w, "orders", WRITER "-k1"), "status", "open");
	ask(w, "ibkr_order_status", OF_ORDER("k1"));
	expect(w->json, "broker_order_id", WRITER "-k1");
}

/* The row of an order as the journal has it, changed by hand. */
struct editing {
	struct world *w;
	const char *id;
	uint32_t status;
	char hash[HASH_HEX_SIZE];
};

static int
edit_step(struct journal_txn *txn, void *arg, struct err *err)
{
	struct editing *e = arg;
	CLEANUP_ORDER_ROW struct order_row edited;
	int ret;

	order_row_init(&edited);
	ret = order_row_get(txn, e->hash, e->id, &edited, err);
	if (ret)
		return ret;
	edited.status = e->status;
	edited.updated_ns = txn_now_ns(txn);
	ret = order_row_put(txn, &edited, e->hash, err);
	return ret ? ret : txn_audit(txn, &event, err);
}

static void
a_final_state_of_the_journal_stays(void **state)
{
	struct world *w = *state;
	struct editing e = {
		.w = w,
		.id = WRITER "-k1",
		.status = IAG_STATUS_CANCELLED,
	};

	place(w, "k1", true);
	place(w, "k2", true);
	journal_account_hash(w->kit.journal, ACCOUNT, e.hash);
	assert_int_equal(
	    journal_update(w->kit.journal, NULL, edit_step, &e, NULL), 0);
	ask(w, "ibkr_orders_list", OF_ACCOUNT);
	assert_int_equal(count(w, "orders"), 5);
	expect(row(w, "orders", WRITER "-k1"), "status", "cancelled");
	ask(w, "ibkr_order_status", OF_ORDER("k1"));
	expect(w->json, "status", "cancelled");
	assert_true(kit_verify(&w->kit, AUDIT_VERIFY_STATE).valid);
}

static void
inv11_a_writer_that_cannot_be_asked_leaves_the_list_incomplete(void **state)
{
	struct world *w = *state;

	w->writer = "client-portal"; /* not with this broker */
	place(w, "k1", true);
	ask(w, "ibkr_orders_list", OF_ACCOUNT);
	assert_int_equal(count(w, "orders"), 4);
	assert_false(json_get_bool(w->json, "complete", true));
	expect(row(w, "orders", WRITER "-k1"), "status", "unknown");
	ask(w, "ibkr_order_status", OF_ORDER("k1"));
	expect(w->json, "status", "unknown");
	ask(w, "ibkr_orders_list", "{\"account_id\":\"U7654321\"}");
	assert_true(json_get_bool(w->json, "complete", false));
}

static void
an_order_with_a_new_id_stands_there_once(void **state)
{
	struct world *w = *state;

	script(w, "new-id");
	place(w, "k1", true);
	ask(w, "ibkr_orders_list", OF_ACCOUNT);
	assert_int_equal(count(w, "orders"), 4);
	expect(row(w, "orders", WRITER "-replaced"), "client_order_id", "k1");
	ask(w, "ibkr_order_status", OF_ORDER(WRITER "-k1"));
	expect(w->json, "broker_order_id", WRITER "-replaced");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(without_orders_the_backends_answer_is_all),
		TEST(a_placed_order_is_in_the_list_and_has_a_status),
		TEST(a_reference_that_the_backend_has_too_is_another_order),
		TEST(the_list_is_chosen_by_state),
		TEST(a_fill_is_in_history_and_executions),
		TEST(inv4_what_landed_unseen_is_shown),
		TEST(a_final_state_of_the_journal_stays),
		TEST(
		    inv11_a_writer_that_cannot_be_asked_leaves_the_list_incomplete),
		TEST(an_order_with_a_new_id_stands_there_once),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
