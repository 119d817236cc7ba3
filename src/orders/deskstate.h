/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Durable state of plugins: rows "plugin/NAME/ACCOUNT/KEY" of TABLE_STATE, the
 * account as its HMAC.  The functions of struct host_desk; arg: the desk.
 */

#ifndef IAG_ORDERS_DESKSTATE_H
#define IAG_ORDERS_DESKSTATE_H

#include "orders/desk.h"

int desk_state_get(void *arg, const char *plugin, const char *account,
    struct iag_bytes key, struct buf *ret_value, struct err *err);
int desk_state_put(void *arg, const char *plugin, const char *account,
    struct iag_bytes key, struct iag_bytes value, struct err *err);
int desk_state_next(void *arg, const char *plugin, const char *account,
    struct iag_bytes key, struct buf *ret_key, struct buf *ret_value,
    struct err *err);

#endif
