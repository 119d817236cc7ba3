/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The state of the broker session.  Here a backend that cannot be asked is
 * an answer, not an error: whoever asks wants to know just that, and what to
 * do about it.
 */

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "link/link.h"
#include "tools/advice.h"
#include "tools/answer.h"
#include "tools/handlers.h"
#include "tools/schema.h"

#define STATUS_USABLE "usable"
#define STATUS_MANUAL "manual_action_required"
#define STATUS_UNAVAILABLE "unavailable"

static const char *
status_of_code(enum err_code code)
{
	switch (code) {
	case ERR_BROKER_SESSION_REQUIRED:
	case ERR_BROKER_SESSION_EXPIRED:
		return STATUS_MANUAL;
	default:
		return STATUS_UNAVAILABLE;
	}
}

/* The state that a failure to ask stands for. */
static int
fault_state(const struct err *fault, struct json_object **ret_state)
{
	struct json_object *state = json_object_new_object();
	int ret;

	ret = json_add_str(state, "status", status_of_code(fault->code));
	ret |= json_add_str(state, "error_code", err_kind(fault->code)->name);
	ret |= json_add_str(state, "user_action", err_user_action(fault));
	ret |= json_add_str(state, "message", err_text(fault));
	if (ret) {
		json_object_put(state);
		return IAG_NOMEM;
	}
	*ret_state = state;
	return 0;
}

static int
ask(struct tool_call *call, struct json_object **ret_state, struct err *err)
{
	CLEANUP_ERR struct err fault = ERR_INIT;
	struct answer answer = { .json = NULL };
	int ret = answer_query(call, "{}", &answer, &fault);

	if (ret && fault.code == ERR_CALL_CANCELLED) {
		err_move(err, &fault);
		return ret;
	}
	if (ret) {
		link_advise_path(call->house->link, &fault);
		tool_error_conceal(&fault, call->principal);
		ret = fault_state(&fault, ret_state);
	} else {
		ret = json_parse(answer.json, answer.len, &json_bounds_default,
		    ret_state, err);
		answer_fini(&answer);
		if (ret == 0 &&
		    !json_object_is_type(*ret_state, json_type_object))
			ret = err_set(err, ERR_BROKER_RESPONSE_INVALID,
			    "backend '%s': the session state is no object",
			    answer_backend_name(call->house));
		return ret;
	}
	return ret ? err_no_memory(err) : 0;
}

/* Names are written with '_' in results, whatever the plugin's file. */
static void
backend_add(struct tool_call *call, struct json_object *state)
{
	char name[64];

	(void)snprintf(
	    name, sizeof(name), "%s", call->house->config->broker.backend);
	for (char *c = name; *c; c++) {
		if (*c == '-')
			*c = '_';
	}
	(void)json_add_str(state, "backend", name);
}

/* The default repair of a code, where nobody said a better one. */
static void
action_fill(struct json_object *state, const struct principal *reader)
{
	const char *code = json_get_str(state, "error_code", NULL);
	enum err_code known = code ? err_code_find(code) : ERR_NONE;
	const char *action = NULL;

	if (known != ERR_NONE)
		action = err_kind(known)->action;
	if (!action)
		action = "run `ibkr-agent doctor`";
	if (!json_get_str(state, "user_action", NULL))
		(void)json_add_str(state, "user_action", action);
	advice_change(state, "user_action", reader);
}

static bool
is_usable(struct json_object *state)
{
	return strcmp(json_get_str(state, "status", ""), STATUS_USABLE) == 0;
}

/*
 * What the connection knows: the state by name, and where the session cannot
 * be used, what it means and what to do.
 */
static void
link_add(struct tool_call *call, struct json_object *state)
{
	struct link *link = call->house->link;
	struct link_status status;

	if (!link || !link_status(link, &status) ||
	    status.state == SESSION_STATE_UNKNOWN)
		return;
	/* a failure is not told with the state of better days */
	if (status.state == SESSION_STATE_READY && !is_usable(state))
		return;
	(void)json_add_str(state, "state", session_state_name(status.state));
	if (status.state == SESSION_STATE_READY)
		return;
	if (session_state_passes(status.state)) {
		(void)json_add_str(state, "status", STATUS_UNAVAILABLE);
		(void)json_add_str(state, "error_code",
		    err_kind(ERR_BROKER_BACKEND_UNAVAILABLE)->name);
	}
	(void)json_add_str(
	    state, "user_action", session_state_repair(status.state));
	if (!json_get_str(state, "message", NULL))
		(void)json_add_str(
		    state, "message", session_state_words(status.state));
}

int
session_handler(struct tool_call *call, struct err *err)
{
	CLEANUP_JSON struct json_object *state = NULL;
	char now[CLOCK_TEXT_SIZE];
	int ret = ask(call, &state, err);

	if (ret)
		return ret;
	clock_format(clock_real_ns(), now);
	(void)json_add_str(state, "checked_at", now);
	backend_add(call, state);
	link_add(call, state);
	if (is_usable(state)) {
		json_object_object_del(state, "user_action");
		json_object_object_del(state, "error_code");
	} else {
		action_fill(state, call->principal);
	}
	ret = schema_check_output(call->tool, state, err);
	if (ret == 0)
		json_write(call->output, state, 0);
	else
		(void)err_wrap(err, "backend '%s': answer to '%s'",
		    answer_backend_name(call->house), call->tool->operation);
	return ret;
}
