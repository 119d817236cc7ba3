/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

#include "cli/via.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "cli/call.h"
#include "cli/hear.h"
#include "cli/interrupt.h"
#include "cli/output.h"
#include "daemon/commands.h"
#include "daemon/program.h"
#include "daemon/relay.h"
#include "daemon/socket.h"
#include "gateway/credential.h"

/* A result with its envelope; escapes may make it longer than its text. */
enum { ANSWER_MAX = 16 * 1024 * 1024 };

/* Commands that need neither configuration nor store. */
static const char *const own_commands[] = { "completion", "config schema",
	"mcp client-config", "plugins check", "serve", "sidecar run" };

static const char *
via_socket(const struct cli *cli)
{
	const char *path = cli_value(cli, "--via");

	if (!path && !cli_has(cli, "--config"))
		path = getenv("IBKR_AGENT_SOCKET");
	return path && *path ? path : NULL;
}

static bool
is_own(const struct cli *cli)
{
	for (size_t i = 0; i < ARRAY_COUNT(own_commands); i++) {
		if (strcmp(own_commands[i], cli->args.command->path) == 0)
			return true;
	}
	return false;
}

bool
via_is_on(const struct cli *cli)
{
	return cli_has(cli, "--via") || (via_socket(cli) && !is_own(cli));
}

static int
say_all(int fd, const struct buf *text)
{
	const char *data = text->data;
	size_t len = text->len;

	while (len > 0) {
		ssize_t put = send(fd, data, len, MSG_NOSIGNAL);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return -1;
		data += put;
		len -= (size_t)put;
	}
	return 0;
}

static int
flags_add(struct json_object *params, const struct order_flags *flags)
{
	struct json_object *object = json_object_new_object();
	int rc = json_add_bool(object, "preview", flags->preview);

	rc |= json_add_bool(object, "paper", flags->paper);
	rc |= json_add_bool(object, "live", flags->live);
	rc |= json_add_bool(object, "acknowledged", flags->acknowledged);
	return rc | json_add(params, "flags", object);
}

/* Is somebody here, or shows what stands for it? */
static int
place_add(const struct cli *cli, struct json_object *params, struct err *err)
{
	const char *path = cli_value(cli, "--operator-credential");
	struct secret *shown = NULL;
	char *text CLEANUP_FREE = NULL;
	int rc = 0;

	if (!path)
		return json_add_bool(params, "local", isatty(STDIN_FILENO));
	rc = credential_read(path, &shown, err);
	if (rc)
		return rc;
	text = strndup(secret_data(shown), secret_len(shown));
	secret_free(shown);
	rc = text ? json_add_str(params, "credential", text) : IAG_NOMEM;
	if (text)
		secret_wipe(text, strlen(text));
	return rc;
}

static int
request_write(struct cli *cli, const struct tool_request *request,
    struct buf *out, struct err *err)
{
	CLEANUP_JSON struct json_object *root = json_object_new_object();
	struct json_object *params = json_object_new_object();
	int rc = json_add_str(params, "name", request->name);

	if (rc == 0 && request->arguments)
		rc = json_add(
		    params, "arguments", json_object_get(request->arguments));
	if (rc == 0)
		rc = json_add_str(
		    params, "request_id", cli_value(cli, "--request-id"));
	if (rc == 0 && request->flags)
		rc = flags_add(params, request->flags);
	if (rc == 0)
		rc = place_add(cli, params, err);
	if (rc == 0)
		rc = json_add_str(root, "jsonrpc", "2.0");
	if (rc == 0)
		rc = json_add_int(root, "id", 1);
	if (rc == 0)
		rc = json_add_str(root, "method", COMMANDS_CALL);
	rc |= json_add(root, "params", params);
	if (rc)
		return err && err->code != ERR_NONE ? rc : err_no_memory(err);
	json_write(out, root, 0);
	buf_char(out, '\n');
	return 0;
}

/* The error as it is told, back as one. */
static void
error_take(struct json_object *told, struct err *err)
{
	enum err_code code = err_code_find(json_get_str(told, "code", ""));
	const char *action = json_get_str(told, "user_action", NULL);
	struct json_object *refusals = json_get(told, "refusals");
	CLEANUP_BUF struct buf text = BUF_INIT;

	(void)err_set(err, code == ERR_NONE ? ERR_INTERNAL_ERROR : code, "%s",
	    json_get_str(told, "message", ""));
	err->retryable = json_get_bool(told, "retryable", err->retryable);
	err->unknown =
	    strcmp(json_get_str(told, "outcome", ""), "unknown") == 0;
	if (action)
		err_action(err, "%s", action);
	if (refusals) {
		json_write(&text, refusals, 0);
		err_refusals(err, buf_text(&text));
	}
}

/*
 * The request left, and what became of it is not known; is_taken: somebody has
 * read it.
 */
static int
untold(const struct tool *tool, const char *why, bool is_taken, struct err *err)
{
	if (tool && tool->flags & TOOL_READ_ONLY) {
		err_set(err, ERR_DAEMON_UNAVAILABLE, "%s", why);
		if (!is_taken)
			err_action(err, SOCKET_SEE_WHY);
		return err_class(err);
	}
	err_set(err, ERR_ORDER_OUTCOME_UNKNOWN, "%s: the request %s", why,
	    is_taken ? "may have been carried out"
		     : "may be carried out once a daemon runs");
	err->unknown = true;
	err_action(err,
	    "once the daemon is back, run `ibkr-agent orders pending`, or "
	    "repeat the request with the same idempotency key");
	return err_class(err);
}

static int
answer_take(const struct buf *line, const struct tool *tool,
    struct tool_result *ret_result, struct err *err)
{
	CLEANUP_JSON struct json_object *tree = NULL;
	struct json_bounds bounds = json_bounds_default;
	struct json_object *answer, *result;
	int rc;

	if (relay_is_refused(buf_text(line), line->len, err))
		return err_class(err);
	bounds.bytes = ANSWER_MAX;
	bounds.values = SIZE_MAX;
	rc = json_parse(buf_text(line), line->len, &bounds, &tree, err);
	if (rc) {
		(void)err_wrap(
		    err, "what the daemon answered is not understood");
		return untold(tool, err_text(err), true, err);
	}
	answer = json_get(tree, "result");
	result = json_get(answer, "result");
	if (!result)
		return err_set(err, ERR_DAEMON_UNAVAILABLE, "the daemon: %s",
		    json_get_str(
			json_get(tree, "error"), "message", "no answer"));
	ret_result->is_error = json_get_bool(answer, "isError", true);
	json_write(&ret_result->json, result, 0);
	if (ret_result->is_error)
		error_take(result, &ret_result->err);
	return 0;
}

/* No answer came: it ended so. */
static int
lost(const struct tool *tool, enum heard heard, struct err *err)
{
	char text[160];

	if (heard != HEARD_NOT_TAKEN)
		return untold(tool,
		    "the daemon ended the connection without an answer", true,
		    err);
	(void)snprintf(text, sizeof text,
	    "no daemon has taken the request for %d seconds, though its "
	    "socket is there: it does not start, or hangs",
	    SOCKET_TAKEN_S);
	return untold(tool, text, false, err);
}

/* Interrupted, what changes something is settled and told. */
static enum heard
hear_answer(
    int fd, const struct tool *tool, uint64_t taken_ns, struct buf *line)
{
	struct call *call = call_new(UINT64_MAX);
	struct interrupt interrupt;
	enum heard heard;

	if (!call)
		return HEARD_END;
	if (tool && tool->flags & TOOL_DESTRUCTIVE)
		interrupt_start(&interrupt, call);
	heard = hear_line(fd, call, taken_ns, line);
	if (tool && tool->flags & TOOL_DESTRUCTIVE)
		interrupt_stop(&interrupt);
	call_unref(call);
	return heard;
}

int
via_call(struct cli *cli, const struct tool_request *request,
    const struct tool *tool, struct tool_result *ret_result, struct err *err)
{
	CLEANUP_BUF struct buf line = BUF_INIT;
	CLEANUP_BUF struct buf said = BUF_INIT;
	/* to connect and to be read, both */
	uint64_t taken_ns = clock_boot_ns() + SOCKET_TAKEN_S * NS_PER_S;
	int fd CLEANUP_CLOSE = -1;
	enum heard heard;
	int rc = request_write(cli, request, &said, err);

	if (rc == 0)
		rc = socket_connect(via_socket(cli), &fd, err);
	if (rc)
		return rc;
	line.max = ANSWER_MAX;
	/* who is turned away may find out by writing, and reads why */
	(void)say_all(fd, &said);
	secret_wipe(said.data, said.len);
	heard = hear_answer(fd, tool, taken_ns, &line);
	if (heard != HEARD_LINE)
		return lost(tool, heard, err);
	return answer_take(&line, tool, ret_result, err);
}

/* A command that the daemon runs: its words, its output, its exit code. */
static int
run_program(struct cli *cli, struct err *err)
{
	CLEANUP_JSON struct json_object *arguments = json_object_new_object();
	CLEANUP_JSON struct json_object *tree = NULL;
	char *words CLEANUP_FREE = strdup(cli->args.command->path);
	struct tool_result result;
	struct buf out CLEANUP_BUF = BUF_INIT;
	int rc = words ? 0 : IAG_NOMEM;

	for (char *c = words; c && *c; c++)
		*c = *c == ' ' ? '-' : *c;
	rc |= json_add_str(arguments, "command", words);
	rc |= json_add_bool(arguments, "json", cli->args.json);
	if (cli->args.operand_count > 0)
		rc |= json_add_str(arguments, "operand", cli->args.operands[0]);
	if (rc)
		return err_no_memory(err);
	tool_result_init(&result);
	rc = call_operation(cli, &program_operation, arguments, &result, err);
	if (rc == 0)
		rc = json_parse(buf_text(&result.json), result.json.len,
		    &json_bounds_default, &tree, err);
	tool_result_fini(&result);
	if (rc)
		return rc;
	(void)fputs(json_get_str(tree, "stderr", ""), stderr);
	cli->exit_code = (int)json_get_int(tree, "exit_code", 1);
	buf_str(&out, json_get_str(tree, "stdout", ""));
	return output_write(&out, err);
}

/* An option of the command's own: that file or number is not passed on. */
static const char *
own_option(const struct cli *cli)
{
	for (const struct option *o = cli->args.command->options; o && o->name;
	     o++) {
		if (cli_has(cli, o->name))
			return o->name;
	}
	return NULL;
}

/* An option of a server; a relay is for one client, on its own stdio. */
static const char *
server_option(const struct cli *cli)
{
	static const char *const options[] = { "--bind", "--describe",
		"--enable-remote-mcp", "--without-auth" };

	for (size_t i = 0; i < ARRAY_COUNT(options); i++) {
		if (cli_has(cli, options[i]))
			return options[i];
	}
	return cli_has(cli, "--transport") &&
		       strcmp(cli_value(cli, "--transport"), "stdio") != 0
		   ? "--transport"
		   : NULL;
}

static const char *
foreign_option(const struct cli *cli, bool is_program)
{
	if (is_program)
		return own_option(cli);
	return cli->args.command->run == run_mcp_serve ? server_option(cli)
						       : NULL;
}

static int
check_options(const struct cli *cli, bool is_program, struct err *err)
{
	static const char *const local[] = { "--config", "--live-broker",
		"--store" };
	const char *option = foreign_option(cli, is_program);

	for (size_t i = 0; !option && i < ARRAY_COUNT(local); i++) {
		if (cli_has(cli, local[i]))
			option = local[i];
	}
	if (!option)
		return 0;
	err_set(err, ERR_INPUT_INVALID, "%s: %s does not go with the daemon",
	    cli->args.command->path, option);
	err_action(err, "leave it out, since the daemon goes by its own "
			"configuration; or run the command as the daemon's "
			"user, with --config and without --via");
	return err_class(err);
}

bool
via_takes(const struct command *command)
{
	return program_may_run(command->path) || command->tool ||
	       command->run == run_mcp_serve ||
	       command->run == run_audit_tail ||
	       command->run == run_write_refusal ||
	       command->run == run_mcp_client_config;
}

int
via_run(struct cli *cli, struct err *err)
{
	const struct command *command = cli->args.command;
	bool is_program = program_may_run(command->path);
	int rc = check_options(cli, is_program, err);

	if (rc)
		return rc;
	if (command->run == run_mcp_serve)
		return relay_run(
		    via_socket(cli), STDIN_FILENO, output_fd(), err);
	if (is_program)
		return run_program(cli, err);
	if (via_takes(command))
		return command->run(cli, err);
	err_set(err, ERR_INPUT_INVALID, "%s does not go through the daemon",
	    command->path);
	err_action(err, "run it as the daemon's user, with --config and "
			"without --via (or IBKR_AGENT_SOCKET)");
	return err_class(err);
}
