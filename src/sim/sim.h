/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The simulator without its sockets: a request goes in, what is to be done
 * on the wire comes out.  Everything that happens by itself (sessions end,
 * orders fill) happens when the clock is looked at, which is at each request.
 *
 * Not for several threads at once: the shell holds a lock around each call.
 */

#ifndef IAG_SIM_SIM_H
#define IAG_SIM_SIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

enum sim_state {
	SIM_STATE_LOGIN, /* nobody has logged in */
	SIM_STATE_OUTER, /* logged in, no brokerage session */
	SIM_STATE_READY
};

struct sim_settings {
	enum sim_state state;
	bool live;            /* the login is that of the live account */
	bool manual_clock;    /* time moves only when it is told to */
	int64_t start_ms;     /* of a manual clock, since 1970; 0: now */
	const char *midnight; /* zone of the daily reset; NULL: there is none */
	uint64_t seed;
	int64_t pacing; /* limits are multiplied by it; 0: nothing is limited */
};

struct sim_request {
	const char *method;
	const char *target; /* as sent, with the query */
	const char *body;
	size_t body_len;
	bool has_length; /* a Content-Length came along */
	bool has_agent;  /* and a User-Agent */
};

enum sim_wire { SIM_WIRE_ANSWER, SIM_WIRE_CLOSE, SIM_WIRE_HANG };

/* What the certificate is to be after a restart. */
enum sim_certificate {
	SIM_CERTIFICATE_SAME,
	SIM_CERTIFICATE_VALID,
	SIM_CERTIFICATE_EXPIRED
};

struct sim_restart {
	bool due;
	int64_t down_ms; /* nobody listens for so long */
	enum sim_certificate certificate;
};

#define SIM_WHOLE SIZE_MAX

struct sim_late; /* a request that is executed after the wait */

struct sim_reply {
	enum sim_wire wire;
	int64_t wait_ms; /* before anything is done on the wire */
	struct sim_late *late;
	int status;
	const char *type; /* static; NULL: no Content-Type */
	char location[256];
	struct buf body;
	size_t cut; /* the connection ends after so many bytes of the body */
	size_t pad; /* blanks that are sent behind the body */
	bool gzip;  /* the body is compressed, unasked */
	int bucket; /* of pacing, released by sim_done() */
	struct sim_restart restart;
};

struct sim;

int sim_new(
    const struct sim_settings *settings, struct sim **ret_sim, struct err *err);
void sim_free(struct sim *sim);

/* A list of control requests with times, see ibkr-agent-sim(1). */
int sim_script(struct sim *sim, const char *text, size_t len, struct err *err);

void sim_reply_init(struct sim_reply *reply);
void sim_reply_fini(struct sim_reply *reply);
/*
 * Take a request.  If reply->wait_ms is set, the shell waits so long and then
 * calls sim_resume(), which executes what is still to be executed.
 */
void sim_handle(struct sim *sim, const struct sim_request *request,
    struct sim_reply *reply);
void sim_resume(struct sim *sim, struct sim_reply *reply);
/* The answer is out, or never will be. */
void sim_done(struct sim *sim, struct sim_reply *reply);

#endif
