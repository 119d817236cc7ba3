/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* The key comes from the deployment's secret, as all keys of a journal. */

#include "journal/seal.h"

#include "journal/core.h"

void
journal_seal(const struct journal *journal, struct iag_bytes text,
    uint8_t ret_mac[HASH_SIZE])
{
	hmac_sha256(
	    journal->keys.state, HASH_SIZE, text.data, text.len, ret_mac);
}
