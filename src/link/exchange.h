/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* What the files of this folder know of a link, and one exchange over it. */

#ifndef IAG_LINK_EXCHANGE_H
#define IAG_LINK_EXCHANGE_H

#include <pthread.h>
#include <stdatomic.h>

#include "host/wire.h"
#include "link/http.h"
#include "link/link.h"
#include "link/shared.h"

struct supervisor;

struct link {
	const struct config *config;
	struct host *host;
	struct shared *shared;
	char name[80]; /* of the store's guard of the supervisor */
	char host_name[256];
	struct http_setup setup;
	atomic_uint busy;     /* exchanges under way */
	pthread_mutex_t lock; /* guards what follows */
	const struct http_module *module;
	struct http_connection *connection; /* at the first request */
	struct supervisor *supervisor;
};

/* host_wire.exchange */
int32_t link_exchange(void *arg, const struct wire_request *request,
    struct wire_answer *ret_answer, struct err *err);

#endif
