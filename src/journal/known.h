/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Rows whose evidence was found to be in order, or that this process has
 * written, kept byte for byte: the record that proves a row goes on to prove
 * the same bytes, so it is not read and hashed again.  Any other byte is
 * checked anew.
 *
 * Threads: any.
 * Locks: known->lock, for moments; nothing else is taken under it.
 */

#ifndef IAG_JOURNAL_KNOWN_H
#define IAG_JOURNAL_KNOWN_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "ibkr-agent/types.h"
#include "journal/journal.h"

#define KNOWN_ROWS 1024u
/* Of key and row together; longer ones are not kept. */
#define KNOWN_ROW_LEN 16384u

struct known {
	pthread_mutex_t lock;
	struct known_row *rows[KNOWN_ROWS]; /* each in the place of its key */
};

void known_init(struct known *known);
void known_fini(struct known *known);

/* row: value and evidence, as stored. */
bool known_has(struct known *known, enum journal_table table,
    struct iag_bytes key, struct iag_bytes row);
void known_add(struct known *known, enum journal_table table,
    struct iag_bytes key, struct iag_bytes row);
/* What was written did not come to stay. */
void known_forget(struct known *known);

#endif
