/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The envelope of a request and of its answer: what the relay, its logs and
 * both audit trails see.  The payload travels inside, together with a copy of
 * the envelope, so that neither can be put to the other.  Pure.
 */

#ifndef IAG_SIDECAR_ENVELOPE_H
#define IAG_SIDECAR_ENVELOPE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/id.h"

enum { RELAY_ID_SIZE = sizeof("relay-") + ID_TEXT_SIZE };

struct envelope {
	char request_id[ID_TEXT_SIZE];
	char relay_session_id[RELAY_ID_SIZE];
	char tool_name[64]; /* of a request, as the next two */
	char scope[64];
	int64_t sequence;
	char payload_hash[HASH_HEX_SIZE];
	uint64_t created_ns;
	/* of an answer */
	bool is_answer;
	bool local_session_usable;
	char manual_action[256];
};

void envelope_write(struct buf *out, const struct envelope *envelope);
/* OUTPUT_UNSAFE: it has another member, lacks one, or one is no such thing. */
int envelope_read(const void *data, size_t len, bool is_answer,
    struct envelope *ret_envelope, struct err *err);

/* What is inside. */
struct parcel {
	char *envelope; /* as it stood outside; owned, as the next */
	char *payload;  /* JSON text: arguments, an answer, or an error */
	bool failed;    /* an error */
	uint32_t flags; /* IAG_REPLY_*, of an answer */
	uint64_t source_ns, receipt_ns;
};
void parcel_fini(struct parcel *message);
void parcel_write(struct buf *out, const struct parcel *message);
int parcel_read(
    const struct buf *text, struct parcel *ret_message, struct err *err);

#endif
