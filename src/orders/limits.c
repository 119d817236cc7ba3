/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Limits in the order of reference.md 7.3.  Every comparison is one of exact
 * rationals: where a quotient would decide, both sides are multiplied out.
 * What cannot be computed refuses.
 */

#include "orders/limits.h"

#include <inttypes.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/zone.h"
#include "orders/mdoc.h"

#define DAY_NS (86400 * NS_PER_S) /* of UTC, where no session is configured */

#define TEXT_ROOM 64

static const char snapshot_missing[] = "LIVE_MARKET_SNAPSHOT_MISSING";
static const char other_currency[] = "LIVE_NOTIONAL_CURRENCY_REFUSED";

struct judge {
	const struct limits_input *in;
	const struct risk_policy *policy;
	const struct order *order;
	struct verdicts *verdicts;
};

/* What one rule found; texts owned. */
struct finding {
	const char *rule, *code;
	bool passed;
	struct buf limit, actual;
	const char *advice; /* what would pass; or, where it needs numbers: */
	struct buf fix;     /* made for refusals only */
};

static void
finding_init(struct finding *finding, const struct judge *judge,
    const char *rule, const char *code)
{
	*finding = (struct finding){ .rule = rule, .code = code };
	/* most texts fit, and are then made in one go */
	(void)buf_reserve(&finding->limit, TEXT_ROOM);
	(void)buf_reserve(&finding->actual, TEXT_ROOM);
	if (judge->in->leg)
		buf_printf(&finding->actual, "%s: ", judge->in->leg);
}

static void
finding_say(struct finding *finding, const struct judge *judge)
{
	struct verdicts *verdicts = judge->verdicts;

	if (finding->limit.failed || finding->actual.failed ||
	    finding->fix.failed)
		verdicts->failed = true;
	verdicts_add(verdicts, finding->rule, finding->code, finding->passed,
	    finding->limit.len ? buf_text(&finding->limit) : NULL,
	    finding->actual.len ? buf_text(&finding->actual) : NULL,
	    finding->fix.len ? buf_text(&finding->fix) : finding->advice);
	buf_fini(&finding->limit);
	buf_fini(&finding->actual);
	buf_fini(&finding->fix);
}

/* For people: a value that has no end is not shown, and never rounded. */
static void
put_dec(struct buf *out, const struct dec *dec)
{
	if (dec_format(out, dec, NULL))
		buf_str(out, "a number with too many digits");
}

static void
put_list(struct buf *out, const struct config_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		buf_printf(out, "%s%s", i ? ", " : "", list->items[i]);
	if (list->count == 0)
		buf_str(out, "none");
}

static void
judge_enabled(const struct judge *judge)
{
	struct finding f;

	finding_init(&f, judge, "enabled", "LIVE_LIMIT_POLICY_DISABLED");
	f.passed = judge->policy->enabled;
	buf_str(&f.limit, "an enabled policy");
	buf_printf(&f.actual, "'%s' is %s", judge->policy->id,
	    f.passed ? "enabled" : "disabled");
	f.advice = "enable the policy in the configuration";
	finding_say(&f, judge);
}

static void
judge_listed(const struct judge *judge, const char *rule, const char *code,
    const struct config_list *list, const char *item)
{
	struct finding f;

	finding_init(&f, judge, rule, code);
	f.passed = item && config_list_has(list, item);
	put_list(&f.limit, list);
	buf_str(&f.actual, item ? item : "nothing");
	if (!f.passed)
		buf_printf(&f.fix, "use one of those, or add it to %s", rule);
	finding_say(&f, judge);
}

static void
judge_quantity(const struct judge *judge)
{
	CLEANUP_DEC struct dec max, quantity;
	struct finding f;

	dec_init(&max);
	dec_init(&quantity);
	if (!judge->policy->max_quantity)
		return;
	finding_init(&f, judge, "max_quantity", "LIVE_QUANTITY_LIMIT_REFUSED");
	f.passed = dec_parse(&max, judge->policy->max_quantity, NULL) == 0 &&
		   dec_parse(&quantity, judge->order->quantity, NULL) == 0 &&
		   dec_sign(&quantity) > 0 && dec_cmp(&quantity, &max) <= 0;
	buf_str(&f.limit, judge->policy->max_quantity);
	buf_str(&f.actual, judge->order->quantity);
	if (!f.passed)
		buf_printf(&f.fix, "a quantity above 0 and at most %s",
		    judge->policy->max_quantity);
	finding_say(&f, judge);
}

static bool
is_in_currency(const struct quote *quote, const struct order *order)
{
	return order->currency && strcmp(quote->currency, order->currency) == 0;
}

/*
 * What the order would meet: the ask for a buy, the bid for a sale; NULL where
 * the quote does not have it in the order's currency.
 */
static const struct dec *
opposite(const struct order *order, const struct quote *quote)
{
	bool is_buy = order->side == IAG_SIDE_BUY;
	const struct dec *price;

	if (!quote || !quote->is_known || !is_in_currency(quote, order) ||
	    !(is_buy ? quote->has_ask : quote->has_bid))
		return NULL;
	price = is_buy ? &quote->ask : &quote->bid;
	return dec_sign(price) > 0 ? price : NULL;
}

/* Where a trailing stop of a purchase starts: at a price plus its offset. */
static bool
trail(const struct order *order, const struct dec *from, struct dec *ret_price)
{
	CLEANUP_DEC struct dec offset, hundred;

	dec_init(&offset);
	dec_init(&hundred);
	if (order->trailing_amount) {
		if (dec_parse(&offset, order->trailing_amount, NULL))
			return false;
	} else {
		if (!order->trailing_percent ||
		    dec_parse(&offset, order->trailing_percent, NULL))
			return false;
		(void)dec_set_int(&hundred, 100);
		dec_mul(&offset, &offset, from);
		(void)dec_div(&offset, &offset, &hundred, NULL);
	}
	if (dec_sign(&offset) <= 0)
		return false;
	dec_add(ret_price, from, &offset);
	return true;
}

/*
 * The price that an order without a limit is held at: the worse, for the
 * limit, of trigger and opposite quote, so the larger one on both sides
 * (ruling 10).
 */
static bool
worst_price(
    const struct order *order, const struct quote *quote, struct dec *ret_price)
{
	const struct dec *met = opposite(order, quote);

	if (!met)
		return false;
	if (order->type == IAG_TYPE_TRAILING_STOP) {
		if (!trail(order, met, ret_price))
			return false;
		if (order->side == IAG_SIDE_SELL)
			dec_set(ret_price, met);
		return true;
	}
	if (!order->stop_price || dec_parse(ret_price, order->stop_price, NULL))
		return false;
	if (dec_cmp(ret_price, met) < 0)
		dec_set(ret_price, met);
	return true;
}

/* How many would pass at this price. */
static void
put_quantity(struct buf *out, const struct order *order, const struct dec *max,
    const struct dec *notional)
{
	CLEANUP_DEC struct dec fits;
	mpz_t whole;

	dec_init(&fits);
	if (dec_sign(notional) <= 0 || dec_parse(&fits, order->quantity, NULL))
		return;
	dec_mul(&fits, &fits, max);
	(void)dec_div(&fits, &fits, notional, NULL);
	mpz_init(whole);
	mpz_fdiv_q(whole, mpq_numref(fits.value), mpq_denref(fits.value));
	if (mpz_sgn(whole) == 0) {
		buf_str(out, "a lower price: at this one not even one passes");
	} else if (mpz_sizeinbase(whole, 10) <= 20) {
		char text[24];

		buf_printf(out, "at this price a quantity of at most %s",
		    mpz_get_str(text, 10, whole));
	}
	mpz_clear(whole);
}

/* Ruling 10: what one contract is worth must be known. */
static void
judge_multiplier(const struct judge *judge)
{
	struct finding f;

	if (order_is_measurable(judge->order))
		return;
	finding_init(&f, judge, "multiplier", "LIVE_NOTIONAL_LIMIT_REFUSED");
	buf_str(&f.limit, "a contract whose multiplier is known");
	buf_printf(&f.actual, "%s without a multiplier",
	    judge->order->asset_class ? judge->order->asset_class : "nothing");
	f.advice = "only stock and etf pass without a multiplier";
	finding_say(&f, judge);
}

bool
limits_worth(const struct order *order, const struct quote *quote,
    struct dec *ret_notional)
{
	CLEANUP_DEC struct dec price;

	dec_init(&price);
	return (order->limit_price || worst_price(order, quote, &price)) &&
	       order_notional(order, &price, ret_notional, NULL) == 0;
}

/* What the order itself must say before its worth can be told, or NULL. */
static const char *
price_needed(const struct order *order)
{
	switch (order->type) {
	case IAG_TYPE_LIMIT:
	case IAG_TYPE_STOP_LIMIT:
		return order->limit_price ? NULL
					  : "give a limit price: what the "
					    "order is worth follows from it";
	case IAG_TYPE_STOP:
		return order->stop_price ? NULL
					 : "give a stop price: what the order "
					   "is worth follows from it";
	default:
		return NULL;
	}
}

/* *ret_code: why it cannot be told. */
static bool
notional_of(
    const struct judge *judge, struct dec *ret_notional, const char **ret_code)
{
	const struct order *order = judge->order;
	CLEANUP_DEC struct dec price;

	dec_init(&price);
	if (limits_worth(order, judge->in->quote, ret_notional))
		return true;
	*ret_code = order->limit_price || price_needed(order) ||
			    worst_price(order, judge->in->quote, &price)
			? "LIVE_NOTIONAL_LIMIT_REFUSED"
			: snapshot_missing;
	return false;
}

static void
judge_notional(const struct judge *judge)
{
	const char *currency = judge->policy->max_notional_currency;
	CLEANUP_DEC struct dec max, notional;
	struct finding f;

	dec_init(&max);
	dec_init(&notional);
	if (!judge->policy->max_notional_amount)
		return;
	finding_init(&f, judge, "max_notional", "LIVE_NOTIONAL_LIMIT_REFUSED");
	buf_printf(
	    &f.limit, "%s %s", judge->policy->max_notional_amount, currency);
	if (strcmp(currency, judge->order->currency) != 0) {
		f.code = other_currency;
		buf_printf(&f.actual, "an order in %s", judge->order->currency);
		buf_printf(&f.fix, "an order in %s, or a policy in %s",
		    currency, judge->order->currency);
	} else if (!notional_of(judge, &notional, &f.code) ||
		   dec_parse(&max, judge->policy->max_notional_amount, NULL)) {
		buf_str(&f.actual, "cannot be computed");
		f.advice = price_needed(judge->order);
		if (!f.advice)
			f.advice = f.code == snapshot_missing
				       ? "try again when there is a quote"
				       : "a contract whose multiplier is known";
	} else {
		f.passed =
		    dec_sign(&notional) > 0 && dec_cmp(&notional, &max) <= 0;
		put_dec(&f.actual, &notional);
		buf_printf(&f.actual, " %s", currency);
		if (!f.passed)
			put_quantity(&f.fix, judge->order, &max, &notional);
	}
	finding_say(&f, judge);
}

static bool
needs_quote(const struct risk_policy *policy)
{
	return policy->max_price_deviation_bps || policy->max_quote_age_seconds;
}

/* True if there is a row to go on with. */
static bool
judge_snapshot(const struct judge *judge)
{
	const struct quote *quote = judge->in->quote;
	struct finding f;

	if (!needs_quote(judge->policy))
		return false;
	finding_init(&f, judge, "market_snapshot", snapshot_missing);
	f.passed = quote && quote->is_known;
	buf_str(&f.limit, "a row of the market");
	buf_str(&f.actual, f.passed ? "one" : "none");
	f.advice = "try again when the broker gives a quote";
	finding_say(&f, judge);
	return quote && quote->is_known;
}

static void
judge_age(const struct judge *judge)
{
	uint64_t max_s = judge->policy->max_quote_age_seconds;
	uint64_t age_ns;
	struct finding f;

	if (max_s == 0)
		return;
	age_ns = quote_age_ns(judge->in->quote, judge->in->now_ns);
	finding_init(&f, judge, "max_quote_age_seconds", "LIVE_STALE_QUOTE");
	f.passed = age_ns <= max_s * NS_PER_S;
	buf_printf(&f.limit, "%" PRIu64 " s", max_s);
	if (age_ns == UINT64_MAX)
		buf_str(&f.actual, "a quote without its time");
	else
		buf_printf(&f.actual, "%" PRIu64 ".%03" PRIu64 " s",
		    age_ns / NS_PER_S, age_ns % NS_PER_S / NS_PER_MS);
	f.advice = "try again with a newer quote";
	finding_say(&f, judge);
}

/* Mid of bid and ask, else last; of a real-time row that is not halted. */
static bool
reference(
    const struct quote *quote, const struct order *order, struct dec *ret_price)
{
	CLEANUP_DEC struct dec two;

	dec_init(&two);
	if (!quote->is_realtime || quote->is_halted ||
	    !is_in_currency(quote, order))
		return false;
	if (quote->has_bid && quote->has_ask && dec_sign(&quote->bid) > 0 &&
	    dec_sign(&quote->ask) > 0) {
		(void)dec_set_int(&two, 2);
		dec_add(ret_price, &quote->bid, &quote->ask);
		return dec_div(ret_price, ret_price, &two, NULL) == 0;
	}
	if (!quote->has_last || quote->last_is_close)
		return false;
	dec_set(ret_price, &quote->last);
	return dec_sign(ret_price) > 0;
}

/* |price - from| x 10000 <= bps x from */
static bool
is_near(const struct dec *price, const struct dec *from, uint32_t bps)
{
	CLEANUP_DEC struct dec away, allowed, factor;

	dec_init(&away);
	dec_init(&allowed);
	dec_init(&factor);
	dec_sub(&away, price, from);
	dec_abs(&away);
	(void)dec_set_int(&factor, 10000);
	dec_mul(&away, &away, &factor);
	(void)dec_set_int(&factor, bps);
	dec_mul(&allowed, from, &factor);
	return dec_cmp(&away, &allowed) <= 0;
}

/* Prices that the order states; a trailing stop starts its offset away. */
static bool
prices_near(const struct order *order, const struct dec *from, uint32_t bps)
{
	CLEANUP_DEC struct dec price;

	dec_init(&price);
	if (order->type == IAG_TYPE_TRAILING_STOP)
		return trail(order, from, &price) && is_near(&price, from, bps);
	if (!order->limit_price && !order->stop_price)
		return false;
	if (order->limit_price &&
	    (dec_parse(&price, order->limit_price, NULL) ||
		!is_near(&price, from, bps)))
		return false;
	return !order->stop_price ||
	       (dec_parse(&price, order->stop_price, NULL) == 0 &&
		   is_near(&price, from, bps));
}

/* from x (10000 + bps) / 10000 */
static void
put_edge(struct buf *out, const struct dec *from, int64_t bps)
{
	CLEANUP_DEC struct dec edge, factor;

	dec_init(&edge);
	dec_init(&factor);
	(void)dec_set_int(&factor, 10000 + bps);
	dec_mul(&edge, from, &factor);
	(void)dec_set_int(&factor, 10000);
	(void)dec_div(&edge, &edge, &factor, NULL);
	edge.scale = from->scale;
	put_dec(out, &edge);
}

static void
put_range(struct buf *out, const struct dec *from, uint32_t bps)
{
	buf_str(out, "a price from ");
	put_edge(out, from, -(int64_t)bps);
	buf_str(out, " to ");
	put_edge(out, from, bps);
}

static void
put_prices(struct buf *out, const struct order *order)
{
	const struct {
		const char *name, *text, *unit;
	} prices[] = {
		{ "limit ", order->limit_price, "" },
		{ "stop ", order->stop_price, "" },
		{ "offset ", order->trailing_amount, "" },
		{ "offset ", order->trailing_percent, " %" },
	};
	const char *comma = "";

	for (size_t i = 0; i < ARRAY_COUNT(prices); i++) {
		if (!prices[i].text)
			continue;
		buf_printf(out, "%s%s%s%s", comma, prices[i].name,
		    prices[i].text, prices[i].unit);
		comma = ", ";
	}
}

static void
judge_collar(const struct judge *judge)
{
	uint32_t bps = judge->policy->max_price_deviation_bps;
	const struct order *order = judge->order;
	CLEANUP_DEC struct dec from;
	struct finding f;

	dec_init(&from);
	if (bps == 0)
		return;
	finding_init(
	    &f, judge, "max_price_deviation_bps", "LIVE_PRICE_COLLAR_REFUSED");
	buf_printf(&f.limit, "%" PRIu32 " bps", bps);
	if (!reference(judge->in->quote, order, &from)) {
		f.code = snapshot_missing;
		buf_str(&f.limit, " of a reference price");
		buf_str(&f.actual, "no real-time reference price");
		f.advice = "try again when there are bid and ask";
	} else {
		f.passed = prices_near(order, &from, bps);
		buf_str(&f.limit, " of ");
		put_dec(&f.limit, &from);
		put_prices(&f.actual, order);
		if (!f.passed)
			put_range(&f.fix, &from, bps);
	}
	finding_say(&f, judge);
}

static void
judge_count(const struct judge *judge, const char *rule, const char *code,
    uint64_t max, uint64_t before, const char *fix)
{
	struct finding f;

	if (max == 0 || judge->in->is_modify)
		return;
	finding_init(&f, judge, rule, code);
	before += judge->in->legs_before;
	f.passed = before < max;
	buf_printf(&f.limit, "%" PRIu64 " orders", max);
	buf_printf(&f.actual, "%" PRIu64 " before this one", before);
	f.advice = fix;
	finding_say(&f, judge);
}

bool
limits_notional(const struct order *order, struct dec *ret_notional)
{
	return order->limit_price &&
	       order_notional(order, NULL, ret_notional, NULL) == 0;
}

/* What the session would hold with this order, which is worth own. */
static void
session_total(
    const struct judge *judge, const struct dec *own, struct dec *ret_total)
{
	const struct limits_input *in = judge->in;

	dec_set(ret_total, own);
	if (in->is_modify && in->notional_held) {
		dec_sub(ret_total, ret_total, in->notional_held);
		if (dec_sign(ret_total) < 0)
			(void)dec_set_int(ret_total, 0);
	}
	if (in->notional_before)
		dec_add(ret_total, ret_total, in->notional_before);
	dec_add(ret_total, ret_total, &in->count->notional);
}

static void
put_left(struct buf *out, const struct dec *max, const struct dec *total,
    const struct dec *order, const char *currency)
{
	CLEANUP_DEC struct dec left;

	dec_init(&left);
	dec_sub(&left, total, order);
	dec_sub(&left, max, &left);
	if (dec_sign(&left) <= 0) {
		buf_str(out, "wait for the next session");
		return;
	}
	buf_str(out, "an order of at most ");
	put_dec(out, &left);
	buf_printf(out, " %s, or wait for the next session", currency);
}

static void
judge_session_notional(const struct judge *judge)
{
	const char *max_text = judge->policy->session_max_notional_amount;
	const char *currency = judge->policy->session_max_notional_currency;
	CLEANUP_DEC struct dec max, total, own;
	struct finding f;

	dec_init(&max);
	dec_init(&total);
	dec_init(&own);
	if (!max_text || !judge->order->limit_price)
		return;
	finding_init(&f, judge, "session_limit.max_session_notional",
	    "LIVE_SESSION_NOTIONAL_LIMIT_REFUSED");
	buf_printf(&f.limit, "%s %s", max_text, currency);
	if (strcmp(currency, judge->order->currency) != 0) {
		f.code = other_currency;
		buf_printf(&f.actual, "an order in %s", judge->order->currency);
		buf_printf(&f.fix, "an order in %s, or a policy in %s",
		    currency, judge->order->currency);
	} else if (dec_parse(&max, max_text, NULL) ||
		   !limits_notional(judge->order, &own)) {
		buf_str(&f.actual, "cannot be computed");
		f.advice = "a contract whose multiplier is known";
	} else {
		session_total(judge, &own, &total);
		f.passed = dec_sign(&own) > 0 && dec_cmp(&total, &max) <= 0;
		put_dec(&f.actual, &total);
		buf_printf(&f.actual, " %s with this order", currency);
		if (!f.passed)
			put_left(&f.fix, &max, &total, &own, currency);
	}
	finding_say(&f, judge);
}

/* Has the market gone through the stop, by quote or by last trade? */
static bool
is_triggered(const struct order *order, const struct dec *stop,
    const struct dec *met, const struct quote *quote)
{
	int side = order->side == IAG_SIDE_BUY ? 1 : -1;

	if (dec_cmp(met, stop) * side >= 0)
		return true;
	return quote->has_last && !quote->last_is_close &&
	       dec_cmp(&quote->last, stop) * side >= 0;
}

static void
trigger_say(const struct judge *judge)
{
	const struct order *order = judge->order;
	const struct dec *met = opposite(order, judge->in->quote);
	CLEANUP_DEC struct dec stop;
	struct finding f;

	dec_init(&stop);
	if (order->type != IAG_TYPE_STOP)
		return;
	finding_init(&f, judge, "stop_price", "ORDER_MARKET_TYPE_REFUSED");
	buf_printf(&f.limit, "%s the market",
	    order->side == IAG_SIDE_BUY ? "above" : "below");
	if (!order->stop_price || dec_parse(&stop, order->stop_price, NULL)) {
		buf_str(&f.actual, "no stop price");
	} else if (!met) {
		f.code = snapshot_missing;
		f.passed = order->mode == IAG_MODE_PAPER;
		buf_printf(&f.actual, "%s, and no quote", order->stop_price);
		f.advice = "try again when there is a quote";
	} else {
		f.passed = !is_triggered(order, &stop, met, judge->in->quote);
		buf_printf(&f.actual, "%s, quoted ", order->stop_price);
		put_dec(&f.actual, met);
		f.advice = "a stop that the market has not reached: this "
			   "one would be a market order";
	}
	finding_say(&f, judge);
}

void
limits_trigger(const struct order *order, const struct quote *quote,
    struct verdicts *verdicts)
{
	const struct limits_input in = { .order = order, .quote = quote };
	const struct judge judge = {
		.in = &in,
		.order = order,
		.verdicts = verdicts,
	};

	trigger_say(&judge);
}

void
limits_judge(const struct limits_input *input, struct verdicts *verdicts)
{
	const struct risk_policy *policy = input->policy;
	const struct order *order = input->order;
	const struct judge judge = {
		.in = input,
		.policy = policy,
		.order = order,
		.verdicts = verdicts,
	};

	judge_enabled(&judge);
	judge_listed(&judge, "allowed_symbols", "LIVE_SYMBOL_REFUSED",
	    &policy->allowed_symbols, order->symbol);
	judge_listed(&judge, "allowed_asset_classes",
	    "LIVE_ASSET_CLASS_REFUSED", &policy->allowed_asset_classes,
	    order->asset_class);
	judge_quantity(&judge);
	judge_multiplier(&judge);
	judge_notional(&judge);
	if (judge_snapshot(&judge)) {
		judge_age(&judge);
		judge_collar(&judge);
	}
	trigger_say(&judge);
	judge_count(&judge, "frequency_limit", "LIVE_FREQUENCY_LIMIT_REFUSED",
	    policy->window_max_orders, input->count->in_window,
	    "wait until orders have left the window");
	judge_count(&judge, "session_limit.max_orders_per_session",
	    "LIVE_SESSION_ORDER_LIMIT_REFUSED", policy->session_max_orders,
	    input->count->in_session, "wait for the next session");
	judge_session_notional(&judge);
}

int
limits_span(const struct risk_policy *policy, uint64_t now_ns,
    struct limits_span *ret_span, struct err *err)
{
	struct limits_span span = {
		.session_ns = now_ns - now_ns % DAY_NS,
		.window_ns = UINT64_MAX,
	};
	uint64_t window_ns;
	int ret = 0;

	if (policy && policy->session_timezone && policy->session_starts_at)
		ret = zone_session_start(policy->session_timezone,
		    policy->session_starts_at, now_ns, &span.session_ns, err);
	if (ret)
		return ret;
	if (policy && policy->window_max_orders) {
		window_ns = policy->window_seconds * NS_PER_S;
		span.window_ns = now_ns > window_ns ? now_ns - window_ns : 0;
	}
	*ret_span = span;
	return 0;
}

const struct risk_policy *
limits_policy(const struct config *config, const char *id)
{
	for (size_t i = 0; id && i < config->policy_count; i++) {
		if (strcmp(config->policies[i].id, id) == 0)
			return &config->policies[i];
	}
	return NULL;
}

static int
add_decimal(struct json_object *obj, const char *name, const char *text)
{
	CLEANUP_BUF struct buf normal = BUF_INIT;
	CLEANUP_DEC struct dec dec;

	dec_init(&dec);
	if (!text)
		return 0;
	/* configuration has checked it; what it is not, differs all the same */
	if (dec_parse(&dec, text, NULL) ||
	    dec_format_normal(&normal, &dec, NULL))
		return json_add_str(obj, name, text);
	return json_add_str(obj, name, buf_text(&normal));
}

static int
add_list(
    struct json_object *obj, const char *name, const struct config_list *list)
{
	struct json_object *array = json_object_new_array();

	for (size_t i = 0; array && i < list->count; i++) {
		struct json_object *item =
		    json_object_new_string(list->items[i]);

		if (!item || json_object_array_add(array, item)) {
			(void)json_object_put(item);
			(void)json_object_put(array);
			return IAG_NOMEM;
		}
	}
	return array ? json_add(obj, name, array) : IAG_NOMEM;
}

static int
policy_json(struct json_object *obj, const struct risk_policy *policy)
{
	int ret = json_add_str(obj, "id", policy->id);

	ret |= json_add_bool(obj, "enabled", policy->enabled);
	ret |= add_decimal(
	    obj, "max_notional_amount", policy->max_notional_amount);
	ret |= json_add_str(
	    obj, "max_notional_currency", policy->max_notional_currency);
	ret |= add_decimal(obj, "max_quantity", policy->max_quantity);
	ret |= add_list(obj, "allowed_symbols", &policy->allowed_symbols);
	ret |= add_list(
	    obj, "allowed_asset_classes", &policy->allowed_asset_classes);
	ret |=
	    json_add_int(obj, "window_max_orders", policy->window_max_orders);
	ret |= json_add_int(obj, "window_seconds", policy->window_seconds);
	ret |=
	    json_add_int(obj, "session_max_orders", policy->session_max_orders);
	ret |= add_decimal(obj, "session_max_notional_amount",
	    policy->session_max_notional_amount);
	ret |= json_add_str(obj, "session_max_notional_currency",
	    policy->session_max_notional_currency);
	ret |= json_add_str(obj, "session_timezone", policy->session_timezone);
	ret |=
	    json_add_str(obj, "session_starts_at", policy->session_starts_at);
	ret |= json_add_int(
	    obj, "max_price_deviation_bps", policy->max_price_deviation_bps);
	ret |= json_add_int(
	    obj, "max_quote_age_seconds", policy->max_quote_age_seconds);
	return ret;
}

int
limits_digest(const struct risk_policy *policy, char ret_hex[HASH_HEX_SIZE],
    struct err *err)
{
	CLEANUP_JSON struct json_object *obj = json_object_new_object();
	CLEANUP_BUF struct buf text = BUF_INIT;
	uint8_t digest[HASH_SIZE];
	int ret;

	if (policy_json(obj, policy))
		return err_set(err, ERR_OUT_OF_MEMORY,
		    "no memory for the digest of a policy");
	ret = json_canon(&text, obj, err);
	if (ret)
		return ret;
	hash_sha256(text.data, text.len, digest);
	hash_hex(digest, ret_hex);
	return 0;
}

/* For people; a test holds it against what limits_judge() says. */
static const struct {
	const char *rule, *codes, *about;
} rules[] = {
	{ "enabled", "LIVE_LIMIT_POLICY_DISABLED", "The policy is enabled." },
	{ "allowed_symbols", "LIVE_SYMBOL_REFUSED",
	    "The symbol is in the list, letter for letter." },
	{ "allowed_asset_classes", "LIVE_ASSET_CLASS_REFUSED",
	    "The asset class is in the list." },
	{ "max_quantity", "LIVE_QUANTITY_LIMIT_REFUSED",
	    "The quantity is at most this; of a modify, the total." },
	{ "multiplier", "LIVE_NOTIONAL_LIMIT_REFUSED",
	    "The contract's multiplier is known; only stock and etf need "
	    "none." },
	{ "max_notional",
	    "LIVE_NOTIONAL_LIMIT_REFUSED LIVE_NOTIONAL_CURRENCY_REFUSED "
	    "LIVE_MARKET_SNAPSHOT_MISSING",
	    "The order's notional is at most this, in the order's currency." },
	{ "market_snapshot", "LIVE_MARKET_SNAPSHOT_MISSING",
	    "Where a collar or a quote's age is configured: there is a row of "
	    "the market." },
	{ "max_quote_age_seconds", "LIVE_STALE_QUOTE",
	    "The larger of the quote's source age and receipt age is at most "
	    "this, at the time of judgement." },
	{ "max_price_deviation_bps",
	    "LIVE_PRICE_COLLAR_REFUSED LIVE_MARKET_SNAPSHOT_MISSING",
	    "Each price of the order is at most this far from the reference: "
	    "the middle of bid and ask of a real-time row that is not halted, "
	    "else its last trade." },
	{ "stop_price",
	    "ORDER_MARKET_TYPE_REFUSED LIVE_MARKET_SNAPSHOT_MISSING",
	    "A stop is one that the market has not reached: else it would be a "
	    "market order." },
	{ "frequency_limit", "LIVE_FREQUENCY_LIMIT_REFUSED",
	    "Fewer than max_orders were sent, or may have been, in the last "
	    "window_seconds.  A modify is not counted." },
	{ "session_limit.max_orders_per_session",
	    "LIVE_SESSION_ORDER_LIMIT_REFUSED",
	    "Fewer than this many were sent, or may have been, in the session. "
	    " A modify is not counted." },
	{ "session_limit.max_session_notional",
	    "LIVE_SESSION_NOTIONAL_LIMIT_REFUSED "
	    "LIVE_NOTIONAL_CURRENCY_REFUSED",
	    "The session's notional with this order is at most this; orders "
	    "without a limit price are not added, a modify adds its "
	    "increase." },
};

void
limits_manual(struct buf *out)
{
	for (size_t i = 0; i < ARRAY_COUNT(rules); i++) {
		const char *code = rules[i].codes;

		buf_printf(out, ".It Cm %s\n", rules[i].rule);
		mdoc_text(out, rules[i].about);
		buf_str(out, "Refuses with\n");
		for (const char *mark = ""; *code; mark = "or\n") {
			size_t len = strcspn(code, " ");

			buf_printf(out, "%s.Li %.*s\n", mark, (int)len, code);
			code += len + strspn(code + len, " ");
		}
	}
}
