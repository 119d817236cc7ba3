/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* What accounts are worth: see value.h. */

#include "sim/value.h"

#include <string.h>

#include "base/cleanup.h"
#include "sim/num.h"
#include "sim/world.h"

void
value_position(const struct sim *sim, const struct position *position,
    struct value_position *value)
{
	const struct contract *contract = position->contract;
	const struct quote *quote = NULL;
	int64_t prior;

	for (size_t i = 0; i < sim->market.count; i++)
		if (sim->market.list[i].contract == contract)
			quote = &sim->market.list[i];
	value->price = market_mark(&sim->market, contract);
	if (value->price == NO_PRICE)
		value->price = position->cost;
	prior = quote && quote->prior != NO_PRICE ? quote->prior : value->price;
	value->market =
	    account_value(contract, position->quantity, value->price);
	value->unrealized = account_value(
	    contract, position->quantity, value->price - position->cost);
	value->daily =
	    account_value(contract, position->quantity, value->price - prior);
}

void
value_pnl(
    const struct sim *sim, const struct account *account, struct value_pnl *pnl)
{
	memset(pnl, 0, sizeof *pnl);
	for (size_t i = 0; i < account->position_count; i++) {
		struct value_position value;

		value_position(sim, &account->positions[i], &value);
		pnl->daily = num_add(pnl->daily, value.daily);
		pnl->unrealized = num_add(pnl->unrealized, value.unrealized);
		pnl->market = num_add(pnl->market, value.market);
		pnl->realized =
		    num_add(pnl->realized, account->positions[i].realized);
	}
}

int64_t
value_net(const struct sim *sim, const struct account *account)
{
	struct value_pnl pnl;

	value_pnl(sim, account, &pnl);
	return num_add(account->net_liquidation, pnl.realized);
}

void
value_grouped(struct buf *out, int64_t num, unsigned digits)
{
	struct buf plain CLEANUP_BUF = BUF_INIT;
	const char *text;
	size_t whole;

	num_write(&plain, num, digits);
	text = buf_text(&plain);
	if (*text == '-')
		buf_char(out, *text++);
	whole = strcspn(text, ".");
	for (size_t i = 0; i < whole; i++) {
		if (i > 0 && (whole - i) % 3 == 0)
			buf_char(out, ',');
		buf_char(out, text[i]);
	}
	buf_str(out, text + whole);
}
