/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* The broker's limits of requests: see pacing.h. */

#include "sim/pacing.h"

#include <assert.h>
#include <string.h>

#include "base/cleanup.h"
#include "sim/pack.h"
#include "sim/route.h"

#define PENALTY_MS INT64_C(900000)
#define OFFENCE_WINDOW_MS 60000
#define QUARTER_MS INT64_C(900000)

/* The row of all requests together; it is the first. */
#define ALL 0

static const struct limit {
	const char *name;
	const char *pattern;
	int64_t window_ms;
	unsigned count; /* within the window; 0: only those in flight count */
	unsigned in_flight;
} limits[] = {
	{ "all", NULL, 1000, 10, 0 },
	{ "snapshot", "/iserver/marketdata/snapshot", 1000, 10, 0 },
	{ "history", "/iserver/marketdata/history", 1000, 0, 5 },
	{ "orders", "/iserver/account/orders", 5000, 1, 0 },
	{ "trades", "/iserver/account/trades", 5000, 1, 0 },
	{ "pnl", "/iserver/account/pnl/partitioned", 5000, 1, 0 },
	{ "accounts", "/portfolio/accounts", 5000, 1, 0 },
	{ "subaccounts", "/portfolio/subaccounts", 5000, 1, 0 },
	{ "tickle", "/tickle", 1000, 1, 0 },
	{ "scanner", "/iserver/scanner/run", 1000, 1, 0 },
	{ "fyi", "/fyi/*", 1000, 1, 0 },
	{ "validate", "/sso/validate", 60000, 1, 0 },
	{ "scanner_params", "/iserver/scanner/params", QUARTER_MS, 1, 0 },
	{ "performance", "/pa/performance", QUARTER_MS, 1, 0 },
	{ "pa_summary", "/pa/summary", QUARTER_MS, 1, 0 },
	{ "transactions", "/pa/transactions", QUARTER_MS, 1, 0 },
	{ "subaccounts2", "/portfolio/subaccounts2", 5000, 1, 0 },
};
_Static_assert(ARRAY_COUNT(limits) == PACING_BUCKETS, "a bucket for each");

void
pacing_init(struct pacing *pacing, int64_t factor)
{
	memset(pacing, 0, sizeof *pacing);
	pacing->factor = factor;
}

static int
find(const char *path)
{
	for (int i = ALL + 1; i < PACING_BUCKETS; i++)
		if (route_matches(limits[i].pattern, path))
			return i;
	return PACING_NONE;
}

/*
 * A window is a fiftieth shorter here: on the way from the client's clock to
 * this one requests come closer together.
 */
static unsigned
recent(const struct bucket *bucket, const struct limit *limit, int64_t now_ms)
{
	int64_t since_ms = now_ms - limit->window_ms + limit->window_ms / 50;
	unsigned count = 0;

	while (count < bucket->taken && count < PACING_TIMES &&
	       bucket->taken_ms[(bucket->taken - 1 - count) % PACING_TIMES] >
		   since_ms)
		count++;
	return count;
}

static bool
is_over(const struct pacing *pacing, int i, int64_t now_ms)
{
	const struct limit *limit = &limits[i];
	const struct bucket *bucket = &pacing->buckets[i];
	uint64_t factor = (uint64_t)pacing->factor;

	if (factor == 0)
		return false;
	return (limit->count > 0 &&
		   recent(bucket, limit, now_ms) >= limit->count * factor) ||
	       (limit->in_flight > 0 &&
		   bucket->in_flight >= limit->in_flight * factor);
}

static void
take(struct bucket *bucket, const struct limit *limit, int64_t now_ms)
{
	unsigned count;

	bucket->taken_ms[bucket->taken++ % PACING_TIMES] = now_ms;
	count = recent(bucket, limit, now_ms);
	if (count > bucket->most)
		bucket->most = count;
	if (++bucket->in_flight > bucket->most_in_flight)
		bucket->most_in_flight = bucket->in_flight;
}

/* The fifth request over a limit within a minute leads to the penalty box. */
static void
offend(struct pacing *pacing, int i, int64_t now_ms)
{
	size_t count = ARRAY_COUNT(pacing->offences_ms);
	int64_t *slot = &pacing->offences_ms[pacing->offences % count];
	bool repeated = pacing->offences >= count - 1;

	*slot = now_ms;
	pacing->offences++;
	pacing->buckets[i].over++;
	slot = &pacing->offences_ms[pacing->offences % count];
	if (!repeated || now_ms - *slot >= OFFENCE_WINDOW_MS)
		return;
	pacing->boxed_until_ms = now_ms + PENALTY_MS;
	pacing->penalties++;
	pacing->offences = 0;
}

bool
pacing_take(
    struct pacing *pacing, const char *path, int64_t now_ms, int *ret_bucket)
{
	int own = find(path);

	*ret_bucket = PACING_NONE;
	if (now_ms < pacing->boxed_until_ms) {
		pacing->boxed++;
		return false;
	}
	if (own != PACING_NONE && is_over(pacing, own, now_ms)) {
		offend(pacing, own, now_ms);
		return false;
	}
	if (is_over(pacing, ALL, now_ms)) {
		offend(pacing, ALL, now_ms);
		return false;
	}
	take(&pacing->buckets[ALL], &limits[ALL], now_ms);
	if (own != PACING_NONE)
		take(&pacing->buckets[own], &limits[own], now_ms);
	*ret_bucket = own == PACING_NONE ? ALL : own;
	return true;
}

void
pacing_done(struct pacing *pacing, int bucket)
{
	if (bucket == PACING_NONE)
		return;
	assert(pacing->buckets[ALL].in_flight > 0);
	pacing->buckets[ALL].in_flight--;
	if (bucket != ALL)
		pacing->buckets[bucket].in_flight--;
}

void
pacing_write(struct buf *out, const struct pacing *pacing, int64_t now_ms)
{
	pack(out, "{'factor':%l,'penalties':%d,'boxed':%l,'boxed_for_ms':%l,",
	    pacing->factor, (int)pacing->penalties, (int64_t)pacing->boxed,
	    now_ms < pacing->boxed_until_ms ? pacing->boxed_until_ms - now_ms
					    : INT64_C(0));
	buf_str(out, "\"limits\":[");
	for (int i = 0; i < PACING_BUCKETS; i++) {
		const struct bucket *bucket = &pacing->buckets[i];

		pack_item(out, "{'name':%s,'path':%s,'limit':%d,",
		    limits[i].name, limits[i].pattern, (int)limits[i].count);
		pack(out, "'window_ms':%l,'concurrent':%d,'passed':%l,",
		    limits[i].window_ms, (int)limits[i].in_flight,
		    (int64_t)bucket->taken);
		pack(out, "'over':%l,'most':%d,'most_concurrent':%d}",
		    (int64_t)bucket->over, (int)bucket->most,
		    (int)bucket->most_in_flight);
	}
	buf_str(out, "]}");
}
