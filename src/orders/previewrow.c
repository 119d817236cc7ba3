/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* The rows of TABLE_PREVIEWS and TABLE_GROUPS. */

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "orders/preview.h"
#include "orders/row.h"

const char *const group_roles[GROUP_LEGS] = { "parent", "take_profit",
	"stop_loss" };

#define FIELD(member, kind) ROW_FIELD(struct preview, member, kind)

static const struct row_field preview_fields[] = {
	FIELD(id, ROW_CHARS),
	FIELD(digest, ROW_CHARS),
	FIELD(writer, ROW_TEXT),
	FIELD(connection, ROW_TEXT),
	FIELD(policy_id, ROW_TEXT),
	FIELD(policy_digest, ROW_CHARS),
	FIELD(group_id, ROW_TEXT),
	FIELD(group_role, ROW_TEXT),
	FIELD(created_by, ROW_TEXT),
	FIELD(created_ns, ROW_U64),
	FIELD(expires_ns, ROW_U64),
	FIELD(incarnation, ROW_U64),
	{ .name = NULL },
};

void
preview_init(struct preview *preview)
{
	memset(preview, 0, sizeof(*preview));
}

void
preview_fini(struct preview *preview)
{
	row_fini(preview_fields, preview);
	order_fini(&preview->order);
	preview_init(preview);
}

/* Ids are compared in lower case; *ret_key points into text. */
static bool
id_key(const char *id, char text[ID_TEXT_SIZE], struct iag_bytes *ret_key)
{
	if (!id_is_uuid(id))
		return false;
	for (size_t i = 0; i < ID_TEXT_SIZE; i++)
		text[i] = (char)tolower((unsigned char)id[i]);
	*ret_key = (struct iag_bytes){ text, ID_TEXT_SIZE - 1 };
	return true;
}

/* What stands in TABLE_APPROVALS for a preview. */
static const struct row_field approval_fields[] = {
	FIELD(approval_id, ROW_CHARS),
	{ .name = NULL },
};

/* Which approval was made of it; none is fine. */
static int
approval_of(struct journal_txn *txn, struct preview *preview, struct err *err)
{
	char key[sizeof("preview/") + ID_TEXT_SIZE];
	int ret;

	(void)snprintf(key, sizeof(key), "preview/%s", preview->id);
	ret = row_load(txn, TABLE_APPROVALS,
	    (struct iag_bytes){ key, strlen(key) }, approval_fields, preview,
	    NULL, "an approval", err);
	return ret == IAG_NOTFOUND ? 0 : ret;
}

int
preview_get(struct journal_txn *txn, const char *id,
    struct preview *ret_preview, struct err *err)
{
	CLEANUP_PREVIEW struct preview preview;
	char text[ID_TEXT_SIZE];
	struct iag_bytes key;
	int ret;

	preview_init(&preview);
	if (!id_key(id, text, &key))
		return IAG_NOTFOUND;
	ret = row_load(txn, TABLE_PREVIEWS, key, preview_fields, &preview,
	    &preview.order, "a preview", err);
	if (ret == 0 && (!preview.order.mode || !*preview.id ||
			    !*preview.digest || !preview.writer))
		ret = err_set(
		    err, ERR_JOURNAL_CORRUPT, "a preview is not complete");
	if (ret == 0)
		ret = approval_of(txn, &preview, err);
	if (ret)
		return ret;
	*ret_preview = preview;
	preview_init(&preview);
	return 0;
}

int
preview_put(
    struct journal_txn *txn, const struct preview *preview, struct err *err)
{
	return row_save(txn, TABLE_PREVIEWS,
	    (struct iag_bytes){ preview->id, strlen(preview->id) },
	    preview_fields, preview, &preview->order, err);
}

bool
preview_is_fresh(
    const struct preview *preview, uint64_t now_ns, uint64_t incarnation)
{
	return now_ns < preview->expires_ns &&
	       preview->incarnation == incarnation;
}

int
preview_group(struct journal_txn *txn, const char *group_id,
    char ret_ids[3][ID_TEXT_SIZE], struct err *err)
{
	CLEANUP_JSON struct json_object *obj = NULL;
	char text[ID_TEXT_SIZE];
	struct iag_bytes key;
	const char *id;
	int ret;

	if (!id_key(group_id, text, &key))
		return IAG_NOTFOUND;
	ret = row_get(txn, TABLE_GROUPS, key, &obj, "a group", err);
	for (size_t i = 0; i < 3 && ret == 0; i++) {
		id = json_get_str(obj, group_roles[i], "");
		if (!id_is_uuid(id))
			return err_set(err, ERR_JOURNAL_CORRUPT,
			    "a group has no %s", group_roles[i]);
		memcpy(ret_ids[i], id, ID_TEXT_SIZE);
	}
	return ret;
}

int
preview_group_put(struct journal_txn *txn, const char *group_id,
    const char *const ids[3], struct err *err)
{
	CLEANUP_JSON struct json_object *obj = json_object_new_object();

	for (size_t i = 0; i < 3; i++) {
		if (json_add_str(obj, group_roles[i], ids[i]))
			return err_no_memory(err);
	}
	return row_put(txn, TABLE_GROUPS,
	    (struct iag_bytes){ group_id, strlen(group_id) }, obj, err);
}
