/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* The newest records, newest first; each is checked before it is shown. */

#include "journal/select.h"

#include "base/cleanup.h"

#define TAIL_COUNT 100u
#define TAIL_MAX 500u

struct tail {
	const struct audit_range *range;
	struct buf *out;
};

static int
add_entry(struct tail *tail, const struct selection *selection,
    struct journal_txn *txn, uint64_t sequence, uint64_t *count,
    struct err *err)
{
	struct entry entry;
	int rc = txn_entry(txn, sequence, &entry, err);

	if (rc < 0)
		return rc;
	if (entry.type == ENTRY_STUB || !selection_has(selection, &entry))
		return 0;
	buf_printf(tail->out,
	    "%s{\"sequence_id\":%llu,\"event\":", *count > 0 ? "," : "",
	    (unsigned long long)sequence);
	buf_add(tail->out, entry.record, entry.len);
	buf_char(tail->out, '}');
	(*count)++;
	return 0;
}

static int
tail_step(struct journal_txn *txn, void *arg, struct err *err)
{
	struct tail *tail = arg;
	struct selection selection;
	uint64_t count = 0;
	uint64_t limit = tail->range->limit ? tail->range->limit : TAIL_COUNT;
	int rc = selection_init(&selection, txn, tail->range, err);

	if (limit > TAIL_MAX)
		limit = TAIL_MAX;
	buf_str(tail->out, "{\"events\":[");
	for (uint64_t at = selection.end;
	     rc == 0 && at > selection.first && count < limit; at--)
		rc = add_entry(tail, &selection, txn, at - 1, &count, err);
	buf_str(tail->out, "]}");
	if (rc == 0 && tail->out->failed)
		rc = err_set(err, ERR_OUT_OF_MEMORY, "out of memory");
	return rc;
}

int
audit_tail(struct journal *journal, const struct audit_range *range,
    struct buf *out, struct err *err)
{
	struct tail tail = { range, out };

	return journal_view(journal, tail_step, &tail, err);
}
