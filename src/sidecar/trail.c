/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

#include "sidecar/trail.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "journal/outcome.h"

struct json_object *
trail_metadata(const struct pairing *pairing, const char *relay_session_id)
{
	struct json_object *obj = json_object_new_object();
	int rc = json_add_str(obj, "pairing_id", pairing->pairing_id);

	if (rc == 0)
		rc = json_add_str(
		    obj, "remote_instance_id", pairing->remote_instance_id);
	if (rc == 0)
		rc = json_add_str(obj, "sidecar_id", pairing->sidecar_id);
	if (rc == 0)
		rc = json_add_str(obj, "relay_session_id", relay_session_id);
	if (rc == 0)
		return obj;
	(void)json_object_put(obj);
	return NULL;
}

struct audit_event
trail_event(const char *type, const struct err *fault)
{
	struct audit_event event = {
		.principal = "sidecar-relay",
		.principal_kind = "system",
	};

	audit_outcome(&event, type, fault);
	event.event_type = type;
	return event;
}

int
trail_relayed(struct journal *journal, const struct envelope *envelope,
    const struct pairing *pairing, const struct err *fault, struct err *err)
{
	const bool failed = fault && fault->code != ERR_NONE;
	struct audit_event event = trail_event(failed ? "sidecar_relay_failed"
						      : "sidecar_relay_"
							"forwarded",
	    fault);
	CLEANUP_JSON struct json_object *metadata =
	    trail_metadata(pairing, envelope->relay_session_id);
	struct call *call = call_new(clock_boot_ns() + TRAIL_NS);
	int rc;

	if (!metadata || !call ||
	    json_add_str(metadata, "payload_hash", envelope->payload_hash)) {
		call_unref(call);
		return err_no_memory(err);
	}
	event.request_id = envelope->request_id;
	event.tool_name = envelope->tool_name;
	event.scope = envelope->scope;
	event.metadata = metadata;
	rc = journal_record(journal, call, &event, err);
	call_unref(call);
	return rc;
}
