/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The committed tool reference against the table; with --manual or --guide
 * it prints what `make update-tools-manual` puts in their place.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "tools/manual.h"

static void
compare(const char *name, const struct buf *made)
{
	const char *srcdir = getenv("IAG_TEST_SRCDIR");
	CLEANUP_BUF struct buf page = BUF_INIT;
	char path[4096];
	char block[4096];
	FILE *file;
	size_t len;

	(void)snprintf(
	    path, sizeof path, "%s/docs/%s", srcdir ? srcdir : ".", name);
	file = fopen(path, "r");
	if (!file)
		fail_msg("cannot open '%s'", path);
	while ((len = fread(block, 1, sizeof block, file)) > 0)
		buf_add(&page, block, len);
	(void)fclose(file);
	if (page.len != made->len ||
	    memcmp(page.data, made->data, page.len) != 0)
		fail_msg("docs/%s is not what the table says: "
			 "make update-tools-manual",
		    name);
}

static void
test_the_page_is_what_the_table_says(void **state)
{
	CLEANUP_BUF struct buf made = BUF_INIT;

	(void)state;
	tool_reference_manual(&made);
	compare("ibkr-agent-tools.7", &made);
}

static void
test_the_guide_is_what_the_table_says(void **state)
{
	CLEANUP_BUF struct buf made = BUF_INIT;

	(void)state;
	tool_reference_guide(&made);
	compare("tools.md", &made);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_page_is_what_the_table_says),
		cmocka_unit_test(test_the_guide_is_what_the_table_says),
	};
	CLEANUP_BUF struct buf out = BUF_INIT;

	if (argc == 2) {
		if (strcmp(argv[1], "--manual") == 0)
			tool_reference_manual(&out);
		else
			tool_reference_guide(&out);
		(void)fputs(buf_text(&out), stdout);
		return 0;
	}
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
