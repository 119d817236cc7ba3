/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * What the daemon decides without a socket: which entry a peer falls under,
 * which visits are put on the record, which commands it runs for others, and
 * what turns a relay away.
 */

#include "loaded.h"

#include <errno.h>
#include <grp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/thread.h"
#include "config/scope.h"
#include "daemon/peer.h"
#include "daemon/program.h"
#include "daemon/relay.h"
#include "daemon/socket.h"
#include "daemon/visits.h"

#define HEAD                                                           \
	"broker: {backend: fake}\naudit: {path: /var/lib/iag}\n"       \
	"auth: {enabled_scopes: [ibkr:health:read, ibkr:risk:read]}\n" \
	"daemon:\n  principals:\n"
#define ENTRIES                                                           \
	HEAD "    desk: {groups: [500, 600], scopes: [ibkr:risk:read]}\n" \
	     "    bot: {users: [65531, 7], scopes: [ibkr:health:read]}\n" \
	     "    staff: {kind: operator, groups: [600, 700], "           \
	     "scopes: [ibkr:health:read, ibkr:risk:read]}\n"

static const char *
entry_of(const struct peers *peers, uint32_t uid, uint32_t *groups,
    size_t group_count)
{
	const struct peer peer = {
		.uid = uid, .groups = groups, .group_count = group_count
	};
	const struct peer_rule *rule = peers_find(peers, &peer);

	return rule ? rule->name : "nobody";
}

static void
test_a_user_goes_before_groups_and_groups_go_in_order(void **state)
{
	uint32_t none[] = { 1 }, both[] = { 700, 600 }, last[] = { 1, 700 };
	struct peers *peers = NULL;
	struct loaded l;

	(void)state;
	loaded_init(&l, ENTRIES, strlen(ENTRIES));
	assert_int_equal(l.count, 0);
	assert_int_equal(peers_new(l.config, &peers, NULL), 0);
	assert_string_equal(entry_of(peers, 7, both, 2), "bot");
	assert_string_equal(entry_of(peers, 65531, none, 1), "bot");
	assert_string_equal(entry_of(peers, 8, both, 2), "desk");
	assert_string_equal(entry_of(peers, 8, last, 2), "staff");
	assert_string_equal(entry_of(peers, 8, none, 1), "nobody");
	assert_string_equal(entry_of(peers, 0, none, 1), "nobody");
	assert_string_equal(entry_of(peers, 8, NULL, 0), "nobody");
	peers_free(peers);
	loaded_fini(&l);
}

static void
test_an_entry_gives_name_kind_scopes_and_separation(void **state)
{
	const uint32_t stranger = 65531;
	struct peer peer = { .uid = stranger };
	CLEANUP_BUF struct buf name = BUF_INIT;
	struct principal principal;
	struct loaded l;

	(void)state;
	loaded_init(&l, ENTRIES, strlen(ENTRIES));
	principal = peer_principal(&peer, &l.config->peers[1], 12345, &name);
	assert_string_equal(principal.name, "agent:bot");
	assert_int_equal(principal.kind, PRINCIPAL_AGENT);
	assert_int_equal(principal.scopes, scope_bit("ibkr:health:read"));
	assert_true(principal.is_apart);
	/* who owns the store, or could, is not */
	buf_reset(&name);
	principal = peer_principal(&peer, &l.config->peers[2], stranger, &name);
	assert_string_equal(principal.name, "local:uid-65531");
	assert_int_equal(principal.kind, PRINCIPAL_OPERATOR);
	assert_false(principal.is_apart);
	peer.uid = 0;
	principal = peer_principal(&peer, &l.config->peers[2], 12345, &name);
	assert_false(principal.is_apart);
	peer.uid = geteuid();
	principal = peer_principal(&peer, &l.config->peers[2], 12345, &name);
	assert_false(principal.is_apart);
	loaded_fini(&l);
}

static void
test_names_that_this_machine_lacks_are_told(void **state)
{
	static const char text[] = HEAD "    x: {groups: [no-such-group], "
					"scopes: [ibkr:risk:read]}\n";
	CLEANUP_ERR struct err err = ERR_INIT;
	struct peers *peers = NULL;
	struct loaded l;

	(void)state;
	loaded_init(&l, text, strlen(text));
	assert_int_equal(peers_new(l.config, &peers, &err), IAG_INVAL);
	assert_string_equal(err_text(&err),
	    "daemon.principals.x: this machine has no group 'no-such-group'");
	loaded_fini(&l);
}

/* In place of the system's: 'crowd' has more members than fit into little. */
int
getgrnam_r(const char *name, struct group *entry, char *space, size_t len,
    struct group **found)
{
	(void)space;
	*found = NULL;
	if (strcmp(name, "crowd") != 0)
		return 0;
	if (len < 1000000)
		return ERANGE;
	*entry = (struct group){ .gr_gid = 4321 };
	*found = entry;
	return 0;
}

static void
test_a_group_may_have_many_members(void **state)
{
	static const char text[] = HEAD "    x: {groups: [crowd], "
					"scopes: [ibkr:risk:read]}\n";
	uint32_t groups[] = { 4321 };
	struct peers *peers = NULL;
	struct loaded l;

	(void)state;
	loaded_init(&l, text, strlen(text));
	assert_int_equal(peers_new(l.config, &peers, NULL), 0);
	assert_string_equal(entry_of(peers, 1, groups, 1), "x");
	peers_free(peers);
	loaded_fini(&l);
}

static void
test_refusals_are_recorded_once_a_minute_with_their_number(void **state)
{
	struct visits visits = { .users = { { .uid = 0 } } };
	uint64_t now = 100 * NS_PER_S;

	(void)state;
	assert_int_equal(visits_note(&visits, 7, false, now), 1);
	assert_int_equal(visits_note(&visits, 7, false, now), 0);
	assert_int_equal(visits_note(&visits, 8, true, now), 1);
	for (int i = 0; i < 500; i++)
		assert_int_equal(visits_note(&visits, 8, true, now), 0);
	/* another one is not hidden by it */
	assert_int_equal(visits_note(&visits, 9, true, now), 1);
	assert_int_equal(
	    visits_note(&visits, 8, true, now + 61 * NS_PER_S), 501);
	/* more users than there are places, and than records of a minute */
	now += 200 * NS_PER_S;
	for (uint32_t uid = 1000; uid < 1200; uid++)
		assert_int_equal(visits_note(&visits, uid, true, now),
		    uid < 1000 + VISITS_RECORDS);
	now += 60 * NS_PER_S;
	assert_int_equal(visits_note(&visits, 1300, true, now), 1);
}

static void
test_only_commands_that_look_are_run_for_others(void **state)
{
	static const char *const good[] = { "doctor", "config show",
		"audit verify", "plugins list", "store status" };
	static const char *const bad[] = { "", "audit", "audit purge",
		"audit export", "store adopt", "doctor clock", "serve",
		"plugins check", "config", "kill-switch credential" };

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(good); i++)
		assert_true(program_may_run(good[i]));
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
		assert_false(program_may_run(bad[i]));
}

static void
test_only_the_line_of_a_refusal_turns_a_relay_away(void **state)
{
#define REFUSED "{\"jsonrpc\":\"2.0\",\"error\":{\"code\":-32001,\"message\":"
	static const char *const others[] = { "", "\n", REFUSED "\"who\"",
		REFUSED "\"who\"}\n",
		"{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":-32001,"
		"\"message\":\"no\"}}\n",
		"{\"jsonrpc\":\"2.0\",\"error\":{\"code\":-32700,"
		"\"message\":\"no\"}}\n" };
	static const char line[] =
	    REFUSED "\"not you\",\"data\":{\"code\":\"AUTH_PEER_UNKNOWN\","
		    "\"user_action\":\"ask\"}}}\n";
	CLEANUP_ERR struct err err = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(others); i++)
		assert_false(
		    relay_is_refused(others[i], strlen(others[i]), &err));
	assert_true(relay_is_refused(line, strlen(line), &err));
	assert_int_equal(err.code, ERR_AUTH_PEER_UNKNOWN);
	assert_string_equal(err_text(&err), "the daemon: not you");
	assert_string_equal(err_user_action(&err), "ask");
}

/* Half of what a daemon may take passes with each look at the clock. */
static uint64_t
pass(void *arg)
{
	atomic_uint *looks = arg;

	return atomic_fetch_add(looks, 1) * SOCKET_TAKEN_S / 2 * NS_PER_S;
}

/* A socket that systemd, as it were, holds for a daemon that never starts. */
static int
hold_socket(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	(void)snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
	assert_int_equal(
	    bind(fd, (struct sockaddr *)&address, sizeof address), 0);
	assert_int_equal(listen(fd, 1), 0);
	return fd;
}

static size_t
line_count(const struct buf *text)
{
	size_t count = 0;

	for (size_t i = 0; i < text->len; i++)
		count += text->data[i] == '\n';
	return count;
}

/* A client that says its lines, as fast as they are taken. */
struct client {
	int fd;
	const char *lines;
	size_t len;
	bool is_all; /* then it goes */
};

static void *
client_main(void *arg)
{
	const struct client *client = arg;

	/* whoever gives up does not read all of it */
	(void)fd_write(client->fd, client->lines, client->len);
	if (client->is_all)
		(void)close(client->fd);
	return NULL;
}

/* What the relay answers to lines; it ends without their end. */
static void
relay_in_vain(const char *lines, size_t len, bool is_all, struct buf *out,
    struct err *err)
{
	struct client client = { .lines = lines, .len = len, .is_all = is_all };
	pthread_t thread;
	static atomic_uint looks;
	const struct clock_source source = {
		.real_ns = pass, .boot_ns = pass, .arg = &looks
	};
	char path[] = "/tmp/iag-relay.XXXXXX", name[64];
	int in[2], back[2], fd;
	ssize_t got;

	assert_non_null(mkdtemp(path));
	(void)snprintf(name, sizeof name, "%s/socket", path);
	fd = hold_socket(name);
	assert_int_equal(pipe(in), 0);
	assert_int_equal(pipe(back), 0);
	client.fd = in[1];
	(void)signal(SIGPIPE, SIG_IGN);
	assert_int_equal(thread_start(&thread, 0, client_main, &client), 0);
	clock_set_source(&source);
	assert_int_not_equal(relay_run(name, in[0], back[1], err), 0);
	clock_set_source(NULL);
	(void)close(in[0]);
	(void)pthread_join(thread, NULL);
	(void)close(back[1]);
	assert_non_null(buf_reserve(out, 65536));
	while ((got = read(back[0], out->data + out->len, 4096)) > 0)
		out->len += (size_t)got;
	out->data[out->len] = '\0';
	(void)close(back[0]);
	if (!is_all)
		(void)close(in[1]);
	(void)close(fd);
	(void)unlink(name);
	(void)rmdir(path);
}

static void
test_a_daemon_that_takes_nothing_is_given_up(void **state)
{
#define CALL(id, name)                                                  \
	"{\"jsonrpc\":\"2.0\",\"id\":" id ",\"method\":\"tools/call\"," \
	"\"params\":{\"name\":\"" name "\"}}\n"
	static const char lines[] =
	    "{\"jsonrpc\":\"2.0\",\"id\":\"a\",\"method\":\"initialize\"}\n"
	    "\r\n{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}\n" CALL(
		"2", "ibkr_health") CALL("3",
		"ibkr_live_order_submit") "{\"jsonrpc\":\"2.0\",\"id\":4,";
	CLEANUP_BUF struct buf out = BUF_INIT;
	CLEANUP_ERR struct err err = ERR_INIT;

	(void)state;
	relay_in_vain(lines, sizeof lines - 1, false, &out, &err);
	assert_int_equal(err.code, ERR_DAEMON_UNAVAILABLE);
	assert_non_null(strstr(err_text(&err), "for 20 seconds"));
	assert_memory_equal(buf_text(&out),
	    "{\"jsonrpc\":\"2.0\",\"id\":\"a\",\"error\":{\"code\":-32001,",
	    49);
	assert_int_equal(line_count(&out), 3);
	assert_non_null(strstr(buf_text(&out), "\"id\":2,\"error\""));
	assert_non_null(strstr(buf_text(&out), "\"id\":3,\"error\""));
	assert_non_null(strstr(strstr(buf_text(&out), "\"id\":3"),
	    "\"code\":\"ORDER_OUTCOME_UNKNOWN\""));
	assert_null(strstr(
	    strstr(buf_text(&out), "\"id\":3"), "\"outcome\":\"refused\""));
	/* an agent has no commands */
	assert_non_null(strstr(
	    buf_text(&out), "see the operator's `ibkr-agent orders pending`"));
}

/* More than the relay has read, and the pipe can hold beside it. */
static void
test_a_long_request_is_answered_too_when_given_up(void **state)
{
	CLEANUP_BUF struct buf lines = BUF_INIT;
	CLEANUP_BUF struct buf out = BUF_INIT;
	CLEANUP_ERR struct err err = ERR_INIT;

	(void)state;
	buf_str(&lines, "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"x\","
			"\"params\":{\"text\":\"");
	for (unsigned i = 0; i < 50000; i++)
		buf_str(&lines, "longlong");
	buf_str(&lines, "\"}}\n");
	relay_in_vain(lines.data, lines.len, false, &out, &err);
	assert_int_equal(line_count(&out), 1);
	assert_non_null(strstr(buf_text(&out), "\"id\":7,\"error\""));
}

/* Neither a NUL nor a missing newline hides a request. */
static void
test_each_line_is_answered_when_given_up(void **state)
{
	static const char lines[] = "\0\n" CALL("8",
	    "ibkr_health") "{\"jsonrpc\":\"2.0\",\"id\":9,\"method\":\"ping\"}";
	CLEANUP_BUF struct buf out = BUF_INIT;
	CLEANUP_ERR struct err err = ERR_INIT;

	(void)state;
	relay_in_vain(lines, sizeof lines - 1, true, &out, &err);
	assert_int_equal(line_count(&out), 2);
	assert_non_null(strstr(buf_text(&out), "\"id\":8,\"error\""));
	assert_non_null(strstr(buf_text(&out), "\"id\":9,\"error\""));
}

static void
test_a_client_that_only_goes_does_not_wait_for_a_daemon(void **state)
{
	CLEANUP_BUF struct buf out = BUF_INIT;
	CLEANUP_ERR struct err err = ERR_INIT;

	(void)state;
	relay_in_vain("", 0, true, &out, &err);
	assert_int_equal(err.code, ERR_DAEMON_UNAVAILABLE);
	assert_int_equal(out.len, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    test_a_user_goes_before_groups_and_groups_go_in_order),
		cmocka_unit_test(
		    test_an_entry_gives_name_kind_scopes_and_separation),
		cmocka_unit_test(test_names_that_this_machine_lacks_are_told),
		cmocka_unit_test(test_a_group_may_have_many_members),
		cmocka_unit_test(
		    test_refusals_are_recorded_once_a_minute_with_their_number),
		cmocka_unit_test(
		    test_only_commands_that_look_are_run_for_others),
		cmocka_unit_test(
		    test_only_the_line_of_a_refusal_turns_a_relay_away),
		cmocka_unit_test(test_a_daemon_that_takes_nothing_is_given_up),
		cmocka_unit_test(
		    test_a_long_request_is_answered_too_when_given_up),
		cmocka_unit_test(test_each_line_is_answered_when_given_up),
		cmocka_unit_test(
		    test_a_client_that_only_goes_does_not_wait_for_a_daemon),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
