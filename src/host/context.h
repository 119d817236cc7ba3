/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The context of one call into a plugin: what its services work on.  Counted,
 * because an abandoned callback may outlive its caller; everything that it
 * points to lives as long as it does.
 */

#ifndef IAG_HOST_CONTEXT_H
#define IAG_HOST_CONTEXT_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/secret.h"
#include "host/call.h"
#include "host/host.h"
#include "host/option.h"
#include "host/plugin.h"
#include "host/pool.h"

#define CONTEXT_INTERN_MAX (16 * 1048576)   /* bytes that a call interns */
#define CONTEXT_REPLY_MAX ((size_t)1048576) /* bytes of an answer */

struct context_piece {
	struct context_piece *next;
	char text[];
};

struct context_secret {
	struct context_secret *next;
	struct secret *secret;
};

struct write;

struct iag_ctx {
	atomic_uint refs;
	const struct plugin *plugin;
	struct instance *instance;        /* NULL inside load() */
	const struct option_set *options; /* NULL inside load() */
	const char *label;                /* for logs */
	const char *callback;             /* "query", for messages */
	bool takes_reply;
	bool lasts;   /* of start(): lives until stop() has returned */
	bool closing; /* of stop() and close(): runs when nothing else may */
	struct write *write; /* of a writer's callback: job.arg; else NULL */
	struct call *call;
	struct call_watch watch;
	_Atomic uint64_t deadline_ns; /* UINT64_MAX: none */
	atomic_bool revoked;          /* the instance stops */

	pthread_mutex_t lock; /* guards what follows, up to the job */
	pthread_cond_t cond;  /* done, or the call is over */
	bool done;            /* the callback has returned */
	bool left;            /* the caller has gone: an answer is dropped */
	int fd;
	int32_t fail_result; /* 0: host->fail() was not called */
	enum err_code fail_code;
	char *fail_text;
	uint64_t retry_after_ns;
	unsigned replies;
	char *broken; /* what is wrong with the answer, NULL: nothing */
	struct answer answer;
	struct context_piece *interned;
	size_t interned_len;
	struct context_secret *secrets;

	struct job job;
	/* guarded by instance->lock */
	bool flies;           /* the callback runs */
	struct iag_ctx *prev; /* among those in flight */
	struct iag_ctx *next;
};

/*
 * A new context with one reference; call may be NULL.  deadline_ns: the
 * host's own limit, the earlier of it and the call's holds.
 */
struct iag_ctx *context_new(const struct plugin *plugin, const char *callback,
    struct call *call, uint64_t deadline_ns);
struct iag_ctx *context_ref(struct iag_ctx *ctx);
void context_unref(struct iag_ctx *ctx); /* NULL is fine */
/* In place, for contexts that never leave the calling thread. */
void context_init(struct iag_ctx *ctx, const struct plugin *plugin,
    const char *callback, struct call *call, uint64_t deadline_ns);
void context_fini(struct iag_ctx *ctx);

/* Forget error and interned strings before the next callback. */
void context_reset(struct iag_ctx *ctx, const char *callback);

bool context_is_over(const struct iag_ctx *ctx);
/* The call is to end: wakes sleepers and the descriptor. */
void context_revoke(struct iag_ctx *ctx);
/* The callback has returned: wakes who waits in context_wait(). */
void context_finish(struct iag_ctx *ctx);
/* The caller goes: what the callback still says is dropped. */
void context_leave(struct iag_ctx *ctx);
/* Until the callback has returned or the call is over; true: returned. */
bool context_wait(struct iag_ctx *ctx);
/* 0 after ns, IAG_STOPPING as soon as the call is over. */
int32_t context_sleep(struct iag_ctx *ctx, uint64_t ns);
/* Readable once the call is over; -1. */
int context_fd(struct iag_ctx *ctx);

/*
 * What a callback's result means: 0, or the class with code and text in *err
 * (the plugin's words, else a text that names plugin and callback).
 */
int context_result(struct iag_ctx *ctx, int32_t result, struct err *err);
/* The reason why a call is over: CALL_CANCELLED or CALL_TIMED_OUT. */
int context_over(struct iag_ctx *ctx, const char *what, struct err *err);

/* The services of plugin.h: for every kind but writers, and for writers. */
extern const struct iag_host services_table;
extern const struct iag_host writer_services_table;

#endif
