/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "audit-kit.h"

uint64_t audit_ahead_ns;
uint64_t audit_victim;
const struct audit_range audit_everything = { .last = UINT64_MAX };

static uint64_t
shifted(void *arg)
{
	struct timespec now;

	(void)arg;
	(void)clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec +
	       audit_ahead_ns;
}

static uint64_t
boot(void *arg)
{
	struct timespec now;

	(void)arg;
	(void)clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

static const struct clock_source source = { shifted, boot, NULL };

int
audit_setup(void **state)
{
	struct kit *kit = malloc(sizeof(*kit));

	assert_non_null(kit);
	audit_ahead_ns = 0;
	clock_set_source(&source);
	kit_init(kit);
	*state = kit;
	return 0;
}

int
audit_teardown(void **state)
{
	struct kit *kit = *state;

	kit_fini(kit);
	free(kit);
	clock_set_source(NULL);
	return 0;
}

void
audit_fill(struct kit *kit)
{
	kit_open(kit, JOURNAL_WRITE);
	kit_records(kit, 8);
}

static int
set_step(struct journal_txn *txn, void *arg, struct err *err)
{
	const struct audit_event event = { .event_type = "test_set" };
	int rc = txn_put(txn, TABLE_ORDERS, bytes_str("order"),
	    bytes_str((const char *)arg), err);

	return rc < 0 ? rc : txn_audit(txn, &event, err);
}

static int
unset_step(struct journal_txn *txn, void *arg, struct err *err)
{
	const struct audit_event event = { .event_type = "test_unset" };
	int rc = txn_del(txn, TABLE_ORDERS, bytes_str("order"), err);

	(void)arg;
	return rc < 0 ? rc : txn_audit(txn, &event, err);
}

void
audit_set(struct kit *kit, char *value)
{
	assert_int_equal(
	    0, journal_update(kit->journal, NULL, value ? set_step : unset_step,
		   value, &kit->err));
}

struct iag_bytes
audit_key(uint64_t sequence, uint8_t key[8])
{
	put_u64(key, sequence);
	return bytes_of(key, 8);
}

void
audit_go_to_copy(struct kit *kit)
{
	char copy[sizeof(kit->path)];

	kit_close(kit);
	(void)snprintf(copy, sizeof(copy), "%.500s/copy", kit->base);
	kit_copy(kit->path, copy);
	memcpy(kit->path, copy, sizeof(copy));
}

struct audit_verdict
audit_verify_tampered(struct kit *kit, tamper *change)
{
	struct store_txn *txn = NULL;

	audit_go_to_copy(kit);
	assert_int_equal(0, kit_store(kit, false));
	assert_int_equal(
	    0, store_begin(kit->store, NULL, IAG_STORE_WRITE, &txn, NULL));
	change(txn, kit);
	assert_int_equal(0, store_commit(txn, NULL));
	kit_close(kit);
	kit_open(kit, JOURNAL_READ_ONLY);
	return kit_verify(kit, AUDIT_VERIFY_STATE);
}

void
audit_remove(struct store_txn *txn, struct kit *kit)
{
	uint8_t key[8];

	(void)kit;
	assert_int_equal(
	    0, store_del(txn, TABLE_AUDIT, audit_key(audit_victim, key), NULL));
}
