/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Reading is where the safe side is chosen: every doubt ends as a closed
 * switch with a reason, never as an error that somebody might ignore.
 */

#include "journal/switches.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"

static const char *const state_names[] = {
	[SWITCH_CLOSED] = "closed",
	[SWITCH_CANCEL_ONLY] = "cancel_only",
	[SWITCH_OPEN] = "open",
};

const char *
switch_state_name(enum switch_state state)
{
	return state_names[state];
}

void
switch_row_fini(struct switch_row *row)
{
	free(row->changed_by);
	free(row->reason);
	*row = (struct switch_row){ .state = SWITCH_CLOSED };
}

static void
add_member(struct buf *out, const char *key, const char *text)
{
	if (!text)
		return;
	buf_printf(out, "\"%s\":", key);
	json_write_string(out, text, strlen(text));
	buf_char(out, ',');
}

void
switch_format(struct buf *out, const struct switch_row *row)
{
	char time[CLOCK_TEXT_SIZE];

	clock_format(row->changed_ns, time);
	buf_char(out, '{');
	add_member(out, "changed_at", row->changed_ns ? time : NULL);
	add_member(out, "changed_by", row->changed_by);
	add_member(out, "reason", row->reason);
	buf_printf(out, "\"state\":\"%s\"}", switch_state_name(row->state));
}

static int
take_text(
    char **ret_text, struct json_object *obj, const char *key, struct err *err)
{
	const char *text = json_get_str(obj, key, NULL);

	*ret_text = text ? strdup(text) : NULL;
	return text && !*ret_text ? err_no_memory(err) : 0;
}

static int
take_state(struct switch_row *row, struct json_object *obj, struct err *err)
{
	const char *state = json_get_str(obj, "state", "");
	const char *time = json_get_str(obj, "changed_at", NULL);

	if (time && clock_parse(time, &row->changed_ns, NULL))
		return err_set(err, ERR_JOURNAL_CORRUPT,
		    "the kill switch has the time '%s'", time);
	for (size_t i = 0; i < ARRAY_COUNT(state_names); i++) {
		if (strcmp(state, state_names[i]) != 0)
			continue;
		row->state = (enum switch_state)i;
		return 0;
	}
	return err_set(err, ERR_JOURNAL_CORRUPT,
	    "the kill switch has the unknown state '%s'", state);
}

int
switch_parse(
    struct iag_bytes value, struct switch_row *ret_row, struct err *err)
{
	CLEANUP_JSON struct json_object *obj = NULL;
	struct switch_row row = { .state = SWITCH_CLOSED };
	int ret;

	ret =
	    json_parse(value.data, value.len, &json_bounds_default, &obj, err);
	if (ret || !json_object_is_type(obj, json_type_object))
		return err_set(err, ERR_JOURNAL_CORRUPT,
		    "the kill switch is no JSON object");
	ret = take_state(&row, obj, err);
	if (ret == 0)
		ret = take_text(&row.changed_by, obj, "changed_by", err);
	if (ret == 0)
		ret = take_text(&row.reason, obj, "reason", err);
	if (ret) {
		switch_row_fini(&row);
		return ret;
	}
	*ret_row = row;
	return 0;
}

static int
closed_row(struct switch_row *ret_row, const char *reason, struct err *err)
{
	struct switch_row row = { .state = SWITCH_CLOSED };

	if (err)
		err_fini(err); /* the doubt is answered: it is closed */
	row.reason = strdup(reason);
	if (!row.reason)
		return err_no_memory(err);
	*ret_row = row;
	return 0;
}

int
switch_read(struct journal_txn *txn, const char *name,
    struct switch_row *ret_row, struct err *err)
{
	struct iag_bytes key = { name, strlen(name) }, value;
	int ret = txn_get(txn, TABLE_SWITCHES, key, &value, err);

	if (ret == IAG_NOTFOUND)
		return closed_row(ret_row, "never set", err);
	if (ret == IAG_CORRUPT)
		return closed_row(
		    ret_row, "the stored switch is not what was written", err);
	if (ret)
		return ret;
	ret = switch_parse(value, ret_row, err);
	if (ret == IAG_CORRUPT)
		return closed_row(
		    ret_row, "the stored switch cannot be understood", err);
	return ret;
}

int
switch_write(struct journal_txn *txn, const char *name, enum switch_state state,
    const char *principal, const char *reason, struct err *err)
{
	struct buf text CLEANUP_BUF = BUF_INIT;
	const struct switch_row row = {
		.state = state,
		.changed_by = (char *)(uintptr_t)principal,
		.reason = (char *)(uintptr_t)reason,
		.changed_ns = txn_now_ns(txn),
	};

	switch_format(&text, &row);
	if (text.failed)
		return err_no_memory(err);
	return txn_put(txn, TABLE_SWITCHES,
	    (struct iag_bytes){ name, strlen(name) },
	    (struct iag_bytes){ buf_text(&text), text.len }, err);
}
