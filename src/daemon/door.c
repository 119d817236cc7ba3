/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Threads: one lets peers in (door_accept), each session has one of its own,
 * and another with its first call (mcp/serve.c).
 * door->lock guards the list of guests and the counters; taken alone.
 */

#include "daemon/door.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/thread.h"
#include "daemon/commands.h"
#include "daemon/peer.h"
#include "daemon/relay.h"
#include "daemon/socket.h"
#include "daemon/visits.h"
#include "gateway/metrics.h"
#include "journal/audit.h"
#include "journal/outcome.h"
#include "mcp/answer.h"
#include "mcp/mcp.h"

/* Sessions parse, write and run calls, as workers do. */
#define GUEST_STACK (512 * 1024)
#define RECORD_NS (10 * NS_PER_S)
/* Let in at a time; signals and the watchdog are looked at between. */
enum { ACCEPT_MAX = 32 };
/* Operators come in though agents have taken daemon.max_connections. */
enum { OPERATORS_MORE = 8 };

struct guest {
	struct guest *next, *prev;
	struct door *door;
	struct peer peer;
	const struct peer_rule *rule;
	int fd;
};

struct door {
	struct gateway *gateway;
	struct peers *peers;
	struct socket_place place;
	struct visits visits; /* of the thread that lets in */
	uint32_t store_uid;
	int stop_fd;  /* readable: sessions end */
	int ended_fd; /* counts sessions that have ended */
	pthread_mutex_t lock;
	struct guest *guests;
	unsigned count;
	uint64_t accepted, refused;
};

/* A visit on its way to the record. */
struct visit {
	struct gateway *gateway;
	uint32_t uid;
	unsigned count;
	struct err why; /* NONE: let in */
	struct buf principal;
	enum principal_kind kind;
};

static void
visit_free(struct visit *visit)
{
	err_fini(&visit->why);
	buf_fini(&visit->principal);
	free(visit);
}

static void
visit_record(void *arg)
{
	struct visit *visit = arg;
	CLEANUP_JSON struct json_object *metadata = json_object_new_object();
	struct audit_event event = {
		.principal = buf_text(&visit->principal),
		.principal_kind = principal_kind_name(visit->kind),
		.metadata = metadata,
	};
	const struct tool_house *house = gateway_peek(visit->gateway);
	struct call *call = call_new(clock_boot_ns() + RECORD_NS);

	(void)json_add_int(metadata, "uid", visit->uid);
	(void)json_add_int(metadata, "count", visit->count);
	audit_outcome(&event,
	    visit->why.code == ERR_NONE ? "peer_accepted" : "peer_refused",
	    NULL);
	if (visit->why.code != ERR_NONE) {
		event.decision = "deny";
		event.result_status = "refused";
		event.outcome = "refused";
		event.error_code = err_kind(visit->why.code)->name;
	}
	if (house && call)
		(void)journal_record(house->journal, call, &event, NULL);
	call_unref(call);
	visit_free(visit);
}

static void
tell_refusals(const struct err *why, unsigned count)
{
	if (count > 1)
		log_info(
		    "daemon", "refused %u times: %s", count, err_text(why));
	else
		log_info("daemon", "refused: %s", err_text(why));
}

/* Off this thread, which has others to let in. */
static void
note(struct door *door, const struct peer *peer, const struct peer_rule *rule,
    const struct err *why)
{
	unsigned count =
	    visits_note(&door->visits, peer->uid, why != NULL, clock_boot_ns());
	struct visit *visit = count > 0 ? calloc(1, sizeof *visit) : NULL;

	if (why && count > 0)
		tell_refusals(why, count);
	if (!visit)
		return;
	visit->gateway = door->gateway;
	visit->uid = peer->uid;
	visit->count = count;
	visit->kind = PRINCIPAL_AGENT;
	if (rule)
		visit->kind = peer_principal(
		    peer, rule, door->store_uid, &visit->principal)
				  .kind;
	else
		buf_printf(&visit->principal, "local:uid-%" PRIu32, peer->uid);
	if (why)
		(void)err_set(&visit->why, why->code, "%s", err_text(why));
	if (gateway_run(door->gateway, visit_record, visit) < 0)
		visit_free(visit);
}

/* Why the peer cannot stay, as the first and only line that it gets. */
static void
turn_away(struct door *door, int fd, const struct err *why)
{
	CLEANUP_BUF struct buf line = BUF_INIT;
	CLEANUP_BUF struct buf data = BUF_INIT;

	tool_error_json(&data, why, NULL);
	answer_error(
	    &line, NULL, RELAY_REFUSED, buf_text(&data), "%s", err_text(why));
	(void)send(fd, line.data, line.len, MSG_DONTWAIT | MSG_NOSIGNAL);
	(void)close(fd);
	LOCK_SCOPE(&door->lock);

	door->refused++;
}

static void
guest_leave(struct guest *guest)
{
	struct door *door = guest->door;
	uint64_t one = 1;

	(void)close(guest->fd);
	peer_fini(&guest->peer);
	(void)pthread_mutex_lock(&door->lock);
	if (guest->prev)
		guest->prev->next = guest->next;
	else if (door->guests == guest)
		door->guests = guest->next;
	if (guest->next)
		guest->next->prev = guest->prev;
	door->count--;
	/* the last use of the door, which may be closed from now on */
	(void)!write(door->ended_fd, &one, sizeof one);
	(void)pthread_mutex_unlock(&door->lock);
	free(guest);
}

static void *
guest_main(void *arg)
{
	struct guest *guest = arg;
	struct door *door = guest->door;
	CLEANUP_ERR struct err err = ERR_INIT;
	CLEANUP_BUF struct buf name = BUF_INIT;
	const struct principal principal =
	    peer_principal(&guest->peer, guest->rule, door->store_uid, &name);
	const struct mcp_stream stream = {
		.in = guest->fd,
		.out = guest->fd,
		.stop_fd = door->stop_fd,
		.is_shared = true,
		.drain_ns =
		    gateway_config(door->gateway)->daemon.drain_seconds *
		    NS_PER_S,
	};

	if (name.failed)
		log_error("daemon", "no memory for a session");
	else if (mcp_serve_stream(&registry_socket, door->gateway, &principal,
		     &stream, &err) < 0)
		log_info("daemon", "session of %s: %s", principal.name,
		    err_text(&err));
	guest_leave(guest);
	return NULL;
}

static int
check_room(struct door *door, const struct peer *peer,
    const struct peer_rule *rule, struct err *err)
{
	const struct config *config = gateway_config(door->gateway);
	unsigned more = rule->kind == PEER_OPERATOR ? OPERATORS_MORE : 0;
	unsigned own = 0;
	LOCK_SCOPE(&door->lock);

	for (const struct guest *g = door->guests; g; g = g->next)
		own += g->peer.uid == peer->uid;
	if (door->count >= config->daemon.max_connections + more)
		return err_set(err, ERR_DAEMON_UNAVAILABLE,
		    "%u connections are open, as many as "
		    "daemon.max_connections allows",
		    door->count);
	if (own >= config->daemon.max_connections_per_user)
		return err_set(err, ERR_DAEMON_UNAVAILABLE,
		    "this user has %u connections open, as many as "
		    "daemon.max_connections_per_user allows",
		    own);
	return 0;
}

static int
check_peer(struct door *door, const struct peer *peer,
    const struct peer_rule **ret_rule, struct err *err)
{
	CLEANUP_BUF struct buf user = BUF_INIT;

	*ret_rule = peers_find(door->peers, peer);
	if (*ret_rule)
		return check_room(door, peer, *ret_rule, err);
	peer_write_user(&user, peer->uid);
	return err_set(err, ERR_AUTH_PEER_UNKNOWN,
	    "%s may not use this daemon: no entry of daemon.principals has "
	    "this user or one of its groups",
	    buf_text(&user));
}

/* In the list before its thread, which takes it out. */
static struct guest *
guest_new(
    struct door *door, int fd, struct peer *peer, const struct peer_rule *rule)
{
	struct guest *guest = calloc(1, sizeof *guest);

	if (!guest)
		return NULL;
	*guest = (struct guest){
		.door = door,
		.fd = fd,
		.peer = *peer,
		.rule = rule,
	};
	*peer = (struct peer){ .groups = NULL };
	LOCK_SCOPE(&door->lock);

	guest->next = door->guests;
	if (guest->next)
		guest->next->prev = guest;
	door->guests = guest;
	door->count++;
	door->accepted++;
	return guest;
}

static void
let_in(struct door *door, int fd)
{
	CLEANUP_ERR struct err err = ERR_INIT;
	const struct peer_rule *rule = NULL;
	struct peer peer = { .groups = NULL };
	struct guest *guest;

	if (peer_read(fd, &peer, &err) ||
	    check_peer(door, &peer, &rule, &err)) {
		note(door, &peer, rule, &err);
		turn_away(door, fd, &err);
		peer_fini(&peer);
		return;
	}
	note(door, &peer, rule, NULL);
	log_debug("daemon", "process %" PRId32 " of uid %" PRIu32 " as '%s'",
	    peer.pid, peer.uid, rule->name);
	guest = guest_new(door, fd, &peer, rule);
	if (!guest) {
		peer_fini(&peer);
		(void)close(fd);
	} else if (thread_start(NULL, GUEST_STACK, guest_main, guest)) {
		log_error("daemon", "no thread for a session");
		guest_leave(guest);
	}
}

bool
door_accept(struct door *door)
{
	for (unsigned i = 0; i < ACCEPT_MAX; i++) {
		int fd = accept4(door->place.fd, NULL, NULL, SOCK_CLOEXEC);

		if (fd >= 0) {
			let_in(door, fd);
			continue;
		}
		if (errno == EINTR || errno == ECONNABORTED)
			continue;
		if (errno == EAGAIN)
			return true;
		log_error(
		    "daemon", "cannot let a peer in: %s", strerror(errno));
		return false;
	}
	return true; /* the rest waits, and is told of again */
}

/*
 * A session has three descriptors; what the store, plugins and the broker
 * need must not be theirs.
 */
static void
raise_files(const struct config *config)
{
	enum { SESSION_FILES = 3, OTHER_FILES = 256 };
	rlim_t need = OTHER_FILES +
		      SESSION_FILES * ((rlim_t)config->daemon.max_connections +
					  OPERATORS_MORE);
	struct rlimit limit;

	if (config->remote_mcp.enabled)
		need += config->remote_mcp.max_connections;
	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= need)
		return;
	if (limit.rlim_max < need)
		log_warning("daemon",
		    "daemon.max_connections needs %lu open files, this "
		    "process may have %lu (ulimit -n)",
		    (unsigned long)need, (unsigned long)limit.rlim_max);
	limit.rlim_cur = need < limit.rlim_max ? need : limit.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
}

static int
find_place(struct door *door, int fd, struct err *err)
{
	const struct config *config = gateway_config(door->gateway);
	struct stat st;
	int rc;

	raise_files(config);
	door->store_uid =
	    stat(config->audit.path, &st) == 0 ? st.st_uid : geteuid();
	rc = peers_new(config, &door->peers, err);
	if (fd >= 0)
		door->place = (struct socket_place){ fd, -1, NULL };
	/* one that was handed over may wait */
	if (fd >= 0 && fcntl(fd, F_SETFL, O_RDWR | O_NONBLOCK) != 0)
		return err_set(err, ERR_INTERNAL_ERROR,
		    "cannot use the socket that was handed over: %s",
		    strerror(errno));
	if (fd < 0 && rc == 0)
		rc = socket_listen(config->daemon.socket, &door->place, err);
	return rc;
}

int
door_open(
    struct gateway *gateway, int fd, struct door **ret_door, struct err *err)
{
	struct door *door = calloc(1, sizeof *door);
	int rc;

	if (!door) {
		if (fd >= 0)
			(void)close(fd);
		return err_no_memory(err);
	}
	(void)pthread_mutex_init(&door->lock, NULL);
	door->gateway = gateway;
	door->place = (struct socket_place){ -1, -1, NULL };
	door->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	door->ended_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	rc = find_place(door, fd, err);
	if (rc == 0 && (door->stop_fd < 0 || door->ended_fd < 0))
		rc = err_set(
		    err, ERR_INTERNAL_ERROR, "cannot make an event descriptor");
	if (rc)
		door_close(door);
	else
		*ret_door = door;
	return rc;
}

const char *
door_path(const struct door *door)
{
	return door->place.path ? door->place.path
				: gateway_config(door->gateway)->daemon.socket;
}

int
door_fd(const struct door *door)
{
	return door->place.fd;
}

int
door_ended_fd(const struct door *door)
{
	return door->ended_fd;
}

void
door_stop(struct door *door)
{
	uint64_t one = 1;

	socket_close(&door->place);
	(void)!write(door->stop_fd, &one, sizeof one);
}

unsigned
door_open_count(struct door *door)
{
	uint64_t count;
	LOCK_SCOPE(&door->lock);

	(void)!read(door->ended_fd, &count, sizeof count);
	return door->count;
}

void
door_metrics(struct door *door, struct buf *out)
{
	LOCK_SCOPE(&door->lock);

	metrics_gauge(out, "socket_connections",
	    "Connections to the Unix socket now.", door->count);
	metrics_head(out, "socket_connections_total", "counter",
	    "Connections to the Unix socket that were let in, and not.");
	buf_printf(out,
	    "ibkr_agent_socket_connections_total{result=\"accepted\"} %" PRIu64
	    "\n"
	    "ibkr_agent_socket_connections_total{result=\"refused\"} %" PRIu64
	    "\n",
	    door->accepted, door->refused);
}

void
door_close(struct door *door)
{
	if (!door)
		return;
	socket_close(&door->place);
	if (door->stop_fd >= 0)
		(void)close(door->stop_fd);
	if (door->ended_fd >= 0)
		(void)close(door->ended_fd);
	peers_free(door->peers);
	(void)pthread_mutex_destroy(&door->lock);
	free(door);
}
