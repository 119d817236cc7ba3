/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The paper-to-live checklist of an account: five items, each with who and
 * when, in one row of TABLE_STATE.
 */

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "journal/outcome.h"
#include "orders/killswitch.h"
#include "orders/row.h"

enum { ITEMS = 5 };

const char *const checklist_items[ITEMS] = {
	"paper_trading_validated",
	"approvals_reviewed",
	"limits_reviewed",
	"kill_switch_tested",
	"incident_runbook_reviewed",
};

#define KEY_SIZE (sizeof("checklist/") + HASH_HEX_SIZE)

static struct iag_bytes
key_of(const char account_hash[HASH_HEX_SIZE], char key[KEY_SIZE])
{
	int len = snprintf(key, KEY_SIZE, "checklist/%.64s", account_hash);

	return (struct iag_bytes){ key, (size_t)len };
}

/* The row, empty where there is none: {item: {at, by}}. */
static int
item_load(struct journal_txn *txn, const char account_hash[HASH_HEX_SIZE],
    struct json_object **ret_row, struct err *err)
{
	char key[KEY_SIZE];
	int ret = row_get(txn, TABLE_STATE, key_of(account_hash, key), ret_row,
	    "a checklist", err);

	if (ret != IAG_NOTFOUND)
		return ret;
	*ret_row = json_object_new_object();
	return *ret_row ? 0 : err_no_memory(err);
}

int
checklist_missing(struct journal_txn *txn,
    const char account_hash[HASH_HEX_SIZE], struct buf *out, struct err *err)
{
	CLEANUP_JSON struct json_object *row = NULL;
	const char *mark = "";
	int ret = item_load(txn, account_hash, &row, err);

	buf_reset(out);
	for (size_t i = 0; ret == 0 && i < ITEMS; i++) {
		if (json_get(row, checklist_items[i]))
			continue;
		buf_printf(out, "%s%s", mark, checklist_items[i]);
		mark = ", ";
	}
	return ret == 0 && out->failed ? err_no_memory(err) : ret;
}

static int
item_add(struct json_object *list, struct json_object *row, const char *name)
{
	struct json_object *item = json_object_new_object();
	struct json_object *had = json_get(row, name);
	int ret = item ? json_object_array_add(list, item) : IAG_NOMEM;

	if (ret)
		return IAG_NOMEM;
	ret = json_add_str(item, "item", name);
	if (ret == 0)
		ret = json_add_bool(item, "acknowledged", had != NULL);
	if (ret == 0)
		ret = json_add_str(item, "by", json_get_str(had, "by", NULL));
	return ret ? ret
		   : json_add_str(item, "at", json_get_str(had, "at", NULL));
}

/* {account_id, complete, items: [{item, acknowledged, by, at}]} */
static int
result_write(struct buf *out, const char *account, struct json_object *row,
    struct err *err)
{
	CLEANUP_JSON struct json_object *obj = json_object_new_object();
	struct json_object *list = json_object_new_array();
	bool complete = true;
	int ret = obj ? json_add_str(obj, "account_id", account) : IAG_NOMEM;

	for (size_t i = 0; i < ITEMS; i++)
		complete &= json_get(row, checklist_items[i]) != NULL;
	if (ret == 0)
		ret = json_add_bool(obj, "complete", complete);
	if (ret || json_add(obj, "items", list) || !list) {
		if (ret)
			(void)json_object_put(list);
		return err_no_memory(err);
	}
	for (size_t i = 0; i < ITEMS && ret == 0; i++)
		ret = item_add(list, row, checklist_items[i]);
	if (ret)
		return err_no_memory(err);
	json_write(out, obj, 0);
	return out->failed ? err_no_memory(err) : 0;
}

struct step {
	struct order_call *call;
	const char *account;
	const char *const *items;
	size_t count;
	bool acknowledge;
	char hash[HASH_HEX_SIZE];
	struct buf *out;
};

static int
show_step(struct journal_txn *txn, void *arg, struct err *err)
{
	const struct step *step = arg;
	CLEANUP_JSON struct json_object *row = NULL;
	int ret = item_load(txn, step->hash, &row, err);

	buf_reset(step->out);
	return ret ? ret : result_write(step->out, step->account, row, err);
}

int
checklist_show(struct order_call *call, const char *account, struct buf *out,
    struct err *err)
{
	struct step step = { .call = call, .account = account, .out = out };

	journal_account_hash(desk_journal(call->desk), account, step.hash);
	return journal_view(desk_journal(call->desk), show_step, &step, err);
}

static int
item_set(const struct step *step, struct json_object *row, const char *name,
    uint64_t now_ns)
{
	struct json_object *item;
	char at[CLOCK_TEXT_SIZE];

	if (!step->acknowledge) {
		json_object_object_del(row, name);
		return 0;
	}
	if (json_get(row, name))
		return 0; /* the first acknowledgement stands */
	item = json_object_new_object();
	clock_format(now_ns, at);
	if (!item || json_add_str(item, "by", step->call->principal) ||
	    json_add_str(item, "at", at)) {
		(void)json_object_put(item);
		return IAG_NOMEM;
	}
	return json_add(row, name, item);
}

static int
set_step(struct journal_txn *txn, void *arg, struct err *err)
{
	const struct step *step = arg;
	CLEANUP_JSON struct json_object *row = NULL;
	struct audit_event event = *step->call->event;
	char key[KEY_SIZE];
	int ret = item_load(txn, step->hash, &row, err);

	buf_reset(step->out);
	for (size_t i = 0; ret == 0 && i < step->count; i++) {
		if (item_set(step, row, step->items[i], txn_now_ns(txn)))
			ret = err_no_memory(err);
	}
	if (ret == 0)
		ret = result_write(step->out, step->account, row, err);
	if (ret == 0)
		ret = row_put(
		    txn, TABLE_STATE, key_of(step->hash, key), row, err);
	if (ret)
		return ret;
	audit_outcome(&event, step->call->success, NULL);
	event.output =
	    (struct iag_bytes){ buf_text(step->out), step->out->len };
	return txn_audit(txn, &event, err);
}

static int
items_check(const char *const *items, size_t count, struct err *err)
{
	size_t known;

	for (size_t i = 0; i < count; i++) {
		for (known = 0; known < ITEMS; known++) {
			if (strcmp(items[i], checklist_items[known]) == 0)
				break;
		}
		if (known < ITEMS)
			continue;
		return err_set(err, ERR_INPUT_INVALID,
		    "'%s' is no item of the checklist; there are %s, %s, %s, "
		    "%s and %s",
		    items[i], checklist_items[0], checklist_items[1],
		    checklist_items[2], checklist_items[3], checklist_items[4]);
	}
	return 0;
}

int
checklist_set(struct order_call *call, const char *account,
    const char *const *items, size_t count, bool acknowledge, struct buf *out,
    struct err *err)
{
	struct step step = {
		.call = call,
		.account = account,
		.items = items,
		.count = count,
		.acknowledge = acknowledge,
		.out = out,
	};
	int ret = items_check(items, count, err);

	if (ret)
		return ret;
	if (count == 0 && acknowledge)
		return err_set(
		    err, ERR_INPUT_INVALID, "no item was named to acknowledge");
	if (count == 0) {
		step.items = checklist_items;
		step.count = ITEMS;
	}
	journal_account_hash(desk_journal(call->desk), account, step.hash);
	ret = journal_update(
	    desk_journal(call->desk), call->call, set_step, &step, err);
	if (ret == 0)
		call->recorded = true;
	return ret;
}
