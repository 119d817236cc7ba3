/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * A store that is only read: `verify`, `store status`, `doctor`, and stores
 * under review that belong to somebody else.  Nothing is written, nothing is
 * made, no other plugin than the store's is loaded.
 */

#ifndef IAG_GATEWAY_REVIEW_H
#define IAG_GATEWAY_REVIEW_H

#include "config/config.h"
#include "host/host.h"
#include "journal/journal.h"

struct review {
	struct host *host;
	struct instance *store;
	struct journal *journal;
};

#define REVIEW_INIT          \
	{                    \
		.host = NULL \
	}

/*
 * path NULL: the configured store.  secret NULL: the configured one.  On
 * failure *review is to be closed too.
 */
int review_open(struct review *review, const struct config *config,
    const char *path, const struct secret *secret, struct err *err);
void review_close(struct review *review);

#endif
