/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * What judging costs: all gates and limits of one live order without I/O, and
 * the limits with their counts from a store, after a long history against
 * after a short one.  IAG_BENCH_ORDERS sets the long one (default 1,000,000).
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "../unit/journal-kit.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "figure.h"
#include "ibkr-agent/writer.h"
#include "journal/core.h"
#include "orders/gates.h"
#include "orders/limits.h"

#define ACCOUNT "U1234567"
#define SHORT_ORDERS 1000u
#define STEP_ORDERS 2000u /* of history, in one transaction */
#define SESSION_ORDERS 20u
#define SAMPLES 20001u
#define STORE_SAMPLES 2001u

static uint64_t samples[SAMPLES], others[STORE_SAMPLES];

static uint64_t
now_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

static void
must(bool fine, const char *what)
{
	if (fine)
		return;
	(void)fprintf(stderr, "bench-gates: %s failed\n", what);
	exit(1);
}

static int
compare(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return (left > right) - (left < right);
}

static double
median_us(uint64_t *times, size_t count)
{
	qsort(times, count, sizeof(*times), compare);
	count /= 2;
	return (double)times[count] / 1000;
}

/* Every limit is configured, every gate is there, all pass. */
static struct risk_policy policy = {
	.id = (char *)"bench",
	.enabled = true,
	.max_notional_amount = (char *)"100000.00",
	.max_notional_currency = (char *)"USD",
	.max_quantity = (char *)"1000",
	.window_max_orders = 1000000,
	.window_seconds = 300,
	.session_max_orders = 1000000,
	.session_max_notional_amount = (char *)"1000000.00",
	.session_max_notional_currency = (char *)"USD",
	.max_price_deviation_bps = 500,
	.max_quote_age_seconds = 3600,
};

static const struct order order = {
	.mode = IAG_MODE_LIVE,
	.side = IAG_SIDE_BUY,
	.type = IAG_TYPE_LIMIT,
	.tif = IAG_TIF_DAY,
	.account = (char *)ACCOUNT,
	.contract_id = (char *)"265598",
	.symbol = (char *)"AAPL",
	.asset_class = (char *)"stock",
	.currency = (char *)"USD",
	.quantity = (char *)"10",
	.limit_price = (char *)"199.55",
};

static const struct gate_facts facts = {
	.operation = OPERATION_SUBMIT,
	.mode = IAG_MODE_LIVE,
	.switch_state = SWITCH_OPEN,
	.feature_on = true,
	.writer_allowed = true,
	.writer = "local-candidate",
	.live_activated = true,
	.separate_uid = true,
	.clock_sound = true,
	.reconciled = true,
	.account_allowed = true,
	.account_mode = IAG_MODE_LIVE,
	.missing_items = "",
	.key_valid = true,
	.preview_found = true,
	.preview_fresh = true,
	.preview_same_account = true,
	.preview_id = "01890a5d-ac96-774b-bcce-b302099a8057",
	.approval = APPROVAL_FITS,
	.approval_id = "01890a5d-ac96-774b-bcce-b302099a8058",
	.policy_needed = true,
	.policy_found = true,
	.policy_id = "bench",
	.journal_writable = true,
};

static void
quote_make(struct quote *quote, uint64_t at_ns)
{
	quote_init(quote);
	quote->is_known = quote->is_realtime = true;
	quote->has_bid = quote->has_ask = true;
	must(dec_parse(&quote->bid, "199.50", NULL) == 0 &&
		 dec_parse(&quote->ask, "199.60", NULL) == 0,
	    "quote");
	memcpy(quote->currency, "USD", sizeof("USD"));
	quote->source_ns = quote->receipt_ns = at_ns;
}

static void
judge(const struct quote *quote, const struct activity_count *count,
    uint64_t at_ns)
{
	CLEANUP_VERDICTS struct verdicts limits = VERDICTS_INIT;
	CLEANUP_VERDICTS struct verdicts verdicts = VERDICTS_INIT;
	const struct limits_input input = {
		.policy = &policy,
		.order = &order,
		.quote = quote,
		.count = count,
		.now_ns = at_ns,
	};

	limits_judge(&input, &limits);
	must(gates_judge(&facts, &limits, &verdicts) == ERR_NONE, "judge");
}

static void
bench_pure(void)
{
	struct activity_count count;
	struct quote quote;
	uint64_t at_ns = clock_real_ns();

	quote_make(&quote, at_ns);
	activity_count_init(&count);
	count.in_window = count.in_session = 17;
	must(dec_parse(&count.notional, "33923.50", NULL) == 0, "count");
	for (size_t i = 0; i < SAMPLES; i++) {
		uint64_t begun = now_ns();

		judge(&quote, &count, at_ns);
		samples[i] = now_ns() - begun;
	}
	report_figure("all gates and limits of an order, median us",
	    median_us(samples, SAMPLES), "<=", 20);
	activity_count_fini(&count);
	quote_fini(&quote);
}

/* Rows of activity in one transaction. */
struct fill {
	const char *hash;
	uint64_t first_ns;
	uint64_t apart_ns;
	size_t count;
};

static int
fill_step(struct journal_txn *txn, void *arg, struct err *err)
{
	static const struct audit_event event = {
		.event_type = "live_order_lifecycle_changed",
		.principal = "local:bench",
		.principal_kind = "operator",
		.decision = "allow",
		.result_status = "completed",
	};
	static const struct activity_order reserved = { "1995.5", "USD",
		false };
	const struct fill *fill = arg;
	uint64_t sequence;
	int ret = 0;

	for (size_t i = 0; ret == 0 && i < fill->count; i++)
		ret = activity_reserve(txn, fill->hash,
		    fill->first_ns + i * fill->apart_ns, &reserved, &sequence,
		    err);
	return ret ? ret : txn_audit(txn, &event, err);
}

struct history {
	struct kit kit;
	char hash[HASH_HEX_SIZE];
	struct limits_span span;
	uint64_t now_ns;
	struct quote quote;
};

static int
now_step(struct journal_txn *txn, void *arg, struct err *err)
{
	(void)err;
	*(uint64_t *)arg = txn_now_ns(txn);
	return 0;
}

static void
fill_one(struct history *history, struct fill *fill)
{
	must(journal_update(
		 history->kit.journal, NULL, fill_step, fill, NULL) == 0,
	    "fill");
}

/* Orders of earlier sessions, a second apart; then some of this one. */
static void
history_init(struct history *history, uint64_t orders)
{
	struct fill fill = { .hash = history->hash };

	memset(history, 0, sizeof(*history));
	kit_init(&history->kit);
	kit_open(&history->kit, JOURNAL_WRITE);
	journal_account_hash(history->kit.journal, ACCOUNT, history->hash);
	must(journal_view(
		 history->kit.journal, now_step, &history->now_ns, NULL) == 0 &&
		 limits_span(&policy, history->now_ns, &history->span, NULL) ==
		     0,
	    "span");
	fill.apart_ns = NS_PER_S;
	fill.first_ns = history->span.session_ns - (1000 + orders) * NS_PER_S;
	for (; orders > 0; orders -= fill.count) {
		fill.count = orders < STEP_ORDERS ? orders : STEP_ORDERS;
		fill_one(history, &fill);
		fill.first_ns += fill.count * NS_PER_S;
	}
	fill.count = 1;
	for (uint64_t i = SESSION_ORDERS; i-- > 0;) {
		fill.first_ns = history->now_ns - i;
		fill_one(history, &fill);
	}
	quote_make(&history->quote, history->now_ns);
}

static void
history_fini(struct history *history)
{
	quote_fini(&history->quote);
	kit_fini(&history->kit);
}

static int
judge_step(struct journal_txn *txn, void *arg, struct err *err)
{
	struct history *history = arg;
	struct activity_count count;
	int ret;

	activity_count_init(&count);
	ret = activity_count(txn, history->hash, history->span.session_ns,
	    history->span.window_ns, "USD", &count, err);
	must(ret || count.in_session == SESSION_ORDERS, "count");
	if (ret == 0)
		judge(&history->quote, &count, history->now_ns);
	activity_count_fini(&count);
	return ret;
}

static uint64_t
judge_ns(struct history *history)
{
	uint64_t begun = now_ns();

	must(journal_view(history->kit.journal, judge_step, history, NULL) == 0,
	    "view");
	return now_ns() - begun;
}

/* By turns, so that what else the machine does hits both alike. */
static void
bench_history(uint64_t orders)
{
	struct history shorter, longer;
	double few, many;

	history_init(&shorter, SHORT_ORDERS);
	history_init(&longer, orders);
	for (size_t i = 0; i < STORE_SAMPLES; i++) {
		samples[i] = judge_ns(&shorter);
		others[i] = judge_ns(&longer);
	}
	few = median_us(samples, STORE_SAMPLES);
	many = median_us(others, STORE_SAMPLES);
	(void)printf("with counts from the store, %u orders in the session: "
		     "%.1f us after %u, %.1f us after %llu\n",
	    SESSION_ORDERS, few, SHORT_ORDERS, many,
	    (unsigned long long)orders);
	report_figure(
	    "the same, long history : short history", many / few, "<=", 1.5);
	history_fini(&longer);
	history_fini(&shorter);
}

int
main(void)
{
	const char *symbols[] = { "AAPL", "MSFT" }, *classes[] = { "stock" };
	const char *text = getenv("IAG_BENCH_ORDERS");
	uint64_t orders = text ? strtoull(text, NULL, 10) : 1000000;

	must(orders >= SHORT_ORDERS, "IAG_BENCH_ORDERS of at least 1000");
	must(
	    config_list_set(&policy.allowed_symbols, symbols, 2) == 0 &&
		config_list_set(&policy.allowed_asset_classes, classes, 1) == 0,
	    "policy");
	bench_pure();
	bench_history(orders);
	return 0;
}
