/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Threads: loops get, another refreshes; lock guards the list.  A pair
 * that was replaced stays for as long as a handshake may last.
 */

#include "http/certificate.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"

enum { CHAIN_MAX = 8, KEY_ID_MAX = 64 };
#define PAIR_KEPT_NS (UINT64_C(3600) * NS_PER_S)

/* How a file looked: another one has another look. */
struct look {
	struct timespec changed;
	uint64_t inode;
	off_t size;
};

struct pair {
	struct pair *next; /* an older one */
	gnutls_pcert_st chain[CHAIN_MAX];
	unsigned count;
	gnutls_privkey_t key;
	uint64_t replaced_ns;
};

struct certificate {
	char *chain_path;
	char *key_path;
	struct look looks[2];
	bool is_lost; /* said so already */
	pthread_mutex_t lock;
	struct pair *pairs; /* the first is in use */
};

static void
pair_free(struct pair *pair)
{
	for (unsigned i = 0; i < pair->count; i++)
		gnutls_pcert_deinit(&pair->chain[i]);
	if (pair->key)
		gnutls_privkey_deinit(pair->key);
	free(pair);
}

static int
look_at(
    const char *path, bool is_secret, struct look *ret_look, struct err *err)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return err_set(err, ERR_CONFIG_INVALID, "cannot read '%s': %s",
		    path, strerror(errno));
	if (is_secret && (st.st_mode & S_IRWXO))
		return err_set(err, ERR_CONFIG_INVALID,
		    "'%s' is a private key that everybody may read: chmod o= "
		    "it",
		    path);
	*ret_look = (struct look){
		.changed = st.st_mtim, .inode = st.st_ino, .size = st.st_size
	};
	return 0;
}

static bool
look_is_same(const struct look *a, const struct look *b)
{
	return a->inode == b->inode && a->size == b->size &&
	       a->changed.tv_sec == b->changed.tv_sec &&
	       a->changed.tv_nsec == b->changed.tv_nsec;
}

/* Does the key belong to the first certificate? */
static bool
pair_fits(struct pair *pair)
{
	unsigned char ids[2][KEY_ID_MAX];
	size_t sizes[2] = { KEY_ID_MAX, KEY_ID_MAX };
	gnutls_pubkey_t key = NULL;
	bool fits = gnutls_pubkey_init(&key) == 0 &&
		    gnutls_pubkey_import_privkey(key, pair->key, 0, 0) == 0 &&
		    gnutls_pubkey_get_key_id(key, 0, ids[0], &sizes[0]) == 0 &&
		    gnutls_pubkey_get_key_id(
			pair->chain[0].pubkey, 0, ids[1], &sizes[1]) == 0 &&
		    sizes[0] == sizes[1] &&
		    memcmp(ids[0], ids[1], sizes[0]) == 0;

	if (key)
		gnutls_pubkey_deinit(key);
	return fits;
}

static int
pair_read_chain(struct pair *pair, const char *path, struct err *err)
{
	gnutls_datum_t text = { NULL, 0 };
	unsigned count = CHAIN_MAX;
	int r = gnutls_load_file(path, &text);

	if (r == 0)
		r = gnutls_pcert_list_import_x509_raw(
		    pair->chain, &count, &text, GNUTLS_X509_FMT_PEM, 0);
	if (r == 0)
		pair->count = count;
	gnutls_free(text.data);
	if (r < 0 || count == 0)
		return err_set(err, ERR_CONFIG_INVALID,
		    "cannot use the certificate in '%s': %s", path,
		    gnutls_strerror(r));
	return 0;
}

static int
pair_read_key(struct pair *pair, const char *path, struct err *err)
{
	gnutls_datum_t text = { NULL, 0 };
	int r = gnutls_load_file(path, &text);

	if (r == 0)
		r = gnutls_privkey_init(&pair->key);
	if (r == 0)
		r = gnutls_privkey_import_x509_raw(
		    pair->key, &text, GNUTLS_X509_FMT_PEM, NULL, 0);
	if (text.data)
		gnutls_memset(text.data, 0, text.size);
	gnutls_free(text.data);
	if (r < 0)
		return err_set(err, ERR_CONFIG_INVALID,
		    "cannot use the private key in '%s': %s", path,
		    gnutls_strerror(r));
	return 0;
}

static int
pair_read(const struct certificate *certificate, struct pair **ret_pair,
    struct err *err)
{
	struct pair *pair = calloc(1, sizeof *pair);
	int r = 0;

	if (!pair)
		return err_set(
		    err, ERR_OUT_OF_MEMORY, "no memory for a certificate");
	r = pair_read_chain(pair, certificate->chain_path, err);
	if (r == 0)
		r = pair_read_key(pair, certificate->key_path, err);
	if (r == 0 && !pair_fits(pair))
		r = err_set(err, ERR_CONFIG_INVALID,
		    "the private key in '%s' is not that of the first "
		    "certificate in '%s'",
		    certificate->key_path, certificate->chain_path);
	if (r < 0) {
		pair_free(pair);
		return r;
	}
	*ret_pair = pair;
	return 0;
}

/* Forget pairs that no handshake can use any more; lock is held. */
static void
certificate_prune(struct certificate *certificate, uint64_t now)
{
	struct pair **at = &certificate->pairs->next;

	while (*at) {
		struct pair *old = *at;

		if (now < old->replaced_ns + PAIR_KEPT_NS) {
			at = &old->next;
			continue;
		}
		*at = old->next;
		pair_free(old);
	}
}

static int
certificate_load(struct certificate *certificate, struct err *err)
{
	struct pair *pair = NULL;
	uint64_t now = clock_boot_ns();
	int r = pair_read(certificate, &pair, err);

	if (r < 0)
		return r;
	LOCK_SCOPE(&certificate->lock);
	pair->next = certificate->pairs;
	if (pair->next)
		pair->next->replaced_ns = now;
	certificate->pairs = pair;
	certificate_prune(certificate, now);
	return 0;
}

static int
certificate_look(const struct certificate *certificate, struct look looks[2],
    struct err *err)
{
	int r = look_at(certificate->chain_path, false, &looks[0], err);

	return r < 0 ? r : look_at(certificate->key_path, true, &looks[1], err);
}

int
certificate_open(const char *chain_path, const char *key_path,
    struct certificate **ret_certificate, struct err *err)
{
	struct certificate *certificate = calloc(1, sizeof *certificate);
	int r = 0;

	if (!certificate)
		return err_set(
		    err, ERR_OUT_OF_MEMORY, "no memory for a certificate");
	(void)pthread_mutex_init(&certificate->lock, NULL);
	certificate->chain_path = strdup(chain_path);
	certificate->key_path = strdup(key_path);
	if (!certificate->chain_path || !certificate->key_path)
		r = err_set(
		    err, ERR_OUT_OF_MEMORY, "no memory for a certificate");
	if (r == 0)
		r = certificate_look(certificate, certificate->looks, err);
	if (r == 0)
		r = certificate_load(certificate, err);
	if (r < 0) {
		certificate_close(certificate);
		return r;
	}
	*ret_certificate = certificate;
	return 0;
}

void
certificate_close(struct certificate *certificate)
{
	if (!certificate)
		return;
	while (certificate->pairs) {
		struct pair *pair = certificate->pairs;

		certificate->pairs = pair->next;
		pair_free(pair);
	}
	(void)pthread_mutex_destroy(&certificate->lock);
	free(certificate->chain_path);
	free(certificate->key_path);
	free(certificate);
}

void
certificate_refresh(struct certificate *certificate)
{
	CLEANUP_ERR struct err err = ERR_INIT;
	struct look looks[2];
	int r = certificate_look(certificate, looks, &err);
	bool is_read = r == 0;

	if (is_read && look_is_same(&looks[0], &certificate->looks[0]) &&
	    look_is_same(&looks[1], &certificate->looks[1]))
		return;
	if (is_read) {
		/* a pair that is half written has another look later */
		memcpy(certificate->looks, looks, sizeof looks);
		r = certificate_load(certificate, &err);
	}
	if (r == 0)
		log_info("http", "the certificate was read again");
	else if (!certificate->is_lost)
		log_warning("http", "the old certificate stays in use: %s",
		    err_text(&err));
	certificate->is_lost = !is_read;
}

void
certificate_get(struct certificate *certificate, gnutls_pcert_st **ret_chain,
    unsigned *ret_count, gnutls_privkey_t *ret_key)
{
	LOCK_SCOPE(&certificate->lock);

	*ret_chain = certificate->pairs->chain;
	*ret_count = certificate->pairs->count;
	*ret_key = certificate->pairs->key;
}
