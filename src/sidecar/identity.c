/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

#include "sidecar/identity.h"

#include <gnutls/abstract.h>
#include <gnutls/x509.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/secret.h"

#define FILE_NAME "sidecar.key"

enum { KEY_SIZE = 32, SPKI_SIZE = 44 };

/* SubjectPublicKeyInfo of Ed25519 up to the key itself (RFC 8410). */
static const uint8_t spki_head[SPKI_SIZE - KEY_SIZE] = { 0x30, 0x2a, 0x30, 0x05,
	0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00 };

struct identity {
	gnutls_x509_privkey_t x509;
	gnutls_privkey_t key;
	char public[HASH_HEX_SIZE];
};

void
identity_free(struct identity *identity)
{
	if (!identity)
		return;
	if (identity->key)
		gnutls_privkey_deinit(identity->key);
	if (identity->x509)
		gnutls_x509_privkey_deinit(identity->x509);
	free(identity);
}

const char *
identity_public(const struct identity *identity)
{
	return identity->public;
}

static int
crypto_failed(const char *what, int rc, struct err *err)
{
	return err_set(
	    err, ERR_INTERNAL_ERROR, "%s: %s", what, gnutls_strerror(rc));
}

static void
spki_of(const uint8_t key[KEY_SIZE], uint8_t spki[SPKI_SIZE])
{
	memcpy(spki, spki_head, sizeof spki_head);
	memcpy(spki + sizeof spki_head, key, KEY_SIZE);
}

static int
public_import(const char *text, gnutls_pubkey_t *ret_key)
{
	uint8_t key[KEY_SIZE], spki[SPKI_SIZE];
	gnutls_datum_t der = { spki, SPKI_SIZE };
	int rc;

	if (!text || !hash_parse_hex(text, key))
		return GNUTLS_E_PARSING_ERROR;
	spki_of(key, spki);
	rc = gnutls_pubkey_init(ret_key);
	if (rc < 0)
		return rc;
	rc = gnutls_pubkey_import(*ret_key, &der, GNUTLS_X509_FMT_DER);
	if (rc < 0)
		gnutls_pubkey_deinit(*ret_key);
	return rc;
}

bool
identity_is_public(const char *text)
{
	gnutls_pubkey_t key;

	if (public_import(text, &key) < 0)
		return false;
	gnutls_pubkey_deinit(key);
	return true;
}

/* The private half is there; derive the rest. */
static int
identity_finish(struct identity *identity, struct err *err)
{
	gnutls_datum_t x = { NULL, 0 };
	gnutls_ecc_curve_t curve = GNUTLS_ECC_CURVE_INVALID;
	gnutls_pubkey_t public = NULL;
	int rc = gnutls_privkey_init(&identity->key);

	if (rc == 0)
		rc = gnutls_privkey_import_x509(
		    identity->key, identity->x509, 0);
	if (rc == 0)
		rc = gnutls_pubkey_init(&public);
	if (rc == 0)
		rc = gnutls_pubkey_import_privkey(public, identity->key, 0, 0);
	if (rc == 0)
		rc = gnutls_pubkey_export_ecc_raw2(
		    public, &curve, &x, NULL, GNUTLS_EXPORT_FLAG_NO_LZ);
	if (rc == 0 &&
	    (curve != GNUTLS_ECC_CURVE_ED25519 || x.size != KEY_SIZE))
		rc = GNUTLS_E_UNSUPPORTED_SIGNATURE_ALGORITHM;
	if (rc == 0)
		hash_hex(x.data, identity->public);
	gnutls_free(x.data);
	if (public)
		gnutls_pubkey_deinit(public);
	return rc < 0 ? crypto_failed("the sidecar's key", rc, err) : 0;
}

static int
identity_init(struct identity **ret_identity, struct err *err)
{
	struct identity *identity = calloc(1, sizeof *identity);

	if (!identity || gnutls_x509_privkey_init(&identity->x509) < 0) {
		free(identity);
		return err_no_memory(err);
	}
	*ret_identity = identity;
	return 0;
}

static int
path_of(const char *folder, char **ret_path, struct err *err)
{
	if (asprintf(ret_path, "%s/%s", folder, FILE_NAME) < 0) {
		*ret_path = NULL;
		return err_no_memory(err);
	}
	return 0;
}

static int
import_file(struct identity *identity, const char *path, struct err *err)
{
	struct secret *text = NULL;
	int rc = secret_from_file(path, &text, err);
	gnutls_datum_t pem;

	if (rc)
		return rc;
	pem = (gnutls_datum_t){ (unsigned char *)(uintptr_t)secret_data(text),
		(unsigned)secret_len(text) };
	rc = gnutls_x509_privkey_import2(
	    identity->x509, &pem, GNUTLS_X509_FMT_PEM, NULL, GNUTLS_PKCS_PLAIN);
	secret_free(text);
	if (rc < 0)
		return err_set(err, ERR_CONFIG_INVALID,
		    "'%s' holds no private key: %s", path, gnutls_strerror(rc));
	return identity_finish(identity, err);
}

static int
load_path(const char *path, struct identity **ret_identity, struct err *err)
{
	struct identity *identity = NULL;
	int rc = identity_init(&identity, err);

	if (rc == 0)
		rc = import_file(identity, path, err);
	if (rc) {
		identity_free(identity);
		return rc;
	}
	*ret_identity = identity;
	return 0;
}

int
identity_load(
    const char *folder, struct identity **ret_identity, struct err *err)
{
	CLEANUP_FREE char *path = NULL;
	int rc = path_of(folder, &path, err);

	if (rc)
		return rc;
	if (access(path, F_OK) == 0 || errno != ENOENT)
		return load_path(path, ret_identity, err);
	rc = err_set(err, ERR_SIDECAR_PAIRING_REQUIRED,
	    "this machine has no sidecar identity");
	err_action(err, "make one: `ibkr-agent sidecar identity create`");
	return rc;
}

int
identity_lock(const char *folder, int *ret_fd, struct err *err)
{
	CLEANUP_FREE char *path = NULL;
	CLEANUP_CLOSE int fd = -1;
	int rc = path_of(folder, &path, err);

	if (rc)
		return rc;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_set(err, ERR_CONFIG_INVALID, "cannot open '%s': %s",
		    path, strerror(errno));
	if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		rc = err_set(err, ERR_CONFIG_INVALID,
		    "another `ibkr-agent sidecar run` uses '%s'", path);
		err_action(err, "stop that one first: an identity has one "
				"session at a time");
		return rc;
	}
	*ret_fd = STEAL_FD(fd);
	return 0;
}

/* Whole under its name or not there: linked once it is on the disk. */
static int
write_file(const char *path, const gnutls_datum_t *pem, struct err *err)
{
	CLEANUP_FREE char *draft = NULL;
	bool done;
	int fd;

	if (asprintf(&draft, "%s.new", path) < 0) {
		draft = NULL;
		return err_no_memory(err);
	}
	(void)unlink(draft);
	fd = open(
	    draft, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	done = fd >= 0 && fd_write(fd, pem->data, pem->size) && fsync(fd) == 0;
	if (fd >= 0)
		done = close(fd) == 0 && done;
	done = done && (link(draft, path) == 0 || errno == EEXIST);
	if (!done)
		(void)err_set(err, ERR_CONFIG_INVALID, "cannot write '%s': %s",
		    path, strerror(errno));
	(void)unlink(draft);
	return done ? 0 : err_class(err);
}

static int
generate(const char *path, struct err *err)
{
	gnutls_datum_t pem = { NULL, 0 };
	struct identity *identity = NULL;
	int rc = identity_init(&identity, err);

	if (rc)
		return rc;
	rc = gnutls_x509_privkey_generate(
	    identity->x509, GNUTLS_PK_EDDSA_ED25519, 0, 0);
	if (rc == 0)
		rc = gnutls_x509_privkey_export2_pkcs8(identity->x509,
		    GNUTLS_X509_FMT_PEM, NULL, GNUTLS_PKCS_PLAIN, &pem);
	rc = rc < 0 ? crypto_failed("cannot make a key", rc, err)
		    : write_file(path, &pem, err);
	if (pem.data)
		gnutls_memset(pem.data, 0, pem.size);
	gnutls_free(pem.data);
	identity_free(identity);
	return rc;
}

int
identity_make(
    const char *folder, struct identity **ret_identity, struct err *err)
{
	CLEANUP_FREE char *path = NULL;
	int rc = path_of(folder, &path, err);

	if (rc == 0 && access(path, F_OK) != 0 && errno == ENOENT)
		rc = generate(path, err);
	return rc ? rc : load_path(path, ret_identity, err);
}

int
identity_sign(const struct identity *identity, const void *data, size_t len,
    uint8_t ret_signature[SIGNATURE_SIZE], struct err *err)
{
	gnutls_datum_t text = { (unsigned char *)(uintptr_t)data,
		(unsigned)len };
	gnutls_datum_t signature = { NULL, 0 };
	int rc = gnutls_privkey_sign_data2(
	    identity->key, GNUTLS_SIGN_EDDSA_ED25519, 0, &text, &signature);

	if (rc == 0 && signature.size == SIGNATURE_SIZE)
		memcpy(ret_signature, signature.data, SIGNATURE_SIZE);
	else if (rc == 0)
		rc = GNUTLS_E_INTERNAL_ERROR;
	gnutls_free(signature.data);
	return rc < 0 ? crypto_failed("cannot sign", rc, err) : 0;
}

bool
identity_verify(const char *public, const void *data, size_t len,
    const uint8_t signature[SIGNATURE_SIZE])
{
	gnutls_datum_t text = { (unsigned char *)(uintptr_t)data,
		(unsigned)len };
	gnutls_datum_t sign = { (unsigned char *)(uintptr_t)signature,
		SIGNATURE_SIZE };
	gnutls_pubkey_t key;
	bool good;

	if (public_import(public, &key) < 0)
		return false;
	good = gnutls_pubkey_verify_data2(
		   key, GNUTLS_SIGN_EDDSA_ED25519, 0, &text, &sign) >= 0;
	gnutls_pubkey_deinit(key);
	return good;
}

gnutls_certificate_credentials_t
identity_credentials(const struct identity *identity)
{
	gnutls_certificate_credentials_t credentials = NULL;
	gnutls_datum_t private = { NULL, 0 };
	uint8_t key[KEY_SIZE], spki[SPKI_SIZE];
	gnutls_datum_t public = { spki, SPKI_SIZE };
	int rc = gnutls_certificate_allocate_credentials(&credentials);

	if (rc < 0 || !hash_parse_hex(identity->public, key))
		return NULL;
	spki_of(key, spki);
	rc = gnutls_x509_privkey_export2_pkcs8(identity->x509,
	    GNUTLS_X509_FMT_DER, NULL, GNUTLS_PKCS_PLAIN, &private);
	if (rc == 0)
		rc = gnutls_certificate_set_rawpk_key_mem(credentials, &public,
		    &private, GNUTLS_X509_FMT_DER, NULL, 0, NULL, 0, 0);
	if (private.data)
		gnutls_memset(private.data, 0, private.size);
	gnutls_free(private.data);
	if (rc < 0) {
		gnutls_certificate_free_credentials(credentials);
		return NULL;
	}
	return credentials;
}

bool
identity_of_session(gnutls_session_t session, char ret[HASH_HEX_SIZE])
{
	unsigned count = 0;
	const gnutls_datum_t *peers =
	    gnutls_certificate_get_peers(session, &count);

	if (!peers || count != 1 || peers->size != SPKI_SIZE ||
	    gnutls_certificate_type_get2(session, GNUTLS_CTYPE_PEERS) !=
		GNUTLS_CRT_RAWPK ||
	    memcmp(peers->data, spki_head, sizeof spki_head) != 0)
		return false;
	hash_hex(peers->data + sizeof spki_head, ret);
	return true;
}
