/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * A reader of TZif files, version 2 or later (RFC 9636 section 3): the
 * transitions of the 64-bit block, and the POSIX TZ rule of the footer
 * (zonerule.c) for every time behind the last transition.
 */

#include "base/zone.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/zonerule.h"

#define ZONE_DIR "/usr/share/zoneinfo/"
#define ZONE_BYTES 65536 /* the largest file of tzdata has 4 KiB */
#define HEADER_LEN 44
#define DAY_S INT64_C(86400)

struct zone {
	int64_t *times;   /* of transitions, increasing */
	int32_t *offsets; /* in force from times[i] on */
	size_t count;
	int32_t first; /* before the first transition */
	struct zone_rule rule;
	bool has_rule;
};

/* The counts of one block, in the order of the header. */
struct block {
	uint32_t isutcnt, isstdcnt, leapcnt, timecnt, typecnt, charcnt;
};

static uint32_t
read_u32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	       (uint32_t)p[2] << 8 | p[3];
}

static int64_t
read_i64(const uint8_t *p)
{
	return (int64_t)((uint64_t)read_u32(p) << 32 | read_u32(p + 4));
}

static bool
block_read(const uint8_t *p, size_t len, struct block *ret_block)
{
	if (len < HEADER_LEN || memcmp(p, "TZif", 4) != 0 || p[4] < '2')
		return false;
	ret_block->isutcnt = read_u32(p + 20);
	ret_block->isstdcnt = read_u32(p + 24);
	ret_block->leapcnt = read_u32(p + 28);
	ret_block->timecnt = read_u32(p + 32);
	ret_block->typecnt = read_u32(p + 36);
	ret_block->charcnt = read_u32(p + 40);
	return ret_block->timecnt <= ZONE_BYTES / 5 &&
	       ret_block->typecnt >= 1 && ret_block->typecnt <= 256 &&
	       ret_block->charcnt <= 256 && ret_block->leapcnt <= 4096 &&
	       ret_block->isutcnt <= 256 && ret_block->isstdcnt <= 256;
}

/* Bytes of a block's data when its times have `width` bytes. */
static size_t
block_len(const struct block *block, size_t width)
{
	return block->timecnt * (width + 1) + block->typecnt * 6 +
	       block->charcnt + block->leapcnt * (width + 4) + block->isstdcnt +
	       block->isutcnt;
}

static int
zone_bad(struct err *err, const char *what)
{
	return err_set(
	    err, ERR_CONFIG_INVALID, "the time zone file is damaged: %s", what);
}

static int
zone_fill(struct zone *zone, const struct block *block, const uint8_t *data,
    struct err *err)
{
	const uint8_t *index = data + (size_t)block->timecnt * 8;
	const uint8_t *types = index + block->timecnt;

	zone->count = block->timecnt;
	zone->first = (int32_t)read_u32(types);
	if (zone->count == 0)
		return 0;
	zone->times = calloc(zone->count, sizeof *zone->times);
	zone->offsets = calloc(zone->count, sizeof *zone->offsets);
	if (!zone->times || !zone->offsets)
		return err_no_memory(err);
	for (size_t i = 0; i < zone->count; i++) {
		zone->times[i] = read_i64(data + i * 8);
		if (i > 0 && zone->times[i] <= zone->times[i - 1])
			return zone_bad(err, "transitions out of order");
		if (index[i] >= block->typecnt)
			return zone_bad(err, "a type that is not there");
		zone->offsets[i] = (int32_t)read_u32(types + 6 * index[i]);
	}
	return 0;
}

static int
zone_footer(struct zone *zone, const uint8_t *p, size_t len, struct err *err)
{
	char text[128];

	if (len < 2 || p[0] != '\n')
		return zone_bad(err, "no footer");
	const uint8_t *end = memchr(p + 1, '\n', len - 1);
	size_t text_len = end ? (size_t)(end - p - 1) : sizeof text;
	if (text_len >= sizeof text)
		return zone_bad(err, "a footer without end");
	if (text_len == 0)
		return 0;
	memcpy(text, p + 1, text_len);
	text[text_len] = '\0';
	if (!zone_rule_parse(&zone->rule, text))
		return zone_bad(err, "a rule that cannot be read");
	zone->has_rule = true;
	return 0;
}

int
zone_parse(
    const void *data, size_t len, struct zone **ret_zone, struct err *err)
{
	const uint8_t *p = data;
	struct block block;

	if (!block_read(p, len, &block))
		return zone_bad(err, "not a TZif file of version 2 or later");
	size_t skip = HEADER_LEN + block_len(&block, 4);
	if (skip > len || !block_read(p + skip, len - skip, &block))
		return zone_bad(err, "no 64-bit block");
	size_t start = skip + HEADER_LEN;
	size_t body = block_len(&block, 8);
	if (body > len - start)
		return zone_bad(err, "cut short");
	struct zone *zone = calloc(1, sizeof *zone);
	if (!zone)
		return err_no_memory(err);
	int r = zone_fill(zone, &block, p + start, err);
	if (r == 0)
		r = zone_footer(
		    zone, p + start + body, len - start - body, err);
	if (r < 0) {
		zone_free(zone);
		return r;
	}
	*ret_zone = zone;
	return 0;
}

void
zone_free(struct zone *zone)
{
	if (!zone)
		return;
	free(zone->times);
	free(zone->offsets);
	free(zone);
}

static bool
zone_name_is_safe(const char *name)
{
	size_t len = strlen(name);

	if (len == 0 || len > 100 || name[0] == '/' || name[0] == '.')
		return false;
	for (const char *p = name; *p; p++) {
		if (!isalnum((unsigned char)*p) && !strchr("_+-/", *p))
			return false;
	}
	return true;
}

int
zone_open(const char *name, struct zone **ret_zone, struct err *err)
{
	char path[160];
	CLEANUP_FREE uint8_t *data = malloc(ZONE_BYTES);
	CLEANUP_CLOSE int fd = -1;
	struct stat st;

	if (!data)
		return err_no_memory(err);
	if (!zone_name_is_safe(name))
		return err_set(err, ERR_CONFIG_INVALID,
		    "'%s' is not the name of a time zone; use one like "
		    "'America/New_York'",
		    name);
	(void)snprintf(path, sizeof path, "%s%s", ZONE_DIR, name);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		return err_set(err, ERR_CONFIG_INVALID,
		    "time zone '%s' is not known here; use one like "
		    "'America/New_York' that %s has",
		    name, ZONE_DIR);
	ssize_t len = read(fd, data, ZONE_BYTES);
	if (len < 0)
		return err_set(err, ERR_CONFIG_INVALID,
		    "cannot read time zone '%s': %s", name, strerror(errno));
	int r = zone_parse(data, (size_t)len, ret_zone, err);
	if (r < 0)
		(void)err_wrap(err, "time zone '%s'", name);
	return r;
}

int32_t
zone_offset(const struct zone *zone, int64_t utc_s)
{
	size_t low = 0;
	size_t high = zone->count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (zone->times[mid] <= utc_s)
			low = mid + 1;
		else
			high = mid;
	}
	if (low == zone->count && zone->has_rule)
		return zone_rule_offset(&zone->rule, utc_s);
	return low == 0 ? zone->first : zone->offsets[low - 1];
}

int64_t
zone_to_utc(const struct zone *zone, int64_t local_s)
{
	int64_t before = local_s - zone_offset(zone, local_s - DAY_S);
	int64_t after = local_s - zone_offset(zone, local_s + DAY_S);
	int64_t low = before < after ? before : after;
	int64_t high = before < after ? after : before;

	if (low + zone_offset(zone, low) == local_s)
		return low;
	if (high + zone_offset(zone, high) == local_s)
		return high;
	/* A gap: look for the first instant that shows a later time. */
	while (high - low > 1) {
		int64_t mid = low + (high - low) / 2;
		if (mid + zone_offset(zone, mid) > local_s)
			high = mid;
		else
			low = mid;
	}
	return high;
}

int
zone_parse_minutes(const char *text)
{
	if (strlen(text) != 5 || text[2] != ':')
		return -1;
	for (int i = 0; i < 5; i++) {
		if (i != 2 && !isdigit((unsigned char)text[i]))
			return -1;
	}
	int hour = (text[0] - '0') * 10 + (text[1] - '0');
	int minute = (text[3] - '0') * 10 + (text[4] - '0');
	return hour < 24 && minute < 60 ? hour * 60 + minute : -1;
}

int
zone_session_start(const char *name, const char *starts_at, uint64_t now_ns,
    uint64_t *ret_start_ns, struct err *err)
{
	struct zone *zone = NULL;
	int minutes = zone_parse_minutes(starts_at);

	if (minutes < 0)
		return err_set(err, ERR_CONFIG_INVALID,
		    "'%s' is not a time of day; use 'HH:MM', 00:00 to 23:59",
		    starts_at);
	int r = zone_open(name, &zone, err);
	if (r < 0)
		return r;
	assert(zone);
	int64_t now_s = (int64_t)(now_ns / NS_PER_S);
	int64_t day = (now_s + zone_offset(zone, now_s)) / DAY_S + 1;
	int64_t start;
	do {
		start = zone_to_utc(zone, day * DAY_S + minutes * 60);
		day--;
	} while (start > now_s);
	zone_free(zone);
	*ret_start_ns = start < 0 ? 0 : (uint64_t)start * NS_PER_S;
	return 0;
}
