/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Failed authentication in the audit, by address and minute (ruling 29): the
 * first failure of an address is recorded at once, those of the minute after
 * it together.  Whoever knocks a million times writes a record a minute, and
 * waits for no disk of ours.
 */

#ifndef IAG_AUTH_DENIALS_H
#define IAG_AUTH_DENIALS_H

#include "auth/auth.h"

/* Addresses that are counted one by one; the rest is counted together. */
enum { DENIALS_PEERS = 256, DENIALS_PEER_SIZE = 64 };

struct denials;

/* record and arg are those of struct auth_setup. */
int denials_open(const struct auth_setup *setup, struct denials **ret_denials,
    struct err *err);
/* Records what is left; NULL is fine. */
void denials_close(struct denials *denials);
/* Any thread; never waits for a record. */
void denials_add(struct denials *denials, const char *peer, enum err_code code);

#endif
