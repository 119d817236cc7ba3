/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Modules of the host itself, which lie beside the plugins but are none: they
 * have the host's own interfaces and are of the same build.
 */

#ifndef IAG_HOST_MODULE_H
#define IAG_HOST_MODULE_H

#include "base/err.h"
#include "host/host.h"

/*
 * Find NAME.so where plugins are looked for, check its file and folder as
 * theirs are, load it once, and give its symbol.
 */
int module_load(struct host *host, const char *name, const char *symbol,
    void **ret_symbol, struct err *err);
/* The same from a path. */
int module_open(
    const char *path, const char *symbol, void **ret_symbol, struct err *err);
/* Is that the file name of a module? */
bool module_is_file(const char *base);

#endif
