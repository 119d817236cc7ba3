/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

#include "journal/outcome.h"

#include <assert.h>
#include <string.h>

/*
 * Codes that mean: understood, and refused by a rule of the gateway
 * (reference.md 4.4).
 */
static bool
is_refusal(enum err_code code)
{
	switch (code) {
	case ERR_READONLY_WRITE_FORBIDDEN:
	case ERR_READONLY_ORDER_PREVIEW_FORBIDDEN:
	case ERR_READONLY_ORDER_SUBMIT_FORBIDDEN:
	case ERR_READONLY_ORDER_CANCEL_FORBIDDEN:
	case ERR_ORDER_PREVIEW_DISABLED:
	case ERR_ORDER_POLICY_REFUSED:
	case ERR_PAPER_TRADING_DISABLED:
	case ERR_PAPER_APPROVAL_REQUIRED:
	case ERR_PAPER_IDEMPOTENCY_CONFLICT:
	case ERR_IDEMPOTENCY_CONFLICT:
	case ERR_APPROVAL_PREVIEW_MISMATCH:
	case ERR_APPROVAL_CONSUMED:
	case ERR_APPROVAL_SELF_FORBIDDEN:
	case ERR_LIVE_TRADING_DISABLED:
	case ERR_LIVE_GATE_MISSING:
	case ERR_LIVE_LIMIT_REFUSED:
	case ERR_LIVE_POLICY_UNKNOWN:
	case ERR_LIVE_KILL_SWITCH_CLOSED:
	case ERR_LIVE_MIGRATION_REQUIRED:
		return true;
	default:
		return false;
	}
}

/* A preview is there to be refused, so it has a type of its own for that. */
static bool
is_preview(const char *success)
{
	return success && strcmp(success, "order_preview_created") == 0;
}

void
audit_outcome(
    struct audit_event *event, const char *success, const struct err *err)
{
	enum err_code code = err ? err->code : ERR_NONE;

	event->decision = "allow";
	event->outcome = err && err->unknown ? "unknown" : "refused";
	event->error_code = err_kind(code)->name;
	if (code == ERR_NONE) {
		assert(success); /* what names no tool has failed */
		event->event_type = success;
		event->result_status = "completed";
		event->outcome = "done";
		event->error_code = NULL;
	} else if (code == ERR_AUTH_MISSING_SCOPE ||
		   code == ERR_AUDIT_READ_FORBIDDEN) {
		event->event_type = "tool_denied_scope";
		event->decision = "deny";
		event->result_status = "denied_scope";
	} else if (is_refusal(code) ||
		   (is_preview(success) &&
		       code == ERR_ORDER_VALIDATION_FAILED)) {
		event->event_type = is_preview(success)
					? "order_preview_refused"
					: "tool_refused";
		event->decision = "refuse";
		event->result_status = "refused";
	} else {
		event->event_type = "tool_failed";
		event->result_status = "failed";
	}
}
