/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* The path of a request: a route's pattern with its {holes} filled in. */

#ifndef CPGW_PATH_H
#define CPGW_PATH_H

struct text;

/* Percent-encodes what is filled in; holes: one for each, in order. */
void path_make(
    struct text *path, const char *pattern, const char *const *holes);

#endif
