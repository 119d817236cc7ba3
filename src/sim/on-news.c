/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * News of what is held, as the broker serves it to its own pages; of one
 * contract it serves none (cpapi.md section 9).
 */

#include <string.h>

#include "base/cleanup.h"
#include "sim/pack.h"
#include "sim/route.h"
#include "sim/world.h"

#define APART_MS INT64_C(600000)

static void
pack_story(struct call *call, const struct contract *contract, unsigned number)
{
	static const char *const providers[] = { "DJ-N", "RCG", "REUTERS" };
	const char *provider = providers[number % ARRAY_COUNT(providers)];

	pack_item(&call->reply->body,
	    "{'id':'%r$%l','headline':'%r - %r named in the news',"
	    "'source':%s,'provider':%s,'sentiment':0.1,'tickers':[%s],",
	    provider, contract->conid, contract->symbol, contract->name,
	    provider, provider, contract->symbol);
	pack(&call->reply->body, "'receiptTime':'%l','receiptTime_r':%l}",
	    call->now_ms - (int64_t)number * APART_MS,
	    call->now_ms - (int64_t)number * APART_MS);
}

static void
portfolio(struct call *call)
{
	const struct accounts *accounts = &call->sim->accounts;
	unsigned number = 0;

	call_pack(call, "{'news':[");
	for (size_t i = 0; i < ACCOUNT_COUNT; i++) {
		const struct account *account = &accounts->list[i];

		if (account->live != call->sim->session.live)
			continue;
		for (size_t j = 0; j < account->position_count && number < 50;
		     j++)
			pack_story(
			    call, account->positions[j].contract, number++);
	}
	call_pack(call, "]}");
}

static void
of_contract(struct call *call)
{
	call_error(call, 503, "server id not found");
}

static const struct route routes[] = {
	{ "GET", "/iserver/news/portfolio", NEED_OUTER | NEED_BROKER,
	    portfolio },
	{ "GET", "/iserver/news", NEED_OUTER | NEED_BROKER, of_contract },
};
const struct family news_family = { routes, ARRAY_COUNT(routes) };
