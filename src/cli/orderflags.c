/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

#include "cli/orderflags.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "cli/cli.h"

#define FLAG(name, help)                        \
	{                                       \
		name, NULL, help, 0, NULL, NULL \
	}
#define END_OPTION                              \
	{                                       \
		NULL, NULL, NULL, 0, NULL, NULL \
	}

static const struct option none[] = { END_OPTION };

static const struct option preview[] = {
	FLAG("--enable-preview", "needed: order_preview.enabled holds too"),
	OPTION_LIVE_BROKER,
	END_OPTION,
};

static const struct option paper[] = {
	FLAG("--enable-paper", "needed: paper_trading.enabled holds too"),
	END_OPTION,
};

static const struct option live[] = {
	FLAG("--enable-live", "needed: live_trading.enabled holds too"),
	FLAG("--acknowledge-paper-to-live",
	    "take the paper-to-live checklist as read for this call"),
	OPTION_LIVE_BROKER,
	FLAG("--live-scope", "no effect: auth.enabled_scopes decides"),
	FLAG("--open-kill-switch",
	    "no effect: the switch is stored, see ibkr-agent kill-switch"),
	END_OPTION,
};

/* Nothing to switch on; the writer matters. */
static const struct option operation[] = { OPTION_LIVE_BROKER, END_OPTION };

/* What stands for a terminal; see credential.h. */
static const struct option opening[] = {
	{ "--operator-credential", "FILE",
	    "operator's credential, needed where there is no terminal",
	    OPTION_FILE, NULL, NULL },
	END_OPTION,
};

static const struct {
	const char *command;
	const struct option *options;
} flags_of_commands[] = {
	{ "kill-switch cancel-only", opening },
	{ "kill-switch open", opening },
	{ "orders cancel-all", operation },
	{ "policy explain", operation },
};

static bool
has_prefix(const char *text, const char *prefix)
{
	return text && strncmp(text, prefix, strlen(prefix)) == 0;
}

const struct option *
order_flags_of(const struct tool *tool)
{
	if (has_prefix(tool->scope, "ibkr:orders:preview"))
		return preview;
	if (has_prefix(tool->scope, "ibkr:orders:paper:"))
		return paper;
	if (has_prefix(tool->scope, "ibkr:orders:live:"))
		return live;
	for (size_t i = 0; i < ARRAY_COUNT(flags_of_commands); i++) {
		if (strcmp(flags_of_commands[i].command, tool->command) == 0)
			return flags_of_commands[i].options;
	}
	return none;
}

void
order_flags_say(const struct cli *cli)
{
	static const struct {
		const char *flag, *why;
	} idle[] = {
		{ "--live-scope", "auth.enabled_scopes decides" },
		{ "--open-kill-switch",
		    "`ibkr-agent kill-switch open` opens it" },
		{ "--open-live-kill-switch",
		    "`ibkr-agent kill-switch open` opens it" },
	};

	for (size_t i = 0; i < ARRAY_COUNT(idle); i++) {
		if (cli_has(cli, idle[i].flag))
			(void)fprintf(stderr,
			    "ibkr-agent: %s has no effect: %s\n", idle[i].flag,
			    idle[i].why);
	}
}
