/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * What a plugin declares to send to the broker, and whether a request is
 * within it (ruling 32).
 */

#ifndef IAG_HOST_ROUTE_H
#define IAG_HOST_ROUTE_H

#include "base/err.h"
#include "host/plugin.h"

/* Verify routes and buckets of plugin->desc and copy them to the plugin. */
int route_adopt(struct plugin *plugin, struct err *err);
void route_drop(struct plugin *plugin);

/* The bucket of that name, or NULL; name may be NULL. */
const struct iag_bucket *route_bucket(
    const struct plugin *plugin, const char *name);

/*
 * Does the path fill in the pattern?  Segment for segment: the same text, or
 * for `{name}` any of at least one character of a path, neither "." nor "..".
 */
bool route_matches(const char *pattern, const char *path);

/*
 * The route of a request, whose record has the full size.  INPUT_INVALID
 * with what is not declared.
 */
int route_find(const struct plugin *plugin,
    const struct iag_http_request *request, const struct iag_route **ret_route,
    struct err *err);

#endif
