/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Commands of tools: options become arguments, the call goes the way of every
 * other call, the result is printed.
 */

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "cli/argname.h"
#include "cli/call.h"
#include "cli/cli.h"
#include "cli/explain.h"
#include "cli/interrupt.h"
#include "cli/orderflags.h"
#include "cli/output.h"
#include "cli/runnable.h"
#include "cli/via.h"
#include "gateway/credential.h"

#define REQUEST_ID_LEN 128

/* A whole number; text that is none goes on as it is, to be refused. */
static struct json_object *
integer_of(const char *text)
{
	struct json_object *number = NULL;

	if (json_parse(
		text, strlen(text), &json_bounds_default, &number, NULL) == 0 &&
	    json_object_is_type(number, json_type_int))
		return number;
	(void)json_object_put(number);
	return json_object_new_string(text);
}

static struct json_object *
list_of(const struct field *field, const char *text)
{
	struct json_object *list = json_object_new_array();
	char *copy CLEANUP_FREE = strdup(text);
	char *rest = copy;
	char *item;

	while (list && rest && (item = strsep(&rest, ",")))
		(void)json_object_array_add(
		    list, field->items == FIELD_INTEGER
			      ? integer_of(item)
			      : json_object_new_string(item));
	return list;
}

static struct json_object *
value_of(const struct field *field, const char *text)
{
	switch (field->type) {
	case FIELD_BOOLEAN:
		return json_object_new_boolean(
		    !text || strcmp(text, "true") == 0);
	case FIELD_INTEGER:
		return integer_of(text);
	case FIELD_ARRAY:
		return list_of(field, text);
	default:
		return json_object_new_string(text);
	}
}

/* One of them, or all of a list. */
static struct json_object *
operands_of(const struct field *field, const struct args *args)
{
	struct json_object *list;

	if (!args->command->operand_many)
		return value_of(field, args->operands[0]);
	list = json_object_new_array();
	for (size_t i = 0; list && i < args->operand_count; i++)
		(void)json_object_array_add(
		    list, json_object_new_string(args->operands[i]));
	return list;
}

static int
arguments_of(const struct args *args, struct json_object *tree, struct err *err)
{
	const struct field *operand = args->command->operand_field;
	int rc = 0;
	size_t i;

	if (operand && args->operand_count > 0)
		rc = json_add(tree, operand->name, operands_of(operand, args));
	for (i = 0; rc == 0 && i < args->option_count; i++) {
		const struct field *field = args->options[i].option->field;

		if (field)
			rc = json_add(tree, field->name,
			    value_of(field, args->options[i].value));
	}
	for (const struct option *option = args->command->options;
	     rc == 0 && option->name; option++)
		if (option->preset && !json_get(tree, option->field->name))
			rc = json_add(tree, option->field->name,
			    value_of(option->field, option->preset));
	return rc ? err_no_memory(err) : 0;
}

/* Results that people read best in another shape. */
static int
shape_for_people(const struct tool *tool, struct json_object *tree)
{
	return strcmp(tool->command, "policy explain") == 0
		   ? explain_shape(tree)
		   : 0;
}

static int
print_result(struct cli *cli, const struct tool *tool, const struct buf *json,
    struct err *err)
{
	struct json_object *tree CLEANUP_JSON = NULL;
	struct buf out CLEANUP_BUF = BUF_INIT;
	struct style style = style_of(output_fd());
	int rc;

	rc =
	    json_parse(json->data, json->len, &json_bounds_default, &tree, err);
	if (rc)
		return rc;
	/* done, but not to the end: something may still land, or works on */
	if (!json_get_bool(tree, "drained", true) ||
	    json_get_int(tree, "failed", 0) > 0)
		cli->exit_code = 1;
	if (cli->args.json)
		output_json(&out, tree);
	else if (runnable_tree(cli, tree) || shape_for_people(tool, tree))
		return err_no_memory(err);
	else
		output_people(&out, &style, tool->output, tree);
	return output_write(&out, err);
}

/* It goes into the record, so it is short and can be printed. */
static int
check_request_id(const struct cli *cli, struct err *err)
{
	const char *id = cli_value(cli, "--request-id");
	size_t len = id ? strlen(id) : 0;
	size_t i;

	if (len > REQUEST_ID_LEN)
		return err_set(err, ERR_INPUT_INVALID,
		    "--request-id: expected at most %d bytes, got '%zu'",
		    REQUEST_ID_LEN, len);
	for (i = 0; i < len; i++)
		if (id[i] < 0x21 || id[i] > 0x7e)
			return err_set(err, ERR_INPUT_INVALID,
			    "--request-id: expected visible ascii without "
			    "blanks, got '%s'",
			    id);
	return 0;
}

/* What the command line adds; options that a command has not are not given. */
static struct order_flags
flags_of(const struct cli *cli)
{
	return (struct order_flags){
		.preview = cli_has(cli, "--enable-preview"),
		.paper = cli_has(cli, "--enable-paper"),
		.live = cli_has(cli, "--enable-live"),
		.acknowledged = cli_has(cli, "--acknowledge-paper-to-live"),
	};
}

/* What changes something is settled and told, also when it is interrupted. */
static int
call_run(struct gateway *gateway, const struct tool *tool,
    const struct tool_request *request, struct tool_result *ret_result)
{
	struct interrupt interrupt;
	int rc;

	if (!tool || !(tool->flags & TOOL_DESTRUCTIVE))
		return gateway_call(gateway, request, ret_result);
	interrupt_start(&interrupt, request->call);
	rc = gateway_call(gateway, request, ret_result);
	interrupt_stop(&interrupt);
	return rc;
}

/* A terminal, or what stands for one; a wrong one is for the record. */
static bool
is_local(const struct cli *cli, struct gateway *gateway, struct err *err)
{
	const char *path = cli_value(cli, "--operator-credential");
	struct secret *shown = NULL;
	int rc;

	if (!path)
		return isatty(STDIN_FILENO);
	rc = credential_read(path, &shown, err);
	if (rc == 0)
		rc = credential_check(gateway_config(gateway), shown, err);
	secret_free(shown);
	return rc == 0;
}

/* Programs read the names of the tool's arguments, people those of options. */
static void
name_arguments(const struct cli *cli, struct err *err)
{
	struct buf text CLEANUP_BUF = BUF_INIT;
	char *named;

	argument_names(cli->args.command, err_text(err), &text);
	named = buf_take(&text);
	if (!named)
		return;
	free(err->text);
	err->text = named;
}

/* What became of it, with the error as the door gave it. */
static int
call_told(struct cli *cli, struct tool_result *result, struct err *err)
{
	if (!result->is_error)
		return 0;
	free(cli->error_json);
	cli->error_json = buf_take(&result->json);
	err_move(err, &result->err);
	name_arguments(cli, err);
	return err_class(err);
}

/* request has the name or the row and the arguments. */
static int
call_make(struct cli *cli, struct tool_request *request,
    struct tool_result *ret_result, struct err *err)
{
	const struct order_flags flags = flags_of(cli);
	const struct tool *tool =
	    request->operation ? request->operation : tool_find(request->name);
	CLEANUP_ERR struct err fault = ERR_INIT;
	struct gateway *gateway;
	struct principal principal;
	int rc = check_request_id(cli, err);

	if (tool && tool->flags & TOOL_DESTRUCTIVE)
		interrupt_block();
	if (rc == 0 && via_is_on(cli)) {
		request->flags = &flags;
		rc = via_call(cli, request, tool, ret_result, err);
		request->flags = NULL;
		return rc ? rc : call_told(cli, ret_result, err);
	}
	if (rc == 0)
		rc = cli_gateway(cli, &gateway, err);
	if (rc)
		return rc;
	request->call = gateway_call_new(gateway, tool);
	if (!request->call)
		return err_no_memory(err);
	principal = cli_principal(cli, gateway);
	request->principal = &principal;
	request->request_id = cli_value(cli, "--request-id");
	request->flags = &flags;
	request->is_local = is_local(cli, gateway, &fault);
	request->local_fault = fault.code == ERR_NONE ? NULL : &fault;
	rc = call_run(gateway, tool, request, ret_result);
	call_unref(request->call);
	(void)call_told(cli, ret_result, err);
	/* they end here, the request does not */
	request->principal = NULL;
	request->flags = NULL;
	request->local_fault = NULL;
	return rc;
}

int
call_tool(struct cli *cli, const char *name, struct json_object *arguments,
    struct tool_result *ret_result, struct err *err)
{
	struct tool_request request = { .name = name, .arguments = arguments };

	return call_make(cli, &request, ret_result, err);
}

int
call_operation(struct cli *cli, const struct tool *operation,
    struct json_object *arguments, struct tool_result *ret_result,
    struct err *err)
{
	struct tool_request request = {
		.name = operation->name,
		.operation = operation,
		.arguments = arguments,
	};

	return call_make(cli, &request, ret_result, err);
}

/* The request was carried out: what failed since then is no refusal of it. */
static void
set_untold(struct err *err)
{
	(void)err_wrap(
	    err, "the request was carried out, its result is not told");
	err_action(err,
	    "repeat it with the same idempotency key, which tells the result "
	    "and sends nothing again; without one see what it has changed "
	    "before you repeat it");
	if (err)
		err->unknown = true;
}

int
run_call(struct cli *cli, const struct tool *tool,
    struct json_object *arguments, struct err *err)
{
	struct tool_result result;
	int rc;

	tool_result_init(&result);
	rc = tool_is_operation(tool)
		 ? call_operation(cli, tool, arguments, &result, err)
		 : call_tool(cli, tool->name, arguments, &result, err);
	if (rc == 0) {
		rc = print_result(cli, tool, &result.json, err);
		if (rc && !(tool->flags & TOOL_READ_ONLY))
			set_untold(err);
	}
	tool_result_fini(&result);
	return rc;
}

/* Closing has a way that needs no store, no secret and no daemon. */
static void
suggest_close(struct err *err)
{
	CLEANUP_BUF struct buf action = BUF_INIT;

	if (!err || err->code == ERR_INPUT_INVALID || err->unknown)
		return;
	buf_printf(&action,
	    "%s; a file CLOSED in the store's folder closes at once, live and "
	    "paper",
	    err_user_action(err));
	if (!action.failed)
		err_action(err, "%s", buf_text(&action));
}

int
run_tool(struct cli *cli, struct err *err)
{
	struct json_object *tree CLEANUP_JSON = json_object_new_object();
	int rc;

	if (!tree)
		return err_no_memory(err);
	rc = arguments_of(&cli->args, tree, err);
	if (rc)
		return rc;
	order_flags_say(cli);
	rc = run_call(cli, cli->args.command->tool, tree, err);
	if (rc && strcmp(cli->args.command->path, "kill-switch close") == 0)
		suggest_close(err);
	return rc;
}

/*
 * `orders modify` and `orders approve` exist to say no: they are calls of
 * forbidden names, refused and put on the record like those of any client.
 */
int
run_write_refusal(struct cli *cli, struct err *err)
{
	bool modify = strcmp(cli->args.command->path, "orders modify") == 0;
	struct tool_result result;
	int rc;

	tool_result_init(&result);
	rc = call_tool(cli, modify ? "ibkr_order_modify" : "ibkr_order_approve",
	    NULL, &result, err);
	tool_result_fini(&result);
	if (rc && err && err->code == ERR_READONLY_WRITE_FORBIDDEN)
		err_action(err, "%s",
		    modify ? "use `ibkr-agent orders paper-modify` or "
			     "`ibkr-agent orders live-modify`"
			   : "use `ibkr-agent approvals create`");
	return rc;
}
