/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* See write.h. */

#include "host/write.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

/* One copy of what a caller gave. */
struct kept {
	struct kept *next;
	char bytes[];
};

struct write *
write_new(const char *account, const struct write_watch *watch)
{
	struct write *write = calloc(1, sizeof *write);

	if (!write) {
		if (watch && watch->drop)
			watch->drop(watch->arg);
		return NULL;
	}
	atomic_init(&write->stage, WRITE_UNSENT);
	if (watch) {
		write->has_watch = true;
		write->watch = *watch;
	}
	for (size_t i = 0; i < WRITER_LEGS; i++)
		write->acks[i].struct_size = sizeof write->acks[i];
	write->find.struct_size = sizeof write->find;
	write->find.ack.struct_size = sizeof write->find.ack;
	if (account) {
		char *copy = strdup(account);

		write->account = copy;
		write->failed = !copy;
	}
	return write;
}

static void
changes_free(struct writer_change *changes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free((void *)(uintptr_t)changes[i].key.data);
		free((void *)(uintptr_t)changes[i].value.data);
	}
	free(changes);
}

void
write_free(void *arg)
{
	struct write *write = arg;
	struct kept *kept;

	if (!write)
		return;
	if (write->has_watch && write->watch.drop)
		write->watch.drop(write->watch.arg);
	while ((kept = write->kept)) {
		write->kept = kept->next;
		free(kept);
	}
	changes_free(write->changes, write->change_count);
	free((void *)(uintptr_t)write->account);
	free(write);
}

static const void *
keep(struct write *write, const void *data, size_t len)
{
	struct kept *kept;

	if (!data)
		return NULL;
	kept = malloc(sizeof *kept + len);
	if (!kept) {
		write->failed = true;
		return NULL;
	}
	memcpy(kept->bytes, data, len);
	kept->next = write->kept;
	write->kept = kept;
	return kept->bytes;
}

static void
keep_text(struct write *write, const char **text)
{
	if (*text)
		*text = keep(write, *text, strlen(*text) + 1);
}

void
write_take_order(struct write *write, const struct iag_order *order)
{
	struct iag_order *copy = &write->order_copies[write->count];
	const char **const texts[] = { &copy->account, &copy->client_ref,
		&copy->contract_id, &copy->symbol, &copy->asset_class,
		&copy->exchange, &copy->currency, &copy->quantity,
		&copy->limit_price, &copy->stop_price, &copy->trailing_amount,
		&copy->trailing_percent, &copy->parent_ref };

	*copy = *order;
	copy->struct_size = sizeof *copy;
	for (size_t i = 0; i < ARRAY_COUNT(texts); i++)
		keep_text(write, texts[i]);
	write->orders[write->count++] = copy;
}

void
write_take_target(struct write *write, const struct iag_target *target)
{
	struct iag_target *copy = &write->target_copy;

	*copy = *target;
	copy->struct_size = sizeof *copy;
	keep_text(write, &copy->account);
	keep_text(write, &copy->broker_order_id);
	keep_text(write, &copy->client_ref);
	if (copy->handle.len)
		copy->handle.data =
		    keep(write, copy->handle.data, copy->handle.len);
	write->target = copy;
}

bool
write_end(struct iag_ctx *ctx, struct writer_result *result)
{
	struct write *write = ctx->write;
	enum write_stage stage = WRITE_UNSENT;
	bool sent = !atomic_compare_exchange_strong(
			&write->stage, &stage, WRITE_WITHDRAWN) &&
		    stage == WRITE_SENDING;
	LOCK_SCOPE(&ctx->lock);

	write->is_taken = true;
	result->changes = STEAL(write->changes);
	result->change_count = write->change_count;
	write->change_count = 0;
	return sent;
}

void
writer_ack_fini(struct writer_ack *ack)
{
	free(ack->broker_order_id);
	free(ack->client_ref);
	free(ack->broker_status);
	free(ack->filled_quantity);
	free(ack->average_price);
	memset(ack, 0, sizeof *ack);
}

void
writer_result_init(struct writer_result *result)
{
	memset(result, 0, sizeof *result);
}

void
writer_result_fini(struct writer_result *result)
{
	for (size_t i = 0; i < WRITER_LEGS; i++)
		writer_ack_fini(&result->acks[i]);
	changes_free(result->changes, result->change_count);
	writer_result_init(result);
}

void
writer_find_result_fini(struct writer_find_result *result)
{
	writer_ack_fini(&result->ack);
	free(result->session);
	memset(result, 0, sizeof *result);
}
