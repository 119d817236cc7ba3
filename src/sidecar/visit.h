/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * One session at the sidecar's end, from the dial on.  It belongs to the
 * thread that runs it; reads run on workers of the gateway.
 */

#ifndef IAG_SIDECAR_VISIT_H
#define IAG_SIDECAR_VISIT_H

#include "sidecar/dial.h"
#include "sidecar/reading.h"
#include "sidecar/run.h"

struct visit {
	const struct sidecar_setup *setup;
	const struct config *config;
	struct journal *journal;
	struct identity *identity;
	int lock_fd;
	gnutls_certificate_credentials_t inner;
	struct pairing pairing;
	struct dial dial;
	char session_id[RELAY_ID_SIZE];
	uint64_t interval_ns, timeout_ns;
	uint64_t beat_ns;  /* boot time of our next heartbeat */
	uint64_t heard_ns; /* boot time of the gateway's last one */
	uint64_t look_ns;
	int64_t beats;
	uint64_t last_beat;  /* the gateway's, by number */
	uint64_t asked_beat; /* ours, the first behind the inner handshake */
	uint64_t sequence;   /* of the last request */
	bool told;
	bool has_more; /* to be read at once */
	struct readings *readings;
};

/* Dial, say hello, be welcome; the inner session has begun. */
int visit_open(struct visit *visit, struct err *err);
/* What the gateway says about when is near enough. */
int visit_check_time(struct visit *visit, struct json_object *body,
    const char *what, struct err *err);
/* Until it ends, whatever ends it. */
int visit_serve(struct visit *visit, struct err *err);
/* Tell whoever has started the sidecar. */
void visit_say(
    const struct visit *visit, const char *session, const struct err *why);

#endif
