/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The session is asked for, kept and opened here.  It is taken from another
 * login only in the step that says so, which the host makes only if that is
 * configured.
 */

#include "map-session.h"
#include "memory.h"
#include "ops.h"
#include "text.h"

#define OPEN_FREE "{\"publish\":true,\"compete\":false}"
#define OPEN_TAKING "{\"publish\":true,\"compete\":true}"

/* What the facts are to the host. */
static void
facts_tell(struct query *q, const struct session_facts *facts)
{
	struct iag_session session = {
		.struct_size = sizeof(session),
		/* whoever is not logged in is answered with 401 */
		.known = IAG_SESSION_LOGIN,
		.facts = IAG_SESSION_LOGIN,
		.expires_ns = facts->expires_ns,
		.message = *facts->message ? facts->message : NULL,
	};
	const struct {
		int told;
		uint32_t fact;
	} rows[] = {
		{ facts->authenticated, IAG_SESSION_AUTHENTICATED },
		{ facts->connected, IAG_SESSION_CONNECTED },
		{ facts->established, IAG_SESSION_ESTABLISHED },
		{ facts->competing, IAG_SESSION_COMPETING },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].told >= 0)
			session.known |= rows[i].fact;
		if (rows[i].told == 1)
			session.facts |= rows[i].fact;
	}
	(void)q->host->session_set(q->ctx, &session);
}

/* The login holds, but there is no brokerage session behind it. */
static void
bridge_missing(struct query *q)
{
	const struct iag_session session = {
		.struct_size = sizeof(session),
		.known = IAG_SESSION_LOGIN | IAG_SESSION_AUTHENTICATED,
		.facts = IAG_SESSION_LOGIN,
	};

	(void)q->host->session_set(q->ctx, &session);
}

static int32_t
facts_ask(
    struct query *q, const struct ask *ask, struct session_facts *ret_facts)
{
	struct reply reply;
	int32_t ret = query_ask(q, ask, &reply);

	if (ret)
		return ret;
	ret = map_session(&q->map, &reply, ret_facts);
	if (ret == IAG_OK)
		facts_tell(q, ret_facts);
	else if (ret == IAG_AUTH && reply.status == 400)
		bridge_missing(q);
	return ret;
}

/* Older builds answer with something else, so the state is asked for. */
static int32_t
session_open(struct query *q, const char *body, struct session_facts *ret_facts)
{
	const struct ask open = { .route = ROUTE_OPEN, .body = body };
	const struct ask status = { .route = ROUTE_STATUS };
	int32_t ret = facts_ask(q, &open, ret_facts);

	return ret == IAG_INTERNAL ? facts_ask(q, &status, ret_facts) : ret;
}

/*
 * The broker says that another login has the session until it is asked for
 * anew, also when that login is gone.  This takes it from nobody.
 */
static void
claim_free(struct query *q, struct session_facts *facts)
{
	struct session_facts now;

	if (facts->competing != 1 ||
	    !memory_may_claim(q->memory, q->host->boot_ns(q->ctx)))
		return;
	if (session_open(q, OPEN_FREE, &now) == IAG_OK && now.competing != 1)
		*facts = now;
}

static int32_t
state_answer(struct query *q, enum route_name route)
{
	const struct ask ask = { .route = route };
	struct session_facts facts;
	int32_t ret = facts_ask(q, &ask, &facts);

	if (ret == IAG_OK)
		claim_free(q, &facts);
	if (ret == IAG_OK)
		map_session_state(&q->map, &facts,
		    route == ROUTE_TICKLE ? q->host->real_ns(q->ctx) : 0);
	return query_end(q, ret);
}

int32_t
op_session_status(struct query *q)
{
	return state_answer(q, ROUTE_STATUS);
}

int32_t
op_keepalive(struct query *q)
{
	return state_answer(q, ROUTE_TICKLE);
}

int32_t
session_step(struct query *q, uint32_t step)
{
	const struct ask status = { .route = ROUTE_STATUS };
	const struct ask tickle = { .route = ROUTE_TICKLE };
	struct session_facts facts;

	switch (step) {
	case IAG_SESSION_STEP_STATUS:
		return query_fail(q, facts_ask(q, &status, &facts));
	case IAG_SESSION_STEP_KEEP:
		return query_fail(q, facts_ask(q, &tickle, &facts));
	case IAG_SESSION_STEP_OPEN:
		return query_fail(q, session_open(q, OPEN_FREE, &facts));
	case IAG_SESSION_STEP_COMPETE:
		return query_fail(q, session_open(q, OPEN_TAKING, &facts));
	case IAG_SESSION_STEP_PRIME:
		return query_fail(q, query_prime(q));
	default:
		return q->host->fail(q->ctx, IAG_NOTSUP, NULL,
		    "no such step of a session: %u", (unsigned)step);
	}
}
