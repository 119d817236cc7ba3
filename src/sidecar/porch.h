/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* Where sidecars come to the gateway, and who is let in at all. */

#ifndef IAG_SIDECAR_PORCH_H
#define IAG_SIDECAR_PORCH_H

#include <stddef.h>
#include <stdint.h>

#include "config/config.h"
#include "sidecar/guest.h"

struct porch {
	int fd;
	uint64_t shut_ns; /* boot time; nobody is let in before it */
	char place[80];   /* "127.0.0.1:8444" */
};

/*
 * Listen at sidecar.bind_address.  CONFIG_INVALID: no certificate, or nobody
 * may listen there.
 */
int porch_open(
    struct porch *porch, const struct config *config, struct err *err);
void porch_close(struct porch *porch);
/* For poll(); -1 while nobody is let in. */
int porch_fd(const struct porch *porch);
/* Those who wait, into places that are NULL. */
void porch_accept(struct porch *porch, struct guest_house *house,
    struct guest **guests, size_t max);

#endif
