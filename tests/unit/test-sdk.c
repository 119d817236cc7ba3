/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* libibkr-agent as a program sees it. */

#include "ibkr-agent/gateway.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "gateway-kit.h"

/* A fake gateway, configured but not open. */
static struct iag_gateway *
prepare(const char *directory)
{
	struct buf store CLEANUP_BUF = BUF_INIT;
	struct iag_gateway *gateway = iag_gateway_fake();

	assert_non_null(gateway);
	buf_printf(&store, "%s/store", directory);
	assert_int_equal(
	    iag_gateway_set_store_path(gateway, buf_text(&store)), 0);
	assert_int_equal(iag_gateway_set_audit_secret(
			     gateway, KIT_SECRET, strlen(KIT_SECRET)),
	    0);
	assert_int_equal(
	    iag_gateway_add_plugin_dir(gateway, getenv("IAG_TEST_PLUGINDIR")),
	    0);
	return gateway;
}

static struct iag_gateway *
open_fake(const char *directory)
{
	struct iag_gateway *gateway = prepare(directory);

	assert_int_equal(iag_gateway_open(gateway), 0);
	return gateway;
}

/* The code of one call, "" for none. */
static void
expect_code(struct iag_gateway *gateway,
    const struct iag_gateway_principal *who, const char *tool,
    const char *arguments, const char *code, const char *part)
{
	struct iag_gateway_result *result;
	int rc = iag_gateway_call(gateway, who, tool, arguments, &result);

	assert_non_null(result);
	assert_string_equal(iag_gateway_result_code(result), code);
	assert_int_equal(rc != 0, *code != '\0');
	assert_int_equal(iag_gateway_result_is_error(result), *code != '\0');
	if (!strstr(iag_gateway_result_json(result), part))
		fail_msg(
		    "'%s' is not in %s", part, iag_gateway_result_json(result));
	iag_gateway_result_free(result);
}

static void
test_a_call_gives_the_tools_result_and_its_record(void **state)
{
	char *directory CLEANUP_FREE = kit_directory();
	struct iag_gateway *gateway = open_fake(directory);
	struct iag_gateway_result *result;

	(void)state;
	assert_int_equal(iag_gateway_call(gateway, NULL, "ibkr_accounts_list",
			     NULL, &result),
	    0);
	assert_non_null(strstr(iag_gateway_result_json(result), "DU1234567"));
	assert_int_equal(strlen(iag_gateway_result_audit_id(result)), 36);
	iag_gateway_result_free(result);
	expect_code(gateway, NULL, "ibkr_audit_tail", "{\"limit\":1}", "",
	    "\"sdk:local\"");
	assert_int_equal(iag_gateway_close(gateway), 0);
}

static void
test_scopes_of_the_principal_hold(void **state)
{
	char *directory CLEANUP_FREE = kit_directory();
	struct iag_gateway *gateway = open_fake(directory);
	struct iag_gateway_principal *who = iag_gateway_principal_new(
	    "app:quotes", IAG_PRINCIPAL_AGENT, "ibkr:marketdata:read");
	struct iag_gateway_principal *nobody =
	    iag_gateway_principal_new("app:none", IAG_PRINCIPAL_AGENT, "");
	char *tools;

	(void)state;
	assert_non_null(who);
	assert_non_null(nobody);
	expect_code(gateway, who, "ibkr_market_snapshot",
	    "{\"contract_id\":\"265598\"}", "", "\"last\"");
	expect_code(gateway, who, "ibkr_accounts_list", "{}",
	    "AUTH_MISSING_SCOPE", "ibkr:accounts:read");
	expect_code(gateway, nobody, "ibkr_health", "", "AUTH_MISSING_SCOPE",
	    "audit_event_id");
	tools = iag_gateway_tools(gateway, who);
	assert_non_null(strstr(tools, "ibkr_market_snapshot"));
	assert_null(strstr(tools, "ibkr_accounts_list"));
	iag_gateway_text_free(tools);
	tools = iag_gateway_tools(gateway, nobody);
	assert_string_equal(tools, "[]");
	iag_gateway_text_free(tools);
	iag_gateway_principal_free(who);
	iag_gateway_principal_free(nobody);
	assert_int_equal(iag_gateway_close(gateway), 0);
}

#define PREVIEW                                                \
	"{\"account_id\":\"DU1234567\",\"symbol\":\"AAPL\","   \
	"\"side\":\"buy\",\"quantity\":\"1\","                 \
	"\"order_type\":\"limit\",\"limit_price\":\"190.00\"," \
	"\"time_in_force\":\"day\"}"

static void
test_features_only_take_away(void **state)
{
	char *directory CLEANUP_FREE = kit_directory();
	struct iag_gateway *gateway = prepare(directory);
	char *tools;

	(void)state;
	assert_int_equal(
	    iag_gateway_set_features(gateway, IAG_FEATURE_LIVE), 0);
	assert_int_equal(
	    iag_gateway_set_paper_writer(gateway, "local-candidate"), 0);
	assert_int_equal(iag_gateway_set_live_writer(gateway, "refusing"), 0);
	assert_int_equal(iag_gateway_open(gateway), 0);
	tools = iag_gateway_tools(gateway, NULL);
	assert_null(strstr(tools, "\"ibkr_order_preview\""));
	assert_null(strstr(tools, "ibkr_paper_order_submit"));
	/* not configured, so it is not there in any case */
	assert_null(strstr(tools, "ibkr_live_order_submit"));
	iag_gateway_text_free(tools);
	expect_code(gateway, NULL, "ibkr_order_preview", PREVIEW,
	    "ORDER_PREVIEW_DISABLED", "\"refused\"");
	assert_int_equal(iag_gateway_close(gateway), 0);
}

static void
test_inv4_a_result_says_its_outcome(void **state)
{
	char *directory CLEANUP_FREE = kit_directory();
	struct iag_gateway *gateway = open_fake(directory);
	struct iag_gateway_result *result;

	(void)state;
	assert_int_equal(iag_gateway_call(gateway, NULL, "ibkr_order_preview",
			     PREVIEW, &result),
	    0);
	assert_string_equal(iag_gateway_result_outcome(result), "done");
	iag_gateway_result_free(result);
	assert_int_not_equal(iag_gateway_call(gateway, NULL,
				 "ibkr_order_preview", "{}", &result),
	    0);
	assert_string_equal(iag_gateway_result_outcome(result), "refused");
	assert_string_equal(iag_gateway_result_outcome(NULL), "refused");
	iag_gateway_result_free(result);
	assert_int_equal(iag_gateway_close(gateway), 0);
}

static void
test_bad_arguments_are_errors_and_never_a_crash(void **state)
{
	char *directory CLEANUP_FREE = kit_directory();
	struct iag_gateway *gateway = open_fake(directory);

	(void)state;
	expect_code(
	    gateway, NULL, "ibkr_health", "{", "INPUT_INVALID", "arguments");
	expect_code(gateway, NULL, "ibkr_health", "[1]", "INPUT_INVALID",
	    "json object");
	expect_code(gateway, NULL, "ibkr_health", "{\"a\":1,\"a\":1}",
	    "INPUT_INVALID", "arguments");
	expect_code(gateway, NULL, "ibkr_order_submit", "{}",
	    "READONLY_WRITE_FORBIDDEN", "audit_event_id");
	expect_code(gateway, NULL, NULL, "{}", "INPUT_INVALID", "code");
	assert_int_equal(iag_gateway_close(gateway), 0);
}

static void
test_principals_need_a_name_a_kind_and_scopes_that_exist(void **state)
{
	char name[200];

	(void)state;
	memset(name, 'a', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	assert_null(iag_gateway_principal_new(NULL, 0, NULL));
	assert_null(iag_gateway_principal_new("", 0, NULL));
	assert_null(iag_gateway_principal_new(name, 0, NULL));
	assert_null(iag_gateway_principal_new("a\nb", 0, NULL));
	assert_null(iag_gateway_principal_new("a", 2, NULL));
	assert_null(iag_gateway_principal_new("a", 0, "ibkr:nothing"));
	assert_null(iag_gateway_principal_new(
	    "a", 0, "ibkr:health:read  ibkr:audit:read"));
	iag_gateway_principal_free(NULL);
}

static void
test_wrong_settings_say_what_was_expected(void **state)
{
	struct iag_gateway *gateway = iag_gateway_fake();

	(void)state;
	assert_string_equal(iag_gateway_error(gateway), "");
	assert_string_equal(iag_gateway_error_code(gateway), "");
	assert_int_equal(
	    iag_gateway_set_store_path(gateway, "here"), IAG_INVAL);
	assert_string_equal(iag_gateway_error(gateway),
	    "path: expected an absolute path, got 'here'");
	assert_string_equal(iag_gateway_error_code(gateway), "INPUT_INVALID");
	assert_int_equal(
	    iag_gateway_set_audit_secret(gateway, "short", 5), IAG_INVAL);
	assert_int_equal(iag_gateway_add_plugin_dir(gateway, NULL), IAG_INVAL);
	assert_int_equal(iag_gateway_set_log_level(gateway, 4), IAG_INVAL);
	assert_int_equal(iag_gateway_set_live_writer(gateway, ""), IAG_INVAL);
	assert_int_equal(
	    iag_gateway_set_paper_writer(gateway, NULL), IAG_INVAL);
	assert_int_equal(iag_gateway_set_features(gateway, 8), IAG_INVAL);
	assert_string_equal(iag_gateway_error(gateway),
	    "features: expected bits of 0x7, got '0x8'");
	assert_int_equal(iag_gateway_close(gateway), 0);
	assert_int_equal(iag_gateway_close(NULL), 0);
	assert_string_equal(iag_gateway_error(NULL), "no memory");
}

static void
test_settings_are_closed_once_it_is_open(void **state)
{
	char *directory CLEANUP_FREE = kit_directory();
	struct iag_gateway *gateway = open_fake(directory);

	(void)state;
	assert_int_equal(
	    iag_gateway_set_store_path(gateway, "/other"), IAG_INVAL);
	assert_int_equal(iag_gateway_open(gateway), IAG_INVAL);
	assert_string_equal(
	    iag_gateway_error(gateway), "the gateway is open already");
	assert_int_equal(iag_gateway_close(gateway), 0);
}

static void
test_calls_before_opening_are_errors(void **state)
{
	struct iag_gateway *gateway = iag_gateway_fake();

	(void)state;
	expect_code(
	    gateway, NULL, "ibkr_health", "{}", "INPUT_INVALID", "not open");
	assert_null(iag_gateway_tools(gateway, NULL));
	assert_int_equal(iag_gateway_close(gateway), 0);
}

static void
test_a_bad_file_gives_all_its_faults(void **state)
{
	char *directory CLEANUP_FREE = kit_directory();
	struct buf path CLEANUP_BUF = BUF_INIT;
	struct iag_gateway *gateway;
	FILE *file;

	(void)state;
	buf_printf(&path, "%s/bad.yaml", directory);
	file = fopen(buf_text(&path), "we");
	assert_non_null(file);
	fputs("broker: {backnd: fake}\nnosuch: 1\n", file);
	assert_int_equal(fclose(file), 0);
	gateway = iag_gateway_from_file(buf_text(&path));
	assert_int_equal(iag_gateway_open(gateway), IAG_INVAL);
	assert_string_equal(iag_gateway_error_code(gateway), "CONFIG_INVALID");
	assert_non_null(strstr(iag_gateway_error(gateway), "backnd"));
	assert_non_null(strstr(iag_gateway_error(gateway), "nosuch"));
	assert_int_equal(iag_gateway_close(gateway), 0);
	gateway = iag_gateway_from_file("/nonexistent/ibkr-agent.yaml");
	assert_int_not_equal(iag_gateway_open(gateway), 0);
	assert_int_equal(iag_gateway_close(gateway), 0);
}

static void *
cancel_main(void *arg)
{
	iag_gateway_call_cancel(arg);
	return NULL;
}

/* The fake broker takes 20 s for each answer here. */
static struct iag_gateway *
open_slow(const char *directory)
{
	struct buf path CLEANUP_BUF = BUF_INIT;
	struct iag_gateway *gateway;
	FILE *file;

	buf_printf(&path, "%s/slow.yaml", directory);
	file = fopen(buf_text(&path), "we");
	assert_non_null(file);
	fprintf(file,
	    "broker: {backend: fake}\naudit: {path: %s/store}\n"
	    "auth: {enabled_scopes: [\"ibkr:accounts:read\"]}\n"
	    "plugins: {path: [%s], options: {fake: {delay_ms: 20000}}}\n",
	    directory, getenv("IAG_TEST_PLUGINDIR"));
	assert_int_equal(fclose(file), 0);
	gateway = iag_gateway_from_file(buf_text(&path));
	assert_int_equal(iag_gateway_set_audit_secret(
			     gateway, KIT_SECRET, strlen(KIT_SECRET)),
	    0);
	if (iag_gateway_open(gateway) != 0)
		fail_msg("%s", iag_gateway_error(gateway));
	return gateway;
}

static void
test_another_thread_cancels_a_call(void **state)
{
	char *directory CLEANUP_FREE = kit_directory();
	struct iag_gateway *gateway = open_slow(directory);
	struct iag_gateway_call *call = iag_gateway_call_new(gateway, 0);
	struct iag_gateway_result *result;
	pthread_t thread;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, cancel_main, call), 0);
	assert_int_equal(iag_gateway_call_run(gateway, call, NULL,
			     "ibkr_accounts_list", "{}", &result),
	    IAG_STOPPING);
	pthread_join(thread, NULL);
	assert_string_equal(iag_gateway_result_code(result), "CALL_CANCELLED");
	iag_gateway_result_free(result);
	iag_gateway_call_free(call);
	iag_gateway_call_free(NULL);
	assert_int_equal(iag_gateway_close(gateway), 0);
}

static void
test_a_call_ends_at_its_own_deadline(void **state)
{
	char *directory CLEANUP_FREE = kit_directory();
	struct iag_gateway *gateway = open_slow(directory);
	struct iag_gateway_call *call = iag_gateway_call_new(gateway, 50);
	struct iag_gateway_result *result;

	(void)state;
	assert_int_equal(iag_gateway_call_run(gateway, call, NULL,
			     "ibkr_accounts_list", "{}", &result),
	    IAG_STOPPING);
	assert_string_equal(iag_gateway_result_code(result), "CALL_TIMED_OUT");
	iag_gateway_result_free(result);
	iag_gateway_call_free(call);
	assert_int_equal(iag_gateway_close(gateway), 0);
}

static void *
reader_main(void *arg)
{
	int i;

	for (i = 0; i < 10; i++)
		expect_code(arg, NULL, "ibkr_market_snapshot",
		    "{\"contract_id\":\"265598\"}", "", "199.5");
	return NULL;
}

static void
test_many_threads_call_on_one_gateway(void **state)
{
	char *directory CLEANUP_FREE = kit_directory();
	struct iag_gateway *gateway = open_fake(directory);
	pthread_t threads[8];
	unsigned i;

	(void)state;
	for (i = 0; i < ARRAY_COUNT(threads); i++)
		assert_int_equal(
		    pthread_create(&threads[i], NULL, reader_main, gateway), 0);
	for (i = 0; i < ARRAY_COUNT(threads); i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(iag_gateway_close(gateway), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    test_a_call_gives_the_tools_result_and_its_record),
		cmocka_unit_test(test_scopes_of_the_principal_hold),
		cmocka_unit_test(test_features_only_take_away),
		cmocka_unit_test(test_inv4_a_result_says_its_outcome),
		cmocka_unit_test(
		    test_bad_arguments_are_errors_and_never_a_crash),
		cmocka_unit_test(
		    test_principals_need_a_name_a_kind_and_scopes_that_exist),
		cmocka_unit_test(test_wrong_settings_say_what_was_expected),
		cmocka_unit_test(test_settings_are_closed_once_it_is_open),
		cmocka_unit_test(test_calls_before_opening_are_errors),
		cmocka_unit_test(test_a_bad_file_gives_all_its_faults),
		cmocka_unit_test(test_another_thread_cancels_a_call),
		cmocka_unit_test(test_a_call_ends_at_its_own_deadline),
		cmocka_unit_test(test_many_threads_call_on_one_gateway),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
