/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

#include "orders/row.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "journal/record.h"
#include "orders/rowtext.h"

#define ORDER "order" /* the member */

/* As much as a row of the store may have (ruling 35). */
static const struct json_bounds row_bounds = { 1048576, 32, 100000 };

/* A text of any length, owned by the row. */
static bool
is_text(const struct row_field *field)
{
	return field->kind == ROW_TEXT || field->kind == ROW_JSON;
}

static int
u64_write(struct buf *out, const char *name, uint64_t value)
{
	char digits[20];
	size_t at = sizeof(digits);

	if (value == 0)
		return 0;
	for (; value > 0; value /= 10)
		digits[--at] = (char)('0' + value % 10);
	rowtext_name(out, name);
	buf_char(out, '"');
	buf_add(out, digits + at, sizeof(digits) - at);
	buf_char(out, '"');
	return 0;
}

static int
field_write(const struct row_field *field, const void *row, struct buf *out,
    struct err *err)
{
	const char *at = (const char *)row + field->at;
	const char *text = NULL;
	uint32_t word;
	uint64_t number;

	switch (field->kind) {
	case ROW_TEXT:
		text = *(const char *const *)(const void *)at;
		break;
	case ROW_JSON:
		return rowtext_add_object(out, field->name,
		    *(const char *const *)(const void *)at, err);
	case ROW_CHARS:
		text = *at ? at : NULL;
		break;
	case ROW_U64:
		memcpy(&number, at, sizeof(number));
		return u64_write(out, field->name, number);
	case ROW_BOOL:
		text = *(const bool *)(const void *)at ? "true" : NULL;
		break;
	case ROW_WORD:
		memcpy(&word, at, sizeof(word));
		text = word ? field->word(word) : NULL;
		break;
	}
	return rowtext_add(out, field->name, text, err);
}

/* Members in the order of fields, the last one is the order. */
static int
row_write(struct buf *out, const struct row_field *fields, const void *row,
    const struct order *order, struct err *err)
{
	int ret = 0;

	buf_char(out, '{');
	for (const struct row_field *f = fields; f->name && ret == 0; f++)
		ret = field_write(f, row, out, err);
	if (ret == 0 && order) {
		rowtext_name(out, ORDER);
		ret = order_write(out, order, err);
	}
	buf_char(out, '}');
	return ret == 0 && out->failed ? err_no_memory(err) : ret;
}

static bool
u64_read(const char *text, uint64_t *ret_value)
{
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	*ret_value = strtoull(text, &end, 10);
	return errno == 0 && !*end;
}

static int
no_text(const struct row_field *field, const char *what, struct err *err)
{
	return err_set(err, ERR_JOURNAL_CORRUPT, "%s has no %s for its %s",
	    what, field->kind == ROW_JSON ? "object" : "text", field->name);
}

static int
text_read(const struct row_field *field, struct iag_bytes value, char **at,
    const char *what, struct err *err)
{
	int ret;

	free(STEAL(*at)); /* a member that comes twice */
	ret = field->kind == ROW_JSON ? rowtext_take_object(value, at)
				      : rowtext_take(value, at);
	return ret == IAG_NOMEM ? err_no_memory(err)
	       : ret            ? no_text(field, what, err)
				: 0;
}

/* What is no text of any length. */
static bool
short_read(const struct row_field *field, const char *text, char *at)
{
	uint64_t number = 0;
	uint32_t word;
	bool good;

	switch (field->kind) {
	case ROW_CHARS:
		if (strlen(text) >= field->size)
			return false;
		memcpy(at, text, strlen(text) + 1);
		return true;
	case ROW_U64:
		good = u64_read(text, &number);
		memcpy(at, &number, sizeof(number));
		return good;
	case ROW_BOOL:
		good = strcmp(text, "true") == 0;
		*(bool *)(void *)at = good;
		return good;
	case ROW_WORD:
		word = field->find(text);
		memcpy(at, &word, sizeof(word));
		return word != 0;
	case ROW_TEXT:
	case ROW_JSON:
		break;
	}
	return false;
}

static int
field_read(const struct row_field *field, struct iag_bytes value, void *row,
    const char *what, struct err *err)
{
	char *at = (char *)row + field->at;
	char text[ROWTEXT_SHORT];

	if (is_text(field))
		return text_read(field, value, (char **)(void *)at, what, err);
	if (rowtext_copy(value, text))
		return no_text(field, what, err);
	return short_read(field, text, at)
		   ? 0
		   : err_set(err, ERR_JOURNAL_CORRUPT, "%s has '%s' for its %s",
			 what, text, field->name);
}

/* Members mostly stand in the order of fields: *next is the likely one. */
static const struct row_field *
field_find(const struct row_field *fields, const struct row_field **next,
    struct iag_bytes name)
{
	const struct row_field *f = *next;

	do {
		if (!f->name)
			f = fields;
		if (strlen(f->name) == name.len &&
		    memcmp(f->name, name.data, name.len) == 0) {
			*next = f + 1;
			return f;
		}
		f++;
	} while (f != *next && (f->name || *next != fields));
	return NULL;
}

/* Members that fields do not name are passed over. */
static int
row_read(const struct row_field *fields, struct iag_bytes text, void *row,
    struct iag_bytes *ret_order, const char *what, struct err *err)
{
	const struct row_field *next = fields, *field;
	struct iag_bytes name, value;
	size_t at = 1;
	int ret = 0;

	while (
	    ret == 0 && record_next(text.data, text.len, &at, &name, &value)) {
		field = field_find(fields, &next, name);
		if (field)
			ret = field_read(field, value, row, what, err);
		else if (ret_order && name.len == strlen(ORDER) &&
			 memcmp(name.data, ORDER, name.len) == 0)
			*ret_order = value;
	}
	return ret || at == text.len ? ret
				     : err_set(err, ERR_JOURNAL_CORRUPT,
					   "%s is no JSON object", what);
}

int
row_save(struct journal_txn *txn, enum journal_table table,
    struct iag_bytes key, const struct row_field *fields, const void *row,
    const struct order *order, struct err *err)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	int ret = row_write(&text, fields, row, order, err);

	return ret ? ret
		   : txn_put(txn, table, key,
			 (struct iag_bytes){ buf_text(&text), text.len }, err);
}

int
row_load(struct journal_txn *txn, enum journal_table table,
    struct iag_bytes key, const struct row_field *fields, void *row,
    struct order *ret_order, const char *what, struct err *err)
{
	struct iag_bytes text, order = { NULL, 0 };
	int ret = txn_get(txn, table, key, &text, err);

	if (ret == 0)
		ret = row_read(
		    fields, text, row, ret_order ? &order : NULL, what, err);
	return ret || !order.data ? ret : order_read(order, ret_order, err);
}

void
row_fini(const struct row_field *fields, void *row)
{
	char **text;

	for (const struct row_field *f = fields; f->name; f++) {
		if (!is_text(f))
			continue;
		text = (char **)(void *)((char *)row + f->at);
		free(STEAL(*text));
	}
}

int
row_put(struct journal_txn *txn, enum journal_table table, struct iag_bytes key,
    struct json_object *obj, struct err *err)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	int ret = json_canon(&text, obj, err);

	if (ret)
		return ret;
	if (text.failed)
		return err_no_memory(err);
	return txn_put(txn, table, key,
	    (struct iag_bytes){ buf_text(&text), text.len }, err);
}

int
row_get(struct journal_txn *txn, enum journal_table table, struct iag_bytes key,
    struct json_object **ret_obj, const char *what, struct err *err)
{
	CLEANUP_JSON struct json_object *obj = NULL;
	struct iag_bytes value;
	int ret = txn_get(txn, table, key, &value, err);

	if (ret)
		return ret;
	if (json_parse(value.data, value.len, &row_bounds, &obj, NULL) ||
	    !json_object_is_type(obj, json_type_object))
		return err_set(
		    err, ERR_JOURNAL_CORRUPT, "%s is no JSON object", what);
	*ret_obj = STEAL(obj);
	return 0;
}

int
row_index(struct journal_txn *txn, const char *prefix, struct iag_bytes key,
    bool set, struct err *err)
{
	CLEANUP_BUF struct buf entry = BUF_INIT;
	struct iag_bytes at, value;
	int ret;

	buf_str(&entry, prefix);
	buf_add(&entry, key.data, key.len);
	if (entry.failed)
		return err_no_memory(err);
	at = (struct iag_bytes){ buf_text(&entry), entry.len };
	ret = txn_get(txn, TABLE_STATE, at, &value, err);
	if (ret == 0 && !set)
		return txn_del(txn, TABLE_STATE, at, err);
	if (ret == IAG_NOTFOUND && set)
		return txn_put(
		    txn, TABLE_STATE, at, (struct iag_bytes){ "{}", 2 }, err);
	return ret == IAG_NOTFOUND ? 0 : ret;
}

/* Keys found, each with its length in front. */
struct keys_found {
	const char *prefix;
	size_t prefix_len;
	struct buf keys;
};

static int
key_add(
    struct iag_bytes key, struct iag_bytes value, void *arg, struct err *err)
{
	struct keys_found *found = arg;
	size_t len;

	(void)value;
	if (key.len < found->prefix_len ||
	    memcmp(key.data, found->prefix, found->prefix_len) != 0)
		return 1; /* behind the last one */
	len = key.len - found->prefix_len;
	buf_add(&found->keys, &len, sizeof(len));
	buf_add(&found->keys, (const char *)key.data + found->prefix_len, len);
	return found->keys.failed ? err_no_memory(err) : 0;
}

static int
keys_visit(struct journal_txn *txn, const struct buf *keys, row_visit *visit,
    void *arg, struct err *err)
{
	size_t len;
	int ret = 0;

	for (size_t at = 0; at < keys->len && ret == 0; at += len) {
		memcpy(&len, keys->data + at, sizeof(len));
		at += sizeof(len);
		ret = visit(
		    txn, (struct iag_bytes){ keys->data + at, len }, arg, err);
	}
	return ret;
}

int
row_index_walk(struct journal_txn *txn, const char *prefix, row_visit *visit,
    void *arg, struct err *err)
{
	struct keys_found found = { prefix, strlen(prefix), BUF_INIT };
	int ret = txn_walk(txn, TABLE_STATE,
	    (struct iag_bytes){ prefix, found.prefix_len }, false, key_add,
	    &found, err);

	if (ret >= 0)
		ret = keys_visit(txn, &found.keys, visit, arg, err);
	buf_fini(&found.keys);
	return ret;
}

void *
row_list_room(void *items, size_t count, size_t size)
{
	size_t room = count + 1;

	/* grown at powers of two */
	return count & room ? items : reallocarray(items, 2 * room, size);
}
