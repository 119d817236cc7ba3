/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

#include "orders/sighting.h"

#include "base/cleanup.h"
#include "orders/listing.h"
#include "orders/writecore.h"

void
sighting_fini(struct sighting *sighting)
{
	writer_find_result_fini(&sighting->find);
	buf_fini(&sighting->why);
}

static void
conclude(struct sighting *sighting, enum sighting_kind kind, const char *why)
{
	sighting->kind = kind;
	buf_str(&sighting->why, why);
}

/* A submit is seen with its order. */
static void
see_submit(struct sighting *sighting)
{
	/* a refused order is told from its status */
	conclude(sighting, SIGHTING_DONE, "");
}

static void
see_cancel(struct sighting *sighting)
{
	switch (sighting->ack->status) {
	case IAG_STATUS_CANCELLED:
	case IAG_STATUS_PENDING_CANCEL:
		conclude(sighting, SIGHTING_DONE, "");
		break;
	case IAG_STATUS_FILLED:
		conclude(sighting, SIGHTING_REFUSED,
		    "the order was filled before the cancel took effect");
		break;
	case IAG_STATUS_REFUSED:
		conclude(sighting, SIGHTING_REFUSED,
		    "the broker had refused the order before it was cancelled");
		break;
	case IAG_STATUS_SUBMITTED:
	case IAG_STATUS_OPEN:
		conclude(sighting, SIGHTING_ABSENT, "");
		break;
	default:
		conclude(sighting, SIGHTING_UNCLEAR,
		    "the broker does not say how the order stands");
	}
}

/* The order as the journal has it, before the change. */
static bool
shows_old(struct order_call *call, const struct intent *intent,
    struct json_object *listed)
{
	char hash[HASH_HEX_SIZE];
	CLEANUP_ORDER_ROW struct order_row row;

	order_row_init(&row);
	journal_account_hash(desk_journal(call->desk), intent->account, hash);
	return intent->broker_order_id &&
	       order_row_look(desk_journal(call->desk), hash,
		   intent->broker_order_id, &row, NULL) == 0 &&
	       listing_shows(listed, &row.order);
}

/* A modify is seen in the order's size and prices, which lists have. */
static void
see_modify(struct order_call *call, struct instance *writer,
    const struct intent *intent, struct sighting *sighting)
{
	CLEANUP_LISTING struct listing listing = { .orders = NULL };
	CLEANUP_ERR struct err fault = ERR_INIT;
	struct json_object *row;
	bool is_over = sighting->ack->status &&
		       order_status_is_terminal(sighting->ack->status);

	if (listing_read(call, writer, intent->account, &listing, &fault)) {
		conclude(sighting, SIGHTING_UNCLEAR, err_text(&fault));
		return;
	}
	row = listing_find(
	    &listing, intent->client_ref, sighting->ack->broker_order_id);
	if (!row)
		conclude(sighting, SIGHTING_UNCLEAR,
		    "the order is there, but not in the list that would show "
		    "its prices");
	else if (intent->has_order && listing_shows(row, &intent->order))
		conclude(sighting, SIGHTING_DONE, "");
	else if (!shows_old(call, intent, row))
		conclude(sighting, SIGHTING_UNCLEAR,
		    "the order is neither as it was nor as it should be");
	else if (is_over)
		conclude(sighting, SIGHTING_REFUSED,
		    "the order ended before the change took effect");
	else
		conclude(sighting, SIGHTING_ABSENT, "");
}

/* The order is there: what of the change? */
static void
see_order(struct order_call *call, struct instance *writer,
    const struct intent *intent, struct sighting *sighting)
{
	sighting->ack = &sighting->find.ack;
	switch (intent->operation) {
	case OPERATION_SUBMIT:
		see_submit(sighting);
		break;
	case OPERATION_CANCEL:
		see_cancel(sighting);
		break;
	case OPERATION_MODIFY:
		see_modify(call, writer, intent, sighting);
		break;
	case OPERATION_GROUP:
		break;
	}
}

static void
see_nothing(const struct intent *intent, struct sighting *sighting)
{
	if (intent->operation == OPERATION_SUBMIT)
		conclude(sighting, SIGHTING_ABSENT, "");
	else
		conclude(sighting, SIGHTING_UNCLEAR,
		    "the broker does not show the order that it is about");
}

void
sighting_take(struct order_call *call, struct instance *writer,
    const struct intent *intent, struct sighting *sighting)
{
	CLEANUP_ERR struct err fault = ERR_INIT;
	struct iag_target target;
	uint8_t handle[256];

	write_target(intent, handle, &target);
	if (writer_find(writer, call->call, &target, &sighting->find, &fault)) {
		conclude(sighting, SIGHTING_UNCLEAR, err_text(&fault));
		return;
	}
	switch (sighting->find.answer) {
	case IAG_FIND_FOUND:
		see_order(call, writer, intent, sighting);
		break;
	case IAG_FIND_ABSENT:
		see_nothing(intent, sighting);
		break;
	default:
		buf_printf(&sighting->why,
		    "'find' of the writer '%s' was inconclusive: ",
		    intent->writer ? intent->writer : "?");
		conclude(sighting, SIGHTING_UNCLEAR,
		    "the broker's answer proves neither that it is there nor "
		    "that it is not");
	}
}
