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

/* An amount of which the currency is not told is none. */
static void
money_put(struct map *map, const char *key, const struct node *value)
{
	char amount[SCALAR_SIZE], unit[4];

	if (!money_split(value, amount, unit) || !*unit)
		return;
	emit_open(map->out, key, '{');
	emit_str(map->out, "amount", amount);
	emit_str(map->out, "currency", unit);
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

static int32_t
refusal_put(struct map *map, const char *why)
{
	emit_open(map->out, NULL, '{');
	emit_str(map->out, "refusal", why);
	emit_close(map->out, '}');
	map->flags |= IAG_REPLY_COMPLETE;
	return IAG_OK;
}

/* "error", or the first of "errors", which some builds have beside it. */
static int
refusal_find(const struct node *root, char *text, size_t size)
{
	const struct node *list = node_get(root, "errors");

	map_line(node_get(root, "error"), text, size);
	if (!*text && node_is(list, NODE_ARRAY))
		map_line(node_first(list), text, size);
	return *text != '\0';
}

int32_t
map_whatif(struct map *map, const struct reply *reply)
{
	int32_t ret = map_open(map, reply, MAP_OBJECT);
	char why[MAP_WHY_SIZE / 2];
	const struct node *amount;

	/* a refusal in its own words, not one of the session's */
	if ((ret == IAG_OK || ret == IAG_INTERNAL) && reply->status == 200 &&
	    map->tree.count && refusal_find(map->tree.nodes, why, sizeof(why)))
		return refusal_put(map, why);
	if (ret)
		return ret;
	amount = node_get(map->root, "amount");
	if (!node_is(amount, NODE_OBJECT))
		return map_invalid(map, "the broker's answer holds no amounts");
	emit_open(map->out, NULL, '{');
	money_put(map, "commission", node_get(amount, "commission"));
	money_put(map, "margin_impact",
	    node_get(node_get(map->root, "initial"), "change"));
	warnings_put(map);
	emit_close(map->out, '}');
	map->flags |= IAG_REPLY_COMPLETE;
	return IAG_OK;
}
