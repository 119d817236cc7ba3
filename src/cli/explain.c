/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * `policy explain` for people: a table of all rules that is narrow enough for
 * a terminal, and below it what would pass, where something did not.
 */

#include "cli/explain.h"

#include "base/json.h"

/* One row of the second table; the first one no longer has its members. */
static int
fix_move(struct json_object *rule, struct json_object *fixes)
{
	struct json_object *fix = json_object_new_object();
	int ret = json_add_str(fix, "rule", json_get_str(rule, "rule", ""));

	ret |= json_add_str(fix, "fix", json_get_str(rule, "fix", NULL));
	ret |= json_add_str(fix, "code", json_get_str(rule, "code", NULL));
	json_object_object_del(rule, "fix");
	json_object_object_del(rule, "code");
	if (ret == 0 && json_object_array_add(fixes, fix) == 0)
		return 0;
	(void)json_object_put(fix);
	return IAG_NOMEM;
}

int
explain_shape(struct json_object *tree)
{
	struct json_object *rules = json_get(tree, "rules");
	struct json_object *fixes = json_object_new_array();
	size_t count = rules ? json_object_array_length(rules) : 0;
	int ret = fixes ? 0 : IAG_NOMEM;

	for (size_t i = 0; ret == 0 && i < count; i++) {
		struct json_object *rule = json_object_array_get_idx(rules, i);

		if (json_get(rule, "code"))
			ret = fix_move(rule, fixes);
	}
	if (ret == 0 && json_object_array_length(fixes))
		return json_add(tree, "what_would_pass", fixes);
	(void)json_object_put(fixes);
	return ret;
}
