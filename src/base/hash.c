/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Digests over GnuTLS.  Handles are kept and reused: at the size of an audit
 * record that is a quarter faster than one call with the key each time.
 */

#include "base/hash.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>

#include "base/hex.h"

/* A handle; GnuTLS owns the state behind it. */
struct hash {
	gnutls_hash_hd_t handle;
};

struct hmac {
	gnutls_hmac_hd_t handle;
};

/*
 * SHA-256 can only fail in a library that is switched off (a failed FIPS
 * self-test) or without memory; a digest that is not one must never leave.
 */
static void
must(int rc)
{
	if (rc < 0)
		abort();
}

struct hash *
hash_new(void)
{
	struct hash *hash = malloc(sizeof *hash);

	if (hash && gnutls_hash_init(&hash->handle, GNUTLS_DIG_SHA256) < 0) {
		free(hash);
		return NULL;
	}
	return hash;
}

void
hash_free(struct hash *hash)
{
	if (!hash)
		return;
	gnutls_hash_deinit(hash->handle, NULL);
	free(hash);
}

void
hash_add(struct hash *hash, const void *data, size_t len)
{
	if (len)
		must(gnutls_hash(hash->handle, data, len));
}

void
hash_end(struct hash *hash, uint8_t ret_digest[HASH_SIZE])
{
	gnutls_hash_output(hash->handle, ret_digest);
}

void
hash_sha256(const void *data, size_t len, uint8_t ret_digest[HASH_SIZE])
{
	must(gnutls_hash_fast(
	    GNUTLS_DIG_SHA256, len ? data : "", len, ret_digest));
}

struct hmac *
hmac_new(const void *key, size_t key_len)
{
	struct hmac *hmac = malloc(sizeof *hmac);

	if (hmac && gnutls_hmac_init(&hmac->handle, GNUTLS_MAC_SHA256,
			key_len ? key : "", key_len) < 0) {
		free(hmac);
		return NULL;
	}
	return hmac;
}

void
hmac_free(struct hmac *hmac)
{
	if (!hmac)
		return;
	gnutls_hmac_deinit(hmac->handle, NULL);
	free(hmac);
}

void
hmac_add(struct hmac *hmac, const void *data, size_t len)
{
	if (len)
		must(gnutls_hmac(hmac->handle, data, len));
}

void
hmac_end(struct hmac *hmac, uint8_t ret_mac[HASH_SIZE])
{
	gnutls_hmac_output(hmac->handle, ret_mac);
}

void
hmac_sha256(const void *key, size_t key_len, const void *data, size_t len,
    uint8_t ret_mac[HASH_SIZE])
{
	must(gnutls_hmac_fast(GNUTLS_MAC_SHA256, key_len ? key : "", key_len,
	    len ? data : "", len, ret_mac));
}

void
hmac_hex(const uint8_t key[HASH_SIZE], const void *data, size_t len,
    char ret_hex[HASH_HEX_SIZE])
{
	uint8_t mac[HASH_SIZE];

	hmac_sha256(key, HASH_SIZE, data, len, mac);
	hash_hex(mac, ret_hex);
}

int
hash_derive(const void *secret, size_t secret_len, const char *label,
    uint8_t ret_key[HASH_SIZE], struct err *err)
{
	gnutls_datum_t key = { (void *)(uintptr_t)secret,
		(unsigned)secret_len };
	gnutls_datum_t none = { NULL, 0 };
	gnutls_datum_t info = { (void *)(uintptr_t)label,
		(unsigned)strlen(label) };
	uint8_t prk[HASH_SIZE];
	uint8_t out[HASH_SIZE];
	int rc;

	rc = gnutls_hkdf_extract(GNUTLS_MAC_SHA256, &key, &none, prk);
	if (rc >= 0) {
		gnutls_datum_t step = { prk, sizeof prk };

		rc = gnutls_hkdf_expand(
		    GNUTLS_MAC_SHA256, &step, &info, out, sizeof out);
	}
	if (rc >= 0)
		memcpy(ret_key, out, sizeof out);
	explicit_bzero(prk, sizeof prk);
	explicit_bzero(out, sizeof out);
	if (rc < 0)
		return err_set(err, ERR_INTERNAL_ERROR,
		    "cannot derive the key '%s': %s", label,
		    gnutls_strerror(rc));
	return 0;
}

bool
hash_equal(const uint8_t a[HASH_SIZE], const uint8_t b[HASH_SIZE])
{
	return gnutls_memcmp(a, b, HASH_SIZE) == 0;
}

void
hash_hex(const uint8_t digest[HASH_SIZE], char ret_hex[HASH_HEX_SIZE])
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < HASH_SIZE; i++) {
		ret_hex[i * 2] = digits[digest[i] >> 4];
		ret_hex[i * 2 + 1] = digits[digest[i] & 15];
	}
	ret_hex[HASH_HEX_SIZE - 1] = '\0';
}

bool
hash_parse_hex(const char *hex, uint8_t ret_digest[HASH_SIZE])
{
	return hex_parse(hex, ret_digest, HASH_SIZE);
}

void
hash_random(void *data, size_t len)
{
	unsigned char *to = data;

	while (len > 0) {
		ssize_t got = getrandom(to, len, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			abort();
		to += got;
		len -= (size_t)got;
	}
}
