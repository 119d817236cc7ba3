/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Counts of failures, and the thread that records them.
 *
 * Threads: any number count, one records.
 * Locks: denials->lock guards the table; it is not held across a record.
 */

#include "auth/denials.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/thread.h"
#include "journal/audit.h"

#define PERIOD_NS (60 * NS_PER_S)

/* What a token, or its absence, can be refused for. */
static const enum err_code codes[] = {
	ERR_AUTH_TOKEN_MISSING,
	ERR_AUTH_TOKEN_INVALID,
	ERR_AUTH_TOKEN_EXPIRED,
	ERR_AUTH_INVALID_ISSUER,
	ERR_AUTH_INVALID_AUDIENCE,
};

struct tally {
	char peer[DENIALS_PEER_SIZE]; /* "": free */
	uint64_t since_ns;            /* real time of the first in counts */
	uint64_t due_ns;              /* boot time of the next record */
	uint32_t counts[ARRAY_COUNT(codes)];
	enum err_code last;
};

struct denials {
	struct auth_setup setup;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct tally tallies[DENIALS_PEERS + 1]; /* the last: all others */
	bool is_stopping;
	bool has_failed; /* the last record; said once */
};

/* ---- counting */

static const char others[] = "other addresses";

static struct tally *
find(struct denials *denials, const char *peer)
{
	struct tally *free_one = NULL;

	for (size_t i = 0; i < DENIALS_PEERS; i++) {
		struct tally *tally = &denials->tallies[i];

		if (strcmp(tally->peer, peer) == 0)
			return tally;
		if (!tally->peer[0] && !free_one)
			free_one = tally;
	}
	return free_one ? free_one : &denials->tallies[DENIALS_PEERS];
}

static uint32_t
count_of(const struct tally *tally)
{
	uint32_t count = 0;

	for (size_t i = 0; i < ARRAY_COUNT(codes); i++)
		count += tally->counts[i];
	return count;
}

static void
count_one(struct tally *tally, enum err_code code)
{
	for (size_t i = 0; i < ARRAY_COUNT(codes); i++) {
		if (codes[i] == code && tally->counts[i] < UINT32_MAX / 8)
			tally->counts[i]++;
	}
	tally->last = code;
}

void
denials_add(struct denials *denials, const char *peer, enum err_code code)
{
	LOCK_SCOPE(&denials->lock);
	char name[DENIALS_PEER_SIZE];
	struct tally *tally;

	(void)snprintf(name, sizeof name, "%s", *peer ? peer : "unknown");
	tally = find(denials, name);
	if (!tally->peer[0]) {
		bool is_other = tally == &denials->tallies[DENIALS_PEERS];

		(void)snprintf(tally->peer, sizeof tally->peer, "%s",
		    is_other ? others : name);
		tally->due_ns = clock_boot_ns();
		(void)pthread_cond_signal(&denials->wake);
	}
	if (count_of(tally) == 0)
		tally->since_ns = clock_real_ns();
	count_one(tally, code);
}

/* ---- recording */

static int
add_counts(struct json_object *metadata, const struct tally *tally)
{
	struct json_object *by_code = json_object_new_object();
	int rc = 0;

	for (size_t i = 0; i < ARRAY_COUNT(codes); i++) {
		if (tally->counts[i])
			rc |= json_add_int(by_code, err_kind(codes[i])->name,
			    tally->counts[i]);
	}
	return json_add(metadata, "codes", by_code) | rc;
}

static struct json_object *
describe(const struct tally *tally)
{
	struct json_object *metadata = json_object_new_object();
	char since[CLOCK_TEXT_SIZE];
	int rc;

	clock_format(tally->since_ns, since);
	rc = json_add_str(metadata, "address", tally->peer);
	rc |= json_add_int(metadata, "count", count_of(tally));
	rc |= json_add_str(metadata, "since", since);
	rc |= add_counts(metadata, tally);
	if (rc == 0)
		return metadata;
	json_object_put(metadata);
	return NULL;
}

static int
record(
    const struct auth_setup *setup, const struct tally *tally, struct err *err)
{
	CLEANUP_JSON struct json_object *metadata = describe(tally);
	const struct audit_event event = {
		.event_type = "remote_auth_denied",
		.principal = "anonymous",
		.principal_kind = "agent",
		.decision = "deny",
		.result_status = "denied_auth",
		.error_code = err_kind(tally->last)->name,
		.metadata = metadata,
	};

	if (!metadata)
		return err_no_memory(err);
	return setup->record(setup->arg, &event, err);
}

/* Counts that could not be recorded wait for the next time. */
static void
put_back(struct tally *tally, const struct tally *lost)
{
	for (size_t i = 0; i < ARRAY_COUNT(codes); i++)
		tally->counts[i] += lost->counts[i];
	tally->since_ns = lost->since_ns;
}

static void
say_failure(struct denials *denials, const struct err *err)
{
	if (!denials->has_failed)
		log_warning("auth",
		    "failed authentications are not recorded: %s",
		    err_text(err));
	denials->has_failed = true;
}

/* One period of an address is over. */
static void
end_period(struct denials *denials, struct tally *tally)
{
	struct err err CLEANUP_ERR = ERR_INIT;
	struct tally due = *tally;
	int rc;

	if (count_of(tally) == 0) {
		*tally = (struct tally){ .due_ns = 0 };
		return;
	}
	memset(tally->counts, 0, sizeof tally->counts);
	tally->due_ns = clock_boot_ns() + PERIOD_NS;
	(void)pthread_mutex_unlock(&denials->lock);
	rc = record(&denials->setup, &due, &err);
	(void)pthread_mutex_lock(&denials->lock);
	if (rc == 0) {
		denials->has_failed = false;
		return;
	}
	put_back(tally, &due);
	say_failure(denials, &err);
}

/* All that are due, or at the end all there are; when is the next one? */
static uint64_t
end_periods(struct denials *denials)
{
	uint64_t next_ns = UINT64_MAX;

	for (size_t i = 0; i <= DENIALS_PEERS; i++) {
		struct tally *tally = &denials->tallies[i];

		if (tally->peer[0] &&
		    (denials->is_stopping || clock_boot_ns() >= tally->due_ns))
			end_period(denials, tally);
		/* each one would wait as long for a store that is away */
		if (denials->is_stopping && denials->has_failed)
			break;
		if (tally->peer[0] && tally->due_ns < next_ns)
			next_ns = tally->due_ns;
	}
	return next_ns;
}

static void
sleep_until(struct denials *denials, uint64_t next_ns)
{
	uint64_t now_ns = clock_boot_ns();
	uint64_t left_ns = next_ns > now_ns ? next_ns - now_ns : 0;
	struct timespec until;

	if (next_ns == UINT64_MAX) {
		(void)pthread_cond_wait(&denials->wake, &denials->lock);
		return;
	}
	until = cond_until(left_ns + NS_PER_S);
	(void)pthread_cond_timedwait(&denials->wake, &denials->lock, &until);
}

/* Is there one whose time has come meanwhile? */
static bool
has_due(const struct denials *denials)
{
	uint64_t now_ns = clock_boot_ns();

	for (size_t i = 0; i <= DENIALS_PEERS; i++) {
		const struct tally *tally = &denials->tallies[i];

		if (tally->peer[0] && now_ns >= tally->due_ns)
			return true;
	}
	return false;
}

static void *
run(void *arg)
{
	struct denials *denials = arg;

	(void)pthread_mutex_lock(&denials->lock);
	while (!denials->is_stopping) {
		uint64_t next_ns = end_periods(denials);

		if (!denials->is_stopping && !has_due(denials))
			sleep_until(denials, next_ns);
	}
	denials->has_failed = false;
	(void)end_periods(denials);
	(void)pthread_mutex_unlock(&denials->lock);
	return NULL;
}

/* ---- open and close */

int
denials_open(const struct auth_setup *setup, struct denials **ret_denials,
    struct err *err)
{
	struct denials *denials = calloc(1, sizeof *denials);

	if (!denials)
		return err_no_memory(err);
	denials->setup = *setup;
	(void)pthread_mutex_init(&denials->lock, NULL);
	cond_init(&denials->wake);
	if (thread_start(&denials->thread, 0, run, denials) == 0) {
		*ret_denials = denials;
		return 0;
	}
	(void)pthread_cond_destroy(&denials->wake);
	(void)pthread_mutex_destroy(&denials->lock);
	free(denials);
	return err_set(err, ERR_INTERNAL_ERROR,
	    "no thread for the records of failed authentication");
}

void
denials_close(struct denials *denials)
{
	if (!denials)
		return;
	(void)pthread_mutex_lock(&denials->lock);
	denials->is_stopping = true;
	(void)pthread_cond_signal(&denials->wake);
	(void)pthread_mutex_unlock(&denials->lock);
	(void)pthread_join(denials->thread, NULL);
	(void)pthread_cond_destroy(&denials->wake);
	(void)pthread_mutex_destroy(&denials->lock);
	free(denials);
}
