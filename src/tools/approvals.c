/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* From the tool and the commands of approvals to the order desk. */

#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "orders/approvalform.h"
#include "tools/approvalform.h"
#include "tools/dispatch.h"
#include "tools/fields.h"
#include "tools/handlers.h"

static const char *
id_of(const struct tool_call *call)
{
	return json_get_str(call->arguments, "approval_id", "");
}

int
approval_create_handler(struct tool_call *call, struct err *err)
{
	return approval_create(call->order, call->arguments, call->output, err);
}

int
approval_list_handler(struct tool_call *call, struct err *err)
{
	return approval_list(call->order, call->arguments, call->output, err);
}

int
approval_show_handler(struct tool_call *call, struct err *err)
{
	return approval_show(call->order, id_of(call), call->output, err);
}

int
approval_revoke_handler(struct tool_call *call, struct err *err)
{
	return approval_revoke(call->order, id_of(call),
	    json_get_str(call->arguments, "reason", ""), call->output, err);
}

static enum form_answer
answer_of(const char *word)
{
	return strcmp(word, "yes") == 0  ? FORM_YES
	       : strcmp(word, "no") == 0 ? FORM_NO
					 : FORM_NONE;
}

/* The tool's own arguments are what the state is bound to. */
static int
form_handler(struct tool_call *call, struct err *err)
{
	CLEANUP_JSON struct json_object *arguments = NULL;
	const struct form_reply reply = {
		.state = json_get_str(call->arguments, "request_state", NULL),
		.answer =
		    answer_of(json_get_str(call->arguments, "answer", "")),
	};

	if (json_object_deep_copy(call->arguments, &arguments, NULL))
		return err_no_memory(err);
	json_object_object_del(arguments, "request_state");
	json_object_object_del(arguments, "answer");
	return approval_create_shown(
	    call->order, arguments, &reply, call->output, err);
}

const struct tool approval_form_row = {
	.name = "ibkr_approvals_create",
	.title = "Give an approval, after showing what for",
	.description = "For clients whose user can be asked",
	.scope = "ibkr:approvals:create",
	.flags = TOOL_IDEMPOTENT,
	.input = approval_form_input,
	.output = approval_form_output,
	.handler = form_handler,
	.event = "tool_completed",
};
