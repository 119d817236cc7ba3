/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* What the gateway says about itself; asks nobody. */

#include "base/clock.h"
#include "base/json.h"
#include "config/scope.h"
#include "tools/answer.h"
#include "tools/handlers.h"

static bool
live_is_on(const struct config *config)
{
	return config->live_trading.enabled &&
	       config->safety.live_trading_enabled;
}

/* Would this tool, which is not read-only, do anything for the caller? */
static bool
tool_is_live(const struct config *config, const struct tool *tool)
{
	uint64_t bit = scope_bit(tool->scope);

	for (size_t i = 0; i < scope_count; i++) {
		if (scope_bit(scope_table[i].name) != bit)
			continue;
		switch (scope_table[i].tier) {
		case SCOPE_TIER_PREVIEW:
			return config->order_preview.enabled;
		case SCOPE_TIER_PAPER:
			return config->paper_trading.enabled;
		case SCOPE_TIER_LIVE:
			return live_is_on(config);
		default:
			return true;
		}
	}
	return true;
}

int
health_handler(struct tool_call *call, struct err *err)
{
	const struct config *config = call->house->config;
	CLEANUP_JSON struct json_object *out = json_object_new_object();
	char now[CLOCK_TEXT_SIZE];
	bool read_only = true;
	int64_t tools = 0;
	int ret = 0;

	for (size_t i = 0; i < tool_count; i++) {
		const struct tool *tool = &tool_table[i];

		if (!tool_is_shown(tool, config, call->principal->scopes))
			continue;
		tools++;
		if (!(tool->flags & TOOL_READ_ONLY) &&
		    tool_is_live(config, tool))
			read_only = false;
	}
	clock_format(clock_real_ns(), now);
	ret |= json_add_str(out, "gateway", "ok");
	ret |= json_add_str(out, "version", PACKAGE_VERSION);
	ret |= json_add_bool(out, "read_only", read_only);
	ret |= json_add_str(out, "backend", config->broker.backend);
	ret |=
	    json_add_bool(out, "backend_ready", call->house->backend != NULL);
	ret |= json_add_int(out, "tools", tools);
	ret |= json_add_bool(
	    out, "preview_enabled", config->order_preview.enabled);
	ret |=
	    json_add_bool(out, "paper_enabled", config->paper_trading.enabled);
	ret |= json_add_bool(out, "live_enabled", live_is_on(config));
	ret |= json_add_str(out, "time", now);
	if (ret)
		return err_no_memory(err);
	json_write(call->output, out, 0);
	return 0;
}
