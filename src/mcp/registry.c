/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The table of methods is the whole surface: what is not in it for an era
 * does not exist there.
 */

#include "mcp/registry.h"

#include <string.h>

#include "base/cleanup.h"
#include "gateway/gateway.h"
#include "mcp/lifecycle.h"
#include "mcp/prompts.h"
#include "mcp/resources.h"
#include "mcp/tools.h"

static const struct method method_table[] = {
	{ "server/discover", ERA_MODERN, lifecycle_discover },
	{ "initialize", ERA_LEGACY, lifecycle_initialize },
	{ "ping", ERA_LEGACY, lifecycle_ping },
	{ "tools/list", ERA_LEGACY | ERA_MODERN, tools_list },
	{ "tools/call", ERA_LEGACY | ERA_MODERN, tools_call, true },
	{ "resources/list", ERA_LEGACY | ERA_MODERN, resources_list },
	{ "resources/templates/list", ERA_LEGACY | ERA_MODERN,
	    resources_templates },
	{ "resources/read", ERA_LEGACY | ERA_MODERN, resources_read, true },
	{ "prompts/list", ERA_LEGACY | ERA_MODERN, prompts_list },
	{ "prompts/get", ERA_LEGACY | ERA_MODERN, prompts_get },
};

const struct registry registry_gateway = {
	.methods = method_table,
	.method_count = ARRAY_COUNT(method_table),
	.hello_legacy = lifecycle_hello,
	.hello_modern = lifecycle_hello,
	.instruct = lifecycle_instruct,
	.call = gateway_call,
};

const struct method *
registry_find(const struct registry *registry, const char *name, enum era era)
{
	for (size_t i = 0; i < registry->method_count; i++) {
		const struct method *m = &registry->methods[i];

		if (strcmp(m->name, name) == 0)
			return (m->eras & (unsigned)era) ? m : NULL;
	}
	return registry->base ? registry_find(registry->base, name, era) : NULL;
}
