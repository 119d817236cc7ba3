/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Order tickets as the broker wants them.  It ignores members that it does
 * not know, so a misspelt one would silently become a default: nothing but
 * what is checked here is ever written.
 */

#ifndef CPGW_TICKET_H
#define CPGW_TICKET_H

#include "ibkr-agent/writer.h"

struct text;

/*
 * Append the ticket.  NULL, or why there is none: market orders, limits
 * without a price and the like are refused here, too (ruling 20).
 */
const char *ticket_write(struct text *out, const struct iag_order *order);

#endif
