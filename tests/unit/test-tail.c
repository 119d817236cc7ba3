/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* The newest records: in order, and none that does not follow its chain. */

#include "journal-kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "journal/core.h"

#define VICTIM 4

static int
setup(void **state)
{
	struct kit *kit = malloc(sizeof(*kit));

	assert_non_null(kit);
	kit_init(kit);
	kit_open(kit, JOURNAL_WRITE);
	kit_records(kit, 8);
	*state = kit;
	return 0;
}

static int
teardown(void **state)
{
	struct kit *kit = *state;

	kit_fini(kit);
	free(kit);
	return 0;
}

static int
tail_of(struct kit *kit, uint64_t last, uint64_t limit, struct buf *out)
{
	const struct audit_range range = { .last = last, .limit = limit };

	buf_reset(out);
	err_fini(&kit->err);
	return audit_tail(kit->journal, &range, out, &kit->err);
}

/* Behind the chain's back; the record that says so follows as ever. */
static int
remove_step(struct journal_txn *txn, void *arg, struct err *err)
{
	const struct audit_event event = {
		.event_type = "tool_completed",
		.principal = "agent:local-agent",
		.principal_kind = "agent",
	};
	uint8_t key[8];

	(void)arg;
	put_u64(key, VICTIM);
	assert_int_equal(0, store_del(txn->store, TABLE_AUDIT,
				bytes_of(key, sizeof(key)), err));
	return txn_audit(txn, &event, err);
}

static void
assert_begins(const struct buf *out, const char *text)
{
	assert_memory_equal(buf_text(out), text, strlen(text));
}

static void
test_tail_begins_with_the_newest(void **state)
{
	struct buf out CLEANUP_BUF = BUF_INIT;

	assert_int_equal(0, tail_of(*state, UINT64_MAX, 2, &out));
	assert_begins(&out, "{\"events\":[{\"sequence_id\":8,");
	assert_non_null(strstr(buf_text(&out), "},{\"sequence_id\":7,"));
	assert_null(strstr(buf_text(&out), "\"sequence_id\":6,"));
	assert_int_equal(0, tail_of(*state, 1, 100, &out));
	assert_begins(&out, "{\"events\":[{\"sequence_id\":1,");
	assert_non_null(strstr(buf_text(&out), "},{\"sequence_id\":0,"));
}

/* Removing 4 hides 4 and what should follow it; the others are as before. */
static void
test_inv6_tail_names_the_record_that_is_missing(void **state)
{
	struct kit *kit = *state;
	struct buf out CLEANUP_BUF = BUF_INIT;

	assert_int_equal(0,
	    journal_update(kit->journal, NULL, remove_step, NULL, &kit->err));
	assert_int_equal(0, tail_of(kit, UINT64_MAX, 4, &out));
	assert_begins(&out, "{\"events\":[{\"sequence_id\":9,");
	assert_non_null(strstr(buf_text(&out), "\"sequence_id\":6,"));
	assert_int_equal(IAG_CORRUPT, tail_of(kit, UINT64_MAX, 5, &out));
	assert_string_equal("record 4: missing", err_text(&kit->err));
	assert_int_equal(IAG_CORRUPT, tail_of(kit, VICTIM, 1, &out));
	assert_string_equal("record 4: missing", err_text(&kit->err));
	assert_int_equal(0, tail_of(kit, VICTIM - 1, 100, &out));
	assert_begins(&out, "{\"events\":[{\"sequence_id\":3,");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_tail_begins_with_the_newest),
		TEST(test_inv6_tail_names_the_record_that_is_missing),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
