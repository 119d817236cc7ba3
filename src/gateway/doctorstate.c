/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Faults are what refuses live orders although the operator wants them;
 * what the operator has still to decide is a note.
 */

#include "gateway/doctorstate.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "ibkr-agent/types.h"
#include "orders/killswitch.h"

struct looking {
	struct journal *journal;
	const struct config *config;
	struct doctor_line *lines;
	size_t count, max;
	struct clock_note now;
	bool closed_by_file;
};

static bool
is_live(const struct config *config)
{
	return config->live_trading.enabled &&
	       config->safety.live_trading_enabled;
}

/* NULL: no room for it. */
static struct doctor_line *
line_add(struct looking *look, const char *name, enum doctor_state state,
    const char *repair)
{
	struct doctor_line *line;

	if (look->count == look->max)
		return NULL;
	line = &look->lines[look->count++];
	line->state = state;
	(void)snprintf(line->name, sizeof(line->name), "%s", name);
	(void)snprintf(
	    line->repair, sizeof(line->repair), "%s", repair ? repair : "");
	return line;
}

__attribute__((format(printf, 5, 6))) static void
say(struct looking *look, const char *name, enum doctor_state state,
    const char *repair, const char *format, ...)
{
	struct doctor_line *line = line_add(look, name, state, repair);
	va_list args;

	if (!line)
		return;
	va_start(args, format);
	(void)vsnprintf(line->text, sizeof(line->text), format, args);
	va_end(args);
}

/* NULL: every order that the configuration allows passes the switches. */
static const char *
switch_repair(const struct config *config, enum switch_state live,
    enum switch_state paper)
{
	if (is_live(config) && live != SWITCH_OPEN)
		return "when it is right to open it, run `ibkr-agent "
		       "kill-switch open --reason TEXT`";
	if (config->paper_trading.enabled && paper != SWITCH_OPEN)
		return "when it is right to open it, run `ibkr-agent "
		       "kill-switch open --mode paper --reason TEXT`";
	return NULL;
}

static int
look_at_switches(struct looking *look, struct journal_txn *txn, struct err *err)
{
	struct switch_row live = { .state = SWITCH_CLOSED };
	struct switch_row paper = { .state = SWITCH_CLOSED };
	const char *repair;
	int ret = desk_switch(txn, IAG_MODE_LIVE, &live, err);

	if (ret == 0)
		ret = desk_switch(txn, IAG_MODE_PAPER, &paper, err);
	repair = switch_repair(look->config, live.state, paper.state);
	if (look->closed_by_file)
		say(look, "switch", DOCTOR_NOTE,
		    "remove the file CLOSED in the store's folder",
		    "the file CLOSED closes live and paper");
	else if (ret == 0)
		say(look, "switch", repair ? DOCTOR_NOTE : DOCTOR_OK, repair,
		    "live %s (%s), paper %s (%s)",
		    switch_state_name(live.state),
		    live.reason ? live.reason : "no reason",
		    switch_state_name(paper.state),
		    paper.reason ? paper.reason : "no reason");
	switch_row_fini(&live);
	switch_row_fini(&paper);
	return ret;
}

static int
look_at_activation(
    struct looking *look, struct journal_txn *txn, struct err *err)
{
	CLEANUP_BUF struct buf why = BUF_INIT;
	bool active = false;
	int ret = activation_compare(look->config, txn, &active, &why, err);

	if (ret)
		return ret;
	if (active)
		say(look, "live", DOCTOR_OK, NULL,
		    "this configuration is the one in force");
	else
		say(look, "live", DOCTOR_FAIL,
		    "if you changed it, run `ibkr-agent live activate`; if "
		    "not, close the kill switch and find out who did",
		    "live orders are refused: this configuration is not the "
		    "one in force: %s",
		    buf_text(&why));
	return 0;
}

static int
look_at_clock(struct looking *look, struct journal_txn *txn, struct err *err)
{
	CLEANUP_BUF struct buf why = BUF_INIT;
	bool sound = false;
	int ret = clock_check(txn, &look->now, &sound, &why, err);

	if (ret == 0 && !sound)
		say(look, "live clock", DOCTOR_FAIL,
		    "set the system's clock, then run `ibkr-agent doctor "
		    "clock --accept --reason TEXT`",
		    "live orders are refused: %s", buf_text(&why));
	return ret;
}

static int
look_at_checklists(
    struct looking *look, struct journal_txn *txn, struct err *err)
{
	const struct config_list *accounts =
	    &look->config->live_trading.allowed_accounts;
	CLEANUP_BUF struct buf missing = BUF_INIT;
	char hash[HASH_HEX_SIZE];
	int ret = 0;

	for (size_t i = 0; i < accounts->count && ret == 0; i++) {
		journal_account_hash(look->journal, accounts->items[i], hash);
		ret = checklist_missing(txn, hash, &missing, err);
		if (ret == 0 && missing.len)
			say(look, "checklist", DOCTOR_NOTE,
			    "do what each item asks for, then run `ibkr-agent "
			    "live checklist acknowledge --account ID ITEM...`",
			    "%s lacks %s", accounts->items[i],
			    buf_text(&missing));
		else if (ret == 0)
			say(look, "checklist", DOCTOR_OK, NULL,
			    "%s is complete", accounts->items[i]);
	}
	return ret;
}

static int
look_step(struct journal_txn *txn, void *arg, struct err *err)
{
	struct looking *look = arg;
	int ret;

	look->count = 0;
	ret = look_at_switches(look, txn, err);
	if (ret || !is_live(look->config))
		return ret;
	ret = look_at_activation(look, txn, err);
	if (ret == 0)
		ret = look_at_clock(look, txn, err);
	return ret ? ret : look_at_checklists(look, txn, err);
}

size_t
doctor_look(struct journal *journal, const struct config *config,
    struct doctor_line *lines, size_t max)
{
	CLEANUP_ERR struct err err = ERR_INIT;
	struct looking look = {
		.journal = journal,
		.config = config,
		.lines = lines,
		.max = max,
		.closed_by_file = desk_is_closed_by_file(config),
	};

	clock_note_now(&look.now);
	if (journal_view(journal, look_step, &look, &err))
		say(&look, "state", DOCTOR_FAIL, err_user_action(&err), "%s",
		    err_text(&err));
	return look.count;
}
