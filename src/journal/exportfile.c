/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* Lines of an export, and the check of a whole one. */

#include "journal/exportfile.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "journal/checkpoint.h"

static const char event_part[] = "{\"event\":";
static const char first_leaf[] = "{\"leaf\":\"";
static const char next_leaf[] = ",\"leaf\":\"";
static const char sequence_part[] = "\",\"sequence_id\":";

void
export_line_format(struct buf *out, uint64_t sequence,
    const uint8_t leaf[HASH_SIZE], const char *record, size_t len)
{
	if (record) {
		buf_str(out, event_part);
		buf_add(out, record, len);
		buf_str(out, next_leaf);
	} else {
		buf_str(out, first_leaf);
	}
	buf_hex(out, leaf, HASH_SIZE);
	buf_printf(
	    out, "%s%llu}\n", sequence_part, (unsigned long long)sequence);
}

/* The number between text[at] and the closing brace, in its only form. */
static bool
parse_sequence(const char *text, size_t len, uint64_t *ret_sequence)
{
	uint64_t value = 0;

	if (len < 2 || len > 20 || text[len - 1] != '}' ||
	    (text[0] == '0' && len > 2))
		return false;
	for (size_t i = 0; i + 1 < len; i++) {
		if (text[i] < '0' || text[i] > '9' ||
		    value > (UINT64_MAX - 9) / 10)
			return false;
		value = value * 10 + (uint64_t)(text[i] - '0');
	}
	*ret_sequence = value;
	return true;
}

static bool
parse_leaf(const char *text, uint8_t leaf[HASH_SIZE])
{
	char hex[HASH_HEX_SIZE];

	memcpy(hex, text, HASH_HEX_SIZE - 1);
	hex[HASH_HEX_SIZE - 1] = '\0';
	return hash_parse_hex(hex, leaf);
}

/* Where the number of the sequence begins: the line is read from its end. */
static size_t
find_sequence(const char *line, size_t len)
{
	size_t at = len;

	while (at > 0 && line[at - 1] != ':')
		at--;
	return at;
}

bool
export_line_parse(const char *line, size_t len, struct export_line *ret_line)
{
	const size_t tail = HASH_HEX_SIZE - 1 + sizeof(sequence_part) - 1;
	size_t number = find_sequence(line, len);
	size_t leaf;

	*ret_line = (struct export_line){ .record = NULL };
	if (number < tail + sizeof(first_leaf) - 1 ||
	    !parse_sequence(line + number, len - number, &ret_line->sequence))
		return false;
	leaf = number - tail;
	if (memcmp(line + number - (sizeof(sequence_part) - 1), sequence_part,
		sizeof(sequence_part) - 1) != 0 ||
	    !parse_leaf(line + leaf, ret_line->leaf))
		return false;
	if (leaf == sizeof(first_leaf) - 1)
		return memcmp(line, first_leaf, leaf) == 0;
	if (leaf <= sizeof(event_part) - 1 + sizeof(next_leaf) - 1 ||
	    memcmp(line, event_part, sizeof(event_part) - 1) != 0 ||
	    memcmp(line + leaf - (sizeof(next_leaf) - 1), next_leaf,
		sizeof(next_leaf) - 1) != 0)
		return false;
	ret_line->record = line + sizeof(event_part) - 1;
	ret_line->len =
	    leaf - (sizeof(event_part) - 1) - (sizeof(next_leaf) - 1);
	return true;
}

static void __attribute__((format(printf, 3, 4)))
fail_at(struct export_check *check, uint64_t sequence, const char *why, ...)
{
	struct audit_verdict *verdict = &check->verdict;
	va_list ap;

	if (!verdict->valid)
		return;
	verdict->valid = false;
	verdict->first_break = sequence;
	va_start(ap, why);
	(void)vsnprintf(verdict->reason, sizeof(verdict->reason), why, ap);
	va_end(ap);
}

static bool
read_count(struct json_object *root, const char *key, uint64_t *ret_count)
{
	int64_t value = json_get_int(root, key, -1);

	*ret_count = value < 0 ? 0 : (uint64_t)value;
	return value >= 0;
}

static bool
read_manifest(struct export_check *check, struct json_object *root,
    uint8_t store_id[STORE_ID_SIZE])
{
	uint64_t omitted = 0;

	if (!json_object_is_type(root, json_type_object) ||
	    strcmp(json_get_str(root, "format", ""), EXPORT_LABEL) != 0)
		return false;
	if (!read_count(root, "first", &check->first) ||
	    !read_count(root, "count", &check->records) ||
	    !read_count(root, "omitted", &omitted) ||
	    !manifest_bytes(root, "store_id", store_id, STORE_ID_SIZE) ||
	    !manifest_bytes(
		root, "previous_hash", check->previous, HASH_SIZE) ||
	    !manifest_bytes(root, "last_hash", check->last, HASH_SIZE) ||
	    !manifest_bytes(root, "file_sha256", check->digest, HASH_SIZE))
		return false;
	check->total = check->records + omitted;
	check->next = check->first;
	return true;
}

/* Nothing is wrong with the file then: it cannot be judged. */
static int
other_key(const char *theirs, const struct keys *keys, struct err *err)
{
	char ours[KEY_ID_HEX_SIZE];
	int rc;

	keys_format_id(keys->id, ours);
	rc = err_set(err, ERR_JOURNAL_UNAVAILABLE,
	    "wrong key: the export was made with key '%s', the configured "
	    "secret makes key '%s'",
	    theirs, ours);
	err_action(err, "configure the secret that the export was made with "
			"(the variable of audit.hmac_secret_env goes before "
			"audit.hmac_secret_file)");
	return rc;
}

static int
init_manifest(struct export_check *check, const char *manifest, size_t len,
    const struct keys *keys, struct err *err)
{
	struct json_object *root CLEANUP_JSON = NULL;
	CLEANUP_ERR struct err why = ERR_INIT;
	uint8_t store_id[STORE_ID_SIZE] = { 0 };
	bool keyed = false;
	int rc;

	rc = json_parse(manifest, len, &json_bounds_default, &root, &why);
	if (rc == 0 && !read_manifest(check, root, store_id))
		rc = err_set(&why, ERR_INPUT_INVALID,
		    "it is not the manifest of an export");
	if (rc == 0)
		rc = manifest_check(root, EXPORT_LABEL, keys, &keyed, &why);
	if (rc == 0 && !keyed)
		return other_key(json_get_str(root, "key_id", ""), keys, err);
	if (rc == IAG_NOMEM) {
		err_move(err, &why);
		return rc;
	}
	if (rc < 0)
		fail_at(check, UINT64_MAX, "manifest: %s", err_text(&why));
	return chain_init(&check->chain, keys->chain, store_id, err);
}

int
export_check_init(struct export_check *check, const char *manifest, size_t len,
    const struct keys *keys, struct err *err)
{
	int rc;

	*check = (struct export_check){
		.verdict = { .valid = true, .first_break = UINT64_MAX },
		.file = hash_new(),
	};
	if (!check->file)
		return err_no_memory(err);
	rc = init_manifest(check, manifest, len, keys, err);
	if (rc < 0)
		export_check_fini(check);
	return rc;
}

void
export_check_fini(struct export_check *check)
{
	hash_free(check->file);
	check->file = NULL;
	chain_fini(&check->chain);
}

void
export_check_line(struct export_check *check, const char *line, size_t len)
{
	struct export_line parsed;
	uint8_t leaf[HASH_SIZE];

	if (!check->verdict.valid)
		return;
	hash_add(check->file, line, len);
	check->verdict.scanned++;
	if (len == 0 || line[len - 1] != '\n' ||
	    !export_line_parse(line, len - 1, &parsed)) {
		fail_at(check, check->next, "the line is malformed");
		return;
	}
	if (parsed.sequence != check->next || check->total == check->seen) {
		fail_at(check, check->next, "the line is about record %llu",
		    (unsigned long long)parsed.sequence);
		return;
	}
	if (parsed.record) {
		chain_leaf(&check->chain, parsed.record, parsed.len, leaf);
		if (!hash_equal(leaf, parsed.leaf)) {
			fail_at(check, check->next,
			    "the record is not the one that was written");
			return;
		}
		if (check->records-- == 0)
			fail_at(check, check->next, "one record too many");
	}
	chain_link(&check->chain, check->next, check->previous, parsed.leaf,
	    check->previous);
	check->next++;
	check->seen++;
}

void
export_check_end(struct export_check *check)
{
	uint8_t digest[HASH_SIZE];

	hash_end(check->file, digest);
	if (check->seen != check->total || check->records != 0)
		fail_at(check, check->next,
		    "the file has %llu lines where the manifest names %llu",
		    (unsigned long long)check->seen,
		    (unsigned long long)check->total);
	if (!hash_equal(check->previous, check->last))
		fail_at(check, check->next,
		    "the chain does not end where the manifest says");
	if (!hash_equal(digest, check->digest))
		fail_at(check, UINT64_MAX,
		    "the file is not the one that the manifest names");
	if (check->verdict.valid)
		(void)snprintf(check->verdict.reason,
		    sizeof(check->verdict.reason),
		    "the export is as it was made");
}
