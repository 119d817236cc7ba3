/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * A verdict's rule is the name of the argument that it is about; that is how
 * shape_judge() knows what shape_read() has refused already.
 */

#include "orders/shape.h"

#include <ctype.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"

#define TYPE_BIT(type) (1u << (type))

/* Codes of the shape; all others are of policy. */
static const char *const shape_codes[] = {
	"ORDER_ACCOUNT_REQUIRED",
	"ORDER_BRACKET_PRICES_REFUSED",
	"ORDER_CURRENCY_INVALID",
	"ORDER_DECIMAL_INVALID",
	"ORDER_LIMIT_PRICE_FORBIDDEN",
	"ORDER_LIMIT_PRICE_INVALID",
	"ORDER_LIMIT_PRICE_REQUIRED",
	"ORDER_PRICE_INCREMENT_REFUSED",
	"ORDER_QUANTITY_REQUIRED",
	"ORDER_SIDE_INVALID",
	"ORDER_STOP_PRICE_FORBIDDEN",
	"ORDER_STOP_PRICE_INVALID",
	"ORDER_STOP_PRICE_REQUIRED",
	"ORDER_SYMBOL_REQUIRED",
	"ORDER_TIME_IN_FORCE_INVALID",
	"ORDER_TRAILING_OFFSET_FORBIDDEN",
	"ORDER_TRAILING_OFFSET_INVALID",
	"ORDER_TRAILING_OFFSET_REQUIRED",
	"ORDER_TYPE_INVALID",
};

enum err_code
shape_code(const struct verdicts *verdicts)
{
	if (verdicts_pass(verdicts))
		return ERR_NONE;
	for (size_t i = 0; i < verdicts->count; i++) {
		const struct verdict *verdict = &verdicts->items[i];

		for (size_t j = 0; j < ARRAY_COUNT(shape_codes); j++) {
			if (!verdict->passed &&
			    strcmp(verdict->code, shape_codes[j]) == 0)
				return ERR_ORDER_VALIDATION_FAILED;
		}
	}
	return ERR_ORDER_POLICY_REFUSED;
}

static bool
is_refused(const struct verdicts *verdicts, const char *rule)
{
	for (size_t i = 0; i < verdicts->count; i++) {
		if (!verdicts->items[i].passed &&
		    strcmp(verdicts->items[i].rule, rule) == 0)
			return true;
	}
	return false;
}

/* One reading of arguments. */
struct reading {
	struct json_object *arguments;
	struct verdicts *verdicts;
	struct err *err;
	int ret; /* sticky */
};

static char *
take_text(struct reading *r, const char *text)
{
	char *copy = text && !r->ret ? strdup(text) : NULL;

	if (text && !copy && !r->ret)
		r->ret = err_set(
		    r->err, ERR_OUT_OF_MEMORY, "no memory for an order");
	return copy;
}

static bool
is_blank(const char *text)
{
	return text[strspn(text, " \t\r\n")] == '\0';
}

static char *
read_text(struct reading *r, const char *name)
{
	const char *text = json_get_str(r->arguments, name, NULL);

	return take_text(r, text && !is_blank(text) ? text : NULL);
}

static char *
read_needed(struct reading *r, const char *name, const char *code)
{
	char *text = read_text(r, name);

	verdicts_add(r->verdicts, name, code, text || r->ret, "a value", text,
	    "name it");
	return text;
}

static uint32_t
read_word(struct reading *r, const char *name, const char *code,
    uint32_t (*find)(const char *), const char *allowed)
{
	const char *text = json_get_str(r->arguments, name, NULL);
	uint32_t value = text ? find(text) : 0;

	verdicts_add(r->verdicts, name, code, value != 0, allowed, text,
	    "use one of the words allowed");
	return value;
}

static uint32_t
read_type(struct reading *r)
{
	const char *text = json_get_str(r->arguments, "order_type", "");

	if (strcmp(text, "market") == 0) {
		verdicts_add(r->verdicts, "order_type",
		    "ORDER_MARKET_TYPE_REFUSED", false,
		    "limit, stop, stop_limit, trailing_stop", text,
		    "use a limit order: market orders are never sent");
		return 0;
	}
	return read_word(r, "order_type", "ORDER_TYPE_INVALID", order_type_find,
	    "limit, stop, stop_limit, trailing_stop");
}

/* NULL: absent or refused. */
static char *
read_decimal(struct reading *r, const char *name)
{
	const char *text = json_get_str(r->arguments, name, NULL);

	if (!text && !json_get(r->arguments, name))
		return NULL;
	if (text && dec_is_text(text))
		return take_text(r, text);
	verdicts_add(r->verdicts, name, "ORDER_DECIMAL_INVALID", false,
	    "a decimal in a string, such as \"12.50\"",
	    text ? text : "not a string",
	    "write it without exponent, '+' or blanks, at most 20 digits before "
	    "and 18 after the point");
	return NULL;
}

/* Three letters, trimmed, upper case; USD if not told. */
static char *
read_currency(struct reading *r)
{
	const char *text = json_get_str(r->arguments, "currency", "USD");
	size_t skip = strspn(text, " \t"), len = strcspn(text + skip, " \t");
	char code[4] = { 0 };
	bool good = len == 3 && is_blank(text + skip + len);

	for (size_t i = 0; good && i < 3; i++) {
		unsigned char c = (unsigned char)text[skip + i];

		good = c < 0x80 && isalpha(c);
		code[i] = (char)toupper(c);
	}
	verdicts_add(r->verdicts, "currency", "ORDER_CURRENCY_INVALID", good,
	    "three letters, as in USD", text, "use a code of ISO 4217");
	return take_text(r, good ? code : NULL);
}

int
shape_read(struct json_object *arguments, struct order *ret_order,
    struct verdicts *verdicts, struct err *err)
{
	struct reading r = {
		.arguments = arguments,
		.verdicts = verdicts,
		.err = err,
	};
	CLEANUP_ORDER struct order order = { .mode = 0 };

	order.account = read_needed(&r, "account_id", "ORDER_ACCOUNT_REQUIRED");
	order.symbol = read_needed(&r, "symbol", "ORDER_SYMBOL_REQUIRED");
	order.side = read_word(
	    &r, "side", "ORDER_SIDE_INVALID", order_side_find, "buy, sell");
	order.type = read_type(&r);
	order.tif =
	    read_word(&r, "time_in_force", "ORDER_TIME_IN_FORCE_INVALID",
		order_tif_find, "day, good_till_cancelled");
	order.currency = read_currency(&r);
	order.quantity = read_decimal(&r, "quantity");
	order.limit_price = read_decimal(&r, "limit_price");
	order.stop_price = read_decimal(&r, "stop_price");
	order.trailing_amount = read_decimal(&r, "trailing_amount");
	order.trailing_percent = read_decimal(&r, "trailing_percent");
	order.asset_class = read_text(&r, "asset_class");
	order.exchange = read_text(&r, "exchange");
	if (r.ret)
		return r.ret;
	order_move(ret_order, &order);
	return 0;
}

/* One price and the types that need it; all others do not take it. */
struct price_rule {
	const char *name;
	uint32_t types;
	const char *required, *forbidden, *invalid;
};

static const struct price_rule limit_rule = {
	"limit_price",
	TYPE_BIT(IAG_TYPE_LIMIT) | TYPE_BIT(IAG_TYPE_STOP_LIMIT),
	"ORDER_LIMIT_PRICE_REQUIRED",
	"ORDER_LIMIT_PRICE_FORBIDDEN",
	"ORDER_LIMIT_PRICE_INVALID",
};

static const struct price_rule stop_rule = {
	"stop_price",
	TYPE_BIT(IAG_TYPE_STOP) | TYPE_BIT(IAG_TYPE_STOP_LIMIT),
	"ORDER_STOP_PRICE_REQUIRED",
	"ORDER_STOP_PRICE_FORBIDDEN",
	"ORDER_STOP_PRICE_INVALID",
};

static bool
is_positive(const char *text)
{
	CLEANUP_DEC struct dec dec;

	dec_init(&dec);
	return dec_parse(&dec, text, NULL) == 0 && dec_sign(&dec) > 0;
}

/* text is a whole number of steps; a step that is no step refuses. */
static bool
is_multiple(const char *text, const char *step)
{
	CLEANUP_DEC struct dec value, unit;

	dec_init(&value);
	dec_init(&unit);
	if (dec_parse(&value, text, NULL) || dec_parse(&unit, step, NULL) ||
	    dec_sign(&unit) <= 0 || dec_div(&value, &value, &unit, NULL))
		return false;
	return mpz_cmp_ui(mpq_denref(value.value), 1) == 0;
}

/* count steps, if that is more than nothing. */
static void
put_steps(struct buf *out, const mpz_t count, const struct dec *step)
{
	CLEANUP_DEC struct dec value;

	dec_init(&value);
	mpq_set_z(value.value, count);
	dec_mul(&value, &value, step);
	if (mpz_sgn(count) <= 0)
		return;
	buf_str(out, out->len ? " or " : "give ");
	(void)dec_format(out, &value, NULL);
}

/* The multiples of step on both sides of text. */
static void
put_nearest(struct buf *out, const char *text, const char *step)
{
	CLEANUP_DEC struct dec value, unit;
	mpz_t count;

	dec_init(&value);
	dec_init(&unit);
	if (dec_parse(&value, text, NULL) || dec_parse(&unit, step, NULL) ||
	    dec_sign(&unit) <= 0 || dec_sign(&value) <= 0 ||
	    dec_div(&value, &value, &unit, NULL))
		return;
	mpz_init(count);
	mpz_fdiv_q(count, mpq_numref(value.value), mpq_denref(value.value));
	put_steps(out, count, &unit);
	mpz_add_ui(count, count, 1);
	put_steps(out, count, &unit);
	mpz_clear(count);
}

static void
judge_step(struct verdicts *verdicts, const char *name, const char *text,
    const char *step)
{
	CLEANUP_BUF struct buf limit = BUF_INIT, fix = BUF_INIT;

	if (!step)
		return;
	buf_printf(&limit, "a multiple of %s", step);
	put_nearest(&fix, text, step);
	verdicts->failed = verdicts->failed || limit.failed || fix.failed;
	verdicts_add(verdicts, name, "ORDER_PRICE_INCREMENT_REFUSED",
	    is_multiple(text, step), buf_text(&limit), text,
	    fix.len ? buf_text(&fix)
		    : "use a price that the contract can have");
}

static void
judge_price(const struct order *order, const struct price_rule *rule,
    const char *text, const char *step, struct verdicts *verdicts)
{
	bool needed = (rule->types & TYPE_BIT(order->type)) != 0;
	const char *type = order_type_name(order->type);

	if (is_refused(verdicts, rule->name) || !type)
		return;
	if (!text && !needed)
		return;
	if (!text) {
		verdicts_add(verdicts, rule->name, rule->required, false,
		    "a price above 0", NULL,
		    "give it: the order type needs it");
		return;
	}
	if (!needed) {
		verdicts_add(verdicts, rule->name, rule->forbidden, false,
		    "none for this order type", text,
		    "leave it out or use an order type that has it");
		return;
	}
	verdicts_add(verdicts, rule->name, rule->invalid, is_positive(text),
	    "a price above 0", text, "use a price above 0");
	judge_step(verdicts, rule->name, text, step);
}

/* 0 < percent < 100: more would be a price below nothing. */
static bool
is_percent(const char *text)
{
	CLEANUP_DEC struct dec dec, hundred;

	dec_init(&dec);
	dec_init(&hundred);
	(void)dec_set_int(&hundred, 100);
	return dec_parse(&dec, text, NULL) == 0 && dec_sign(&dec) > 0 &&
	       dec_cmp(&dec, &hundred) < 0;
}

static void
judge_offset(const struct order *order, const struct shape_steps *steps,
    struct verdicts *verdicts)
{
	if (order->trailing_amount) {
		verdicts_add(verdicts, "trailing_amount",
		    "ORDER_TRAILING_OFFSET_INVALID",
		    is_positive(order->trailing_amount), "an amount above 0",
		    order->trailing_amount, "use an amount above 0");
		judge_step(verdicts, "trailing_amount", order->trailing_amount,
		    steps->price);
	}
	if (order->trailing_percent)
		verdicts_add(verdicts, "trailing_percent",
		    "ORDER_TRAILING_OFFSET_INVALID",
		    is_percent(order->trailing_percent),
		    "above 0 and below 100", order->trailing_percent,
		    "use a percentage above 0 and below 100");
}

static void
judge_trailing(const struct order *order, const struct shape_steps *steps,
    struct verdicts *verdicts)
{
	bool any = order->trailing_amount || order->trailing_percent;
	bool both = order->trailing_amount && order->trailing_percent;

	if (is_refused(verdicts, "trailing_amount") ||
	    is_refused(verdicts, "trailing_percent") || order->type == 0)
		return;
	if (order->type != IAG_TYPE_TRAILING_STOP && any)
		verdicts_add(verdicts, "trailing_offset",
		    "ORDER_TRAILING_OFFSET_FORBIDDEN", false,
		    "none for this order type",
		    both ? "trailing_amount, trailing_percent"
		    : order->trailing_amount ? "trailing_amount"
					     : "trailing_percent",
		    "leave it out or use trailing_stop");
	if (order->type != IAG_TYPE_TRAILING_STOP)
		return;
	if (any != both) {
		judge_offset(order, steps, verdicts);
		return;
	}
	verdicts_add(verdicts, "trailing_offset",
	    both ? "ORDER_TRAILING_OFFSET_INVALID"
		 : "ORDER_TRAILING_OFFSET_REQUIRED",
	    false, "trailing_amount or trailing_percent",
	    both ? "both" : "neither", "give exactly one of them");
}

static void
judge_quantity(
    const char *quantity, const char *step, struct verdicts *verdicts)
{
	CLEANUP_BUF struct buf limit = BUF_INIT, fix = BUF_INIT;

	if (is_refused(verdicts, "quantity"))
		return;
	if (!quantity) {
		verdicts_add(verdicts, "quantity", "ORDER_QUANTITY_REQUIRED",
		    false, "a number above 0", NULL, "give it");
		return;
	}
	verdicts_add(verdicts, "quantity", "ORDER_QUANTITY_INVALID",
	    is_positive(quantity), "a number above 0", quantity,
	    "use a number above 0");
	buf_printf(&limit, step ? "a multiple of %s" : "a whole number",
	    step ? step : "");
	put_nearest(&fix, quantity, step ? step : "1");
	verdicts->failed = verdicts->failed || limit.failed || fix.failed;
	verdicts_add(verdicts, "quantity", "ORDER_FRACTIONAL_REFUSED",
	    is_multiple(quantity, step ? step : "1"), buf_text(&limit),
	    quantity,
	    fix.len ? buf_text(&fix) : "use a size that the contract can have");
}

void
shape_judge(const struct order *order, const struct shape_steps *steps,
    struct verdicts *verdicts)
{
	judge_quantity(order->quantity, steps->size, verdicts);
	judge_price(
	    order, &limit_rule, order->limit_price, steps->price, verdicts);
	judge_price(
	    order, &stop_rule, order->stop_price, steps->price, verdicts);
	judge_trailing(order, steps, verdicts);
}

/* -1, 0, 1; false: one of them is no decimal. */
static bool
compare(const char *a, const char *b, int *ret_order)
{
	CLEANUP_DEC struct dec left, right;
	int order;

	dec_init(&left);
	dec_init(&right);
	if (!a || !b || dec_parse(&left, a, NULL) || dec_parse(&right, b, NULL))
		return false;
	order = dec_cmp(&left, &right);
	*ret_order = (order > 0) - (order < 0);
	return true;
}

static void
judge_exit(const struct order *parent, const char *name, const char *price,
    int wanted, struct verdicts *verdicts)
{
	CLEANUP_BUF struct buf limit = BUF_INIT;
	int order = 0;

	if (parent->side == IAG_SIDE_SELL)
		wanted = -wanted;
	buf_printf(&limit, "%s the entry's %s", wanted > 0 ? "above" : "below",
	    parent->limit_price ? parent->limit_price : "limit price");
	verdicts->failed = verdicts->failed || limit.failed;
	verdicts_add(verdicts, name, "ORDER_BRACKET_PRICES_REFUSED",
	    compare(price, parent->limit_price, &order) && order == wanted,
	    buf_text(&limit), price,
	    "a buy needs stop loss < entry < take profit, a sell the reverse");
}

void
shape_judge_bracket(const struct order *parent, const struct order *take_profit,
    const struct order *stop_loss, struct verdicts *verdicts)
{
	judge_exit(parent, "take_profit_limit_price", take_profit->limit_price,
	    1, verdicts);
	judge_exit(parent, "stop_loss_stop_price", stop_loss->stop_price, -1,
	    verdicts);
}
