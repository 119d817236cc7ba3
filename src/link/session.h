/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The session with the broker, as one state machine: what was seen goes in,
 * the state and the next step come out.  Pure: the caller brings the time
 * and holds the lock of the memory, which all processes on the store share.
 *
 *   gateway down, TLS mismatch          no connection
 *        │
 *   login needed ──browser──▶ outer only ──open──▶ initialising ──▶ ready
 *                                 ▲             ▲                    │
 *                                 │             └open─ competing ◀───┘
 *                                 └ nothing came of it
 *   maintenance: the gateway is there, the broker behind it is not
 *   penalty box: the broker blocks us for a while
 */

#ifndef IAG_LINK_SESSION_H
#define IAG_LINK_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "ibkr-agent/broker.h"

enum session_state {
	SESSION_STATE_UNKNOWN, /* nobody has asked yet, or too long ago */
	SESSION_STATE_GATEWAY_DOWN,
	SESSION_STATE_TLS_MISMATCH,
	SESSION_STATE_LOGIN_NEEDED,
	SESSION_STATE_OUTER_ONLY,
	SESSION_STATE_INITIALISING,
	SESSION_STATE_COMPETING,
	SESSION_STATE_MAINTENANCE,
	SESSION_STATE_READY,
	SESSION_STATE_PENALTY_BOX,
};

/* Why a request had no useful answer. */
enum session_fault {
	SESSION_FAULT_NONE,
	SESSION_FAULT_DOWN,   /* no connection */
	SESSION_FAULT_TLS,    /* another certificate than was expected */
	SESSION_FAULT_SILENT, /* connected, but nothing, or a 5xx */
};

enum { SESSION_MESSAGE = 160 };

struct session {
	uint32_t state; /* enum session_state, as of the last change */
	uint32_t known; /* IAG_SESSION_* */
	uint32_t facts;
	uint32_t fault;    /* enum session_fault, of the last requests */
	uint32_t failures; /* in a row, with that fault */
	uint32_t tries;    /* steps since the state is what it is */
	uint32_t opens;    /* sent in a row, none of which led to ready */
	uint32_t unopened; /* of these the last ones, that failed behind it */
	uint64_t epoch;
	uint64_t seen_ns;      /* boot time of the last facts; 0: never */
	uint64_t seen_real_ns; /* the same moment */
	uint64_t opened_ns;    /* boot time of the last opening sent */
	uint64_t tried_ns;     /* boot time of the last step */
	uint64_t ends_ns;      /* boot time when the login ends; 0: not told */
	char message[SESSION_MESSAGE];
};

struct session_plan {
	uint32_t step;  /* IAG_SESSION_STEP_* */
	uint64_t at_ns; /* boot time */
};

void session_init(struct session *session, uint64_t real_ns);
/* Could this be a session at this time? */
bool session_is_sound(const struct session *session, uint64_t now_ns);

/* rest_ns: what is left of the connection's penalty, here and below. */
enum session_state session_state_at(
    const struct session *session, uint64_t rest_ns, uint64_t now_ns);
/* A plugin tells what it saw; known and facts count. */
void session_told(struct session *session, const struct iag_session *told,
    uint64_t rest_ns, uint64_t now_ns, uint64_t real_ns);
/* A request failed so; NONE: one had an answer, whatever it says. */
void session_failed(struct session *session, enum session_fault fault,
    uint64_t rest_ns, uint64_t now_ns);
/* A step begins. */
void session_stepped(struct session *session, uint64_t now_ns);
/* It did not come to be, if nothing else has happened since. */
void session_unstepped(struct session *session, const struct session *before);
/* The request that opens the brokerage session leaves. */
void session_opening(struct session *session, uint64_t now_ns);
/* It was answered; failed: by a gateway with no broker behind it. */
void session_opened(
    struct session *session, bool failed, uint64_t rest_ns, uint64_t now_ns);
/* What to do next, and when; may_compete: broker.supervise_compete. */
struct session_plan session_plan_at(const struct session *session,
    bool may_compete, uint64_t rest_ns, uint64_t now_ns);

/* For the service: facts with READY, epoch and times; message borrowed. */
void session_show(const struct session *session, uint64_t rest_ns,
    uint64_t now_ns, struct iag_session *ret_shown);

const char *session_state_name(enum session_state state);  /* "ready" */
const char *session_state_words(enum session_state state); /* for people */
/* What a person can do about it; NULL: nothing needs to be done. */
const char *session_state_repair(enum session_state state);
/* Nobody needs to do anything: it passes by itself. */
bool session_state_passes(enum session_state state);

#endif
