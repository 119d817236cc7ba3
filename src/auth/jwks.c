/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Key sets.  An entry that is not for us is left out without a word, since
 * issuers keep other keys in the same place; one that could be for us and is
 * not sound is left out too, and the reason of the last one is told when no
 * key remains.
 *
 * Threads: any; a set does not change.  GnuTLS verifies with one public key
 * on many threads at once, since it only reads it.
 */

#include "auth/jwks.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <gnutls/abstract.h>

#include "auth/base64url.h"
#include "base/cleanup.h"
#include "base/json.h"

enum {
	MODULUS_MIN = 2048 / 8,
	MODULUS_MAX = 8192 / 8,
	EXPONENT_MAX = 4,
	/* what base64url of a modulus with a zero before it may need */
	NUMBER_ROOM = MODULUS_MAX + 1
};

struct jwk {
	char kid[JWKS_KID_MAX + 1];
	bool has_kid;
	gnutls_pubkey_t key;
	size_t signature_len;      /* that of the modulus */
	uint8_t digest[HASH_SIZE]; /* over name and numbers */
};

struct jwks {
	atomic_uint refs;
	uint8_t digest[HASH_SIZE];
	size_t count;
	struct jwk keys[JWKS_KEYS_MAX];
};

static const struct json_bounds set_bounds = {
	.bytes = JWKS_TEXT_MAX,
	.depth = 8,
	.values = 4096,
	.wide_integers = true,
};

/* ---- one entry */

struct number {
	uint8_t room[NUMBER_ROOM];
	const uint8_t *data; /* without zeros before it */
	size_t len;
};

static bool
read_number(struct json_object *entry, const char *name, struct number *number)
{
	struct json_object *value = json_get(entry, name);
	size_t len = 0;

	if (!json_object_is_type(value, json_type_string) ||
	    !base64url_decode(json_object_get_string(value),
		(size_t)json_object_get_string_len(value), number->room,
		sizeof number->room, &len))
		return false;
	number->data = number->room;
	while (len > 0 && !*number->data) {
		number->data++;
		len--;
	}
	number->len = len;
	return len > 0;
}

static bool
is_text(struct json_object *entry, const char *name, const char *text)
{
	struct json_object *value = json_get(entry, name);

	return json_object_is_type(value, json_type_string) &&
	       strcmp(json_object_get_string(value), text) == 0;
}

/* A member that may be missing, but says this if it is there. */
static bool
may_be(struct json_object *entry, const char *name, const char *text)
{
	return !json_object_object_get_ex(entry, name, NULL) ||
	       is_text(entry, name, text);
}

static bool
may_verify(struct json_object *entry)
{
	struct json_object *list = NULL;

	if (!json_object_object_get_ex(entry, "key_ops", &list))
		return true;
	if (!json_object_is_type(list, json_type_array))
		return false;
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		struct json_object *item = json_object_array_get_idx(list, i);

		if (json_object_is_type(item, json_type_string) &&
		    strcmp(json_object_get_string(item), "verify") == 0)
			return true;
	}
	return false;
}

/* Is the entry meant for us at all? */
static bool
is_ours(struct json_object *entry)
{
	return is_text(entry, "kty", "RSA") && may_be(entry, "use", "sig") &&
	       may_be(entry, "alg", "RS256") && may_verify(entry);
}

static unsigned
top_bits(uint8_t byte)
{
	unsigned bits = 0;

	for (; byte; byte >>= 1)
		bits++;
	return bits;
}

/* NULL: fine. */
static const char *
judge_numbers(const struct number *n, const struct number *e)
{
	size_t bits = n->len * 8 - 8 + top_bits(n->data[0]);

	if (bits < MODULUS_MIN * 8)
		return "an RSA key has fewer than 2048 bits";
	if (bits > MODULUS_MAX * 8)
		return "an RSA key has more than 8192 bits";
	if (!(n->data[n->len - 1] & 1))
		return "an RSA modulus is even";
	if (e->len > EXPONENT_MAX || !(e->data[e->len - 1] & 1) ||
	    (e->len == 1 && e->data[0] < 3))
		return "an RSA exponent is not an odd number from 3 to 2^32";
	return NULL;
}

static gnutls_pubkey_t
import(const struct number *n, const struct number *e)
{
	gnutls_datum_t modulus = { (uint8_t *)(uintptr_t)n->data,
		(unsigned)n->len };
	gnutls_datum_t exponent = { (uint8_t *)(uintptr_t)e->data,
		(unsigned)e->len };
	gnutls_pubkey_t key = NULL;

	if (gnutls_pubkey_init(&key) < 0)
		return NULL;
	if (gnutls_pubkey_import_rsa_raw(key, &modulus, &exponent) == 0)
		return key;
	gnutls_pubkey_deinit(key);
	return NULL;
}

static const char *
read_kid(struct json_object *entry, struct jwk *jwk)
{
	struct json_object *kid = NULL;
	size_t len;

	if (!json_object_object_get_ex(entry, "kid", &kid))
		return NULL;
	if (!json_object_is_type(kid, json_type_string))
		return "a key's kid is not a string";
	len = (size_t)json_object_get_string_len(kid);
	if (len == 0 || len > JWKS_KID_MAX)
		return "a key's kid is empty or longer than 256 bytes";
	memcpy(jwk->kid, json_object_get_string(kid), len);
	jwk->kid[len] = '\0';
	jwk->has_kid = true;
	return NULL;
}

static bool
set_digest(struct jwk *jwk, const struct number *n, const struct number *e)
{
	struct hash *hash = hash_new();
	const uint32_t lens[] = { (uint32_t)jwk->has_kid,
		(uint32_t)strlen(jwk->kid), (uint32_t)n->len,
		(uint32_t)e->len };

	if (!hash)
		return false;
	hash_add(hash, lens, sizeof lens);
	hash_add(hash, jwk->kid, strlen(jwk->kid));
	hash_add(hash, n->data, n->len);
	hash_add(hash, e->data, e->len);
	hash_end(hash, jwk->digest);
	hash_free(hash);
	return true;
}

/* NULL: the set has one key more. */
static const char *
add_entry(struct jwks *jwks, struct json_object *entry, struct hash *hash)
{
	struct jwk *jwk = &jwks->keys[jwks->count];
	struct number n, e;
	const char *fault;

	memset(jwk, 0, sizeof *jwk);
	if (!is_ours(entry))
		return "no key is an RSA key for RS256 signatures";
	if (json_object_object_get_ex(entry, "d", NULL))
		return "a key is a private one";
	if (!read_number(entry, "n", &n) || !read_number(entry, "e", &e))
		return "a number of an RSA key is missing, too long or not "
		       "base64url";
	fault = judge_numbers(&n, &e);
	if (!fault)
		fault = read_kid(entry, jwk);
	if (fault)
		return fault;
	if (!set_digest(jwk, &n, &e) || !(jwk->key = import(&n, &e)))
		return "an RSA key cannot be used";
	jwk->signature_len = n.len;
	hash_add(hash, jwk->digest, sizeof jwk->digest);
	jwks->count++;
	return NULL;
}

/* ---- the set */

/* How many entries, of any kind, have this name? */
static unsigned
count_kid(struct json_object *list, const char *kid)
{
	unsigned count = 0;

	for (size_t i = 0; i < json_object_array_length(list); i++)
		count +=
		    is_text(json_object_array_get_idx(list, i), "kid", kid);
	return count;
}

static bool
is_doubled(struct json_object *list, struct json_object *entry)
{
	struct json_object *kid = json_get(entry, "kid");

	return json_object_is_type(kid, json_type_string) &&
	       count_kid(list, json_object_get_string(kid)) > 1;
}

static int
fill(struct jwks *jwks, struct json_object *list, struct err *err)
{
	struct hash *hash = hash_new();
	const char *why = "it is empty";

	if (!hash)
		return err_no_memory(err);
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		struct json_object *entry = json_object_array_get_idx(list, i);
		const char *fault = "an entry is not an object";

		if (json_object_is_type(entry, json_type_object))
			fault = is_doubled(list, entry)
				    ? "two keys have the same kid"
				    : add_entry(jwks, entry, hash);
		why = fault ? fault : why;
	}
	hash_end(hash, jwks->digest);
	hash_free(hash);
	if (jwks->count > 0)
		return 0;
	return err_set(err, ERR_AUTH_TOKEN_INVALID,
	    "no key of the set can be used: %s", why);
}

int
jwks_parse(
    const char *text, size_t len, struct jwks **ret_jwks, struct err *err)
{
	CLEANUP_JSON struct json_object *root = NULL;
	struct json_object *list;
	struct jwks *jwks;
	int rc;

	if (json_parse(text, len, &set_bounds, &root, err)) {
		struct err why CLEANUP_ERR = ERR_INIT;

		err_move(&why, err);
		return err_set(err, ERR_AUTH_TOKEN_INVALID,
		    "the key set is not sound JSON: %s", err_text(&why));
	}
	list = json_object_is_type(root, json_type_object)
		   ? json_get(root, "keys")
		   : NULL;
	if (!json_object_is_type(list, json_type_array) ||
	    json_object_array_length(list) > JWKS_KEYS_MAX)
		return err_set(err, ERR_AUTH_TOKEN_INVALID,
		    "the key set is not an object with an array 'keys' of at "
		    "most %d",
		    JWKS_KEYS_MAX);
	jwks = calloc(1, sizeof *jwks);
	if (!jwks)
		return err_no_memory(err);
	atomic_init(&jwks->refs, 1);
	rc = fill(jwks, list, err);
	if (rc == 0)
		*ret_jwks = jwks;
	else
		jwks_unref(jwks);
	return rc;
}

struct jwks *
jwks_ref(struct jwks *jwks)
{
	if (jwks)
		(void)atomic_fetch_add(&jwks->refs, 1);
	return jwks;
}

void
jwks_unref(struct jwks *jwks)
{
	if (!jwks || atomic_fetch_sub(&jwks->refs, 1) > 1)
		return;
	for (size_t i = 0; i < jwks->count; i++)
		gnutls_pubkey_deinit(jwks->keys[i].key);
	free(jwks);
}

size_t
jwks_count(const struct jwks *jwks)
{
	return jwks->count;
}

const uint8_t *
jwks_digest(const struct jwks *jwks)
{
	return jwks->digest;
}

bool
jwks_has(const struct jwks *jwks, const uint8_t digest[HASH_SIZE])
{
	for (size_t i = 0; i < jwks->count; i++) {
		if (hash_equal(jwks->keys[i].digest, digest))
			return true;
	}
	return false;
}

const uint8_t *
jwk_digest(const struct jwk *jwk)
{
	return jwk->digest;
}

const struct jwk *
jwks_find(const struct jwks *jwks, const char *kid)
{
	if (!kid)
		return jwks->count == 1 ? &jwks->keys[0] : NULL;
	for (size_t i = 0; i < jwks->count; i++) {
		const struct jwk *jwk = &jwks->keys[i];

		if (jwk->has_kid && strcmp(jwk->kid, kid) == 0)
			return jwk;
	}
	return NULL;
}

bool
jwk_verify(const struct jwk *jwk, const void *data, size_t len,
    const uint8_t *signature, size_t signature_len)
{
	const gnutls_datum_t text = { (uint8_t *)(uintptr_t)data,
		(unsigned)len };
	const gnutls_datum_t mark = { (uint8_t *)(uintptr_t)signature,
		(unsigned)signature_len };

	return signature_len == jwk->signature_len &&
	       gnutls_pubkey_verify_data2(
		   jwk->key, GNUTLS_SIGN_RSA_SHA256, 0, &text, &mark) >= 0;
}
