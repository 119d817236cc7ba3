/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * What the journal knows of an account's orders, for those who read: whatever
 * still works, what has changed in a span of time, and which writers may have
 * more to say of it.
 */

#ifndef IAG_ORDERS_LEDGER_H
#define IAG_ORDERS_LEDGER_H

#include <stdbool.h>

#include "orders/intent.h"

enum { LEDGER_ROWS = 1000, LEDGER_WRITERS = 8 };

/* A writer that has an order which is not settled or not terminal. */
struct ledger_writer {
	uint32_t mode;
	char *name;
};

struct ledger {
	struct order_row *rows; /* working ones, then the latest change first */
	size_t count;
	struct ledger_writer writers[LEDGER_WRITERS];
	size_t writer_count;
	bool cut; /* there are more than fit */
};
void ledger_init(struct ledger *ledger);
void ledger_fini(struct ledger *ledger);
#define CLEANUP_LEDGER __attribute__((cleanup(ledger_fini)))

/*
 * All working orders of the account, those whose last change was at from_ns to
 * to_ns, and the writers of its unsettled intents.  One read transaction; for
 * an account without orders it costs three looks.
 */
int ledger_load(struct journal *journal, const char *account, uint64_t from_ns,
    uint64_t to_ns, struct ledger *ret_ledger, struct err *err);

/* Neither order nor unsettled intent. */
bool ledger_is_empty(const struct ledger *ledger);

/*
 * The only one with this broker's id or client reference, working or not:
 * ret_ledger has it, or no row, and the writers as ledger_load() does.
 */
int ledger_find(struct journal *journal, const char *account, const char *id,
    struct ledger *ret_ledger, struct err *err);

#endif
