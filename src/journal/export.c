/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Exporting: records as lines, in pieces with a snapshot each (the chain only
 * grows, so the pieces fit together), and the export itself on record.
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <json-c/linkhash.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/json.h"
#include "base/redact.h"
#include "journal/checkpoint.h"
#include "journal/exported.h"
#include "journal/exportfile.h"

#define PIECE_COUNT 2048u

struct export
{
	struct journal *journal;
	const struct audit_range *range;
	int fd;
	int manifest_fd; /* -1: the manifest is not kept */
	const char *principal;
	struct selection selection;
	bool begun;
	uint64_t next; /* sequence to write */
	uint64_t count;
	uint64_t omitted;
	uint8_t previous[HASH_SIZE]; /* before the first line */
	uint8_t last[HASH_SIZE];
	uint8_t store_id[STORE_ID_SIZE];
	struct hash *file;
	struct buf piece;
	char id[ID_TEXT_SIZE];
	uint8_t digest[HASH_SIZE];
	bool durable; /* a file that was flushed */
};

/* Where the range begins, once and for all. */
static int
begin(struct export *export, struct journal_txn *txn, struct err *err)
{
	struct entry entry;
	int rc = selection_init(&export->selection, txn, export->range, err);

	if (rc == 0 && export->selection.first > 0) {
		rc = txn_entry(txn, export->selection.first - 1, &entry, err);
		if (rc == 0)
			memcpy(export->previous, entry.hash, HASH_SIZE);
	}
	if (rc < 0)
		return rc;
	memcpy(export->last, export->previous, HASH_SIZE);
	memcpy(export->store_id, txn->info.id, STORE_ID_SIZE);
	export->next = export->selection.first;
	export->begun = true;
	return 0;
}

static bool
is_safe_text(const char *text, size_t len)
{
	size_t start, found;

	return !redact_find(text, len, &start, &found);
}

static bool is_safe_value(struct json_object *value);

static bool
is_safe_object(struct json_object *object)
{
	json_object_object_foreach (object, key, value) {
		const char *text = json_object_is_type(value, json_type_string)
				       ? json_object_get_string(value)
				       : "";

		if (!is_safe_text(key, strlen(key)))
			return false;
		if (redact_is_sensitive_key(key) ? strcmp(text, REDACTED) != 0
						 : !is_safe_value(value))
			return false;
	}
	return true;
}

static bool
is_safe_value(struct json_object *value)
{
	size_t count;

	switch (json_object_get_type(value)) {
	case json_type_object:
		return is_safe_object(value);
	case json_type_string:
		return is_safe_text(json_object_get_string(value),
		    (size_t)json_object_get_string_len(value));
	case json_type_array:
		count = json_object_array_length(value);
		for (size_t i = 0; i < count; i++)
			if (!is_safe_value(json_object_array_get_idx(value, i)))
				return false;
		return true;
	default:
		return true;
	}
}

/*
 * Held to what was redacted when it was appended: each text by itself.  In the
 * whole line the end of one text may seem to announce the next, so that a
 * caller could put in what no export would ever get past.
 */
static bool
is_safe_line(const char *line, size_t len)
{
	CLEANUP_JSON struct json_object *root = NULL;
	struct json_bounds bounds = json_bounds_default;

	if (is_safe_text(line, len))
		return true;
	bounds.bytes = SIZE_MAX; /* our own text */
	bounds.values = SIZE_MAX;
	return json_parse(line, len, &bounds, &root, NULL) == 0 &&
	       is_safe_value(root);
}

static int
check_safe(const char *line, size_t len, uint64_t sequence, struct err *err)
{
	if (is_safe_line(line, len))
		return 0;
	return err_set(err, ERR_OUTPUT_UNSAFE,
	    "record %llu looks like it holds a secret; nothing more was "
	    "exported",
	    (unsigned long long)sequence);
}

static int
add_line(struct export *export, struct journal_txn *txn, struct err *err)
{
	struct entry entry;
	size_t start = export->piece.len;
	bool has;
	int rc = txn_entry(txn, export->next, &entry, err);

	if (rc < 0)
		return rc;
	has = entry.type != ENTRY_STUB &&
	      selection_has(&export->selection, &entry);
	export_line_format(&export->piece, export->next, entry.leaf,
	    has ? entry.record : NULL, entry.len);
	if (export->piece.failed)
		return err_no_memory(err);
	rc = check_safe(export->piece.data + start, export->piece.len - start,
	    export->next, err);
	if (rc < 0)
		return rc;
	memcpy(export->last, entry.hash, HASH_SIZE);
	export->count += has;
	export->omitted += !has;
	export->next++;
	if (export->range->limit && export->count == export->range->limit)
		export->selection.end = export->next;
	return 0;
}

static int
piece_step(struct journal_txn *txn, void *arg, struct err *err)
{
	struct export *export = arg;
	int rc = export->begun ? 0 : begin(export, txn, err);

	for (unsigned i = 0;
	     rc == 0 && i < PIECE_COUNT && export->next < export->selection.end;
	     i++)
		rc = add_line(export, txn, err);
	return rc;
}

static int
cannot_write(struct err *err)
{
	return err_set(err, ERR_INTERNAL_ERROR, "cannot write the export: %s",
	    strerror(errno));
}

static int
write_piece(struct export *export, struct err *err)
{
	hash_add(export->file, export->piece.data, export->piece.len);
	if (!fd_write(export->fd, export->piece.data, export->piece.len))
		return cannot_write(err);
	buf_reset(&export->piece);
	return 0;
}

static int
write_all(struct export *export, struct call *call, audit_progress *progress,
    void *arg, struct err *err)
{
	int rc;

	do {
		rc = journal_view(export->journal, piece_step, export, err);
		if (rc == 0)
			rc = write_piece(export, err);
		if (rc == 0 &&
		    ((call && call_is_over(call)) ||
			(progress &&
			    progress(export->count + export->omitted,
				export->selection.end - export->selection.first,
				arg) != 0)))
			rc = err_set(err, ERR_CALL_CANCELLED, "cancelled");
	} while (rc == 0 && export->next < export->selection.end);
	return rc;
}

/*
 * On disk before the record says so: a purge will rely on it.  What has no
 * name (memfd, as for an agent) is gone when it is closed.
 */
static int
flush(int fd, bool *ret_durable, struct err *err)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return cannot_write(err);
	*ret_durable = S_ISREG(st.st_mode) && st.st_nlink > 0;
	if (*ret_durable && fsync(fd) != 0)
		return cannot_write(err);
	return 0;
}

/* Without its manifest nobody could tell what the file is worth. */
static int
keep_manifest(
    struct export *export, const struct buf *manifest, struct err *err)
{
	bool durable = false;
	int rc;

	if (export->manifest_fd < 0)
		return 0;
	if (!fd_write(export->manifest_fd, manifest->data, manifest->len))
		return cannot_write(err);
	rc = flush(export->manifest_fd, &durable, err);
	export->durable &= durable;
	return rc;
}

static int
put_row(struct export *export, struct journal_txn *txn, struct err *err)
{
	struct exported exported = {
		.first = export->selection.first,
		.last = export->next - 1,
	};

	if (!export->durable || export->count + export->omitted == 0)
		return 0;
	(void)snprintf(exported.event_type, sizeof(exported.event_type), "%s",
	    export->selection.event_type ? export->selection.event_type : "");
	(void)snprintf(exported.account, sizeof(exported.account), "%s",
	    export->selection.account);
	return exported_put(txn, export->id, &exported, err);
}

static int
describe(struct export *export, struct json_object *to, struct err *err)
{
	int rc = json_add_int(to, "count", (int64_t) export->count);

	if (rc == 0)
		rc = json_add_str(to, "export_id", export->id);
	if (rc == 0)
		rc = manifest_add_bytes(
		    to, "file_sha256", export->digest, HASH_SIZE);
	if (rc == 0)
		rc = json_add_int(
		    to, "first", (int64_t) export->selection.first);
	if (rc == 0)
		rc = json_add_int(to, "omitted", (int64_t) export->omitted);
	if (rc == 0 && export->selection.event_type)
		rc = json_add_str(
		    to, "event_type", export->selection.event_type);
	if (rc == 0 && export->selection.account[0])
		rc = json_add_str(
		    to, "account_id_hash", export->selection.account);
	return rc == 0 ? 0 : err_no_memory(err);
}

static int
record_step(struct journal_txn *txn, void *arg, struct err *err)
{
	struct export *export = arg;
	struct json_object *metadata CLEANUP_JSON = json_object_new_object();
	const struct audit_event event = {
		.event_type = "audit_exported",
		.principal = export->principal,
		.principal_kind = "operator",
		.scope = "ibkr:audit:export",
		.decision = "allow",
		.result_status = "completed",
		.metadata = metadata,
	};
	int rc = metadata ? 0 : err_no_memory(err);

	if (rc == 0)
		rc = describe(export, metadata, err);
	if (rc == 0 && json_add_bool(metadata, "durable", export->durable) < 0)
		rc = err_no_memory(err);
	if (rc == 0)
		rc = put_row(export, txn, err);
	return rc < 0 ? rc : txn_audit(txn, &event, err);
}

static int
make_manifest(struct export *export, struct buf *manifest, struct err *err)
{
	struct json_object *root CLEANUP_JSON = json_object_new_object();
	char time[CLOCK_TEXT_SIZE];
	int rc = root ? 0 : IAG_NOMEM;

	clock_format(clock_real_ns(), time);
	if (rc == 0)
		rc = json_add_str(root, "created_at", time);
	if (rc == 0)
		rc = json_add_str(root, "format", EXPORT_LABEL);
	if (rc == 0)
		rc = manifest_add_bytes(
		    root, "store_id", export->store_id, STORE_ID_SIZE);
	if (rc == 0)
		rc = manifest_add_bytes(
		    root, "previous_hash", export->previous, HASH_SIZE);
	if (rc == 0)
		rc = manifest_add_bytes(
		    root, "last_hash", export->last, HASH_SIZE);
	if (rc < 0)
		return err_no_memory(err);
	rc = describe(export, root, err);
	if (rc == 0)
		rc = manifest_sign(
		    root, EXPORT_LABEL, &export->journal->keys, manifest, err);
	return rc;
}

static int
run(struct export *export, struct call *call, audit_progress *progress,
    void *arg, struct buf *manifest, struct err *err)
{
	int rc = write_all(export, call, progress, arg, err);

	if (rc == 0)
		rc = flush(export->fd, &export->durable, err);
	if (rc < 0)
		return rc;
	hash_end(export->file, export->digest);
	rc = make_manifest(export, manifest, err);
	if (rc == 0)
		rc = keep_manifest(export, manifest, err);
	return rc < 0 ? rc
		      : journal_update(
			    export->journal, call, record_step, export, err);
}

int
audit_export(struct journal *journal, struct call *call,
    const struct audit_range *range, int fd, int manifest_fd,
    const char *principal, audit_progress *progress, void *arg,
    struct buf *manifest, struct err *err)
{
	struct export export = {
		.journal = journal,
		.range = range,
		.fd = fd,
		.manifest_fd = manifest_fd,
		.principal = principal,
		.file = hash_new(),
	};
	int rc;

	if (!export.file)
		return err_no_memory(err);
	id_new(export.id);
	rc = run(&export, call, progress, arg, manifest, err);
	hash_free(export.file);
	buf_fini(&export.piece);
	return rc;
}
