/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The reconciler of a long-lived process: a pass at once, then one in each
 * interval.  What is wrong is logged when it begins and when it is over, not
 * once a pass.
 *
 * Threads: one of its own; any thread starts and stops it.
 * Locks: reconciler->lock guards `stopping` and `call`; that of a call that is
 * cancelled is taken inside it.  No pass runs under it.
 */

#include "orders/reconcile.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/log.h"
#include "base/thread.h"

#define PRINCIPAL "system:reconciler"
/*
 * References are watched for days, and what no list shows is not answered for
 * in a moment: a look each minute is often enough.
 */
#define WATCH_INTERVAL_NS (60 * NS_PER_S)

struct reconciler {
	struct desk *desk;
	uint64_t interval_ns;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool stopping;
	struct call *call; /* of the pass that runs */
	char *said;        /* what was logged last; NULL: nothing is wrong */
	struct reconcile_memory memory;
	uint64_t watched_ns; /* boot time of the last look at watched ones */
};

/* As much time as a read of the broker has; the rest waits for the next. */
static struct call *
pass_begin(struct reconciler *reconciler)
{
	uint64_t limit_ns =
	    desk_config(reconciler->desk)->broker.read_timeout_seconds *
	    NS_PER_S;
	LOCK_SCOPE(&reconciler->lock);

	if (!reconciler->stopping)
		reconciler->call = call_new(clock_boot_ns() + limit_ns);
	return reconciler->call;
}

static void
pass_end(struct reconciler *reconciler)
{
	LOCK_SCOPE(&reconciler->lock);

	call_unref(STEAL(reconciler->call));
}

/* The first sentence of what a pass could not do; "": all is well. */
static void
trouble_of(struct json_object *result, struct buf *out)
{
	struct json_object *notes = json_get(result, "notes");

	if (json_get_int(result, "unknown", 0) +
		json_get_int(result, "unresolved", 0) ==
	    0)
		return;
	for (size_t i = 0; i < json_object_array_length(notes); i++)
		buf_printf(out, "%s%s", i ? "; " : "",
		    json_object_get_string(
			json_object_array_get_idx(notes, i)));
}

static void
say(struct reconciler *reconciler, const char *trouble)
{
	char *said;

	if (strcmp(trouble, reconciler->said ? reconciler->said : "") == 0)
		return;
	if (*trouble)
		log_warning("orders", "reconciler: %s", trouble);
	else
		log_info("orders", "reconciler: everything is answered for");
	said = strdup(trouble);
	free(reconciler->said);
	reconciler->said = said;
}

/* What changed is worth a line each time. */
static void
tell(struct reconciler *reconciler, struct json_object *result)
{
	CLEANUP_BUF struct buf trouble = BUF_INIT;
	int64_t settled = json_get_int(result, "settled", 0);
	int64_t landed = json_get_int(result, "late_landings", 0);

	if (landed)
		log_error("orders",
		    "reconciler: %lld orders that were held to be absent are "
		    "at the broker; the kill switch lets only cancels pass",
		    (long long)landed);
	if (settled)
		log_info("orders", "reconciler: settled %lld requests",
		    (long long)settled);
	trouble_of(result, &trouble);
	say(reconciler, buf_text(&trouble));
}

/* What was held to be absent for good reasons is not looked for all day. */
static void
watched_plan(struct reconciler *reconciler)
{
	uint64_t now_ns = clock_boot_ns();
	bool is_due = !reconciler->watched_ns ||
		      now_ns - reconciler->watched_ns >= WATCH_INTERVAL_NS;

	reconciler->memory.skips_watched = !is_due;
	if (is_due)
		reconciler->watched_ns = now_ns;
}

static void
pass(struct reconciler *reconciler, struct call *call)
{
	const struct audit_event event = {
		.principal = PRINCIPAL,
		.principal_kind = "system",
		.tool_name = "ibkr_reconciler",
	};
	struct order_call order = {
		.desk = reconciler->desk,
		.backend = desk_backend(reconciler->desk),
		.call = call,
		.principal = PRINCIPAL,
		.flags = &order_flags_none,
		.event = &event,
		.success = "orders_reconciled",
	};
	CLEANUP_ERR struct err fault = ERR_INIT;
	CLEANUP_BUF struct buf text = BUF_INIT;
	CLEANUP_JSON struct json_object *result = NULL;

	watched_plan(reconciler);
	if (reconcile_pass(&order, &reconciler->memory, &text, &fault))
		say(reconciler, err_text(&fault));
	else if (json_parse(buf_text(&text), text.len, &json_bounds_default,
		     &result, NULL) == 0)
		tell(reconciler, result);
}

/* false: it is time to end. */
static bool
sleep_for(struct reconciler *reconciler, uint64_t ns)
{
	const struct timespec until = cond_until(ns);
	LOCK_SCOPE(&reconciler->lock);

	while (!reconciler->stopping) {
		if (pthread_cond_timedwait(
			&reconciler->wake, &reconciler->lock, &until))
			break;
	}
	return !reconciler->stopping;
}

static void *
reconciler_main(void *arg)
{
	struct reconciler *reconciler = arg;
	struct call *call;

	do {
		call = pass_begin(reconciler);
		if (call) {
			pass(reconciler, call);
			pass_end(reconciler);
		}
	} while (sleep_for(reconciler, reconciler->interval_ns));
	return NULL;
}

static void
reconciler_free(struct reconciler *reconciler)
{
	pthread_cond_destroy(&reconciler->wake);
	pthread_mutex_destroy(&reconciler->lock);
	free(reconciler->said);
	reconcile_memory_fini(&reconciler->memory);
	free(reconciler);
}

int
reconciler_start(
    struct desk *desk, struct reconciler **ret_reconciler, struct err *err)
{
	struct reconciler *reconciler = calloc(1, sizeof(*reconciler));
	int fault;

	if (!reconciler)
		return err_no_memory(err);
	reconciler->desk = desk;
	reconciler->interval_ns =
	    desk_config(desk)->live_trading.reconciler_interval_seconds *
	    NS_PER_S;
	pthread_mutex_init(&reconciler->lock, NULL);
	cond_init(&reconciler->wake);
	fault =
	    thread_start(&reconciler->thread, 0, reconciler_main, reconciler);
	if (fault) {
		reconciler_free(reconciler);
		return err_set(err, ERR_INTERNAL_ERROR,
		    "cannot start the reconciler: %s", strerror(fault));
	}
	*ret_reconciler = reconciler;
	return 0;
}

void
reconciler_stop(struct reconciler *reconciler)
{
	if (!reconciler)
		return;
	pthread_mutex_lock(&reconciler->lock);
	reconciler->stopping = true;
	if (reconciler->call)
		call_cancel(reconciler->call);
	pthread_cond_broadcast(&reconciler->wake);
	pthread_mutex_unlock(&reconciler->lock);
	(void)pthread_join(reconciler->thread, NULL);
	reconciler_free(reconciler);
}
