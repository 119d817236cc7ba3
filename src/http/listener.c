/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The loops: threads of libmicrohttpd, each with connections of its own, so
 * that a handshake or a long list on one holds up only some of the others;
 * what has to wait suspends its connection until reply.c resumes it.
 *
 * Threads: callbacks run on the loop of their connection; listener->lock
 * guards the list of requests and the counters and is taken alone.
 */

#include "http/listener.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/thread.h"
#include "http/certificate.h"
#include "http/loop.h"

/*
 * A head of 16 KiB fits into it beside that of the answer.  The library
 * clears it for each request, so more costs more.
 */
#define LISTENER_MEMORY ((size_t)20 * 1024)
/* How long a peer may take to read an answer, or to connect and say so. */
#define LISTENER_SEND_NS (UINT64_C(60) * NS_PER_S)
#define LISTENER_WORK_NS (UINT64_C(900) * NS_PER_S)
/*
 * The library's own limit is above ours, and it divides it: one loop may come
 * to have all connections.
 */
enum { LISTENER_LOOPS = 2, LISTENER_SLACK = 128, LISTENER_SKIP = 4 };
/* Requests that are kept for later ones, and the memory of each part. */
enum { LISTENER_SPARE = 32, LISTENER_SPARE_MAX = 64 * 1024 };
/*
 * GnuTLS' NORMAL has TLS 1.0, block ciphers that are authenticated behind
 * their encryption, keys that one day open all of the past, and DHE, which
 * costs the server more than who asks.
 */
#define LISTENER_PRIORITIES                                           \
	"NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"                  \
	":-KX-ALL:+ECDHE-ECDSA:+ECDHE-RSA"                            \
	":-CIPHER-ALL:+AES-256-GCM:+AES-128-GCM:+CHACHA20-POLY1305"   \
	":-MAC-ALL:+AEAD"                                             \
	":-GROUP-ALL:+GROUP-X25519:+GROUP-SECP256R1:+GROUP-SECP384R1" \
	":+GROUP-X448:+GROUP-SECP521R1"

/* false: somebody else has it, too. */
static bool
listener_leave(struct listener_request *request)
{
	const struct listener *listener = request->listener;

	if (__atomic_sub_fetch(&request->ref_count, 1, __ATOMIC_ACQ_REL) > 0)
		return false;
	if (request->context && listener->calls.forget)
		listener->calls.forget(listener->arg, request->context);
	return true;
}

void
listener_unref(struct listener_request *request)
{
	if (listener_leave(request))
		request_free(request);
}

/* false: there are enough. */
static bool
listener_add_spare(struct listener *listener, struct listener_request *request)
{
	LOCK_SCOPE(&listener->lock);

	if (listener->spare_count == LISTENER_SPARE)
		return false;
	request->next = listener->spare;
	listener->spare = request;
	listener->spare_count++;
	return true;
}

/* On a loop, so the listener is there: keep it for a later one. */
static void
listener_spare(struct listener *listener, struct listener_request *request)
{
	request_clear(request, LISTENER_SPARE_MAX);
	if (!listener_add_spare(listener, request))
		request_free(request);
}

/* A spare one, or NULL. */
static struct listener_request *
listener_take_spare(struct listener *listener)
{
	struct listener_request *request = NULL;
	LOCK_SCOPE(&listener->lock);

	request = listener->spare;
	if (!request)
		return NULL;
	listener->spare = STEAL(request->next);
	listener->spare_count--;
	return request;
}

static struct ward_entry *
listener_entry(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
	    connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info ? info->socket_context : NULL;
}

static void
listener_link(struct listener *listener, struct listener_request *request)
{
	LOCK_SCOPE(&listener->lock);

	request->next = listener->requests;
	if (request->next)
		request->next->prev = request;
	listener->requests = request;
}

static void
listener_unlink(struct listener *listener, struct listener_request *request)
{
	LOCK_SCOPE(&listener->lock);

	if (request->prev)
		request->prev->next = request->next;
	else
		listener->requests = request->next;
	if (request->next)
		request->next->prev = request->prev;
	if (request->is_taken && --listener->running == 0)
		(void)pthread_cond_broadcast(&listener->quiet);
}

/* The request line is there; the target as it was sent. */
static void *
loop_begin(void *arg, const char *target, struct MHD_Connection *connection)
{
	struct listener *listener = arg;
	struct ward_entry *entry = listener_entry(connection);
	struct listener_request *request = listener_take_spare(listener);

	if (!request)
		request = request_new();
	if (!request)
		return NULL;
	buf_add(&request->text, target, strlen(target) + 1);
	if (!entry || request->text.failed) {
		request_free(request);
		return NULL;
	}
	request->listener = listener;
	request->connection = connection;
	request->entry = entry;
	request->ref_count = 1;
	listener_link(listener, request);
	ward_phase(listener->ward, entry, WARD_READING, NULL);
	return request;
}

static void
loop_forget_body(struct listener *listener, size_t len)
{
	(void)__atomic_sub_fetch(&listener->bodies, len, __ATOMIC_RELAXED);
}

static void
loop_end(void *arg, struct MHD_Connection *connection, void **context,
    enum MHD_RequestTerminationCode code)
{
	struct listener *listener = arg;
	struct listener_request *request = *context;

	/* what ends in an error is looked at again soon only with a timeout */
	if (code != MHD_REQUEST_TERMINATED_COMPLETED_OK)
		(void)MHD_set_connection_option(
		    connection, MHD_CONNECTION_OPTION_TIMEOUT, 1u);
	if (!request)
		return;
	*context = NULL;
	ward_phase(listener->ward, request->entry, WARD_IDLE, NULL);
	loop_forget_body(listener, request->body.len);
	(void)pthread_mutex_lock(&request->lock);
	request->is_over = true;
	(void)pthread_mutex_unlock(&request->lock);
	listener_unlink(listener, request);
	if (listener_leave(request))
		listener_spare(listener, request);
	/* a stream's head did not say that its connection ends with it */
	if (__atomic_load_n(&listener->is_quiet, __ATOMIC_ACQUIRE))
		ward_end_idle(listener->ward);
}

/* Headers are told one by one. */
struct heading {
	struct listener_request *request;
	struct guard guard;
	/* of those that may have several lines: one list with commas */
	struct buf lists[HEADERS_KNOWN - HEADER_ACCEPT];
};

static void
heading_fini(struct heading *heading)
{
	for (size_t i = 0; i < ARRAY_COUNT(heading->lists); i++)
		buf_fini(&heading->lists[i]);
}

static void
heading_keep(struct listener_request *request, enum header header,
    const char *value, size_t len)
{
	if (request->headers[header] > 0)
		return;
	request->headers[header] = request->text.len + 1;
	buf_add(&request->text, value, len);
	buf_char(&request->text, '\0');
}

static void
heading_join(struct buf *list, const char *value, size_t len)
{
	buf_str(list, list->len > 0 ? "," : "");
	buf_add(list, value, len);
}

static bool
heading_is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* The blanks at both ends of a value are none of it. */
static size_t
heading_trim(const char **value, size_t len)
{
	while (len > 0 && heading_is_blank(**value)) {
		(*value)++;
		len--;
	}
	while (len > 0 && heading_is_blank((*value)[len - 1]))
		len--;
	return len;
}

static enum MHD_Result
heading_add(void *arg, enum MHD_ValueKind kind, const char *name,
    size_t name_len, const char *given, size_t len)
{
	struct heading *heading = arg;
	struct listener_request *request = heading->request;
	const char *value = given ? given : "";
	enum header header = HEADER_OTHER;

	(void)kind;
	if (strlen(name) != name_len)
		heading->guard.fault = "a header's name holds a NUL";
	header = guard_header(&heading->guard, name, value, len);
	if (request->header_count == LISTENER_HEADERS_MAX) {
		heading->guard.fault = "there are more than 64 headers";
		return MHD_NO;
	}
	request->header_count++;
	if (header == HEADER_OTHER)
		return MHD_YES;
	len = heading_trim(&value, len);
	if (header >= HEADER_ACCEPT)
		heading_join(
		    &heading->lists[header - HEADER_ACCEPT], value, len);
	else
		heading_keep(request, header, value, len);
	return MHD_YES;
}

static void
heading_keep_lists(struct heading *heading)
{
	struct listener_request *request = heading->request;

	for (unsigned i = 0; i < ARRAY_COUNT(heading->lists); i++) {
		const struct buf *list = &heading->lists[i];
		enum header header = (enum header)(HEADER_ACCEPT + i);

		if (guard_saw(&heading->guard, header))
			heading_keep(
			    request, header, buf_text(list), list->len);
		request->text.failed |= list->failed;
	}
}

static const char *
heading_read(struct listener_request *request, const char *version)
{
	struct heading heading CLEANUP(heading_fini) = { .request = request };
	const union MHD_ConnectionInfo *peer = MHD_get_connection_info(
	    request->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	char *query = NULL;

	(void)MHD_get_connection_values_n(
	    request->connection, MHD_HEADER_KIND, heading_add, &heading);
	heading_keep_lists(&heading);
	(void)address_of(peer ? peer->client_addr : NULL, &request->peer);
	/* only now, as the text may have moved */
	query = strchr(request->text.data, '?');
	if (query)
		*query = '\0';
	return guard_fault(
	    &heading.guard, request->method, request->text.data, version);
}

/* Refuse what cannot be served whatever it is; true: it was answered. */
static bool
loop_refuses(struct listener_request *request, const char *fault)
{
	struct listener *listener = request->listener;
	const char *length = listener_header(request, HEADER_CONTENT_LENGTH);
	char text[100];

	if (fault) {
		listener_refuse(request, 400, "bad_request", fault, true);
		return true;
	}
	if (request->text.failed) {
		listener_refuse(request, 503, "no_memory",
		    "there is no memory for the request", true);
		return true;
	}
	if (ward_is_extra(request->entry)) {
		(void)snprintf(text, sizeof text,
		    "%u connections are open, which is the limit",
		    listener->max_connections);
		listener_refuse(
		    request, 503, "connection_limit_reached", text, true);
		return true;
	}
	if (length && strtoull(length, NULL, 10) > listener->body_max) {
		(void)snprintf(text, sizeof text,
		    "a body may have at most %zu bytes", listener->body_max);
		listener_refuse(request, 413, "too_large", text, true);
		return true;
	}
	return false;
}

static enum MHD_Result
loop_head(struct listener_request *request, const char *version)
{
	struct listener *listener = request->listener;
	const char *fault = heading_read(request, version);
	enum MHD_Result result = MHD_YES;

	request->is_begun = true;
	request->body_max = listener->body_max;
	request->body.max = listener->body_max + 1;
	if (loop_refuses(request, fault)) {
		(void)request_queue(request, &result);
		return result;
	}
	if (listener->calls.head)
		listener->calls.head(listener->arg, request);
	return MHD_YES;
}

/* Room for more of its body, which is taken. */
static bool
loop_take_room(const struct listener_request *request, size_t len)
{
	struct listener *listener = request->listener;

	if (request->body.len + len > request->body_max)
		return false;
	if (__atomic_add_fetch(&listener->bodies, len, __ATOMIC_RELAXED) <=
	    listener->bodies_max)
		return true;
	loop_forget_body(listener, len);
	return false;
}

static enum MHD_Result
loop_body(struct listener_request *request, const char *data, size_t len)
{
	struct listener *listener = request->listener;

	if (!request->is_answered && !request->is_too_large &&
	    !loop_take_room(request, len)) {
		request->is_too_large = true;
		loop_forget_body(listener, request->body.len);
		buf_fini(&request->body);
	}
	if (request->is_answered || request->is_too_large) {
		request->skipped += len;
		return request->skipped > LISTENER_SKIP * listener->body_max
			   ? MHD_NO
			   : MHD_YES;
	}
	buf_add(&request->body, data, len);
	if (!request->body.failed)
		return MHD_YES;
	loop_forget_body(listener, len);
	return MHD_NO;
}

static void
loop_take(struct listener_request *request)
{
	struct listener *listener = request->listener;

	(void)pthread_mutex_lock(&listener->lock);
	request->is_taken = true;
	listener->running++;
	(void)pthread_mutex_unlock(&listener->lock);
	if (request->is_answered)
		return;
	if (request->is_too_large)
		listener_refuse(request, 413, "too_large",
		    "the body is too large, or too many come in at a time",
		    true);
	else
		listener->calls.take(listener->arg, request);
}

static enum MHD_Result
loop_handle(void *arg, struct MHD_Connection *connection, const char *url,
    const char *method, const char *version, const char *data, size_t *data_len,
    void **context)
{
	struct listener *listener = arg;
	struct listener_request *request = *context;
	enum MHD_Result result = MHD_YES;
	size_t len = *data_len;

	(void)url;
	(void)connection;
	if (!request || __atomic_load_n(&listener->is_cut, __ATOMIC_ACQUIRE))
		return MHD_NO;
	if (!request->is_begun) {
		request->method = method;
		return loop_head(request, version);
	}
	if (len > 0) {
		*data_len = 0;
		return loop_body(request, data, len);
	}
	if (!request->is_taken)
		loop_take(request);
	/* from here on a hang-up is told */
	if (!request_queue(request, &result))
		ward_phase(
		    listener->ward, request->entry, WARD_WORKING, request);
	return result;
}

/* May a peer connect at all? */
static bool
loop_welcomes(const struct listener *listener, const struct address *peer,
    bool *ret_is_exempt)
{
	*ret_is_exempt = false;
	return !listener->calls.admit ||
	       listener->calls.admit(listener->arg, peer, ret_is_exempt);
}

static enum MHD_Result
loop_admit(void *arg, const struct sockaddr *socket, socklen_t len)
{
	struct listener *listener = arg;
	struct address peer;
	bool is_exempt = false;

	(void)len;
	(void)address_of(socket, &peer);
	if (!loop_welcomes(listener, &peer, &is_exempt))
		return MHD_NO;
	return ward_admits(listener->ward, &peer, is_exempt) ? MHD_YES : MHD_NO;
}

static void
loop_connect(void *arg, struct MHD_Connection *connection, void **context,
    enum MHD_ConnectionNotificationCode code)
{
	struct listener *listener = arg;
	const union MHD_ConnectionInfo *peer = MHD_get_connection_info(
	    connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	const union MHD_ConnectionInfo *socket = MHD_get_connection_info(
	    connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct address address;
	bool is_exempt = false;

	if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
		if (*context)
			ward_leave(listener->ward, *context);
		*context = NULL;
		return;
	}
	(void)address_of(peer ? peer->client_addr : NULL, &address);
	(void)loop_welcomes(listener, &address, &is_exempt);
	*context = ward_enter(listener->ward, socket ? socket->connect_fd : -1,
	    &address, is_exempt);
	(void)__atomic_add_fetch(&listener->accepted, 1, __ATOMIC_RELAXED);
}

static void
loop_hold(void *arg, void *request)
{
	(void)arg;
	(void)listener_ref(request);
}

static void
loop_gone(void *arg, void *what)
{
	struct listener *listener = arg;
	struct listener_request *request = what;

	if (listener->calls.gone)
		listener->calls.gone(listener->arg, request);
	request_hang_up(request);
	listener_unref(request);
}

static bool
loop_is_stalled(void *arg, void *what, uint64_t now_ns)
{
	const struct listener *listener = arg;
	struct listener_request *request = what;
	LOCK_SCOPE(&request->lock);

	return request->waits_ns > 0 &&
	       now_ns > request->waits_ns + listener->send_ns;
}

static void
loop_tick(void *arg)
{
	struct listener *listener = arg;

	if (listener->calls.tick)
		listener->calls.tick(listener->arg);
}

/* What the library has to say of broken connections. */
static void __attribute__((format(printf, 2, 0)))
loop_log(void *arg, const char *fmt, va_list ap)
{
	CLEANUP_BUF struct buf text = BUF_INIT;

	(void)arg;
	if (!log_is_on(LOG_LEVEL_DEBUG))
		return;
	buf_vprintf(&text, fmt, ap);
	log_debug("http", "%s", buf_text(&text));
}

static const struct ward_calls loop_ward = { .hold = loop_hold,
	.gone = loop_gone,
	.is_stalled = loop_is_stalled,
	.tick = loop_tick };

static int
listener_start_ward(struct listener *listener,
    const struct listener_setup *setup, struct err *err)
{
	const struct ward_limits limits = {
		.connections = setup->max_connections,
		.per_address = setup->max_per_address,
		.stay_ns = { [WARD_FRESH] = setup->request_ns,
		    [WARD_IDLE] = setup->idle_ns,
		    [WARD_READING] = setup->request_ns,
		    [WARD_WORKING] = LISTENER_WORK_NS,
		    [WARD_SENDING] = LISTENER_SEND_NS },
	};

	return ward_start(&limits, &loop_ward, listener, &listener->ward, err);
}

static void
listener_name(struct listener *listener, int fd)
{
	struct address address;
	char text[ADDRESS_TEXT_SIZE];
	uint16_t port = 0;

	if (!address_of_fd(fd, &address, &port))
		return;
	address_format(&address, text);
	(void)snprintf(listener->address, sizeof listener->address,
	    strchr(text, ':') ? "[%s]:%u" : "%s:%u", text, port);
}

/* The certificate as it is now, for one handshake. */
static int
loop_certificate(gnutls_session_t session, const gnutls_datum_t *names,
    int name_count, const gnutls_pk_algorithm_t *algorithms,
    int algorithm_count, gnutls_pcert_st **ret_chain, unsigned *ret_count,
    gnutls_privkey_t *ret_key)
{
	struct ward_entry *entry =
	    listener_entry(gnutls_session_get_ptr(session));
	const struct listener *listener = entry ? ward_owner(entry) : NULL;

	(void)names;
	(void)name_count;
	(void)algorithms;
	(void)algorithm_count;
	if (!listener)
		return -1;
	certificate_get(listener->certificate, ret_chain, ret_count, ret_key);
	return 0;
}

#define LISTENER_OPTIONS(listener, setup)                                      \
	MHD_OPTION_EXTERNAL_LOGGER, loop_log, NULL, MHD_OPTION_LISTEN_SOCKET,  \
	    (setup)->fd, MHD_OPTION_CONNECTION_LIMIT,                          \
	    LISTENER_LOOPS *((setup)->max_connections + LISTENER_SLACK),       \
	    MHD_OPTION_THREAD_POOL_SIZE, (unsigned)LISTENER_LOOPS,             \
	    MHD_OPTION_CONNECTION_MEMORY_LIMIT, LISTENER_MEMORY,               \
	    MHD_OPTION_STRICT_FOR_CLIENT, 1,                                   \
	    MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, MHD_OPTION_URI_LOG_CALLBACK, \
	    loop_begin, listener, MHD_OPTION_NOTIFY_COMPLETED, loop_end,       \
	    listener, MHD_OPTION_NOTIFY_CONNECTION, loop_connect, listener

static int
listener_start_loop(struct listener *listener,
    const struct listener_setup *setup, struct err *err)
{
	const unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD |
			       MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;

	if (setup->certificate)
		listener->daemon = MHD_start_daemon(flags | MHD_USE_TLS, 0,
		    loop_admit, listener, loop_handle, listener,
		    LISTENER_OPTIONS(listener, setup),
		    MHD_OPTION_HTTPS_CERT_CALLBACK, loop_certificate,
		    MHD_OPTION_HTTPS_PRIORITIES, LISTENER_PRIORITIES,
		    MHD_OPTION_END);
	else
		listener->daemon = MHD_start_daemon(flags, 0, loop_admit,
		    listener, loop_handle, listener,
		    LISTENER_OPTIONS(listener, setup), MHD_OPTION_END);
	if (listener->daemon)
		return 0;
	return err_set(
	    err, ERR_INTERNAL_ERROR, "cannot start the HTTP listener");
}

static void
listener_init(struct listener *listener, const struct listener_setup *setup)
{
	listener->calls = *setup->calls;
	listener->arg = setup->arg;
	listener->certificate = setup->certificate;
	listener->max_connections = setup->max_connections;
	listener->body_max = setup->body_max;
	listener->bodies_max = setup->bodies_max;
	listener->send_ns = LISTENER_SEND_NS;
	(void)pthread_mutex_init(&listener->lock, NULL);
	cond_init(&listener->quiet);
	listener_name(listener, setup->fd);
}

int
listener_start(const struct listener_setup *setup,
    struct listener **ret_listener, struct err *err)
{
	struct listener *listener = calloc(1, sizeof *listener);
	int r = 0;

	if (!listener) {
		(void)close(setup->fd);
		return err_set(
		    err, ERR_OUT_OF_MEMORY, "no memory for a listener");
	}
	listener_init(listener, setup);
	r = listener_start_ward(listener, setup, err);
	if (r == 0)
		r = listener_start_loop(listener, setup, err);
	if (r < 0) {
		(void)close(setup->fd);
		if (listener->ward)
			ward_stop(listener->ward);
		listener_free(listener);
		return r;
	}
	*ret_listener = listener;
	return 0;
}

void
listener_address(
    const struct listener *listener, char text[ADDRESS_TEXT_SIZE + 8])
{
	memcpy(text, listener->address, sizeof listener->address);
}

unsigned
listener_open(struct listener *listener)
{
	return ward_count(listener->ward);
}

unsigned
listener_running(struct listener *listener)
{
	LOCK_SCOPE(&listener->lock);

	return listener->running;
}

uint64_t
listener_accepted(struct listener *listener)
{
	return __atomic_load_n(&listener->accepted, __ATOMIC_RELAXED);
}

void
listener_quiesce(struct listener *listener)
{
	int fd = MHD_quiesce_daemon(listener->daemon);

	if (fd >= 0)
		(void)close(fd);
	__atomic_store_n(&listener->is_quiet, true, __ATOMIC_RELEASE);
	ward_end_idle(listener->ward);
}

bool
listener_wait(struct listener *listener, uint64_t timeout_ns)
{
	const struct timespec end = cond_until(timeout_ns);
	LOCK_SCOPE(&listener->lock);

	while (listener->running > 0) {
		if (pthread_cond_timedwait(
			&listener->quiet, &listener->lock, &end) == ETIMEDOUT)
			return listener->running == 0;
	}
	return true;
}

/* One whose connection is suspended, kept; or NULL. */
static struct listener_request *
listener_suspended(struct listener *listener)
{
	LOCK_SCOPE(&listener->lock);

	for (struct listener_request *r = listener->requests; r; r = r->next) {
		LOCK_SCOPE(&r->lock);

		r->is_cut = true;
		if (r->is_suspended)
			return listener_ref(r);
	}
	return NULL;
}

/*
 * The library aborts when it is stopped with a suspended connection, so all
 * are resumed first; none is suspended once is_cut is seen.
 */
void
listener_stop(struct listener *listener)
{
	struct listener_request *request;

	ward_stop(listener->ward);
	__atomic_store_n(&listener->is_cut, true, __ATOMIC_RELEASE);
	while ((request = listener_suspended(listener)) != NULL) {
		request_cut(request);
		listener_unref(request);
	}
	MHD_stop_daemon(listener->daemon);
	listener->daemon = NULL;
}

void
listener_free(struct listener *listener)
{
	if (!listener)
		return;
	ward_free(listener->ward);
	while (listener->spare) {
		struct listener_request *request = listener->spare;

		listener->spare = request->next;
		request_free(request);
	}
	(void)pthread_cond_destroy(&listener->quiet);
	(void)pthread_mutex_destroy(&listener->lock);
	free(listener);
}

const char *
listener_method(const struct listener_request *request)
{
	return request->method;
}

const char *
listener_path(const struct listener_request *request)
{
	return request->text.data;
}

const char *
listener_header(const struct listener_request *request, enum header header)
{
	size_t at = request->headers[header];

	return at > 0 && !request->text.failed ? request->text.data + at - 1
					       : NULL;
}

const struct buf *
listener_body(const struct listener_request *request)
{
	return &request->body;
}

void
listener_limit_body(struct listener_request *request, size_t max)
{
	if (max < request->body_max)
		request->body_max = max;
}

const struct address *
listener_peer(const struct listener_request *request)
{
	return &request->peer;
}

void
listener_set_context(struct listener_request *request, void *context)
{
	request->context = context;
}

void *
listener_context(const struct listener_request *request)
{
	return request->context;
}
