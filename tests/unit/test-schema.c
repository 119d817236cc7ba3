/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The validator against the schemas that clients see: a small interpreter of
 * the schema text, which knows nothing of the tool table, judges the same
 * made-up values, and both must agree.
 */

#include <regex.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <json-c/json_tokener.h>
#include <json-c/linkhash.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "tools/schema.h"

/* Values that arguments and members are made of, as JSON. */
static const char *const pool[] = {
	"null", "true", "false", "0", "1", "-1", "2.0", "1.5", "100", "101",
	"500", "501", "999", "1000", "1970", "9007199254740991",
	"9007199254740992", "-9007199254740993", "1e300", "\"\"", "\" \"",
	"\"a\"", "\"USD\"", "\"usd\"", "\"265598\"", "\"0265598\"",
	"\"1234567890123\"", "\"AAPL\"", "\"BRK B\"", "\"../etc\"",
	"\"DU1234567\"", "\"DU 1\"", "\"2026-05-14\"", "\"2026-02-29\"",
	"\"2024-02-29\"", "\"2026-05-14T10:00:00Z\"",
	"\"2026-05-14T10:00:00.5+02:00\"", "\"2026-05-14 10:00:00Z\"",
	"\"2026-05-14T24:00:00Z\"", "\"1.50\"", "\"-0.5\"", "\".5\"", "\"1.\"",
	"\"01\"", "\"1e5\"", "\"+1\"", "\"call\"", "\"put\"", "\"stock\"",
	"\"stock etf\"", "\"open\"", "\"canceled\"", "\"1d\"", "\"0d\"",
	"\"10000d\"", "\"5min\"", "\"1h\"", "\"NASDAQ\"", "\"nasdaq\"",
	"\"TOP_PERC_GAIN\"", "\"tool_completed\"", "\"news-1\"",
	"\"line\\nfeed\"", "\"\\u0007\"", "[]", "{}", "[1]", "{\"a\":1}",
	"\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"",
	"\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\""
};

static uint32_t seed = 1;

/* The same numbers in every run. */
static unsigned
pick(unsigned count)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % count;
}

static bool oracle(struct json_object *schema, struct json_object *value);

static bool
oracle_type(const char *type, struct json_object *value)
{
	double number;

	switch (json_object_get_type(value)) {
	case json_type_null:
		return false;
	case json_type_boolean:
		return strcmp(type, "boolean") == 0;
	case json_type_int:
		return strcmp(type, "integer") == 0;
	case json_type_double:
		number = json_object_get_double(value);
		return strcmp(type, "integer") == 0 && number < 1e15 &&
		       number > -1e15 && (double)(int64_t)number == number;
	case json_type_string:
		return strcmp(type, "string") == 0;
	case json_type_array:
		return strcmp(type, "array") == 0;
	default:
		return strcmp(type, "object") == 0;
	}
}

/* Compiled once each: the same few are asked for a million times. */
static const regex_t *
compiled(const char *pattern)
{
	static struct {
		char text[256];
		regex_t regex;
	} known[64];
	size_t i = 0;

	while (known[i].text[0] && strcmp(known[i].text, pattern) != 0)
		assert_true(++i < ARRAY_COUNT(known));
	if (!known[i].text[0]) {
		assert_true(strlen(pattern) < sizeof(known[i].text));
		memcpy(known[i].text, pattern, strlen(pattern) + 1);
		assert_int_equal(0, regcomp(&known[i].regex, pattern,
					REG_EXTENDED | REG_NOSUB));
	}
	return &known[i].regex;
}

static bool
oracle_pattern(const char *pattern, const char *text)
{
	return regexec(compiled(pattern), text, 0, NULL, 0) == 0;
}

/* Only what stands in the pool has to be told apart. */
static bool
oracle_format(const char *format, const char *text)
{
	char time[64];

	if (strcmp(format, "date-time") == 0)
		return oracle_pattern("^[0-9]{4}-(0[1-9]|1[0-2])-[0-3][0-9]T"
				      "([01][0-9]|2[0-3]):[0-5][0-9]:[0-5]"
				      "[0-9](\\.[0-9]+)?(Z|[+-][0-9]{2}:"
				      "[0-9]{2})$",
		    text);
	assert_string_equal("date", format);
	if (!oracle_pattern("^[0-9]{4}-[0-9]{2}-[0-9]{2}$", text))
		return false;
	(void)snprintf(time, sizeof(time), "%sT00:00:00Z", text);
	return clock_parse(time, &(uint64_t){ 0 }, NULL) == 0;
}

static bool
oracle_string(struct json_object *schema, const char *text)
{
	struct json_object *choices = json_get(schema, "enum");
	const char *pattern = json_get_str(schema, "pattern", NULL);
	const char *format = json_get_str(schema, "format", NULL);
	bool found = !choices;

	for (size_t i = 0; choices && i < json_object_array_length(choices);
	     i++)
		found |= strcmp(text,
			     json_object_get_string(
				 json_object_array_get_idx(choices, i))) == 0;
	return found && (!pattern || oracle_pattern(pattern, text)) &&
	       (!format || oracle_format(format, text));
}

static bool
oracle_object(struct json_object *schema, struct json_object *value)
{
	struct json_object *members = json_get(schema, "properties");
	struct json_object *required = json_get(schema, "required");
	struct json_object *more = json_get(schema, "additionalProperties");

	for (size_t i = 0; required && i < json_object_array_length(required);
	     i++) {
		const char *name = json_object_get_string(
		    json_object_array_get_idx(required, i));

		if (!json_object_object_get_ex(value, name, NULL))
			return false;
	}
	json_object_object_foreach (value, key, member) {
		struct json_object *sub = json_get(members, key);

		if (!sub && json_object_is_type(more, json_type_object))
			sub = more;
		if (!sub && json_object_is_type(more, json_type_boolean) &&
		    !json_object_get_boolean(more))
			return false;
		if (sub && !oracle(sub, member))
			return false;
	}
	return true;
}

static bool
oracle(struct json_object *schema, struct json_object *value)
{
	const char *type = json_get_str(schema, "type", NULL);

	assert_non_null(type);
	if (!oracle_type(type, value))
		return false;
	if (strcmp(type, "string") == 0)
		return oracle_string(schema, json_object_get_string(value));
	if (strcmp(type, "integer") == 0)
		return json_object_get_int64(value) >=
			   json_get_int(schema, "minimum", INT64_MIN) &&
		       json_object_get_int64(value) <=
			   json_get_int(schema, "maximum", INT64_MAX);
	if (strcmp(type, "array") == 0) {
		for (size_t i = 0; i < json_object_array_length(value); i++) {
			if (!oracle(json_get(schema, "items"),
				json_object_array_get_idx(value, i)))
				return false;
		}
	}
	return strcmp(type, "object") != 0 || oracle_object(schema, value);
}

static struct json_object *
schema_of(const struct tool *tool,
    void (*write)(struct buf *out, const struct tool *tool))
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	struct json_object *schema = NULL;

	write(&text, tool);
	assert_int_equal(0, json_parse(buf_text(&text), text.len,
				&json_bounds_default, &schema, NULL));
	return schema;
}

/* A value that usually fits, out of the pool or of the schema itself. */
static struct json_object *
value_make(struct json_object *schema, unsigned depth)
{
	struct json_object *choices = json_get(schema, "enum");
	struct json_object *members = json_get(schema, "properties");
	const char *type = json_get_str(schema, "type", "");
	struct json_object *value = NULL;

	if (choices && pick(3))
		return json_object_get(json_object_array_get_idx(choices,
		    pick((unsigned)json_object_array_length(choices))));
	if (strcmp(type, "array") == 0 && depth < 6 && pick(8)) {
		value = json_object_new_array();
		for (unsigned i = pick(3); i > 0; i--)
			(void)json_object_array_add(value,
			    value_make(json_get(schema, "items"), depth + 1));
		return value;
	}
	if (members && depth < 6 && pick(12)) {
		value = json_object_new_object();
		json_object_object_foreach (members, name, sub) {
			if (pick(6))
				(void)json_object_object_add(
				    value, name, value_make(sub, depth + 1));
		}
		if (pick(9) == 0)
			(void)json_object_object_add(
			    value, "stranger", json_object_new_int64(1));
		return value;
	}
	/* a few tries for something that fits */
	for (int tries = 0; tries < 40; tries++) {
		json_object_put(value);
		value = json_tokener_parse(pool[pick(ARRAY_COUNT(pool))]);
		if (oracle(schema, value) || pick(30) == 0)
			break;
	}
	return value;
}

static void
test_inputs_are_judged_as_the_schema_says(void **state)
{
	unsigned good = 0, bad = 0;

	(void)state;
	for (size_t i = 0; i < tool_count; i++) {
		CLEANUP_JSON struct json_object *schema =
		    schema_of(&tool_table[i], schema_input);

		for (unsigned n = 0; n < 300; n++) {
			CLEANUP_JSON struct json_object *value =
			    value_make(schema, 0);
			CLEANUP_ERR struct err err = ERR_INIT;
			CLEANUP_BUF struct buf text = BUF_INIT;
			bool fits = oracle(schema, value);
			int ret;

			json_write(&text, value, 0);
			ret = schema_check_input(&tool_table[i], value, &err);
			if ((ret == 0) != fits)
				fail_msg("%s %s: schema %d, check %d %s",
				    tool_table[i].name, buf_text(&text), fits,
				    ret, err_text(&err));
			good += fits;
			bad += !fits;
		}
	}
	/* the comparison is worth something */
	assert_true(good > 500 && bad > 500);
}

static void
test_accepted_results_fit_the_output_schema(void **state)
{
	unsigned good = 0, bad = 0;

	(void)state;
	for (size_t i = 0; i < tool_count; i++) {
		CLEANUP_JSON struct json_object *schema =
		    schema_of(&tool_table[i], schema_output);

		for (unsigned n = 0; n < 300; n++) {
			CLEANUP_JSON struct json_object *value =
			    value_make(schema, 0);
			CLEANUP_ERR struct err err = ERR_INIT;
			CLEANUP_BUF struct buf text = BUF_INIT;
			int ret =
			    schema_check_output(&tool_table[i], value, &err);

			json_write(&text, value, 0);
			if (ret == 0 && !oracle(schema, value))
				fail_msg("%s: %s was accepted",
				    tool_table[i].name, buf_text(&text));
			if (ret && !err_text(&err)[0])
				fail_msg("%s: refused without a reason",
				    tool_table[i].name);
			good += ret == 0;
			bad += ret != 0;
		}
	}
	assert_true(good > 100 && bad > 100);
}

static struct json_object *
parsed(const char *text)
{
	struct json_object *value = json_tokener_parse(text);

	assert_non_null(value);
	return value;
}

static void
test_unknown_and_null_members_leave_results(void **state)
{
	CLEANUP_JSON struct json_object *value =
	    parsed("{\"article_id\":\"a\",\"headline\":\"h\",\"body\":null,"
		   "\"session_token\":\"x\"}");

	(void)state;
	assert_int_equal(0,
	    schema_check_output(tool_find("ibkr_news_article"), value, NULL));
	assert_int_equal(2, json_object_object_length(value));
}

static void
test_faults_of_results_name_the_path(void **state)
{
	CLEANUP_JSON struct json_object *value =
	    parsed("{\"contract_id\":\"1\",\"data_status\":\"live\","
		   "\"complete\":true,\"bars\":[{\"timestamp\":"
		   "\"2026-05-14T10:00:00Z\"},{\"timestamp\":"
		   "\"2026-05-14T10:00:00Z\",\"open\":1.5}]}");
	CLEANUP_ERR struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(
	    IAG_INTERNAL, schema_check_output(
			      tool_find("ibkr_historical_bars"), value, &err));
	assert_int_equal(ERR_BROKER_RESPONSE_INVALID, err.code);
	assert_non_null(strstr(err_text(&err), "'bars[1].open'"));
	assert_non_null(strstr(err_text(&err), "got 1.5"));
}

static void
test_too_many_rows_are_refused(void **state)
{
	CLEANUP_JSON struct json_object *value =
	    parsed("{\"exchange\":\"X\",\"complete\":true}");
	struct json_object *list = json_object_new_array();

	(void)state;
	for (int i = 0; i < 501; i++)
		(void)json_object_array_add(list,
		    parsed("{\"exchange\":\"X\",\"date\":\"2026-01-01\"}"));
	(void)json_object_object_add(value, "holidays", list);
	assert_int_equal(
	    IAG_INTERNAL, schema_check_output(
			      tool_find("ibkr_market_holidays"), value, NULL));
	(void)json_object_array_del_idx(list, 0, 1);
	assert_int_equal(
	    0, schema_check_output(
		   tool_find("ibkr_market_holidays"), value, NULL));
}

static void
test_integral_numbers_become_integers(void **state)
{
	CLEANUP_JSON struct json_object *value =
	    parsed("{\"account_id\":\"DU1\",\"page\":2.0}");

	(void)state;
	assert_int_equal(0,
	    schema_check_input(tool_find("ibkr_positions_list"), value, NULL));
	assert_true(
	    json_object_is_type(json_get(value, "page"), json_type_int));
	assert_int_equal(2, json_get_int(value, "page", 0));
	assert_int_equal(100, json_get_int(value, "limit", 0));
}

static void
test_many_faults_are_told_and_counted(void **state)
{
	CLEANUP_JSON struct json_object *value = json_object_new_object();
	CLEANUP_ERR struct err err = ERR_INIT;
	char name[16];

	(void)state;
	for (int i = 0; i < 50; i++) {
		(void)snprintf(name, sizeof(name), "m%d", i);
		(void)json_add_int(value, name, i);
	}
	assert_int_equal(IAG_INVAL,
	    schema_check_input(tool_find("ibkr_health"), value, &err));
	assert_non_null(strstr(err_text(&err), "and 42 more"));
	assert_non_null(strstr(err_text(&err), "allowed: none"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_inputs_are_judged_as_the_schema_says),
		cmocka_unit_test(test_accepted_results_fit_the_output_schema),
		cmocka_unit_test(test_unknown_and_null_members_leave_results),
		cmocka_unit_test(test_faults_of_results_name_the_path),
		cmocka_unit_test(test_too_many_rows_are_refused),
		cmocka_unit_test(test_integral_numbers_become_integers),
		cmocka_unit_test(test_many_faults_are_told_and_counted),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
