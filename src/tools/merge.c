/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The same order is recognised by the broker's id.  A client reference is
 * enough within one writer's orders, and with a backend that shows them; that
 * of a simulated order means nothing to the backend.
 */

#include "tools/merge.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"

#define STATUS_UNKNOWN "unknown"

void
own_orders_init(struct own_orders *own)
{
	memset(own, 0, sizeof(*own));
	ledger_init(&own->ledger);
}

void
own_orders_fini(struct own_orders *own)
{
	ledger_fini(&own->ledger);
	for (size_t i = 0; i < own->listed_count; i++)
		(void)json_object_put(own->listed[i].row);
	free(own->listed);
	own_orders_init(own);
}

/* The four states that readers know. */
static const char *
read_status(uint32_t status)
{
	switch (status) {
	case IAG_STATUS_FILLED:
		return "filled";
	case IAG_STATUS_CANCELLED:
	case IAG_STATUS_REFUSED:
		return "cancelled";
	default:
		return "open";
	}
}

static int
state_add(struct json_object *obj, const struct order_row *row)
{
	char time[CLOCK_TEXT_SIZE];
	int ret = json_add_str(obj, "status", read_status(row->status));

	if (ret == 0)
		ret = json_add_str(obj, "broker_status",
		    row->broker_status ? row->broker_status
				       : order_status_name(row->status));
	if (ret == 0)
		ret =
		    json_add_str(obj, "filled_quantity", row->filled_quantity);
	clock_format(row->updated_ns, time);
	return ret ? ret : json_add_str(obj, "updated_at", time);
}

static int
order_add(struct json_object *obj, const struct order *order)
{
	const struct {
		const char *name, *text;
	} members[] = {
		{ "side", order_side_name(order->side) },
		{ "quantity", order->quantity },
		{ "contract_id", order->contract_id },
		{ "symbol", order->symbol },
		{ "order_type", order_type_name(order->type) },
		{ "limit_price", order->limit_price },
		{ "stop_price", order->stop_price },
		{ "time_in_force", order_tif_name(order->tif) },
		{ "currency", order->currency },
	};
	int ret = 0;

	for (size_t i = 0; i < ARRAY_COUNT(members) && ret == 0; i++)
		ret = json_add_str(obj, members[i].name, members[i].text);
	return ret;
}

static int
own_row(
    const struct order_row *row, struct json_object **ret_row, struct err *err)
{
	CLEANUP_JSON struct json_object *obj = json_object_new_object();
	char time[CLOCK_TEXT_SIZE];
	int ret = json_add_str(obj, "account_id", row->account);

	if (ret == 0)
		ret =
		    json_add_str(obj, "broker_order_id", row->broker_order_id);
	if (ret == 0)
		ret = json_add_str(obj, "client_order_id", row->client_ref);
	if (ret == 0)
		ret = order_add(obj, &row->order);
	clock_format(row->created_ns, time);
	if (ret == 0)
		ret = json_add_str(obj, "created_at", time);
	if (ret == 0)
		ret = state_add(obj, row);
	if (ret == 0 && !order_status_is_terminal(row->status))
		ret = json_add_str(obj, "status", STATUS_UNKNOWN);
	if (ret)
		return err_no_memory(err);
	*ret_row = STEAL(obj);
	return 0;
}

int
merge_row(const struct order_row *row, struct json_object *theirs,
    struct json_object **ret_row, struct err *err)
{
	CLEANUP_JSON struct json_object *obj = NULL;
	int ret;

	if (!theirs)
		ret = own_row(row, &obj, err);
	else
		ret = json_object_deep_copy(theirs, &obj, NULL)
			  ? err_no_memory(err)
			  : 0;
	if (ret)
		return ret;
	if (theirs && order_status_is_terminal(row->status) &&
	    strcmp(json_get_str(obj, "status", ""), read_status(row->status)) !=
		0)
		ret = state_add(obj, row);
	if (ret == 0 && !json_get(obj, "average_fill_price"))
		ret =
		    json_add_str(obj, "average_fill_price", row->average_price);
	if (ret)
		return err_no_memory(err);
	*ret_row = STEAL(obj);
	return 0;
}

uint64_t
merge_changed_ns(struct json_object *order)
{
	const char *text = json_get_str(order, "updated_at", NULL);
	uint64_t ns = 0;

	if (!text)
		text = json_get_str(order, "created_at", NULL);
	return text && clock_parse(text, &ns, NULL) == 0 ? ns : 0;
}

/* ---- which row is which order */

static bool
has(struct json_object *row, const char *member, const char *text)
{
	return text && strcmp(json_get_str(row, member, ""), text) == 0;
}

static struct listed *
listed_find(const struct own_orders *own, const char *member, const char *text)
{
	for (size_t i = 0; i < own->listed_count; i++) {
		if (has(own->listed[i].row, member, text))
			return &own->listed[i];
	}
	return NULL;
}

struct json_object *
merge_find(const struct own_orders *own, const char *id)
{
	struct listed *listed = listed_find(own, "broker_order_id", id);

	if (!listed)
		listed = listed_find(own, "client_order_id", id);
	return listed ? listed->row : NULL;
}

/* The merging of one list. */
struct merging {
	struct own_orders *own;
	struct json_object *rows;  /* the backend's, NULL: none */
	struct json_object *by_id; /* of them; values are the rows */
	struct json_object *by_ref;
	struct json_object *merged; /* id -> what stands in its place */
	struct json_object *out;
};

static int
key_add(struct json_object *map, struct json_object *row, const char *member)
{
	const char *key = json_get_str(row, member, NULL);

	return key ? json_add(map, key, json_object_get(row)) : 0;
}

static int
merging_init(struct merging *m, struct err *err)
{
	size_t count = m->rows ? json_object_array_length(m->rows) : 0;
	int ret = 0;

	m->by_id = json_object_new_object();
	m->by_ref = json_object_new_object();
	m->merged = json_object_new_object();
	m->out = json_object_new_array();
	if (!m->by_id || !m->by_ref || !m->merged || !m->out)
		return err_no_memory(err);
	for (size_t i = 0; i < count && ret == 0; i++) {
		struct json_object *row = json_object_array_get_idx(m->rows, i);

		ret = key_add(m->by_id, row, "broker_order_id");
		if (ret == 0)
			ret = key_add(m->by_ref, row, "client_order_id");
	}
	return ret ? err_no_memory(err) : 0;
}

static void
merging_fini(struct merging *m)
{
	(void)json_object_put(m->by_id);
	(void)json_object_put(m->by_ref);
	(void)json_object_put(m->merged);
	(void)json_object_put(m->out);
}

static int
out_add(struct merging *m, struct json_object *row, struct err *err)
{
	if (json_object_array_add(m->out, row) == 0)
		return 0;
	(void)json_object_put(row);
	return err_no_memory(err);
}

/* Does a row of the journal have this id? */
static bool
is_known_id(const struct own_orders *own, const char *id)
{
	for (size_t i = 0; i < own->ledger.count; i++) {
		if (strcmp(own->ledger.rows[i].broker_order_id, id) == 0)
			return true;
	}
	return false;
}

/* By reference, unless that order is another row's by its id. */
static struct json_object *
by_reference(const struct merging *m, const struct order_row *row)
{
	struct json_object *theirs = NULL;

	if (row->client_ref && !row->simulated)
		theirs = json_get(m->by_ref, row->client_ref);
	return theirs && !is_known_id(m->own,
			     json_get_str(theirs, "broker_order_id", ""))
		   ? theirs
		   : NULL;
}

static struct json_object *
in_list(const struct merging *m, const struct order_row *row)
{
	struct listed *listed =
	    listed_find(m->own, "broker_order_id", row->broker_order_id);

	if (!listed && row->client_ref)
		listed =
		    listed_find(m->own, "client_order_id", row->client_ref);
	if (!listed || listed->used ||
	    (!has(listed->row, "broker_order_id", row->broker_order_id) &&
		is_known_id(
		    m->own, json_get_str(listed->row, "broker_order_id", ""))))
		return NULL;
	listed->used = true;
	return listed->row;
}

/* An id that is no order any more: the order is there under its new one. */
static bool
is_replaced(const struct own_orders *own, const struct order_row *row)
{
	const char *id = order_row_successor(row);

	return id && is_known_id(own, id);
}

static int
row_merge(struct merging *m, const struct order_row *row, struct err *err)
{
	struct json_object *listed = in_list(m, row);
	struct json_object *theirs = json_get(m->by_id, row->broker_order_id);
	struct json_object *made = NULL;
	int ret;

	if (!theirs)
		theirs = by_reference(m, row);
	ret = merge_row(row, theirs ? theirs : listed, &made, err);
	if (ret)
		return ret;
	if (!theirs)
		return out_add(m, made, err);
	/* where the backend has it, it stands in the backend's place */
	return json_add(
		   m->merged, json_get_str(theirs, "broker_order_id", ""), made)
		   ? err_no_memory(err)
		   : 0;
}

static bool
is_in_span(const struct own_orders *own, struct json_object *order)
{
	uint64_t ns = merge_changed_ns(order);

	return has(order, "status", "open") ||
	       (ns >= own->from_ns && ns <= own->to_ns);
}

/* What a writer has and the journal has not settled. */
static int
listed_add(struct merging *m, const struct listed *listed, struct err *err)
{
	const char *id = json_get_str(listed->row, "broker_order_id", "");

	if (listed->used || json_get(m->by_id, id) || is_known_id(m->own, id) ||
	    !is_in_span(m->own, listed->row))
		return 0;
	return out_add(m, json_object_get(listed->row), err);
}

static int
backend_add(struct merging *m, struct json_object *row, struct err *err)
{
	struct json_object *made =
	    json_get(m->merged, json_get_str(row, "broker_order_id", ""));

	return out_add(m, json_object_get(made ? made : row), err);
}

static int
merge_all(struct merging *m, struct err *err)
{
	const struct ledger *ledger = &m->own->ledger;
	size_t count = m->rows ? json_object_array_length(m->rows) : 0;
	int ret = merging_init(m, err);

	for (size_t i = 0; i < ledger->count && ret == 0; i++) {
		if (!is_replaced(m->own, &ledger->rows[i]))
			ret = row_merge(m, &ledger->rows[i], err);
	}
	for (size_t i = 0; i < m->own->listed_count && ret == 0; i++)
		ret = listed_add(m, &m->own->listed[i], err);
	for (size_t i = 0; i < count && ret == 0; i++)
		ret =
		    backend_add(m, json_object_array_get_idx(m->rows, i), err);
	return ret;
}

int
merge_orders(struct own_orders *own, struct json_object *rows,
    struct json_object **ret_rows, struct err *err)
{
	struct merging m = { .own = own, .rows = rows };
	int ret = merge_all(&m, err);

	if (ret == 0)
		*ret_rows = STEAL(m.out);
	merging_fini(&m);
	return ret;
}
