/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* The two layers of a login: see session.h. */

#include "sim/session.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define DAY_MS INT64_C(86400000)
#define ESTABLISH_MS 1500
#define TIMEOUT_MS 360000 /* without a tickle */

int
session_init(struct session *session, const char *zone, struct err *err)
{
	memset(session, 0, sizeof *session);
	session->establish_ms = ESTABLISH_MS;
	session->timeout_ms = TIMEOUT_MS;
	return zone ? zone_open(zone, &session->zone, err) : 0;
}

void
session_fini(struct session *session)
{
	zone_free(session->zone);
	session->zone = NULL;
}

int64_t
session_midnight(const struct zone *zone, int64_t after_ms)
{
	int64_t utc_s = after_ms / 1000;
	int64_t local_s = utc_s + zone_offset(zone, utc_s);

	return zone_to_utc(zone, (local_s / 86400 + 1) * 86400) * 1000;
}

void
session_login(struct session *session, bool live, uint64_t seed, int64_t now_ms)
{
	int64_t ends_ms = now_ms + DAY_MS;

	if (session->zone && session_midnight(session->zone, now_ms) < ends_ms)
		ends_ms = session_midnight(session->zone, now_ms);
	session_drop(session);
	session->outer = true;
	session->live = live;
	session->login_ms = now_ms;
	session->ends_ms = ends_ms;
	session->tickled_ms = now_ms;
	session->portfolio_primed = false;
	(void)snprintf(session->token, sizeof session->token,
	    "%016" PRIx64 "%016" PRIx64, (uint64_t)now_ms, seed);
}

void
session_drop(struct session *session)
{
	session->broker = BROKER_NONE;
	session->primed = false;
}

void
session_logout(struct session *session)
{
	session->logouts++;
	session->outer = false;
	session_drop(session);
}

static void
begin(struct session *session, int64_t now_ms)
{
	session->broker = BROKER_STARTING;
	session->established_ms = now_ms + session->establish_ms;
	session->tickled_ms = now_ms;
	session->primed = false;
	session->serial++;
}

bool
session_ask(struct session *session, bool compete, int64_t now_ms)
{
	session->inits++;
	session->competes += compete;
	if (session->rival && !compete) {
		session->broker = BROKER_TAKEN;
		return false;
	}
	session->rival = false;
	if (session->broker != BROKER_STARTING &&
	    session->broker != BROKER_READY)
		begin(session, now_ms);
	session_step(session, now_ms);
	return true;
}

void
session_steal(struct session *session)
{
	session->rival = true;
	if (session->broker != BROKER_NONE)
		session->broker = BROKER_TAKEN;
	session->primed = false;
}

void
session_tickle(struct session *session, int64_t now_ms)
{
	session->tickled_ms = now_ms;
}

bool
session_is_maintained(const struct session *session, int64_t now_ms)
{
	return now_ms < session->maintenance_ms;
}

void
session_step(struct session *session, int64_t now_ms)
{
	if (session->outer && now_ms >= session->ends_ms) {
		session->outer = false;
		session_drop(session);
	}
	if (session->broker == BROKER_STARTING &&
	    now_ms >= session->established_ms)
		session->broker = BROKER_READY;
	if (session->broker == BROKER_READY &&
	    now_ms - session->tickled_ms >= session->timeout_ms) {
		session->broker = BROKER_TIMED_OUT;
		session->primed = false;
	}
	if (session_is_maintained(session, now_ms))
		session_drop(session);
}
