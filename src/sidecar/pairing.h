/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * A pairing of one sidecar with one gateway, as both keep it.  The gateway
 * makes it with a one-time code; the sidecar's operator enters the code
 * there; both ends then have each other's key and the same check number,
 * which the gateway's operator enters here.  Only then it is active.
 */

#ifndef IAG_SIDECAR_PAIRING_H
#define IAG_SIDECAR_PAIRING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/id.h"
#include "journal/journal.h"

#define PAIRING_PREFIX "pairing-"

enum { CODE_SIZE = 20, CHECK_SIZE = 8, PAIRING_ATTEMPTS = 5 };

enum pairing_status {
	PAIRING_PENDING = 1, /* the code waits, or the check number does */
	PAIRING_ACTIVE,
	PAIRING_REVOKED,
	PAIRING_EXPIRED
};
const char *pairing_status_name(uint32_t status);

struct pairing {
	char *pairing_id;
	char *remote_instance_id; /* the gateway's name */
	char *sidecar_id;
	char *user_id;
	char *sidecar_key; /* public, of both ends */
	char *gateway_key;
	char *code_key; /* of the code, until it was used */
	char *check;    /* that the operator has to enter */
	char *why;      /* revoked */
	uint64_t created_ns, expires_ns;
	uint64_t attempts;       /* wrong codes and numbers */
	uint64_t counter;        /* of sessions; grows at both ends */
	uint64_t counter_before; /* of the session before that one */
	uint32_t status;         /* enum pairing_status */
	bool is_ours;            /* we are its sidecar */
};
void pairing_fini(struct pairing *pairing);

/* Rows.  pairing_get(): SIDECAR_PAIRING_REQUIRED where there is none. */
int pairing_get(struct journal_txn *txn, const char *id,
    struct pairing *ret_pairing, struct err *err);
int pairing_put(
    struct journal_txn *txn, const struct pairing *pairing, struct err *err);
/* All of them, the oldest first; what a visit leaves in it is released. */
typedef int pairing_visit(struct journal_txn *txn, struct pairing *pairing,
    void *arg, struct err *err);
int pairing_each(
    struct journal_txn *txn, pairing_visit *visit, void *arg, struct err *err);
/* The newest that match() takes; the same where there is none. */
typedef bool pairing_match(const struct pairing *pairing, const void *arg);
int pairing_find(struct journal_txn *txn, pairing_match *match, const void *arg,
    struct pairing *ret_pairing, struct err *err);
/* A copy of what is stored now. */
int pairing_load(struct journal *journal, const char *id,
    struct pairing *ret_pairing, struct err *err);

/* What it is at that time: a code that nobody used in time is expired. */
enum pairing_status pairing_status_at(
    const struct pairing *pairing, uint64_t now_ns);
/* SIDECAR_PAIRING_REQUIRED unless it is active; why, in words. */
int pairing_usable(
    const struct pairing *pairing, uint64_t now_ns, struct err *err);
/* The same for the one that is stored under that id, now. */
int pairing_still_usable(
    struct journal *journal, const char *id, struct err *err);

/* "ABCD-EFGH-JKMN-PQRS": 80 random bits. */
void code_new(char ret_code[CODE_SIZE]);
/* The key of a code as people enter it; INPUT_INVALID: it is none. */
int code_key(const char *code, char ret_hex[HASH_HEX_SIZE], struct err *err);

/* What both ends say to each other while they pair. */
struct pairing_talk {
	const char *gateway_nonce, *nonce;
	const char *pairing_id, *remote_instance_id; /* "" in a JOIN */
	const char *sidecar_key, *gateway_key;
};
/* Who says it has the code; label: "join", "joined", "check". */
bool pairing_proof(const char *code_key_hex, const char *label,
    const struct pairing_talk *talk, char ret_hex[HASH_HEX_SIZE]);
/* "123-456" out of the proof with the label "check". */
bool pairing_check(const char *code_key_hex, const struct pairing_talk *talk,
    char ret_check[CHECK_SIZE]);

/*
 * Changes of state, in memory.  A wrong code or number counts, and the last
 * that is allowed revokes; the caller stores the pairing in either case.
 */
int pairing_take_code(struct pairing *pairing, const struct pairing_talk *talk,
    const char *proof, uint64_t now_ns, struct err *err);
int pairing_confirm(struct pairing *pairing, const char *check, uint64_t now_ns,
    struct err *err);
int pairing_revoke(struct pairing *pairing, const char *why, struct err *err);
/*
 * A number between those of the last two sessions, which none has had: the
 * hello came late, behind a newer one.
 */
bool pairing_is_overtaken(const struct pairing *pairing, int64_t counter);
/* A session's number: only a higher one than ever before (a copied key). */
int pairing_take_counter(
    struct pairing *pairing, int64_t counter, struct err *err);

#endif
