/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* One read of the backend `sidecar`, from its check to its record. */

#ifndef IAG_SIDECAR_QUERY_H
#define IAG_SIDECAR_QUERY_H

#include "gateway/gateway.h"
#include "host/host.h"
#include "sidecar/ask.h"

struct query_house {
	struct gateway *gateway;
	struct journal *journal;
	struct asks *asks;
};

int query_ask(const struct query_house *house, const struct tool *tool,
    const char *arguments, size_t len, uint64_t deadline_ns, int cancel_fd,
    struct answer *ret_answer, struct err *err);

#endif
