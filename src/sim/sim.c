/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The simulator as a whole: see sim.h.  A request passes the gateway's own
 * answers, the limits, the faults and then the table of endpoints.
 */

#include "sim/sim.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "sim/gateway.h"
#include "sim/match.h"
#include "sim/route.h"
#include "sim/seed.h"
#include "sim/world.h"

#define STALE_MS 60000
#define WARM_MS 500
#define STEPS_AT_ONCE 10000

/* A request that is kept, since it is executed after it came. */
struct sim_late {
	struct sim_late *next;
	int64_t due_ms;
	char *method, *target, *body;
	struct sim_request request; /* borrows from the above */
	uint64_t visit;
};

static const struct family *const broker_families[] = { &session_family,
	&account_family, &portfolio_family, &contract_family, &schedule_family,
	&market_family, &history_family, &scanner_family, &order_family,
	&reply_family, &trade_family, &analyst_family, &news_family };
static const struct family *const control_families[] = { &control_family,
	&observe_family };

int64_t
sim_now_ms(const struct sim *sim)
{
	if (sim->settings.manual_clock)
		return sim->start_ms + sim->offset_ms;
	return (int64_t)(clock_real_ns() / NS_PER_MS) + sim->offset_ms;
}

bool
sim_is_first(struct sim *sim, enum cold cold)
{
	unsigned bit = 1u << cold;
	bool first;

	if (sim->warm_session != sim->session.serial)
		sim->warm = 0;
	sim->warm_session = sim->session.serial;
	first = !(sim->warm & bit);
	sim->warm |= bit;
	return first;
}

bool
sim_was_asked(const struct sim *sim, enum cold cold)
{
	return sim->warm_session == sim->session.serial &&
	       (sim->warm & 1u << cold);
}

static void
late_free(struct sim_late *late)
{
	if (!late)
		return;
	free(late->method);
	free(late->target);
	free(late->body);
	free(late);
}

static struct sim_late *
late_new(const struct sim_request *request, int64_t due_ms)
{
	struct sim_late *late = calloc(1, sizeof *late);

	if (!late)
		return NULL;
	late->due_ms = due_ms;
	late->method = strdup(request->method);
	late->target = strdup(request->target);
	late->body = malloc(request->body_len + 1);
	if (!late->method || !late->target || !late->body) {
		late_free(late);
		return NULL;
	}
	if (request->body_len > 0)
		memcpy(late->body, request->body, request->body_len);
	late->request = *request;
	late->request.method = late->method;
	late->request.target = late->target;
	late->request.body = late->body;
	return late;
}

void
sim_queue(struct sim *sim, const struct sim_request *request, int64_t due_ms)
{
	struct sim_late **at = &sim->late;
	struct sim_late *late = late_new(request, due_ms);

	while (*at && (*at)->due_ms <= due_ms)
		at = &(*at)->next;
	if (!late)
		return;
	late->next = *at;
	*at = late;
}

static void
start(struct sim *sim, const struct sim_settings *settings)
{
	int64_t now_ms;

	sim->settings = *settings;
	sim->seed = settings->seed;
	sim->start_ms = settings->start_ms
			    ? settings->start_ms
			    : (int64_t)(clock_real_ns() / NS_PER_MS);
	now_ms = sim_now_ms(sim);
	if (!settings->manual_clock)
		book_number(&sim->book, now_ms);
	sim->warm_ms = WARM_MS;
	sim->questions.stale_ms = STALE_MS;
	pacing_init(&sim->pacing, settings->pacing);
	sim->selected = account_first(&sim->accounts, settings->live);
	if (sim->session.zone)
		sim->day_end_ms = session_midnight(sim->session.zone, now_ms);
	if (settings->state == SIM_STATE_LOGIN)
		return;
	session_login(
	    &sim->session, settings->live, seed_next(&sim->seed), now_ms);
	if (settings->state == SIM_STATE_OUTER)
		return;
	(void)session_ask(&sim->session, false, now_ms);
	sim->session.established_ms = now_ms;
	sim->session.inits = 0;
}

int
sim_new(
    const struct sim_settings *settings, struct sim **ret_sim, struct err *err)
{
	struct sim *sim = calloc(1, sizeof *sim);

	if (!sim)
		return err_no_memory(err);
	if (session_init(&sim->session, settings->midnight, err)) {
		sim_free(sim);
		return err_class(err);
	}
	if (accounts_init(&sim->accounts) || market_init(&sim->market)) {
		sim_free(sim);
		return err_no_memory(err);
	}
	start(sim, settings);
	*ret_sim = sim;
	return 0;
}

void
sim_free(struct sim *sim)
{
	struct sim_late *next;

	if (!sim)
		return;
	for (; sim->late; sim->late = next) {
		next = sim->late->next;
		late_free(sim->late);
	}
	script_fini(&sim->script);
	traffic_fini(&sim->traffic);
	book_fini(&sim->book);
	market_fini(&sim->market);
	accounts_fini(&sim->accounts);
	questions_fini(&sim->questions);
	reactions_clear(&sim->reactions);
	faults_clear(&sim->faults);
	session_fini(&sim->session);
	free(sim);
}

int
sim_script(struct sim *sim, const char *text, size_t len, struct err *err)
{
	return script_load(&sim->script, text, len, sim_now_ms(sim), err);
}

void
sim_reply_init(struct sim_reply *reply)
{
	memset(reply, 0, sizeof *reply);
	reply->cut = SIM_WHOLE;
	reply->bucket = PACING_NONE;
}

void
sim_reply_fini(struct sim_reply *reply)
{
	buf_fini(&reply->body);
	late_free(STEAL(reply->late));
}

/* A step of the script is due: do it, and forget what it answers. */
static bool
run_script(struct sim *sim, int64_t now_ms)
{
	struct sim_reply reply CLEANUP(sim_reply_fini);
	struct sim_request request = { .has_length = true };
	struct json_object *body;
	struct buf text CLEANUP_BUF = BUF_INIT;

	sim_reply_init(&reply);
	if (!script_take(
		&sim->script, now_ms, &request.method, &request.target, &body))
		return false;
	json_write(&text, body, 0);
	request.body = buf_text(&text);
	request.body_len = body ? text.len : 0;
	sim_control(sim, &request, &reply);
	return true;
}

static bool
run_late(struct sim *sim, int64_t now_ms)
{
	struct sim_reply reply CLEANUP(sim_reply_fini);
	struct sim_late *late = sim->late;

	sim_reply_init(&reply);
	if (!late || now_ms < late->due_ms)
		return false;
	sim->late = late->next;
	sim_execute(sim, &late->request, &reply);
	late_free(late);
	return true;
}

void
sim_step(struct sim *sim)
{
	int64_t now_ms = sim_now_ms(sim);
	int steps = 0;

	session_step(&sim->session, now_ms);
	if (sim->questions.session != sim->session.serial)
		sim->questions.suppressed_count = 0;
	if (sim->day_end_ms && now_ms >= sim->day_end_ms) {
		match_expire(&sim->book, sim->day_end_ms);
		sim->day_end_ms = session_midnight(sim->session.zone, now_ms);
	}
	while (steps++ < STEPS_AT_ONCE && run_script(sim, now_ms))
		match_run(&sim->book, &sim->market, now_ms);
	while (steps++ < STEPS_AT_ONCE && run_late(sim, now_ms))
		continue;
	match_run(&sim->book, &sim->market, now_ms);
}

static bool
has_needs(struct call *call, unsigned needs)
{
	const struct session *session = &call->sim->session;

	if ((needs & NEED_OUTER) && !session->outer)
		call_known(call, KNOWN_UNAUTHORIZED);
	else if ((needs & NEED_BROKER) && session->broker != BROKER_READY)
		call_known(call, KNOWN_NO_BRIDGE);
	else if (((needs & NEED_PRIMED) && !session->primed) ||
		 ((needs & NEED_PORTFOLIO) && !session->portfolio_primed))
		call_known(call, KNOWN_ACCOUNTS_FIRST);
	else if ((needs & NEED_ACCOUNT) && !call_account(call))
		return false;
	else if ((needs & NEED_BODY) &&
		 !json_object_is_type(call->body, json_type_object))
		call_known(call, KNOWN_BAD_REQUEST);
	else
		return true;
	return false;
}

struct account *
call_account(struct call *call)
{
	struct account *account = account_find(
	    &call->sim->accounts, call->segments[0], call->sim->session.live);

	if (!account)
		call_error(call, 400, "Bad Request: accountId is not valid: %s",
		    call->segments[0]);
	return account;
}

static void
dispatch(struct call *call, const struct family *const *families, size_t count,
    const char *path)
{
	bool known;
	const struct route *route =
	    route_find(families, count, call->request->method, path, &known);

	if (!route) {
		call_known(call, KNOWN_NOT_FOUND);
		return;
	}
	if (!call_split(call, route->pattern, path)) {
		call_known(call, KNOWN_SERVER_ERROR);
		return;
	}
	if (has_needs(call, route->needs))
		route->handle(call);
	if (call->reply->body.failed)
		call_known(call, KNOWN_SERVER_ERROR);
}

static void
run(struct sim *sim, const struct sim_request *request, struct sim_reply *reply,
    const struct family *const *families, size_t count)
{
	struct call call CLEANUP(call_fini);
	const char *path;

	if (!call_init(&call, sim, request, reply)) {
		call_known(&call, KNOWN_BAD_REQUEST);
		return;
	}
	call.now_ms = sim_now_ms(sim);
	path =
	    families == control_families ? call.path : gateway_strip(call.path);
	if (families != control_families && !request->has_length &&
	    strcmp(request->method, "POST") == 0)
		call_known(&call, KNOWN_LENGTH_REQUIRED);
	else
		dispatch(&call, families, count, path ? path : call.path);
}

void
sim_execute(
    struct sim *sim, const struct sim_request *request, struct sim_reply *reply)
{
	run(sim, request, reply, broker_families, ARRAY_COUNT(broker_families));
}

void
sim_control(
    struct sim *sim, const struct sim_request *request, struct sim_reply *reply)
{
	run(sim, request, reply, control_families,
	    ARRAY_COUNT(control_families));
}

/* Meet a fault: before, instead of or after the execution. */
static void
suffer(struct sim *sim, const struct sim_request *request,
    struct sim_reply *reply, const struct fault *fault, uint64_t visit)
{
	int64_t wait_ms = fault_wait_ms(fault);

	if (fault_execute(fault) == FAULT_EXECUTE_FIRST)
		sim_execute(sim, request, reply);
	else if (fault_execute(fault) == FAULT_EXECUTE_LATE &&
		 !fault_is_delay(fault))
		sim_queue(sim, request, sim_now_ms(sim) + wait_ms);
	if (fault_execute(fault) == FAULT_EXECUTE_LATE &&
	    fault_is_delay(fault)) {
		reply->late = late_new(request, 0);
		if (reply->late)
			reply->late->visit = visit;
	}
	fault_apply(fault, reply, &sim->seed);
	if (fault_execute(fault) == FAULT_EXECUTE_LATE &&
	    !fault_is_delay(fault))
		reply->wait_ms = 0;
}

/* The broker itself: limits, faults, endpoints. */
static void
pass(struct sim *sim, const struct sim_request *request,
    struct sim_reply *reply, const char *path)
{
	const struct fault *fault;
	uint64_t visit = traffic_add(&sim->traffic, request->method,
	    request->target, request->body, request->body_len, sim_now_ms(sim));

	if (!pacing_take(&sim->pacing, path, sim_now_ms(sim), &reply->bucket)) {
		reply->status = known_get(KNOWN_TOO_MANY)->status;
		traffic_end(&sim->traffic, visit, reply->status, NULL);
		return;
	}
	fault = faults_meet(&sim->faults, request->method, path, &sim->seed);
	if (fault)
		suffer(sim, request, reply, fault, visit);
	else
		sim_execute(sim, request, reply);
	traffic_end(&sim->traffic, visit,
	    reply->wire == SIM_WIRE_ANSWER ? reply->status : 0,
	    fault ? fault_name(fault) : NULL);
}

void
sim_handle(
    struct sim *sim, const struct sim_request *request, struct sim_reply *reply)
{
	char path[CALL_PATH];
	size_t len = strcspn(request->target, "?");

	sim_step(sim);
	if (len >= sizeof path)
		len = sizeof path - 1;
	memcpy(path, request->target, len);
	path[len] = '\0';
	if (strncmp(path, "/sim/", 5) == 0)
		sim_control(sim, request, reply);
	else if (!gateway_answer(sim, request, path, reply))
		pass(sim, request, reply, gateway_strip(path));
	if (sim->restart.due)
		reply->restart = sim->restart;
	sim->restart.due = false;
}

void
sim_resume(struct sim *sim, struct sim_reply *reply)
{
	struct sim_late *late = STEAL(reply->late);

	reply->wait_ms = 0;
	if (!late)
		return;
	sim_step(sim);
	sim_execute(sim, &late->request, reply);
	traffic_end(&sim->traffic, late->visit, reply->status, "delay");
	late_free(late);
}

void
sim_done(struct sim *sim, struct sim_reply *reply)
{
	pacing_done(&sim->pacing, reply->bucket);
	reply->bucket = PACING_NONE;
}
