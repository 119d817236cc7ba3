/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

#include "orders/row.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"

/* As much as a row of the store may have (ruling 35). */
static const struct json_bounds row_bounds = { 1048576, 32, 100000 };

static int
no_memory(struct err *err)
{
	return err_set(err, ERR_OUT_OF_MEMORY, "out of memory");
}

static int
u64_write(struct json_object *obj, const char *name, uint64_t value)
{
	CLEANUP_BUF struct buf text = BUF_INIT;

	if (value == 0)
		return 0;
	buf_printf(&text, "%llu", (unsigned long long)value);
	return text.failed ? IAG_NOMEM
			   : json_add_str(obj, name, buf_text(&text));
}

static int
field_write(
    const struct row_field *field, const void *row, struct json_object *obj)
{
	const char *at = (const char *)row + field->at;
	uint32_t word;
	uint64_t number;

	switch (field->kind) {
	case ROW_TEXT:
		return json_add_str(
		    obj, field->name, *(const char *const *)(const void *)at);
	case ROW_CHARS:
		return json_add_str(obj, field->name, *at ? at : NULL);
	case ROW_U64:
		memcpy(&number, at, sizeof(number));
		return u64_write(obj, field->name, number);
	case ROW_BOOL:
		return json_add_str(obj, field->name,
		    *(const bool *)(const void *)at ? "true" : NULL);
	case ROW_WORD:
		memcpy(&word, at, sizeof(word));
		return json_add_str(
		    obj, field->name, word ? field->word(word) : NULL);
	}
	return 0;
}

int
row_write(const struct row_field *fields, const void *row,
    struct json_object *obj, struct err *err)
{
	for (const struct row_field *f = fields; f->name; f++) {
		if (field_write(f, row, obj))
			return no_memory(err);
	}
	return 0;
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
text_read(char **at, const char *text, struct err *err)
{
	*at = strdup(text);
	return *at ? 0 : no_memory(err);
}

static int
field_read(const struct row_field *field, const char *text, void *row,
    const char *what, struct err *err)
{
	char *at = (char *)row + field->at;
	uint64_t number = 0;
	uint32_t word;
	bool good = true;

	switch (field->kind) {
	case ROW_TEXT:
		return text_read((char **)(void *)at, text, err);
	case ROW_CHARS:
		good = strlen(text) < field->size;
		if (good)
			memcpy(at, text, strlen(text) + 1);
		break;
	case ROW_U64:
		good = u64_read(text, &number);
		memcpy(at, &number, sizeof(number));
		break;
	case ROW_BOOL:
		good = strcmp(text, "true") == 0;
		*(bool *)(void *)at = good;
		break;
	case ROW_WORD:
		word = field->find(text);
		good = word != 0;
		memcpy(at, &word, sizeof(word));
		break;
	}
	return good ? 0
		    : err_set(err, ERR_JOURNAL_CORRUPT,
			  "%s has '%s' for its %s", what, text, field->name);
}

int
row_read(const struct row_field *fields, struct json_object *obj, void *row,
    const char *what, struct err *err)
{
	struct json_object *member;
	int ret = 0;

	for (const struct row_field *f = fields; f->name && ret == 0; f++) {
		member = json_get(obj, f->name);
		if (!member)
			continue;
		if (!json_object_is_type(member, json_type_string))
			return err_set(err, ERR_JOURNAL_CORRUPT,
			    "%s has no text for its %s", what, f->name);
		ret = field_read(
		    f, json_object_get_string(member), row, what, err);
	}
	return ret;
}

void
row_fini(const struct row_field *fields, void *row)
{
	char **text;

	for (const struct row_field *f = fields; f->name; f++) {
		if (f->kind != ROW_TEXT)
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
		return no_memory(err);
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
		return no_memory(err);
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
	return found->keys.failed ? no_memory(err) : 0;
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
