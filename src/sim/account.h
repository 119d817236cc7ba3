/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The accounts, what they hold and what it has cost.  One login sees either
 * the paper accounts or the live one, as at the broker.
 */

#ifndef IAG_SIM_ACCOUNT_H
#define IAG_SIM_ACCOUNT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/contract.h"

struct position {
	const struct contract *contract;
	int64_t quantity;
	int64_t cost; /* average price paid, in the quote's unit */
	int64_t paid; /* for all of it: quantity x cost, exactly */
	int64_t realized;
};

struct account {
	const char *id, *alias, *currency, *type;
	bool live;
	int64_t cash, net_liquidation, available, buying_power;
	struct position *positions;
	size_t position_count;
	int64_t cold_until_ms; /* positions are sparse before; 0: not read */
};

#define ACCOUNT_COUNT 3

struct accounts {
	struct account list[ACCOUNT_COUNT];
};

int accounts_init(struct accounts *accounts); /* -1: no memory */
void accounts_fini(struct accounts *accounts);
/* NULL: there is none of that id in this kind of login. */
struct account *account_find(
    struct accounts *accounts, const char *id, bool live);
/* The first of a login, which is selected until another one is. */
struct account *account_first(struct accounts *accounts, bool live);

/* What one unit of the position is worth in money: price x this. */
int64_t account_value(
    const struct contract *contract, int64_t quantity, int64_t price);
/* Book a fill; quantity is negative for a sale. */
int account_fill(struct account *account, const struct contract *contract,
    int64_t quantity, int64_t price);
/* Make it so many positions by adding made ones. */
int account_pad(struct account *account, size_t count);

#endif
