/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* Limits of providers: what would be refused there is refused here. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "mcp/providers.h"

static void
assert_refused(const struct provider *provider, const char *text)
{
	CLEANUP_ERR struct err err = ERR_INIT;
	CLEANUP_BUF struct buf out = BUF_INIT;
	struct config *config = config_new();

	assert_non_null(config);
	assert_int_not_equal(
	    provider_export(provider, config, UINT64_MAX, &out, &err), 0);
	assert_int_equal(err.code, ERR_INTERNAL_ERROR);
	assert_non_null(strstr(err_text(&err), text));
	assert_int_equal(out.len, 0);
	config_free(config);
}

static const struct provider *
openai(void)
{
	const struct provider *provider = provider_find("openai", NULL);

	assert_non_null(provider);
	return provider;
}

static void
test_a_name_past_the_limit_is_refused(void **state)
{
	struct provider provider = *openai();

	(void)state;
	provider.name_max = 10;
	assert_refused(&provider, "at most 10 characters: 'ibkr_health'");
}

static void
test_a_description_past_the_limit_is_refused(void **state)
{
	struct provider provider = *openai();

	(void)state;
	provider.description_max = 20;
	assert_refused(&provider, "at most 20 bytes: that of 'ibkr_health'");
}

static void
test_too_many_tools_are_refused(void **state)
{
	struct provider provider = *openai();

	(void)state;
	provider.tools_max = 3;
	assert_refused(&provider, "at most 3 tools");
}

static void
test_an_unknown_target_names_the_known_ones(void **state)
{
	CLEANUP_ERR struct err err = ERR_INIT;

	(void)state;
	assert_null(provider_find("nobody", &err));
	assert_int_equal(err.code, ERR_INPUT_INVALID);
	for (size_t i = 0; i < provider_count; i++)
		assert_non_null(strstr(err_text(&err), provider_table[i].name));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_name_past_the_limit_is_refused),
		cmocka_unit_test(test_a_description_past_the_limit_is_refused),
		cmocka_unit_test(test_too_many_tools_are_refused),
		cmocka_unit_test(test_an_unknown_target_names_the_known_ones),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
