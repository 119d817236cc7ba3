/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The two layers of a login, cpapi.md section 2 in short: a person logs in
 * with a browser (the outer session), and a program asks for the brokerage
 * session, which only one program of a user can have.
 *
 *   login --> outer --ssodh/init--> starting --> ready
 *                                     |            | another program: rival
 *                                     |            | no tickle: timed out
 *                                     +<--init-----+
 */

#ifndef IAG_SIM_SESSION_H
#define IAG_SIM_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/zone.h"

enum broker_state {
	BROKER_NONE,
	BROKER_STARTING,
	BROKER_READY,
	BROKER_TIMED_OUT,
	BROKER_TAKEN, /* by another program of the same user */
	BROKER_STATE_COUNT
};

struct session {
	bool outer;
	bool live; /* the login of the live account */
	int64_t login_ms;
	int64_t ends_ms; /* of the outer session */
	enum broker_state broker;
	int64_t established_ms; /* when starting becomes ready */
	int64_t tickled_ms;
	bool rival;
	int64_t maintenance_ms; /* no brokerage session before */
	unsigned serial;        /* brokerage sessions so far */
	bool primed;            /* /iserver/accounts was called in this one */
	bool portfolio_primed;  /* /portfolio/accounts, in this login */
	char token[33];
	/* settings */
	struct zone *zone; /* of the reset at midnight; NULL: none */
	int64_t establish_ms;
	int64_t timeout_ms;
	/* how often it happened */
	unsigned inits, competes, logouts;
};

int session_init(struct session *session, const char *zone, struct err *err);
void session_fini(struct session *session);

void session_login(
    struct session *session, bool live, uint64_t seed, int64_t now_ms);
void session_logout(struct session *session);
/* What ssodh/init does; false: refused, another program has it. */
bool session_ask(struct session *session, bool compete, int64_t now_ms);
/* Another program of the user asks for the brokerage session and gets it. */
void session_steal(struct session *session);
void session_drop(struct session *session); /* back to BROKER_NONE */
void session_tickle(struct session *session, int64_t now_ms);
/* What has happened by itself until now. */
void session_step(struct session *session, int64_t now_ms);
bool session_is_maintained(const struct session *session, int64_t now_ms);

/* The first midnight of the zone after a time. */
int64_t session_midnight(const struct zone *zone, int64_t after_ms);

#endif
