/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* Every function of the journal that tools call; single-threaded. */

#include "fake-journal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct fake_journal fake;

struct journal *
fake_journal(void)
{
	return (struct journal *)&fake;
}

void
fake_journal_reset(void)
{
	while (fake.rows) {
		struct fake_row *row = fake.rows;

		fake.rows = row->next;
		free(row);
	}
	fake = (struct fake_journal){ .now_ns = 0 };
}

static int
row_cmp(const struct fake_row *row, enum journal_table table, const void *key,
    size_t len)
{
	size_t less = row->key_len < len ? row->key_len : len;
	int order = (int)row->table - (int)table;

	if (order == 0)
		order = memcmp(row->key, key, less);
	return order ? order : (int)row->key_len - (int)len;
}

void
fake_journal_put(
    enum journal_table table, const void *key, size_t len, const char *value)
{
	struct fake_row **at = &fake.rows;
	struct fake_row *row = calloc(1, sizeof(*row));

	while (*at && row_cmp(*at, table, key, len) < 0)
		at = &(*at)->next;
	row->table = table;
	memcpy(row->key, key, len);
	row->key_len = len;
	row->value = value;
	row->next = *at;
	*at = row;
}

int
txn_get(struct journal_txn *txn, enum journal_table table, struct iag_bytes key,
    struct iag_bytes *ret_value, struct err *err)
{
	(void)txn;
	(void)err;
	for (struct fake_row *row = fake.rows; row; row = row->next) {
		if (row_cmp(row, table, key.data, key.len) != 0)
			continue;
		ret_value->data = row->value;
		ret_value->len = strlen(row->value);
		return 0;
	}
	return IAG_NOTFOUND;
}

static int
row_visit(const struct fake_row *row, journal_visit *visit, void *arg,
    struct err *err)
{
	return visit((struct iag_bytes){ row->key, row->key_len },
	    (struct iag_bytes){ row->value, strlen(row->value) }, arg, err);
}

/* Rows are linked forward only, and few. */
static int
walk_back(const struct fake_row *row, enum journal_table table,
    struct iag_bytes from, journal_visit *visit, void *arg, struct err *err)
{
	int ret;

	if (!row || row_cmp(row, table, from.data, from.len) > 0)
		return 0;
	ret = walk_back(row->next, table, from, visit, arg, err);
	return ret || row->table != table ? ret
					  : row_visit(row, visit, arg, err);
}

int
txn_walk(struct journal_txn *txn, enum journal_table table,
    struct iag_bytes from, bool backward, journal_visit *visit, void *arg,
    struct err *err)
{
	int ret = 0;

	(void)txn;
	if (backward)
		return walk_back(fake.rows, table, from, visit, arg, err);
	for (struct fake_row *row = fake.rows; row && !ret; row = row->next) {
		if (row->table == table &&
		    row_cmp(row, table, from.data, from.len) >= 0)
			ret = row_visit(row, visit, arg, err);
	}
	return ret;
}

uint64_t
txn_now_ns(const struct journal_txn *txn)
{
	(void)txn;
	return fake.now_ns;
}

int
journal_view(
    struct journal *journal, journal_step *step, void *arg, struct err *err)
{
	if (fake.is_unreadable)
		return err_set(err, ERR_JOURNAL_UNAVAILABLE, "told to fail");
	return step((struct journal_txn *)journal, arg, err);
}

static const char *
word(const char *text)
{
	return text ? text : "-";
}

int
journal_record(struct journal *journal, struct call *call,
    const struct audit_event *event, struct err *err)
{
	(void)journal;
	if (fake.refuses)
		return err_set(err, ERR_JOURNAL_UNAVAILABLE, "told to fail");
	if (!call || call_is_over(call))
		return err_set(err, ERR_CALL_TIMED_OUT, "too late");
	fake.records++;
	(void)snprintf(fake.last, sizeof(fake.last), "%s %s %s %s %s %s %s",
	    word(event->event_type), word(event->decision),
	    word(event->result_status), word(event->outcome),
	    word(event->error_code), word(event->tool_name),
	    word(event->account));
	(void)snprintf(fake.input, sizeof(fake.input), "%.*s",
	    (int)event->input.len, (const char *)event->input.data);
	(void)snprintf(fake.output, sizeof(fake.output), "%.*s",
	    (int)event->output.len, (const char *)event->output.data);
	memcpy(fake.event_id, event->event_id, ID_TEXT_SIZE);
	return 0;
}

int
journal_record_reserved(struct journal *journal, struct call *call,
    const struct audit_event *event, struct err *err)
{
	return journal_record(journal, call, event, err);
}

void
journal_account_hash(const struct journal *journal, const char *account,
    char ret_hex[HASH_HEX_SIZE])
{
	uint8_t digest[HASH_SIZE];

	(void)journal;
	hash_sha256(account, strlen(account), digest);
	hash_hex(digest, ret_hex);
}

int
audit_tail(struct journal *journal, const struct audit_range *range,
    struct buf *out, struct err *err)
{
	(void)journal;
	(void)range;
	(void)err;
	buf_str(out, fake.tail ? fake.tail : "{\"events\":[]}");
	return 0;
}

int
audit_export(struct journal *journal, struct call *call,
    const struct audit_range *range, int fd, int manifest_fd,
    const char *principal, audit_progress *progress, void *arg,
    struct buf *manifest, struct err *err)
{
	char line[128];
	int len;

	(void)journal;
	(void)call;
	(void)manifest_fd;
	(void)principal;
	(void)progress;
	(void)arg;
	len = snprintf(line, sizeof(line), "{\"sequence_id\":%llu}\n",
	    (unsigned long long)range->first);
	if (write(fd, line, (size_t)len) != len)
		return err_set(err, ERR_INTERNAL_ERROR, "write");
	buf_str(manifest, "{\"count\":1}");
	return 0;
}
