/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* The sidecar dials out to the relay of its gateway. */

#ifndef IAG_SIDECAR_DIAL_H
#define IAG_SIDECAR_DIAL_H

#include "config/config.h"
#include "sidecar/channel.h"
#include "sidecar/pairing.h"

/* A connection to a relay and what it is made with. */
struct dial {
	const struct config *config;
	struct channel *channel;
	gnutls_certificate_credentials_t trust;
	char gateway_nonce[HASH_HEX_SIZE];
	char nonce[HASH_HEX_SIZE]; /* ours */
};

/*
 * Connect to sidecar.remote_relay_url until deadline_ns of the boot clock or
 * until stop_fd (-1: none) is readable, and wait for the challenge.
 * SIDECAR_UNAVAILABLE; SIDECAR_SESSION_INVALID: the clocks differ.
 */
int dial_open(struct dial *dial, const struct config *config,
    uint64_t deadline_ns, int stop_fd, struct err *err);
void dial_close(struct dial *dial);
/* The next frame, waited for.  A BYE is an error. */
int dial_frame(struct dial *dial, uint64_t deadline_ns, int stop_fd,
    struct frame *ret_frame, struct err *err);
/* {gateway_nonce, nonce, observed_at}: the beginning of all that is signed. */
struct json_object *dial_body(const struct dial *dial);

/*
 * Take the gateway's half of a pairing for a code.  *ret_pairing is not
 * stored yet; ret_check: what the gateway's operator has to enter.
 */
int dial_join(struct dial *dial, const struct identity *identity,
    const char *sidecar_id, const char *code, uint64_t deadline_ns,
    struct pairing *ret_pairing, char ret_check[CHECK_SIZE], struct err *err);

#endif
