/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* What the files of the HTTP module know of each other. */

#ifndef IAG_HTTP_CURL_H
#define IAG_HTTP_CURL_H

#include <curl/curl.h>
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

/* What every connection is made with. */
CURLcode http_set_safety(CURL *easy, const char *user_agent);
/* The peer of the connection that easy has just made; in its callback. */
bool http_check_peer(
    struct trust *trust, CURL *easy, char ret_text[HTTP_TEXT_SIZE]);

/* A connection that is made before its request is known. */
struct ahead;

/* Begin to make one to the host of url; NULL: it cannot be. */
struct ahead *ahead_start(
    struct trust *trust, const char *user_agent, const char *url);
/* NULL is fine; may wait for one that is being made. */
void ahead_free(struct ahead *ahead);
bool ahead_is_young(const struct ahead *ahead);
/* Wait until it stands; false: it is of no use. */
bool ahead_take(struct ahead *ahead);
/* The connection of the next request of easy. */
CURLcode ahead_offer(struct ahead *ahead, CURL *easy);
/* Carry what there is; then it is to be called again when fds are ready. */
void ahead_carry(struct ahead *ahead, struct curl_waitfd fds[2]);
/* It did not end as TLS does: what was heard may not be all. */
bool ahead_is_broken(const struct ahead *ahead);

#endif
