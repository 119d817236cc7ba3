/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* The certificate that the door shows, and a newer one when there is one. */

#ifndef IAG_HTTP_CERTIFICATE_H
#define IAG_HTTP_CERTIFICATE_H

#include <gnutls/abstract.h>

#include "base/err.h"

struct certificate;

/*
 * A chain and its key, PEM.  CONFIG_INVALID: it cannot be read, the key is
 * readable for everybody, or they do not belong together.
 */
int certificate_open(const char *chain_path, const char *key_path,
    struct certificate **ret_certificate, struct err *err);
void certificate_close(struct certificate *certificate); /* NULL is fine */

/*
 * Read the files again if they have changed; what is wrong with new ones is
 * logged, and the old ones stay in use.
 */
void certificate_refresh(struct certificate *certificate);

/* What a handshake that begins now shows; borrowed for an hour at least. */
void certificate_get(struct certificate *certificate,
    gnutls_pcert_st **ret_chain, unsigned *ret_count,
    gnutls_privkey_t *ret_key);

#endif
