/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Identifiers: UUID version 7 (RFC 9562 section 5.7), and the check of those
 * that callers send.
 */

#ifndef IAG_BASE_ID_H
#define IAG_BASE_ID_H

#include <stdbool.h>
#include <stdint.h>

#define ID_TEXT_SIZE 37

/* A new UUIDv7, lower case, with NUL; ids of one process never decrease. */
void id_new(char text[ID_TEXT_SIZE]);
/* 8-4-4-4-12 hexadecimal digits, either case. */
bool id_is_uuid(const char *text);

#endif
