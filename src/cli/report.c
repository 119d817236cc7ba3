/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* Errors on stderr: two lines for people, an object for programs. */

#include "cli/report.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/json.h"
#include "base/redact.h"
#include "cli/output.h"
#include "cli/runnable.h"
#include "cli/table.h"
#include "tools/dispatch.h"

/* The error object, as the door gave it or as made from err. */
static void
error_json(const struct cli *cli, const struct err *err, struct buf *out)
{
	struct buf text CLEANUP_BUF = BUF_INIT;
	struct json_object *tree CLEANUP_JSON = NULL;

	if (cli->error_json)
		buf_str(&text, cli->error_json);
	else
		tool_error_json(&text, err, NULL);
	if (json_parse(buf_text(&text), text.len, &json_bounds_default, &tree,
		NULL) == 0)
		output_json(out, tree);
	else
		buf_str(out, "{\"code\": \"OUTPUT_UNSAFE\"}\n");
}

/* Lines stay lines; everything else that controls a terminal is shown. */
static void
add_lines(struct buf *out, const char *text)
{
	const char *end;

	while ((end = strchr(text, '\n'))) {
		char *line CLEANUP_FREE = strndup(text, (size_t)(end - text));

		text_clean(out, line ? line : "");
		buf_str(out, "\n  ");
		text = end + 1;
	}
	text_clean(out, text);
	buf_char(out, '\n');
}

/* "- max_notional: allowed '1000 USD', got '1995.00 USD': at most 5" */
static void
add_refusal(struct buf *out, struct json_object *refusal)
{
	const char *limit = json_get_str(refusal, "limit", NULL);
	const char *actual = json_get_str(refusal, "actual", NULL);
	const char *fix = json_get_str(refusal, "fix", NULL);

	buf_printf(out, "- %s:", json_get_str(refusal, "rule", ""));
	if (limit)
		buf_printf(out, " allowed '%s',", limit);
	buf_printf(out, actual ? " got '%s'" : " got nothing", actual);
	if (fix)
		buf_printf(out, ": %s", fix);
}

/* Where several rules refused, the message names but the first. */
static void
add_refusals(const struct cli *cli, struct buf *out, const struct err *err)
{
	struct json_object *list CLEANUP_JSON = NULL;
	size_t i, count;

	if (!err->refusals || json_parse(err->refusals, strlen(err->refusals),
				  &json_bounds_default, &list, NULL))
		return;
	count = json_object_array_length(list);
	for (i = 0; count > 1 && i < count; i++) {
		struct buf text CLEANUP_BUF = BUF_INIT;
		struct buf line CLEANUP_BUF = BUF_INIT;
		struct buf shown CLEANUP_BUF = BUF_INIT;

		add_refusal(&text, json_object_array_get_idx(list, i));
		(void)redact_for_operator(&line, buf_text(&text), text.len);
		runnable_add(cli, &shown, buf_text(&line));
		add_lines(out, buf_text(&shown));
	}
}

static void
error_people(const struct cli *cli, const struct err *err, struct buf *out)
{
	struct buf text CLEANUP_BUF = BUF_INIT;
	struct buf shown CLEANUP_BUF = BUF_INIT;
	struct buf next CLEANUP_BUF = BUF_INIT;
	struct style style = style_of(STDERR_FILENO);
	const char *action = err_user_action(err);

	style_text(out, &style, COLOUR_RED, err_kind(err->code)->name);
	buf_str(out, ": ");
	(void)redact_for_operator(&text, err_text(err), strlen(err_text(err)));
	runnable_add(cli, &shown, buf_text(&text));
	add_lines(out, buf_text(&shown));
	if (action && *action) {
		buf_str(out, "Action: ");
		runnable_add(cli, &next, action);
		add_lines(out, buf_text(&next));
	}
	add_refusals(cli, out, err);
}

int
report_error(const struct cli *cli, const struct err *err)
{
	struct buf out CLEANUP_BUF = BUF_INIT;

	if (cli->args.json)
		error_json(cli, err, &out);
	else
		error_people(cli, err, &out);
	fputs(buf_text(&out), stderr);
	return err_kind(err->code)->exit_code;
}
