/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* The newest records, newest first; each is checked before it is shown. */

#include "journal/select.h"

#include "base/cleanup.h"
#include "journal/entries.h"

#define TAIL_COUNT 100u
#define TAIL_MAX 500u

struct tail {
	const struct audit_range *range;
	struct buf *out;
};

static void
add_entry(
    struct buf *out, bool first, uint64_t sequence, const struct entry *entry)
{
	buf_printf(out, "%s{\"sequence_id\":%llu,\"event\":", first ? "" : ",",
	    (unsigned long long)sequence);
	buf_add(out, entry->record, entry->len);
	buf_char(out, '}');
}

static int
add_entries(const struct tail *tail, struct journal_txn *txn,
    const struct selection *selection, uint64_t limit, struct err *err)
{
	struct entries entries CLEANUP_ENTRIES = { .end = 0 };
	uint64_t count = 0;
	int rc = entries_init(&entries, txn, selection->end, err);

	while (rc == 0 && count < limit && entries.end > selection->first) {
		uint64_t sequence = 0;
		struct entry entry;

		rc = entries_back(&entries, &sequence, &entry, err);
		if (rc < 0 || entry.type == ENTRY_STUB ||
		    !selection_has(selection, &entry))
			continue;
		add_entry(tail->out, count++ == 0, sequence, &entry);
	}
	return rc;
}

static int
tail_step(struct journal_txn *txn, void *arg, struct err *err)
{
	struct tail *tail = arg;
	struct selection selection;
	uint64_t limit = tail->range->limit ? tail->range->limit : TAIL_COUNT;
	int rc = selection_init(&selection, txn, tail->range, err);

	if (limit > TAIL_MAX)
		limit = TAIL_MAX;
	buf_str(tail->out, "{\"events\":[");
	if (rc == 0)
		rc = add_entries(tail, txn, &selection, limit, err);
	buf_str(tail->out, "]}");
	if (rc == 0 && tail->out->failed)
		rc = err_no_memory(err);
	return rc;
}

int
audit_tail(struct journal *journal, const struct audit_range *range,
    struct buf *out, struct err *err)
{
	struct tail tail = { range, out };

	return journal_view(journal, tail_step, &tail, err);
}
