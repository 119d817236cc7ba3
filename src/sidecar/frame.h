/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Frames of the relay: u32be length, one byte of type, the rest is the
 * frame's data.  Parsing is pure; limits go by type, so that nobody can make
 * the other end wait for, or keep, more than a frame of that type has.
 */

#ifndef IAG_SIDECAR_FRAME_H
#define IAG_SIDECAR_FRAME_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

/* Numbers are on the wire. */
enum frame_type {
	FRAME_CHALLENGE = 1, /* gateway: a nonce for what is signed next */
	FRAME_HELLO = 2,     /* sidecar, signed: a session under a pairing */
	FRAME_WELCOME = 3,   /* gateway, signed: there it is */
	FRAME_JOIN = 4,      /* sidecar, signed: a pairing by its code */
	FRAME_JOINED = 5,    /* gateway, signed: its half of the pairing */
	FRAME_BEAT = 6,      /* both, signed */
	FRAME_REQUEST = 7,   /* gateway: the envelope of a request */
	FRAME_RESPONSE = 8,  /* sidecar: the envelope of its answer */
	FRAME_INNER = 9,     /* both: bytes of the inner TLS session */
	FRAME_BYE = 10,      /* both: {code, message}, then the end */
	FRAME_CANCEL = 11    /* gateway, signed: nobody waits any more */
};

enum {
	FRAME_HEAD = 5,
	FRAME_CONTROL_MAX = 4096,
	/* a record of TLS 1.3 with its overhead */
	FRAME_INNER_MAX = 16384 + 512
};

struct frame {
	enum frame_type type;
	const uint8_t *data; /* borrowed from what was parsed */
	size_t len;
};

/* 0 for a number that is no type. */
size_t frame_max(unsigned type);

/*
 * The first frame of data.  0: it is whole, and *ret_used bytes long; 1: the
 * rest has not come yet; OUTPUT_UNSAFE: no peer of ours sends that.
 */
int frame_parse(const void *data, size_t len, struct frame *ret_frame,
    size_t *ret_used, struct err *err);
void frame_write(
    struct buf *out, enum frame_type type, const void *data, size_t len);

#endif
