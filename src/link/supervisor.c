/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The supervisor.  Each process on a store has the thread; the one with the
 * guard works, the others look now and then whether it is free.
 *
 * Threads: its own, and those that start and stop it.  stopping and on are
 * atomic; call and opens are guarded by lock.  Sleeping is a wait for the
 * link's bell, so that news of any process, and the stop, end it.
 */

#include "link/supervisor.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/thread.h"
#include "host/backend.h"
#include "link/exchange.h"

#define GUARD_AGAIN_NS (5 * NS_PER_S)
#define STEP_NS (30 * NS_PER_S)
/* A process that ends waits so long for the answer to an opening. */
#define GRACE_NS (2 * NS_PER_S)
/* A boot clock that tests move is looked at at least so often. */
#define LOOK_NS (15 * NS_PER_S)

struct supervisor {
	struct link *link;
	struct journal *journal;
	struct instance *backend;
	pthread_t thread;
	atomic_bool stopping;
	atomic_bool on;
	pthread_mutex_t lock;
	pthread_cond_t ended; /* the step that ran */
	struct call *call;    /* of the step that runs; NULL: none */
	bool opens;           /* that step */
	bool is_brief;
	uint32_t said; /* the state that was logged last */
};

/* Sleep for ns or until the bell rings after `seen` was read. */
static void
rest(struct supervisor *supervisor, uint32_t seen, uint64_t ns)
{
	if (!atomic_load(&supervisor->stopping))
		shared_wait(supervisor->link->shared, seen, ns);
}

static struct call *
begin_call(struct supervisor *supervisor, bool opens, uint64_t ns)
{
	LOCK_SCOPE(&supervisor->lock);

	supervisor->opens = opens;
	if (!atomic_load(&supervisor->stopping))
		supervisor->call = call_new(clock_boot_ns() + ns);
	return supervisor->call;
}

static void
end_call(struct supervisor *supervisor)
{
	LOCK_SCOPE(&supervisor->lock);

	call_unref(STEAL(supervisor->call));
	(void)pthread_cond_broadcast(&supervisor->ended);
}

/* 0: it is ours. */
static int
try_guard(struct supervisor *supervisor, struct store_guard **ret_guard)
{
	CLEANUP_ERR struct err err = ERR_INIT;
	struct call *call = begin_call(supervisor, false, 0);
	int r = IAG_NOMEM;

	if (call)
		r = journal_guard_take(supervisor->journal, call,
		    supervisor->link->name, true, ret_guard, &err);
	end_call(supervisor);
	return r;
}

/* One command says it in its own answer, where it matters. */
static void
log_state(struct supervisor *supervisor, uint32_t state, const char *message)
{
	const char *repair = session_state_repair(state);

	if (supervisor->said == state || state == SESSION_STATE_UNKNOWN)
		return;
	supervisor->said = state;
	if (supervisor->is_brief) {
		log_debug("session", "%s", session_state_words(state));
		return;
	}
	if (!repair)
		return log_info("session", "%s", session_state_words(state));
	log_warning("session", "%s%s%s: %s", session_state_words(state),
	    *message ? "; the broker says: " : "", message, repair);
}

static bool
look(struct supervisor *supervisor, struct session_plan *ret_plan)
{
	struct link *link = supervisor->link;
	struct shared_state *state = shared_lock(link->shared);
	uint64_t now_ns = clock_boot_ns();
	char message[SESSION_MESSAGE];
	uint64_t rest_ns;
	uint32_t at;

	if (!state)
		return false;
	rest_ns = penalty_left_ns(&state->all, now_ns);
	*ret_plan = session_plan_at(&state->session,
	    link->config->broker.supervise_compete, rest_ns, now_ns);
	at = session_state_at(&state->session, rest_ns, now_ns);
	memcpy(message, state->session.message, sizeof message);
	shared_unlock(link->shared);
	log_state(supervisor, at, message);
	return true;
}

/* Note the step; how the session stood before it. */
static bool
note_step(struct supervisor *supervisor, struct session *ret_before)
{
	struct shared_state *state = shared_lock(supervisor->link->shared);

	if (!state)
		return false;
	*ret_before = state->session;
	session_stepped(&state->session, clock_boot_ns());
	shared_unlock(supervisor->link->shared);
	return true;
}

/* A step that the stop ended before anything left: the next one makes it. */
static void
take_back(struct supervisor *supervisor, const struct session *before)
{
	struct shared_state *state = shared_lock(supervisor->link->shared);

	if (!state)
		return;
	session_unstepped(&state->session, before);
	shared_unlock(supervisor->link->shared);
}

/* A step that failed and told nothing: the broker keeps silent. */
static void
note_silence(struct supervisor *supervisor, uint64_t seen_ns)
{
	struct shared_state *state = shared_lock(supervisor->link->shared);
	struct session *session;
	uint64_t now_ns = clock_boot_ns();

	if (!state)
		return;
	session = &state->session;
	if (session->seen_ns == seen_ns && session->fault == SESSION_FAULT_NONE)
		session_failed(session, SESSION_FAULT_SILENT,
		    penalty_left_ns(&state->all, now_ns), now_ns);
	shared_unlock(supervisor->link->shared);
}

static void
make_step(struct supervisor *supervisor, uint32_t step)
{
	CLEANUP_ERR struct err err = ERR_INIT;
	struct session before = { .state = SESSION_STATE_UNKNOWN };
	bool opens =
	    step == IAG_SESSION_STEP_OPEN || step == IAG_SESSION_STEP_COMPETE;
	bool noted = note_step(supervisor, &before);
	struct call *call = begin_call(supervisor, opens, STEP_NS);
	int r = IAG_STOPPING;

	if (call)
		r = backend_session(supervisor->backend, call, step, &err);
	end_call(supervisor);
	if (r && noted && atomic_load(&supervisor->stopping))
		take_back(supervisor, &before);
	if (!call || r == 0)
		return;
	log_debug("session", "step %u: %s", step, err_text(&err));
	if (r != IAG_LIMIT && r != IAG_STOPPING)
		note_silence(supervisor, before.seen_ns);
}

static void
supervise(struct supervisor *supervisor)
{
	while (!atomic_load(&supervisor->stopping)) {
		uint32_t seen = shared_rings(supervisor->link->shared);
		uint64_t now_ns = clock_boot_ns();
		struct session_plan plan;
		uint64_t wait_ns;

		if (!look(supervisor, &plan)) {
			rest(supervisor, seen, NS_PER_S);
			continue;
		}
		if (plan.at_ns <= now_ns) {
			make_step(supervisor, plan.step);
			continue;
		}
		wait_ns = plan.at_ns - now_ns;
		rest(supervisor, seen, wait_ns < LOOK_NS ? wait_ns : LOOK_NS);
	}
}

static void *
supervisor_main(void *arg)
{
	struct supervisor *supervisor = arg;

	while (!atomic_load(&supervisor->stopping)) {
		uint32_t seen = shared_rings(supervisor->link->shared);
		struct store_guard *guard = NULL;

		if (try_guard(supervisor, &guard)) {
			rest(supervisor, seen, GUARD_AGAIN_NS);
			continue;
		}
		atomic_store(&supervisor->on, true);
		supervise(supervisor);
		atomic_store(&supervisor->on, false);
		journal_guard_drop(guard);
		shared_ring(supervisor->link->shared);
	}
	return NULL;
}

static void
supervisor_free(struct supervisor *supervisor)
{
	(void)pthread_cond_destroy(&supervisor->ended);
	(void)pthread_mutex_destroy(&supervisor->lock);
	free(supervisor);
}

static struct supervisor *
supervisor_new(struct link *link, struct journal *journal,
    struct instance *backend, bool is_brief)
{
	struct supervisor *supervisor = calloc(1, sizeof *supervisor);

	if (!supervisor)
		return NULL;
	cond_init(&supervisor->ended);
	(void)pthread_mutex_init(&supervisor->lock, NULL);
	supervisor->link = link;
	supervisor->journal = journal;
	supervisor->backend = backend;
	supervisor->is_brief = is_brief;
	return supervisor;
}

int
link_supervise(struct link *link, struct journal *journal,
    struct instance *backend, bool is_brief, struct err *err)
{
	struct supervisor *supervisor;
	int r;

	if (link->supervisor || !backend_has_session(backend))
		return 0;
	supervisor = supervisor_new(link, journal, backend, is_brief);
	if (!supervisor)
		return err_no_memory(err);
	r = thread_start(&supervisor->thread, 0, supervisor_main, supervisor);
	if (r) {
		supervisor_free(supervisor);
		return err_set(err, ERR_OUT_OF_MEMORY,
		    "no thread for the session: %s", strerror(r));
	}
	LOCK_SCOPE(&link->lock);
	link->supervisor = supervisor;
	return 0;
}

/*
 * End the step that runs.  An opening is worth a moment's patience: what its
 * answer says is for the next process, too.
 */
static void
end_step(struct supervisor *supervisor)
{
	const struct timespec until = cond_until(GRACE_NS);
	LOCK_SCOPE(&supervisor->lock);

	while (supervisor->call && supervisor->opens &&
	       pthread_cond_timedwait(
		   &supervisor->ended, &supervisor->lock, &until) == 0)
		;
	if (supervisor->call)
		call_cancel(supervisor->call);
}

void
link_rest(struct link *link)
{
	struct supervisor *supervisor;

	if (!link)
		return;
	{
		LOCK_SCOPE(&link->lock);
		supervisor = STEAL(link->supervisor);
	}
	if (!supervisor)
		return;
	atomic_store(&supervisor->stopping, true);
	end_step(supervisor);
	shared_ring(link->shared);
	(void)pthread_join(supervisor->thread, NULL);
	supervisor_free(supervisor);
}

bool
supervisor_is_on(struct link *link)
{
	LOCK_SCOPE(&link->lock);

	return link->supervisor && atomic_load(&link->supervisor->on);
}
