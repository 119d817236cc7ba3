/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The real program with a store of its own, the fake backend and the venue
 * (venue.h) as the broker's other side: what tests need to write orders from
 * outside and to see what became of them.
 */

#ifndef IAG_TESTS_CRASH_ORDERS_KIT_H
#define IAG_TESTS_CRASH_ORDERS_KIT_H

#include <json-c/json_object.h>
#include <sys/types.h>

#include "venue.h"

#define ORDERS_PAPER "DU1234567"
#define ORDERS_ID 64
#define ORDERS_ARGS 24

struct orders_kit {
	char dir[512];
	char socket[600];
	char config[600];
	pid_t venue;
};
/* max_orders: of the paper policy, in a session. */
void orders_kit_init(struct orders_kit *kit, unsigned max_orders);
void orders_kit_fini(struct orders_kit *kit);

/* Arguments of the program, path first; texts are kept here. */
struct orders_args {
	char *argv[ORDERS_ARGS + 1];
	size_t count;
	char texts[ORDERS_ARGS][600];
};
/* The arguments end with NULL. */
void orders_args(struct orders_args *args, const char *first, ...)
    __attribute__((sentinel));

/*
 * Run the program to its end: its exit code, or 128 + the signal; what it
 * printed as JSON (of either stream), to be put by the caller.
 */
int orders_run(const struct orders_args *args, struct json_object **ret_json);
/* The same, and it has to succeed; prints what it said if it does not. */
struct json_object *orders_must(const struct orders_args *args);

/* A preview of buying AAPL, and its approval: ids, of at most ORDERS_ID. */
void orders_preview(
    const char *account, const char *quantity, char ret_preview[ORDERS_ID]);
void orders_approve(
    const char *account, const char *preview, char ret_approval[ORDERS_ID]);
void orders_approved(const char *account, const char *quantity,
    char ret_preview[ORDERS_ID], char ret_approval[ORDERS_ID]);

/* Reconcile until nothing is pending; fails the test after a minute. */
void orders_settle_all(void);

#endif
