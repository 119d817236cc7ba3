/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * audit verify: the store is read in a child with a time limit (ruling 30);
 * the child prints the verdict, the parent what became of the child.
 */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "cli/audit.h"
#include "cli/cli.h"
#include "cli/output.h"
#include "cli/report.h"
#include "gateway/child.h"
#include "gateway/review.h"
#include "journal/audit.h"

#define CHECKPOINT_LEN 65536

struct verify {
	struct cli *cli;
	struct config *config;
	uint64_t first, last;
	char *checkpoint; /* its text, or NULL */
};

static int
read_text(const char *path, char **ret_text, struct err *err)
{
	FILE *file = fopen(path, "re");
	char *text;
	size_t len;

	if (!file)
		return err_set(err, ERR_INPUT_INVALID, "cannot read '%s': %s",
		    path, strerror(errno));
	text = calloc(1, CHECKPOINT_LEN + 1);
	len = text ? fread(text, 1, CHECKPOINT_LEN, file) : 0;
	fclose(file);
	if (!text)
		return err_no_memory(err);
	if (len == 0 || memchr(text, '\0', len)) {
		free(text);
		return err_set(
		    err, ERR_INPUT_INVALID, "'%s' is no checkpoint", path);
	}
	*ret_text = text;
	return 0;
}

static void
verdict_json(struct buf *out, const struct audit_verdict *verdict)
{
	buf_printf(
	    out, "{\n  \"events_scanned\": %" PRIu64 ",\n", verdict->scanned);
	buf_printf(
	    out, "  \"chain_valid\": %s,\n", verdict->valid ? "true" : "false");
	if (verdict->first_break != UINT64_MAX)
		buf_printf(out, "  \"first_break_at_sequence\": %" PRIu64 ",\n",
		    verdict->first_break);
	if (!verdict->valid) {
		buf_str(out, "  \"reason\": ");
		json_write_string(
		    out, verdict->reason, strlen(verdict->reason));
		buf_str(out, ",\n");
	}
	buf_printf(out, "  \"state_checked\": %s,\n",
	    verdict->state_checked ? "true" : "false");
	buf_printf(out, "  \"anchored\": %s\n}\n",
	    verdict->anchored ? "true" : "false");
}

static void
verdict_people(struct buf *out, const struct audit_verdict *verdict)
{
	if (!verdict->valid) {
		buf_printf(out, "audit chain broken after %" PRIu64 " records",
		    verdict->scanned);
		buf_char(out, '\n');
		return;
	}
	buf_printf(out, "audit chain verified: %" PRIu64 " records%s\n",
	    verdict->scanned,
	    verdict->state_checked ? ", every state row" : "");
	buf_str(
	    out, verdict->anchored
		     ? "anchored by the checkpoint\n"
		     : "self-attested: truncation to an earlier state is not "
		       "excluded\n");
}

static int
verdict_print(
    const struct cli *cli, const struct audit_verdict *verdict, struct err *err)
{
	struct buf out CLEANUP_BUF = BUF_INIT;
	int rc;

	if (cli->args.json)
		verdict_json(&out, verdict);
	else
		verdict_people(&out, verdict);
	rc = output_write(&out, err);
	if (rc || verdict->valid)
		return rc;
	if (verdict->first_break != UINT64_MAX)
		err_set(err, ERR_AUDIT_CHAIN_INVALID,
		    "sequence %" PRIu64 ": %s", verdict->first_break,
		    verdict->reason);
	else
		err_set(err, ERR_AUDIT_CHAIN_INVALID, "%s", verdict->reason);
	if (cli_has(cli, "--file"))
		err_action(err, "keep this file, and verify another copy of "
				"the export, or the store that it is of");
	return err_class(err);
}

/* The checkpoint named on the command line, else the configured one. */
static const char *
checkpoint_path(const struct verify *verify)
{
	const char *path = cli_value(verify->cli, "--checkpoint");

	return path || cli_has(verify->cli, "--store")
		   ? path
		   : verify->config->audit.checkpoint_file;
}

static int
verify_store(
    struct verify *verify, struct audit_verdict *ret_verdict, struct err *err)
{
	struct progress progress = progress_new("verifying");
	struct review review = REVIEW_INIT;
	struct cli *cli = verify->cli;
	int rc;

	rc = review_open(
	    &review, verify->config, cli_value(cli, "--store"), NULL, err);
	if (rc == 0)
		rc = audit_verify(review.journal, verify->first, verify->last,
		    cli_has(cli, "--state") ? AUDIT_VERIFY_STATE : 0,
		    verify->checkpoint, progress_show, &progress, ret_verdict,
		    err);
	progress_end(&progress);
	review_close(&review);
	if (rc && ret_verdict->misfit)
		(void)err_wrap(err, "'%s'", checkpoint_path(verify));
	return rc;
}

/* Runs in the child. */
static int
verify_work(void *arg)
{
	struct verify *verify = arg;
	struct err err CLEANUP_ERR = ERR_INIT;
	struct audit_verdict verdict = { 0 };
	int rc;

	rc = verify_store(verify, &verdict, &err);
	if (rc == 0)
		rc = verdict_print(verify->cli, &verdict, &err);
	return rc ? report_error(verify->cli, &err) : 0;
}

static int
verify_file(struct cli *cli, struct config *config, struct err *err)
{
	struct audit_verdict verdict = { 0 };
	struct buf manifest CLEANUP_BUF = BUF_INIT;
	const char *path = cli_value(cli, "--file");
	struct secret *secret;
	int rc = config_audit_secret(config, &secret, err);

	if (rc)
		return rc;
	buf_printf(&manifest, "%s.manifest", path);
	if (access(path, R_OK) != 0)
		rc = err_set(err, ERR_INPUT_INVALID, "file '%s': %s", path,
		    strerror(errno));
	else
		rc = audit_verify_file(
		    path, buf_text(&manifest), secret, &verdict, err);
	if (rc && access(buf_text(&manifest), R_OK) != 0)
		err_action(err, "name an export that has its manifest beside "
				"it, under its name with .manifest behind it");
	secret_free(secret);
	return rc ? rc : verdict_print(cli, &verdict, err);
}

static int
read_checkpoint(struct verify *verify, struct err *err)
{
	const char *path = checkpoint_path(verify);

	return path ? read_text(path, &verify->checkpoint, err) : 0;
}

static int
verify_in_child(struct verify *verify, struct err *err)
{
	struct cli *cli = verify->cli;
	uint64_t seconds;
	int rc;

	rc = cli_number(cli, "--first", 0, INT64_MAX, 0, &verify->first, err);
	if (rc == 0)
		rc = cli_number(cli, "--last", 0, INT64_MAX, UINT64_MAX,
		    &verify->last, err);
	if (rc == 0 && verify->first > verify->last)
		rc = err_set(err, ERR_INPUT_INVALID, "--first is above --last");
	if (rc == 0)
		rc = cli_number(cli, "--timeout", 1, 86400, 600, &seconds, err);
	if (rc == 0)
		rc = read_checkpoint(verify, err);
	if (rc)
		return rc;
	return child_run(
	    verify_work, verify, (unsigned)seconds, &cli->exit_code, err);
}

int
run_audit_verify(struct cli *cli, struct err *err)
{
	struct verify verify = { .cli = cli };
	int rc;

	if (cli_has(cli, "--file") && cli_has(cli, "--store"))
		return err_set(
		    err, ERR_INPUT_INVALID, "give either --file or --store");
	if (cli_has(cli, "--file") && cli_has(cli, "--checkpoint"))
		return err_set(err, ERR_INPUT_INVALID,
		    "--checkpoint is compared with a store, and --file reads "
		    "none: give either");
	rc = cli_config(cli, &verify.config, err);
	if (rc)
		return rc;
	rc = cli_has(cli, "--file") ? verify_file(cli, verify.config, err)
				    : verify_in_child(&verify, err);
	free(verify.checkpoint);
	config_free(verify.config);
	return rc;
}
