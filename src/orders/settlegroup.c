/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * A bracket as a whole: unknown while a leg is, or while one that is taken
 * back may still fill; done if one was placed and lives, refused if nothing
 * is left of it at the broker.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "orders/preview.h"
#include "orders/settlement.h"

/* The leg of the intent that takes back another one. */
#define CANCEL_OF "cancel_"
#define ROLE_LEN 16

/* What the legs say together. */
struct group_view {
	unsigned missing, open, unknown, placed, working, leaving, gone;
	unsigned refused;
	struct json_object *legs; /* of the result */
	char *fault;              /* of the first leg that was refused */
	uint64_t watched_ns;      /* a leg may land late until then */
	bool lost_entry;          /* it was placed, and is gone */
};

static int
leg_json(struct group_view *view, const struct intent *leg,
    const struct order_row *row)
{
	struct json_object *obj = json_object_new_object();
	int ret = obj ? json_object_array_add(view->legs, obj) : IAG_NOMEM;

	if (ret)
		return IAG_NOMEM;
	ret = json_add_str(obj, "role", leg->leg);
	if (ret == 0)
		ret = json_add_str(obj, "broker_order_id",
		    row ? row->broker_order_id : leg->broker_order_id);
	if (ret == 0)
		ret = json_add_str(obj, "client_order_id", leg->client_ref);
	if (ret == 0)
		ret = json_add_str(obj, "outcome",
		    leg->state == INTENT_RECORDED
			? "unknown"
			: intent_state_name(leg->state));
	return ret ? ret
		   : json_add_str(obj, "status",
			 row ? order_status_name(row->status) : NULL);
}

static int
leg_count(struct group_view *view, const struct intent *leg,
    const struct order_row *row)
{
	/* what was filled before it was cancelled is there */
	bool is_gone = row && !order_row_is_filled(row) &&
		       (row->status == IAG_STATUS_CANCELLED ||
			   row->status == IAG_STATUS_REFUSED);

	if (leg->watched_ns > view->watched_ns)
		view->watched_ns = leg->watched_ns;
	switch (leg->state) {
	case INTENT_RECORDED:
		view->open++;
		break;
	case INTENT_UNKNOWN:
		view->unknown++;
		break;
	case INTENT_DONE:
		view->placed++;
		view->gone += is_gone;
		view->working += !row || !order_status_is_terminal(row->status);
		if (strcmp(leg->leg, group_roles[0]) == 0)
			view->lost_entry = is_gone;
		break;
	case INTENT_REFUSED:
		view->refused++;
		if (!view->fault && leg->error)
			view->fault = strdup(leg->error);
		break;
	}
	return leg_json(view, leg, row);
}

/* Is it being taken back, as far as anybody knows? */
static int
leg_leaves(struct journal_txn *txn, const char *hash, const char *key,
    const char *role, const struct order_row *row, bool *ret_leaves,
    struct err *err)
{
	CLEANUP_INTENT struct intent cancel;
	char leg[sizeof(CANCEL_OF) + ROLE_LEN];
	int ret;

	intent_init(&cancel);
	(void)snprintf(leg, sizeof(leg), CANCEL_OF "%s", role);
	ret = intent_get(txn, hash, key, leg, &cancel, err);
	*ret_leaves = row->status == IAG_STATUS_PENDING_CANCEL ||
		      (ret == 0 && !order_status_is_terminal(row->status) &&
			  (cancel.state == INTENT_RECORDED ||
			      cancel.state == INTENT_UNKNOWN));
	return ret == IAG_NOTFOUND ? 0 : ret;
}

static int
leg_look(struct journal_txn *txn, const char *hash, const char *key,
    const char *role, struct group_view *view, struct err *err)
{
	CLEANUP_INTENT struct intent leg;
	CLEANUP_ORDER_ROW struct order_row row;
	int ret, found = IAG_NOTFOUND;
	bool leaves = false;

	intent_init(&leg);
	order_row_init(&row);
	ret = intent_get(txn, hash, key, role, &leg, err);
	if (ret == IAG_NOTFOUND) {
		view->missing++; /* freed: it was never sent */
		return 0;
	}
	if (ret == 0 && leg.broker_order_id)
		found = order_row_get_present(
		    txn, hash, leg.broker_order_id, &row, err);
	if (ret || (found && found != IAG_NOTFOUND))
		return ret ? ret : found;
	if (found == 0)
		ret = leg_leaves(txn, hash, key, role, &row, &leaves, err);
	if (ret)
		return ret;
	view->leaving += leaves;
	if (leg_count(view, &leg, found ? NULL : &row))
		return err_no_memory(err);
	return 0;
}

static int
group_look(struct journal_txn *txn, const char *hash, const char *key,
    struct group_view *view, struct err *err)
{
	int ret = 0;

	view->legs = json_object_new_array();
	if (!view->legs)
		return err_no_memory(err);
	for (size_t i = 0; i < GROUP_LEGS && ret == 0; i++)
		ret = leg_look(txn, hash, key, group_roles[i], view, err);
	return ret;
}

static bool
is_torn(const struct group_view *view)
{
	return view->refused || view->missing;
}

/* The broker's own exits go with their entry, but not in the same look. */
static bool
is_leaving(const struct intent *group, const struct group_view *view)
{
	bool is_native =
	    group->atomicity && strcmp(group->atomicity, "broker_bracket") == 0;

	return view->leaving ||
	       (is_native && view->lost_entry && view->working);
}

/* One that was refused waits for nothing: what lands late is there. */
static enum intent_state
group_state(const struct intent *group, const struct group_view *view)
{
	bool waits =
	    is_torn(view) && is_leaving(group, view) && !intent_may_land(group);

	if (view->open)
		return INTENT_RECORDED;
	if (view->unknown || waits)
		return INTENT_UNKNOWN;
	return view->placed > view->gone || (view->placed && !is_torn(view))
		   ? INTENT_DONE
		   : INTENT_REFUSED;
}

static const char *
group_status(const struct group_view *view)
{
	if (view->placed == GROUP_LEGS && !view->gone)
		return "submitted";
	return view->placed > view->gone ? "partial" : "cancelled";
}

static int
ids_add(struct json_object *obj, const struct json_object *legs)
{
	struct json_object *ids = json_object_new_array();
	const char *id;

	if (json_add(obj, "broker_order_ids", ids) || !ids)
		return IAG_NOMEM;
	for (size_t i = 0; i < json_object_array_length(legs); i++) {
		id = json_get_str(json_object_array_get_idx(legs, i),
		    "broker_order_id", NULL);
		if (id &&
		    json_object_array_add(ids, json_object_new_string(id)))
			return IAG_NOMEM;
	}
	return 0;
}

static int
result_build(const struct intent *group, struct group_view *view,
    struct json_object *obj)
{
	char time[CLOCK_TEXT_SIZE];
	int ret = json_add_str(obj, "group_id", group->group_id);

	clock_format(group->settled_ns, time);
	if (ret == 0)
		ret = json_add_str(obj, "account_id", group->account);
	if (ret == 0)
		ret = json_add_str(obj, "idempotency_key", group->key);
	if (ret == 0)
		ret = json_add_str(obj, "mode", order_mode_name(group->mode));
	if (ret == 0)
		ret = json_add_str(obj, "status", group_status(view));
	if (ret == 0)
		ret = json_add_str(obj, "atomicity", group->atomicity);
	if (ret == 0)
		ret = ids_add(obj, view->legs);
	if (ret == 0)
		ret = json_add(obj, "legs", STEAL(view->legs));
	if (ret == 0)
		ret = json_add_str(obj, "writer", group->writer);
	if (ret == 0 && group->simulated)
		ret = json_add_bool(obj, "simulated", true);
	if (ret == 0)
		ret = json_add_str(obj, "separation", group->separation);
	return ret ? ret : json_add_str(obj, "updated_at", time);
}

static int
result_write(struct intent *group, struct group_view *view, struct err *err)
{
	CLEANUP_JSON struct json_object *obj = json_object_new_object();
	CLEANUP_BUF struct buf text = BUF_INIT;

	if (!obj || result_build(group, view, obj))
		return err_no_memory(err);
	json_write(&text, obj, 0);
	free(group->result);
	group->result = buf_take(&text);
	return group->result ? 0 : err_no_memory(err);
}

/* A refused one is done if a leg lands late; of what is open, legs change. */
static bool
may_become(const struct intent *group, enum intent_state state)
{
	return intent_may_become(group->state, state) ||
	       (group->state == INTENT_UNKNOWN && state == INTENT_UNKNOWN) ||
	       (intent_may_land(group) && state == INTENT_DONE);
}

/* What is waited for, as a fault; NULL where legs are unknown themselves. */
static int
waiting_write(const struct group_view *view, char **ret_text, struct err *err)
{
	CLEANUP_ERR struct err first = ERR_INIT, why = ERR_INIT;
	CLEANUP_BUF struct buf text = BUF_INIT;

	*ret_text = NULL;
	if (view->unknown)
		return 0;
	if (view->fault)
		(void)settlement_fault_read(view->fault, &first);
	(void)err_set(&why, ERR_ORDER_OUTCOME_UNKNOWN,
	    "a leg was %s%s; what was placed is being cancelled, and may fill "
	    "until it is",
	    view->fault ? "refused: " : "not placed",
	    view->fault ? err_text(&first) : "");
	settlement_fault_write(&text, &why);
	*ret_text = buf_take(&text);
	return *ret_text ? 0 : err_no_memory(err);
}

/* None was refused: the sequence was cut off, and nobody wrote down why. */
static int
cut_write(char **ret_text, struct err *err)
{
	CLEANUP_ERR struct err why = ERR_INIT;
	CLEANUP_BUF struct buf text = BUF_INIT;

	(void)err_set(&why, ERR_CALL_CANCELLED,
	    "a leg was not placed; what was placed has been taken back");
	err_action(&why, "if it is still wanted, preview it again and use a "
			 "new key");
	settlement_fault_write(&text, &why);
	*ret_text = buf_take(&text);
	return *ret_text ? 0 : err_no_memory(err);
}

static int
error_write(struct intent *group, struct group_view *view, struct err *err)
{
	free(STEAL(group->error));
	if (group->state == INTENT_UNKNOWN)
		return waiting_write(view, &group->error, err);
	if (group->state != INTENT_REFUSED)
		return 0;
	group->error = STEAL(view->fault);
	return group->error ? 0 : cut_write(&group->error, err);
}

static int
group_settle(struct journal_txn *txn, const char *hash, struct intent *group,
    struct group_view *view, struct err *err)
{
	enum intent_state state = group_state(group, view);
	int ret;

	if (view->missing == GROUP_LEGS) /* nothing was sent of any */
		return intent_del(txn, group, hash, err);
	if (!may_become(group, state))
		return 0;
	group->state = state;
	group->watched_ns = state == INTENT_REFUSED ? view->watched_ns : 0;
	if (state != INTENT_UNKNOWN)
		group->settled_ns = txn_now_ns(txn);
	ret = error_write(group, view, err);
	if (ret == 0)
		ret = result_write(group, view, err);
	return ret ? ret : intent_put(txn, group, hash, err);
}

int
settlement_group(struct journal_txn *txn, const char *key, const char *leg,
    const char account_hash[HASH_HEX_SIZE], struct err *err)
{
	CLEANUP_INTENT struct intent group;
	struct group_view view = { .missing = 0 };
	int ret;

	intent_init(&group);
	if (!*leg)
		return 0;
	ret = intent_get(txn, account_hash, key, "", &group, err);
	if (ret == 0 && group.state == INTENT_DONE)
		return 0; /* and stays so */
	if (ret == 0)
		ret = group_look(txn, account_hash, key, &view, err);
	if (ret == 0)
		ret = group_settle(txn, account_hash, &group, &view, err);
	(void)json_object_put(view.legs);
	free(view.fault);
	return ret == IAG_NOTFOUND ? 0 : ret;
}
