/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* What writing and counting activity share: its rows and how to find one. */

#ifndef IAG_JOURNAL_ACTIVITYROW_H
#define IAG_JOURNAL_ACTIVITYROW_H

#include "journal/activity.h"

#define ACTIVITY_HASH_LEN (HASH_HEX_SIZE - 1)
#define ACTIVITY_ASIDE "activity/" /* before the key in TABLE_STATE */

/* A row; obj NULL: there is none. */
struct activity_row {
	struct json_object
	    *obj; /* {amount, currency, increase, orders, totals} */
	uint64_t gate_ns, sequence;
};
void activity_row_fini(struct activity_row *row);
#define CLEANUP_ACTIVITY_ROW __attribute__((cleanup(activity_row_fini)))

/* The account's first row from gate_ns on. */
int activity_first(struct journal_txn *txn,
    const char account_hash[HASH_HEX_SIZE], uint64_t gate_ns,
    struct activity_row *ret_row, struct err *err);
int activity_last(struct journal_txn *txn,
    const char account_hash[HASH_HEX_SIZE], struct activity_row *ret_row,
    struct err *err);

int activity_parse(
    struct iag_bytes value, struct json_object **ret_obj, struct err *err);
int activity_amount_parse(
    const char *text, struct dec *ret_amount, struct err *err);
/* The amount of a row if it is in currency, else 0. */
int activity_amount(struct json_object *obj, const char *currency,
    struct dec *ret_amount, struct err *err);
/* All of the account in currency, up to and with a row; obj NULL: 0. */
int activity_total(struct json_object *obj, const char *currency,
    struct dec *ret_total, struct err *err);
/* The same of orders; of an aside what it adds. */
int64_t activity_orders(struct json_object *obj);
/* 1; 0 for the increase of a modify. */
int64_t activity_own_orders(struct json_object *obj);

struct aside_key {
	uint8_t bytes[sizeof(ACTIVITY_ASIDE) - 1 + ACTIVITY_KEY_SIZE];
};
struct iag_bytes aside_key(const char account_hash[HASH_HEX_SIZE],
    uint64_t gate_ns, uint64_t sequence, struct aside_key *key);

#endif
