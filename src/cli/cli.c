/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* What most commands need; cli.h says what each function gives. */

#include "cli/cli.h"

#include <errno.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "config/fault.h"

void
cli_fini(struct cli *cli)
{
	/* a stuck plugin still uses the memory of the gateway */
	if (!gateway_free(cli->gateway)) {
		fflush(NULL);
		_exit(cli->exit_code);
	}
	free(cli->login);
	free(cli->error_json);
	args_fini(&cli->args);
}

const char *
cli_value(const struct cli *cli, const char *option)
{
	return args_value(&cli->args, option);
}

bool
cli_has(const struct cli *cli, const char *option)
{
	return args_has(&cli->args, option);
}

int
cli_number(const struct cli *cli, const char *option, uint64_t min,
    uint64_t max, uint64_t def, uint64_t *ret_number, struct err *err)
{
	const char *text = cli_value(cli, option);
	uint64_t number = def;
	char *end = NULL;

	if (text) {
		errno = 0;
		number = strtoull(text, &end, 10);
		if (errno || *end || text[strspn(text, "0123456789")] ||
		    !*text || number < min || number > max)
			return err_set(err, ERR_INPUT_INVALID,
			    "%s: expected %" PRIu64 " to %" PRIu64 ", got '%s'",
			    option, min, max, text);
	}
	*ret_number = number;
	return 0;
}

/* What is not there has no faults to list. */
static void
suggest_file(const struct cli *cli, struct err *err)
{
	const char *path = cli_value(cli, "--config");

	if (!path)
		path = getenv("IBKR_AGENT_CONFIG");
	if (path && access(path, F_OK) != 0)
		err_action(err, "name a file that is there, with --config or "
				"in IBKR_AGENT_CONFIG");
}

int
cli_config(struct cli *cli, struct config **ret_config, struct err *err)
{
	struct buf faults CLEANUP_BUF = BUF_INIT;
	int rc;

	rc = config_find(cli_value(cli, "--config"), ret_config, &faults, err);
	if (rc) {
		rc = faults_tell(&faults, rc, err);
		suggest_file(cli, err);
		return rc;
	}
	/* programs parse stderr: one object, and no warnings around it */
	log_setup(cli->args.json ? LOG_LEVEL_ERROR : (*ret_config)->log.level,
	    (*ret_config)->log.format);
	return 0;
}

int
cli_gateway(struct cli *cli, struct gateway **ret_gateway, struct err *err)
{
	struct config *config;
	int rc;

	if (!cli->gateway) {
		rc = cli_config(cli, &config, err);
		if (rc)
			return rc;
		rc = gateway_new(
		    &(struct gateway_setup){
			.config = config,
			.live_broker = cli_value(cli, "--live-broker"),
			.is_command = cli->args.command->run != run_mcp_serve &&
				      cli->args.command->run != run_serve &&
				      cli->args.command->run != run_sidecar,
		    },
		    &cli->gateway, err);
		if (rc)
			return rc;
	}
	*ret_gateway = cli->gateway;
	return 0;
}

int
cli_house(struct cli *cli, const struct tool_house **ret_house, struct err *err)
{
	struct gateway *gateway;
	int rc = cli_gateway(cli, &gateway, err);

	return rc ? rc : gateway_ready(gateway, ret_house, err);
}

const char *
cli_login(struct cli *cli)
{
	struct buf name CLEANUP_BUF = BUF_INIT;
	/* the environment could say anything (ruling 16) */
	const struct passwd *user = getpwuid(getuid());

	if (cli->login)
		return cli->login;
	if (user && user->pw_name && *user->pw_name)
		buf_printf(&name, "local:%s", user->pw_name);
	else
		buf_printf(&name, "local:uid-%u", (unsigned)getuid());
	cli->login = buf_take(&name);
	return cli->login ? cli->login : "local:unknown";
}

struct principal
cli_principal(struct cli *cli, struct gateway *gateway)
{
	return (struct principal){
		.name = cli_login(cli),
		.kind = PRINCIPAL_OPERATOR,
		.scopes = gateway_scopes(gateway),
	};
}
