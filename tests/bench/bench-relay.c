/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * What the way through the daemon costs: the same requests over stdio in one
 * process and by the relay over the Unix socket, in turns.
 */

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sys/stat.h>
#include <unistd.h>

#include "figure.h"
#include "peer.h"

enum { ROUNDS = 101, REQUESTS = 200, TARGET_US = 60 };

#define PING "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}\n"
#define LIST "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\"}\n"
#define CALL                                                       \
	"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\"," \
	"\"params\":{\"name\":\"ibkr_health\",\"arguments\":{}}}\n"

static char folder[] = "/tmp/iag-relay.XXXXXX";
static char config[256], place[256];

/* Microseconds of one request. */
static double
time_requests(struct peer *peer, const char *request, int count)
{
	double start = now_s();

	for (int i = 0; i < count; i++) {
		peer_say(peer, request, strlen(request));
		(void)peer_hear(peer, NULL);
	}
	return (now_s() - start) * 1e6 / count;
}

static void
bench(struct peer *direct, struct peer *relay, const char *what,
    const char *request, int count)
{
	double own[ROUNDS], through[ROUNDS], more[ROUNDS];

	for (int i = 0; i < ROUNDS; i++) {
		own[i] = time_requests(direct, request, count);
		through[i] = time_requests(relay, request, count);
		more[i] = through[i] - own[i];
	}
	double reached = median_of(more, ROUNDS);

	(void)printf("relay, %-36s %8.1f  at most %-6d %s   %.1f us, stdio "
		     "%.1f us\n",
	    what, reached, TARGET_US,
	    reached <= TARGET_US ? "reached" : "MISSED ",
	    median_of(through, ROUNDS), median_of(own, ROUNDS));
}

static void
set_up(void)
{
	FILE *file;

	if (!mkdtemp(folder))
		bench_fail(folder);
	(void)snprintf(config, sizeof config, "%s/config.yaml", folder);
	(void)snprintf(place, sizeof place, "%s/daemon.sock", folder);
	(void)setenv("IBKR_AUDIT_HMAC_SECRET",
	    "a secret of the bench, which nobody else uses", 1);
	file = fopen(config, "we");
	if (!file ||
	    fprintf(file,
		"broker: {backend: fake}\n"
		"auth: {enabled_scopes: [ibkr:health:read]}\n"
		"audit: {path: %s/store}\n"
		"plugins: {path: [%s]}\n"
		"daemon:\n  socket: %s\n  metrics: false\n  principals:\n"
		"    me: {users: [%u], scopes: [ibkr:health:read]}\n",
		folder, bench_env("IAG_TEST_PLUGINDIR"), place,
		(unsigned)getuid()) < 0 ||
	    fchmod(fileno(file), 0600) < 0 || fclose(file) != 0)
		bench_fail(config);
}

int
main(void)
{
	const char *program = bench_env("IAG_TEST_PROGRAM");
	const char *serve[] = { program, "--config", config, "serve", NULL };
	const char *stdio[] = { program, "--config", config, "mcp", "serve",
		NULL };
	const char *via[] = { program, "--via", place, "mcp", "serve", NULL };
	const char *clean[] = { "rm", "-rf", folder, NULL };
	struct peer daemon, direct, relay, rm;

	set_up();
	peer_start(&daemon, serve);
	(void)peer_hear(&daemon, NULL);
	peer_start(&direct, stdio);
	peer_start(&relay, via);
	bench(&direct, &relay, "ping, us more", PING, REQUESTS);
	bench(&direct, &relay, "tools/list, us more", LIST, REQUESTS);
	bench(&direct, &relay, "a call with its record, us more", CALL, 10);
	peer_end(&relay);
	peer_end(&direct);
	(void)kill(daemon.pid, SIGTERM);
	peer_end(&daemon);
	peer_start(&rm, clean);
	peer_end(&rm);
	return 0;
}
