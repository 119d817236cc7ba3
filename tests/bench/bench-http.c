/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The HTTP door against a program that only answers the same bytes, with the
 * same library, with tokens and without; what HTTP and TLS add to stdio; calls
 * with a durable record against bare group commit for as many callers;
 * what idle connections cost.  Every figure is the median of interleaved
 * rounds.
 */

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <gnutls/gnutls.h>
#include <lmdb.h>
#include <microhttpd.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bare.h"
#include "base/cleanup.h"
#include "figure.h"
#include "group.h"
#include "issuer.h"
#include "peer.h"

enum {
	ROUNDS = 15,
	KEPT = 16,
	CALLERS = 64,
	IDLE = 1000,
	ASKED = 200,
	BODY = 262144,
	REQUEST = 4096,
	/* what the journal writes for a call of a read tool, about */
	RECORD = 704,
	HEAD = 128
};

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
	gnutls_session_t tls; /* or NULL */
	bool is_chunked;
	char tail[7];     /* of a body in chunks */
	struct buf *copy; /* of the body, or NULL */
};

/* A request, whole. */
struct request {
	char text[REQUEST];
	size_t len;
};

static char folder[] = "/tmp/iag-bench.XXXXXX";
static char answer[BODY];
static size_t answer_len;

/* more: headers, each with its end; method NULL: of the legacy era. */
static struct request
make_request(const char *method, const char *more, const char *body)
{
	struct request request;
	int len = snprintf(request.text, sizeof request.text,
	    "POST /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\n"
	    "Content-Type: application/json\r\n"
	    "Accept: application/json, text/event-stream\r\n"
	    "MCP-Protocol-Version: %s\r\n%s%s%s"
	    "%sContent-Length: %zu\r\n\r\n%s",
	    method ? "2026-07-28" : "2025-11-25", method ? "Mcp-Method: " : "",
	    method ? method : "", method ? "\r\n" : "", more, strlen(body),
	    body);

	if (len < 0 || (size_t)len >= sizeof request.text)
		bench_fail("a request that is too long");
	request.len = (size_t)len;
	return request;
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

/* From here on it speaks TLS; whose certificate it is does not matter. */
static void
client_greet(struct client *client)
{
	static gnutls_certificate_credentials_t none;

	if (!none && gnutls_certificate_allocate_credentials(&none) < 0)
		bench_fail("TLS");
	if (gnutls_init(&client->tls, GNUTLS_CLIENT) < 0 ||
	    gnutls_set_default_priority(client->tls) < 0 ||
	    gnutls_credentials_set(client->tls, GNUTLS_CRD_CERTIFICATE, none) <
		0)
		bench_fail("TLS");
	gnutls_transport_set_int(client->tls, client->fd);
	if (gnutls_handshake(client->tls) < 0)
		bench_fail("the handshake");
}

static void
client_close(struct client *client)
{
	if (client->tls)
		gnutls_deinit(client->tls);
	(void)close(client->fd);
}

static void
client_ask(struct client *client, const struct request *request)
{
	ssize_t sent;

	client->head_len = 0;
	client->left = 0;
	client->asked_s = now_s();
	sent =
	    client->tls
		? gnutls_record_send(client->tls, request->text, request->len)
		: send(client->fd, request->text, request->len, MSG_NOSIGNAL);
	if (sent != (ssize_t)request->len)
		bench_fail("send");
}

static ssize_t
client_read(struct client *client, char *buffer, size_t room)
{
	ssize_t got;

	if (!client->tls)
		return recv(client->fd, buffer, room, 0);
	do
		got = gnutls_record_recv(client->tls, buffer, room);
	while (got == GNUTLS_E_AGAIN || got == GNUTLS_E_INTERRUPTED);
	return got;
}

/* The head is whole: how is the end of the body known? */
static void
client_read_head(struct client *client)
{
	const char *length;

	if (strncmp(client->head, "HTTP/1.1 200", 12) != 0)
		bench_fail("an answer that is not 200");
	length = strcasestr(client->head, "\r\nContent-Length: ");
	client->is_chunked = !length;
	client->left = length ? strtoul(length + 18, NULL, 10) : 1;
}

/* Some of a body; true: it was the last of it. */
static bool
client_take(struct client *client, const char *data, size_t len)
{
	static const char end[] = "\r\n0\r\n\r\n";
	size_t some = len < sizeof client->tail ? len : sizeof client->tail;

	if (client->copy)
		buf_add(client->copy, data, len);
	if (!client->is_chunked)
		return (client->left -= len) == 0;
	memmove(client->tail, client->tail + some, sizeof client->tail - some);
	memcpy(
	    client->tail + sizeof client->tail - some, data + len - some, some);
	return memcmp(client->tail, end, sizeof client->tail) == 0;
}

/* Read what is there; true: the answer is whole. */
static bool
client_hear(struct client *client)
{
	static char buffer[65536];
	ssize_t got = client_read(client, buffer, sizeof buffer);
	size_t at = 0;

	if (got <= 0)
		bench_fail("recv");
	if (client->left == 0) {
		char *end;
		size_t room = sizeof client->head - 1 - client->head_len;
		size_t more = (size_t)got < room ? (size_t)got : room;

		memcpy(client->head + client->head_len, buffer, more);
		client->head[client->head_len + more] = '\0';
		end = strstr(client->head, "\r\n\r\n");
		if (!end)
			return client->head_len += more, false;
		at = (size_t)(end + 4 - client->head) - client->head_len;
		end[2] = '\0';
		client_read_head(client);
	}
	return client_take(client, buffer + at, (size_t)got - at);
}

/* Requests a second over some kept connections. */
static double
load(uint16_t port, const struct request *request, unsigned count)
{
	static struct client clients[CALLERS];
	struct epoll_event events[CALLERS];
	int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	double start = now_s();
	unsigned answers = 0;

	for (unsigned i = 0; i < count; i++) {
		struct epoll_event event = { .events = EPOLLIN, .data.u32 = i };

		client_open(&clients[i], port);
		(void)epoll_ctl(epoll_fd, EPOLL_CTL_ADD, clients[i].fd, &event);
		client_ask(&clients[i], request);
	}
	while (now_s() - start < ROUND_S) {
		int n = epoll_wait(epoll_fd, events, CALLERS, -1);

		for (int i = 0; i < n; i++) {
			struct client *c = &clients[events[i].data.u32];

			if (!client_hear(c))
				continue;
			answers++;
			client_ask(c, request);
		}
	}
	for (unsigned i = 0; i < count; i++)
		(void)close(clients[i].fd);
	(void)close(epoll_fd);
	return answers / (now_s() - start);
}

/* Median of one request after the other, in microseconds. */
static double
latency(uint16_t port, const struct request *request, bool has_tls)
{
	static double values[ASKED];
	struct client client;

	client_open(&client, port);
	if (has_tls)
		client_greet(&client);
	for (unsigned i = 0; i < ASKED; i++) {
		client_ask(&client, request);
		while (!client_hear(&client))
			;
		values[i] = (now_s() - client.asked_s) * 1e6;
	}
	client_close(&client);
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
	(void)close(pipes[1]);
	if (read(pipes[0], &server.port, sizeof server.port) !=
	    sizeof server.port)
		bench_fail("the bare server");
	(void)close(pipes[0]);
	return server;
}

/* open_to: one more argument, or NULL. */
static struct server
start_door(const char *program, const char *config, const char *open_to)
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
		    "--bind", "127.0.0.1:0", open_to, (char *)NULL);
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
write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "we");

	if (!file || chmod(path, 0600) < 0 || fputs(text, file) < 0)
		bench_fail(path);
	(void)fclose(file);
}

#define SECRET "a secret of the bench, of which nobody knows\n"
#define RESOURCE "https://127.0.0.1/mcp"

/* A configuration of that name; more: lines of remote_mcp, and what follows. */
static void
make_config(
    const char *name, const char *plugins, const char *more, char path[256])
{
	CLEANUP_BUF struct buf text = BUF_INIT;

	(void)snprintf(path, 256, "%s/%s.yaml", folder, name);
	buf_printf(&text,
	    "broker: {backend: fake}\n"
	    "auth: {enabled_scopes: [ibkr:health:read, ibkr:accounts:read]}\n"
	    "audit: {path: %s/store-%s, hmac_secret_file: %s/secret}\n"
	    "plugins: {path: [%s]}\n"
	    "remote_mcp:\n"
	    "  rate_limit_max_requests: 100000\n"
	    "  rate_limit_window_seconds: 1\n"
	    "  rate_limit_max_requests_per_address: 1000000\n"
	    "  max_connections: 1200\n"
	    "  max_connections_per_address: 1200\n"
	    "%s",
	    folder, name, folder, plugins, more);
	write_file(path, buf_text(&text));
}

static void
make_strict_config(
    const struct issuer *issuer, const char *plugins, char path[256])
{
	CLEANUP_BUF struct buf more = BUF_INIT;

	buf_printf(&more,
	    "  enabled: true\n"
	    "  resource: " RESOURCE "\n"
	    "  issuer: https://127.0.0.1:%u\n"
	    "  jwks_url: https://127.0.0.1:%u/keys\n"
	    "  ca_file: %s\n"
	    "  audiences: [" RESOURCE "]\n"
	    "  allowed_scopes: [ibkr:health:read, ibkr:accounts:read]\n"
	    "  token_id_hmac_secret_env: IAG_BENCH_TOKEN_SECRET\n"
	    "safety: {remote_mcp_enabled: true}\n",
	    issuer->port, issuer->port, issuer->certificate);
	make_config("strict", plugins, buf_text(&more), path);
}

static void
make_tls_config(
    const struct issuer *issuer, const char *plugins, char path[256])
{
	CLEANUP_BUF struct buf more = BUF_INIT;

	buf_printf(&more,
	    "  tls_certificate_file: %s\n"
	    "  tls_key_file: %s\n",
	    issuer->certificate, issuer->private_key);
	make_config("tls", plugins, buf_text(&more), path);
}

/* What the door answers, for the bare server to say. */
static void
learn(uint16_t port, const struct request *request)
{
	struct client client;

	client_open(&client, port);
	client_ask(&client, request);
	while (!client_hear(&client))
		;
	answer_len =
	    strtoul(strstr(client.head, "Content-Length: ") + 16, NULL, 10);
	if (answer_len > sizeof answer)
		bench_fail("the answer is too long");
	memset(answer, 'x', answer_len);
	client_close(&client);
}

/* Doors that differ in one thing each, and a header with a token. */
struct doors {
	struct server plain, strict, tls;
	char config[256]; /* of plain */
	char bearer[2048];
};

static void
measure_lists(const struct doors *doors)
{
	static double open[ROUNDS], strict[ROUNDS], bare_rates[ROUNDS];
	static double open_ratio[ROUNDS], strict_ratio[ROUNDS];
	struct request list =
	    make_request("tools/list", "", MESSAGE("tools/list"));
	struct request with =
	    make_request("tools/list", doors->bearer, MESSAGE("tools/list"));
	struct server bare;

	learn(doors->strict.port, &with);
	learn(doors->plain.port, &list);
	bare = start_bare();
	for (unsigned i = 0; i < ROUNDS; i++) {
		open[i] = load(doors->plain.port, &list, KEPT);
		bare_rates[i] = load(bare.port, &list, KEPT);
		strict[i] = load(doors->strict.port, &with, KEPT);
		open_ratio[i] = open[i] / bare_rates[i];
		strict_ratio[i] = strict[i] / bare_rates[i];
	}
	(void)kill(bare.pid, SIGKILL);
	(void)waitpid(bare.pid, NULL, 0);
	printf("tools/list of %zu bytes, %d kept connections: %.0f/s, with "
	       "tokens %.0f/s, bare %.0f/s\n",
	    answer_len, KEPT, median_of(open, ROUNDS),
	    median_of(strict, ROUNDS), median_of(bare_rates, ROUNDS));
	report_figure("tools/list without tokens / the same bytes bare",
	    median_of(open_ratio, ROUNDS), ">=", 0.60);
	report_figure("tools/list with RS256 / the same bytes bare",
	    median_of(strict_ratio, ROUNDS), ">=", 0.60);
}

/* The tools of a list. */
static unsigned
count_tools(uint16_t port, const struct request *request)
{
	CLEANUP_BUF struct buf body = BUF_INIT;
	struct client client;
	unsigned count = 0;

	client_open(&client, port);
	client.copy = &body;
	client_ask(&client, request);
	while (!client_hear(&client))
		;
	client_close(&client);
	for (const char *at = buf_text(&body);
	     (at = strstr(at, "\"inputSchema\"")) != NULL; at++)
		count++;
	return count;
}

/* A port that nobody has. */
static uint16_t
free_port(void)
{
	struct sockaddr_in place = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof place;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&place, len) < 0 ||
	    getsockname(fd, (struct sockaddr *)&place, &len) < 0)
		bench_fail("no port");
	(void)close(fd);
	return ntohs(place.sin_port);
}

static bool
is_listening(uint16_t port)
{
	const struct sockaddr_in place = { .sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	bool is = fd >= 0 && connect(fd, (const struct sockaddr *)&place,
				 sizeof place) == 0;

	(void)close(fd);
	return is;
}

/* server-everything of the MCP project; pid -1: it is not installed. */
static struct server
start_everything(void)
{
	struct server server = { .pid = -1, .port = free_port() };
	const char *source = getenv("IAG_TEST_SRCDIR");
	char script[512], port[8];
	double start = now_s();

	(void)snprintf(script, sizeof script,
	    "%s/tests/peer/node_modules/@modelcontextprotocol/"
	    "server-everything/dist/index.js",
	    source ? source : ".");
	if (access(script, R_OK) < 0)
		return server;
	(void)snprintf(port, sizeof port, "%u", server.port);
	(void)fflush(stdout);
	if ((server.pid = fork()) < 0)
		bench_fail("fork");
	if (server.pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)setenv("PORT", port, 1);
		if (!freopen("/dev/null", "w", stderr) ||
		    !freopen("/dev/null", "w", stdout))
			_exit(1);
		(void)execlp(
		    "node", "node", script, "streamableHttp", (char *)NULL);
		_exit(1);
	}
	while (!is_listening(server.port)) {
		if (now_s() - start > 60)
			bench_fail("server-everything does not start");
		(void)usleep(100000);
	}
	return server;
}

/* A list of a session of its own. */
static struct request
make_legacy_list(uint16_t port)
{
	struct request hello = make_request(NULL, "",
	    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\","
	    "\"params\":{\"protocolVersion\":\"2025-11-25\","
	    "\"capabilities\":{},\"clientInfo\":{\"name\":\"bench\","
	    "\"version\":\"1\"}}}");
	struct client client;
	char session[200];
	char *id;

	client_open(&client, port);
	client_ask(&client, &hello);
	while (!client_hear(&client))
		;
	client_close(&client);
	id = strcasestr(client.head, "\r\nmcp-session-id: ");
	if (!id)
		bench_fail("no session");
	(void)snprintf(session, sizeof session, "Mcp-Session-Id: %.*s\r\n",
	    (int)strcspn(id + 18, "\r\n"), id + 18);
	return make_request(NULL, session,
	    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\"}");
}

static void
measure_everything(const struct doors *doors)
{
	static double ratios[ROUNDS];
	struct request ours =
	    make_request("tools/list", doors->bearer, MESSAGE("tools/list"));
	struct server other = start_everything();
	struct request theirs;
	unsigned our_tools, their_tools;

	if (other.pid < 0) {
		printf("server-everything is not installed (npm ci)\n");
		return;
	}
	theirs = make_legacy_list(other.port);
	our_tools = count_tools(doors->strict.port, &ours);
	their_tools = count_tools(other.port, &theirs);
	for (unsigned i = 0; i < ROUNDS; i++)
		ratios[i] = load(doors->strict.port, &ours, KEPT) * our_tools /
			    (load(other.port, &theirs, KEPT) * their_tools);
	stop(other);
	printf("a list of %u tools, server-everything has %u\n", our_tools,
	    their_tools);
	report_figure("tools listed a second / server-everything",
	    median_of(ratios, ROUNDS), ">=", 20);
}

static void
measure_waits(const struct doors *doors, const char *program)
{
	static double plain[ROUNDS], tls[ROUNDS];
	const char *const argv[] = { program, "--config", doors->config, "mcp",
		"serve", "--transport", "stdio", NULL };
	struct request discover =
	    make_request("server/discover", "", MESSAGE("server/discover"));
	struct peer peer;

	peer_start(&peer, argv);
	for (unsigned i = 0; i < ROUNDS; i++) {
		double stdio =
		    latency_stdio(&peer, MESSAGE("server/discover") "\n");

		plain[i] = latency(doors->plain.port, &discover, false) - stdio;
		tls[i] = latency(doors->tls.port, &discover, true) - stdio;
	}
	peer_end(&peer);
	report_figure("server/discover, HTTP over stdio, us",
	    median_of(plain, ROUNDS), "<=", 150);
	report_figure("server/discover, HTTPS over stdio, us",
	    median_of(tls, ROUNDS), "<=", 300);
}

static void
measure_calls(const struct doors *doors)
{
	static double ours[ROUNDS], bare[ROUNDS], ratios[ROUNDS];
	struct request call = make_request("tools/call",
	    "Mcp-Name: ibkr_accounts_list\r\n",
	    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\","
	    "\"params\":{\"name\":\"ibkr_accounts_list\",\"arguments\":{}," META
	    "}}");
	char path[300];
	MDB_env *env;

	(void)snprintf(path, sizeof path, "%s/bare", folder);
	env = bare_open(path);
	for (unsigned i = 0; i < ROUNDS; i++) {
		ours[i] = load(doors->plain.port, &call, CALLERS);
		bare[i] = group_rate(env, CALLERS, RECORD, HEAD, ROUND_S);
		ratios[i] = ours[i] / bare[i];
	}
	mdb_env_close(env);
	printf("calls over %d connections: %.0f/s, bare records of as many "
	       "callers %.0f/s\n",
	    CALLERS, median_of(ours, ROUNDS), median_of(bare, ROUNDS));
	report_figure("a read tool with durable audit / bare group commits",
	    median_of(ratios, ROUNDS), ">=", 0.50);
}

static void
measure_memory(struct server door)
{
	static struct client clients[IDLE];
	struct request request =
	    make_request("server/discover", "", MESSAGE("server/discover"));
	struct peer peer = { .pid = door.pid };
	long before = peer_anon_kib(&peer);

	for (unsigned i = 0; i < IDLE; i++) {
		client_open(&clients[i], door.port);
		client_ask(&clients[i], &request);
		while (!client_hear(&clients[i]))
			;
	}
	printf("anonymous memory: %ld KiB, with %d idle connections %ld KiB "
	       "(target 49152)\n",
	    before, IDLE, peer_anon_kib(&peer));
	for (unsigned i = 0; i < IDLE; i++)
		client_close(&clients[i]);
}

static void
open_doors(const char *program, const char *plugins, struct issuer *issuer,
    struct doors *doors)
{
	CLEANUP_BUF struct buf token = BUF_INIT;
	char strict[256], tls[256], secret[256];

	if (!mkdtemp(folder) || setenv("IAG_BENCH_TOKEN_SECRET", SECRET, 1) < 0)
		bench_fail(folder);
	(void)snprintf(secret, sizeof secret, "%s/secret", folder);
	write_file(secret, SECRET);
	issuer_start(issuer, folder);
	make_config("plain", plugins, "", doors->config);
	make_strict_config(issuer, plugins, strict);
	make_tls_config(issuer, plugins, tls);
	doors->plain = start_door(program, doors->config, "--without-auth");
	doors->strict = start_door(program, strict, NULL);
	doors->tls = start_door(program, tls, "--without-auth");
	issuer_token(
	    issuer, RESOURCE, "ibkr:health:read ibkr:accounts:read", &token);
	(void)snprintf(doors->bearer, sizeof doors->bearer,
	    "Authorization: Bearer %s\r\n", buf_text(&token));
}

int
main(void)
{
	const char *program = getenv("IAG_TEST_PROGRAM");
	const char *plugins = getenv("IAG_TEST_PLUGINDIR");
	static struct doors doors;
	struct issuer issuer;

	if (!program || !plugins) {
		printf("bench-http: needs IAG_TEST_PROGRAM\n");
		return 0;
	}
	open_doors(program, plugins, &issuer, &doors);
	measure_lists(&doors);
	measure_everything(&doors);
	measure_waits(&doors, program);
	measure_calls(&doors);
	measure_memory(doors.plain);
	stop(doors.plain);
	stop(doors.strict);
	stop(doors.tls);
	issuer_stop(&issuer);
	(void)fflush(stdout);
	return execlp("rm", "rm", "-rf", folder, NULL);
}
