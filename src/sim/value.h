/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* What accounts and positions are worth at the quotes of the moment. */

#ifndef IAG_SIM_VALUE_H
#define IAG_SIM_VALUE_H

#include "base/buf.h"
#include "sim/account.h"

struct sim;

struct value_pnl {
	int64_t daily, unrealized, realized, market;
};

struct value_position {
	int64_t price; /* the cost where nothing is quoted */
	int64_t market, unrealized, daily;
};

void value_position(const struct sim *sim, const struct position *position,
    struct value_position *value);
void value_pnl(const struct sim *sim, const struct account *account,
    struct value_pnl *pnl);
int64_t value_net(const struct sim *sim, const struct account *account);
/* 1,234.50: with commas, and so many digits behind the point. */
void value_grouped(struct buf *out, int64_t num, unsigned digits);

#endif
