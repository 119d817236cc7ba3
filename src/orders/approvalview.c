/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

#include "orders/approvalview.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "orders/mixup.h"

/* An approval ends after an hour at most, and so does a request. */
#define OPEN_NS (2 * 3600 * NS_PER_S)
/* Behind the ids, before the index. */
#define BEHIND_IDS "g"

int
approval_unknown(struct journal_txn *txn, const char *id, struct err *err)
{
	return mixup_refuse(txn, ERR_PAPER_APPROVAL_REQUIRED, "approval", id,
	    "name one that `ibkr-agent approvals list` shows", err);
}

enum approval_state
approval_standing(const struct approval *approval,
    const struct preview *preview, uint64_t now_ns, uint64_t incarnation)
{
	enum approval_state state =
	    approval_state_at(approval, now_ns, incarnation);
	bool is_open =
	    state == APPROVAL_REQUESTED || state == APPROVAL_APPROVED;

	return is_open && !preview_is_fresh(preview, now_ns, incarnation)
		   ? APPROVAL_EXPIRED
		   : state;
}

static int
add_time(struct json_object *obj, const char *name, uint64_t ns)
{
	char text[CLOCK_TEXT_SIZE];

	clock_format(ns, text);
	return ns ? json_add_str(obj, name, text) : 0;
}

static int
add_who(struct json_object *obj, const struct approval *approval)
{
	int ret = json_add_str(obj, "policy", approval->policy);

	ret |= json_add_str(obj, "requested_by", approval->requested_by);
	ret |= add_time(obj, "requested_at",
	    approval->requested_by ? approval->requested_ns : 0);
	ret |= json_add_str(obj, "approved_by", approval->approved_by);
	ret |= add_time(obj, "approved_at", approval->approved_ns);
	ret |= add_time(obj, "expires_at", approval->expires_ns);
	ret |= json_add_str(obj, "revoked_by", approval->revoked_by);
	return ret | json_add_str(obj, "idempotency_key", approval->key);
}

static int
add_order(struct json_object *obj, const struct order *order)
{
	int ret = json_add_str(obj, "side", order_side_name(order->side));

	ret |= json_add_str(obj, "quantity", order->quantity);
	ret |= json_add_str(obj, "symbol", order->symbol);
	ret |= json_add_str(obj, "contract_id", order->contract_id);
	ret |= json_add_str(obj, "order_type", order_type_name(order->type));
	ret |= json_add_str(obj, "limit_price", order->limit_price);
	ret |= json_add_str(obj, "stop_price", order->stop_price);
	ret |= json_add_str(obj, "trailing_amount", order->trailing_amount);
	ret |= json_add_str(obj, "trailing_percent", order->trailing_percent);
	ret |= json_add_str(obj, "currency", order->currency);
	return ret |
	       json_add_str(obj, "time_in_force", order_tif_name(order->tif));
}

int
approval_to_json(const struct approval *approval, const struct preview *preview,
    enum approval_state state, struct json_object **ret_obj, struct err *err)
{
	struct json_object *obj = json_object_new_object();
	const struct order *order = &preview->order;
	int ret = json_add_str(obj, "approval_id", approval->id);

	ret |= json_add_str(obj, "preview_id", approval->preview_id);
	ret |= json_add_str(obj, "account_id", approval->account);
	ret |= json_add_str(obj, "mode", order_mode_name(order->mode));
	ret |= json_add_str(obj, "status", approval_state_name(state));
	ret |= json_add_str(obj, "group_id", approval->group_id);
	ret |= json_add_str(obj, "role", preview->group_role);
	ret |= add_who(obj, approval);
	ret |= add_time(obj, "preview_expires_at", preview->expires_ns);
	ret |= add_order(obj, order);
	if (ret) {
		(void)json_object_put(obj);
		return err_no_memory(err);
	}
	*ret_obj = obj;
	return 0;
}

/* Which of the stored ones; filled newest first. */
struct listing {
	struct journal_txn *txn;
	const char *account, *status;
	int64_t limit, count;
	bool more;
	uint64_t now_ns, incarnation;
	struct json_object *rows;
	struct buf *out;
};

/* Where only open ones are asked for, old ones need no look. */
static bool
is_too_old(const struct listing *list, const struct approval *approval)
{
	bool open_only =
	    list->status && (strcmp(list->status, "requested") == 0 ||
				strcmp(list->status, "approved") == 0);

	return open_only && approval->requested_ns + OPEN_NS < list->now_ns;
}

static bool
is_wanted(const struct listing *list, const struct approval *approval,
    enum approval_state state)
{
	return (!list->account ||
		   strcmp(list->account, approval->account) == 0) &&
	       (!list->status ||
		   strcmp(list->status, approval_state_name(state)) == 0);
}

static int
row_add(struct listing *list, const struct approval *approval, struct err *err)
{
	CLEANUP_PREVIEW struct preview preview;
	struct json_object *row = NULL;
	enum approval_state state;
	int ret;

	preview_init(&preview);
	ret = preview_get(list->txn, approval->preview_id, &preview, err);
	if (ret)
		return ret == IAG_NOTFOUND
			   ? err_set(err, ERR_JOURNAL_CORRUPT,
				 "the preview of an approval is not there")
			   : ret;
	state = approval_standing(
	    approval, &preview, list->now_ns, list->incarnation);
	if (!is_wanted(list, approval, state))
		return 0;
	list->more = list->count == list->limit;
	if (list->more)
		return 1;
	list->count++;
	ret = approval_to_json(approval, &preview, state, &row, err);
	if (ret == 0 && json_object_array_add(list->rows, row)) {
		(void)json_object_put(row);
		return err_no_memory(err);
	}
	return ret;
}

static int
list_visit(
    struct iag_bytes key, struct iag_bytes value, void *arg, struct err *err)
{
	struct listing *list = arg;
	CLEANUP_APPROVAL struct approval approval;
	char id[ID_TEXT_SIZE] = "";
	int ret;

	(void)value;
	approval_init(&approval);
	if (key.len != sizeof(id) - 1)
		return 0;
	memcpy(id, key.data, key.len);
	ret = approval_get(list->txn, id, &approval, err);
	if (ret)
		return ret;
	return is_too_old(list, &approval) ? 1 : row_add(list, &approval, err);
}

static int
list_step(struct journal_txn *txn, void *arg, struct err *err)
{
	struct listing *list = arg;
	CLEANUP_JSON struct json_object *obj = json_object_new_object();
	int ret;

	list->txn = txn;
	list->now_ns = txn_now_ns(txn);
	list->count = 0;
	list->more = false;
	list->rows = json_object_new_array();
	if (!list->rows || json_add(obj, "approvals", list->rows))
		return err_no_memory(err);
	ret = txn_walk(txn, TABLE_APPROVALS,
	    (struct iag_bytes){ BEHIND_IDS, strlen(BEHIND_IDS) }, true,
	    list_visit, list, err);
	if (ret < 0)
		return ret;
	if (json_add_bool(obj, "complete", !list->more))
		return err_no_memory(err);
	buf_reset(list->out);
	json_write(list->out, obj, 0);
	return list->out->failed ? err_no_memory(err) : 0;
}

int
approval_list(struct order_call *call, struct json_object *arguments,
    struct buf *out, struct err *err)
{
	struct journal *journal = desk_journal(call->desk);
	struct listing list = {
		.account = json_get_str(arguments, "account_id", NULL),
		.status = json_get_str(arguments, "status", NULL),
		.limit = json_get_int(arguments, "limit", 100),
		.incarnation = journal_incarnation(journal),
		.out = out,
	};

	return journal_view(journal, list_step, &list, err);
}

struct look {
	const char *id;
	uint64_t incarnation;
	struct buf *out;
};

static int
show_step(struct journal_txn *txn, void *arg, struct err *err)
{
	const struct look *look = arg;
	CLEANUP_APPROVAL struct approval approval;
	CLEANUP_PREVIEW struct preview preview;
	CLEANUP_JSON struct json_object *obj = NULL;
	int ret;

	approval_init(&approval);
	preview_init(&preview);
	ret = approval_get(txn, look->id, &approval, err);
	if (ret == IAG_NOTFOUND)
		return approval_unknown(txn, look->id, err);
	if (ret == 0)
		ret = preview_get(txn, approval.preview_id, &preview, err);
	if (ret == 0)
		ret = approval_to_json(&approval, &preview,
		    approval_standing(&approval, &preview, txn_now_ns(txn),
			look->incarnation),
		    &obj, err);
	if (ret)
		return ret;
	buf_reset(look->out);
	json_write(look->out, obj, 0);
	return look->out->failed ? err_no_memory(err) : 0;
}

int
approval_show(
    struct order_call *call, const char *id, struct buf *out, struct err *err)
{
	struct journal *journal = desk_journal(call->desk);
	struct look look = { id, journal_incarnation(journal), out };

	return journal_view(journal, show_step, &look, err);
}
