/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* See orders-kit.h. */

#include "orders-kit.h"

#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "../unit/journal-kit.h"
#include "base/cleanup.h"
#include "base/json.h"

static const char config_text[] =
    "broker: {backend: fake, write_timeout_seconds: 10}\n"
    "auth:\n"
    "  enabled_scopes: [ibkr:health:read, ibkr:accounts:read,\n"
    "    ibkr:portfolio:read, ibkr:positions:read, ibkr:marketdata:read,\n"
    "    ibkr:orders:read, ibkr:risk:read, ibkr:audit:read,\n"
    "    ibkr:orders:preview, ibkr:approvals:create,\n"
    "    ibkr:orders:paper:submit, ibkr:orders:paper:cancel,\n"
    "    ibkr:orders:paper:modify]\n"
    "audit: {path: %s/store}\n"
    "order_preview: {enabled: true}\n"
    "paper_trading: {enabled: true, allowed_accounts: [" ORDERS_PAPER "],\n"
    "  writer: venue, risk_policy_id: paper}\n"
    "risk_policies:\n"
    "  paper: {enabled: true, allowed_symbols: [AAPL],\n"
    "    allowed_asset_classes: [stock], session_limit: {max_orders_per_session: %u,\n"
    "    timezone: UTC, starts_at: \"00:00\"}}\n"
    "plugins:\n"
    "  path: [%s, %s/tests/crash/.libs]\n"
    "  options: {venue: {socket: %s}}\n";

static const char *
from_env(const char *name, const char *otherwise)
{
	const char *value = getenv(name);

	return value ? value : otherwise;
}

void
orders_kit_init(struct orders_kit *kit, unsigned max_orders)
{
	FILE *file;

	(void)snprintf(kit->dir, sizeof(kit->dir), "%s/iag-orders.XXXXXX",
	    from_env("TMPDIR", "/tmp"));
	assert_non_null(mkdtemp(kit->dir));
	(void)snprintf(kit->socket, sizeof(kit->socket), "%s/venue", kit->dir);
	(void)snprintf(
	    kit->config, sizeof(kit->config), "%s/ibkr-agent.yaml", kit->dir);
	file = fopen(kit->config, "w");
	assert_non_null(file);
	(void)fprintf(file, config_text, kit->dir, max_orders,
	    from_env("IAG_TEST_PLUGINDIR", "stage/plugins-1"),
	    from_env("IAG_TEST_BUILDDIR", "."), kit->socket);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(setenv("IBKR_AGENT_CONFIG", kit->config, 1), 0);
	assert_int_equal(setenv("IBKR_AUDIT_HMAC_SECRET",
			     "0123456789abcdef0123456789abcdef", 1),
	    0);
	kit->venue = venue_start(kit->socket);
	assert_true(kit->venue > 0);
}

void
orders_kit_fini(struct orders_kit *kit)
{
	venue_stop(kit->venue);
	kit_remove(kit->dir);
}

static void
add_arg(struct orders_args *args, const char *text)
{
	assert_true(args->count < ORDERS_ARGS);
	(void)snprintf(
	    args->texts[args->count], sizeof(args->texts[0]), "%s", text);
	args->argv[args->count] = args->texts[args->count];
	args->argv[++args->count] = NULL;
}

void
orders_args(struct orders_args *args, const char *first, ...)
{
	va_list list;

	args->count = 0;
	add_arg(args, from_env("IAG_TEST_PROGRAM", "./ibkr-agent"));
	add_arg(args, "--json");
	va_start(list, first);
	for (const char *text = first; text; text = va_arg(list, const char *))
		add_arg(args, text);
	va_end(list);
}

static struct json_object *
parse(int fd)
{
	static char text[1 << 20];
	ssize_t len = pread(fd, text, sizeof(text) - 1, 0);
	struct json_object *json = NULL;

	if (len > 0)
		(void)json_parse(
		    text, (size_t)len, &json_bounds_default, &json, NULL);
	return json;
}

int
orders_run(const struct orders_args *args, struct json_object **ret_json)
{
	int out = memfd_create("output", MFD_CLOEXEC);
	pid_t pid = fork();
	int status;

	assert_true(out >= 0 && pid >= 0);
	if (pid == 0) {
		int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);

		if (dup2(nothing, STDIN_FILENO) < 0 ||
		    dup2(out, STDOUT_FILENO) < 0 ||
		    dup2(out, STDERR_FILENO) < 0)
			_exit(126);
		(void)execv(args->argv[0], args->argv);
		_exit(127);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	*ret_json = parse(out);
	(void)close(out);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

struct json_object *
orders_must(const struct orders_args *args)
{
	struct json_object *json = NULL;
	int code = orders_run(args, &json);

	if (code)
		fail_msg("%s %s: exit code %d, %s", args->argv[2],
		    args->argv[3], code, json_object_to_json_string(json));
	return json;
}

static void
take_id(struct json_object *json, const char *member, char ret_id[ORDERS_ID])
{
	(void)snprintf(ret_id, ORDERS_ID, "%s", json_get_str(json, member, ""));
	assert_true(ret_id[0] != '\0');
	(void)json_object_put(json);
}

void
orders_preview(
    const char *account, const char *quantity, char ret_preview[ORDERS_ID])
{
	struct orders_args args;

	orders_args(&args, "orders", "preview", "--enable-preview", "--account",
	    account, "--symbol", "AAPL", "--side", "buy", "--quantity",
	    quantity, "--limit-price", "199.50", NULL);
	take_id(orders_must(&args), "preview_id", ret_preview);
}

void
orders_approve(
    const char *account, const char *preview, char ret_approval[ORDERS_ID])
{
	struct orders_args args;

	orders_args(&args, "approvals", "create", "--account", account,
	    "--preview-id", preview, NULL);
	take_id(orders_must(&args), "approval_id", ret_approval);
}

void
orders_approved(const char *account, const char *quantity,
    char ret_preview[ORDERS_ID], char ret_approval[ORDERS_ID])
{
	orders_preview(account, quantity, ret_preview);
	orders_approve(account, ret_preview, ret_approval);
}

static size_t
pending_count(void)
{
	struct json_object *json CLEANUP_JSON = NULL;
	struct orders_args args;

	orders_args(&args, "orders", "pending", NULL);
	json = orders_must(&args);
	return json_object_array_length(json_get(json, "pending"));
}

void
orders_settle_all(void)
{
	struct orders_args args;
	time_t end = time(NULL) + 60;
	size_t left = pending_count();

	orders_args(&args, "reconcile", NULL);
	while (left > 0 && time(NULL) < end) {
		(void)json_object_put(orders_must(&args));
		left = pending_count();
		if (left > 0) /* a second look is due after 5 s */
			(void)poll(NULL, 0, 500);
	}
	assert_int_equal(left, 0);
}
