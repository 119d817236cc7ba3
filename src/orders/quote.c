/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* A quote by itself: its age and its place in an intent's record. */

#include <inttypes.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "orders/market.h"

/* A source may be this much ahead of us; more, and it tells no time. */
#define SOURCE_AHEAD_NS (2 * NS_PER_S)

void
quote_init(struct quote *quote)
{
	*quote = (struct quote){ .is_known = false };
	dec_init(&quote->bid);
	dec_init(&quote->ask);
	dec_init(&quote->last);
}

void
quote_fini(struct quote *quote)
{
	dec_fini(&quote->bid);
	dec_fini(&quote->ask);
	dec_fini(&quote->last);
}

static uint64_t
age_of(uint64_t then_ns, uint64_t now_ns)
{
	return now_ns > then_ns ? now_ns - then_ns : 0;
}

uint64_t
quote_age_ns(const struct quote *quote, uint64_t now_ns)
{
	uint64_t source, receipt;

	if (quote->source_ns == 0 || quote->receipt_ns == 0 ||
	    quote->source_ns > now_ns + SOURCE_AHEAD_NS)
		return UINT64_MAX;
	source = age_of(quote->source_ns, now_ns);
	receipt = age_of(quote->receipt_ns, now_ns);
	return source > receipt ? source : receipt;
}

static int
add_price(struct json_object *obj, const char *name, bool has,
    const struct dec *price, struct err *err)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	int ret;

	if (!has)
		return 0;
	ret = dec_format(&text, price, err);
	return ret ? ret : json_add_str(obj, name, buf_text(&text));
}

/* Nanoseconds are beyond what canonical JSON has for numbers. */
static int
add_time(struct json_object *obj, const char *name, uint64_t real_ns)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%" PRIu64, real_ns);
	return json_add_str(obj, name, real_ns ? text : NULL);
}

int
quote_to_json(
    const struct quote *quote, struct json_object **ret_obj, struct err *err)
{
	CLEANUP_JSON struct json_object *obj = json_object_new_object();
	int ret = json_add_bool(obj, "known", quote->is_known);

	ret = ret ? ret : json_add_bool(obj, "realtime", quote->is_realtime);
	ret = ret ? ret : json_add_bool(obj, "halted", quote->is_halted);
	ret = ret ? ret
		  : json_add_bool(obj, "last_is_close", quote->last_is_close);
	ret =
	    ret ? ret : add_price(obj, "bid", quote->has_bid, &quote->bid, err);
	ret =
	    ret ? ret : add_price(obj, "ask", quote->has_ask, &quote->ask, err);
	ret = ret ? ret
		  : add_price(obj, "last", quote->has_last, &quote->last, err);
	ret = ret ? ret
		  : json_add_str(obj, "currency",
			*quote->currency ? quote->currency : NULL);
	ret = ret ? ret : add_time(obj, "source_ns", quote->source_ns);
	ret = ret ? ret : add_time(obj, "receipt_ns", quote->receipt_ns);
	if (ret == IAG_NOMEM)
		return err_set(err, ERR_OUT_OF_MEMORY, "no memory for a quote");
	if (ret == 0)
		*ret_obj = STEAL(obj);
	return ret;
}
