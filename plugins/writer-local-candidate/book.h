/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The book: the orders that this writer has "placed", kept as durable state of
 * the plugin, one row "o/REFERENCE" each, a JSON object as `list` gives it
 * plus "state", an IAG_STATUS_* number.
 */

#ifndef CANDIDATE_BOOK_H
#define CANDIDATE_BOOK_H

#include <json-c/json.h>

#include "ibkr-agent/writer.h"

#define ID_PREFIX "local-candidate-"

/* All: 0 or an IAG_* that host->fail() has explained, but for NOTFOUND. */
int32_t book_get(struct iag_ctx *ctx, const struct iag_host *host,
    const char *ref, struct json_object **ret_order);
int32_t book_put(struct iag_ctx *ctx, const struct iag_host *host,
    const char *ref, struct json_object *order);
/* The reference of an id of ours, else NULL. */
const char *book_ref(const char *broker_order_id);

/* A new row for the order; NULL: no memory. */
struct json_object *book_order(struct iag_ctx *ctx, const struct iag_host *host,
    const struct iag_order *order);
/* What a modify replaces. */
int32_t book_change(struct iag_ctx *ctx, const struct iag_host *host,
    struct json_object *row, const struct iag_order *order);
int32_t book_set_status(struct iag_ctx *ctx, const struct iag_host *host,
    struct json_object *row, uint32_t status, const char *filled);
uint32_t book_status(struct json_object *row);
const char *book_text(struct json_object *row, const char *key);

/*
 * {"orders": [...]} to host->reply(): what works, and what has ended within a
 * day.
 */
int32_t book_list(
    struct iag_ctx *ctx, const struct iag_host *host, int64_t late_s);

/* The order shows only late_s seconds from now. */
void book_set_late(
    struct iag_ctx *ctx, const struct iag_host *host, struct json_object *row);
int book_is_hidden(struct iag_ctx *ctx, const struct iag_host *host,
    struct json_object *row, int64_t late_s);

#endif
