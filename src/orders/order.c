/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * One table of members drives the copy, the text and the digest of an order,
 * so that a member cannot be in one of them and missing from another.
 */

#include "orders/order.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "journal/record.h"
#include "orders/rowtext.h"

/* Words for numbers; the first one of a number is its name. */
struct word {
	const char *text;
	uint32_t value;
};

static const struct word sides[] = {
	{ "buy", IAG_SIDE_BUY },
	{ "sell", IAG_SIDE_SELL },
	{ NULL, 0 },
};

static const struct word types[] = {
	{ "limit", IAG_TYPE_LIMIT },
	{ "stop", IAG_TYPE_STOP },
	{ "stop_limit", IAG_TYPE_STOP_LIMIT },
	{ "stop-limit", IAG_TYPE_STOP_LIMIT },
	{ "trailing_stop", IAG_TYPE_TRAILING_STOP },
	{ "trailing-stop", IAG_TYPE_TRAILING_STOP },
	{ NULL, 0 },
};

static const struct word tifs[] = {
	{ "day", IAG_TIF_DAY },
	{ "good_till_cancelled", IAG_TIF_GOOD_TILL_CANCELLED },
	{ "good-till-cancelled", IAG_TIF_GOOD_TILL_CANCELLED },
	{ "gtc", IAG_TIF_GOOD_TILL_CANCELLED },
	{ NULL, 0 },
};

static const struct word modes[] = {
	{ "paper", IAG_MODE_PAPER },
	{ "live", IAG_MODE_LIVE },
	{ NULL, 0 },
};

static const struct word statuses[] = {
	{ "submitted", IAG_STATUS_SUBMITTED },
	{ "open", IAG_STATUS_OPEN },
	{ "pending_cancel", IAG_STATUS_PENDING_CANCEL },
	{ "filled", IAG_STATUS_FILLED },
	{ "cancelled", IAG_STATUS_CANCELLED },
	{ "refused", IAG_STATUS_REFUSED },
	{ NULL, 0 },
};

static const char *
word_name(const struct word *words, uint32_t value)
{
	for (; words->text; words++) {
		if (words->value == value)
			return words->text;
	}
	return NULL;
}

static uint32_t
word_find(const struct word *words, const char *text)
{
	for (; text && words->text; words++) {
		if (strcmp(words->text, text) == 0)
			return words->value;
	}
	return 0;
}

const char *
order_side_name(uint32_t side)
{
	return word_name(sides, side);
}

const char *
order_type_name(uint32_t type)
{
	return word_name(types, type);
}

const char *
order_tif_name(uint32_t tif)
{
	return word_name(tifs, tif);
}

const char *
order_mode_name(uint32_t mode)
{
	return word_name(modes, mode);
}

const char *
order_status_name(uint32_t status)
{
	return word_name(statuses, status);
}

uint32_t
order_side_find(const char *name)
{
	return word_find(sides, name);
}

uint32_t
order_type_find(const char *name)
{
	return word_find(types, name);
}

uint32_t
order_tif_find(const char *name)
{
	for (const struct word *word = tifs; name && word->text; word++) {
		if (strcasecmp(word->text, name) == 0)
			return word->value;
	}
	return 0;
}

uint32_t
order_mode_find(const char *name)
{
	return word_find(modes, name);
}

uint32_t
order_status_find(const char *name)
{
	return word_find(statuses, name);
}

bool
order_status_is_terminal(uint32_t status)
{
	return status == IAG_STATUS_FILLED || status == IAG_STATUS_CANCELLED ||
	       status == IAG_STATUS_REFUSED;
}

enum member_kind { MEMBER_WORD, MEMBER_TEXT, MEMBER_DECIMAL };

struct member {
	const char *name;
	enum member_kind kind;
	bool needed;
	size_t offset;
	const struct word *words;
};

#define WORD(member, list)                                                  \
	{                                                                   \
#member, MEMBER_WORD, true, offsetof(struct order, member), \
		    list                                                    \
	}
#define TEXT(member, needed)                                                  \
	{                                                                     \
#member, MEMBER_TEXT, needed, offsetof(struct order, member), \
		    NULL                                                      \
	}
#define DECIMAL(member, needed)                          \
	{                                                \
#member, MEMBER_DECIMAL, needed,         \
		    offsetof(struct order, member), NULL \
	}

/* By name, which makes what is written canonical (RFC 8785). */
static const struct member members[] = {
	TEXT(account, true),
	TEXT(asset_class, true),
	TEXT(contract_id, true),
	TEXT(currency, true),
	TEXT(exchange, false),
	DECIMAL(limit_price, false),
	WORD(mode, modes),
	DECIMAL(multiplier, false),
	DECIMAL(price_magnifier, false),
	DECIMAL(quantity, true),
	WORD(side, sides),
	DECIMAL(stop_price, false),
	TEXT(symbol, true),
	WORD(tif, tifs),
	DECIMAL(trailing_amount, false),
	DECIMAL(trailing_percent, false),
	WORD(type, types),
};

/* Whoever adds a member to struct order adds its row. */
_Static_assert(
    sizeof(struct order) ==
	4 * sizeof(uint32_t) + (ARRAY_COUNT(members) - 4) * sizeof(char *),
    "every member of struct order has a row");

static uint32_t
number_of(const struct order *order, const struct member *member)
{
	return *(const uint32_t *)((const char *)order + member->offset);
}

static const char *
text_of(const struct order *order, const struct member *member)
{
	return *(char *const *)((const char *)order + member->offset);
}

static char **
text_at(struct order *order, const struct member *member)
{
	return (char **)((char *)order + member->offset);
}

void
order_fini(struct order *order)
{
	for (size_t i = 0; i < ARRAY_COUNT(members); i++) {
		if (members[i].kind != MEMBER_WORD)
			free(*text_at(order, &members[i]));
	}
	*order = (struct order){ .mode = 0 };
}

int
order_copy(struct order *to, const struct order *from, struct err *err)
{
	CLEANUP_ORDER struct order copy = {
		.mode = from->mode,
		.side = from->side,
		.type = from->type,
		.tif = from->tif,
	};

	for (size_t i = 0; i < ARRAY_COUNT(members); i++) {
		const struct member *member = &members[i];
		const char *text;

		if (member->kind == MEMBER_WORD)
			continue;
		text = text_of(from, member);
		if (!text)
			continue;
		*text_at(&copy, member) = strdup(text);
		if (!*text_at(&copy, member))
			return err_no_memory(err);
	}
	order_move(to, &copy);
	return 0;
}

void
order_move(struct order *to, struct order *from)
{
	*to = *from;
	*from = (struct order){ .mode = 0 };
}

/* The normal form of a decimal; anything else as it is. */
static int
normal_text(struct buf *out, const char *text, struct err *err)
{
	CLEANUP_DEC struct dec dec;
	int ret;

	dec_init(&dec);
	ret = dec_parse(&dec, text, err);
	return ret ? ret : dec_format_normal(out, &dec, err);
}

static int
member_write(struct buf *out, const struct order *order,
    const struct member *member, bool normal, struct err *err)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	const char *value;
	int ret;

	if (member->kind == MEMBER_WORD)
		return rowtext_add(out, member->name,
		    word_name(member->words, number_of(order, member)), err);
	value = text_of(order, member);
	if (!value || member->kind == MEMBER_TEXT || !normal)
		return rowtext_add(out, member->name, value, err);
	ret = normal_text(&text, value, err);
	return ret ? ret : rowtext_add(out, member->name, buf_text(&text), err);
}

static int
write_members(
    struct buf *out, const struct order *order, bool normal, struct err *err)
{
	int ret = 0;

	buf_char(out, '{');
	for (size_t i = 0; i < ARRAY_COUNT(members) && ret == 0; i++)
		ret = member_write(out, order, &members[i], normal, err);
	buf_char(out, '}');
	return ret == 0 && out->failed ? err_no_memory(err) : ret;
}

int
order_write(struct buf *out, const struct order *order, struct err *err)
{
	return write_members(out, order, false, err);
}

static int
corrupt(struct err *err, const char *name, const char *value)
{
	return err_set(err, ERR_JOURNAL_CORRUPT,
	    "a stored order has '%s' as %s", value ? value : "nothing", name);
}

static int
member_read(struct order *order, const struct member *member,
    struct iag_bytes value, struct err *err)
{
	char **at = text_at(order, member), word[ROWTEXT_SHORT];
	uint32_t number;
	int ret;

	if (member->kind == MEMBER_WORD) {
		if (rowtext_copy(value, word))
			return corrupt(err, member->name, "no text");
		number = word_find(member->words, word);
		memcpy((char *)order + member->offset, &number, sizeof(number));
		return number ? 0 : corrupt(err, member->name, word);
	}
	free(STEAL(*at));
	ret = rowtext_take(value, at);
	if (ret)
		return ret == IAG_NOMEM ? err_no_memory(err)
					: corrupt(err, member->name, "no text");
	return member->kind == MEMBER_DECIMAL && !dec_is_text(*at)
		   ? corrupt(err, member->name, *at)
		   : 0;
}

static const struct member *
member_find(struct iag_bytes name)
{
	for (size_t i = 0; i < ARRAY_COUNT(members); i++) {
		if (strlen(members[i].name) == name.len &&
		    memcmp(members[i].name, name.data, name.len) == 0)
			return &members[i];
	}
	return NULL;
}

static int
read_members(struct iag_bytes text, struct order *order, struct err *err)
{
	const struct member *member;
	struct iag_bytes name, value;
	size_t at = 1;
	int ret = 0;

	while (
	    ret == 0 && record_next(text.data, text.len, &at, &name, &value)) {
		member = member_find(name);
		ret = member ? member_read(order, member, value, err)
			     : corrupt(err, "a member", "something unknown");
	}
	return ret || at == text.len ? ret
				     : corrupt(err, "the order", "no object");
}

/* Nothing that every order has may be missing. */
static int
needed_check(const struct order *order, struct err *err)
{
	for (size_t i = 0; i < ARRAY_COUNT(members); i++) {
		const struct member *member = &members[i];

		if (member->needed &&
		    (member->kind == MEMBER_WORD ? !number_of(order, member)
						 : !text_of(order, member)))
			return corrupt(err, member->name, NULL);
	}
	return 0;
}

int
order_read(struct iag_bytes text, struct order *ret_order, struct err *err)
{
	CLEANUP_ORDER struct order order = { .mode = 0 };
	int ret = read_members(text, &order, err);

	if (ret == 0)
		ret = needed_check(&order, err);
	if (ret == 0)
		order_move(ret_order, &order);
	return ret;
}

/* Names by order, as those of the members. */
static int
write_frame(struct buf *out, const struct order_frame *frame, struct err *err)
{
	const char *const parts[][2] = {
		{ "connection", frame->connection },
		{ "group_id", frame->group_id },
		{ "group_role", frame->group_role },
		{ "policy_digest", frame->policy_digest },
		{ "preview_id", frame->preview_id },
		{ "writer", frame->writer },
	};
	int ret = 0;

	buf_char(out, '{');
	for (size_t i = 0; i < ARRAY_COUNT(parts) && ret == 0; i++)
		ret = rowtext_add(out, parts[i][0], parts[i][1], err);
	buf_char(out, '}');
	return ret;
}

int
order_digest(const struct order *order, const struct order_frame *frame,
    char ret_hex[HASH_HEX_SIZE], struct err *err)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	uint8_t digest[HASH_SIZE];
	int ret;

	buf_str(&text, "{\"frame\":");
	ret = write_frame(&text, frame, err);
	if (ret == 0) {
		buf_str(&text, ",\"order\":");
		ret = write_members(&text, order, true, err);
	}
	if (ret)
		return ret;
	buf_char(&text, '}');
	if (text.failed)
		return err_no_memory(err);
	hash_sha256(text.data, text.len, digest);
	hash_hex(digest, ret_hex);
	return 0;
}

void
order_wire(const struct order *order, const char *client_ref,
    const char *parent_ref, struct iag_order *ret_wire)
{
	*ret_wire = (struct iag_order){
		.struct_size = sizeof(*ret_wire),
		.mode = order->mode,
		.side = order->side,
		.type = order->type,
		.tif = order->tif,
		.account = order->account,
		.client_ref = client_ref,
		.contract_id = order->contract_id,
		.symbol = order->symbol,
		.asset_class = order->asset_class,
		.exchange = order->exchange,
		.currency = order->currency,
		.quantity = order->quantity,
		.limit_price = order->limit_price,
		.stop_price = order->stop_price,
		.trailing_amount = order->trailing_amount,
		.trailing_percent = order->trailing_percent,
		.parent_ref = parent_ref,
	};
}

bool
order_value_is(const char *a, const char *b)
{
	CLEANUP_DEC struct dec left, right;

	dec_init(&left);
	dec_init(&right);
	if (!a || !b)
		return !a && !b;
	return dec_parse(&left, a, NULL) == 0 &&
	       dec_parse(&right, b, NULL) == 0 && dec_cmp(&left, &right) == 0;
}

static const char *
routing_of(const struct order *order)
{
	return order->exchange ? order->exchange : "SMART";
}

bool
order_is_routed_alike(const struct order *a, const struct order *b)
{
	return strcasecmp(routing_of(a), routing_of(b)) == 0;
}

bool
order_is_unchanged(const struct order *a, const struct order *b)
{
	return a->type == b->type && a->tif == b->tif &&
	       order_value_is(a->quantity, b->quantity) &&
	       order_value_is(a->limit_price, b->limit_price) &&
	       order_value_is(a->stop_price, b->stop_price) &&
	       order_value_is(a->trailing_amount, b->trailing_amount) &&
	       order_value_is(a->trailing_percent, b->trailing_percent);
}

/* One share is one share; of everything else the contract must tell. */
bool
order_is_measurable(const struct order *order)
{
	return order->multiplier ||
	       (order->asset_class &&
		   (strcmp(order->asset_class, "stock") == 0 ||
		       strcmp(order->asset_class, "etf") == 0));
}

/* product *= factor; NULL: nothing. */
static int
multiply(struct dec *product, const char *factor, struct err *err)
{
	CLEANUP_DEC struct dec dec;
	int ret;

	dec_init(&dec);
	if (!factor)
		return 0;
	ret = dec_parse(&dec, factor, err);
	if (ret == 0)
		dec_mul(product, product, &dec);
	return ret;
}

static int
divide(struct dec *quotient, const char *divisor, struct err *err)
{
	CLEANUP_DEC struct dec dec;
	int ret;

	dec_init(&dec);
	if (!divisor)
		return 0;
	ret = dec_parse(&dec, divisor, err);
	return ret ? ret : dec_div(quotient, quotient, &dec, err);
}

int
order_notional(const struct order *order, const struct dec *price,
    struct dec *ret_notional, struct err *err)
{
	CLEANUP_DEC struct dec product;
	int ret = 0;

	dec_init(&product);
	if (!order_is_measurable(order))
		return IAG_NOTSUP;
	if (order->limit_price)
		ret = dec_parse(&product, order->limit_price, err);
	else if (price)
		dec_set(&product, price);
	else
		return IAG_NOTFOUND;
	ret = ret ? ret : multiply(&product, order->quantity, err);
	ret = ret ? ret : multiply(&product, order->multiplier, err);
	ret = ret ? ret : divide(&product, order->price_magnifier, err);
	if (ret == 0)
		dec_set(ret_notional, &product);
	return ret;
}
