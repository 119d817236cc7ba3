/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Who one end of the relay is: an Ed25519 key, made here and kept beside the
 * store in a file that only its owner can read.  The public half is 64
 * hexadecimal digits everywhere.
 */

#ifndef IAG_SIDECAR_IDENTITY_H
#define IAG_SIDECAR_IDENTITY_H

#include <gnutls/gnutls.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/hash.h"

enum { SIGNATURE_SIZE = 64 };

struct identity;

/*
 * The key of this machine, made when there is none.  folder: where the store
 * is.  CONFIG_INVALID: the file is there and cannot be used.
 */
int identity_make(
    const char *folder, struct identity **ret_identity, struct err *err);
/* SIDECAR_PAIRING_REQUIRED when none was made. */
int identity_load(
    const char *folder, struct identity **ret_identity, struct err *err);
/*
 * Hold the key for one `sidecar run` alone, until *ret_fd is closed.
 * CONFIG_INVALID: another has it.
 */
int identity_lock(const char *folder, int *ret_fd, struct err *err);
void identity_free(struct identity *identity); /* NULL is fine */

const char *identity_public(const struct identity *identity);
/* 64 lower-case hexadecimal digits, a point of the curve. */
bool identity_is_public(const char *text);

int identity_sign(const struct identity *identity, const void *data, size_t len,
    uint8_t ret_signature[SIGNATURE_SIZE], struct err *err);
bool identity_verify(const char *public, const void *data, size_t len,
    const uint8_t signature[SIGNATURE_SIZE]);

/* For a TLS session that shows the raw public key; NULL: no memory. */
gnutls_certificate_credentials_t identity_credentials(
    const struct identity *identity);
/* The key that the other end of a session has proved to have. */
bool identity_of_session(gnutls_session_t session, char ret[HASH_HEX_SIZE]);

#endif
