/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* What a line is, which era it speaks, and how lines are cut: no server. */

#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "mcp/clients.h"
#include "mcp/era.h"
#include "mcp/message.h"
#include "mcp/reader.h"
#include "mcp/uri.h"

#define R "{\"jsonrpc\":\"2.0\",\"method\":\"m\","

static void
test_every_kind_of_message_is_told_apart(void **state)
{
	static const struct {
		const char *text;
		enum message_kind kind;
		int code;
		const char *id;
	} rows[] = {
		{ R "\"id\":0}", MESSAGE_REQUEST, 0, "0" },
		{ R "\"id\":-9007199254740993}", MESSAGE_REQUEST, 0,
		    "-9007199254740993" },
		{ R "\"id\":\"\"}", MESSAGE_REQUEST, 0, "\"\"" },
		{ R "\"id\":\"a\\u00e9\\\"\\n\"}", MESSAGE_REQUEST, 0,
		    "\"a\xc3\xa9\\\"\\n\"" },
		{ R "\"id\":null}", MESSAGE_FAULT, -32600, NULL },
		{ R "\"id\":1.5}", MESSAGE_FAULT, -32600, NULL },
		{ R "\"id\":1e3}", MESSAGE_FAULT, -32600, NULL },
		{ R "\"id\":true}", MESSAGE_FAULT, -32600, NULL },
		{ R "\"id\":[1]}", MESSAGE_FAULT, -32600, NULL },
		{ R "\"id\":{}}", MESSAGE_FAULT, -32600, NULL },
		{ R "\"id\":99999999999999999999}", MESSAGE_FAULT, -32600,
		    NULL },
		{ R "\"id\":9223372036854775807}", MESSAGE_REQUEST, 0,
		    "9223372036854775807" },
		{ R "\"id\":9223372036854775808}", MESSAGE_FAULT, -32600,
		    NULL },
		{ R "\"id\":-9223372036854775808}", MESSAGE_REQUEST, 0,
		    "-9223372036854775808" },
		{ R "\"id\":-9223372036854775809}", MESSAGE_FAULT, -32600,
		    NULL },
		{ R "\"id\":1,\"params\":{\"n\":99999999999999999999}}",
		    MESSAGE_REQUEST, 0, "1" },
		{ R "\"id\":\"\\u0000\"}", MESSAGE_FAULT, -32700, NULL },
		{ R "\"id\":1,\"id\":2}", MESSAGE_FAULT, -32700, NULL },
		{ R "\"unknown\":[{}],\"id\":1}", MESSAGE_REQUEST, 0, "1" },
		{ R "\"params\":{}}", MESSAGE_NOTIFICATION, 0, NULL },
		{ R "\"params\":[]}", MESSAGE_IGNORED, 0, NULL },
		{ R "\"params\":[],\"id\":1}", MESSAGE_FAULT, -32602, "1" },
		{ R "\"params\":\"x\",\"id\":1}", MESSAGE_FAULT, -32602, "1" },
		{ R "\"params\":null,\"id\":1}", MESSAGE_REQUEST, 0, "1" },
		{ R "\"params\":{\"_meta\":1},\"id\":1}", MESSAGE_FAULT, -32602,
		    "1" },
		{ "{\"jsonrpc\":\"2.0\",\"method\":7,\"id\":1}", MESSAGE_FAULT,
		    -32600, "1" },
		{ "{\"jsonrpc\":\"2.0\",\"id\":\"x\"}", MESSAGE_FAULT, -32600,
		    "\"x\"" },
		{ "{\"jsonrpc\":\"1.0\",\"method\":\"m\",\"id\":1}",
		    MESSAGE_FAULT, -32600, "1" },
		{ "{\"jsonrpc\":2.0,\"method\":\"m\",\"id\":1}", MESSAGE_FAULT,
		    -32600, "1" },
		{ "{\"method\":\"m\",\"id\":1}", MESSAGE_FAULT, -32600, "1" },
		{ "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}",
		    MESSAGE_RESPONSE, 0, NULL },
		{ "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{}}",
		    MESSAGE_RESPONSE, 0, NULL },
		{ "[" R "\"id\":1}]", MESSAGE_FAULT, -32600, NULL },
		{ "[]", MESSAGE_FAULT, -32600, NULL },
		{ "{}", MESSAGE_FAULT, -32600, NULL },
		{ "null", MESSAGE_FAULT, -32600, NULL },
		{ "1", MESSAGE_FAULT, -32600, NULL },
		{ "\"\"", MESSAGE_FAULT, -32600, NULL },
		{ "", MESSAGE_FAULT, -32700, NULL },
		{ "{", MESSAGE_FAULT, -32700, NULL },
		{ R "\"id\":1}x", MESSAGE_FAULT, -32700, NULL },
		{ R "\"id\":\"\xff\"}", MESSAGE_FAULT, -32700, NULL },
		{ "\xef\xbb\xbf" R "\"id\":1}", MESSAGE_FAULT, -32700, NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		CLEANUP_MESSAGE struct message message;

		message_parse(&message, rows[i].text, strlen(rows[i].text));
		if (message.kind != rows[i].kind ||
		    message.code != rows[i].code)
			fail_msg("%s: kind %d, code %d", rows[i].text,
			    (int)message.kind, message.code);
		if (rows[i].id)
			assert_string_equal(message.id, rows[i].id);
		else
			assert_null(message.id);
		if (message.kind == MESSAGE_FAULT)
			assert_true(strlen(err_text(&message.err)) > 0);
	}
}

static void
test_depth_and_size_bombs_are_refused(void **state)
{
	CLEANUP_BUF struct buf deep = BUF_INIT;
	CLEANUP_BUF struct buf wide = BUF_INIT;
	CLEANUP_MESSAGE struct message first, second;

	(void)state;
	for (int i = 0; i < 500000; i++)
		buf_char(&deep, '[');
	message_parse(&first, deep.data, deep.len);
	assert_int_equal(first.code, RPC_PARSE_ERROR);
	buf_str(&wide, R "\"id\":1,\"params\":{\"a\":[0");
	for (int i = 0; i < 200000; i++)
		buf_str(&wide, ",0");
	buf_str(&wide, "]}}");
	message_parse(&second, wide.data, wide.len);
	assert_int_equal(second.code, RPC_PARSE_ERROR);
}

#define V "\"" ERA_META_VERSION "\":"
#define C "\"" ERA_META_CAPABILITIES "\":"
#define I "\"" ERA_META_CLIENT "\":"

static void
test_a_request_says_which_era_it_speaks(void **state)
{
	static const struct {
		const char *meta;
		enum era era;
		enum era_fault fault;
	} rows[] = {
		{ "", ERA_LEGACY, ERA_FAULT_NONE },
		{ "\"progressToken\":1", ERA_LEGACY, ERA_FAULT_NONE },
		{ "\"io.modelcontextprotocol/related-task\":{}", ERA_LEGACY,
		    ERA_FAULT_NONE },
		{ V "\"2026-07-28\"," C "{}", ERA_MODERN, ERA_FAULT_NONE },
		{ V "\"2026-07-28\"," C "{}," I "{}", ERA_MODERN,
		    ERA_FAULT_NONE },
		{ V "\"2026-07-28\"", ERA_MODERN,
		    ERA_FAULT_CAPABILITIES_MISSING },
		{ V "\"2026-07-28\"," C "[]", ERA_MODERN,
		    ERA_FAULT_CAPABILITIES_MISSING },
		{ V "\"2099-01-01\"," C "{}", ERA_MODERN,
		    ERA_FAULT_VERSION_UNSUPPORTED },
		{ V "\"2025-11-25\"," C "{}", ERA_MODERN,
		    ERA_FAULT_VERSION_UNSUPPORTED },
		{ V "20260728," C "{}", ERA_MODERN, ERA_FAULT_VERSION_MISSING },
		{ V "null", ERA_MODERN, ERA_FAULT_VERSION_MISSING },
		{ C "{}", ERA_MODERN, ERA_FAULT_VERSION_MISSING },
		{ I "{}", ERA_MODERN, ERA_FAULT_VERSION_MISSING },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		CLEANUP_BUF struct buf text = BUF_INIT;
		CLEANUP_MESSAGE struct message message;
		enum era era = ERA_LEGACY;

		buf_printf(&text, R "\"id\":1,\"params\":{\"_meta\":{%s}}}",
		    rows[i].meta);
		message_parse(&message, text.data, text.len);
		assert_int_equal(message.kind, MESSAGE_REQUEST);
		assert_int_equal(era_select(&message, &era), rows[i].fault);
		assert_int_equal(era, rows[i].era);
	}
}

static void
test_initialize_never_fails_for_a_version(void **state)
{
	(void)state;
	assert_string_equal(era_negotiate("2025-11-25"), "2025-11-25");
	assert_string_equal(era_negotiate("2025-06-18"), "2025-06-18");
	assert_string_equal(era_negotiate("2025-03-26"), "2025-03-26");
	assert_string_equal(era_negotiate("2024-11-05"), "2024-11-05");
	assert_string_equal(era_negotiate("2026-07-28"), "2025-11-25");
	assert_string_equal(era_negotiate("1.0"), "2025-11-25");
	assert_string_equal(era_negotiate(""), "2025-11-25");
}

/* All lines of text, read in pieces of step bytes, joined by '|'. */
static char *
cut(const char *text, size_t len, size_t step, size_t max)
{
	CLEANUP_BUF struct buf joined = BUF_INIT;
	struct reader reader;
	const char *line = NULL;
	size_t line_len = 0, given = 0;
	enum reader_state state = READER_EMPTY;
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	reader_init(&reader, fds[0], max);
	while ((state = reader_next(&reader, &line, &line_len)) != READER_END) {
		if (state == READER_LINE) {
			buf_add(&joined, line, line_len);
			buf_char(&joined, '|');
		} else if (state == READER_TOO_LONG) {
			buf_str(&joined, "<long>|");
		} else {
			size_t n = len - given < step ? len - given : step;

			if (n > 0)
				assert_int_equal(
				    write(fds[1], text + given, n), n);
			else
				assert_int_equal(close(fds[1]), 0);
			given += n;
			assert_int_equal(reader_fill(&reader, NULL), 0);
		}
	}
	reader_fini(&reader);
	(void)close(fds[0]);
	return buf_take(&joined);
}

static void
test_lines_are_the_same_however_they_arrive(void **state)
{
	static const char text[] =
	    "one\n\ntwo\r\n123456789\n12345678901\n\nhalf";

	(void)state;
	for (size_t step = 1; step < sizeof text; step++) {
		CLEANUP_FREE char *lines = cut(text, sizeof text - 1, step, 10);

		assert_string_equal(
		    lines, "one||two\r|123456789|<long>||half|");
	}
}

static void
test_a_line_past_the_limit_is_skipped_and_forgotten(void **state)
{
	const size_t len = 4 * 1024 * 1024;
	CLEANUP_FREE char *text = malloc(len + 8);
	CLEANUP_FREE char *lines = NULL;
	CLEANUP_FREE char *tail = NULL;

	(void)state;
	assert_non_null(text);
	memset(text, 'x', len);
	memcpy(text + len, "\nnext\n", 7);
	lines = cut(text, len + 6, 60000, 1024 * 1024);
	assert_string_equal(lines, "<long>|next|");
	tail = cut(text, len, 60000, 1024 * 1024);
	assert_string_equal(tail, "<long>|");
}

static void
test_a_long_line_within_the_limit_is_kept(void **state)
{
	const size_t len = 1024 * 1024;
	CLEANUP_FREE char *text = malloc(len + 2);
	CLEANUP_FREE char *lines = NULL;

	(void)state;
	assert_non_null(text);
	memset(text, 'x', len);
	memcpy(text + len, "\n", 2);
	lines = cut(text, len + 1, 65536, len);
	assert_int_equal(strlen(lines), len + 1);
}

static void
test_uris_are_taken_apart_strictly(void **state)
{
	static const char *const bad[] = { "", "ibkr:", "ibkr://", "IBKR://a",
		"ibkr:///a", "ibkr://a/", "ibkr://a//b", "ibkr://a/b/c/d",
		"ibkr://a?b", "ibkr://a#b", "ibkr://a b", "ibkr://a/%",
		"ibkr://a/%2", "ibkr://a/%2f", "ibkr://a/%2F", "ibkr://a/%00",
		"ibkr://a/%0a", "ibkr://a/%7f", "ibkr://a/%c3%a9",
		"ibkr://a/\xc3\xa9", "http://a", "ibkr://a/%zz" };
	struct uri uri;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
		if (uri_parse(&uri, bad[i]))
			fail_msg("'%s' was accepted", bad[i]);
	}
	assert_true(uri_parse(&uri, "ibkr://orders/DU1/a%20b%2Ec"));
	assert_int_equal(uri.count, 3);
	assert_string_equal(uri.parts[0], "orders");
	assert_string_equal(uri.parts[1], "DU1");
	assert_string_equal(uri.parts[2], "a b.c");
}

static void
test_a_uri_past_the_limit_is_refused(void **state)
{
	char text[1024] = "ibkr://";
	struct uri uri;

	(void)state;
	memset(text + 7, 'a', URI_LEN_MAX - 7);
	assert_true(uri_parse(&uri, text));
	text[URI_LEN_MAX] = 'a';
	assert_false(uri_parse(&uri, text));
}

static void
test_every_client_gets_a_snippet_that_survives_odd_paths(void **state)
{
	static const struct mcp_target odd = {
		.binary = "/opt/it's \"odd\"/ibkr-agent",
	};

	(void)state;
	for (size_t i = 0; i < mcp_client_count; i++) {
		CLEANUP_BUF struct buf out = BUF_INIT;
		CLEANUP_JSON struct json_object *root = NULL;
		const struct mcp_client *client = &mcp_client_table[i];

		assert_int_equal(
		    mcp_client_config(client->name, &odd, &out, NULL), 0);
		assert_non_null(strstr(buf_text(&out), "mcp"));
		assert_non_null(strstr(buf_text(&out), "serve"));
		if (client->form == MCP_CLIENT_SERVERS ||
		    client->form == MCP_CLIENT_VSCODE)
			assert_int_equal(json_parse(out.data, out.len,
					     &json_bounds_default, &root, NULL),
			    0);
		if (client->form == MCP_CLIENT_COMMAND)
			assert_non_null(strstr(out.data,
			    "'/opt/it'\\''s \"odd\"/ibkr-agent' mcp serve"));
		else
			assert_non_null(strstr(
			    out.data, "\"/opt/it's \\\"odd\\\"/ibkr-agent\""));
	}
}

/* The file contrib/clients/ibkr-agent-NAME.*; the caller frees it. */
static char *
read_shipped(const char *client)
{
	CLEANUP_BUF struct buf pattern = BUF_INIT;
	CLEANUP_BUF struct buf text = BUF_INIT;
	char room[4096];
	glob_t found;
	FILE *file = NULL;

	buf_printf(&pattern, "%s/contrib/clients/ibkr-agent-%s.*",
	    getenv("IAG_TEST_SRCDIR"), client);
	assert_int_equal(glob(buf_text(&pattern), 0, NULL, &found), 0);
	assert_int_equal(found.gl_pathc, 1);
	file = fopen(found.gl_pathv[0], "re");
	assert_non_null(file);
	buf_add(&text, room, fread(room, 1, sizeof room, file));
	(void)fclose(file);
	globfree(&found);
	return buf_take(&text);
}

static void
test_the_snippets_that_are_shipped_are_those_that_are_printed(void **state)
{
	static const struct mcp_target installed = {
		.binary = "/usr/local/bin/ibkr-agent",
	};

	(void)state;
	if (!getenv("IAG_TEST_SRCDIR"))
		skip();
	for (size_t i = 0; i < mcp_client_count; i++) {
		const char *name = mcp_client_table[i].name;
		CLEANUP_BUF struct buf out = BUF_INIT;
		CLEANUP_FREE char *shipped = read_shipped(name);

		assert_int_equal(
		    mcp_client_config(name, &installed, &out, NULL), 0);
		assert_string_equal(buf_text(&out), shipped);
	}
}

static void
test_an_unknown_client_is_told_the_known_ones(void **state)
{
	CLEANUP_BUF struct buf out = BUF_INIT;
	CLEANUP_ERR struct err err = ERR_INIT;
	static const struct mcp_target plain = { .binary = "/x" };
	static const struct mcp_target broken = { .binary = "/a\nb" };

	(void)state;
	assert_int_equal(
	    mcp_client_config("emacs", &plain, &out, &err), IAG_INVAL);
	assert_non_null(strstr(err_text(&err), "'emacs'"));
	assert_non_null(strstr(err_text(&err), "claude-code"));
	assert_int_equal(
	    mcp_client_config("cursor", &broken, &out, &err), IAG_INVAL);
	assert_int_equal(out.len, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_kind_of_message_is_told_apart),
		cmocka_unit_test(test_depth_and_size_bombs_are_refused),
		cmocka_unit_test(test_a_request_says_which_era_it_speaks),
		cmocka_unit_test(test_initialize_never_fails_for_a_version),
		cmocka_unit_test(test_lines_are_the_same_however_they_arrive),
		cmocka_unit_test(
		    test_a_line_past_the_limit_is_skipped_and_forgotten),
		cmocka_unit_test(test_a_long_line_within_the_limit_is_kept),
		cmocka_unit_test(test_uris_are_taken_apart_strictly),
		cmocka_unit_test(test_a_uri_past_the_limit_is_refused),
		cmocka_unit_test(
		    test_every_client_gets_a_snippet_that_survives_odd_paths),
		cmocka_unit_test(
		    test_the_snippets_that_are_shipped_are_those_that_are_printed),
		cmocka_unit_test(test_an_unknown_client_is_told_the_known_ones),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
