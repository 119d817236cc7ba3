/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* config check, config show, config schema. */

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "cli/cli.h"
#include "cli/output.h"
#include "config/fault.h"
#include "gateway/settings.h"

/* Programs get each fault as a string of its own. */
static void
faults_to_details(const char *text, struct err *err)
{
	struct buf out CLEANUP_BUF = BUF_INIT;
	size_t len;

	buf_str(&out, "{\"faults\":[");
	for (; *text; text += len + (text[len] == '\n')) {
		len = strcspn(text, "\n");
		if (out.data[out.len - 1] != '[')
			buf_char(&out, ',');
		json_write_string(&out, text, len);
	}
	buf_str(&out, "]}");
	free(err->details);
	err->details = buf_take(&out);
}

int
run_config_check(struct cli *cli, struct err *err)
{
	struct buf out CLEANUP_BUF = BUF_INIT;
	struct buf faults CLEANUP_BUF = BUF_INIT;
	struct config *config;
	const char *path;
	int rc = cli_config(cli, &config, err);

	/* development defaults are nobody's configuration */
	if (rc == 0 && !config->development) {
		rc = settings_check(config, &faults, err);
		if (rc)
			config_free(config);
	}
	if (rc) {
		(void)faults_tell(&faults, rc, err);
		faults_to_details(err_text(err), err);
		/* not to run what was just run */
		if (err->code == ERR_CONFIG_INVALID)
			err_action(err,
			    "correct these, which are all faults that were found");
		return rc;
	}
	path = config->path ? config->path : "development defaults";
	if (cli->args.json) {
		buf_str(&out, "{\n  \"valid\": true,\n  \"source\": ");
		json_write_string(&out, path, strlen(path));
		buf_str(&out, "\n}\n");
	} else {
		buf_printf(&out, "%s: no fault\n", path);
	}
	config_free(config);
	return output_write(&out, err);
}

int
run_config_show(struct cli *cli, struct err *err)
{
	struct buf out CLEANUP_BUF = BUF_INIT;
	struct config *config;
	int rc = cli_config(cli, &config, err);

	if (rc)
		return rc;
	config_show(config, cli->args.json, &out);
	config_free(config);
	return output_write(&out, err);
}

int
run_config_schema(struct cli *cli, struct err *err)
{
	struct buf out CLEANUP_BUF = BUF_INIT;

	(void)cli;
	config_schema(&out);
	if (out.len > 0 && out.data[out.len - 1] != '\n')
		buf_char(&out, '\n');
	return output_write(&out, err);
}
