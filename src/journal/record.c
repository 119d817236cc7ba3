/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * From event to canonical JSON.  The members are few and their order is
 * fixed, so the text is written directly; only metadata is a tree.
 */

#include "journal/record.h"

#include <stdio.h>
#include <string.h>

#include <json-c/linkhash.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/redact.h"

#define METADATA_DEPTH 12
#define INT_SAFE ((INT64_C(1) << 53) - 1)

static void
add_redaction(struct buf *redactions, const char *path, const char *reason)
{
	if (redactions->len > 0)
		buf_char(redactions, ',');
	buf_str(redactions, "{\"field_path\":");
	json_write_string(redactions, path, strlen(path));
	buf_str(redactions, ",\"reason\":");
	json_write_string(redactions, reason, strlen(reason));
	buf_char(redactions, '}');
}

/* Text that is not UTF-8 becomes text that is. */
static void
add_clean(struct buf *out, const char *text, size_t len)
{
	size_t done = 0, i = 0;

	while (i < len) {
		unsigned size = (unsigned char)text[i] < 0x80
				    ? 1
				    : json_utf8_len(text + i, len - i);

		if (size == 0) {
			buf_add(out, text + done, i - done);
			buf_char(out, '?');
			done = i + 1;
		}
		i += size ? size : 1;
	}
	buf_add(out, text + done, len - done);
}

/* The JSON string of text without what looks like a secret. */
static void
add_text(struct buf *out, struct buf *redactions, const char *path,
    const char *text, size_t len)
{
	struct buf clean CLEANUP_BUF = BUF_INIT;
	struct buf safe CLEANUP_BUF = BUF_INIT;

	/* ASCII, as nearly all of it is, is clean already */
	if (json_plain_len(text, len) < len) {
		add_clean(&clean, text, len);
		text = buf_text(&clean);
		len = clean.len;
	}
	if (redact_text(&safe, text, len))
		add_redaction(redactions, path, "secret_text");
	json_write_string(out, buf_text(&safe), safe.len);
	out->failed |= clean.failed | safe.failed;
}

static void
add_name(struct buf *out, const char *name)
{
	if (out->len > 0)
		buf_char(out, ',');
	buf_char(out, '"');
	buf_str(out, name);
	buf_str(out, "\":");
}

static void
add_member(
    struct buf *out, struct buf *redactions, const char *name, const char *text)
{
	if (!text)
		return;
	add_name(out, name);
	add_text(out, redactions, name, text, strlen(text));
}

static void
add_hmac(struct buf *out, const char *name, const uint8_t key[HASH_SIZE],
    struct iag_bytes content)
{
	char hex[HASH_HEX_SIZE];

	if (!content.data)
		return;
	hmac_hex(key, content.data, content.len, hex);
	add_name(out, name);
	buf_char(out, '"');
	buf_add(out, hex, HASH_HEX_SIZE - 1);
	buf_char(out, '"');
}

static int clean_value(struct json_object *from, const char *path,
    unsigned depth, struct buf *redactions, struct json_object **ret_value,
    struct err *err);

static int
clean_string(const char *text, size_t len, const char *path,
    struct buf *redactions, struct json_object **ret_value, struct err *err)
{
	struct buf clean CLEANUP_BUF = BUF_INIT;
	struct buf safe CLEANUP_BUF = BUF_INIT;

	add_clean(&clean, text, len);
	if (redact_text(&safe, buf_text(&clean), clean.len))
		add_redaction(redactions, path, "secret_text");
	if (clean.failed || safe.failed)
		return err_no_memory(err);
	*ret_value = json_object_new_string_len(buf_text(&safe), (int)safe.len);
	return *ret_value ? 0 : err_no_memory(err);
}

static int
clean_member(struct json_object *to, const char *key, struct json_object *from,
    const char *path, unsigned depth, struct buf *redactions, struct err *err)
{
	struct buf name CLEANUP_BUF = BUF_INIT;
	struct buf safe CLEANUP_BUF = BUF_INIT;
	struct json_object *value = NULL;
	int rc = 0;

	/* a key is text too, and one that looks like a secret is none */
	add_clean(&safe, key, strlen(key));
	buf_reset(&name);
	(void)redact_text(&name, buf_text(&safe), safe.len);
	buf_reset(&safe);
	buf_printf(&safe, "%s.%s", path, buf_text(&name));
	if (safe.failed || name.failed)
		return err_no_memory(err);
	if (redact_is_sensitive_key(key)) {
		add_redaction(redactions, buf_text(&safe), "sensitive_key");
		value = json_object_new_string(REDACTED);
		if (!value)
			return err_no_memory(err);
	} else {
		rc = clean_value(
		    from, buf_text(&safe), depth, redactions, &value, err);
	}
	if (rc == 0)
		rc = json_add(to, buf_text(&name), value);
	return rc;
}

static int
clean_object(struct json_object *from, const char *path, unsigned depth,
    struct buf *redactions, struct json_object **ret_value, struct err *err)
{
	struct json_object *to CLEANUP_JSON = json_object_new_object();

	if (!to)
		return err_no_memory(err);
	json_object_object_foreach (from, key, member) {
		int rc =
		    clean_member(to, key, member, path, depth, redactions, err);

		if (rc < 0)
			return rc;
	}
	*ret_value = STEAL(to);
	return 0;
}

static int
clean_array(struct json_object *from, const char *path, unsigned depth,
    struct buf *redactions, struct json_object **ret_value, struct err *err)
{
	struct json_object *to CLEANUP_JSON = json_object_new_array();
	size_t count = json_object_array_length(from);

	if (!to)
		return err_no_memory(err);
	for (size_t i = 0; i < count; i++) {
		struct json_object *value = NULL;
		int rc = clean_value(json_object_array_get_idx(from, i), path,
		    depth, redactions, &value, err);

		if (rc < 0)
			return rc;
		if (json_object_array_add(to, value) != 0) {
			(void)json_object_put(value);
			return err_no_memory(err);
		}
	}
	*ret_value = STEAL(to);
	return 0;
}

/* What canonical JSON cannot say as a number is said as a string. */
static int
clean_number(struct json_object *from, const char *path, struct buf *redactions,
    struct json_object **ret_value, struct err *err)
{
	const char *text;
	int64_t value = json_object_get_int64(from);

	if (json_object_get_type(from) == json_type_int && value <= INT_SAFE &&
	    value >= -INT_SAFE) {
		*ret_value = json_object_new_int64(value);
		return *ret_value ? 0 : err_no_memory(err);
	}
	text = json_object_to_json_string_ext(from, JSON_C_TO_STRING_PLAIN);
	if (!text)
		return err_no_memory(err);
	return clean_string(
	    text, strlen(text), path, redactions, ret_value, err);
}

static int
clean_value(struct json_object *from, const char *path, unsigned depth,
    struct buf *redactions, struct json_object **ret_value, struct err *err)
{
	if (depth >= METADATA_DEPTH) {
		add_redaction(redactions, path, "too_deep");
		return clean_string(REDACTED, strlen(REDACTED), path,
		    redactions, ret_value, err);
	}
	switch (json_object_get_type(from)) {
	case json_type_object:
		return clean_object(
		    from, path, depth + 1, redactions, ret_value, err);
	case json_type_array:
		return clean_array(
		    from, path, depth + 1, redactions, ret_value, err);
	case json_type_string:
		return clean_string(json_object_get_string(from),
		    (size_t)json_object_get_string_len(from), path, redactions,
		    ret_value, err);
	case json_type_int:
	case json_type_double:
		return clean_number(from, path, redactions, ret_value, err);
	case json_type_boolean:
		*ret_value =
		    json_object_new_boolean(json_object_get_boolean(from));
		return *ret_value ? 0 : err_no_memory(err);
	case json_type_null:
		break;
	}
	*ret_value = NULL;
	return 0;
}

static int
add_metadata(struct buf *out, struct buf *redactions,
    struct json_object *metadata, struct err *err)
{
	struct json_object *clean CLEANUP_JSON = NULL;
	int rc;

	if (!metadata)
		return 0;
	rc = clean_object(metadata, "metadata", 0, redactions, &clean, err);
	if (rc < 0)
		return rc;
	add_name(out, "metadata");
	return json_canon(out, clean, err);
}

static void
add_redactions(struct buf *out, const struct buf *redactions)
{
	if (redactions->len == 0)
		return;
	add_name(out, "redactions");
	buf_printf(out, "[%s]", buf_text(redactions));
}

static void
add_scope(struct buf *out, struct buf *redactions, const char *scope)
{
	if (!scope)
		return;
	add_name(out, "scopes");
	buf_char(out, '[');
	add_text(out, redactions, "scopes", scope, strlen(scope));
	buf_char(out, ']');
}

/*
 * Members in the order of RFC 8785.  Those behind "redactions" are rendered
 * first, because they may add to it.
 */
static int
render(struct record *record, const struct keys *keys,
    const struct audit_event *event, struct err *err)
{
	struct buf redactions CLEANUP_BUF = BUF_INIT;
	struct buf late CLEANUP_BUF = BUF_INIT;
	struct buf *out = &record->rest;
	char id[ID_TEXT_SIZE];
	size_t time_at;
	int rc;

	(void)snprintf(id, sizeof(id), "%s", event->event_id);
	if (id[0] == '\0')
		id_new(id);
	add_member(out, &redactions, "decision", event->decision);
	add_member(out, &redactions, "error_code", event->error_code);
	add_member(out, &redactions, "event_id", id);
	add_member(out, &redactions, "event_type", event->event_type);
	add_hmac(out, "input_hash", keys->content, event->input);
	rc = add_metadata(out, &redactions, event->metadata, err);
	if (rc < 0)
		return rc;
	add_member(out, &redactions, "outcome", event->outcome);
	add_hmac(out, "output_hash", keys->content, event->output);
	add_member(out, &redactions, "principal", event->principal);
	add_member(out, &redactions, "principal_kind", event->principal_kind);
	add_member(&late, &redactions, "request_id", event->request_id);
	add_member(&late, &redactions, "result_status", event->result_status);
	add_scope(&late, &redactions, event->scope);
	add_member(&late, &redactions, "session_id", event->session_id);
	add_name(&late, "timestamp");
	time_at = late.len + 1;
	buf_str(&late, "\"1970-01-01T00:00:00.000Z\"");
	add_member(&late, &redactions, "tool_name", event->tool_name);
	add_member(&late, &redactions, "user_id", event->principal);
	add_redactions(out, &redactions);
	buf_char(out, ',');
	record->time_at = out->len + time_at;
	buf_add(out, buf_text(&late), late.len);
	buf_char(out, '}');
	out->failed |= redactions.failed | late.failed;
	return 0;
}

int
record_init(struct record *record, const struct keys *keys,
    const struct audit_event *event, struct err *err)
{
	char hex[HASH_HEX_SIZE];
	int rc;

	buf_init(&record->first, 0);
	buf_init(&record->rest, 0);
	record->time_at = 0;
	buf_char(&record->first, '{');
	if (event->account) {
		hmac_hex(
		    keys->account, event->account, strlen(event->account), hex);
		buf_printf(&record->first, "\"account_id_hash\":\"%s\",", hex);
	}
	rc = render(record, keys, event, err);
	if (rc == 0 && (record->first.failed || record->rest.failed))
		rc = err_no_memory(err);
	if (rc == 0 && record->rest.len > RECORD_LEN)
		rc = err_set(err, ERR_AUDIT_WRITE_FAILED,
		    "an audit record of %zu bytes: at most %d are kept",
		    record->rest.len, RECORD_LEN);
	if (rc < 0)
		record_fini(record);
	return rc;
}

void
record_fini(struct record *record)
{
	buf_fini(&record->first);
	buf_fini(&record->rest);
}

static void
add_changes(struct buf *out, const char *changes)
{
	buf_str(out, "\"changes\":[");
	buf_str(out, changes);
	buf_str(out, "],");
}

void
record_format(const struct record *record, const char *changes,
    uint64_t real_ns, struct buf *out)
{
	char text[CLOCK_TEXT_SIZE];
	size_t at;

	clock_format(real_ns, text);
	buf_add(out, record->first.data, record->first.len);
	if (changes[0])
		add_changes(out, changes);
	at = out->len + record->time_at;
	buf_add(out, record->rest.data, record->rest.len);
	if (!out->failed)
		memcpy(out->data + at, text, CLOCK_TEXT_SIZE - 1);
}
