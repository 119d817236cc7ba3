/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * What the gateway has open, and how it comes to be open: secret, store
 * plugin, journal, backend plugin, in this order, at the first need.
 */

#ifndef IAG_GATEWAY_HOUSE_H
#define IAG_GATEWAY_HOUSE_H

#include "config/config.h"
#include "host/host.h"
#include "tools/dispatch.h"

struct house;

/* What a house is opened with; all but the secret borrowed. */
struct house_setup {
	const struct config *config;
	struct host *host;
	struct secret *secret; /* taken, not on failure; NULL: as configured */
	const char *live_broker; /* --live-broker, or NULL */
	bool is_command;         /* as in struct desk_setup */
};
struct house *house_new(const struct house_setup *setup);
/* gateway_ready() says what it does. */
int house_open(
    struct house *house, const struct tool_house **ret_tools, struct err *err);
/* What is open, or was last; NULL: nothing yet. */
const struct tool_house *house_peek(struct house *house);
/* Close backend, journal and store; nobody may be inside. */
void house_close(struct house *house);
void house_free(struct house *house); /* after house_close(); NULL is fine */

/*
 * The pieces, for commands that look at a store which is not the running
 * one: load the configured plugin and open an instance of it.
 */
int house_open_store(struct host *host, const struct config *config,
    const char *path, bool read_only, struct instance **ret_store,
    struct err *err);
int house_open_backend(struct host *host, const struct config *config,
    struct instance **ret_backend, struct err *err);
/* plugin_options_check() with what opening it would give it. */
int house_check_options(
    const struct plugin *plugin, const struct config *config, struct err *err);

#endif
