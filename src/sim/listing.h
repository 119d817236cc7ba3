/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* How orders look to those who ask for them: cpapi.md 10.5. */

#ifndef IAG_SIM_LISTING_H
#define IAG_SIM_LISTING_H

#include "sim/book.h"
#include "sim/call.h"

void order_list(struct call *call);
/* Works, or ended since the last midnight. */
bool order_is_of_today(const struct sim *sim, const struct order *order);
void order_status(struct call *call, const struct order *order);
/* "Sell 1 SPY Limit 2.00, GTC" */
void order_description(struct buf *out, const struct order *order);
/* "260103201041" */
void order_time(struct buf *out, int64_t at_ms);

#endif
