/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * SHA-256, HMAC-SHA-256, HKDF-SHA-256 (RFC 5869) and random bytes, all from
 * GnuTLS.  Keys are derived from the deployment secret with one label each.
 */

#ifndef IAG_BASE_HASH_H
#define IAG_BASE_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define HASH_SIZE 32
#define HASH_HEX_SIZE 65 /* with NUL */

struct hash; /* a running SHA-256; one thread at a time */
struct hash *hash_new(void);
void hash_free(struct hash *hash);
void hash_add(struct hash *hash, const void *data, size_t len);
/* The digest; the object starts anew afterwards. */
void hash_end(struct hash *hash, uint8_t ret_digest[HASH_SIZE]);
void hash_sha256(const void *data, size_t len, uint8_t ret_digest[HASH_SIZE]);

struct hmac; /* a keyed, reusable HMAC-SHA-256; one thread at a time */
struct hmac *hmac_new(const void *key, size_t key_len);
void hmac_free(struct hmac *hmac); /* wipes */
void hmac_add(struct hmac *hmac, const void *data, size_t len);
void hmac_end(struct hmac *hmac, uint8_t ret_mac[HASH_SIZE]);
void hmac_sha256(const void *key, size_t key_len, const void *data, size_t len,
    uint8_t ret_mac[HASH_SIZE]);
void hmac_hex(const uint8_t key[HASH_SIZE], const void *data, size_t len,
    char ret_hex[HASH_HEX_SIZE]);

/* 32 bytes of HKDF-SHA-256(secret, salt empty, info = label). */
int hash_derive(const void *secret, size_t secret_len, const char *label,
    uint8_t ret_key[HASH_SIZE], struct err *err);

bool hash_equal(const uint8_t a[HASH_SIZE], const uint8_t b[HASH_SIZE]);
void hash_hex(const uint8_t digest[HASH_SIZE], char ret_hex[HASH_HEX_SIZE]);
/* Exactly 64 lower-case digits. */
bool hash_parse_hex(const char *hex, uint8_t ret_digest[HASH_SIZE]);
/* From the kernel; aborts the process if there is none to be had. */
void hash_random(void *data, size_t len);

#endif
