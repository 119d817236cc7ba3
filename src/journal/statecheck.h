/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* Every state row against the record that wrote it, and the reverse. */

#ifndef IAG_JOURNAL_STATECHECK_H
#define IAG_JOURNAL_STATECHECK_H

#include "journal/core.h"

/* JOURNAL_CORRUPT says what does not fit; the chain itself is not checked. */
int state_check(struct journal_txn *txn, struct err *err);

#endif
