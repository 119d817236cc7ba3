/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* store status, store adopt. */

#include "base/cleanup.h"
#include "cli/audit.h"
#include "cli/cli.h"
#include "cli/output.h"
#include "gateway/review.h"

int
run_store_status(struct cli *cli, struct err *err)
{
	struct review review = REVIEW_INIT;
	struct buf text CLEANUP_BUF = BUF_INIT;
	struct config *config;
	int rc = cli_config(cli, &config, err);

	if (rc)
		return rc;
	rc = review_open(&review, config, NULL, NULL, err);
	if (rc == 0)
		rc = journal_status(review.journal, &text, err);
	review_close(&review);
	config_free(config);
	return rc ? rc : audit_cli_print(cli, &text, err);
}

int
run_store_adopt(struct cli *cli, struct err *err)
{
	const char *reason = cli_value(cli, "--reason");
	struct buf out CLEANUP_BUF = BUF_INIT;
	const struct tool_house *house;
	struct call *call;
	int rc;

	if (!*reason)
		return err_set(err, ERR_INPUT_INVALID,
		    "--reason: expected why the store is taken over, got ''");
	rc = cli_house(cli, &house, err);
	if (rc)
		return rc;
	if (journal_is_adopted(house->journal))
		return err_set(err, ERR_INPUT_INVALID,
		    "this store was neither copied nor restored: there is "
		    "nothing to adopt");
	call = gateway_call_new(cli->gateway, NULL);
	if (!call)
		return err_no_memory(err);
	rc = journal_adopt(house->journal, call, cli_login(cli), reason, err);
	call_unref(call);
	if (rc)
		return rc;
	buf_str(&out, cli->args.json ? "{\n  \"adopted\": true\n}\n"
				     : "the store is adopted\n");
	return output_write(&out, err);
}
