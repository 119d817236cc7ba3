/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * From the text of a file to struct config, without the file: for
 * config_load() and for fuzzing.
 */

#ifndef IAG_CONFIG_LOAD_H
#define IAG_CONFIG_LOAD_H

#include <stddef.h>

#include "config/config.h"
#include "config/fault.h"

/*
 * Read text into a fresh configuration (defaults already set, config->dir
 * known) and run the cross-field rules.  All faults are added; the caller
 * looks at faults->class.  IAG_NOMEM, else 0.
 */
int load_text(
    struct config *config, const char *text, size_t len, struct faults *faults);

/* The cross-field rules, rules.c; faults->file as in config_load(). */
void rules_check(const struct config *config, struct faults *faults);

/* A new policy with the defaults, at the end of config->policies, or NULL. */
struct risk_policy *config_add_policy(struct config *config, const char *id);
/* The same of config->peers. */
struct peer_rule *config_add_peer(struct config *config, const char *name);

#endif
