/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The HTTP door against a program that only answers the same bytes, with the
 * same library; what HTTP adds to stdio; what idle connections cost.  Every
 * figure is the median of interleaved rounds.  Without authentication: what
 * a token costs is bench-auth's.
 */

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <libgen.h>
#include <microhttpd.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "figure.h"
#include "peer.h"

enum { ROUNDS = 15, KEPT = 16, IDLE = 1000, ASKED = 200, BODY = 262144 };

#define ROUND_S 0.15

#define META                                                            \
	"\"_meta\":{\"io.modelcontextprotocol/protocolVersion\":"       \
	"\"2026-07-28\",\"io.modelcontextprotocol/clientCapabilities\"" \
	":{}}"
#define MESSAGE(method)                                      \
	"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"" method \
	"\",\"params\":{" META "}}"

/* A server of its own process, and a port. */
struct server {
	pid_t pid;
	uint16_t port;
};

/* One connection, and how much of the answer is missing. */
struct client {
	int fd;
	size_t left;
	char head[4096];
	size_t head_len;
	double asked_s;
};

static char folder[] = "/tmp/iag-bench.XXXXXX";
static char config[256];
static char answer[BODY];
static size_t answer_len;

static size_t
make_request(const char *method, const char *body, char out[2048])
{
	return (size_t)snprintf(out, 2048,
	    "POST /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\n"
	    "Content-Type: application/json\r\n"
	    "Accept: application/json, text/event-stream\r\n"
	    "MCP-Protocol-Version: 2026-07-28\r\nMcp-Method: %s\r\n"
	    "Content-Length: %zu\r\n\r\n%s",
	    method, strlen(body), body);
}

static void
client_open(struct client *client, uint16_t port)
{
	const struct sockaddr_in place = { .sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	const int yes = 1;

	*client = (struct client){ .fd = socket(AF_INET, SOCK_STREAM, 0) };
	if (client->fd < 0 ||
	    connect(client->fd, (const struct sockaddr *)&place, sizeof place) <
		0)
		bench_fail("connect");
	(void)setsockopt(
	    client->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
}

static void
client_ask(struct client *client, const char *request, size_t len)
{
	client->head_len = 0;
	client->left = 0;
	client->asked_s = now_s();
	if (send(client->fd, request, len, MSG_NOSIGNAL) != (ssize_t)len)
		bench_fail("send");
}

/* Read what is there; true: the answer is whole. */
static bool
client_hear(struct client *client)
{
	static char buffer[65536];
	ssize_t got = recv(client->fd, buffer, sizeof buffer, 0);
	size_t at = 0;

	if (got <= 0)
		bench_fail("recv");
	if (client->left == 0) {
		char *end, *length;
		size_t room = sizeof client->head - 1 - client->head_len;
		size_t more = (size_t)got < room ? (size_t)got : room;

		memcpy(client->head + client->head_len, buffer, more);
		client->head[client->head_len + more] = '\0';
		end = strstr(client->head, "\r\n\r\n");
		if (!end)
			return client->head_len += more, false;
		if (strncmp(client->head, "HTTP/1.1 200", 12) != 0)
			bench_fail("an answer that is not 200");
		length = strstr(client->head, "Content-Length: ");
		at = (size_t)(end + 4 - client->head) - client->head_len;
		client->left = strtoul(length + 16, NULL, 10);
	}
	client->left -= (size_t)got - at;
	return client->left == 0;
}

/* Requests a second over some kept connections. */
static double
load(uint16_t port, const char *request, size_t len, unsigned count)
{
	struct client clients[KEPT];
	struct epoll_event events[KEPT];
	int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	double start = now_s();
	unsigned answers = 0;

	for (unsigned i = 0; i < count; i++) {
		struct epoll_event event = { .events = EPOLLIN, .data.u32 = i };

		client_open(&clients[i], port);
		(void)epoll_ctl(epoll_fd, EPOLL_CTL_ADD, clients[i].fd, &event);
		client_ask(&clients[i], request, len);
	}
	while (now_s() - start < ROUND_S) {
		int n = epoll_wait(epoll_fd, events, KEPT, -1);

		for (int i = 0; i < n; i++) {
			struct client *c = &clients[events[i].data.u32];

			if (!client_hear(c))
				continue;
			answers++;
			client_ask(c, request, len);
		}
	}
	for (unsigned i = 0; i < count; i++)
		(void)close(clients[i].fd);
	(void)close(epoll_fd);
	return answers / (now_s() - start);
}

/* Median of one request after the other, in microseconds. */
static double
latency(uint16_t port, const char *request, size_t len)
{
	static double values[ASKED];
	struct client client;

	client_open(&client, port);
	for (unsigned i = 0; i < ASKED; i++) {
		client_ask(&client, request, len);
		while (!client_hear(&client))
			;
		values[i] = (now_s() - client.asked_s) * 1e6;
	}
	(void)close(client.fd);
	return median_of(values, ASKED);
}

static double
latency_stdio(struct peer *peer, const char *message)
{
	static double values[ASKED];
	const char *line;

	for (unsigned i = 0; i < ASKED; i++) {
		double start = now_s();

		peer_say(peer, message, strlen(message));
		(void)peer_hear(peer, &line);
		values[i] = (now_s() - start) * 1e6;
	}
	return median_of(values, ASKED);
}

static enum MHD_Result
answer_bytes(void *arg, struct MHD_Connection *connection, const char *url,
    const char *method, const char *version, const char *data, size_t *len,
    void **context)
{
	static int seen;
	struct MHD_Response *response;
	enum MHD_Result rc;

	(void)arg;
	(void)url;
	(void)method;
	(void)version;
	(void)data;
	if (!*context || *len > 0) {
		*context = &seen;
		*len = 0;
		return MHD_YES;
	}
	response = MHD_create_response_from_buffer(
	    answer_len, answer, MHD_RESPMEM_PERSISTENT);
	rc = MHD_queue_response(connection, 200, response);
	MHD_destroy_response(response);
	return rc;
}

/* The same library, the same bytes, and nothing else. */
static struct server
start_bare(void)
{
	struct server server = { .pid = -1 };
	struct MHD_Daemon *daemon;
	int pipes[2];

	if (pipe(pipes) < 0 || (server.pid = fork()) < 0)
		bench_fail("fork");
	if (server.pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		daemon = MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD, 0,
		    NULL, NULL, answer_bytes, NULL, MHD_OPTION_END);
		if (!daemon)
			_exit(1);
		server.port =
		    MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT)
			->port;
		(void)!write(pipes[1], &server.port, sizeof server.port);
		for (;;)
			(void)pause();
	}
	if (read(pipes[0], &server.port, sizeof server.port) !=
	    sizeof server.port)
		bench_fail("the bare server");
	(void)close(pipes[0]);
	(void)close(pipes[1]);
	return server;
}

static struct server
start_door(const char *program)
{
	struct server server = { .pid = -1 };
	char text[256] = "";
	char *port;
	int pipes[2];

	if (pipe(pipes) < 0 || (server.pid = fork()) < 0)
		bench_fail("fork");
	if (server.pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)dup2(pipes[1], STDOUT_FILENO);
		(void)execl(program, program, "--config", config, "mcp",
		    "serve", "--transport", "http", "--enable-remote-mcp",
		    "--without-auth", "--bind", "127.0.0.1:0", (char *)NULL);
		_exit(1);
	}
	(void)close(pipes[1]);
	if (read(pipes[0], text, sizeof text - 1) <= 0 ||
	    !(port = strstr(text, "127.0.0.1:")))
		bench_fail("the door does not open");
	(void)close(pipes[0]);
	server.port = (uint16_t)strtoul(port + 10, NULL, 10);
	return server;
}

static void
stop(struct server server)
{
	(void)kill(server.pid, SIGTERM);
	(void)waitpid(server.pid, NULL, 0);
}

static void
make_config(const char *plugins)
{
	FILE *file;

	if (!mkdtemp(folder))
		bench_fail(folder);
	(void)snprintf(config, sizeof config, "%s/config.yaml", folder);
	file = fopen(config, "we");
	if (!file)
		bench_fail(config);
	(void)fprintf(file,
	    "broker: {backend: fake}\n"
	    "auth: {enabled_scopes: [ibkr:health:read, ibkr:accounts:read]}\n"
	    "audit: {path: %s/store, hmac_secret_file: %s/secret}\n"
	    "plugins: {path: [%s]}\n"
	    "remote_mcp: {rate_limit_max_requests: 100000, "
	    "rate_limit_window_seconds: 1, max_connections: 1200, "
	    "rate_limit_max_requests_per_address: 1000000, "
	    "max_connections_per_address: 1200}\n",
	    folder, folder, plugins);
	(void)fclose(file);
	(void)snprintf(answer, sizeof answer, "%s/secret", folder);
	file = fopen(answer, "we");
	if (!file || chmod(answer, 0600) < 0)
		bench_fail(answer);
	(void)fprintf(file, "a secret of the bench, of which nobody knows\n");
	(void)fclose(file);
}

/* What the door answers, for the bare server to say. */
static void
learn(uint16_t port, const char *request, size_t len)
{
	struct client client;

	client_open(&client, port);
	client_ask(&client, request, len);
	while (!client_hear(&client))
		;
	answer_len =
	    strtoul(strstr(client.head, "Content-Length: ") + 16, NULL, 10);
	if (answer_len > sizeof answer)
		bench_fail("the answer is too long");
	memset(answer, 'x', answer_len);
	(void)close(client.fd);
}

static void
measure_speed(struct server door, const char *program)
{
	static double rates[2][ROUNDS], ratios[ROUNDS], waits[2][ROUNDS];
	const char *const argv[] = { program, "--config", config, "mcp",
		"serve", "--transport", "stdio", NULL };
	char list[2048], discover[2048];
	size_t list_len =
	    make_request("tools/list", MESSAGE("tools/list"), list);
	size_t discover_len = make_request(
	    "server/discover", MESSAGE("server/discover"), discover);
	struct server bare;
	struct peer peer;

	learn(door.port, list, list_len);
	bare = start_bare();
	peer_start(&peer, argv);
	for (unsigned i = 0; i < ROUNDS; i++) {
		rates[0][i] = load(door.port, list, list_len, KEPT);
		rates[1][i] = load(bare.port, list, list_len, KEPT);
		ratios[i] = rates[0][i] / rates[1][i];
		waits[0][i] = latency(door.port, discover, discover_len);
		waits[1][i] =
		    latency_stdio(&peer, MESSAGE("server/discover") "\n");
	}
	peer_end(&peer);
	(void)kill(bare.pid, SIGKILL);
	(void)waitpid(bare.pid, NULL, 0);
	printf("tools/list of %zu bytes, %d kept connections: %.0f/s, bare "
	       "%.0f/s, ratio %.2f (target 0.60 with tokens)\n",
	    answer_len, KEPT, median_of(rates[0], ROUNDS),
	    median_of(rates[1], ROUNDS), median_of(ratios, ROUNDS));
	printf("server/discover: HTTP %.0f us, stdio %.0f us (target: 150 us "
	       "more)\n",
	    median_of(waits[0], ROUNDS), median_of(waits[1], ROUNDS));
}

static void
measure_memory(struct server door)
{
	static struct client clients[IDLE];
	char request[2048];
	size_t len = make_request(
	    "server/discover", MESSAGE("server/discover"), request);
	struct peer peer = { .pid = door.pid };
	long before = peer_anon_kib(&peer);

	for (unsigned i = 0; i < IDLE; i++) {
		client_open(&clients[i], door.port);
		client_ask(&clients[i], request, len);
		while (!client_hear(&clients[i]))
			;
	}
	printf("anonymous memory: %ld KiB, with %d idle connections %ld KiB "
	       "(target 49152)\n",
	    before, IDLE, peer_anon_kib(&peer));
	for (unsigned i = 0; i < IDLE; i++)
		(void)close(clients[i].fd);
}

int
main(void)
{
	const char *program = getenv("IAG_TEST_PROGRAM");
	const char *plugins = getenv("IAG_TEST_PLUGINDIR");
	struct server door;

	if (!program || !plugins) {
		printf("bench-http: needs IAG_TEST_PROGRAM\n");
		return 0;
	}
	make_config(plugins);
	door = start_door(program);
	measure_speed(door, program);
	measure_memory(door);
	stop(door);
	(void)fflush(stdout);
	return execlp("rm", "rm", "-rf", folder, NULL);
}
