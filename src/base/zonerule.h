/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * POSIX TZ rules such as "EST5EDT,M3.2.0,M11.1.0" (POSIX.1-2017 section
 * 8.3, with the hours of RFC 9636 section 3.3.2), as TZif footers have them.
 */

#ifndef IAG_BASE_ZONERULE_H
#define IAG_BASE_ZONERULE_H

#include <stdbool.h>
#include <stdint.h>

/* A day of the year and the local second of it at which offsets change. */
struct zone_change {
	char form; /* 'M': month.week.day, 'J': day without 29 February, 'N' */
	int month, week, day;
	int32_t second;
};

struct zone_rule {
	int32_t standard, daylight; /* seconds east of UTC */
	bool has_daylight;
	struct zone_change start, end; /* of daylight saving */
};

bool zone_rule_parse(struct zone_rule *rule, const char *text);
int32_t zone_rule_offset(const struct zone_rule *rule, int64_t utc_s);

#endif
