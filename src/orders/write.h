/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Writing orders: gate and record, send, settle.  The order of a write is
 * ruling 6: scope (dispatch) -> look up (account, key): an existing intent
 * answers with its stored state -> session, pacing -> gates -> intent ->
 * send -> settle.
 *
 * Each operation takes the tool's arguments (reference.md 4.3) and writes the
 * result object's text to out.  It returns 0 for done; with err->unknown the
 * outcome is unknown, otherwise it was refused and nothing happened.
 */

#ifndef IAG_ORDERS_WRITE_H
#define IAG_ORDERS_WRITE_H

#include <json-c/json_object.h>

#include "base/buf.h"
#include "orders/desk.h"

int order_submit(struct order_call *call, uint32_t mode,
    struct json_object *arguments, struct buf *out, struct err *err);
int order_cancel(struct order_call *call, uint32_t mode,
    struct json_object *arguments, struct buf *out, struct err *err);
int order_modify(struct order_call *call, uint32_t mode,
    struct json_object *arguments, struct buf *out, struct err *err);
int order_submit_bracket(struct order_call *call, uint32_t mode,
    struct json_object *arguments, struct buf *out, struct err *err);
/*
 * `orders cancel-all --account`: the operator's; passes a closed switch.
 * One line of the result for each order.
 */
int order_cancel_all(struct order_call *call, const char *account,
    const char *reason, struct buf *out, struct err *err);

#endif
