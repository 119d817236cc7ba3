/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

#include "sidecar/query.h"

#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "config/scope.h"
#include "sidecar/guard.h"
#include "sidecar/trail.h"

static void
err_copy(struct err *to, const struct err *from)
{
	(void)err_set(to, from->code, "%s", err_text(from));
	if (from->action)
		err_action(to, "%s", from->action);
}

/* What the sidecar says went wrong, as if it had been here. */
static int
remote_failed(const struct parcel *message, struct err *err)
{
	CLEANUP_JSON struct json_object *obj = NULL;
	enum err_code code = ERR_NONE;
	int rc = json_parse(message->payload, strlen(message->payload),
	    &json_bounds_default, &obj, err);

	if (rc == 0)
		code = err_code_find(json_get_str(obj, "code", ""));
	rc = err_set(err, code == ERR_NONE ? ERR_BROKER_RESPONSE_INVALID : code,
	    "the sidecar: %.1000s", json_get_str(obj, "message", "failed"));
	if (!err)
		return rc;
	err->missing = json_get_bool(obj, "missing", false);
	err->retry_after_ns =
	    (uint64_t)json_get_int(obj, "retry_after_ms", 0) * NS_PER_MS;
	if (json_get_str(obj, "user_action", NULL))
		err_action(err, "%.500s", json_get_str(obj, "user_action", ""));
	return rc;
}

static int
answer_take(struct ask *ask, struct answer *ret_answer, struct err *err)
{
	CLEANUP_JSON struct json_object *payload = NULL;
	struct parcel *message = &ask->answer;
	size_t len = strlen(message->payload);
	int rc;

	if (message->failed)
		return remote_failed(message, err);
	rc = json_parse(
	    message->payload, len, &json_bounds_default, &payload, err);
	if (rc)
		return err_set(err, ERR_BROKER_RESPONSE_INVALID,
		    "the sidecar's answer is no JSON");
	rc = guard_payload(payload, err);
	if (rc)
		return rc;
	*ret_answer = (struct answer){
		.json = STEAL(message->payload),
		.len = len,
		.flags = message->flags,
		.source_ns = message->source_ns,
		.receipt_ns = message->receipt_ns,
	};
	return 0;
}

/* The gateway's own rules, before anything leaves. */
static int
ask_check(
    const struct query_house *house, const struct ask *ask, struct err *err)
{
	CLEANUP_JSON struct json_object *arguments = NULL;
	const struct tool *tool;
	int rc = guard_tool(ask->tool->name, ask->tool->scope, &tool, err);

	if (rc == 0 &&
	    !(gateway_scopes(house->gateway) & scope_bit(tool->scope)))
		rc = err_set(err, ERR_AUTH_MISSING_SCOPE,
		    "auth.enabled_scopes of the gateway has no '%s'",
		    tool->scope);
	if (rc == 0)
		rc = json_parse(ask->arguments, ask->len, &json_bounds_default,
		    &arguments, err);
	return rc ? rc : guard_payload(arguments, err);
}

static int
ask_run(const struct query_house *house, struct ask *ask, uint64_t deadline_ns,
    int cancel_fd, struct answer *ret_answer, struct err *err)
{
	CLEANUP_ERR struct err fault = ERR_INIT;
	int rc = ask_join(house->asks, ask, err);

	if (rc)
		return rc;
	rc = ask_wait(house->asks, ask, deadline_ns, cancel_fd, &fault);
	ask_leave(house->asks, ask, rc != 0);
	if (rc == 0 && ask->err.code != ERR_NONE) {
		rc = err_class(&ask->err);
		err_copy(&fault, &ask->err);
	}
	if (rc == 0)
		rc = answer_take(ask, ret_answer, &fault);
	/* without a record, no answer */
	if (ask->envelope.request_id[0] &&
	    trail_relayed(
		house->journal, &ask->envelope, &ask->pairing, &fault, err)) {
		answer_fini(ret_answer);
		return err_class(err);
	}
	if (rc)
		err_move(err, &fault);
	return rc;
}

int
query_ask(const struct query_house *house, const struct tool *tool,
    const char *arguments, size_t len, uint64_t deadline_ns, int cancel_fd,
    struct answer *ret_answer, struct err *err)
{
	struct ask ask = {
		.tool = tool,
		.arguments = arguments,
		.len = len,
		.done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
	};
	int rc =
	    ask.done_fd < 0 ? err_no_memory(err) : ask_check(house, &ask, err);

	if (rc == 0)
		rc = ask_run(
		    house, &ask, deadline_ns, cancel_fd, ret_answer, err);
	if (ask.done_fd >= 0)
		(void)close(ask.done_fd);
	parcel_fini(&ask.answer);
	free(ask.answer_text);
	pairing_fini(&ask.pairing);
	err_fini(&ask.err);
	return rc;
}
