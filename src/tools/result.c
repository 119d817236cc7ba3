/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * What a call gives back, and the one error shape of every door.  Error
 * texts may quote brokers and plugins, so they are cleaned like any other
 * text from outside.
 */

#include "tools/dispatch.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/linkhash.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/redact.h"
#include "tools/advice.h"
#include "tools/clean.h"

#define PROGRAM "ibkr-agent "

enum { MESSAGE_MAX = 4096, ACTION_MAX = 1024 };

const char *
principal_kind_name(enum principal_kind kind)
{
	switch (kind) {
	case PRINCIPAL_AGENT:
		return "agent";
	case PRINCIPAL_OPERATOR:
		return "operator";
	default:
		return "system";
	}
}

void
tool_result_init(struct tool_result *result)
{
	*result = (struct tool_result){ .is_error = false };
}

void
tool_result_fini(struct tool_result *result)
{
	buf_fini(&result->json);
	err_fini(&result->err);
}

static void
add_clean(struct buf *out, const char *key, const char *text, size_t max)
{
	CLEANUP_BUF struct buf clean = BUF_INIT;

	buf_printf(out, ",\"%s\":", key);
	if (!text) {
		buf_str(out, "null");
		return;
	}
	clean_add(&clean, text, strlen(text), max, CLEAN_REDACT);
	json_write_string(out, buf_text(&clean), clean.len);
}

/* What all but the operator are given of a text; NULL: no memory. */
static char *
concealed(const char *text)
{
	CLEANUP_BUF struct buf cut = BUF_INIT;
	struct buf clean = BUF_INIT;

	redact_paths(&cut, text, strlen(text));
	clean_add(&clean, buf_text(&cut), cut.len, MESSAGE_MAX, CLEAN_REDACT);
	if (cut.failed)
		buf_fini(&clean);
	return cut.failed ? NULL : buf_take(&clean);
}

/* Owned text; without memory for another there is none. */
static void
conceal(char **text)
{
	char *fresh = *text ? concealed(*text) : NULL;

	free(*text);
	*text = fresh;
}

/* Every string of the tree, which is as deep as the parser lets it be. */
static bool
conceal_strings(struct json_object *value)
{
	char *fresh CLEANUP_FREE = NULL;
	bool ok = true;

	if (json_object_is_type(value, json_type_string)) {
		fresh = concealed(json_object_get_string(value));
		return fresh && json_object_set_string(value, fresh);
	}
	if (json_object_is_type(value, json_type_array)) {
		for (size_t i = 0; i < json_object_array_length(value); i++)
			ok &= conceal_strings(
			    json_object_array_get_idx(value, i));
	} else if (json_object_is_type(value, json_type_object)) {
		json_object_object_foreach (value, name, member) {
			(void)name;
			ok &= conceal_strings(member);
		}
	}
	return ok;
}

/* Each refusal tells its own repair. */
static void
advise_rows(struct json_object *rows, const struct principal *reader)
{
	if (!json_object_is_type(rows, json_type_array))
		return;
	for (size_t i = 0; i < json_object_array_length(rows); i++)
		advice_change(
		    json_object_array_get_idx(rows, i), "fix", reader);
}

/* Whose command it is; what was told so before stays. */
static void
advise_details(struct json_object *details, const struct principal *reader)
{
	const char *command = json_get_str(details, "resolve_command", NULL);
	CLEANUP_BUF struct buf text = BUF_INIT;

	if (!command || reader->kind != PRINCIPAL_AGENT ||
	    strncmp(command, PROGRAM, strlen(PROGRAM)) != 0)
		return;
	buf_printf(&text, "the operator runs `%s`", command);
	if (!text.failed)
		(void)json_add_str(details, "resolve_command", buf_text(&text));
}

/* Owned JSON text; what cannot be concealed is left out. */
static void
conceal_tree(char **json, const struct principal *reader)
{
	CLEANUP_JSON struct json_object *tree = NULL;
	struct buf out = BUF_INIT;

	if (!*json)
		return;
	if (json_parse(
		*json, strlen(*json), &json_bounds_default, &tree, NULL) == 0) {
		advise_rows(tree, reader);
		advise_details(tree, reader);
		if (conceal_strings(tree))
			json_write(&out, tree, 0);
	}
	free(*json);
	*json = out.len ? buf_take(&out) : NULL;
}

/* Without memory it stays as the operator is told. */
static void
advise(struct err *err, const struct principal *reader)
{
	const char *action = err_user_action(err);
	CLEANUP_BUF struct buf text = BUF_INIT;

	if (!action || reader->kind != PRINCIPAL_AGENT)
		return;
	advice_add(&text, action, reader);
	if (!text.failed)
		err_action(err, "%s", buf_text(&text));
}

void
tool_error_conceal(struct err *err, const struct principal *reader)
{
	if (reader->kind == PRINCIPAL_OPERATOR)
		return;
	advise(err, reader);
	conceal(&err->text);
	conceal(&err->action);
	conceal_tree(&err->refusals, reader);
	conceal_tree(&err->details, reader);
}

void
tool_error_json(struct buf *out, const struct err *err, const char *event_id)
{
	enum err_code code = err->code ? err->code : ERR_INTERNAL_ERROR;

	buf_printf(out, "{\"code\":\"%s\"", err_kind(code)->name);
	add_clean(out, "message", err_text(err), MESSAGE_MAX);
	buf_printf(out, ",\"retryable\":%s", err->retryable ? "true" : "false");
	add_clean(out, "user_action", err_user_action(err), ACTION_MAX);
	add_clean(out, "audit_event_id",
	    event_id && *event_id ? event_id : NULL, ID_TEXT_SIZE);
	buf_printf(
	    out, ",\"outcome\":\"%s\"", err->unknown ? "unknown" : "refused");
	if (err->retry_after_ns)
		buf_printf(out, ",\"retry_after_seconds\":%" PRIu64,
		    (err->retry_after_ns + NS_PER_S - 1) / NS_PER_S);
	if (err->refusals)
		buf_printf(out, ",\"refusals\":%s", err->refusals);
	if (err->details)
		buf_printf(out, ",\"details\":%s", err->details);
	buf_char(out, '}');
}
