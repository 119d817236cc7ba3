/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The gateway: one configuration, one host, one store, one backend, and the
 * calls that run through them.  What opens them is in house.c.
 *
 * Threads: any thread enters gateway_call and gateway_run.
 * gateway->lock guards the list of running calls and `stopping`.
 * Lock order: gateway->lock, then a call's and what its watches take.
 */

#include "gateway/gateway.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "config/scope.h"
#include "gateway/house.h"
#include "gateway/workers.h"

/* One call that is inside; lives on the stack of gateway_call(). */
struct running {
	struct call *call;
	struct running *next, *prev;
};

struct gateway {
	struct config *config;
	struct host *host;
	struct house *house;
	struct workers *workers;
	struct workers *reserve; /* for operators and probes */
	struct metrics *metrics;
	pthread_mutex_t lock;
	pthread_cond_t empty; /* the last running call has left */
	struct running *running;
	bool stopping;
	atomic_uint lent;
};

static void
gateway_drop(struct gateway *gateway)
{
	workers_free(gateway->workers);
	workers_free(gateway->reserve);
	metrics_free(gateway->metrics);
	house_free(gateway->house);
	pthread_cond_destroy(&gateway->empty);
	pthread_mutex_destroy(&gateway->lock);
	config_free(gateway->config);
	free(gateway);
}

int
gateway_new(const struct gateway_setup *setup, struct gateway **ret_gateway,
    struct err *err)
{
	struct gateway *gateway = calloc(1, sizeof(*gateway));
	struct house_setup house = {
		.config = setup->config,
		.secret = setup->secret,
		.live_broker = setup->live_broker,
		.is_command = setup->is_command,
	};

	if (!gateway) {
		config_free(setup->config);
		secret_free(setup->secret);
		return err_no_memory(err);
	}
	gateway->config = setup->config;
	pthread_mutex_init(&gateway->lock, NULL);
	pthread_cond_init(&gateway->empty, NULL);
	gateway->workers = workers_new();
	gateway->reserve = workers_new();
	gateway->metrics = metrics_new();
	gateway->host = host_new(&setup->config->plugins.path, setup->config);
	house.host = gateway->host;
	gateway->house = house_new(&house);
	if (!gateway->house)
		secret_free(setup->secret);
	if (!gateway->workers || !gateway->reserve || !gateway->metrics ||
	    !gateway->host || !gateway->house) {
		if (gateway->host)
			(void)host_free(gateway->host);
		gateway_drop(gateway);
		return err_no_memory(err);
	}
	*ret_gateway = gateway;
	return 0;
}

/* Cancel what runs, and wait until nobody is inside. */
static void
gateway_drain(struct gateway *gateway)
{
	struct running *running;
	LOCK_SCOPE(&gateway->lock);

	gateway->stopping = true;
	for (running = gateway->running; running; running = running->next)
		if (running->call)
			call_cancel(running->call);
	while (gateway->running)
		pthread_cond_wait(&gateway->empty, &gateway->lock);
}

bool
gateway_free(struct gateway *gateway)
{
	bool clean;

	if (!gateway)
		return true;
	workers_stop(gateway->workers);
	workers_stop(gateway->reserve);
	gateway_drain(gateway);
	workers_free(gateway->workers);
	workers_free(gateway->reserve);
	gateway->workers = NULL;
	gateway->reserve = NULL;
	house_close(gateway->house);
	clean = host_free(gateway->host);
	/* a stuck callback may still read the configuration */
	if (clean)
		gateway_drop(gateway);
	return clean;
}

void
gateway_cancel_calls(struct gateway *gateway)
{
	LOCK_SCOPE(&gateway->lock);

	for (struct running *r = gateway->running; r; r = r->next)
		if (r->call)
			call_cancel(r->call);
}

void
gateway_load(struct gateway *gateway, struct gateway_load *ret_load)
{
	struct gateway_load load = { .calls = 0 };

	workers_load(gateway->workers, &load.workers, &load.idle, &load.queued);
	LOCK_SCOPE(&gateway->lock);

	for (struct running *r = gateway->running; r; r = r->next)
		load.calls++;
	*ret_load = load;
}

bool
gateway_is_idle(struct gateway *gateway)
{
	LOCK_SCOPE(&gateway->lock);

	return !gateway->running;
}

struct metrics *
gateway_metrics(struct gateway *gateway)
{
	return gateway->metrics;
}

const struct config *
gateway_config(const struct gateway *gateway)
{
	return gateway->config;
}

struct host *
gateway_host(struct gateway *gateway)
{
	return gateway->host;
}

uint64_t
gateway_scopes(const struct gateway *gateway)
{
	const struct config_list *list = &gateway->config->auth.enabled_scopes;
	uint64_t scopes = 0;
	size_t i;

	for (i = 0; i < list->count; i++)
		scopes |= scope_bit(list->items[i]);
	return scopes;
}

int
gateway_ready(struct gateway *gateway, const struct tool_house **ret_house,
    struct err *err)
{
	return house_open(gateway->house, ret_house, err);
}

const struct tool_house *
gateway_peek(struct gateway *gateway)
{
	return house_peek(gateway->house);
}

static bool
running_enter(struct gateway *gateway, struct running *running)
{
	LOCK_SCOPE(&gateway->lock);

	if (gateway->stopping)
		return false;
	running->prev = NULL;
	running->next = gateway->running;
	if (running->next)
		running->next->prev = running;
	gateway->running = running;
	return true;
}

static void
running_leave(struct gateway *gateway, struct running *running)
{
	LOCK_SCOPE(&gateway->lock);

	if (running->prev)
		running->prev->next = running->next;
	else
		gateway->running = running->next;
	if (running->next)
		running->next->prev = running->prev;
	if (!gateway->running)
		pthread_cond_broadcast(&gateway->empty);
}

/* A result for what failed before the dispatch; it has no audit record. */
static int
result_of_error(
    struct tool_result *result, const struct principal *reader, struct err *err)
{
	tool_result_init(result);
	tool_error_conceal(err, reader);
	result->is_error = true;
	tool_error_json(&result->json, err, NULL);
	err_move(&result->err, err);
	return err_class(&result->err);
}

int
gateway_call(struct gateway *gateway, const struct tool_request *request,
    struct tool_result *ret_result)
{
	struct err err CLEANUP_ERR = ERR_INIT;
	struct running running = { .call = request->call };
	const uint64_t start_ns = clock_boot_ns();
	const struct tool_house *house;
	int rc;

	if (!running_enter(gateway, &running)) {
		(void)err_set(
		    &err, ERR_CALL_CANCELLED, "the gateway is stopping");
		return result_of_error(ret_result, request->principal, &err);
	}
	if (house_open(gateway->house, &house, &err) == 0)
		rc = tool_dispatch(house, request, ret_result);
	else
		rc = result_of_error(ret_result, request->principal, &err);
	metrics_count(gateway->metrics,
	    request->operation ? request->operation : tool_find(request->name),
	    ret_result, clock_boot_ns() - start_ns);
	running_leave(gateway, &running);
	return rc;
}

struct call *
gateway_call_new(const struct gateway *gateway, const struct tool *tool)
{
	const struct config *config = gateway->config;
	uint64_t limit = !tool || tool->flags & TOOL_READ_ONLY
			     ? config->broker.read_timeout_seconds
			     : config->broker.write_timeout_seconds;

	return call_new(clock_boot_ns() + limit * NS_PER_S);
}

int
gateway_run(struct gateway *gateway, void (*job)(void *arg), void *arg)
{
	return workers_run(gateway->workers, job, arg);
}

int
gateway_run_reserved(struct gateway *gateway, void (*job)(void *arg), void *arg)
{
	return workers_run(gateway->reserve, job, arg);
}

bool
gateway_lend(struct gateway *gateway)
{
	unsigned lent = atomic_load(&gateway->lent);

	while (lent < GATEWAY_LENT_MAX) {
		if (atomic_compare_exchange_weak(
			&gateway->lent, &lent, lent + 1))
			return true;
	}
	return false;
}

void
gateway_take_back(struct gateway *gateway)
{
	atomic_fetch_sub(&gateway->lent, 1);
}
