/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * A real journal, a clock that a test sets, and the scripted writer: what the
 * tests of the reconciler share.
 */

#ifndef IAG_TESTS_UNIT_RECONCILE_KIT_H
#define IAG_TESTS_UNIT_RECONCILE_KIT_H

#include "base/clock.h"
#include "base/json.h"
#include "journal-kit.h"
#include "orders/reconcile.h"
#include "orders/settle.h"

#define ACCOUNT "DU1234567"
/* Noon in New York, so that a day's end is far. */
#define NOON_NS (UINT64_C(1785340800) * NS_PER_S)

struct world {
	struct kit kit;
	struct desk *desk;
	char hash[HASH_HEX_SIZE];
	/* of the last operation */
	struct json_object *result;
	struct err err;
	int ret;
};

/* The wall clock; noon at first. */
extern uint64_t now_ns;

int world_setup(void **state);
int world_teardown(void **state);
void world_forget(struct world *w);
struct desk *desk_make(struct world *w);

/* What is there before. */
struct spec {
	const char *key, *leg, *owner, *connection, *id, *limit, *atomicity;
	enum order_operation operation;
	enum intent_state state;
	uint32_t mode;
	bool has_activity;
};

void put_intent(struct world *w, struct spec spec);
void put_bracket(struct world *w);             /* g1, native */
void put_row(struct world *w, const char *id); /* of k1 */
void put_row_of(struct world *w, const char *id, const char *ref);
int put_record(struct journal_txn *txn, struct err *err);
/* A leg of g1 as it was answered; id NULL: the broker told none. */
void leg_settle(
    struct world *w, const char *leg, enum intent_state state, char *id);

/* What is there afterwards; 0: no such row. */
enum intent_state state_of(struct world *w, const char *key, const char *leg);
uint32_t status_of(struct world *w, const char *id);
bool row_is_of(struct world *w, const char *id, const char *ref);
uint64_t reserved_count(struct world *w);
enum switch_state paper_switch(struct world *w);
bool is_recorded(struct world *w, const char *type);
bool is_noted(struct world *w, const char *text); /* by the last pass */

/* Operations; the reconciler's answer, told by name. */
struct order_call call_begin(struct world *w, uint64_t limit_ns);
void call_end(struct world *w, struct order_call *call, struct buf *out);
void run_pass(struct world *w);
int64_t told(struct world *w, const char *name);
void run_resolve(struct world *w, const char *key, const char *reason);

#endif
