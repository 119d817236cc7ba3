/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* Every mapping of the Client Portal backend, to run each on the same bytes. */

#ifndef IAG_TESTS_MAP_TABLE_H
#define IAG_TESTS_MAP_TABLE_H

#include "map.h"

struct map_case {
	const char *name;
	/* the tool whose result it writes; NULL: members of one, or a note */
	const char *tool;
	int32_t (*run)(struct map *map, const struct reply *reply);
};
extern const struct map_case map_cases[];
extern const size_t map_case_count;

/*
 * What one of them makes of a body (status 0: 200).  want: the JSON, or "!"
 * and the code of the failure.  flags: IAG_REPLY_* of an answer, MAP_* hints
 * of a failure.
 */
struct map_row {
	const char *map;
	const char *body;
	const char *want;
	uint32_t flags;
	uint32_t status;
};
/*
 * Fails the test at the first that differs.  Each answer that is taken is then
 * given once more with all that the broker does to answers.
 */
void map_rows_check(const struct map_row *rows, size_t count);

/* The second half of it: of one answer, which the mapping takes. */
void map_oddities_check(
    const struct map_case *map, uint32_t status, const char *body);

#endif
