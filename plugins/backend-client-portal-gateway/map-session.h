/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* The session: what auth/status, ssodh/init and tickle say. */

#ifndef CPGW_MAP_SESSION_H
#define CPGW_MAP_SESSION_H

#include "map.h"

/* Each 1: yes, 0: no, -1: not told (older builds leave some out). */
struct session_facts {
	int authenticated, connected, established, competing;
	uint64_t expires_ns; /* of the login, from now; 0: not told */
	char message[160];
};

/* auth/status, ssodh/init, and tickle, in which the same is nested. */
int32_t map_session(struct map *map, const struct reply *reply,
    struct session_facts *ret_facts);
int session_is_ready(const struct session_facts *facts);
/* The answer of session_status and keepalive; kept_ns: 0, or of a tickle. */
void map_session_state(
    struct map *map, const struct session_facts *facts, uint64_t kept_ns);

#endif
