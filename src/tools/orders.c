/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* From the tools that write orders to the order desk. */

#include "base/json.h"
#include "orders/preview.h"
#include "orders/reconcile.h"
#include "orders/write.h"
#include "tools/dispatch.h"
#include "tools/handlers.h"

int
preview_handler(struct tool_call *call, struct err *err)
{
	return preview_make(call->order, call->arguments, call->output, err);
}

int
bracket_preview_handler(struct tool_call *call, struct err *err)
{
	return preview_make_bracket(
	    call->order, call->arguments, call->output, err);
}

int
explain_handler(struct tool_call *call, struct err *err)
{
	return preview_explain(call->order, call->arguments, call->output, err);
}

int
paper_submit_handler(struct tool_call *call, struct err *err)
{
	return order_submit(
	    call->order, IAG_MODE_PAPER, call->arguments, call->output, err);
}

int
paper_cancel_handler(struct tool_call *call, struct err *err)
{
	return order_cancel(
	    call->order, IAG_MODE_PAPER, call->arguments, call->output, err);
}

int
paper_modify_handler(struct tool_call *call, struct err *err)
{
	return order_modify(
	    call->order, IAG_MODE_PAPER, call->arguments, call->output, err);
}

int
paper_bracket_handler(struct tool_call *call, struct err *err)
{
	return order_submit_bracket(
	    call->order, IAG_MODE_PAPER, call->arguments, call->output, err);
}

int
live_submit_handler(struct tool_call *call, struct err *err)
{
	return order_submit(
	    call->order, IAG_MODE_LIVE, call->arguments, call->output, err);
}

int
live_cancel_handler(struct tool_call *call, struct err *err)
{
	return order_cancel(
	    call->order, IAG_MODE_LIVE, call->arguments, call->output, err);
}

int
live_modify_handler(struct tool_call *call, struct err *err)
{
	return order_modify(
	    call->order, IAG_MODE_LIVE, call->arguments, call->output, err);
}

int
live_bracket_handler(struct tool_call *call, struct err *err)
{
	return order_submit_bracket(
	    call->order, IAG_MODE_LIVE, call->arguments, call->output, err);
}

int
cancel_all_handler(struct tool_call *call, struct err *err)
{
	return order_cancel_all(call->order,
	    json_get_str(call->arguments, "account_id", ""),
	    json_get_str(call->arguments, "reason", ""), call->output, err);
}

int
pending_handler(struct tool_call *call, struct err *err)
{
	return reconcile_pending(call->order,
	    json_get_str(call->arguments, "account_id", NULL), call->output,
	    err);
}

int
resolve_handler(struct tool_call *call, struct err *err)
{
	const struct resolve_request request = {
		.account = json_get_str(call->arguments, "account_id", ""),
		.key = json_get_str(call->arguments, "idempotency_key", ""),
		.accept_absent =
		    json_get_bool(call->arguments, "accept_absent", false),
		.reason = json_get_str(call->arguments, "reason", NULL),
	};

	return reconcile_resolve(call->order, &request, call->output, err);
}

int
reconcile_handler(struct tool_call *call, struct err *err)
{
	return reconcile_pass(call->order, NULL, call->output, err);
}
