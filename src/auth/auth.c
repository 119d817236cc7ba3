/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * From a header to a verdict.  A token is never kept: what is remembered is
 * the hash of it, and what is recorded the keyed hash of its id.
 *
 * Threads: any.  auth->lock guards the list of tokens whose first success is
 * being recorded; it is not held across a record.  Cache, key ring and
 * denials have locks of their own, taken alone.
 */

#include "auth/auth.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth/bearer.h"
#include "auth/cache.h"
#include "auth/challenge.h"
#include "auth/denials.h"
#include "auth/jwt.h"
#include "auth/keyring.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/secret.h"
#include "config/scope.h"
#include "journal/audit.h"

/* A token whose first success is being recorded, on that thread's stack. */
struct pending {
	const uint8_t *digest;
	struct pending *next;
};

struct auth {
	struct auth_setup setup;
	struct jwt_rules rules;
	uint64_t allowed;
	struct secret *id_secret;
	struct challenge *challenge;
	struct cache *cache;
	struct keyring *ring;
	struct denials *denials;
	pthread_mutex_t lock;
	pthread_cond_t recorded;
	struct pending *pending;
};

/* A token on its way to a verdict. */
struct visit {
	struct auth *auth;
	const char *token;
	size_t len;
	const char *peer;
	uint8_t digest[HASH_SIZE];
};

/* ---- verdicts */

static void
deny(struct auth *auth, const char *peer, enum auth_result result,
    enum err_code code, const char *text, struct auth_verdict *ret_verdict)
{
	*ret_verdict = (struct auth_verdict){ .result = result, .code = code };
	(void)snprintf(ret_verdict->text, sizeof ret_verdict->text, "%s", text);
	if (result != AUTH_UNAVAILABLE)
		denials_add(auth->denials, peer, code);
}

static void
deny_for(const struct visit *visit, enum auth_result result,
    const struct err *err, struct auth_verdict *ret_verdict)
{
	deny(visit->auth, visit->peer, result, err->code, err_text(err),
	    ret_verdict);
}

/* The grant's name goes along. */
static void
admit(struct grant *grant, struct auth_verdict *ret_verdict)
{
	*ret_verdict = (struct auth_verdict){
		.result = AUTH_GRANTED,
		.name = STEAL(grant->name),
		.is_operator = grant->is_operator,
		.scopes = grant->scopes,
		.expires_ns = grant->expires_ns,
	};
	memcpy(ret_verdict->token_id, grant->token_id,
	    sizeof ret_verdict->token_id);
	memcpy(ret_verdict->key, grant->key, sizeof ret_verdict->key);
}

/* ---- what a token is good for */

/* Its id under the secret; the hash of the token where it has none. */
static void
hide_id(const struct visit *visit, const char *jti, char ret_hex[HASH_HEX_SIZE])
{
	const struct secret *secret = visit->auth->id_secret;
	char hex[HASH_HEX_SIZE];
	uint8_t mac[HASH_SIZE];

	hash_hex(visit->digest, hex);
	if (!*jti)
		jti = hex;
	hmac_sha256(
	    secret_data(secret), secret_len(secret), jti, strlen(jti), mac);
	hash_hex(mac, ret_hex);
}

static int
grant_of(const struct visit *visit, const struct jwt_claims *claims,
    struct grant *ret_grant, struct err *err)
{
	const struct auth *auth = visit->auth;
	char name[AUTH_NAME_SIZE];
	int len = snprintf(
	    name, sizeof name, "%s#%s", auth->rules.issuer, claims->sub);

	if (len < 0 || (size_t)len >= sizeof name)
		return err_set(err, ERR_AUTH_TOKEN_INVALID,
		    "issuer and sub of the token are too long");
	ret_grant->name = strdup(name);
	if (!ret_grant->name)
		return err_no_memory(err);
	ret_grant->scopes = claims->scopes & auth->allowed;
	ret_grant->is_operator = ret_grant->scopes & scope_bit("ibkr:operator");
	ret_grant->expires_ns = claims->expires_ns;
	hide_id(visit, claims->jti, ret_grant->token_id);
	return 0;
}

/* By these keys; 1: the one that the token names is not among them. */
static int
judge(const struct visit *visit, const struct jwt *jwt, const struct jwks *keys,
    struct grant *ret_grant, struct err *err)
{
	struct jwt_claims claims;
	const struct jwk *jwk = jwks_find(keys, jwt->has_kid ? jwt->kid : NULL);
	int rc;

	if (!jwk)
		return 1;
	rc = jwt_verify(jwt, jwk, err);
	if (rc == 0)
		rc = jwt_read_claims(
		    jwt, &visit->auth->rules, clock_real_ns(), &claims, err);
	if (rc == 0)
		memcpy(ret_grant->key, jwk_digest(jwk), sizeof ret_grant->key);
	return rc ? rc : grant_of(visit, &claims, ret_grant, err);
}

/* ---- the record of the first success */

static bool
is_pending(const struct auth *auth, const uint8_t digest[HASH_SIZE])
{
	for (const struct pending *p = auth->pending; p; p = p->next) {
		if (hash_equal(p->digest, digest))
			return true;
	}
	return false;
}

/* One thread at a time for one token. */
static void
enter(struct auth *auth, struct pending *self)
{
	LOCK_SCOPE(&auth->lock);

	while (is_pending(auth, self->digest))
		(void)pthread_cond_wait(&auth->recorded, &auth->lock);
	self->next = auth->pending;
	auth->pending = self;
}

static void
leave(struct auth *auth, struct pending *self)
{
	LOCK_SCOPE(&auth->lock);
	struct pending **at = &auth->pending;

	while (*at != self)
		at = &(*at)->next;
	*at = self->next;
	(void)pthread_cond_broadcast(&auth->recorded);
}

static int
add_scopes(struct json_object *metadata, uint64_t scopes)
{
	struct json_object *list = json_object_new_array();
	int rc = list ? 0 : IAG_NOMEM;

	for (size_t i = 0; rc == 0 && i < scope_count; i++) {
		if (scopes & UINT64_C(1) << i)
			rc = json_object_array_add(
			    list, json_object_new_string(scope_table[i].name));
	}
	return json_add(metadata, "scopes", list) | rc;
}

static struct json_object *
describe(const struct visit *visit, const struct grant *grant)
{
	struct json_object *metadata = json_object_new_object();
	char expires[CLOCK_TEXT_SIZE];
	int rc;

	clock_format(grant->expires_ns, expires);
	rc = json_add_str(metadata, "address", visit->peer);
	rc |= json_add_str(metadata, "token_id_hash", grant->token_id);
	rc |= json_add_str(metadata, "expires_at", expires);
	rc |= add_scopes(metadata, grant->scopes);
	if (rc == 0)
		return metadata;
	json_object_put(metadata);
	return NULL;
}

static int
record(const struct visit *visit, const struct grant *grant, struct err *err)
{
	const struct auth_setup *setup = &visit->auth->setup;
	CLEANUP_JSON struct json_object *metadata = describe(visit, grant);
	const struct audit_event event = {
		.event_type = "remote_auth_succeeded",
		.principal = grant->name,
		.principal_kind = grant->is_operator ? "operator" : "agent",
		.decision = "allow",
		.result_status = "authenticated",
		.metadata = metadata,
	};

	if (!metadata)
		return err_no_memory(err);
	return setup->record(setup->arg, &event, err);
}

/* Remember the grant, and the first time record it. */
static int
keep(const struct visit *visit, uint32_t generation, const struct grant *grant,
    struct err *err)
{
	struct auth *auth = visit->auth;
	struct pending self = { .digest = visit->digest };
	struct grant seen CLEANUP(grant_fini) = { .name = NULL };
	int rc = 0;

	enter(auth, &self);
	if (cache_find(auth->cache, visit->digest, generation, clock_real_ns(),
		&seen) == CACHE_NONE)
		rc = record(visit, grant, err);
	if (rc == 0)
		cache_add(auth->cache, visit->digest, generation, grant);
	leave(auth, &self);
	return rc;
}

/* ---- the way of a token */

/* Under the keys of now.  1: others are needed. */
static int
try_keys(const struct visit *visit, const struct jwt *jwt, uint32_t *generation,
    struct grant *ret_grant, struct err *err)
{
	struct jwks *keys = keyring_get(visit->auth->ring, generation);
	int rc = keys ? judge(visit, jwt, keys, ret_grant, err) : 1;

	if (rc == 1)
		(void)err_set(err, ERR_AUTH_TOKEN_INVALID, "%s",
		    keys ? "the token names a key that its issuer does not "
			   "have"
			 : "the issuer's keys cannot be had at the moment");
	if (rc == 1 && !keys)
		err->retryable = true;
	jwks_unref(keys);
	return rc;
}

/* The same; it fetches keys if they are needed. */
static int
find_grant(const struct visit *visit, const struct jwt *jwt,
    uint32_t *generation, struct grant *ret_grant, struct err *err)
{
	int rc = try_keys(visit, jwt, generation, ret_grant, err);

	if (rc != 1)
		return rc;
	switch (keyring_wait(visit->auth->ring, *generation)) {
	case KEYRING_NEW:
		return try_keys(visit, jwt, generation, ret_grant, err);
	case KEYRING_BUSY:
		(void)err_set(err, ERR_AUTH_TOKEN_INVALID,
		    "the issuer's keys are being fetched: try again");
		err->retryable = true;
		return rc;
	default:
		return rc;
	}
}

static void
verify(const struct visit *visit, struct auth_verdict *ret_verdict)
{
	struct err err CLEANUP_ERR = ERR_INIT;
	struct auth *auth = visit->auth;
	struct grant grant CLEANUP(grant_fini) = { .name = NULL };
	struct jwt jwt;
	uint32_t generation = 0;
	int rc = jwt_read(visit->token, visit->len,
	    auth->setup.config->remote_mcp.any_token_type, &jwt, &err);

	if (rc == 0)
		rc = find_grant(visit, &jwt, &generation, &grant, &err);
	if (rc) {
		cache_drop(auth->cache, visit->digest);
		deny_for(visit, err.retryable ? AUTH_UNAVAILABLE : AUTH_REFUSED,
		    &err, ret_verdict);
		return;
	}
	if (keep(visit, generation, &grant, &err) == 0)
		admit(&grant, ret_verdict);
	else
		deny_for(visit, AUTH_UNAVAILABLE, &err, ret_verdict);
}

/* false: there is a token to look at. */
static bool
decide_without(
    struct visit *visit, const char *header, struct auth_verdict *ret_verdict)
{
	enum auth_result result =
	    bearer_find(header, &visit->token, &visit->len);

	if (result == AUTH_GRANTED)
		return false;
	if (result == AUTH_MISSING)
		deny(visit->auth, visit->peer, result, ERR_AUTH_TOKEN_MISSING,
		    "a bearer token is needed", ret_verdict);
	else
		deny(visit->auth, visit->peer, result, ERR_AUTH_TOKEN_INVALID,
		    "the Authorization header is not 'Bearer' and one token",
		    ret_verdict);
	return true;
}

static bool
find_known(struct visit *visit, struct auth_verdict *ret_verdict)
{
	struct auth *auth = visit->auth;
	struct jwks *keys;
	struct grant grant;
	uint32_t generation;

	hash_sha256(visit->token, visit->len, visit->digest);
	keys = keyring_get(auth->ring, &generation);
	jwks_unref(keys);
	if (cache_find(auth->cache, visit->digest, generation, clock_real_ns(),
		&grant) != CACHE_GOOD)
		return false;
	admit(&grant, ret_verdict);
	return true;
}

void
auth_verdict_fini(struct auth_verdict *verdict)
{
	free(verdict->name);
	verdict->name = NULL;
}

/* What is remembered was found by bearer_find(), and is no other text. */
bool
auth_knows(
    struct auth *auth, const char *header, struct auth_verdict *ret_verdict)
{
	struct visit visit = { .auth = auth, .token = bearer_begin(header) };

	if (!visit.token)
		return false;
	visit.len = strlen(visit.token);
	return find_known(&visit, ret_verdict);
}

bool
auth_refuses(struct auth *auth, const char *header, const char *peer,
    struct auth_verdict *ret_verdict)
{
	struct visit visit = { .auth = auth, .peer = peer };

	return decide_without(&visit, header, ret_verdict);
}

void
auth_check(struct auth *auth, const char *header, const char *peer,
    struct auth_verdict *ret_verdict)
{
	struct visit visit = { .auth = auth, .peer = peer };

	if (!decide_without(&visit, header, ret_verdict) &&
	    !find_known(&visit, ret_verdict))
		verify(&visit, ret_verdict);
}

void
auth_refuse_header(
    struct auth *auth, const char *peer, struct auth_verdict *ret_verdict)
{
	deny(auth, peer, AUTH_MALFORMED, ERR_AUTH_TOKEN_INVALID,
	    "there is more than one Authorization header", ret_verdict);
}

bool
auth_holds(struct auth *auth, const struct auth_verdict *verdict)
{
	uint32_t generation;
	struct jwks *keys = keyring_get(auth->ring, &generation);
	bool is_there = keys && jwks_has(keys, verdict->key);

	jwks_unref(keys);
	return is_there && verdict->result == AUTH_GRANTED &&
	       clock_real_ns() < verdict->expires_ns;
}

unsigned
auth_status(const struct auth_verdict *verdict)
{
	static const unsigned statuses[] = {
		[AUTH_GRANTED] = 200,
		[AUTH_MISSING] = 401,
		[AUTH_REFUSED] = 401,
		[AUTH_MALFORMED] = 400,
		[AUTH_UNAVAILABLE] = 503,
	};

	return statuses[verdict->result];
}

bool
auth_is_ready(struct auth *auth)
{
	uint32_t generation;
	struct jwks *keys = keyring_get(auth->ring, &generation);

	jwks_unref(keys);
	return keys != NULL;
}

/* ---- texts */

void
auth_challenge_write(const struct auth *auth,
    const struct auth_verdict *verdict, struct buf *out)
{
	challenge_write(auth->challenge, verdict, out);
}

void
auth_step_up_write(const struct auth *auth, const struct auth_verdict *verdict,
    uint64_t needed, struct buf *out)
{
	challenge_step_up_write(auth->challenge, verdict, needed, out);
}

void
auth_body_write(const struct auth *auth, const struct auth_verdict *verdict,
    uint64_t needed, struct buf *out)
{
	challenge_body_write(auth->challenge, verdict, needed, out);
}

void
auth_metadata_write(const struct auth *auth, struct buf *out)
{
	challenge_metadata_write(auth->challenge, out);
}

const char *
auth_metadata_path(const struct auth *auth)
{
	return challenge_metadata_path(auth->challenge);
}

const char *
auth_resource_path(const struct auth *auth)
{
	return challenge_resource_path(auth->challenge);
}

/* ---- open and close */

static void
set_rules(struct auth *auth)
{
	const struct config *config = auth->setup.config;
	const struct config_list *allowed = &config->remote_mcp.allowed_scopes;

	auth->rules = (struct jwt_rules){
		.issuer = config->remote_mcp.issuer,
		.audiences = &config->remote_mcp.audiences,
		.skew_ns = config->remote_mcp.clock_skew_seconds * NS_PER_S,
	};
	for (size_t i = 0; i < allowed->count; i++)
		auth->allowed |= scope_bit(allowed->items[i]);
}

static int
open_parts(struct auth *auth, struct err *err)
{
	const struct config *config = auth->setup.config;
	int rc = config_remote_secret(config, &auth->id_secret, err);

	if (rc)
		return rc;
	auth->challenge = challenge_new(config);
	auth->cache = cache_new();
	if (!auth->challenge || !auth->cache)
		return err_no_memory(err);
	rc = denials_open(&auth->setup, &auth->denials, err);
	return rc ? rc
		  : keyring_open(config, auth->setup.host, &auth->ring, err);
}

int
auth_open(
    const struct auth_setup *setup, struct auth **ret_auth, struct err *err)
{
	struct auth *auth;
	int rc;

	if (!setup->config->remote_mcp.enabled)
		return err_set(err, ERR_CONFIG_REMOTE_MCP_FORBIDDEN,
		    "remote_mcp.enabled is false");
	auth = calloc(1, sizeof *auth);
	if (!auth)
		return err_no_memory(err);
	auth->setup = *setup;
	(void)pthread_mutex_init(&auth->lock, NULL);
	(void)pthread_cond_init(&auth->recorded, NULL);
	set_rules(auth);
	rc = open_parts(auth, err);
	if (rc)
		auth_close(auth);
	else
		*ret_auth = auth;
	return rc;
}

void
auth_close(struct auth *auth)
{
	if (!auth)
		return;
	keyring_close(auth->ring);
	denials_close(auth->denials);
	cache_free(auth->cache);
	challenge_free(auth->challenge);
	secret_free(auth->id_secret);
	(void)pthread_cond_destroy(&auth->recorded);
	(void)pthread_mutex_destroy(&auth->lock);
	free(auth);
}
