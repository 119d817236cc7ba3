/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* What a plugin file is, seen from a safe distance. */

#ifndef IAG_HOST_PROBE_H
#define IAG_HOST_PROBE_H

#include <stdint.h>

#include "base/err.h"

/* Seconds that a plugin may take to be loaded. */
enum { PLUGIN_PROBE_S = 10 };

/*
 * Load the file in a child, so that a plugin that crashes, ends the process
 * or does not return is only refused.  *ret_description: what
 * plugin_describe() says, to be freed.  Errors: as of plugin_open(), or
 * PLUGIN_INVALID with how the child ended.  Forks: single-threaded callers
 * only.
 */
int plugin_probe(const char *path, uint32_t kind, const char *name,
    char **ret_description, struct err *err);

#endif
