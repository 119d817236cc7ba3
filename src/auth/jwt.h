/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * JSON Web Tokens as access tokens (RFC 7519, RFC 9068), signed with RS256
 * and nothing else.  Three steps, each on what the one before has found
 * sound: header, signature, claims.  Pure: no clock, no key set of its own.
 */

#ifndef IAG_AUTH_JWT_H
#define IAG_AUTH_JWT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "auth/jwks.h"
#include "base/err.h"
#include "config/config.h"

enum {
	JWT_MAX = 8192, /* bytes of a token */
	JWT_HEADER_MAX = 2048,
	JWT_SUB_MAX = 255,
	JWT_ID_MAX = 512
};

/* What the header said; the rest points into the token. */
struct jwt {
	char kid[JWKS_KID_MAX + 1];
	bool has_kid;
	const char *signed_text; /* header '.' claims */
	size_t signed_len;
	const char *claims;
	size_t claims_len;
	const char *signature;
	size_t signature_len;
};

/*
 * AUTH_TOKEN_INVALID for what is not three parts of base64url, for a header
 * with anything that is not understood, or that brings keys along, or names
 * another algorithm.  any_type: `typ` may be JWT or missing, too.
 */
int jwt_read(const char *token, size_t len, bool any_type, struct jwt *ret_jwt,
    struct err *err);

/* AUTH_TOKEN_INVALID: not signed by that key. */
int jwt_verify(const struct jwt *jwt, const struct jwk *jwk, struct err *err);

/* Who is expected; borrowed. */
struct jwt_rules {
	const char *issuer;
	const struct config_list *audiences;
	uint64_t skew_ns;
};

struct jwt_claims {
	char sub[JWT_SUB_MAX + 1];
	char jti[JWT_ID_MAX + 1]; /* "": none */
	uint64_t expires_ns;      /* the last moment, skew included */
	uint64_t scopes;          /* those that exist, allowed or not */
};

/*
 * Of a token whose signature was found good.  The codes of reference.md 11.3,
 * and AUTH_TOKEN_INVALID for everything else.
 */
int jwt_read_claims(const struct jwt *jwt, const struct jwt_rules *rules,
    uint64_t now_ns, struct jwt_claims *ret_claims, struct err *err);

#endif
