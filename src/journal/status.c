/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* What a journal says about itself, for `store status` and doctor. */

#include "journal/core.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"

static int
load_step(struct journal_txn *txn, void *arg, struct err *err)
{
	struct journal_txn *copy = arg;

	(void)err;
	copy->info = txn->info;
	copy->head = txn->head;
	return 0;
}

static void
add_hex(struct json_object *to, const char *key, const void *data, size_t len)
{
	struct buf hex CLEANUP_BUF = BUF_INIT;

	buf_hex(&hex, data, len);
	(void)json_add_str(to, key, buf_text(&hex));
}

static void
add_size(struct json_object *to, const char *key, uint64_t value)
{
	if (value <= INT64_MAX)
		(void)json_add_int(to, key, (int64_t)value);
}

static void
add_chain(struct json_object *to, const struct journal_txn *txn)
{
	char key_id[KEY_ID_HEX_SIZE];
	char time[CLOCK_TEXT_SIZE];

	keys_format_id(txn->info.key_id, key_id);
	add_hex(to, "store_id", txn->info.id, STORE_ID_SIZE);
	add_size(to, "incarnation", txn->info.incarnation);
	clock_format(txn->info.born_ns, time);
	(void)json_add_str(to, "created_at", time);
	(void)json_add_str(to, "key_id", key_id);
	add_size(to, "records", txn->head.count);
	add_hex(to, "head", txn->head.hash, HASH_SIZE);
	clock_format(txn->head.time_ns, time);
	(void)json_add_str(to, "last_recorded_at", time);
}

/* May this user write the store's folder and each file of it? */
static bool
place_is_writable(const char *place)
{
	struct dirent *entry;
	bool writable;
	DIR *dir;

	if (faccessat(AT_FDCWD, place, W_OK, AT_EACCESS) != 0)
		return false;
	dir = opendir(place);
	/* a store that is one file */
	if (!dir)
		return errno == ENOTDIR;
	writable = faccessat(AT_FDCWD, place, X_OK, AT_EACCESS) == 0;
	while (writable && (entry = readdir(dir)))
		writable =
		    entry->d_type != DT_REG ||
		    faccessat(dirfd(dir), entry->d_name, W_OK, AT_EACCESS) == 0;
	(void)closedir(dir);
	return writable;
}

/* A journal that only reads says whether another one could write. */
static bool
is_writable(const struct journal *journal)
{
	if (!journal->adopted || journal->stopped)
		return false;
	return journal->mode == JOURNAL_WRITE ||
	       place_is_writable(journal->place);
}

static void
add_place(struct json_object *to, struct journal *journal)
{
	LOCK_SCOPE(&journal->mutex);

	(void)json_add_str(to, "path", journal->place);
	(void)json_add_bool(to, "adopted", journal->adopted);
	(void)json_add_bool(to, "writable", is_writable(journal));
	if (journal->stopped)
		(void)json_add_str(to, "stopped", journal->why);
}

/* A store need not know how much it has. */
static int
add_room(struct json_object *to, struct journal *journal, struct err *err)
{
	struct iag_store_room room;
	int rc = store_room(journal->store, &room, err);

	if (rc == IAG_NOTSUP) {
		if (err)
			err_fini(err);
		return 0;
	}
	if (rc < 0)
		return rc;
	add_size(to, "used_bytes", room.used_bytes);
	add_size(to, "limit_bytes", room.limit_bytes);
	add_size(to, "disk_free_bytes", room.disk_bytes);
	add_size(to, "readers", room.readers);
	return 0;
}

int
journal_status(struct journal *journal, struct buf *out, struct err *err)
{
	struct json_object *root CLEANUP_JSON = json_object_new_object();
	struct journal_txn txn = { .journal = journal };
	int rc = root ? 0 : err_no_memory(err);

	if (rc == 0)
		rc = journal_view(journal, load_step, &txn, err);
	if (rc < 0)
		return rc;
	(void)json_add_str(root, "format", META_FORMAT);
	add_chain(root, &txn);
	add_place(root, journal);
	rc = add_room(root, journal, err);
	if (rc == 0)
		json_write(out, root, 0);
	return rc;
}
