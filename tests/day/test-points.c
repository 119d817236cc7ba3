/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Landed or not: each thing that can go wrong, with each request of an order,
 * a bracket, a cancel and a change, and a gateway that is not there at all.
 * Whoever asked is told what is so or that it is not known; then the reconciler
 * finds out, and in the end the journal says what the broker's book says.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "still.h"
#include "trader.h"
#include "wire.h"

/*
 * 2026-07-28T05:30:00Z: none of the midnights at which lists may begin anew
 * for more than ten hours.
 */
#define START_S INT64_C(1785216600)
#define FLIGHT_S 180
#define WATCHED 14

static const char *const effects[] = {
	"\"effect\":\"delay\",\"ms\":2000",
	"\"effect\":\"delay\",\"ms\":70000",
	"\"effect\":\"delay\",\"ms\":70000,\"execute\":\"late\"",
	"\"effect\":\"close\",\"execute\":\"first\"",
	"\"effect\":\"close\"",
	"\"effect\":\"close\",\"execute\":\"late\",\"ms\":9000",
	"\"effect\":\"status\",\"status\":503,\"execute\":\"first\"",
	"\"effect\":\"status\",\"status\":503",
	"\"effect\":\"status\",\"status\":500,\"execute\":\"first\"",
	"\"effect\":\"status\",\"status\":502",
	"\"effect\":\"status\",\"status\":404,\"execute\":\"first\"",
	"\"effect\":\"answer\",\"answer\":\"unauthorized\"",
	"\"effect\":\"answer\",\"answer\":\"no_bridge\"",
	"\"effect\":\"answer\",\"answer\":\"reply_unknown\"",
	("\"effect\":\"answer\",\"answer\":\"reply_unknown\","
	 "\"execute\":\"first\""),
	"\"effect\":\"hang\"",
	"\"effect\":\"hang\",\"execute\":\"first\"",
	"\"effect\":\"hang\",\"execute\":\"late\",\"ms\":30000",
	"\"effect\":\"html\"",
	"\"effect\":\"html\",\"status\":502",
	"\"effect\":\"html\",\"execute\":\"never\"",
	"\"effect\":\"truncate\"",
	"\"effect\":\"truncate\",\"bytes\":0",
	"\"effect\":\"oversize\"",
	"\"effect\":\"gzip\"",
	"\"effect\":\"garbage\"",
	"\"effect\":\"body\",\"body\":\"{}\"",
	"\"effect\":\"body\",\"body\":\"[]\"",
	"\"effect\":\"body\",\"body\":\"\"",
	"\"effect\":\"strings\"",
	"\"effect\":\"numbers\"",
	"\"effect\":\"nulls\"",
	"\"effect\":\"missing\"",
	"\"effect\":\"extra\"",
	"\"effect\":\"redirect\"",
	"\"effect\":\"redirect\",\"execute\":\"first\"",
};

enum operation { SUBMIT, CANCEL, MODIFY, BRACKET };

static const struct point {
	const char *name, *method, *path;
	int nth;
	enum operation operation;
	unsigned rounds; /* of questions */
	unsigned torn;   /* the exit of a bracket that is refused; 0: none */
} points[] = {
	{ "order", "POST", "/iserver/account/*/orders", 1, SUBMIT, 0, 0 },
	{ "order", "POST", "/iserver/account/*/orders", 1, SUBMIT, 2, 0 },
	{ "yes", "POST", "/iserver/reply/*", 1, SUBMIT, 2, 0 },
	{ "last-yes", "POST", "/iserver/reply/*", 2, SUBMIT, 2, 0 },
	{ "cancel", "DELETE", "/iserver/account/*/order/*", 1, CANCEL, 0, 0 },
	{ "change", "POST", "/iserver/account/*/order/*", 1, MODIFY, 0, 0 },
	{ "change-yes", "POST", "/iserver/reply/*", 1, MODIFY, 1, 0 },
	{ "bracket", "POST", "/iserver/account/*/orders", 1, BRACKET, 0, 0 },
	{ "bracket-yes", "POST", "/iserver/reply/*", 1, BRACKET, 1, 0 },
	{ "torn", "POST", "/iserver/account/*/orders", 1, BRACKET, 0, 1 },
	{ "torn-yes", "POST", "/iserver/reply/*", 1, BRACKET, 1, 2 },
};

/* One of them with one effect. */
struct trial {
	const struct point *point;
	const char *effect;
	char key[24];  /* of the request that meets the fault */
	char coid[32]; /* of the order */
	char id[32];   /* of the order that is cancelled or changed */
	struct ticket ticket, legs[3];
	char outcome[16]; /* "done", "refused", "unknown" */
	bool free;        /* nothing was sent, and the key can be used again */
};

static unsigned trials, unknowns;

/* ---- the broker */

static void
control(const char *method, const char *noun, const char *body)
{
	(void)json_object_put(wire_control(method, noun, body));
}

/* The order with this reference; it is there at most once. */
static struct json_object *
book_find(struct json_object *book, const char *coid)
{
	struct json_object *orders = json_get(book, "orders"), *found = NULL;

	for (size_t i = 0; i < json_object_array_length(orders); i++) {
		struct json_object *order =
		    json_object_array_get_idx(orders, i);

		if (strcmp(json_get_str(order, "coid", ""), coid) != 0)
			continue;
		if (found)
			fail_msg("%s is twice at the broker", coid);
		found = order;
	}
	return found;
}

/*
 * A bracket is at the broker as a whole or not at all, but for the exit that
 * the broker refuses; whoever hears of that takes the others back.
 */
static bool
has_bracket(struct json_object *book, const struct trial *trial)
{
	struct json_object *parent = book_find(book, trial->coid);
	struct json_object *orders = json_get(book, "orders");
	int64_t id = json_get_int(parent, "id", -1);
	unsigned exits = 0;

	if (!parent)
		return false;
	for (size_t i = 0; i < json_object_array_length(orders); i++)
		exits += json_get_int(json_object_array_get_idx(orders, i),
			     "parent_id", 0) == id;
	if (exits != (trial->point->torn ? 1 : 2))
		fail_msg("%s with %s: %u exits at the broker", trial->key,
		    trial->effect, exits);
	return !trial->point->torn || json_get_bool(parent, "alive", true);
}

/* Has the broker done what the trial asked for? */
static bool
is_done(const struct trial *trial)
{
	struct json_object *book CLEANUP_JSON =
	    wire_control("GET", "book", NULL);
	struct json_object *order = book_find(book, trial->coid);

	switch (trial->point->operation) {
	case SUBMIT:
		return order != NULL;
	case CANCEL:
		return !json_get_bool(order, "alive", true);
	case MODIFY:
		return json_object_get_double(json_get(order, "price")) > 199.0;
	case BRACKET:
		return has_bracket(book, trial);
	}
	return false;
}

/* ---- requests */

static void
take_outcome(struct trial *trial, struct json_object *json, bool good)
{
	if (good)
		(void)snprintf(trial->outcome, sizeof trial->outcome, "done");
	else
		trader_copy(
		    trial->outcome, sizeof trial->outcome, json, "outcome");
	trial->free = !good && (json_get_bool(json, "retryable", false) ||
				   json_get(json, "refusals"));
}

static void
submit(struct trial *trial, const char *key)
{
	bool good;
	struct json_object *json CLEANUP_JSON =
	    trader_ask("ibkr_paper_order_submit", &good,
		"{\"account_id\":\"" ACCOUNT
		"\",\"approval_id\":\"%s\",\"idempotency_key\":\"%s\"}",
		trial->ticket.approval, key);

	take_outcome(trial, json, good);
	trader_copy(trial->id, sizeof trial->id, json, "broker_order_id");
}

static void
cancel(struct trial *trial)
{
	bool good;
	struct json_object *json CLEANUP_JSON =
	    trader_ask("ibkr_paper_order_cancel", &good,
		"{\"account_id\":\"" ACCOUNT
		"\",\"broker_order_id\":\"%s\",\"idempotency_key\":\"%s\"}",
		trial->id, trial->key);

	take_outcome(trial, json, good);
}

static void
modify(struct trial *trial)
{
	bool good;
	struct json_object *json CLEANUP_JSON =
	    trader_ask("ibkr_paper_order_modify", &good,
		"{\"account_id\":\"" ACCOUNT
		"\",\"broker_order_id\":\"%s\",\"idempotency_key\":\"%s\","
		"\"approval_id\":\"%s\",\"preview_id\":\"%s\","
		"\"limit_price\":\"199.10\",\"quantity\":\"1\"}",
		trial->id, trial->key, trial->ticket.approval,
		trial->ticket.preview);

	take_outcome(trial, json, good);
}

static void
bracket(struct trial *trial)
{
	bool good;
	struct json_object *json CLEANUP_JSON =
	    trader_ask("ibkr_paper_bracket_order_submit", &good,
		"{\"account_id\":\"" ACCOUNT
		"\",\"idempotency_key\":\"%s\",\"parent_approval_id\":\"%s\","
		"\"take_profit_approval_id\":\"%s\","
		"\"stop_loss_approval_id\":\"%s\"}",
		trial->key, trial->legs[0].approval, trial->legs[1].approval,
		trial->legs[2].approval);

	take_outcome(trial, json, good);
}

/* ---- one trial */

/* What has to be there before the fault. */
static void
prepare(struct trial *trial)
{
	if (trial->point->operation == BRACKET) {
		assert_true(trader_approve_bracket(trial->legs));
		return;
	}
	assert_true(trader_approve(&trial->ticket, "199.00", NULL));
	if (trial->point->operation == SUBMIT)
		return;
	submit(trial, trial->coid);
	assert_string_equal(trial->outcome, "done");
	if (trial->point->operation == MODIFY)
		assert_true(
		    trader_approve(&trial->ticket, "199.10", trial->id));
}

static void
arrange(const struct trial *trial)
{
	const struct point *point = trial->point;
	struct buf fault CLEANUP_BUF = BUF_INIT;
	struct buf asked CLEANUP_BUF = BUF_INIT;

	buf_printf(&fault,
	    "{\"method\":\"%s\",\"path\":\"%s\",\"nth\":%d,\"times\":1,%s}",
	    point->method, point->path, point->nth, trial->effect);
	control("POST", "faults", buf_text(&fault));
	if (!point->rounds && !point->torn)
		return;
	buf_printf(&asked, "{\"on\":\"%s\"",
	    point->operation == MODIFY ? "modify" : "place");
	if (point->rounds)
		buf_printf(&asked, ",\"questions\":[[\"o163\"]%s]",
		    point->rounds > 1 ? ",[\"o383\"]" : "");
	if (point->torn)
		buf_printf(
		    &asked, ",\"leg\":%u,\"refuse\":\"failed\"", point->torn);
	buf_char(&asked, '}');
	control("POST", "reactions", buf_text(&asked));
}

static void
act(struct trial *trial)
{
	switch (trial->point->operation) {
	case SUBMIT:
		submit(trial, trial->key);
		break;
	case CANCEL:
		cancel(trial);
		break;
	case MODIFY:
		modify(trial);
		break;
	case BRACKET:
		bracket(trial);
		break;
	}
}

/* What the journal says once everything has been found out. */
static void
resolve(struct trial *trial)
{
	bool good;
	struct json_object *json CLEANUP_JSON =
	    trader_ask("ibkr_orders_resolve", &good,
		"{\"account_id\":\"" ACCOUNT "\",\"idempotency_key\":\"%s\"}",
		trial->key);

	trader_copy(trial->outcome, sizeof trial->outcome, json, "state");
	if (!good || strcmp(trial->outcome, "unknown") == 0)
		fail_msg("%s with %s stays open: %s", trial->key, trial->effect,
		    json_object_to_json_string(json));
}

static void
expect_truth(const struct trial *trial, const char *when)
{
	bool done = is_done(trial);

	if (strcmp(trial->outcome, done ? "done" : "refused") != 0)
		fail_msg("%s with %s is '%s' %s, and the broker has %s it",
		    trial->key, trial->effect, trial->outcome, when,
		    done ? "done" : "not done");
}

static void
try(const struct point *point, const char *effect)
{
	struct trial trial = { .point = point, .effect = effect };
	bool is_unknown;

	trials++;
	(void)snprintf(
	    trial.key, sizeof trial.key, "t%u-%s", trials, point->name);
	(void)snprintf(trial.coid, sizeof trial.coid, "%s%s",
	    point->operation == SUBMIT || point->operation == BRACKET ? ""
								      : "o-",
	    trial.key);
	prepare(&trial);
	arrange(&trial);
	act(&trial);
	control("DELETE", "faults", NULL);
	/* what is executed late is to lose its exit, too */
	if (!point->torn)
		control("DELETE", "reactions", NULL);
	is_unknown = strcmp(trial.outcome, "unknown") == 0;
	unknowns += is_unknown;
	if (!is_unknown)
		expect_truth(&trial, "at once");
	/* nothing may be on its way any more; the session may have to be made
	 */
	still_sleep((is_unknown ? FLIGHT_S : 20) * NS_PER_S);
	control("DELETE", "reactions", NULL);
	if (is_unknown)
		resolve(&trial);
	expect_truth(&trial, "in the end");
}

static void
test_inv4_each_fault_at_each_point(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(points); i++)
		/* of a torn bracket some: the others differ in nothing more */
		for (size_t j = points[i].torn; j < ARRAY_COUNT(effects);
		     j += points[i].torn ? 4 : 1)
			try(&points[i], effects[j]);
	(void)printf(
	    "# %u trials, %u of them unknown at first\n", trials, unknowns);
	assert_true(unknowns > trials / 4);
}

/* No connection: nothing was sent, and the same key is good later on. */
static void
test_inv2_a_gateway_that_is_down_gets_nothing(void **state)
{
	struct trial trial = { .point = &points[0], .effect = "nobody there" };

	(void)state;
	(void)snprintf(trial.key, sizeof trial.key, "down");
	(void)snprintf(trial.coid, sizeof trial.coid, "down");
	prepare(&trial);
	control("POST", "restart", "{\"down_ms\":30000,\"keep_login\":true}");
	submit(&trial, trial.key);
	assert_string_equal(trial.outcome, "refused");
	assert_true(trial.free);
	assert_false(is_done(&trial));
	still_sleep(FLIGHT_S * NS_PER_S);
	submit(&trial, trial.key);
	assert_string_equal(trial.outcome, "done");
	assert_true(is_done(&trial));
}

/*
 * An order that lands late is found, however many others are watched, of
 * which a pass has time for a few.
 */
static void
test_inv4_none_of_many_that_are_watched_is_forgotten(void **state)
{
	struct trial late = { .point = &points[0] };

	(void)state;
	for (unsigned i = 0; i <= WATCHED; i++) {
		struct trial trial = { .point = &points[0] };

		trial.effect = "\"effect\":\"close\"";
		if (i == WATCHED)
			trial.effect = "\"effect\":\"close\",\"execute\":"
				       "\"late\",\"ms\":1200000";
		(void)snprintf(trial.key, sizeof trial.key, "w%02u", i);
		(void)snprintf(trial.coid, sizeof trial.coid, "w%02u", i);
		prepare(&trial);
		arrange(&trial);
		submit(&trial, trial.key);
		assert_string_equal(trial.outcome, "unknown");
		late = trial;
	}
	/* long enough to be held to be absent */
	still_sleep(1000 * NS_PER_S);
	assert_false(is_done(&late));
	resolve(&late);
	assert_string_equal(late.outcome, "refused");
	still_sleep(1000 * NS_PER_S);
	assert_true(is_done(&late));
	resolve(&late);
	assert_string_equal(late.outcome, "done");
}

static int
set_up(void **state)
{
	const struct sim_settings with = {
		.state = SIM_STATE_READY, .seed = 1, .pacing = 1
	};

	(void)state;
	trader_begin(&with, 20, "o163, o383");
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	trader_end();
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    test_inv4_each_fault_at_each_point, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		    test_inv4_none_of_many_that_are_watched_is_forgotten,
		    set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		    test_inv2_a_gateway_that_is_down_gets_nothing, set_up,
		    tear_down),
	};

	still_begin((uint64_t)START_S * NS_PER_S);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
