/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* audit tail, export, purge, checkpoint, rotate-key; verify has its own. */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/json.h"
#include "cli/audit.h"
#include "cli/call.h"
#include "cli/cli.h"
#include "cli/output.h"
#include "config/scope.h"
#include "gateway/review.h"
#include "journal/audit.h"

#define EXPORT_SCOPE "ibkr:audit:export"

int
audit_cli_print(struct cli *cli, const struct buf *json, struct err *err)
{
	struct json_object *tree CLEANUP_JSON = NULL;
	struct json_bounds bounds = json_bounds_default;
	int rc;

	bounds.bytes = SIZE_MAX;
	bounds.values = SIZE_MAX;
	rc = json_parse(buf_text(json), json->len, &bounds, &tree, err);
	if (rc)
		return rc;
	return output_tree(cli->args.json, tree, err);
}

/*
 * Records have many members; people get the few that tell what happened, and
 * see all of them with --json.
 */
static int
tail_brief(struct json_object *events, struct json_object *list)
{
	static const char *const names[] = { "timestamp", "event_type",
		"principal", "tool_name", "decision", "result_status",
		"error_code" };
	size_t i, k;

	for (i = 0; i < json_object_array_length(events); i++) {
		struct json_object *entry =
		    json_object_array_get_idx(events, i);
		struct json_object *event = json_get(entry, "event");
		struct json_object *row = json_object_new_object();

		if (!row || json_object_array_add(list, row))
			return IAG_NOMEM;
		(void)json_add_int(
		    row, "sequence", json_get_int(entry, "sequence_id", 0));
		for (k = 0; k < ARRAY_COUNT(names); k++)
			(void)json_add_str(
			    row, names[k], json_get_str(event, names[k], NULL));
	}
	return 0;
}

static int
tail_print(struct cli *cli, const struct buf *json, struct err *err)
{
	struct json_object *tree CLEANUP_JSON = NULL;
	struct json_object *brief CLEANUP_JSON = json_object_new_object();
	struct json_object *list;
	struct buf text CLEANUP_BUF = BUF_INIT;
	struct json_bounds bounds = json_bounds_default;
	int rc;

	if (cli->args.json)
		return audit_cli_print(cli, json, err);
	bounds.bytes = SIZE_MAX;
	bounds.values = SIZE_MAX;
	rc = json_parse(buf_text(json), json->len, &bounds, &tree, err);
	if (rc)
		return rc;
	list = json_object_new_array();
	if (!brief || json_add(brief, "records", list) ||
	    tail_brief(json_get(tree, "events"), list))
		return err_no_memory(err);
	json_write(&text, brief, 0);
	return audit_cli_print(cli, &text, err);
}

static int
tail_other(struct cli *cli, uint64_t limit, struct err *err)
{
	struct review review = REVIEW_INIT;
	struct audit_range range = { .last = UINT64_MAX, .limit = limit };
	struct buf out CLEANUP_BUF = BUF_INIT;
	struct config *config;
	int rc = cli_config(cli, &config, err);

	if (rc)
		return rc;
	rc = review_open(&review, config, cli_value(cli, "--store"), NULL, err);
	if (rc == 0)
		rc = audit_tail(review.journal, &range, &out, err);
	review_close(&review);
	config_free(config);
	return rc ? rc : tail_print(cli, &out, err);
}

int
run_audit_tail(struct cli *cli, struct err *err)
{
	struct json_object *arguments CLEANUP_JSON = NULL;
	struct tool_result result;
	uint64_t limit;
	int rc = cli_number(cli, "--limit", 1, 500, 100, &limit, err);

	if (rc)
		return rc;
	if (cli_has(cli, "--store"))
		return tail_other(cli, limit, err);
	arguments = json_object_new_object();
	if (!arguments || json_add_int(arguments, "limit", (int64_t)limit))
		return err_no_memory(err);
	tool_result_init(&result);
	rc = call_tool(cli, "ibkr_audit_tail", arguments, &result, err);
	if (rc == 0)
		rc = tail_print(cli, &result.json, err);
	tool_result_fini(&result);
	return rc;
}

static int
time_option(
    struct cli *cli, const char *option, uint64_t *ret_ns, struct err *err)
{
	const char *text = cli_value(cli, option);

	if (!text || clock_parse(text, ret_ns, NULL) == 0)
		return 0;
	return err_set(err, ERR_INPUT_INVALID_TIME_RANGE,
	    "%s: expected an RFC 3339 time such as '2026-07-28T09:30:00Z', "
	    "got '%s'",
	    option, text);
}

static int
range_options(struct cli *cli, struct audit_range *range, struct err *err)
{
	int rc;

	rc = cli_number(cli, "--first", 0, INT64_MAX, 0, &range->first, err);
	if (rc == 0)
		rc = cli_number(
		    cli, "--last", 0, INT64_MAX, UINT64_MAX, &range->last, err);
	if (rc == 0)
		rc = cli_number(
		    cli, "--limit", 1, INT64_MAX, 0, &range->limit, err);
	if (rc == 0)
		rc = time_option(cli, "--since", &range->since_ns, err);
	if (rc == 0)
		rc = time_option(cli, "--until", &range->until_ns, err);
	range->event_type = cli_value(cli, "--type");
	range->account = cli_value(cli, "--account");
	if (rc == 0 && range->first > range->last)
		rc = err_set(err, ERR_INPUT_INVALID,
		    "--first %" PRIu64 " is above --last %" PRIu64,
		    range->first, range->last);
	return rc;
}

/* Exporting needs the scope that the tool needs, and a refusal a record. */
static int
check_export_scope(struct cli *cli, const struct tool_house *house,
    struct call *call, struct err *err)
{
	struct gateway *gateway = cli->gateway;
	struct audit_event event = {
		.event_type = "tool_denied_scope",
		.principal = cli_login(cli),
		.principal_kind = "operator",
		.request_id = cli_value(cli, "--request-id"),
		.tool_name = "ibkr_audit_export",
		.scope = EXPORT_SCOPE,
		.decision = "deny",
		.result_status = "denied_scope",
		.outcome = "refused",
		.error_code = "AUTH_MISSING_SCOPE",
	};
	int rc;

	if (gateway_scopes(gateway) & scope_bit(EXPORT_SCOPE))
		return 0;
	rc = journal_record(house->journal, call, &event, err);
	if (rc)
		return rc;
	return scope_refuse(
	    "audit export", EXPORT_SCOPE, gateway_scopes(gateway), err);
}

/* A new file that only its owner reads; an old one is never replaced. */
static int
create_file(const char *path, struct err *err)
{
	int fd = open(
	    path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return err_set(err, ERR_INPUT_INVALID, "cannot create '%s': %s",
		    path, strerror(errno));
	return fd;
}

static int
write_all(int fd, const char *path, const struct buf *text, struct err *err)
{
	if (!fd_write(fd, text->data, text->len))
		return err_set(err, ERR_INTERNAL_ERROR, "cannot write '%s': %s",
		    path, strerror(errno));
	if (fsync(fd) != 0 && errno != EINVAL && errno != EROFS)
		return err_set(err, ERR_INTERNAL_ERROR, "cannot write '%s': %s",
		    path, strerror(errno));
	return 0;
}

/* Their names are to be on the disk as well when a purge relies on them. */
static int
sync_folder(const char *path, struct err *err)
{
	const char *slash = strrchr(path, '/');
	CLEANUP_FREE char *folder =
	    slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
	CLEANUP_CLOSE int fd = -1;

	if (!folder)
		return err_no_memory(err);
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	/* one that may not be listed cannot be asked */
	if (fd < 0 || fsync(fd) == 0 || errno == EINVAL || errno == EROFS)
		return 0;
	return err_set(err, ERR_INTERNAL_ERROR, "cannot write '%s': %s", folder,
	    strerror(errno));
}

/*
 * Both files are there, or neither; both where it is not known whether the
 * export is on record, by which a purge may remove what is in them.
 */
static int
export_files(struct cli *cli, const struct tool_house *house, struct call *call,
    const struct audit_range *range, const char *path, struct err *err)
{
	struct progress progress = progress_new("exporting");
	struct buf manifest CLEANUP_BUF = BUF_INIT;
	struct buf name CLEANUP_BUF = BUF_INIT;
	CLEANUP_ERR struct err own = ERR_INIT;
	int manifest_fd CLEANUP_CLOSE = -1;
	int fd CLEANUP_CLOSE = -1;
	int rc;

	buf_printf(&name, "%s.manifest", path);
	fd = create_file(path, err);
	if (fd < 0)
		return fd;
	manifest_fd = create_file(buf_text(&name), err);
	if (manifest_fd < 0) {
		(void)unlink(path);
		return manifest_fd;
	}
	rc = sync_folder(path, &own);
	if (rc == 0)
		rc = audit_export(house->journal, call, range, fd, manifest_fd,
		    cli_login(cli), progress_show, &progress, &manifest, &own);
	progress_end(&progress);
	if (rc && !own.unknown) {
		(void)unlink(path);
		(void)unlink(buf_text(&name));
	}
	if (rc) {
		err_move(err, &own);
		return rc;
	}
	return audit_cli_print(cli, &manifest, err);
}

int
run_audit_export(struct cli *cli, struct err *err)
{
	struct audit_range range = { .last = UINT64_MAX };
	struct buf manifest CLEANUP_BUF = BUF_INIT;
	const struct tool_house *house;
	const char *path = cli_value(cli, "--out");
	struct call *call;
	int rc = range_options(cli, &range, err);

	if (rc == 0)
		rc = cli_house(cli, &house, err);
	if (rc)
		return rc;
	call = call_new(UINT64_MAX);
	if (!call)
		return err_no_memory(err);
	rc = check_export_scope(cli, house, call, err);
	if (rc == 0 && range.event_type)
		rc = audit_check_type(house->journal, range.event_type, err);
	if (rc == 0 && path)
		rc = export_files(cli, house, call, &range, path, err);
	else if (rc == 0)
		rc = audit_export(house->journal, call, &range, output_fd(), -1,
		    cli_login(cli), NULL, NULL, &manifest, err);
	call_unref(call);
	return rc;
}

int
run_audit_purge(struct cli *cli, struct err *err)
{
	struct progress progress = progress_new("purging");
	struct buf out CLEANUP_BUF = BUF_INIT;
	struct audit_purge purge = { 0 };
	const struct tool_house *house;
	uint64_t before_ns = UINT64_MAX;
	bool dry_run = cli_has(cli, "--dry-run");
	struct call *call;
	int rc = time_option(cli, "--before", &before_ns, err);

	if (rc == 0)
		rc = cli_house(cli, &house, err);
	if (rc)
		return rc;
	call = call_new(UINT64_MAX);
	if (!call)
		return err_no_memory(err);
	rc = audit_purge(house->journal, call, cli_login(cli), before_ns,
	    dry_run, progress_show, &progress, &purge, err);
	progress_end(&progress);
	call_unref(call);
	if (rc)
		return rc;
	buf_printf(&out,
	    "{\"dry_run\":%s,\"purged\":%" PRIu64
	    ",\"kept_by_retention\":%" PRIu64 ",\"kept_by_export\":%" PRIu64
	    "}",
	    dry_run ? "true" : "false", purge.purged, purge.kept_by_retention,
	    purge.kept_by_export);
	return audit_cli_print(cli, &out, err);
}

static int
checkpoint_write(
    struct cli *cli, const char *path, const struct buf *text, struct err *err)
{
	struct buf out CLEANUP_BUF = BUF_INIT;
	int fd CLEANUP_CLOSE = create_file(path, err);
	int rc;

	if (fd < 0)
		return fd;
	rc = write_all(fd, path, text, err);
	if (rc) {
		/* half of one would stand in the way of the next */
		(void)unlink(path);
		return rc;
	}
	if (cli->args.json)
		return audit_cli_print(cli, text, err);
	buf_printf(&out, "checkpoint written to %s\n", path);
	return output_write(&out, err);
}

int
run_audit_checkpoint(struct cli *cli, struct err *err)
{
	struct buf text CLEANUP_BUF = BUF_INIT;
	const char *path = cli_value(cli, "--out");
	const struct tool_house *house;
	struct call *call;
	int rc = cli_house(cli, &house, err);

	if (rc)
		return rc;
	call = gateway_call_new(cli->gateway, NULL);
	if (!call)
		return err_no_memory(err);
	rc = audit_checkpoint(house->journal, call, cli_login(cli), &text, err);
	call_unref(call);
	if (rc)
		return rc;
	if (path)
		return checkpoint_write(cli, path, &text, err);
	if (cli->args.json)
		return audit_cli_print(cli, &text, err);
	/* as in a file: a MAC cut to a column's width would anchor nothing */
	return output_write(&text, err);
}

/* It is not the configured one: that goes on being the store's. */
static int
new_secret(const char *env, const char *file, struct secret **ret_secret,
    struct err *err)
{
	int rc = env ? secret_from_env(env, ret_secret, err)
		     : secret_from_file(file, ret_secret, err);

	if (rc == 0)
		return 0;
	err_action(err, "correct the new secret, then run the command again: "
			"the chain goes on under the old one");
	return err_wrap(err, "the new secret");
}

int
run_audit_rotate_key(struct cli *cli, struct err *err)
{
	const char *env = cli_value(cli, "--new-secret-env");
	const char *file = cli_value(cli, "--new-secret-file");
	struct buf out CLEANUP_BUF = BUF_INIT;
	const struct tool_house *house;
	struct secret *secret = NULL;
	struct call *call;
	int rc;

	if (!env == !file)
		return err_set(err, ERR_INPUT_INVALID,
		    "give either --new-secret-env or --new-secret-file");
	rc = new_secret(env, file, &secret, err);
	if (rc)
		return rc;
	rc = cli_house(cli, &house, err);
	call = rc ? NULL : gateway_call_new(cli->gateway, NULL);
	if (rc == 0 && !call)
		rc = err_no_memory(err);
	if (rc == 0)
		rc = audit_rotate_key(
		    house->journal, call, cli_login(cli), secret, err);
	call_unref(call);
	secret_free(secret);
	if (rc)
		return rc;
	buf_str(&out,
	    cli->args.json
		? "{\n  \"rotated\": true\n}\n"
		: "the chain goes on under the new secret; configure it now, "
		  "the old one no longer opens the store\n");
	return output_write(&out, err);
}
