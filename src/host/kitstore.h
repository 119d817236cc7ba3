/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * What the two files of the kit for stores share: small steps on a store
 * that turn failures into the text of the check.
 */

#ifndef IAG_HOST_KITSTORE_H
#define IAG_HOST_KITSTORE_H

#include "host/kit.h"
#include "host/store.h"

struct instance *kit_open_store(struct kit *kit);
struct store_txn *kit_store_begin(
    struct kit *kit, struct instance *store, uint32_t mode);
void kit_store_commit(struct kit *kit, struct store_txn *txn);
void kit_store_put(struct kit *kit, struct store_txn *txn, uint32_t table,
    const char *key, const char *value);
/* The value of key is that text; NULL: there is no such key. */
void kit_store_expect(struct kit *kit, struct store_txn *txn, uint32_t table,
    const char *key, const char *value);

/* Groups of kitpeer.c. */
void kit_check_guards(struct kit *kit);
void kit_check_guard_peer(struct kit *kit);
void kit_check_write_peer(struct kit *kit);

#endif
