/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* Text of our tables as mdoc, for the lists that manual pages have of them. */

#ifndef IAG_ORDERS_MDOC_H
#define IAG_ORDERS_MDOC_H

#include "base/buf.h"

/* Sentences end lines, as mdoc wants it; long ones are wrapped. */
void mdoc_text(struct buf *out, const char *text);

#endif
