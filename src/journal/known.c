/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* A table of fixed size; a row takes the place of the one that was there. */

#include "journal/known.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

struct known_row {
	enum journal_table table;
	size_t key_len, row_len;
	uint8_t bytes[]; /* key, row */
};

void
known_init(struct known *known)
{
	memset(known->rows, 0, sizeof(known->rows));
	(void)pthread_mutex_init(&known->lock, NULL);
}

void
known_fini(struct known *known)
{
	known_forget(known);
	(void)pthread_mutex_destroy(&known->lock);
}

/* FNV-1a: bad places cost time, nothing else. */
static struct known_row **
place(struct known *known, enum journal_table table, struct iag_bytes key)
{
	const uint8_t *bytes = key.data;
	uint32_t hash = 2166136261u ^ (uint32_t)table;

	for (size_t i = 0; i < key.len; i++)
		hash = (hash ^ bytes[i]) * 16777619u;
	return &known->rows[(hash ^ hash >> 16) % KNOWN_ROWS];
}

bool
known_has(struct known *known, enum journal_table table, struct iag_bytes key,
    struct iag_bytes row)
{
	LOCK_SCOPE(&known->lock);
	const struct known_row *have = *place(known, table, key);

	return have && have->table == table && have->key_len == key.len &&
	       have->row_len == row.len &&
	       memcmp(have->bytes, key.data, key.len) == 0 &&
	       memcmp(have->bytes + key.len, row.data, row.len) == 0;
}

void
known_add(struct known *known, enum journal_table table, struct iag_bytes key,
    struct iag_bytes row)
{
	struct known_row **at, *added, *before;

	if (key.len + row.len > KNOWN_ROW_LEN)
		return;
	added = malloc(sizeof(*added) + key.len + row.len);
	if (!added)
		return;
	added->table = table;
	added->key_len = key.len;
	added->row_len = row.len;
	memcpy(added->bytes, key.data, key.len);
	memcpy(added->bytes + key.len, row.data, row.len);
	(void)pthread_mutex_lock(&known->lock);
	at = place(known, table, key);
	before = *at;
	*at = added;
	(void)pthread_mutex_unlock(&known->lock);
	free(before);
}

void
known_forget(struct known *known)
{
	LOCK_SCOPE(&known->lock);

	for (size_t i = 0; i < KNOWN_ROWS; i++)
		free(STEAL(known->rows[i]));
}
