/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

#include "group.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "figure.h"

enum { CALLERS_MAX = 64, BYTES_MAX = 4096 };

struct caller {
	struct group *group;
	struct caller *next; /* of those that wait */
	pthread_t thread;
	pthread_cond_t wake;
	bool is_done;
};

/* lock guards all but env and the lengths. */
struct group {
	MDB_env *env;
	size_t record, head;
	pthread_mutex_t lock;
	pthread_cond_t come;
	struct caller *waiting;
	bool is_over;
	struct caller callers[CALLERS_MAX];
};

static void
must(int rc)
{
	if (rc == 0)
		return;
	(void)fprintf(stderr, "group: %s\n", mdb_strerror(rc));
	exit(1);
}

static void *
caller_main(void *arg)
{
	struct caller *self = arg;
	struct group *group = self->group;

	(void)pthread_mutex_lock(&group->lock);
	while (!group->is_over) {
		self->is_done = false;
		self->next = group->waiting;
		group->waiting = self;
		(void)pthread_cond_signal(&group->come);
		while (!self->is_done)
			(void)pthread_cond_wait(&self->wake, &group->lock);
	}
	(void)pthread_mutex_unlock(&group->lock);
	return NULL;
}

/* Those that wait now; their records are on the disk. */
static struct caller *
commit(struct group *group)
{
	static uint64_t sequence;
	static char bytes[BYTES_MAX];
	MDB_val name = { 4, (void *)(uintptr_t) "head" };
	MDB_val last = { group->head, bytes };
	struct caller *taken;
	MDB_txn *txn = NULL;
	MDB_dbi dbi = 0;

	(void)pthread_mutex_lock(&group->lock);
	while (!group->waiting)
		(void)pthread_cond_wait(&group->come, &group->lock);
	taken = group->waiting;
	group->waiting = NULL;
	(void)pthread_mutex_unlock(&group->lock);
	must(mdb_txn_begin(group->env, NULL, 0, &txn));
	must(mdb_dbi_open(txn, NULL, 0, &dbi));
	for (struct caller *caller = taken; caller; caller = caller->next) {
		uint64_t number = __builtin_bswap64(sequence++);
		MDB_val key = { sizeof number, &number };
		MDB_val value = { group->record, bytes };

		must(mdb_put(txn, dbi, &key, &value, MDB_NOOVERWRITE));
	}
	must(mdb_put(txn, dbi, &name, &last, 0));
	must(mdb_txn_commit(txn));
	return taken;
}

/* How many they are. */
static unsigned
let_go(struct group *group, struct caller *taken)
{
	unsigned count = 0;

	(void)pthread_mutex_lock(&group->lock);
	while (taken) {
		struct caller *caller = taken;

		taken = caller->next;
		caller->is_done = true;
		(void)pthread_cond_signal(&caller->wake);
		count++;
	}
	(void)pthread_mutex_unlock(&group->lock);
	return count;
}

static void
finish(struct group *group, unsigned callers)
{
	struct caller *taken;

	(void)pthread_mutex_lock(&group->lock);
	group->is_over = true;
	taken = group->waiting;
	group->waiting = NULL;
	(void)pthread_mutex_unlock(&group->lock);
	(void)let_go(group, taken);
	for (unsigned i = 0; i < callers; i++) {
		(void)pthread_join(group->callers[i].thread, NULL);
		(void)pthread_cond_destroy(&group->callers[i].wake);
	}
}

double
group_rate(
    MDB_env *env, unsigned callers, size_t record, size_t head, double seconds)
{
	struct group group = { .env = env,
		.record = record < BYTES_MAX ? record : BYTES_MAX,
		.head = head < BYTES_MAX ? head : BYTES_MAX,
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.come = PTHREAD_COND_INITIALIZER };
	double begun = now_s(), end;
	unsigned count = 0;

	if (callers > CALLERS_MAX)
		callers = CALLERS_MAX;
	for (unsigned i = 0; i < callers; i++) {
		struct caller *caller = &group.callers[i];

		caller->group = &group;
		(void)pthread_cond_init(&caller->wake, NULL);
		if (pthread_create(
			&caller->thread, NULL, caller_main, caller) != 0)
			must(ENOMEM);
	}
	while (now_s() - begun < seconds)
		count += let_go(&group, commit(&group));
	end = now_s();
	finish(&group, callers);
	return count / (end - begun);
}
