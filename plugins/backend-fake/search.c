/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* The search for contracts, by ticker or by words of the name. */

#include <string.h>
#include <strings.h>

#include <json-c/linkhash.h>

#include "shape.h"

/* Ways to fit, best first. */
enum fit { FIT_SYMBOL, FIT_PREFIX, FIT_NAME, FIT_NOT };

static int
contains(const char *text, const char *part)
{
	size_t len = strlen(part);

	for (; text && *text; text++) {
		if (strncasecmp(text, part, len) == 0)
			return 1;
	}
	return 0;
}

static enum fit
fit_of(struct json_object *contract, const char *query, int exact)
{
	const char *symbol = shape_str(contract, "symbol");
	/* a second name, for trying out what is ambiguous */
	const char *match = shape_str(contract, "$match");

	if (!symbol)
		return FIT_NOT;
	if (strcasecmp(symbol, query) == 0 ||
	    (match && strcasecmp(match, query) == 0))
		return FIT_SYMBOL;
	if (exact)
		return FIT_NOT;
	if (strncasecmp(symbol, query, strlen(query)) == 0)
		return FIT_PREFIX;
	return contains(shape_str(contract, "description"), query) ? FIT_NAME
								   : FIT_NOT;
}

static int
is_wanted(struct json_object *contract, struct json_object *arguments)
{
	const char *class = shape_str(arguments, "asset_class");
	const char *currency = shape_str(arguments, "currency");
	const char *exchange = shape_str(arguments, "exchange");
	const char *have_class = shape_str(contract, "asset_class");
	const char *have_currency = shape_str(contract, "currency");
	const char *have_exchange = shape_str(contract, "exchange");
	const char *listing = shape_str(contract, "listing_exchange");

	if (!have_class)
		return 0;
	/* options come in hundreds: only when asked for */
	if (!class && strcmp(have_class, "option") == 0)
		return 0;
	if (class && strcmp(class, have_class) != 0)
		return 0;
	if (currency &&
	    (!have_currency || strcmp(currency, have_currency) != 0))
		return 0;
	return !exchange ||
	       (have_exchange && strcmp(exchange, have_exchange) == 0) ||
	       (listing && strcmp(exchange, listing) == 0);
}

/* A copy without members that are only for the search. */
static struct json_object *
row_of(struct json_object *contract)
{
	struct json_object *row = NULL;

	if (json_object_deep_copy(contract, &row, NULL))
		return NULL;
	json_object_object_del(row, "$match");
	return row;
}

static void
rows_add(struct json_object *list, struct json_object *all,
    struct json_object *arguments, enum fit fit, int exact)
{
	const char *query = shape_str(arguments, exact ? "symbol" : "query");

	json_object_object_foreach (all, id, contract) {
		(void)id;
		if (is_wanted(contract, arguments) &&
		    fit_of(contract, query ? query : "", exact) == fit)
			(void)json_object_array_add(list, row_of(contract));
	}
}

struct json_object *
shape_search(struct json_object *all, struct json_object *arguments, int exact)
{
	struct json_object *list = json_object_new_array();
	size_t same = 0;

	for (enum fit fit = FIT_SYMBOL; list && fit < FIT_NOT; fit++) {
		rows_add(list, all, arguments, fit, exact);
		if (fit == FIT_SYMBOL)
			same = json_object_array_length(list);
	}
	for (size_t i = 0; list && i < json_object_array_length(list); i++)
		(void)json_object_object_add(json_object_array_get_idx(list, i),
		    "is_unique_match",
		    json_object_new_boolean(i == 0 && same == 1));
	return list;
}
