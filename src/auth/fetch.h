/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The one request that the gateway itself makes to the issuer: GET
 * remote_mcp.jwks_url, over TLS that was verified, to no other place, with
 * nothing of any token in it.
 */

#ifndef IAG_AUTH_FETCH_H
#define IAG_AUTH_FETCH_H

#include <stddef.h>

#include "base/err.h"
#include "config/config.h"
#include "host/host.h"

struct fetch;

/* Nothing is loaded or sent.  CONFIG_INVALID: no https:// URL. */
int fetch_open(const struct config *config, struct host *host,
    struct fetch **ret_fetch, struct err *err);
void fetch_close(struct fetch *fetch); /* NULL is fine */

/*
 * One answer of status 200 with at most JWKS_TEXT_MAX bytes; the caller frees
 * it (NULL: empty).  Ends early, with an error, when cancel_fd is readable.
 * One thread at a time.
 */
int fetch_get(struct fetch *fetch, int cancel_fd, char **ret_body,
    size_t *ret_len, struct err *err);

#endif
