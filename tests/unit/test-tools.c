/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The tool table as clients see it: names, order, hints, sizes, and the
 * subset of JSON Schema that every provider takes.
 */

#include <regex.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <json-c/linkhash.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "config/config.h"
#include "config/scope.h"
#include "tools/fields.h"
#include "tools/instructions.h"
#include "tools/pattern.h"
#include "tools/schema.h"

enum { READS = 34, PREVIEWS = 2 };

static const char *const order[] = { "ibkr_health", "ibkr_backend_status",
	"ibkr_session_requirements", "ibkr_session_renew",
	"ibkr_kill_switch_status", "ibkr_accounts_list",
	"ibkr_account_metadata", "ibkr_account_summary", "ibkr_pnl_daily",
	"ibkr_pnl_realtime", "ibkr_positions_list", "ibkr_portfolio_snapshot",
	"ibkr_contracts_search", "ibkr_contract_resolve",
	"ibkr_market_snapshot", "ibkr_historical_bars", "ibkr_options_chain",
	"ibkr_option_greeks", "ibkr_market_depth", "ibkr_scanner_run",
	"ibkr_news_list", "ibkr_news_article", "ibkr_fundamentals_get",
	"ibkr_market_session", "ibkr_market_holidays", "ibkr_currency_rate",
	"ibkr_transfer_history", "ibkr_orders_list", "ibkr_orders_history",
	"ibkr_order_status", "ibkr_executions_list", "ibkr_limits_status",
	"ibkr_audit_tail", "ibkr_audit_export", "ibkr_order_preview",
	"ibkr_bracket_order_preview", "ibkr_paper_order_submit",
	"ibkr_paper_order_cancel", "ibkr_paper_order_modify",
	"ibkr_paper_bracket_order_submit", "ibkr_live_order_submit",
	"ibkr_live_order_cancel", "ibkr_live_order_modify",
	"ibkr_live_bracket_order_submit" };

static struct json_object *
parsed_list(uint64_t scopes, unsigned flags, size_t *ret_len)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	struct config *config = config_new();
	struct json_object *list = NULL;

	assert_non_null(config);
	config->live_trading.enabled = true;
	config->safety.live_trading_enabled = true;
	schema_tool_list(&text, config, scopes, flags);
	config_free(config);
	assert_false(text.failed);
	if (ret_len)
		*ret_len = text.len;
	assert_int_equal(0, json_parse(buf_text(&text), text.len,
				&json_bounds_default, &list, NULL));
	return list;
}

static void
test_tools_stand_in_the_reference_order(void **state)
{
	(void)state;
	assert_true(tool_count >= ARRAY_COUNT(order));
	for (size_t i = 0; i < ARRAY_COUNT(order); i++)
		assert_string_equal(order[i], tool_table[i].name);
}

static uint64_t
read_scopes(void)
{
	uint64_t scopes = 0;

	for (size_t i = 0; i < tool_count; i++) {
		if (tool_table[i].flags & TOOL_READ_ONLY)
			scopes |= scope_bit(tool_table[i].scope);
	}
	return scopes;
}

/* Characters of tools/list are paid for by every client on every turn. */
static void
test_list_is_small(void **state)
{
	size_t bare, whole;

	(void)state;
	json_object_put(parsed_list(read_scopes(), SCHEMA_NO_OUTPUT, &bare));
	json_object_put(parsed_list(read_scopes(), 0, &whole));
	assert_true(bare <= 20000);
	assert_true(whole <= 48000);
}

static void
test_names_fit_every_provider(void **state)
{
	(void)state;
	for (size_t i = 0; i < tool_count; i++) {
		const struct tool *tool = &tool_table[i];

		assert_true(
		    pattern_matches("^[a-z][a-z0-9_]{0,39}$", tool->name));
		assert_in_range(strlen(tool->title), 1, 40);
		assert_in_range(strlen(tool->description), 1, 1024);
		assert_true(scope_bit(tool->scope) != 0);
		for (size_t k = 0; k < i; k++) {
			assert_string_not_equal(tool->name, tool_table[k].name);
			assert_string_not_equal(
			    tool->command, tool_table[k].command);
		}
	}
}

static void
test_a_tool_has_an_operation_or_a_handler(void **state)
{
	(void)state;
	for (size_t i = 0; i < tool_count; i++)
		assert_true(tool_table[i].operation || tool_table[i].handler);
}

static void
test_forbidden_names_are_not_tools(void **state)
{
	static const char *const names[] = { "ibkr_order_intent_validate",
		"ibkr_order_preview_explain", "ibkr_order_submit",
		"ibkr_order_cancel", "ibkr_order_modify",
		"ibkr_order_approve" };

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
		assert_non_null(tool_instead(names[i]));
		assert_null(tool_find(names[i]));
	}
	assert_null(tool_instead("ibkr_health"));
	assert_null(tool_instead(""));
}

static void
test_list_shows_only_granted_scopes(void **state)
{
	CLEANUP_JSON struct json_object *none = parsed_list(0, 0, NULL);
	CLEANUP_JSON struct json_object *some =
	    parsed_list(scope_bit("ibkr:news:read"), 0, NULL);

	(void)state;
	assert_int_equal(0, json_object_array_length(none));
	assert_int_equal(2, json_object_array_length(some));
	assert_string_equal("ibkr_news_list",
	    json_get_str(json_object_array_get_idx(some, 0), "name", ""));
}

/* Nothing that a provider rejects, at any depth. */
static void
schema_walk(struct json_object *schema, bool is_input, unsigned depth)
{
	static const char *const banned[] = { "$ref", "$defs", "oneOf", "anyOf",
		"allOf", "not", "const", "if", "patternProperties",
		"prefixItems", "$schema" };
	struct json_object *type = json_get(schema, "type");
	struct json_object *members = json_get(schema, "properties");
	struct json_object *more = json_get(schema, "additionalProperties");

	assert_true(depth <= 5);
	assert_true(json_object_is_type(type, json_type_string));
	for (size_t i = 0; i < ARRAY_COUNT(banned); i++)
		assert_null(json_get(schema, banned[i]));
	if (strcmp(json_object_get_string(type), "array") == 0) {
		assert_non_null(json_get(schema, "items"));
		schema_walk(json_get(schema, "items"), is_input, depth + 1);
	}
	if (is_input && strcmp(json_object_get_string(type), "object") == 0)
		assert_true(json_object_is_type(more, json_type_boolean) &&
			    !json_object_get_boolean(more));
	if (!members)
		return;
	json_object_object_foreach (members, name, member) {
		assert_true(pattern_matches("^[a-z][a-z0-9_]{0,63}$", name));
		if (is_input)
			assert_true(strlen(json_get_str(
					member, "description", "")) > 0);
		schema_walk(member, is_input, depth + 1);
	}
}

static void
test_schemas_keep_to_the_common_subset(void **state)
{
	CLEANUP_JSON struct json_object *list =
	    parsed_list(scope_all(), 0, NULL);

	(void)state;
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		struct json_object *tool = json_object_array_get_idx(list, i);

		schema_walk(json_get(tool, "inputSchema"), true, 1);
		schema_walk(json_get(tool, "outputSchema"), false, 1);
	}
}

static void
test_tools_give_all_four_hints(void **state)
{
	CLEANUP_JSON struct json_object *list =
	    parsed_list(scope_all(), SCHEMA_NO_OUTPUT, NULL);

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(order); i++) {
		struct json_object *hints =
		    json_get(json_object_array_get_idx(list, i), "annotations");

		/* ruling 43: previews are neither, what follows destroys */
		assert_int_equal(4, json_object_object_length(hints));
		assert_int_equal(
		    json_get_bool(hints, "readOnlyHint", i >= READS),
		    i < READS);
		assert_int_equal(json_get_bool(hints, "destructiveHint",
				     i < READS + PREVIEWS),
		    i >= READS + PREVIEWS);
		assert_int_equal(json_get_bool(hints, "idempotentHint", false),
		    i < READS || i >= READS + PREVIEWS);
		assert_non_null(json_get(hints, "openWorldHint"));
	}
}

/* Every list says whether it is whole (ruling 39). */
static void
test_lists_of_backends_say_complete(void **state)
{
	(void)state;
	for (size_t i = 0; i < tool_count; i++) {
		const struct field *list = NULL, *complete = NULL;

		if (!(tool_table[i].flags & TOOL_READ_ONLY))
			continue;
		for (const struct field *f = tool_table[i].output; f->name;
		     f++) {
			if (f->type == FIELD_ARRAY && f->fields &&
			    f->flags & FIELD_REQUIRED)
				list = f;
			if (strcmp(f->name, "complete") == 0)
				complete = f;
		}
		if (list && strcmp(list->name, "asks") != 0)
			assert_non_null(complete);
	}
}

static void
fields_walk(const struct field *fields, regex_t *decimal)
{
	for (const struct field *f = fields; f && f->name; f++) {
		assert_non_null(f->description);
		if (f->pattern)
			assert_true(pattern_is_valid(f->pattern));
		if (f->type == FIELD_CHOICE)
			assert_non_null(f->choices);
		if (f->type == FIELD_ARRAY && f->fields)
			assert_true(f->max > 0);
		fields_walk(f->fields, decimal);
	}
}

static void
test_every_field_is_well_formed(void **state)
{
	(void)state;
	for (size_t i = 0; i < tool_count; i++) {
		fields_walk(tool_table[i].input, NULL);
		fields_walk(tool_table[i].output, NULL);
	}
}

/* regex(3) in the C locale is the oracle for ASCII texts. */
static void
patterns_compare(const char *pattern, const char *const *texts, size_t count)
{
	regex_t oracle;

	assert_int_equal(
	    0, regcomp(&oracle, pattern, REG_EXTENDED | REG_NOSUB));
	for (size_t i = 0; i < count; i++) {
		bool expected = regexec(&oracle, texts[i], 0, NULL, 0) == 0;

		if (pattern_matches(pattern, texts[i]) != expected)
			fail_msg("'%s' on '%s': expected %d", pattern, texts[i],
			    expected);
	}
	regfree(&oracle);
}

static void
test_patterns_match_as_regex_does(void **state)
{
	static const char *const patterns[] = { ACCOUNT_PATTERN,
		CONTRACT_PATTERN, SYMBOL_PATTERN, EXCHANGE_PATTERN,
		CURRENCY_PATTERN, ORDER_PATTERN,
		"^[1-9][0-9]{0,3}(min|h|d|w|m|y)$", "^a?b*c+$", "^(ab|a)?b$",
		"^[^a-c]x{2,3}$", "^a\\.b$", "^(a|bc)(d|e)?$", "^$" };
	static const char *const texts[] = { "", "a", "ab", "abb", "b", "abc",
		"bcd", "bce", "ad", "DU1234567", "U1", "0", "1", "12345678901",
		"123456789012", "1234567890123", "AAPL", "BRK B", " A", "A ",
		"EUR.USD", "SMART", "smart", "USD", "US", "USDD", "1d", "10min",
		"0d", "99999d", "5mi", "5min ", "1m", "dxx", "dxxx", "dxxxx",
		"axx", "a.b", "axb", "bbcc", "c", "-", "../etc/passwd",
		("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		 "a") };

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(patterns); i++) {
		assert_true(pattern_is_valid(patterns[i]));
		patterns_compare(patterns[i], texts, ARRAY_COUNT(texts));
	}
}

static void
test_patterns_outside_the_subset_are_invalid(void **state)
{
	static const char *const bad[] = { "", "^", "a", "^a", "a$", "^a{$",
		"^a{2,1}$", "^[a$", "^(a$", "^a**$", "^(a|b)*$", "^a|b$", "^.$",
		"^a)$", "^\\$", "^a{99999}$" };

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
		if (pattern_is_valid(bad[i]))
			fail_msg("'%s' counts as valid", bad[i]);
	}
}

static void
test_patterns_count_characters_not_bytes(void **state)
{
	(void)state;
	assert_true(pattern_matches("^[^a]{2}$", "\xc3\xa9\xe2\x82\xac"));
	assert_false(pattern_matches("^[^a]{4}$", "\xc3\xa9\xe2\x82\xac"));
	assert_false(pattern_matches("^[a-z]{1,4}$", "\xc3\xa9"));
}

static void
expect_instructions(const struct config *config, uint64_t scopes,
    const char *part, const char *absent)
{
	CLEANUP_BUF struct buf text = BUF_INIT;

	instructions_write(&text, config, scopes);
	assert_false(text.failed);
	assert_true(text.len <= INSTRUCTIONS_MAX);
	if (!strstr(buf_text(&text), part) ||
	    (absent && strstr(buf_text(&text), absent)))
		fail_msg("expected '%s', not '%s', in: %s", part,
		    absent ? absent : "", buf_text(&text));
}

static void
test_instructions_say_what_this_client_can_do(void **state)
{
	struct config config = { .path = NULL };
	uint64_t reads = scope_bit("ibkr:accounts:read");
	uint64_t previews = reads | scope_bit("ibkr:orders:preview");
	uint64_t cancels = reads | scope_bit("ibkr:orders:paper:cancel");

	(void)state;
	expect_instructions(&config, UINT64_MAX, "It only reads", "submit");
	config.order_preview.enabled = config.paper_trading.enabled = true;
	expect_instructions(&config, reads, "It only reads", "submit");
	expect_instructions(&config, previews, "Judges orders", "submit");
	expect_instructions(
	    &config, cancels, "Cancels orders of paper", "submit");
	expect_instructions(&config, UINT64_MAX,
	    "Sends, changes and cancels orders of paper", "live");
	config.live_trading.enabled = true;
	config.safety.live_trading_enabled = true;
	expect_instructions(&config, previews, "Judges orders", "live");
	expect_instructions(&config, UINT64_MAX, "real money", "only reads");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tools_stand_in_the_reference_order),
		cmocka_unit_test(test_list_is_small),
		cmocka_unit_test(test_names_fit_every_provider),
		cmocka_unit_test(test_a_tool_has_an_operation_or_a_handler),
		cmocka_unit_test(test_forbidden_names_are_not_tools),
		cmocka_unit_test(test_list_shows_only_granted_scopes),
		cmocka_unit_test(test_schemas_keep_to_the_common_subset),
		cmocka_unit_test(test_tools_give_all_four_hints),
		cmocka_unit_test(test_lists_of_backends_say_complete),
		cmocka_unit_test(test_every_field_is_well_formed),
		cmocka_unit_test(test_patterns_match_as_regex_does),
		cmocka_unit_test(test_patterns_outside_the_subset_are_invalid),
		cmocka_unit_test(test_patterns_count_characters_not_bytes),
		cmocka_unit_test(test_instructions_say_what_this_client_can_do),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
