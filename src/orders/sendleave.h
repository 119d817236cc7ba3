/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Leave to send: the guard "send", shared, as long as anything of a write may
 * still be sent (ruling 11).  That is until the write is classified, and where
 * its caller has given a callback up, until the callback returns or the
 * process ends.
 */

#ifndef IAG_ORDERS_SENDLEAVE_H
#define IAG_ORDERS_SENDLEAVE_H

#include "orders/desk.h"

struct send_leave;
int send_leave_take(struct desk *desk, struct call *call,
    struct send_leave **ret_leave, struct err *err);
/* Counted; NULL is fine. */
struct send_leave *send_leave_ref(struct send_leave *leave);
void send_leave_unref(struct send_leave *leave);
/*
 * Before it is written down that the caller has given up: what goes on without
 * him is on the owner's guard "sending" until it ends, and before that nothing
 * that was not found is absent (ruling 4).  NULL is fine.
 */
void send_leave_tell(struct send_leave *leave);
/* The write is over for its caller. */
void send_leave_return(struct send_leave *leave); /* NULL is fine */
/*
 * The desk closes: what a stuck callback still holds is held until the process
 * ends, and its last unref touches the store no more.
 */
void send_leave_forget(const struct desk *desk);

#endif
