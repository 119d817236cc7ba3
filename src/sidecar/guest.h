/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* One connection to the hub, from its first byte to its last. */

#ifndef IAG_SIDECAR_GUEST_H
#define IAG_SIDECAR_GUEST_H

#include "base/address.h"
#include "config/config.h"
#include "sidecar/channel.h"
#include "sidecar/session.h"
#include "sidecar/window.h"

enum guest_state {
	GUEST_COMING, /* the outer handshake */
	GUEST_ASKED,  /* has its challenge */
	GUEST_INNER,  /* has its welcome; the inner handshake */
	GUEST_LIVE,
	GUEST_LEAVING /* what was put still leaves */
};

/* What all guests of a hub need. */
struct guest_house {
	const struct config *config;
	struct journal *journal;
	struct identity *identity;
	gnutls_certificate_credentials_t inner;
	struct budget refusals;   /* that go on the record */
	struct budget words;      /* about refusals, in the log */
	const struct guest *live; /* the one that serves; NULL: none does */
};

struct guest {
	struct guest_house *house;
	struct channel *channel;
	bool has_more; /* to be read at once */
	gnutls_certificate_credentials_t outer;
	enum guest_state state;
	uint64_t until_ns; /* boot time; of every state but LIVE */
	struct address address;
	char place[ADDRESS_TEXT_SIZE];
	char nonce[HASH_HEX_SIZE];
	struct pairing pairing; /* from the hello on */
	struct relay_session session;
	int64_t sequence;      /* of the last request */
	unsigned unanswered;   /* requests that were sent */
	uint64_t last_beat;    /* its number */
	uint64_t beat_boot_ns; /* boot time of it, or of the hello */
	uint64_t kept_boot_ns; /* of the one that was stored last */
};

int guest_new(struct guest_house *house, int fd, struct guest **ret_guest,
    struct err *err);
void guest_free(struct guest *guest); /* NULL is fine */

/* Is it still there?  Time and pairing are looked at. */
int guest_check(struct guest *guest, struct err *err);
/* A frame of one that is not live, or a beat.  Not 0: refuse it. */
int guest_frame(
    struct guest *guest, const struct frame *frame, struct err *err);
/* The outer handshake is over: ask who it is. */
int guest_ask(struct guest *guest, struct err *err);
/*
 * One sidecar serves.  Another session of its pairing takes its place; those
 * of other pairings wait: SIDECAR_UNAVAILABLE while it is there.
 */
int guest_turn(const struct guest *guest, struct err *err);
/* Say why and let it go. */
void guest_refuse(struct guest *guest, const struct err *why);

#endif
