/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Times in fixtures.  A quote of a file would be years old, so its time is a
 * template that is filled in when it is asked for: "@now", "@now-1s",
 * "@now+2h" (s, m, h, d), "@day" (today's midnight), "@date-3d" (a date).
 */

#ifndef FAKE_MOMENT_H
#define FAKE_MOMENT_H

#include <stdint.h>

#include "text.h"

/* "2026-07-28T09:30:00.000Z" and its NUL. */
#define MOMENT_SIZE 25
void moment_format(uint64_t real_ns, char ret_text[MOMENT_SIZE]);
/* RFC 3339, or a date for its midnight; -1 if it is neither. */
int moment_parse(const char *text, uint64_t *ret_real_ns);

/* Append json with every template filled in; -1 for an unknown one. */
int moment_fill(
    struct text *out, const char *json, size_t len, uint64_t now_ns);

#endif
