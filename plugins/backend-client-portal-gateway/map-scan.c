/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* What a scan ranks by is a column of which only the first row has the name. */

#include "map-scan.h"

#include <string.h>

#include "emit.h"
#include "ibkr-agent/plugin.h"
#include "scalar.h"
#include "text.h"

static const struct emit_field fields[] = {
	{ "contract_id", "con_id", emit_contract },
	{ "symbol", "symbol", emit_text },
	{ "description", "company_name", emit_text },
	{ "scan_data", "scan_data", emit_text },
};

static void
row_put(struct map *map, const struct node *row, int is_percent)
{
	const struct node *data = node_get(row, "scan_data");
	char id[SCALAR_ID_SIZE], change[SCALAR_SIZE];
	size_t mark = map_row_begin(map);
	unsigned marks = 0;

	emit_number(map->out, "rank", map->rows + 1);
	EMIT(map->out, row, fields);
	if (is_percent && scalar_decimal(data, change, &marks) &&
	    marks & SCALAR_PERCENT)
		emit_str(map->out, "change_percent", change);
	map_row_end(
	    map, mark, scalar_contract(node_get(row, "con_id"), id) != NULL);
}

int32_t
map_scan(
    struct map *map, const struct reply *reply, const struct scan_want *want)
{
	int32_t ret = map_open(map, reply, MAP_OBJECT);
	const struct node *list, *row;
	int is_percent;

	if (ret)
		return ret;
	/* nothing found: no rows, or no list at all */
	list = node_get(map->root, "contracts");
	if (list && !node_is(list, NODE_ARRAY))
		return map_invalid(map, "the broker's answer holds no results");
	is_percent =
	    node_equals(node_get(map->root, "scan_data_column_name"), "Chg%");
	emit_open(map->out, NULL, '{');
	emit_str(map->out, "scanner_code", want->code);
	emit_open(map->out, "filters", '{');
	emit_str(map->out, "instrument", want->instrument);
	emit_str(map->out, "location", want->location);
	emit_close(map->out, '}');
	map_list_open(map, "results", 50);
	if (!node_is(list, NODE_ARRAY))
		list = NULL;
	row = list ? node_first(list) : NULL;
	for (uint32_t i = 0; list && row && i < list->count; i++) {
		if (map->rows < want->limit)
			row_put(map, row, is_percent);
		row = node_next(row);
	}
	emit_close(map->out, ']');
	emit_moment(map->out, "snapshot_timestamp", reply->receipt_ns);
	emit_str(map->out, "data_status", "live");
	emit_close(map->out, '}');
	/* a list that is missing may also be one that was lost */
	if (!map->dropped && list && list->count <= want->limit)
		map->flags |= IAG_REPLY_COMPLETE;
	return map_rows_end(map, "results");
}
