/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Requests are made here and nowhere else.  A failure of the connection is
 * said by the host, one of an answer by its mapping; map.code of a failure
 * that is already said is NULL and map.why empty.
 */

#include "query.h"

#include <stdio.h>
#include <string.h>

#include "map-contract.h"
#include "memory.h"
#include "moment.h"
#include "path.h"
#include "scalar.h"
#include "text.h"

#define NS_PER_S UINT64_C(1000000000)
/* What another read is given time for, besides the pause. */
#define READ_NS (2 * NS_PER_S)

const char *
query_intern(struct query *q, const char *text)
{
	return q->host->intern(q->ctx, text, strlen(text));
}

const char *
query_str(struct query *q, const char *key)
{
	const struct node *value = node_get(q->arguments.nodes, key);
	char text[512];

	if (!node_is(value, NODE_STRING) ||
	    !node_text(value, text, sizeof(text)))
		return NULL;
	return query_intern(q, text);
}

int64_t
query_int(const struct query *q, const char *key, int64_t other)
{
	int64_t value = scalar_int(node_get(q->arguments.nodes, key));

	return value < 0 ? other : value;
}

int
query_bool(const struct query *q, const char *key)
{
	return scalar_bool(node_get(q->arguments.nodes, key)) == 1;
}

uint64_t
query_time(struct query *q, const char *key)
{
	const char *text = query_str(q, key);
	uint64_t ns = 0;

	return text && moment_parse(text, &ns) == 0 ? ns : 0;
}

/* The pairs that have a value. */
static size_t
pairs_make(const struct ask *ask, const char **pairs)
{
	size_t count = 0;

	for (size_t i = 0; i + 1 < ASK_QUERY_MAX && ask->query[i]; i += 2) {
		if (!ask->query[i + 1])
			continue;
		pairs[count++] = ask->query[i];
		pairs[count++] = ask->query[i + 1];
	}
	return count;
}

/* Everybody is told at once that nobody is logged in. */
static void
login_ended(struct query *q)
{
	const struct iag_session session = {
		.struct_size = sizeof(session),
		.known = IAG_SESSION_LOGIN,
	};

	(void)q->host->session_set(q->ctx, &session);
}

int32_t
query_ask(struct query *q, const struct ask *ask, struct reply *ret_reply)
{
	const struct iag_route *route = &routes[ask->route];
	const char *pairs[ASK_QUERY_MAX], *body = ask->body ? ask->body : "{}";
	struct text path = { .data = NULL };
	struct iag_http_request request = {
		.struct_size = sizeof(request),
		.flags = route->flags,
		.method = route->method,
		.pattern = route->pattern,
		.query = pairs,
		.query_count = pairs_make(ask, pairs),
	};
	struct iag_http_response response = {
		.struct_size = sizeof(response),
	};
	int32_t ret;

	q->map.code = NULL;
	q->map.why[0] = '\0';
	q->map.hints = 0;
	path_make(&path, route->pattern, ask->holes);
	if (path.failed)
		return q->host->fail(q->ctx, IAG_NOMEM, NULL, "out of memory");
	request.path = path.data;
	if (strcmp(route->method, "POST") == 0)
		request.body = (struct iag_bytes){ body, strlen(body) };
	ret = q->host->http(q->ctx, &request, &response);
	text_fini(&path);
	if (ret)
		return ret;
	if (response.status == 401)
		login_ended(q);
	*ret_reply = (struct reply){
		.status = response.status,
		.body = response.body.data ? response.body.data : "",
		.len = response.body.len,
		.receipt_ns = response.receipt_ns,
	};
	if (response.status == 429)
		q->map.retry_ns = response.retry_after_ns;
	return IAG_OK;
}

/* Is there time for a pause and another read? */
static int
has_time(struct query *q, uint64_t pause_ns)
{
	uint64_t end_ns = q->host->deadline_ns(q->ctx);
	uint64_t now_ns = q->host->boot_ns(q->ctx);

	return end_ns > now_ns && end_ns - now_ns > pause_ns + READ_NS;
}

/* Take back what a mapping wrote that did not come to an end. */
static void
rewind_map(struct query *q, size_t mark)
{
	q->map.flags = 0;
	q->map.rows = 0;
	q->map.dropped = 0;
	q->out->len = mark;
	if (q->out->data)
		q->out->data[mark] = '\0';
}

int32_t
query_read(struct query *q, const struct ask *ask, struct patience patience,
    query_map *map)
{
	size_t mark = q->out->len;
	struct reply reply;

	for (unsigned i = 0;; i++) {
		int last =
		    i >= patience.tries || !has_time(q, patience.pause_ns);
		int32_t ret = query_ask(q, ask, &reply);

		if (ret)
			return ret;
		q->attempt = i;
		ret = map(q, &reply, last);
		if (ret == IAG_OK)
			return IAG_OK;
		rewind_map(q, mark);
		if (q->map.hints & MAP_ASK_ACCOUNTS && !q->primed) {
			ret = query_prime(q);
			if (ret)
				return ret;
			continue;
		}
		if (!(q->map.hints & MAP_RETRY) || last)
			return ret;
		if (q->host->sleep_ns(q->ctx, patience.pause_ns))
			return ret;
	}
}

int32_t
query_fail(struct query *q, int32_t result)
{
	if (!q->map.why[0])
		return result;
	if (result == IAG_LIMIT)
		q->host->retry_after(q->ctx, q->map.retry_ns);
	return q->host->fail(q->ctx, result, q->map.code, "%s", q->map.why);
}

int32_t
query_end(struct query *q, int32_t result)
{
	struct iag_reply_meta meta = {
		.struct_size = sizeof(meta),
		.flags = q->map.flags,
		.source_ns = q->map.source_ns,
	};

	if (result)
		return query_fail(q, result);
	if (q->out->failed || !q->out->data)
		return q->host->fail(q->ctx, IAG_NOMEM, NULL, "out of memory");
	return q->host->reply(q->ctx, &meta, q->out->data, q->out->len);
}

int32_t
query_answer(struct query *q, const struct ask *ask, struct patience patience,
    query_map *map)
{
	return query_end(q, query_read(q, ask, patience, map));
}

int32_t
query_login(struct query *q, struct login *ret_login)
{
	const struct ask ask = { .route = ROUTE_LOGIN };
	struct reply reply;
	int32_t ret = query_ask(q, &ask, &reply);

	return ret ? ret : map_login(&q->map, &reply, ret_login);
}

void
query_note_primed(struct query *q)
{
	const struct iag_session session = {
		.struct_size = sizeof(session),
		.known = IAG_SESSION_PRIMED,
		.facts = IAG_SESSION_PRIMED,
	};

	(void)q->host->session_set(q->ctx, &session);
}

/* /portfolio/accounts, for its effect. */
static int32_t
portfolio_open(struct query *q)
{
	const struct ask ask = { .route = ROUTE_ACCOUNTS };
	struct reply reply;
	int32_t ret = query_ask(q, &ask, &reply);

	return ret ? ret : map_open(&q->map, &reply, MAP_ARRAY);
}

int32_t
query_prime(struct query *q)
{
	struct login login;
	int32_t ret = query_login(q, &login);

	q->primed = 1;
	if (ret == IAG_OK)
		ret = portfolio_open(q);
	if (ret == IAG_OK)
		query_note_primed(q);
	return ret;
}

static int
is_primed(struct query *q, uint64_t *ret_epoch)
{
	struct iag_session session = { .struct_size = sizeof(session) };

	*ret_epoch = 0;
	if (q->host->session_get(q->ctx, &session))
		return 0;
	*ret_epoch = session.epoch;
	return (session.facts & IAG_SESSION_PRIMED) != 0;
}

/*
 * The portfolio's accounts are not asked for: the supervisor does, and a second
 * time would wait for its turn.
 */
int32_t
query_primed(struct query *q)
{
	struct login login;
	uint64_t epoch;
	int32_t ret;

	if (q->primed || is_primed(q, &epoch))
		return IAG_OK;
	ret = query_login(q, &login);
	q->primed = ret == IAG_OK;
	return ret;
}

int32_t
query_portfolio(struct query *q)
{
	struct login login;
	uint64_t epoch;
	int32_t ret;

	if (is_primed(q, &epoch) || memory_is_open(q->memory, epoch))
		return IAG_OK;
	ret = query_login(q, &login);
	if (ret && ret != IAG_AUTH)
		return ret;
	q->primed = ret == IAG_OK;
	ret = portfolio_open(q);
	if (ret)
		return ret;
	memory_note_open(q->memory, epoch);
	if (q->primed)
		query_note_primed(q);
	return IAG_OK;
}

/*
 * A snapshot opens a line, which stays open for the next one; the one that was
 * not used for longest is closed when there are many.
 */
void
query_line(struct query *q, const char *contract)
{
	char closed[16], body[40];
	const struct ask ask = { .route = ROUTE_UNSUBSCRIBE, .body = body };
	struct reply reply;

	if (!memory_use_line(q->memory, contract, closed))
		return;
	/* {"error":"unknown"} only says that it is closed already */
	(void)snprintf(body, sizeof(body), "{\"conid\":%s}", closed);
	(void)query_ask(q, &ask, &reply);
}

void
query_currency(struct query *q, const char *contract, char currency[8])
{
	const struct ask ask = {
		.route = ROUTE_DEFINITIONS,
		.query = { "conids", contract },
	};
	struct reply reply;

	if (memory_currency(q->memory, contract, currency))
		return;
	*currency = '\0';
	if (query_ask(q, &ask, &reply) ||
	    map_currency(&q->map, &reply, contract, currency) || !*currency)
		return;
	memory_note_currency(q->memory, contract, currency);
}
