/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * What happens to orders by themselves: they reach the exchange, trigger,
 * fill against the quotes, expire, and are cancelled.
 */

#ifndef IAG_SIM_MATCH_H
#define IAG_SIM_MATCH_H

#include <stdint.h>

#include "sim/book.h"
#include "sim/market.h"

/* Until nothing moves any more; fills come before cancels. */
void match_run(struct book *book, struct market *market, int64_t now_ms);
/* The end of the trading day. */
void match_expire(struct book *book, int64_t now_ms);

#endif
