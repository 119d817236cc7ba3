/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The wrappers of a store: what they refuse to hand on, what they refuse to
 * believe, and how results are classed.  That the wrappers work on a sound
 * store is what the contract kit shows.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "host/store.h"

static char plug_dir[4096];

static struct host *
open_liar(const char *lie, struct instance **ret_store)
{
	char *items[] = { plug_dir, NULL };
	struct config_list dirs = { items, 1 };
	struct host *host = host_new(&dirs, NULL);
	struct instance_option option = { "lie", lie };
	CLEANUP_ERR struct err err = ERR_INIT;
	struct plugin *plugin = NULL;

	assert_non_null(host);
	if (host_load(host, IAG_KIND_STORE, "liar", &plugin, &err) < 0 ||
	    instance_open(host, plugin, "store", &option, 1, ret_store, &err) <
		0)
		fail_msg("%s", err_text(&err));
	return host;
}

static struct store_txn *
begin(struct instance *store)
{
	struct store_txn *txn = NULL;

	assert_int_equal(
	    0, store_begin(store, NULL, IAG_STORE_WRITE, &txn, NULL));
	return txn;
}

static struct iag_bytes
bytes(const char *text)
{
	return (struct iag_bytes){ text, strlen(text) };
}

static void
expect(int found, int class, const struct err *err, enum err_code code,
    const char *part)
{
	assert_int_equal(class, found);
	assert_int_equal(code, err->code);
	if (!strstr(err_text(err), part))
		fail_msg("'%s' is not in: %s", part, err_text(err));
}

static void
test_arguments_outside_the_bounds_never_reach_the_store(void **state)
{
	static char much[IAG_STORE_VALUE_LEN + 1];
	const struct iag_bytes keys[] = { { "", 0 }, { NULL, 3 },
		{ much, IAG_STORE_KEY_LEN + 1 } };
	CLEANUP_ERR struct err err = ERR_INIT;
	struct iag_bytes value;
	struct instance *store = NULL;
	struct host *host = open_liar("none", &store);
	struct store_txn *txn = begin(store);
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_COUNT(keys); i++) {
		expect(store_get(txn, 1, keys[i], &value, &err), IAG_INVAL,
		    &err, ERR_INTERNAL_ERROR, "1..480 bytes");
		expect(store_put(txn, 1, keys[i], bytes("v"), 0, &err),
		    IAG_INVAL, &err, ERR_INTERNAL_ERROR, "1..480 bytes");
		expect(store_del(txn, 1, keys[i], &err), IAG_INVAL, &err,
		    ERR_INTERNAL_ERROR, "1..480 bytes");
	}
	expect(store_get(txn, 0, bytes("k"), &value, &err), IAG_INVAL, &err,
	    ERR_INTERNAL_ERROR, "table outside 1..32");
	expect(store_get(txn, 33, bytes("k"), &value, &err), IAG_INVAL, &err,
	    ERR_INTERNAL_ERROR, "table outside 1..32");
	expect(store_put(txn, 1, bytes("k"),
		   (struct iag_bytes){ much, sizeof much }, 0, &err),
	    IAG_INVAL, &err, ERR_INTERNAL_ERROR, "more than 1 MiB");
	expect(store_put(txn, 1, bytes("k"), bytes("v"), 2, &err), IAG_INVAL,
	    &err, ERR_INTERNAL_ERROR, "flags");
	store_abort(txn);
	expect(store_begin(store, NULL, 3, &txn, &err), IAG_INVAL, &err,
	    ERR_INTERNAL_ERROR, "mode");
	assert_true(host_free(host));
}

static void
test_guard_names_outside_the_alphabet_are_refused(void **state)
{
	static char much[122];
	static const char *const names[] = { "", "A", "a b", "a/b", ".", "..",
		".a", much };
	CLEANUP_ERR struct err err = ERR_INIT;
	struct store_guard *guard = NULL;
	struct instance *store = NULL;
	struct host *host = open_liar("none", &store);
	size_t i;

	(void)state;
	memset(much, 'a', 121);
	for (i = 0; i < ARRAY_COUNT(names); i++) {
		expect(store_guard_take(store, NULL, names[i], IAG_STORE_SHARED,
			   &guard, &err),
		    IAG_INVAL, &err, ERR_INTERNAL_ERROR, "another name");
		expect(store_guard_check(store, names[i], &err), IAG_INVAL,
		    &err, ERR_INTERNAL_ERROR, "another name");
	}
	expect(store_guard_take(store, NULL, "a", 3, &guard, &err), IAG_INVAL,
	    &err, ERR_INTERNAL_ERROR, "mode");
	assert_int_equal(IAG_AGAIN, store_guard_check(store, "a", NULL));
	assert_true(host_free(host));
}

static void
test_answers_outside_the_contract_are_not_believed(void **state)
{
	struct store_identity identity = { .read_only = false };
	struct store_cursor *cursor = NULL;
	struct store_guard *guard = NULL;
	CLEANUP_ERR struct err err = ERR_INIT;
	struct instance *store = NULL;
	struct host *host = open_liar("none", &store);
	struct store_txn *txn = begin(store);
	struct iag_bytes key = { "kept", 4 };
	struct iag_bytes value = { "kept", 4 };

	(void)state;
	expect(store_get(txn, 1, bytes("l"), &value, &err), IAG_CORRUPT, &err,
	    ERR_JOURNAL_CORRUPT, "store 'liar' broke the contract in 'get'");
	expect(store_get(txn, 1, bytes("n"), &value, &err), IAG_CORRUPT, &err,
	    ERR_JOURNAL_CORRUPT, "without bytes");
	expect(store_cursor_open(txn, 1, bytes("k"), true, true, &cursor, &err),
	    IAG_CORRUPT, &err, ERR_JOURNAL_CORRUPT, "no cursor");
	assert_int_equal(0,
	    store_cursor_open(txn, 1, bytes("k"), true, false, &cursor, &err));
	expect(store_cursor_step(cursor, &key, &value, &err), IAG_CORRUPT, &err,
	    ERR_JOURNAL_CORRUPT, "a key of other than");
	/* Nothing was written where nothing was found. */
	assert_memory_equal("kept", key.data, key.len);
	assert_memory_equal("kept", value.data, value.len);
	store_cursor_close(cursor);
	store_abort(txn);
	expect(
	    store_guard_take(store, NULL, "a", IAG_STORE_SHARED, &guard, &err),
	    IAG_CORRUPT, &err, ERR_JOURNAL_CORRUPT, "no guard");
	assert_null(guard);
	expect(store_identify(store, &identity, &err), IAG_CORRUPT, &err,
	    ERR_JOURNAL_CORRUPT, "machine or path is missing");
	assert_true(host_free(host));
	host = open_liar("null", &store);
	expect(store_begin(store, NULL, IAG_STORE_READ, &txn, &err),
	    IAG_CORRUPT, &err, ERR_JOURNAL_CORRUPT, "no transaction");
	assert_true(host_free(host));
}

static void
test_results_keep_the_class_of_the_store(void **state)
{
	CLEANUP_ERR struct err err = ERR_INIT;
	struct instance *store = NULL;
	struct host *host = open_liar("none", &store);
	struct store_txn *txn = begin(store);
	struct iag_bytes value;

	(void)state;
	assert_int_equal(
	    IAG_NOTFOUND, store_get(txn, 1, bytes("x"), &value, &err));
	assert_int_equal(IAG_REJECTED, store_put(txn, 1, bytes("x"), bytes("v"),
					   IAG_STORE_NO_OVERWRITE, &err));
	/* These are answers, so there is no error. */
	assert_int_equal(ERR_NONE, err.code);
	expect(store_get(txn, 1, bytes("p"), &value, &err), IAG_INTERNAL, &err,
	    ERR_INTERNAL_ERROR, "returned 5");
	expect(store_get(txn, 1, bytes("m"), &value, &err), IAG_INTERNAL, &err,
	    ERR_INTERNAL_ERROR, "returned -99");
	expect(store_get(txn, 1, bytes("c"), &value, &err), IAG_CORRUPT, &err,
	    ERR_JOURNAL_CORRUPT, "page 7 is torn");
	expect(store_get(txn, 1, bytes("a"), &value, &err), IAG_AGAIN, &err,
	    ERR_JOURNAL_UNAVAILABLE, "did not say why");
	expect(store_del(txn, 1, bytes("x"), &err), IAG_LIMIT, &err,
	    ERR_JOURNAL_UNAVAILABLE, "IAG_LIMIT");
	expect(store_commit(txn, &err), IAG_UNKNOWN, &err,
	    ERR_JOURNAL_UNAVAILABLE, "IAG_UNKNOWN");
	assert_true(err.unknown);
	assert_true(host_free(host));
}

static void
test_what_a_store_lacks_is_said(void **state)
{
	struct iag_store_room room;
	CLEANUP_ERR struct err err = ERR_INIT;
	struct instance *store = NULL;
	struct host *host = open_liar("none", &store);
	struct store_txn *txn = begin(store);
	struct store_txn *child = NULL;
	uint64_t counter;

	(void)state;
	assert_false(store_has_nested(store));
	expect(store_nested(txn, &child, &err), IAG_INVAL, &err,
	    ERR_INTERNAL_ERROR, "not offered");
	store_abort(txn);
	expect(store_change(store, &counter, &err), IAG_NOTSUP, &err,
	    ERR_JOURNAL_UNAVAILABLE, "does not offer 'change'");
	expect(store_room(store, &room, &err), IAG_NOTSUP, &err,
	    ERR_JOURNAL_UNAVAILABLE, "does not offer 'room'");
	expect(store_backup(store, 1, &err), IAG_NOTSUP, &err,
	    ERR_JOURNAL_UNAVAILABLE, "does not offer 'backup'");
	assert_true(store_now_ns(store) > 0);
	assert_true(host_free(host));
}

static int
find_folder(void **state)
{
	const char *build = getenv("IAG_TEST_BUILDDIR");

	(void)state;
	(void)snprintf(plug_dir, sizeof plug_dir, "%s/tests/plug/.libs",
	    build ? build : ".");
	/* Not ours to change when another user has built it. */
	(void)chmod(plug_dir, 0755);
	return 0;
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    test_arguments_outside_the_bounds_never_reach_the_store),
		cmocka_unit_test(
		    test_guard_names_outside_the_alphabet_are_refused),
		cmocka_unit_test(
		    test_answers_outside_the_contract_are_not_believed),
		cmocka_unit_test(test_results_keep_the_class_of_the_store),
		cmocka_unit_test(test_what_a_store_lacks_is_said),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, find_folder, NULL);
}
