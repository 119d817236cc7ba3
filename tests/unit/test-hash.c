/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* Digests against the vectors of FIPS 180-4, RFC 4231 and RFC 5869. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/hash.h"

static void
digest_is(const uint8_t digest[HASH_SIZE], const char *want)
{
	char hex[HASH_HEX_SIZE];

	hash_hex(digest, hex);
	assert_string_equal(hex, want);
}

static void
test_sha256_matches_the_standard(void **state)
{
	static char many[1000000];
	uint8_t digest[HASH_SIZE];

	(void)state;
	hash_sha256("abc", 3, digest);
	digest_is(digest,
	    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	hash_sha256(NULL, 0, digest);
	digest_is(digest,
	    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	memset(many, 'a', sizeof many);
	hash_sha256(many, sizeof many, digest);
	digest_is(digest,
	    "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

static void
test_a_running_hash_starts_anew_after_its_end(void **state)
{
	struct hash *hash = hash_new();
	uint8_t digest[HASH_SIZE];

	(void)state;
	assert_non_null(hash);
	for (int turn = 0; turn < 2; turn++) {
		hash_add(hash, "a", 1);
		hash_add(hash, NULL, 0);
		hash_add(hash, "bc", 2);
		hash_end(hash, digest);
		digest_is(digest, "ba7816bf8f01cfea414140de5dae2223"
				  "b00361a396177a9cb410ff61f20015ad");
	}
	hash_end(hash, digest);
	digest_is(digest,
	    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	hash_free(hash);
	hash_free(NULL);
}

/* RFC 4231, cases 2 and 6 */
static void
test_hmac_matches_the_rfc(void **state)
{
	const char *long_text =
	    "Test Using Larger Than Block-Size Key - Hash Key First";
	uint8_t key[131];
	uint8_t mac[HASH_SIZE];

	(void)state;
	hmac_sha256("Jefe", 4, "what do ya want for nothing?", 28, mac);
	digest_is(mac,
	    "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
	memset(key, 0xaa, sizeof key);
	hmac_sha256(key, sizeof key, long_text, strlen(long_text), mac);
	digest_is(mac,
	    "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
	hmac_sha256(NULL, 0, NULL, 0, mac);
	digest_is(mac,
	    "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

static void
test_a_keyed_hmac_is_reusable(void **state)
{
	struct hmac *hmac = hmac_new("Jefe", 4);
	uint8_t mac[HASH_SIZE];

	(void)state;
	assert_non_null(hmac);
	for (int turn = 0; turn < 3; turn++) {
		hmac_add(hmac, "what do ya want ", 16);
		hmac_add(hmac, "for nothing?", 12);
		hmac_end(hmac, mac);
		digest_is(mac, "5bdcc146bf60754e6a042426089575c7"
			       "5a003f089d2739839dec58b964ec3843");
	}
	hmac_free(hmac);
	hmac_free(NULL);
}

/* RFC 5869 case 3 (no salt, no info) and one of Python's hmac module */
static void
test_hkdf_matches_the_rfc(void **state)
{
	uint8_t secret[32];
	uint8_t key[HASH_SIZE];

	(void)state;
	memset(secret, 0x0b, 22);
	assert_int_equal(hash_derive(secret, 22, "", key, NULL), 0);
	digest_is(key,
	    "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d");
	for (uint8_t i = 0; i < 32; i++)
		secret[i] = i;
	assert_int_equal(
	    hash_derive(secret, 32, "audit chain 1", key, NULL), 0);
	digest_is(key,
	    "e0f52bff35a1d2c1c6311147ab46dd9e4646d5df3788ec40e376bea64ba2dbf7");
}

static void
test_digests_are_compared_whole(void **state)
{
	uint8_t a[HASH_SIZE] = { 0 };
	uint8_t b[HASH_SIZE] = { 0 };

	(void)state;
	assert_true(hash_equal(a, b));
	for (unsigned bit = 0; bit < HASH_SIZE * 8; bit++) {
		b[bit / 8] ^= (uint8_t)(1U << bit % 8);
		assert_false(hash_equal(a, b));
		b[bit / 8] = 0;
	}
}

static void
test_only_64_lower_case_digits_are_a_digest(void **state)
{
	const char *good =
	    "00ff1abafae2223b00361a396177a9cb410ff61f20015ad0123456789abcdef0";
	uint8_t digest[HASH_SIZE];
	char text[80];

	(void)state;
	assert_true(hash_parse_hex(good, digest));
	digest_is(digest, good);
	for (size_t len = 0; len < 64; len++) {
		memcpy(text, good, len);
		text[len] = '\0';
		assert_false(hash_parse_hex(text, digest));
	}
	memcpy(text, good, 65);
	text[63] = 'F';
	assert_false(hash_parse_hex(text, digest));
	text[63] = 'g';
	assert_false(hash_parse_hex(text, digest));
	memcpy(text, good, 64);
	memcpy(text + 64, "0", 2);
	assert_false(hash_parse_hex(text, digest));
	/* what was there before stays */
	digest_is(digest, good);
}

static void
test_random_bytes_fill_the_whole_buffer(void **state)
{
	uint8_t seen[1000] = { 0 };

	(void)state;
	/* a byte stays 0 in all of 16 draws with probability 2^-128 */
	for (unsigned turn = 0; turn < 16; turn++) {
		uint8_t data[1000];

		hash_random(data, sizeof data);
		for (size_t i = 0; i < sizeof data; i++)
			seen[i] |= data[i];
	}
	for (size_t i = 0; i < sizeof seen; i++)
		assert_int_not_equal(seen[i], 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sha256_matches_the_standard),
		cmocka_unit_test(test_a_running_hash_starts_anew_after_its_end),
		cmocka_unit_test(test_hmac_matches_the_rfc),
		cmocka_unit_test(test_a_keyed_hmac_is_reusable),
		cmocka_unit_test(test_hkdf_matches_the_rfc),
		cmocka_unit_test(test_digests_are_compared_whole),
		cmocka_unit_test(test_only_64_lower_case_digits_are_a_digest),
		cmocka_unit_test(test_random_bytes_fill_the_whole_buffer),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
