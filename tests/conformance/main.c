/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * conformance CONFIG: serves the fixtures over HTTP as the program serves
 * its tools, prints the address, and ends with its input.
 */

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "fixtures.h"
#include "gateway/gateway.h"
#include "http/http.h"
#include "mcp/lifecycle.h"

#define HELLO(capabilities)               \
	"\"capabilities\":{" capabilities \
	"},\"instructions\":\"Fixtures of the conformance suite.\""

static const struct method methods[] = {
	{ "server/discover", ERA_MODERN, lifecycle_discover },
	{ "initialize", ERA_LEGACY, lifecycle_initialize },
	{ "ping", ERA_LEGACY, lifecycle_ping },
	{ "tools/list", ERA_LEGACY | ERA_MODERN, fixture_tools_list },
	{ "tools/call", ERA_LEGACY | ERA_MODERN, fixture_tools_call, true },
	{ "resources/list", ERA_LEGACY | ERA_MODERN, fixture_resources_list },
	{ "resources/templates/list", ERA_LEGACY | ERA_MODERN,
	    fixture_resources_templates },
	{ "resources/read", ERA_LEGACY | ERA_MODERN, fixture_resources_read },
	{ "resources/subscribe", ERA_LEGACY, fixture_accept },
	{ "resources/unsubscribe", ERA_LEGACY, fixture_accept },
	{ "prompts/list", ERA_LEGACY | ERA_MODERN, fixture_prompts_list },
	{ "prompts/get", ERA_LEGACY | ERA_MODERN, fixture_prompts_get, true },
	{ "completion/complete", ERA_LEGACY | ERA_MODERN, fixture_complete },
	{ "logging/setLevel", ERA_LEGACY, fixture_accept },
	{ "subscriptions/listen", ERA_MODERN, fixture_listen, true },
};

/* The answer does it all. */
static int
call_nothing(struct gateway *gateway, const struct tool_request *request,
    struct tool_result *ret_result)
{
	(void)gateway;
	(void)request;
	(void)ret_result;
	return 0;
}

const struct registry registry_fixtures = {
	.methods = methods,
	.method_count = ARRAY_COUNT(methods),
	.hello_legacy = HELLO("\"tools\":{},\"resources\":{\"subscribe\":true},"
			      "\"prompts\":{},\"completions\":{},"
			      "\"logging\":{}"),
	.hello_modern = HELLO("\"tools\":{\"listChanged\":true},"
			      "\"resources\":{},\"prompts\":{"
			      "\"listChanged\":true},\"completions\":{}"),
	.call = call_nothing,
	.take_response = fixture_take_response,
};

static int
serve(struct gateway *gateway, struct err *err)
{
	const struct http_setup setup = { .registry = &registry_fixtures,
		.gateway = gateway,
		.principal = { .name = "agent:suite",
		    .kind = PRINCIPAL_AGENT,
		    .scopes = gateway_scopes(gateway) },
		.bind = "127.0.0.1:0",
		.listen_fd = -1 };
	struct http *http = NULL;
	char byte;
	int r = http_open(&setup, &http, err);

	if (r < 0)
		return r;
	(void)printf("%s\n", http_url(http));
	(void)fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	http_stop(http, NS_PER_S);
	(void)http_close(http);
	return 0;
}

int
main(int argc, char **argv)
{
	CLEANUP_ERR struct err err = ERR_INIT;
	struct gateway_setup setup = { .config = NULL };
	CLEANUP_BUF struct buf faults = BUF_INIT;
	struct gateway *gateway = NULL;
	int r;

	(void)signal(SIGPIPE, SIG_IGN);
	if (argc != 2)
		return 2;
	r = config_load(argv[1], &setup.config, &faults, &err);
	if (r == 0)
		r = gateway_new(&setup, &gateway, &err);
	if (r == 0)
		r = serve(gateway, &err);
	if (r < 0)
		(void)fprintf(
		    stderr, "%s%s\n", buf_text(&faults), err_text(&err));
	if (gateway && !gateway_free(gateway))
		_exit(1);
	return r < 0;
}
