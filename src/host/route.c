/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Routes and buckets of a plugin: checked when it is adopted, looked up for
 * every request.  Pure but for the memory of the copies.
 */

#include "host/route.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/hex.h"

enum { ROUTES_MAX = 512, BUCKETS_MAX = 64, PATTERN_MAX = 200 };

#define KIND_FLAGS (IAG_HTTP_READ | IAG_HTTP_WRITE | IAG_HTTP_SESSION)

/* count records of the plugin's size into zeroed full ones of ours. */
static int
copy_records(void **ret, size_t own_size, size_t least, const void *from,
    size_t count, size_t size, size_t most, const char *what, struct err *err)
{
	char *copy;

	*ret = NULL;
	if (count == 0)
		return 0;
	if (!from || count > most)
		return err_set(err, ERR_PLUGIN_INVALID,
		    "the descriptor has %zu %ss at %s, at most %zu are allowed",
		    count, what, from ? "an address" : "a null pointer", most);
	if (size < least || size % sizeof(void *) || size > 4096)
		return err_set(err, ERR_PLUGIN_INVALID,
		    "the descriptor has %s_size %zu, expected %zu or a later "
		    "minor's",
		    what, size, least);
	copy = calloc(count, own_size);
	if (!copy)
		return err_no_memory(err);
	for (size_t i = 0; i < count; i++)
		memcpy(copy + i * own_size, (const char *)from + i * size,
		    size < own_size ? size : own_size);
	*ret = copy;
	return 0;
}

const struct iag_bucket *
route_bucket(const struct plugin *plugin, const char *name)
{
	if (!name || !plugin->buckets)
		return NULL;
	for (size_t i = 0; i < plugin->desc.bucket_count; i++)
		if (strcmp(plugin->buckets[i].name, name) == 0)
			return &plugin->buckets[i];
	return NULL;
}

static int
check_bucket(const struct plugin *plugin, size_t at, struct err *err)
{
	const struct iag_bucket *bucket = &plugin->buckets[at];

	if (!plugin_is_word(bucket->name))
		return err_set(err, ERR_PLUGIN_INVALID,
		    "bucket %zu is '%.80s', expected a name of [a-z][a-z0-9_]*",
		    at, bucket->name ? bucket->name : "(null)");
	if (route_bucket(plugin, bucket->name) != bucket)
		return err_set(err, ERR_PLUGIN_INVALID,
		    "bucket '%s' is listed twice", bucket->name);
	if (bucket->reserved)
		return err_set(err, ERR_PLUGIN_INVALID,
		    "bucket '%s' has 0x%x in a reserved member, expected 0",
		    bucket->name, bucket->reserved);
	if (bucket->tokens > 64 || bucket->concurrent > 64)
		return err_set(err, ERR_PLUGIN_INVALID,
		    "bucket '%s' has %u tokens and %u concurrent requests, at "
		    "most 64 are allowed",
		    bucket->name, bucket->tokens, bucket->concurrent);
	if (bucket->tokens && !bucket->window_ns)
		return err_set(err, ERR_PLUGIN_INVALID,
		    "bucket '%s' has tokens and no window", bucket->name);
	if (bucket->reserve && bucket->reserve >= bucket->tokens)
		return err_set(err, ERR_PLUGIN_INVALID,
		    "bucket '%s' keeps %u of %u tokens in reserve, expected "
		    "fewer than all",
		    bucket->name, bucket->reserve, bucket->tokens);
	return 0;
}

/* Of RFC 3986, what a segment may have; `{}` only in patterns. */
static bool
is_path_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || (c && strchr("-._~%!$&'()*+,;=:@", c));
}

/* The byte that is meant at text, and how long it is written; -1: none. */
static int
path_byte(const char *text, size_t len, size_t *ret_used)
{
	int high, low;

	*ret_used = 1;
	if (*text != '%')
		return is_path_char(*text) ? *text : -1;
	*ret_used = 3;
	high = len < 3 ? -1 : hex_value(text[1]);
	low = high < 0 ? -1 : hex_value(text[2]);
	return low < 0 ? -1 : high << 4 | low;
}

/*
 * One name, also for a server that decodes before it takes the path apart:
 * `%2e%2e` and `a%2fb` are steps in disguise.
 */
static bool
is_segment(const char *text, size_t len)
{
	size_t dots = 0, bytes = 0, used;

	for (; len; text += used, len -= used) {
		int byte = path_byte(text, len, &used);

		if (byte < ' ' || byte == 0x7f || byte == '/' || byte == '\\')
			return false;
		bytes++;
		dots += byte == '.';
	}
	return bytes && (dots < bytes || dots > 2);
}

static bool
is_hole(const char *text, size_t len)
{
	return len > 2 && text[0] == '{' && text[len - 1] == '}' &&
	       is_segment(text + 1, len - 2);
}

static bool
is_pattern(const char *pattern)
{
	const char *at = pattern;

	if (!pattern || *pattern != '/' || strlen(pattern) > PATTERN_MAX)
		return false;
	while (*at == '/') {
		size_t len = strcspn(++at, "/");

		if (!is_segment(at, len) && !is_hole(at, len))
			return false;
		at += len;
	}
	return true;
}

bool
route_matches(const char *pattern, const char *path)
{
	while (*pattern == '/' && *path == '/') {
		size_t want = strcspn(++pattern, "/");
		size_t have = strcspn(++path, "/");
		bool same = have == want && strncmp(pattern, path, want) == 0;

		if (!is_segment(path, have) ||
		    !(same || is_hole(pattern, want)))
			return false;
		pattern += want;
		path += have;
	}
	return !*pattern && !*path;
}

/* Method and kind of request go together; only writers change something. */
static bool
is_method(uint32_t kind, const struct iag_route *route)
{
	uint32_t what = route->flags & KIND_FLAGS;

	if (route->flags & ~(KIND_FLAGS | IAG_HTTP_URGENT | IAG_HTTP_OPENING))
		return false;
	if ((route->flags & IAG_HTTP_OPENING) && what != IAG_HTTP_SESSION)
		return false;
	if (what != IAG_HTTP_READ && what != IAG_HTTP_WRITE &&
	    what != IAG_HTTP_SESSION)
		return false;
	if ((route->flags & IAG_HTTP_URGENT) && what != IAG_HTTP_WRITE)
		return false;
	if (what == IAG_HTTP_WRITE && kind != IAG_KIND_WRITER)
		return false;
	if (!route->method)
		return false;
	return strcmp(route->method, "POST") == 0 ||
	       strcmp(route->method,
		   what == IAG_HTTP_WRITE ? "DELETE" : "GET") == 0;
}

static int
check_route(const struct plugin *plugin, size_t at, struct err *err)
{
	const struct iag_route *route = &plugin->routes[at];

	if (!is_pattern(route->pattern))
		return err_set(err, ERR_PLUGIN_INVALID,
		    "route %zu is '%.200s', expected segments behind '/', each "
		    "text or {name}",
		    at, route->pattern ? route->pattern : "(null)");
	if (!is_method(plugin->desc.kind, route))
		return err_set(err, ERR_PLUGIN_INVALID,
		    "route '%s' has method '%.10s' and flags 0x%x, expected "
		    "GET or POST that reads or is of the session%s",
		    route->pattern, route->method ? route->method : "(null)",
		    route->flags,
		    plugin->desc.kind == IAG_KIND_WRITER
			? ", or POST or DELETE that writes"
			: "");
	if (route->reserved)
		return err_set(err, ERR_PLUGIN_INVALID,
		    "route '%s' has 0x%x in a reserved member, expected 0",
		    route->pattern, route->reserved);
	if (route->bucket && !route_bucket(plugin, route->bucket))
		return err_set(err, ERR_PLUGIN_INVALID,
		    "route '%s' names the bucket '%.80s', which the plugin "
		    "does not have",
		    route->pattern, route->bucket);
	return 0;
}

static int
copy_all(struct plugin *plugin, struct err *err)
{
	const struct iag_plugin *desc = &plugin->desc;
	void *copy;
	int r = copy_records(&copy, sizeof *plugin->buckets,
	    PLUGIN_BUCKET_SIZE_1_1, desc->buckets, desc->bucket_count,
	    desc->bucket_size, BUCKETS_MAX, "bucket", err);

	if (r < 0)
		return r;
	plugin->buckets = copy;
	r = copy_records(&copy, sizeof *plugin->routes, PLUGIN_ROUTE_SIZE_1_1,
	    desc->routes, desc->route_count, desc->route_size, ROUTES_MAX,
	    "route", err);
	if (r == 0)
		plugin->routes = copy;
	return r;
}

int
route_adopt(struct plugin *plugin, struct err *err)
{
	size_t bucket_count, route_count;
	int r = 0;

	if (plugin->desc.kind == IAG_KIND_STORE &&
	    (plugin->desc.route_count || plugin->desc.bucket_count))
		return err_set(err, ERR_PLUGIN_INVALID,
		    "a store has routes or buckets: it has no connection to "
		    "the broker");
	r = copy_all(plugin, err);
	bucket_count = plugin->buckets ? plugin->desc.bucket_count : 0;
	route_count = plugin->routes ? plugin->desc.route_count : 0;
	for (size_t i = 0; r == 0 && i < bucket_count; i++)
		r = check_bucket(plugin, i, err);
	for (size_t i = 0; r == 0 && i < route_count; i++)
		r = check_route(plugin, i, err);
	return r;
}

void
route_drop(struct plugin *plugin)
{
	free(plugin->routes);
	free(plugin->buckets);
	plugin->routes = NULL;
	plugin->buckets = NULL;
	plugin->desc.route_count = 0;
	plugin->desc.bucket_count = 0;
}

static bool
is_route(const struct iag_route *route, const struct iag_http_request *request)
{
	return strcmp(route->method, request->method) == 0 &&
	       strcmp(route->pattern, request->pattern) == 0 &&
	       route->flags == request->flags;
}

int
route_find(const struct plugin *plugin, const struct iag_http_request *request,
    const struct iag_route **ret_route, struct err *err)
{
	const struct iag_route *route = NULL;

	if (!request->method || !request->pattern || !request->path)
		return err_set(err, ERR_INTERNAL_ERROR,
		    "plugin '%s' sent a request without method, pattern or "
		    "path",
		    plugin->desc.name);
	for (size_t i = 0; !route && i < plugin->desc.route_count; i++)
		if (is_route(&plugin->routes[i], request))
			route = &plugin->routes[i];
	if (!route)
		return err_set(err, ERR_INTERNAL_ERROR,
		    "plugin '%s' does not declare '%.10s %.200s' with flags "
		    "0x%x: nothing was sent",
		    plugin->desc.name, request->method, request->pattern,
		    request->flags);
	if (!route_matches(route->pattern, request->path))
		return err_set(err, ERR_INTERNAL_ERROR,
		    "plugin '%s' filled in '%s' wrongly: each {name} is one "
		    "percent-encoded segment",
		    plugin->desc.name, route->pattern);
	*ret_route = route;
	return 0;
}

_Static_assert(sizeof(struct iag_route) >= PLUGIN_ROUTE_SIZE_1_1, "shrank");
_Static_assert(sizeof(struct iag_bucket) >= PLUGIN_BUCKET_SIZE_1_1, "shrank");
