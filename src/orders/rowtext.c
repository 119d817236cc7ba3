/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

#include "orders/rowtext.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/jsonkeys.h"
#include "journal/record.h"

void
rowtext_name(struct buf *out, const char *name)
{
	if (out->len > 0 && out->data[out->len - 1] != '{')
		buf_char(out, ',');
	buf_char(out, '"');
	buf_str(out, name);
	buf_add(out, "\":", 2);
}

int
rowtext_add(
    struct buf *out, const char *name, const char *text, struct err *err)
{
	if (!text)
		return 0;
	rowtext_name(out, name);
	return json_canon_string(out, text, strlen(text), err);
}

/* Ours alone are kept, so only that they can be passed over is looked at. */
static bool
is_object(const char *text, size_t len)
{
	struct iag_bytes name, value;
	size_t at = 1;

	while (record_next(text, len, &at, &name, &value))
		;
	return len > 0 && at == len && text[0] == '{' && text[len - 1] == '}';
}

int
rowtext_add_object(
    struct buf *out, const char *name, const char *text, struct err *err)
{
	if (!text)
		return 0;
	if (!is_object(text, strlen(text)))
		return err_set(err, ERR_INTERNAL_ERROR,
		    "what is to be stored as '%s' is no object", name);
	rowtext_name(out, name);
	buf_str(out, text);
	return 0;
}

/* Unquoted into to, which has room for value.len bytes. */
static int
unquote(struct iag_bytes value, char *to)
{
	const char *raw = value.data;
	size_t len = value.len;

	if (len < 2 || raw[0] != '"' || raw[len - 1] != '"')
		return IAG_INVAL;
	if (json_plain_len(raw + 1, len - 2) == len - 2) {
		memcpy(to, raw + 1, len - 2);
		to[len - 2] = '\0';
		return 0;
	}
	if (json_check(raw, len, &json_bounds_default, NULL))
		return IAG_INVAL;
	to[json_unescape(to, raw + 1, len - 2)] = '\0';
	return 0;
}

int
rowtext_take(struct iag_bytes value, char **ret_text)
{
	char *text = malloc(value.len + 1);
	int ret = text ? unquote(value, text) : IAG_NOMEM;

	if (ret)
		free(text);
	else
		*ret_text = text;
	return ret;
}

int
rowtext_take_object(struct iag_bytes value, char **ret_text)
{
	if (!is_object(value.data, value.len))
		return IAG_INVAL;
	*ret_text = strndup(value.data, value.len);
	return *ret_text ? 0 : IAG_NOMEM;
}

int
rowtext_copy(struct iag_bytes value, char ret_text[ROWTEXT_SHORT])
{
	return value.len <= ROWTEXT_SHORT ? unquote(value, ret_text)
					  : IAG_INVAL;
}
