/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The gates, once, as a table: which operations of which mode go through
 * each, what it is called, which codes it refuses with, and the words that
 * the manual has for it.  The order of the rows is the order of judgement.
 */

#include "orders/gates.h"

#include <string.h>

#include "base/cleanup.h"
#include "ibkr-agent/writer.h"
#include "orders/mdoc.h"

#define SUBMIT (1u << OPERATION_SUBMIT)
#define CANCEL (1u << OPERATION_CANCEL)
#define MODIFY (1u << OPERATION_MODIFY)
#define GROUP (1u << OPERATION_GROUP)
#define NEW (SUBMIT | MODIFY | GROUP) /* what needs preview and approval */
#define ALL (NEW | CANCEL)

static const char *const operation_names[] = {
	[OPERATION_SUBMIT] = "submit",
	[OPERATION_CANCEL] = "cancel",
	[OPERATION_MODIFY] = "modify",
	[OPERATION_GROUP] = "group",
};

const char *
order_operation_name(enum order_operation operation)
{
	size_t i = (size_t)operation;

	return i < ARRAY_COUNT(operation_names) ? operation_names[i] : NULL;
}

enum order_operation
order_operation_find(const char *name)
{
	for (size_t i = 1; name && i < ARRAY_COUNT(operation_names); i++) {
		if (strcmp(name, operation_names[i]) == 0)
			return (enum order_operation)i;
	}
	return (enum order_operation)0;
}

/* What a gate may say besides yes or no; static or borrowed. */
struct gate_answer {
	const char *actual;
	const char *fix; /* NULL: the gate's */
	/* NULL and ERR_NONE: the gate's */
	const char *code;
	enum err_code error;
};

struct gate {
	const char *rule;
	unsigned live, paper; /* operations that go through it */
	const char *live_code, *paper_code;
	enum err_code live_error, paper_error;
	const char *limit, *fix;
	const char *about; /* for the manual */
	bool (*passes)(
	    const struct gate_facts *facts, struct gate_answer *answer);
	bool is_limits; /* verdicts of the limits stand behind this one */
};

static bool
is_cancel(const struct gate_facts *facts)
{
	return facts->operation == OPERATION_CANCEL;
}

static bool
is_live(const struct gate_facts *facts)
{
	return facts->mode == IAG_MODE_LIVE;
}

static bool
switch_passes(const struct gate_facts *facts, struct gate_answer *answer)
{
	answer->actual = switch_state_name(facts->switch_state);
	if (facts->closed_by_file) {
		answer->actual =
		    "closed by the file CLOSED in the store's folder";
		answer->fix = "the operator removes that file";
		return false;
	}
	if (facts->switch_state == SWITCH_OPEN)
		return true;
	/* without its mode the command opens the other switch */
	if (!is_live(facts))
		answer->fix = "the operator runs `ibkr-agent kill-switch open "
			      "--mode paper --reason TEXT`";
	return facts->switch_state == SWITCH_CANCEL_ONLY && is_cancel(facts);
}

static bool
feature_passes(const struct gate_facts *facts, struct gate_answer *answer)
{
	answer->actual = facts->feature_on   ? "on"
			 : facts->is_unasked ? "not asked for"
					     : "off";
	if (facts->is_unasked)
		answer->fix = facts->mode == IAG_MODE_LIVE
				  ? "give --enable-live"
				  : "give --enable-paper";
	return facts->feature_on;
}

static bool
writer_passes(const struct gate_facts *facts, struct gate_answer *answer)
{
	answer->actual = facts->writer && *facts->writer ? facts->writer : NULL;
	if (!facts->writer_allowed && facts->writer_fault)
		answer->actual = facts->writer_fault;
	if (!is_live(facts))
		answer->fix = "choose one in paper_trading.writer";
	return facts->writer_allowed;
}

static bool
activation_passes(const struct gate_facts *facts, struct gate_answer *answer)
{
	answer->actual = facts->live_activated ? "as activated"
			 : facts->activation_fault
			     ? facts->activation_fault
			     : "not the configuration that was activated";
	return facts->live_activated;
}

static bool
uid_passes(const struct gate_facts *facts, struct gate_answer *answer)
{
	answer->actual =
	    facts->separate_uid ? "separate, or not required" : "the same user";
	return facts->separate_uid;
}

static bool
clock_passes(const struct gate_facts *facts, struct gate_answer *answer)
{
	answer->actual = facts->clock_sound   ? "sound"
			 : facts->clock_fault ? facts->clock_fault
					      : "has jumped";
	return facts->clock_sound;
}

static bool
reconcile_passes(const struct gate_facts *facts, struct gate_answer *answer)
{
	answer->actual =
	    facts->reconciled ? "reconciled" : "adopted and not reconciled";
	return facts->reconciled;
}

static bool
account_passes(const struct gate_facts *facts, struct gate_answer *answer)
{
	answer->actual = facts->account_allowed ? "in the list" : "not in it";
	return facts->account_allowed;
}

/* A cancel goes by what the journal knows where the broker is silent. */
static bool
mode_passes(const struct gate_facts *facts, struct gate_answer *answer)
{
	switch (facts->account_mode) {
	case IAG_MODE_PAPER:
		answer->actual = "a paper account";
		break;
	case IAG_MODE_LIVE:
		answer->actual = "a live account";
		break;
	default:
		answer->actual = "unknown";
		return is_cancel(facts) && facts->account_mode == 0;
	}
	return facts->account_mode == facts->mode;
}

static bool
checklist_passes(const struct gate_facts *facts, struct gate_answer *answer)
{
	const char *missing = facts->missing_items;

	if (missing && !*missing) {
		answer->actual = "complete";
		return true;
	}
	answer->actual = missing ? missing : "not read";
	return false;
}

static bool
key_passes(const struct gate_facts *facts, struct gate_answer *answer)
{
	answer->actual = facts->key_valid ? "valid" : "missing or not valid";
	return facts->key_valid;
}

static bool
target_passes(const struct gate_facts *facts, struct gate_answer *answer)
{
	answer->actual = facts->target_known ? "known" : "not known";
	return facts->target_known;
}

static bool
match_passes(const struct gate_facts *facts, struct gate_answer *answer)
{
	answer->actual = facts->target_matches ? "the same"
			 : facts->target_fault ? facts->target_fault
					       : "not compared";
	return facts->target_matches;
}

static bool
settled_passes(const struct gate_facts *facts, struct gate_answer *answer)
{
	answer->actual = facts->target_settled
			     ? "none under way"
			     : "a modify with unknown outcome";
	return facts->target_settled;
}

static bool
has_text(const char *text)
{
	return text && *text;
}

static bool
preview_passes(const struct gate_facts *facts, struct gate_answer *answer)
{
	answer->actual = facts->preview_found ? facts->preview_id : "none";
	if (!facts->preview_found && has_text(facts->preview_fault)) {
		answer->actual = facts->preview_fault;
		answer->fix = "as the approval give the id of an approval, "
			      "and as the preview that of a preview";
	}
	return facts->preview_found;
}

static bool
fresh_passes(const struct gate_facts *facts, struct gate_answer *answer)
{
	answer->actual = facts->preview_fresh   ? "unexpired"
			 : facts->preview_found ? "expired"
						: "no preview";
	return facts->preview_fresh;
}

static bool
owner_passes(const struct gate_facts *facts, struct gate_answer *answer)
{
	answer->actual = facts->preview_same_account ? "the same"
			 : facts->preview_found      ? "another account or mode"
						     : "no preview";
	return facts->preview_same_account;
}

static const struct gate_answer fits[] = {
	[APPROVAL_FITS] = { .actual = "approved" },
	[APPROVAL_MISSING] = { .actual = "none that is approved" },
	[APPROVAL_IS_EXPIRED] = { .actual = "expired" },
	[APPROVAL_IS_CONSUMED] = { .actual = "used already",
	    .fix = "preview the order again and have the new preview approved",
	    .code = "APPROVAL_CONSUMED",
	    .error = ERR_APPROVAL_CONSUMED },
	[APPROVAL_OTHER_ACCOUNT] = { .actual = "of another account" },
	[APPROVAL_OTHER_PREVIEW] = { .actual =
					 "of something else than would be sent",
	    .code = "APPROVAL_PREVIEW_MISMATCH",
	    .error = ERR_APPROVAL_PREVIEW_MISMATCH },
	[APPROVAL_BY_SELF] = { .actual = "given by who asked for it",
	    .fix = "somebody else must approve it",
	    .code = "APPROVAL_SELF_FORBIDDEN",
	    .error = ERR_APPROVAL_SELF_FORBIDDEN },
};

/* Zero is APPROVAL_FITS: an approval that has no name fits nothing. */
static bool
approval_passes(const struct gate_facts *facts, struct gate_answer *answer)
{
	size_t i = (size_t)facts->approval;

	if (!facts->approval_id || i >= ARRAY_COUNT(fits))
		i = APPROVAL_MISSING;
	*answer = fits[i];
	if ((i == APPROVAL_MISSING || i == APPROVAL_OTHER_PREVIEW) &&
	    has_text(facts->approval_fault))
		answer->actual = facts->approval_fault;
	if (i == APPROVAL_OTHER_PREVIEW && has_text(facts->approval_fix))
		answer->fix = facts->approval_fix;
	return i == APPROVAL_FITS;
}

static bool
change_passes(const struct gate_facts *facts, struct gate_answer *answer)
{
	answer->actual = facts->changes_match  ? "as approved"
			 : facts->change_fault ? facts->change_fault
					       : "not compared";
	return facts->changes_match;
}

/* Live always needs a policy; paper where one is configured. */
static bool
needs_policy(const struct gate_facts *facts)
{
	return is_live(facts) || facts->policy_needed;
}

static bool
policy_passes(const struct gate_facts *facts, struct gate_answer *answer)
{
	answer->actual = facts->policy_id ? facts->policy_id : "none";
	if (!needs_policy(facts))
		answer->actual = "none is needed";
	return facts->policy_found || !needs_policy(facts);
}

static bool
journal_passes(const struct gate_facts *facts, struct gate_answer *answer)
{
	answer->actual = facts->journal_writable ? "writable" : "not writable";
	return facts->journal_writable;
}

/* clang-format off */
static const struct gate gates[] = {
	{ "kill_switch", ALL, ALL,
	  "LIVE_KILL_SWITCH_CLOSED", "PAPER_KILL_SWITCH_CLOSED",
	  ERR_LIVE_KILL_SWITCH_CLOSED, ERR_PAPER_TRADING_DISABLED,
	  "open (a cancel: open or cancel_only)",
	  "the operator runs `ibkr-agent kill-switch open --reason TEXT`",
	  "The kill switch of the mode, as the store has it inside the "
	  "transaction, and the file CLOSED in the store's folder.",
	  switch_passes, false },
	{ "feature", ALL, ALL,
	  "LIVE_FEATURE_DISABLED", "PAPER_FEATURE_DISABLED",
	  ERR_LIVE_TRADING_DISABLED, ERR_PAPER_TRADING_DISABLED,
	  "on",
	  "enable it in the configuration, and on the command line give "
	  "--enable-live or, for paper, --enable-paper",
	  "Trading in this mode is on: live_trading.enabled and "
	  "safety.live_trading_enabled, or paper_trading.enabled, and the "
	  "command's own flag.",
	  feature_passes, false },
	{ "writer", ALL, ALL,
	  "LIVE_WRITER_REFUSED", "PAPER_WRITER_REFUSED",
	  ERR_LIVE_TRADING_DISABLED, ERR_PAPER_TRADING_DISABLED,
	  "a writer that the configuration allows",
	  "choose one with --live-broker or in live_trading.writer",
	  "The writer may serve this mode here, and is the one that the order "
	  "was placed with.",
	  writer_passes, false },
	{ "live_configuration", ALL, 0,
	  "LIVE_CONFIGURATION_CHANGED", NULL,
	  ERR_LIVE_GATE_MISSING, ERR_NONE,
	  "the configuration that was activated",
	  "once the difference is right, the operator runs `ibkr-agent live "
	  "activate`",
	  "Policies, lists of accounts and writers, and question lists are "
	  "those that the operator has activated.",
	  activation_passes, false },
	{ "separate_uid", ALL, 0,
	  "LIVE_SEPARATE_UID_REQUIRED", NULL,
	  ERR_LIVE_GATE_MISSING, ERR_NONE,
	  "the store belongs to another user than the caller",
	  "run the gateway as a user of its own",
	  "Where safety.require_separate_uid is set: the caller is not the "
	  "user who owns the store.",
	  uid_passes, false },
	{ "clock", NEW, 0,
	  "LIVE_CLOCK_UNSOUND", NULL,
	  ERR_LIVE_GATE_MISSING, ERR_NONE,
	  "wall and boot time agree, and time does not run backwards",
	  "once the clock is set, the operator runs `ibkr-agent doctor clock "
	  "--accept --reason TEXT`",
	  "Wall and boot time agree within 5 seconds since the last write, and "
	  "now is at most 2 seconds behind the highest recorded time.",
	  clock_passes, false },
	{ "reconciled", NEW, NEW,
	  "LIVE_RECONCILE_REQUIRED", "PAPER_RECONCILE_REQUIRED",
	  ERR_LIVE_GATE_MISSING, ERR_PAPER_TRADING_DISABLED,
	  "one complete reconcile since the store was adopted",
	  "the operator runs `ibkr-agent reconcile`",
	  "No adopted copy of a store waits for its first complete reconcile.",
	  reconcile_passes, false },
	{ "account", ALL, ALL,
	  "LIVE_ACCOUNT_NOT_ALLOWLISTED", "PAPER_ACCOUNT_NOT_ALLOWLISTED",
	  ERR_LIVE_GATE_MISSING, ERR_PAPER_TRADING_DISABLED,
	  "an account in allowed_accounts",
	  "the operator adds it to allowed_accounts of the mode",
	  "The account is in allowed_accounts of the mode.",
	  account_passes, false },
	{ "account_mode", ALL, ALL,
	  "ACCOUNT_MODE_MISMATCH", "ACCOUNT_MODE_MISMATCH",
	  ERR_ACCOUNT_MODE_MISMATCH, ERR_ACCOUNT_MODE_MISMATCH,
	  "an account of the tool's mode, by the broker's word",
	  "use the tool of the account's mode",
	  "The broker says that the account is of the tool's mode.  A cancel "
	  "passes where the broker does not say.",
	  mode_passes, false },
	{ "checklist", ALL, 0,
	  "LIVE_MIGRATION_CHECKLIST_MISSING", NULL,
	  ERR_LIVE_MIGRATION_REQUIRED, ERR_NONE,
	  "every item acknowledged",
	  "the operator runs `ibkr-agent live checklist acknowledge "
	  "--account ID ITEM...`",
	  "The five items of the paper-to-live checklist are acknowledged for "
	  "the account.",
	  checklist_passes, false },
	{ "idempotency_key", ALL, ALL,
	  "LIVE_IDEMPOTENCY_KEY_MISSING", "PAPER_IDEMPOTENCY_KEY_MISSING",
	  ERR_LIVE_GATE_MISSING, ERR_PAPER_IDEMPOTENCY_CONFLICT,
	  "[A-Za-z0-9._-]{1,64}, for a bracket at most 60",
	  "send a key of your own, a new one for each order",
	  "There is an idempotency key, and it has the form of one.",
	  key_passes, false },
	{ "target", MODIFY, CANCEL | MODIFY,
	  "ORDER_TARGET_UNKNOWN", "ORDER_TARGET_UNKNOWN",
	  ERR_ORDER_VALIDATION_FAILED, ERR_PAPER_APPROVAL_REQUIRED,
	  "an order that this gateway has placed",
	  "give the broker_order_id, not the client_order_id, of an order that "
	  "was sent here",
	  "The journal knows the order, on paper with the approval that it was "
	  "placed with.",
	  target_passes, false },
	{ "preview", NEW, NEW,
	  "LIVE_PREVIEW_MISSING", "PAPER_PREVIEW_MISSING",
	  ERR_LIVE_GATE_MISSING, ERR_PAPER_APPROVAL_REQUIRED,
	  "a stored preview", "make a preview, then have it approved",
	  "The preview is stored.",
	  preview_passes, false },
	{ "preview_unexpired", NEW, NEW,
	  "LIVE_PREVIEW_EXPIRED", "PAPER_PREVIEW_EXPIRED",
	  ERR_LIVE_GATE_MISSING, ERR_PAPER_APPROVAL_REQUIRED,
	  "an unexpired preview", "make a new preview, then have it approved",
	  "The preview has not expired and is not from before an adoption.",
	  fresh_passes, false },
	{ "preview_account", NEW, NEW,
	  "INPUT_UNAUTHORIZED_ACCOUNT", "INPUT_UNAUTHORIZED_ACCOUNT",
	  ERR_INPUT_UNAUTHORIZED_ACCOUNT, ERR_INPUT_UNAUTHORIZED_ACCOUNT,
	  "a preview of the same account and mode",
	  "use the account that was previewed",
	  "The preview is of the account and the mode of the call.",
	  owner_passes, false },
	{ "approval", NEW, NEW,
	  "LIVE_APPROVAL_MISSING", "PAPER_APPROVAL_REQUIRED",
	  ERR_LIVE_GATE_MISSING, ERR_PAPER_APPROVAL_REQUIRED,
	  "an approval of exactly this, unused and unexpired",
	  "ask for an approval (ibkr_approvals_create); where it stays a "
	  "request, the operator runs `ibkr-agent approvals create`",
	  "The approval is approved, unused, unexpired, of the same account "
	  "and preview, and its digest is that of what would be sent now.",
	  approval_passes, false },
	{ "approved_changes", MODIFY, MODIFY,
	  "APPROVAL_PREVIEW_MISMATCH", "APPROVAL_PREVIEW_MISMATCH",
	  ERR_APPROVAL_PREVIEW_MISMATCH, ERR_APPROVAL_PREVIEW_MISMATCH,
	  "the changes that were approved",
	  "send the values of the approved replacement, or leave them out",
	  "Every change that the call names is the approved one.",
	  change_passes, false },
	{ "modify_target", MODIFY, MODIFY,
	  "MODIFY_TARGET_MISMATCH", "MODIFY_TARGET_MISMATCH",
	  ERR_MODIFY_TARGET_MISMATCH, ERR_MODIFY_TARGET_MISMATCH,
	  "the working order's contract, exchange, side and account, a change "
	  "of it, nothing filled since",
	  "preview a replacement of the order as it works now",
	  "The replacement is for the contract, exchange, side and account of "
	  "the working order and changes something, and nothing was filled "
	  "since its preview.",
	  match_passes, false },
	{ "modify_settled", MODIFY, MODIFY,
	  "MODIFY_OUTCOME_UNKNOWN", "MODIFY_OUTCOME_UNKNOWN",
	  ERR_MODIFY_TARGET_MISMATCH, ERR_MODIFY_TARGET_MISMATCH,
	  "no earlier modify whose outcome is unknown",
	  "cancel the order, or let `ibkr-agent orders resolve KEY` settle it",
	  "No modify of the order is under way or unknown; until then it can "
	  "only be cancelled.",
	  settled_passes, false },
	{ "risk_policy", NEW, NEW,
	  "LIVE_POLICY_UNKNOWN", "LIVE_POLICY_UNKNOWN",
	  ERR_LIVE_POLICY_UNKNOWN, ERR_LIVE_POLICY_UNKNOWN,
	  "a risk policy that is configured",
	  "name one of risk_policies in risk_policy_id",
	  "The mode's risk policy exists; live always needs one, paper where "
	  "one is named.  Its limits are judged here.",
	  policy_passes, true },
	{ "journal", ALL, ALL,
	  "LIVE_AUDIT_UNAVAILABLE", "PAPER_AUDIT_UNAVAILABLE",
	  ERR_JOURNAL_UNAVAILABLE, ERR_JOURNAL_UNAVAILABLE,
	  "a journal that can be written", "run `ibkr-agent doctor`",
	  "The journal can be written and has room to settle what is sent.",
	  journal_passes, false },
};
/* clang-format on */

static bool
applies(const struct gate *gate, const struct gate_facts *facts)
{
	unsigned operations = is_live(facts) ? gate->live : gate->paper;

	return (operations & (1u << facts->operation)) != 0;
}

/* The first refusal of all decides. */
static void
note(enum err_code *code, enum err_code refused)
{
	if (*code == ERR_NONE)
		*code = refused;
}

static void
judge(const struct gate *gate, const struct gate_facts *facts,
    struct verdicts *verdicts, enum err_code *code)
{
	struct gate_answer answer = { .actual = NULL };
	bool passed = gate->passes(facts, &answer);
	enum err_code error =
	    is_live(facts) ? gate->live_error : gate->paper_error;
	const char *name = is_live(facts) ? gate->live_code : gate->paper_code;

	verdicts_add(verdicts, gate->rule, answer.code ? answer.code : name,
	    passed, gate->limit, answer.actual,
	    answer.fix ? answer.fix : gate->fix);
	if (!passed)
		note(code, answer.error ? answer.error : error);
}

/* Limits that nobody judged are limits that refuse. */
static void
judge_limits(const struct gate_facts *facts, struct verdicts *limits,
    struct verdicts *verdicts, enum err_code *code)
{
	if (limits) {
		if (!verdicts_pass(limits))
			note(code, is_live(facts) ? ERR_LIVE_LIMIT_REFUSED
						  : ERR_ORDER_POLICY_REFUSED);
		verdicts_append(verdicts, limits);
	} else if (needs_policy(facts)) {
		verdicts_add(verdicts, "risk_policy",
		    "LIVE_RISK_POLICY_REFUSED", false, "limits were judged",
		    "not judged", "name a risk policy that exists");
		note(code, ERR_LIVE_LIMIT_REFUSED);
	}
}

static bool
is_known(const struct gate_facts *facts)
{
	return order_operation_name(facts->operation) &&
	       (facts->mode == IAG_MODE_PAPER || facts->mode == IAG_MODE_LIVE);
}

enum err_code
gates_judge(const struct gate_facts *facts, struct verdicts *limits,
    struct verdicts *ret_verdicts)
{
	enum err_code code = ERR_NONE;

	if (!is_known(facts)) {
		verdicts_add(ret_verdicts, "operation", "INTERNAL_ERROR", false,
		    "submit, cancel, modify, group; paper, live", "another",
		    NULL);
		return ERR_INTERNAL_ERROR;
	}
	for (size_t i = 0; i < ARRAY_COUNT(gates); i++) {
		if (!applies(&gates[i], facts))
			continue;
		judge(&gates[i], facts, ret_verdicts, &code);
		if (gates[i].is_limits)
			judge_limits(facts, limits, ret_verdicts, &code);
	}
	if (ret_verdicts->failed)
		note(&code, ERR_OUT_OF_MEMORY);
	return code;
}

static void
put_operations(struct buf *out, const char *mode, unsigned operations)
{
	const char *comma = "";

	if (operations == 0)
		return;
	buf_printf(out, " %s: ", mode);
	for (size_t i = 1; i < ARRAY_COUNT(operation_names); i++) {
		if ((operations & (1u << i)) == 0)
			continue;
		buf_printf(out, "%s%s", comma, operation_names[i]);
		comma = ", ";
	}
	buf_char(out, '.');
}

static void
put_code(struct buf *out, const char *code, enum err_code error)
{
	buf_printf(out, ".Li %s\n", code);
	if (strcmp(code, err_kind(error)->name) != 0)
		buf_printf(out, "as\n.Li %s\n", err_kind(error)->name);
}

static void
put_codes(struct buf *out, const struct gate *gate)
{
	buf_str(out, "Refuses with\n");
	if (gate->live)
		put_code(out, gate->live_code, gate->live_error);
	if (gate->live && gate->paper &&
	    (strcmp(gate->live_code, gate->paper_code) != 0 ||
		gate->live_error != gate->paper_error)) {
		buf_str(out, "(live) or\n");
		put_code(out, gate->paper_code, gate->paper_error);
		buf_str(out, "(paper)\n");
	}
}

void
gates_manual(struct buf *out)
{
	for (size_t i = 0; i < ARRAY_COUNT(gates); i++) {
		const struct gate *gate = &gates[i];
		CLEANUP_BUF struct buf text = BUF_INIT;

		buf_printf(out, ".It Cm %s\n", gate->rule);
		buf_str(&text, gate->about);
		put_operations(&text, " Live", gate->live);
		put_operations(&text, " Paper", gate->paper);
		mdoc_text(out, buf_text(&text));
		put_codes(out, gate);
	}
}
