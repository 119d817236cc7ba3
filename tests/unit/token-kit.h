/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* An issuer for tests: keys made at run time, and whatever tokens they sign. */

#ifndef IAG_TESTS_UNIT_TOKEN_KIT_H
#define IAG_TESTS_UNIT_TOKEN_KIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "token-text.h"

struct token_key;

struct token_key *token_key_rsa(unsigned bits);
struct token_key *token_key_ec(void); /* P-256 */
void token_key_free(struct token_key *key);

/* Its public numbers as members of a JWK: "kty":"RSA","n":"...","e":"..." */
void token_jwk_members(struct buf *out, const struct token_key *key);
/* {"kid":kid,members,more} and in {"keys":[...]}, more with a comma before. */
void token_jwk(struct buf *out, const struct token_key *key, const char *kid,
    const char *more);
void token_set(struct buf *out, const struct token_key *key, const char *kid,
    const char *more);
/* Its public key as PEM: what a confused verifier takes for a secret. */
void token_pem(struct buf *out, const struct token_key *key);

/* header.claims.signature; RSA keys sign RS256, EC keys something. */
void token_sign(struct buf *out, const struct token_key *key,
    const char *header, const char *claims);
/* The same under HMAC-SHA-256 with that text as the key. */
void token_hmac(struct buf *out, const void *secret, size_t len,
    const char *header, const char *claims);
/* The same with bytes for a signature as they are. */
void token_raw(struct buf *out, const char *header, const char *claims,
    const void *signature, size_t len);

#endif
