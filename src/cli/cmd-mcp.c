/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* mcp serve, mcp client-config. */

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "cli/cli.h"
#include "cli/orderflags.h"
#include "cli/output.h"
#include "cli/serving.h"
#include "mcp/clients.h"
#include "mcp/mcp.h"

int
run_mcp_serve(struct cli *cli, struct err *err)
{
	const char *transport = cli_has(cli, "--transport")
				    ? cli_value(cli, "--transport")
				    : "stdio";
	struct buf name CLEANUP_BUF = BUF_INIT;
	struct principal agent;
	struct gateway *gateway;
	int fd CLEANUP_CLOSE = -1;
	int rc;

	if (strcmp(transport, "http") == 0)
		return run_mcp_http(cli, err);
	if (strcmp(transport, "stdio") != 0) {
		rc = err_set(err, ERR_CONFIG_INVALID,
		    "--transport: expected 'stdio' or 'http', got '%s'",
		    transport);
		err_action(err, "give one of them, or leave the option out");
		return rc;
	}
	rc = cli_gateway(cli, &gateway, err);
	if (rc)
		return rc;
	buf_printf(&name, "agent:%s", gateway_config(gateway)->auth.agent_name);
	agent = (struct principal){
		.name = buf_text(&name),
		.kind = PRINCIPAL_AGENT,
		.scopes = gateway_scopes(gateway),
	};
	order_flags_say(cli);
	if (cli_has(cli, "--describe"))
		return serving_describe(cli, "stdio", NULL, agent.scopes, err);
	fd = serving_stop_fd(err);
	if (fd < 0)
		return err_class(err);
	return mcp_serve(&registry_gateway, gateway, &agent, STDIN_FILENO,
	    output_fd(), fd, err);
}

/* The client starts the program elsewhere: the path has to be absolute. */
static int
config_path(struct cli *cli, char **ret_path, struct err *err)
{
	struct config *config;
	int rc = cli_config(cli, &config, err);

	if (rc)
		return rc;
	*ret_path = NULL;
	if (config->path) {
		*ret_path = realpath(config->path, NULL);
		if (!*ret_path)
			rc = err_set(err, ERR_CONFIG_INVALID,
			    "cannot find '%s': %s", config->path,
			    strerror(errno));
	}
	config_free(config);
	return rc;
}

static int
socket_path(struct cli *cli, char **ret_path, struct err *err)
{
	const char *given = cli_value(cli, "--via");

	*ret_path = given ? realpath(given, NULL) : NULL;
	if (!given || *ret_path)
		return 0;
	return err_set(err, ERR_INPUT_INVALID, "--via: cannot find '%s': %s",
	    given, strerror(errno));
}

/* Who serves elsewhere has a configuration of its own. */
static int
target_paths(
    struct cli *cli, char **ret_config, char **ret_socket, struct err *err)
{
	if (cli_has(cli, "--via"))
		return socket_path(cli, ret_socket, err);
	return cli_has(cli, "--url") ? 0 : config_path(cli, ret_config, err);
}

int
run_mcp_client_config(struct cli *cli, struct err *err)
{
	struct buf out CLEANUP_BUF = BUF_INIT;
	char *config CLEANUP_FREE = NULL;
	char *via CLEANUP_FREE = NULL;
	char path[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", path, sizeof(path) - 1);
	int rc;

	if (len < 0)
		return err_set(err, ERR_INTERNAL_ERROR,
		    "cannot read '/proc/self/exe': %s", strerror(errno));
	path[len] = '\0';
	rc = target_paths(cli, &config, &via, err);
	if (rc == 0)
		rc = mcp_client_config(cli_value(cli, "--client"),
		    &(struct mcp_target){ .binary = path,
			.config = config,
			.via = via,
			.url = cli_value(cli, "--url"),
			.token_env = cli_value(cli, "--token-env") },
		    &out, err);
	return rc ? rc : output_write(&out, err);
}
