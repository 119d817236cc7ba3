/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The export verifier and the small readers beside it.  The first line is
 * the manifest, which gets a good MAC here, so that what lies behind that
 * check is reached; the rest are the lines of the file.
 */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "journal/checkpoint.h"
#include "journal/exportfile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct keys keys = { .chain = { 1 }, .manifest = { 2 } };

static void
must(bool ok)
{
	if (!ok)
		abort();
}

/* A line that is understood has exactly one form. */
static void
check_line(const char *line, size_t len)
{
	struct buf again CLEANUP_BUF = BUF_INIT;
	struct export_line parsed;
	struct iag_bytes value;

	if (!export_line_parse(line, len, &parsed))
		return;
	export_line_format(
	    &again, parsed.sequence, parsed.leaf, parsed.record, parsed.len);
	must(again.len == len + 1 && memcmp(again.data, line, len) == 0);
	if (!parsed.record)
		return;
	(void)record_member(parsed.record, parsed.len, "tool_name", &value);
	(void)record_time_ns(parsed.record, parsed.len);
}

static void
sign(const char *text, size_t len, struct buf *out)
{
	struct json_object *root CLEANUP_JSON = NULL;

	if (json_parse(text, len, &json_bounds_default, &root, NULL) != 0 ||
	    !json_object_is_type(root, json_type_object)) {
		buf_add(out, text, len);
		return;
	}
	json_object_object_del(root, "mac");
	if (manifest_sign(root, "iag-export-1", &keys, out, NULL) != 0)
		buf_reset(out);
}

static void
check_small_readers(const uint8_t *data, size_t size)
{
	struct iag_bytes bytes = bytes_of(data, size);
	struct meta_store store;
	struct meta_head head;
	struct entry entry;

	if (entry_parse(bytes, &entry) && entry.record)
		(void)record_time_ns(entry.record, entry.len);
	(void)meta_head_parse(bytes, &keys, &head);
	(void)meta_store_parse(bytes, &keys, &store);
}

static void
check_file(struct export_check *check, const char *text, size_t len)
{
	const char *end = text + len;

	while (text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		size_t line = newline ? (size_t)(newline - text) + 1
				      : (size_t)(end - text);

		check_line(text, newline ? line - 1 : line);
		export_check_line(check, text, line);
		text += line;
	}
	export_check_end(check);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	const char *newline = size ? memchr(text, '\n', size) : NULL;
	size_t first = newline ? (size_t)(newline - text) : size;
	struct buf manifest CLEANUP_BUF = BUF_INIT;
	struct buf copy CLEANUP_BUF = BUF_INIT;
	struct checkpoint checkpoint;
	struct export_check check;

	check_small_readers(data, size);
	buf_add(&copy, data, size);
	(void)checkpoint_parse(buf_text(&copy), &keys, &checkpoint, NULL);
	sign(text, first, &manifest);
	must(export_check_init(
		 &check, buf_text(&manifest), manifest.len, &keys, NULL) == 0);
	if (newline)
		check_file(&check, newline + 1, size - first - 1);
	else
		export_check_end(&check);
	export_check_fini(&check);
	return 0;
}
