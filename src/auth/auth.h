/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The OAuth resource server: who may come in through the HTTP door.  A bearer
 * token becomes a verdict: a principal with scopes, or what to answer
 * instead.  Pure beside the key set (fetched by a thread of its own) and the
 * audit records; it knows nothing of HTTP but the texts of two headers and
 * two bodies.
 */

#ifndef IAG_AUTH_AUTH_H
#define IAG_AUTH_AUTH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/hash.h"
#include "config/config.h"
#include "host/host.h"

struct auth;
struct audit_event;

/* config and host are borrowed until auth_close(). */
struct auth_setup {
	const struct config *config; /* with remote_mcp.enabled */
	struct host *host;           /* finds the HTTP module */
	/*
	 * Append the record durably; called on threads that auth_check() runs
	 * on, and on the one of this folder.
	 */
	int (*record)(
	    void *arg, const struct audit_event *event, struct err *err);
	void *arg;
};
/*
 * Reads the secret for token ids and starts to fetch the keys; it does not
 * wait for them, nor fails without them.
 */
int auth_open(
    const struct auth_setup *setup, struct auth **ret_auth, struct err *err);
/*
 * Ends a fetch and writes the records that are due; nobody may be inside.
 * NULL is fine.
 */
void auth_close(struct auth *auth);

/* Is there a key to verify with?  For /readyz. */
bool auth_is_ready(struct auth *auth);

enum auth_result {
	AUTH_GRANTED,
	AUTH_MISSING,    /* 401: there is no bearer token */
	AUTH_REFUSED,    /* 401: there is one, which is not good */
	AUTH_MALFORMED,  /* 400: the header is not one of RFC 6750 */
	AUTH_UNAVAILABLE /* 503: no keys, or no record of the success */
};

/* Of a name with its end, and of a reason. */
enum { AUTH_NAME_SIZE = 2560, AUTH_TEXT_SIZE = 160 };

struct auth_verdict {
	enum auth_result result;
	/* with AUTH_GRANTED */
	char *name;       /* of the principal: "<iss>#<sub>"; owned */
	bool is_operator; /* the kind of it: operator, or agent */
	uint64_t scopes;  /* bits of scope.h, those allowed */
	char token_id[HASH_HEX_SIZE]; /* HMAC of the id, for the audit */
	uint64_t expires_ns;          /* real time; skew included */
	uint8_t key[HASH_SIZE]; /* digest of the issuer's that proved it */
	/* without */
	enum err_code code;
	char text[AUTH_TEXT_SIZE]; /* why; nothing of the token is in it */
};

/* Once for each verdict; for none at all it may be zeros. */
void auth_verdict_fini(struct auth_verdict *verdict);

/*
 * Judge the value of the Authorization header (NULL: there is none; two of
 * them are the door's to refuse, by auth_refuse_header()).  peer is the
 * address that counts for the audit.  The header is not kept.
 *
 * auth_knows() and auth_refuses() do not wait for anything.  The first is
 * true for a token that was granted before, and still is; the other one where
 * there is no token to look at.  Where both are false auth_check() has to be
 * asked, on a thread that may wait, for keys (5 seconds at most) and for the
 * record of a token's first success.  Each may be called by any number of
 * threads.
 */
bool auth_knows(
    struct auth *auth, const char *header, struct auth_verdict *ret_verdict);
bool auth_refuses(struct auth *auth, const char *header, const char *peer,
    struct auth_verdict *ret_verdict);
void auth_check(struct auth *auth, const char *header, const char *peer,
    struct auth_verdict *ret_verdict);
/* AUTH_MALFORMED, counted for the audit: more than one header. */
void auth_refuse_header(
    struct auth *auth, const char *peer, struct auth_verdict *ret_verdict);

/*
 * Is what was granted still good, for an answer that goes on: the token has
 * not ended, and the issuer still has the key that proved it?  It does not
 * wait.
 */
bool auth_holds(struct auth *auth, const struct auth_verdict *verdict);

/* 200, 401, 400, 503 */
unsigned auth_status(const struct auth_verdict *verdict);

/*
 * The value of WWW-Authenticate: for a verdict of 400 or 401; and for a 403,
 * where the operation needs a scope that the token does not have.  needed:
 * all bits of the operation; the challenge asks for those that were granted
 * as well, so that a client does not lose them by stepping up.
 */
void auth_challenge_write(const struct auth *auth,
    const struct auth_verdict *verdict, struct buf *out);
void auth_step_up_write(const struct auth *auth,
    const struct auth_verdict *verdict, uint64_t needed, struct buf *out);
/*
 * The body of the same answers, JSON: error, message, and the metadata.
 * needed: 0 but for a 403.
 */
void auth_body_write(const struct auth *auth,
    const struct auth_verdict *verdict, uint64_t needed, struct buf *out);

/* The metadata of RFC 9728, JSON; public, for any origin. */
void auth_metadata_write(const struct auth *auth, struct buf *out);
/*
 * The paths that answer with it, one with the resource's own path behind it
 * (where that has none both are the same), and the path of the resource.
 * Borrowed from auth.
 */
#define AUTH_WELL_KNOWN "/.well-known/oauth-protected-resource"
const char *auth_metadata_path(const struct auth *auth);
const char *auth_resource_path(const struct auth *auth); /* "/mcp"; "" */

#endif
