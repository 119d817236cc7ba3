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

#include "base/clock.h"
#include "base/json.h"
#include "base/redact.h"
#include "tools/advice.h"
#include "tools/clean.h"

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

/* Owned text; without memory for another there is none. */
static void
conceal(char **text)
{
	CLEANUP_BUF struct buf cut = BUF_INIT;
	CLEANUP_BUF struct buf clean = BUF_INIT;
	char *fresh;

	if (!*text)
		return;
	redact_paths(&cut, *text, strlen(*text));
	clean_add(&clean, buf_text(&cut), cut.len, MESSAGE_MAX, CLEAN_REDACT);
	fresh = cut.failed ? NULL : buf_take(&clean);
	free(*text);
	*text = fresh;
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
