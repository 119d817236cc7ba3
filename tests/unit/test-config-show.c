/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * What the program says about a configuration: `config show` in both forms,
 * `config schema`, and the examples, which have to be right.
 */

#include "config/config.h"

#include <stdio.h>
#include <sys/stat.h>

#include <json-c/json_object_iterator.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/redact.h"
#include "config/key.h"
#include "config/scope.h"
#include "loaded.h"

static const char full[] = LOADED_HEAD
    "log: {level: info}\n"
    "approvals: {approvers: [\"local:anna b\", \"null\", \"5\"]}\n"
    "risk_policies:\n"
    "  a.b:\n"
    "    max_quantity: 1.50\n"
    "    allowed_symbols: [AAPL, \"0700\"]\n"
    "  c: {enabled: true}\n"
    "plugins: {options: {fake: {session: expired, api_token: tiptop, "
    "book_path: /x}, lmdb: {a.b: \"c # d\"}}}\n";

static void
test_shown_yaml_reads_back_as_it_was(void **state)
{
	CLEANUP_BUF struct buf first = BUF_INIT;
	CLEANUP_BUF struct buf second = BUF_INIT;
	struct loaded l;
	struct loaded again;

	(void)state;
	loaded_init(&l, full, sizeof full - 1);
	assert_string_equal(buf_text(&l.out), "");
	config_show(l.config, false, &first);
	loaded_fini(&l);
	loaded_init(&l, buf_text(&first), first.len);
	assert_string_equal(buf_text(&l.out), "");
	buf_reset(&first);
	config_show(l.config, false, &first);
	/* everything is in the file now, so nothing is marked */
	assert_null(strstr(buf_text(&first), "# default"));
	loaded_init(&again, buf_text(&first), first.len);
	config_show(again.config, false, &second);
	assert_string_equal(buf_text(&first), buf_text(&second));
	assert_string_equal(
	    again.config->approvals.approvers.items[0], "local:anna b");
	assert_string_equal(again.config->approvals.approvers.items[2], "5");
	assert_int_equal(again.config->policy_count, 2);
	assert_string_equal(again.config->policies[0].id, "a.b");
	assert_string_equal(again.config->policies[0].max_quantity, "1.50");
	assert_true(again.config->policies[1].enabled);
	assert_string_equal(
	    config_plugin_option(again.config, "lmdb", "a.b")->value, "c # d");
	loaded_fini(&again);
	loaded_fini(&l);
}

static void
test_defaults_are_marked_and_secrets_masked(void **state)
{
	CLEANUP_BUF struct buf out = BUF_INIT;
	struct loaded l;

	(void)state;
	loaded_init(&l, full, sizeof full - 1);
	config_show(l.config, false, &out);
	assert_non_null(strstr(buf_text(&out), "# /etc/iag/c.yaml\n"));
	/* set to its default is set */
	assert_non_null(strstr(buf_text(&out), "  level: info\n"));
	assert_non_null(strstr(buf_text(&out), "  format: auto  # default\n"));
	assert_non_null(strstr(buf_text(&out),
	    "  allowed_writers:  # default\n    - local-candidate\n"));
	assert_null(strstr(buf_text(&out), "tiptop"));
	assert_non_null(
	    strstr(buf_text(&out), "api_token: \"" REDACTED "\"\n"));
	assert_non_null(strstr(buf_text(&out), "book_path: /x\n"));
	loaded_fini(&l);
}

static struct json_object *
parse(const struct buf *text)
{
	struct json_object *root = NULL;
	struct err err = ERR_INIT;

	if (json_parse(buf_text(text), text->len, &json_bounds_default, &root,
		&err) != 0)
		fail_msg("not JSON: %s", err_text(&err));
	return root;
}

static void
test_shown_json_has_values_and_a_list_of_defaults(void **state)
{
	CLEANUP_BUF struct buf out = BUF_INIT;
	CLEANUP_JSON struct json_object *root = NULL;
	struct json_object *config;
	struct json_object *policy;
	struct json_object *defaults;
	bool found = false;
	struct loaded l;

	(void)state;
	loaded_init(&l, full, sizeof full - 1);
	config_show(l.config, true, &out);
	loaded_fini(&l);
	root = parse(&out);
	assert_string_equal(json_get_str(root, "path", ""), "/etc/iag/c.yaml");
	assert_false(json_get_bool(root, "development", true));
	config = json_get(root, "config");
	assert_string_equal(
	    json_get_str(json_get(config, "broker"), "backend", ""), "fake");
	assert_int_equal(
	    json_get_int(json_get(config, "broker"), "read_timeout_seconds", 0),
	    30);
	policy = json_get(json_get(config, "risk_policies"), "a.b");
	assert_string_equal(json_get_str(policy, "max_quantity", ""), "1.50");
	assert_string_equal(
	    json_get_str(
		json_get(
		    json_get(json_get(config, "plugins"), "options"), "fake"),
		"api_token", ""),
	    REDACTED);
	assert_null(strstr(buf_text(&out), "tiptop"));
	defaults = json_get(root, "defaults");
	for (size_t i = 0; i < json_object_array_length(defaults); i++) {
		const char *path = json_object_get_string(
		    json_object_array_get_idx(defaults, i));

		assert_string_not_equal(path, "log.level");
		found |= strcmp(path, "log.format") == 0;
	}
	assert_true(found);
}

/* The schema of a member, through the `anyOf` that allows null. */
static struct json_object *
schema_member(struct json_object *schema, const char *name)
{
	struct json_object *either = json_get(schema, "anyOf");
	struct json_object *member;

	if (either)
		schema = json_object_array_get_idx(either, 0);
	if (strcmp(name, KEY_ANY) == 0)
		return json_get(schema, "additionalProperties");
	member = json_get(json_get(schema, "properties"), name);
	return member;
}

static void
test_the_schema_has_every_key(void **state)
{
	CLEANUP_BUF struct buf out = BUF_INIT;
	CLEANUP_JSON struct json_object *root = NULL;

	(void)state;
	config_schema(&out);
	root = parse(&out);
	assert_string_equal(json_get_str(root, "$schema", ""),
	    "https://json-schema.org/draft/2020-12/schema");
	assert_false(json_get_bool(root, "additionalProperties", true));
	for (size_t i = 0; i < key_count; i++) {
		CLEANUP_FREE char *path = strdup(key_table[i].path);
		struct json_object *at = root;
		char *rest = path;
		char *word;

		while ((word = strsep(&rest, ".")) != NULL) {
			at = schema_member(at, word);
			if (!at)
				fail_msg(
				    "the schema lacks '%s'", key_table[i].path);
		}
		assert_string_equal(
		    json_get_str(at, "description", ""), key_table[i].help);
	}
}

/* Both ways: nothing is in the schema that the table does not have. */
static size_t
count_leaves(struct json_object *schema)
{
	struct json_object *either = json_get(schema, "anyOf");
	struct json_object *more;
	struct json_object_iterator at;
	struct json_object_iterator end;
	size_t count = 0;

	if (either)
		schema = json_object_array_get_idx(either, 0);
	if (strcmp(json_get_str(schema, "type", ""), "object") != 0)
		return 1;
	more = json_get(schema, "additionalProperties");
	if (json_object_is_type(more, json_type_object))
		count += count_leaves(more);
	schema = json_get(schema, "properties");
	at = json_object_iter_begin(schema);
	end = json_object_iter_end(schema);
	for (; !json_object_iter_equal(&at, &end); json_object_iter_next(&at))
		count += count_leaves(json_object_iter_peek_value(&at));
	return count;
}

static void
test_the_schema_has_nothing_else(void **state)
{
	CLEANUP_BUF struct buf out = BUF_INIT;
	CLEANUP_JSON struct json_object *root = NULL;
	struct json_object *scopes;

	(void)state;
	config_schema(&out);
	root = parse(&out);
	assert_int_equal(count_leaves(root), key_count);
	scopes = json_get(json_get(schema_member(schema_member(root, "auth"),
				       "enabled_scopes"),
			      "items"),
	    "enum");
	assert_int_equal(json_object_array_length(scopes), scope_count - 1);
}

/* As its reader leaves it, who acknowledges what is for real money. */
static void
example_copy(const char *from, const char *to)
{
	static const char key[] = "paper_to_live_checklist_acknowledged: ";
	FILE *in = fopen(from, "re"), *out = fopen(to, "we");
	char line[512], *at;

	assert_non_null(in);
	assert_non_null(out);
	while (fgets(line, sizeof line, in)) {
		at = strstr(line, key);
		if (at)
			memcpy(at + strlen(key), "true\n", 6);
		assert_true(fputs(line, out) >= 0);
	}
	(void)fclose(in);
	assert_int_equal(fchmod(fileno(out), 0600), 0);
	assert_int_equal(fclose(out), 0);
}

static void
test_each_example_is_right(void **state)
{
	static const char *const names[] = { "local", "live", "remote" };
	const char *srcdir = getenv("IAG_TEST_SRCDIR");
	const char *folder = getenv("TMPDIR");

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
		CLEANUP_BUF struct buf faults = BUF_INIT;
		struct config *config = NULL;
		char path[4096], copy[4096];

		(void)snprintf(path, sizeof path,
		    "%s/contrib/config/%s.example.yaml", srcdir ? srcdir : ".",
		    names[i]);
		(void)snprintf(copy, sizeof copy, "%s/%s.example.yaml",
		    folder ? folder : "/tmp", names[i]);
		example_copy(path, copy);
		if (config_load(copy, &config, &faults, NULL) != 0)
			fail_msg("%s", buf_text(&faults));
		(void)remove(copy);
		assert_int_equal(config->live_trading.enabled,
		    strcmp(names[i], "live") == 0);
		assert_int_equal(config->remote_mcp.enabled,
		    strcmp(names[i], "remote") == 0);
		config_free(config);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shown_yaml_reads_back_as_it_was),
		cmocka_unit_test(test_defaults_are_marked_and_secrets_masked),
		cmocka_unit_test(
		    test_shown_json_has_values_and_a_list_of_defaults),
		cmocka_unit_test(test_the_schema_has_every_key),
		cmocka_unit_test(test_the_schema_has_nothing_else),
		cmocka_unit_test(test_each_example_is_right),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
