/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * News: /iserver/news/portfolio, which the broker serves to its own pages and
 * documents nowhere: some fifty headlines of what the login holds, without
 * their texts.
 */

#ifndef CPGW_MAP_NEWS_H
#define CPGW_MAP_NEWS_H

#include "map.h"

/* The headlines that name this ticker, newest first. */
int32_t map_news(struct map *map, const struct reply *reply, const char *symbol,
    size_t limit);
/* The one with this id. */
int32_t map_article(struct map *map, const struct reply *reply, const char *id);

#endif
