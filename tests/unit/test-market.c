/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* What the order desk asks the backend, over the fake one. */

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
#include "ibkr-agent/plugin.h"
#include "ibkr-agent/writer.h"
#include "orders/market.h"

struct world {
	struct host *host;
	struct instance *backend;
	struct call *call;
};

static int
setup(void **state)
{
	char *items[] = { getenv("IAG_TEST_PLUGINDIR"), NULL };
	struct config_list dirs = { items, items[0] ? 1 : 0 };
	struct world *w = calloc(1, sizeof(*w));
	struct plugin *plugin;

	assert_non_null(w);
	w->host = host_new(&dirs, NULL);
	assert_non_null(w->host);
	assert_int_equal(
	    host_load(w->host, IAG_KIND_BACKEND, "fake", &plugin, NULL), 0);
	assert_int_equal(instance_open(w->host, plugin, "backend", NULL, 0,
			     &w->backend, NULL),
	    0);
	w->call = call_new(clock_boot_ns() + 20 * NS_PER_S);
	*state = w;
	return 0;
}

static int
teardown(void **state)
{
	struct world *w = *state;

	call_unref(w->call);
	instance_close(w->backend);
	assert_true(host_free(w->host));
	free(w);
	return 0;
}

static void
the_mode_is_the_brokers_word(void **state)
{
	struct world *w = *state;
	uint32_t mode = 0;

	assert_int_equal(
	    market_account_mode(w->backend, w->call, "DU1234567", &mode, NULL),
	    0);
	assert_int_equal(mode, IAG_MODE_PAPER);
	assert_int_equal(
	    market_account_mode(w->backend, w->call, "U7654321", &mode, NULL),
	    0);
	assert_int_equal(mode, IAG_MODE_LIVE);
	assert_int_not_equal(
	    market_account_mode(w->backend, w->call, "DU0000000", &mode, NULL),
	    0);
}

static void
without_a_backend_there_is_no_word(void **state)
{
	struct world *w = *state;
	CLEANUP_ERR struct err err = ERR_INIT;
	uint32_t mode = 0;

	assert_int_not_equal(
	    market_account_mode(NULL, w->call, "DU1234567", &mode, &err), 0);
	assert_int_equal(err.code, ERR_BROKER_BACKEND_UNAVAILABLE);
}

static void
a_quote_has_prices_and_two_times(void **state)
{
	struct world *w = *state;
	struct quote quote;
	uint64_t now;

	quote_init(&quote);
	assert_int_equal(
	    market_quote(w->backend, w->call, "265598", &quote, NULL), 0);
	now = clock_real_ns();
	assert_true(quote.is_known && quote.is_realtime && !quote.is_halted);
	assert_true(quote.has_bid && quote.has_ask);
	assert_true(dec_cmp(&quote.bid, &quote.ask) <= 0);
	assert_string_equal(quote.currency, "USD");
	assert_true(quote_age_ns(&quote, now) < 20 * NS_PER_S);
	quote_fini(&quote);
}

struct contract_case {
	const char *symbol, *asset_class, *currency, *exchange;
	enum err_code code;
};

static void
a_contract_is_the_one_that_was_asked_for(void **state)
{
	static const struct contract_case cases[] = {
		{ "AAPL", NULL, NULL, NULL, ERR_NONE },
		{ "AAPL", "stock", "USD", "SMART", ERR_NONE },
		{ "AAPL", "stock", "USD", "NASDAQ", ERR_NONE },
		{ "VOD", "stock", "GBP", NULL, ERR_NONE },
		{ "AAPL", NULL, "EUR", NULL, ERR_INPUT_AMBIGUOUS_CONTRACT },
		{ "AMBIG", NULL, NULL, NULL, ERR_INPUT_AMBIGUOUS_CONTRACT },
		{ "NOSUCH", NULL, NULL, NULL, ERR_INPUT_AMBIGUOUS_CONTRACT },
	};
	struct world *w = *state;

	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		const struct contract_case *c = &cases[i];
		struct contract contract = { .contract_id = NULL };
		CLEANUP_ERR struct err err = ERR_INIT;

		(void)market_contract(w->backend, w->call, c->symbol,
		    c->asset_class, c->currency, c->exchange, &contract, &err);
		assert_int_equal(err.code, c->code);
		if (c->code == ERR_NONE)
			assert_string_equal(contract.symbol, c->symbol);
		contract_fini(&contract);
	}
}

static void
multiplier_and_steps_come_with_the_contract(void **state)
{
	struct world *w = *state;
	struct contract contract = { .contract_id = NULL };

	assert_int_equal(market_contract(w->backend, w->call, "VOD", NULL, NULL,
			     NULL, &contract, NULL),
	    0);
	assert_string_equal(contract.price_magnifier, "100");
	assert_string_equal(contract.price_increment, "0.02");
	contract_fini(&contract);
}

struct quote_case {
	const char *json;
	uint32_t flags;
	int ret;
	bool is_realtime, has_time;
};

static void
doubts_about_a_quote_are_kept(void **state)
{
	static const struct quote_case cases[] = {
		{ "{\"data_status\":\"live\",\"bid\":\"1\"}", 0, 0, true,
		    true },
		{ "{\"data_status\":\"live\",\"bid\":\"1\"}", IAG_REPLY_DELAYED,
		    0, false, true },
		{ "{\"data_status\":\"live\",\"bid\":\"1\"}", IAG_REPLY_COLD, 0,
		    false, true },
		{ "{\"data_status\":\"delayed\",\"bid\":\"1\"}", 0, 0, false,
		    true },
		{ "{\"bid\":\"1\"}", 0, 0, false, true },
		{ "{\"data_status\":\"live\",\"source_timestamp\":"
		  "\"2030-01-01T00:00:00Z\"}",
		    0, 0, true, false },
		{ "{\"data_status\":\"live\",\"source_timestamp\":\"soon\"}", 0,
		    0, true, false },
		{ "{\"data_status\":\"live\",\"bid\":\"1,5\"}", 0, IAG_INTERNAL,
		    false, false },
		{ "{\"data_status\":\"live\",\"bid\":1.5}", 0, IAG_INTERNAL,
		    false, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		const struct quote_case *c = &cases[i];
		const struct answer answer = {
			.flags = c->flags, .source_ns = 1000, .receipt_ns = 2000
		};
		struct json_object *obj = json_tokener_parse(c->json);
		struct quote quote;

		quote_init(&quote);
		assert_int_equal(
		    quote_read(obj, &answer, 5000, &quote, NULL), c->ret);
		if (c->ret == 0) {
			assert_int_equal(quote.is_realtime, c->is_realtime);
			assert_int_equal(quote.source_ns != 0, c->has_time);
		}
		quote_fini(&quote);
		(void)json_object_put(obj);
	}
}

#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(the_mode_is_the_brokers_word),
		T(without_a_backend_there_is_no_word),
		T(a_quote_has_prices_and_two_times),
		T(a_contract_is_the_one_that_was_asked_for),
		T(multiplier_and_steps_come_with_the_contract),
		cmocka_unit_test(doubts_about_a_quote_are_kept),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
