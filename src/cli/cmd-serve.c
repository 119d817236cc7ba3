/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* serve: the daemon. */

#include "base/cleanup.h"
#include "base/json.h"
#include "cli/cli.h"
#include "cli/output.h"
#include "daemon/daemon.h"

/* Where it can be reached; whoever started it may wait for this. */
static int
say_ready(struct cli *cli, const struct daemon *daemon, struct err *err)
{
	CLEANUP_JSON struct json_object *tree = json_object_new_object();
	struct buf out CLEANUP_BUF = BUF_INIT;
	struct daemon_places places;
	const char *and = "";
	int rc;

	daemon_places(daemon, &places);
	rc = json_add_str(tree, "socket", places.socket);
	rc |= json_add_str(tree, "http", places.http);
	rc |= json_add_str(tree, "metrics", places.metrics);
	rc |= json_add_str(tree, "sidecar", places.sidecar);
	if (rc)
		return err_no_memory(err);
	if (cli->args.json) {
		output_json(&out, tree);
		return output_write(&out, err);
	}
	buf_str(&out, "serving at ");
	if (places.socket) {
		buf_str(&out, places.socket);
		and = " and ";
	}
	if (places.http)
		buf_printf(&out, "%s%s", and, places.http);
	if (places.metrics)
		buf_printf(&out, ", metrics at %s", places.metrics);
	if (places.sidecar)
		buf_printf(&out, ", sidecars at %s", places.sidecar);
	buf_char(&out, '\n');
	return output_write(&out, err);
}

int
run_serve(struct cli *cli, struct err *err)
{
	struct gateway *gateway;
	struct daemon *daemon = NULL;
	int rc;

	daemon_block_signals();
	rc = cli_gateway(cli, &gateway, err);
	if (rc == 0)
		rc = daemon_open(gateway, &daemon, err);
	if (rc == 0)
		rc = say_ready(cli, daemon, err);
	if (rc == 0)
		daemon_serve(daemon);
	daemon_close(daemon);
	return rc;
}
