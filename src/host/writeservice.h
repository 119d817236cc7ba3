/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* The services that only writers use; plugin.h says what each promises. */

#ifndef IAG_HOST_WRITESERVICE_H
#define IAG_HOST_WRITESERVICE_H

#include <stddef.h>
#include <stdint.h>

#include "ibkr-agent/plugin.h"

enum { STATE_KEY_MAX = 200, STATE_VALUE_MAX = 65536 };

int32_t service_commit_send(struct iag_ctx *ctx);
int32_t service_question(struct iag_ctx *ctx, const char *const *message_ids,
    const char *const *texts, size_t count);
int32_t service_query(struct iag_ctx *ctx, const char *operation,
    const char *arguments, size_t len, const char **ret_json, size_t *ret_len);
int32_t service_state_get(struct iag_ctx *ctx, const struct iag_bytes *key,
    struct iag_bytes *ret_value);
int32_t service_state_put(struct iag_ctx *ctx, const struct iag_bytes *key,
    const struct iag_bytes *value);
int32_t service_state_del(struct iag_ctx *ctx, const struct iag_bytes *key);
int32_t service_state_next(struct iag_ctx *ctx, const struct iag_bytes *key,
    struct iag_bytes *ret_key, struct iag_bytes *ret_value);

#endif
