/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * What a gateway has done since it was made, as Prometheus reads it.  Labels
 * come from our own tables only: no account, no client's text.
 */

#ifndef IAG_GATEWAY_METRICS_H
#define IAG_GATEWAY_METRICS_H

#include <stdint.h>

#include "base/buf.h"
#include "tools/dispatch.h"

struct metrics;

struct metrics *metrics_new(void);          /* NULL: no memory */
void metrics_free(struct metrics *metrics); /* NULL is fine */

/* One call that is over; tool NULL: a name that is in no table. */
void metrics_count(struct metrics *metrics, const struct tool *tool,
    const struct tool_result *result, uint64_t elapsed_ns);
/* Calls, outcomes, errors, refusals by gate, latencies. */
void metrics_write(struct metrics *metrics, struct buf *out);

/* The two lines in front of a family; type: counter, gauge. */
void metrics_head(
    struct buf *out, const char *name, const char *type, const char *help);
/* A family of one value. */
void metrics_gauge(
    struct buf *out, const char *name, const char *help, uint64_t value);
void metrics_counter(
    struct buf *out, const char *name, const char *help, uint64_t value);
/* Seconds with a fraction, exactly. */
void metrics_seconds(struct buf *out, uint64_t ns);

#endif
