/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * What the two files of the kit for writers share: opening one over a desk in
 * memory, orders to give it, and the checks of a whole order's life, which
 * only writers with the hint SIMULATED go through.
 */

#ifndef IAG_HOST_KITWRITER_H
#define IAG_HOST_KITWRITER_H

#include "host/kit.h"
#include "host/writer.h"

#define KIT_ACCOUNT "DU1234567"

const struct iag_writer_ops *kit_writer_ops(const struct kit *kit);
/* sends: commit_send() is the host's own; otherwise it refuses. */
struct instance *kit_open_writer(struct kit *kit, bool sends);
/* An order that the writer says that it takes. */
struct iag_order kit_make_order(
    const struct iag_writer_ops *ops, uint32_t type, const char *ref);
/* A short reference in its alphabet; other numbers, other references. */
#define KIT_REF_SIZE 16
void kit_make_ref(const struct iag_writer_ops *ops, char what, unsigned number,
    char ref[KIT_REF_SIZE]);
/* Keep what a write changed of the plugin's state, as the desk would. */
void kit_keep_state(const struct writer_result *result);
/* Skips the check and returns false unless the writer only simulates. */
bool kit_is_simulated(struct kit *kit, const char *name);

/* Groups of kitorder.c. */
void kit_check_order(struct kit *kit);
void kit_check_reference(struct kit *kit);
void kit_check_order_end(struct kit *kit);

#endif
