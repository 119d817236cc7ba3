/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* Runs rows of a table; a failure shows what came out. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "map-table.h"
#include "text.h"

static const struct map_case *
case_find(const char *name)
{
	for (size_t i = 0; i < map_case_count; i++) {
		if (strcmp(map_cases[i].name, name) == 0)
			return &map_cases[i];
	}
	fail_msg("no mapping '%s'", name);
	return NULL;
}

static void
row_check(const struct map_row *row)
{
	struct text out = { .data = NULL };
	struct reply reply = {
		.status = row->status ? row->status : 200,
		.body = row->body,
		.len = strlen(row->body),
		.receipt_ns = UINT64_C(1775138400000000000),
	};
	char got[4096];
	struct map map;
	int32_t ret;
	uint32_t flags;

	map_init(&map, &out);
	ret = case_find(row->map)->run(&map, &reply);
	flags = ret ? map.hints : map.flags;
	if (ret)
		(void)snprintf(
		    got, sizeof(got), "!%s", map.code ? map.code : "default");
	else
		(void)snprintf(
		    got, sizeof(got), "%s", out.data ? out.data : "");
	if (strcmp(got, row->want) != 0 || flags != row->flags)
		fail_msg("%s of %s:\n got  %s (%u) %s\n want %s (%u)", row->map,
		    row->body, got, (unsigned)flags, ret ? map.why : "",
		    row->want, (unsigned)row->flags);
	if (ret == 0)
		map_oddities_check(
		    case_find(row->map), reply.status, row->body);
	map_fini(&map);
	text_fini(&out);
}

void
map_rows_check(const struct map_row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++)
		row_check(&rows[i]);
}
