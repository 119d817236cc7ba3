/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* From the tool and the commands of approvals to the order desk. */

#include "base/json.h"
#include "orders/approval.h"
#include "tools/dispatch.h"
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
