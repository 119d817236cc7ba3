/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* The accounts: see account.h. */

#include "sim/account.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "sim/num.h"

static const struct account accounts_at_start[ACCOUNT_COUNT] = {
	{ "DU1234567", NULL, "USD", "INDIVIDUAL", false, NUM(25000, 0),
	    NUM(100000, 0), NUM(75000, 0), NUM(300000, 0), NULL, 0, 0 },
	{ "DU2345678", "euro", "EUR", "INDIVIDUAL", false, NUM(31250, 50),
	    NUM(50000, 0), NUM(31250, 50), NUM(31250, 50), NULL, 0, 0 },
	{ "U7654321", NULL, "USD", "JOINT", true, NUM(180000, 0),
	    NUM(250000, 0), NUM(180000, 0), NUM(720000, 0), NULL, 0, 0 },
};

static const struct {
	const char *account;
	int64_t conid, quantity, cost;
} positions_at_start[] = {
	{ "DU1234567", 265598, NUM(10, 0), NUM(185, 0) },
	{ "DU2345678", 14094, NUM(120, 0), NUM(83, 80) },
	{ "DU2345678", 123456789, NUM(10, 0), NUM(99, 12) + 500000 },
	{ "U7654321", 756733, NUM(48, 0), NUM(610, 81) + 625000 },
	{ "U7654321", 265598, NUM(-25, 0), NUM(210, 40) },
	{ "U7654321", 700001, NUM(2, 0), NUM(9, 85) },
	{ "U7654321", 495512552, NUM(1, 0), NUM(5997, 50) },
	{ "U7654321", 12087792, NUM(20000, 0), 108100000 },
	{ "U7654321", 123456789, NUM(10, 0), NUM(99, 12) + 500000 },
	{ "U7654321", 479624278, 5012345, NUM(64000, 10) },
};

static struct position *
position_of(struct account *account, const struct contract *contract)
{
	struct position *grown;

	for (size_t i = 0; i < account->position_count; i++)
		if (account->positions[i].contract == contract)
			return &account->positions[i];
	grown = reallocarray(
	    account->positions, account->position_count + 1, sizeof *grown);
	if (!grown)
		return NULL;
	account->positions = grown;
	grown += account->position_count++;
	*grown = (struct position){ .contract = contract };
	return grown;
}

int
accounts_init(struct accounts *accounts)
{
	memcpy(accounts->list, accounts_at_start, sizeof accounts->list);
	for (size_t i = 0; i < ARRAY_COUNT(positions_at_start); i++) {
		const char *id = positions_at_start[i].account;
		struct account *account =
		    account_find(accounts, id, *id == 'U');
		struct position *position;

		assert(account);
		position = position_of(
		    account, contract_find(positions_at_start[i].conid));
		if (!position)
			return -1;
		position->quantity = positions_at_start[i].quantity;
		position->cost = positions_at_start[i].cost;
		position->paid = num_mul(position->quantity, position->cost);
	}
	return 0;
}

void
accounts_fini(struct accounts *accounts)
{
	for (size_t i = 0; i < ACCOUNT_COUNT; i++) {
		free(accounts->list[i].positions);
		accounts->list[i].positions = NULL;
	}
}

struct account *
account_find(struct accounts *accounts, const char *id, bool live)
{
	for (size_t i = 0; i < ACCOUNT_COUNT; i++)
		if (accounts->list[i].live == live &&
		    strcmp(accounts->list[i].id, id) == 0)
			return &accounts->list[i];
	return NULL;
}

struct account *
account_first(struct accounts *accounts, bool live)
{
	size_t i = 0;

	while (accounts->list[i].live != live)
		i++;
	return &accounts->list[i];
}

int64_t
account_value(const struct contract *contract, int64_t quantity, int64_t price)
{
	int64_t value = num_mul(quantity, price);

	if (contract->multiplier)
		value = num_mul(value, contract->multiplier);
	if (strcmp(contract->type, "BOND") == 0)
		value /= 100; /* bonds are quoted in percent */
	return value / contract->magnifier;
}

int
account_fill(struct account *account, const struct contract *contract,
    int64_t quantity, int64_t price)
{
	struct position *position = position_of(account, contract);
	int64_t held, value, closed = 0;

	if (!position)
		return -1;
	held = position->quantity;
	if ((held < 0) != (quantity < 0) && held != 0)
		closed = llabs(quantity) < llabs(held) ? -quantity : held;
	position->realized = num_add(position->realized,
	    account_value(contract, closed, price - position->cost));
	position->quantity = num_add(position->quantity, quantity);
	if (closed == 0) {
		position->paid =
		    num_add(position->paid, num_mul(quantity, price));
		position->cost = num_div(position->paid, position->quantity);
	} else if (closed == held) {
		position->cost = price;
	}
	if (closed != 0)
		position->paid = num_mul(position->quantity, position->cost);
	value = account_value(contract, quantity, price);
	account->cash = num_add(account->cash, -value);
	account->available = num_add(account->available, -value);
	return 0;
}

int
account_pad(struct account *account, size_t count)
{
	const struct contract *filler;

	for (size_t i = 0; account->position_count < count; i++) {
		struct position *position;

		filler = contract_filler(i);
		position = filler ? position_of(account, filler) : NULL;
		if (!position)
			return -1;
		if (position->quantity == 0) {
			position->quantity = NUM((int64_t)i + 1, 0);
			position->cost = NUM(20, 25);
			position->paid =
			    num_mul(position->quantity, position->cost);
		}
	}
	return 0;
}
