/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Previews over a real journal and real writers; the broker says what the
 * test says.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <json-c/json_tokener.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "journal-kit.h"
#include "orders/preview.h"
#include "orders/whatif.h"

#define PAPER "DU1234567"
#define LIVE "U7654321"

/* The broker's words. */
static struct {
	enum err_code contract_code, mode_code, whatif_code;
	const char *asset_class, *multiplier, *tick;
	uint32_t mode;
	const char *bid, *ask; /* NULL: no quote */
	const char *whatif;    /* NULL: it cannot say */
} broker;

static char *
copy_of(const char *text)
{
	return text ? strdup(text) : NULL;
}

int
market_contract(struct instance *backend, struct call *call, const char *symbol,
    const char *asset_class, const char *currency, const char *exchange,
    struct contract *ret_contract, struct err *err)
{
	(void)backend;
	(void)call;
	(void)asset_class;
	(void)exchange;
	if (broker.contract_code != ERR_NONE)
		return err_set(err, broker.contract_code, "no contract");
	*ret_contract = (struct contract){
		.contract_id = copy_of("265598"),
		.symbol = copy_of(symbol),
		.asset_class = copy_of(broker.asset_class),
		.currency = copy_of(currency),
		.multiplier = copy_of(broker.multiplier),
		.price_increment = copy_of(broker.tick),
	};
	return 0;
}

int
market_account_mode(struct instance *backend, struct call *call,
    const char *account, uint32_t *ret_mode, struct err *err)
{
	(void)backend;
	(void)call;
	(void)account;
	if (broker.mode_code != ERR_NONE)
		return err_set(err, broker.mode_code, "no account");
	*ret_mode = broker.mode;
	return 0;
}

int
market_quote(struct instance *backend, struct call *call,
    const char *contract_id, struct quote *quote, struct err *err)
{
	(void)backend;
	(void)call;
	assert_string_equal(contract_id, "265598");
	if (!broker.bid)
		return err_set(err, ERR_MARKET_DATA_UNAVAILABLE, "none");
	quote->is_known = quote->is_realtime = true;
	quote->has_bid = quote->has_ask = true;
	assert_int_equal(dec_parse(&quote->bid, broker.bid, NULL), 0);
	assert_int_equal(dec_parse(&quote->ask, broker.ask, NULL), 0);
	memcpy(quote->currency, "USD", sizeof("USD"));
	quote->source_ns = quote->receipt_ns = clock_real_ns();
	return 0;
}

bool
backend_has(const struct instance *backend, const char *operation)
{
	(void)backend;
	assert_string_equal(operation, "order_whatif");
	return broker.whatif || broker.whatif_code != ERR_NONE;
}

int
backend_query(struct instance *backend, struct call *call,
    const char *operation, const char *arguments, struct answer *ret_answer,
    struct err *err)
{
	(void)backend;
	(void)call;
	assert_string_equal(operation, "order_whatif");
	assert_non_null(strstr(arguments, "\"contract_id\":\"265598\""));
	assert_non_null(strstr(arguments, "\"side\":\"buy\""));
	if (broker.whatif_code != ERR_NONE)
		return err_set(err, broker.whatif_code, "no answer");
	*ret_answer = (struct answer){
		.json = strdup(broker.whatif),
		.len = strlen(broker.whatif),
	};
	return 0;
}

struct world {
	struct kit kit;
	struct desk *desk;
	struct audit_event event;
	struct order_flags flags;
	struct order_call call;
	struct json_object *got; /* the last result */
	struct err err;          /* of the last call */
};

static int
setup(void **state)
{
	static char accounts[2][sizeof(PAPER)] = { PAPER, LIVE };
	const char *const names[] = { accounts[0], accounts[1] };
	struct world *w = calloc(1, sizeof(*w));
	struct desk_setup setup;
	struct config *config;

	assert_non_null(w);
	memset(&broker, 0, sizeof(broker));
	broker.asset_class = "stock";
	broker.tick = "0.01";
	broker.mode = IAG_MODE_PAPER;
	broker.bid = "199.50";
	broker.ask = "199.60";
	kit_init(&w->kit);
	kit_open(&w->kit, JOURNAL_WRITE);
	config = w->kit.config;
	config->order_preview.enabled = true;
	config->paper_trading.enabled = true;
	assert_int_equal(
	    config_list_set(&config->paper_trading.allowed_accounts, names, 2),
	    0);
	assert_int_equal(
	    config_list_set(&config->live_trading.allowed_accounts, names, 2),
	    0);
	setup = (struct desk_setup){
		.config = config,
		.host = w->kit.host,
		.journal = w->kit.journal,
		.is_command = true,
	};
	assert_int_equal(desk_new(&setup, &w->desk, NULL), 0);
	w->flags = order_flags_none;
	*state = w;
	return 0;
}

static int
teardown(void **state)
{
	struct world *w = *state;

	desk_free(w->desk);
	kit_fini(&w->kit);
	err_fini(&w->err);
	(void)json_object_put(w->got);
	free(w);
	return 0;
}

typedef int operation(struct order_call *call, struct json_object *arguments,
    struct buf *out, struct err *err);

/* Arguments as JSON, with ' for ". */
static struct json_object *
parsed(const char *text)
{
	CLEANUP_FREE char *json = strdup(text);
	struct json_object *obj;

	for (char *at = json; *at; at++)
		*at = *at == '\'' ? '"' : *at;
	obj = json_tokener_parse(json);
	assert_non_null(obj);
	return obj;
}

static int
run(struct world *w, operation *op, const char *text)
{
	CLEANUP_JSON struct json_object *arguments = parsed(text);
	CLEANUP_BUF struct buf out = BUF_INIT;
	/* anything but NULL: the broker here is not asked through it */
	struct instance *backend = w->kit.store;
	int ret;

	w->event = (struct audit_event){
		.principal = "agent:test",
		.principal_kind = "agent",
		.tool_name = "ibkr_order_preview",
		.account = PAPER,
	};
	w->call = (struct order_call){
		.desk = w->desk,
		.backend = backend,
		.call = call_new(clock_boot_ns() + 20 * NS_PER_S),
		.principal = "agent:test",
		.flags = &w->flags,
		.event = &w->event,
		.success = "order_preview_created",
	};
	err_fini(&w->err);
	w->err = (struct err)ERR_INIT;
	(void)json_object_put(w->got);
	w->got = NULL;
	ret = op(&w->call, arguments, &out, &w->err);
	call_unref(w->call.call);
	if (ret == 0)
		assert_int_equal(json_parse(buf_text(&out), out.len,
				     &json_bounds_default, &w->got, NULL),
		    0);
	return ret;
}

#define ORDER(account, rest)                                          \
	"{'account_id':'" account "','symbol':'AAPL','side':'buy',"   \
	"'quantity':'10','order_type':'limit','time_in_force':'day'," \
	"'limit_price':'199.50'" rest "}"
#define GOOD ORDER(PAPER, "")
#define BRACKET(entry, target, stop)                              \
	"{'account_id':'" PAPER "','symbol':'AAPL','side':'buy'," \
	"'quantity':'10','entry_limit_price':'" entry "',"        \
	"'take_profit_limit_price':'" target "',"                 \
	"'stop_loss_stop_price':'" stop "'}"

/* Codes of the refusals of the last call, joined by blanks. */
static void
refused(const struct world *w, enum err_code code, const char *codes)
{
	CLEANUP_JSON struct json_object *list = NULL;
	CLEANUP_BUF struct buf text = BUF_INIT;

	assert_int_equal(w->err.code, code);
	assert_non_null(w->err.refusals);
	assert_false(w->err.unknown);
	assert_false(w->call.recorded);
	assert_int_equal(json_parse(w->err.refusals, strlen(w->err.refusals),
			     &json_bounds_default, &list, NULL),
	    0);
	for (size_t i = 0; i < json_object_array_length(list); i++)
		buf_printf(&text, "%s%s", i ? " " : "",
		    json_get_str(
			json_object_array_get_idx(list, i), "code", ""));
	assert_string_equal(buf_text(&text), codes);
}

static const char *
got(const struct world *w, const char *name)
{
	return json_get_str(w->got, name, "");
}

/* What the store has. */
struct look {
	const char *id;
	struct preview preview;
	unsigned rows;
	uint64_t incarnation;
};

static int
count_visit(
    struct iag_bytes key, struct iag_bytes value, void *arg, struct err *err)
{
	(void)key;
	(void)value;
	(void)err;
	++*(unsigned *)arg;
	return 0;
}

static int
count_step(struct journal_txn *txn, void *arg, struct err *err)
{
	struct look *look = arg;

	return txn_walk(txn, TABLE_PREVIEWS, (struct iag_bytes){ NULL, 0 },
	    false, count_visit, &look->rows, err);
}

static unsigned
stored(struct world *w)
{
	struct look look = { .rows = 0 };

	assert_int_equal(
	    journal_view(w->kit.journal, count_step, &look, NULL), 0);
	return look.rows;
}

static int
read_step(struct journal_txn *txn, void *arg, struct err *err)
{
	struct look *look = arg;

	return preview_get(txn, look->id, &look->preview, err);
}

static void
read_back(struct world *w, const char *id, struct preview *ret_preview)
{
	struct look look = { .id = id };

	preview_init(&look.preview);
	assert_int_equal(
	    journal_view(w->kit.journal, read_step, &look, NULL), 0);
	*ret_preview = look.preview;
}

static void
inv3_a_preview_is_stored_under_the_digest_of_what_would_be_sent(void **state)
{
	struct world *w = *state;
	CLEANUP_PREVIEW struct preview preview;
	struct order_frame frame;
	char digest[HASH_HEX_SIZE];

	assert_int_equal(run(w, preview_make, GOOD), 0);
	assert_true(w->call.recorded);
	read_back(w, got(w, "preview_id"), &preview);
	frame = (struct order_frame){
		.preview_id = preview.id,
		.writer = "local-candidate",
		.connection = desk_connection(w->desk),
		.policy_digest = "",
	};
	assert_int_equal(order_digest(&preview.order, &frame, digest, NULL), 0);
	assert_string_equal(preview.digest, digest);
	assert_string_equal(got(w, "digest"), digest);
	assert_string_equal(preview.created_by, "agent:test");
	assert_string_equal(preview.writer, "local-candidate");
	assert_null(preview.group_id);
	assert_string_equal(preview.order.contract_id, "265598");
	assert_int_equal(preview.order.mode, IAG_MODE_PAPER);
	assert_int_equal(preview.incarnation, 1);
	assert_int_equal(
	    preview.expires_ns - preview.created_ns, 300 * NS_PER_S);
	assert_true(preview_is_fresh(&preview, preview.expires_ns - 1, 1));
	assert_false(preview_is_fresh(&preview, preview.expires_ns, 1));
	assert_false(preview_is_fresh(&preview, preview.created_ns, 2));
	assert_true(kit_verify(&w->kit, AUDIT_VERIFY_STATE).valid);
}

static void
two_previews_of_one_order_have_two_digests(void **state)
{
	struct world *w = *state;
	char first[HASH_HEX_SIZE];

	assert_int_equal(run(w, preview_make, GOOD), 0);
	memcpy(first, got(w, "digest"), sizeof(first));
	assert_int_equal(run(w, preview_make, GOOD), 0);
	assert_string_not_equal(first, got(w, "digest"));
	assert_int_equal(stored(w), 2);
}

static void
everything_that_is_wrong_is_told_and_nothing_stored(void **state)
{
	struct world *w = *state;

	assert_int_equal(
	    config_list_set(
		&w->kit.config->paper_trading.allowed_accounts, NULL, 0),
	    0);
	assert_int_not_equal(
	    run(w, preview_make,
		"{'account_id':'" PAPER "','symbol':'AAPL','side':'hold',"
		"'quantity':'-1.5','order_type':'limit','time_in_force':'soon',"
		"'limit_price':'1.005','stop_price':'3','currency':'US'}"),
	    0);
	refused(w, ERR_ORDER_VALIDATION_FAILED,
	    "ORDER_SIDE_INVALID ORDER_TIME_IN_FORCE_INVALID "
	    "ORDER_CURRENCY_INVALID ORDER_QUANTITY_INVALID "
	    "ORDER_FRACTIONAL_REFUSED ORDER_PRICE_INCREMENT_REFUSED "
	    "ORDER_STOP_PRICE_FORBIDDEN PAPER_ACCOUNT_NOT_ALLOWLISTED");
	assert_int_equal(stored(w), 0);
}

static void
a_broker_that_cannot_be_asked_refuses_nothing(void **state)
{
	struct world *w = *state;

	broker.contract_code = ERR_BROKER_BACKEND_UNAVAILABLE;
	assert_int_not_equal(run(w, preview_make, GOOD), 0);
	assert_int_equal(w->err.code, ERR_BROKER_BACKEND_UNAVAILABLE);
	assert_null(w->err.refusals);
	broker.contract_code = ERR_NONE;
	broker.mode_code = ERR_CALL_TIMED_OUT;
	assert_int_not_equal(run(w, preview_make, GOOD), 0);
	assert_int_equal(w->err.code, ERR_CALL_TIMED_OUT);
	assert_int_equal(stored(w), 0);
}

static void
what_the_broker_does_not_know_is_a_refusal_with_its_code(void **state)
{
	struct world *w = *state;

	broker.contract_code = ERR_INPUT_AMBIGUOUS_CONTRACT;
	broker.mode_code = ERR_INPUT_UNAUTHORIZED_ACCOUNT;
	assert_int_not_equal(run(w, preview_make, GOOD), 0);
	refused(w, ERR_INPUT_AMBIGUOUS_CONTRACT,
	    "INPUT_AMBIGUOUS_CONTRACT INPUT_UNAUTHORIZED_ACCOUNT");
}

static void
a_mode_that_the_broker_does_not_tell_is_refused(void **state)
{
	struct world *w = *state;

	broker.mode = 0;
	assert_int_not_equal(run(w, preview_make, GOOD), 0);
	refused(w, ERR_ORDER_POLICY_REFUSED, "ORDER_ACCOUNT_MODE_REFUSED");
	broker.mode = IAG_MODE_LIVE;
	assert_int_not_equal(run(w, preview_make, GOOD), 0);
	refused(w, ERR_ORDER_POLICY_REFUSED, "ORDER_ACCOUNT_MODE_REFUSED");
}

static void
a_live_preview_needs_a_risk_policy_and_a_writer(void **state)
{
	struct world *w = *state;
	struct config *config = w->kit.config;

	broker.mode = IAG_MODE_LIVE;
	config->live_trading.enabled = true;
	config->safety.live_trading_enabled = true;
	assert_int_not_equal(run(w, preview_make, ORDER(LIVE, "")), 0);
	refused(w, ERR_ORDER_POLICY_REFUSED, "LIVE_POLICY_UNKNOWN");
	assert_int_equal(
	    config_list_set(&config->live_trading.allowed_writers, NULL, 0), 0);
	assert_int_not_equal(run(w, preview_make, ORDER(LIVE, "")), 0);
	refused(w, ERR_ORDER_POLICY_REFUSED,
	    "LIVE_WRITER_REFUSED LIVE_POLICY_UNKNOWN");
}

static void
what_no_writer_takes_is_refused_before_anybody_is_asked(void **state)
{
	struct world *w = *state;

	broker.asset_class = "index";
	broker.multiplier = "1";
	assert_int_not_equal(run(w, preview_make, GOOD), 0);
	refused(w, ERR_ORDER_POLICY_REFUSED, "ORDER_WRITER_REFUSED");
}

static void
previews_are_switched_by_configuration_and_command(void **state)
{
	struct world *w = *state;

	w->flags.preview = false;
	assert_int_not_equal(run(w, preview_make, GOOD), 0);
	refused(w, ERR_ORDER_PREVIEW_DISABLED, "ORDER_PREVIEW_DISABLED");
	w->flags.preview = true;
	w->kit.config->order_preview.enabled = false;
	assert_int_not_equal(
	    run(w, preview_make_bracket, BRACKET("199.50", "210", "190")), 0);
	refused(w, ERR_ORDER_PREVIEW_DISABLED, "ORDER_PREVIEW_DISABLED");
}

static void
the_cost_is_exact_and_left_out_where_it_cannot_be_told(void **state)
{
	struct world *w = *state;

	broker.asset_class = "future";
	broker.multiplier = "50";
	assert_int_equal(run(w, preview_make, GOOD), 0);
	assert_string_equal(
	    json_get_str(json_get(w->got, "estimated_cost"), "amount", ""),
	    "99750.00");
	broker.multiplier = NULL;
	assert_int_equal(run(w, preview_make, GOOD), 0);
	assert_null(json_get(w->got, "estimated_cost"));
	assert_non_null(json_get(w->got, "warnings"));
}

static void
a_bracket_is_one_group_of_three(void **state)
{
	struct world *w = *state;
	CLEANUP_PREVIEW struct preview stop;

	assert_int_equal(
	    run(w, preview_make_bracket, BRACKET("199.50", "210", "190")), 0);
	assert_int_equal(stored(w), 3);
	read_back(w,
	    json_get_str(json_get(w->got, "stop_loss"), "preview_id", ""),
	    &stop);
	assert_string_equal(stop.group_id, got(w, "group_id"));
	assert_string_equal(stop.group_role, "stop_loss");
	assert_int_equal(stop.order.side, IAG_SIDE_SELL);
	assert_int_equal(stop.order.type, IAG_TYPE_STOP);
	assert_null(stop.order.limit_price);
	assert_int_not_equal(
	    run(w, preview_make_bracket, BRACKET("199.50", "150", "160")), 0);
	refused(w, ERR_ORDER_VALIDATION_FAILED, "ORDER_BRACKET_PRICES_REFUSED");
	assert_int_equal(stored(w), 3);
}

static void
the_broker_is_asked_what_it_would_come_to(void **state)
{
	struct world *w = *state;
	struct json_object *question;

	broker.whatif =
	    "{\"commission\":{\"amount\":\"1.00\",\"currency\":\"USD\"},"
	    "\"margin_impact\":{\"amount\":\"-12.5\",\"currency\":\"USD\"},"
	    "\"questions\":[{\"message_id\":\"o163\",\"text\":\"Sure?\"}],"
	    "\"warnings\":[\"thin market\"]}";
	assert_int_equal(run(w, preview_make, GOOD), 0);
	assert_string_equal(
	    json_get_str(
		json_get(w->got, "estimated_commission"), "amount", ""),
	    "1.00");
	assert_string_equal(
	    json_get_str(json_get(w->got, "margin_impact"), "amount", ""),
	    "-12.5");
	question = json_object_array_get_idx(json_get(w->got, "questions"), 0);
	assert_string_equal(json_get_str(question, "message_id", ""), "o163");
	assert_false(json_get_bool(question, "allowed", true));
	assert_int_equal(
	    json_object_array_length(json_get(w->got, "warnings")), 2);
}

static void
an_order_that_the_broker_would_refuse_is_no_preview(void **state)
{
	struct world *w = *state;

	broker.whatif = "{\"refusal\":\"no such permission\"}";
	assert_int_not_equal(run(w, preview_make, GOOD), 0);
	refused(w, ERR_ORDER_POLICY_REFUSED, "ORDER_BROKER_REFUSED");
	assert_int_equal(stored(w), 0);
}

static void
an_estimate_that_does_not_come_is_a_warning(void **state)
{
	static const char *const bad[] = { "[]", "{\"commission\":\"1\"}",
		"{\"commission\":{\"amount\":1,\"currency\":\"USD\"}}",
		"{\"questions\":{}}", "{\"questions\":[{\"text\":\"x\"}]}",
		"{\"warnings\":[1]}", "{\"refusal\":true}", "{" };
	struct world *w = *state;

	for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
		broker.whatif = bad[i];
		assert_int_equal(run(w, preview_make, GOOD), 0);
		assert_null(json_get(w->got, "estimated_commission"));
		assert_non_null(json_get(w->got, "warnings"));
	}
	broker.whatif_code = ERR_CALL_TIMED_OUT;
	assert_int_equal(run(w, preview_make, GOOD), 0);
	assert_non_null(json_get(w->got, "warnings"));
}

static void
an_explanation_stores_nothing_and_names_every_rule(void **state)
{
	struct world *w = *state;
	struct json_object *rules;
	size_t failed = 0;

	assert_int_equal(run(w, preview_explain,
			     "{'account_id':'" PAPER "','symbol':'AAPL',"
			     "'side':'buy','quantity':'1.5'}"),
	    0);
	assert_string_equal(got(w, "verdict"), "fail");
	assert_string_equal(got(w, "code"), "ORDER_VALIDATION_FAILED");
	rules = json_get(w->got, "rules");
	for (size_t i = 0; i < json_object_array_length(rules); i++) {
		struct json_object *rule = json_object_array_get_idx(rules, i);
		bool fails =
		    strcmp(json_get_str(rule, "verdict", ""), "fail") == 0;

		assert_int_equal(fails, json_get(rule, "fix") != NULL);
		assert_int_equal(fails, json_get(rule, "code") != NULL);
		failed += fails;
	}
	assert_int_equal(failed, 2);
	assert_int_equal(stored(w), 0);
	assert_false(w->call.recorded);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(
		    inv3_a_preview_is_stored_under_the_digest_of_what_would_be_sent),
		TEST(two_previews_of_one_order_have_two_digests),
		TEST(everything_that_is_wrong_is_told_and_nothing_stored),
		TEST(a_broker_that_cannot_be_asked_refuses_nothing),
		TEST(what_the_broker_does_not_know_is_a_refusal_with_its_code),
		TEST(a_mode_that_the_broker_does_not_tell_is_refused),
		TEST(a_live_preview_needs_a_risk_policy_and_a_writer),
		TEST(what_no_writer_takes_is_refused_before_anybody_is_asked),
		TEST(previews_are_switched_by_configuration_and_command),
		TEST(the_cost_is_exact_and_left_out_where_it_cannot_be_told),
		TEST(a_bracket_is_one_group_of_three),
		TEST(the_broker_is_asked_what_it_would_come_to),
		TEST(an_order_that_the_broker_would_refuse_is_no_preview),
		TEST(an_estimate_that_does_not_come_is_a_warning),
		TEST(an_explanation_stores_nothing_and_names_every_rule),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
