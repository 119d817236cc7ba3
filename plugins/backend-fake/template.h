/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Times in fixtures.  A quote of a file would be years old, so its time is a
 * template that is filled in when it is asked for: "@now", "@now-1s",
 * "@now+2h" (s, m, h, d), "@day" (today's midnight), "@date-3d" (a date).
 */

#ifndef FAKE_TEMPLATE_H
#define FAKE_TEMPLATE_H

#include <stddef.h>
#include <stdint.h>

struct text;

/* Append json with every template filled in; -1 for an unknown one. */
int template_fill(
    struct text *out, const char *json, size_t len, uint64_t now_ns);

#endif
