/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* sidecar run. */

#include <unistd.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/log.h"
#include "cli/cli.h"
#include "cli/output.h"
#include "cli/serving.h"
#include "sidecar/run.h"

/* A line for each session; whoever started it may wait for one. */
static void
say_news(void *arg, const char *session, const struct err *why)
{
	const struct cli *cli = arg;
	CLEANUP_JSON struct json_object *tree = json_object_new_object();
	struct buf out CLEANUP_BUF = BUF_INIT;
	struct err err CLEANUP_ERR = ERR_INIT;

	if (!session) {
		log_warning("sidecar", "%s; trying again", err_text(why));
		return;
	}
	if (cli->args.json) {
		(void)json_add_str(tree, "relay_session_id", session);
		json_write(&out, tree, 0);
		buf_char(&out, '\n');
	} else {
		buf_printf(&out, "connected: session %s\n", session);
	}
	(void)output_write(&out, &err);
}

int
run_sidecar(struct cli *cli, struct err *err)
{
	struct sidecar_setup setup = {
		.pairing_id = cli_value(cli, "--pairing-id"),
		.news = say_news,
		.arg = cli,
	};
	int fd CLEANUP_CLOSE = serving_stop_fd(err);
	int rc;

	if (fd < 0)
		return err_class(err);
	setup.stop_fd = fd;
	rc = cli_gateway(cli, &setup.gateway, err);
	return rc ? rc : sidecar_run(&setup, err);
}
