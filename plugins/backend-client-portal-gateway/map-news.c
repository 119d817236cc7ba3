/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * What a headline is about stands in its tickers: a list, or one text.  A
 * ticker that no headline names is no empty list: the broker has news of what
 * is held alone, and of that only the newest.
 */

#include "map-news.h"

#include <string.h>
#include <strings.h>

#include "emit.h"
#include "ibkr-agent/plugin.h"
#include "scalar.h"
#include "text.h"

#define STORY_MAX 100
#define ARTICLE_ID_SIZE 129
#define ARTICLE_ID                                             \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz" \
	"0123456789$._:-"

/* Headlines on their way to the answer, newest first. */
struct stories {
	const struct node *rows[STORY_MAX];
	size_t count;
	int told; /* some row says what it is about */
};

/* The array of the newest; NULL: *ret says why not. */
static const struct node *
stories_open(struct map *map, const struct reply *reply, int32_t *ret)
{
	const struct node *list;

	*ret = map_open(map, reply, MAP_OBJECT);
	if (*ret)
		return NULL;
	list = node_get(map->root, "news");
	if (node_is(list, NODE_ARRAY))
		return list;
	*ret = map_invalid(map, "the broker's answer holds no news");
	return NULL;
}

/* "AAPL", "AAPL,MSFT" or "AAPL MSFT" */
static int
text_names(const struct node *value, const char *symbol)
{
	static const char between[] = ",; |";
	char text[400];
	const char *at = node_text(value, text, sizeof(text));
	size_t width = strlen(symbol);

	while (at && *at) {
		size_t len = strcspn(at, between);

		if (len == width && strncasecmp(at, symbol, len) == 0)
			return 1;
		at += len;
		at += strspn(at, between);
	}
	return 0;
}

static int
row_names(const struct node *row, const char *symbol)
{
	const struct node *tickers = node_get(row, "tickers");
	const struct node *one = node_first(tickers);

	if (!node_is(tickers, NODE_ARRAY))
		return text_names(tickers, symbol);
	for (uint32_t i = 0; i < tickers->count; i++, one = node_next(one)) {
		if (text_names(one, symbol) ||
		    text_names(node_get(one, "symbol"), symbol))
			return 1;
	}
	return 0;
}

static uint64_t
row_time(const struct node *row)
{
	uint64_t at_ns = scalar_time(node_get(row, "receiptTime_r"));

	return at_ns ? at_ns : scalar_time(node_get(row, "receiptTime"));
}

/* Behind those that are as new; the oldest falls out of a full list. */
static void
story_add(struct stories *stories, const struct node *row)
{
	size_t at = stories->count;

	while (at > 0 && row_time(stories->rows[at - 1]) < row_time(row))
		at--;
	if (at == STORY_MAX)
		return;
	if (stories->count < STORY_MAX)
		stories->count++;
	memmove(stories->rows + at + 1, stories->rows + at,
	    (stories->count - at - 1) * sizeof(*stories->rows));
	stories->rows[at] = row;
}

static void
stories_find(
    struct stories *stories, const struct node *list, const char *symbol)
{
	const struct node *row = node_first(list);

	for (uint32_t i = 0; i < list->count; i++, row = node_next(row)) {
		stories->told |= node_get(row, "tickers") != NULL;
		if (row_names(row, symbol))
			story_add(stories, row);
	}
}

/* NULL: there is none by which an article could be asked for. */
static const char *
story_id(const struct node *row, char buffer[ARTICLE_ID_SIZE])
{
	const char *id =
	    node_text(node_get(row, "id"), buffer, ARTICLE_ID_SIZE);

	return id && *id && !id[strspn(id, ARTICLE_ID)] ? id : NULL;
}

static int
story_holds(const struct node *row)
{
	const struct node *headline = node_get(row, "headline");
	char id[ARTICLE_ID_SIZE];

	return story_id(row, id) && node_is(headline, NODE_STRING) &&
	       headline->len > 0;
}

static void
story_put(struct map *map, const struct node *row)
{
	const struct node *provider = node_get(row, "provider");
	char id[ARTICLE_ID_SIZE];

	if (!node_is(provider, NODE_STRING) || !provider->len)
		provider = node_get(row, "source");
	emit_str(map->out, "article_id", story_id(row, id));
	emit_text(map->out, "headline", node_get(row, "headline"));
	emit_text(map->out, "provider", provider);
	emit_moment(map->out, "published_at", row_time(row));
}

int32_t
map_news(struct map *map, const struct reply *reply, const char *symbol,
    size_t limit)
{
	struct stories stories = { .count = 0 };
	int32_t ret;
	const struct node *list = stories_open(map, reply, &ret);

	if (!list)
		return ret;
	stories_find(&stories, list, symbol);
	if (list->count && !stories.told)
		return map_invalid(
		    map, "the broker does not say what its news is about");
	if (!stories.count)
		return map_fail(map, IAG_NOTSUP,
		    "BROKER_CAPABILITY_UNAVAILABLE",
		    "the broker has news only of what the login holds, and "
		    "none of the newest names '%s'",
		    symbol);
	emit_open(map->out, NULL, '{');
	emit_str(map->out, "symbol", symbol);
	map_list_open(map, "articles", (uint32_t)limit);
	for (size_t i = 0; i < stories.count && i < limit; i++) {
		size_t mark = map_row_begin(map);

		story_put(map, stories.rows[i]);
		map_row_end(map, mark, story_holds(stories.rows[i]));
	}
	emit_close(map->out, ']');
	emit_close(map->out, '}');
	return map_rows_end(map, "articles");
}

int32_t
map_article(struct map *map, const struct reply *reply, const char *id)
{
	int32_t ret;
	const struct node *list = stories_open(map, reply, &ret);
	const struct node *row = node_first(list);
	char text[ARTICLE_ID_SIZE];
	const char *its;

	if (!list)
		return ret;
	for (uint32_t i = 0; i < list->count; i++, row = node_next(row)) {
		its = story_id(row, text);
		if (!its || strcmp(its, id) != 0 || !story_holds(row))
			continue;
		emit_open(map->out, NULL, '{');
		story_put(map, row);
		emit_close(map->out, '}');
		return IAG_OK;
	}
	return map_fail(map, IAG_NOTFOUND, "BROKER_CAPABILITY_UNAVAILABLE",
	    "the broker has no article '%s' among its newest", id);
}
