/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Time.  Everything that decides by time asks here, so that a test program can
 * put its own source underneath; the shipped program has no switch for that.
 */

#ifndef IAG_BASE_CLOCK_H
#define IAG_BASE_CLOCK_H

#include <stdint.h>

#include "base/err.h"

#define NS_PER_S UINT64_C(1000000000)
#define NS_PER_MS UINT64_C(1000000)

struct clock_source {
	uint64_t (*real_ns)(void *arg); /* since 1970, CLOCK_REALTIME */
	uint64_t (*boot_ns)(void *arg); /* CLOCK_BOOTTIME */
	void *arg;
};

uint64_t clock_real_ns(void);
uint64_t clock_boot_ns(void);
/*
 * Which start of the machine this is, in the kernel's words, read once; ""
 * where it does not tell.  Boot times of different ones say nothing of each
 * other.
 */
const char *clock_boot_id(void);
/* For test programs; NULL puts the system's clocks back. */
void clock_set_source(const struct clock_source *source);

/* "2026-07-28T09:30:00.123Z" and its NUL: milliseconds, UTC. */
#define CLOCK_TEXT_SIZE 25
void clock_format(uint64_t real_ns, char text[CLOCK_TEXT_SIZE]);
/*
 * RFC 3339 date-time with `Z` or an offset, 0 to 9 fractional digits, years
 * 1970 to 2261; no leap second, no blanks, real calendar days only.
 */
int clock_parse(const char *text, uint64_t *ret_real_ns, struct err *err);

#endif
