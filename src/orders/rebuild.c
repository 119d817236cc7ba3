/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Orders whose row is missing although their intent is done (ruling 42): the
 * row is made again from the intent, and followed from there.
 */

#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "orders/pass.h"
#include "orders/settle.h"

/* Intents that are looked at in one snapshot. */
#define CHUNK 500

struct chunk {
	struct pass *pass;
	struct buf from, next; /* where it begins, and the next one */
	struct intent_list lost;
};

struct visit {
	struct journal_txn *txn;
	struct chunk *chunk;
};

static int
lost_take(struct intent *intent, void *arg, struct err *err)
{
	const struct visit *visit = arg;
	CLEANUP_ORDER_ROW struct order_row row;
	char hash[HASH_HEX_SIZE];
	int ret;

	order_row_init(&row);
	if (intent->state != INTENT_DONE ||
	    intent->operation != OPERATION_SUBMIT || !intent->broker_order_id)
		return 0;
	journal_account_hash(desk_journal(visit->chunk->pass->call->desk),
	    intent->account, hash);
	ret =
	    order_row_get(visit->txn, hash, intent->broker_order_id, &row, err);
	return ret == IAG_NOTFOUND
		   ? intent_list_take(intent, &visit->chunk->lost, err)
		   : ret;
}

static int
chunk_step(struct journal_txn *txn, void *arg, struct err *err)
{
	struct chunk *chunk = arg;
	struct visit visit = { txn, chunk };

	buf_reset(&chunk->next);
	intent_list_fini(&chunk->lost);
	return intent_walk(
	    txn, &chunk->from, CHUNK, &chunk->next, lost_take, &visit, err);
}

struct rebuild {
	struct pass *pass;
	struct intent *intent;
};

/* As it stood when it was settled; what follows comes from the broker. */
static int
row_make(
    const struct rebuild *rebuild, struct journal_txn *txn, struct err *err)
{
	const struct intent *intent = rebuild->intent;
	CLEANUP_JSON struct json_object *result = NULL;
	const char *text = intent->result ? intent->result : "{}";
	uint32_t status = 0;

	if (json_parse(
		text, strlen(text), &json_bounds_default, &result, NULL) == 0)
		status = order_status_find(json_get_str(result, "status", ""));
	return settle_row(rebuild->pass->call->desk, txn, rebuild->intent,
	    status ? status : IAG_STATUS_SUBMITTED, err);
}

static int
rebuild_step(struct journal_txn *txn, void *arg, struct err *err)
{
	const struct rebuild *rebuild = arg;
	const struct intent *intent = rebuild->intent;
	struct json_object *metadata = json_object_new_object();
	int ret = row_make(rebuild, txn, err);

	if (metadata &&
	    (json_add_str(metadata, "idempotency_key", intent->key) ||
		json_add_str(
		    metadata, "broker_order_id", intent->broker_order_id))) {
		(void)json_object_put(metadata);
		metadata = NULL;
	}
	if (ret == 0)
		return pass_record(rebuild->pass, txn, "order_row_rebuilt",
		    intent->account, metadata, err);
	(void)json_object_put(metadata);
	return ret;
}

static int
lost_rebuild(struct pass *pass, const struct intent_list *lost, struct err *err)
{
	int ret = 0;

	for (size_t i = 0; i < lost->count && ret == 0; i++) {
		struct rebuild rebuild = { pass, &lost->items[i] };

		ret = pass_update(pass, rebuild_step, &rebuild, err);
		pass->rebuilt += ret == 0;
		if (ret == IAG_REJECTED)
			ret = 0;
	}
	return ret;
}

static int
chunk_run(struct chunk *chunk, struct err *err)
{
	int ret = journal_view(
	    desk_journal(chunk->pass->call->desk), chunk_step, chunk, err);

	if (ret == 0)
		ret = lost_rebuild(chunk->pass, &chunk->lost, err);
	intent_list_fini(&chunk->lost);
	return ret;
}

int
rebuild_rows(struct pass *pass, struct err *err)
{
	struct reconcile_memory *memory = pass->memory;
	struct chunk chunk = { .pass = pass };
	int ret = 0;

	while (ret == 0 && !memory->rows_done && !pass_is_over(pass)) {
		chunk.from = memory->rows_from;
		buf_init(&memory->rows_from, 0);
		ret = chunk_run(&chunk, err);
		/* what failed is looked at again */
		memory->rows_from = ret ? chunk.from : chunk.next;
		buf_fini(ret ? &chunk.next : &chunk.from);
		buf_init(&chunk.from, 0);
		buf_init(&chunk.next, 0);
		memory->rows_done = ret == 0 && !memory->rows_from.len;
	}
	return ret;
}
