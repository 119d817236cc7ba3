/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* The state machine of the session, and the texts of HTTP. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "link/session.h"
#include "link/target.h"

#define START (1000 * NS_PER_S)
#define UP                                               \
	(IAG_SESSION_LOGIN | IAG_SESSION_AUTHENTICATED | \
	    IAG_SESSION_CONNECTED | IAG_SESSION_ESTABLISHED)
#define ASKED (UP | IAG_SESSION_COMPETING)

static struct session session;
static uint64_t now;

static int
set_up(void **state)
{
	(void)state;
	now = START;
	session_init(&session, 77);
	return 0;
}

static void
tell(uint32_t known, uint32_t facts)
{
	const struct iag_session told = { .known = known, .facts = facts };

	session_told(&session, &told, 0, now, now);
	assert_true(session_is_sound(&session, now));
}

static void
expect_state(enum session_state state)
{
	assert_string_equal(session_state_name(state),
	    session_state_name(session_state_at(&session, 0, now)));
}

static void
expect_plan(uint32_t step, uint64_t seconds)
{
	struct session_plan plan = session_plan_at(&session, false, 0, now);

	assert_int_equal(step, plan.step);
	assert_int_equal(
	    seconds, plan.at_ns > now ? (plan.at_ns - now) / NS_PER_S : 0);
}

/* The step that is planned is made, at its time. */
static void
step(void)
{
	struct session_plan plan = session_plan_at(&session, false, 0, now);

	now = plan.at_ns > now ? plan.at_ns : now;
	session_stepped(&session, now);
	if (plan.step == IAG_SESSION_STEP_OPEN)
		session_opening(&session, now);
}

static bool
is_ready(void)
{
	struct iag_session shown = { .known = 0 };

	session_show(&session, 0, now, &shown);
	return shown.facts & IAG_SESSION_READY;
}

static void
test_a_login_leads_to_a_ready_session(void **state)
{
	(void)state;
	expect_state(SESSION_STATE_UNKNOWN);
	expect_plan(IAG_SESSION_STEP_STATUS, 0);
	step();
	tell(ASKED, 0);
	expect_state(SESSION_STATE_LOGIN_NEEDED);
	expect_plan(IAG_SESSION_STEP_STATUS, 5);
	step();
	tell(ASKED, IAG_SESSION_LOGIN | IAG_SESSION_CONNECTED);
	expect_state(SESSION_STATE_OUTER_ONLY);
	expect_plan(IAG_SESSION_STEP_OPEN, 0);
	step();
	tell(ASKED, UP & ~IAG_SESSION_ESTABLISHED);
	expect_state(SESSION_STATE_INITIALISING);
	expect_plan(IAG_SESSION_STEP_STATUS, 1);
	assert_false(is_ready());
	step();
	tell(ASKED, UP);
	expect_state(SESSION_STATE_READY);
	assert_true(is_ready());
	expect_plan(IAG_SESSION_STEP_PRIME, 0);
	step();
	tell(IAG_SESSION_PRIMED, IAG_SESSION_PRIMED);
	expect_plan(IAG_SESSION_STEP_KEEP, 60);
}

static void
ready(void)
{
	tell(ASKED, UP);
	tell(IAG_SESSION_PRIMED, IAG_SESSION_PRIMED);
	session_stepped(&session, now);
	expect_state(SESSION_STATE_READY);
}

static void
test_one_failed_tickle_is_tolerated_and_repeated_soon(void **state)
{
	(void)state;
	ready();
	step();
	session_failed(&session, SESSION_FAULT_DOWN, 0, now);
	expect_state(SESSION_STATE_READY);
	expect_plan(IAG_SESSION_STEP_KEEP, 10);
	step();
	session_failed(&session, SESSION_FAULT_DOWN, 0, now);
	expect_state(SESSION_STATE_GATEWAY_DOWN);
	assert_false(is_ready());
}

static void
test_a_ready_session_is_not_believed_for_ever(void **state)
{
	(void)state;
	ready();
	now += 149 * NS_PER_S;
	assert_true(is_ready());
	now += 2 * NS_PER_S;
	assert_false(is_ready());
	expect_state(SESSION_STATE_UNKNOWN);
	expect_plan(IAG_SESSION_STEP_STATUS, 0);
}

static void
test_an_old_gateway_does_not_tell_whether_it_is_established(void **state)
{
	(void)state;
	tell(ASKED & ~IAG_SESSION_ESTABLISHED, UP);
	assert_true(is_ready());
}

static void
test_each_thing_that_is_missing_keeps_it_from_ready(void **state)
{
	static const uint32_t parts[] = { IAG_SESSION_LOGIN,
		IAG_SESSION_AUTHENTICATED, IAG_SESSION_CONNECTED,
		IAG_SESSION_ESTABLISHED };

	(void)state;
	for (size_t i = 1; i < ARRAY_COUNT(parts); i++) {
		(void)set_up(NULL);
		tell(ASKED, UP & ~parts[i]);
		assert_false(is_ready());
		expect_state(SESSION_STATE_OUTER_ONLY);
	}
	(void)set_up(NULL);
	ready();
	tell(IAG_SESSION_LOGIN, 0); /* somebody met a 401 */
	expect_state(SESSION_STATE_LOGIN_NEEDED);
	assert_int_equal(0, session.facts);
}

static void
test_competing_is_not_fought_unless_configured(void **state)
{
	struct session_plan plan;
	uint64_t began;

	(void)state;
	ready();
	tell(ASKED, IAG_SESSION_LOGIN | IAG_SESSION_COMPETING);
	expect_state(SESSION_STATE_COMPETING);
	began = now;
	for (int i = 0; i < 50; i++) {
		plan = session_plan_at(&session, false, 0, now);
		assert_int_equal(IAG_SESSION_STEP_OPEN, plan.step);
		step();
		session_opened(&session, false, 0, now);
		tell(ASKED, IAG_SESSION_LOGIN | IAG_SESSION_COMPETING);
		expect_state(SESSION_STATE_COMPETING);
	}
	assert_true(now - began >= 49 * 60 * NS_PER_S);
	plan = session_plan_at(&session, true, 0, now);
	assert_int_equal(IAG_SESSION_STEP_COMPETE, plan.step);
}

static void
test_a_rival_that_is_gone_is_noticed_by_itself(void **state)
{
	(void)state;
	ready();
	tell(ASKED, IAG_SESSION_LOGIN | IAG_SESSION_COMPETING);
	expect_plan(IAG_SESSION_STEP_OPEN, 30);
	step();
	session_opened(&session, false, 0, now);
	tell(ASKED, UP & ~IAG_SESSION_ESTABLISHED);
	expect_state(SESSION_STATE_INITIALISING);
	tell(ASKED, UP);
	expect_state(SESSION_STATE_READY);
}

/* A process that has ended meant to open it, and sent nothing. */
static void
test_an_opening_that_never_left_is_made_by_the_next_process(void **state)
{
	struct session before;

	(void)state;
	tell(ASKED, IAG_SESSION_LOGIN);
	before = session;
	session_stepped(&session, now);
	expect_state(SESSION_STATE_OUTER_ONLY);
	session_unstepped(&session, &before);
	expect_plan(IAG_SESSION_STEP_OPEN, 0);
	/* one that left is not sent again at once */
	session_stepped(&session, now);
	session_opening(&session, now);
	session_unstepped(&session, &before);
	expect_state(SESSION_STATE_INITIALISING);
}

static void
test_an_opening_of_which_nothing_comes_is_not_waited_for_long(void **state)
{
	(void)state;
	tell(ASKED, IAG_SESSION_LOGIN);
	step();
	expect_state(SESSION_STATE_INITIALISING);
	now += 6 * NS_PER_S;
	tell(ASKED, IAG_SESSION_LOGIN);
	expect_state(SESSION_STATE_OUTER_ONLY);
	expect_plan(IAG_SESSION_STEP_OPEN, 24); /* 30 after the last one */
	/* while a gateway that shows that it goes on has its time */
	step();
	now += 29 * NS_PER_S;
	tell(ASKED, IAG_SESSION_LOGIN | IAG_SESSION_CONNECTED);
	expect_state(SESSION_STATE_INITIALISING);
}

static void
test_an_opening_that_fails_behind_the_gateway_is_maintenance(void **state)
{
	(void)state;
	tell(ASKED, IAG_SESSION_LOGIN);
	step();
	session_failed(&session, SESSION_FAULT_SILENT, 0, now);
	session_opened(&session, true, 0, now);
	expect_state(SESSION_STATE_MAINTENANCE);
	/* the gateway goes on to answer for itself */
	tell(ASKED, IAG_SESSION_LOGIN);
	expect_state(SESSION_STATE_MAINTENANCE);
	expect_plan(IAG_SESSION_STEP_OPEN, 15);
	step();
	session_opened(&session, false, 0, now);
	tell(ASKED, UP);
	expect_state(SESSION_STATE_READY);
	/* and the next time it begins anew */
	tell(ASKED, IAG_SESSION_LOGIN);
	expect_state(SESSION_STATE_OUTER_ONLY);
	expect_plan(IAG_SESSION_STEP_OPEN, 0);
}

static void
test_another_login_begins_anew(void **state)
{
	(void)state;
	tell(ASKED, IAG_SESSION_LOGIN);
	step();
	session_opened(&session, true, 0, now);
	tell(IAG_SESSION_LOGIN, 0);
	tell(ASKED, IAG_SESSION_LOGIN);
	expect_state(SESSION_STATE_OUTER_ONLY);
	expect_plan(IAG_SESSION_STEP_OPEN, 0);
}

static void
test_opening_is_repeated_with_longer_pauses(void **state)
{
	uint64_t last = 0, pauses[6];

	(void)state;
	tell(ASKED, IAG_SESSION_LOGIN);
	for (size_t i = 0; i < ARRAY_COUNT(pauses);) {
		struct session_plan plan =
		    session_plan_at(&session, false, 0, now);

		step();
		if (plan.step == IAG_SESSION_STEP_OPEN) {
			pauses[i++] = now - last;
			last = now;
		}
		tell(ASKED, IAG_SESSION_LOGIN);
	}
	assert_true(pauses[1] >= 30 * NS_PER_S);
	assert_true(pauses[5] >= 60 * NS_PER_S);
	assert_true(pauses[5] <= 100 * NS_PER_S);
}

static void
test_a_silent_broker_is_maintenance_and_ends_with_facts(void **state)
{
	(void)state;
	ready();
	session_failed(&session, SESSION_FAULT_SILENT, 0, now);
	expect_state(SESSION_STATE_READY);
	session_failed(&session, SESSION_FAULT_SILENT, 0, now);
	expect_state(SESSION_STATE_MAINTENANCE);
	/* a page from the gateway's cache proves nothing */
	session_failed(&session, SESSION_FAULT_NONE, 0, now);
	expect_state(SESSION_STATE_MAINTENANCE);
	expect_plan(IAG_SESSION_STEP_STATUS, 15);
	step();
	tell(ASKED, UP);
	expect_state(SESSION_STATE_READY);
}

static void
test_another_certificate_and_the_penalty_box_are_states(void **state)
{
	struct session_plan plan;

	(void)state;
	ready();
	session_failed(&session, SESSION_FAULT_TLS, 0, now);
	expect_state(SESSION_STATE_TLS_MISMATCH);
	session_failed(&session, SESSION_FAULT_NONE, 0, now);
	expect_state(SESSION_STATE_READY);
	plan = session_plan_at(&session, false, 900 * NS_PER_S, now);
	assert_int_equal(now + 900 * NS_PER_S, plan.at_ns);
	assert_int_equal(SESSION_STATE_PENALTY_BOX,
	    session_state_at(&session, 900 * NS_PER_S, now));
}

static void
test_a_down_gateway_is_asked_less_and_less_often(void **state)
{
	uint64_t before = 0;

	(void)state;
	for (int i = 0; i < 12; i++) {
		before = now;
		step();
		session_failed(&session, SESSION_FAULT_DOWN, 0, now);
		assert_true(now - before <= 60 * NS_PER_S);
	}
	assert_true(now - before >= 50 * NS_PER_S);
}

static void
test_a_new_brokerage_session_is_another_one_and_not_primed(void **state)
{
	struct iag_session first = { .known = 0 }, second = { .known = 0 };

	(void)state;
	ready();
	session_show(&session, 0, now, &first);
	assert_true(first.facts & IAG_SESSION_PRIMED);
	tell(ASKED, IAG_SESSION_LOGIN | IAG_SESSION_CONNECTED);
	tell(ASKED, UP);
	session_show(&session, 0, now, &second);
	assert_true(second.epoch != first.epoch);
	assert_false(second.facts & IAG_SESSION_PRIMED);
}

static void
test_the_brokers_words_are_one_bounded_line(void **state)
{
	char text[400];
	const struct iag_session told = { .message = text };

	(void)state;
	memset(text, 'x', sizeof text);
	text[5] = '\n';
	text[sizeof text - 1] = '\0';
	session_told(&session, &told, 0, now, now);
	assert_int_equal(SESSION_MESSAGE - 1, strlen(session.message));
	assert_int_equal(' ', session.message[5]);
}

static void
test_every_state_has_words_and_a_repair_where_one_is_needed(void **state)
{
	(void)state;
	for (int i = 0; i <= SESSION_STATE_PENALTY_BOX; i++) {
		assert_non_null(session_state_name((enum session_state)i));
		assert_non_null(session_state_words((enum session_state)i));
		if (i != SESSION_STATE_READY && i != SESSION_STATE_UNKNOWN)
			assert_non_null(
			    session_state_repair((enum session_state)i));
	}
}

/* ---- texts of HTTP */

static void
test_a_target_is_encoded_whatever_its_values(void **state)
{
	static const char *const query[] = { "a", "1&b=2", "f d", "\xc3\xa4/?#",
		"e", "" };
	CLEANUP_BUF struct buf url = BUF_INIT;

	(void)state;
	target_write(&url, "https://localhost:5000/v1/api/", "/x/y%20z", query,
	    ARRAY_COUNT(query));
	assert_string_equal("https://localhost:5000/v1/api/x/y%20z"
			    "?a=1%26b%3D2&f%20d=%C3%A4%2F%3F%23&e=",
	    buf_text(&url));
}

static void
test_dates_and_pauses_are_read(void **state)
{
	uint64_t date = UINT64_C(784111777) * NS_PER_S;

	(void)state;
	assert_int_equal(date, target_date_ns("Sun, 06 Nov 1994 08:49:37 GMT"));
	assert_int_equal(0, target_date_ns("Sun, 06 Nov 1994 08:49:37 CET"));
	assert_int_equal(0, target_date_ns("Sun, 06 Foo 1994 08:49:37 GMT"));
	assert_int_equal(0, target_date_ns("yesterday"));
	assert_int_equal(0, target_date_ns("Sun, 06 Nov 5392 08:49:37 GMT"));
	assert_int_equal(86400 * NS_PER_S,
	    target_retry_ns("Sun, 06 Nov 2094 08:49:37 GMT", date));
	assert_int_equal(0, target_date_ns(NULL));
	assert_int_equal(90 * NS_PER_S, target_retry_ns("90", 0));
	assert_int_equal(
	    86400 * NS_PER_S, target_retry_ns("99999999999999999999", 0));
	assert_int_equal(
	    30 * NS_PER_S, target_retry_ns("Sun, 06 Nov 1994 08:49:37 GMT",
			       date - 30 * NS_PER_S));
	assert_int_equal(
	    0, target_retry_ns("Sun, 06 Nov 1994 08:49:37 GMT", date + 1));
	assert_int_equal(0, target_retry_ns("soon", 0));
}

static void
test_pins_are_read_in_both_forms(void **state)
{
	uint8_t hex[32], base64[32];

	(void)state;
	assert_true(target_pin("13:DA:F8:9A:00:01:02:03:04:05:06:07:08:09:0A:"
			       "0B:0C:0D:0E:0F:10:11:12:13:14:15:16:17:18:19:"
			       "A3:BE",
	    hex));
	assert_true(target_pin(
	    "sha256//E9r4mgABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZo74=", base64));
	assert_memory_equal(hex, base64, 32);
	assert_false(target_pin("13DAF89A", hex));
	assert_false(target_pin("", hex));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(
		    test_a_login_leads_to_a_ready_session, set_up),
		cmocka_unit_test_setup(
		    test_one_failed_tickle_is_tolerated_and_repeated_soon,
		    set_up),
		cmocka_unit_test_setup(
		    test_a_ready_session_is_not_believed_for_ever, set_up),
		cmocka_unit_test_setup(
		    test_an_old_gateway_does_not_tell_whether_it_is_established,
		    set_up),
		cmocka_unit_test_setup(
		    test_each_thing_that_is_missing_keeps_it_from_ready,
		    set_up),
		cmocka_unit_test_setup(
		    test_competing_is_not_fought_unless_configured, set_up),
		cmocka_unit_test_setup(
		    test_a_rival_that_is_gone_is_noticed_by_itself, set_up),
		cmocka_unit_test_setup(
		    test_an_opening_that_never_left_is_made_by_the_next_process,
		    set_up),
		cmocka_unit_test_setup(
		    test_an_opening_of_which_nothing_comes_is_not_waited_for_long,
		    set_up),
		cmocka_unit_test_setup(
		    test_an_opening_that_fails_behind_the_gateway_is_maintenance,
		    set_up),
		cmocka_unit_test_setup(test_another_login_begins_anew, set_up),
		cmocka_unit_test_setup(
		    test_opening_is_repeated_with_longer_pauses, set_up),
		cmocka_unit_test_setup(
		    test_a_silent_broker_is_maintenance_and_ends_with_facts,
		    set_up),
		cmocka_unit_test_setup(
		    test_another_certificate_and_the_penalty_box_are_states,
		    set_up),
		cmocka_unit_test_setup(
		    test_a_down_gateway_is_asked_less_and_less_often, set_up),
		cmocka_unit_test_setup(
		    test_a_new_brokerage_session_is_another_one_and_not_primed,
		    set_up),
		cmocka_unit_test_setup(
		    test_the_brokers_words_are_one_bounded_line, set_up),
		cmocka_unit_test(
		    test_every_state_has_words_and_a_repair_where_one_is_needed),
		cmocka_unit_test(test_a_target_is_encoded_whatever_its_values),
		cmocka_unit_test(test_dates_and_pauses_are_read),
		cmocka_unit_test(test_pins_are_read_in_both_forms),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
