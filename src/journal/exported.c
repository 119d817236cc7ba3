/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* The rows that say what was exported. */

#include "journal/exported.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"

#define PREFIX "journal/export/"

int
exported_put(struct journal_txn *txn, const char *id,
    const struct exported *exported, struct err *err)
{
	struct json_object *row CLEANUP_JSON = json_object_new_object();
	struct buf text CLEANUP_BUF = BUF_INIT;
	char key[sizeof(PREFIX) + ID_TEXT_SIZE];
	int rc = row ? 0 : IAG_NOMEM;

	if (rc == 0 && exported->account[0])
		rc = json_add_str(row, "account_id_hash", exported->account);
	if (rc == 0 && exported->event_type[0])
		rc = json_add_str(row, "event_type", exported->event_type);
	if (rc == 0)
		rc = json_add_int(row, "first", (int64_t)exported->first);
	if (rc == 0)
		rc = json_add_int(row, "last", (int64_t)exported->last);
	if (rc < 0)
		return err_no_memory(err);
	rc = json_canon(&text, row, err);
	(void)snprintf(key, sizeof(key), "%s%s", PREFIX, id);
	return rc < 0 ? rc
		      : txn_put(txn, TABLE_STATE, bytes_str(key),
			    bytes_of(text.data, text.len), err);
}

static int
load_row(struct exported_list *list, struct iag_bytes value, struct err *err)
{
	struct json_object *row CLEANUP_JSON = NULL;
	struct exported exported = { .first = 0 };
	int rc =
	    json_parse(value.data, value.len, &json_bounds_default, &row, err);

	if (rc < 0)
		return rc;
	exported.first = (uint64_t)json_get_int(row, "first", INT64_MAX);
	exported.last = (uint64_t)json_get_int(row, "last", 0);
	(void)snprintf(exported.event_type, sizeof(exported.event_type), "%s",
	    json_get_str(row, "event_type", ""));
	(void)snprintf(exported.account, sizeof(exported.account), "%s",
	    json_get_str(row, "account_id_hash", ""));
	buf_add(&list->data, &exported, sizeof(exported));
	return list->data.failed ? err_no_memory(err) : 0;
}

static int
load_visit(
    struct iag_bytes key, struct iag_bytes value, void *arg, struct err *err)
{
	if (key.len < sizeof(PREFIX) - 1 ||
	    memcmp(key.data, PREFIX, sizeof(PREFIX) - 1) != 0)
		return IAG_NOTFOUND; /* behind the last of them */
	return load_row(arg, value, err);
}

int
exported_load(
    struct exported_list *list, struct journal_txn *txn, struct err *err)
{
	buf_init(&list->data, 0);
	return txn_walk(
	    txn, TABLE_STATE, bytes_str(PREFIX), false, load_visit, list, err);
}

static bool
matches(const struct exported *exported, uint64_t sequence,
    const struct entry *entry)
{
	if (sequence < exported->first || sequence > exported->last)
		return false;
	if (exported->event_type[0] &&
	    !record_has_str(
		entry->record, entry->len, "event_type", exported->event_type))
		return false;
	return !exported->account[0] ||
	       record_has_str(entry->record, entry->len, "account_id_hash",
		   exported->account);
}

bool
exported_has(const struct exported_list *list, uint64_t sequence,
    const struct entry *entry)
{
	const struct exported *items = (const void *)list->data.data;
	size_t count = list->data.len / sizeof(*items);

	for (size_t i = 0; i < count; i++)
		if (matches(&items[i], sequence, entry))
			return true;
	return false;
}

void
exported_fini(struct exported_list *list)
{
	buf_fini(&list->data);
}
