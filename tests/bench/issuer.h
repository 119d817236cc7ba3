/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* Somebody who issues tokens: one key, shown over HTTPS, and a certificate. */

#ifndef IAG_BENCH_ISSUER_H
#define IAG_BENCH_ISSUER_H

#include <stdint.h>

#include <sys/types.h>

#include "base/buf.h"

struct issuer {
	struct token_key *key;
	char certificate[256], private_key[256]; /* files, for 127.0.0.1 */
	uint16_t port;
	pid_t pid;
};

/* In a process of its own; the files are in folder. */
void issuer_start(struct issuer *issuer, const char *folder);
void issuer_stop(struct issuer *issuer);
/* A token of an hour for this resource, with these scopes. */
void issuer_token(const struct issuer *issuer, const char *resource,
    const char *scopes, struct buf *out);

#endif
