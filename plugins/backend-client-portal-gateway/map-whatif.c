/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* Amounts are sentences: "1,977.60 USD (10 Shares)". */

#include "map-whatif.h"

#include <string.h>

#include "emit.h"
#include "ibkr-agent/plugin.h"
#include "scalar.h"
#include "text.h"

/* The number in front, and the currency behind it, "" if there is none. */
static int
money_split(const struct node *value, char amount[SCALAR_SIZE], char unit[4])
{
	char text[80];
	size_t used;

	*unit = '\0';
	if (!node_text(value, text, sizeof(text)) ||
	    !scalar_parse(text, strlen(text), amount, NULL, &used))
		return 0;
	if (strspn(text + used, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == 3) {
		memcpy(unit, text + used, 3);
		unit[3] = '\0';
	}
	return 1;
}

static void
money_put(struct map *map, const char *key, const char *unit_key,
    const struct node *value)
{
	char amount[SCALAR_SIZE], unit[4];

	if (!money_split(value, amount, unit))
		return;
	emit_str(map->out, key, amount);
	if (unit_key && *unit)
		emit_str(map->out, unit_key, unit);
}

static void
change_put(struct map *map, const char *key, const struct node *value)
{
	static const char *const names[] = { "current", "change", "after" };

	if (!node_is(value, NODE_OBJECT))
		return;
	emit_open(map->out, key, '{');
	for (size_t i = 0; i < 3; i++)
		money_put(map, names[i], NULL, node_get(value, names[i]));
	emit_close(map->out, '}');
}

static void
warnings_put(struct map *map)
{
	const struct node *one = node_get(map->root, "warn");
	const struct node *list = node_get(map->root, "warns");
	const struct node *text = node_first(list);

	emit_open(map->out, "warnings", '[');
	emit_text(map->out, NULL, one);
	for (uint32_t i = 0; node_is(list, NODE_ARRAY) && i < list->count;
	     i++) {
		emit_text(map->out, NULL, text);
		text = node_next(text);
	}
	emit_close(map->out, ']');
}

/* The first of "errors", which some builds have beside "error". */
static int32_t
errors_check(struct map *map)
{
	const struct node *list = node_get(map->root, "errors");
	char text[MAP_WHY_SIZE / 2];

	if (!node_is(list, NODE_ARRAY))
		return IAG_OK;
	map_line(node_first(list), text, sizeof(text));
	return *text ? map_fail(map, IAG_REJECTED, "ORDER_POLICY_REFUSED",
			   "the broker would refuse the order: %s", text)
		     : IAG_OK;
}

int32_t
map_whatif(struct map *map, const struct reply *reply)
{
	int32_t ret = map_open(map, reply, MAP_OBJECT);
	const struct node *amount;

	if (ret == IAG_INTERNAL && reply->status == 200 && map->tree.count &&
	    node_get(map->tree.nodes, "error")) {
		map->code = "ORDER_POLICY_REFUSED";
		return IAG_REJECTED;
	}
	if (ret)
		return ret;
	ret = errors_check(map);
	if (ret)
		return ret;
	amount = node_get(map->root, "amount");
	if (!node_is(amount, NODE_OBJECT))
		return map_invalid(map, "the broker's answer holds no amounts");
	emit_open(map->out, NULL, '{');
	money_put(map, "amount", "currency", node_get(amount, "amount"));
	money_put(map, "commission", "commission_currency",
	    node_get(amount, "commission"));
	money_put(map, "total", NULL, node_get(amount, "total"));
	change_put(map, "equity", node_get(map->root, "equity"));
	change_put(map, "initial_margin", node_get(map->root, "initial"));
	change_put(
	    map, "maintenance_margin", node_get(map->root, "maintenance"));
	warnings_put(map);
	emit_close(map->out, '}');
	map->flags |= IAG_REPLY_COMPLETE;
	return IAG_OK;
}
