/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* How answers are written: one line of JSON each, for either era. */

#ifndef IAG_MCP_ANSWER_H
#define IAG_MCP_ANSWER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "mcp/era.h"

#define ANSWER_SERVER_NAME "ibkr-agent-gateway"
#define ANSWER_SERVER_TITLE "IBKR Agent Gateway"

/*
 * Open a result.  In the modern era resultType and the server's identity go
 * in first; members follow with answer_member().
 */
void answer_begin(struct buf *out, const char *id, enum era era);
/* `"name":`, with a comma in front where one is due. */
void answer_member(struct buf *out, const char *name);
/*
 * ttlMs and cacheScope; modern era only, nothing otherwise.  Lists change
 * with the configuration only, so five minutes; what a broker said, not at
 * all.
 */
enum answer_cache { ANSWER_NOT_KEPT, ANSWER_PRIVATE, ANSWER_PUBLIC };
void answer_cache(struct buf *out, enum era era, enum answer_cache cache);
void answer_end(struct buf *out);

/*
 * An error; id NULL: that of the request was unreadable.  data: JSON text or
 * NULL.  Long names in the message are the caller's business: answer_clip().
 */
void answer_error(struct buf *out, const char *id, int code, const char *data,
    const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/* At most 80 bytes of text, cut between characters, for error messages. */
#define ANSWER_CLIP_SIZE 84
const char *answer_clip(const char *text, char clip[ANSWER_CLIP_SIZE]);

/* serverInfo: name, title, version, description. */
void answer_server_info(struct buf *out);

#endif
