/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * One run of the command line: what was asked, and the few things that most
 * commands need.
 */

#ifndef IAG_CLI_CLI_H
#define IAG_CLI_CLI_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "cli/args.h"
#include "config/config.h"
#include "gateway/gateway.h"
#include "tools/principal.h"

struct cli {
	struct args args;
	char *login; /* "local:alice", made at first use */
	struct gateway *gateway;
	/*
	 * The error of a tool call as the door gives it, with the id of its
	 * audit record; empty for other errors.
	 */
	char *error_json;
	/* Set by commands that have said everything: the exit code. */
	int exit_code;
};

void cli_fini(struct cli *cli);

/*
 * The configuration that the command line names; all faults of a file go
 * into the text of the error.  The caller frees it.
 */
int cli_config(struct cli *cli, struct config **ret_config, struct err *err);
/* The gateway over it, made once; lives as long as cli. */
int cli_gateway(struct cli *cli, struct gateway **ret_gateway, struct err *err);
/*
 * The gateway with its store open, for operator commands.  *ret_house is
 * borrowed from the gateway.
 */
int cli_house(
    struct cli *cli, const struct tool_house **ret_house, struct err *err);

/* "local:" and the login name that the kernel's uid has. */
const char *cli_login(struct cli *cli);
struct principal cli_principal(struct cli *cli, struct gateway *gateway);

/* Value of an option, or NULL; true if it was given. */
const char *cli_value(const struct cli *cli, const char *option);
bool cli_has(const struct cli *cli, const char *option);
/* A number within bounds; def when the option was not given. */
int cli_number(const struct cli *cli, const char *option, uint64_t min,
    uint64_t max, uint64_t def, uint64_t *ret_number, struct err *err);

/* What the commands do; one file per noun. */
int run_tool(struct cli *cli, struct err *err);
int run_write_refusal(struct cli *cli, struct err *err);
int run_audit_tail(struct cli *cli, struct err *err);
int run_audit_export(struct cli *cli, struct err *err);
int run_audit_verify(struct cli *cli, struct err *err);
int run_audit_purge(struct cli *cli, struct err *err);
int run_audit_checkpoint(struct cli *cli, struct err *err);
int run_audit_rotate_key(struct cli *cli, struct err *err);
int run_completion(struct cli *cli, struct err *err);
int run_config_check(struct cli *cli, struct err *err);
int run_config_show(struct cli *cli, struct err *err);
int run_config_schema(struct cli *cli, struct err *err);
int run_doctor(struct cli *cli, struct err *err);
int run_mcp_serve(struct cli *cli, struct err *err);
int run_mcp_client_config(struct cli *cli, struct err *err);
int run_plugins_list(struct cli *cli, struct err *err);
int run_plugins_show(struct cli *cli, struct err *err);
int run_plugins_check(struct cli *cli, struct err *err);
int run_providers_export(struct cli *cli, struct err *err);
int run_providers_list(struct cli *cli, struct err *err);
int run_switch_credential(struct cli *cli, struct err *err);
int run_serve(struct cli *cli, struct err *err);
int run_sidecar(struct cli *cli, struct err *err);
int run_store_status(struct cli *cli, struct err *err);
int run_store_adopt(struct cli *cli, struct err *err);

#endif
