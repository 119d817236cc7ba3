/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The supervisor over the real backend interface, store and HTTP: it leads a
 * login to a ready session, alone among those on a store.
 */

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
#include "base/clock.h"
#include "gateway/doctor.h"
#include "journal-kit.h"
#include "link/exchange.h"
#include "wire-peer.h"

#define HEAD(status) "HTTP/1.1 " status "\r\nContent-Length: 0\r\n\r\n"
#define PATIENCE_NS (60 * NS_PER_S)

static const struct peer_reply fine[] = { { .text = HEAD("200 OK") } };
static const struct peer_reply no_login[] = { { .text = HEAD("401 No") } };

static struct kit kit;
static struct host *host;
static struct instance *backend;
static struct peer *peer;
static char url[100];
static char *dirs[3];
static const struct config_list list = { .items = dirs, .count = 2 };

static struct instance *
open_wired(struct host *at)
{
	CLEANUP_ERR struct err err = ERR_INIT;
	struct instance *instance = NULL;
	struct plugin *plugin = NULL;

	if (host_load(at, IAG_KIND_BACKEND, "wired", &plugin, &err) ||
	    instance_open(at, plugin, "backend", NULL, 0, &instance, &err))
		fail_msg("%s", err_text(&err));
	return instance;
}

/* In the order of the house: the backend may use it as long as it lives. */
static void
close_link(struct link *link)
{
	link_rest(link);
	instance_close(STEAL(backend));
	link_close(link);
	backend = open_wired(host);
}

static int
set_up(void **state)
{
	static char built[4096];
	const char *build = getenv("IAG_TEST_BUILDDIR");

	(void)state;
	(void)snprintf(
	    built, sizeof built, "%s/tests/plug/.libs", build ? build : ".");
	dirs[0] = getenv("IAG_TEST_PLUGINDIR");
	dirs[1] = built;
	kit_init(&kit);
	kit_open(&kit, JOURNAL_WRITE);
	peer = peer_start(NULL);
	(void)snprintf(url, sizeof url, "%s", peer_url(peer));
	kit.config->broker.base_url = url;
	kit.config->broker.pacing = 100;
	kit.config->audit.path = kit.path;
	host = host_new(&list, kit.config);
	assert_non_null(host);
	backend = open_wired(host);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	instance_close(STEAL(backend));
	assert_true(host_free(STEAL(host)));
	kit_close(&kit);
	kit.config->broker.base_url = NULL;
	kit.config->audit.path = NULL;
	kit_fini(&kit);
	if (peer)
		peer_stop(STEAL(peer));
	return 0;
}

static struct link *
open_link_at(struct host *at, struct instance *with)
{
	CLEANUP_ERR struct err err = ERR_INIT;
	struct link *made = NULL;

	if (link_open(kit.config, at, false, &made, &err) ||
	    link_supervise(made, kit.journal, with, false, &err))
		fail_msg("%s", err_text(&err));
	return made;
}

static struct link *
open_link(void)
{
	return open_link_at(host, backend);
}

/* Until the link's session is so, or the test has no patience any more. */
static void
wait_state(struct link *link, enum session_state state)
{
	uint64_t until_ns = clock_boot_ns() + PATIENCE_NS;
	struct link_status status = { .state = SESSION_STATE_UNKNOWN };

	while (clock_boot_ns() < until_ns) {
		uint32_t seen = shared_rings(link->shared);

		assert_true(link_status(link, &status));
		if (status.state == state)
			return;
		shared_wait(link->shared, seen, NS_PER_S);
	}
	fail_msg("the session is '%s', expected '%s'",
	    session_state_name(status.state), session_state_name(state));
}

static void
expect_path(unsigned at, const char *path)
{
	char line[100];

	(void)snprintf(line, sizeof line, "POST /v1/api/%s HTTP/1.1", path);
	if (strncmp(peer_request(peer, at), line, strlen(line)) != 0)
		fail_msg("request %u is not '%s' but '%.60s'", at, line,
		    peer_request(peer, at));
}

static void
test_a_login_is_led_to_a_ready_session(void **state)
{
	struct link *link;
	struct link_status status;

	(void)state;
	peer_script(peer, fine, 1);
	link = open_link();
	wait_state(link, SESSION_STATE_READY);
	peer_wait(peer, 3);
	assert_true(link_status(link, &status));
	assert_true(status.supervised);
	assert_true(status.seen_real_ns > 0);
	expect_path(0, "status");
	expect_path(1, "init");
	expect_path(2, "accounts");
	/* it sleeps until the next tickle now, and is stopped all the same */
	close_link(link);
	assert_int_equal(3, peer_count(peer));
}

/* What was shared beside the store, so that the next link begins anew. */
static void
forget(void)
{
	char path[600];
	struct link *link = open_link();

	(void)snprintf(path, sizeof path, "%s/link-%s", kit.path,
	    strchr(link->name, ':') + 1);
	close_link(link);
	assert_int_equal(0, unlink(path));
}

static void
test_what_is_missing_is_a_state_with_its_repair(void **state)
{
	struct link *link;

	(void)state;
	peer_script(peer, no_login, 1);
	link = open_link();
	wait_state(link, SESSION_STATE_LOGIN_NEEDED);
	close_link(link);
	forget();
	peer_stop(STEAL(peer));
	link = open_link();
	wait_state(link, SESSION_STATE_GATEWAY_DOWN);
	close_link(link);
}

static void
test_one_supervises_and_the_other_takes_over(void **state)
{
	struct link *first, *second;
	struct host *other;
	struct instance *with;
	struct link_status status;
	uint64_t until_ns = clock_boot_ns() + PATIENCE_NS;
	unsigned count;

	(void)state;
	peer_script(peer, fine, 1);
	first = open_link();
	wait_state(first, SESSION_STATE_READY);
	peer_wait(peer, 2); /* of status, init and accounts */
	count = peer_count(peer);
	other = host_new(&list, kit.config);
	assert_non_null(other);
	with = open_wired(other);
	second = open_link_at(other, with);
	/* what the first one knows is known to both, without asking */
	wait_state(second, SESSION_STATE_READY);
	assert_true(link_status(second, &status));
	assert_false(status.supervised);
	assert_true(peer_count(peer) <= count + 1);
	link_rest(first);
	while (!status.supervised && clock_boot_ns() < until_ns) {
		shared_wait(second->shared, shared_rings(second->shared),
		    100 * NS_PER_MS);
		assert_true(link_status(second, &status));
	}
	assert_true(status.supervised);
	link_rest(second);
	instance_close(with);
	link_close(second);
	assert_true(host_free(other));
	close_link(first);
}

/* A process that ends gives an opening a moment, and then goes. */
static void
test_an_opening_that_hangs_is_left_behind(void **state)
{
	static const struct peer_reply hangs[] = {
		{ .text = HEAD("204 None") },
		{ .hangs = true },
	};
	struct link *link;
	struct link_status status;
	uint64_t began_ns;

	(void)state;
	peer_script(peer, hangs, 2);
	link = open_link();
	peer_wait(peer, 2);
	expect_path(1, "init");
	assert_true(link_status(link, &status));
	assert_int_equal(SESSION_STATE_INITIALISING, status.state);
	began_ns = clock_boot_ns();
	close_link(link);
	assert_true(clock_boot_ns() - began_ns < 20 * NS_PER_S);
	/* what left is known to the next one, which does not send it again */
	link = open_link();
	assert_true(link_status(link, &status));
	assert_int_equal(SESSION_STATE_INITIALISING, status.state);
	close_link(link);
}

static bool seen_backend;

static void
look_for_backend(const struct doctor_check *check, void *arg)
{
	const char *part = arg;

	if (strcmp(check->name, "backend") != 0)
		return;
	seen_backend = true;
	assert_int_equal(DOCTOR_FAIL, check->state);
	if (!check->repair || !strstr(check->repair, part))
		fail_msg("'%s': '%s' lacks '%s'", check->text,
		    check->repair ? check->repair : "", part);
}

static void
test_the_doctor_names_the_state_and_its_repair(void **state)
{
	struct config config = *kit.config;

	(void)state;
	kit_close(&kit);
	config.broker.backend = (char *)(uintptr_t) "wired";
	config.plugins.path = list;
	peer_script(peer, no_login, 1);
	seen_backend = false;
	(void)doctor_run(&config, NULL, false, look_for_backend,
	    (void *)(uintptr_t) "log in");
	assert_true(seen_backend);
	peer_stop(STEAL(peer));
	(void)doctor_run(&config, NULL, false, look_for_backend,
	    (void *)(uintptr_t) "start the broker's gateway");
}

int
main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		CASE(test_a_login_is_led_to_a_ready_session),
		CASE(test_what_is_missing_is_a_state_with_its_repair),
		CASE(test_one_supervises_and_the_other_takes_over),
		CASE(test_an_opening_that_hangs_is_left_behind),
		CASE(test_the_doctor_names_the_state_and_its_repair),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
