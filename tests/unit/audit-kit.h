/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* What the tests of the audit trail share: a clock, records, and changes. */

#ifndef IAG_TESTS_UNIT_AUDIT_KIT_H
#define IAG_TESTS_UNIT_AUDIT_KIT_H

#include "base/clock.h"
#include "journal-kit.h"
#include "journal/core.h"

#define DAY_NS (UINT64_C(86400) * NS_PER_S)
#define NEW_SECRET "the second secret, of thirty-six bytes"

extern uint64_t audit_ahead_ns; /* added to the system's clock */
extern const struct audit_range audit_everything;

/* Of each test: *state is a struct kit, on that clock. */
int audit_setup(void **state);
int audit_teardown(void **state);

/* Open it, with eight records after the store's birth. */
void audit_fill(struct kit *kit);
/* Write a row "order", or delete it (NULL). */
void audit_set(struct kit *kit, char *value);

/*
 * Changes behind the journal's back, made on a copy, where only the chain
 * can notice them (at home the store's commit counter would tell, too).
 */
typedef void tamper(struct store_txn *txn, struct kit *kit);
/* Close it; what is opened next is a copy. */
void audit_go_to_copy(struct kit *kit);
struct audit_verdict audit_verify_tampered(struct kit *kit, tamper *change);
struct iag_bytes audit_key(uint64_t sequence, uint8_t key[8]);
extern uint64_t audit_victim;
/* Remove the record audit_victim. */
tamper audit_remove;

#endif
