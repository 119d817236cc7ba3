/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Limits at their edges.  With --judge: one case of JSON a line on stdin, the
 * refused rules and codes of each on stdout, for an oracle to compare
 * (limits-oracle.py).
 */

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <json-c/linkhash.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "orders/limits.h"

/* 2026-11-23T12:00:00Z */
#define NOON (UINT64_C(1795435200) * NS_PER_S)

/* Everything that is judged; texts live in the tree. */
struct world {
	struct json_object *tree;
	struct risk_policy policy;
	struct order order;
	struct quote quote;
	bool has_quote;
	struct activity_count count;
	struct dec before, held;
	bool has_held;
	struct limits_input input;
};

static char *
text_of(struct json_object *obj, const char *name)
{
	return (char *)json_get_str(obj, name, NULL);
}

static uint32_t
number_of(struct json_object *obj, const char *name)
{
	return (uint32_t)json_get_int(obj, name, 0);
}

static void
list_of(struct json_object *obj, const char *name, struct config_list *ret_list)
{
	struct json_object *array = json_get(obj, name);
	const char *items[16];
	size_t count = array ? json_object_array_length(array) : 0;

	assert_true(count <= ARRAY_COUNT(items));
	for (size_t i = 0; i < count; i++)
		items[i] =
		    json_object_get_string(json_object_array_get_idx(array, i));
	assert_int_equal(config_list_set(ret_list, items, count), 0);
}

static bool
price_of(struct json_object *obj, const char *name, struct dec *ret_price)
{
	const char *text = text_of(obj, name);

	if (text)
		assert_int_equal(dec_parse(ret_price, text, NULL), 0);
	return text != NULL;
}

static void
policy_of(struct json_object *obj, struct risk_policy *policy)
{
	policy->id = (char *)"p";
	policy->enabled = json_get_bool(obj, "enabled", true);
	policy->max_notional_amount = text_of(obj, "max_notional");
	policy->max_notional_currency = text_of(obj, "max_notional_currency");
	policy->max_quantity = text_of(obj, "max_quantity");
	list_of(obj, "symbols", &policy->allowed_symbols);
	list_of(obj, "classes", &policy->allowed_asset_classes);
	policy->window_max_orders = number_of(obj, "window_orders");
	policy->window_seconds = number_of(obj, "window_seconds");
	policy->session_max_orders = number_of(obj, "session_orders");
	policy->session_max_notional_amount = text_of(obj, "session_notional");
	policy->session_max_notional_currency =
	    text_of(obj, "session_currency");
	policy->max_price_deviation_bps = number_of(obj, "bps");
	policy->max_quote_age_seconds = number_of(obj, "age");
}

static void
order_of(struct json_object *obj, struct order *order)
{
	order->mode = order_mode_find(json_get_str(obj, "mode", "live"));
	order->side = order_side_find(text_of(obj, "side"));
	order->type = order_type_find(text_of(obj, "type"));
	order->symbol = text_of(obj, "symbol");
	order->asset_class = text_of(obj, "class");
	order->currency = text_of(obj, "currency");
	order->quantity = text_of(obj, "quantity");
	order->limit_price = text_of(obj, "limit");
	order->stop_price = text_of(obj, "stop");
	order->trailing_amount = text_of(obj, "amount");
	order->trailing_percent = text_of(obj, "percent");
	order->multiplier = text_of(obj, "multiplier");
	order->price_magnifier = text_of(obj, "magnifier");
	assert_true(order->mode && order->side && order->type);
}

/* Times in nanoseconds before now. */
static void
quote_of(struct json_object *obj, struct quote *quote)
{
	int64_t source = json_get_int(obj, "source_age_ns", INT64_MIN);

	quote->is_known = json_get_bool(obj, "known", true);
	quote->is_realtime = json_get_bool(obj, "realtime", true);
	quote->is_halted = json_get_bool(obj, "halted", false);
	quote->last_is_close = json_get_bool(obj, "last_is_close", false);
	quote->has_bid = price_of(obj, "bid", &quote->bid);
	quote->has_ask = price_of(obj, "ask", &quote->ask);
	quote->has_last = price_of(obj, "last", &quote->last);
	(void)snprintf(quote->currency, sizeof(quote->currency), "%s",
	    json_get_str(obj, "currency", ""));
	if (source != INT64_MIN)
		quote->source_ns = NOON - (uint64_t)source;
	quote->receipt_ns =
	    NOON - (uint64_t)json_get_int(obj, "receipt_age_ns", 0);
}

static void
world_init(struct world *world, const char *text)
{
	struct json_object *quote;

	memset(world, 0, sizeof(*world));
	assert_int_equal(json_parse(text, strlen(text), &json_bounds_default,
			     &world->tree, NULL),
	    0);
	quote_init(&world->quote);
	activity_count_init(&world->count);
	dec_init(&world->before);
	dec_init(&world->held);
	policy_of(json_get(world->tree, "policy"), &world->policy);
	order_of(json_get(world->tree, "order"), &world->order);
	quote = json_get(world->tree, "quote");
	if (quote)
		quote_of(quote, &world->quote);
	world->count.in_window = number_of(world->tree, "in_window");
	world->count.in_session = number_of(world->tree, "in_session");
	(void)price_of(world->tree, "used", &world->count.notional);
	(void)price_of(world->tree, "before", &world->before);
	world->has_held = price_of(world->tree, "held", &world->held);
	world->input = (struct limits_input){
		.policy = &world->policy,
		.order = &world->order,
		.quote = quote ? &world->quote : NULL,
		.count = &world->count,
		.now_ns = NOON,
		.legs_before = number_of(world->tree, "legs_before"),
		.notional_before = &world->before,
		.is_modify = json_get_bool(world->tree, "modify", false),
		.notional_held = world->has_held ? &world->held : NULL,
		.leg = json_get_str(world->tree, "leg", NULL),
	};
}

static void
list_fini(struct config_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->items[i]);
	free(list->items);
}

static void
world_fini(struct world *world)
{
	list_fini(&world->policy.allowed_symbols);
	list_fini(&world->policy.allowed_asset_classes);
	quote_fini(&world->quote);
	activity_count_fini(&world->count);
	dec_fini(&world->before);
	dec_fini(&world->held);
	(void)json_object_put(world->tree);
}

/* "rule=CODE " for each refusal. */
static void
judge(const char *text, struct buf *out)
{
	CLEANUP_VERDICTS struct verdicts verdicts = VERDICTS_INIT;
	struct world world;

	world_init(&world, text);
	limits_judge(&world.input, &verdicts);
	assert_false(verdicts.failed);
	for (size_t i = 0; i < verdicts.count; i++) {
		if (!verdicts.items[i].passed)
			buf_printf(out, "%s=%s ", verdicts.items[i].rule,
			    verdicts.items[i].code);
	}
	world_fini(&world);
}

/* Members in single quotes, a comma before each, put over those of base. */
static struct json_object *
merged(const char *base, const char *members)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	struct json_object *obj, *over;

	buf_printf(&text, "[{%s},{%s}]", base, *members ? members + 1 : "");
	for (size_t i = 0; i < text.len; i++)
		text.data[i] = text.data[i] == '\'' ? '"' : text.data[i];
	assert_int_equal(
	    json_parse(text.data, text.len, &json_bounds_default, &obj, NULL),
	    0);
	over = json_object_array_get_idx(obj, 1);
	json_object_object_foreach (over, key, value)
		(void)json_add(json_object_array_get_idx(obj, 0), key,
		    json_object_get(value));
	over = json_object_get(json_object_array_get_idx(obj, 0));
	(void)json_object_put(obj);
	return over;
}

/* What one case is refused for. */
static void
refuses(const char *policy, const char *order, const char *quote,
    const char *rest, const char *want)
{
	CLEANUP_JSON struct json_object *whole = merged("", rest);
	CLEANUP_JSON struct json_object *more = merged("", quote);
	CLEANUP_BUF struct buf got = BUF_INIT;
	const char *text;

	(void)json_add(whole, "policy",
	    merged("'symbols':['AAPL'],'classes':['stock']", policy));
	(void)json_add(whole, "order",
	    merged("'side':'buy','symbol':'AAPL','class':'stock',"
		   "'currency':'USD'",
		order));
	if (json_get(more, "quote"))
		(void)json_add(
		    whole, "quote", json_object_get(json_get(more, "quote")));
	text = json_object_to_json_string(whole);
	judge(text, &got);
	if (strcmp(buf_text(&got), want) != 0)
		fail_msg(
		    "%s\ngot '%s', expected '%s'", text, buf_text(&got), want);
}

#define LIMIT ",'type':'limit','quantity':'10','limit':'100'"
#define QUOTE                                                             \
	",'quote':{'bid':'99','ask':'101','last':'100','currency':'USD'," \
	"'source_age_ns':0}"

static void
test_what_a_policy_does_not_say_is_not_limited(void **state)
{
	(void)state;
	refuses("", LIMIT, "", "", "");
	refuses(",'enabled':false", LIMIT, "", "",
	    "enabled=LIVE_LIMIT_POLICY_DISABLED ");
	refuses("", LIMIT ",'symbol':'aapl'", "", "",
	    "allowed_symbols=LIVE_SYMBOL_REFUSED ");
	refuses(",'symbols':[],'classes':[]", LIMIT, "", "",
	    "allowed_symbols=LIVE_SYMBOL_REFUSED "
	    "allowed_asset_classes=LIVE_ASSET_CLASS_REFUSED ");
}

static void
test_inv12_notional_is_limited_to_the_last_digit(void **state)
{
	const char *cap = ",'max_notional':'1000.00',"
			  "'max_notional_currency':'USD'";
	const char *over = "max_notional=LIVE_NOTIONAL_LIMIT_REFUSED ";

	(void)state;
	refuses(cap, LIMIT, "", "", "");
	refuses(cap,
	    ",'type':'limit','quantity':'10',"
	    "'limit':'100.000000000000000001'",
	    "", "", over);
	refuses(cap, ",'type':'limit','quantity':'0.1','limit':'10000'", "", "",
	    "");
	/* a third of a unit is no reason to round */
	refuses(cap, LIMIT ",'magnifier':'3','multiplier':'3'", "", "", "");
	refuses(
	    cap, LIMIT ",'magnifier':'3','multiplier':'3.01'", "", "", over);
	refuses(cap, LIMIT ",'currency':'EUR'", "", "",
	    "max_notional=LIVE_NOTIONAL_CURRENCY_REFUSED ");
	refuses(",'classes':['future']", LIMIT ",'class':'future'", "", "",
	    "multiplier=LIVE_NOTIONAL_LIMIT_REFUSED ");
}

static void
test_an_order_without_a_limit_is_held_at_the_worse_price(void **state)
{
	const char *cap = ",'max_notional':'1010',"
			  "'max_notional_currency':'USD'";
	const char *over = "max_notional=LIVE_NOTIONAL_LIMIT_REFUSED ";

	(void)state;
	/* bought at the trigger, sold at no more than the bid */
	refuses(cap, ",'type':'stop','quantity':'10','stop':'101.01'", QUOTE,
	    "", over);
	refuses(
	    cap, ",'type':'stop','quantity':'9','stop':'102'", QUOTE, "", "");
	refuses(cap,
	    ",'side':'sell','type':'stop','quantity':'10',"
	    "'stop':'50'",
	    QUOTE, "", "");
	refuses(cap, ",'type':'trailing_stop','quantity':'10','percent':'1'",
	    QUOTE, "", over);
	refuses(cap,
	    ",'side':'sell','type':'trailing_stop',"
	    "'quantity':'10','percent':'1'",
	    QUOTE, "", "");
	refuses(cap, ",'type':'trailing_stop','quantity':'1','amount':'1'", "",
	    "", "max_notional=LIVE_MARKET_SNAPSHOT_MISSING ");
}

static void
test_quotes_are_as_old_as_their_older_time(void **state)
{
	const char *age = ",'age':30";
	const char *stale = "max_quote_age_seconds=LIVE_STALE_QUOTE ";

	(void)state;
	refuses(age, LIMIT, "", "",
	    "market_snapshot=LIVE_MARKET_SNAPSHOT_MISSING ");
	refuses(age, LIMIT, ",'quote':{'known':false}", "",
	    "market_snapshot=LIVE_MARKET_SNAPSHOT_MISSING ");
	refuses(age, LIMIT, ",'quote':{'source_age_ns':30000000000}", "", "");
	refuses(
	    age, LIMIT, ",'quote':{'source_age_ns':30000000001}", "", stale);
	refuses(age, LIMIT,
	    ",'quote':{'source_age_ns':1,'receipt_age_ns':30000000001}", "",
	    stale);
	refuses(age, LIMIT, ",'quote':{}", "", stale);
	/* up to 2 s ahead is a clock's business, more is no time */
	refuses(age, LIMIT, ",'quote':{'source_age_ns':-2000000000}", "", "");
	refuses(
	    age, LIMIT, ",'quote':{'source_age_ns':-2000000001}", "", stale);
}

static void
test_inv12_collar_is_exact_in_basis_points(void **state)
{
	const char *bps = ",'bps':500";
	const char *far = "max_price_deviation_bps=LIVE_PRICE_COLLAR_REFUSED ";
	const char *none =
	    "max_price_deviation_bps=LIVE_MARKET_SNAPSHOT_MISSING ";

	(void)state;
	refuses(
	    bps, ",'type':'limit','quantity':'1','limit':'105'", QUOTE, "", "");
	refuses(bps,
	    ",'type':'limit','quantity':'1',"
	    "'limit':'105.000000000000000001'",
	    QUOTE, "", far);
	refuses(bps, ",'type':'limit','quantity':'1','limit':'94.99'", QUOTE,
	    "", far);
	refuses(bps,
	    ",'type':'stop_limit','quantity':'1','limit':'100',"
	    "'stop':'106'",
	    QUOTE, "", far);
	refuses(bps, ",'type':'trailing_stop','quantity':'1','percent':'5'",
	    QUOTE, "", "");
	refuses(bps,
	    ",'type':'trailing_stop','quantity':'1',"
	    "'percent':'5.001'",
	    QUOTE, "", far);
	/* the reference */
	refuses(bps, LIMIT, ",'quote':{'last':'100','currency':'USD'}", "", "");
	refuses(bps, LIMIT,
	    ",'quote':{'last':'100','last_is_close':true,'currency':'USD'}", "",
	    none);
	refuses(bps, LIMIT,
	    ",'quote':{'bid':'99','ask':'101','currency':'EUR'}", "", none);
	refuses(bps, LIMIT,
	    ",'quote':{'bid':'99','ask':'101','currency':'USD',"
	    "'halted':true}",
	    "", none);
	refuses(bps, LIMIT,
	    ",'quote':{'bid':'99','ask':'101','currency':'USD',"
	    "'realtime':false}",
	    "", none);
	refuses(bps, LIMIT, ",'quote':{'bid':'0','ask':'101','currency':'USD'}",
	    "", none);
}

static void
test_a_stop_that_the_market_has_reached_is_a_market_order(void **state)
{
	const char *market = "stop_price=ORDER_MARKET_TYPE_REFUSED ";

	(void)state;
	refuses(
	    "", ",'type':'stop','quantity':'1','stop':'101.01'", QUOTE, "", "");
	refuses("", ",'type':'stop','quantity':'1','stop':'101'", QUOTE, "",
	    market);
	refuses("", ",'side':'sell','type':'stop','quantity':'1','stop':'99'",
	    QUOTE, "", market);
	refuses("",
	    ",'side':'sell','type':'stop','quantity':'1','stop':'98.99'", QUOTE,
	    "", "");
	/* the last trade tells, too, unless it is yesterday's */
	refuses("", ",'type':'stop','quantity':'1','stop':'102'",
	    ",'quote':{'ask':'101','last':'102','currency':'USD'}", "", market);
	refuses("", ",'type':'stop','quantity':'1','stop':'102'",
	    ",'quote':{'ask':'101','last':'102','last_is_close':true,"
	    "'currency':'USD'}",
	    "", "");
	refuses("", ",'type':'stop','quantity':'1','stop':'102'", "", "",
	    "stop_price=LIVE_MARKET_SNAPSHOT_MISSING ");
	refuses("",
	    ",'mode':'paper','type':'stop','quantity':'1',"
	    "'stop':'102'",
	    "", "", "");
}

static void
test_counts_are_never_overshot_by_one(void **state)
{
	const char *caps = ",'window_orders':5,'window_seconds':300,"
			   "'session_orders':20";
	const char *window = "frequency_limit=LIVE_FREQUENCY_LIMIT_REFUSED ";
	const char *session = "session_limit.max_orders_per_session="
			      "LIVE_SESSION_ORDER_LIMIT_REFUSED ";

	(void)state;
	refuses(caps, LIMIT, "", ",'in_window':4,'in_session':19", "");
	refuses(caps, LIMIT, "", ",'in_window':5,'in_session':19", window);
	refuses(caps, LIMIT, "", ",'in_window':4,'in_session':20", session);
	refuses(caps, LIMIT, "",
	    ",'in_window':3,'in_session':18,'legs_before':1", "");
	refuses(caps, LIMIT, "",
	    ",'in_window':3,'in_session':3,'legs_before':2", window);
	refuses(caps, LIMIT, "", ",'in_window':9,'in_session':99,'modify':true",
	    "");
}

static void
test_inv12_session_notional_counts_all_legs_and_increases(void **state)
{
	const char *cap = ",'session_notional':'5000',"
			  "'session_currency':'USD'";
	const char *over = "session_limit.max_session_notional="
			   "LIVE_SESSION_NOTIONAL_LIMIT_REFUSED ";

	(void)state;
	refuses(cap, LIMIT, "", ",'used':'4000'", "");
	refuses(cap, LIMIT, "", ",'used':'4000.01'", over);
	refuses(cap, LIMIT, "", ",'used':'3000','before':'1000.5'", over);
	refuses(
	    cap, LIMIT, "", ",'used':'4500','modify':true,'held':'500'", "");
	refuses(cap, LIMIT, "", ",'used':'4500','modify':true,'held':'499.99'",
	    over);
	refuses(
	    cap, LIMIT, "", ",'used':'5000','modify':true,'held':'2000'", "");
	refuses(cap, LIMIT, "", ",'used':'4500','modify':true", over);
	refuses(cap, LIMIT ",'currency':'EUR'", "", "",
	    "session_limit.max_session_notional="
	    "LIVE_NOTIONAL_CURRENCY_REFUSED ");
	/* held by count and the rest, not by the session's amount */
	refuses(cap, ",'type':'trailing_stop','quantity':'1','amount':'1'", "",
	    ",'used':'6000'", "");
}

static void
test_refusals_say_what_would_pass(void **state)
{
	static const char text[] =
	    "{\"policy\":{\"symbols\":[\"AAPL\"],\"classes\":[\"stock\"],"
	    "\"max_notional\":\"1000\",\"max_notional_currency\":\"USD\","
	    "\"bps\":500,\"session_notional\":\"1500\","
	    "\"session_currency\":\"USD\"},"
	    "\"order\":{\"type\":\"limit\",\"side\":\"buy\",\"symbol\":"
	    "\"AAPL\",\"class\":\"stock\",\"currency\":\"USD\","
	    "\"quantity\":\"10\",\"limit\":\"110.50\"},\"leg\":\"parent\","
	    "\"used\":\"500\","
	    "\"quote\":{\"bid\":\"99.00\",\"ask\":\"101.00\","
	    "\"currency\":\"USD\",\"source_age_ns\":0}}";
	CLEANUP_VERDICTS struct verdicts verdicts = VERDICTS_INIT;
	CLEANUP_BUF struct buf out = BUF_INIT;
	struct world world;

	(void)state;
	world_init(&world, text);
	limits_judge(&world.input, &verdicts);
	world_fini(&world);
	verdicts_write(&out, &verdicts, false);
	assert_string_equal(buf_text(&out),
	    "[{\"code\":\"LIVE_NOTIONAL_LIMIT_REFUSED\","
	    "\"rule\":\"max_notional\",\"limit\":\"1000 USD\","
	    "\"actual\":\"parent: 1105.00 USD\","
	    "\"fix\":\"at this price a quantity of at most 9\"},"
	    "{\"code\":\"LIVE_PRICE_COLLAR_REFUSED\","
	    "\"rule\":\"max_price_deviation_bps\","
	    "\"limit\":\"500 bps of 100.00\","
	    "\"actual\":\"parent: limit 110.50\","
	    "\"fix\":\"a price from 95.00 to 105.00\"},"
	    "{\"code\":\"LIVE_SESSION_NOTIONAL_LIMIT_REFUSED\","
	    "\"rule\":\"session_limit.max_session_notional\","
	    "\"limit\":\"1500 USD\","
	    "\"actual\":\"parent: 1605.00 USD with this order\","
	    "\"fix\":\"an order of at most 1000.00 USD, or wait for the next "
	    "session\"}]");
}

/* Every rule and code that comes out stands in the manual's list. */
static void
test_the_manual_names_every_rule(void **state)
{
	static const char *const cases[] = {
		"{\"policy\":{\"enabled\":false,\"max_notional\":\"1\","
		"\"max_notional_currency\":\"USD\",\"max_quantity\":\"1\","
		"\"window_orders\":1,\"session_orders\":1,\"bps\":1,\"age\":1,"
		"\"session_notional\":\"1\",\"session_currency\":\"EUR\"},"
		"\"order\":{\"type\":\"stop_limit\",\"side\":\"buy\","
		"\"symbol\":\"A\",\"class\":\"future\",\"currency\":\"USD\","
		"\"quantity\":\"5\",\"limit\":\"9\",\"stop\":\"9\"},"
		"\"quote\":{\"bid\":\"1\",\"ask\":\"1\",\"currency\":\"USD\"},"
		"\"in_window\":1,\"in_session\":1}",
		"{\"policy\":{\"age\":1,\"max_notional\":\"1\","
		"\"max_notional_currency\":\"EUR\"},\"order\":{"
		"\"type\":\"stop\",\"side\":\"buy\",\"symbol\":\"A\","
		"\"class\":\"etf\",\"currency\":\"USD\",\"quantity\":\"5\","
		"\"stop\":\"9\"}}",
	};
	CLEANUP_BUF struct buf manual = BUF_INIT;
	CLEANUP_BUF struct buf seen = BUF_INIT;
	size_t rules = 0;

	(void)state;
	limits_manual(&manual);
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		CLEANUP_VERDICTS struct verdicts v = VERDICTS_INIT;
		struct world world;

		world_init(&world, cases[i]);
		limits_judge(&world.input, &v);
		world_fini(&world);
		for (size_t j = 0; j < v.count; j++) {
			CLEANUP_BUF struct buf item = BUF_INIT;

			buf_printf(&item, ".It Cm %s\n", v.items[j].rule);
			assert_non_null(
			    strstr(buf_text(&manual), buf_text(&item)));
			rules += !strstr(buf_text(&seen), buf_text(&item));
			buf_str(&seen, buf_text(&item));
			buf_reset(&item);
			buf_printf(&item, ".Li %s\n", v.items[j].code);
			assert_non_null(
			    strstr(buf_text(&manual), buf_text(&item)));
		}
	}
	for (const char *p = buf_text(&manual); (p = strstr(p, ".It ")); p++)
		rules--;
	assert_int_equal(rules, 0);
}

static void
test_sessions_start_in_the_policys_zone(void **state)
{
	struct risk_policy policy = {
		.session_timezone = (char *)"America/New_York",
		.session_starts_at = (char *)"18:00",
		.window_max_orders = 1,
		.window_seconds = 300,
	};
	struct limits_span span;

	(void)state;
	assert_int_equal(limits_span(&policy, NOON, &span, NULL), 0);
	/* 18:00 of the day before is 23:00 in UTC */
	assert_int_equal(span.session_ns, NOON - 13 * 3600 * NS_PER_S);
	assert_int_equal(span.window_ns, NOON - 300 * NS_PER_S);
	assert_int_equal(limits_span(NULL, NOON, &span, NULL), 0);
	assert_int_equal(span.session_ns, NOON - 12 * 3600 * NS_PER_S);
	assert_int_equal(span.window_ns, UINT64_MAX);
	assert_int_equal(limits_span(&policy, 5 * NS_PER_S, &span, NULL), 0);
	assert_int_equal(span.window_ns, 0);
}

static void
digest_of(const struct risk_policy *policy, char hex[HASH_HEX_SIZE])
{
	assert_int_equal(limits_digest(policy, hex, NULL), 0);
}

static void
test_inv3_every_member_of_a_policy_is_in_its_digest(void **state)
{
	static char one[] = "1", two[] = "2", usd[] = "USD", eur[] = "EUR";
	char *items[] = { one, NULL };
	struct risk_policy base = {
		.id = one,
		.max_notional_amount = one,
		.max_notional_currency = usd,
		.max_quantity = one,
		.session_max_notional_amount = one,
		.session_max_notional_currency = usd,
		.session_timezone = one,
		.session_starts_at = one,
	};
	struct risk_policy other[15];
	char first[HASH_HEX_SIZE], hex[HASH_HEX_SIZE];
	size_t n = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(other); i++)
		other[i] = base;
	other[n++].id = two;
	other[n++].enabled = true;
	other[n++].max_notional_amount = two;
	other[n++].max_notional_currency = eur;
	other[n++].max_quantity = NULL;
	other[n++].allowed_symbols = (struct config_list){ items, 1 };
	other[n++].allowed_asset_classes = (struct config_list){ items, 1 };
	other[n++].window_max_orders = 1;
	other[n++].window_seconds = 1;
	other[n++].session_max_orders = 1;
	other[n++].session_max_notional_amount = two;
	other[n++].session_max_notional_currency = eur;
	other[n++].session_timezone = two;
	other[n++].session_starts_at = two;
	other[n++].max_price_deviation_bps = 1;
	assert_int_equal(n, ARRAY_COUNT(other));
	digest_of(&base, first);
	for (size_t i = 0; i < n; i++) {
		digest_of(&other[i], hex);
		if (strcmp(first, hex) == 0)
			fail_msg("member %zu is not in the digest", i);
	}
	base.max_quote_age_seconds = 1;
	digest_of(&base, hex);
	assert_string_not_equal(first, hex);
	base.max_quote_age_seconds = 0;
	base.max_quantity = (char *)"1.000";
	digest_of(&base, hex);
	assert_string_equal(first, hex);
}

/* For the oracle. */
static int
judge_lines(void)
{
	char *line = NULL;
	size_t size = 0;

	while (getline(&line, &size, stdin) > 0) {
		CLEANUP_BUF struct buf out = BUF_INIT;

		judge(line, &out);
		(void)puts(buf_text(&out));
	}
	free(line);
	return ferror(stdin) || fflush(stdout);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    test_what_a_policy_does_not_say_is_not_limited),
		cmocka_unit_test(
		    test_inv12_notional_is_limited_to_the_last_digit),
		cmocka_unit_test(
		    test_an_order_without_a_limit_is_held_at_the_worse_price),
		cmocka_unit_test(test_quotes_are_as_old_as_their_older_time),
		cmocka_unit_test(test_inv12_collar_is_exact_in_basis_points),
		cmocka_unit_test(
		    test_a_stop_that_the_market_has_reached_is_a_market_order),
		cmocka_unit_test(test_counts_are_never_overshot_by_one),
		cmocka_unit_test(
		    test_inv12_session_notional_counts_all_legs_and_increases),
		cmocka_unit_test(test_refusals_say_what_would_pass),
		cmocka_unit_test(test_the_manual_names_every_rule),
		cmocka_unit_test(test_sessions_start_in_the_policys_zone),
		cmocka_unit_test(
		    test_inv3_every_member_of_a_policy_is_in_its_digest),
	};

	if (argc > 1 && strcmp(argv[1], "--judge") == 0)
		return judge_lines();
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
