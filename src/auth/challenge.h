/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * What a client is told about who may come in: the metadata of RFC 9728 and
 * the challenges of RFC 6750.  Texts from the configuration alone.
 */

#ifndef IAG_AUTH_CHALLENGE_H
#define IAG_AUTH_CHALLENGE_H

#include "auth/auth.h"

struct challenge;

/* Borrows the configuration; NULL without memory. */
struct challenge *challenge_new(const struct config *config);
void challenge_free(struct challenge *challenge); /* NULL is fine */

/* As the functions of auth.h with these names. */
void challenge_write(const struct challenge *challenge,
    const struct auth_verdict *verdict, struct buf *out);
void challenge_step_up_write(const struct challenge *challenge,
    const struct auth_verdict *verdict, uint64_t needed, struct buf *out);
void challenge_body_write(const struct challenge *challenge,
    const struct auth_verdict *verdict, uint64_t needed, struct buf *out);
void challenge_metadata_write(
    const struct challenge *challenge, struct buf *out);
const char *challenge_metadata_path(const struct challenge *challenge);
const char *challenge_resource_path(const struct challenge *challenge);

#endif
