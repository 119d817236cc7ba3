/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* What the local gateway answers by itself, without asking the broker. */

#ifndef IAG_SIM_GATEWAY_H
#define IAG_SIM_GATEWAY_H

#include <stdbool.h>

#include "sim/sim.h"

/* The path behind /v1/api and its like; NULL: it is not forwarded. */
const char *gateway_strip(const char *path);
/* Answer, or return false: the request goes on to the broker. */
bool gateway_answer(struct sim *sim, const struct sim_request *request,
    const char *path, struct sim_reply *reply);

#endif
