/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * A set of keys (RFC 7517), of which only one kind counts: RSA public keys of
 * 2048 to 8192 bits for RS256 signatures.  What is read from the text is what
 * the issuer says of its own keys; nothing of a token is looked at here.
 */

#ifndef IAG_AUTH_JWKS_H
#define IAG_AUTH_JWKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/hash.h"

enum {
	JWKS_TEXT_MAX = 65536, /* bytes of a set */
	JWKS_KEYS_MAX = 64,    /* keys in it, of any kind */
	JWKS_KID_MAX = 256     /* bytes of a key's name */
};

struct jwks; /* counted; never changes once made */

/*
 * Keys of another kind, use or algorithm are left out; so is every key whose
 * name (kid) another key of the set has too, since it would not be said which
 * is meant.  AUTH_TOKEN_INVALID: the text is no set, or no key of it is left;
 * why is in the text.
 */
int jwks_parse(
    const char *text, size_t len, struct jwks **ret_jwks, struct err *err);
struct jwks *jwks_ref(struct jwks *jwks); /* NULL is fine */
void jwks_unref(struct jwks *jwks);       /* NULL is fine */

size_t jwks_count(const struct jwks *jwks);
/* SHA-256 over names and numbers: the same for the same keys. */
const uint8_t *jwks_digest(const struct jwks *jwks);

/*
 * By name; without one (NULL) the only key there is.  NULL: none is meant.
 * Borrowed from the set.
 */
struct jwk;
const struct jwk *jwks_find(const struct jwks *jwks, const char *kid);

/* SHA-256 over its name and numbers; and is a key of that among these? */
const uint8_t *jwk_digest(const struct jwk *jwk);
bool jwks_has(const struct jwks *jwks, const uint8_t digest[HASH_SIZE]);

/* Is that the key's RS256 signature of data?  Any number of threads. */
bool jwk_verify(const struct jwk *jwk, const void *data, size_t len,
    const uint8_t *signature, size_t signature_len);

#endif
