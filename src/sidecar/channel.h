/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * One connection between a gateway and its sidecar: a TLS session over the
 * socket, frames in it, and in frames of one type the inner TLS session
 * between the two identities, which carries what nobody else may read.
 * Nothing here waits: whoever owns the channel polls and steps it.  It
 * belongs to one thread.
 */

#ifndef IAG_SIDECAR_CHANNEL_H
#define IAG_SIDECAR_CHANNEL_H

#include <gnutls/gnutls.h>
#include <json-c/json_object.h>

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/hash.h"
#include "sidecar/frame.h"
#include "sidecar/identity.h"

/* A message inside: arguments or an answer, in JSON, with what is around. */
enum { MESSAGE_MAX = 4 * 1024 * 1024 };

struct channel;

/*
 * fd is taken, also on failure.  credentials: of the outer session,
 * borrowed.  host: whose certificate the peer must have; NULL: we are the
 * server.
 */
int channel_new(int fd, gnutls_certificate_credentials_t credentials,
    const char *host, struct channel **ret_channel, struct err *err);
void channel_free(struct channel *channel); /* NULL is fine */

/* For poll(). */
int channel_fd(const struct channel *channel);
short channel_events(const struct channel *channel);
/* One that sends without end is left for others after so many steps. */
enum { CHANNEL_STEPS_MAX = 16 };
/* Read and write what there is.  1: there may be more to read at once. */
int channel_step(struct channel *channel, struct err *err);
bool channel_is_up(const struct channel *channel);
/* All that was put has left. */
bool channel_is_flushed(const struct channel *channel);
/* Little enough waits to leave that more may be put. */
bool channel_has_room(const struct channel *channel);

/* The next frame but inner ones; borrowed until the next call.  1: none. */
int channel_take(
    struct channel *channel, struct frame *ret_frame, struct err *err);
void channel_put(struct channel *channel, enum frame_type type,
    const void *data, size_t len);
/* A JSON body, signed. */
int channel_put_signed(struct channel *channel, enum frame_type type,
    const struct identity *identity, struct json_object *body, struct err *err);
/* {code, message} of the error, and nothing else of it. */
void channel_put_bye(struct channel *channel, const struct err *why);

/* Begin the inner session with whoever has the key `peer`. */
int channel_begin_inner(struct channel *channel,
    gnutls_certificate_credentials_t credentials, const char *peer,
    struct err *err);
/* Its handshake is over and the other end has proved to have that key. */
bool channel_is_inner_up(const struct channel *channel);
int channel_put_message(
    struct channel *channel, const struct buf *message, struct err *err);
/* The next message, copied into *message.  1: none. */
int channel_take_message(
    struct channel *channel, struct buf *message, struct err *err);
/*
 * HMAC under a key that only the two ends of the inner session have: what
 * the envelope says of a payload tells nobody else anything.
 */
void channel_payload_hash(const struct channel *channel, const char *data,
    size_t len, char ret_hex[HASH_HEX_SIZE]);

/*
 * The body of a signed frame.  channel_body(): parsed, nothing is proved;
 * channel_verify(): that key has signed it.
 */
int channel_body(
    const struct frame *frame, struct json_object **ret_body, struct err *err);
bool channel_verify(const struct frame *frame, const char *public);
/* What a BYE says, as an error of ours. */
int channel_read_bye(const struct frame *frame, struct err *err);

#endif
