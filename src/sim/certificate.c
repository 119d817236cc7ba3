/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* Certificates: see certificate.h. */

#include "sim/certificate.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <gnutls/x509.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/hash.h"

#define YEAR_S (365 * 86400)
#define EXPIRED_S 1557532800 /* 2019-05-11, as at the real gateway */
#define FILE_MAX 65536

static void
key_fini(gnutls_x509_privkey_t *key)
{
	if (*key)
		gnutls_x509_privkey_deinit(*key);
}

static void
crt_fini(gnutls_x509_crt_t *crt)
{
	if (*crt)
		gnutls_x509_crt_deinit(*crt);
}

static void
datum_fini(gnutls_datum_t *datum)
{
	gnutls_free(datum->data);
}

static int
fail(struct err *err, const char *what, int rc)
{
	return err_set(
	    err, ERR_INTERNAL_ERROR, "%s: %s", what, gnutls_strerror(rc));
}

void
certificate_fini(struct certificate *certificate)
{
	free(certificate->certificate);
	free(certificate->key);
	certificate->certificate = certificate->key = NULL;
}

static int
fill_in(
    gnutls_x509_crt_t crt, gnutls_x509_privkey_t key, time_t from, time_t until)
{
	static const unsigned char local[] = { 127, 0, 0, 1 };
	unsigned char serial[8];
	int rc;

	hash_random(serial, sizeof serial);
	serial[0] &= 0x7f;
	if ((rc = gnutls_x509_crt_set_version(crt, 3)) < 0 ||
	    (rc = gnutls_x509_crt_set_serial(crt, serial, sizeof serial)) < 0 ||
	    (rc = gnutls_x509_crt_set_activation_time(crt, from)) < 0 ||
	    (rc = gnutls_x509_crt_set_expiration_time(crt, until)) < 0 ||
	    (rc = gnutls_x509_crt_set_dn(crt,
		 "CN=Client Portal Web API,O=Simulated Brokers", NULL)) < 0 ||
	    (rc = gnutls_x509_crt_set_basic_constraints(crt, 1, -1)) < 0 ||
	    (rc = gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_DNSNAME,
		 "localhost", 9, GNUTLS_FSAN_SET)) < 0 ||
	    (rc = gnutls_x509_crt_set_subject_alt_name(crt,
		 GNUTLS_SAN_IPADDRESS, local, sizeof local,
		 GNUTLS_FSAN_APPEND)) < 0 ||
	    (rc = gnutls_x509_crt_set_key(crt, key)) < 0)
		return rc;
	return gnutls_x509_crt_sign2(crt, crt, key, GNUTLS_DIG_SHA256, 0);
}

/* A NUL-terminated copy of what GnuTLS has written. */
static char *
text_of(const gnutls_datum_t *datum)
{
	return strndup((const char *)datum->data, datum->size);
}

int
certificate_make(struct certificate *certificate, bool expired, struct err *err)
{
	gnutls_x509_privkey_t key CLEANUP(key_fini) = NULL;
	gnutls_x509_crt_t crt CLEANUP(crt_fini) = NULL;
	gnutls_datum_t crt_pem CLEANUP(datum_fini) = { NULL, 0 };
	gnutls_datum_t key_pem CLEANUP(datum_fini) = { NULL, 0 };
	time_t now = (time_t)(clock_real_ns() / NS_PER_S);
	time_t until = expired ? (time_t)EXPIRED_S : now + YEAR_S;
	int rc;

	if ((rc = gnutls_x509_privkey_init(&key)) < 0 ||
	    (rc = gnutls_x509_crt_init(&crt)) < 0 ||
	    (rc = gnutls_x509_privkey_generate(key, GNUTLS_PK_ECDSA,
		 GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0)) < 0 ||
	    (rc = fill_in(crt, key, expired ? until - YEAR_S : now - 86400,
		 until)) < 0 ||
	    (rc = gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_PEM, &crt_pem)) <
		0 ||
	    (rc = gnutls_x509_privkey_export2(
		 key, GNUTLS_X509_FMT_PEM, &key_pem)) < 0)
		return fail(err, "cannot make a certificate", rc);
	certificate_fini(certificate);
	certificate->certificate = text_of(&crt_pem);
	certificate->key = text_of(&key_pem);
	if (!certificate->certificate || !certificate->key)
		return err_no_memory(err);
	return 0;
}

static int
read_file(const char *path, char **ret_text, struct err *err)
{
	int fd CLEANUP_CLOSE = open(path, O_RDONLY | O_CLOEXEC);
	char *text CLEANUP_FREE = malloc(FILE_MAX);
	size_t len = 0;
	ssize_t got = 1;

	if (!text)
		return err_no_memory(err);
	while (fd >= 0 && got > 0 && len < FILE_MAX - 1) {
		got = read(fd, text + len, FILE_MAX - 1 - len);
		len += got > 0 ? (size_t)got : 0;
	}
	if (fd < 0 || got < 0)
		return err_set(err, ERR_INPUT_INVALID, "cannot read '%s': %s",
		    path, strerror(errno));
	text[len] = '\0';
	*ret_text = STEAL(text);
	return 0;
}

int
certificate_read(
    struct certificate *certificate, const char *path, struct err *err)
{
	char *text CLEANUP_FREE = NULL;

	if (read_file(path, &text, err))
		return err_class(err);
	if (!strstr(text, "BEGIN CERTIFICATE") || !strstr(text, "PRIVATE KEY"))
		return err_set(err, ERR_INPUT_INVALID,
		    "'%s': expected a certificate and its key in PEM form",
		    path);
	certificate_fini(certificate);
	certificate->key = strdup(text);
	certificate->certificate = STEAL(text);
	if (!certificate->key)
		return err_no_memory(err);
	return 0;
}

static int
write_pin(gnutls_x509_crt_t crt, char *pin, size_t size)
{
	gnutls_datum_t spki CLEANUP(datum_fini) = { NULL, 0 };
	gnutls_datum_t text CLEANUP(datum_fini) = { NULL, 0 };
	unsigned char digest[HASH_SIZE];
	gnutls_datum_t sum = { digest, sizeof digest };
	gnutls_pubkey_t pubkey;
	int rc = gnutls_pubkey_init(&pubkey);

	if (rc < 0)
		return rc;
	if ((rc = gnutls_pubkey_import_x509(pubkey, crt, 0)) >= 0)
		rc = gnutls_pubkey_export2(pubkey, GNUTLS_X509_FMT_DER, &spki);
	gnutls_pubkey_deinit(pubkey);
	if (rc < 0)
		return rc;
	hash_sha256(spki.data, spki.size, digest);
	rc = gnutls_base64_encode2(&sum, &text);
	if (rc >= 0)
		(void)snprintf(
		    pin, size, "sha256//%.*s", (int)text.size, text.data);
	return rc;
}

int
certificate_sums(const struct certificate *certificate,
    struct certificate_sums *sums, struct err *err)
{
	gnutls_x509_crt_t crt CLEANUP(crt_fini) = NULL;
	gnutls_datum_t pem = { (unsigned char *)certificate->certificate,
		(unsigned)strlen(certificate->certificate) };
	uint8_t digest[HASH_SIZE];
	size_t size = sizeof digest;
	int rc;

	if ((rc = gnutls_x509_crt_init(&crt)) < 0 ||
	    (rc = gnutls_x509_crt_import(crt, &pem, GNUTLS_X509_FMT_PEM)) < 0 ||
	    (rc = gnutls_x509_crt_get_fingerprint(
		 crt, GNUTLS_DIG_SHA256, digest, &size)) < 0 ||
	    (rc = write_pin(crt, sums->pin, sizeof sums->pin)) < 0)
		return fail(err, "cannot read the certificate", rc);
	hash_hex(digest, sums->sha256);
	return 0;
}
