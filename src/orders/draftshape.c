/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * From a caller's words to the orders of a draft.  A bracket is read as its
 * entry; the exits are the entry turned round, each with the one price that
 * is its own.
 */

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "orders/draft.h"
#include "orders/shape.h"

int
draft_read(struct draft *draft, struct json_object *arguments, struct err *err)
{
	return shape_read(arguments, &draft->orders[0], &draft->verdicts, err);
}

/* What one leg has instead of the limit or stop price of a single order. */
static const struct {
	uint32_t type;
	const char *rule, *argument;
} leg_prices[GROUP_LEGS] = {
	{ IAG_TYPE_LIMIT, "limit_price", "entry_limit_price" },
	{ IAG_TYPE_LIMIT, "limit_price", "take_profit_limit_price" },
	{ IAG_TYPE_STOP, "stop_price", "stop_loss_stop_price" },
};

/* Verdicts name the argument that the caller gave. */
static void
rename_rules(struct verdicts *verdicts, size_t leg)
{
	for (size_t i = 0; i < verdicts->count; i++) {
		if (strcmp(verdicts->items[i].rule, leg_prices[leg].rule) == 0)
			verdicts->items[i].rule = leg_prices[leg].argument;
	}
}

/* The entry as a single order would be written. */
static int
entry_arguments(struct json_object *arguments, struct json_object **ret_entry)
{
	CLEANUP_JSON struct json_object *entry = NULL;
	const char *price =
	    json_get_str(arguments, leg_prices[0].argument, NULL);

	if (json_object_deep_copy(arguments, &entry, NULL))
		return IAG_NOMEM;
	if (json_add_str(entry, "order_type", "limit") ||
	    json_add_str(entry, "time_in_force", "day") ||
	    json_add_str(entry, "limit_price", price))
		return IAG_NOMEM;
	*ret_entry = STEAL(entry);
	return 0;
}

static int
exit_make(struct draft *draft, size_t leg, const char *price, struct err *err)
{
	struct order *order = &draft->orders[leg];
	int ret = order_copy(order, &draft->orders[0], err);
	char **at;

	if (ret)
		return ret;
	if (order->side)
		order->side =
		    order->side == IAG_SIDE_BUY ? IAG_SIDE_SELL : IAG_SIDE_BUY;
	order->type = leg_prices[leg].type;
	free(STEAL(order->limit_price));
	if (!price)
		return 0;
	at = order->type == IAG_TYPE_STOP ? &order->stop_price
					  : &order->limit_price;
	*at = strdup(price);
	return *at ? 0 : err_no_memory(err);
}

int
draft_read_bracket(
    struct draft *draft, struct json_object *arguments, struct err *err)
{
	CLEANUP_JSON struct json_object *entry = NULL;
	int ret;

	draft->count = GROUP_LEGS;
	if (entry_arguments(arguments, &entry))
		return err_no_memory(err);
	ret = shape_read(entry, &draft->orders[0], &draft->verdicts, err);
	for (size_t i = 1; ret == 0 && i < GROUP_LEGS; i++)
		ret = exit_make(draft, i,
		    json_get_str(arguments, leg_prices[i].argument, NULL), err);
	return ret;
}

/* Of an exit only its price is news: all else is the entry's. */
static void
keep_price(struct verdicts *verdicts, size_t leg, struct verdicts *from)
{
	for (size_t i = 0; i < from->count; i++) {
		const struct verdict *verdict = &from->items[i];

		if (strcmp(verdict->rule, leg_prices[leg].argument) == 0)
			verdicts_add(verdicts, verdict->rule, verdict->code,
			    verdict->passed, verdict->limit, verdict->actual,
			    verdict->fix);
	}
	verdicts->failed |= from->failed;
}

static void
shape_exit(struct draft *draft, size_t leg, const struct shape_steps *steps)
{
	CLEANUP_VERDICTS struct verdicts verdicts = VERDICTS_INIT;

	shape_judge(&draft->orders[leg], steps, &verdicts);
	rename_rules(&verdicts, leg);
	keep_price(&draft->verdicts, leg, &verdicts);
}

void
draft_shape(struct draft *draft)
{
	const struct shape_steps steps = {
		.price = draft->contract.price_increment,
		.size = draft->contract.size_increment,
	};

	shape_judge(&draft->orders[0], &steps, &draft->verdicts);
	if (draft->count == 1)
		return;
	rename_rules(&draft->verdicts, 0);
	for (size_t i = 1; i < GROUP_LEGS; i++)
		shape_exit(draft, i, &steps);
	shape_judge_bracket(&draft->orders[0], &draft->orders[1],
	    &draft->orders[2], &draft->verdicts);
}
