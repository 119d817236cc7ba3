/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * A checkpoint: how long the chain was and where it ended, kept outside the
 * store, so that a later cut of the chain shows (ruling 28).
 */

#ifndef IAG_JOURNAL_CHECKPOINT_H
#define IAG_JOURNAL_CHECKPOINT_H

#include "journal/core.h"

struct checkpoint {
	uint8_t store_id[STORE_ID_SIZE];
	uint64_t size;           /* records; never 0 */
	uint8_t head[HASH_SIZE]; /* hash of record size - 1 */
	bool keyed;              /* MAC made and checked with the present key */
};

/* What a checkpoint of this moment says. */
struct checkpoint_head {
	uint8_t store_id[STORE_ID_SIZE];
	uint64_t size;
	uint8_t hash[HASH_SIZE];
	uint64_t now_ns;
};
void checkpoint_head(
    const struct journal_txn *txn, struct checkpoint_head *ret_head);
/* As signed JSON of at most CHECKPOINT_LEN bytes. */
#define CHECKPOINT_LEN 4096
int checkpoint_format(const struct checkpoint_head *head,
    const struct keys *keys, struct buf *out, struct err *err);

/* INPUT_INVALID for a text that is no checkpoint or was changed. */
int checkpoint_parse(const char *text, const struct keys *keys,
    struct checkpoint *ret_checkpoint, struct err *err);

/*
 * Sign a JSON object: set "key_id" and "mac" (HMAC over the canonical text
 * of all other members, behind label), and write it out.
 */
int manifest_sign(struct json_object *object, const char *label,
    const struct keys *keys, struct buf *out, struct err *err);
/*
 * 0 with *ret_keyed false: the object names another key.  A wrong MAC is
 * INPUT_INVALID.  The object loses its "mac".
 */
int manifest_check(struct json_object *object, const char *label,
    const struct keys *keys, bool *ret_keyed, struct err *err);
/* Hexadecimal member of exactly len bytes. */
bool manifest_bytes(
    struct json_object *object, const char *key, uint8_t *data, size_t len);
int manifest_add_bytes(struct json_object *object, const char *key,
    const uint8_t *data, size_t len);

#endif
