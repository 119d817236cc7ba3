/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* tools/list and tools/call. */

#ifndef IAG_MCP_TOOLS_H
#define IAG_MCP_TOOLS_H

#include "mcp/session.h"

void tools_list(
    struct session *session, struct request *request, struct buf *out);
void tools_call(
    struct session *session, struct request *request, struct buf *out);

/* The result of a finished call. */
struct task;
struct tool_result;
void tools_answer(
    struct buf *out, const struct task *task, const struct tool_result *result);

/*
 * The text of tools/list for each set of scopes, for a door with callers of
 * many kinds.  Any thread.
 */
struct lists *lists_new(void); /* NULL: no memory */
void lists_free(struct lists *lists);

/*
 * Lists have one page, so any cursor is a bad one: answers the error and
 * returns false.
 */
bool tools_check_cursor(struct request *request, struct buf *out);

#endif
