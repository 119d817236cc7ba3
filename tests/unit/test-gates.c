/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Gates: subsets of what can be wrong, against a list of its own that says
 * what each one must give.
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
#include "ibkr-agent/writer.h"
#include "orders/gates.h"
#include "orders/limits.h"

enum { S = 1, C = 2, M = 4, G = 8 };

/* What is wrong, what it must be called, and where. */
struct fault {
	const char *rule;
	const char *live_code, *paper_code;
	enum err_code live, paper;
	unsigned live_in, paper_in;
	void (*make)(struct gate_facts *facts);
};

#define MAKE(name, change)                     \
	static void name(struct gate_facts *f) \
	{                                      \
		change;                        \
	}
MAKE(close_switch, f->switch_state = SWITCH_CLOSED)
MAKE(no_feature, f->feature_on = false)
MAKE(no_writer, f->writer_allowed = false)
MAKE(not_activated, f->live_activated = false)
MAKE(same_uid, f->separate_uid = false)
MAKE(bad_clock, f->clock_sound = false)
MAKE(not_reconciled, f->reconciled = false)
MAKE(not_listed, f->account_allowed = false)
MAKE(other_mode,
    f->account_mode = f->mode == IAG_MODE_LIVE ? IAG_MODE_PAPER : IAG_MODE_LIVE)
MAKE(no_checklist, f->missing_items = "kill_switch_tested")
MAKE(no_key, f->key_valid = false)
MAKE(no_target, f->target_known = false)
MAKE(no_preview, f->preview_found = false)
MAKE(old_preview, f->preview_fresh = false)
MAKE(other_account, f->preview_same_account = false)
MAKE(no_approval, f->approval = APPROVAL_MISSING)
MAKE(other_changes, f->changes_match = false)
MAKE(other_target, f->target_matches = false)
MAKE(open_modify, f->target_settled = false)
MAKE(no_policy, f->policy_found = false)
MAKE(no_journal, f->journal_writable = false)

/* In the order of behaviour.md section 6. */
/* clang-format off */
static const struct fault faults[] = {
	{ "kill_switch", "LIVE_KILL_SWITCH_CLOSED", "PAPER_KILL_SWITCH_CLOSED",
	  ERR_LIVE_KILL_SWITCH_CLOSED, ERR_PAPER_TRADING_DISABLED,
	  S | C | M | G, S | C | M | G, close_switch },
	{ "feature", "LIVE_FEATURE_DISABLED", "PAPER_FEATURE_DISABLED",
	  ERR_LIVE_TRADING_DISABLED, ERR_PAPER_TRADING_DISABLED,
	  S | C | M | G, S | C | M | G, no_feature },
	{ "writer", "LIVE_WRITER_REFUSED", "PAPER_WRITER_REFUSED",
	  ERR_LIVE_TRADING_DISABLED, ERR_PAPER_TRADING_DISABLED,
	  S | C | M | G, S | C | M | G, no_writer },
	{ "live_configuration", "LIVE_CONFIGURATION_CHANGED", NULL,
	  ERR_LIVE_GATE_MISSING, ERR_NONE, S | C | M | G, 0, not_activated },
	{ "separate_uid", "LIVE_SEPARATE_UID_REQUIRED", NULL,
	  ERR_LIVE_GATE_MISSING, ERR_NONE, S | C | M | G, 0, same_uid },
	{ "clock", "LIVE_CLOCK_UNSOUND", NULL,
	  ERR_LIVE_GATE_MISSING, ERR_NONE, S | M | G, 0, bad_clock },
	{ "reconciled", "LIVE_RECONCILE_REQUIRED", "PAPER_RECONCILE_REQUIRED",
	  ERR_LIVE_GATE_MISSING, ERR_PAPER_TRADING_DISABLED,
	  S | M | G, S | M | G, not_reconciled },
	{ "account", "LIVE_ACCOUNT_NOT_ALLOWLISTED",
	  "PAPER_ACCOUNT_NOT_ALLOWLISTED",
	  ERR_LIVE_GATE_MISSING, ERR_PAPER_TRADING_DISABLED,
	  S | C | M | G, S | C | M | G, not_listed },
	{ "account_mode", "ACCOUNT_MODE_MISMATCH", "ACCOUNT_MODE_MISMATCH",
	  ERR_ACCOUNT_MODE_MISMATCH, ERR_ACCOUNT_MODE_MISMATCH,
	  S | C | M | G, S | C | M | G, other_mode },
	{ "checklist", "LIVE_MIGRATION_CHECKLIST_MISSING", NULL,
	  ERR_LIVE_MIGRATION_REQUIRED, ERR_NONE, S | C | M | G, 0,
	  no_checklist },
	{ "idempotency_key", "LIVE_IDEMPOTENCY_KEY_MISSING",
	  "PAPER_IDEMPOTENCY_KEY_MISSING",
	  ERR_LIVE_GATE_MISSING, ERR_PAPER_IDEMPOTENCY_CONFLICT,
	  S | C | M | G, S | C | M | G, no_key },
	{ "target", "ORDER_TARGET_UNKNOWN", "ORDER_TARGET_UNKNOWN",
	  ERR_ORDER_VALIDATION_FAILED, ERR_PAPER_APPROVAL_REQUIRED,
	  M, C | M, no_target },
	{ "preview", "LIVE_PREVIEW_MISSING", "PAPER_PREVIEW_MISSING",
	  ERR_LIVE_GATE_MISSING, ERR_PAPER_APPROVAL_REQUIRED,
	  S | M | G, S | M | G, no_preview },
	{ "preview_unexpired", "LIVE_PREVIEW_EXPIRED", "PAPER_PREVIEW_EXPIRED",
	  ERR_LIVE_GATE_MISSING, ERR_PAPER_APPROVAL_REQUIRED,
	  S | M | G, S | M | G, old_preview },
	{ "preview_account", "INPUT_UNAUTHORIZED_ACCOUNT",
	  "INPUT_UNAUTHORIZED_ACCOUNT",
	  ERR_INPUT_UNAUTHORIZED_ACCOUNT, ERR_INPUT_UNAUTHORIZED_ACCOUNT,
	  S | M | G, S | M | G, other_account },
	{ "approval", "LIVE_APPROVAL_MISSING", "PAPER_APPROVAL_REQUIRED",
	  ERR_LIVE_GATE_MISSING, ERR_PAPER_APPROVAL_REQUIRED,
	  S | M | G, S | M | G, no_approval },
	{ "approved_changes", "APPROVAL_PREVIEW_MISMATCH",
	  "APPROVAL_PREVIEW_MISMATCH",
	  ERR_APPROVAL_PREVIEW_MISMATCH, ERR_APPROVAL_PREVIEW_MISMATCH,
	  M, M, other_changes },
	{ "modify_target", "MODIFY_TARGET_MISMATCH", "MODIFY_TARGET_MISMATCH",
	  ERR_MODIFY_TARGET_MISMATCH, ERR_MODIFY_TARGET_MISMATCH,
	  M, M, other_target },
	{ "modify_settled", "MODIFY_OUTCOME_UNKNOWN", "MODIFY_OUTCOME_UNKNOWN",
	  ERR_MODIFY_TARGET_MISMATCH, ERR_MODIFY_TARGET_MISMATCH,
	  M, M, open_modify },
	{ "risk_policy", "LIVE_POLICY_UNKNOWN", "LIVE_POLICY_UNKNOWN",
	  ERR_LIVE_POLICY_UNKNOWN, ERR_LIVE_POLICY_UNKNOWN,
	  S | M | G, S | M | G, no_policy },
	{ "max_notional", "LIVE_NOTIONAL_LIMIT_REFUSED",
	  "LIVE_NOTIONAL_LIMIT_REFUSED",
	  ERR_LIVE_LIMIT_REFUSED, ERR_ORDER_POLICY_REFUSED,
	  S | M | G, S | M | G, NULL },
	{ "journal", "LIVE_AUDIT_UNAVAILABLE", "PAPER_AUDIT_UNAVAILABLE",
	  ERR_JOURNAL_UNAVAILABLE, ERR_JOURNAL_UNAVAILABLE,
	  S | C | M | G, S | C | M | G, no_journal },
};
/* clang-format on */

static struct gate_facts
all_good(enum order_operation operation, uint32_t mode)
{
	return (struct gate_facts){
		.operation = operation,
		.mode = mode,
		.switch_state = SWITCH_OPEN,
		.feature_on = true,
		.writer_allowed = true,
		.writer = "local-candidate",
		.live_activated = true,
		.separate_uid = true,
		.clock_sound = true,
		.reconciled = true,
		.account_allowed = true,
		.account_mode = mode,
		.missing_items = "",
		.key_valid = true,
		.preview_found = true,
		.preview_fresh = true,
		.preview_same_account = true,
		.preview_id = "p",
		.approval = APPROVAL_FITS,
		.approval_id = "a",
		.target_known = true,
		.target_matches = true,
		.target_settled = true,
		.changes_match = true,
		.policy_needed = true,
		.policy_found = true,
		.policy_id = "r",
		.journal_writable = true,
	};
}

static unsigned
in_of(const struct fault *fault, uint32_t mode)
{
	return mode == IAG_MODE_LIVE ? fault->live_in : fault->paper_in;
}

/* Judge with the faults of the set; compare with what the list says. */
static void
subset_gives(enum order_operation operation, uint32_t mode, uint32_t set,
    const struct fault *const *wrong, size_t count)
{
	struct gate_facts facts = all_good(operation, mode);
	CLEANUP_VERDICTS struct verdicts limits = VERDICTS_INIT;
	CLEANUP_VERDICTS struct verdicts verdicts = VERDICTS_INIT;
	bool live = mode == IAG_MODE_LIVE, limited = false;
	enum err_code want = ERR_NONE, code;
	size_t at = 0;

	for (size_t i = 0; i < count; i++) {
		if ((set >> i & 1) == 0)
			continue;
		if (wrong[i]->make)
			wrong[i]->make(&facts);
		else
			limited = true;
		if (want == ERR_NONE)
			want = live ? wrong[i]->live : wrong[i]->paper;
	}
	verdicts_add(&limits, "max_notional", "LIVE_NOTIONAL_LIMIT_REFUSED",
	    !limited, NULL, NULL, NULL);
	code = gates_judge(
	    &facts, operation == OPERATION_CANCEL ? NULL : &limits, &verdicts);
	if (code != want)
		fail_msg("%s of set %#x: %s instead of %s",
		    order_operation_name(operation), set, err_kind(code)->name,
		    err_kind(want)->name);
	for (size_t i = 0; i < verdicts.count; i++) {
		const struct verdict *v = &verdicts.items[i];

		if (v->passed)
			continue;
		while (at < count && (set >> at & 1) == 0)
			at++;
		if (at == count)
			fail_msg("set %#x: %s is refused", set, v->rule);
		if (strcmp(v->rule, wrong[at]->rule) != 0)
			fail_msg("set %#x: %s, not %s", set, v->rule,
			    wrong[at]->rule);
		assert_string_equal(v->code,
		    live ? wrong[at]->live_code : wrong[at]->paper_code);
		assert_non_null(v->limit ? v->limit : v->rule);
		at++;
	}
	assert_int_equal(set >> at, 0); /* nothing was left out */
}

/*
 * All subsets; of very many gates every 31st, the small and the large ones,
 * where nobody asks for more.
 */
static void
subsets_of(enum order_operation operation, uint32_t mode)
{
	const struct fault *wrong[ARRAY_COUNT(faults)];
	size_t count = 0;
	uint32_t end, step;

	for (size_t i = 0; i < ARRAY_COUNT(faults); i++) {
		if (in_of(&faults[i], mode) & (1u << (operation - 1)))
			wrong[count++] = &faults[i];
	}
	end = UINT32_C(1) << count;
	step = count > 16 && !getenv("IAG_TEST_LONG") ? 31 : 1;
	for (uint32_t set = 0; set < end; set += step)
		subset_gives(operation, mode, set, wrong, count);
	for (size_t i = 0; step > 1 && i < count; i++) {
		for (size_t j = 0; j < count; j++) {
			uint32_t set = UINT32_C(1) << i | UINT32_C(1) << j;

			subset_gives(operation, mode, set, wrong, count);
			subset_gives(
			    operation, mode, end - 1 - set, wrong, count);
		}
	}
}

static void
test_inv7_each_subset_of_faults_gives_its_code_and_all_refusals(void **state)
{
	(void)state;
	for (int operation = OPERATION_SUBMIT; operation <= OPERATION_GROUP;
	     operation++) {
		subsets_of((enum order_operation)operation, IAG_MODE_LIVE);
		subsets_of((enum order_operation)operation, IAG_MODE_PAPER);
	}
}

static void
test_what_nobody_set_refuses(void **state)
{
	(void)state;
	for (int operation = 0; operation <= OPERATION_GROUP + 1; operation++) {
		for (uint32_t mode = 0; mode <= IAG_MODE_LIVE + 1; mode++) {
			CLEANUP_VERDICTS struct verdicts v = VERDICTS_INIT;
			struct gate_facts facts = {
				.operation = (enum order_operation)operation,
				.mode = mode,
			};

			assert_int_not_equal(
			    gates_judge(&facts, NULL, &v), ERR_NONE);
			assert_false(verdicts_pass(&v));
		}
	}
}

static void
test_inv7_switch_passes_what_its_state_says(void **state)
{
	static const struct {
		enum switch_state state;
		bool file;
		bool submit, cancel;
	} rows[] = {
		{ SWITCH_OPEN, false, true, true },
		{ SWITCH_CANCEL_ONLY, false, false, true },
		{ SWITCH_CLOSED, false, false, false },
		{ SWITCH_OPEN, true, false, false },
		{ SWITCH_CANCEL_ONLY, true, false, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		for (int o = OPERATION_SUBMIT; o <= OPERATION_GROUP; o++) {
			struct gate_facts facts =
			    all_good((enum order_operation)o, IAG_MODE_LIVE);
			CLEANUP_VERDICTS struct verdicts limits = VERDICTS_INIT;
			CLEANUP_VERDICTS struct verdicts v = VERDICTS_INIT;
			bool passes = o == OPERATION_CANCEL ? rows[i].cancel
							    : rows[i].submit;

			facts.switch_state = rows[i].state;
			facts.closed_by_file = rows[i].file;
			assert_int_equal(gates_judge(&facts, &limits, &v),
			    passes ? ERR_NONE : ERR_LIVE_KILL_SWITCH_CLOSED);
		}
	}
}

static void
test_inv3_each_misfit_of_an_approval_has_its_code(void **state)
{
	static const struct {
		enum approval_fit fit;
		enum err_code live, paper;
		const char *code;
	} rows[] = {
		{ APPROVAL_FITS, ERR_NONE, ERR_NONE, "" },
		{ APPROVAL_MISSING, ERR_LIVE_GATE_MISSING,
		    ERR_PAPER_APPROVAL_REQUIRED, "LIVE_APPROVAL_MISSING" },
		{ APPROVAL_IS_EXPIRED, ERR_LIVE_GATE_MISSING,
		    ERR_PAPER_APPROVAL_REQUIRED, "LIVE_APPROVAL_MISSING" },
		{ APPROVAL_IS_CONSUMED, ERR_APPROVAL_CONSUMED,
		    ERR_APPROVAL_CONSUMED, "APPROVAL_CONSUMED" },
		{ APPROVAL_OTHER_ACCOUNT, ERR_LIVE_GATE_MISSING,
		    ERR_PAPER_APPROVAL_REQUIRED, "LIVE_APPROVAL_MISSING" },
		{ APPROVAL_OTHER_PREVIEW, ERR_APPROVAL_PREVIEW_MISMATCH,
		    ERR_APPROVAL_PREVIEW_MISMATCH,
		    "APPROVAL_PREVIEW_MISMATCH" },
		{ APPROVAL_BY_SELF, ERR_APPROVAL_SELF_FORBIDDEN,
		    ERR_APPROVAL_SELF_FORBIDDEN, "APPROVAL_SELF_FORBIDDEN" },
		{ (enum approval_fit)99, ERR_LIVE_GATE_MISSING,
		    ERR_PAPER_APPROVAL_REQUIRED, "LIVE_APPROVAL_MISSING" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		for (uint32_t mode = IAG_MODE_PAPER; mode <= IAG_MODE_LIVE;
		     mode++) {
			struct gate_facts facts =
			    all_good(OPERATION_SUBMIT, mode);
			CLEANUP_VERDICTS struct verdicts limits = VERDICTS_INIT;
			CLEANUP_VERDICTS struct verdicts v = VERDICTS_INIT;
			enum err_code code;

			facts.approval = rows[i].fit;
			code = gates_judge(&facts, &limits, &v);
			assert_int_equal(code, mode == IAG_MODE_LIVE
						   ? rows[i].live
						   : rows[i].paper);
			if (mode == IAG_MODE_LIVE && code)
				assert_string_equal(
				    verdicts_first(&v)->code, rows[i].code);
		}
	}
}

static void
test_a_cancel_passes_where_the_broker_does_not_say_the_mode(void **state)
{
	struct gate_facts facts = all_good(OPERATION_CANCEL, IAG_MODE_LIVE);
	CLEANUP_VERDICTS struct verdicts first = VERDICTS_INIT;
	CLEANUP_VERDICTS struct verdicts second = VERDICTS_INIT;
	CLEANUP_VERDICTS struct verdicts limits = VERDICTS_INIT;

	(void)state;
	facts.account_mode = 0;
	assert_int_equal(gates_judge(&facts, NULL, &first), ERR_NONE);
	facts.operation = OPERATION_SUBMIT;
	assert_int_equal(
	    gates_judge(&facts, &limits, &second), ERR_ACCOUNT_MODE_MISMATCH);
}

static void
test_limits_that_nobody_judged_refuse(void **state)
{
	struct gate_facts facts = all_good(OPERATION_SUBMIT, IAG_MODE_LIVE);
	CLEANUP_VERDICTS struct verdicts live = VERDICTS_INIT;
	CLEANUP_VERDICTS struct verdicts free = VERDICTS_INIT;
	CLEANUP_VERDICTS struct verdicts paper = VERDICTS_INIT;
	CLEANUP_VERDICTS struct verdicts lost = VERDICTS_INIT;
	CLEANUP_VERDICTS struct verdicts limits = VERDICTS_INIT;

	(void)state;
	/* live needs a policy, whatever the facts say */
	facts.policy_needed = false;
	assert_int_equal(
	    gates_judge(&facts, NULL, &live), ERR_LIVE_LIMIT_REFUSED);
	assert_string_equal(
	    verdicts_first(&live)->code, "LIVE_RISK_POLICY_REFUSED");
	facts.mode = facts.account_mode = IAG_MODE_PAPER;
	facts.policy_found = false;
	assert_int_equal(gates_judge(&facts, NULL, &free), ERR_NONE);
	facts.policy_needed = true;
	assert_int_equal(
	    gates_judge(&facts, NULL, &paper), ERR_LIVE_POLICY_UNKNOWN);
	facts.policy_found = true;
	limits.failed = true;
	assert_int_not_equal(gates_judge(&facts, &limits, &lost), ERR_NONE);
	assert_false(verdicts_pass(&lost));
}

static void
test_what_mends_paper_is_no_option_of_live(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(faults); i++) {
		struct gate_facts facts =
		    all_good(OPERATION_SUBMIT, IAG_MODE_PAPER);
		CLEANUP_VERDICTS struct verdicts verdicts = VERDICTS_INIT;

		if (!faults[i].make)
			continue;
		faults[i].make(&facts);
		(void)gates_judge(&facts, NULL, &verdicts);
		for (size_t j = 0; j < verdicts.count; j++) {
			const char *fix = verdicts.items[j].fix;

			if (fix && strstr(fix, "--live"))
				fail_msg("%s: %s", faults[i].rule, fix);
		}
	}
}

static void
test_operations_have_names(void **state)
{
	(void)state;
	for (int o = OPERATION_SUBMIT; o <= OPERATION_GROUP; o++)
		assert_int_equal(order_operation_find(order_operation_name(
				     (enum order_operation)o)),
		    o);
	assert_null(order_operation_name((enum order_operation)0));
	assert_null(order_operation_name((enum order_operation)9));
	assert_int_equal(order_operation_find("place"), 0);
	assert_int_equal(order_operation_find(NULL), 0);
}

#define PAGE "docs/ibkr-agent-gates.7"
#define BEGIN ".\\\" BEGIN of what is made from the table of "
#define END ".\\\" END of what is made from the table of "

static void
read_all(FILE *file, struct buf *page)
{
	char *room = buf_reserve(page, 1 << 18);

	assert_non_null(room);
	page->len += fread(room, 1, (1 << 18) - 1, file);
	room[page->len] = '\0';
}

static void
read_page(struct buf *page)
{
	const char *source = getenv("IAG_TEST_SRCDIR");
	char path[1024];
	FILE *file;

	assert_non_null(source);
	(void)snprintf(path, sizeof(path), "%s/" PAGE, source);
	file = fopen(path, "r");
	assert_non_null(file);
	read_all(file, page);
	(void)fclose(file);
}

/* The page with both lists as the tables have them now; false: no page. */
static bool
make_page(const char *page, struct buf *out)
{
	static void (*const lists[])(
	    struct buf *) = { gates_manual, limits_manual };

	for (size_t i = 0; i < ARRAY_COUNT(lists); i++) {
		const char *begin = strstr(page, BEGIN);
		const char *end = strstr(page, END);

		if (!begin || !end)
			return false;
		begin += strcspn(begin, "\n") + 1;
		buf_add(out, page, (size_t)(begin - page));
		lists[i](out);
		buf_add(out, end, strcspn(end, "\n") + 1);
		page = end + strcspn(end, "\n") + 1;
	}
	buf_str(out, page);
	return true;
}

static void
test_the_page_has_what_the_tables_have(void **state)
{
	CLEANUP_BUF struct buf made = BUF_INIT;
	CLEANUP_BUF struct buf page = BUF_INIT;

	(void)state;
	read_page(&page);
	assert_true(make_page(buf_text(&page), &made));
	if (strcmp(buf_text(&page), buf_text(&made)) != 0)
		fail_msg(PAGE " is not what the tables say: make "
			      "update-gates-manual");
	/* and the table is the list above */
	for (size_t i = 0; i < ARRAY_COUNT(faults); i++) {
		char item[64];

		if (!faults[i].make)
			continue;
		(void)snprintf(
		    item, sizeof(item), ".It Cm %s\n", faults[i].rule);
		assert_non_null(strstr(buf_text(&made), item));
	}
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    test_inv7_each_subset_of_faults_gives_its_code_and_all_refusals),
		cmocka_unit_test(test_what_nobody_set_refuses),
		cmocka_unit_test(test_inv7_switch_passes_what_its_state_says),
		cmocka_unit_test(
		    test_inv3_each_misfit_of_an_approval_has_its_code),
		cmocka_unit_test(
		    test_a_cancel_passes_where_the_broker_does_not_say_the_mode),
		cmocka_unit_test(test_limits_that_nobody_judged_refuse),
		cmocka_unit_test(test_what_mends_paper_is_no_option_of_live),
		cmocka_unit_test(test_operations_have_names),
		cmocka_unit_test(test_the_page_has_what_the_tables_have),
	};
	CLEANUP_BUF struct buf page = BUF_INIT;
	CLEANUP_BUF struct buf made = BUF_INIT;

	if (argc > 1 && strcmp(argv[1], "--print") == 0) {
		read_all(stdin, &page);
		if (!make_page(buf_text(&page), &made))
			return 1;
		(void)fputs(buf_text(&made), stdout);
		return 0;
	}
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
