/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* See killing.h. */

#include <setjmp.h>
#include <signal.h>
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
#include "base/json.h"
#include "killing.h"
#include "orders-kit.h"
#include "tracer.h"

/* More calls than lie between gate and settling. */
#define MOST 5000

struct attempt {
	char key[32];
	struct orders_args args;
};

/* One operation, killed at each of its calls. */
struct killing {
	struct orders_kit kit;
	char name[16];
	prepare *prepare;
	bool stops;
	struct attempt *attempts[MOST];
	size_t count;
	unsigned last; /* calls of one that was left alone */
};

void
prepare_submit(const char *key, struct orders_args *args)
{
	char preview[ORDERS_ID], approval[ORDERS_ID];

	orders_approved(ORDERS_PAPER, "1", preview, approval);
	orders_args(args, "orders", "submit", "--enable-paper", "--account",
	    ORDERS_PAPER, "--approval-id", approval, "--idempotency-key", key,
	    NULL);
}

/* The order that the others change: its key is theirs with "-o" behind. */
static void
place(const char *key)
{
	struct orders_args args;
	char own[ORDERS_ID];

	(void)snprintf(own, sizeof(own), "%s-o", key);
	prepare_submit(own, &args);
	(void)json_object_put(orders_must(&args));
}

void
prepare_cancel(const char *key, struct orders_args *args)
{
	char order[ORDERS_ID];

	place(key);
	(void)snprintf(order, sizeof(order), "%s-o", key);
	orders_args(args, "orders", "cancel", "--enable-paper", "--account",
	    ORDERS_PAPER, "--broker-order-id", order, "--idempotency-key", key,
	    NULL);
}

void
prepare_modify(const char *key, struct orders_args *args)
{
	char preview[ORDERS_ID], approval[ORDERS_ID], order[ORDERS_ID];

	place(key);
	(void)snprintf(order, sizeof(order), "%s-o", key);
	orders_approved(ORDERS_PAPER, "2", preview, approval);
	orders_args(args, "orders", "paper-modify", "--enable-paper",
	    "--account", ORDERS_PAPER, "--broker-order-id", order,
	    "--approval-id", approval, "--preview-id", preview,
	    "--idempotency-key", key, NULL);
}

void
prepare_bracket(const char *key, struct orders_args *args)
{
	static const char *const members[] = { "parent", "take_profit",
		"stop_loss" };
	char approvals[3][ORDERS_ID], preview[ORDERS_ID];
	struct json_object *group CLEANUP_JSON = NULL;
	struct orders_args own;

	orders_args(&own, "orders", "bracket-preview", "--enable-preview",
	    "--account", ORDERS_PAPER, "--symbol", "AAPL", "--side", "buy",
	    "--quantity", "1", "--entry-limit-price", "199.00",
	    "--take-profit-limit-price", "205.00", "--stop-loss-stop-price",
	    "190.00", NULL);
	group = orders_must(&own);
	for (size_t i = 0; i < 3; i++) {
		(void)snprintf(preview, sizeof(preview), "%s",
		    json_get_str(
			json_get(group, members[i]), "preview_id", ""));
		orders_approve(ORDERS_PAPER, preview, approvals[i]);
	}
	orders_args(args, "orders", "bracket-submit", "--enable-paper",
	    "--account", ORDERS_PAPER, "--parent-approval-id", approvals[0],
	    "--take-profit-approval-id", approvals[1],
	    "--stop-loss-approval-id", approvals[2], "--idempotency-key", key,
	    NULL);
}

/*
 * While a sender stands still, somebody else tries to settle its intent; if it
 * stands with the store's own lock, nobody gets a turn.
 */
static void
look_and_resume(struct trace *trace)
{
	struct json_object *json CLEANUP_JSON = NULL;
	struct orders_args args;

	orders_args(&args, "reconcile", NULL);
	(void)orders_run(&args, &json);
	trace_resume(trace);
}

/* The command, ended before its n-th call; false: it has not so many. */
static bool
kill_one(struct killing *killing, unsigned n)
{
	struct attempt *attempt = calloc(1, sizeof(*attempt));
	struct trace trace = {
		.from = "send",
		.at = n,
		.stops = killing->stops,
	};

	assert_non_null(attempt);
	assert_true(killing->count < MOST);
	killing->attempts[killing->count++] = attempt;
	(void)snprintf(
	    attempt->key, sizeof(attempt->key), "%s-%u", killing->name, n);
	killing->prepare(attempt->key, &attempt->args);
	if (!trace_run(&trace, attempt->args.argv))
		return false;
	if (!trace.armed)
		fail_msg("the guard was never opened: %s", trace.output);
	if (trace.reached && killing->stops)
		look_and_resume(&trace);
	if (!trace.reached && WEXITSTATUS(trace.status) != 0)
		fail_msg("not killed, and fails: %s", trace.output);
	killing->last = trace.seen;
	return trace.reached;
}

/* The count of what this operation does at the broker. */
static uint32_t
sent_of(const struct killing *killing, const char *key)
{
	struct venue_reply reply;
	char order[ORDERS_ID];

	if (killing->prepare == prepare_submit ||
	    killing->prepare == prepare_bracket)
		return venue_find(killing->kit.socket, key).submits;
	(void)snprintf(order, sizeof(order), "%s-o", key);
	reply = venue_find(killing->kit.socket, order);
	assert_int_equal(reply.submits, 1);
	return killing->prepare == prepare_cancel ? reply.cancels
						  : reply.modifies;
}

/*
 * Whoever asks again with the same key gets what became of it, and only
 * where nothing was ever recorded does it happen now; in no case twice.
 */
static void
ask_again(struct killing *killing, struct attempt *attempt)
{
	struct json_object *json CLEANUP_JSON = NULL;
	uint32_t before = sent_of(killing, attempt->key), after;
	int code;

	assert_true(before <= 1);
	code = orders_run(&attempt->args, &json);
	after = sent_of(killing, attempt->key);
	if (after != (code == 0 ? 1 : before) || (code != 0 && before != 0))
		fail_msg("%s: sent %u, then %u times, and exit code %d: %s",
		    attempt->key, before, after, code,
		    json_object_to_json_string(json));
}

/* A used approval serves no other key. */
static void
reuse(struct killing *killing, struct attempt *attempt)
{
	struct json_object *json CLEANUP_JSON = NULL;
	struct orders_args *args = &attempt->args;
	char *key = args->texts[args->count - 1];

	(void)snprintf(key, sizeof(args->texts[0]), "%s-again", attempt->key);
	assert_int_equal(orders_run(args, &json), 1);
	assert_int_equal(venue_find(killing->kit.socket, key).submits, 0);
}

/* What the gateway counts is what the broker has. */
static void
check_counters(struct killing *killing)
{
	struct venue_request request = { .verb = VENUE_COUNT };
	struct json_object *json CLEANUP_JSON = NULL;
	struct orders_args args;
	struct venue_reply reply;

	assert_int_equal(venue_ask(killing->kit.socket, &request, &reply), 0);
	orders_args(&args, "limits", "status", "--account", ORDERS_PAPER, NULL);
	json = orders_must(&args);
	assert_int_equal(
	    json_get_int(json, "submitted_in_session", -1), reply.count);
}

static void
check_chain(void)
{
	struct json_object *json CLEANUP_JSON = NULL;
	struct orders_args args;

	orders_args(&args, "audit", "verify", "--state", NULL);
	json = orders_must(&args);
}

static void
kill_once(const char *name, prepare *how, bool stops, unsigned step)
{
	static struct killing killing;
	unsigned n = 1;

	memset(&killing, 0, sizeof(killing));
	(void)snprintf(killing.name, sizeof(killing.name), "%s", name);
	killing.prepare = how;
	killing.stops = stops;
	orders_kit_init(&killing.kit, 100000);
	while (kill_one(&killing, n))
		n += step;
	if (killing.last == 0) {
		orders_kit_fini(&killing.kit);
		skip();
	}
	print_message("# %s: %s at %zu calls of %u\n", name,
	    stops ? "stopped" : "killed", killing.count - 1, killing.last);
	orders_settle_all();
	for (size_t i = 0; i < killing.count; i++) {
		ask_again(&killing, killing.attempts[i]);
		if (how == prepare_submit)
			reuse(&killing, killing.attempts[i]);
		free(killing.attempts[i]);
	}
	check_counters(&killing);
	check_chain();
	orders_kit_fini(&killing.kit);
}

void
kill_everywhere(const char *name, prepare *how)
{
	if (KILLING_IS_FOR_OTHERS)
		skip();
	for (int i = 0; i < (getenv("IAG_TEST_LONG") ? 5 : 1); i++)
		kill_once(name, how, false, 1);
}

void
stop_here_and_there(const char *name, prepare *how)
{
	if (KILLING_IS_FOR_OTHERS)
		skip();
	kill_once(name, how, true, getenv("IAG_TEST_LONG") ? 1 : 9);
}
