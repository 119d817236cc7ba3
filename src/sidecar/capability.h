/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * What a sidecar can do, in words with one space between: the sidecar derives
 * them from the tool table, its backend and its scopes, and says them in its
 * hello; the gateway keeps those that it knows with the session.
 */

#ifndef IAG_SIDECAR_CAPABILITY_H
#define IAG_SIDECAR_CAPABILITY_H

#include <json-c/json_object.h>

#include "base/err.h"
#include "tools/dispatch.h"

enum { CAPABILITIES_SIZE = 64 };
/* What every sidecar is for, as long as none has said more. */
#define CAPABILITIES_ALL "broker_read heartbeat"

void capabilities_of(const struct tool_house *house, uint64_t scopes,
    char ret_words[CAPABILITIES_SIZE]);
/* Of the member `capabilities`; what nobody knows here is left out. */
void capabilities_read(
    struct json_object *body, char ret_words[CAPABILITIES_SIZE]);
/* As that member. */
int capabilities_add(struct json_object *obj, const char *words);

#endif
