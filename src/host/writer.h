/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The host's side of a writer: one wrapper for each callback, on a plugin
 * thread, with the point of no return held against deadline, revocation and
 * the caller's own last look (ruling 1).  Answers are checked: one about
 * another order, or without sense, is no answer.
 *
 * Results of submit, cancel, modify and submit_group:
 *   0            the broker has acknowledged; *ret_result has acks
 *   IAG_UNKNOWN  commit_send had succeeded and there is neither an
 *                acknowledgement nor a proof of refusal; err->unknown
 *   IAG_REJECTED after commit_send: the broker's proven refusal
 *   other        before commit_send: nothing was sent (result->sent false)
 */

#ifndef IAG_HOST_WRITER_H
#define IAG_HOST_WRITER_H

#include "host/host.h"
#include "ibkr-agent/writer.h"

/*
 * What the caller of a write is asked while it is under way, on plugin
 * threads; NULL members allow.  Counted through drop(), because an abandoned
 * callback outlives the call: drop() runs once, when nobody can ask again.
 */
struct write_watch {
	/* Immediately before the first byte; not 0: nothing is sent. */
	int (*commit)(void *arg, struct err *err);
	/* Durable before it returns 0; IAG_REJECTED: no. */
	int (*question)(void *arg, const char *const *message_ids,
	    const char *const *texts, size_t count, struct err *err);
	void (*drop)(void *arg);
	void *arg;
};

/* Texts owned; NULL and 0: not told. */
struct writer_ack {
	uint32_t status; /* IAG_STATUS_* */
	char *broker_order_id;
	char *client_ref;
	char *broker_status;
	char *filled_quantity;
	char *average_price;
	uint8_t handle[256];
	size_t handle_len;
};
void writer_ack_fini(struct writer_ack *ack);

/*
 * A change of the plugin's durable state that was made inside a write: kept
 * with the outcome of that write, in one transaction with it.  value.data
 * NULL: the key was deleted.
 */
struct writer_change {
	struct iag_bytes key, value; /* owned by the result */
};

#define WRITER_LEGS 8
struct writer_result {
	bool sent; /* commit_send had succeeded */
	struct writer_ack acks[WRITER_LEGS];
	size_t ack_count;
	struct writer_change *changes;
	size_t change_count;
};
void writer_result_init(struct writer_result *result);
void writer_result_fini(struct writer_result *result);
#define CLEANUP_WRITER_RESULT __attribute__((cleanup(writer_result_fini)))

/*
 * Does the writer take this at all: operation (IAG_WRITER_*), mode, type,
 * time in force, asset class, need bits, reference length and alphabet
 * (ruling 34)?  ORDER_VALIDATION_FAILED with what it takes.  order NULL: only
 * the operation.  Market orders, and limit types without a limit price, are
 * refused here too (ruling 20).
 */
int writer_accepts(struct instance *writer, uint32_t operation,
    const struct iag_order *order, struct err *err);
uint64_t writer_max_flight_ns(const struct instance *writer);

/* order is copied; watch is taken over (drop() always runs). */
int writer_submit(struct instance *writer, struct call *call,
    const struct write_watch *watch, const struct iag_order *order,
    struct writer_result *ret_result, struct err *err);
int writer_cancel(struct instance *writer, struct call *call,
    const struct write_watch *watch, const struct iag_target *target,
    struct writer_result *ret_result, struct err *err);
int writer_modify(struct instance *writer, struct call *call,
    const struct write_watch *watch, const struct iag_target *target,
    const struct iag_order *order, struct writer_result *ret_result,
    struct err *err);
/* count <= WRITER_LEGS, parent first. */
int writer_submit_group(struct instance *writer, struct call *call,
    const struct write_watch *watch, const struct iag_order *const *orders,
    size_t count, struct writer_result *ret_result, struct err *err);

struct writer_find_result {
	uint32_t answer; /* IAG_FIND_* */
	bool complete;
	uint64_t since_ns;
	char *session; /* owned; NULL: not told */
	struct writer_ack ack;
};
void writer_find_result_fini(struct writer_find_result *result);
int writer_find(struct instance *writer, struct call *call,
    const struct iag_target *target, struct writer_find_result *ret_result,
    struct err *err);
/* Does it keep orders itself?  Known before it is opened. */
bool writer_keeps_orders(const struct plugin *plugin);
/* The orders that it keeps itself; NOTSUP without text: none of its own. */
int writer_list(struct instance *writer, struct call *call, const char *account,
    struct answer *ret_answer, struct err *err);

/*
 * What the services state_* and query need from the layers above; set once,
 * before a writer is opened.  state_put and state_del outside of a write are
 * durable when they return.  plugin: "writer-local-candidate".
 */
struct host_desk {
	int (*state_get)(void *arg, const char *plugin, const char *account,
	    struct iag_bytes key, struct buf *ret_value, struct err *err);
	/* value.data NULL: delete */
	int (*state_put)(void *arg, const char *plugin, const char *account,
	    struct iag_bytes key, struct iag_bytes value, struct err *err);
	/* The first key behind key; IAG_NOTFOUND without text. */
	int (*state_next)(void *arg, const char *plugin, const char *account,
	    struct iag_bytes key, struct buf *ret_key, struct buf *ret_value,
	    struct err *err);
	int (*query)(void *arg, const char *account, struct call *call,
	    const char *operation, const char *arguments,
	    struct answer *ret_answer, struct err *err);
	void *arg;
};
void host_set_desk(struct host *host, const struct host_desk *desk);

#endif
