/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* See trader.h. */

#include "trader.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../unit/gateway-kit.h"
#include "base/cleanup.h"
#include "base/json.h"
#include "tools/tool.h"
#include "wire.h"

static struct gateway *gateway;

/* ---- the house */

static const char settings[] =
    "broker:\n"
    "  backend: client_portal_gateway\n"
    "  base_url: https://127.0.0.1:5000/v1/api\n"
    "  allow_insecure_tls_for_localhost: true\n"
    "  questions: [%s]\n"
    "auth:\n"
    "  enabled_scopes: [ibkr:health:read, ibkr:accounts:read,\n"
    "    ibkr:portfolio:read, ibkr:positions:read, ibkr:marketdata:read,\n"
    "    ibkr:orders:read, ibkr:risk:read, ibkr:audit:read,\n"
    "    ibkr:orders:preview, ibkr:approvals:create,\n"
    "    ibkr:orders:paper:submit, ibkr:orders:paper:cancel,\n"
    "    ibkr:orders:paper:modify]\n"
    "audit: {path: %s/store}\n"
    "order_preview: {enabled: true}\n"
    "paper_trading: {enabled: true, allowed_accounts: [" ACCOUNT "],\n"
    "  writer: client-portal}\n"
    "live_trading: {reconciler_interval_seconds: %u}\n"
    "plugins: {path: [%s]}\n";

static struct config *
house_config(const char *directory, unsigned interval_s, const char *questions)
{
	const char *plugins = getenv("IAG_TEST_PLUGINDIR");
	struct buf path CLEANUP_BUF = BUF_INIT;
	struct buf faults CLEANUP_BUF = BUF_INIT;
	struct config *config = NULL;
	FILE *file;

	assert_non_null(plugins);
	buf_printf(&path, "%s/ibkr-agent.yaml", directory);
	file = fopen(buf_text(&path), "we");
	assert_non_null(file);
	(void)fprintf(
	    file, settings, questions, directory, interval_s, plugins);
	assert_int_equal(fclose(file), 0);
	if (config_load(buf_text(&path), &config, &faults, NULL) ||
	    config_rules(config, &faults, NULL))
		fail_msg("%s", buf_text(&faults));
	return config;
}

void
trader_begin(const struct sim_settings *world, unsigned interval_s,
    const char *questions)
{
	char *directory CLEANUP_FREE = kit_directory();

	wire_begin(world);
	gateway = kit_gateway(house_config(directory, interval_s, questions));
}

void
trader_end(void)
{
	assert_true(gateway_free(STEAL(gateway)));
	wire_end();
}

/* ---- calls */

static const struct tool *
operation_find(const char *name)
{
	for (size_t i = 0; i < operation_count; i++)
		if (strcmp(operation_table[i].name, name) == 0)
			return &operation_table[i];
	return NULL;
}

struct json_object *
trader_ask(const char *tool, bool *ret_good, const char *format, ...)
{
	const struct tool *operation = operation_find(tool);
	const struct principal caller = { .name = "trader",
		.kind = operation ? PRINCIPAL_OPERATOR : PRINCIPAL_AGENT,
		.scopes = UINT64_MAX };
	struct buf text CLEANUP_BUF = BUF_INIT;
	struct json_object *arguments CLEANUP_JSON = NULL;
	struct json_object *json = NULL;
	struct tool_request request = { .name = tool,
		.operation = operation,
		.principal = &caller,
		.is_local = true };
	struct tool_result result;
	va_list list;

	va_start(list, format);
	buf_vprintf(&text, format, list);
	va_end(list);
	assert_int_equal(json_parse(buf_text(&text), text.len,
			     &json_bounds_default, &arguments, NULL),
	    0);
	request.arguments = arguments;
	request.call =
	    gateway_call_new(gateway, operation ? operation : tool_find(tool));
	tool_result_init(&result);
	(void)gateway_call(gateway, &request, &result);
	call_unref(request.call);
	*ret_good = !result.is_error;
	if (json_parse(buf_text(&result.json), result.json.len,
		&(struct json_bounds){ SIZE_MAX, 64, SIZE_MAX, true }, &json,
		NULL))
		fail_msg("%s: %s", tool, buf_text(&result.json));
	tool_result_fini(&result);
	return json;
}

void
trader_copy(char *to, size_t size, struct json_object *from, const char *member)
{
	(void)snprintf(to, size, "%s", json_get_str(from, member, ""));
}

static bool
approve_preview(struct ticket *ret_ticket, struct json_object *preview)
{
	struct json_object *approval CLEANUP_JSON = NULL;
	bool good;

	trader_copy(ret_ticket->preview, sizeof ret_ticket->preview, preview,
	    "preview_id");
	approval = trader_ask("ibkr_approvals_create", &good,
	    "{\"account_id\":\"" ACCOUNT "\",\"preview_id\":\"%s\"}",
	    ret_ticket->preview);
	trader_copy(ret_ticket->approval, sizeof ret_ticket->approval, approval,
	    "approval_id");
	return good;
}

bool
trader_approve(
    struct ticket *ret_ticket, const char *price, const char *order_id)
{
	struct json_object *preview CLEANUP_JSON = NULL;
	bool good;

	preview = trader_ask("ibkr_order_preview", &good,
	    "{\"account_id\":\"" ACCOUNT
	    "\",\"symbol\":\"AAPL\",\"side\":\"buy\",\"quantity\":\"1\","
	    "\"order_type\":\"limit\",\"limit_price\":\"%s\","
	    "\"time_in_force\":\"day\"%s%s%s}",
	    price, order_id ? ",\"broker_order_id\":\"" : "",
	    order_id ? order_id : "", order_id ? "\"" : "");
	if (!good)
		return false;
	return approve_preview(ret_ticket, preview);
}

bool
trader_approve_bracket(struct ticket ret_legs[3])
{
	static const char *const legs[] = { "parent", "take_profit",
		"stop_loss" };
	bool good;
	struct json_object *previews CLEANUP_JSON =
	    trader_ask("ibkr_bracket_order_preview", &good,
		"{\"account_id\":\"" ACCOUNT
		"\",\"symbol\":\"AAPL\",\"side\":\"buy\",\"quantity\":"
		"\"1\",\"entry_limit_price\":\"199.00\","
		"\"take_profit_limit_price\":\"204.00\","
		"\"stop_loss_stop_price\":\"194.00\"}");

	for (size_t i = 0; good && i < ARRAY_COUNT(legs); i++)
		good =
		    approve_preview(&ret_legs[i], json_get(previews, legs[i]));
	return good;
}
