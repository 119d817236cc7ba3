/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Which types a filter may name.  A type that the trail holds is one, also
 * when a later version wrote it; the list below is what people are told.
 */

#include "journal/audit.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/nearest.h"

static const char *const type_names[] = {
	"audit_checkpointed",
	"audit_exported",
	"audit_key_rotated",
	"audit_purged",
	"backend_session_changed",
	"backend_session_checked",
	"broker_question_answered",
	"late_landing",
	"live_approval_recorded",
	"live_approval_requested",
	"live_approval_revoked",
	"live_checklist_changed",
	"live_clock_accepted",
	"live_configuration_activated",
	"live_kill_switch_changed",
	"live_order_lifecycle_changed",
	"operator_credential_made",
	"order_absence_accepted",
	"order_intent_reconciled",
	"order_intent_recorded",
	"order_part_settled",
	"order_preview_created",
	"order_preview_refused",
	"order_resolved",
	"order_row_rebuilt",
	"order_watch_ended",
	"orders_cancelled",
	"orders_reconciled",
	"paper_approval_recorded",
	"paper_approval_requested",
	"paper_approval_revoked",
	"paper_bracket_submitted",
	"paper_kill_switch_changed",
	"paper_order_cancelled",
	"paper_order_lifecycle_changed",
	"paper_order_modified",
	"paper_order_submitted",
	"peer_accepted",
	"peer_refused",
	"plugin_state_changed",
	"remote_auth_denied",
	"remote_auth_succeeded",
	"sidecar_identity_created",
	"sidecar_pairing_confirmed",
	"sidecar_pairing_created",
	"sidecar_pairing_joined",
	"sidecar_pairing_revoked",
	"sidecar_relay_failed",
	"sidecar_relay_forwarded",
	"sidecar_session_ended",
	"sidecar_session_opened",
	"sidecar_session_planned",
	"sidecar_session_refused",
	"sidecar_session_started",
	"store_adopted",
	"store_created",
	"store_reconcile_advanced",
	"store_reconciled",
	"tool_completed",
	"tool_denied_scope",
	"tool_failed",
	"tool_refused",
};

static bool
is_listed(const char *type)
{
	for (size_t i = 0; i < ARRAY_COUNT(type_names); i++) {
		if (strcmp(type_names[i], type) == 0)
			return true;
	}
	return false;
}

static int
is_in_trail(
    struct journal *journal, const char *type, bool *ret_found, struct err *err)
{
	const struct audit_range range = {
		.last = UINT64_MAX,
		.event_type = type,
		.limit = 1,
	};
	CLEANUP_BUF struct buf text = BUF_INIT;
	int rc = audit_tail(journal, &range, &text, err);

	*ret_found = strstr(buf_text(&text), "\"sequence_id\":") != NULL;
	return rc;
}

int
audit_check_type(struct journal *journal, const char *type, struct err *err)
{
	struct nearest nearest = NEAREST_INIT(type);
	CLEANUP_BUF struct buf hint = BUF_INIT;
	CLEANUP_BUF struct buf list = BUF_INIT;
	bool found = false;
	int rc;

	if (is_listed(type))
		return 0;
	rc = is_in_trail(journal, type, &found, err);
	if (rc < 0 || found)
		return rc;
	for (size_t i = 0; i < ARRAY_COUNT(type_names); i++) {
		nearest_add(&nearest, type_names[i]);
		buf_printf(&list, "%s%s", i ? " " : "", type_names[i]);
	}
	nearest_write(&nearest, &hint);
	rc = err_set(err, ERR_INPUT_INVALID,
	    "there is no event type '%s'%s; expected one of: %s", type,
	    buf_text(&hint), buf_text(&list));
	err_action(err, "name one of these types, or none");
	return rc;
}
