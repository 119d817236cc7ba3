/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* Matching of paths: see route.h. */

#include "sim/route.h"

#include <string.h>

/* Past one segment of a path. */
static const char *
skip_segment(const char *at)
{
	return at + strcspn(at, "/");
}

bool
route_matches(const char *pattern, const char *path)
{
	while (*pattern && *path) {
		if (*pattern == '*' && pattern[1] == '\0')
			return true;
		if (*pattern == '{' || *pattern == '*') {
			if (*path == '/')
				return false;
			pattern = skip_segment(pattern);
			path = skip_segment(path);
		} else if (*pattern++ != *path++) {
			return false;
		}
	}
	return *pattern == *path;
}

static bool
has_method(const char *methods, const char *method)
{
	size_t len = strlen(method);

	if (len == 0)
		return false;
	for (const char *at = methods; (at = strstr(at, method)); at++)
		if ((at == methods || at[-1] == ' ') &&
		    (at[len] == '\0' || at[len] == ' '))
			return true;
	return false;
}

const struct route *
route_find(const struct family *const *families, size_t count,
    const char *method, const char *path, bool *ret_known)
{
	*ret_known = false;
	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < families[i]->count; k++) {
			const struct route *route = &families[i]->rows[k];

			if (!route_matches(route->pattern, path))
				continue;
			*ret_known = true;
			if (has_method(route->methods, method))
				return route;
		}
	return NULL;
}
