/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* The store's guards, for those above the journal. */

#include "journal/core.h"

int
journal_guard_take(struct journal *journal, struct call *call, const char *name,
    bool exclusive, struct store_guard **ret_guard, struct err *err)
{
	int rc = store_guard_take(journal->store, call, name,
	    exclusive ? IAG_STORE_EXCLUSIVE : IAG_STORE_SHARED, ret_guard, err);

	if (rc != IAG_AGAIN)
		return rc;
	return err_set(err, ERR_JOURNAL_UNAVAILABLE,
	    "'%s' of the store is held by somebody else", name);
}

int
journal_guard_check(struct journal *journal, const char *name, struct err *err)
{
	return store_guard_check(journal->store, name, err);
}

void
journal_guard_drop(struct store_guard *guard)
{
	store_guard_drop(guard);
}
