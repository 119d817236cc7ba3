/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Counts of sessions and windows from running totals, against a plain list of
 * what was reserved and not given back.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "journal-kit.h"
#include "journal/activity.h"

enum { STEPS = 600, SPAN = 40, PER_STEP = 5 };

/* One order of the list; times are small so that many are the same. */
struct entry {
	uint64_t gate_ns, sequence, cents;
	bool has_amount, is_euro, is_increase, is_given_back;
};

static struct entry entries[STEPS * PER_STEP];
static size_t entry_count;
static char hash[HASH_HEX_SIZE], other[HASH_HEX_SIZE];
static uint64_t now_ns = 1000;

static unsigned short seed[3] = { 2026, 11, 28 };

static unsigned
pick(unsigned below)
{
	return (unsigned)nrand48(seed) % below;
}

static int
reserve(struct journal_txn *txn, const char *account, struct entry *entry,
    struct err *err)
{
	char amount[32];
	struct activity_order order = {
		.amount = entry->has_amount ? amount : NULL,
		.currency = entry->is_euro ? "EUR" : "USD",
		.is_increase = entry->is_increase,
	};

	(void)snprintf(amount, sizeof(amount), "%u.%02u",
	    (unsigned)entry->cents / 100, (unsigned)entry->cents % 100);
	return activity_reserve(
	    txn, account, entry->gate_ns, &order, &entry->sequence, err);
}

/* Mostly now; now and then one that lands late. */
static int
add(struct journal_txn *txn, struct err *err)
{
	struct entry *entry = &entries[entry_count++];

	now_ns += pick(3);
	*entry = (struct entry){
		.gate_ns = pick(8) ? now_ns : now_ns - pick(SPAN),
		.cents = pick(100000),
		.has_amount = pick(5) > 0,
		.is_euro = pick(5) == 0,
		.is_increase = pick(6) == 0,
	};
	return reserve(txn, hash, entry, err);
}

static int
give_back(struct journal_txn *txn, struct err *err)
{
	size_t back = pick(3) ? 1 : 1 + pick(SPAN);
	struct entry *entry;

	if (back > entry_count)
		return 0;
	entry = &entries[entry_count - back];
	if (entry->is_given_back)
		return 0;
	entry->is_given_back = true;
	return activity_release(
	    txn, hash, entry->gate_ns, entry->sequence, err);
}

static const struct audit_event event = {
	.event_type = "live_order_lifecycle_changed",
	.principal = "local:test",
	.principal_kind = "operator",
	.decision = "allow",
	.result_status = "completed",
};

static int
change_step(struct journal_txn *txn, void *arg, struct err *err)
{
	unsigned count = 1 + pick(PER_STEP);
	int ret = 0;

	(void)arg;
	for (unsigned i = 0; i < count && ret == 0; i++)
		ret = pick(3) ? add(txn, err) : give_back(txn, err);
	return ret ? ret : txn_audit(txn, &event, err);
}

static void
expect(uint64_t from_ns, uint64_t *ret_orders, uint64_t *ret_cents)
{
	*ret_orders = *ret_cents = 0;
	for (size_t i = 0; i < entry_count; i++) {
		const struct entry *entry = &entries[i];

		if (entry->is_given_back || entry->gate_ns < from_ns)
			continue;
		*ret_orders += !entry->is_increase;
		if (entry->has_amount && !entry->is_euro)
			*ret_cents += entry->cents;
	}
}

static int
count_step(struct journal_txn *txn, void *arg, struct err *err)
{
	uint64_t session = now_ns - pick(3 * SPAN), window = now_ns - pick(9);
	uint64_t in_session, in_window, cents, ignored;
	CLEANUP_DEC struct dec hundred;
	struct activity_count count;

	(void)arg;
	dec_init(&hundred);
	(void)dec_set_int(&hundred, 100);
	activity_count_init(&count);
	assert_int_equal(
	    activity_count(txn, hash, session, window, "USD", &count, err), 0);
	expect(session, &in_session, &cents);
	expect(window, &in_window, &ignored);
	assert_int_equal(count.in_session, in_session);
	assert_int_equal(count.in_window, in_window);
	dec_mul(&count.notional, &count.notional, &hundred);
	(void)dec_set_int(&hundred, (int64_t)cents);
	assert_int_equal(dec_cmp(&count.notional, &hundred), 0);
	activity_count_fini(&count);
	return 0;
}

/* Orders of accounts that sort before and behind do not count. */
static int
other_step(struct journal_txn *txn, void *arg, struct err *err)
{
	struct entry entry = {
		.gate_ns = now_ns + pick(SPAN), .cents = 1, .has_amount = true
	};
	int ret;

	(void)arg;
	memset(other, pick(2) ? '0' : 'f', HASH_HEX_SIZE - 1);
	ret = reserve(txn, other, &entry, err);
	return ret ? ret : txn_audit(txn, &event, err);
}

static void
test_inv3_counts_are_those_of_a_plain_list(void **state)
{
	struct kit kit;

	(void)state;
	kit_init(&kit);
	kit_open(&kit, JOURNAL_WRITE);
	journal_account_hash(kit.journal, "U1234567", hash);
	for (unsigned i = 0; i < STEPS; i++) {
		assert_int_equal(
		    journal_update(kit.journal, NULL,
			pick(9) ? change_step : other_step, NULL, NULL),
		    0);
		for (unsigned j = 0; j < 3; j++)
			assert_int_equal(
			    journal_view(kit.journal, count_step, NULL, NULL),
			    0);
	}
	kit_fini(&kit);
}

/* As much as an order may say, and what comes after it. */
static uint64_t much_sequence;

static int
much_step(struct journal_txn *txn, void *arg, struct err *err)
{
	const struct activity_order order = { arg, "USD", false };
	int ret =
	    activity_reserve(txn, hash, now_ns++, &order, &much_sequence, err);

	return ret ? ret : txn_audit(txn, &event, err);
}

static int
much_back_step(struct journal_txn *txn, void *arg, struct err *err)
{
	int ret = activity_release(txn, hash, now_ns - 1, much_sequence, err);

	(void)arg;
	return ret ? ret : txn_audit(txn, &event, err);
}

static int
much_count_step(struct journal_txn *txn, void *arg, struct err *err)
{
	CLEANUP_DEC struct dec most, rest;
	struct activity_count count;

	dec_init(&most);
	dec_init(&rest);
	activity_count_init(&count);
	assert_int_equal(dec_parse(&most, "99999999999999999999", NULL), 0);
	assert_int_equal(
	    activity_count(txn, hash, 0, now_ns - 1, "USD", &count, err), 0);
	assert_int_equal(count.in_session, *(const uint64_t *)arg);
	assert_int_equal(count.in_window, 1);
	dec_sub(&rest, &count.notional, &most);
	(void)dec_set_int(&most, 5 * ((int64_t)count.in_session - 1));
	assert_int_equal(dec_cmp(&rest, &most), 0);
	activity_count_fini(&count);
	return 0;
}

/* Totals that cannot be written stop nobody, and all of it counts. */
static void
test_totals_that_cannot_be_written_stand_aside(void **state)
{
	uint64_t counts[] = { 2, 3 };
	struct kit kit;

	(void)state;
	kit_init(&kit);
	kit_open(&kit, JOURNAL_WRITE);
	assert_int_equal(journal_update(kit.journal, NULL, much_step,
			     (void *)(uintptr_t) "99999999999999999999", NULL),
	    0);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(journal_update(kit.journal, NULL, much_step,
				     (void *)(uintptr_t) "5", NULL),
		    0);
		assert_int_equal(journal_view(kit.journal, much_count_step,
				     &counts[i], NULL),
		    0);
	}
	assert_int_equal(
	    journal_update(kit.journal, NULL, much_back_step, NULL, NULL), 0);
	now_ns--;
	assert_int_equal(
	    journal_view(kit.journal, much_count_step, &counts[0], NULL), 0);
	kit_fini(&kit);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_inv3_counts_are_those_of_a_plain_list),
		cmocka_unit_test(
		    test_totals_that_cannot_be_written_stand_aside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
