/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Parts of the journal that are not there yet refuse; the linker prefers the
 * journal's own functions as soon as it has them.
 */

#include "base/err.h"
#include "journal/audit.h"

#define PENDING __attribute__((weak))

static int
refuse(struct err *err)
{
	return err_set(err, ERR_BROKER_CAPABILITY_UNAVAILABLE,
	    "this journal cannot do that yet");
}

PENDING int
audit_export(struct journal *journal, struct call *call,
    const struct audit_range *range, int fd, const char *principal,
    audit_progress *progress, void *arg, struct buf *manifest, struct err *err)
{
	return refuse(err);
}

PENDING int
audit_verify_file(const char *path, const char *manifest_path,
    const struct secret *secret, struct audit_verdict *ret_verdict,
    struct err *err)
{
	return refuse(err);
}

PENDING int
audit_purge(struct journal *journal, struct call *call, const char *principal,
    uint64_t before_ns, bool dry_run, audit_progress *progress, void *arg,
    struct audit_purge *ret_purge, struct err *err)
{
	return refuse(err);
}

PENDING int
audit_rotate_key(struct journal *journal, struct call *call,
    const char *principal, const struct secret *new_secret, struct err *err)
{
	return refuse(err);
}

PENDING int
journal_adopt(struct journal *journal, struct call *call, const char *principal,
    const char *reason, struct err *err)
{
	return refuse(err);
}
