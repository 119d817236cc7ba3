/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* An agent that is told to run a program looks for a shell. */

#include "tools/advice.h"

#include <stdbool.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "config/scope.h"
#include "tools/tool.h"

#define BEGIN "`ibkr-agent "
#define RUN "run "

/* Is it the command, alone or with options behind it? */
static bool
is_command(const char *words, const char *end, const char *command)
{
	size_t len = strlen(command);

	return (size_t)(end - words) >= len &&
	       strncmp(words, command, len) == 0 &&
	       (words + len == end || words[len] == ' ');
}

/* The tool that does what the command does, as far as reader has it. */
static const struct tool *
tool_of(const char *words, const char *end, const struct principal *reader)
{
	for (size_t i = 0; i < tool_count; i++) {
		const struct tool *tool = &tool_table[i];

		if (is_command(words, end, tool->command) &&
		    (reader->scopes & scope_bit(tool->scope)))
			return tool;
	}
	return NULL;
}

/* Does what stands before at end so? */
static bool
is_behind(const char *text, const char *at, const char *words)
{
	size_t len = strlen(words);

	return (size_t)(at - text) >= len && strncmp(at - len, words, len) == 0;
}

/* Is it said already whose command this is? */
static bool
is_operators(const char *text, const char *at)
{
	static const char *const words[] = { "operator's ", "operator to run ",
		"operator runs " };

	for (size_t i = 0; i < ARRAY_COUNT(words); i++) {
		if (is_behind(text, at, words[i]))
			return true;
	}
	return false;
}

void
advice_add(struct buf *out, const char *action, const struct principal *reader)
{
	const char *from = action, *at = action, *end;

	while ((at = strstr(at, BEGIN)) && (end = strchr(at + 1, '`'))) {
		bool is_told = is_operators(action, at);
		const struct tool *tool =
		    is_told ? NULL : tool_of(at + strlen(BEGIN), end, reader);
		bool is_run = is_behind(action, at, RUN);
		const char *kept = is_run && !is_told ? at - strlen(RUN) : at;

		buf_add(out, from, (size_t)(kept - from));
		from = at;
		if (tool) {
			buf_printf(
			    out, "%s%s", is_run ? "call " : "", tool->name);
			from = end + 1;
		} else if (!is_told) {
			buf_str(out, is_run ? "ask the operator to " RUN
					    : "the operator's ");
		}
		at = end + 1;
	}
	buf_str(out, from);
}

void
advice_change(
    struct json_object *obj, const char *name, const struct principal *reader)
{
	const char *action = json_get_str(obj, name, NULL);
	CLEANUP_BUF struct buf text = BUF_INIT;

	if (!action || reader->kind != PRINCIPAL_AGENT)
		return;
	advice_add(&text, action, reader);
	if (!text.failed)
		(void)json_add_str(obj, name, buf_text(&text));
}
