/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Two sessions stand behind one word: the login of the browser, and the
 * brokerage session on top of it.  A repair is named for each state.
 */

#include "map-session.h"

#include <string.h>

#include "emit.h"
#include "ibkr-agent/plugin.h"
#include "scalar.h"
#include "text.h"

#define NS_PER_MS UINT64_C(1000000)

enum state { USABLE, COMPETING, STARTING, TIMED_OUT, NO_LOGIN };

static const struct {
	const char *status, *code, *action;
} states[] = {
	[USABLE] = { "usable", NULL, NULL },
	[COMPETING] = { "manual_action_required", "BROKER_SESSION_REQUIRED",
	    "end the other login of this user (desktop, mobile or web), then "
	    "repeat the call" },
	[STARTING] = { "unavailable", "BROKER_BACKEND_UNAVAILABLE",
	    "the brokerage session is starting: repeat the call in a few "
	    "seconds" },
	[TIMED_OUT] = { "manual_action_required", "BROKER_SESSION_EXPIRED",
	    "the brokerage session has ended while the login still holds: "
	    "repeat the call in a minute, or log in again in a browser" },
	[NO_LOGIN] = { "manual_action_required", "BROKER_SESSION_REQUIRED",
	    "log in to the broker's gateway in a browser, then repeat the "
	    "call" },
};

static enum state
state_of(const struct session_facts *facts)
{
	if (facts->competing == 1)
		return COMPETING;
	if (facts->authenticated != 1)
		return facts->connected == 1 ? TIMED_OUT : NO_LOGIN;
	if (facts->established == 0 || facts->connected == 0)
		return STARTING;
	return USABLE;
}

int
session_is_ready(const struct session_facts *facts)
{
	return state_of(facts) == USABLE;
}

/* The status object: at the top, or within a tickle. */
static const struct node *
status_find(const struct node *root)
{
	const struct node *nested =
	    node_get(node_get(root, "iserver"), "authStatus");

	return nested ? nested : root;
}

int32_t
map_session(
    struct map *map, const struct reply *reply, struct session_facts *ret_facts)
{
	int32_t ret = map_open(map, reply, MAP_OBJECT);
	const struct node *status;
	int64_t left_ms;

	*ret_facts = (struct session_facts){ .authenticated = -1 };
	if (ret)
		return ret;
	status = status_find(map->root);
	ret_facts->authenticated =
	    scalar_bool(node_get(status, "authenticated"));
	ret_facts->connected = scalar_bool(node_get(status, "connected"));
	ret_facts->established = scalar_bool(node_get(status, "established"));
	ret_facts->competing = scalar_bool(node_get(status, "competing"));
	left_ms = scalar_int(node_get(map->root, "ssoExpires"));
	if (left_ms > 0 && left_ms < INT64_C(1000000000000))
		ret_facts->expires_ns = (uint64_t)left_ms * NS_PER_MS;
	map_line(node_get(status, "message"), ret_facts->message,
	    sizeof(ret_facts->message));
	if (!*ret_facts->message)
		map_line(node_get(status, "fail"), ret_facts->message,
		    sizeof(ret_facts->message));
	if (ret_facts->authenticated < 0)
		return map_invalid(map,
		    "the broker's answer does not say whether somebody is "
		    "logged in");
	return IAG_OK;
}

void
map_session_state(
    struct map *map, const struct session_facts *facts, uint64_t kept_ns)
{
	enum state state = state_of(facts);

	emit_open(map->out, NULL, '{');
	emit_str(map->out, "status", states[state].status);
	if (facts->competing >= 0)
		emit_flag(map->out, "competing", facts->competing);
	if (*facts->message)
		emit_str(map->out, "message", facts->message);
	emit_str(map->out, "error_code", states[state].code);
	emit_str(map->out, "user_action", states[state].action);
	if (state == USABLE)
		emit_moment(map->out, "last_keepalive_at", kept_ns);
	emit_close(map->out, '}');
	map->flags |= IAG_REPLY_COMPLETE;
}
