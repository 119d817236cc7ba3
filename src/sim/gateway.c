/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* The local gateway's own answers: see gateway.h, cpapi.md section 1. */

#include "sim/gateway.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "sim/known.h"
#include "sim/world.h"

#define LOGIN "/sso/Login?forwardTo=22&RL=1&ip2loc=US"

static const char *const versions[] = { "/v1/", "/qa/", "/ci/", "/alpha/",
	"/local/" };
static const char *const services[] = { "portal/", "am/", "api/", "tws/" };

/* Past the one of the words that the text begins with; NULL: with none. */
static const char *
skip(const char *text, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strncmp(text, words[i], strlen(words[i])) == 0)
			return text + strlen(words[i]);
	return NULL;
}

const char *
gateway_strip(const char *path)
{
	const char *rest = skip(path, versions, ARRAY_COUNT(versions));

	rest = rest ? skip(rest, services, ARRAY_COUNT(services)) : NULL;
	return rest ? rest - 1 : NULL; /* with its slash */
}

static void
say(struct sim_reply *reply, int status, const char *type, const char *body)
{
	reply->status = status;
	reply->type = type;
	buf_str(&reply->body, body);
}

static void
redirect(struct sim_reply *reply, const char *base, const char *path)
{
	reply->status = 302;
	(void)snprintf(
	    reply->location, sizeof reply->location, "%s%s", base, path);
}

static void
front_page(struct sim *sim, struct sim_reply *reply)
{
	(void)sim;
	redirect(reply, "", LOGIN);
}

static void
login_page(struct sim *sim, struct sim_reply *reply)
{
	(void)sim;
	say(reply, 200, TYPE_HTML,
	    "<!DOCTYPE html>\n<html><head><title>Login</title></head>\n"
	    "<body><h1>Simulated login</h1>\n"
	    "<form method=\"post\" action=\"/sim/login\">"
	    "<button>Log in</button></form></body></html>\n");
}

static void
clear(struct sim *sim, struct sim_reply *reply)
{
	session_logout(&sim->session);
	say(reply, 200, TYPE_TEXT, "cleared");
}

static void
hang(struct sim *sim, struct sim_reply *reply)
{
	(void)sim;
	reply->wire = SIM_WIRE_HANG;
}

static const struct page {
	const char *path;
	void (*answer)(struct sim *sim, struct sim_reply *reply);
} pages[] = {
	{ "/", front_page },
	{ "/sso/Login", login_page },
	{ "/clear", clear },
	{ "/status", hang },
};

bool
gateway_answer(struct sim *sim, const struct sim_request *request,
    const char *path, struct sim_reply *reply)
{
	const char *rest = gateway_strip(path);

	for (size_t i = 0; i < ARRAY_COUNT(pages); i++)
		if (strcmp(pages[i].path, path) == 0) {
			pages[i].answer(sim, reply);
			return true;
		}
	if (strcmp(request->method, "OPTIONS") == 0) {
		reply->status = 204;
		return true;
	}
	if (!rest) {
		redirect(reply, "https://api.ibkr.com", path);
		return true;
	}
	if (strcmp(rest, "/iserver/reauthenticate") == 0) {
		say(reply, 200, TYPE_JSON,
		    sim->session.outer ? "{\"message\":\"triggered\"}"
				       : "{\"error\":\"not logged in\"}");
		return true;
	}
	if (!request->has_agent) {
		const struct known_answer *no = known_get(KNOWN_FORBIDDEN_HTML);

		say(reply, no->status, no->type, no->body);
		return true;
	}
	return false;
}
