/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * UUIDv7.  Within one millisecond the 12 bits of rand_a count upwards from a
 * random start (RFC 9562 section 6.2, method 1), so that ids of one process
 * grow strictly, also when the clock steps back or stands still.
 *
 * Threads: any.
 * Lock: the one mutex guards the last millisecond and the counter.
 * Order: a leaf; nothing is called while it is held.
 */

#include "base/id.h"

#include <stddef.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/hash.h"

#define COUNTER_MAX 0xfffU
#define COUNTER_START 0x7ffU /* a random start leaves half the room */
#define MS_MASK ((UINT64_C(1) << 48) - 1)

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t last_ms;
static unsigned counter;

/* Take the next pair of millisecond and counter. */
static void
next_stamp(uint64_t now_ms, unsigned start, uint64_t *ms, unsigned *count)
{
	LOCK_SCOPE(&lock);

	if (now_ms > last_ms) {
		last_ms = now_ms;
		counter = start;
	} else if (counter < COUNTER_MAX) {
		counter++;
	} else {
		last_ms++; /* borrow from the next millisecond */
		counter = start;
	}
	*ms = last_ms;
	*count = counter;
}

void
id_new(char text[ID_TEXT_SIZE])
{
	static const char digits[] = "0123456789abcdef";
	uint8_t id[16];
	uint64_t ms;
	unsigned count;
	char *to = text;

	hash_random(id, sizeof id);
	next_stamp(clock_real_ns() / NS_PER_MS & MS_MASK,
	    ((unsigned)id[6] << 8 | id[7]) & COUNTER_START, &ms, &count);
	for (unsigned i = 0; i < 6; i++)
		id[i] = (uint8_t)(ms >> (40 - 8 * i));
	id[6] = (uint8_t)(0x70 | count >> 8);
	id[7] = (uint8_t)count;
	id[8] = (uint8_t)(0x80 | (id[8] & 0x3f));
	for (unsigned i = 0; i < sizeof id; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*to++ = '-';
		*to++ = digits[id[i] >> 4];
		*to++ = digits[id[i] & 15];
	}
	*to = '\0';
}

static bool
is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') ||
	       (c >= 'A' && c <= 'F');
}

bool
id_is_uuid(const char *text)
{
	for (size_t i = 0; i < ID_TEXT_SIZE - 1; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (dash ? text[i] != '-' : !is_hex(text[i]))
			return false;
	}
	return text[ID_TEXT_SIZE - 1] == '\0';
}
