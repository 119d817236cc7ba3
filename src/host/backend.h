/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* The host's side of a backend's session, for the supervisor. */

#ifndef IAG_HOST_BACKEND_H
#define IAG_HOST_BACKEND_H

#include "host/host.h"

bool backend_has_session(const struct instance *backend);
/* One step (IAG_SESSION_STEP_*) on a plugin thread, as backend_query(). */
int backend_session(struct instance *backend, struct call *call, uint32_t step,
    struct err *err);

#endif
