/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* The token in the value of an Authorization header (RFC 6750). */

#ifndef IAG_AUTH_BEARER_H
#define IAG_AUTH_BEARER_H

#include <stddef.h>

#include "auth/auth.h"

/* What is behind the scheme, whatever it is; NULL: another scheme, or none. */
const char *bearer_begin(const char *header);
/*
 * AUTH_GRANTED: there is a token, *ret_token within header, whatever it is
 * worth.  AUTH_MISSING: no header, or another scheme.  AUTH_MALFORMED: the
 * scheme without a token, or with more than one.
 */
enum auth_result bearer_find(
    const char *header, const char **ret_token, size_t *ret_len);

#endif
