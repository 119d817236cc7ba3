/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Threads: a stream begins on the worker that read its message; one job at a
 * time looks at the journal for all of them, so `seen` and `now` are its own
 * once the stream has begun.  What is sent is sent with exchange->lock held.
 */

#include "http/watch.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "http/event.h"
#include "journal/switches.h"
#include "mcp/lifecycle.h"
#include "mcp/registry.h"
#include "mcp/uri.h"
#include "orders/intent.h"

enum { WATCH_MAX = 64 /* resources of one stream */ };
#define WATCH_QUIET_NS (UINT64_C(15) * NS_PER_S)
#define WATCH_ID "io.modelcontextprotocol/subscriptionId"

/* One resource. */
struct watched {
	char *uri;
	char account[HASH_HEX_SIZE]; /* "": the kill switch */
	char *order_id;
	struct buf seen; /* how it was when it was told last */
	struct buf now;
	bool is_there;  /* in the journal */
	bool is_looked; /* now is how it is, and not yet compared */
};

struct watch {
	char *id; /* of the request, JSON */
	struct watched items[WATCH_MAX];
	size_t count;
	uint64_t spoke_ns;
	struct err fault; /* why one of them cannot be looked at */
};

static void
watched_fini(struct watched *item)
{
	free(item->uri);
	free(item->order_id);
	buf_fini(&item->seen);
	buf_fini(&item->now);
}

void
watch_free(struct watch *watch)
{
	if (!watch)
		return;
	for (size_t i = 0; i < watch->count; i++)
		watched_fini(&watch->items[i]);
	err_fini(&watch->fault);
	free(watch->id);
	free(watch);
}

static int
look_at_switch(
    struct journal_txn *txn, const char *name, struct buf *out, struct err *err)
{
	struct switch_row row = { .state = SWITCH_CLOSED };
	int r = switch_read(txn, name, &row, err);

	if (r == 0)
		switch_format(out, &row);
	switch_row_fini(&row);
	return r;
}

/* What readers of an order would see change. */
static int
look_at_order(struct journal_txn *txn, struct watched *item, struct err *err)
{
	CLEANUP_ORDER_ROW struct order_row row;
	int r;

	order_row_init(&row);
	r = order_row_get(txn, item->account, item->order_id, &row, err);
	item->is_there = r == 0;
	if (r == IAG_NOTFOUND)
		return 0;
	if (r == 0)
		buf_printf(&item->now, "%u %s %s %s", row.status,
		    row.broker_status ? row.broker_status : "",
		    row.filled_quantity ? row.filled_quantity : "",
		    row.average_price ? row.average_price : "");
	return r;
}

static int
watched_look(struct journal_txn *txn, struct watched *item, struct err *err)
{
	int r = 0;

	buf_reset(&item->now);
	item->is_looked = false;
	if (item->order_id) {
		r = look_at_order(txn, item, err);
	} else {
		item->is_there = true;
		r = look_at_switch(txn, SWITCH_LIVE, &item->now, err);
		if (r == 0)
			r = look_at_switch(txn, SWITCH_PAPER, &item->now, err);
	}
	item->is_looked = r == 0 && !item->now.failed;
	return r;
}

/* Some streams at a time, over one snapshot. */
struct look {
	struct watch **watches;
	size_t count;
};

/* A row that cannot be read is a fault of the streams that watch it. */
static int
look_step(struct journal_txn *txn, void *arg, struct err *err)
{
	const struct look *look = arg;

	(void)err;
	for (size_t i = 0; i < look->count; i++) {
		struct watch *watch = look->watches[i];
		int r = 0;

		for (size_t n = 0; n < watch->count && r == 0; n++)
			r = watched_look(txn, &watch->items[n], &watch->fault);
	}
	return 0;
}

static int
look_run(struct http *http, struct look *look, struct err *err)
{
	const struct tool_house *house = NULL;
	int r = gateway_ready(http->gateway, &house, err);

	return r < 0 ? r : journal_view(house->journal, look_step, look, err);
}

/* Is it another one than before?  What is now is seen from here on. */
static bool
watched_turn(struct watched *item)
{
	struct buf was = item->seen;
	bool is_same =
	    !item->is_looked ||
	    (was.len == item->now.len &&
		memcmp(buf_text(&was), buf_text(&item->now), was.len) == 0);

	item->is_looked = false;
	if (is_same)
		return false;
	item->seen = item->now;
	item->now = was;
	return true;
}

/* `ibkr://kill-switch` or `ibkr://orders/{account}/{id}`, if it may be read. */
static bool
watched_init(struct watched *item, const struct session *session,
    const struct journal *journal, const char *text)
{
	struct uri uri;
	bool is_switch, is_order;

	*item = (struct watched){ .uri = NULL };
	if (!uri_parse(&uri, text))
		return false;
	is_switch = uri.count == 1 && strcmp(uri.parts[0], "kill-switch") == 0;
	is_order = uri.count == 3 && strcmp(uri.parts[0], "orders") == 0;
	if ((!is_switch && !is_order) ||
	    !session_may_call(session,
		is_order ? "ibkr_order_status" : "ibkr_kill_switch_status"))
		return false;
	item->uri = strdup(text);
	if (is_order && strlen(uri.parts[2]) > ORDER_ID_MAX)
		return false;
	if (is_order) {
		journal_account_hash(journal, uri.parts[1], item->account);
		item->order_id = strdup(uri.parts[2]);
	}
	return item->uri && (item->order_id || is_switch);
}

/* What was asked for and can be had. */
static void
watch_read(struct watch *watch, const struct session *session,
    const struct journal *journal, struct json_object *uris)
{
	size_t count = json_object_is_type(uris, json_type_array)
			   ? json_object_array_length(uris)
			   : 0;

	for (size_t i = 0; i < count && watch->count < WATCH_MAX; i++) {
		struct json_object *uri = json_object_array_get_idx(uris, i);
		struct watched *item = &watch->items[watch->count];

		if (!json_object_is_type(uri, json_type_string))
			continue;
		if (watched_init(
			item, session, journal, json_object_get_string(uri)))
			watch->count++;
		else
			watched_fini(item);
	}
}

/* Leave out what is not in the journal. */
static void
watch_settle(struct watch *watch)
{
	size_t kept = 0;

	for (size_t i = 0; i < watch->count; i++) {
		(void)watched_turn(&watch->items[i]);
		if (watch->items[i].is_there)
			watch->items[kept++] = watch->items[i];
		else
			watched_fini(&watch->items[i]);
	}
	watch->count = kept;
}

static bool
watch_say(struct exchange *exchange, const char *data, size_t len)
{
	exchange->watch->spoke_ns = clock_boot_ns();
	return listener_write(exchange->request, data, len);
}

static bool
watch_send(struct exchange *exchange, const struct buf *message)
{
	CLEANUP_BUF struct buf event = BUF_INIT;

	event_write(&event, buf_text(message), message->len);
	return !message->failed && !event.failed &&
	       watch_say(exchange, event.data, event.len);
}

/* One message; method without its `notifications/`. */
static bool
watch_tell(
    struct exchange *exchange, const char *method, const struct buf *rest)
{
	CLEANUP_BUF struct buf message = BUF_INIT;

	buf_printf(&message,
	    "{\"jsonrpc\":\"2.0\",\"method\":"
	    "\"notifications/%s\",\"params\":{\"_meta\":{\"" WATCH_ID "\":%s},",
	    method, exchange->watch->id);
	buf_add(&message, rest->data, rest->len);
	buf_str(&message, "}}");
	return watch_send(exchange, &message);
}

static bool
watch_acknowledge(struct exchange *exchange)
{
	CLEANUP_BUF struct buf agreed = BUF_INIT;
	const struct watch *watch = exchange->watch;

	buf_str(&agreed, "\"notifications\":{");
	for (size_t i = 0; i < watch->count; i++) {
		buf_str(&agreed, i == 0 ? "\"resourceSubscriptions\":[" : ",");
		json_write_string(
		    &agreed, watch->items[i].uri, strlen(watch->items[i].uri));
	}
	buf_str(&agreed, watch->count > 0 ? "]}" : "}");
	return watch_tell(exchange, "subscriptions/acknowledged", &agreed);
}

static bool
watch_tell_changes(struct exchange *exchange)
{
	struct watch *watch = exchange->watch;
	bool is_read = true;

	for (size_t i = 0; i < watch->count && is_read; i++) {
		CLEANUP_BUF struct buf uri = BUF_INIT;
		struct watched *item = &watch->items[i];

		if (!watched_turn(item))
			continue;
		buf_str(&uri, "\"uri\":");
		json_write_string(&uri, item->uri, strlen(item->uri));
		is_read = watch_tell(exchange, "resources/updated", &uri);
	}
	if (clock_boot_ns() > watch->spoke_ns + WATCH_QUIET_NS)
		is_read = is_read && watch_say(exchange, ":\n\n", 3);
	return is_read;
}

/* Under exchange->lock.  The stream is over; false: it was so before. */
static bool
watch_end(struct exchange *exchange)
{
	CLEANUP_BUF struct buf message = BUF_INIT;

	if (!exchange->watch || exchange->is_answered)
		return false;
	exchange->is_answered = true;
	buf_printf(&message,
	    "{\"jsonrpc\":\"2.0\",\"id\":%s,\"result\":{\"resultType\":"
	    "\"complete\",\"_meta\":{\"" WATCH_ID "\":%s}}}",
	    exchange->watch->id, exchange->watch->id);
	(void)watch_send(exchange, &message);
	listener_end(exchange->request);
	return true;
}

bool
watch_drop(struct exchange *exchange)
{
	return watch_end(exchange);
}

static int
watch_make(struct session *session, struct exchange *exchange,
    const struct message *message, struct watch **ret_watch, struct err *err)
{
	const struct tool_house *house = NULL;
	struct watch *watch = calloc(1, sizeof *watch);
	struct look look = { .watches = &watch, .count = 1 };
	int r;

	if (!watch || !(watch->id = strdup(message->id))) {
		watch_free(watch);
		return err_set(
		    err, ERR_OUT_OF_MEMORY, "no memory for a subscription");
	}
	r = gateway_ready(session->gateway, &house, err);
	if (r == 0) {
		watch_read(watch, session, house->journal,
		    json_get(json_get(message->params, "notifications"),
			"resourceSubscriptions"));
		r = look_run(exchange->http, &look, err);
	}
	if (r == 0 && watch->fault.code != ERR_NONE) {
		r = err_class(&watch->fault);
		err_move(err, &watch->fault);
	}
	if (r < 0) {
		watch_free(watch);
		return r;
	}
	watch_settle(watch);
	*ret_watch = watch;
	return 0;
}

/* Streams of one caller: others have connections left. */
static unsigned
watch_most(const struct http *http)
{
	unsigned half = (unsigned)http->config->remote_mcp.max_connections / 2;

	return half > 0 ? half : 1;
}

/* May the caller have one more?  From here on it is counted. */
static bool
watch_enter(struct exchange *exchange)
{
	struct http *http = exchange->http;
	unsigned count = 0;
	LOCK_SCOPE(&http->lock);

	for (struct exchange *e = http->exchanges; e; e = e->next)
		count += e->is_watcher &&
			 (!http->auth || strcmp(e->verdict.name,
					     exchange->verdict.name) == 0);
	exchange->is_watcher = count < watch_most(http);
	return exchange->is_watcher;
}

static void
watch_leave(struct exchange *exchange)
{
	LOCK_SCOPE(&exchange->http->lock);

	exchange->is_watcher = false;
}

/* Has it the form of one that can be had?  false: the answer is in out. */
static bool
watch_check(
    struct exchange *exchange, const struct message *message, struct buf *out)
{
	if (!(exchange->accept & RULES_STREAM)) {
		exchange->status = 406;
		answer_error(out, message->id, RPC_INVALID_REQUEST, NULL,
		    "updates come as text/event-stream only");
		return false;
	}
	if (!json_object_is_type(
		json_get(message->params, "notifications"), json_type_object)) {
		answer_error(out, message->id, RPC_INVALID_PARAMS, NULL,
		    "'notifications' must be an object");
		return false;
	}
	if (watch_enter(exchange))
		return true;
	exchange->status = 429;
	answer_error(out, message->id, RPC_INVALID_REQUEST, NULL,
	    "this caller has %u streams, which is the most: end one of them",
	    watch_most(exchange->http));
	return false;
}

/* The method: no answer comes before the end. */
static void
watch_listen(struct session *session, struct request *request, struct buf *out)
{
	CLEANUP_ERR struct err err = ERR_INIT;
	struct exchange *exchange = session->out.arg;
	const struct message *message = request->message;
	struct watch *watch = NULL;

	if (!watch_check(exchange, message, out))
		return;
	if (watch_make(session, exchange, message, &watch, &err) < 0) {
		watch_leave(exchange);
		answer_error(out, message->id, RPC_INTERNAL_ERROR, NULL, "%s",
		    err_text(&err));
		return;
	}
	LOCK_SCOPE(&exchange->lock);
	/* whoever ends all of them comes behind this lock, or was here */
	if (__atomic_load_n(&exchange->http->is_stopping, __ATOMIC_ACQUIRE)) {
		watch_free(watch);
		exchange->status = 503;
		answer_error(out, message->id, RPC_INTERNAL_ERROR, NULL,
		    "the server is stopping");
		return;
	}
	exchange->watch = watch;
	exchange_stream_begin(exchange);
	(void)watch_acknowledge(exchange);
	(void)__atomic_add_fetch(
	    &exchange->http->watch_count, 1, __ATOMIC_RELAXED);
}

/* All streams that go on, each kept; NULL: none, or no memory. */
static struct exchange **
watch_collect(struct http *http, size_t *ret_count)
{
	struct exchange **all = NULL;
	size_t count = 0;
	LOCK_SCOPE(&http->lock);

	*ret_count = 0;
	for (struct exchange *e = http->exchanges; e; e = e->next)
		count++;
	all = calloc(count + 1, sizeof(*all));
	for (struct exchange *e = http->exchanges; e && all; e = e->next) {
		LOCK_SCOPE(&e->lock);

		if (!e->watch || e->is_answered || !e->is_stream)
			continue;
		(void)listener_ref(e->request);
		all[(*ret_count)++] = e;
	}
	return all;
}

/* Does what it tells end: the right to hear it, or the sight of it? */
static bool
watch_is_lost(const struct exchange *exchange)
{
	const struct err *fault = &exchange->watch->fault;

	if (fault->code != ERR_NONE)
		log_warning("http",
		    "a stream ends, since what it watches cannot be "
		    "watched: %s",
		    err_text(fault));
	return fault->code != ERR_NONE ||
	       (exchange->http->auth &&
		   !auth_holds(exchange->http->auth, &exchange->verdict));
}

/* Tell one stream; the references of the collection and of its call. */
static void
watch_turn(struct exchange *exchange, bool is_over)
{
	struct listener_request *request = exchange->request;
	bool is_ended = false;

	(void)pthread_mutex_lock(&exchange->lock);
	if (!exchange->is_answered && (is_over || watch_is_lost(exchange) ||
					  !watch_tell_changes(exchange)))
		is_ended = watch_end(exchange);
	(void)pthread_mutex_unlock(&exchange->lock);
	if (is_ended)
		listener_unref(request);
	listener_unref(request);
}

static void
watch_look(struct http *http, bool is_over)
{
	CLEANUP_ERR struct err err = ERR_INIT;
	CLEANUP_FREE struct exchange **all = NULL;
	CLEANUP_FREE struct watch **watches = NULL;
	struct look look = { .count = 0 };

	all = watch_collect(http, &look.count);
	watches = calloc(look.count + 1, sizeof(*watches));
	for (size_t i = 0; i < look.count && watches; i++)
		watches[i] = all[i]->watch;
	look.watches = watches;
	if (look.count > 0 && !is_over && watches &&
	    look_run(http, &look, &err) < 0) {
		log_warning("http",
		    "all streams end, changes cannot be looked for: %s",
		    err_text(&err));
		is_over = true;
	}
	for (size_t i = 0; i < look.count; i++)
		watch_turn(all[i], is_over);
}

static void
watch_job(void *arg)
{
	struct http *http = arg;

	watch_look(http, false);
	__atomic_store_n(&http->is_watching, false, __ATOMIC_RELEASE);
}

void
watch_tick(struct http *http)
{
	if (__atomic_load_n(&http->watch_count, __ATOMIC_RELAXED) == 0 ||
	    __atomic_exchange_n(&http->is_watching, true, __ATOMIC_ACQ_REL))
		return;
	if (workers_run(http->workers, watch_job, http) < 0)
		__atomic_store_n(&http->is_watching, false, __ATOMIC_RELEASE);
}

void
watch_end_all(struct http *http)
{
	/* ticks find nothing to do any more */
	watch_look(http, true);
}

struct registry *
watch_registry_new(void)
{
	struct registry *registry = malloc(sizeof *registry);
	size_t count = registry_gateway.method_count;
	struct method *methods = calloc(count + 1, sizeof *methods);

	if (!registry || !methods) {
		free(registry);
		free(methods);
		return NULL;
	}
	memcpy(methods, registry_gateway.methods, count * sizeof *methods);
	methods[count] = (struct method){ .name = "subscriptions/listen",
		.eras = ERA_MODERN,
		.handle = watch_listen };
	*registry = registry_gateway;
	registry->methods = methods;
	registry->method_count = count + 1;
	registry->hello_modern = lifecycle_hello_subscribe;
	return registry;
}

void
watch_registry_free(struct registry *registry)
{
	if (!registry)
		return;
	free((void *)(uintptr_t)registry->methods);
	free(registry);
}
