/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* The fetch of the key set, from a peer that does what a script says. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

#include <cmocka.h>

#include "auth/fetch.h"
#include "auth/jwks.h"
#include "base/cleanup.h"
#include "wire-peer.h"

#define OK_HEAD "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
#define OK OK_HEAD "Content-Length: 11\r\n\r\n{\"keys\":[]}"

static const struct peer_cert good = { .name = "localhost" };

static struct config config;
static struct host *host;
static struct peer *peer;
static struct fetch *fetch;

static int
set_up(void **state)
{
	static char *dirs[1];
	static const struct config_list list = { .items = dirs, .count = 1 };

	(void)state;
	dirs[0] = getenv("IAG_TEST_PLUGINDIR");
	memset(&config, 0, sizeof config);
	host = host_new(&list, &config);
	assert_non_null(host);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	fetch_close(STEAL(fetch));
	if (peer)
		peer_stop(STEAL(peer));
	assert_true(host_free(STEAL(host)));
	return 0;
}

static char why[300];

static void
begin(const struct peer_cert *cert, const struct peer_reply *reply)
{
	static char url[120];
	struct err err CLEANUP_ERR = ERR_INIT;

	peer = peer_start(cert);
	peer_script(peer, reply, 1);
	(void)snprintf(url, sizeof url, "%s", peer_url(peer));
	config.remote_mcp.jwks_url = url;
	if (cert && !config.remote_mcp.ca_file)
		config.remote_mcp.ca_file =
		    (char *)(uintptr_t)peer_ca_file(peer);
	if (fetch_open(&config, host, &fetch, &err))
		(void)snprintf(why, sizeof why, "%s", err_text(&err));
}

static int
get(int cancel_fd, char **ret_body, size_t *ret_len)
{
	struct err err CLEANUP_ERR = ERR_INIT;
	int rc = fetch_get(fetch, cancel_fd, ret_body, ret_len, &err);

	(void)snprintf(why, sizeof why, "%s", err_text(&err));
	return rc;
}

static void
assert_refused(const char *part)
{
	char *body = NULL;
	size_t len = 0;

	assert_true(get(-1, &body, &len) < 0);
	assert_null(body);
	if (!strstr(why, part))
		fail_msg("'%s'", why);
}

static void
test_the_answer_of_the_issuer_is_taken(void **state)
{
	static const struct peer_reply reply = { .text = OK };
	CLEANUP_FREE char *body = NULL;
	size_t len = 0;

	(void)state;
	begin(&good, &reply);
	assert_int_equal(0, get(-1, &body, &len));
	assert_int_equal(11, len);
	assert_string_equal("{\"keys\":[]}", body);
	assert_null(strstr(peer_request(peer, 0), "Authorization"));
	assert_null(strstr(peer_request(peer, 0), "Cookie"));
}

static void
test_redirects_are_not_followed(void **state)
{
	struct peer_reply reply;
	char text[300];

	(void)state;
	begin(&good, &(struct peer_reply){ .text = OK });
	(void)snprintf(text, sizeof text,
	    "HTTP/1.1 302 Found\r\nLocation: %s/other\r\n"
	    "Content-Length: 0\r\n\r\n",
	    peer_url(peer));
	reply = (struct peer_reply){ .text = text };
	peer_script(peer, &reply, 1);
	assert_refused("302");
	assert_int_equal(1, peer_count(peer));
}

static void
test_other_answers_are_none(void **state)
{
	static const struct {
		struct peer_reply reply;
		const char *part;
	} cases[] = {
		{ { .text = "HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n" },
		    "404" },
		{ { .text = "HTTP/1.1 204 No\r\n\r\n" }, "204" },
		{ { .text = OK_HEAD "Content-Length: 65537\r\n\r\n",
		      .filler = 65537 },
		    "64 KiB" },
		{ { .text = OK_HEAD "\r\n", .filler = 70000, .closes = true },
		    "64 KiB" },
		{ { .text = OK_HEAD "Content-Length: 100\r\n\r\n{",
		      .closes = true },
		    "too early" },
		{ { .text = "SSH-2.0-x\r\n", .closes = true }, "" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		config.remote_mcp.ca_file = NULL;
		begin(&good, &cases[i].reply);
		assert_refused(cases[i].part);
		fetch_close(STEAL(fetch));
		peer_stop(STEAL(peer));
	}
}

static void
test_a_server_that_does_not_prove_who_it_is_gets_no_request(void **state)
{
	static const struct {
		struct peer_cert cert;
		const char *ca_file;
		const char *part;
	} cases[] = {
		{ { .name = "elsewhere" }, NULL, "remote_mcp.jwks_url" },
		{ { .name = "localhost", .expired = true }, NULL, "expired" },
		{ { .name = "localhost" }, "/dev/null", "remote_mcp.ca_file" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		config.remote_mcp.ca_file = (char *)(uintptr_t)cases[i].ca_file;
		begin(&cases[i].cert, &(struct peer_reply){ .text = OK });
		assert_refused(cases[i].part);
		assert_int_equal(0, peer_count(peer));
		fetch_close(STEAL(fetch));
		peer_stop(STEAL(peer));
	}
}

static void
test_without_tls_nothing_is_fetched(void **state)
{
	(void)state;
	begin(NULL, &(struct peer_reply){ .text = OK });
	assert_null(fetch);
	assert_non_null(strstr(why, "https://"));
}

static void
test_a_fetch_can_be_cut_short(void **state)
{
	CLEANUP_CLOSE int fd = eventfd(1, EFD_CLOEXEC);
	char *body = NULL;
	size_t len = 0;

	(void)state;
	begin(&good, &(struct peer_reply){ .hangs = true });
	assert_true(get(fd, &body, &len) < 0);
	assert_non_null(strstr(why, "the gateway ends"));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(test_the_answer_of_the_issuer_is_taken),
		TEST(test_redirects_are_not_followed),
		TEST(test_other_answers_are_none),
		TEST(
		    test_a_server_that_does_not_prove_who_it_is_gets_no_request),
		TEST(test_without_tls_nothing_is_fetched),
		TEST(test_a_fetch_can_be_cut_short),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
