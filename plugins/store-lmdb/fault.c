/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * LMDB's and the system's error numbers as results of the ABI: what the
 * caller may do next decides, the text says what happened.
 */

#include "lmdb-store.h"

#include <errno.h>

static int32_t
fault_class(int rc)
{
	switch (rc) {
	case MDB_NOTFOUND:
		return IAG_NOTFOUND;
	case MDB_KEYEXIST:
		return IAG_REJECTED;
	case MDB_MAP_FULL:
	case MDB_TXN_FULL:
	case ENOSPC:
	case EDQUOT:
	case EFBIG:
		return IAG_LIMIT;
	case MDB_READERS_FULL:
	case MDB_MAP_RESIZED:
	case MDB_BAD_RSLOT:
	case EAGAIN:
	case EINTR:
		return IAG_AGAIN;
	case MDB_CORRUPTED:
	case MDB_PAGE_NOTFOUND:
	case MDB_INVALID:
	case MDB_INCOMPATIBLE:
	case MDB_VERSION_MISMATCH:
	case MDB_CURSOR_FULL:
	case MDB_PAGE_FULL:
		return IAG_CORRUPT;
	case MDB_BAD_VALSIZE:
		return IAG_INVAL;
	case ENOMEM:
		return IAG_NOMEM;
	default:
		return IAG_INTERNAL;
	}
}

int32_t
fault(struct iag_ctx *ctx, int rc, const char *doing)
{
	int32_t result = fault_class(rc);
	const char *code = "JOURNAL_UNAVAILABLE";

	if (result == IAG_NOTFOUND || result == IAG_REJECTED)
		return result;
	if (result == IAG_CORRUPT)
		code = "JOURNAL_CORRUPT";
	if (result == IAG_NOMEM)
		code = "OUT_OF_MEMORY";
	return host->fail(ctx, result, code, "%s: %s", doing, mdb_strerror(rc));
}
