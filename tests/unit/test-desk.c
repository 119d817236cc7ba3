/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* The order desk: owners, which writer serves, the switch file, state rows. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "journal-kit.h"
#include "orders/desk.h"
#include "orders/deskstate.h"

#define ACCOUNT "DU1234567"
#define OTHER "DU7654321"
#define WRITER "writer-local-candidate"

static struct desk *
desk_of(struct kit *kit, bool is_command, const char *live_broker)
{
	const struct desk_setup setup = {
		.config = kit->config,
		.host = kit->host,
		.journal = kit->journal,
		.live_broker = live_broker,
		.is_command = is_command,
	};
	struct desk *desk;

	assert_int_equal(desk_new(&setup, &desk, NULL), 0);
	return desk;
}

static int
setup(void **state)
{
	struct kit *kit = calloc(1, sizeof(*kit));

	assert_non_null(kit);
	kit_init(kit);
	kit_open(kit, JOURNAL_WRITE);
	free(kit->config->audit.path);
	kit->config->audit.path = strdup(kit->path);
	*state = kit;
	return 0;
}

static int
teardown(void **state)
{
	kit_fini(*state);
	free(*state);
	return 0;
}

static void
an_owner_lives_as_long_as_its_desk(void **state)
{
	struct desk *desk = desk_of(*state, true, NULL);
	struct desk *other = desk_of(*state, true, NULL);
	const char *owner, *again;
	char copy[ID_TEXT_SIZE];
	bool gone = true;

	assert_int_equal(desk_owner(desk, &owner, NULL), 0);
	assert_int_equal(desk_owner(desk, &again, NULL), 0);
	assert_string_equal(owner, again);
	(void)snprintf(copy, sizeof(copy), "%s", owner);
	assert_int_equal(desk_owner_is_gone(desk, copy, &gone, NULL), 0);
	assert_false(gone);
	assert_int_equal(desk_owner_is_gone(other, copy, &gone, NULL), 0);
	assert_false(gone);
	desk_free(desk);
	assert_int_equal(desk_owner_is_gone(other, copy, &gone, NULL), 0);
	assert_true(gone);
	desk_free(other);
}

static void
the_writer_comes_from_flag_configuration_and_door(void **state)
{
	struct kit *kit = *state;
	struct desk *command = desk_of(kit, true, NULL);
	struct desk *server = desk_of(kit, false, NULL);
	struct desk *flagged = desk_of(kit, false, "client_portal");
	const char *fault;

	free(STEAL(kit->config->paper_trading.writer));
	free(STEAL(kit->config->live_trading.writer));
	assert_string_equal(desk_writer_name(command, IAG_MODE_PAPER, &fault),
	    "local-candidate");
	assert_null(fault);
	assert_string_equal(
	    desk_writer_name(server, IAG_MODE_PAPER, &fault), "refusing");
	assert_string_equal(
	    desk_writer_name(flagged, IAG_MODE_LIVE, &fault), "client_portal");
	assert_non_null(fault);
	assert_string_equal(
	    desk_writer_name(flagged, IAG_MODE_PAPER, NULL), "refusing");
	desk_free(command);
	desk_free(server);
	desk_free(flagged);
}

static void
a_live_writer_must_be_in_the_list(void **state)
{
	struct kit *kit = *state;
	struct desk *desk = desk_of(kit, false, "local_candidate");
	char name[] = "local-candidate";
	char *items[] = { name, NULL };
	struct config_list had = kit->config->live_trading.allowed_writers;
	const char *fault;

	kit->config->live_trading.allowed_writers =
	    (struct config_list){ items, 0 };
	(void)desk_writer_name(desk, IAG_MODE_LIVE, &fault);
	assert_non_null(fault);
	kit->config->live_trading.allowed_writers.count = 1;
	(void)desk_writer_name(desk, IAG_MODE_LIVE, &fault);
	assert_null(fault);
	kit->config->live_trading.allowed_writers = had;
	desk_free(desk);
}

static void
an_unknown_writer_is_an_error_and_not_remembered(void **state)
{
	struct desk *desk = desk_of(*state, true, NULL);
	struct instance *writer = NULL;
	CLEANUP_ERR struct err err = ERR_INIT;

	assert_int_not_equal(
	    desk_writer(desk, IAG_MODE_PAPER, "no-such-writer", &writer, &err),
	    0);
	assert_non_null(strstr(err_text(&err), "no-such-writer"));
	assert_null(writer);
	assert_int_equal(
	    desk_writer(desk, IAG_MODE_PAPER, "refusing", &writer, NULL), 0);
	assert_non_null(writer);
	desk_free(desk);
}

static void
the_file_closed_is_seen_and_gone_again(void **state)
{
	struct kit *kit = *state;
	char path[600];
	FILE *file;

	assert_false(desk_is_closed_by_file(kit->config));
	(void)snprintf(path, sizeof(path), "%s/CLOSED", kit->path);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fclose(file), 0);
	assert_true(desk_is_closed_by_file(kit->config));
	assert_int_equal(remove(path), 0);
	assert_false(desk_is_closed_by_file(kit->config));
}

static struct iag_bytes
bytes(const char *text)
{
	return (struct iag_bytes){ text, strlen(text) };
}

static void
state_is_kept_for_each_plugin_and_account(void **state)
{
	struct desk *desk = desk_of(*state, true, NULL);
	CLEANUP_BUF struct buf value = BUF_INIT, at = BUF_INIT;

	assert_int_equal(
	    desk_state_get(desk, WRITER, ACCOUNT, bytes("a"), &value, NULL),
	    IAG_NOTFOUND);
	assert_int_equal(
	    desk_state_put(desk, WRITER, ACCOUNT, bytes("a"), bytes("1"), NULL),
	    0);
	assert_int_equal(
	    desk_state_put(desk, WRITER, ACCOUNT, bytes("b"), bytes("2"), NULL),
	    0);
	assert_int_equal(desk_state_put(desk, "writer-z", ACCOUNT, bytes("c"),
			     bytes("3"), NULL),
	    0);
	assert_int_equal(
	    desk_state_get(desk, WRITER, ACCOUNT, bytes("a"), &value, NULL), 0);
	assert_string_equal(buf_text(&value), "1");
	assert_int_equal(
	    desk_state_get(desk, WRITER, OTHER, bytes("a"), &value, NULL),
	    IAG_NOTFOUND);
	assert_int_equal(desk_state_next(desk, WRITER, ACCOUNT, bytes(""), &at,
			     &value, NULL),
	    0);
	assert_string_equal(buf_text(&at), "a");
	assert_int_equal(desk_state_next(desk, WRITER, ACCOUNT, bytes("a"), &at,
			     &value, NULL),
	    0);
	assert_string_equal(buf_text(&at), "b");
	assert_string_equal(buf_text(&value), "2");
	assert_int_equal(desk_state_next(desk, WRITER, ACCOUNT, bytes("b"), &at,
			     &value, NULL),
	    IAG_NOTFOUND);
	assert_int_equal(desk_state_put(desk, WRITER, ACCOUNT, bytes("a"),
			     (struct iag_bytes){ NULL, 0 }, NULL),
	    0);
	assert_int_equal(
	    desk_state_get(desk, WRITER, ACCOUNT, bytes("a"), &value, NULL),
	    IAG_NOTFOUND);
	desk_free(desk);
}

struct change_step {
	struct desk *desk;
	const struct writer_change *changes;
	size_t count;
};

static int
change_run(struct journal_txn *txn, void *arg, struct err *err)
{
	struct change_step *s = arg;
	const struct audit_event event = {
		.event_type = "plugin_state_changed",
		.principal = WRITER,
		.principal_kind = "system",
		.decision = "allow",
		.result_status = "completed",
		.outcome = "done",
	};
	int ret = desk_state_apply(
	    s->desk, txn, WRITER, ACCOUNT, s->changes, s->count, err);

	return ret ? ret : txn_audit(txn, &event, err);
}

static void
buffered_changes_are_applied_in_one_step(void **state)
{
	struct kit *kit = *state;
	struct desk *desk = desk_of(kit, true, NULL);
	const struct writer_change changes[] = {
		{ bytes("x"), bytes("1") },
		{ bytes("y"), bytes("2") },
		{ bytes("x"), { NULL, 0 } },
		{ bytes("never-there"), { NULL, 0 } },
	};
	struct change_step step = { desk, changes, 4 };
	CLEANUP_BUF struct buf value = BUF_INIT;

	assert_int_equal(
	    journal_update(kit->journal, NULL, change_run, &step, NULL), 0);
	assert_int_equal(
	    desk_state_get(desk, WRITER, ACCOUNT, bytes("x"), &value, NULL),
	    IAG_NOTFOUND);
	assert_int_equal(
	    desk_state_get(desk, WRITER, ACCOUNT, bytes("y"), &value, NULL), 0);
	assert_string_equal(buf_text(&value), "2");
	desk_free(desk);
}

static void
a_key_that_is_too_long_is_refused(void **state)
{
	struct desk *desk = desk_of(*state, true, NULL);
	char key[300];

	memset(key, 'k', sizeof(key));
	assert_int_equal(
	    desk_state_put(desk, WRITER, ACCOUNT,
		(struct iag_bytes){ key, sizeof(key) }, bytes("1"), NULL),
	    IAG_INVAL);
	desk_free(desk);
}

#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(an_owner_lives_as_long_as_its_desk),
		T(the_writer_comes_from_flag_configuration_and_door),
		T(a_live_writer_must_be_in_the_list),
		T(an_unknown_writer_is_an_error_and_not_remembered),
		T(the_file_closed_is_seen_and_gone_again),
		T(state_is_kept_for_each_plugin_and_account),
		T(buffered_changes_are_applied_in_one_step),
		T(a_key_that_is_too_long_is_refused),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
