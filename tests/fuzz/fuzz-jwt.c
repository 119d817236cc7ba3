/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Tokens, as the value of a header, and as claims that an issuer has signed
 * without looking.  What is taken must be what we say we take.
 */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "auth/bearer.h"
#include "auth/jwt.h"
#include "base/clock.h"
#include "token-text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint64_t now_ns = UINT64_C(1800000000) * NS_PER_S;

static void
must(bool ok)
{
	if (!ok)
		abort();
}

static void
read_claims(const struct jwt *jwt)
{
	static char *items[] = { (char *)(uintptr_t) "a" };
	static const struct config_list audiences = { .items = items,
		.count = 1 };
	static const struct jwt_rules rules = {
		.issuer = "i", .audiences = &audiences, .skew_ns = 60 * NS_PER_S
	};
	struct err err CLEANUP_ERR = ERR_INIT;
	struct jwt_claims claims;
	int rc = jwt_read_claims(jwt, &rules, now_ns, &claims, &err);

	must((rc == 0) == (err.code == ERR_NONE));
	if (rc)
		return;
	must(claims.expires_ns > now_ns);
	must(claims.sub[0] && strlen(claims.sub) <= JWT_SUB_MAX);
	must(strlen(claims.jti) <= JWT_ID_MAX);
}

static void
read_token(const char *token, size_t len)
{
	struct err err CLEANUP_ERR = ERR_INIT;
	struct jwt jwt;
	int rc = jwt_read(token, len, true, &jwt, &err);

	must((rc == 0) == (err.code == ERR_NONE));
	if (rc)
		return;
	must(len <= JWT_MAX);
	must(jwt.signed_text == token &&
	     jwt.signed_len + 1 + jwt.signature_len == len);
	must(jwt.claims + jwt.claims_len + 1 == jwt.signature);
	must(!jwt.has_kid || jwt.kid[0]);
	read_claims(&jwt);
}

static void
read_header(const char *text)
{
	const char *token = NULL;
	size_t len = 0;

	if (bearer_find(text, &token, &len) != AUTH_GRANTED)
		return;
	must(len > 0 && token > text && token + len <= text + strlen(text));
	read_token(token, len);
}

/* data are the claims, under a header that passes. */
static void
sign_blindly(const uint8_t *data, size_t size)
{
	static const char header[] = "{\"alg\":\"RS256\",\"typ\":\"at+jwt\"}";
	struct buf token CLEANUP_BUF = BUF_INIT;

	if (size > JWT_MAX / 2)
		return;
	token_base64url(&token, header, sizeof header - 1);
	buf_char(&token, '.');
	token_base64url(&token, data, size);
	buf_str(&token, ".AA");
	read_token(buf_text(&token), token.len);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf text CLEANUP_BUF = BUF_INIT;

	buf_add(&text, data, size);
	read_header(buf_text(&text));
	read_token((const char *)data, size);
	sign_blindly(data, size);
	return 0;
}
