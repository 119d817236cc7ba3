/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* What the files of the HTTP module know of each other. */

#ifndef IAG_HTTP_CURL_H
#define IAG_HTTP_CURL_H

#include <gnutls/gnutls.h>

#include "link/http.h"

/* Who the gateway must be; made once for a connection, used by any thread. */
struct trust;

struct trust *trust_new(const struct http_setup *setup, const char **ret_text);
void trust_free(struct trust *trust); /* NULL is fine */
/*
 * Is the peer of this session who it must be?  session NULL: there is no
 * TLS.  If not, ret_text says why.
 */
bool trust_check(struct trust *trust, gnutls_session_t session,
    char ret_text[HTTP_TEXT_SIZE]);

#endif
