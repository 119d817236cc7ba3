/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The backend `sidecar`: part of the program, so that only the gateway
 * itself can send what it is asked to a machine elsewhere.
 */

#ifndef IAG_SIDECAR_BACKEND_H
#define IAG_SIDECAR_BACKEND_H

#include "sidecar/hub.h"

/* Make it known to the host; once, before there is a gateway. */
void sidecar_backend_offer(void);
/* Where its reads go from now on; NULL: nowhere, and nobody is inside. */
void sidecar_backend_attach(struct hub *hub);

#endif
