/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * What the host asks the backend before an order is judged: the contract, a
 * quote, the account's mode by the broker's word.  Read just before the
 * transaction, stamped, and kept in the intent's record (ruling 10).
 */

#ifndef IAG_ORDERS_MARKET_H
#define IAG_ORDERS_MARKET_H

#include <stdbool.h>
#include <stdint.h>

#include <json-c/json_object.h>

#include "base/dec.h"
#include "host/host.h"

/* One row of the market as it was read; init and fini always. */
struct quote {
	bool is_known;    /* there is a row at all */
	bool is_realtime; /* data_status live */
	bool is_halted;
	bool has_bid, has_ask, has_last;
	bool last_is_close; /* last is flagged: no reference */
	struct dec bid, ask, last;
	char currency[4];   /* "": not told */
	uint64_t source_ns; /* real; 0: missing, or over 2 s ahead */
	uint64_t receipt_ns;
};
void quote_init(struct quote *quote);
void quote_fini(struct quote *quote);
#define CLEANUP_QUOTE __attribute__((cleanup(quote_fini)))
/* The larger of source and receipt age; UINT64_MAX without source time. */
uint64_t quote_age_ns(const struct quote *quote, uint64_t now_ns);
/* For the intent's record. */
int quote_to_json(
    const struct quote *quote, struct json_object **ret_obj, struct err *err);
/* From the result of `market_snapshot`; pure. */
int quote_read(struct json_object *snapshot, const struct answer *answer,
    uint64_t now_ns, struct quote *quote, struct err *err);

/*
 * One question; arguments are given up.  The answer is an object; its text
 * goes to *ret_answer without it, where that is not NULL.  backend NULL:
 * BROKER_BACKEND_UNAVAILABLE.
 */
int market_ask(struct instance *backend, struct call *call,
    const char *operation, struct json_object *arguments,
    struct answer *ret_answer, struct json_object **ret_obj, struct err *err);

int market_quote(struct instance *backend, struct call *call,
    const char *contract_id, struct quote *quote, struct err *err);
/*
 * IAG_MODE_*; 0: the broker says unknown.  Of the operation account_mode, whose
 * answer has account_id and account_mode of account_metadata and no more; of
 * account_metadata where a backend has no other.
 */
int market_account_mode(struct instance *backend, struct call *call,
    const char *account, uint32_t *ret_mode, struct err *err);

/* One contract; every text owned, NULL if not told. */
struct contract {
	char *contract_id, *symbol, *asset_class, *exchange, *currency;
	char *multiplier, *price_magnifier, *price_increment, *size_increment;
};
void contract_fini(struct contract *contract);
/*
 * Exactly one: INPUT_AMBIGUOUS_CONTRACT for several or fuzzy ones; asset
 * class, currency and exchange may be NULL.
 */
int market_contract(struct instance *backend, struct call *call,
    const char *symbol, const char *asset_class, const char *currency,
    const char *exchange, struct contract *ret_contract, struct err *err);

#endif
