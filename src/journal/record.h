/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Records: an event as canonical JSON (RFC 8785), redacted when it is made.
 * Only time and state changes are known as late as in the transaction, so a
 * record is rendered beforehand, by the caller's thread, with gaps for them.
 */

#ifndef IAG_JOURNAL_RECORD_H
#define IAG_JOURNAL_RECORD_H

#include <stdbool.h>

#include "base/buf.h"
#include "journal/audit.h"
#include "journal/keys.h"

#define RECORD_LEN 262144 /* bytes of one record but its changes at most */

struct record {
	struct buf first; /* "{" and the account, if any */
	struct buf rest;  /* all members behind "changes" */
	size_t time_at;   /* of the 24 characters of time in rest */
};

int record_init(struct record *record, const struct keys *keys,
    const struct audit_event *event, struct err *err);
void record_fini(struct record *record);
#define CLEANUP_RECORD __attribute__((cleanup(record_fini)))

/* Append the text; changes: elements of the array, "" for none. */
void record_format(const struct record *record, const char *changes,
    uint64_t real_ns, struct buf *out);

/*
 * A top-level member of a record's text as it stands there (strings with
 * their quotes); false if there is none.  For texts that entry_check() has
 * seen: anything else is just not found.
 */
bool record_member(const char *text, size_t len, const char *name,
    struct iag_bytes *ret_value);
/*
 * One top-level member after the other: *at begins as 1 and is len behind the
 * last one; if it is not when there is no more, the text is no object.
 */
bool record_next(const char *text, size_t len, size_t *at,
    struct iag_bytes *ret_name, struct iag_bytes *ret_value);
/* The same for a string without escapes that equals value. */
bool record_has_str(
    const char *text, size_t len, const char *name, const char *value);
/* The record's time; 0 if it has none. */
uint64_t record_time_ns(const char *text, size_t len);

#endif
