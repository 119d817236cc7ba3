/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* Opening and closing; requests are in exchange.c. */

#include "http/http.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/thread.h"
#include "http/door.h"
#include "http/watch.h"
#include "journal/audit.h"

/* Descriptors for all but connections: store, plugins, broker. */
enum { HTTP_OTHER_FILES = 256 };
/* What all bodies that come in may take. */
#define HTTP_BODIES_MAX ((size_t)32 * HTTP_BODY_MAX)
/* How long calls that were cancelled may take to end. */
#define HTTP_CANCEL_NS (UINT64_C(3) * NS_PER_S)

/* A record of the authentication, which has no call of its own. */
static int
http_record(void *arg, const struct audit_event *event, struct err *err)
{
	struct gateway *gateway = arg;
	const struct tool_house *house = NULL;
	struct call *call = NULL;
	int r = gateway_ready(gateway, &house, err);

	if (r < 0)
		return r;
	call = gateway_call_new(gateway, NULL);
	if (!call)
		return err_set(
		    err, ERR_OUT_OF_MEMORY, "no memory for a record");
	r = journal_record(house->journal, call, event, err);
	call_unref(call);
	return r;
}

int
http_open_auth(struct gateway *gateway, struct auth **ret_auth, struct err *err)
{
	const struct auth_setup setup = { .config = gateway_config(gateway),
		.host = gateway_host(gateway),
		.record = http_record,
		.arg = gateway };

	return auth_open(&setup, ret_auth, err);
}

static int
http_read_proxies(struct http *http, struct err *err)
{
	const struct config_list *list =
	    &http->config->remote_mcp.trusted_proxies;

	http->proxies = calloc(list->count + 1, sizeof *http->proxies);
	if (!http->proxies)
		return err_no_memory(err);
	for (size_t i = 0; i < list->count; i++) {
		if (address_net_parse(list->items[i], &http->proxies[i]))
			http->proxy_count++;
	}
	return 0;
}

/* The path that tokens name, or the one that everybody uses. */
static void
http_read_resource(struct http *http)
{
	const char *resource = http->config->remote_mcp.resource;
	const char *path = NULL;

	http->path = "/mcp";
	if (!resource || url_parse(resource, &http->resource))
		return;
	http->has_resource = true;
	path = strchr(strstr(resource, "://") + 3, '/');
	if (path && path[1])
		http->path = path;
}

static int
http_make(const struct http_setup *setup, struct http *http, struct err *err)
{
	const struct config *config = gateway_config(setup->gateway);

	(void)pthread_mutex_init(&http->lock, NULL);
	cond_init(&http->empty);
	http->own_registry = watch_registry_new();
	http->registry = setup->registry ? setup->registry : http->own_registry;
	http->gateway = setup->gateway;
	http->config = config;
	http->auth = setup->auth;
	http->principal = setup->principal;
	http->lists = lists_new();
	http->workers = workers_new();
	http->by_address =
	    rate_new(config->remote_mcp.rate_limit_max_requests_per_address,
		config->remote_mcp.rate_limit_window_seconds);
	http->by_principal =
	    rate_new(config->remote_mcp.rate_limit_max_requests,
		config->remote_mcp.rate_limit_window_seconds);
	http_read_resource(http);
	if (!http->registry || !http->lists || !http->workers ||
	    !http->by_address || !http->by_principal)
		return err_no_memory(err);
	return http_read_proxies(http, err);
}

/* More files than the soft limit may be needed; the hard one counts. */
static int
http_raise_files(unsigned connections, struct err *err)
{
	struct rlimit limit;
	rlim_t need = (rlim_t)connections + HTTP_OTHER_FILES;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= need)
		return 0;
	if (limit.rlim_max < need)
		return err_set(err, ERR_CONFIG_INVALID,
		    "remote_mcp.max_connections of %u needs %lu open files, "
		    "this process may have %lu (ulimit -n)",
		    connections, (unsigned long)need,
		    (unsigned long)limit.rlim_max);
	limit.rlim_cur = need;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
	return 0;
}

/* Is it a place that no other machine reaches? */
static bool
http_is_local(int fd)
{
	struct address address;

	return address_of_fd(fd, &address, NULL) &&
	       address_is_loopback(&address);
}

static int
http_check_place(struct http *http, const char *place, struct err *err)
{
	if (http->is_local)
		return 0;
	if (!http->auth) {
		(void)err_set(err, ERR_CONFIG_REMOTE_MCP_FORBIDDEN,
		    "without authentication only a loopback address can be "
		    "served, not '%s'",
		    place);
		err_action(err, "give --bind 127.0.0.1:8080, or leave "
				"--without-auth out");
		return err_class(err);
	}
	if (!http->certificate && http->proxy_count == 0)
		return err_set(err, ERR_CONFIG_REMOTE_MCP_FORBIDDEN,
		    "'%s' is not a loopback address: that needs "
		    "remote_mcp.tls_certificate_file and tls_key_file, or a "
		    "proxy in remote_mcp.trusted_proxies",
		    place);
	return 0;
}

static int
http_name(struct http *http, struct err *err)
{
	CLEANUP_BUF struct buf url = BUF_INIT;
	char address[ADDRESS_TEXT_SIZE + 8];

	listener_address(http->listener, address);
	buf_printf(&url, "%s://%s%s", http->certificate ? "https" : "http",
	    address, http->path);
	http->url = buf_take(&url);
	return http->url ? 0 : err_no_memory(err);
}

/* fd is taken. */
static int
http_listen(struct http *http, int fd, struct err *err)
{
	const struct config *config = http->config;
	const struct listener_setup setup = {
		.calls = &exchange_calls,
		.arg = http,
		.fd = fd,
		.certificate = http->certificate,
		.max_connections = config->remote_mcp.max_connections,
		.max_per_address =
		    config->remote_mcp.max_connections_per_address,
		.body_max = HTTP_BODY_MAX,
		.bodies_max = HTTP_BODIES_MAX,
		.request_ns =
		    config->remote_mcp.request_timeout_seconds * NS_PER_S,
		.idle_ns = config->remote_mcp.idle_timeout_seconds * NS_PER_S,
	};
	int r = listener_start(&setup, &http->listener, err);

	return r < 0 ? r : http_name(http, err);
}

static int
http_begin(
    struct http *http, const struct http_setup *setup, int fd, struct err *err)
{
	const struct config *config = http->config;
	const char *place =
	    setup->bind ? setup->bind : config->remote_mcp.bind_address;
	int r = http_raise_files(config->remote_mcp.max_connections, err);

	if (r == 0 && config->remote_mcp.tls_certificate_file)
		r = certificate_open(config->remote_mcp.tls_certificate_file,
		    config->remote_mcp.tls_key_file, &http->certificate, err);
	if (r == 0 && fd < 0)
		r = address_listen(place, &fd, err);
	if (r == 0) {
		http->is_local = http_is_local(fd);
		r = http_check_place(http, place, err);
	}
	if (r == 0)
		return http_listen(http, fd, err);
	if (fd >= 0)
		(void)close(fd);
	return r;
}

static void
http_free(struct http *http)
{
	/* a look for changes may still run */
	if (http->workers)
		workers_free(http->workers);
	if (http->listener)
		listener_free(http->listener);
	certificate_close(http->certificate);
	lists_free(http->lists);
	watch_registry_free(http->own_registry);
	rate_free(http->by_address);
	rate_free(http->by_principal);
	(void)pthread_cond_destroy(&http->empty);
	(void)pthread_mutex_destroy(&http->lock);
	free(http->proxies);
	free(http->url);
	free(http);
}

int
http_open(
    const struct http_setup *setup, struct http **ret_http, struct err *err)
{
	struct http *http = calloc(1, sizeof *http);
	int r = http ? http_make(setup, http, err) : err_no_memory(err);

	if (r < 0) {
		if (setup->listen_fd >= 0)
			(void)close(setup->listen_fd);
	} else {
		r = http_begin(http, setup, setup->listen_fd, err);
	}
	if (r < 0 && http) {
		if (http->listener)
			listener_stop(http->listener);
		http_free(http);
	}
	if (r == 0)
		*ret_http = http;
	return r;
}

const char *
http_url(const struct http *http)
{
	return http->url;
}

void
http_counts(struct http *http, struct http_counts *ret_counts)
{
	*ret_counts = (struct http_counts){
		.connections = listener_accepted(http->listener),
		.requests = __atomic_load_n(&http->requests, __ATOMIC_RELAXED),
		.refused = __atomic_load_n(&http->refused, __ATOMIC_RELAXED),
		.open = listener_open(http->listener),
		.running = listener_running(http->listener),
	};
}

static void
http_cancel_all(struct http *http)
{
	LOCK_SCOPE(&http->lock);

	for (struct exchange *e = http->exchanges; e; e = e->next)
		exchange_cancel(e);
}

void
http_stop(struct http *http, uint64_t drain_ns)
{
	__atomic_store_n(&http->is_stopping, true, __ATOMIC_RELEASE);
	listener_quiesce(http->listener);
	watch_end_all(http);
	if (listener_wait(http->listener, drain_ns))
		return;
	http_cancel_all(http);
	if (!listener_wait(http->listener, HTTP_CANCEL_NS))
		log_warning(
		    "http", "a call did not end after it was cancelled");
}

/* Nobody holds an exchange any more; false: somebody does not let go. */
static bool
http_is_empty(struct http *http)
{
	const struct timespec end = cond_until(HTTP_CANCEL_NS);
	LOCK_SCOPE(&http->lock);

	while (http->exchanges) {
		if (pthread_cond_timedwait(&http->empty, &http->lock, &end) ==
		    ETIMEDOUT)
			return !http->exchanges;
	}
	return true;
}

bool
http_close(struct http *http)
{
	if (!http)
		return true;
	workers_stop(http->workers);
	listener_stop(http->listener);
	/* what a stuck call will answer to stays where it is */
	if (!http_is_empty(http))
		return false;
	http_free(http);
	return true;
}
