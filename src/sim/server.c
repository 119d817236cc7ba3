/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The sockets: see server.h.
 *
 * Threads: libmicrohttpd has one for each connection, so that an answer can
 * be late or missing without holding up the others; the main thread starts and
 * stops.
 * Locks: server->lock around the simulator and the restart that is due.
 */

#include "sim/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <microhttpd.h>

#include "base/cleanup.h"

#define BODY_MAX (4u << 20)
#define CONNECTIONS 1000
#define STACK ((size_t)256 << 10)
#define HEADERS ((size_t)64 << 10)
#define BLOCK ((size_t)32 << 10)
/* nothing else at the real one (cpapi.md section 1) */
#define PRIORITIES "NORMAL:-VERS-ALL:+VERS-TLS1.2"

struct server {
	struct sim *sim;
	uint16_t port;
	struct MHD_Daemon *daemon;
	pthread_mutex_t lock;
	int stop_fd;   /* readable from server_stop() on */
	int wakeup_fd; /* readable when a restart is due */
	struct sim_restart restart;
};

/* One request and its answer. */
struct exchange {
	struct server *server;
	char *target;
	bool started;
	struct buf body;
	struct sim_reply reply;
	size_t sent;
};

struct server *
server_new(struct sim *sim, uint16_t port)
{
	struct server *server = calloc(1, sizeof *server);

	if (!server)
		return NULL;
	server->sim = sim;
	server->port = port;
	server->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	server->wakeup_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	(void)pthread_mutex_init(&server->lock, NULL);
	if (server->stop_fd < 0 || server->wakeup_fd < 0) {
		server_free(server);
		return NULL;
	}
	return server;
}

void
server_free(struct server *server)
{
	if (!server)
		return;
	server_stop(server);
	if (server->stop_fd >= 0)
		(void)close(server->stop_fd);
	if (server->wakeup_fd >= 0)
		(void)close(server->wakeup_fd);
	(void)pthread_mutex_destroy(&server->lock);
	free(server);
}

uint16_t
server_port(const struct server *server)
{
	return server->port;
}

int
server_wakeup(const struct server *server)
{
	return server->wakeup_fd;
}

struct sim_restart
server_take_restart(struct server *server)
{
	LOCK_SCOPE(&server->lock);
	struct sim_restart restart = server->restart;
	eventfd_t count;

	(void)eventfd_read(server->wakeup_fd, &count);
	server->restart.due = false;
	return restart;
}

/* Wait for the time, the end of the server or, if fd is one, of the client. */
static void
wait_for(const struct server *server, int64_t ms, int fd)
{
	struct pollfd fds[2] = { { server->stop_fd, POLLIN, 0 },
		{ fd, POLLRDHUP, 0 } };
	struct timespec now;
	int64_t end_ms, left_ms = ms;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	end_ms = now.tv_sec * 1000 + now.tv_nsec / 1000000 + ms;
	while (ms < 0 || left_ms > 0) {
		int rc = poll(fds, fd >= 0 ? 2 : 1,
		    ms < 0 ? -1 : (int)(left_ms < 60000 ? left_ms : 60000));

		if (rc > 0 || (rc < 0 && errno != EINTR))
			return;
		(void)clock_gettime(CLOCK_MONOTONIC, &now);
		left_ms = end_ms - now.tv_sec * 1000 - now.tv_nsec / 1000000;
	}
}

static ssize_t
send_some(void *arg, uint64_t at, char *to, size_t room)
{
	struct exchange *exchange = arg;
	const struct sim_reply *reply = &exchange->reply;
	size_t whole = reply->body.len, len;

	(void)at;
	if (exchange->sent >= reply->cut)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	if (exchange->sent < whole) {
		len =
		    (reply->cut < whole ? reply->cut : whole) - exchange->sent;
		len = len < room ? len : room;
		memcpy(to, reply->body.data + exchange->sent, len);
	} else if (exchange->sent < whole + reply->pad) {
		len = whole + reply->pad - exchange->sent;
		len = len < room ? len : room;
		memset(to, ' ', len);
	} else {
		return MHD_CONTENT_READER_END_OF_STREAM;
	}
	exchange->sent += len;
	return (ssize_t)len;
}

static void
add_headers(struct MHD_Response *response, const struct sim_reply *reply)
{
	const char *const headers[][2] = {
		{ "Content-Type", reply->type },
		{ "Location", *reply->location ? reply->location : NULL },
		{ "Content-Encoding", reply->gzip ? "gzip" : NULL },
		{ "Cache-Control", "max-age=0, no-cache, no-store" },
		{ "Pragma", "no-cache" },
		{ "Vary", "Origin" },
		{ "X-Content-Type-Options", "nosniff" },
		{ "x-response-time", "1ms" },
	};

	for (size_t i = 0; i < ARRAY_COUNT(headers); i++)
		if (headers[i][1])
			(void)MHD_add_response_header(
			    response, headers[i][0], headers[i][1]);
}

static enum MHD_Result
answer(struct exchange *exchange, struct MHD_Connection *connection)
{
	const struct sim_reply *reply = &exchange->reply;
	unsigned status = (unsigned)reply->status;
	bool empty = status == 204 || status == 304;
	struct MHD_Response *response;
	enum MHD_Result rc;

	/* without a length: the gateway's answers are always chunked */
	response = empty ? MHD_create_response_from_buffer(
			       0, NULL, MHD_RESPMEM_PERSISTENT)
			 : MHD_create_response_from_callback(MHD_SIZE_UNKNOWN,
			       BLOCK, send_some, exchange, NULL);
	if (!response)
		return MHD_NO;
	add_headers(response, reply);
	rc = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return rc;
}

static bool
has_header(struct MHD_Connection *connection, const char *name)
{
	return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name) !=
	       NULL;
}

static enum MHD_Result
respond(struct exchange *exchange, struct MHD_Connection *connection,
    const char *method)
{
	struct server *server = exchange->server;
	struct sim_reply *reply = &exchange->reply;
	/* a chunked body gets lost in the gateway */
	bool has_length = has_header(connection, "Content-Length");
	struct sim_request request = {
		.method = method,
		.target = exchange->target,
		.body = buf_text(&exchange->body),
		.body_len = has_length ? exchange->body.len : 0,
		.has_length = has_length,
		.has_agent = has_header(connection, "User-Agent"),
	};

	if (exchange->body.failed)
		return MHD_NO;
	(void)pthread_mutex_lock(&server->lock);
	sim_handle(server->sim, &request, reply);
	(void)pthread_mutex_unlock(&server->lock);
	if (reply->wait_ms > 0) {
		wait_for(server, reply->wait_ms, -1);
		(void)pthread_mutex_lock(&server->lock);
		sim_resume(server->sim, reply);
		(void)pthread_mutex_unlock(&server->lock);
	}
	if (reply->wire == SIM_WIRE_HANG)
		wait_for(server, -1,
		    MHD_get_connection_info(
			connection, MHD_CONNECTION_INFO_CONNECTION_FD)
			->connect_fd);
	return reply->wire == SIM_WIRE_ANSWER ? answer(exchange, connection)
					      : MHD_NO;
}

static enum MHD_Result
handle(void *arg, struct MHD_Connection *connection, const char *url,
    const char *method, const char *version, const char *data, size_t *data_len,
    void **context)
{
	struct exchange *exchange = *context;

	(void)arg;
	(void)url;
	(void)version;
	if (!exchange)
		return MHD_NO;
	if (!exchange->started) {
		exchange->started = true;
		return MHD_YES;
	}
	if (*data_len == 0)
		return respond(exchange, connection, method);
	buf_add(&exchange->body, data, *data_len);
	*data_len = 0;
	return MHD_YES;
}

/* Called first of all, with the target as it was sent. */
static void *
begin(void *arg, const char *target, struct MHD_Connection *connection)
{
	struct exchange *exchange = calloc(1, sizeof *exchange);

	(void)connection;
	if (!exchange)
		return NULL;
	exchange->server = arg;
	buf_init(&exchange->body, BODY_MAX);
	sim_reply_init(&exchange->reply);
	exchange->target = strdup(target);
	if (!exchange->target) {
		free(exchange);
		return NULL;
	}
	return exchange;
}

static void
end(void *arg, struct MHD_Connection *connection, void **context,
    enum MHD_RequestTerminationCode code)
{
	struct server *server = arg;
	struct exchange *exchange = *context;

	(void)connection;
	(void)code;
	if (!exchange)
		return;
	(void)pthread_mutex_lock(&server->lock);
	sim_done(server->sim, &exchange->reply);
	if (exchange->reply.restart.due) {
		server->restart = exchange->reply.restart;
		(void)eventfd_write(server->wakeup_fd, 1);
	}
	(void)pthread_mutex_unlock(&server->lock);
	sim_reply_fini(&exchange->reply);
	buf_fini(&exchange->body);
	free(exchange->target);
	free(exchange);
	*context = NULL;
}

static int
listen_on(struct server *server, int *ret_fd, struct err *err)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_port = htons(server->port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof address;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), yes = 1;

	if (fd >= 0 &&
	    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) == 0 &&
	    bind(fd, (struct sockaddr *)&address, len) == 0 &&
	    listen(fd, SOMAXCONN) == 0 &&
	    getsockname(fd, (struct sockaddr *)&address, &len) == 0) {
		server->port = ntohs(address.sin_port);
		*ret_fd = fd;
		return 0;
	}
	(void)err_set(err, ERR_INPUT_INVALID, "cannot listen on port %u: %s",
	    server->port, strerror(errno));
	if (fd >= 0)
		(void)close(fd);
	return IAG_INVAL;
}

/* What the library has to say about broken connections is no news. */
static void
ignore(void *arg, const char *fmt, va_list ap)
{
	(void)arg;
	(void)fmt;
	(void)ap;
}

int
server_start(struct server *server, const struct certificate *certificate,
    struct err *err)
{
	int fd = -1;

	if (listen_on(server, &fd, err))
		return err_class(err);
	server->daemon = MHD_start_daemon(
	    MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION |
		MHD_USE_POLL | MHD_USE_TLS | MHD_USE_ERROR_LOG,
	    0, NULL, NULL, handle, server, MHD_OPTION_EXTERNAL_LOGGER, ignore,
	    NULL, MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_HTTPS_MEM_CERT,
	    certificate->certificate, MHD_OPTION_HTTPS_MEM_KEY,
	    certificate->key, MHD_OPTION_HTTPS_PRIORITIES, PRIORITIES,
	    MHD_OPTION_URI_LOG_CALLBACK, begin, server,
	    MHD_OPTION_NOTIFY_COMPLETED, end, server,
	    MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS,
	    MHD_OPTION_CONNECTION_MEMORY_LIMIT, HEADERS,
	    MHD_OPTION_THREAD_STACK_SIZE, STACK, MHD_OPTION_END);
	if (server->daemon)
		return 0;
	(void)close(fd);
	return err_set(err, ERR_INTERNAL_ERROR, "cannot start the server");
}

void
server_stop(struct server *server)
{
	eventfd_t count;

	if (!server->daemon)
		return;
	(void)eventfd_write(server->stop_fd, 1);
	MHD_stop_daemon(server->daemon);
	server->daemon = NULL;
	(void)eventfd_read(server->stop_fd, &count);
}
