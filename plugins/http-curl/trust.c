/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Verification of the gateway's certificate.  libcurl would read the trust
 * store anew for every connection, which costs more than all the rest of an
 * order; so it verifies nothing here, and we do, with authorities that were
 * read once, before the first byte leaves.
 *
 * Threads: any.  The lock guards the list of authorities and the last
 * certificate that had the pin.
 */

#include "http-curl.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <gnutls/x509.h>

enum { CHAIN_MAX = 16 };

struct trust {
	bool verify;
	bool has_pin;
	uint8_t pin[HTTP_PIN_SIZE];
	char *host;
	const struct http_words *words;
	pthread_mutex_t lock;
	gnutls_x509_trust_list_t authorities; /* NULL: not needed */
	bool has_known;
	uint8_t known[HTTP_PIN_SIZE]; /* SHA-256 of that certificate */
};

static const char *
read_authorities(struct trust *trust, const char *ca_file)
{
	int count;

	if (gnutls_x509_trust_list_init(&trust->authorities, 0) < 0)
		return "out of memory";
	count = ca_file
		    ? gnutls_x509_trust_list_add_trust_file(trust->authorities,
			  ca_file, NULL, GNUTLS_X509_FMT_PEM, 0, 0)
		    : gnutls_x509_trust_list_add_system_trust(
			  trust->authorities, 0, 0);
	if (count > 0)
		return NULL;
	return ca_file ? trust->words->no_ca_file : trust->words->no_system;
}

struct trust *
trust_new(const struct http_setup *setup, const char **ret_text)
{
	struct trust *trust = calloc(1, sizeof *trust);

	*ret_text = "out of memory";
	if (!trust)
		return NULL;
	(void)pthread_mutex_init(&trust->lock, NULL);
	trust->verify = setup->verify;
	trust->has_pin = setup->has_pin;
	trust->words = setup->words;
	memcpy(trust->pin, setup->pin, sizeof trust->pin);
	trust->host = strdup(setup->host);
	if (trust->host)
		*ret_text = trust->verify
				? read_authorities(trust, setup->ca_file)
				: NULL;
	if (!*ret_text)
		return trust;
	trust_free(trust);
	return NULL;
}

void
trust_free(struct trust *trust)
{
	if (!trust)
		return;
	if (trust->authorities)
		gnutls_x509_trust_list_deinit(trust->authorities, 1);
	(void)pthread_mutex_destroy(&trust->lock);
	free(trust->host);
	free(trust);
}

static bool
say(char ret_text[HTTP_TEXT_SIZE], const char *text)
{
	(void)snprintf(ret_text, HTTP_TEXT_SIZE, "%s", text);
	return false;
}

static bool
hash_key(gnutls_x509_crt_t leaf, uint8_t ret_hash[HTTP_PIN_SIZE])
{
	gnutls_datum_t der = { NULL, 0 };
	gnutls_pubkey_t key;
	int r = gnutls_pubkey_init(&key);

	if (r < 0)
		return false;
	r = gnutls_pubkey_import_x509(key, leaf, 0);
	if (r == 0)
		r = gnutls_pubkey_export2(key, GNUTLS_X509_FMT_DER, &der);
	if (r == 0)
		r = gnutls_hash_fast(
		    GNUTLS_DIG_SHA256, der.data, der.size, ret_hash);
	gnutls_free(der.data);
	gnutls_pubkey_deinit(key);
	return r == 0;
}

static bool
check_pin(const struct trust *trust, gnutls_x509_crt_t leaf,
    char ret_text[HTTP_TEXT_SIZE])
{
	uint8_t hash[HTTP_PIN_SIZE];
	int len;

	if (!hash_key(leaf, hash))
		return say(ret_text, "the certificate's key cannot be read");
	if (memcmp(hash, trust->pin, sizeof hash) == 0)
		return true;
	len = snprintf(ret_text, HTTP_TEXT_SIZE, "%s", trust->words->other_pin);
	for (size_t i = 0; i < sizeof hash; i++)
		len += snprintf(ret_text + len, HTTP_TEXT_SIZE - (size_t)len,
		    "%02x", hash[i]);
	return false;
}

static bool
check_chain(struct trust *trust, gnutls_x509_crt_t *chain, unsigned count,
    char ret_text[HTTP_TEXT_SIZE])
{
	gnutls_datum_t words = { NULL, 0 };
	unsigned status = 0;
	int r;

	(void)pthread_mutex_lock(&trust->lock);
	r = gnutls_x509_trust_list_verify_crt(
	    trust->authorities, chain, count, 0, &status, NULL);
	(void)pthread_mutex_unlock(&trust->lock);
	if (r < 0)
		return say(ret_text, gnutls_strerror(r));
	if (status) {
		(void)gnutls_certificate_verification_status_print(
		    status, GNUTLS_CRT_X509, &words, 0);
		(void)say(ret_text, words.data
					? (const char *)words.data
					: "the certificate is not trusted");
		gnutls_free(words.data);
		ret_text[strcspn(ret_text, "\n")] = '\0';
		while (*ret_text && ret_text[strlen(ret_text) - 1] == ' ')
			ret_text[strlen(ret_text) - 1] = '\0';
		return false;
	}
	if (!gnutls_x509_crt_check_hostname(chain[0], trust->host))
		return say(ret_text, trust->words->other_name);
	return true;
}

static bool
check_all(struct trust *trust, gnutls_x509_crt_t *chain, unsigned count,
    char ret_text[HTTP_TEXT_SIZE])
{
	if (trust->has_pin && !check_pin(trust, chain[0], ret_text))
		return false;
	return !trust->verify || check_chain(trust, chain, count, ret_text);
}

static bool
import_one(gnutls_x509_crt_t *ret_crt, const gnutls_datum_t *der)
{
	if (gnutls_x509_crt_init(ret_crt) < 0)
		return false;
	if (gnutls_x509_crt_import(*ret_crt, der, GNUTLS_X509_FMT_DER) == 0)
		return true;
	gnutls_x509_crt_deinit(*ret_crt);
	return false;
}

/*
 * Where the pin is all that counts, a certificate that had it has it: no time
 * and no list decide, and it need not be read again for each order.
 */
static bool
is_known(struct trust *trust, const uint8_t hash[HTTP_PIN_SIZE])
{
	bool known;

	(void)pthread_mutex_lock(&trust->lock);
	known = trust->has_known &&
		memcmp(trust->known, hash, sizeof trust->known) == 0;
	(void)pthread_mutex_unlock(&trust->lock);
	return known;
}

static void
note_known(struct trust *trust, const uint8_t hash[HTTP_PIN_SIZE])
{
	(void)pthread_mutex_lock(&trust->lock);
	memcpy(trust->known, hash, sizeof trust->known);
	trust->has_known = true;
	(void)pthread_mutex_unlock(&trust->lock);
}

static bool
read_and_check(struct trust *trust, const gnutls_datum_t *peers, unsigned count,
    char ret_text[HTTP_TEXT_SIZE])
{
	gnutls_x509_crt_t chain[CHAIN_MAX];
	unsigned made = 0;
	bool good = true;

	for (; good && made < count && made < CHAIN_MAX; made += good)
		good = import_one(&chain[made], &peers[made]);
	good = good ? check_all(trust, chain, made, ret_text)
		    : say(ret_text, "its certificate cannot be read");
	while (made > 0)
		gnutls_x509_crt_deinit(chain[--made]);
	return good;
}

bool
trust_check(struct trust *trust, gnutls_session_t session,
    char ret_text[HTTP_TEXT_SIZE])
{
	const gnutls_datum_t *peers;
	uint8_t hash[HTTP_PIN_SIZE];
	unsigned count = 0;
	bool can_know;

	if (!trust->verify && !trust->has_pin)
		return true;
	peers = session ? gnutls_certificate_get_peers(session, &count) : NULL;
	if (!peers || count == 0)
		return say(ret_text, "it shows no certificate");
	can_know =
	    !trust->verify && gnutls_hash_fast(GNUTLS_DIG_SHA256, peers[0].data,
				  peers[0].size, hash) == 0;
	if (can_know && is_known(trust, hash))
		return true;
	if (!read_and_check(trust, peers, count, ret_text))
		return false;
	if (can_know)
		note_known(trust, hash);
	return true;
}
