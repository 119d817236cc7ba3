/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Can the clock be relied on (ruling 15)?  Gates go by max(now, highest
 * recorded time), so a clock that ran ahead and came back would keep windows
 * and sessions where they are; until somebody has looked, live submits wait.
 */

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "journal/outcome.h"
#include "orders/killswitch.h"
#include "orders/row.h"

#define DRIFT_NS (5 * NS_PER_S)
#define BEHIND_NS (2 * NS_PER_S)
#define NOTE_NS (60 * NS_PER_S) /* how old a note may be */
#define SAME_NS (50 * NS_PER_MS)

static const char note_key[] = "clock/note";

#define FIELD(member, kind) ROW_FIELD(struct clock_note, member, kind)

static const struct row_field note_fields[] = {
	FIELD(real_ns, ROW_U64),
	FIELD(boot_ns, ROW_U64),
	FIELD(accepted_ns, ROW_U64),
	FIELD(boot_id, ROW_CHARS),
	{ .name = NULL },
};

static uint64_t
distance(uint64_t a, uint64_t b)
{
	return a > b ? a - b : b - a;
}

static bool
is_same_boot(const struct clock_note *a, const struct clock_note *b)
{
	return *a->boot_id && strcmp(a->boot_id, b->boot_id) == 0;
}

bool
clock_is_sound(const struct clock_note *noted, const struct clock_note *now,
    uint64_t highest_ns, struct buf *why)
{
	uint64_t real_ns, boot_ns, apart_ns;

	if (highest_ns > now->real_ns + BEHIND_NS &&
	    highest_ns > noted->accepted_ns) {
		buf_printf(why, "the clock is %llu s behind the newest record",
		    (unsigned long long)((highest_ns - now->real_ns) /
					 NS_PER_S));
		return false;
	}
	if (!noted->real_ns || !is_same_boot(noted, now))
		return true;
	real_ns = distance(now->real_ns, noted->real_ns);
	boot_ns = distance(now->boot_ns, noted->boot_ns);
	apart_ns = now->real_ns < noted->real_ns ? real_ns + boot_ns
						 : distance(real_ns, boot_ns);
	if (apart_ns <= DRIFT_NS)
		return true;
	buf_printf(why,
	    "the clock was set by about %llu s since the last write",
	    (unsigned long long)(apart_ns / NS_PER_S));
	return false;
}

static int
note_get(struct journal_txn *txn, struct clock_note *note, struct err *err)
{
	int ret;

	memset(note, 0, sizeof(*note));
	ret = row_load(txn, TABLE_STATE,
	    (struct iag_bytes){ note_key, strlen(note_key) }, note_fields, note,
	    NULL, "the clock's note", err);
	return ret == IAG_NOTFOUND ? 0 : ret;
}

/*
 * Is what is noted as good as now?  The distance of the two clocks is what
 * counts, so a note is made when that has changed, and once a minute.
 */
static bool
is_noted(const struct clock_note *noted, const struct clock_note *now)
{
	return is_same_boot(noted, now) && now->real_ns >= noted->real_ns &&
	       now->real_ns - noted->real_ns < NOTE_NS &&
	       distance(now->real_ns - noted->real_ns,
		   now->boot_ns - noted->boot_ns) < SAME_NS &&
	       now->boot_ns >= noted->boot_ns &&
	       (!now->accepted_ns || now->accepted_ns == noted->accepted_ns);
}

/*
 * Cancels pass with an unsound clock; noted then, it would be sound for the
 * next order, and nobody had accepted it.
 */
static bool
is_to_stay(struct journal_txn *txn, const struct clock_note *noted,
    const struct clock_note *now)
{
	CLEANUP_BUF struct buf why = BUF_INIT;

	return is_noted(noted, now) ||
	       (!now->accepted_ns &&
		   !clock_is_sound(noted, now, txn_highest_ns(txn), &why));
}

int
clock_put(
    struct journal_txn *txn, const struct clock_note *now, struct err *err)
{
	struct clock_note note, noted;
	int ret = note_get(txn, &noted, err);

	note = *now;
	if (ret || is_to_stay(txn, &noted, now))
		return ret;
	if (!note.accepted_ns)
		note.accepted_ns = noted.accepted_ns;
	return row_save(txn, TABLE_STATE,
	    (struct iag_bytes){ note_key, strlen(note_key) }, note_fields,
	    &note, NULL, err);
}

int
clock_check(struct journal_txn *txn, const struct clock_note *now,
    bool *ret_sound, struct buf *why, struct err *err)
{
	struct clock_note noted;
	int ret = note_get(txn, &noted, err);

	/* not txn_now_ns(): the note may have waited for the transaction */
	if (ret == 0)
		*ret_sound =
		    clock_is_sound(&noted, now, txn_highest_ns(txn), why);
	return ret;
}

void
clock_note_now(struct clock_note *ret_note)
{
	memset(ret_note, 0, sizeof(*ret_note));
	ret_note->real_ns = clock_real_ns();
	ret_note->boot_ns = clock_boot_ns();
	(void)snprintf(ret_note->boot_id, sizeof(ret_note->boot_id), "%s",
	    clock_boot_id());
}

struct show_step {
	struct clock_note now;
	struct buf *out;
};

static int
show_step(struct journal_txn *txn, void *arg, struct err *err)
{
	const struct show_step *step = arg;
	CLEANUP_BUF struct buf why = BUF_INIT;
	char now[CLOCK_TEXT_SIZE], highest[CLOCK_TEXT_SIZE];
	bool sound = false;
	int ret = clock_check(txn, &step->now, &sound, &why, err);

	clock_format(step->now.real_ns, now);
	clock_format(txn_highest_ns(txn), highest);
	buf_reset(step->out);
	buf_printf(step->out, "{\"sound\":%s,", sound ? "true" : "false");
	if (!sound) {
		buf_str(step->out, "\"explanation\":");
		json_write_string(step->out, buf_text(&why), why.len);
		buf_char(step->out, ',');
	}
	buf_printf(step->out, "\"now\":\"%s\",\"newest_record\":\"%s\"}", now,
	    highest);
	return ret;
}

int
clock_show(struct order_call *call, struct buf *out, struct err *err)
{
	struct show_step step = { .out = out };

	clock_note_now(&step.now);
	return journal_view(desk_journal(call->desk), show_step, &step, err);
}

struct accept_step {
	struct order_call *call;
	struct clock_note now;
	struct buf *out;
};

static int
accept_step(struct journal_txn *txn, void *arg, struct err *err)
{
	struct accept_step *step = arg;
	struct audit_event event = *step->call->event;
	char now[CLOCK_TEXT_SIZE], highest[CLOCK_TEXT_SIZE];
	int ret;

	step->now.accepted_ns = txn_now_ns(txn);
	clock_format(step->now.real_ns, now);
	clock_format(txn_now_ns(txn), highest);
	buf_reset(step->out);
	buf_printf(step->out,
	    "{\"accepted\":true,\"now\":\"%s\",\"newest_record\":\"%s\"}", now,
	    highest);
	ret = clock_put(txn, &step->now, err);
	if (ret)
		return ret;
	audit_outcome(&event, step->call->success, NULL);
	event.output =
	    (struct iag_bytes){ buf_text(step->out), step->out->len };
	return txn_audit(txn, &event, err);
}

int
clock_accept(struct order_call *call, const char *reason, struct buf *out,
    struct err *err)
{
	struct accept_step step = { .call = call, .out = out };
	int ret;

	(void)reason; /* an argument of the call, and so in its record */
	clock_note_now(&step.now);
	ret = journal_update_reserved(
	    desk_journal(call->desk), call->call, accept_step, &step, err);
	if (ret == 0)
		call->recorded = true;
	return ret;
}
