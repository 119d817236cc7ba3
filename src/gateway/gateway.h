/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The assembly: configuration, host, store, journal, backend, workers, in
 * the order in which they are needed.  A gateway that was only made has
 * touched nothing (invariant 9): plugins, store and broker are opened at the
 * first call of a tool.
 */

#ifndef IAG_GATEWAY_GATEWAY_H
#define IAG_GATEWAY_GATEWAY_H

#include <stdbool.h>

#include "config/config.h"
#include "gateway/metrics.h"
#include "tools/dispatch.h"

struct gateway;

/* config and secret are taken, the rest is borrowed for the call. */
struct gateway_setup {
	struct config *config;
	struct secret *secret;   /* from a program; NULL: as configured */
	const char *live_broker; /* --live-broker; NULL: as configured */
	bool is_command;         /* one command and the process ends */
};
int gateway_new(const struct gateway_setup *setup, struct gateway **ret_gateway,
    struct err *err);
/*
 * Waits for running calls (which are cancelled), closes writers, backends,
 * store.  false: a plugin callback is stuck; leave the process by _exit().
 */
bool gateway_free(struct gateway *gateway);

const struct config *gateway_config(const struct gateway *gateway);
struct host *gateway_host(struct gateway *gateway);
/* The bits of auth.enabled_scopes. */
uint64_t gateway_scopes(const struct gateway *gateway);

/*
 * Open what a call needs; later calls return the first outcome, but an
 * unavailable store or backend is tried again.  *ret_house is borrowed and
 * stays valid until gateway_free().  A backend that cannot be opened is no
 * error here: house->backend is NULL and backend_fault says why.
 */
int gateway_ready(struct gateway *gateway, const struct tool_house **ret_house,
    struct err *err);

/* What is open now, without opening anything; NULL: nothing. */
const struct tool_house *gateway_peek(struct gateway *gateway);

/* One call on the calling thread; always gives a result. */
int gateway_call(struct gateway *gateway, const struct tool_request *request,
    struct tool_result *ret_result);

/*
 * A call with the configured deadline: broker.read_timeout_seconds for tools
 * that only read and without a tool, else broker.write_timeout_seconds.
 */
struct call *gateway_call_new(
    const struct gateway *gateway, const struct tool *tool);

/*
 * Run job(arg) on a worker of the pool (made lazily, at most WORKERS_MAX).
 * IAG_STOPPING once gateway_free() has begun: job will not run.
 */
int gateway_run(struct gateway *gateway, void (*job)(void *arg), void *arg);
/*
 * The same in a pool that agents have no part in: a kill switch is closed,
 * and a probe answered, however many calls of theirs wait or are not read.
 */
int gateway_run_reserved(
    struct gateway *gateway, void (*job)(void *arg), void *arg);

/*
 * May the thread that asks run a call of an agent's itself, in place of a
 * worker?  Not more than GATEWAY_LENT_MAX do at once, so that agents never
 * have more calls inside than plugins have threads for, with some to spare
 * for operators.  gateway_take_back() after the call.
 */
#define GATEWAY_LENT_MAX 8
bool gateway_lend(struct gateway *gateway);
void gateway_take_back(struct gateway *gateway);

/* Calls that are inside are to end; new ones go on as ever. */
void gateway_cancel_calls(struct gateway *gateway);

/* How much there is to do now. */
struct gateway_load {
	unsigned calls;   /* inside */
	unsigned workers; /* threads of the pool */
	unsigned idle;    /* of them */
	unsigned queued;  /* jobs that wait for one */
};
void gateway_load(struct gateway *gateway, struct gateway_load *ret_load);
/* Does no call run? */
bool gateway_is_idle(struct gateway *gateway);
struct metrics *gateway_metrics(struct gateway *gateway);

#endif
