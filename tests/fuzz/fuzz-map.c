/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Answers of the broker.  The first byte chooses the mapping, the second the
 * HTTP status; the rest is the body.  Whatever comes, what a mapping calls an
 * answer is JSON, and the tool that it belongs to takes it.
 */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "ibkr-agent/types.h"
#include "map-table.h"
#include "text.h"
#include "tools/schema.h"
#include "tools/tool.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(int ok)
{
	if (!ok)
		abort();
}

/* What the host itself adds before it looks. */
static void
fill(struct json_object *root)
{
	struct json_object *list = json_get(root, "accounts");

	for (size_t i = 0; list && i < json_object_array_length(list); i++)
		(void)json_add_str(
		    json_object_array_get_idx(list, i), "account_id_hash", "0");
	(void)json_add_bool(root, "complete", false);
	(void)json_add_str(root, "checked_at", "2026-04-02T14:00:00Z");
	(void)json_add_str(root, "received_at", "2026-04-02T14:00:00Z");
	(void)json_add_str(root, "backend", "client_portal_gateway");
}

static void
check_answer(const struct map_case *c, const struct text *out)
{
	CLEANUP_JSON struct json_object *root = NULL;
	struct json_bounds bounds = json_bounds_default;
	CLEANUP_ERR struct err err = ERR_INIT;

	bounds.bytes = SIZE_MAX;
	bounds.values = SIZE_MAX;
	if (json_parse(out->data, out->len, &bounds, &root, &err) == 0) {
		if (!c->tool)
			return;
		fill(root);
		(void)schema_check_output(tool_find(c->tool), root, &err);
	}
	if (err.code)
		(void)fprintf(
		    stderr, "%s: %s: %s\n", c->name, err_text(&err), out->data);
	must(!err.code);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint32_t statuses[] = { 200, 200, 200, 200, 204, 302, 400,
		401, 404, 429, 500, 503 };
	const struct map_case *c;
	struct text out = { .data = NULL };
	struct reply reply;
	struct map map;
	int32_t ret;

	if (size < 2)
		return 0;
	c = &map_cases[data[0] % map_case_count];
	reply = (struct reply){
		.status = statuses[data[1] % 12],
		.body = (const char *)data + 2,
		.len = size - 2,
		.receipt_ns = UINT64_C(1775138400000000000),
	};
	map_init(&map, &out);
	ret = c->run(&map, &reply);
	must(ret <= 0 && ret >= IAG_INTERNAL);
	must(ret == 0 || map.why[0]);
	must(ret == 0 || map.out == &out);
	if (ret == 0 && out.data)
		check_answer(c, &out);
	map_fini(&map);
	text_fini(&out);
	return 0;
}
