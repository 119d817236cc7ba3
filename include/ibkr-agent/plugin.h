/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Plugin ABI 1: what a plugin hands to the host (the descriptor) and what
 * the host offers to a plugin (the services).  ibkr-agent-plugin(3) is the
 * guide; this file is the contract.
 *
 * Growth: members are only ever appended, never retyped, and no callback
 * gains a parameter.  Tables are const on both sides and begin with their
 * struct_size; the host copies min(sizes) into zeroed memory, so a missing
 * tail reads as NULL.  A table that a plugin fills may be smaller than this
 * header's only by equalling the size of an earlier minor.  The host sets
 * struct_size of records that it hands out; test late members with IAG_HAS.
 *
 * Memory: nobody frees what another allocated.  Strings and records given to
 * a callback live until it returns; what a callback gives back is either
 * constant in the plugin or made by host->intern().
 *
 * Threads: callbacks run on threads of the host, serialised by thread_model.
 * A plugin may have threads of its own between start() and stop() only, and
 * these use the context that start() was given.  Plugins never install
 * signal handlers, exit, abort, fork without exec, or change directory,
 * umask or locale, and never call global initialisers of libcurl or GnuTLS.
 */

#ifndef IBKR_AGENT_PLUGIN_H
#define IBKR_AGENT_PLUGIN_H

#include "ibkr-agent/broker.h"
#include "ibkr-agent/types.h"

#ifdef __cplusplus
extern "C" {
#endif

#define IAG_ABI_MAJOR 1
#define IAG_ABI_MINOR 1

/* Kinds.  One shared object is one plugin of one kind. */
#define IAG_KIND_BACKEND 1 /* reads from the broker: backend.h */
#define IAG_KIND_WRITER 2  /* the LiveOrderWriter: writer.h */
#define IAG_KIND_STORE 3   /* durable ordered storage: store.h */

/* Thread models, strictest first; the host may narrow, never widen. */
#define IAG_THREAD_PLUGIN_SERIAL 1000   /* one callback at a time */
#define IAG_THREAD_INSTANCE_SERIAL 2000 /* one at a time per instance */
#define IAG_THREAD_PARALLEL 3000        /* any number at once */

/* hint_flags: may be ignored by a host that does not know them. */
#define IAG_HINT_SIMULATED 0x1u      /* places nothing at a real broker */
#define IAG_HINT_SINGLE_PROCESS 0x2u /* one process per store may open it */

/* Types of options. */
#define IAG_OPTION_STRING 1
#define IAG_OPTION_INTEGER 2 /* min and max are decimal texts or NULL */
#define IAG_OPTION_BOOLEAN 3 /* "true" or "false" */
#define IAG_OPTION_DECIMAL 4 /* read with option_str */
#define IAG_OPTION_CHOICE 5  /* choices: words separated by one space */
#define IAG_OPTION_PATH 6    /* absolute, or relative to the config file */

#define IAG_OPTION_REQUIRED 0x1u
#define IAG_OPTION_SECRET 0x2u /* names a secret, never shown */

/*
 * One option of a plugin, from `plugins.options.NAME` in the configuration.
 * The host parses, checks and documents; a plugin only reads.
 */
struct iag_option {
	uint32_t type;     /* IAG_OPTION_* */
	uint32_t flags;    /* IAG_OPTION_REQUIRED, ... */
	const char *key;   /* [a-z][a-z0-9_]* */
	const char *value; /* the default as text; NULL: none */
	const char *min;
	const char *max;
	const char *choices;
	const char *help; /* one line */
};

/* Levels of log(). */
#define IAG_LOG_ERROR 0
#define IAG_LOG_WARNING 1
#define IAG_LOG_INFO 2
#define IAG_LOG_DEBUG 3

/* What is known about an answer besides its text. */
#define IAG_REPLY_COMPLETE 0x1u /* nothing is missing, no page is left out */
#define IAG_REPLY_COLD 0x2u     /* a first read that may be sparse */
#define IAG_REPLY_DELAYED 0x4u  /* market data of a delayed feed */
#define IAG_REPLY_STALE 0x8u    /* older than the broker should give */

struct iag_reply_meta {
	uint32_t struct_size;
	uint32_t flags;      /* IAG_REPLY_* */
	uint64_t source_ns;  /* real time at the source; 0: not given */
	uint64_t receipt_ns; /* real time it came in; 0: now */
};

/*
 * The services.  Every one takes the context of the call first.  A service
 * that a host does not offer is NULL: test with IAG_HAS and for NULL.
 */
struct iag_host {
	uint32_t struct_size;
	uint32_t abi_minor;
	const char *version; /* of the host, for people */

	/* One line to the host's log, attributed to the instance. */
	void (*log)(struct iag_ctx *ctx, uint32_t level, const char *text);

	/*
	 * Say why the call fails and return result (IAG_*), so that
	 * `return host->fail(ctx, IAG_AUTH, "BROKER_SESSION_REQUIRED", ...)`
	 * is one statement.  code: a stable code of ibkr-agent(1) or NULL
	 * for the default of the result.  The text reaches people.
	 */
	int32_t (*fail)(struct iag_ctx *ctx, int32_t result, const char *code,
	    const char *format, ...);
	/* With IAG_LIMIT: not before so many nanoseconds from now. */
	void (*retry_after)(struct iag_ctx *ctx, uint64_t ns);

	uint64_t (*real_ns)(struct iag_ctx *ctx);
	uint64_t (*boot_ns)(struct iag_ctx *ctx);
	/* Boot time at which the call must be over; UINT64_MAX: none. */
	uint64_t (*deadline_ns)(struct iag_ctx *ctx);
	/* 0 after ns, IAG_STOPPING as soon as the call is to end. */
	int32_t (*sleep_ns)(struct iag_ctx *ctx, uint64_t ns);
	/* Readable once the call is to end; borrowed; -1: none to be had. */
	int32_t (*cancel_fd)(struct iag_ctx *ctx);
	/* Not 0 once the call is to end. */
	int32_t (*stopping)(struct iag_ctx *ctx);

	/*
	 * Options of the instance; 0, or IAG_NOTFOUND if neither set nor
	 * defaulted, or IAG_INVAL for a key of another type.
	 */
	int32_t (*option_str)(
	    struct iag_ctx *ctx, const char *key, const char **ret_value);
	int32_t (*option_int)(
	    struct iag_ctx *ctx, const char *key, int64_t *ret_value);
	int32_t (*option_bool)(
	    struct iag_ctx *ctx, const char *key, uint32_t *ret_value);
	/* Borrow secret bytes; give them back with secret_done(). */
	int32_t (*secret)(
	    struct iag_ctx *ctx, const char *key, struct iag_bytes *ret_secret);
	void (*secret_done)(struct iag_ctx *ctx, struct iag_bytes *secret);

	/* A copy that lives until the call has returned; NULL: no memory. */
	const char *(*intern)(
	    struct iag_ctx *ctx, const char *text, size_t len);

	/*
	 * The answer of a query: JSON text of at most 1 MiB, exactly once
	 * per call; a second one fails with IAG_INVAL.  Copied.
	 */
	int32_t (*reply)(struct iag_ctx *ctx, const struct iag_reply_meta *meta,
	    const char *json, size_t len);

	/* Add to a counter of the instance; name: [a-z][a-z0-9_]*. */
	void (*count)(struct iag_ctx *ctx, const char *name, uint64_t amount);

	/* A hint that something changed; never re-enters the plugin. */
	int32_t (*emit)(
	    struct iag_ctx *ctx, const char *topic, const char *key);

	/*
	 * For writers; NULL in a host that places no orders.
	 *
	 * commit_send: the point of no return, called immediately before the
	 * first byte of an order leaves.  Anything but 0: send nothing and
	 * return that result.
	 */
	int32_t (*commit_send)(struct iag_ctx *ctx);
	/*
	 * May the broker's question be answered with yes?  0: yes, recorded;
	 * IAG_REJECTED: no, and the order is refused.  The policy is the
	 * host's: a plugin never answers by itself.
	 */
	int32_t (*question)(struct iag_ctx *ctx, const char *const *message_ids,
	    const char *const *texts, size_t count);
	/* A read of the same account's backend; *ret_json is interned. */
	int32_t (*query)(struct iag_ctx *ctx, const char *operation,
	    const char *arguments, size_t len, const char **ret_json,
	    size_t *ret_len);
	/* Durable bytes of this plugin and account; keys <= 200 bytes. */
	int32_t (*state_get)(struct iag_ctx *ctx, const struct iag_bytes *key,
	    struct iag_bytes *ret_value);
	int32_t (*state_put)(struct iag_ctx *ctx, const struct iag_bytes *key,
	    const struct iag_bytes *value);
	int32_t (*state_del)(struct iag_ctx *ctx, const struct iag_bytes *key);
	/* The first key behind *key (empty: the first of all). */
	int32_t (*state_next)(struct iag_ctx *ctx, const struct iag_bytes *key,
	    struct iag_bytes *ret_key, struct iag_bytes *ret_value);

	/*
	 * Since 1.1; for backends and writers, NULL in a host without them.
	 *
	 * http: one exchange with the broker over the account's connection.
	 * The caller sets ret_response->struct_size.  0: an answer came,
	 * whatever its status.  Otherwise the text is set already:
	 *   IAG_INVAL    no route of the plugin allows this request
	 *   IAG_LIMIT    its turn would come too late; nothing was sent
	 *   IAG_AGAIN    no connection or no whole answer; with WRITE:
	 *                nothing was sent
	 *   IAG_UNKNOWN  of WRITE: sent, and no whole answer came
	 *   IAG_STOPPING the call is over; with WRITE: nothing was sent
	 * A WRITE calls commit_send() itself, once, when its connection
	 * stands, and fails with its result; it is never sent twice.
	 */
	int32_t (*http)(struct iag_ctx *ctx,
	    const struct iag_http_request *request,
	    struct iag_http_response *ret_response);
	/*
	 * The facts of the connection's session: what the plugin saw (a 401
	 * is `known` LOGIN without the fact), and what all processes saw.
	 * The caller sets struct_size; strings are interned.
	 */
	int32_t (*session_set)(
	    struct iag_ctx *ctx, const struct iag_session *session);
	int32_t (*session_get)(
	    struct iag_ctx *ctx, struct iag_session *ret_session);
};

/*
 * Life of an instance, the same for every kind:
 * open -> start -> (calls) -> stop -> close.  NULL members are skipped.
 */
struct iag_instance_ops {
	uint32_t struct_size;
	uint32_t reserved; /* 0 */

	/* Check options, allocate; no network, no threads. */
	int32_t (*open)(struct iag_ctx *ctx, void **ret_instance);
	/* Connect, make threads.  ctx stays valid until stop() returns. */
	int32_t (*start)(struct iag_ctx *ctx, void *instance);
	/* End threads and connections; calls in flight are over by then. */
	void (*stop)(struct iag_ctx *ctx, void *instance);
	void (*close)(struct iag_ctx *ctx, void *instance);
	/* 0, or why the instance cannot work now (host->fail). */
	int32_t (*health)(struct iag_ctx *ctx, void *instance);
};

/* What a plugin is; const and alive for the life of the process. */
struct iag_plugin {
	uint32_t struct_size;
	uint32_t abi_minor; /* IAG_ABI_MINOR of the header it was built with */
	uint32_t kind;      /* IAG_KIND_* */
	uint32_t thread_model; /* IAG_THREAD_* */
	uint32_t need_flags;   /* a bit that the host does not know: refused */
	uint32_t hint_flags;   /* IAG_HINT_* */
	const char *name; /* [a-z0-9][a-z0-9-]{0,39}, as in the file name */
	const char *version;
	const char *summary; /* one line */
	const struct iag_option *options;
	size_t option_count;
	size_t option_size; /* sizeof(struct iag_option) as the plugin saw it */
	/*
	 * Called once after loading; keep the host pointer, which lives as
	 * long as the process.  No threads, no I/O.  May refuse.
	 */
	int32_t (*load)(struct iag_ctx *ctx, const struct iag_host *host);
	const struct iag_instance_ops *instance;
	const void *ops; /* struct iag_backend_ops, _writer_ops or _store_ops */
	/*
	 * Since 1.1: what host->http may send, and how fast (broker.h).  The
	 * routes of a backend are READ or SESSION.
	 */
	const struct iag_route *routes;
	size_t route_count;
	size_t route_size; /* sizeof(struct iag_route) as the plugin saw it */
	const struct iag_bucket *buckets;
	size_t bucket_count;
	size_t bucket_size;
};

/*
 * The one symbol that a plugin exports.  A later major has a later name, so
 * a host can look for both.
 */
#if defined(__GNUC__)
#define IAG_EXPORT __attribute__((visibility("default")))
#else
#define IAG_EXPORT
#endif
typedef const struct iag_plugin *iag_plugin_entry(void);
IAG_EXPORT const struct iag_plugin *iag_plugin_1(void);

#ifdef __cplusplus
}
#endif

#endif
