/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * What a token costs: its signature by GnuTLS alone, the whole check of a
 * token that is new, and the verdict on one that was seen before; in
 * interleaved rounds, and as ratios of the first.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <gnutls/abstract.h>

#include "../unit/token-kit.h"
#include "auth/auth.h"
#include "auth/base64url.h"
#include "auth/fetch.h"
#include "auth/jwt.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "figure.h"

#define ISSUER "https://id.example.org"
#define RESOURCE "https://mcp.example.org/mcp"

enum { ROUNDS = 9, SLOW = 4000, FAST = 100000 };

static struct buf set, header;
static struct config config;

/* ---- the fetch, in place of the one over HTTPS */

int
fetch_open(const struct config *c, struct host *host, struct fetch **ret_fetch,
    struct err *err)
{
	(void)c;
	(void)host;
	(void)err;
	*ret_fetch = NULL;
	return 0;
}

void
fetch_close(struct fetch *fetch)
{
	(void)fetch;
}

int
fetch_get(struct fetch *fetch, int cancel_fd, char **ret_body, size_t *ret_len,
    struct err *err)
{
	(void)fetch;
	(void)cancel_fd;
	(void)err;
	*ret_body = strdup(buf_text(&set));
	*ret_len = set.len;
	return 0;
}

static int
record(void *arg, const struct audit_event *event, struct err *err)
{
	(void)arg;
	(void)event;
	(void)err;
	return 0;
}

/* ---- measuring */

static void
must(bool fine, const char *what)
{
	if (fine)
		return;
	(void)fprintf(stderr, "bench-auth: %s failed\n", what);
	exit(1);
}

static const char *
token(void)
{
	return buf_text(&header) + strlen("Bearer ");
}

struct bare {
	gnutls_pubkey_t key;
	gnutls_datum_t data;
	gnutls_datum_t signature;
};

static double
bare_per_s(const struct bare *bare)
{
	double begin = now_s();

	for (int i = 0; i < SLOW; i++)
		must(gnutls_pubkey_verify_data2(bare->key,
			 GNUTLS_SIGN_RSA_SHA256, 0, &bare->data,
			 &bare->signature) >= 0,
		    "bare verification");
	return SLOW / (now_s() - begin);
}

static double
whole_per_s(const struct jwks *keys)
{
	const struct jwt_rules rules = { .issuer = ISSUER,
		.audiences = &config.remote_mcp.audiences,
		.skew_ns = 60 * NS_PER_S };
	double begin = now_s();

	for (int i = 0; i < SLOW; i++) {
		struct jwt jwt;
		struct jwt_claims claims;

		must(
		    jwt_read(token(), strlen(token()), false, &jwt, NULL) ==
			    0 &&
			jwt_verify(&jwt, jwks_find(keys, jwt.kid), NULL) == 0 &&
			jwt_read_claims(
			    &jwt, &rules, clock_real_ns(), &claims, NULL) == 0,
		    "the whole check");
	}
	return SLOW / (now_s() - begin);
}

static double
cached_per_s(struct auth *auth)
{
	static struct auth_verdict verdict;
	double begin = now_s();

	for (int i = 0; i < FAST; i++) {
		must(
		    auth_knows(auth, buf_text(&header), &verdict), "the cache");
		auth_verdict_fini(&verdict);
	}
	return FAST / (now_s() - begin);
}

/* ---- what is measured */

static void
make_token(const struct token_key *key)
{
	struct buf text CLEANUP_BUF = BUF_INIT;
	char claims[500];

	(void)snprintf(claims, sizeof claims,
	    "{\"iss\":\"" ISSUER "\",\"aud\":\"" RESOURCE
	    "\",\"sub\":\"alice\",\"client_id\":\"agent\",\"jti\":"
	    "\"8Yw2zQk6oE2m1b0QjZsX\",\"iat\":%llu,\"exp\":%llu,"
	    "\"scope\":\"ibkr:health:read ibkr:accounts:read\"}",
	    (unsigned long long)(clock_real_ns() / NS_PER_S),
	    (unsigned long long)(clock_real_ns() / NS_PER_S + 3600));
	token_sign(&text, key,
	    "{\"alg\":\"RS256\",\"typ\":\"at+jwt\",\"kid\":\"k1\"}", claims);
	buf_printf(&header, "Bearer %s", buf_text(&text));
	token_set(&set, key, "k1", "");
}

/* The numbers of the key in the set, for GnuTLS by itself. */
static void
set_bare(struct bare *bare, const struct token_key *key)
{
	static uint8_t signature[1024];
	struct buf pem CLEANUP_BUF = BUF_INIT;
	const char *dot = strrchr(token(), '.');
	size_t len = 0;
	gnutls_datum_t text;

	token_pem(&pem, key);
	text.data = (unsigned char *)pem.data;
	text.size = (unsigned)pem.len;
	must(gnutls_pubkey_init(&bare->key) == 0 &&
		 gnutls_pubkey_import(bare->key, &text, GNUTLS_X509_FMT_PEM) ==
		     0,
	    "the key");
	must(base64url_decode(
		 dot + 1, strlen(dot + 1), signature, sizeof signature, &len),
	    "the signature");
	bare->data.data = (unsigned char *)(uintptr_t)token();
	bare->data.size = (unsigned)(dot - token());
	bare->signature.data = signature;
	bare->signature.size = (unsigned)len;
}

static struct auth *
open_auth(void)
{
	static char *audiences[] = { (char *)(uintptr_t)RESOURCE };
	const struct auth_setup setup = { .config = &config, .record = record };
	struct err err CLEANUP_ERR = ERR_INIT;
	struct auth_verdict verdict;
	struct auth *auth = NULL;

	must(setenv("IAG_BENCH_SECRET", "0123456789abcdef0123456789abcdef",
		 1) == 0,
	    "setenv");
	config.remote_mcp.enabled = true;
	config.remote_mcp.resource = audiences[0];
	config.remote_mcp.issuer = (char *)(uintptr_t)ISSUER;
	config.remote_mcp.audiences.items = audiences;
	config.remote_mcp.audiences.count = 1;
	config.remote_mcp.clock_skew_seconds = 60;
	config.remote_mcp.token_id_hmac_secret_env =
	    (char *)(uintptr_t) "IAG_BENCH_SECRET";
	must(auth_open(&setup, &auth, &err) == 0, err_text(&err));
	auth_check(auth, buf_text(&header), "127.0.0.1", &verdict);
	must(verdict.result == AUTH_GRANTED, verdict.text);
	auth_verdict_fini(&verdict);
	return auth;
}

int
main(void)
{
	double whole[ROUNDS], cached[ROUNDS], bares[ROUNDS];
	struct token_key *key = token_key_rsa(2048);
	struct jwks *keys = NULL;
	struct bare bare;
	struct auth *auth;

	log_setup(LOG_LEVEL_WARNING, LOG_FORM_TEXT);
	make_token(key);
	set_bare(&bare, key);
	auth = open_auth();
	must(jwks_parse(buf_text(&set), set.len, &keys, NULL) == 0, "set");
	for (int i = 0; i < ROUNDS; i++) {
		bares[i] = bare_per_s(&bare);
		whole[i] = whole_per_s(keys) / bares[i];
		cached[i] = cached_per_s(auth) / bares[i];
	}
	(void)printf("auth: a bare RS256 verification takes %.1f us\n",
	    1e6 / median_of(bares, ROUNDS));
	report_figure("auth: whole check of a new token / bare verification",
	    median_of(whole, ROUNDS), ">=", 0.60);
	report_figure("auth: verdict on a known token / bare verification",
	    median_of(cached, ROUNDS), ">=", 5);
	auth_close(auth);
	jwks_unref(keys);
	gnutls_pubkey_deinit(bare.key);
	token_key_free(key);
	buf_fini(&set);
	buf_fini(&header);
	return 0;
}
