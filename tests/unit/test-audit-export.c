/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* Exports of the audit trail, and what may be purged because of them. */

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "audit-kit.h"
#include "base/cleanup.h"
#include "base/json.h"

static void
export_path(const struct kit *kit, const char *end, char path[600])
{
	(void)snprintf(path, 600, "%s/export.jsonl%s", kit->base, end);
}

static void
export_to(struct kit *kit, const struct audit_range *range)
{
	struct buf manifest CLEANUP_BUF = BUF_INIT;
	char path[600];

	export_path(kit, "", path);
	CLEANUP_CLOSE int fd =
	    open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	export_path(kit, ".manifest", path);
	CLEANUP_CLOSE int out =
	    open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (audit_export(kit->journal, NULL, range, fd, out, "local:alice",
		NULL, NULL, &manifest, &kit->err) < 0)
		fail_msg("%s", err_text(&kit->err));
}

static struct audit_verdict
verify_export(struct kit *kit)
{
	struct secret *secret = secret_new(kit->secret, strlen(kit->secret));
	struct audit_verdict verdict = { .valid = false };
	char path[600], manifest[600];

	export_path(kit, "", path);
	export_path(kit, ".manifest", manifest);
	if (audit_verify_file(path, manifest, secret, &verdict, &kit->err) <
		0 &&
	    !strstr(err_text(&kit->err), "wrong key: the export"))
		fail_msg("%s", err_text(&kit->err));
	secret_free(secret);
	return verdict;
}

static void
test_an_export_verifies_without_the_store(void **state)
{
	struct kit *kit = *state;
	struct audit_verdict verdict;

	audit_fill(kit);
	export_to(kit, &audit_everything);
	kit_close(kit);
	kit_remove(kit->path);
	verdict = verify_export(kit);
	assert_true(verdict.valid);
	assert_int_equal(9, verdict.scanned);
}

static void
test_an_export_of_another_key_is_no_broken_chain(void **state)
{
	struct kit *kit = *state;

	audit_fill(kit);
	export_to(kit, &audit_everything);
	kit->secret = NEW_SECRET; /* an edited key id comes to the same */
	assert_false(verify_export(kit).valid);
	assert_non_null(strstr(err_text(&kit->err), "wrong key: the export"));
}

static void
test_a_filtered_export_keeps_the_chain(void **state)
{
	struct kit *kit = *state;
	struct audit_range range = { .first = 2,
		.last = UINT64_MAX,
		.event_type = "test_set",
		.limit = 1 };
	static char one[] = "one";
	struct audit_verdict verdict;

	audit_fill(kit);
	audit_set(kit, one);
	kit_records(kit, 3);
	export_to(kit, &range);
	verdict = verify_export(kit);
	assert_true(verdict.valid);
	assert_int_equal(8, verdict.scanned);
}

/* All that a record can be: its changes come on top of the rest. */
static int
large_step(struct journal_txn *txn, void *arg, struct err *err)
{
	const struct audit_event event = { .event_type = "test_large",
		.metadata = arg };
	int rc = 0;

	for (unsigned i = 0; rc == 0 && i < 60; i++) {
		char key[16];

		(void)snprintf(key, sizeof(key), "order%u", i);
		rc = txn_put(
		    txn, TABLE_ORDERS, bytes_str(key), bytes_str("v"), err);
	}
	return rc < 0 ? rc : txn_audit(txn, &event, err);
}

static void
test_the_largest_record_has_a_line(void **state)
{
	struct kit *kit = *state;
	CLEANUP_JSON struct json_object *metadata = json_object_new_object();
	struct buf text CLEANUP_BUF = BUF_INIT;

	for (unsigned i = 0; i < 52300; i++)
		buf_str(&text, "word ");
	assert_int_equal(0, json_add_str(metadata, "why", buf_text(&text)));
	kit_open(kit, JOURNAL_WRITE);
	if (journal_update(kit->journal, NULL, large_step, metadata, &kit->err))
		fail_msg("%s", err_text(&kit->err));
	export_to(kit, &audit_everything);
	assert_true(verify_export(kit).valid);
}

static void
flip_export(struct kit *kit, const char *end, off_t at)
{
	char path[600], byte;

	export_path(kit, end, path);
	CLEANUP_CLOSE int fd = open(path, O_RDWR | O_CLOEXEC);
	assert_int_equal(1, pread(fd, &byte, 1, at));
	byte ^= 1;
	assert_int_equal(1, pwrite(fd, &byte, 1, at));
}

static int
try_export(struct kit *kit)
{
	struct buf manifest CLEANUP_BUF = BUF_INIT;
	CLEANUP_CLOSE int fd = memfd_create("export", MFD_CLOEXEC);

	assert_true(fd >= 0);
	return audit_export(kit->journal, NULL, &audit_everything, fd, -1,
	    "local:alice", NULL, NULL, &manifest, &kit->err);
}

/* Else one call with such a name would end all exports, and so all purges. */
static void
test_no_word_of_a_caller_hinders_an_export(void **state)
{
	static const char *const words[] = { "token=", "token='",
		"\"token\":", "password: ", "cookie:", "Bearer ", "api_key=\"",
		"{\"secret\":{", "-----BEGIN PRIVATE KEY", "eyJ.", "token=\\",
		"x\\", "\\\"password\\\":\\\"" };
	struct kit *kit = *state;

	kit_open(kit, JOURNAL_WRITE);
	for (size_t i = 0; i < ARRAY_COUNT(words); i++) {
		CLEANUP_JSON struct json_object *metadata =
		    json_object_new_object();
		const struct audit_event event = {
			.event_type = "tool_failed",
			.principal = words[i],
			.tool_name = words[i],
			.metadata = metadata,
		};

		assert_int_equal(0, json_add_str(metadata, "why", words[i]));
		assert_int_equal(0, json_add_str(metadata, words[i], words[i]));
		assert_int_equal(
		    0, journal_record(kit->journal, NULL, &event, &kit->err));
		if (try_export(kit) < 0)
			fail_msg("%s: %s", words[i], err_text(&kit->err));
	}
}

/* As if an older version had let it through. */
static int
leak_step(struct journal_txn *txn, void *arg, struct err *err)
{
	struct record record CLEANUP_RECORD = { .time_at = 1 };

	buf_str(&record.first, "{");
	buf_printf(&record.rest,
	    "\"1970-01-01T00:00:00.000Z\":0,\"tool_name\":%s}",
	    (const char *)arg);
	return txn_append(txn, &record, err);
}

static void
test_inv8_an_export_gives_out_no_secret(void **state)
{
	static const char *const leaks[] = { "\"Bearer abcdefghijklmnop1234\"",
		"[{\"x\":\"password=hunter2secret\"}]",
		"{\"access_token\":\"hunter2secret\"}",
		"{\"token=hunter2secret\":1}" };
	struct kit *kit = *state;

	for (size_t i = 0; i < ARRAY_COUNT(leaks); i++) {
		kit_open(kit, JOURNAL_WRITE);
		assert_int_equal(0, try_export(kit));
		assert_int_equal(
		    0, journal_update(kit->journal, NULL, leak_step,
			   (void *)(uintptr_t)leaks[i], &kit->err));
		assert_true(try_export(kit) < 0);
		assert_int_equal(ERR_OUTPUT_UNSAFE, kit->err.code);
		kit_close(kit);
		kit_remove(kit->path);
	}
}

static off_t
export_size(struct kit *kit, const char *end)
{
	struct stat st;
	char path[600];

	export_path(kit, end, path);
	assert_int_equal(0, stat(path, &st));
	return st.st_size;
}

static void
test_inv6_every_changed_byte_of_an_export_is_found(void **state)
{
	struct kit *kit = *state;
	off_t size;

	audit_fill(kit);
	export_to(kit, &audit_everything);
	size = export_size(kit, "");
	for (off_t i = 0; i < size; i += 3) {
		flip_export(kit, "", i);
		assert_false(verify_export(kit).valid);
		flip_export(kit, "", i);
	}
	size = export_size(kit, ".manifest") - 1; /* but its newline */
	for (off_t i = 0; i < size; i++) {
		flip_export(kit, ".manifest", i);
		assert_false(verify_export(kit).valid);
		flip_export(kit, ".manifest", i);
	}
	assert_true(verify_export(kit).valid);
}

static void
test_inv6_a_cut_export_is_found(void **state)
{
	struct kit *kit = *state;
	char path[600];

	audit_fill(kit);
	export_to(kit, &audit_everything);
	export_path(kit, "", path);
	assert_int_equal(0, truncate(path, export_size(kit, "") / 2));
	assert_false(verify_export(kit).valid);
	assert_int_equal(0, truncate(path, 0));
	assert_false(verify_export(kit).valid);
}

static struct audit_purge
purge(struct kit *kit, bool dry_run)
{
	struct audit_purge purged = { 0 };

	if (audit_purge(kit->journal, NULL, "local:alice", UINT64_MAX, dry_run,
		NULL, NULL, &purged, &kit->err) < 0)
		fail_msg("%s", err_text(&kit->err));
	return purged;
}

static void
test_nothing_young_is_purged(void **state)
{
	struct kit *kit = *state;

	audit_fill(kit);
	export_to(kit, &audit_everything);
	assert_int_equal(0, purge(kit, false).purged);
	assert_int_equal(10, purge(kit, false).kept_by_retention);
}

/* The chain's time stays where a clock that ran ahead has taken it. */
static void
test_a_clock_that_ran_ahead_ages_no_record(void **state)
{
	struct kit *kit = *state;

	audit_fill(kit);
	export_to(kit, &audit_everything);
	audit_ahead_ns = 91 * DAY_NS;
	kit_records(kit, 1);
	audit_ahead_ns = 0;
	assert_int_equal(0, purge(kit, false).purged);
	audit_ahead_ns = 91 * DAY_NS;
	assert_int_equal(8, purge(kit, false).purged);
}

/* So many days have more nanoseconds than 64 bits hold. */
static void
test_what_is_kept_for_ever_is_not_purged(void **state)
{
	struct kit *kit = *state;

	kit->config->audit.read_retention_days = 213504;
	audit_fill(kit);
	export_to(kit, &audit_everything);
	audit_ahead_ns = 91 * DAY_NS;
	assert_int_equal(0, purge(kit, false).purged);
}

static void
test_nothing_is_purged_that_was_not_exported(void **state)
{
	struct kit *kit = *state;
	struct audit_purge purged;

	audit_fill(kit);
	audit_ahead_ns = 91 * DAY_NS;
	purged = purge(kit, false);
	assert_int_equal(0, purged.purged);
	assert_int_equal(8, purged.kept_by_export);
}

/* What an agent was handed is nowhere any more once the call has ended. */
static void
test_an_export_into_memory_permits_no_purge(void **state)
{
	struct kit *kit = *state;
	struct buf manifest CLEANUP_BUF = BUF_INIT;
	CLEANUP_CLOSE int fd = memfd_create("export", MFD_CLOEXEC);
	struct audit_purge purged;

	audit_fill(kit);
	assert_true(fd >= 0);
	assert_int_equal(
	    0, audit_export(kit->journal, NULL, &audit_everything, fd, -1,
		   "agent:a", NULL, NULL, &manifest, &kit->err));
	audit_ahead_ns = 91 * DAY_NS;
	purged = purge(kit, false);
	assert_int_equal(0, purged.purged);
	assert_true(purged.kept_by_export > 0);
}

/* The manifest found no room, and so nobody keeps the file. */
static void
test_an_export_without_its_manifest_permits_no_purge(void **state)
{
	struct kit *kit = *state;
	struct buf manifest CLEANUP_BUF = BUF_INIT;
	CLEANUP_CLOSE int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
	char path[600];

	audit_fill(kit);
	assert_true(full >= 0);
	export_path(kit, "", path);
	CLEANUP_CLOSE int fd =
	    open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(IAG_INTERNAL,
	    audit_export(kit->journal, NULL, &audit_everything, fd, full,
		"local:alice", NULL, NULL, &manifest, &kit->err));
	assert_non_null(strstr(err_text(&kit->err), "No space left"));
	assert_false(kit->err.unknown);
	audit_ahead_ns = 91 * DAY_NS;
	assert_int_equal(0, purge(kit, false).purged);
}

static void
test_inv6_a_purged_store_still_verifies(void **state)
{
	struct kit *kit = *state;
	struct audit_verdict verdict;

	audit_fill(kit);
	export_to(kit, &audit_everything);
	audit_ahead_ns = 91 * DAY_NS;
	assert_int_equal(8, purge(kit, true).purged);
	assert_int_equal(8, purge(kit, false).purged);
	assert_int_equal(0, purge(kit, false).purged);
	verdict = kit_verify(kit, AUDIT_VERIFY_STATE);
	assert_true(verdict.valid);
	assert_int_equal(11, verdict.scanned);
	kit_records(kit, 2);
	export_to(kit, &audit_everything);
	assert_true(verify_export(kit).valid);
	/* what was purged does not excuse what was not */
	audit_victim = 11;
	verdict = audit_verify_tampered(kit, audit_remove);
	assert_false(verdict.valid);
	assert_int_equal(11, verdict.first_break);
}

static void
test_records_of_orders_outlive_those_of_reads(void **state)
{
	char one[] = "one";
	struct kit *kit = *state;
	const struct audit_event event = {
		.event_type = "live_order_lifecycle_changed",
		.scope = "ibkr:orders:live:submit",
	};

	kit_open(kit, JOURNAL_WRITE);
	assert_int_equal(
	    0, journal_record(kit->journal, NULL, &event, &kit->err));
	audit_set(kit, one);
	export_to(kit, &audit_everything);
	audit_ahead_ns = 91 * DAY_NS;
	assert_int_equal(0, purge(kit, true).purged);
	/* for ever, unless the configuration says otherwise */
	audit_ahead_ns = 9000 * DAY_NS;
	assert_int_equal(0, purge(kit, true).purged);
	kit_close(kit);
	kit->config->audit.immutable_live_events = false;
	kit_open(kit, JOURNAL_WRITE);
	/* but what proves a row stays with it */
	assert_int_equal(1, purge(kit, false).purged);
	assert_true(kit_verify(kit, AUDIT_VERIFY_STATE).valid);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, audit_setup, audit_teardown)
		TEST(test_an_export_verifies_without_the_store),
		TEST(test_an_export_of_another_key_is_no_broken_chain),
		TEST(test_a_filtered_export_keeps_the_chain),
		TEST(test_inv6_every_changed_byte_of_an_export_is_found),
		TEST(test_inv6_a_cut_export_is_found),
		TEST(test_no_word_of_a_caller_hinders_an_export),
		TEST(test_inv8_an_export_gives_out_no_secret),
		TEST(test_the_largest_record_has_a_line),
		TEST(test_nothing_young_is_purged),
		TEST(test_a_clock_that_ran_ahead_ages_no_record),
		TEST(test_what_is_kept_for_ever_is_not_purged),
		TEST(test_nothing_is_purged_that_was_not_exported),
		TEST(test_an_export_into_memory_permits_no_purge),
		TEST(test_an_export_without_its_manifest_permits_no_purge),
		TEST(test_inv6_a_purged_store_still_verifies),
		TEST(test_records_of_orders_outlive_those_of_reads),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
