/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * What an error tells to do next, as it is told to an agent: commands are the
 * operator's, and where there is a tool of the same, the agent is told that.
 */

#ifndef IAG_TOOLS_ADVICE_H
#define IAG_TOOLS_ADVICE_H

#include "base/buf.h"
#include "tools/principal.h"

struct json_object;

/*
 * Append action with each `ibkr-agent COMMAND ...` in it replaced by the tool
 * of that command, if reader has its scope, or else named as the operator's;
 * where the text says already that the operator runs it, it stays.
 * What was appended before is left as it is the second time.
 */
void advice_add(
    struct buf *out, const char *action, const struct principal *reader);
/* The same with that member of obj, for an agent; without memory it stays. */
void advice_change(
    struct json_object *obj, const char *name, const struct principal *reader);

#endif
