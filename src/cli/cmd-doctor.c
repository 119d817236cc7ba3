/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* doctor: one line for each check, its repair below. */

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "cli/cli.h"
#include "cli/output.h"
#include "cli/runnable.h"
#include "cli/table.h"
#include "gateway/doctor.h"

#define STATE_COLUMN 6
#define NAME_COLUMN 12
#define TEXT_COLUMN (STATE_COLUMN + NAME_COLUMN)

struct sheet {
	struct style style;
	struct buf out;
	struct json_object *checks; /* with --json */
	const struct cli *cli;
};

/* One line for each of text, the later ones below the first. */
static void
add_lines(struct buf *out, const char *text)
{
	const char *end;

	while ((end = strchr(text, '\n'))) {
		char *line CLEANUP_FREE = strndup(text, (size_t)(end - text));

		if (!line) {
			out->failed = true;
			return;
		}
		text_clean(out, line);
		buf_printf(out, "\n%*s", TEXT_COLUMN, "");
		text = end + 1;
	}
	text_clean(out, text);
	buf_char(out, '\n');
}

static void
sheet_people(struct sheet *sheet, const struct doctor_check *check)
{
	static const enum colour colours[] = {
		[DOCTOR_OK] = COLOUR_GREEN,
		[DOCTOR_NOTE] = COLOUR_YELLOW,
		[DOCTOR_FAIL] = COLOUR_RED,
	};
	const char *state = doctor_state_name(check->state);
	CLEANUP_BUF struct buf repair = BUF_INIT;

	style_text(&sheet->out, &sheet->style, colours[check->state], state);
	buf_printf(&sheet->out, "%*s%-*s", (int)(STATE_COLUMN - strlen(state)),
	    "", NAME_COLUMN, check->name);
	add_lines(&sheet->out, check->text);
	if (!check->repair)
		return;
	buf_printf(&sheet->out, "%*srepair: ", TEXT_COLUMN, "");
	runnable_add(sheet->cli, &repair, check->repair);
	add_lines(&sheet->out, buf_text(&repair));
}

static void
sheet_add(const struct doctor_check *check, void *arg)
{
	struct sheet *sheet = arg;
	struct json_object *row;

	if (!sheet->checks) {
		sheet_people(sheet, check);
		return;
	}
	row = json_object_new_object();
	if (!row || json_object_array_add(sheet->checks, row)) {
		sheet->out.failed = true;
		return;
	}
	(void)json_add_str(row, "check", check->name);
	(void)json_add_str(row, "state", doctor_state_name(check->state));
	(void)json_add_str(row, "text", check->text);
	(void)json_add_str(row, "repair", check->repair);
}

int
run_doctor(struct cli *cli, struct err *err)
{
	struct json_object *tree CLEANUP_JSON = json_object_new_object();
	struct err fault CLEANUP_ERR = ERR_INIT;
	struct sheet sheet = { .style = style_of(output_fd()), .cli = cli };
	struct config *config = NULL;
	bool healthy;
	int rc;

	if (cli->args.json) {
		sheet.checks = json_object_new_array();
		if (!tree || json_add(tree, "checks", sheet.checks))
			return err_no_memory(err);
	}
	if (cli_config(cli, &config, &fault))
		config = NULL;
	healthy = doctor_run(
	    config, &fault, cli_has(cli, "--apart"), sheet_add, &sheet);
	config_free(config);
	if (sheet.checks) {
		(void)json_add_bool(tree, "healthy", healthy);
		output_json(&sheet.out, tree);
	}
	rc = output_write(&sheet.out, err);
	buf_fini(&sheet.out);
	cli->exit_code = healthy ? 0 : 1;
	return rc;
}
