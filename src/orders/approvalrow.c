/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The rows of TABLE_APPROVALS, and what they are worth: used once, by compare
 * and set, for exactly what was previewed (invariant 3).
 */

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/text.h"
#include "orders/approval.h"
#include "orders/row.h"

static const char *const state_names[] = {
	[APPROVAL_REQUESTED] = "requested",
	[APPROVAL_APPROVED] = "approved",
	[APPROVAL_CONSUMED] = "consumed",
	[APPROVAL_REVOKED] = "revoked",
	[APPROVAL_EXPIRED] = "expired",
};

const char *
approval_state_name(enum approval_state state)
{
	return state < APPROVAL_REQUESTED || state > APPROVAL_EXPIRED
		   ? NULL
		   : state_names[state];
}

static const char *
state_word(uint32_t value)
{
	return approval_state_name((enum approval_state)value);
}

/* An expired one is never stored. */
static uint32_t
state_find(const char *word)
{
	for (uint32_t i = APPROVAL_REQUESTED; i < APPROVAL_EXPIRED; i++) {
		if (strcmp(word, state_names[i]) == 0)
			return i;
	}
	return 0;
}

#define FIELD(member, kind) ROW_FIELD(struct approval, member, kind)

static const struct row_field approval_fields[] = {
	FIELD(id, ROW_CHARS),
	FIELD(preview_id, ROW_CHARS),
	FIELD(digest, ROW_CHARS),
	ROW_WORDS(struct approval, state, state_word, state_find),
	FIELD(account, ROW_TEXT),
	FIELD(group_id, ROW_TEXT),
	FIELD(requested_by, ROW_TEXT),
	FIELD(approved_by, ROW_TEXT),
	FIELD(approved_as, ROW_TEXT),
	FIELD(policy, ROW_TEXT),
	FIELD(revoked_by, ROW_TEXT),
	FIELD(key, ROW_TEXT),
	FIELD(requested_ns, ROW_U64),
	FIELD(approved_ns, ROW_U64),
	FIELD(expires_ns, ROW_U64),
	FIELD(incarnation, ROW_U64),
	{ .name = NULL },
};

void
approval_init(struct approval *approval)
{
	memset(approval, 0, sizeof(*approval));
}

void
approval_fini(struct approval *approval)
{
	row_fini(approval_fields, approval);
	approval_init(approval);
}

int
approval_get(struct journal_txn *txn, const char *id,
    struct approval *ret_approval, struct err *err)
{
	CLEANUP_APPROVAL struct approval approval;
	char key[ID_TEXT_SIZE];
	int ret;

	approval_init(&approval);
	if (!id_is_uuid(id))
		return IAG_NOTFOUND;
	for (size_t i = 0; i < sizeof(key); i++)
		key[i] = (char)tolower((unsigned char)id[i]);
	ret = row_load(txn, TABLE_APPROVALS,
	    (struct iag_bytes){ key, ID_TEXT_SIZE - 1 }, approval_fields,
	    &approval, NULL, "an approval", err);
	if (ret)
		return ret;
	if (!*approval.id || !approval.state || !approval.account ||
	    !*approval.preview_id)
		return err_set(
		    err, ERR_JOURNAL_CORRUPT, "an approval is not complete");
	*ret_approval = approval;
	approval_init(&approval);
	return 0;
}

/* What a preview is told of its approval (preview_get()). */
static const struct row_field index_fields[] = {
	{
	    .name = "approval_id",
	    .kind = ROW_CHARS,
	    .at = offsetof(struct approval, id),
	    .size = ID_TEXT_SIZE,
	},
	{ .name = NULL },
};

static int
index_put(
    struct journal_txn *txn, const struct approval *approval, struct err *err)
{
	char key[sizeof("preview/") + ID_TEXT_SIZE];

	(void)snprintf(key, sizeof(key), "preview/%s", approval->preview_id);
	return row_save(txn, TABLE_APPROVALS,
	    (struct iag_bytes){ key, strlen(key) }, index_fields, approval,
	    NULL, err);
}

int
approval_update(
    struct journal_txn *txn, const struct approval *approval, struct err *err)
{
	return row_save(txn, TABLE_APPROVALS,
	    (struct iag_bytes){ approval->id, strlen(approval->id) },
	    approval_fields, approval, NULL, err);
}

int
approval_put(
    struct journal_txn *txn, const struct approval *approval, struct err *err)
{
	int ret = approval_update(txn, approval, err);

	return ret ? ret : index_put(txn, approval, err);
}

enum approval_state
approval_state_at(
    const struct approval *approval, uint64_t now_ns, uint64_t incarnation)
{
	bool over = approval->incarnation != incarnation ||
		    now_ns >= approval->expires_ns;

	if (over && (approval->state == APPROVAL_REQUESTED ||
			approval->state == APPROVAL_APPROVED))
		return APPROVAL_EXPIRED;
	return approval->state;
}

static bool
is_same(const char *a, const char *b)
{
	return a && b && strcmp(a, b) == 0;
}

bool
approval_holds(const struct approval *approval, const struct preview *preview,
    const char *policy)
{
	const char *by = approval->approved_by;

	if (strcmp(policy, "any") == 0)
		return true;
	if (strcmp(policy, "operator") == 0)
		return is_same(approval->approved_as, "operator");
	/* distinct: somebody who was looked up, and not who asked */
	return by && is_same(approval->policy, policy) &&
	       !is_same(by, approval->requested_by) &&
	       !is_same(by, preview->created_by);
}

enum approval_fit
approval_fits(const struct approval *approval, const struct preview *preview,
    const char *account, const char *policy, uint64_t now_ns,
    uint64_t incarnation)
{
	if (!is_same(approval->account, account))
		return APPROVAL_OTHER_ACCOUNT;
	if (strcmp(approval->preview_id, preview->id) != 0 ||
	    strcmp(approval->digest, preview->digest) != 0)
		return APPROVAL_OTHER_PREVIEW;
	switch (approval_state_at(approval, now_ns, incarnation)) {
	case APPROVAL_APPROVED:
		break;
	case APPROVAL_CONSUMED:
		return APPROVAL_IS_CONSUMED;
	case APPROVAL_EXPIRED:
		return APPROVAL_IS_EXPIRED;
	default:
		return APPROVAL_MISSING;
	}
	return approval_holds(approval, preview, policy) ? APPROVAL_FITS
							 : APPROVAL_BY_SELF;
}

/* Compare with what is stored now, then set. */
static int
swap(struct journal_txn *txn, const char *id, enum approval_state from,
    enum approval_state to, const char *key, struct err *err)
{
	CLEANUP_APPROVAL struct approval stored;
	int ret;

	approval_init(&stored);
	ret = approval_get(txn, id, &stored, err);
	if (ret)
		return ret;
	if (stored.state != from ||
	    (from == APPROVAL_CONSUMED && !is_same(stored.key, key)))
		return err_set(err, ERR_APPROVAL_CONSUMED,
		    "the approval '%s' is %s", id,
		    approval_state_name(stored.state));
	stored.state = to;
	ret = text_set(&stored.key, to == APPROVAL_CONSUMED ? key : NULL, err);
	return ret ? ret : approval_update(txn, &stored, err);
}

int
approval_consume(struct journal_txn *txn, struct approval *approval,
    const char *key, struct err *err)
{
	return swap(
	    txn, approval->id, APPROVAL_APPROVED, APPROVAL_CONSUMED, key, err);
}

int
approval_release(
    struct journal_txn *txn, const char *id, const char *key, struct err *err)
{
	return swap(txn, id, APPROVAL_CONSUMED, APPROVAL_APPROVED, key, err);
}
