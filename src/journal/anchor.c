/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The checkpoint file of the configuration: brought up to the store when a
 * process that used it ends.  It only goes forward: a store that is behind
 * it, or another one, is said and leaves it as it is.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fd.h"
#include "journal/checkpoint.h"

#define ANCHOR_GUARD "checkpoint"
#define ANCHOR_WAIT_NS NS_PER_S

struct anchor {
	struct checkpoint known; /* size 0: there is no file yet */
	struct checkpoint_head head;
};

/* The chain must pass what the file says of it. */
static int
compare(
    struct journal_txn *txn, const struct checkpoint *known, struct err *err)
{
	struct entry entry;
	int rc;

	if (memcmp(known->store_id, txn->info.id, STORE_ID_SIZE) != 0)
		return err_set(
		    err, ERR_INPUT_INVALID, "it is of another store");
	if (known->size > txn->head.count)
		return err_set(err, ERR_JOURNAL_CORRUPT,
		    "the store was cut: it has %llu records, the checkpoint "
		    "saw %llu",
		    (unsigned long long)txn->head.count,
		    (unsigned long long)known->size);
	rc = txn_entry(txn, known->size - 1, &entry, err);
	if (rc == 0 && !hash_equal(entry.hash, known->head))
		rc = err_set(err, ERR_JOURNAL_CORRUPT,
		    "the chain is not the one of the checkpoint");
	return rc;
}

static int
anchor_step(struct journal_txn *txn, void *arg, struct err *err)
{
	struct anchor *anchor = arg;

	checkpoint_head(txn, &anchor->head);
	return anchor->known.size == 0 ? 0 : compare(txn, &anchor->known, err);
}

static int
file_error(const char *what, struct err *err)
{
	return err_set(
	    err, ERR_INTERNAL_ERROR, "cannot %s it: %s", what, strerror(errno));
}

static int
read_known(const char *path, const struct keys *keys, struct anchor *anchor,
    struct err *err)
{
	char text[CHECKPOINT_LEN + 1];
	CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t len;

	if (fd < 0 && errno == ENOENT)
		return 0;
	len = fd < 0 ? -1 : read(fd, text, CHECKPOINT_LEN);
	if (len < 0)
		return file_error("read", err);
	text[len] = '\0';
	return checkpoint_parse(text, keys, &anchor->known, err);
}

static int
write_draft(int fd, const struct buf *text)
{
	return fd_write(fd, text->data, text->len) ? fsync(fd) : -1;
}

/* Whole or not at all, also when the power goes. */
static int
replace_file(const char *path, const struct buf *text, struct err *err)
{
	CLEANUP_FREE char *draft = NULL;
	CLEANUP_CLOSE int fd = -1;

	if (asprintf(&draft, "%s.XXXXXX", path) < 0) {
		draft = NULL;
		return err_no_memory(err);
	}
	fd = mkostemp(draft, O_CLOEXEC);
	if (fd < 0)
		return file_error("write", err);
	if (write_draft(fd, text) == 0 && rename(draft, path) == 0)
		return 0;
	(void)file_error("write", err);
	(void)unlink(draft);
	return IAG_INTERNAL;
}

/* The file first: the store only grows behind it. */
static int
anchor_load(struct journal *journal, const char *path, struct anchor *anchor,
    struct err *err)
{
	int rc = read_known(path, &journal->keys, anchor, err);

	return rc ? rc : journal_view(journal, anchor_step, anchor, err);
}

static int
anchor_file(struct journal *journal, const char *path, struct err *err)
{
	struct anchor anchor = { .known = { .size = 0 } };
	CLEANUP_BUF struct buf text = BUF_INIT;
	int rc = anchor_load(journal, path, &anchor, err);

	if (rc < 0 || anchor.known.size == anchor.head.size)
		return rc;
	rc = checkpoint_format(&anchor.head, &journal->keys, &text, err);
	return rc < 0 ? rc : replace_file(path, &text, err);
}

int
audit_anchor(struct journal *journal, const char *path, struct err *err)
{
	struct store_guard *guard = NULL;
	struct call *call = call_new(clock_boot_ns() + ANCHOR_WAIT_NS);
	int rc;

	if (!call)
		return err_no_memory(err);
	/* two that end at once must not take it back */
	rc = journal_guard_take(journal, call, ANCHOR_GUARD, true, &guard, err);
	if (rc == 0)
		rc = anchor_file(journal, path, err);
	journal_guard_drop(guard);
	call_unref(call);
	if (rc < 0)
		(void)err_wrap(err, "checkpoint file '%s'", path);
	return rc;
}

int
audit_anchor_check(struct journal *journal, const char *path, struct err *err)
{
	struct anchor anchor = { .known = { .size = 0 } };
	int rc = anchor_load(journal, path, &anchor, err);

	if (rc < 0)
		(void)err_wrap(err, "checkpoint file '%s'", path);
	return rc;
}
