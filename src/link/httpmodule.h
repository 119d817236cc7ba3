/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* The HTTP module, loaded at the first need of anybody who asks. */

#ifndef IAG_LINK_HTTPMODULE_H
#define IAG_LINK_HTTPMODULE_H

#include "base/err.h"
#include "host/host.h"
#include "link/http.h"

/* PLUGIN_INVALID, PLUGIN_NOT_FOUND; the table stays until the process ends. */
int http_module_load(
    struct host *host, const struct http_module **ret_module, struct err *err);

#endif
