/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * One callback of a writer on its way: its arguments, copied, since an
 * abandoned callback outlives its caller; how far it has come; and what it
 * changed of the plugin's durable state.  Part of its context.
 */

#ifndef IAG_HOST_WRITE_H
#define IAG_HOST_WRITE_H

#include <stdatomic.h>

#include "host/context.h"
#include "host/writer.h"

/* Exactly one of the last two is reached, by compare and swap. */
enum write_stage {
	WRITE_UNSENT,
	WRITE_SENDING,  /* commit_send has succeeded */
	WRITE_WITHDRAWN /* nothing was sent, and nothing will be */
};

struct write {
	_Atomic(enum write_stage) stage;
	bool may_send; /* submit, cancel, modify, submit_group */
	bool has_watch;
	struct write_watch watch;
	const char *account;
	const struct iag_target *target; /* NULL: none */
	const struct iag_order *orders[WRITER_LEGS];
	size_t count;
	struct iag_ack acks[WRITER_LEGS];
	struct iag_find find;
	/* guarded by ctx->lock */
	struct writer_change *changes;
	size_t change_count;
	bool is_taken; /* changes went to the caller: durable at once now */
	/* copies: */
	struct iag_target target_copy;
	struct iag_order order_copies[WRITER_LEGS];
	struct kept *kept; /* copies, the newest first */
	bool failed;       /* out of memory */
};

/* NULL: no memory; watch is dropped in every case once nobody can ask. */
struct write *write_new(const char *account, const struct write_watch *watch);
void write_free(void *write);
void write_take_order(struct write *write, const struct iag_order *order);
void write_take_target(struct write *write, const struct iag_target *target);

/*
 * The caller goes: true if it had been sent; otherwise it never will be.
 * After that state_put and state_del are durable at once, and the changes so
 * far are the caller's.
 */
bool write_end(struct iag_ctx *ctx, struct writer_result *result);

#endif
