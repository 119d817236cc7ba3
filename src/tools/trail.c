/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The audit trail for those who may read it: the latest records, and a
 * bounded export with its manifest.  Larger exports are the operator's, from
 * the command line into a file.
 */

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/json.h"
#include "journal/audit.h"
#include "tools/dispatch.h"
#include "tools/handlers.h"

/* The payload travels inside JSON, where quotes double. */
enum { PAYLOAD_MAX = 786432 };

static struct json_object *
events_of(struct json_object *tail)
{
	struct json_object *events = json_get(tail, "events");

	return json_object_is_type(events, json_type_array) ? events : NULL;
}

static int64_t
sequence_at(struct json_object *events, size_t index)
{
	return json_get_int(
	    json_object_array_get_idx(events, index), "sequence_id", -1);
}

static int
tail_read(struct journal *journal, const struct audit_range *range,
    struct json_object **ret_tail, struct err *err)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	struct json_bounds bounds = json_bounds_default;
	int ret = audit_tail(journal, range, &text, err);

	bounds.bytes = SIZE_MAX; /* our own text */
	bounds.values = SIZE_MAX;
	if (ret == 0 && text.failed)
		return err_no_memory(err);
	if (ret == 0)
		ret = json_parse(
		    buf_text(&text), text.len, &bounds, ret_tail, err);
	if (ret == 0 && !events_of(*ret_tail)) {
		json_object_put(STEAL(*ret_tail));
		ret = err_set(err, ERR_JOURNAL_CORRUPT,
		    "the audit trail gave no list of events");
	}
	return ret;
}

/* Whether there is more, and from where to go on. */
static int
tail_end(struct json_object *tail, size_t limit)
{
	struct json_object *events = events_of(tail);
	size_t count = json_object_array_length(events);
	int64_t oldest = count ? sequence_at(events, count - 1) : 0;
	/* a filter that ran out has seen everything */
	bool more = count >= limit && oldest > 0;
	int ret = json_add_bool(tail, "complete", !more);

	return more ? ret | json_add_int(tail, "next", oldest) : ret;
}

int
audit_tail_handler(struct tool_call *call, struct err *err)
{
	CLEANUP_JSON struct json_object *tail = NULL;
	int64_t limit = json_get_int(call->arguments, "limit", 100);
	int64_t before = json_get_int(call->arguments, "before", 0);
	struct audit_range range = {
		.last = before > 0 ? (uint64_t)before - 1 : UINT64_MAX,
		.event_type = json_get_str(call->arguments, "event_type", NULL),
		.limit = (uint64_t)limit,
	};
	int ret = tail_read(call->house->journal, &range, &tail, err);

	if (ret)
		return ret;
	if (tail_end(tail, (size_t)limit))
		return err_no_memory(err);
	json_write(call->output, tail, 0);
	return 0;
}

/* Without any narrowing the latest records are meant. */
static int
range_default(
    const struct tool_call *call, struct audit_range *range, struct err *err)
{
	CLEANUP_JSON struct json_object *tail = NULL;
	struct audit_range head = { .last = UINT64_MAX, .limit = 1 };
	struct json_object *events;
	int64_t newest;
	int ret = tail_read(call->house->journal, &head, &tail, err);

	if (ret)
		return ret;
	events = events_of(tail);
	newest = json_object_array_length(events) ? sequence_at(events, 0) : 0;
	range->last = (uint64_t)newest;
	range->first =
	    range->last >= range->limit ? range->last - range->limit + 1 : 0;
	return 0;
}

static int
range_of(
    const struct tool_call *call, struct audit_range *range, struct err *err)
{
	struct json_object *args = call->arguments;
	const char *from = json_get_str(args, "from", NULL);
	const char *to = json_get_str(args, "to", NULL);
	int64_t last = json_get_int(args, "last", -1);

	*range = (struct audit_range){
		.first = (uint64_t)json_get_int(args, "first", 0),
		.last = last < 0 ? UINT64_MAX : (uint64_t)last,
		.event_type = json_get_str(args, "event_type", NULL),
		.limit = (uint64_t)json_get_int(args, "limit", 100),
	};
	if (range->first > range->last)
		return err_set(err, ERR_INPUT_INVALID,
		    "'first' (%" PRIu64 ") is after 'last' (%" PRIu64 ")",
		    range->first, range->last);
	if (from && clock_parse(from, &range->since_ns, err))
		return IAG_INVAL;
	if (to && clock_parse(to, &range->until_ns, err))
		return IAG_INVAL;
	if (json_get(args, "first") || last >= 0 || from || to ||
	    range->event_type)
		return 0;
	return range_default(call, range, err);
}

static int
file_read(int fd, struct buf *out, struct err *err)
{
	struct stat st;
	char *room;
	ssize_t got;

	if (fstat(fd, &st) < 0)
		return err_set(
		    err, ERR_INTERNAL_ERROR, "fstat: %s", strerror(errno));
	if (st.st_size > PAYLOAD_MAX)
		return err_set(err, ERR_INPUT_INVALID,
		    "the export has %lld bytes, %d are allowed: lower 'limit'",
		    (long long)st.st_size, (int)PAYLOAD_MAX);
	while (out->len < (size_t)st.st_size) {
		room = buf_reserve(out, (size_t)st.st_size - out->len);
		if (!room)
			return err_no_memory(err);
		got = pread(
		    fd, room, (size_t)st.st_size - out->len, (off_t)out->len);
		if (got <= 0)
			return err_set(err, ERR_INTERNAL_ERROR,
			    "reading the export back: %s",
			    got < 0 ? strerror(errno) : "cut short");
		out->len += (size_t)got;
		out->data[out->len] = '\0';
	}
	return 0;
}

static size_t
count_lines(const struct buf *payload)
{
	size_t lines = 0;

	for (size_t i = 0; i < payload->len; i++)
		lines += payload->data[i] == '\n';
	return lines;
}

static int
export_add_range(struct json_object *out, const struct audit_range *range,
    const struct buf *payload)
{
	struct json_object *obj = json_object_new_object();
	int ret;

	ret = json_add_int(obj, "requested_limit", (int64_t)range->limit);
	ret |=
	    json_add_int(obj, "exported_count", (int64_t)count_lines(payload));
	ret |= json_add_int(obj, "first_sequence", (int64_t)range->first);
	if (range->last != UINT64_MAX)
		ret |= json_add_int(obj, "last_sequence", (int64_t)range->last);
	return json_add(out, "range", obj) | ret;
}

static int
export_write(struct tool_call *call, const struct audit_range *range,
    const struct buf *payload, struct json_object *manifest, struct err *err)
{
	CLEANUP_JSON struct json_object *out = json_object_new_object();
	uint8_t digest[HASH_SIZE];
	char hex[HASH_HEX_SIZE], id[ID_TEXT_SIZE], now[CLOCK_TEXT_SIZE];
	int ret;

	id_new(id);
	clock_format(clock_real_ns(), now);
	hash_sha256(buf_text(payload), payload->len, digest);
	hash_hex(digest, hex);
	ret = json_add_str(out, "export_id", id);
	ret |= json_add_str(out, "format", "jsonl");
	ret |= export_add_range(out, range, payload);
	ret |=
	    json_add_str(out, "redaction_policy", "redacted_audit_events_only");
	ret |= json_add_str(out, "created_at", now);
	ret |= json_add_str(out, "file_hash", hex);
	ret |= json_add_str(out, "payload_jsonl", buf_text(payload));
	ret |= json_add(out, "manifest", json_object_get(manifest));
	if (ret)
		return err_no_memory(err);
	json_write(call->output, out, 0);
	return 0;
}

int
audit_export_handler(struct tool_call *call, struct err *err)
{
	CLEANUP_CLOSE int fd = -1;
	CLEANUP_BUF struct buf payload = BUF_INIT, text = BUF_INIT;
	CLEANUP_JSON struct json_object *manifest = NULL;
	struct audit_range range;
	int ret = range_of(call, &range, err);

	if (ret)
		return ret;
	fd = memfd_create("audit-export", MFD_CLOEXEC);
	if (fd < 0)
		return err_set(err, ERR_INTERNAL_ERROR, "memfd_create: %s",
		    strerror(errno));
	ret = audit_export(call->house->journal, call->call, &range, fd, -1,
	    call->principal->name, NULL, NULL, &text, err);
	if (ret == 0)
		ret = file_read(fd, &payload, err);
	if (ret == 0)
		ret = json_parse(buf_text(&text), text.len,
		    &json_bounds_default, &manifest, err);
	return ret ? ret : export_write(call, &range, &payload, manifest, err);
}
