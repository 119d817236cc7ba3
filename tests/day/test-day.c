/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * A trading day of 24 hours before the simulator, in a time that stands still
 * while anybody works: the reset at midnight, two maintenance windows, another
 * login that takes the session, a gateway that is started again, and every
 * twentieth request goes wrong.  Orders and brackets go out all day, are
 * cancelled and changed, and lists are read.
 *
 * In the end no request was over any of the broker's limits, nobody was told
 * what is not so, what is unknown says why, and no list was shown as the whole
 * truth that was empty and should not have been.
 *
 * IAG_TEST_LONG=1 places a thousand orders (make check-day), IAG_TEST_SEED
 * repeats a day.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "sim/seed.h"
#include "still.h"
#include "trader.h"
#include "wire.h"

#define START_S INT64_C(1785245400) /* 2026-07-28T13:30:00Z, New York opens */
#define HOUR_S 3600
#define ORDERS_MAX 1000
#define SHORT_ORDERS 60

enum said { SAID_NOTHING, SAID_DONE, SAID_REFUSED, SAID_UNKNOWN };

struct sent {
	char key[32];
	bool is_bracket;
	struct ticket legs[3]; /* of an order one */
	enum said said;
	char id[32]; /* the broker's, once it is known */
	uint64_t at_ns;
};

static struct day {
	uint64_t seed;
	size_t wanted, count;
	struct sent sent[ORDERS_MAX];
	/* what was looked at, for the figures */
	unsigned refused, lists, unread, partial, cancels, changes, settled;
	unsigned open, faults, brackets, whole;
} day;

static void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void
say(const char *format, ...)
{
	va_list list;

	va_start(list, format);
	(void)fputs("# ", stdout);
	(void)vprintf(format, list);
	(void)putchar('\n');
	va_end(list);
	(void)fflush(stdout);
}

/* ---- what the broker has */

/* How many, and the last of them. */
static unsigned
broker_has(
    struct json_object *book, const char *key, struct json_object **ret_order)
{
	struct json_object *orders = json_get(book, "orders");
	unsigned count = 0;

	for (size_t i = 0; i < json_object_array_length(orders); i++) {
		struct json_object *order =
		    json_object_array_get_idx(orders, i);

		if (strcmp(json_get_str(order, "coid", ""), key) != 0)
			continue;
		*ret_order = order;
		count++;
	}
	return count;
}

/* Exits have no reference of ours: they are found by their entry. */
static unsigned
broker_exits(struct json_object *book, struct json_object *entry)
{
	struct json_object *orders = json_get(book, "orders");
	int64_t id = json_get_int(entry, "id", -1);
	unsigned count = 0;

	for (size_t i = 0; i < json_object_array_length(orders); i++)
		count += json_get_int(json_object_array_get_idx(orders, i),
			     "parent_id", 0) == id;
	return count;
}

static bool
broker_works(struct json_object *book)
{
	struct json_object *orders = json_get(book, "orders");

	for (size_t i = 0; i < json_object_array_length(orders); i++)
		if (json_get_bool(
			json_object_array_get_idx(orders, i), "alive", false))
			return true;
	return false;
}

/* An empty list is either right, or says that it is not all. */
static void
read_list(const char *tool, const char *member, bool is_right)
{
	bool good;
	struct json_object *json CLEANUP_JSON =
	    trader_ask(tool, &good, "{\"account_id\":\"" ACCOUNT "\"}");
	struct json_object *rows = json_get(json, member);

	day.lists += good;
	day.unread += !good;
	if (!good)
		return;
	assert_non_null(rows);
	if (json_object_array_length(rows) > 0 || is_right)
		return;
	day.partial++;
	if (json_get_bool(json, "complete", true))
		fail_msg("%s is empty and is not: %s", tool,
		    json_object_to_json_string(json));
}

static void
read_lists(void)
{
	struct json_object *book CLEANUP_JSON =
	    wire_control("GET", "book", NULL);
	struct json_object *trades = json_get(book, "trades");

	read_list("ibkr_positions_list", "positions", false);
	read_list("ibkr_orders_list", "orders", !broker_works(book));
	read_list("ibkr_executions_list", "executions",
	    json_object_array_length(trades) == 0);
}

/* ---- what goes wrong */

/* Each for one request in a hundred, five at a time. */
static const char *const effects[] = {
	"\"effect\":\"delay\",\"ms\":2000",
	"\"effect\":\"delay\",\"ms\":70000",
	"\"effect\":\"close\",\"execute\":\"first\"",
	"\"effect\":\"close\"",
	"\"effect\":\"close\",\"execute\":\"late\",\"ms\":9000",
	"\"effect\":\"status\",\"status\":503,\"execute\":\"first\"",
	"\"effect\":\"status\",\"status\":503",
	"\"effect\":\"status\",\"status\":500,\"execute\":\"first\"",
	"\"effect\":\"hang\"",
	"\"effect\":\"hang\",\"execute\":\"first\"",
	"\"effect\":\"hang\",\"execute\":\"late\",\"ms\":30000",
	"\"effect\":\"html\"",
	"\"effect\":\"html\",\"status\":502",
	"\"effect\":\"truncate\"",
	"\"effect\":\"oversize\"",
	"\"effect\":\"gzip\"",
	"\"effect\":\"garbage\"",
	"\"effect\":\"body\",\"body\":\"{}\"",
	"\"effect\":\"body\",\"body\":\"\"",
	"\"effect\":\"strings\"",
	"\"effect\":\"numbers\"",
	"\"effect\":\"nulls\"",
	"\"effect\":\"missing\"",
	"\"effect\":\"extra\"",
	"\"effect\":\"redirect\",\"execute\":\"first\"",
};

static size_t
by_chance(size_t count)
{
	return (size_t)(seed_next(&day.seed) % count);
}

static void
faults_end(void)
{
	struct json_object *json CLEANUP_JSON =
	    wire_control("GET", "faults", NULL);
	struct json_object *faults = json_get(json, "faults");

	for (size_t i = 0; i < json_object_array_length(faults); i++)
		day.faults += (unsigned)json_get_int(
		    json_object_array_get_idx(faults, i), "fired", 0);
	(void)json_object_put(wire_control("DELETE", "faults", NULL));
}

static void
faults_change(void)
{
	struct buf spec CLEANUP_BUF = BUF_INIT;

	faults_end();
	for (int i = 0; i < 5; i++)
		buf_printf(&spec, "%s{\"times\":0,\"percent\":1,%s}",
		    i ? "," : "[", effects[by_chance(ARRAY_COUNT(effects))]);
	buf_str(&spec, "]");
	(void)json_object_put(wire_control("POST", "faults", buf_text(&spec)));
}

/* By the hour of the day; the login ends at midnight, 14.5 hours on. */
static const char events[] =
    "[{\"at_ms\":10800000,\"path\":\"/sim/session\",\"body\":"
    "{\"event\":\"maintenance\",\"for_ms\":1200000}},"
    "{\"at_ms\":18000000,\"path\":\"/sim/session\",\"body\":"
    "{\"event\":\"steal\"}},"
    "{\"at_ms\":19200000,\"path\":\"/sim/session\",\"body\":"
    "{\"event\":\"release\"}},"
    "{\"at_ms\":28800000,\"path\":\"/sim/restart\",\"body\":"
    "{\"down_ms\":120000}},"
    "{\"at_ms\":29400000,\"path\":\"/sim/login\"},"
    "{\"at_ms\":54000000,\"path\":\"/sim/login\"},"
    "{\"at_ms\":56000000,\"path\":\"/sim/session\",\"body\":"
    "{\"event\":\"maintenance\",\"for_ms\":2700000}}]";

/* ---- orders */

static enum said
said_of(struct json_object *json, bool good)
{
	const char *outcome = json_get_str(json, "outcome", "");

	if (good)
		return SAID_DONE;
	if (strcmp(outcome, "unknown") == 0)
		return SAID_UNKNOWN;
	assert_string_equal(outcome, "refused");
	/* it may come again, as if it had never been here */
	return json_get_bool(json, "retryable", false) ? SAID_NOTHING
						       : SAID_REFUSED;
}

static struct json_object *
submit_order(const struct sent *sent, bool *ret_good)
{
	return trader_ask("ibkr_paper_order_submit", ret_good,
	    "{\"account_id\":\"" ACCOUNT
	    "\",\"approval_id\":\"%s\",\"idempotency_key\":\"%s\"}",
	    sent->legs[0].approval, sent->key);
}

static struct json_object *
submit_bracket(const struct sent *sent, bool *ret_good)
{
	return trader_ask("ibkr_paper_bracket_order_submit", ret_good,
	    "{\"account_id\":\"" ACCOUNT
	    "\",\"idempotency_key\":\"%s\",\"parent_approval_id\":\"%s\","
	    "\"take_profit_approval_id\":\"%s\","
	    "\"stop_loss_approval_id\":\"%s\"}",
	    sent->key, sent->legs[0].approval, sent->legs[1].approval,
	    sent->legs[2].approval);
}

/* The order, or a bracket's entry, which is its first leg. */
static struct json_object *
entry_of(const struct sent *sent, struct json_object *json)
{
	return sent->is_bracket
		   ? json_object_array_get_idx(json_get(json, "legs"), 0)
		   : json;
}

static void
submit(struct sent *sent)
{
	bool good;
	struct json_object *json CLEANUP_JSON =
	    sent->is_bracket ? submit_bracket(sent, &good)
			     : submit_order(sent, &good);

	sent->said = said_of(json, good);
	sent->at_ns = still_ns();
	if (sent->said == SAID_DONE)
		trader_copy(sent->id, sizeof sent->id, entry_of(sent, json),
		    "broker_order_id");
}

static void
cancel(const struct sent *sent)
{
	bool good;

	(void)json_object_put(trader_ask("ibkr_paper_order_cancel", &good,
	    "{\"account_id\":\"" ACCOUNT
	    "\",\"broker_order_id\":\"%s\",\"idempotency_key\":\"c-%s\"}",
	    sent->id, sent->key));
	day.cancels += good;
}

static void
change(const struct sent *sent)
{
	struct ticket next;
	struct json_object *json CLEANUP_JSON = NULL;
	bool good;

	if (!trader_approve(&next, "199.10", sent->id))
		return;
	json = trader_ask("ibkr_paper_order_modify", &good,
	    "{\"account_id\":\"" ACCOUNT
	    "\",\"broker_order_id\":\"%s\",\"idempotency_key\":\"m-%s\","
	    "\"approval_id\":\"%s\",\"preview_id\":\"%s\","
	    "\"limit_price\":\"199.10\",\"quantity\":\"1\"}",
	    sent->id, sent->key, next.approval, next.preview);
	day.changes += good;
}

/* One order, and at times what follows it; false: nothing could be sent. */
static bool
trade(void)
{
	struct sent *sent = &day.sent[day.count];
	bool rests = by_chance(2);
	bool approved;

	(void)snprintf(sent->key, sizeof sent->key, "day-%03zu", day.count);
	sent->is_bracket = day.count % 6 == 5;
	if (sent->is_bracket)
		approved = trader_approve_bracket(sent->legs);
	else
		approved = trader_approve(
		    sent->legs, rests ? "199.00" : "200.00", NULL);
	if (!approved)
		return false;
	submit(sent);
	if (sent->said == SAID_NOTHING)
		return false;
	day.count++;
	day.brackets += sent->is_bracket;
	if (sent->said != SAID_DONE || !(rests || sent->is_bracket))
		return true;
	if (!sent->is_bracket && by_chance(3) == 0)
		change(sent);
	if (by_chance(2) == 0)
		cancel(sent);
	return true;
}

/* Until the day is over; what could not be sent is tried again soon. */
static void
live_through(void)
{
	uint64_t end_ns = UINT64_C(24) * HOUR_S * NS_PER_S;
	uint64_t step_ns = UINT64_C(20) * HOUR_S * NS_PER_S / day.wanted;
	uint64_t soon_ns = UINT64_C(60) * NS_PER_S;

	for (unsigned i = 0; still_ns() < end_ns || day.count < day.wanted;
	     i++) {
		bool traded = true;

		if (i % 8 == 0)
			faults_change();
		if (i % 4 == 3)
			read_lists();
		if (day.count < day.wanted)
			traded = trade();
		day.refused += !traded;
		still_sleep(
		    traded ? step_ns / 2 + by_chance(step_ns) : soon_ns);
	}
	faults_end();
	/* time to find out what became of the last ones */
	still_sleep(1800 * NS_PER_S);
}

/* ---- in the end */

static void
check_pacing(void)
{
	struct json_object *counters CLEANUP_JSON =
	    wire_control("GET", "counters", NULL);
	struct json_object *pacing = json_get(counters, "pacing");
	struct json_object *limits = json_get(pacing, "limits");

	for (size_t i = 0; i < json_object_array_length(limits); i++) {
		struct json_object *limit =
		    json_object_array_get_idx(limits, i);

		if (json_get_int(limit, "passed", 0) > 0)
			say("%s: %lld passed, %lld of %lld in a window",
			    json_get_str(limit, "name", ""),
			    (long long)json_get_int(limit, "passed", 0),
			    (long long)json_get_int(limit, "most", 0),
			    (long long)json_get_int(limit, "limit", 0));
		if (json_get_int(limit, "over", 0) > 0)
			fail_msg("over a limit: %s",
			    json_object_to_json_string(limit));
	}
	assert_int_equal(json_get_int(pacing, "penalties", 0), 0);
	assert_int_equal(json_get_int(pacing, "boxed", 0), 0);
	assert_int_equal(json_get_int(counters, "suppressions", 0), 0);
	assert_int_equal(json_get_int(counters, "competes", 0), 0);
}

/*
 * What it has become in the end.  What is still open says why, and when or by
 * whom it can be settled.
 */
static enum said
resolve(const char *key)
{
	bool good;
	struct json_object *json CLEANUP_JSON = trader_ask(
	    "ibkr_orders_resolve", &good,
	    "{\"account_id\":\"" ACCOUNT "\",\"idempotency_key\":\"%s\"}", key);
	const char *state = json_get_str(json, "state", "unknown");

	if (good && strcmp(state, "unknown") != 0) {
		day.settled++;
		return strcmp(state, "done") == 0 ? SAID_DONE : SAID_REFUSED;
	}
	day.open++;
	say("%s stays open: %s", key, json_object_to_json_string(json));
	assert_string_not_equal(json_get_str(json, "message", ""), "");
	assert_string_not_equal(json_get_str(json, "user_action", ""), "");
	return SAID_UNKNOWN;
}

/* A bracket is there as a whole, once, or not at all. */
static void
check_exits(const struct sent *sent, struct json_object *book,
    struct json_object *entry)
{
	unsigned exits = broker_exits(book, entry);

	if (exits != (sent->is_bracket ? 2 : 0))
		fail_msg("%s has %u exits at the broker", sent->key, exits);
	day.whole += sent->is_bracket;
}

static void
check_order(const struct sent *sent, struct json_object *book)
{
	struct json_object *order = NULL;
	unsigned at_broker = broker_has(book, sent->key, &order);
	enum said said = sent->said;

	if (at_broker > 1)
		fail_msg("%s is %u times at the broker", sent->key, at_broker);
	if (at_broker == 1)
		check_exits(sent, book, order);
	if (said == SAID_UNKNOWN)
		said = resolve(sent->key);
	if (said != SAID_UNKNOWN && (said == SAID_DONE) != (at_broker == 1))
		fail_msg("%s: the journal says %s, and it is %u times at the "
			 "broker",
		    sent->key, said == SAID_DONE ? "done" : "refused",
		    at_broker);
}

static void
check_orders(void)
{
	struct json_object *book CLEANUP_JSON =
	    wire_control("GET", "book", NULL);

	for (size_t i = 0; i < day.count; i++)
		check_order(&day.sent[i], book);
	say("%zu orders, %u attempts before anything was sent, %u cancels, %u "
	    "changes; of the unknown %u were settled, %u stay open",
	    day.count, day.refused, day.cancels, day.changes, day.settled,
	    day.open);
	say("%u lists, %u of them not all, %u refused; %u faults", day.lists,
	    day.partial, day.unread, day.faults);
	say("%u brackets, %u of them at the broker, as a whole", day.brackets,
	    day.whole);
	assert_int_equal(day.count, day.wanted);
	assert_true(day.whole > 0);
	assert_true(day.lists > day.unread);
	assert_true(day.faults > 100);
}

static uint64_t
seed_make(void)
{
	const char *seed = getenv("IAG_TEST_SEED");
	struct timespec now;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return seed ? strtoull(seed, NULL, 10)
		    : (uint64_t)now.tv_nsec % 1000000;
}

static void
begin(uint64_t seed)
{
	const struct sim_settings with = { .state = SIM_STATE_READY,
		.midnight = "America/New_York",
		.seed = seed,
		.pacing = 1 };

	memset(&day, 0, sizeof day);
	day.seed = seed;
	day.wanted = getenv("IAG_TEST_LONG") ? ORDERS_MAX : SHORT_ORDERS;
	trader_begin(&with, getenv("IAG_TEST_LONG") ? 5 : 30, "");
	(void)json_object_put(wire_control("POST", "script", events));
}

static void
test_a_day_inv2_inv4(void **state)
{
	uint64_t seed = seed_make();

	(void)state;
	say("repeat with IAG_TEST_SEED=%llu", (unsigned long long)seed);
	begin(seed);
	live_through();
	check_orders();
	check_pacing();
	trader_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_day_inv2_inv4),
	};

	still_begin((uint64_t)START_S * NS_PER_S);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
