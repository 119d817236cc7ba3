/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Looking an order up.  The list has our reference of an order, except of the
 * children of a bracket: those are known by their parent and their type.  A
 * first read, and a list with rows that might be the one that is looked for,
 * prove nothing.
 */

#include <stdio.h>
#include <string.h>

#include "legs.h"
#include "map.h"
#include "node.h"
#include "scalar.h"
#include "text.h"
#include "wire.h"

#define NS_PER_S UINT64_C(1000000000)
#define DAY_S UINT64_C(86400)

/* How legs of a bracket are named behind their parent's reference. */
static const struct {
	const char *suffix;
	uint32_t type;
} legs[] = {
	{ "-tp", IAG_TYPE_LIMIT },
	{ "-sl", IAG_TYPE_STOP },
};

/*
 * The list begins anew at midnight of the user's region, which is one of
 * three: the latest of these midnights is what it surely covers.
 */
static uint64_t
covered_since(uint64_t now_ns)
{
	/* Hong Kong, Zug, New York in UTC, the later one of the seasons */
	static const uint64_t midnights_s[] = { 16 * 3600, 23 * 3600,
		5 * 3600 };
	uint64_t now_s = now_ns / NS_PER_S, best_s = 0;

	for (size_t i = 0; i < 3; i++) {
		uint64_t at_s = now_s - now_s % DAY_S + midnights_s[i];

		if (at_s > now_s)
			at_s -= DAY_S;
		if (at_s > best_s)
			best_s = at_s;
	}
	return best_s * NS_PER_S;
}

static int
is_id(const struct node *value, const char *want)
{
	char id[SCALAR_ID_SIZE];

	return want && scalar_id(value, id) && strcmp(id, want) == 0;
}

static const char *
intern(const struct errand *errand, const char *text)
{
	return text ? errand->host->intern(errand->ctx, text, strlen(text))
		    : NULL;
}

static void
ack_set(
    const struct errand *errand, const struct node *row, struct iag_ack *ack)
{
	char id[SCALAR_ID_SIZE], word[40], number[SCALAR_SIZE];

	ack->broker_order_id =
	    intern(errand, scalar_id(node_get(row, "orderId"), id));
	ack->client_ref =
	    intern(errand, scalar_id(node_get(row, "order_ref"), id));
	map_line(node_get(row, "status"), word, sizeof(word));
	ack->broker_status = intern(errand, word);
	ack->status = answer_status(word);
	ack->filled_quantity = intern(errand,
	    scalar_decimal(node_get(row, "filledQuantity"), number, NULL));
	if (scalar_decimal(node_get(row, "avgPrice"), number, NULL) &&
	    !scalar_is_zero(number))
		ack->average_price = intern(errand, number);
}

struct search {
	const struct errand *errand;
	const struct iag_target *target;
	const struct node *list;
};

/* Cancelled before anything of it filled: nobody's order any more. */
static int
is_void(const struct node *row)
{
	char word[40], number[SCALAR_SIZE];

	map_line(node_get(row, "status"), word, sizeof(word));
	return answer_status(word) == IAG_STATUS_CANCELLED &&
	       scalar_decimal(node_get(row, "filledQuantity"), number, NULL) &&
	       scalar_is_zero(number);
}

/*
 * By the broker's id, or by our reference.  An order that got another id may
 * be listed under both: the one that the broker has given up is not it.
 */
static const struct node *
row_named(const struct search *search, const char *ref)
{
	const struct node *row = node_first(search->list), *given_up = NULL;

	for (uint32_t i = 0; row && search->list && i < search->list->count;
	     i++) {
		if (is_id(node_get(row, "orderId"),
			search->target->broker_order_id) ||
		    is_id(node_get(row, "order_ref"), ref)) {
			if (!is_void(row))
				return row;
			if (!given_up)
				given_up = row;
		}
		row = node_next(row);
	}
	return given_up;
}

/* Is it the child of an order that has a reference, thus of another one? */
static int
is_others(const struct search *search, const struct node *child)
{
	const struct node *row = node_first(search->list);
	char parent[SCALAR_ID_SIZE], ref[SCALAR_ID_SIZE];

	if (!scalar_id(node_get(child, "parentId"), parent))
		return 0;
	for (uint32_t i = 0; row && i < search->list->count; i++) {
		if (is_id(node_get(row, "orderId"), parent))
			return scalar_id(node_get(row, "order_ref"), ref) !=
			       NULL;
		row = node_next(row);
	}
	return 0;
}

static int
is_type(const struct node *row, uint32_t type)
{
	char word[40];

	map_line(node_get(row, "orderType"), word, sizeof(word));
	return leg_is_type(type, word);
}

/* The only child of that type; *ret_unsure: there are several, or orphans. */
static const struct node *
row_child(const struct search *search, const struct node *parent, uint32_t type,
    int *ret_unsure)
{
	const struct node *row = node_first(search->list), *found = NULL;
	char id[SCALAR_ID_SIZE] = "";

	(void)scalar_id(node_get(parent, "orderId"), id);
	for (uint32_t i = 0; row && search->list && i < search->list->count;
	     i++) {
		if (!parent && !node_get(row, "order_ref") &&
		    !is_others(search, row) && !is_void(row))
			*ret_unsure = 1;
		if (*id && is_id(node_get(row, "parentId"), id) &&
		    is_type(row, type)) {
			*ret_unsure |= found != NULL;
			found = row;
		}
		row = node_next(row);
	}
	return *ret_unsure ? NULL : found;
}

static const struct node *
row_find(const struct search *search, int *ret_unsure)
{
	const char *ref = search->target->client_ref;
	const struct node *row = row_named(search, ref);
	char parent[80];

	*ret_unsure = 0;
	for (size_t i = 0; !row && ref && i < 2; i++) {
		size_t len = strlen(ref), tail = strlen(legs[i].suffix);

		if (len <= tail || len - tail >= sizeof(parent) ||
		    strcmp(ref + len - tail, legs[i].suffix) != 0)
			continue;
		(void)snprintf(
		    parent, sizeof(parent), "%.*s", (int)(len - tail), ref);
		row = row_child(search, row_named(search, parent), legs[i].type,
		    ret_unsure);
	}
	return row;
}

static void
found_set(const struct search *search, struct iag_find *find)
{
	int unsure;
	const struct node *row = row_find(search, &unsure);

	find->complete = !unsure;
	find->answer = row      ? IAG_FIND_FOUND
		       : unsure ? IAG_FIND_INCONCLUSIVE
				: IAG_FIND_ABSENT;
	if (!row)
		return;
	ack_set(search->errand, row, &find->ack);
	/* of a child, the list does not have it */
	if (!find->ack.client_ref)
		find->ack.client_ref = search->target->client_ref;
}

/* Warm: rows, or an empty list that the broker calls a snapshot. */
static int
is_warm(const struct map *map, const struct node *list)
{
	return (list && list->count) ||
	       scalar_bool(node_get(map->root, "snapshot")) == 1;
}

static int32_t
list_read(struct map *map, const struct iag_http_response *response,
    const struct node **ret_list)
{
	const struct reply reply = {
		.status = response->status,
		.body = response->body.data ? response->body.data : "",
		.len = response->body.len,
	};
	int32_t ret = map_open(map, &reply, MAP_OBJECT);

	*ret_list = NULL;
	if (ret)
		return ret;
	*ret_list = node_get(map->root, "orders");
	if (!node_is(*ret_list, NODE_ARRAY))
		return map_invalid(map, "the broker's answer holds no orders");
	return IAG_OK;
}

/* One read: 1 and the answer, 0 for a cold one, or a failure. */
static int32_t
look(const struct errand *errand, const struct iag_target *target,
    struct iag_find *ret_find)
{
	const char *const query[] = { "accountId", target->account };
	struct iag_http_response response;
	struct text none = { .data = NULL };
	const struct node *list;
	struct map map;
	int32_t ret =
	    wire_ask(errand, ROUTE_ORDERS, NULL, query, NULL, &response);

	if (ret)
		return ret;
	map_init(&map, &none);
	ret = list_read(&map, &response, &list);
	if (ret)
		ret = errand->host->fail(
		    errand->ctx, ret, map.code, "%s", map.why);
	if (ret == IAG_OK && is_warm(&map, list)) {
		const struct search search = { errand, target, list };

		found_set(&search, ret_find);
		ret = 1;
	}
	map_fini(&map);
	return ret;
}

static const char *
session_name(const struct errand *errand)
{
	struct iag_session session = { .struct_size = sizeof(session) };
	char text[24];

	if (errand->host->session_get(errand->ctx, &session))
		return NULL;
	(void)snprintf(
	    text, sizeof(text), "%llu", (unsigned long long)session.epoch);
	return intern(errand, text);
}

int32_t
find_order(const struct errand *errand, const struct iag_target *target,
    struct iag_find *ret_find)
{
	int32_t ret = 0;

	ret_find->since_ns = covered_since(errand->host->real_ns(errand->ctx));
	ret_find->session = session_name(errand);
	for (unsigned i = 0; ret == 0 && i < 3; i++) {
		if (i && errand->host->sleep_ns(errand->ctx, 5 * NS_PER_S))
			break;
		ret = look(errand, target, ret_find);
	}
	if (ret < 0)
		return ret;
	if (ret == 0)
		ret_find->answer = IAG_FIND_INCONCLUSIVE;
	return IAG_OK;
}
