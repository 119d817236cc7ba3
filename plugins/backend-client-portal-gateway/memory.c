/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Small rings: what falls out is asked for again.
 *
 * Threads: any.  lock guards everything.
 */

#include "memory.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The broker gives a login about a hundred market data lines. */
enum { CURRENCIES = 512, VENUES = 32, LINES = 60 };
#define CLAIM_AGAIN_NS UINT64_C(5000000000)

struct memory {
	pthread_mutex_t lock;
	uint64_t epoch; /* of the session whose portfolio is open */
	uint64_t claimed_ns;
	int is_open;
	size_t currency_next, venue_next, line_count;
	struct {
		char id[16], currency[8];
	} currencies[CURRENCIES];
	struct {
		char exchange[24], id[16], symbol[40];
	} venues[VENUES];
	char lines[LINES][16]; /* the last used one is the last */
};

struct memory *
memory_new(void)
{
	struct memory *memory = calloc(1, sizeof(*memory));

	if (memory && pthread_mutex_init(&memory->lock, NULL)) {
		free(memory);
		memory = NULL;
	}
	return memory;
}

void
memory_free(struct memory *memory)
{
	if (memory)
		(void)pthread_mutex_destroy(&memory->lock);
	free(memory);
}

int
memory_currency(
    struct memory *memory, const char *contract, char ret_currency[8])
{
	int found = 0;

	(void)pthread_mutex_lock(&memory->lock);
	for (size_t i = 0; i < CURRENCIES && !found; i++) {
		found = strcmp(memory->currencies[i].id, contract) == 0;
		if (found)
			memcpy(ret_currency, memory->currencies[i].currency, 8);
	}
	(void)pthread_mutex_unlock(&memory->lock);
	return found;
}

void
memory_note_currency(
    struct memory *memory, const char *contract, const char *currency)
{
	size_t at;

	(void)pthread_mutex_lock(&memory->lock);
	at = memory->currency_next++ % CURRENCIES;
	(void)snprintf(memory->currencies[at].id, 16, "%s", contract);
	(void)snprintf(memory->currencies[at].currency, 8, "%s", currency);
	(void)pthread_mutex_unlock(&memory->lock);
}

int
memory_venue(struct memory *memory, const char *exchange, char ret_id[16],
    char ret_symbol[40])
{
	int found = 0;

	(void)pthread_mutex_lock(&memory->lock);
	for (size_t i = 0; i < VENUES && !found; i++) {
		found = strcmp(memory->venues[i].exchange, exchange) == 0;
		if (!found)
			continue;
		memcpy(ret_id, memory->venues[i].id, 16);
		memcpy(ret_symbol, memory->venues[i].symbol, 40);
	}
	(void)pthread_mutex_unlock(&memory->lock);
	return found;
}

void
memory_note_venue(struct memory *memory, const char *exchange, const char *id,
    const char *symbol)
{
	size_t at;

	(void)pthread_mutex_lock(&memory->lock);
	at = memory->venue_next++ % VENUES;
	(void)snprintf(memory->venues[at].exchange, 24, "%s", exchange);
	(void)snprintf(memory->venues[at].id, 16, "%s", id);
	(void)snprintf(memory->venues[at].symbol, 40, "%s", symbol);
	(void)pthread_mutex_unlock(&memory->lock);
}

/* Where the contract stands, or where the first one does that has to go. */
static size_t
line_find(const struct memory *memory, const char *contract, int *ret_found)
{
	*ret_found = 1;
	for (size_t i = 0; i < memory->line_count; i++) {
		if (strcmp(memory->lines[i], contract) == 0)
			return i;
	}
	*ret_found = 0;
	return 0;
}

int
memory_use_line(
    struct memory *memory, const char *contract, char ret_closed[16])
{
	int found, closed = 0;
	size_t at;

	(void)pthread_mutex_lock(&memory->lock);
	at = line_find(memory, contract, &found);
	closed = !found && memory->line_count == LINES;
	if (closed)
		memcpy(ret_closed, memory->lines[0], 16);
	if (!found && !closed)
		at = memory->line_count++;
	memmove(memory->lines[at], memory->lines[at + 1],
	    (memory->line_count - 1 - at) * sizeof(memory->lines[0]));
	(void)snprintf(
	    memory->lines[memory->line_count - 1], 16, "%s", contract);
	(void)pthread_mutex_unlock(&memory->lock);
	return closed;
}

int
memory_is_open(struct memory *memory, uint64_t epoch)
{
	int is_open;

	(void)pthread_mutex_lock(&memory->lock);
	is_open = memory->is_open && memory->epoch == epoch;
	(void)pthread_mutex_unlock(&memory->lock);
	return is_open;
}

void
memory_note_open(struct memory *memory, uint64_t epoch)
{
	(void)pthread_mutex_lock(&memory->lock);
	memory->is_open = 1;
	memory->epoch = epoch;
	(void)pthread_mutex_unlock(&memory->lock);
}

int
memory_may_claim(struct memory *memory, uint64_t now_ns)
{
	int may;

	(void)pthread_mutex_lock(&memory->lock);
	may = !memory->claimed_ns ||
	      now_ns >= memory->claimed_ns + CLAIM_AGAIN_NS;
	if (may)
		memory->claimed_ns = now_ns;
	(void)pthread_mutex_unlock(&memory->lock);
	return may;
}
