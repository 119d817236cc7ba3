/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * A writer (the LiveOrderWriter) is the only code that can change anything
 * at the broker.  It is typed and closed: what is not in this file cannot be
 * asked of it.  Decimals are texts without exponent; absent ones are NULL.
 * After host->commit_send() has returned 0, any result but an
 * acknowledgement or a proof of refusal counts as IAG_UNKNOWN in the host.
 */

#ifndef IBKR_AGENT_WRITER_H
#define IBKR_AGENT_WRITER_H

#include "ibkr-agent/plugin.h"

#ifdef __cplusplus
extern "C" {
#endif

#define IAG_SIDE_BUY 1
#define IAG_SIDE_SELL 2

/* Order types: values for orders, bits 1 << value for the declaration. */
#define IAG_TYPE_LIMIT 1
#define IAG_TYPE_STOP 2
#define IAG_TYPE_STOP_LIMIT 3
#define IAG_TYPE_TRAILING_STOP 4

#define IAG_TIF_DAY 1
#define IAG_TIF_GOOD_TILL_CANCELLED 2

#define IAG_MODE_PAPER 1
#define IAG_MODE_LIVE 2

/* Operations, as bits of iag_writer_ops.operations. */
#define IAG_WRITER_SUBMIT 0x01u
#define IAG_WRITER_CANCEL 0x02u
#define IAG_WRITER_MODIFY 0x04u
#define IAG_WRITER_SUBMIT_GROUP 0x08u
#define IAG_WRITER_FIND 0x10u
#define IAG_WRITER_LIST 0x20u

/*
 * One complete order.  need_flags: a bit that the writer does not know means
 * that it must answer IAG_NOTSUP, because dropping it would change the
 * order.
 */
struct iag_order {
	uint32_t struct_size;
	uint32_t need_flags;
	uint32_t mode; /* IAG_MODE_* */
	uint32_t side; /* IAG_SIDE_* */
	uint32_t type; /* IAG_TYPE_* */
	uint32_t tif;  /* IAG_TIF_* */
	const char *account;
	const char *client_ref; /* the broker's client order id */
	const char *contract_id;
	const char *symbol;
	const char *asset_class; /* "stock", "etf", ... */
	const char *exchange;    /* NULL: the broker's own routing */
	const char *currency;    /* ISO 4217 */
	const char *quantity;
	const char *limit_price;
	const char *stop_price;
	const char *trailing_amount;
	const char *trailing_percent;
	const char *parent_ref; /* client_ref of a bracket's parent */
};

/* States of an order at the broker. */
#define IAG_STATUS_SUBMITTED 1
#define IAG_STATUS_OPEN 2
#define IAG_STATUS_PENDING_CANCEL 3
#define IAG_STATUS_FILLED 4
#define IAG_STATUS_CANCELLED 5
#define IAG_STATUS_REFUSED 6

/* What the broker said of one order; strings interned or constant. */
struct iag_ack {
	uint32_t struct_size;
	uint32_t status; /* IAG_STATUS_*; 0: not told */
	const char *broker_order_id;
	const char *client_ref;      /* as the broker has it */
	const char *broker_status;   /* the broker's own word */
	const char *filled_quantity; /* NULL: not told */
	const char *average_price;
	/* Up to 256 bytes, handed back to cancel, modify and find. */
	struct iag_bytes handle;
};

/* The order that cancel and modify are about. */
struct iag_target {
	uint32_t struct_size;
	uint32_t mode;
	const char *account;
	const char *broker_order_id;
	const char *client_ref; /* of the original submit; NULL: not ours */
	struct iag_bytes handle;
};

/* Answers of find(): absence needs proof (coverage). */
#define IAG_FIND_FOUND 1
#define IAG_FIND_ABSENT 2
#define IAG_FIND_INCONCLUSIVE 3

struct iag_find {
	uint32_t struct_size;
	uint32_t answer;   /* IAG_FIND_* */
	uint32_t complete; /* not 0: a warm, complete read */
	uint32_t reserved;
	uint64_t since_ns;   /* real time from which the read covers */
	const char *session; /* the broker session it was read in, or NULL */
	struct iag_ack ack;  /* for IAG_FIND_FOUND */
};

struct iag_writer_ops {
	uint32_t struct_size;
	uint32_t need_known;      /* need_flags of orders that it honours */
	uint32_t operations;      /* IAG_WRITER_* */
	uint32_t order_types;     /* 1 << IAG_TYPE_* */
	uint32_t tifs;            /* 1 << IAG_TIF_* */
	uint32_t modes;           /* 1 << IAG_MODE_* */
	uint32_t ref_len;         /* most characters of a client_ref */
	uint32_t reserved;        /* 0 */
	uint64_t max_flight_ns;   /* longest time a send may stay on its way */
	const char *ref_alphabet; /* allowed characters; NULL: [A-Za-z0-9._-] */
	const char *asset_classes; /* words separated by one space */

	int32_t (*submit)(struct iag_ctx *ctx, void *instance,
	    const struct iag_order *order, struct iag_ack *ret_ack);
	int32_t (*cancel)(struct iag_ctx *ctx, void *instance,
	    const struct iag_target *target, struct iag_ack *ret_ack);
	/* order: the complete replacement, quantity in total. */
	int32_t (*modify)(struct iag_ctx *ctx, void *instance,
	    const struct iag_target *target, const struct iag_order *order,
	    struct iag_ack *ret_ack);
	/* Parent first; ret_acks has count records. */
	int32_t (*submit_group)(struct iag_ctx *ctx, void *instance,
	    const struct iag_order *const *orders, size_t count,
	    struct iag_ack *ret_acks);
	/* By client reference, for recovery; never sends an order. */
	int32_t (*find)(struct iag_ctx *ctx, void *instance,
	    const struct iag_target *target, struct iag_find *ret_find);
	/* Orders that this writer keeps itself: host->reply() once, the
	 * shape of the `orders_list` operation.  NULL: the backend has all. */
	int32_t (*list)(
	    struct iag_ctx *ctx, void *instance, const char *account);
};

#ifdef __cplusplus
}
#endif

#endif
