/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Accounts and portfolios.  Figures of /portfolio are there with the outer
 * session alone, those of /iserver want the brokerage session.
 */

#include <stdio.h>

#include "emit.h"
#include "map-account.h"
#include "map-position.h"
#include "ops.h"
#include "text.h"

#define NS_PER_MS UINT64_C(1000000)

static const struct patience enriching = { 2, 700 * NS_PER_MS };
/* its bucket has one token in five seconds */
static const struct patience collecting = { 2, 5000 * NS_PER_MS };

/* Paper or live is known in the brokerage session alone. */
static int32_t
login_or_none(struct query *q, struct login *ret_login)
{
	int32_t ret = query_login(q, ret_login);

	if (ret != IAG_AUTH)
		return ret;
	*ret_login = (struct login)LOGIN_NONE;
	return IAG_OK;
}

static int32_t
accounts_map(struct query *q, const struct reply *reply, int last)
{
	(void)last;
	return map_accounts(&q->map, reply, q->want);
}

int32_t
op_accounts_list(struct query *q)
{
	const struct ask ask = { .route = ROUTE_ACCOUNTS };
	struct login login;
	int32_t ret = login_or_none(q, &login);

	q->want = &login;
	if (ret == IAG_OK)
		ret = query_read(q, &ask, PATIENCE_NONE, accounts_map);
	if (ret == IAG_OK && login.paper >= 0)
		query_note_primed(q);
	return query_end(q, ret);
}

struct account_want {
	const char *account;
	struct login login;
};

static int32_t
metadata_map(struct query *q, const struct reply *reply, int last)
{
	const struct account_want *want = q->want;

	(void)last;
	return map_metadata(&q->map, reply, want->account, &want->login);
}

static int32_t
want_account(struct query *q, struct account_want *ret_want)
{
	int32_t ret = query_portfolio(q);

	*ret_want =
	    (struct account_want){ query_str(q, "account_id"), LOGIN_NONE };
	return ret ? ret : login_or_none(q, &ret_want->login);
}

static int32_t
read_metadata(struct query *q, const struct account_want *want)
{
	const struct ask ask = {
		.route = ROUTE_META,
		.holes = { want->account },
	};

	q->want = want;
	return query_answer(q, &ask, PATIENCE_NONE, metadata_map);
}

int32_t
op_account_metadata(struct query *q)
{
	struct account_want want;
	int32_t ret = want_account(q, &want);

	return ret ? query_end(q, ret) : read_metadata(q, &want);
}

/* As much of the metadata as an order waits for: mostly, it is one read. */
int32_t
op_account_mode(struct query *q)
{
	struct account_want want;
	int32_t ret = want_account(q, &want);

	if (ret || map_mode(&q->map, want.account, &want.login))
		return query_end(q, ret);
	return read_metadata(q, &want);
}

static int32_t
summary_map(struct query *q, const struct reply *reply, int last)
{
	(void)last;
	return map_summary(&q->map, reply, q->want);
}

int32_t
op_account_summary(struct query *q)
{
	const char *account = query_str(q, "account_id");
	const struct ask ask = {
		.route = ROUTE_SUMMARY,
		.holes = { account },
	};

	q->want = account;
	return query_answer(q, &ask, PATIENCE_NONE, summary_map);
}

static int32_t
daily_map(struct query *q, const struct reply *reply, int last)
{
	(void)last;
	return map_pnl_daily(&q->map, reply, q->want);
}

static int32_t
realtime_map(struct query *q, const struct reply *reply, int last)
{
	(void)last;
	return map_pnl_realtime(&q->map, reply, q->want);
}

static int32_t
pnl_answer(struct query *q, query_map *map)
{
	const struct ask ask = { .route = ROUTE_PNL };
	int32_t ret = query_primed(q);

	q->want = query_str(q, "account_id");
	return ret ? query_fail(q, ret)
		   : query_answer(q, &ask, collecting, map);
}

int32_t
op_pnl_daily(struct query *q)
{
	return pnl_answer(q, daily_map);
}

int32_t
op_pnl_realtime(struct query *q)
{
	return pnl_answer(q, realtime_map);
}

/* ---- positions */

/* Rows from `start` on, over the broker's pages of 100. */
struct positions_want {
	struct position_page page;
	int cold;
};

/* A sparse or empty first read is worth another one. */
static int32_t
positions_map(struct query *q, const struct reply *reply, int last)
{
	struct positions_want *want = (struct positions_want *)q->want;
	int32_t ret = map_positions(&q->map, reply, &want->page);
	int again = want->page.ret_cold ||
		    (want->page.ret_count == 0 && q->attempt == 0);

	if (ret || last || !again) {
		want->cold |= ret == IAG_OK && want->page.ret_cold;
		return ret;
	}
	q->map.hints = MAP_RETRY;
	(void)map_fail(&q->map, IAG_AGAIN, NULL, "a first read");
	q->map.hints = MAP_RETRY;
	return IAG_AGAIN;
}

static int32_t
positions_page(struct query *q, struct positions_want *want, int64_t number)
{
	char text[24];
	const struct ask ask = {
		.route = ROUTE_POSITIONS,
		.holes = { want->page.account, text },
	};
	uint32_t rows = q->map.rows, dropped = q->map.dropped;
	int32_t ret;

	(void)snprintf(text, sizeof(text), "%lld", (long long)number);
	q->want = want;
	ret = query_read(q, &ask, enriching, positions_map);
	q->map.rows += rows;
	q->map.dropped += dropped;
	return ret;
}

static void
positions_end(struct query *q, const struct positions_want *want, int64_t next)
{
	emit_close(q->out, ']');
	if (want->cold) {
		emit_open(q->out, "warnings", '[');
		emit_item(q->out,
		    "the broker has not told everything about these positions "
		    "yet; repeat the call");
		emit_close(q->out, ']');
	}
	if (next)
		emit_number(q->out, "next", next);
	emit_close(q->out, '}');
	q->map.flags = want->cold ? IAG_REPLY_COLD : 0;
	if (!want->cold && !next && !q->map.dropped)
		q->map.flags |= IAG_REPLY_COMPLETE;
}

int32_t
op_positions_list(struct query *q)
{
	struct positions_want want = {
		.page.account = query_str(q, "account_id"),
	};
	int64_t number = query_int(q, "page", 0);
	int64_t limit = query_int(q, "limit", POSITION_PAGE);
	int64_t start = number * limit, end;
	int32_t ret = query_portfolio(q);
	int more = 1;

	if (ret)
		return query_fail(q, ret);
	emit_open(q->out, NULL, '{');
	emit_str(q->out, "account_id", want.page.account);
	map_list_open(&q->map, "positions", POSITION_PAGE);
	for (end = start + limit; start < end && more && ret == IAG_OK;) {
		int64_t at = start / POSITION_PAGE;
		uint32_t skip = (uint32_t)(start % POSITION_PAGE);
		uint32_t take = (uint32_t)(end - start);

		if (take > POSITION_PAGE - skip)
			take = POSITION_PAGE - skip;
		want.page.skip = skip;
		want.page.take = take;
		ret = positions_page(q, &want, at);
		/* a full page has others behind it, as far as one can tell */
		more = want.page.ret_count > skip + take ||
		       want.page.ret_count >= POSITION_PAGE;
		start += take;
	}
	if (ret == IAG_OK)
		positions_end(q, &want, more ? number + 1 : 0);
	return query_end(q, ret);
}

/* ---- portfolio */

static int32_t
totals_map(struct query *q, const struct reply *reply, int last)
{
	(void)last;
	return map_totals(&q->map, reply);
}

static int32_t
ledger_map(struct query *q, const struct reply *reply, int last)
{
	(void)last;
	return map_ledger(&q->map, reply);
}

static int32_t
allocation_map(struct query *q, const struct reply *reply, int last)
{
	int32_t ret = map_allocation(&q->map, reply);

	(void)last;
	/* how some builds say that there are no positions */
	return ret && reply->status == 500 ? IAG_OK : ret;
}

int32_t
op_portfolio_snapshot(struct query *q)
{
	static const struct {
		enum route_name route;
		query_map *map;
	} parts[] = {
		{ ROUTE_TOTALS, totals_map },
		{ ROUTE_LEDGER, ledger_map },
		{ ROUTE_ALLOCATION, allocation_map },
	};
	const char *account = query_str(q, "account_id");
	int32_t ret = query_portfolio(q);

	if (ret)
		return query_fail(q, ret);
	emit_open(q->out, NULL, '{');
	emit_str(q->out, "account_id", account);
	for (size_t i = 0; i < 3 && ret == IAG_OK; i++) {
		const struct ask ask = {
			.route = parts[i].route,
			.holes = { account },
		};

		ret = query_read(q, &ask, PATIENCE_NONE, parts[i].map);
	}
	emit_str(q->out, "data_status", "live");
	emit_close(q->out, '}');
	if (!q->map.dropped)
		q->map.flags |= IAG_REPLY_COMPLETE;
	return query_end(q, ret);
}
