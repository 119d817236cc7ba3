/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* kill-switch credential. */

#include <unistd.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "cli/cli.h"
#include "cli/output.h"
#include "gateway/credential.h"
#include "journal/audit.h"
#include "journal/outcome.h"

/* On the record before it is there: who has one can open the switch. */
static int
record(struct cli *cli, const struct tool_house *house, struct err *err)
{
	struct audit_event event = {
		.principal = cli_login(cli),
		.principal_kind = "operator",
		.request_id = cli_value(cli, "--request-id"),
	};
	struct call *call = gateway_call_new(cli->gateway, NULL);
	int rc;

	if (!call)
		return err_no_memory(err);
	audit_outcome(&event, "operator_credential_made", NULL);
	rc = journal_record(house->journal, call, &event, err);
	call_unref(call);
	return rc;
}

int
run_switch_credential(struct cli *cli, struct err *err)
{
	const char *path = cli_value(cli, "--out");
	struct buf out CLEANUP_BUF = BUF_INIT;
	const struct tool_house *house;
	int rc;

	if (!isatty(STDIN_FILENO)) {
		err_set(err, ERR_INPUT_INVALID,
		    "an operator's credential is made in a terminal only");
		err_action(err, "run the command in a terminal");
		return err_class(err);
	}
	rc = cli_house(cli, &house, err);
	if (rc == 0)
		rc = record(cli, house, err);
	if (rc == 0)
		rc = credential_make(house->config, path, err);
	if (rc)
		return rc;
	buf_str(&out, cli->args.json ? "{\n  \"made\": true\n}\n"
				     : "the operator's credential is made\n");
	return output_write(&out, err);
}
