/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Threads: one owns the door, the guests and their channels.  What waits for
 * the sidecar is in `asks`, and so are the lock and the counts.
 */

#include "sidecar/hub.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/thread.h"
#include "ibkr-agent/plugin.h"
#include "sidecar/ask.h"
#include "sidecar/guest.h"
#include "sidecar/porch.h"
#include "sidecar/query.h"
#include "sidecar/traffic.h"
#include "sidecar/trail.h"

enum { GUESTS_MAX = 16 };
/* How often time and pairing are looked at. */
#define LOOK_NS (NS_PER_S / 2)

struct hub {
	struct gateway *gateway;
	struct guest_house house;
	struct porch porch;
	pthread_t thread;
	bool has_thread;
	atomic_bool stopping;
	struct guest *guests[GUESTS_MAX];
	struct guest *live; /* one of them */
	uint64_t look_ns;
	struct asks asks;
	/* asks.lock */
	bool is_connected;
	uint64_t sessions;
};

/* What the session's row says from now on. */
static int
ended_step(struct journal_txn *txn, void *arg, struct err *err)
{
	struct guest *guest = arg;
	CLEANUP_JSON struct json_object *metadata =
	    trail_metadata(&guest->pairing, guest->session.relay_session_id);
	struct audit_event event = trail_event("sidecar_session_ended", NULL);
	int rc;

	guest->session.state = RELAY_ENDED;
	rc = relay_session_keep(
	    txn, guest->pairing.pairing_id, &guest->session, err);
	event.metadata = metadata;
	if (rc)
		return rc;
	return metadata ? txn_audit(txn, &event, err) : err_no_memory(err);
}

static void
live_end(struct hub *hub, const struct err *why)
{
	hub->live = NULL;
	hub->house.live = NULL;
	{
		LOCK_SCOPE(&hub->asks.lock);
		hub->is_connected = false;
	}
	asks_fail(&hub->asks, why);
}

/* What began with the welcome, whether the inner session came up or not. */
static void
session_end(struct hub *hub, struct guest *guest, const struct err *why)
{
	CLEANUP_ERR struct err fault = ERR_INIT;
	struct call *call;

	if (guest->state != GUEST_INNER && guest->state != GUEST_LIVE)
		return;
	if (guest == hub->live)
		live_end(hub, why);
	call = call_new(clock_boot_ns() + TRAIL_NS);
	if (!call ||
	    journal_update(hub->house.journal, call, ended_step, guest, &fault))
		log_error("sidecar", "%s", err_text(&fault));
	call_unref(call);
	log_warning("sidecar", "session %s has ended: %s",
	    guest->session.relay_session_id, err_text(why));
}

static void
guest_drop(struct hub *hub, size_t at, const struct err *why)
{
	struct guest *guest = hub->guests[at];

	session_end(hub, guest, why);
	hub->guests[at] = NULL;
	guest_free(guest);
}

static void
guest_go(struct hub *hub, struct guest *guest, const struct err *why)
{
	session_end(hub, guest, why);
	guest_refuse(guest, why);
}

/* The inner session is up: from now on it is the one that is asked. */
static void
guest_live(struct hub *hub, struct guest *guest)
{
	CLEANUP_ERR struct err why = ERR_INIT;

	if (guest_turn(guest, &why)) {
		guest_go(hub, guest, &why);
		return;
	}
	if (hub->live) {
		(void)err_set(&why, ERR_SIDECAR_UNAVAILABLE,
		    "a newer session has taken its place");
		guest_go(hub, hub->live, &why);
	}
	guest->state = GUEST_LIVE;
	hub->live = guest;
	hub->house.live = guest;
	log_info("sidecar", "%s: session %s of sidecar %s", guest->place,
	    guest->session.relay_session_id, guest->pairing.sidecar_id);
	LOCK_SCOPE(&hub->asks.lock);
	hub->is_connected = true;
	hub->sessions++;
}

/* Everything that has come; 1: there may be more. */
static int
guest_take(struct hub *hub, struct guest *guest, struct err *err)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	struct frame frame;
	int rc;

	while ((rc = channel_take(guest->channel, &frame, err)) == 0) {
		if (guest == hub->live && frame.type == FRAME_RESPONSE)
			rc = traffic_response(&hub->asks, guest, &frame, err);
		else
			rc = guest_frame(guest, &frame, err);
		if (rc || guest->state == GUEST_LEAVING)
			return rc;
	}
	if (rc < 0)
		return rc;
	if (guest->state == GUEST_INNER && channel_is_inner_up(guest->channel))
		guest_live(hub, guest);
	while (guest == hub->live &&
	       (rc = channel_take_message(guest->channel, &text, err)) == 0) {
		rc = traffic_message(&hub->asks, guest, &text, err);
		if (rc)
			return rc;
	}
	return rc < 0 ? rc : 0;
}

static int
guest_work(struct hub *hub, struct guest *guest, struct err *err)
{
	unsigned steps = 0;
	int more, rc;

	do {
		more = channel_step(guest->channel, err);
		if (more < 0)
			return more;
		if (guest->state == GUEST_COMING &&
		    channel_is_up(guest->channel) && guest_ask(guest, err))
			return err_class(err);
		if (guest->state == GUEST_COMING ||
		    guest->state == GUEST_LEAVING)
			return 0;
		rc = guest_take(hub, guest, err);
		if (rc)
			return rc;
	} while (more > 0 && ++steps < CHANNEL_STEPS_MAX);
	/* what was said in answer */
	rc = channel_step(guest->channel, err);
	guest->has_more = rc > 0;
	return rc < 0 ? rc : 0;
}

static void
guest_serve(struct hub *hub, size_t at, bool look)
{
	struct guest *guest = hub->guests[at];
	CLEANUP_ERR struct err err = ERR_INIT;
	int rc;

	guest->has_more = false;
	rc = guest->state == GUEST_LEAVING ? channel_step(guest->channel, &err)
					   : guest_work(hub, guest, &err);
	if (rc >= 0 && guest->state != GUEST_LEAVING && look)
		rc = guest_check(guest, &err);
	if (guest->state == GUEST_LEAVING) {
		if (rc < 0 || channel_is_flushed(guest->channel) ||
		    clock_boot_ns() >= guest->until_ns)
			guest_drop(hub, at, &err);
		return;
	}
	if (rc < 0) {
		guest_go(hub, guest, &err);
		(void)channel_step(guest->channel, NULL);
	}
}

static void
hub_send(struct hub *hub)
{
	CLEANUP_ERR struct err err = ERR_INIT;

	if (!hub->live) {
		asks_refuse(&hub->asks);
		return;
	}
	/* a pairing that was revoked this moment gets nothing any more */
	if (guest_check(hub->live, &err) ||
	    traffic_send(&hub->asks, hub->live, &err) ||
	    channel_step(hub->live->channel, &err) < 0) {
		guest_go(hub, hub->live, &err);
		asks_refuse(&hub->asks);
	}
}

static nfds_t
hub_fds(struct hub *hub, struct pollfd fds[GUESTS_MAX + 2])
{
	nfds_t count = 2;

	fds[0] = (struct pollfd){ .fd = hub->asks.wake_fd, .events = POLLIN };
	fds[1] = (struct pollfd){
		.fd = porch_fd(&hub->porch),
		.events = POLLIN,
	};
	for (size_t i = 0; i < GUESTS_MAX; i++) {
		const struct guest *guest = hub->guests[i];

		fds[count++] = (struct pollfd){
			.fd = guest ? channel_fd(guest->channel) : -1,
			.events = guest ? channel_events(guest->channel) : 0,
		};
	}
	return count;
}

static bool
hub_has_more(const struct hub *hub)
{
	for (size_t i = 0; i < GUESTS_MAX; i++) {
		if (hub->guests[i] && hub->guests[i]->has_more)
			return true;
	}
	return false;
}

static void
hub_turn(struct hub *hub)
{
	struct pollfd fds[GUESTS_MAX + 2];
	nfds_t count = hub_fds(hub, fds);
	bool look;
	uint64_t drained;

	(void)poll(
	    fds, count, hub_has_more(hub) ? 0 : (int)(LOOK_NS / NS_PER_MS));
	look = clock_boot_ns() >= hub->look_ns;
	if (look)
		hub->look_ns = clock_boot_ns() + LOOK_NS;
	if (fds[0].revents)
		(void)!read(hub->asks.wake_fd, &drained, sizeof drained);
	for (size_t i = 0; i < GUESTS_MAX; i++) {
		const struct guest *guest = hub->guests[i];

		if (guest && (fds[i + 2].revents || look || guest->has_more))
			guest_serve(hub, i, look);
	}
	if (fds[0].revents)
		hub_send(hub);
	if (fds[1].revents)
		porch_accept(&hub->porch, &hub->house, hub->guests, GUESTS_MAX);
}

static void *
hub_main(void *arg)
{
	struct hub *hub = arg;
	CLEANUP_ERR struct err why = ERR_INIT;

	while (!atomic_load(&hub->stopping))
		hub_turn(hub);
	(void)err_set(&why, ERR_SIDECAR_UNAVAILABLE, "the gateway is stopping");
	for (size_t i = 0; i < GUESTS_MAX; i++) {
		if (!hub->guests[i])
			continue;
		if (hub->guests[i]->state != GUEST_LEAVING)
			guest_go(hub, hub->guests[i], &why);
		(void)channel_step(hub->guests[i]->channel, NULL);
		guest_drop(hub, i, &why);
	}
	asks_refuse(&hub->asks);
	return NULL;
}

static int
hub_start(struct hub *hub, struct err *err)
{
	const struct tool_house *house;
	int rc = porch_open(&hub->porch, hub->house.config, err);

	if (rc == 0)
		rc = gateway_ready(hub->gateway, &house, err);
	if (rc)
		return rc;
	hub->house.journal = house->journal;
	rc = identity_make(
	    hub->house.config->audit.path, &hub->house.identity, err);
	if (rc)
		return rc;
	hub->house.inner = identity_credentials(hub->house.identity);
	if (!hub->house.inner)
		return err_no_memory(err);
	if (thread_start(&hub->thread, 0, hub_main, hub) != 0)
		return err_set(err, ERR_INTERNAL_ERROR, "cannot make a thread");
	hub->has_thread = true;
	return 0;
}

int
hub_open(struct gateway *gateway, struct hub **ret_hub, struct err *err)
{
	struct hub *hub = calloc(1, sizeof *hub);
	int rc;

	if (!hub)
		return err_no_memory(err);
	hub->gateway = gateway;
	hub->house.config = gateway_config(gateway);
	hub->porch.fd = -1;
	rc = asks_init(&hub->asks, err);
	if (rc == 0)
		rc = hub_start(hub, err);
	if (rc)
		hub_close(hub);
	else
		*ret_hub = hub;
	return rc;
}

void
hub_stop(struct hub *hub)
{
	if (!hub || !hub->has_thread)
		return;
	atomic_store(&hub->stopping, true);
	asks_shut(&hub->asks);
	asks_wake(&hub->asks);
	(void)pthread_join(hub->thread, NULL);
	hub->has_thread = false;
}

void
hub_close(struct hub *hub)
{
	if (!hub)
		return;
	hub_stop(hub);
	porch_close(&hub->porch);
	if (hub->house.inner)
		gnutls_certificate_free_credentials(hub->house.inner);
	identity_free(hub->house.identity);
	asks_fini(&hub->asks);
	free(hub);
}

const char *
hub_place(const struct hub *hub)
{
	return hub->porch.place;
}

void
hub_counts(struct hub *hub, struct hub_counts *ret_counts)
{
	LOCK_SCOPE(&hub->asks.lock);

	*ret_counts = (struct hub_counts){
		.connected = hub->is_connected,
		.sessions = hub->sessions,
		.requests = hub->asks.requests,
		.failures = hub->asks.failures,
	};
}

int
hub_query(struct hub *hub, const struct tool *tool, const char *arguments,
    size_t len, uint64_t deadline_ns, int cancel_fd, struct answer *ret_answer,
    struct err *err)
{
	const struct query_house house = {
		.gateway = hub->gateway,
		.journal = hub->house.journal,
		.asks = &hub->asks,
	};

	return query_ask(&house, tool, arguments, len, deadline_ns, cancel_fd,
	    ret_answer, err);
}
