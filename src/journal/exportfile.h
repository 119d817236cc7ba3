/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The form of an export, one line for each sequence without gaps:
 *
 *   {"event":{...},"leaf":"<64 hex>","sequence_id":N}   a record
 *   {"leaf":"<64 hex>","sequence_id":N}                 one left out
 *
 * so that the chain can be followed through what a filter left out.  The
 * manifest (signed, see checkpoint.h) names range, hashes at both ends and
 * the file's digest.
 */

#ifndef IAG_JOURNAL_EXPORTFILE_H
#define IAG_JOURNAL_EXPORTFILE_H

#include "journal/core.h"

#define EXPORT_LABEL "iag-export-1"
/* Bytes of a line at most: a record with its changes is a store's value. */
#define EXPORT_LINE (IAG_STORE_VALUE_LEN + 4096)

/* Append one line; record NULL: left out. */
void export_line_format(struct buf *out, uint64_t sequence,
    const uint8_t leaf[HASH_SIZE], const char *record, size_t len);

struct export_line {
	uint64_t sequence;
	uint8_t leaf[HASH_SIZE];
	const char *record; /* NULL: left out; borrowed */
	size_t len;
};
/* Exactly what export_line_format() writes, without the newline. */
bool export_line_parse(
    const char *line, size_t len, struct export_line *ret_line);

/* Checking an export piece by piece, without any store. */
struct export_check {
	struct chain chain;
	struct hash *file;
	uint64_t first;
	uint64_t total; /* lines that the manifest names */
	uint64_t records;
	uint64_t next;
	uint64_t seen;
	uint8_t previous[HASH_SIZE];
	uint8_t last[HASH_SIZE];
	uint8_t digest[HASH_SIZE];
	struct audit_verdict verdict; /* final once not valid */
};

/* 0 also for a manifest that is wrong: then the verdict says so. */
int export_check_init(struct export_check *check, const char *manifest,
    size_t len, const struct keys *keys, struct err *err);
/* One line with its newline, if it has one. */
void export_check_line(
    struct export_check *check, const char *line, size_t len);
void export_check_end(struct export_check *check);
void export_check_fini(struct export_check *check);

#endif
