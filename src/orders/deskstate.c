/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* What a plugin wants to find again, kept for it and for one account. */

#include "orders/deskstate.h"

#include <stdio.h>
#include <string.h>

#define STATE_KEY_LEN 200 /* bytes of a plugin's own key */
#define PREFIX_SIZE 160

/* One access; the row's key is prefix and the plugin's own key. */
struct state_access {
	struct desk *desk;
	const char *plugin;
	const char *account;
	char key[PREFIX_SIZE + STATE_KEY_LEN];
	size_t prefix;
	size_t len;
	struct iag_bytes value; /* put; data NULL: delete */
	struct buf *found, *at; /* get, next */
	bool seen;
};

static int
access_init(struct state_access *a, struct desk *desk, const char *plugin,
    const char *account, struct iag_bytes key, struct err *err)
{
	char hash[HASH_HEX_SIZE];
	int len;

	if (key.len > STATE_KEY_LEN)
		return err_set(err, ERR_INPUT_INVALID,
		    "a key of %zu bytes, at most %d are allowed", key.len,
		    STATE_KEY_LEN);
	journal_account_hash(desk_journal(desk), account, hash);
	len = snprintf(a->key, PREFIX_SIZE, "plugin/%s/%s/", plugin, hash);
	if (len < 0 || len >= PREFIX_SIZE)
		return err_set(err, ERR_INPUT_INVALID,
		    "the plugin's name '%s' is too long", plugin);
	a->desk = desk;
	a->plugin = plugin;
	a->account = account;
	a->prefix = (size_t)len;
	a->len = a->prefix + key.len;
	if (key.len)
		memcpy(a->key + a->prefix, key.data, key.len);
	return 0;
}

static struct iag_bytes
access_key(const struct state_access *a)
{
	return (struct iag_bytes){ a->key, a->len };
}

static int
get_step(struct journal_txn *txn, void *arg, struct err *err)
{
	struct state_access *a = arg;
	struct iag_bytes value;
	int ret = txn_get(txn, TABLE_STATE, access_key(a), &value, err);

	buf_reset(a->found);
	if (ret == 0)
		buf_add(a->found, value.data, value.len);
	return ret;
}

int
desk_state_get(void *arg, const char *plugin, const char *account,
    struct iag_bytes key, struct buf *ret_value, struct err *err)
{
	struct state_access a = { .found = ret_value };
	int ret = access_init(&a, arg, plugin, account, key, err);

	return ret ? ret : journal_view(desk_journal(arg), get_step, &a, err);
}

static int
apply(struct state_access *a, struct journal_txn *txn, struct err *err)
{
	int ret;

	if (a->value.data)
		return txn_put(txn, TABLE_STATE, access_key(a), a->value, err);
	ret = txn_del(txn, TABLE_STATE, access_key(a), err);
	return ret == IAG_NOTFOUND ? 0 : ret;
}

static int
put_step(struct journal_txn *txn, void *arg, struct err *err)
{
	struct state_access *a = arg;
	struct audit_event event = {
		.event_type = "plugin_state_changed",
		.principal = a->plugin,
		.principal_kind = "system",
		.account = a->account,
		.decision = "allow",
		.result_status = "completed",
		.outcome = "done",
	};
	int ret = apply(a, txn, err);

	return ret ? ret : txn_audit(txn, &event, err);
}

int
desk_state_put(void *arg, const char *plugin, const char *account,
    struct iag_bytes key, struct iag_bytes value, struct err *err)
{
	struct state_access a = { .value = value };
	int ret = access_init(&a, arg, plugin, account, key, err);

	return ret ? ret
		   : journal_update_reserved(
			 desk_journal(arg), NULL, put_step, &a, err);
}

int
desk_state_apply(struct desk *desk, struct journal_txn *txn, const char *plugin,
    const char *account, const struct writer_change *changes, size_t count,
    struct err *err)
{
	struct state_access a = { .value = { NULL, 0 } };
	int ret = 0;

	for (size_t i = 0; i < count && ret == 0; i++) {
		ret =
		    access_init(&a, desk, plugin, account, changes[i].key, err);
		a.value = changes[i].value;
		if (ret == 0)
			ret = apply(&a, txn, err);
	}
	return ret;
}

/* The first row behind the key that is still the plugin's. */
static int
next_visit(
    struct iag_bytes key, struct iag_bytes value, void *arg, struct err *err)
{
	struct state_access *a = arg;

	(void)err;
	if (key.len == a->len && memcmp(key.data, a->key, a->len) == 0)
		return 0; /* the key itself */
	if (key.len >= a->prefix && memcmp(key.data, a->key, a->prefix) == 0) {
		a->seen = true;
		buf_add(a->at, (const char *)key.data + a->prefix,
		    key.len - a->prefix);
		buf_add(a->found, value.data, value.len);
	}
	return 1;
}

static int
next_step(struct journal_txn *txn, void *arg, struct err *err)
{
	struct state_access *a = arg;
	int ret;

	a->seen = false;
	buf_reset(a->at);
	buf_reset(a->found);
	ret = txn_walk(
	    txn, TABLE_STATE, access_key(a), false, next_visit, a, err);
	if (ret < 0)
		return ret;
	return a->seen ? 0 : IAG_NOTFOUND;
}

int
desk_state_next(void *arg, const char *plugin, const char *account,
    struct iag_bytes key, struct buf *ret_key, struct buf *ret_value,
    struct err *err)
{
	struct state_access a = { .found = ret_value, .at = ret_key };
	int ret = access_init(&a, arg, plugin, account, key, err);

	return ret ? ret : journal_view(desk_journal(arg), next_step, &a, err);
}
