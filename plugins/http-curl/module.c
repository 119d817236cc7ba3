/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * HTTP by libcurl: one exchange at a time on a line, as many lines as there
 * are exchanges at once, each with its kept connection.
 *
 * What libcurl would do by itself and must not: follow redirects, repeat a
 * request whose connection closed (leave() says yes once), ask the
 * environment for a proxy, speak other protocols, verify with a trust store
 * that it reads each time (trust.c does that).
 *
 * Threads: any.  connection->lock guards the idle lines.
 */

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>

#include "http-curl.h"

#define CONNECT_MS 5000L
#define SILENT_S 15L
#define NS_PER_MS UINT64_C(1000000)
#define POLL_MS 60000

struct line {
	struct line *next; /* idle */
	struct http_connection *connection;
	CURLM *multi;
	CURL *easy;
	struct curl_slist *headers;
	/* of the exchange at hand */
	const struct http_request *request;
	struct http_result *result;
	size_t cap;
	bool held;
	bool distrusted;
	bool again; /* libcurl wanted to send a second time */
	bool large;
	bool has_head; /* up to its empty line */
};

struct http_connection {
	struct trust *trust;
	char *user_agent;
	bool tls_needed;
	pthread_mutex_t lock;
	struct line *idle;
};

static struct http_connection *
connection_open(const struct http_setup *setup, const char **ret_text)
{
	struct http_connection *connection = calloc(1, sizeof *connection);

	*ret_text = "out of memory";
	if (!connection)
		return NULL;
	(void)pthread_mutex_init(&connection->lock, NULL);
	connection->user_agent = strdup(setup->user_agent);
	if (connection->user_agent)
		connection->trust = trust_new(setup, ret_text);
	if (connection->trust)
		return connection;
	free(connection->user_agent);
	(void)pthread_mutex_destroy(&connection->lock);
	free(connection);
	return NULL;
}

static void
line_free(struct line *line)
{
	if (line->easy)
		curl_easy_cleanup(line->easy);
	if (line->multi)
		(void)curl_multi_cleanup(line->multi);
	curl_slist_free_all(line->headers);
	free(line);
}

static void
connection_close(struct http_connection *connection)
{
	struct line *line;

	while ((line = connection->idle)) {
		connection->idle = line->next;
		line_free(line);
	}
	trust_free(connection->trust);
	free(connection->user_agent);
	(void)pthread_mutex_destroy(&connection->lock);
	free(connection);
}

static struct line *
line_take(struct http_connection *connection)
{
	struct line *line;

	(void)pthread_mutex_lock(&connection->lock);
	line = connection->idle;
	if (line)
		connection->idle = line->next;
	(void)pthread_mutex_unlock(&connection->lock);
	if (line)
		return line;
	line = calloc(1, sizeof *line);
	if (!line)
		return NULL;
	line->connection = connection;
	line->multi = curl_multi_init();
	line->easy = curl_easy_init();
	if (line->multi && line->easy)
		return line;
	line_free(line);
	return NULL;
}

static void
line_give_back(struct line *line)
{
	struct http_connection *connection = line->connection;

	curl_easy_reset(line->easy);
	curl_slist_free_all(line->headers);
	line->headers = NULL;
	line->request = NULL;
	line->result = NULL;
	(void)pthread_mutex_lock(&connection->lock);
	line->next = connection->idle;
	connection->idle = line;
	(void)pthread_mutex_unlock(&connection->lock);
}

/* ---- what libcurl calls */

static size_t
take_body(char *data, size_t one, size_t len, void *arg)
{
	struct line *line = arg;
	struct http_result *result = line->result;
	size_t cap = line->cap ? line->cap : 4096;
	char *grown;

	(void)one;
	if (len > line->request->answer_max - result->len) {
		line->large = true;
		return 0;
	}
	while (cap < result->len + len + 1)
		cap *= 2;
	if (cap > line->cap) {
		grown = realloc(result->body, cap);
		if (!grown)
			return 0;
		result->body = grown;
		line->cap = cap;
	}
	memcpy(result->body + result->len, data, len);
	result->len += len;
	result->body[result->len] = '\0';
	return len;
}

/* libcurl is content with a head that ends in the middle. */
static size_t
take_head(char *data, size_t one, size_t len, void *arg)
{
	struct line *line = arg;

	(void)one;
	line->has_head = len > 0 && (data[0] == '\r' || data[0] == '\n');
	return len;
}

/* A connection that this request made is verified; others have been. */
static bool
is_trusted(struct line *line)
{
	struct curl_tlssessioninfo *tls = NULL;
	gnutls_session_t session = NULL;
	long made = 0;

	(void)curl_easy_getinfo(line->easy, CURLINFO_NUM_CONNECTS, &made);
	line->result->reused = made == 0;
	if (made == 0)
		return true;
	if (curl_easy_getinfo(line->easy, CURLINFO_TLS_SSL_PTR, &tls) ==
		CURLE_OK &&
	    tls && tls->backend == CURLSSLBACKEND_GNUTLS)
		session = tls->internals;
	return trust_check(
	    line->connection->trust, session, line->result->text);
}

/* The connection stands; nothing of the request has been sent. */
static int
before_send(void *arg, char *peer, char *local, int peer_port, int local_port)
{
	struct line *line = arg;

	(void)peer;
	(void)local;
	(void)peer_port;
	(void)local_port;
	if (line->result->left) {
		line->again = true;
		return CURL_PREREQFUNC_ABORT;
	}
	if (!is_trusted(line)) {
		line->distrusted = true;
		return CURL_PREREQFUNC_ABORT;
	}
	if (line->request->leave &&
	    line->request->leave(line->request->arg) != 0) {
		line->held = true;
		return CURL_PREREQFUNC_ABORT;
	}
	line->result->left = true;
	return CURL_PREREQFUNC_OK;
}

/* ---- one exchange */

static CURLcode
set_safety(CURL *easy, const char *user_agent)
{
	const struct {
		CURLoption option;
		long value;
	} numbers[] = {
		{ CURLOPT_NOSIGNAL, 1 },
		{ CURLOPT_QUICK_EXIT, 1 },
		{ CURLOPT_FOLLOWLOCATION, 0 },
		{ CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1 },
		{ CURLOPT_SSL_ENABLE_ALPN, 0 },
		{ CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2 },
		/* verified in before_send(), see trust.c */
		{ CURLOPT_SSL_VERIFYPEER, 0 },
		{ CURLOPT_SSL_VERIFYHOST, 0 },
		{ CURLOPT_LOW_SPEED_LIMIT, 1 },
		{ CURLOPT_LOW_SPEED_TIME, SILENT_S },
	};
	const struct {
		CURLoption option;
		const char *value;
	} texts[] = {
		{ CURLOPT_PROTOCOLS_STR, "https,http" },
		{ CURLOPT_REDIR_PROTOCOLS_STR, "https" },
		{ CURLOPT_PROXY, "" },
		{ CURLOPT_CAINFO, NULL },
		{ CURLOPT_CAPATH, NULL },
		{ CURLOPT_USERAGENT, user_agent },
	};
	CURLcode r = CURLE_OK;

	for (size_t i = 0; !r && i < sizeof numbers / sizeof *numbers; i++)
		r = curl_easy_setopt(easy, numbers[i].option, numbers[i].value);
	for (size_t i = 0; !r && i < sizeof texts / sizeof *texts; i++)
		r = curl_easy_setopt(easy, texts[i].option, texts[i].value);
	return r;
}

/* Headers of a body; without it libcurl would send its own. */
static bool
set_headers(struct line *line, const struct http_request *request)
{
	struct curl_slist *list = curl_slist_append(NULL, "Expect:");
	struct curl_slist *more;
	char text[128];

	line->headers = list;
	if (!list || strcmp(request->method, "POST") != 0)
		return list != NULL;
	(void)snprintf(
	    text, sizeof text, "Content-Type: %.100s", request->content_type);
	more = curl_slist_append(list, text);
	return more != NULL;
}

static CURLcode
set_method(CURL *easy, const struct http_request *request)
{
	CURLcode r;

	if (strcmp(request->method, "GET") == 0)
		return curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
	if (strcmp(request->method, "POST") != 0)
		return curl_easy_setopt(
		    easy, CURLOPT_CUSTOMREQUEST, request->method);
	r = curl_easy_setopt(
	    easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_len);
	return r ? r
		 : curl_easy_setopt(easy, CURLOPT_POSTFIELDS,
		       request->body_len ? request->body : "");
}

static CURLcode
set_request(struct line *line, const struct http_request *request)
{
	CURL *easy = line->easy;
	long timeout_ms = (long)(request->timeout_ns / NS_PER_MS);
	CURLcode r = set_safety(easy, line->connection->user_agent);

	if (timeout_ms < 1)
		timeout_ms = 1;
	if (!r && !set_headers(line, request))
		r = CURLE_OUT_OF_MEMORY;
	r = r ? r : curl_easy_setopt(easy, CURLOPT_URL, request->url);
	r = r ? r : set_method(easy, request);
	r = r ? r : curl_easy_setopt(easy, CURLOPT_HTTPHEADER, line->headers);
	r = r ? r : curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, timeout_ms);
	r = r ? r
	      : curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
		    timeout_ms < CONNECT_MS ? timeout_ms : CONNECT_MS);
	r = r ? r
	      : curl_easy_setopt(
		    easy, CURLOPT_FRESH_CONNECT, request->fresh ? 1L : 0L);
	r = r ? r
	      : curl_easy_setopt(
		    easy, CURLOPT_FORBID_REUSE, request->fresh ? 1L : 0L);
	r = r ? r : curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
	r = r ? r : curl_easy_setopt(easy, CURLOPT_WRITEDATA, line);
	r = r ? r : curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_head);
	r = r ? r : curl_easy_setopt(easy, CURLOPT_HEADERDATA, line);
	r = r ? r : curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, before_send);
	return r ? r : curl_easy_setopt(easy, CURLOPT_PREREQDATA, line);
}

/* Until the exchange is over; true: it was cancelled. */
static bool
drive(struct line *line, int cancel_fd, CURLcode *ret_code)
{
	struct curl_waitfd extra = { .fd = cancel_fd,
		.events = CURL_WAIT_POLLIN };
	unsigned extras = cancel_fd >= 0 ? 1 : 0;
	CURLMsg *message;
	int running = 1, left = 0;

	*ret_code = CURLE_OUT_OF_MEMORY;
	if (curl_multi_add_handle(line->multi, line->easy) != CURLM_OK)
		return false;
	while (
	    curl_multi_perform(line->multi, &running) == CURLM_OK && running) {
		extra.revents = 0;
		if (curl_multi_poll(line->multi, extras ? &extra : NULL, extras,
			POLL_MS, NULL) != CURLM_OK)
			break;
		if (extra.revents) {
			(void)curl_multi_remove_handle(line->multi, line->easy);
			return true;
		}
	}
	message = curl_multi_info_read(line->multi, &left);
	if (message && message->msg == CURLMSG_DONE)
		*ret_code = message->data.result;
	(void)curl_multi_remove_handle(line->multi, line->easy);
	return false;
}

static enum http_end
end_of_code(const struct line *line, CURLcode code)
{
	bool left = line->result->left;

	switch (code) {
	case CURLE_OK:
		/* without before_send() nobody would have verified */
		return !left            ? HTTP_END_TLS
		       : line->has_head ? HTTP_END_ANSWER
					: HTTP_END_CLOSED;
	case CURLE_OUT_OF_MEMORY:
		return HTTP_END_MEMORY;
	case CURLE_ABORTED_BY_CALLBACK:
		return line->held         ? HTTP_END_HELD
		       : line->distrusted ? HTTP_END_TLS
					  : HTTP_END_CLOSED;
	case CURLE_WRITE_ERROR:
		return line->large ? HTTP_END_LARGE : HTTP_END_MEMORY;
	case CURLE_SSL_CONNECT_ERROR:
		return left ? HTTP_END_CLOSED : HTTP_END_TLS;
	case CURLE_OPERATION_TIMEDOUT:
		return left ? HTTP_END_TIMEOUT : HTTP_END_UNREACHED;
	case CURLE_WEIRD_SERVER_REPLY:
	case CURLE_UNSUPPORTED_PROTOCOL:
	case CURLE_HTTP2:
		return HTTP_END_NOISE;
	default:
		return left ? HTTP_END_CLOSED : HTTP_END_UNREACHED;
	}
}

static char *
copy_header(CURL *easy, const char *name)
{
	struct curl_header *header = NULL;

	if (curl_easy_header(easy, name, 0, CURLH_HEADER, -1, &header) !=
		CURLHE_OK ||
	    !header)
		return NULL;
	return strndup(header->value, 200);
}

static void
read_answer(struct line *line)
{
	struct http_result *result = line->result;
	long status = 0;

	(void)curl_easy_getinfo(line->easy, CURLINFO_RESPONSE_CODE, &status);
	result->status = status > 0 ? (unsigned)status : 0;
	result->content_type = copy_header(line->easy, "Content-Type");
	result->date = copy_header(line->easy, "Date");
	result->retry_after = copy_header(line->easy, "Retry-After");
}

static void
connection_exchange(struct http_connection *connection,
    const struct http_request *request, struct http_result *ret_result)
{
	struct line *line = line_take(connection);
	CURLcode code;

	memset(ret_result, 0, sizeof *ret_result);
	ret_result->end = HTTP_END_MEMORY;
	if (!line)
		return;
	line->request = request;
	line->result = ret_result;
	line->cap = 0;
	line->held = line->distrusted = line->again = false;
	line->large = line->has_head = false;
	code = set_request(line, request);
	if (code == CURLE_OK && drive(line, request->cancel_fd, &code))
		ret_result->end = HTTP_END_CANCELLED;
	else
		ret_result->end = end_of_code(line, code);
	if (ret_result->end == HTTP_END_ANSWER)
		read_answer(line);
	else if (ret_result->end != HTTP_END_CANCELLED && !ret_result->text[0])
		(void)snprintf(ret_result->text, sizeof ret_result->text, "%s",
		    line->again ? "the connection closed without an answer"
				: curl_easy_strerror(code));
	line_give_back(line);
}

/* Called once, under the loader's lock. */
const struct http_module *
iag_http_module_1(void)
{
	static const struct http_module module = {
		.struct_size = sizeof module,
		.open = connection_open,
		.exchange = connection_exchange,
		.close = connection_close,
	};
	const curl_version_info_data *info;

	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return NULL;
	/* one TLS library in a process */
	info = curl_version_info(CURLVERSION_NOW);
	if (!info->ssl_version || strncmp(info->ssl_version, "GnuTLS/", 7) != 0)
		return NULL;
	return &module;
}
