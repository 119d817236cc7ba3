/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * What a careless or hostile broker sends, and what of it reaches a caller:
 * the fake backend answers from fixtures that each test writes.
 */

#include <sys/stat.h>
#include <unistd.h>

#include "world.h"

#define TOKEN "abcdefghijklmnopqrstuvwxyz0123456789"

static char dir[] = "/tmp/iag-fixtures-XXXXXX";

static void
path_of(const char *name, char *path, size_t size)
{
	(void)snprintf(path, size, "%s/%s.json", dir, name);
}

static void
fixture_write(const char *name, const char *text)
{
	char path[256];
	FILE *file;

	path_of(name, path, sizeof(path));
	file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(0, fclose(file));
}

static void
fixture_remove(const char *name)
{
	char path[256];

	path_of(name, path, sizeof(path));
	(void)unlink(path);
}

/* A world whose operation `name` answers `text`. */
static void
broken_open(struct world *w, const char *name, const char *text)
{
	const struct instance_option option = { "fixtures", dir };

	fixture_write(name, text);
	world_open(w, &option, 1);
}

static void
broken_close(struct world *w, const char *name)
{
	world_close(w);
	fixture_remove(name);
}

static void
test_members_that_no_field_names_are_taken_out(void **state)
{
	struct world w;

	(void)state;
	broken_open(&w, "accounts_list",
	    "{\"key\":\"\",\"answers\":{\"\":{\"session\":\"" TOKEN
	    "\",\"accounts\":[{\"account_id\":\"DU1\",\"account_id_hash\":"
	    "\"0000\",\"account_mode\":\"paper\",\"metadata_redacted\":true,"
	    "\"accountTitle\":\"Ann Owner\",\"cookie\":\"" TOKEN "\"}]}}}");
	good(&w, "ibkr_accounts_list", NULL);
	has_not(&w, TOKEN);
	has_not(&w, "Owner");
	has_not(&w, "\"0000\"");
	assert_int_equal(64, strlen(at(&w, "accounts.0.account_id_hash")));
	broken_close(&w, "accounts_list");
}

static void
test_secret_text_is_replaced_in_results(void **state)
{
	struct world w;

	(void)state;
	broken_open(&w, "accounts_list",
	    "{\"key\":\"\",\"answers\":{\"\":{\"accounts\":[{\"account_id\":"
	    "\"DU1\",\"account_label\":\"Bearer\\u0000 " TOKEN
	    "\",\"account_mode\":\"paper\",\"metadata_redacted\":true}]}}}");
	ask(&w, "ibkr_accounts_list", NULL);
	has_not(&w, TOKEN);
	broken_close(&w, "accounts_list");

	broken_open(&w, "accounts_list",
	    "{\"key\":\"\",\"answers\":{\"\":{\"accounts\":[{\"account_id\":"
	    "\"DU1\",\"account_label\":\"Bea\\u0007rer " TOKEN
	    "\",\"account_mode\":\"paper\",\"metadata_redacted\":true}]}}}");
	good(&w, "ibkr_accounts_list", NULL);
	has_not(&w, TOKEN);
	broken_close(&w, "accounts_list");
}

static void
test_error_texts_are_cleaned(void **state)
{
	struct world w;

	(void)state;
	broken_open(&w, "fundamentals_get",
	    "{\"key\":\"symbol\",\"answers\":{\"AAPL\":{\"$error\":{"
	    "\"result\":\"again\",\"code\":\"BROKER_BACKEND_UNAVAILABLE\","
	    "\"text\":\"no \\u001b[31manswer to Authorization: Bearer " TOKEN
	    " from /home/ann/x\"}}}}");
	bad(&w, "ibkr_fundamentals_get", "{\"symbol\":\"AAPL\"}",
	    "BROKER_BACKEND_UNAVAILABLE");
	has_not(&w, TOKEN);
	has_not(&w, "/home/ann");
	has_not(&w, "u001b");
	assert_null(strstr(fake.last, TOKEN));
	assert_string_equal("true", at(&w, "retryable"));
	assert_string_equal("refused", at(&w, "outcome"));
	assert_string_equal(w.result.audit_event_id, at(&w, "audit_event_id"));
	broken_close(&w, "fundamentals_get");
}

static void
test_sensitive_names_leave_maps(void **state)
{
	struct world w;

	(void)state;
	broken_open(&w, "fundamentals_get",
	    "{\"key\":\"symbol\",\"answers\":{\"AAPL\":{\"symbol\":\"AAPL\","
	    "\"fields\":{\"pe_ratio\":\"28.4\",\"access_token\":\"" TOKEN
	    "\",\"bad\\u0007name\":\"1\",\"gone\":null}}}}");
	good(&w, "ibkr_fundamentals_get", "{\"symbol\":\"AAPL\"}");
	assert_string_equal("28.4", at(&w, "fields.pe_ratio"));
	assert_int_equal(
	    1, json_object_object_length(json_get(w.json, "fields")));
	broken_close(&w, "fundamentals_get");
}

static void
test_another_accounts_data_is_not_shown(void **state)
{
	struct world w;

	(void)state;
	broken_open(&w, "orders_list",
	    "{\"key\":\"account_id\",\"answers\":{\"DU1234567\":{\"orders\":["
	    "{\"account_id\":\"U7654321\",\"broker_order_id\":\"1\","
	    "\"status\":\"open\",\"side\":\"buy\",\"contract_id\":\"1\"}]}}}");
	bad(&w, "ibkr_orders_list", "{\"account_id\":\"DU1234567\"}",
	    "BROKER_RESPONSE_INVALID");
	has_not(&w, "U7654321");
	has(&w, "backend 'fake'");
	broken_close(&w, "orders_list");
}

static void
test_answers_of_wrong_shape_name_plugin_and_path(void **state)
{
	static const struct {
		const char *answer, *part;
	} cases[] = {
		{ "{\"contract_id\":\"265598\",\"data_status\":\"good\","
		  "\"source_timestamp\":\"@now-1s\"}",
		    "'data_status': expected one of: live delayed" },
		{ "{\"contract_id\":\"265598\",\"data_status\":\"live\","
		  "\"source_timestamp\":\"@now-1s\",\"bid\":199.5}",
		    "'bid': expected a decimal in a string" },
		{ "{\"contract_id\":\"265598\",\"data_status\":\"live\","
		  "\"source_timestamp\":\"yesterday\"}",
		    "'source_timestamp': expected an RFC 3339 time" },
		{ "{\"contract_id\":\"265598\",\"source_timestamp\":"
		  "\"@now-1s\"}",
		    "'data_status': is missing" },
		{ "{\"data_status\":\"live\",\"source_timestamp\":"
		  "\"@now-1s\"}",
		    "'contract_id': is missing" },
		{ "{\"contract_id\":\"265598\",\"data_status\":\"live\","
		  "\"source_timestamp\":\"@now-1s\",\"ask\":\"1e5\"}",
		    "'ask': expected a decimal" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		char text[1024];
		struct world w;

		(void)snprintf(text, sizeof(text),
		    "{\"key\":\"contract_id\",\"answers\":{\"265598\":%s}}",
		    cases[i].answer);
		broken_open(&w, "market_snapshot", text);
		bad(&w, "ibkr_market_snapshot", "{\"contract_id\":\"265598\"}",
		    "BROKER_RESPONSE_INVALID");
		has(&w, cases[i].part);
		has(&w, "backend 'fake': answer to 'market_snapshot'");
		broken_close(&w, "market_snapshot");
	}
}

static void
test_time_ahead_of_ours_counts_as_none(void **state)
{
	struct world w;

	(void)state;
	broken_open(&w, "market_snapshot",
	    "{\"key\":\"contract_id\",\"answers\":{\"265598\":{"
	    "\"contract_id\":\"265598\",\"data_status\":\"live\","
	    "\"source_timestamp\":\"@now+60s\",\"staleness_seconds\":0}}}");
	bad(&w, "ibkr_market_snapshot", "{\"contract_id\":\"265598\"}",
	    "MARKET_DATA_INCOMPLETE");
	w.config->market_data.missing_timestamp_policy = STALE_POLICY_WARN;
	good(&w, "ibkr_market_snapshot", "{\"contract_id\":\"265598\"}");
	/* the backend's own figure is not believed */
	assert_string_equal("", at(&w, "staleness_seconds"));
	broken_close(&w, "market_snapshot");
}

static void
test_backend_cannot_call_a_page_complete(void **state)
{
	struct world w;

	(void)state;
	broken_open(&w, "positions_list",
	    "{\"key\":\"account_id\",\"answers\":{\"DU1234567\":{\"$reply\":"
	    "[\"partial\"],\"account_id\":\"DU1234567\",\"positions\":[],"
	    "\"complete\":true}}}");
	good(&w, "ibkr_positions_list", "{\"account_id\":\"DU1234567\"}");
	assert_string_equal("false", at(&w, "complete"));
	broken_close(&w, "positions_list");
}

/* A backend that does not say what it did not find. */
static void
missing_is(const char *tool, const char *operation, const char *key,
    const char *arguments, const char *code, const char *text)
{
	CLEANUP_FREE char *fixture = NULL;
	struct world w;

	assert_true(asprintf(&fixture,
			"{\"key\":\"%s\",\"answers\":{\"265598\":{\"$error\":"
			"{\"result\":\"notfound\"}},\"DU1234567\":{\"$error\":"
			"{\"result\":\"notfound\"}}}}",
			key) > 0);
	broken_open(&w, operation, fixture);
	bad(&w, tool, arguments, code);
	has(&w, text);
	assert_true(w.result.err.missing);
	broken_close(&w, operation);
}

static void
test_what_a_backend_does_not_find_is_named(void **state)
{
	(void)state;
	missing_is("ibkr_market_depth", "market_depth", "contract_id",
	    "{\"contract_id\":\"265598\"}", "INPUT_INVALID_CONTRACT",
	    "the broker knows no contract '265598': ");
	missing_is("ibkr_account_metadata", "account_metadata", "account_id",
	    "{\"account_id\":\"DU1234567\"}", "INPUT_UNAUTHORIZED_ACCOUNT",
	    "the broker knows no account 'DU1234567': ");
}

static void
open_fails(const char *name, const char *text, const char *part)
{
	CLEANUP_ERR struct err err = ERR_INIT;
	const struct instance_option option = { "fixtures", dir };
	char *items[] = { getenv("IAG_TEST_PLUGINDIR"), NULL };
	struct config_list dirs = { items, 1 };
	struct host *host = host_new(&dirs, NULL);
	struct instance *backend = NULL;
	struct plugin *plugin = NULL;

	fixture_write(name, text);
	assert_non_null(host);
	assert_int_equal(0,
	    host_load(host, host_kind_find("backend"), "fake", &plugin, &err));
	assert_true(instance_open(host, plugin, "backend", &option, 1, &backend,
			&err) < 0);
	assert_int_equal(ERR_CONFIG_INVALID, err.code);
	if (!strstr(err_text(&err), part))
		fail_msg("'%s' is not in: %s", part, err_text(&err));
	assert_true(host_free(host));
	fixture_remove(name);
}

static void
test_wrong_fixtures_are_refused_by_name(void **state)
{
	(void)state;
	open_fails(
	    "keepalive", "not json", "'keepalive.json': expected a JSON");
	open_fails("keepalive", "", "'keepalive.json'");
	open_fails("keepalive", "[]", "'keepalive.json'");
	open_fails("keepalive", "{\"answers\":{}}", "'keepalive.json'");
	open_fails("keepalive", "{\"key\":\"\",\"answers\":{\"\":1}}",
	    "'keepalive.json'");
	open_fails("keepalive",
	    "{\"key\":\"\",\"answers\":{\"\":{\"$reply\":[\"warm\"]}}}",
	    "'keepalive.json'");
	open_fails("keepalive",
	    "{\"key\":\"\",\"answers\":{\"\":{\"$error\":{\"result\":\"odd\","
	    "\"code\":\"X\",\"text\":\"y\"}}}}",
	    "'keepalive.json'");
}

static void
test_other_files_of_the_directory_are_left_alone(void **state)
{
	struct world w;

	(void)state;
	broken_open(&w, "notes", "not a fixture");
	good(&w, "ibkr_accounts_list", NULL);
	assert_int_equal(3, count(&w, "accounts"));
	broken_close(&w, "notes");
}

static void
test_wrong_time_template_is_told(void **state)
{
	struct world w;

	(void)state;
	broken_open(&w, "news_list",
	    "{\"key\":\"symbol\",\"answers\":{\"AAPL\":{\"symbol\":\"AAPL\","
	    "\"articles\":[{\"article_id\":\"1\",\"headline\":\"h\","
	    "\"published_at\":\"@noon-1x\"}]}}}");
	bad(&w, "ibkr_news_list", "{\"symbol\":\"AAPL\"}", "INTERNAL_ERROR");
	has(&w, "time template");
	broken_close(&w, "news_list");
}

static int
setup(void **state)
{
	(void)state;
	return mkdtemp(dir) ? 0 : -1;
}

static int
teardown(void **state)
{
	(void)state;
	return rmdir(dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    test_members_that_no_field_names_are_taken_out),
		cmocka_unit_test(test_secret_text_is_replaced_in_results),
		cmocka_unit_test(test_error_texts_are_cleaned),
		cmocka_unit_test(test_sensitive_names_leave_maps),
		cmocka_unit_test(test_another_accounts_data_is_not_shown),
		cmocka_unit_test(
		    test_answers_of_wrong_shape_name_plugin_and_path),
		cmocka_unit_test(test_time_ahead_of_ours_counts_as_none),
		cmocka_unit_test(test_backend_cannot_call_a_page_complete),
		cmocka_unit_test(test_what_a_backend_does_not_find_is_named),
		cmocka_unit_test(test_wrong_fixtures_are_refused_by_name),
		cmocka_unit_test(
		    test_other_files_of_the_directory_are_left_alone),
		cmocka_unit_test(test_wrong_time_template_is_told),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, teardown);
}
