/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The header and the signature of a token.  The header is the attacker's own
 * text until the signature is verified, so it chooses nothing: the algorithm
 * is ours, keys are looked up by name among those of the issuer, and what
 * would bring or fetch others is refused.
 */

#include "auth/jwt.h"

#include <string.h>
#include <strings.h>

#include "auth/base64url.h"
#include "base/cleanup.h"
#include "base/json.h"
#include "base/secret.h"

enum { SIGNATURE_MAX = 8192 / 8 };

static const struct json_bounds header_bounds = {
	.bytes = JWT_HEADER_MAX,
	.depth = 4,
	.values = 64,
	.wide_integers = true,
};

/* Members that would change what the token means, or whom we ask. */
static const char *const refused[] = {
	"crit",
	"jwk",
	"jku",
	"x5u",
	"x5c",
	"b64",
	"enc",
	"zip",
};

static int
invalid(struct err *err, const char *text)
{
	return err_set(err, ERR_AUTH_TOKEN_INVALID, "%s", text);
}

static const char *
part_end(const char *from, const char *end)
{
	const char *dot = memchr(from, '.', (size_t)(end - from));

	return dot ? dot : end;
}

/* HEADER.CLAIMS.SIGNATURE */
static bool
split(const char *token, size_t len, size_t *ret_header_len, struct jwt *jwt)
{
	const char *end = token + len;
	const char *first = part_end(token, end);
	const char *second;

	if (first == end)
		return false;
	second = part_end(first + 1, end);
	if (second == end || part_end(second + 1, end) != end)
		return false;
	*ret_header_len = (size_t)(first - token);
	jwt->signed_text = token;
	jwt->signed_len = (size_t)(second - token);
	jwt->claims = first + 1;
	jwt->claims_len = (size_t)(second - first) - 1;
	jwt->signature = second + 1;
	jwt->signature_len = (size_t)(end - second) - 1;
	return *ret_header_len > 0 && jwt->claims_len > 0;
}

/* RFC 7515 4.1.9: "application/" may be left out. */
static bool
is_type(const char *text, const char *type)
{
	static const char prefix[] = "application/";

	if (strncasecmp(text, prefix, sizeof prefix - 1) == 0)
		text += sizeof prefix - 1;
	return strcasecmp(text, type) == 0;
}

static const char *
judge_type(struct json_object *header, bool any_type)
{
	struct json_object *typ = NULL;
	const char *text;

	if (!json_object_object_get_ex(header, "typ", &typ))
		return any_type ? NULL : "the token's typ is not at+jwt";
	if (!json_object_is_type(typ, json_type_string))
		return "the token's typ is not a string";
	text = json_object_get_string(typ);
	if (is_type(text, "at+jwt") || (any_type && is_type(text, "JWT")))
		return NULL;
	return "the token's typ is not at+jwt";
}

static const char *
judge_algorithm(struct json_object *header)
{
	struct json_object *alg = json_get(header, "alg");

	if (json_object_is_type(alg, json_type_string) &&
	    strcmp(json_object_get_string(alg), "RS256") == 0)
		return NULL;
	return "the token is not signed with RS256";
}

static const char *
judge_members(struct json_object *header)
{
	for (size_t i = 0; i < ARRAY_COUNT(refused); i++) {
		if (json_object_object_get_ex(header, refused[i], NULL))
			return "the token's header has a member that is not "
			       "accepted (crit, jwk, jku, x5u, x5c, b64, enc, "
			       "zip)";
	}
	return NULL;
}

static const char *
take_kid(struct json_object *header, struct jwt *jwt)
{
	struct json_object *kid = NULL;
	size_t len;

	jwt->has_kid = json_object_object_get_ex(header, "kid", &kid);
	if (!jwt->has_kid)
		return NULL;
	if (!json_object_is_type(kid, json_type_string))
		return "the token's kid is not a string";
	len = (size_t)json_object_get_string_len(kid);
	if (len == 0 || len > JWKS_KID_MAX)
		return "the token's kid is empty or longer than 256 bytes";
	memcpy(jwt->kid, json_object_get_string(kid), len + 1);
	return NULL;
}

static const char *
read_header(struct json_object *header, bool any_type, struct jwt *jwt)
{
	const char *fault;

	if (!json_object_is_type(header, json_type_object))
		return "the token's header is not an object";
	fault = judge_algorithm(header);
	if (!fault)
		fault = judge_members(header);
	if (!fault)
		fault = judge_type(header, any_type);
	return fault ? fault : take_kid(header, jwt);
}

int
jwt_read(const char *token, size_t len, bool any_type, struct jwt *ret_jwt,
    struct err *err)
{
	CLEANUP_JSON struct json_object *header = NULL;
	uint8_t text[JWT_HEADER_MAX];
	struct jwt jwt = { .has_kid = false };
	size_t header_len = 0, text_len = 0;
	const char *fault;

	if (len > JWT_MAX)
		return invalid(err, "the token has more than 8192 bytes");
	if (!split(token, len, &header_len, &jwt))
		return invalid(err, "the token is not a signed JWT");
	if (!base64url_decode(token, header_len, text, sizeof text, &text_len))
		return invalid(err, "the token's header is not base64url, or "
				    "has more than 2048 bytes");
	if (json_parse(
		(const char *)text, text_len, &header_bounds, &header, NULL))
		return invalid(err, "the token's header is not sound JSON");
	fault = read_header(header, any_type, &jwt);
	if (fault)
		return invalid(err, fault);
	*ret_jwt = jwt;
	return 0;
}

int
jwt_verify(const struct jwt *jwt, const struct jwk *jwk, struct err *err)
{
	uint8_t signature[SIGNATURE_MAX];
	size_t len = 0;
	bool good =
	    base64url_decode(jwt->signature, jwt->signature_len, signature,
		sizeof signature, &len) &&
	    jwk_verify(jwk, jwt->signed_text, jwt->signed_len, signature, len);

	secret_wipe(signature, sizeof signature);
	return good ? 0
		    : invalid(err, "the token's signature is not its issuer's");
}
