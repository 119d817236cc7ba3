/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * JSON by template, since the broker's answers are many and most of each is
 * fixed.  ' stands for a double quote.
 *
 *   %s  char *      a string, null for NULL
 *   %d  int         a number
 *   %l  int64_t     a number
 *   %n  num         a number, with a digit behind the point at least
 *   %m  num         a string, with two digits behind the point at least
 *   %q  num         a string, with one digit behind the point at least
 *   %b  int         true or false
 *   %r  char *      as it is
 */

#ifndef IAG_SIM_PACK_H
#define IAG_SIM_PACK_H

#include <stdarg.h>

#include "base/buf.h"

void pack(struct buf *out, const char *template, ...);
void pack_v(struct buf *out, const char *template, va_list ap);
/* A comma, unless a list or an object has just been opened. */
void pack_comma(struct buf *out);
/* pack() behind a comma where one is due. */
void pack_item(struct buf *out, const char *template, ...);

#endif
