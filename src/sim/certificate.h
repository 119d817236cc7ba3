/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* A certificate and its key, as PEM texts: made, or read from a file. */

#ifndef IAG_SIM_CERTIFICATE_H
#define IAG_SIM_CERTIFICATE_H

#include <stdbool.h>

#include "base/err.h"

struct certificate {
	char *certificate; /* PEM */
	char *key;
};

void certificate_fini(struct certificate *certificate);
/*
 * A new key and a certificate of it that it has signed itself, for localhost
 * and 127.0.0.1; expired like that of the real gateway, or good for a year.
 */
int certificate_make(
    struct certificate *certificate, bool expired, struct err *err);
/* Both from one PEM file. */
int certificate_read(
    struct certificate *certificate, const char *path, struct err *err);

struct certificate_sums {
	char sha256[65]; /* of the certificate, hexadecimal */
	char pin[64];    /* of the public key, "sha256//..." */
};
int certificate_sums(const struct certificate *certificate,
    struct certificate_sums *sums, struct err *err);

#endif
