/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* Questions: see question.h. */

#include "sim/question.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "sim/num.h"
#include "sim/pack.h"
#include "sim/seed.h"

#define PRICE_LIMIT_PERCENT 3
#define SIZE_LIMIT NUM(10000, 0)
#define VALUE_LIMIT NUM(1000000, 0)

static const struct {
	const char *id, *text;
} messages[] = {
	{ "o163",
	    "The following order exceeds the price percentage limit of 3%.\n"
	    "Are you sure you want to submit this order?" },
	{ "o354",
	    "You are submitting an order without market data. We strongly "
	    "recommend against this as it may result in erroneous and "
	    "unexpected trades.\nAre you sure you want to submit this "
	    "order?" },
	{ "o382", "The following value exceeds the tick size limit of 200.\n"
		  "Are you sure you want to submit this order?" },
	{ "o383", "The following order size exceeds the size limit of 10,000.\n"
		  "Are you sure you want to submit this order?" },
	{ "o403", "This order will most likely trigger and fill immediately.\n"
		  "Are you sure you want to submit this order?" },
	{ "o451",
	    "The following order value exceeds the total value limit of "
	    "1,000,000 USD.\nAre you sure you want to submit this order?" },
	{ "o2136", "Mixed allocation order warning" },
	{ "o2137", "Cross side order warning" },
	{ "o2165", "Fractional shares trade in regular hours only." },
	{ "o10082", "Called bond warning" },
	{ "o10138", "The order size has been modified." },
	{ "o10151",
	    "<h4>Market Order Confirmation</h4>A market order is an order "
	    "to buy or sell at the market price.<br>It may fill far from "
	    "the last price." },
	{ "o10152",
	    "<h4>Stop Order Confirmation</h4>A stop order becomes a market "
	    "order once its price is reached.<br>Are you sure?" },
	{ "o10153",
	    "To prevent undue market impact a price cap is set for this "
	    "order.\nDo you accept it?" },
	{ "o10164", "Orders by cash quantity are worked without a promise." },
	{ "o10223", "Cash quantity orders are simulated." },
	{ "o10288", "Market orders of crypto assets may fill at any price." },
	{ "o10331", "Stop order types can be triggered by single trades." },
	{ "o10332", "OSL digital securities are traded at a risk." },
	{ "o10333", "The option is at the money.\nExercise it?" },
	{ "o10334", "The order is placed in an omnibus account." },
	{ "o10335", "Orders are entered in rapid succession.\nContinue?" },
	{ "o10336", "The security has limited liquidity.\nContinue?" },
	{ "p6", "The order is distributed over several accounts." },
	{ "p12", "The order is worked by the price management algorithm.\n"
		 "Do you accept it?" },
};

static const char *
message_text(const char *id)
{
	for (size_t i = 0; i < ARRAY_COUNT(messages); i++)
		if (strcmp(messages[i].id, id) == 0)
			return messages[i].text;
	return "Are you sure you want to submit this order?";
}

void
proposal_free(struct proposal *proposal)
{
	if (!proposal)
		return;
	for (size_t i = 0; i < LEGS_MAX; i++) {
		order_fini(&proposal->legs[i]);
		free(proposal->texts[i]);
	}
	(void)json_object_put(proposal->rounds);
	free(proposal);
}

void
questions_fini(struct questions *questions)
{
	struct proposal *next;

	for (; questions->pending; questions->pending = next) {
		next = questions->pending->next;
		proposal_free(questions->pending);
	}
}

static bool
is_far(const struct order *order, int64_t mark)
{
	int64_t away = order->price - mark;

	if (order->type != TYPE_LMT || mark == NO_PRICE)
		return false;
	return (order->buy ? away : -away) > mark / 100 * PRICE_LIMIT_PERCENT;
}

static bool
is_stop(const struct order *order)
{
	return order_words(order->type)->trigger;
}

struct json_object *
question_rounds(const struct order *order, struct market *market)
{
	int64_t mark = market_mark(market, order->contract);
	int64_t price = order->has_price ? order->price : mark;
	int64_t value = account_value(order->contract, order->quantity, price);
	struct json_object *rounds = json_object_new_array();
	const struct {
		bool asked;
		const char *id;
	} rules[] = {
		{ mark == NO_PRICE, "o354" },
		{ is_far(order, mark), "o163" },
		{ order->quantity > SIZE_LIMIT, "o383" },
		{ value > VALUE_LIMIT, "o451" },
		{ order->type == TYPE_MKT, "o10151" },
		{ is_stop(order), "o10152" },
	};

	for (size_t i = 0; i < ARRAY_COUNT(rules); i++) {
		struct json_object *round;

		if (!rules[i].asked)
			continue;
		round = json_object_new_array();
		(void)json_object_array_add(
		    round, json_object_new_string(rules[i].id));
		(void)json_object_array_add(rounds, round);
	}
	return rounds;
}

/* "o163", or {"id": "o999", "text": "Sure?"} */
static const char *
message_id(struct json_object *message)
{
	if (json_object_is_type(message, json_type_object))
		return json_get_str(message, "id", "");
	return json_object_is_type(message, json_type_string)
		   ? json_object_get_string(message)
		   : "";
}

static bool
is_suppressed(const struct questions *questions, const char *id)
{
	for (size_t i = 0; i < questions->suppressed_count; i++)
		if (strcmp(questions->suppressed[i], id) == 0)
			return true;
	return false;
}

/* The texts and ids of a round; how many there are that are not suppressed. */
static size_t
write_round(const struct questions *questions, struct json_object *round,
    struct buf *texts, struct buf *ids)
{
	size_t asked = 0;

	for (size_t i = 0; i < json_object_array_length(round); i++) {
		struct json_object *message =
		    json_object_array_get_idx(round, i);
		const char *id = message_id(message);

		if (is_suppressed(questions, id))
			continue;
		pack_item(texts, "%s",
		    json_object_is_type(message, json_type_object)
			? json_get_str(message, "text", message_text(id))
			: message_text(id));
		pack_item(ids, "%s", id);
		asked++;
	}
	return asked;
}

static void
new_id(char id[37], uint64_t *seed)
{
	uint64_t a = seed_next(seed), b = seed_next(seed);

	(void)snprintf(id, 37, "%08x-%04x-4%03x-8%03x-%012" PRIx64,
	    (unsigned)(a >> 32), (unsigned)(a >> 16 & 0xffff),
	    (unsigned)(a & 0xfff), (unsigned)(b >> 52),
	    b & UINT64_C(0xffffffffffff));
}

bool
question_ask(struct questions *questions, struct proposal *proposal,
    struct buf *out, uint64_t *seed, int64_t now_ms)
{
	size_t count =
	    proposal->rounds ? json_object_array_length(proposal->rounds) : 0;

	while (proposal->round < count) {
		struct buf texts CLEANUP_BUF = BUF_INIT;
		struct buf ids CLEANUP_BUF = BUF_INIT;

		if (write_round(questions,
			json_object_array_get_idx(
			    proposal->rounds, proposal->round++),
			&texts, &ids) == 0)
			continue;
		new_id(proposal->id, seed);
		proposal->asked_ms = now_ms;
		proposal->next = questions->pending;
		questions->pending = proposal;
		pack(out, "[{'id':%s,'message':[%r],'isSuppressed':false,",
		    proposal->id, buf_text(&texts));
		pack(out, "'messageIds':[%r],'messageOptions':['Yes','No']}]",
		    buf_text(&ids));
		return true;
	}
	return false;
}

struct proposal *
question_take(struct questions *questions, const char *id, int64_t now_ms)
{
	struct proposal **at = &questions->pending;
	struct proposal *taken;

	while (*at && strcmp((*at)->id, id) != 0)
		at = &(*at)->next;
	taken = *at;
	if (!taken)
		return NULL;
	*at = taken->next;
	taken->next = NULL;
	questions->answers++;
	if (now_ms - taken->asked_ms < questions->stale_ms)
		return taken;
	proposal_free(taken);
	return NULL;
}

bool
question_suppress(struct questions *questions, const char *id)
{
	size_t size = sizeof questions->suppressed[0];

	if (is_suppressed(questions, id))
		return true;
	if (questions->suppressed_count == ARRAY_COUNT(questions->suppressed) ||
	    strlen(id) >= size)
		return false;
	(void)memccpy(questions->suppressed[questions->suppressed_count++], id,
	    '\0', size);
	return true;
}
