/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Late landings (ruling 4): the reference of an order that was held to be
 * absent, or to have ended, is watched for seven days.  If the broker has it
 * after all, the order is done, or works again, and nothing new is sent until
 * the operator has looked.
 */

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/text.h"
#include "orders/inquiry.h"
#include "orders/pass.h"
#include "orders/settle.h"
#include "orders/settlement.h"
#include "orders/sighting.h"

struct landing {
	struct pass *pass;
	struct intent *intent;
	const struct writer_ack *ack;
	char hash[HASH_HEX_SIZE];
};

static struct json_object *
about(const struct intent *intent)
{
	struct json_object *obj = json_object_new_object();

	if (obj &&
	    (json_add_str(obj, "idempotency_key", intent->key) ||
		json_add_str(obj, "leg", *intent->leg ? intent->leg : NULL) ||
		json_add_str(obj, "client_order_id", intent->client_ref) ||
		json_add_str(
		    obj, "broker_order_id", intent->broker_order_id))) {
		(void)json_object_put(obj);
		return NULL;
	}
	return obj;
}

static int
watched_step(struct journal_txn *txn, void *arg, struct err *err)
{
	intent_list_fini(arg);
	return intent_walk_watched(txn, intent_list_take, arg, err);
}

static int
unwatch_step(struct journal_txn *txn, void *arg, struct err *err)
{
	const struct landing *landing = arg;
	int ret = intent_unwatch(txn, landing->intent, landing->hash, err);

	return ret ? ret
		   : pass_record(landing->pass, txn, "order_watch_ended",
			 landing->intent->account, about(landing->intent), err);
}

/* Only ever closes. */
static int
switch_narrow(
    struct journal_txn *txn, const struct landing *landing, struct err *err)
{
	const char *name =
	    landing->intent->mode == IAG_MODE_LIVE ? SWITCH_LIVE : SWITCH_PAPER;
	CLEANUP_BUF struct buf reason = BUF_INIT;
	struct switch_row row = { .state = SWITCH_CLOSED };
	int ret = desk_switch(txn, landing->intent->mode, &row, err);
	enum switch_state state = row.state;

	switch_row_fini(&row);
	if (ret || state != SWITCH_OPEN)
		return ret;
	buf_printf(&reason, "the order '%s' landed late",
	    landing->intent->client_ref ? landing->intent->client_ref
					: landing->intent->key);
	if (reason.failed)
		return err_no_memory(err);
	return switch_write(txn, name, SWITCH_CANCEL_ONLY,
	    landing->pass->call->principal, buf_text(&reason), err);
}

/* Its order was held to have ended, and the row goes on. */
static int
row_return(
    struct journal_txn *txn, const struct landing *landing, struct err *err)
{
	const struct writer_ack *ack = landing->ack;
	CLEANUP_ORDER_ROW struct order_row row;
	int ret;

	order_row_init(&row);
	ret = order_row_get_present(
	    txn, landing->hash, landing->intent->broker_order_id, &row, err);
	if (ret || !order_row_is_held_ended(&row))
		return ret && ret != IAG_NOTFOUND ? ret : IAG_REJECTED;
	row.is_again = true;
	row.status = ack->status;
	row.updated_ns = txn_now_ns(txn);
	free(STEAL(row.broker_status));
	if (ack->broker_status)
		ret = text_set(&row.broker_status, ack->broker_status, err);
	if (ret == 0 && ack->filled_quantity)
		ret = text_set(&row.filled_quantity, ack->filled_quantity, err);
	if (ret == 0 && ack->average_price)
		ret = text_set(&row.average_price, ack->average_price, err);
	return ret ? ret : order_row_put(txn, &row, landing->hash, err);
}

/* The request is done as before; what of it was held to have ended is not. */
static int
order_return(
    struct journal_txn *txn, const struct landing *landing, struct err *err)
{
	const struct intent *seen = landing->intent;
	CLEANUP_INTENT struct intent intent;
	int ret;

	intent_init(&intent);
	ret =
	    intent_get(txn, landing->hash, seen->key, seen->leg, &intent, err);
	if (ret)
		return ret == IAG_NOTFOUND ? IAG_REJECTED : ret;
	if (intent.state != INTENT_DONE || !intent.watched_ns)
		return IAG_REJECTED;
	intent.watched_ns = 0;
	/* before the row, which may work under an id of its own */
	ret = intent_put(txn, &intent, landing->hash, err);
	if (ret == 0)
		ret = row_return(txn, landing, err);
	return ret ? ret
		   : settlement_group(
			 txn, intent.key, intent.leg, landing->hash, err);
}

static int
land_step(struct journal_txn *txn, void *arg, struct err *err)
{
	const struct landing *landing = arg;
	const struct settlement how = {
		.state = INTENT_DONE,
		.ack = landing->ack,
		.is_late = true,
	};
	int ret = landing->intent->state == INTENT_DONE
		      ? order_return(txn, landing, err)
		      : settle_apply(landing->pass->call->desk, txn,
			    landing->intent, &how, err);

	if (ret == 0)
		ret = switch_narrow(txn, landing, err);
	return ret ? ret
		   : pass_record(landing->pass, txn, "late_landing",
			 landing->intent->account, about(landing->intent), err);
}

static int
land(struct landing *landing, struct err *err)
{
	struct pass *pass = landing->pass;
	int ret = pass_update(pass, land_step, landing, err);

	if (ret)
		return ret == IAG_REJECTED ? 0 : ret;
	pass->landed++;
	pass_change(pass,
	    "the order '%s' was held to be absent and is at the broker as "
	    "'%s': look at the position, cancel it if it is not wanted; the "
	    "%s kill switch lets only cancels pass",
	    landing->intent->key, landing->intent->broker_order_id,
	    order_mode_name(landing->intent->mode));
	return 0;
}

/*
 * What the broker refused has not landed; an order that was held to have ended
 * has to work, or to be filled.
 */
static bool
has_landed(const struct intent *intent, uint32_t status)
{
	return status != IAG_STATUS_REFUSED &&
	       (intent->state == INTENT_REFUSED ||
		   (status && status != IAG_STATUS_CANCELLED));
}

static int
look(struct landing *landing, struct err *err)
{
	struct pass *pass = landing->pass;
	struct intent *intent = landing->intent;
	CLEANUP_SIGHTING struct sighting sighting = { .kind = 0 };
	CLEANUP_BUF struct buf note = BUF_INIT;
	struct instance *writer = inquiry_writer(pass->call, intent->mode,
	    intent->writer, intent->connection, &note);

	pass->scanned++;
	if (writer)
		sighting_take(pass->call, writer, intent, &sighting);
	if (!writer || sighting.kind == SIGHTING_UNCLEAR) {
		pass->unresolved++;
		return 0;
	}
	if (sighting.kind != SIGHTING_DONE ||
	    !has_landed(intent, sighting.ack->status)) {
		pass->unchanged++;
		return 0;
	}
	landing->ack = sighting.ack;
	return land(landing, err);
}

static int
watch_one(struct pass *pass, struct intent *intent, struct err *err)
{
	struct landing landing = { .pass = pass, .intent = intent };

	journal_account_hash(
	    desk_journal(pass->call->desk), intent->account, landing.hash);
	if (intent->watched_ns <= clock_real_ns())
		return pass_update(pass, unwatch_step, &landing, err);
	/* a bracket follows its legs */
	return intent->operation == OPERATION_GROUP ? 0 : look(&landing, err);
}

int
landing_look(struct pass *pass, struct err *err)
{
	struct intent_list list = { .items = NULL };
	size_t from;
	int ret = journal_view(
	    desk_journal(pass->call->desk), watched_step, &list, err);

	/* those that had no turn the last time come first */
	from = list.count ? pass->memory->watched_from % list.count : 0;
	pass->memory->watched_from = 0;
	for (size_t i = 0; i < list.count && ret == 0; i++) {
		if (pass_is_short(pass, i)) {
			pass->memory->watched_from = from + i;
			break;
		}
		ret =
		    watch_one(pass, &list.items[(from + i) % list.count], err);
	}
	intent_list_fini(&list);
	return ret;
}
