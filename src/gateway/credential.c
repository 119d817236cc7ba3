/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

#include "gateway/credential.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/fd.h"
#include "base/hash.h"
#include "base/secret.h"

/* What the key is derived under; the manual page says it, too. */
#define LABEL "iag-operator-credential-1"

#define OPTION "--operator-credential: "
#define HOW_TO_MAKE \
	"make one in a terminal: `ibkr-agent kill-switch credential --out FILE`"

static int
key_of(const struct config *config, uint8_t key[HASH_SIZE], struct err *err)
{
	struct secret *secret = NULL;
	int rc = config_audit_secret(config, &secret, err);

	if (rc)
		return rc;
	rc = hash_derive(
	    secret_data(secret), secret_len(secret), LABEL, key, err);
	secret_free(secret);
	return rc;
}

static int
write_failed(const char *path, struct err *err)
{
	return err_set(err, ERR_INPUT_INVALID, "cannot write '%s': %s", path,
	    strerror(errno));
}

/* A file that only its owner reads, whole or not at all. */
static int
write_new(const char *path, const char *text, size_t len, struct err *err)
{
	int fd = open(
	    path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	bool written;
	int rc;

	if (fd < 0)
		return write_failed(path, err);
	written = fd_write(fd, text, len) && fsync(fd) == 0;
	if (close(fd) == 0 && written)
		return 0;
	rc = write_failed(path, err);
	(void)unlink(path);
	return rc;
}

int
credential_make(const struct config *config, const char *path, struct err *err)
{
	char text[HASH_HEX_SIZE];
	uint8_t key[HASH_SIZE];
	int rc = key_of(config, key, err);

	if (rc)
		return rc;
	hash_hex(key, text);
	secret_wipe(key, sizeof(key));
	text[HASH_HEX_SIZE - 1] = '\n';
	rc = write_new(path, text, sizeof(text), err);
	secret_wipe(text, sizeof(text));
	return rc;
}

/* Of 64 digits that may be anything. */
static bool
is_key(const struct secret *shown, const uint8_t key[HASH_SIZE])
{
	char text[HASH_HEX_SIZE] = "";
	uint8_t got[HASH_SIZE];
	bool same = false;

	if (secret_len(shown) == HASH_HEX_SIZE - 1) {
		memcpy(text, secret_data(shown), HASH_HEX_SIZE - 1);
		same = hash_parse_hex(text, got) && hash_equal(got, key);
	}
	secret_wipe(text, sizeof(text));
	return same;
}

int
credential_read(const char *path, struct secret **ret_shown, struct err *err)
{
	CLEANUP_ERR struct err fault = ERR_INIT;

	if (access(path, F_OK) != 0) {
		err_set(err, ERR_INPUT_INVALID, OPTION "cannot open '%s': %s",
		    path, strerror(errno));
		err_action(err, HOW_TO_MAKE);
		return err_class(err);
	}
	if (secret_from_file(path, ret_shown, &fault) == 0)
		return 0;
	return err_set(err, ERR_INPUT_INVALID, OPTION "%s", err_text(&fault));
}

int
credential_check(
    const struct config *config, const struct secret *shown, struct err *err)
{
	uint8_t key[HASH_SIZE];
	int rc = key_of(config, key, err);

	if (rc == 0 && !is_key(shown, key)) {
		rc = err_set(err, ERR_INPUT_INVALID,
		    OPTION "the file holds no operator's credential of this "
			   "deployment");
		err_action(err, HOW_TO_MAKE);
	}
	secret_wipe(key, sizeof(key));
	return rc;
}
