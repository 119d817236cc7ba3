/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* Answers to the broker's questions: cpapi.md 10.1 and 10.4. */

#include <string.h>

#include "base/cleanup.h"
#include "sim/accept.h"
#include "sim/pack.h"
#include "sim/route.h"
#include "sim/world.h"

#define SUPPRESS_MAX 51

static void
forget(struct call *call, const char *id)
{
	struct buf text CLEANUP_BUF = BUF_INIT;

	buf_printf(&text, "reply id not found: '%s'", id);
	call_pack(call, "{\n  'error' : %s\n}\n", buf_text(&text));
	call->reply->status = 400;
}

static void
reply(struct call *call)
{
	struct json_object *confirmed = json_get(call->body, "confirmed");
	struct proposal *proposal;

	if (!json_object_is_type(confirmed, json_type_boolean)) {
		call_error(call, 500, "confirmed is not a boolean");
		return;
	}
	proposal = question_take(
	    &call->sim->questions, call->segments[0], call->now_ms);
	if (!proposal) {
		forget(call, call->segments[0]);
	} else if (json_object_get_boolean(confirmed)) {
		order_propose(call, proposal);
	} else {
		proposal_free(proposal);
		call_error(call, 200, "Order not confirmed ");
	}
}

static void
suppress(struct call *call)
{
	struct questions *questions = &call->sim->questions;
	struct json_object *ids = json_get(call->body, "messageIds");
	size_t count = 0;

	if (json_object_is_type(ids, json_type_array))
		count = json_object_array_length(ids);
	if (count == 0 || count > SUPPRESS_MAX) {
		call_error(call, 500, "messageIds: 1 to %d", SUPPRESS_MAX);
		return;
	}
	if (questions->session != call->sim->session.serial)
		questions->suppressed_count = 0;
	questions->session = call->sim->session.serial;
	questions->suppressions++;
	for (size_t i = 0; i < count; i++) {
		struct json_object *id = json_object_array_get_idx(ids, i);

		if (json_object_is_type(id, json_type_string))
			(void)question_suppress(
			    questions, json_object_get_string(id));
	}
	call_pack(call, "{'status':'submitted'}");
}

static void
reset(struct call *call)
{
	call->sim->questions.suppressed_count = 0;
	call_pack(call, "{'status':'submitted'}");
}

static void
notification(struct call *call)
{
	if (json_get(call->body, "reqId") && json_get(call->body, "text"))
		call_known(call, KNOWN_SUBMITTED_TEXT);
	else
		call_known(call, KNOWN_BAD_REQUEST);
}

#define NEEDS (NEED_OUTER | NEED_BROKER | NEED_BODY)

static const struct route routes[] = {
	{ "POST", "/iserver/reply/{}", NEEDS, reply },
	{ "POST", "/iserver/questions/suppress", NEEDS, suppress },
	{ "POST", "/iserver/questions/suppress/reset", NEED_OUTER | NEED_BROKER,
	    reset },
	{ "POST", "/iserver/notification", NEEDS, notification },
};
const struct family reply_family = { routes, ARRAY_COUNT(routes) };
