/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Approvals: requested, approved, consumed, revoked, expired (ruling 12).  An
 * approval binds the digest of one preview and is used once, by compare and
 * set inside the intent's transaction (invariant 3).  Rows of
 * TABLE_APPROVALS; "preview/ID" is the index from preview to approval.
 */

#ifndef IAG_ORDERS_APPROVAL_H
#define IAG_ORDERS_APPROVAL_H

#include "base/id.h"
#include "journal/journal.h"
#include "orders/desk.h"
#include "orders/gates.h"
#include "orders/preview.h"

enum approval_state {
	APPROVAL_REQUESTED = 1,
	APPROVAL_APPROVED,
	APPROVAL_CONSUMED,
	APPROVAL_REVOKED,
	APPROVAL_EXPIRED /* never stored: what time makes of the first two */
};
const char *approval_state_name(enum approval_state state);

struct approval {
	char id[ID_TEXT_SIZE];
	char preview_id[ID_TEXT_SIZE];
	char digest[HASH_HEX_SIZE]; /* of the preview, when it was approved */
	enum approval_state state;
	char *account;      /* owned, as all texts */
	char *group_id;     /* NULL: single */
	char *requested_by; /* principals; NULL: approved unasked */
	char *approved_by;  /* NULL: nobody */
	char *approved_as;  /* its kind: operator, agent, system */
	char *policy;       /* under which it was approved */
	char *revoked_by;
	char *key; /* the idempotency key that consumed it */
	uint64_t requested_ns, approved_ns, expires_ns;
	uint64_t incarnation;
};
void approval_init(struct approval *approval);
void approval_fini(struct approval *approval);
#define CLEANUP_APPROVAL __attribute__((cleanup(approval_fini)))

/* Inside a step; IAG_NOTFOUND without text. */
int approval_get(struct journal_txn *txn, const char *id,
    struct approval *ret_approval, struct err *err);
/* Row and index of its preview. */
int approval_put(
    struct journal_txn *txn, const struct approval *approval, struct err *err);
/* The row of one that is there. */
int approval_update(
    struct journal_txn *txn, const struct approval *approval, struct err *err);
/* What it is at a time: requested and approved ones expire. */
enum approval_state approval_state_at(
    const struct approval *approval, uint64_t now_ns, uint64_t incarnation);
/*
 * Does what was said hold under a policy (operator, distinct, any)?  Pure:
 * who may approve was judged when it was approved.
 */
bool approval_holds(const struct approval *approval,
    const struct preview *preview, const char *policy);
/* How it fits a use now; pure.  policy: operator, distinct, any. */
enum approval_fit approval_fits(const struct approval *approval,
    const struct preview *preview, const char *account, const char *policy,
    uint64_t now_ns, uint64_t incarnation);
/*
 * Compare and set, inside the intent's step: approved -> consumed by key, and
 * back again when nothing was sent (ruling 6).
 */
int approval_consume(struct journal_txn *txn, struct approval *approval,
    const char *key, struct err *err);
int approval_release(
    struct journal_txn *txn, const char *id, const char *key, struct err *err);

/* What a caller may say to an approval, by the policy of its mode. */
enum approval_voice {
	VOICE_YES,
	VOICE_ASK,  /* somebody else has to approve */
	VOICE_SELF, /* may approve, but not what it asked for itself */
};
/* Pure; requested_by may be NULL. */
enum approval_voice approval_voice(const struct config *config, uint32_t mode,
    const struct order_call *call, const char *created_by,
    const char *requested_by);
const char *approval_policy(const struct config *config, uint32_t mode);

/*
 * `ibkr_approvals_create`: arguments of the tool (account_id, preview_id or
 * group_id, ttl_seconds).  Approves where the caller may, else records a
 * request; called again, says how it stands.
 */
int approval_create(struct order_call *call, struct json_object *arguments,
    struct buf *out, struct err *err);
/*
 * Operator commands: the newest ones (account_id, status, limit; all may be
 * missing), one, and take one back.  A consumed one stays consumed.
 */
int approval_list(struct order_call *call, struct json_object *arguments,
    struct buf *out, struct err *err);
int approval_show(
    struct order_call *call, const char *id, struct buf *out, struct err *err);
int approval_revoke(struct order_call *call, const char *id, const char *reason,
    struct buf *out, struct err *err);

#endif
