/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* What the writer sends, and nothing else can. */

#ifndef CPW_WIRE_H
#define CPW_WIRE_H

#include "answer.h"
#include "ibkr-agent/writer.h"

enum route_name {
	ROUTE_SUBMIT,
	ROUTE_REPLY,
	ROUTE_MODIFY,
	ROUTE_CANCEL,
	ROUTE_LOGIN,
	ROUTE_ORDERS,
	ROUTE_ORDER,
	ROUTE_COUNT
};
extern const struct iag_route routes[ROUTE_COUNT];
enum { BUCKET_COUNT = 2 };
extern const struct iag_bucket buckets[BUCKET_COUNT];

/* One callback on its way. */
struct errand {
	const struct iag_host *host;
	struct iag_ctx *ctx;
};

/* One exchange; 0, or the result of a failure that is said already. */
int32_t wire_ask(const struct errand *errand, enum route_name route,
    const char *const *holes, const char *const *query, const char *body,
    struct iag_http_response *ret_response);
/* The same for a write, with what the answer means. */
int32_t wire_write(const struct errand *errand, enum route_name route,
    const char *const *holes, const char *body, struct answer *ret_answer);

/* By client reference: see iag_writer_ops.find. */
int32_t find_order(const struct errand *errand, const struct iag_target *target,
    struct iag_find *ret_find);

#endif
