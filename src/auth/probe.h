/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* Could tokens be judged now?  For the doctor. */

#ifndef IAG_AUTH_PROBE_H
#define IAG_AUTH_PROBE_H

#include <stddef.h>

#include "base/err.h"
#include "config/config.h"
#include "host/host.h"

/*
 * Read the secret for token ids and fetch the key set once: how many keys
 * there are, or why there are none, and what to do about it.
 */
int auth_probe(const struct config *config, struct host *host, size_t *ret_keys,
    struct err *err);

#endif
