/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* The control interface: what a test reads of the world. */

#include <stdlib.h>

#include "base/cleanup.h"
#include "sim/num.h"
#include "sim/pack.h"
#include "sim/route.h"
#include "sim/world.h"

static const char *const broker_states[BROKER_STATE_COUNT] = {
	[BROKER_NONE] = "none",
	[BROKER_STARTING] = "starting",
	[BROKER_READY] = "ready",
	[BROKER_TIMED_OUT] = "timed_out",
	[BROKER_TAKEN] = "taken",
};

static void
state(struct call *call)
{
	const struct sim *sim = call->sim;
	const struct session *session = &sim->session;

	call_pack(call,
	    "{'now_ms':%l,'login':%b,'live':%b,'ends_ms':%l,'brokerage':%s,"
	    "'rival':%b,",
	    call->now_ms, session->outer, session->live, session->ends_ms,
	    broker_states[session->broker], session->rival);
	call_pack(call,
	    "'primed':%b,'sessions':%d,'inits':%d,'competes':%d,"
	    "'logouts':%d,'selected':%s,'day_end_ms':%l}",
	    session->primed, (int)session->serial, (int)session->inits,
	    (int)session->competes, (int)session->logouts, sim->selected->id,
	    sim->day_end_ms);
}

static void
counters(struct call *call)
{
	const struct sim *sim = call->sim;

	call_pack(call,
	    "{'requests':%l,'orders':%l,'trades':%l,'answers':%d,"
	    "'suppressions':%d,'competes':%d,'strangers':%d,'pacing':",
	    (int64_t)sim->traffic.count, (int64_t)sim->book.order_count,
	    (int64_t)sim->book.trade_count, (int)sim->questions.answers,
	    (int)sim->questions.suppressions, (int)sim->session.competes,
	    (int)sim->strangers);
	pacing_write(&call->reply->body, &sim->pacing, call->now_ms);
	call_pack(call, "}");
}

static void
requests(struct call *call)
{
	const char *since = call_param(call, "since");

	call_pack(call, "");
	traffic_write(&call->reply->body, &call->sim->traffic,
	    since ? strtoull(since, NULL, 10) : 0);
}

static void
book(struct call *call)
{
	call_pack(call, "");
	book_write(&call->reply->body, &call->sim->book);
}

static void
faults(struct call *call)
{
	call_pack(call, "");
	faults_write(&call->reply->body, &call->sim->faults);
}

static void
quotes(struct call *call)
{
	const struct market *market = &call->sim->market;

	call_pack(call, "{");
	for (size_t i = 0; i < market->count; i++) {
		const struct quote *quote = &market->list[i];

		pack_item(&call->reply->body,
		    "'%l':{'symbol':%s,'bid':%m,'bid_size':%q,'ask':%m,"
		    "'ask_size':%q,'last':%m,'availability':%s}",
		    quote->contract->conid, quote->contract->symbol, quote->bid,
		    quote->bid_size, quote->ask, quote->ask_size, quote->last,
		    quote->availability);
	}
	call_pack(call, "}");
}

static const struct route routes[] = {
	{ "GET", "/sim/state", 0, state },
	{ "GET", "/sim/clock", 0, state },
	{ "GET", "/sim/counters", 0, counters },
	{ "GET", "/sim/requests", 0, requests },
	{ "GET", "/sim/book", 0, book },
	{ "GET", "/sim/faults", 0, faults },
	{ "GET", "/sim/quotes", 0, quotes },
};
const struct family observe_family = { routes, ARRAY_COUNT(routes) };
