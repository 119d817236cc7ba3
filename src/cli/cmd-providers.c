/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* providers list, providers export. */

#include <json-c/json_object.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "cli/cli.h"
#include "cli/output.h"
#include "mcp/providers.h"

static int
add_provider(struct json_object *list, const struct provider *provider)
{
	struct json_object *row = json_object_new_object();

	if (!row || json_object_array_add(list, row))
		return IAG_NOMEM;
	(void)json_add_str(row, "target", provider->name);
	(void)json_add_str(row, "for", provider->title);
	(void)json_add_bool(row, "strict", provider->is_strict);
	(void)json_add_int(row, "name_max", (int64_t)provider->name_max);
	(void)json_add_int(
	    row, "description_max", (int64_t)provider->description_max);
	if (provider->tools_max == 0)
		return 0;
	return json_add_int(row, "tools_max", (int64_t)provider->tools_max);
}

int
run_providers_list(struct cli *cli, struct err *err)
{
	CLEANUP_JSON struct json_object *tree = json_object_new_object();
	struct json_object *list = json_object_new_array();

	if (!tree || json_add(tree, "providers", list))
		return err_no_memory(err);
	for (size_t i = 0; i < provider_count; i++) {
		if (add_provider(list, &provider_table[i]))
			return err_no_memory(err);
	}
	return output_tree(cli->args.json, tree, err);
}

int
run_providers_export(struct cli *cli, struct err *err)
{
	CLEANUP_BUF struct buf out = BUF_INIT;
	const struct provider *provider =
	    provider_find(cli_value(cli, "--target"), err);
	struct gateway *gateway = NULL;
	int rc = provider ? cli_gateway(cli, &gateway, err) : IAG_INVAL;

	if (rc == 0)
		rc = provider_export(provider, gateway_config(gateway),
		    gateway_scopes(gateway), &out, err);
	return rc ? rc : output_write(&out, err);
}
