/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The gateway inside a program of yours: list the accounts of the fake broker,
 * then show that a principal without the scope is refused, on the record.
 *
 *   cc example-sdk.c $(pkg-config --cflags --libs ibkr-agent) -o example-sdk
 *   ./example-sdk [STORE-DIRECTORY [PLUGIN-DIRECTORY]]
 */

#include <stdio.h>
#include <stdlib.h>

#include <ibkr-agent/gateway.h>

static void
fail(const struct iag_gateway *gateway, const char *what)
{
	fprintf(stderr, "%s: %s: %s\n", what, iag_gateway_error_code(gateway),
	    iag_gateway_error(gateway));
	exit(1);
}

static int
show(struct iag_gateway *gateway, const struct iag_gateway_principal *who,
    const char *tool, const char *arguments)
{
	struct iag_gateway_result *result;
	int is_error;

	(void)iag_gateway_call(gateway, who, tool, arguments, &result);
	is_error = iag_gateway_result_is_error(result);
	printf("%s %s\n%s\n", tool,
	    is_error ? iag_gateway_result_code(result) : "ok",
	    iag_gateway_result_json(result));
	printf("audit record %s\n\n", iag_gateway_result_audit_id(result));
	iag_gateway_result_free(result);
	return is_error;
}

int
main(int argc, char *argv[])
{
	struct iag_gateway_principal *quotes;
	struct iag_gateway *gateway = iag_gateway_fake();
	int wrong = 0;

	if (!gateway)
		fail(gateway, "iag_gateway_fake");
	if (argc > 1 && iag_gateway_set_store_path(gateway, argv[1]) != 0)
		fail(gateway, "iag_gateway_set_store_path");
	if (argc > 2 && iag_gateway_add_plugin_dir(gateway, argv[2]) != 0)
		fail(gateway, "iag_gateway_add_plugin_dir");
	if (iag_gateway_open(gateway) != 0)
		fail(gateway, "iag_gateway_open");

	wrong |= show(gateway, NULL, "ibkr_accounts_list", NULL);
	quotes = iag_gateway_principal_new(
	    "app:quotes", IAG_PRINCIPAL_AGENT, "ibkr:marketdata:read");
	if (!quotes)
		fail(NULL, "iag_gateway_principal_new");
	wrong |= show(gateway, quotes, "ibkr_market_snapshot",
	    "{\"contract_id\":\"265598\"}");
	/* no scope for it */
	wrong |= !show(gateway, quotes, "ibkr_accounts_list", "{}");

	iag_gateway_principal_free(quotes);
	wrong |= iag_gateway_close(gateway) != 0;
	return wrong ? 1 : 0;
}
