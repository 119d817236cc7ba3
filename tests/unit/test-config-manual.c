/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * ibkr-agent.yaml(5) against the key table.  The page is committed, so that
 * building needs no program to run first (a cross build could not); this
 * test fails when the two differ, and with --print gives the part of the
 * page that `make update-config-manual` puts in its place.
 */

#include "config/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "config/key.h"

#define BEGIN "\n.\\\" BEGIN of what is made from the key table"
#define END ".\\\" END of what is made from the key table\n"

static void
read_page(struct buf *page)
{
	const char *srcdir = getenv("IAG_TEST_SRCDIR");
	char path[4096];
	char block[4096];
	FILE *file;
	size_t len;

	(void)snprintf(path, sizeof path, "%s/docs/ibkr-agent.yaml.5",
	    srcdir ? srcdir : ".");
	file = fopen(path, "r");
	if (!file)
		fail_msg("cannot open '%s'", path);
	while ((len = fread(block, 1, sizeof block, file)) > 0)
		buf_add(page, block, len);
	(void)fclose(file);
}

static void
test_the_page_has_what_the_table_has(void **state)
{
	CLEANUP_BUF struct buf page = BUF_INIT;
	CLEANUP_BUF struct buf made = BUF_INIT;
	const char *begin;
	const char *end;

	(void)state;
	read_page(&page);
	config_manual(&made);
	begin = strstr(buf_text(&page), BEGIN);
	assert_non_null(begin);
	begin = strchr(begin + 1, '\n') + 1;
	end = strstr(begin, END);
	assert_non_null(end);
	if ((size_t)(end - begin) != made.len ||
	    memcmp(begin, buf_text(&made), made.len) != 0)
		fail_msg("docs/ibkr-agent.yaml.5 is not what the key table "
			 "says: make update-config-manual");
}

/* The other way round: nothing is named on the page that is not a key. */
static void
test_each_key_of_the_page_is_in_the_table(void **state)
{
	CLEANUP_BUF struct buf page = BUF_INIT;
	size_t found = 0;

	(void)state;
	read_page(&page);
	for (const char *p = buf_text(&page);
	     (p = strstr(p, "\n.It Va ")) != NULL;) {
		CLEANUP_BUF struct buf pattern = BUF_INIT;
		char path[128];
		char *rest = path;
		char *word;

		p += strlen("\n.It Va ");
		(void)snprintf(
		    path, sizeof path, "%.*s", (int)strcspn(p, "\n"), p);
		while ((word = strsep(&rest, ".")) != NULL) {
			bool chosen = strcmp(word, "ID") == 0 ||
				      strcmp(word, "NAME") == 0 ||
				      strcmp(word, "OPTION") == 0;

			buf_printf(&pattern, "%s%s", pattern.len ? "." : "",
			    chosen ? KEY_ANY : word);
		}
		if (!key_find(buf_text(&pattern)))
			fail_msg("there is no key '%s'", path);
		found++;
	}
	assert_int_equal(found, key_count);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_page_has_what_the_table_has),
		cmocka_unit_test(test_each_key_of_the_page_is_in_the_table),
	};
	CLEANUP_BUF struct buf made = BUF_INIT;

	if (argc > 1 && strcmp(argv[1], "--print") == 0) {
		config_manual(&made);
		(void)fputs(buf_text(&made), stdout);
		return 0;
	}
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
