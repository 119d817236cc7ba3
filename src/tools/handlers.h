/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The tools that have code of their own: each writes the result object's
 * text to call->output, or says in *err why there is none.
 */

#ifndef IAG_TOOLS_HANDLERS_H
#define IAG_TOOLS_HANDLERS_H

#include "base/err.h"
#include "tools/tool.h"

int health_handler(struct tool_call *call, struct err *err);
/*
 * The state of the backend is a result even where the backend cannot be
 * asked: status and error_code then say why.
 */
int session_handler(struct tool_call *call, struct err *err);
int switch_handler(struct tool_call *call, struct err *err);
int limits_handler(struct tool_call *call, struct err *err);
int audit_tail_handler(struct tool_call *call, struct err *err);
int audit_export_handler(struct tool_call *call, struct err *err);

int preview_handler(struct tool_call *call, struct err *err);
int bracket_preview_handler(struct tool_call *call, struct err *err);
int explain_handler(struct tool_call *call, struct err *err);
int paper_submit_handler(struct tool_call *call, struct err *err);
int paper_cancel_handler(struct tool_call *call, struct err *err);
int paper_modify_handler(struct tool_call *call, struct err *err);
int paper_bracket_handler(struct tool_call *call, struct err *err);
int live_submit_handler(struct tool_call *call, struct err *err);
int live_cancel_handler(struct tool_call *call, struct err *err);
int live_modify_handler(struct tool_call *call, struct err *err);
int live_bracket_handler(struct tool_call *call, struct err *err);
int cancel_all_handler(struct tool_call *call, struct err *err);
int pending_handler(struct tool_call *call, struct err *err);
int resolve_handler(struct tool_call *call, struct err *err);
int reconcile_handler(struct tool_call *call, struct err *err);

/* Reads that are more than the backend's answer; see struct tool. */
int orders_list_read(const struct tool_call *call, const char *arguments,
    struct json_object **ret_result, struct err *err);
int orders_history_read(const struct tool_call *call, const char *arguments,
    struct json_object **ret_result, struct err *err);
int order_status_read(const struct tool_call *call, const char *arguments,
    struct json_object **ret_result, struct err *err);
int executions_list_read(const struct tool_call *call, const char *arguments,
    struct json_object **ret_result, struct err *err);

int checklist_show_handler(struct tool_call *call, struct err *err);
int checklist_acknowledge_handler(struct tool_call *call, struct err *err);
int checklist_revoke_handler(struct tool_call *call, struct err *err);
int activate_handler(struct tool_call *call, struct err *err);
int clock_handler(struct tool_call *call, struct err *err);
int switch_open_handler(struct tool_call *call, struct err *err);
int switch_cancel_only_handler(struct tool_call *call, struct err *err);
int switch_close_handler(struct tool_call *call, struct err *err);
int approval_create_handler(struct tool_call *call, struct err *err);
int approval_list_handler(struct tool_call *call, struct err *err);
int approval_show_handler(struct tool_call *call, struct err *err);
int approval_revoke_handler(struct tool_call *call, struct err *err);

#endif
