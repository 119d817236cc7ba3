/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The operator's credential: a file (0600) that stands for a terminal where
 * there is none.  It holds a key derived from the deployment secret, so that
 * only who has had that secret can make one, and a new secret voids it.
 */

#ifndef IAG_GATEWAY_CREDENTIAL_H
#define IAG_GATEWAY_CREDENTIAL_H

#include "base/err.h"
#include "config/config.h"

/* Write it to path, which may not exist. */
int credential_make(
    const struct config *config, const char *path, struct err *err);
/* What the file at path holds, to be shown to credential_check(). */
int credential_read(
    const char *path, struct secret **ret_shown, struct err *err);
/* 0: it is one of this deployment. */
int credential_check(
    const struct config *config, const struct secret *shown, struct err *err);

#endif
