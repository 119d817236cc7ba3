/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* Key sets: which keys of an issuer may verify tokens, and which may not. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "auth/jwks.h"
#include "base/cleanup.h"
#include "token-kit.h"

static struct token_key *key;
static struct token_key *other;
static struct token_key *curve;

static int
make_keys(void **state)
{
	(void)state;
	key = token_key_rsa(2048);
	other = token_key_rsa(3072);
	curve = token_key_ec();
	return 0;
}

static int
free_keys(void **state)
{
	(void)state;
	token_key_free(key);
	token_key_free(other);
	token_key_free(curve);
	return 0;
}

static char why[300];

static struct jwks *
parse(const char *text, size_t len)
{
	struct err err CLEANUP_ERR = ERR_INIT;
	struct jwks *jwks = NULL;

	if (jwks_parse(text, len, &jwks, &err))
		assert_int_equal(ERR_AUTH_TOKEN_INVALID, err.code);
	(void)snprintf(why, sizeof why, "%s", err_text(&err));
	return jwks;
}

static void
assert_refused(const char *text, size_t len, const char *part)
{
	struct jwks *jwks = parse(text, len);

	if (jwks || !strstr(why, part))
		fail_msg(
		    "'%.80s': %s, '%s'", text, jwks ? "taken" : "refused", why);
}

static void
test_keys_of_all_lengths_are_found_by_name(void **state)
{
	struct buf set CLEANUP_BUF = BUF_INIT;
	struct jwks *jwks;

	(void)state;
	buf_str(&set, "{\"keys\":[");
	token_jwk(&set, key, "a", ",\"use\":\"sig\",\"alg\":\"RS256\"");
	buf_char(&set, ',');
	token_jwk(&set, curve, "c", ",\"alg\":\"ES256\"");
	buf_char(&set, ',');
	token_jwk(&set, other, "b", ",\"key_ops\":[\"sign\",\"verify\"]");
	buf_str(&set, ",{\"kty\":\"oct\",\"kid\":\"d\",\"k\":\"AAAA\"}],"
		      "\"own\":1}");
	jwks = parse(buf_text(&set), set.len);
	assert_non_null(jwks);
	assert_int_equal(2, jwks_count(jwks));
	assert_non_null(jwks_find(jwks, "a"));
	assert_non_null(jwks_find(jwks, "b"));
	assert_null(jwks_find(jwks, "c"));
	assert_null(jwks_find(jwks, "d"));
	assert_null(jwks_find(jwks, ""));
	assert_null(jwks_find(jwks, NULL)); /* which of the two? */
	jwks_unref(jwks);
}

static void
test_a_token_without_a_name_means_the_only_key(void **state)
{
	struct buf set CLEANUP_BUF = BUF_INIT;
	struct jwks *jwks;

	(void)state;
	token_set(&set, key, NULL, "");
	jwks = parse(buf_text(&set), set.len);
	assert_non_null(jwks);
	assert_non_null(jwks_find(jwks, NULL));
	assert_null(jwks_find(jwks, ""));
	jwks_unref(jwks);
}

static void
test_keys_for_other_ends_are_left_out(void **state)
{
	static const char *const members[] = {
		",\"use\":\"enc\"",
		",\"use\":null",
		",\"alg\":\"RS512\"",
		",\"alg\":\"PS256\"",
		",\"alg\":\"HS256\"",
		",\"alg\":\"RSA-OAEP\"",
		",\"key_ops\":[\"encrypt\"]",
		",\"key_ops\":[]",
		",\"key_ops\":\"verify\"",
		",\"d\":\"AAAA\"",
		",\"d\":null",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(members); i++) {
		struct buf set CLEANUP_BUF = BUF_INIT;

		token_set(&set, key, "a", members[i]);
		assert_refused(buf_text(&set), set.len, "no key of the set");
	}
}

static void
test_short_keys_are_refused(void **state)
{
	static const unsigned bits[] = { 1024, 2040 };

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(bits); i++) {
		struct token_key *small = token_key_rsa(bits[i]);
		struct buf set CLEANUP_BUF = BUF_INIT;

		token_set(&set, small, "a", "");
		assert_refused(buf_text(&set), set.len, "fewer than 2048");
		token_key_free(small);
	}
}

/* n of so many bytes, all of one value but the last. */
static void
numbers(
    struct buf *set, size_t n_len, uint8_t fill, uint8_t last, const char *e)
{
	uint8_t n[1100];

	memset(n, fill, sizeof n);
	n[n_len - 1] = last;
	buf_str(set, "{\"keys\":[{\"kty\":\"RSA\",\"kid\":\"a\",\"n\":\"");
	token_base64url(set, n, n_len);
	buf_printf(set, "\",\"e\":\"%s\"}]}", e);
}

static void
test_numbers_that_are_no_sound_key_are_refused(void **state)
{
	static const struct {
		size_t len;
		uint8_t fill, last;
		const char *e;
		const char *part;
	} cases[] = {
		{ 256, 0xff, 0xfe, "AQAB", "even" },
		{ 256, 0xff, 0xff, "AQ", "exponent" },   /* 1 */
		{ 256, 0xff, 0xff, "Ag", "exponent" },   /* 2 */
		{ 256, 0xff, 0xff, "AQAA", "exponent" }, /* 65536 */
		{ 256, 0xff, 0xff, "AQAAAAAB", "exponent" },
		{ 256, 0xff, 0xff, "", "number" },
		{ 256, 0xff, 0xff, "AA", "number" }, /* 0 */
		{ 256, 0xff, 0xff, "AQAB=", "number" },
		{ 256, 0x7f, 0xff, "AQAB", "fewer than 2048" },
		{ 256, 0x00, 0x01, "AQAB", "fewer than 2048" },
		{ 1025, 0xff, 0xff, "AQAB", "more than 8192" },
		{ 1026, 0xff, 0xff, "AQAB", "number" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		struct buf set CLEANUP_BUF = BUF_INIT;

		numbers(&set, cases[i].len, cases[i].fill, cases[i].last,
		    cases[i].e);
		assert_refused(buf_text(&set), set.len, cases[i].part);
	}
}

static void
test_of_two_keys_with_one_name_none_counts(void **state)
{
	struct buf set CLEANUP_BUF = BUF_INIT;
	struct jwks *jwks;

	(void)state;
	buf_str(&set, "{\"keys\":[");
	token_jwk(&set, key, "a", "");
	buf_char(&set, ',');
	token_jwk(&set, other, "b", "");
	buf_str(&set, ",{\"kty\":\"EC\",\"kid\":\"a\"}]}");
	jwks = parse(buf_text(&set), set.len);
	assert_non_null(jwks);
	assert_null(jwks_find(jwks, "a"));
	assert_non_null(jwks_find(jwks, "b"));
	jwks_unref(jwks);

	buf_reset(&set);
	buf_str(&set, "{\"keys\":[");
	token_jwk(&set, key, "a", "");
	buf_char(&set, ',');
	token_jwk(&set, other, "a", "");
	buf_str(&set, "]}");
	assert_refused(buf_text(&set), set.len, "the same kid");
}

static void
test_texts_that_are_no_set_are_refused(void **state)
{
	static const char *const texts[] = { "", "{}", "[]", "null",
		"{\"keys\":{}}", "{\"keys\":null}", "{\"keys\":[]}",
		"{\"keys\":[null,7,\"a\",[]]}", "{\"keys\":[{}]}",
		"{\"keys\":[],\"keys\":[]}", "<html>not found</html>",
		"{\"keys\":[{\"kty\":\"RSA\",\"kid\":\"a\"}]}",
		"{\"keys\":[{\"kty\":\"RSA\",\"n\":1,\"e\":2}]}" };

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(texts); i++)
		assert_refused(texts[i], strlen(texts[i]), "key");
}

static void
test_sets_and_names_have_bounds(void **state)
{
	struct buf set CLEANUP_BUF = BUF_INIT;
	char name[JWKS_KID_MAX + 2];

	(void)state;
	memset(name, 'k', sizeof name);
	name[JWKS_KID_MAX + 1] = '\0';
	token_set(&set, key, name, "");
	assert_refused(buf_text(&set), set.len, "kid");
	name[JWKS_KID_MAX] = '\0';
	buf_reset(&set);
	token_set(&set, key, name, "");
	jwks_unref(parse(buf_text(&set), set.len));
	assert_string_equal("", why);

	buf_reset(&set);
	buf_str(&set, "{\"keys\":[");
	for (unsigned i = 0; i <= JWKS_KEYS_MAX; i++)
		buf_printf(&set, "%s{}", i ? "," : "");
	buf_str(&set, "]}");
	assert_refused(buf_text(&set), set.len, "at most 64");

	buf_reset(&set);
	token_set(&set, key, "a", "");
	while (set.len <= JWKS_TEXT_MAX)
		buf_char(&set, ' ');
	assert_refused(buf_text(&set), set.len, "not sound JSON");
}

static void
test_the_digest_tells_sets_apart(void **state)
{
	static const char *const kids[] = { "a", "a", "b" };
	struct jwks *sets[4];
	struct buf set CLEANUP_BUF = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		buf_reset(&set);
		token_set(&set, key, kids[i], i == 1 ? ",\"own\":1" : "");
		sets[i] = parse(buf_text(&set), set.len);
	}
	buf_reset(&set);
	token_set(&set, other, "a", "");
	sets[3] = parse(buf_text(&set), set.len);
	assert_memory_equal(
	    jwks_digest(sets[0]), jwks_digest(sets[1]), HASH_SIZE);
	assert_memory_not_equal(
	    jwks_digest(sets[0]), jwks_digest(sets[2]), HASH_SIZE);
	assert_memory_not_equal(
	    jwks_digest(sets[0]), jwks_digest(sets[3]), HASH_SIZE);
	for (size_t i = 0; i < ARRAY_COUNT(sets); i++)
		jwks_unref(sets[i]);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keys_of_all_lengths_are_found_by_name),
		cmocka_unit_test(
		    test_a_token_without_a_name_means_the_only_key),
		cmocka_unit_test(test_keys_for_other_ends_are_left_out),
		cmocka_unit_test(test_short_keys_are_refused),
		cmocka_unit_test(
		    test_numbers_that_are_no_sound_key_are_refused),
		cmocka_unit_test(test_of_two_keys_with_one_name_none_counts),
		cmocka_unit_test(test_texts_that_are_no_set_are_refused),
		cmocka_unit_test(test_sets_and_names_have_bounds),
		cmocka_unit_test(test_the_digest_tells_sets_apart),
	};

	return cmocka_run_group_tests(tests, make_keys, free_keys);
}
