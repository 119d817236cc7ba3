/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* What a configuration says about things outside its file. */

#ifndef IAG_GATEWAY_SETTINGS_H
#define IAG_GATEWAY_SETTINGS_H

#include "base/buf.h"
#include "base/err.h"
#include "config/config.h"

/*
 * Are the plugins that it names there, do their options fit, can its secrets
 * be read?  Appends one line for each fault; the class of the first one, with
 * its text in *err, or 0.  Plugins are looked at in children first, so call
 * it before there is a thread.  Nothing is opened or made.
 */
int settings_check(
    const struct config *config, struct buf *faults, struct err *err);

#endif
