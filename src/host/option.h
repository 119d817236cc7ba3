/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The options of an instance: what the program and the configuration give,
 * checked against the plugin's schema, all faults at once.
 */

#ifndef IAG_HOST_OPTION_H
#define IAG_HOST_OPTION_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/secret.h"
#include "config/config.h"
#include "host/host.h"
#include "ibkr-agent/plugin.h"

struct option_set; /* one value or none for each option of the schema */

/*
 * given wins against the configuration (may be NULL), that against the
 * defaults.  CONFIG_INVALID with every fault, parted by "; ".
 */
int option_set_new(const struct plugin *plugin, const struct config *config,
    const struct instance_option *given, size_t given_count,
    struct option_set **ret_set, struct err *err);
void option_set_free(struct option_set *set); /* NULL is fine */

/* Does value fit the option?  INPUT_INVALID: what was expected and found. */
int option_check(
    const struct iag_option *option, const char *value, struct err *err);

/* Readers as in plugin.h: 0, IAG_NOTFOUND, IAG_INVAL. */
int32_t option_str(
    const struct option_set *set, const char *key, const char **ret_value);
int32_t option_int(
    const struct option_set *set, const char *key, int64_t *ret_value);
int32_t option_bool(
    const struct option_set *set, const char *key, uint32_t *ret_value);
/* The secret that the option names; CONFIG_INVALID if it is not there. */
int option_secret(const struct option_set *set, const char *key,
    struct secret **ret_secret, struct err *err);

#endif
