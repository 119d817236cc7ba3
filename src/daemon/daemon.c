/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Threads: one waits here for peers, signals and the watchdog; doors have
 * theirs.
 */

#include "daemon/daemon.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/thread.h"
#include "daemon/door.h"
#include "daemon/probe.h"
#include "daemon/systemd.h"
#include "gateway/metrics.h"
#include "http/http.h"
#include "sidecar/backend.h"

/* Sessions get this much more than their calls, to end. */
#define END_NS (5 * NS_PER_S)
/* No descriptor was free: look again then. */
#define PAUSE_NS (100 * NS_PER_MS)
/* From the second signal on, what runs is cancelled so often. */
#define CANCEL_NS (100 * NS_PER_MS)

struct daemon {
	struct gateway *gateway;
	struct systemd systemd;
	struct door *door;   /* NULL: nobody is named for it */
	struct auth *auth;   /* NULL: as the next */
	struct http *http;   /* NULL: remote_mcp is off */
	struct probe *probe; /* NULL: nobody watches */
	struct hub *hub;     /* NULL: no sidecar may come */
	int signal_fd;
	uint64_t alive_ns; /* boot time of the next sign of life; 0: none */
};

static void
signal_set(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGHUP);
}

void
daemon_block_signals(void)
{
	sigset_t set;

	(void)signal(SIGPIPE, SIG_IGN);
	signal_set(&set);
	(void)pthread_sigmask(SIG_BLOCK, &set, NULL);
}

/* The store has to be there; a broker that is away may come. */
static int
open_house(struct gateway *gateway, struct err *err)
{
	const struct tool_house *house;
	int rc = gateway_ready(gateway, &house, err);

	if (rc == 0 && !house->backend)
		log_warning("daemon", "no backend yet: %s",
		    house->backend_fault ? err_text(house->backend_fault) : "");
	return rc;
}

static int
check_doors(const struct config *config, struct err *err)
{
	if (config->peer_count > 0 || config->remote_mcp.enabled)
		return 0;
	err_set(err, ERR_CONFIG_INVALID,
	    "there is nobody to serve: daemon.principals has no entry, and "
	    "remote_mcp is off");
	err_action(err, "name who may use the socket, with kind, users and "
			"scopes, under daemon.principals: "
			"ibkr-agent.yaml(5)");
	return err_class(err);
}

/* Hand over a descriptor of the service manager's. */
static int
take_fd(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

static int
open_http(struct daemon *daemon, struct err *err)
{
	struct http_setup setup = { .gateway = daemon->gateway };
	int rc = http_open_auth(daemon->gateway, &daemon->auth, err);

	if (rc)
		return rc;
	setup.auth = daemon->auth;
	setup.listen_fd = take_fd(&daemon->systemd.http_fd);
	return http_open(&setup, &daemon->http, err);
}

static void
hub_write(struct hub *hub, struct buf *out)
{
	struct hub_counts counts;

	hub_counts(hub, &counts);
	metrics_gauge(out, "sidecar_connected",
	    "Whether a sidecar has a session now.", counts.connected);
	metrics_counter(out, "sidecar_sessions_total",
	    "Sessions with sidecars.", counts.sessions);
	metrics_counter(out, "sidecar_requests_total", "Reads for the sidecar.",
	    counts.requests);
	metrics_counter(out, "sidecar_requests_failed_total",
	    "Those of them that it did not answer.", counts.failures);
}

static void
doors_write(void *arg, struct buf *out)
{
	const struct daemon *daemon = arg;
	struct http_counts counts;

	if (daemon->door)
		door_metrics(daemon->door, out);
	if (daemon->hub)
		hub_write(daemon->hub, out);
	if (!daemon->http)
		return;
	http_counts(daemon->http, &counts);
	metrics_gauge(out, "http_connections",
	    "Connections to the HTTP door now.", counts.open);
	metrics_gauge(out, "http_requests_running",
	    "Requests at the HTTP door that wait for their answer.",
	    counts.running);
	metrics_counter(out, "http_connections_total",
	    "Connections to the HTTP door.", counts.connections);
	metrics_counter(out, "http_requests_total",
	    "Requests that the HTTP door has answered.", counts.requests);
	metrics_counter(out, "http_requests_refused_total",
	    "Those of them that were answered with 4xx or 5xx.",
	    counts.refused);
}

/* Without a key of the issuer nobody gets through the HTTP door. */
static bool
doors_are_ready(void *arg, struct buf *out)
{
	const struct daemon *daemon = arg;
	bool is_ready = !daemon->auth || auth_is_ready(daemon->auth);

	if (daemon->auth)
		buf_printf(out, "tokens: %s\n",
		    is_ready ? "ok" : "no keys of the issuer");
	return is_ready;
}

static int
open_probe(struct daemon *daemon, struct err *err)
{
	const struct probe_setup setup = {
		.gateway = daemon->gateway,
		.fd = take_fd(&daemon->systemd.metrics_fd),
		.add = doors_write,
		.is_ready = doors_are_ready,
		.arg = daemon,
	};

	return probe_open(&setup, &daemon->probe, err);
}

static int
open_doors(struct daemon *daemon, struct err *err)
{
	const struct config *config = gateway_config(daemon->gateway);
	int rc = 0;

	if (config->peer_count > 0)
		rc = door_open(daemon->gateway,
		    take_fd(&daemon->systemd.socket_fd), &daemon->door, err);
	if (rc == 0 && config->remote_mcp.enabled)
		rc = open_http(daemon, err);
	if (rc == 0 && config->sidecar.enabled &&
	    config->sidecar.role == SIDECAR_ROLE_GATEWAY)
		rc = hub_open(daemon->gateway, &daemon->hub, err);
	if (rc == 0)
		sidecar_backend_attach(daemon->hub);
	if (rc == 0 && config->daemon.metrics)
		rc = open_probe(daemon, err);
	return rc;
}

int
daemon_open(
    struct gateway *gateway, struct daemon **ret_daemon, struct err *err)
{
	struct daemon *daemon = calloc(1, sizeof *daemon);
	sigset_t set;
	int rc;

	if (!daemon)
		return err_no_memory(err);
	daemon->gateway = gateway;
	signal_set(&set);
	daemon->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	/* commands that this process runs are not to ask it */
	(void)unsetenv("IBKR_AGENT_SOCKET");
	rc = systemd_take(&daemon->systemd, err);
	if (rc == 0 && daemon->signal_fd < 0)
		rc = err_set(err, ERR_INTERNAL_ERROR,
		    "cannot wait for signals: %s", strerror(errno));
	if (rc == 0)
		rc = check_doors(gateway_config(gateway), err);
	if (rc == 0)
		rc = open_house(gateway, err);
	if (rc == 0)
		rc = open_doors(daemon, err);
	if (rc)
		daemon_close(daemon);
	else
		*ret_daemon = daemon;
	return rc;
}

void
daemon_places(const struct daemon *daemon, struct daemon_places *ret_places)
{
	*ret_places = (struct daemon_places){
		.socket = daemon->door ? door_path(daemon->door) : NULL,
		.http = daemon->http ? http_url(daemon->http) : NULL,
		.metrics = daemon->probe ? probe_url(daemon->probe) : NULL,
		.sidecar = daemon->hub ? hub_place(daemon->hub) : NULL,
	};
}

/* A sign of life, when one is due; how long until the next, or limit_ns. */
static int
stay_alive(struct daemon *daemon, uint64_t limit_ns)
{
	const uint64_t half_ns = daemon->systemd.watchdog_ns / 2;
	const uint64_t now_ns = clock_boot_ns();

	if (half_ns > 0 && now_ns >= daemon->alive_ns) {
		systemd_say(&daemon->systemd, "WATCHDOG=1");
		daemon->alive_ns = now_ns + half_ns;
	}
	if (half_ns > 0 && daemon->alive_ns - now_ns < limit_ns)
		limit_ns = daemon->alive_ns - now_ns;
	return limit_ns == UINT64_MAX ? -1 : (int)(limit_ns / NS_PER_MS) + 1;
}

/* true: a signal says stop. */
static bool
take_signals(struct daemon *daemon)
{
	struct signalfd_siginfo info;
	bool stops = false;

	while (
	    read(daemon->signal_fd, &info, sizeof info) == (ssize_t)sizeof info)
		stops |= info.ssi_signo != SIGHUP;
	return stops;
}

static void
wait_for_stop(struct daemon *daemon)
{
	struct pollfd fds[] = {
		{ .fd = daemon->signal_fd, .events = POLLIN },
		{ .fd = daemon->door ? door_fd(daemon->door) : -1,
		    .events = POLLIN },
	};
	uint64_t limit_ns = UINT64_MAX;

	for (;;) {
		nfds_t count = limit_ns == UINT64_MAX ? 2 : 1;
		int ready = poll(fds, count, stay_alive(daemon, limit_ns));

		limit_ns = UINT64_MAX;
		if (ready <= 0)
			continue;
		if (fds[0].revents && take_signals(daemon))
			return;
		if (count == 2 && fds[1].revents && !door_accept(daemon->door))
			limit_ns = PAUSE_NS;
	}
}

/* The HTTP door drains on a thread of its own, beside the socket. */
struct drain {
	struct daemon *daemon;
	uint64_t drain_ns;
	int ended_fd; /* readable: it has */
	bool is_over; /* seen */
	pthread_t thread;
};

static void *
drain_main(void *arg)
{
	struct drain *drain = arg;
	uint64_t one = 1;

	http_stop(drain->daemon->http, drain->drain_ns);
	(void)!write(drain->ended_fd, &one, sizeof one);
	return NULL;
}

static void
drain_start(struct drain *drain, struct daemon *daemon, uint64_t drain_ns)
{
	*drain = (struct drain){
		.daemon = daemon,
		.drain_ns = drain_ns,
		.ended_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
		.is_over = !daemon->http,
	};
	if (daemon->http &&
	    (drain->ended_fd < 0 ||
		thread_start(&drain->thread, 0, drain_main, drain) != 0)) {
		http_stop(daemon->http, drain_ns);
		drain->is_over = true;
	}
}

/* Until the doors are empty; a second signal ends what runs. */
static bool
wait_for_guests(struct daemon *daemon, struct drain *drain, uint64_t end_ns)
{
	struct pollfd fds[] = {
		{ .fd = daemon->signal_fd, .events = POLLIN },
		{ .fd = daemon->door ? door_ended_fd(daemon->door) : -1,
		    .events = POLLIN },
		{ .fd = drain->is_over ? -1 : drain->ended_fd,
		    .events = POLLIN },
	};

	bool is_cancelling = false;

	while (!drain->is_over ||
	       (daemon->door && door_open_count(daemon->door) > 0)) {
		uint64_t now_ns = clock_boot_ns();

		if (now_ns >= end_ns)
			return false;
		/* also what begins only then */
		if (is_cancelling)
			gateway_cancel_calls(daemon->gateway);
		if (poll(fds, ARRAY_COUNT(fds),
			stay_alive(daemon,
			    is_cancelling ? CANCEL_NS : end_ns - now_ns)) <= 0)
			continue;
		if (fds[2].revents) {
			(void)pthread_join(drain->thread, NULL);
			drain->is_over = true;
			fds[2].fd = -1;
		}
		if (fds[0].revents && take_signals(daemon)) {
			log_info("daemon", "cancelling what runs");
			is_cancelling = true;
		}
	}
	return true;
}

void
daemon_serve(struct daemon *daemon)
{
	const struct config *config = gateway_config(daemon->gateway);
	const uint64_t drain_ns = config->daemon.drain_seconds * NS_PER_S;
	struct drain drain;
	char text[80];

	systemd_say(&daemon->systemd, "READY=1");
	wait_for_stop(daemon);
	(void)snprintf(text, sizeof text,
	    "STOPPING=1\nEXTEND_TIMEOUT_USEC=%llu",
	    (unsigned long long)((drain_ns + 2 * END_NS) / 1000));
	systemd_say(&daemon->systemd, text);
	log_info("daemon", "stopping");
	if (daemon->probe)
		probe_set_stopping(daemon->probe);
	if (daemon->door)
		door_stop(daemon->door);
	drain_start(&drain, daemon, drain_ns);
	if (wait_for_guests(
		daemon, &drain, clock_boot_ns() + drain_ns + END_NS)) {
		if (drain.ended_fd >= 0)
			(void)close(drain.ended_fd);
		return;
	}
	/* its thread may still use all that would be closed now */
	log_error("daemon", "a session did not end; leaving without it");
	_exit(1);
}

void
daemon_close(struct daemon *daemon)
{
	if (!daemon)
		return;
	probe_close(daemon->probe);
	hub_stop(daemon->hub);
	sidecar_backend_attach(NULL);
	hub_close(daemon->hub);
	if (http_close(daemon->http))
		auth_close(daemon->auth);
	door_close(daemon->door);
	if (daemon->signal_fd >= 0)
		(void)close(daemon->signal_fd);
	systemd_fini(&daemon->systemd);
	free(daemon);
}
