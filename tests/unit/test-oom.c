/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Memory runs out at the first allocation, at the second, and so on until a
 * piece of work no longer reaches the point: each time it must come back with
 * an error, leak nothing and leave its out-parameters alone.  The program's
 * own malloc() stands in front of the C library's, so that json-c and GnuTLS
 * see the shortage as well.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/log.h"
#include "base/redact.h"
#include "shortage.h"

/*
 * work() returns 0 if it was done, an IAG_* class if it was refused, and 1 if
 * it did something else.  leak_max: blocks that a library of others may leave.
 */
static void
survives(int (*work)(void), long leak_max)
{
	int point = 0, rc;
	bool failed;
	long live;

	/* what libraries keep for good is allocated now */
	assert_int_equal(work(), 0);
	do {
		shortage_begin(++point);
		rc = work();
		failed = shortage_end();
		live = shortage_left();
		if (live < 0 || live > leak_max)
			fail_msg("%ld blocks left at point %d", live, point);
		if (!failed && rc != 0)
			fail_msg("%d without a shortage", rc);
		if (rc > 0)
			fail_msg("wrong answer at point %d", point);
	} while (failed);
	assert_true(point > 1);
}

static int
fill_buffer(void)
{
	CLEANUP_BUF struct buf buf = BUF_INIT;
	CLEANUP_FREE char *text = NULL;

	for (unsigned i = 0; i < 100; i++)
		buf_printf(&buf, "line %u of text;", i);
	buf_hex(&buf, "abcd", 4);
	text = buf_take(&buf);
	if (buf.failed != !text)
		return 1;
	return text ? 0 : IAG_NOMEM;
}

static int
raise_error(void)
{
	struct err err CLEANUP_ERR = ERR_INIT;
	struct err other CLEANUP_ERR = ERR_INIT;
	int rc = err_set(&err, ERR_BROKER_RATE_LIMITED, "number %d", 7);

	rc |= err_wrap(&err, "context %s", "x");
	err_action(&err, "wait");
	err_details(&err, "{}");
	err_move(&other, &err);
	/* the code and its class come through whatever happens */
	if (rc != IAG_LIMIT || other.code != ERR_BROKER_RATE_LIMITED ||
	    !other.retryable || err_text(&other)[0] == '\0')
		return 1;
	return 0;
}

static const char tree_text[] =
    "{\"a\":[1,2.5,\"text\",{\"b\":null,\"c\":true}],\"d\":\"\\u00e9\","
    "\"a-long-key-that-does-not-fit-into-any-small-buffer-of-json-c\":{}}";

static int
parse_tree(void)
{
	struct json_object *root = NULL;
	struct err err CLEANUP_ERR = ERR_INIT;
	int rc = json_parse(tree_text, sizeof tree_text - 1, NULL, &root, &err);

	if (rc < 0 && (root || err.code != ERR_OUT_OF_MEMORY))
		return 1;
	(void)json_object_put(root);
	return rc;
}

static int
check_many_keys(void)
{
	static char text[8192];
	size_t len = 0;

	/* more keys than the table has room for without the heap */
	text[len++] = '{';
	for (unsigned i = 0; i < 300; i++) {
		const char entry[] = { '"', (char)('a' + i % 26),
			(char)('a' + i / 26), '"', ':', '0', ',' };

		memcpy(text + len, entry, sizeof entry);
		len += sizeof entry;
	}
	text[len - 1] = '}';
	return json_check(text, len, NULL, NULL);
}

static int
build_tree(void)
{
	CLEANUP_JSON struct json_object *root = json_object_new_object();
	CLEANUP_BUF struct buf out = BUF_INIT;

	if (json_add_str(root, "s", "text") < 0 ||
	    json_add_int(root, "i", 5) < 0 ||
	    json_add_bool(root, "b", true) < 0)
		return IAG_NOMEM;
	json_write(&out, root, 2);
	if (out.failed)
		return IAG_NOMEM;
	buf_reset(&out);
	return json_canon(&out, root, NULL);
}

static int
make_digests(void)
{
	struct hash *hash = hash_new();
	struct hmac *hmac = hmac_new("key", 3);
	int rc = hash && hmac ? 0 : IAG_NOMEM;

	hash_free(hash);
	hmac_free(hmac);
	return rc;
}

static int
hide_secrets(void)
{
	CLEANUP_BUF struct buf out = BUF_INIT;

	(void)redact_text(&out, "a password=b", 12);
	return out.failed ? IAG_NOMEM : 0;
}

static void
test_a_buffer_survives_every_shortage(void **state)
{
	(void)state;
	survives(fill_buffer, 0);
}

static void
test_an_error_keeps_its_code_in_every_shortage(void **state)
{
	(void)state;
	survives(raise_error, 0);
}

static void
test_the_parser_survives_every_shortage(void **state)
{
	(void)state;
	survives(parse_tree, 0);
}

static void
test_the_search_for_duplicates_survives_every_shortage(void **state)
{
	(void)state;
	survives(check_many_keys, 0);
}

static void
test_builders_and_writers_survive_every_shortage(void **state)
{
	(void)state;
	survives(build_tree, 0);
}

static void
test_digests_survive_every_shortage(void **state)
{
	(void)state;
	/* GnuTLS 3.7 loses the handle whose state it cannot allocate */
	survives(make_digests, 1);
}

static void
test_redaction_survives_every_shortage(void **state)
{
	(void)state;
	survives(hide_secrets, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_buffer_survives_every_shortage),
		cmocka_unit_test(
		    test_an_error_keeps_its_code_in_every_shortage),
		cmocka_unit_test(test_the_parser_survives_every_shortage),
		cmocka_unit_test(
		    test_the_search_for_duplicates_survives_every_shortage),
		cmocka_unit_test(
		    test_builders_and_writers_survive_every_shortage),
		cmocka_unit_test(test_digests_survive_every_shortage),
		cmocka_unit_test(test_redaction_survives_every_shortage),
	};

	if (!shortage_works()) {
		puts("1..0 # SKIP a sanitizer or valgrind owns malloc()");
		return 0;
	}
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
