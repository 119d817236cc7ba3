/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* Times as they stand in answers: RFC 3339, in UTC. */

#ifndef PLUGIN_MOMENT_H
#define PLUGIN_MOMENT_H

#include <stdint.h>

/* "2026-07-28T09:30:00.000Z" and its NUL. */
#define MOMENT_SIZE 25
void moment_format(uint64_t real_ns, char ret_text[MOMENT_SIZE]);
/* RFC 3339, or a date for its midnight; -1 if it is neither. */
int moment_parse(const char *text, uint64_t *ret_real_ns);

#endif
