/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * A journal in memory in front of the one in libcore, for tests of what
 * stands above it: it keeps the last record, has rows, and can be told to
 * fail, so that "no record, no answer" can be seen.
 */

#ifndef IAG_TESTS_FAKE_JOURNAL_H
#define IAG_TESTS_FAKE_JOURNAL_H

#include "journal/audit.h"

struct fake_row {
	enum journal_table table;
	uint8_t key[128];
	size_t key_len;
	const char *value;
	struct fake_row *next; /* by table and key */
};

struct fake_journal {
	bool refuses;       /* journal_record() fails */
	bool is_unreadable; /* journal_view() fails */
	unsigned records;
	char last[2048]; /* "type decision status outcome code tool account" */
	char input[4096];
	char output[65536];
	char event_id[ID_TEXT_SIZE];
	struct fake_row *rows;
	uint64_t now_ns;
	const char *tail; /* what audit_tail() gives */
};

extern struct fake_journal fake;

/* Any pointer but NULL will do. */
struct journal *fake_journal(void);
void fake_journal_reset(void);
void fake_journal_put(
    enum journal_table table, const void *key, size_t len, const char *value);

#endif
