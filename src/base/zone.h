/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Time zones, read from TZif files (RFC 9636) without libc's process-wide
 * TZ, because a trading day starts at a wall-clock time of an exchange and
 * several zones are in use at once.
 */

#ifndef IAG_BASE_ZONE_H
#define IAG_BASE_ZONE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct zone;

/*
 * By name, for example "America/New_York"; only [A-Za-z0-9_+-/], no part
 * that starts with a dot.  CONFIG_INVALID for an unknown or damaged zone.
 */
int zone_open(const char *name, struct zone **ret_zone, struct err *err);
/* The same from the bytes of a TZif file. */
int zone_parse(
    const void *data, size_t len, struct zone **ret_zone, struct err *err);
void zone_free(struct zone *zone);

/* Seconds east of UTC that are in force at a time since 1970. */
int32_t zone_offset(const struct zone *zone, int64_t utc_s);

/*
 * When wall clocks show `local_s` (seconds since 1970 as if local were UTC):
 * in a gap the first instant after it, in an overlap the first of the two.
 */
int64_t zone_to_utc(const struct zone *zone, int64_t local_s);

/* "HH:MM", 00:00 to 23:59, as minutes of the day; -1 if it is not one. */
int zone_parse_minutes(const char *text);

/* The latest start of a session, at `starts_at` in the zone, <= now_ns. */
int zone_session_start(const char *name, const char *starts_at, uint64_t now_ns,
    uint64_t *ret_start_ns, struct err *err);

#endif
