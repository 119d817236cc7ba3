/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The chain's arithmetic against values computed elsewhere from the formula
 * of ruling 26, and the reading of records and entries.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "journal/bytes.h"
#include "journal/chain.h"
#include "journal/exportfile.h"
#include "journal/meta.h"
#include "journal/record.h"

static const uint8_t store_id[STORE_ID_SIZE] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9,
	10, 11, 12, 13, 14, 15 };
static const uint8_t nothing[HASH_SIZE];

static void
make_chain(struct chain *chain)
{
	uint8_t key[HASH_SIZE];

	memset(key, 'k', sizeof(key));
	assert_int_equal(0, chain_init(chain, key, store_id, NULL));
}

static void
expect_hex(const char *hex, const uint8_t digest[HASH_SIZE])
{
	char text[HASH_HEX_SIZE];

	hash_hex(digest, text);
	assert_string_equal(hex, text);
}

static void
test_inv6_hashes_are_those_of_the_formula(void **state)
{
	struct chain chain CLEANUP_CHAIN = { .hash = NULL };
	uint8_t leaf[HASH_SIZE], hash[HASH_SIZE], mac[HASH_SIZE];

	(void)state;
	make_chain(&chain);
	chain_leaf(&chain, "{\"a\":1}", 7, leaf);
	chain_link(&chain, 7, nothing, leaf, hash);
	chain_mac(&chain, hash, mac);
	expect_hex(
	    "c7261463ebd776f4650b6d0fe942d9cc38c925d90f77d440ab6df8d5dd258c5f",
	    leaf);
	expect_hex(
	    "ae37d43be8d30f6d4530dc9d640b9c4eef42d7689f4fb40d4180c7af68626021",
	    hash);
	expect_hex(
	    "4cbb5cf3145325fb8906a2e296cb8c3198467c294c4bfa86e26ba273691aec1a",
	    mac);
}

static void
test_an_entry_reads_back_and_every_damage_shows(void **state)
{
	struct chain chain CLEANUP_CHAIN = { .hash = NULL };
	struct buf value CLEANUP_BUF = BUF_INIT;
	uint8_t hash[HASH_SIZE];
	struct entry entry;

	(void)state;
	make_chain(&chain);
	entry_format(&chain, NULL, 3, nothing, "{\"a\":1}", 7, &value, hash);
	assert_true(entry_parse(bytes_of(value.data, value.len), &entry));
	assert_null(entry_check(&chain, &entry, 3, nothing, true));
	assert_non_null(entry_check(&chain, &entry, 4, nothing, true));
	assert_non_null(entry_check(&chain, &entry, 3, hash, true));
	for (size_t i = 0; i < value.len; i++) {
		for (unsigned bit = 0; bit < 9; bit++) {
			char flip = (char)(bit < 8 ? 1 << bit : 0xff);

			value.data[i] ^= flip;
			assert_true(
			    !entry_parse(
				bytes_of(value.data, value.len), &entry) ||
			    entry_check(&chain, &entry, 3, nothing, true));
			value.data[i] ^= flip;
		}
	}
}

static void
test_a_rotation_carries_both_macs(void **state)
{
	struct chain chain CLEANUP_CHAIN = { .hash = NULL };
	struct chain old CLEANUP_CHAIN = { .hash = NULL };
	struct buf value CLEANUP_BUF = BUF_INIT;
	uint8_t hash[HASH_SIZE], mac[HASH_SIZE];
	struct entry entry;

	(void)state;
	make_chain(&chain);
	assert_int_equal(0, chain_init(&old, nothing, store_id, NULL));
	entry_format(&chain, &old, 3, nothing, "{}", 2, &value, hash);
	assert_true(entry_parse(bytes_of(value.data, value.len), &entry));
	assert_null(entry_check(&chain, &entry, 3, nothing, true));
	chain_mac(&old, hash, mac);
	assert_memory_equal(mac, entry.old_mac, HASH_SIZE);
	assert_int_equal(2, entry.len);
}

static void
test_meta_rows_read_back_and_every_damage_shows(void **state)
{
	struct keys keys = { .chain = { 1 }, .meta = { 2 }, .id = { 3 } };
	struct meta_head head = { .count = 9, .time_ns = 8, .change = 7 };
	struct meta_store store = { .incarnation = 2, .machine = "m" };
	struct buf head_row CLEANUP_BUF = BUF_INIT;
	struct buf store_row CLEANUP_BUF = BUF_INIT;
	struct meta_head head_back;
	struct meta_store store_back;

	(void)state;
	memcpy(store.key_id, keys.id, KEY_ID_SIZE);
	meta_head_format(&head, &keys, &head_row);
	meta_store_format(&store, &keys, &store_row);
	assert_true(meta_head_parse(
	    bytes_of(head_row.data, head_row.len), &keys, &head_back));
	assert_int_equal(9, head_back.count);
	assert_int_equal(
	    META_OK, meta_store_parse(bytes_of(store_row.data, store_row.len),
			 &keys, &store_back));
	assert_int_equal(2, store_back.incarnation);
	for (size_t i = 0; i < head_row.len; i++) {
		head_row.data[i] ^= 1;
		assert_false(meta_head_parse(
		    bytes_of(head_row.data, head_row.len), &keys, &head_back));
		head_row.data[i] ^= 1;
	}
	for (size_t i = 0; i < store_row.len; i++) {
		store_row.data[i] ^= 1;
		assert_int_not_equal(META_OK,
		    meta_store_parse(bytes_of(store_row.data, store_row.len),
			&keys, &store_back));
		store_row.data[i] ^= 1;
	}
}

static void
test_only_top_level_members_are_found(void **state)
{
	static const char text[] =
	    "{\"a\":{\"b\":\"no\"},\"b\":\"yes\",\"c\":[\"}\",\"\\\"]\"],"
	    "\"d\":1}";
	struct iag_bytes value;

	(void)state;
	assert_true(record_has_str(text, strlen(text), "b", "yes"));
	assert_false(record_has_str(text, strlen(text), "b", "no"));
	assert_true(record_member(text, strlen(text), "d", &value));
	assert_int_equal(1, value.len);
	assert_true(record_member(text, strlen(text), "c", &value));
	assert_memory_equal("[\"}\",\"\\\"]\"]", value.data, value.len);
	assert_false(record_member(text, strlen(text), "e", &value));
	for (size_t len = 0; len < strlen(text); len++)
		(void)record_member(text, len, "d", &value);
}

static void
test_export_lines_read_back_in_one_form_only(void **state)
{
	struct buf line CLEANUP_BUF = BUF_INIT;
	struct export_line back;
	uint8_t leaf[HASH_SIZE];

	(void)state;
	memset(leaf, 0xab, sizeof(leaf));
	export_line_format(&line, 12, leaf, "{\"x\":\"},\\\"leaf\"}", 17);
	assert_true(export_line_parse(line.data, line.len - 1, &back));
	assert_int_equal(12, back.sequence);
	assert_int_equal(17, back.len);
	assert_false(export_line_parse(line.data, line.len - 2, &back));
	buf_reset(&line);
	export_line_format(&line, 0, leaf, NULL, 0);
	assert_true(export_line_parse(line.data, line.len - 1, &back));
	assert_null(back.record);
	for (size_t len = 0; len + 1 < line.len; len++)
		assert_false(export_line_parse(line.data, len, &back));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_inv6_hashes_are_those_of_the_formula),
		cmocka_unit_test(
		    test_an_entry_reads_back_and_every_damage_shows),
		cmocka_unit_test(test_a_rotation_carries_both_macs),
		cmocka_unit_test(
		    test_meta_rows_read_back_and_every_damage_shows),
		cmocka_unit_test(test_only_top_level_members_are_found),
		cmocka_unit_test(test_export_lines_read_back_in_one_form_only),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
