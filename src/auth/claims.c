/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The claims of a token that its issuer did sign: is it for us, is it in
 * force, who is it, and what may they do.
 */

#include "auth/jwt.h"

#include <ctype.h>
#include <string.h>

#include "auth/base64url.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/secret.h"
#include "config/scope.h"

enum { CLAIMS_MAX = JWT_MAX / 4 * 3 };

/* The year 2286; what lies behind it is as good as never. */
#define FAR_S INT64_C(10000000000)

static const struct json_bounds claims_bounds = {
	.bytes = CLAIMS_MAX,
	.depth = 8,
	.values = 1024,
	.wide_integers = true,
};

static int
invalid(struct err *err, const char *text)
{
	return err_set(err, ERR_AUTH_TOKEN_INVALID, "%s", text);
}

static bool
is_string(struct json_object *value)
{
	return json_object_is_type(value, json_type_string);
}

/* ---- times */

/* A NumericDate in whole seconds; fractions are legal and dropped. */
static bool
take_seconds(struct json_object *value, int64_t *ret_s)
{
	double real;

	if (json_object_is_type(value, json_type_int)) {
		*ret_s = json_object_get_int64(value);
	} else if (json_object_is_type(value, json_type_double)) {
		real = json_object_get_double(value);
		if (!(real >= 0))
			return false;
		*ret_s = real < (double)FAR_S ? (int64_t)real : FAR_S;
	} else {
		return false;
	}
	if (*ret_s > FAR_S)
		*ret_s = FAR_S;
	return *ret_s >= 0;
}

static int
check_expiry(struct json_object *claims, const struct jwt_rules *rules,
    uint64_t now_ns, struct jwt_claims *to, struct err *err)
{
	int64_t exp_s = 0;

	if (!take_seconds(json_get(claims, "exp"), &exp_s))
		return invalid(err, "the token's exp is missing or not a time");
	to->expires_ns = (uint64_t)exp_s * NS_PER_S + rules->skew_ns;
	if (now_ns >= to->expires_ns)
		return err_set(
		    err, ERR_AUTH_TOKEN_EXPIRED, "the token has expired");
	return 0;
}

/* nbf and iat: not in the future. */
static int
check_begin(struct json_object *claims, const char *name,
    const struct jwt_rules *rules, uint64_t now_ns, struct err *err)
{
	struct json_object *value = NULL;
	int64_t begin_s = 0;

	if (!json_object_object_get_ex(claims, name, &value))
		return 0;
	if (!take_seconds(value, &begin_s))
		return err_set(err, ERR_AUTH_TOKEN_INVALID,
		    "the token's %s is not a time", name);
	if ((uint64_t)begin_s * NS_PER_S > now_ns + rules->skew_ns)
		return err_set(err, ERR_AUTH_TOKEN_INVALID,
		    "the token's %s is in the future", name);
	return 0;
}

/* ---- issuer, audience, subject */

static int
check_issuer(
    struct json_object *claims, const struct jwt_rules *rules, struct err *err)
{
	struct json_object *iss = json_get(claims, "iss");

	if (is_string(iss) &&
	    strcmp(json_object_get_string(iss), rules->issuer) == 0)
		return 0;
	return err_set(err, ERR_AUTH_INVALID_ISSUER,
	    "the token is not from the issuer that is trusted here");
}

static bool
is_audience(struct json_object *value, const struct jwt_rules *rules)
{
	return is_string(value) &&
	       config_list_has(rules->audiences, json_object_get_string(value));
}

static int
check_audience(
    struct json_object *claims, const struct jwt_rules *rules, struct err *err)
{
	struct json_object *aud = json_get(claims, "aud");
	bool found = is_audience(aud, rules);

	if (json_object_is_type(aud, json_type_array)) {
		for (size_t i = 0; i < json_object_array_length(aud); i++)
			found |= is_audience(
			    json_object_array_get_idx(aud, i), rules);
	}
	if (found)
		return 0;
	return err_set(err, ERR_AUTH_INVALID_AUDIENCE,
	    "the token was not issued for this server");
}

/* Characters that an audit line shows as they are. */
static bool
is_shown(const char *text, size_t len)
{
	bool blank = true;

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (iscntrl(c))
			return false;
		blank = blank && c == ' ';
	}
	return !blank;
}

static bool
take_text(struct json_object *value, char *to, size_t max)
{
	size_t len;

	if (!is_string(value))
		return false;
	len = (size_t)json_object_get_string_len(value);
	if (len > max || !is_shown(json_object_get_string(value), len))
		return false;
	memcpy(to, json_object_get_string(value), len + 1);
	return true;
}

static int
take_names(struct json_object *claims, struct jwt_claims *to, struct err *err)
{
	struct json_object *jti = NULL;

	if (!take_text(json_get(claims, "sub"), to->sub, JWT_SUB_MAX))
		return invalid(err, "the token's sub is missing, blank, longer "
				    "than 255 bytes or not plain text");
	to->jti[0] = '\0';
	if (json_object_object_get_ex(claims, "jti", &jti) &&
	    !take_text(jti, to->jti, JWT_ID_MAX))
		return invalid(err, "the token's jti is blank, longer than 512 "
				    "bytes or not plain text");
	return 0;
}

/* ---- scopes */

static uint64_t
scope_of(const char *text, size_t len)
{
	char name[64];

	if (len == 0 || len >= sizeof name)
		return 0;
	memcpy(name, text, len);
	name[len] = '\0';
	return scope_bit(name);
}

static uint64_t
scopes_of_text(const char *text)
{
	uint64_t scopes = 0;

	while (*text) {
		size_t len = strcspn(text, " ");

		scopes |= scope_of(text, len);
		text += len + (text[len] == ' ');
	}
	return scopes;
}

static bool
scopes_of_array(struct json_object *list, uint64_t *ret_scopes)
{
	*ret_scopes = 0;
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		struct json_object *item = json_object_array_get_idx(list, i);

		if (!is_string(item))
			return false;
		*ret_scopes |= scope_bit(json_object_get_string(item));
	}
	return true;
}

/* `scope` as text; without it `scp`, a list or text.  None: no scopes. */
static int
take_scopes(struct json_object *claims, struct jwt_claims *to, struct err *err)
{
	struct json_object *value = NULL;
	bool is_scope = json_object_object_get_ex(claims, "scope", &value);

	to->scopes = 0;
	if (!is_scope && !json_object_object_get_ex(claims, "scp", &value))
		return 0;
	if (is_string(value))
		to->scopes = scopes_of_text(json_object_get_string(value));
	else if (is_scope || !json_object_is_type(value, json_type_array) ||
		 !scopes_of_array(value, &to->scopes))
		return invalid(err,
		    "the token's scope is not a string, nor its scp a list of "
		    "strings");
	return 0;
}

/* What places, changes and cancels orders, and what prepares it. */
static uint64_t
trading_scopes(void)
{
	uint64_t trading = 0;

	for (size_t i = 0; i < scope_count; i++) {
		enum scope_tier tier = scope_table[i].tier;

		if (tier == SCOPE_TIER_PREVIEW || tier == SCOPE_TIER_PAPER ||
		    tier == SCOPE_TIER_LIVE)
			trading |= UINT64_C(1) << i;
	}
	return trading & ~scope_bit("ibkr:approvals:create");
}

/* Who approves does not trade with the same token (ruling 17). */
static int
check_operator(const struct jwt_claims *claims, struct err *err)
{
	if (!(claims->scopes & scope_bit("ibkr:operator")) ||
	    !(claims->scopes & trading_scopes()))
		return 0;
	return invalid(err, "the token has ibkr:operator together with a "
			    "scope that previews, submits, modifies or "
			    "cancels orders");
}

/* ---- all of them */

static int
read_claims(struct json_object *claims, const struct jwt_rules *rules,
    uint64_t now_ns, struct jwt_claims *to, struct err *err)
{
	int rc = check_issuer(claims, rules, err);

	if (rc == 0)
		rc = check_audience(claims, rules, err);
	if (rc == 0)
		rc = check_expiry(claims, rules, now_ns, to, err);
	if (rc == 0)
		rc = check_begin(claims, "nbf", rules, now_ns, err);
	if (rc == 0)
		rc = check_begin(claims, "iat", rules, now_ns, err);
	if (rc == 0)
		rc = take_names(claims, to, err);
	if (rc == 0)
		rc = take_scopes(claims, to, err);
	return rc ? rc : check_operator(to, err);
}

static int
parse(const struct jwt *jwt, struct json_object **ret_claims, struct err *err)
{
	uint8_t text[CLAIMS_MAX];
	size_t len = 0;
	int rc = 0;

	if (!base64url_decode(
		jwt->claims, jwt->claims_len, text, sizeof text, &len))
		return invalid(err, "the token's claims are not base64url");
	if (json_parse(
		(const char *)text, len, &claims_bounds, ret_claims, NULL) ||
	    !json_object_is_type(*ret_claims, json_type_object))
		rc = invalid(err, "the token's claims are not a sound JSON "
				  "object");
	secret_wipe(text, sizeof text);
	return rc;
}

int
jwt_read_claims(const struct jwt *jwt, const struct jwt_rules *rules,
    uint64_t now_ns, struct jwt_claims *ret_claims, struct err *err)
{
	CLEANUP_JSON struct json_object *claims = NULL;
	struct jwt_claims found;
	int rc = parse(jwt, &claims, err);

	if (rc == 0)
		rc = read_claims(claims, rules, now_ns, &found, err);
	if (rc == 0)
		*ret_claims = found;
	return rc;
}
