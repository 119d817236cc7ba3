/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Purging: a record that is old enough and exported becomes a stub, which
 * keeps its place in the chain.  One step per block of sequences; each leaves
 * a record of its own, so what remains still verifies.
 *
 * Never purged: records that changed state (they are the evidence of rows),
 * key rotations, and what was not exported.
 */

#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "journal/exported.h"
#include "journal/stub.h"

#define DAY_NS (UINT64_C(86400) * NS_PER_S)

struct purge {
	struct journal *journal;
	const char *principal;
	uint64_t before_ns;
	bool dry_run;
	struct exported_list exports;
	uint64_t count; /* records when the purge began */
	uint64_t block;
	struct audit_purge total;
	struct audit_purge part; /* of the block that runs */
};

static bool
ends_with(struct iag_bytes text, const char *end)
{
	size_t len = strlen(end);

	return text.len >= len &&
	       memcmp((const char *)text.data + text.len - len, end, len) == 0;
}

static bool
begins_with(struct iag_bytes text, const char *start)
{
	size_t len = strlen(start);

	return text.len >= len && memcmp(text.data, start, len) == 0;
}

/* A call of a read tool: under a scope that ends with ":read". */
static bool
is_read(const struct entry *entry)
{
	struct iag_bytes scopes, type;

	return record_member(entry->record, entry->len, "scopes", &scopes) &&
	       record_member(entry->record, entry->len, "event_type", &type) &&
	       begins_with(type, "\"tool_") && ends_with(scopes, ":read\"]");
}

static bool
is_live(const struct entry *entry)
{
	struct iag_bytes scopes, type;

	if (record_member(entry->record, entry->len, "event_type", &type) &&
	    begins_with(type, "\"live_"))
		return true;
	return record_member(entry->record, entry->len, "scopes", &scopes) &&
	       memmem(scopes.data, scopes.len, ":live:", 6) != NULL;
}

static bool
is_old(const struct purge *purge, const struct entry *entry, uint64_t now_ns)
{
	uint64_t days = is_read(entry) ? purge->journal->read_days
				       : purge->journal->live_days;
	uint64_t at = record_time_ns(entry->record, entry->len);

	/* more days than a clock can count are for ever */
	return at < purge->before_ns && now_ns >= at &&
	       days <= UINT64_MAX / DAY_NS && now_ns - at > days * DAY_NS;
}

/*
 * The chain's time never goes back: where a clock once ran ahead it still
 * does, and would take for old what was written yesterday.
 */
static uint64_t
age_now_ns(const struct journal_txn *txn)
{
	uint64_t clock_ns = clock_real_ns();

	return clock_ns < txn->now_ns ? clock_ns : txn->now_ns;
}

enum fate { FATE_PURGE, FATE_RETAINED, FATE_NOT_EXPORTED, FATE_GONE };

static enum fate
fate_of(const struct purge *purge, uint64_t sequence, const struct entry *entry,
    uint64_t now_ns)
{
	struct iag_bytes changes;

	if (entry->type == ENTRY_STUB)
		return FATE_GONE;
	if (entry->type != ENTRY_RECORD || sequence == 0 ||
	    record_member(entry->record, entry->len, "changes", &changes) ||
	    (purge->journal->immutable_live && is_live(entry)) ||
	    !is_old(purge, entry, now_ns))
		return FATE_RETAINED;
	if (purge->journal->export_required &&
	    !exported_has(&purge->exports, sequence, entry))
		return FATE_NOT_EXPORTED;
	return FATE_PURGE;
}

static int
make_stub(struct journal_txn *txn, uint64_t sequence, const struct entry *entry,
    struct err *err)
{
	uint8_t key[8], stub[ENTRY_HEAD_SIZE];

	memcpy(stub, entry->hash, 3 * HASH_SIZE); /* hash, mac and leaf */
	stub[3 * HASH_SIZE] = ENTRY_STUB;
	put_u64(key, sequence);
	txn->wrote = true;
	return txn_note(
	    txn, store_put(txn->store, TABLE_AUDIT, bytes_of(key, sizeof(key)),
		     bytes_of(stub, sizeof(stub)), 0, err));
}

static int
purge_one(struct purge *purge, struct journal_txn *txn, uint64_t sequence,
    struct stub_map *map, struct err *err)
{
	struct entry entry;
	int rc = txn_entry(txn, sequence, &entry, err);

	if (rc < 0)
		return rc;
	switch (fate_of(purge, sequence, &entry, age_now_ns(txn))) {
	case FATE_PURGE:
		purge->part.purged++;
		stub_map_set(map, sequence);
		return purge->dry_run ? 0
				      : make_stub(txn, sequence, &entry, err);
	case FATE_RETAINED:
		purge->part.kept_by_retention++;
		break;
	case FATE_NOT_EXPORTED:
		purge->part.kept_by_export++;
		break;
	case FATE_GONE:
		break;
	}
	return 0;
}

/* The boundary record: what is missing from here on was purged. */
static int
leave_record(struct purge *purge, struct journal_txn *txn,
    const struct stub_map *map, struct err *err)
{
	struct json_object *metadata CLEANUP_JSON = json_object_new_object();
	uint64_t first = purge->block * STUB_BLOCK;
	const struct audit_event event = {
		.event_type = "audit_purged",
		.principal = purge->principal,
		.principal_kind = "operator",
		.decision = "allow",
		.result_status = "completed",
		.metadata = metadata,
	};
	int rc = metadata ? 0 : IAG_NOMEM;

	if (rc == 0)
		rc = json_add_int(
		    metadata, "count", (int64_t)purge->part.purged);
	if (rc == 0)
		rc = json_add_int(metadata, "first", (int64_t)first);
	if (rc == 0)
		rc = json_add_int(
		    metadata, "last", (int64_t)(first + STUB_BLOCK - 1));
	if (rc < 0)
		return err_no_memory(err);
	rc = stub_map_save(map, txn, err);
	return rc < 0 ? rc : txn_audit(txn, &event, err);
}

static int
block_step(struct journal_txn *txn, void *arg, struct err *err)
{
	struct purge *purge = arg;
	uint64_t first = purge->block * STUB_BLOCK;
	struct stub_map map;
	int rc;

	purge->part = (struct audit_purge){ .purged = 0 };
	stub_map_init(&map);
	rc = stub_map_load(&map, txn, first, err);
	for (uint64_t i = first;
	     rc == 0 && i < first + STUB_BLOCK && i < purge->count; i++)
		rc = purge_one(purge, txn, i, &map, err);
	if (rc < 0 || purge->dry_run || purge->part.purged == 0)
		return rc;
	return leave_record(purge, txn, &map, err);
}

static int
begin_step(struct journal_txn *txn, void *arg, struct err *err)
{
	struct purge *purge = arg;

	purge->count = txn->head.count;
	return exported_load(&purge->exports, txn, err);
}

static int
run_block(struct purge *purge, struct call *call, struct err *err)
{
	bool dry_run = purge->dry_run;
	int rc;

	/* look first: most blocks need no write at all */
	purge->dry_run = true;
	rc = journal_view(purge->journal, block_step, purge, err);
	purge->dry_run = dry_run;
	if (rc == 0 && !dry_run && purge->part.purged > 0)
		rc = journal_update_reserved(
		    purge->journal, call, block_step, purge, err);
	if (rc < 0)
		return rc;
	purge->total.purged += purge->part.purged;
	purge->total.kept_by_retention += purge->part.kept_by_retention;
	purge->total.kept_by_export += purge->part.kept_by_export;
	return 0;
}

static int
run_blocks(struct purge *purge, struct call *call, audit_progress *progress,
    void *arg, struct err *err)
{
	uint64_t blocks = (purge->count + STUB_BLOCK - 1) / STUB_BLOCK;
	int rc = 0;

	for (; rc == 0 && purge->block < blocks; purge->block++) {
		rc = run_block(purge, call, err);
		if (rc == 0 &&
		    ((call && call_is_over(call)) ||
			(progress && progress(purge->block * STUB_BLOCK,
					 purge->count, arg) != 0)))
			rc = err_set(err, ERR_CALL_CANCELLED, "cancelled");
	}
	return rc;
}

int
audit_purge(struct journal *journal, struct call *call, const char *principal,
    uint64_t before_ns, bool dry_run, audit_progress *progress, void *arg,
    struct audit_purge *ret_purge, struct err *err)
{
	struct purge purge = {
		.journal = journal,
		.principal = principal,
		.before_ns = before_ns,
		.dry_run = dry_run,
	};
	int rc = journal_view(journal, begin_step, &purge, err);

	if (rc == 0)
		rc = run_blocks(&purge, call, progress, arg, err);
	exported_fini(&purge.exports);
	if (rc == 0)
		*ret_purge = purge.total;
	return rc;
}
