/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* A gateway over the fake broker with a store of its own, for the tests. */

#ifndef IAG_TESTS_UNIT_GATEWAY_KIT_H
#define IAG_TESTS_UNIT_GATEWAY_KIT_H

#include "gateway/gateway.h"

#define KIT_SECRET "0123456789abcdef0123456789abcdef"

/* A new directory below $TMPDIR; the runner removes it. */
char *kit_directory(void);
/* Development defaults with that store and the built plugins. */
struct config *kit_config(const char *directory);
/* plugins.options.fake of that configuration. */
void kit_option(struct config *config, const char *key, const char *value);
/* A gateway over the configuration; takes it. */
struct gateway *kit_gateway(struct config *config);

/* One call as an agent with all scopes; the result's text is returned. */
char *kit_call(struct gateway *gateway, struct call *call, const char *tool,
    const char *arguments, enum err_code *ret_code);

#endif
