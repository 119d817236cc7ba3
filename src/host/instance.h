/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * A running instance of a plugin and the host that it belongs to, as the
 * files of this folder see them.
 */

#ifndef IAG_HOST_INSTANCE_H
#define IAG_HOST_INSTANCE_H

#include <pthread.h>
#include <stdatomic.h>

#include "host/context.h"
#include "host/host.h"
#include "host/option.h"
#include "host/plugin.h"
#include "host/pool.h"
#include "host/wire.h"
#include "host/writer.h"

#define INSTANCE_COUNTERS 64

struct counter {
	char *name;
	uint64_t value;
};

struct instance {
	struct instance *next; /* of the host */
	struct host *host;
	struct plugin *plugin;
	char *label;
	struct option_set *options;
	void *data;                /* the plugin's own pointer */
	struct iag_ctx *start_ctx; /* lives until stop() has returned */
	struct iag_ctx *stop_ctx;
	struct iag_ctx *close_ctx;
	struct lane lane;
	bool started;

	pthread_mutex_t lock; /* guards what follows */
	pthread_cond_t idle;  /* nothing is in flight and nobody waits */
	bool stopping;
	struct iag_ctx *in_flight; /* waiting for a thread or running */
	unsigned callers;          /* inside instance_run() */
	struct counter counters[INSTANCE_COUNTERS];
	size_t counter_count;
};

struct host {
	const struct config *config;
	struct config_list dirs;
	struct pool *pool;
	pthread_mutex_t lock; /* guards instances */
	struct instance *instances;
	bool stuck;            /* an instance was left behind */
	struct host_desk desk; /* of state_* and query; zero: none */
	struct host_wire wire; /* of http and session_*; zero: none */
};

/* Boot time by which open, start, stop, health must have returned. */
uint64_t host_own_deadline_ns(const struct host *host);

/*
 * Run one callback of an instance on a plugin thread (stores: here).  Fails
 * as pool_run() does, and with BROKER_BACKEND_UNAVAILABLE when the instance
 * stops; otherwise *ret_result is what the callback returned.
 */
int instance_run(struct instance *instance, struct iag_ctx *ctx,
    int32_t *ret_result, struct err *err);

/* A context for a callback of this instance. */
struct iag_ctx *instance_context(struct instance *instance,
    const char *callback, struct call *call, uint64_t deadline_ns);

void instance_count(
    struct instance *instance, const char *name, uint64_t amount);

#endif
