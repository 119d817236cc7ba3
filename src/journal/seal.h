/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Marks on what a client carries for us between two requests, under a key that
 * is for nothing else.
 */

#ifndef IAG_JOURNAL_SEAL_H
#define IAG_JOURNAL_SEAL_H

#include "base/hash.h"
#include "ibkr-agent/types.h"
#include "journal/journal.h"

void journal_seal(const struct journal *journal, struct iag_bytes text,
    uint8_t ret_mac[HASH_SIZE]);

#endif
