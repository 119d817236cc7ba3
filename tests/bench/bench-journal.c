/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * What the journal costs beside what it stands on, as ratios in one run:
 * durable records against bare durable LMDB commits of the same bytes, many
 * callers against one, verify against bare SHA-256 and HMAC over the same
 * bytes, and one tail and one append in a long store against a short one.
 * IAG_BENCH_RECORDS sets the length of the long one (default 1,000,000).
 */

#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <lmdb.h>

#include "../unit/journal-kit.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "figure.h"
#include "journal/core.h"

#define ROUND_NS (400 * NS_PER_MS)
#define ROUNDS 6u
#define CALLERS 32u
#define SHORT_RECORDS 10000u
#define FILL_COUNT 20000u

static uint64_t
now_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

static void
must(bool fine, const char *what)
{
	if (fine)
		return;
	(void)fprintf(stderr, "bench-journal: %s failed\n", what);
	exit(1);
}

static long
anonymous_kib(void)
{
	FILE *file = fopen("/proc/self/status", "re");
	char line[256];
	long kib = -1;

	if (!file)
		return kib;
	while (fgets(line, sizeof(line), file))
		if (strncmp(line, "RssAnon:", 8) == 0)
			kib = strtol(line + 8, NULL, 10);
	(void)fclose(file);
	return kib;
}

/* The machine's own limit: flushes of an appended record. */
static double
flush_rate(const char *dir, const char *data, size_t len)
{
	char path[700];
	uint64_t begun, count = 0;
	int fd;

	(void)snprintf(path, sizeof(path), "%s/flush", dir);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	must(fd >= 0, "open");
	begun = now_ns();
	while (now_ns() - begun < 1000 * NS_PER_MS) {
		must(write(fd, data, len) == (ssize_t)len, "write");
		must(fdatasync(fd) == 0, "fdatasync");
		count++;
	}
	(void)close(fd);
	return (double)count;
}

struct bare {
	MDB_env *env;
	MDB_dbi dbi;
	uint64_t next;
	char *data;
	size_t len; /* of one record as the journal stores it */
};

static void
bare_open(struct bare *bare, const char *dir)
{
	char path[700];
	MDB_txn *txn;

	(void)snprintf(path, sizeof(path), "%s/bare", dir);
	must(mkdir(path, 0700) == 0, "mkdir");
	must(mdb_env_create(&bare->env) == 0 &&
		 mdb_env_set_mapsize(bare->env, (size_t)4 << 30) == 0 &&
		 mdb_env_open(bare->env, path, MDB_NOTLS, 0600) == 0 &&
		 mdb_txn_begin(bare->env, NULL, 0, &txn) == 0 &&
		 mdb_dbi_open(txn, NULL, 0, &bare->dbi) == 0 &&
		 mdb_txn_commit(txn) == 0,
	    "open LMDB");
}

static void
bare_commit(struct bare *bare)
{
	uint8_t number[8];
	MDB_val key = { sizeof(number), number };
	MDB_val value = { bare->len, bare->data };
	MDB_txn *txn;

	put_u64(number, bare->next++);
	must(mdb_txn_begin(bare->env, NULL, 0, &txn) == 0 &&
		 mdb_put(txn, bare->dbi, &key, &value, MDB_APPEND) == 0 &&
		 mdb_txn_commit(txn) == 0,
	    "commit");
}

struct caller {
	struct kit *kit;
	pthread_t thread;
	uint64_t until;
	uint64_t count;
};

static void *
call_main(void *arg)
{
	struct caller *caller = arg;
	struct kit view = *caller->kit; /* errors of its own */

	while (now_ns() < caller->until) {
		view.err = (struct err)ERR_INIT;
		must(kit_record(&view, "ibkr_market_snapshot") == 0, "record");
		caller->count++;
	}
	return NULL;
}

static uint64_t
many_callers(struct kit *kit, unsigned number)
{
	struct caller callers[CALLERS];
	uint64_t count = 0;

	for (unsigned i = 0; i < number; i++) {
		callers[i] =
		    (struct caller){ .kit = kit, .until = now_ns() + ROUND_NS };
		must(pthread_create(
			 &callers[i].thread, NULL, call_main, &callers[i]) == 0,
		    "thread");
	}
	for (unsigned i = 0; i < number; i++) {
		(void)pthread_join(callers[i].thread, NULL);
		count += callers[i].count;
	}
	return count;
}

static int
length_step(struct journal_txn *txn, void *arg, struct err *err)
{
	struct entry entry;
	int rc = txn_entry(txn, txn->head.count - 1, &entry, err);

	*(size_t *)arg = txn->entry.len;
	return rc;
}

static void
bench_commits(struct kit *kit)
{
	struct bare bare = { .next = 1 };
	double rate = (double)(ROUND_NS * ROUNDS) / (double)NS_PER_S;
	uint64_t plain = 0, one = 0, many = 0;

	kit_open(kit, JOURNAL_WRITE);
	kit_records(kit, 10);
	must(journal_view(kit->journal, length_step, &bare.len, NULL) == 0,
	    "length");
	bare.data = calloc(1, bare.len);
	must(bare.data != NULL, "memory");
	bare_open(&bare, kit->base);
	(void)printf("record %zu bytes; append and flush of as many: %.0f/s\n",
	    bare.len, flush_rate(kit->base, bare.data, bare.len));
	for (unsigned i = 0; i < ROUNDS; i++) {
		uint64_t until = now_ns() + ROUND_NS;

		for (; now_ns() < until; plain++)
			bare_commit(&bare);
		one += many_callers(kit, 1);
		many += many_callers(kit, CALLERS);
	}
	(void)printf("bare commits %.0f/s, one caller %.0f/s, %u callers "
		     "%.0f/s\n",
	    (double)plain / rate, (double)one / rate, CALLERS,
	    (double)many / rate);
	report_figure("durable records, one caller / bare LMDB commits",
	    (double)one / (double)plain, ">=", 0.70);
	report_figure(
	    "32 callers / one caller", (double)many / (double)one, ">=", 6.0);
	mdb_env_close(bare.env);
	free(bare.data);
}

/* Many records in one transaction: only to get a long store quickly. */
static int
fill_step(struct journal_txn *txn, void *arg, struct err *err)
{
	const struct record *record = arg;
	int rc = 0;

	for (unsigned i = 0; rc == 0 && i < FILL_COUNT; i++)
		rc = txn_append(txn, record, err);
	return rc;
}

static void
fill(struct kit *kit, uint64_t count)
{
	const struct audit_event event = {
		.event_type = "tool_completed",
		.principal = "agent:local-agent",
		.principal_kind = "agent",
		.account = "DU1234567",
		.tool_name = "ibkr_market_snapshot",
		.scope = "ibkr:marketdata:read",
		.decision = "allow",
		.result_status = "completed",
		.input = { "{}", 2 },
		.output = { "{}", 2 },
	};
	struct record record;

	must(record_init(&record, &kit->journal->keys, &event, NULL) == 0,
	    "record");
	for (uint64_t i = 0; i < count; i += FILL_COUNT)
		must(journal_update(
			 kit->journal, NULL, fill_step, &record, NULL) == 0,
		    "fill");
	record_fini(&record);
}

static double
append_ns(struct kit *kit)
{
	uint64_t begun = now_ns();

	kit_records(kit, 400);
	return (double)(now_ns() - begun) / 400;
}

static double
tail_ns(struct kit *kit)
{
	const struct audit_range range = { .last = UINT64_MAX, .limit = 100 };
	uint64_t begun = now_ns();

	for (unsigned i = 0; i < 100; i++) {
		struct buf out CLEANUP_BUF = BUF_INIT;

		must(audit_tail(kit->journal, &range, &out, NULL) == 0, "tail");
	}
	return (double)(now_ns() - begun) / 100;
}

/* Interleaved, because disks change their mind from second to second. */
static void
bench_length(struct kit *shorter, struct kit *longer, uint64_t records)
{
	double append[2] = { 0, 0 }, tail[2] = { 0, 0 };
	char what[100];

	for (unsigned i = 0; i < ROUNDS; i++) {
		append[0] += append_ns(shorter);
		append[1] += append_ns(longer);
		tail[0] += tail_ns(shorter);
		tail[1] += tail_ns(longer);
	}
	(void)snprintf(what, sizeof(what), "one append at %llu / at %u records",
	    (unsigned long long)records, SHORT_RECORDS);
	report_figure(what, append[1] / append[0], "<=", 1.3);
	(void)snprintf(what, sizeof(what), "one tail at %llu / at %u records",
	    (unsigned long long)records, SHORT_RECORDS);
	report_figure(what, tail[1] / tail[0], "<=", 1.3);
}

static int
bare_step(struct journal_txn *txn, void *arg, struct err *err)
{
	struct hash *hash = hash_new();
	struct hmac *mac = hmac_new(txn->journal->keys.chain, HASH_SIZE);
	struct store_cursor *cursor = NULL;
	struct iag_bytes key, value;
	uint8_t digest[HASH_SIZE];
	int rc = store_cursor_open(txn->store, TABLE_AUDIT, bytes_of("", 0),
	    true, false, &cursor, err);

	(void)arg;
	must(rc == 0 && hash && mac, "cursor");
	while (store_cursor_step(cursor, &key, &value, err) == 0) {
		const char *record = (const char *)value.data + ENTRY_HEAD_SIZE;
		size_t len = value.len - ENTRY_HEAD_SIZE;

		hash_add(hash, record, len);
		hash_end(hash, digest);
		hmac_add(mac, record, len);
		hmac_end(mac, digest);
	}
	store_cursor_close(cursor);
	hash_free(hash);
	hmac_free(mac);
	return 0;
}

static void
bench_verify(struct kit *kit, uint64_t records)
{
	uint64_t bare = 0, verify = 0;
	long before = anonymous_kib();

	for (unsigned i = 0; i < 3; i++) {
		uint64_t begun = now_ns();

		must(journal_view(kit->journal, bare_step, NULL, NULL) == 0,
		    "hash");
		bare += now_ns() - begun;
		begun = now_ns();
		must(kit_verify(kit, 0).valid, "verify");
		verify += now_ns() - begun;
	}
	(void)printf("verify %.0f records/s; anonymous memory %ld KiB before, "
		     "%ld KiB after\n",
	    (double)records * 3 * (double)NS_PER_S / (double)verify, before,
	    anonymous_kib());
	report_figure("audit verify / bare SHA-256 and HMAC",
	    (double)bare / (double)verify, ">=", 0.40);
}

static uint64_t
long_records(const char *dir)
{
	const char *text = getenv("IAG_BENCH_RECORDS");
	uint64_t records = text ? strtoull(text, NULL, 10) : 1000000;
	struct statvfs fs;

	must(statvfs(dir, &fs) == 0, "statvfs");
	if ((uint64_t)fs.f_bavail * fs.f_frsize > records * 1200)
		return records;
	(void)printf("too little disk for %llu records: 100000 instead\n",
	    (unsigned long long)records);
	return 100000;
}

int
main(void)
{
	struct kit first, shorter, longer;
	uint64_t records;

	kit_init(&first);
	bench_commits(&first);
	records = long_records(first.base);
	kit_fini(&first);
	kit_init(&shorter);
	kit_open(&shorter, JOURNAL_WRITE);
	fill(&shorter, SHORT_RECORDS);
	kit_init(&longer);
	kit_open(&longer, JOURNAL_WRITE);
	fill(&longer, records);
	bench_verify(&longer, records);
	bench_length(&shorter, &longer, records);
	kit_fini(&shorter);
	kit_fini(&longer);
	return 0;
}
