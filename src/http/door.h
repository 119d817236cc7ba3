/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* What the door is made of, and one request on its way through it. */

#ifndef IAG_HTTP_DOOR_H
#define IAG_HTTP_DOOR_H

#include <pthread.h>

#include "auth/auth.h"
#include "base/address.h"
#include "config/form.h"
#include "gateway/workers.h"
#include "http/certificate.h"
#include "http/http.h"
#include "http/listener.h"
#include "http/rate.h"
#include "http/rules.h"
#include "mcp/session.h"
#include "mcp/tools.h"

enum { HTTP_BODY_MAX = 1024 * 1024 };

struct exchange;
struct watch;

struct http {
	const struct registry *registry;
	struct registry *own_registry; /* it is this one, or another's */
	struct gateway *gateway;
	const struct config *config;
	struct auth *auth;
	struct principal principal;
	struct listener *listener;
	struct certificate *certificate;
	struct lists *lists;
	struct workers *workers; /* for what may wait, or takes long */
	struct rate *by_address;
	struct rate *by_principal;
	struct address_net *proxies;
	size_t proxy_count;
	struct url resource;
	bool has_resource;
	bool is_local; /* listens at a loopback address */
	const char *path;
	char *url;
	uint64_t requests, refused; /* atomic */
	uint64_t looked_ns;         /* when the certificate was looked at */
	unsigned watch_count;       /* atomic; streams that ever began */
	bool is_watching;           /* atomic; a job looks for changes */
	bool is_stopping;           /* atomic; no stream begins any more */
	pthread_mutex_t lock;
	pthread_cond_t empty; /* with lock: the last exchange is gone */
	struct exchange *exchanges;
};

/* From the head of a request to the end of its answer. */
struct exchange {
	struct http *http;
	struct exchange *next, *prev; /* with http->lock */
	bool is_watcher;              /* with http->lock; a stream, or soon */
	struct listener_request *request;
	struct address client;
	struct auth_verdict verdict; /* with http->auth */
	bool is_judged;              /* verdict is there */
	const char *path;            /* of metadata, or NULL */
	unsigned accept;
	unsigned status; /* of the answer, if nothing changes it */
	enum era era;
	pthread_mutex_t lock;
	/* with lock */
	struct session *session;
	bool is_gone;         /* the client has left */
	bool is_answered;     /* the message was */
	bool is_stream;       /* the answer goes into a stream */
	struct watch *watch;  /* of a subscription, or NULL */
	uint64_t since_ns;    /* when the call began */
	char *progress_token; /* JSON text, or NULL */
	unsigned progress;    /* the last one told */
};

extern const struct listener_calls exchange_calls;

/* With exchange->lock held: the answer becomes a stream. */
void exchange_stream_begin(struct exchange *exchange);
/* Progress: about once a second. */
void exchange_tick(struct exchange *exchange, uint64_t now_ns);
/* Calls that run end as soon as they can. */
void exchange_cancel(struct exchange *exchange);

#endif
