/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The audit trail: what a record says, how it is chained (ruling 26), and
 * the reading side: tail, export, verify, purge, checkpoint, key rotation.
 * Record = canonical JSON (RFC 8785) without floats.
 */

#ifndef IAG_JOURNAL_AUDIT_H
#define IAG_JOURNAL_AUDIT_H

#include <json-c/json_object.h>

#include "base/id.h"
#include "journal/journal.h"

/*
 * One event, reference.md 10.1 and behaviour.md section 8.  NULL members are
 * left out of the record.  Secret-like text in any of them is replaced when
 * the record is made; account, input and output become HMACs.
 */
struct audit_event {
	char event_id[ID_TEXT_SIZE]; /* "": a new one is made */
	const char *event_type;      /* "tool_completed", ... */
	const char *principal;       /* "local:alice", "agent:local-agent" */
	const char *principal_kind;  /* "operator", "agent", "system" */
	const char *session_id;
	const char *request_id;
	const char *account; /* the raw id; never stored */
	const char *tool_name;
	const char *scope;
	const char *decision;      /* allow, deny, refuse */
	const char *result_status; /* completed, failed, refused, ... */
	const char *outcome;       /* done, refused, unknown */
	const char *error_code;
	struct iag_bytes input;       /* canonical arguments; data NULL: none */
	struct iag_bytes output;      /* the answer's text; data NULL: none */
	struct json_object *metadata; /* object or NULL, borrowed */
};

/* Which records. */
struct audit_range {
	uint64_t first; /* sequences, inclusive; 0: the beginning */
	uint64_t last;  /* inclusive; UINT64_MAX: the head */
	uint64_t since_ns, until_ns; /* real time; 0: open */
	const char *event_type;      /* NULL: all */
	const char *account;         /* raw id; NULL: all */
	uint64_t limit;              /* records; 0: no limit */
};

/* `{"events":[{"sequence_id":N,"event":{...}}]}`, newest first. */
int audit_tail(struct journal *journal, const struct audit_range *range,
    struct buf *out, struct err *err);

/*
 * INPUT_INVALID, with the known types and the nearest one, for a type that
 * this program does not write and no record has.
 */
int audit_check_type(
    struct journal *journal, const char *type, struct err *err);

/* Progress of long work: called now and then; not 0 stops with CANCELLED. */
typedef int audit_progress(uint64_t done, uint64_t total, void *arg);

/*
 * JSONL to fd, oldest first, one `{"sequence_id","event","leaf",...}` per
 * line with the leaf hashes of what a filter leaves out, and the manifest
 * (range, count, file SHA-256, hashes at both ends, MAC) into *manifest, and
 * to manifest_fd unless that is -1.  The export itself is recorded, when both
 * are on the disk; purge needs that record.  After an error with `unknown` it
 * may be there: the files must stay.  OUTPUT_UNSAFE if a line looks like a
 * secret.
 */
int audit_export(struct journal *journal, struct call *call,
    const struct audit_range *range, int fd, int manifest_fd,
    const char *principal, audit_progress *progress, void *arg,
    struct buf *manifest, struct err *err);

struct audit_verdict {
	bool valid;
	uint64_t scanned;
	uint64_t first_break; /* sequence; UINT64_MAX: none */
	char reason[200];     /* why, for people */
	bool anchored;        /* by a checkpoint; else self-attested */
	bool state_checked;
	bool misfit; /* beside an error: the checkpoint is the fault */
};
enum { AUDIT_VERIFY_STATE = 0x1 }; /* also every state row (ruling 27) */

/*
 * The whole chain, or first..last.  checkpoint: text of a checkpoint file or
 * NULL.  Returns 0 with a verdict, also for a broken chain; an error only
 * when the store could not be read, or INPUT_INVALID when first is past the
 * end of the chain or the checkpoint is of another store.
 */
int audit_verify(struct journal *journal, uint64_t first, uint64_t last,
    unsigned flags, const char *checkpoint, audit_progress *progress, void *arg,
    struct audit_verdict *ret_verdict, struct err *err);
/* An export and its manifest, without any store. */
int audit_verify_file(const char *path, const char *manifest_path,
    const struct secret *secret, struct audit_verdict *ret_verdict,
    struct err *err);

struct audit_purge {
	uint64_t purged;
	uint64_t kept_by_retention;
	uint64_t kept_by_export;
};
int audit_purge(struct journal *journal, struct call *call,
    const char *principal, uint64_t before_ns, bool dry_run,
    audit_progress *progress, void *arg, struct audit_purge *ret_purge,
    struct err *err);
/* Store id, size, head and MAC as JSON text (ruling 28). */
int audit_checkpoint(struct journal *journal, struct call *call,
    const char *principal, struct buf *out, struct err *err);
/*
 * Bring the checkpoint in the file up to the store's head; without a record,
 * since nothing of the store changes.  An error leaves the file as it is:
 * JOURNAL_CORRUPT when the store is behind it or has another chain.
 */
int audit_anchor(struct journal *journal, const char *path, struct err *err);
/* The same comparison; nothing is written, and no file at all is no error. */
int audit_anchor_check(
    struct journal *journal, const char *path, struct err *err);
/* The chain goes on under new_secret; the record carries both MACs. */
int audit_rotate_key(struct journal *journal, struct call *call,
    const char *principal, const struct secret *new_secret, struct err *err);

#endif
