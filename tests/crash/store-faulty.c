/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The LMDB store with faults: the option "fault" is "WHAT N HOW", and the
 * N-th top-level commit or put of the instance (WHAT) does not do what it
 * should (HOW).  With "change" it counts double, with "room" it knows of none.
 * Built a second time without nested transactions.
 */

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "../../plugins/store-lmdb/lmdb-store.h"

/* plugins/store-lmdb/store.c, compiled under this name */
const struct iag_plugin *lmdb_plugin_1(void);

#define WORD_LEN 32u

/* One fault for the process: a test has one store open. */
static struct {
	pthread_mutex_t mutex;
	char what[WORD_LEN];
	char how[WORD_LEN];
	uint64_t countdown;
} fault_plan = { .mutex = PTHREAD_MUTEX_INITIALIZER };

static const struct iag_store_ops *inner;

/* How this call fails, or NULL. */
static const char *
fault_now(const char *what)
{
	const char *how = NULL;

	(void)pthread_mutex_lock(&fault_plan.mutex);
	if (strcmp(fault_plan.what, what) == 0 && fault_plan.countdown > 0 &&
	    --fault_plan.countdown == 0)
		how = fault_plan.how;
	(void)pthread_mutex_unlock(&fault_plan.mutex);
	return how;
}

static int32_t
result_of(const char *how)
{
	if (strcmp(how, "again") == 0)
		return IAG_AGAIN;
	if (strcmp(how, "limit") == 0)
		return IAG_LIMIT;
	if (strncmp(how, "unknown", 7) == 0)
		return IAG_UNKNOWN;
	return IAG_INTERNAL;
}

static int32_t
faulty_commit(struct iag_ctx *ctx, void *over)
{
	struct txn *txn = over;
	const char *how =
	    txn->write && !txn->nested ? fault_now("commit") : NULL;
	int32_t result;

	if (!how)
		return inner->commit(ctx, over);
	if (strcmp(how, "unknown-applied") == 0) {
		result = inner->commit(ctx, over);
		if (result != IAG_OK)
			return result;
	} else {
		inner->abort(ctx, over);
	}
	return host->fail(
	    ctx, result_of(how), "JOURNAL_UNAVAILABLE", "injected fault");
}

static int32_t
faulty_put(struct iag_ctx *ctx, void *over, uint32_t table,
    const struct iag_bytes *key, const struct iag_bytes *value, uint32_t flags)
{
	const char *how = fault_now("put");

	if (how)
		return host->fail(ctx, result_of(how), "JOURNAL_UNAVAILABLE",
		    "injected fault");
	return inner->put(ctx, over, table, key, value, flags);
}

static bool
fault_is(const char *what)
{
	bool is;

	(void)pthread_mutex_lock(&fault_plan.mutex);
	is = strcmp(fault_plan.what, what) == 0;
	(void)pthread_mutex_unlock(&fault_plan.mutex);
	return is;
}

static int32_t
faulty_change(struct iag_ctx *ctx, void *instance, uint64_t *ret_counter)
{
	int32_t result = inner->change(ctx, instance, ret_counter);

	if (fault_is("change"))
		*ret_counter *= 2;
	return result;
}

static int32_t
faulty_room(
    struct iag_ctx *ctx, void *instance, struct iag_store_room *ret_room)
{
	if (fault_is("room"))
		return host->fail(ctx, IAG_NOTSUP, NULL, "injected fault");
	return inner->room(ctx, instance, ret_room);
}

static int32_t
faulty_load(struct iag_ctx *ctx, const struct iag_host *services)
{
	return lmdb_plugin_1()->load(ctx, services);
}

static void
copy_word(char word[WORD_LEN], const char **at)
{
	size_t len = strcspn(*at, " ");

	if (len >= WORD_LEN)
		len = WORD_LEN - 1;
	memcpy(word, *at, len);
	word[len] = '\0';
	*at += len;
	*at += strspn(*at, " ");
}

static int32_t
faulty_open(struct iag_ctx *ctx, void **ret_instance)
{
	const char *fault_text = "";
	char number[WORD_LEN];

	if (host->option_str(ctx, "fault", &fault_text) != IAG_OK)
		fault_text = "";
	(void)pthread_mutex_lock(&fault_plan.mutex);
	copy_word(fault_plan.what, &fault_text);
	copy_word(number, &fault_text);
	copy_word(fault_plan.how, &fault_text);
	fault_plan.countdown = strtoull(number, NULL, 10);
	(void)pthread_mutex_unlock(&fault_plan.mutex);
	return lmdb_plugin_1()->instance->open(ctx, ret_instance);
}

IAG_EXPORT const struct iag_plugin *iag_plugin_1(void);

const struct iag_plugin *
iag_plugin_1(void)
{
	static struct iag_store_ops ops;
	static struct iag_instance_ops instance;
	static struct iag_option options[8];
	static struct iag_plugin plugin;

	inner = lmdb_plugin_1()->ops;
	ops = *inner;
	ops.commit = faulty_commit;
	ops.put = faulty_put;
	ops.change = faulty_change;
	ops.room = faulty_room;
#ifdef FAULTY_NO_NESTED
	ops.nested = NULL;
#endif
	instance = *lmdb_plugin_1()->instance;
	instance.open = faulty_open;
	plugin = *lmdb_plugin_1();
	memcpy(options, plugin.options, plugin.option_count * sizeof(*options));
	options[plugin.option_count++] = (struct iag_option){
		.type = IAG_OPTION_STRING,
		.key = "fault",
		.value = "",
		.help = "which call fails and how",
	};
	plugin.options = options;
	plugin.name = FAULTY_NAME;
	plugin.load = faulty_load;
	plugin.instance = &instance;
	plugin.ops = &ops;
	return &plugin;
}
