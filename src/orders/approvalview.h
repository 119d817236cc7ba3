/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* Approvals as callers see them: with the order that they are for. */

#ifndef IAG_ORDERS_APPROVALVIEW_H
#define IAG_ORDERS_APPROVALVIEW_H

#include <json-c/json_object.h>

#include "orders/approval.h"

/* What it is now: an open one ends with its preview at the latest. */
enum approval_state approval_standing(const struct approval *approval,
    const struct preview *preview, uint64_t now_ns, uint64_t incarnation);
/* The members of approval_row in tools/fields-approval.c, in their order. */
int approval_to_json(const struct approval *approval,
    const struct preview *preview, enum approval_state state,
    struct json_object **ret_obj, struct err *err);
/* The refusal of an id that nothing is stored under. */
int approval_unknown(struct journal_txn *txn, const char *id, struct err *err);

#endif
