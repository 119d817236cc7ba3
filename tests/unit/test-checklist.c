/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* What must stand before live orders: checklist, activation, a sound clock. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "journal-kit.h"
#include "orders/killswitch.h"

#define ACCOUNT "U7654321"
#define S NS_PER_S

struct world {
	struct kit kit;
	struct desk *desk;
	struct audit_event event;
	struct order_call call;
};

static int
setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	struct desk_setup setup;

	assert_non_null(w);
	kit_init(&w->kit);
	kit_open(&w->kit, JOURNAL_WRITE);
	setup = (struct desk_setup){
		.config = w->kit.config,
		.host = w->kit.host,
		.journal = w->kit.journal,
	};
	assert_int_equal(desk_new(&setup, &w->desk, NULL), 0);
	w->event = (struct audit_event){
		.principal = "local:anna",
		.principal_kind = "operator",
	};
	w->call = (struct order_call){
		.desk = w->desk,
		.principal = "local:anna",
		.is_operator = true,
		.event = &w->event,
		.success = "live_checklist_changed",
	};
	*state = w;
	return 0;
}

static int
teardown(void **state)
{
	struct world *w = *state;

	desk_free(w->desk);
	kit_fini(&w->kit);
	free(w);
	return 0;
}

struct look {
	struct world *w;
	char hash[HASH_HEX_SIZE];
	struct buf out;
	bool good;
	struct clock_note now;
	bool put;
};

static int
missing_step(struct journal_txn *txn, void *arg, struct err *err)
{
	struct look *look = arg;

	return checklist_missing(txn, look->hash, &look->out, err);
}

static int
active_step(struct journal_txn *txn, void *arg, struct err *err)
{
	struct look *look = arg;

	buf_reset(&look->out);
	return activation_check(
	    look->w->desk, txn, &look->good, &look->out, err);
}

static void
missing(struct world *w, const char *expected)
{
	struct look look = { .w = w };

	journal_account_hash(w->kit.journal, ACCOUNT, look.hash);
	assert_int_equal(
	    journal_view(w->kit.journal, missing_step, &look, NULL), 0);
	assert_string_equal(buf_text(&look.out), expected);
	buf_fini(&look.out);
}

static void
active(struct world *w, bool expected, const char *why)
{
	struct look look = { .w = w };

	assert_int_equal(
	    journal_view(w->kit.journal, active_step, &look, NULL), 0);
	assert_int_equal(look.good, expected);
	if (why)
		assert_string_equal(buf_text(&look.out), why);
	buf_fini(&look.out);
}

static void
a_checklist_is_complete_with_all_five(void **state)
{
	struct world *w = *state;
	CLEANUP_BUF struct buf out = BUF_INIT;

	missing(w, "paper_trading_validated, approvals_reviewed, "
		   "limits_reviewed, kill_switch_tested, "
		   "incident_runbook_reviewed");
	assert_int_equal(checklist_set(&w->call, ACCOUNT, checklist_items, 4,
			     true, &out, NULL),
	    0);
	assert_true(w->call.recorded);
	missing(w, "incident_runbook_reviewed");
	assert_non_null(strstr(buf_text(&out), "\"complete\":false"));
	assert_int_equal(checklist_set(&w->call, ACCOUNT, checklist_items + 4,
			     1, true, &out, NULL),
	    0);
	missing(w, "");
	assert_non_null(strstr(buf_text(&out), "\"complete\":true"));
	assert_non_null(strstr(buf_text(&out), "\"by\":\"local:anna\""));
	assert_int_equal(
	    checklist_set(&w->call, ACCOUNT, NULL, 0, false, &out, NULL), 0);
	assert_int_equal(checklist_show(&w->call, ACCOUNT, &out, NULL), 0);
	assert_non_null(strstr(buf_text(&out), "\"complete\":false"));
	assert_true(kit_verify(&w->kit, AUDIT_VERIFY_STATE).valid);
}

static void
an_item_that_is_none_changes_nothing(void **state)
{
	struct world *w = *state;
	CLEANUP_BUF struct buf out = BUF_INIT;
	const char *const items[] = { checklist_items[0], "all_fine" };

	assert_int_equal(
	    checklist_set(&w->call, ACCOUNT, items, 2, true, &out, NULL),
	    IAG_INVAL);
	assert_int_equal(
	    checklist_set(&w->call, ACCOUNT, NULL, 0, true, &out, NULL),
	    IAG_INVAL);
	assert_false(w->call.recorded);
	missing(w, "paper_trading_validated, approvals_reviewed, "
		   "limits_reviewed, kill_switch_tested, "
		   "incident_runbook_reviewed");
}

static void
only_the_activated_configuration_is_in_force(void **state)
{
	struct world *w = *state;
	const char *const accounts[] = { ACCOUNT };
	CLEANUP_BUF struct buf out = BUF_INIT;

	active(w, false, "no live configuration was activated");
	assert_int_equal(activation_set(&w->call, &out, NULL), 0);
	active(w, true, NULL);
	assert_int_equal(
	    config_list_set(
		&w->kit.config->live_trading.allowed_accounts, accounts, 1),
	    0);
	active(w, false, "live_trading.allowed_accounts");
	w->kit.config->live_trading.enabled = true;
	w->kit.config->safety.live_trading_enabled = true;
	assert_int_equal(activation_ensure(&w->call, NULL), 0);
	active(w, false, "live_trading.allowed_accounts");
	assert_int_equal(activation_set(&w->call, &out, NULL), 0);
	assert_non_null(
	    strstr(buf_text(&out), "live_trading.allowed_accounts"));
	active(w, true, NULL);
}

static void
the_first_live_process_activates(void **state)
{
	struct world *w = *state;

	assert_int_equal(activation_ensure(&w->call, NULL), 0);
	active(w, false, NULL);
	w->kit.config->live_trading.enabled = true;
	w->kit.config->safety.live_trading_enabled = true;
	assert_int_equal(activation_ensure(&w->call, NULL), 0);
	active(w, true, NULL);
	assert_false(w->call.recorded);
}

/* A desk of a configuration from which no digest can be made. */
static struct desk *
desk_without_digest(struct world *w)
{
	const struct desk_setup setup = {
		.config = w->kit.config,
		.host = w->kit.host,
		.journal = w->kit.journal,
	};
	const char *const symbols[] = { "AAPL\xff" };
	struct risk_policy *policy = calloc(1, sizeof(*policy));
	struct desk *desk;

	assert_non_null(policy);
	policy->id = strdup("small");
	assert_int_equal(
	    config_list_set(&policy->allowed_symbols, symbols, 1), 0);
	w->kit.config->policies = policy;
	w->kit.config->policy_count = 1;
	w->kit.config->live_trading.enabled = true;
	w->kit.config->safety.live_trading_enabled = true;
	assert_int_equal(desk_new(&setup, &desk, NULL), 0);
	return desk;
}

static void
without_a_digest_only_live_is_refused(void **state)
{
	struct world *w = *state;
	struct desk *before = w->desk;

	w->desk = w->call.desk = desk_without_digest(w);
	assert_non_null(desk_activation_fault(w->desk));
	/* no fault of the call: the gate says it, and cancels pass */
	assert_int_equal(activation_ensure(&w->call, NULL), 0);
	active(w, false,
	    "its digest could not be made: no canonical form: a string is "
	    "not UTF-8 at its byte 4");
	desk_free(w->desk);
	w->desk = before;
}

struct clock_case {
	struct clock_note noted, now;
	uint64_t highest_ns;
	bool sound;
};

static void
a_clock_that_jumped_is_not_sound(void **state)
{
	static const struct clock_case cases[] = {
		{ { 0, 0, 0, "" }, { 100 * S, 9 * S, 0, "a" }, 0, true },
		{ { 0, 0, 0, "" }, { 100 * S, 9 * S, 0, "a" }, 102 * S, true },
		{ { 0, 0, 0, "" }, { 100 * S, 9 * S, 0, "a" }, 103 * S, false },
		{ { 90 * S, 9 * S, 103 * S, "b" }, { 100 * S, 9 * S, 0, "a" },
		    103 * S, true },
		{ { 90 * S, 9 * S, 103 * S, "b" }, { 100 * S, 9 * S, 0, "a" },
		    104 * S, false },
		{ { 90 * S, 9 * S, 0, "a" }, { 100 * S, 19 * S, 0, "a" }, 0,
		    true },
		{ { 90 * S, 9 * S, 0, "a" }, { 105 * S, 19 * S, 0, "a" }, 0,
		    true },
		{ { 90 * S, 9 * S, 0, "a" }, { 106 * S, 19 * S, 0, "a" }, 0,
		    false },
		{ { 90 * S, 9 * S, 0, "a" }, { 94 * S, 19 * S, 0, "a" }, 0,
		    false },
		{ { 90 * S, 9 * S, 0, "a" }, { 80 * S, 10 * S, 0, "a" }, 0,
		    false },
		{ { 90 * S, 9 * S, 0, "a" }, { 190 * S, 1 * S, 0, "b" }, 0,
		    true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		const struct clock_case *c = &cases[i];
		CLEANUP_BUF struct buf why = BUF_INIT;

		assert_int_equal(
		    clock_is_sound(&c->noted, &c->now, c->highest_ns, &why),
		    c->sound);
		assert_int_equal(why.len == 0, c->sound);
	}
}

static int
clock_step(struct journal_txn *txn, void *arg, struct err *err)
{
	struct look *look = arg;
	int ret;

	buf_reset(&look->out);
	ret = clock_check(txn, &look->now, &look->good, &look->out, err);
	if (ret || !look->put)
		return ret;
	ret = clock_put(txn, &look->now, err);
	return ret ? ret : txn_audit(txn, &look->w->event, err);
}

static void
an_accepted_clock_is_sound_again(void **state)
{
	struct world *w = *state;
	struct look look = { .w = w, .put = true };
	CLEANUP_BUF struct buf out = BUF_INIT;

	w->event.event_type = "tool_completed";
	clock_note_now(&look.now);
	assert_int_not_equal(strlen(look.now.boot_id), 0);
	look.now.real_ns += 60 * S; /* noted by a clock that was ahead */
	assert_int_equal(
	    journal_update(w->kit.journal, NULL, clock_step, &look, NULL), 0);
	/* a cancel, which passes, is no acceptance */
	clock_note_now(&look.now);
	assert_int_equal(
	    journal_update(w->kit.journal, NULL, clock_step, &look, NULL), 0);
	look.put = false;
	clock_note_now(&look.now);
	assert_int_equal(
	    journal_view(w->kit.journal, clock_step, &look, NULL), 0);
	assert_false(look.good);
	assert_int_equal(clock_accept(&w->call, "a test", &out, NULL), 0);
	clock_note_now(&look.now);
	assert_int_equal(
	    journal_view(w->kit.journal, clock_step, &look, NULL), 0);
	assert_true(look.good);
	buf_fini(&look.out);
}

/* What stands in the store as the time of the last note. */
static int
noted_step(struct journal_txn *txn, void *arg, struct err *err)
{
	struct look *look = arg;
	static const char key[] = "clock/note";
	struct iag_bytes value;
	int ret = txn_get(txn, TABLE_STATE,
	    (struct iag_bytes){ key, strlen(key) }, &value, err);

	buf_reset(&look->out);
	if (ret == 0)
		buf_add(&look->out, value.data, value.len);
	return ret;
}

/* Note the clock, which goes on by so much; is the row another one then? */
static bool
is_noted_anew(struct look *look, uint64_t real_ns, uint64_t boot_ns)
{
	struct world *w = look->w;
	CLEANUP_BUF struct buf before = BUF_INIT;

	assert_int_equal(
	    journal_view(w->kit.journal, noted_step, look, NULL), 0);
	buf_add(&before, look->out.data, look->out.len);
	look->now.real_ns += real_ns;
	look->now.boot_ns += boot_ns;
	assert_int_equal(
	    journal_update(w->kit.journal, NULL, clock_step, look, NULL), 0);
	assert_int_equal(
	    journal_view(w->kit.journal, noted_step, look, NULL), 0);
	return strcmp(buf_text(&before), buf_text(&look->out)) != 0;
}

static void
a_clock_is_noted_anew_once_it_says_something_new(void **state)
{
	struct world *w = *state;
	struct look look = { .w = w, .put = true };

	w->event.event_type = "tool_completed";
	clock_note_now(&look.now);
	assert_int_equal(
	    journal_update(w->kit.journal, NULL, clock_step, &look, NULL), 0);
	assert_false(is_noted_anew(&look, S, S));
	assert_false(is_noted_anew(&look, 30 * S, 30 * S));
	assert_true(is_noted_anew(&look, 30 * S, 30 * S));
	assert_true(is_noted_anew(&look, 2 * S, S)); /* set forward */
	assert_false(is_noted_anew(&look, S, S));
	assert_true(is_noted_anew(&look, S, 2 * S)); /* set back */
	look.now.boot_id[0] ^= 1;
	assert_true(is_noted_anew(&look, S, S));
	buf_fini(&look.out);
}

#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_checklist_is_complete_with_all_five),
		T(an_item_that_is_none_changes_nothing),
		T(only_the_activated_configuration_is_in_force),
		T(the_first_live_process_activates),
		T(without_a_digest_only_live_is_refused),
		cmocka_unit_test(a_clock_that_jumped_is_not_sound),
		T(an_accepted_clock_is_sound_again),
		T(a_clock_is_noted_anew_once_it_says_something_new),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
