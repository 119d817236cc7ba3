/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Threads: one owns the socket, the guests and their channels.  Threads of
 * the host come with asks, which stand on their stacks, and wait.
 * hub->lock guards the list of asks, what is in them, and the counts.
 */

#include "sidecar/hub.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "config/scope.h"
#include "http/certificate.h"
#include "ibkr-agent/plugin.h"
#include "sidecar/guard.h"
#include "sidecar/guest.h"
#include "sidecar/trail.h"

enum { GUESTS_MAX = 16, SITE_MAX = 4, ASKS_MAX = 64 };
/* How often time and pairing are looked at. */
#define LOOK_NS (NS_PER_S / 2)
/* Nobody is let in for so long once there is no descriptor for him. */
#define FULL_NS NS_PER_S

enum ask_state { ASK_QUEUED, ASK_SENT, ASK_DONE };

struct ask {
	struct ask *next;
	enum ask_state state;
	int done_fd;
	const struct tool *tool;
	const char *arguments; /* JSON */
	size_t len;
	struct envelope envelope; /* once it is sent */
	struct pairing pairing;   /* ids of the session that had it */
	bool is_answered;
	struct envelope answer_envelope; /* as it came outside */
	char *answer_text;
	struct parcel answer;
	struct err err;
};

struct hub {
	struct gateway *gateway;
	struct guest_house house;
	char place[80];
	int listen_fd, wake_fd;
	pthread_t thread;
	bool has_thread;
	atomic_bool stopping;
	struct guest *guests[GUESTS_MAX];
	struct guest *live; /* one of them */
	uint64_t look_ns;
	uint64_t accept_ns; /* boot time; nobody is let in before it */
	pthread_mutex_t lock;
	struct ask *asks;
	unsigned ask_count;
	struct hub_counts counts;
};

static int
no_memory(struct err *err)
{
	return err_set(err, ERR_OUT_OF_MEMORY, "out of memory");
}

static void
wake(int fd)
{
	uint64_t one = 1;

	(void)!write(fd, &one, sizeof one);
}

static void
err_copy(struct err *to, const struct err *from)
{
	(void)err_set(to, from->code, "%s", err_text(from));
	if (from->action)
		err_action(to, "%s", from->action);
}

/* The lock is held. */
static void
ask_end(struct ask *ask)
{
	ask->state = ASK_DONE;
	wake(ask->done_fd);
}

/* The session is over: what it had was lost. */
static void
asks_fail(struct hub *hub, const struct err *why)
{
	LOCK_SCOPE(&hub->lock);

	for (struct ask *ask = hub->asks; ask; ask = ask->next) {
		if (ask->state != ASK_SENT)
			continue;
		(void)err_set(&ask->err, ERR_SIDECAR_UNAVAILABLE,
		    "the session with the sidecar ended before it answered: "
		    "%s",
		    err_text(why));
		ask_end(ask);
	}
}

static struct ask *
ask_find(struct hub *hub, const char *request_id)
{
	struct ask *ask = hub->asks;

	while (ask && (ask->state != ASK_SENT ||
			  strcmp(ask->envelope.request_id, request_id) != 0))
		ask = ask->next;
	return ask;
}

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
	return metadata ? txn_audit(txn, &event, err) : no_memory(err);
}

static void
live_end(struct hub *hub, const struct err *why)
{
	hub->live = NULL;
	{
		LOCK_SCOPE(&hub->lock);
		hub->counts.connected = false;
	}
	asks_fail(hub, why);
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

	if (hub->live) {
		(void)err_set(&why, ERR_SIDECAR_UNAVAILABLE,
		    "a newer session has taken its place");
		guest_go(hub, hub->live, &why);
	}
	guest->state = GUEST_LIVE;
	hub->live = guest;
	log_info("sidecar", "%s: session %s of sidecar %s", guest->place,
	    guest->session.relay_session_id, guest->pairing.sidecar_id);
	LOCK_SCOPE(&hub->lock);
	hub->counts.connected = true;
	hub->counts.sessions++;
}

static int
take_response(struct hub *hub, const struct frame *frame, struct err *err)
{
	struct envelope envelope;
	struct ask *ask;
	int rc = envelope_read(frame->data, frame->len, true, &envelope, err);

	if (rc)
		return rc;
	if (strcmp(envelope.relay_session_id,
		hub->live->session.relay_session_id) != 0)
		return err_set(err, ERR_SIDECAR_SESSION_INVALID,
		    "an answer of another session");
	if (hub->live->unanswered > 0)
		hub->live->unanswered--;
	LOCK_SCOPE(&hub->lock);
	ask = ask_find(hub, envelope.request_id);
	if (!ask)
		return 0; /* whoever asked has gone */
	if (ask->is_answered)
		return err_set(err, ERR_SIDECAR_SESSION_INVALID,
		    "a second answer to one request: a replay");
	ask->is_answered = true;
	ask->answer_envelope = envelope;
	ask->answer_text = strndup((const char *)frame->data, frame->len);
	return ask->answer_text ? 0 : no_memory(err);
}

/* The answer inside, held to its envelope outside. */
static int
message_settle(
    struct hub *hub, struct ask *ask, struct parcel *message, struct err *err)
{
	char hash[HASH_HEX_SIZE];

	channel_payload_hash(hub->live->channel, message->payload,
	    strlen(message->payload), hash);
	if (!ask->answer_text ||
	    strcmp(ask->answer_text, message->envelope) != 0 ||
	    strcmp(hash, ask->answer_envelope.payload_hash) != 0)
		return err_set(err, ERR_OUTPUT_UNSAFE,
		    "an answer and its envelope do not belong together");
	ask->answer = *message;
	*message = (struct parcel){ .envelope = NULL };
	ask_end(ask);
	return 0;
}

static int
take_message(struct hub *hub, const struct buf *text, struct err *err)
{
	struct parcel message = { .envelope = NULL };
	struct envelope envelope;
	struct ask *ask;
	int rc = parcel_read(text, &message, err);

	if (rc == 0)
		rc = envelope_read(message.envelope, strlen(message.envelope),
		    true, &envelope, err);
	if (rc == 0) {
		LOCK_SCOPE(&hub->lock);
		ask = ask_find(hub, envelope.request_id);
		if (ask)
			rc = message_settle(hub, ask, &message, err);
	}
	parcel_fini(&message);
	return rc;
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
			rc = take_response(hub, &frame, err);
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
		rc = take_message(hub, &text, err);
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

/* Nobody alone takes all the places of those that still say who they are. */
static bool
site_is_full(const struct hub *hub, const struct address *address)
{
	const struct address site = address_site(address);
	unsigned count = 0;

	for (size_t i = 0; i < GUESTS_MAX; i++) {
		const struct guest *guest = hub->guests[i];
		struct address other;

		if (!guest || guest->state == GUEST_LIVE ||
		    guest->state == GUEST_LEAVING)
			continue;
		other = address_site(&guest->address);
		count += address_equal(&site, &other);
	}
	return count >= SITE_MAX;
}

static void
take_place(struct hub *hub, int fd)
{
	CLEANUP_ERR struct err err = ERR_INIT;
	struct sockaddr_storage socket;
	socklen_t len = sizeof socket;
	struct address address;
	size_t at = 0;

	while (at < GUESTS_MAX && hub->guests[at])
		at++;
	/* one that has gone already has no name */
	if (at == GUESTS_MAX ||
	    getpeername(fd, (struct sockaddr *)&socket, &len) != 0 ||
	    !address_of((struct sockaddr *)&socket, &address) ||
	    site_is_full(hub, &address)) {
		(void)close(fd);
		return;
	}
	if (guest_new(&hub->house, fd, &hub->guests[at], &err)) {
		log_warning("sidecar", "%s", err_text(&err));
		return;
	}
	hub->guests[at]->address = address;
	address_format(&address, hub->guests[at]->place);
}

static void
hub_accept(struct hub *hub)
{
	int fd;

	while ((fd = accept4(hub->listen_fd, NULL, NULL,
		    SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0)
		take_place(hub, fd);
	if (errno != EMFILE && errno != ENFILE && errno != ENOBUFS &&
	    errno != ENOMEM)
		return;
	hub->accept_ns = clock_boot_ns() + FULL_NS;
	log_warning("sidecar", "cannot let a sidecar in: %s", strerror(errno));
}

/* The envelope of a request, and the request inside it. */
static int
ask_send(struct hub *hub, struct ask *ask, struct err *err)
{
	CLEANUP_BUF struct buf text = BUF_INIT, inner = BUF_INIT;
	struct guest *guest = hub->live;
	struct envelope *e = &ask->envelope;
	struct parcel message = { .payload =
				      (char *)(uintptr_t)ask->arguments };

	*e = (struct envelope){
		.sequence = ++guest->sequence,
		.created_ns = clock_real_ns(),
	};
	id_new(e->request_id);
	memcpy(e->relay_session_id, guest->session.relay_session_id,
	    sizeof e->relay_session_id);
	(void)snprintf(
	    e->tool_name, sizeof e->tool_name, "%s", ask->tool->name);
	(void)snprintf(e->scope, sizeof e->scope, "%s", ask->tool->scope);
	channel_payload_hash(
	    guest->channel, ask->arguments, ask->len, e->payload_hash);
	envelope_write(&text, e);
	if (text.failed)
		return no_memory(err);
	message.envelope = text.data;
	parcel_write(&inner, &message);
	guest->unanswered++;
	channel_put(guest->channel, FRAME_REQUEST, text.data, text.len);
	return channel_put_message(guest->channel, &inner, err);
}

/* The ids of the pairing outlive the session. */
static bool
ask_keep(struct ask *ask, const struct pairing *pairing)
{
	ask->pairing = (struct pairing){
		.pairing_id = strdup(pairing->pairing_id),
		.remote_instance_id = strdup(pairing->remote_instance_id),
		.sidecar_id = strdup(pairing->sidecar_id),
	};
	return ask->pairing.pairing_id && ask->pairing.remote_instance_id &&
	       ask->pairing.sidecar_id;
}

/* A read that nobody waits for any more still has its place over there. */
static bool
ask_is_too_many(struct hub *hub, struct ask *ask)
{
	if (hub->live->unanswered < ASKS_MAX)
		return false;
	(void)err_set(&ask->err, ERR_SIDECAR_UNAVAILABLE,
	    "the sidecar still reads for %u requests", hub->live->unanswered);
	ask_end(ask);
	return true;
}

static int
asks_send(struct hub *hub, struct err *err)
{
	LOCK_SCOPE(&hub->lock);
	int rc = 0;

	for (struct ask *ask = hub->asks; ask && rc == 0; ask = ask->next) {
		if (ask->state != ASK_QUEUED)
			continue;
		if (ask_is_too_many(hub, ask))
			continue;
		ask->state = ASK_SENT;
		rc = ask_keep(ask, &hub->live->pairing)
			 ? ask_send(hub, ask, err)
			 : no_memory(err);
	}
	return rc;
}

/* Nobody is there to be asked. */
static void
asks_refuse(struct hub *hub)
{
	LOCK_SCOPE(&hub->lock);

	for (struct ask *ask = hub->asks; ask; ask = ask->next) {
		if (ask->state != ASK_QUEUED)
			continue;
		(void)err_set(&ask->err, ERR_SIDECAR_UNAVAILABLE,
		    "no sidecar is connected");
		ask_end(ask);
	}
}

static void
hub_send(struct hub *hub)
{
	CLEANUP_ERR struct err err = ERR_INIT;

	if (!hub->live) {
		asks_refuse(hub);
		return;
	}
	/* a pairing that was revoked this moment gets nothing any more */
	if (guest_check(hub->live, &err) || asks_send(hub, &err) ||
	    channel_step(hub->live->channel, &err) < 0) {
		guest_go(hub, hub->live, &err);
		asks_refuse(hub);
	}
}

static nfds_t
hub_fds(struct hub *hub, struct pollfd fds[GUESTS_MAX + 2])
{
	nfds_t count = 2;

	fds[0] = (struct pollfd){ .fd = hub->wake_fd, .events = POLLIN };
	fds[1] = (struct pollfd){
		.fd = clock_boot_ns() < hub->accept_ns ? -1 : hub->listen_fd,
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
		(void)!read(hub->wake_fd, &drained, sizeof drained);
	for (size_t i = 0; i < GUESTS_MAX; i++) {
		const struct guest *guest = hub->guests[i];

		if (guest && (fds[i + 2].revents || look || guest->has_more))
			guest_serve(hub, i, look);
	}
	if (fds[0].revents)
		hub_send(hub);
	if (fds[1].revents)
		hub_accept(hub);
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
	asks_refuse(hub);
	return NULL;
}

static int
check_certificate(const struct config *config, struct err *err)
{
	struct certificate *certificate = NULL;
	int rc;

	if (!config->remote_mcp.tls_certificate_file ||
	    !config->remote_mcp.tls_key_file) {
		rc = err_set(err, ERR_CONFIG_INVALID,
		    "sidecars come over TLS alone, and there is no "
		    "certificate");
		err_action(err, "set remote_mcp.tls_certificate_file and "
				"remote_mcp.tls_key_file");
		return rc;
	}
	rc = certificate_open(config->remote_mcp.tls_certificate_file,
	    config->remote_mcp.tls_key_file, &certificate, err);
	certificate_close(certificate);
	return rc;
}

static int
hub_listen(struct hub *hub, struct err *err)
{
	char text[ADDRESS_TEXT_SIZE];
	struct address address;
	uint16_t port;
	int rc = address_listen(
	    hub->house.config->sidecar.bind_address, &hub->listen_fd, err);

	if (rc)
		return err_wrap(err, "sidecar.bind_address");
	if (!address_of_fd(hub->listen_fd, &address, &port))
		return err_set(
		    err, ERR_INTERNAL_ERROR, "cannot see where it listens");
	address_format(&address, text);
	(void)snprintf(hub->place, sizeof hub->place,
	    strchr(text, ':') ? "[%s]:%u" : "%s:%u", text, (unsigned)port);
	return 0;
}

static int
hub_start(struct hub *hub, struct err *err)
{
	const struct tool_house *house;
	int rc = check_certificate(hub->house.config, err);

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
	hub->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (!hub->house.inner || hub->wake_fd < 0)
		return no_memory(err);
	rc = hub_listen(hub, err);
	if (rc)
		return rc;
	if (pthread_create(&hub->thread, NULL, hub_main, hub) != 0)
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
		return no_memory(err);
	hub->gateway = gateway;
	hub->house.config = gateway_config(gateway);
	hub->listen_fd = hub->wake_fd = -1;
	(void)pthread_mutex_init(&hub->lock, NULL);
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
	wake(hub->wake_fd);
	(void)pthread_join(hub->thread, NULL);
	hub->has_thread = false;
}

void
hub_close(struct hub *hub)
{
	if (!hub)
		return;
	hub_stop(hub);
	if (hub->listen_fd >= 0)
		(void)close(hub->listen_fd);
	if (hub->wake_fd >= 0)
		(void)close(hub->wake_fd);
	if (hub->house.inner)
		gnutls_certificate_free_credentials(hub->house.inner);
	identity_free(hub->house.identity);
	(void)pthread_mutex_destroy(&hub->lock);
	free(hub);
}

const char *
hub_place(const struct hub *hub)
{
	return hub->place;
}

void
hub_counts(struct hub *hub, struct hub_counts *ret_counts)
{
	LOCK_SCOPE(&hub->lock);

	*ret_counts = hub->counts;
}

static int
ask_join(struct hub *hub, struct ask *ask, struct err *err)
{
	LOCK_SCOPE(&hub->lock);

	if (atomic_load(&hub->stopping))
		return err_set(
		    err, ERR_SIDECAR_UNAVAILABLE, "the gateway is stopping");
	if (hub->ask_count >= ASKS_MAX)
		return err_set(err, ERR_SIDECAR_UNAVAILABLE,
		    "%d requests wait for the sidecar already", (int)ASKS_MAX);
	ask->next = hub->asks;
	hub->asks = ask;
	hub->ask_count++;
	hub->counts.requests++;
	return 0;
}

static void
ask_leave(struct hub *hub, struct ask *ask, bool failed)
{
	LOCK_SCOPE(&hub->lock);
	struct ask **at = &hub->asks;

	while (*at != ask)
		at = &(*at)->next;
	*at = ask->next;
	hub->ask_count--;
	hub->counts.failures += failed || ask->err.code != ERR_NONE;
}

static bool
ask_is_done(struct hub *hub, const struct ask *ask)
{
	LOCK_SCOPE(&hub->lock);

	return ask->state == ASK_DONE;
}

static int
ask_wait(struct hub *hub, struct ask *ask, uint64_t deadline_ns, int cancel_fd,
    struct err *err)
{
	struct pollfd fds[] = { { .fd = ask->done_fd, .events = POLLIN },
		{ .fd = cancel_fd, .events = POLLIN } };

	wake(hub->wake_fd);
	while (!ask_is_done(hub, ask)) {
		uint64_t now_ns = clock_boot_ns();
		uint64_t left_ns =
		    deadline_ns > now_ns ? deadline_ns - now_ns : 0;

		/* cancel_fd is readable at the deadline, too */
		if (left_ns == 0)
			return err_set(err, ERR_CALL_TIMED_OUT,
			    "the sidecar did not answer in time");
		if (fds[1].revents)
			return err_set(
			    err, ERR_CALL_CANCELLED, "the call was cancelled");
		if (left_ns > 60 * NS_PER_S)
			left_ns = 60 * NS_PER_S;
		(void)poll(
		    fds, ARRAY_COUNT(fds), (int)(left_ns / NS_PER_MS) + 1);
	}
	return 0;
}

/* What the sidecar says went wrong, as if it had been here. */
static int
remote_failed(const struct parcel *message, struct err *err)
{
	CLEANUP_JSON struct json_object *obj = NULL;
	enum err_code code = ERR_NONE;
	int rc = json_parse(message->payload, strlen(message->payload),
	    &json_bounds_default, &obj, err);

	if (rc == 0)
		code = err_code_find(json_get_str(obj, "code", ""));
	rc = err_set(err, code == ERR_NONE ? ERR_BROKER_RESPONSE_INVALID : code,
	    "the sidecar: %.1000s", json_get_str(obj, "message", "failed"));
	if (!err)
		return rc;
	err->missing = json_get_bool(obj, "missing", false);
	err->retry_after_ns =
	    (uint64_t)json_get_int(obj, "retry_after_ms", 0) * NS_PER_MS;
	if (json_get_str(obj, "user_action", NULL))
		err_action(err, "%.500s", json_get_str(obj, "user_action", ""));
	return rc;
}

static int
answer_take(struct ask *ask, struct answer *ret_answer, struct err *err)
{
	CLEANUP_JSON struct json_object *payload = NULL;
	struct parcel *message = &ask->answer;
	size_t len = strlen(message->payload);
	int rc;

	if (message->failed)
		return remote_failed(message, err);
	rc = json_parse(
	    message->payload, len, &json_bounds_default, &payload, err);
	if (rc)
		return err_set(err, ERR_BROKER_RESPONSE_INVALID,
		    "the sidecar's answer is no JSON");
	rc = guard_payload(payload, err);
	if (rc)
		return rc;
	*ret_answer = (struct answer){
		.json = STEAL(message->payload),
		.len = len,
		.flags = message->flags,
		.source_ns = message->source_ns,
		.receipt_ns = message->receipt_ns,
	};
	return 0;
}

/* The gateway's own rules, before anything leaves. */
static int
ask_check(const struct hub *hub, const struct ask *ask, struct err *err)
{
	CLEANUP_JSON struct json_object *arguments = NULL;
	const struct tool *tool;
	int rc = guard_tool(ask->tool->name, ask->tool->scope, &tool, err);

	if (rc == 0 && !(gateway_scopes(hub->gateway) & scope_bit(tool->scope)))
		rc = err_set(err, ERR_AUTH_MISSING_SCOPE,
		    "auth.enabled_scopes of the gateway has no '%s'",
		    tool->scope);
	if (rc == 0)
		rc = json_parse(ask->arguments, ask->len, &json_bounds_default,
		    &arguments, err);
	return rc ? rc : guard_payload(arguments, err);
}

static int
ask_run(struct hub *hub, struct ask *ask, uint64_t deadline_ns, int cancel_fd,
    struct answer *ret_answer, struct err *err)
{
	CLEANUP_ERR struct err fault = ERR_INIT;
	int rc = ask_join(hub, ask, err);

	if (rc)
		return rc;
	rc = ask_wait(hub, ask, deadline_ns, cancel_fd, &fault);
	ask_leave(hub, ask, rc != 0);
	if (rc == 0 && ask->err.code != ERR_NONE) {
		rc = err_class(&ask->err);
		err_copy(&fault, &ask->err);
	}
	if (rc == 0)
		rc = answer_take(ask, ret_answer, &fault);
	/* without a record, no answer */
	if (ask->envelope.request_id[0] &&
	    trail_relayed(hub->house.journal, &ask->envelope, &ask->pairing,
		&fault, err)) {
		answer_fini(ret_answer);
		return err_class(err);
	}
	if (rc)
		err_move(err, &fault);
	return rc;
}

int
hub_query(struct hub *hub, const struct tool *tool, const char *arguments,
    size_t len, uint64_t deadline_ns, int cancel_fd, struct answer *ret_answer,
    struct err *err)
{
	struct ask ask = {
		.tool = tool,
		.arguments = arguments,
		.len = len,
		.done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
	};
	int rc = ask.done_fd < 0 ? no_memory(err) : ask_check(hub, &ask, err);

	if (rc == 0)
		rc =
		    ask_run(hub, &ask, deadline_ns, cancel_fd, ret_answer, err);
	if (ask.done_fd >= 0)
		(void)close(ask.done_fd);
	parcel_fini(&ask.answer);
	free(ask.answer_text);
	pairing_fini(&ask.pairing);
	err_fini(&ask.err);
	return rc;
}
