/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* From a range to sequences, and the filters on records. */

#include "journal/select.h"

#include "base/cleanup.h"

/*
 * The time of the first entry from sequence on that still has one (stubs do
 * not), looking no further than end.
 */
static int
time_from(struct journal_txn *txn, uint64_t sequence, uint64_t end,
    uint64_t *ret_at, uint64_t *ret_ns, struct err *err)
{
	for (; sequence < end; sequence++) {
		struct entry entry;
		int rc = txn_entry(txn, sequence, &entry, err);

		if (rc < 0)
			return rc;
		if (entry.type == ENTRY_STUB)
			continue;
		*ret_at = sequence;
		*ret_ns = record_time_ns(entry.record, entry.len);
		return 0;
	}
	*ret_at = end;
	*ret_ns = UINT64_MAX;
	return 0;
}

/* The first sequence whose record is not older than real_ns. */
static int
search_time(struct journal_txn *txn, uint64_t real_ns, uint64_t *ret_sequence,
    struct err *err)
{
	uint64_t low = 0, high = txn->head.count;

	while (low < high) {
		uint64_t middle = low + (high - low) / 2;
		uint64_t at, ns;
		int rc = time_from(txn, middle, high, &at, &ns, err);

		if (rc < 0)
			return rc;
		if (ns < real_ns)
			low = at + 1;
		else
			high = middle;
	}
	*ret_sequence = low;
	return 0;
}

static int
narrow(struct selection *selection, struct journal_txn *txn,
    const struct audit_range *range, struct err *err)
{
	uint64_t at = 0;
	int rc = 0;

	if (range->since_ns) {
		rc = search_time(txn, range->since_ns, &at, err);
		if (rc == 0 && at > selection->first)
			selection->first = at;
	}
	if (rc == 0 && range->until_ns) {
		rc = search_time(txn, range->until_ns, &at, err);
		if (rc == 0 && at < selection->end)
			selection->end = at;
	}
	return rc;
}

int
selection_init(struct selection *selection, struct journal_txn *txn,
    const struct audit_range *range, struct err *err)
{
	int rc;

	*selection = (struct selection){
		.first = range->first,
		.end = txn->head.count,
		.event_type = range->event_type,
	};
	if (range->last < selection->end)
		selection->end = range->last + 1;
	if (range->account)
		journal_account_hash(
		    txn->journal, range->account, selection->account);
	rc = narrow(selection, txn, range, err);
	if (rc == 0 && selection->first > selection->end)
		selection->first = selection->end;
	return rc;
}

bool
selection_is_filtered(const struct selection *selection)
{
	return selection->event_type || selection->account[0];
}

bool
selection_has(const struct selection *selection, const struct entry *entry)
{
	if (!selection_is_filtered(selection))
		return true;
	if (entry->type == ENTRY_STUB)
		return false;
	if (selection->event_type && !record_has_str(entry->record, entry->len,
					 "event_type", selection->event_type))
		return false;
	return !selection->account[0] ||
	       record_has_str(entry->record, entry->len, "account_id_hash",
		   selection->account);
}
