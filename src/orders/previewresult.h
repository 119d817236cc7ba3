/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* What a caller is told of the previews that were made. */

#ifndef IAG_ORDERS_PREVIEWRESULT_H
#define IAG_ORDERS_PREVIEWRESULT_H

#include "orders/draft.h"

/*
 * One preview, or a group with its three; members stand in the order of the
 * tools' output fields.  event_id: of the call's record.
 */
int previewresult_write(struct buf *out, const struct draft *draft,
    const struct preview previews[], const char *event_id, struct err *err);

#endif
