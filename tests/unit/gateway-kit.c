/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

#include "gateway-kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/json.h"
#include "config/scope.h"

char *
kit_directory(void)
{
	struct buf path CLEANUP_BUF = BUF_INIT;
	const char *base = getenv("TMPDIR");

	buf_printf(&path, "%s/gateway.XXXXXX", base ? base : "/tmp");
	assert_non_null(mkdtemp(path.data));
	return buf_take(&path);
}

static void
replace(char **member, const char *value)
{
	free(*member);
	*member = strdup(value);
	assert_non_null(*member);
}

struct config *
kit_config(const char *directory)
{
	struct buf path CLEANUP_BUF = BUF_INIT;
	struct config *config;
	const char *plugins = getenv("IAG_TEST_PLUGINDIR");

	assert_non_null(plugins);
	assert_int_equal(config_development(&config, NULL), 0);
	buf_printf(&path, "%s/store", directory);
	replace(&config->audit.path, buf_text(&path));
	free(config->plugins.path.items);
	config->plugins.path.items = calloc(2, sizeof(char *));
	assert_non_null(config->plugins.path.items);
	config->plugins.path.items[0] = strdup(plugins);
	config->plugins.path.count = 1;
	return config;
}

void
kit_option(struct config *config, const char *key, const char *value)
{
	size_t count = config->plugins.option_count;
	struct config_option *grown =
	    reallocarray(config->plugins.options, count + 1, sizeof(*grown));

	assert_non_null(grown);
	config->plugins.options = grown;
	grown[count] = (struct config_option){
		.plugin = strdup("fake"),
		.key = strdup(key),
		.value = strdup(value),
	};
	config->plugins.option_count++;
}

struct gateway *
kit_gateway(struct config *config)
{
	struct secret *secret = secret_new(KIT_SECRET, strlen(KIT_SECRET));
	struct gateway *gateway;

	assert_non_null(secret);
	assert_int_equal(gateway_new(&(struct gateway_setup){ .config = config,
					 .secret = secret },
			     &gateway, NULL),
	    0);
	return gateway;
}

char *
kit_call(struct gateway *gateway, struct call *call, const char *tool,
    const char *arguments, enum err_code *ret_code)
{
	const struct principal agent = {
		.name = "agent:test",
		.kind = PRINCIPAL_AGENT,
		.scopes = scope_all(),
	};
	struct json_object *tree CLEANUP_JSON = NULL;
	struct tool_request request = {
		.name = tool,
		.principal = &agent,
		.call = call ? call : gateway_call_new(gateway, NULL),
	};
	struct tool_result result;
	char *text;

	if (arguments && json_parse(arguments, strlen(arguments),
			     &json_bounds_default, &tree, NULL))
		return NULL;
	request.arguments = tree;
	tool_result_init(&result);
	(void)gateway_call(gateway, &request, &result);
	if (!call)
		call_unref(request.call);
	*ret_code = result.err.code;
	text = buf_take(&result.json);
	tool_result_fini(&result);
	return text;
}
