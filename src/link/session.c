/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* The state machine of the session; session.h has the drawing. */

#include "link/session.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"

/* Facts older than this prove nothing: two tickles were missed. */
#define FRESH_NS (150 * NS_PER_S)
#define OPENING_NS (30 * NS_PER_S) /* how long an opening may take */
#define HEEDING_NS (5 * NS_PER_S)  /* until facts must show that it goes on */
#define KEEP_NS (60 * NS_PER_S)
#define KEEP_AGAIN_NS (10 * NS_PER_S)
#define LATER_NS (86400 * NS_PER_S)

#define UP                                               \
	(IAG_SESSION_LOGIN | IAG_SESSION_AUTHENTICATED | \
	    IAG_SESSION_CONNECTED | IAG_SESSION_ESTABLISHED)
#define TOLD (UP | IAG_SESSION_COMPETING | IAG_SESSION_PRIMED)

struct state_kind {
	const char *name;
	const char *words;
	const char *repair;
	/* the step, how soon it is made, and how it is made again */
	uint32_t step;
	uint32_t first_s;
	uint32_t again_s; /* doubled each time */
	uint32_t most_s;
};

static const struct state_kind kinds[] = {
	[SESSION_STATE_UNKNOWN] = { "unknown",
	    "nobody has asked the gateway yet", NULL, IAG_SESSION_STEP_STATUS,
	    0, 5, 60 },
	[SESSION_STATE_GATEWAY_DOWN] = { "gateway_down",
	    "nothing answers at broker.base_url",
	    "start the broker's gateway (Client Portal Gateway), or correct "
	    "broker.base_url",
	    IAG_SESSION_STEP_STATUS, 1, 2, 60 },
	[SESSION_STATE_TLS_MISMATCH] = { "tls_mismatch",
	    "the gateway's certificate is another one than the configuration "
	    "expects, or has expired",
	    "make sure that it is your gateway, then set "
	    "broker.tls_pin_sha256 to its key or broker.ca_file to its "
	    "certificate",
	    IAG_SESSION_STEP_STATUS, 5, 10, 60 },
	[SESSION_STATE_LOGIN_NEEDED] = { "login_needed",
	    "nobody is logged in at the gateway",
	    "open broker.base_url's host in a browser and log in; the broker "
	    "wants that once a day",
	    IAG_SESSION_STEP_STATUS, 5, 5, 60 },
	[SESSION_STATE_OUTER_ONLY] = { "outer_only",
	    "the login is there, the brokerage session is not: portfolio "
	    "reads work, orders and quotes do not",
	    "wait a minute: it is being opened; if it stays so, log in again",
	    IAG_SESSION_STEP_OPEN, 0, 30, 60 },
	[SESSION_STATE_INITIALISING] = { "initialising",
	    "the brokerage session is being opened", "wait a few seconds",
	    IAG_SESSION_STEP_STATUS, 1, 1, 5 },
	[SESSION_STATE_COMPETING] = { "competing",
	    "another program is logged in with the same user and has the "
	    "brokerage session",
	    "log out of the other program of this user (TWS, mobile or web): "
	    "the session is opened again by itself; or use a second user name, "
	    "or set broker.supervise_compete to take the session over",
	    IAG_SESSION_STEP_OPEN, 30, 60, 60 },
	[SESSION_STATE_MAINTENANCE] = { "maintenance",
	    "the gateway is there, the broker behind it does not answer: its "
	    "maintenance window (nightly, longer at weekends) or an outage",
	    "wait; if it lasts for more than an hour, look at the broker's "
	    "system status page",
	    IAG_SESSION_STEP_STATUS, 15, 15, 60 },
	[SESSION_STATE_READY] = { "ready", "the session is ready", NULL,
	    IAG_SESSION_STEP_KEEP, 60, 60, 60 },
	[SESSION_STATE_PENALTY_BOX] = { "penalty_box",
	    "the broker has refused requests for coming too fast, and blocks "
	    "the address for a while",
	    "wait a quarter of an hour, and stop other programs that use the "
	    "same login",
	    IAG_SESSION_STEP_STATUS, 0, 60, 60 },
};

/* Numbers out of shared memory are not believed. */
static const struct state_kind *
kind_of(uint32_t state)
{
	return &kinds[state < ARRAY_COUNT(kinds) ? state : 0];
}

const char *
session_state_name(enum session_state state)
{
	return kind_of(state)->name;
}

const char *
session_state_words(enum session_state state)
{
	return kind_of(state)->words;
}

const char *
session_state_repair(enum session_state state)
{
	return kind_of(state)->repair;
}

bool
session_state_passes(enum session_state state)
{
	return state == SESSION_STATE_INITIALISING ||
	       state == SESSION_STATE_MAINTENANCE ||
	       state == SESSION_STATE_PENALTY_BOX;
}

void
session_init(struct session *session, uint64_t real_ns)
{
	*session = (struct session){ .epoch = real_ns };
}

bool
session_is_sound(const struct session *session, uint64_t now_ns)
{
	return session->state < ARRAY_COUNT(kinds) &&
	       !(session->known & ~TOLD) && !(session->facts & ~TOLD) &&
	       session->fault <= SESSION_FAULT_SILENT &&
	       session->failures < 1000000 && session->tries < 1000000 &&
	       session->opens < 1000000 && session->unopened < 1000000 &&
	       session->seen_ns <= now_ns && session->opened_ns <= now_ns &&
	       session->tried_ns <= now_ns &&
	       session->ends_ns <= now_ns + 7 * LATER_NS &&
	       memchr(session->message, '\0', sizeof session->message);
}

static bool
has(const struct session *session, uint32_t fact)
{
	return session->facts & fact;
}

/* Are the facts those of a session that can trade? */
static bool
is_up(const struct session *session)
{
	uint32_t missing = UP & ~session->facts;

	/* older gateways do not tell whether it is established */
	if (!(session->known & IAG_SESSION_ESTABLISHED))
		missing &= ~IAG_SESSION_ESTABLISHED;
	return !missing && !has(session, IAG_SESSION_COMPETING);
}

static bool
is_fresh(const struct session *session, uint64_t now_ns)
{
	return session->seen_ns && session->seen_ns + FRESH_NS > now_ns;
}

/* One failed request of a good session is not the end of it. */
static enum session_state
state_of_fault(const struct session *session, uint64_t now_ns)
{
	bool good = is_up(session) && is_fresh(session, now_ns);

	if (session->fault == SESSION_FAULT_TLS)
		return SESSION_STATE_TLS_MISMATCH;
	if (session->fault == SESSION_FAULT_DOWN &&
	    session->failures >= (good ? 2 : 1))
		return SESSION_STATE_GATEWAY_DOWN;
	if (session->fault == SESSION_FAULT_SILENT && session->failures >= 2)
		return SESSION_STATE_MAINTENANCE;
	return SESSION_STATE_UNKNOWN;
}

/*
 * Does the opening that was sent go on?  One that was sent by a process that
 * has ended since may have come to nothing.
 */
static bool
is_opening(const struct session *session, uint64_t now_ns)
{
	bool heeded = has(session, IAG_SESSION_AUTHENTICATED) ||
		      has(session, IAG_SESSION_CONNECTED);

	return session->opened_ns &&
	       session->opened_ns + (heeded ? OPENING_NS : HEEDING_NS) > now_ns;
}

static enum session_state
state_of_facts(const struct session *session, uint64_t now_ns)
{
	if (!(session->known & IAG_SESSION_LOGIN))
		return SESSION_STATE_UNKNOWN;
	if (!has(session, IAG_SESSION_LOGIN))
		return SESSION_STATE_LOGIN_NEEDED;
	if (!is_fresh(session, now_ns))
		return SESSION_STATE_UNKNOWN;
	if (has(session, IAG_SESSION_COMPETING))
		return SESSION_STATE_COMPETING;
	if (is_up(session))
		return SESSION_STATE_READY;
	if (session->unopened)
		return SESSION_STATE_MAINTENANCE;
	return is_opening(session, now_ns) ? SESSION_STATE_INITIALISING
					   : SESSION_STATE_OUTER_ONLY;
}

enum session_state
session_state_at(
    const struct session *session, uint64_t rest_ns, uint64_t now_ns)
{
	enum session_state state = state_of_fault(session, now_ns);

	if (rest_ns)
		return SESSION_STATE_PENALTY_BOX;
	return state == SESSION_STATE_UNKNOWN ? state_of_facts(session, now_ns)
					      : state;
}

static void
settle(struct session *session, uint64_t rest_ns, uint64_t now_ns)
{
	enum session_state state = session_state_at(session, rest_ns, now_ns);

	if (session->state == state)
		return;
	session->state = state;
	if (state == SESSION_STATE_READY) {
		session->opens = session->unopened = 0;
		session->opened_ns = 0;
	}
	session->tries = 0;
	session->tried_ns = now_ns;
}

/* What falls with a fact that does not hold. */
static uint32_t
without(uint32_t facts)
{
	if (!(facts & IAG_SESSION_LOGIN))
		return 0;
	if (!(facts & IAG_SESSION_AUTHENTICATED))
		facts &= ~(IAG_SESSION_ESTABLISHED | IAG_SESSION_PRIMED);
	if (!(facts & IAG_SESSION_CONNECTED) || (facts & IAG_SESSION_COMPETING))
		facts &= ~IAG_SESSION_PRIMED;
	return facts;
}

static void
take_message(struct session *session, const char *message)
{
	char *at = session->message;

	(void)snprintf(session->message, sizeof session->message, "%s",
	    message ? message : "");
	for (; *at; at++)
		if ((unsigned char)*at < ' ' || *at == 0x7f)
			*at = ' ';
}

void
session_told(struct session *session, const struct iag_session *told,
    uint64_t rest_ns, uint64_t now_ns, uint64_t real_ns)
{
	uint32_t known = told->known & TOLD;
	uint32_t facts = told->facts & known;
	uint32_t before = session->facts;

	/* nobody is authenticated without a login */
	if (facts & (IAG_SESSION_AUTHENTICATED | IAG_SESSION_COMPETING)) {
		known |= IAG_SESSION_LOGIN;
		facts |= IAG_SESSION_LOGIN;
	}
	session->known |= known;
	facts |= before & ~known;
	if ((facts & ~before) & IAG_SESSION_AUTHENTICATED) {
		session->epoch++;
		if (!(known & IAG_SESSION_PRIMED))
			facts &= ~IAG_SESSION_PRIMED;
	}
	if ((facts & ~before) & IAG_SESSION_LOGIN) {
		/* what was tried under another login is over */
		session->opens = session->unopened = 0;
		session->opened_ns = 0;
	}
	session->facts = without(facts);
	session->seen_ns = now_ns;
	session->seen_real_ns = real_ns;
	session->ends_ns = told->expires_ns && told->expires_ns < LATER_NS * 7
			       ? now_ns + told->expires_ns
			       : session->ends_ns;
	take_message(session, told->message);
	session->fault = SESSION_FAULT_NONE;
	session->failures = 0;
	settle(session, rest_ns, now_ns);
}

void
session_failed(struct session *session, enum session_fault fault,
    uint64_t rest_ns, uint64_t now_ns)
{
	if (fault == SESSION_FAULT_NONE &&
	    session->fault == SESSION_FAULT_SILENT)
		return; /* only facts end a silence */
	session->failures =
	    fault == session->fault && fault ? session->failures + 1 : !!fault;
	session->fault = fault;
	settle(session, rest_ns, now_ns);
}

void
session_stepped(struct session *session, uint64_t now_ns)
{
	session->tries++;
	session->tried_ns = now_ns;
}

void
session_unstepped(struct session *session, const struct session *before)
{
	if (session->tries != before->tries + 1 ||
	    session->state != before->state ||
	    session->opened_ns != before->opened_ns)
		return;
	session->tries = before->tries;
	session->tried_ns = before->tried_ns;
}

void
session_opening(struct session *session, uint64_t now_ns)
{
	session->opened_ns = now_ns;
	session->opens++;
}

void
session_opened(
    struct session *session, bool failed, uint64_t rest_ns, uint64_t now_ns)
{
	session->unopened = failed ? session->unopened + 1 : 0;
	settle(session, rest_ns, now_ns);
}

/* How long after the last step or change of state. */
static uint64_t
pause_ns(const struct state_kind *kind, uint32_t tries)
{
	uint64_t pause_s = kind->again_s;

	if (tries == 0)
		return kind->first_s * NS_PER_S;
	for (uint32_t i = 1; i < tries && pause_s < kind->most_s; i++)
		pause_s *= 2;
	return (pause_s < kind->most_s ? pause_s : kind->most_s) * NS_PER_S;
}

static uint64_t
keep_pause_ns(const struct session *session)
{
	if (!has(session, IAG_SESSION_PRIMED))
		return session->tries ? KEEP_AGAIN_NS : 0;
	return session->failures ? KEEP_AGAIN_NS : KEEP_NS;
}

struct session_plan
session_plan_at(const struct session *session, bool may_compete,
    uint64_t rest_ns, uint64_t now_ns)
{
	enum session_state state = session_state_at(session, rest_ns, now_ns);
	const struct state_kind *kind = kind_of(state);
	uint32_t tries = state == session->state ? session->tries : 0;
	struct session_plan plan = { .step = kind->step };
	uint64_t pause;

	if (state == SESSION_STATE_COMPETING && may_compete) {
		kind = kind_of(SESSION_STATE_OUTER_ONLY);
		plan.step = IAG_SESSION_STEP_COMPETE;
	}
	/* an answer to it is what shows that the broker is back */
	if (state == SESSION_STATE_MAINTENANCE && session->unopened)
		plan.step = IAG_SESSION_STEP_OPEN;
	if (kind->step == IAG_SESSION_STEP_OPEN && session->opens > tries)
		tries = session->opens;
	pause = pause_ns(kind, tries);
	if (state == SESSION_STATE_READY) {
		pause = keep_pause_ns(session);
		if (!has(session, IAG_SESSION_PRIMED))
			plan.step = IAG_SESSION_STEP_PRIME;
	}
	plan.at_ns = session->tried_ns + pause;
	if (state == SESSION_STATE_PENALTY_BOX)
		plan.at_ns = now_ns + rest_ns;
	return plan;
}

void
session_show(const struct session *session, uint64_t rest_ns, uint64_t now_ns,
    struct iag_session *ret_shown)
{
	bool ready =
	    session_state_at(session, rest_ns, now_ns) == SESSION_STATE_READY;

	ret_shown->known = session->known | IAG_SESSION_READY;
	ret_shown->facts = session->facts | (ready ? IAG_SESSION_READY : 0);
	ret_shown->epoch = session->epoch;
	ret_shown->seen_ns = session->seen_real_ns;
	ret_shown->expires_ns =
	    session->ends_ns > now_ns ? session->ends_ns - now_ns : 0;
	ret_shown->message = session->message[0] ? session->message : NULL;
}
