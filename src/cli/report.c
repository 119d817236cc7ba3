/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* Errors on stderr: two lines for people, an object for programs. */

#include "cli/report.h"

#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/json.h"
#include "base/redact.h"
#include "cli/output.h"
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

static void
error_people(const struct err *err, struct buf *out)
{
	struct buf text CLEANUP_BUF = BUF_INIT;
	struct style style = style_of(stderr);
	const char *action = err_user_action(err);

	style_text(out, &style, COLOUR_RED, err_kind(err->code)->name);
	buf_str(out, ": ");
	(void)redact_for_operator(&text, err_text(err), strlen(err_text(err)));
	add_lines(out, buf_text(&text));
	if (action && *action) {
		buf_str(out, "Action: ");
		add_lines(out, action);
	}
}

int
report_error(const struct cli *cli, const struct err *err)
{
	struct buf out CLEANUP_BUF = BUF_INIT;

	if (cli->args.json)
		error_json(cli, err, &out);
	else
		error_people(err, &out);
	fputs(buf_text(&out), stderr);
	return err_kind(err->code)->exit_code;
}
