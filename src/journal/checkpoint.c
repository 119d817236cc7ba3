/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* Making and reading checkpoints. */

#include "journal/checkpoint.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"

#define LABEL "iag-checkpoint-1"

struct taken {
	const char *principal;
	struct checkpoint_head head;
};

void
checkpoint_head(const struct journal_txn *txn, struct checkpoint_head *ret_head)
{
	memcpy(ret_head->store_id, txn->info.id, STORE_ID_SIZE);
	ret_head->size = txn->head.count;
	memcpy(ret_head->hash, txn->head.hash, HASH_SIZE);
	ret_head->now_ns = txn->now_ns;
}

static int
take_step(struct journal_txn *txn, void *arg, struct err *err)
{
	struct taken *taken = arg;
	const struct audit_event event = {
		.event_type = "audit_checkpointed",
		.principal = taken->principal,
		.principal_kind = "operator",
		.decision = "allow",
		.result_status = "completed",
	};
	int rc = txn_audit(txn, &event, err);

	if (rc < 0)
		return rc;
	checkpoint_head(txn, &taken->head);
	return 0;
}

int
checkpoint_format(const struct checkpoint_head *head, const struct keys *keys,
    struct buf *out, struct err *err)
{
	struct json_object *root CLEANUP_JSON = json_object_new_object();
	char time[CLOCK_TEXT_SIZE];
	int rc = root ? 0 : IAG_NOMEM;

	clock_format(head->now_ns, time);
	if (rc == 0)
		rc = json_add_str(root, "created_at", time);
	if (rc == 0)
		rc = json_add_str(root, "format", LABEL);
	if (rc == 0)
		rc = manifest_add_bytes(root, "head", head->hash, HASH_SIZE);
	if (rc == 0)
		rc = json_add_int(root, "size", (int64_t)head->size);
	if (rc == 0)
		rc = manifest_add_bytes(
		    root, "store_id", head->store_id, STORE_ID_SIZE);
	if (rc < 0)
		return err_no_memory(err);
	return manifest_sign(root, LABEL, keys, out, err);
}

int
audit_checkpoint(struct journal *journal, struct call *call,
    const char *principal, struct buf *out, struct err *err)
{
	struct taken taken = { .principal = principal };
	int rc = journal_update(journal, call, take_step, &taken, err);

	return rc < 0
		   ? rc
		   : checkpoint_format(&taken.head, &journal->keys, out, err);
}

static int
parse(struct json_object *root, const struct keys *keys,
    struct checkpoint *checkpoint, struct err *err)
{
	int64_t size;
	int rc;

	if (!json_object_is_type(root, json_type_object) ||
	    strcmp(json_get_str(root, "format", ""), LABEL) != 0)
		return err_set(
		    err, ERR_INPUT_INVALID, "its format is not '%s'", LABEL);
	size = json_get_int(root, "size", 0);
	if (size < 1 ||
	    !manifest_bytes(root, "head", checkpoint->head, HASH_SIZE) ||
	    !manifest_bytes(
		root, "store_id", checkpoint->store_id, STORE_ID_SIZE))
		return err_set(err, ERR_INPUT_INVALID,
		    "size, head or store_id is missing or malformed");
	checkpoint->size = (uint64_t)size;
	rc = manifest_check(root, LABEL, keys, &checkpoint->keyed, err);
	return rc;
}

int
checkpoint_parse(const char *text, const struct keys *keys,
    struct checkpoint *ret_checkpoint, struct err *err)
{
	struct json_object *root CLEANUP_JSON = NULL;
	struct checkpoint checkpoint;
	int rc =
	    json_parse(text, strlen(text), &json_bounds_default, &root, err);

	if (rc == 0)
		rc = parse(root, keys, &checkpoint, err);
	if (rc < 0) {
		(void)err_wrap(err, "checkpoint");
		return rc;
	}
	*ret_checkpoint = checkpoint;
	return 0;
}
