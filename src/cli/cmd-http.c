/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* mcp serve --transport http */

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/thread.h"
#include "cli/orderflags.h"
#include "cli/output.h"
#include "cli/serving.h"
#include "config/scope.h"
#include "http/http.h"

/* How long requests may go on after a signal; a second one ends them. */
#define DRAIN_NS (UINT64_C(10) * NS_PER_S)
enum { CANCEL_MS = 100 };

/* Whoever reaches a port without a name may look, and nothing else. */
static uint64_t
scopes_to_read(void)
{
	uint64_t scopes = 0;

	for (size_t i = 0; i < scope_count; i++) {
		if (scope_table[i].tier == SCOPE_TIER_READ)
			scopes |= scope_bit(scope_table[i].name);
	}
	return scopes;
}

static int
check_allowed(
    const struct cli *cli, const struct config *config, struct err *err)
{
	if (!cli_has(cli, "--enable-remote-mcp")) {
		err_set(err, ERR_CONFIG_REMOTE_MCP_FORBIDDEN,
		    "--transport http needs --enable-remote-mcp");
		err_action(err, "give it, beside remote_mcp.enabled and "
				"safety.remote_mcp_enabled");
		return err_class(err);
	}
	if (!config->remote_mcp.enabled && !cli_has(cli, "--without-auth"))
		return err_set(err, ERR_CONFIG_REMOTE_MCP_FORBIDDEN,
		    "--transport http needs remote_mcp.enabled: true, or "
		    "--without-auth on a loopback address");
	return 0;
}

static int
say_where(const struct cli *cli, const struct http *http, struct err *err)
{
	struct buf out CLEANUP_BUF = BUF_INIT;

	if (cli->args.json)
		buf_printf(&out, "{\"transport\": \"http\", \"url\": \"%s\"}\n",
		    http_url(http));
	else
		buf_printf(
		    &out, "MCP over http: listening at %s\n", http_url(http));
	return output_write(&out, err);
}

/* Waits for the second signal while requests end. */
struct second {
	struct gateway *gateway;
	int stop_fd;
	int over_fd; /* readable: they have */
};

/* Also what begins only then, whose request was on its way. */
static void *
second_main(void *arg)
{
	const struct second *second = arg;
	struct pollfd fds[] = { { .fd = second->stop_fd, .events = POLLIN },
		{ .fd = second->over_fd, .events = POLLIN } };
	int timeout_ms = -1;

	for (;;) {
		int ready = poll(fds, ARRAY_COUNT(fds), timeout_ms);

		if (ready < 0 && errno != EINTR)
			return NULL;
		if (ready > 0 && fds[1].revents)
			return NULL;
		if (ready > 0) {
			(void)serving_signal(second->stop_fd);
			timeout_ms = CANCEL_MS;
		}
		if (timeout_ms > 0)
			gateway_cancel_calls(second->gateway);
	}
}

static void
drain(struct http *http, struct gateway *gateway, int stop_fd)
{
	int over_fd CLEANUP_CLOSE = eventfd(0, EFD_CLOEXEC);
	struct second second = { gateway, stop_fd, over_fd };
	pthread_t thread;
	bool is_watched =
	    over_fd >= 0 && thread_start(&thread, 0, second_main, &second) == 0;

	http_stop(http, DRAIN_NS);
	if (!is_watched)
		return;
	(void)eventfd_write(over_fd, 1);
	(void)pthread_join(thread, NULL);
}

/* Serve until a signal comes. */
static int
serve(struct cli *cli, struct http_setup *setup, int stop_fd, struct err *err)
{
	struct http *http = NULL;
	int rc = http_open(setup, &http, err);

	if (rc)
		return rc;
	rc = say_where(cli, http, err);
	if (rc == 0) {
		serving_wait(stop_fd);
		(void)serving_signal(stop_fd);
	}
	drain(http, setup->gateway, stop_fd);
	/* what is stuck in it may still ask who it is */
	if (!http_close(http))
		setup->auth = NULL;
	return rc;
}

static int
serve_with(
    struct cli *cli, struct http_setup *setup, int stop_fd, struct err *err)
{
	const struct tool_house *house;
	struct auth *auth = NULL;
	int rc = gateway_ready(setup->gateway, &house, err);

	if (rc)
		return rc;
	if (!cli_has(cli, "--without-auth"))
		rc = http_open_auth(setup->gateway, &auth, err);
	setup->auth = auth;
	if (rc == 0)
		rc = serve(cli, setup, stop_fd, err);
	auth_close(setup->auth);
	return rc;
}

int
run_mcp_http(struct cli *cli, struct err *err)
{
	struct buf name CLEANUP_BUF = BUF_INIT;
	struct http_setup setup = { .bind = cli_value(cli, "--bind"),
		.listen_fd = -1 };
	const struct config *config;
	int fd CLEANUP_CLOSE = -1;
	int rc = cli_gateway(cli, &setup.gateway, err);

	if (rc)
		return rc;
	config = gateway_config(setup.gateway);
	rc = check_allowed(cli, config, err);
	if (rc)
		return rc;
	buf_printf(&name, "agent:%s", config->auth.agent_name);
	setup.principal = (struct principal){
		.name = buf_text(&name),
		.kind = PRINCIPAL_AGENT,
		.scopes = gateway_scopes(setup.gateway) & scopes_to_read(),
	};
	order_flags_say(cli);
	if (cli_has(cli, "--describe"))
		return serving_describe(cli, "http",
		    setup.bind ? setup.bind : config->remote_mcp.bind_address,
		    cli_has(cli, "--without-auth")
			? setup.principal.scopes
			: gateway_scopes(setup.gateway),
		    err);
	fd = serving_stop_fd(err);
	if (fd < 0)
		return err_class(err);
	return serve_with(cli, &setup, fd, err);
}
