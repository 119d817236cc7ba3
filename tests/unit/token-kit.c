/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

#include "token-kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <gnutls/abstract.h>

#include "base/hash.h"

struct token_key {
	gnutls_privkey_t key;
	gnutls_pubkey_t public;
	bool is_rsa;
};

static struct token_key *
make(gnutls_pk_algorithm_t algorithm, unsigned bits)
{
	struct token_key *key = calloc(1, sizeof *key);

	assert_non_null(key);
	key->is_rsa = algorithm == GNUTLS_PK_RSA;
	assert_int_equal(0, gnutls_privkey_init(&key->key));
	assert_int_equal(
	    0, gnutls_privkey_generate(key->key, algorithm, bits, 0));
	assert_int_equal(0, gnutls_pubkey_init(&key->public));
	assert_int_equal(
	    0, gnutls_pubkey_import_privkey(key->public, key->key, 0, 0));
	return key;
}

struct token_key *
token_key_rsa(unsigned bits)
{
	return make(GNUTLS_PK_RSA, bits);
}

struct token_key *
token_key_ec(void)
{
	return make(
	    GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1));
}

void
token_key_free(struct token_key *key)
{
	if (!key)
		return;
	gnutls_pubkey_deinit(key->public);
	gnutls_privkey_deinit(key->key);
	free(key);
}

static void
add_number(struct buf *out, const char *before, const gnutls_datum_t *number)
{
	buf_str(out, before);
	token_base64url(out, number->data, number->size);
	buf_char(out, '"');
}

static void
add_ec(struct buf *out, const struct token_key *key)
{
	gnutls_datum_t x, y;

	assert_int_equal(
	    0, gnutls_pubkey_export_ecc_raw(key->public, NULL, &x, &y));
	add_number(out, "\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"", &x);
	add_number(out, ",\"y\":\"", &y);
	gnutls_free(x.data);
	gnutls_free(y.data);
}

void
token_jwk_members(struct buf *out, const struct token_key *key)
{
	gnutls_datum_t n, e;

	if (!key->is_rsa) {
		add_ec(out, key);
		return;
	}
	assert_int_equal(0, gnutls_pubkey_export_rsa_raw(key->public, &n, &e));
	add_number(out, "\"kty\":\"RSA\",\"n\":\"", &n);
	add_number(out, ",\"e\":\"", &e);
	gnutls_free(n.data);
	gnutls_free(e.data);
}

void
token_jwk(struct buf *out, const struct token_key *key, const char *kid,
    const char *more)
{
	buf_char(out, '{');
	if (kid)
		buf_printf(out, "\"kid\":\"%s\",", kid);
	token_jwk_members(out, key);
	buf_printf(out, "%s}", more);
}

void
token_set(struct buf *out, const struct token_key *key, const char *kid,
    const char *more)
{
	buf_str(out, "{\"keys\":[");
	token_jwk(out, key, kid, more);
	buf_str(out, "]}");
}

void
token_pem(struct buf *out, const struct token_key *key)
{
	gnutls_datum_t pem;

	assert_int_equal(
	    0, gnutls_pubkey_export2(key->public, GNUTLS_X509_FMT_PEM, &pem));
	buf_add(out, pem.data, pem.size);
	gnutls_free(pem.data);
}

static void
add_signed_part(struct buf *out, const char *header, const char *claims)
{
	token_base64url(out, header, strlen(header));
	buf_char(out, '.');
	token_base64url(out, claims, strlen(claims));
}

void
token_raw(struct buf *out, const char *header, const char *claims,
    const void *signature, size_t len)
{
	add_signed_part(out, header, claims);
	buf_char(out, '.');
	token_base64url(out, signature, len);
}

void
token_sign(struct buf *out, const struct token_key *key, const char *header,
    const char *claims)
{
	struct buf part = BUF_INIT;
	gnutls_datum_t data, signature;

	add_signed_part(&part, header, claims);
	data.data = (unsigned char *)part.data;
	data.size = (unsigned)part.len;
	assert_int_equal(0, gnutls_privkey_sign_data(key->key,
				GNUTLS_DIG_SHA256, 0, &data, &signature));
	buf_add(out, part.data, part.len);
	buf_char(out, '.');
	token_base64url(out, signature.data, signature.size);
	gnutls_free(signature.data);
	buf_fini(&part);
}

void
token_hmac(struct buf *out, const void *secret, size_t len, const char *header,
    const char *claims)
{
	struct buf part = BUF_INIT;
	uint8_t mac[HASH_SIZE];

	add_signed_part(&part, header, claims);
	hmac_sha256(secret, len, part.data, part.len, mac);
	buf_add(out, part.data, part.len);
	buf_char(out, '.');
	token_base64url(out, mac, sizeof mac);
	buf_fini(&part);
}
