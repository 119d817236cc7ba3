/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The state that is shared with other processes: any bytes become sound, and
 * then buckets, penalties and the session keep to their promises.  The first
 * byte chooses, the rest is laid over the state again and again.
 */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "link/shared.h"
#include "link/target.h"

#define NOW (5000 * NS_PER_S)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct shared_state state;

static void
must(int ok)
{
	if (!ok)
		abort();
}

/* Bytes of the input all over the record, beginning at an odd place. */
static void
lay(void *to, size_t to_size, const uint8_t *data, size_t size)
{
	memset(to, 0, to_size);
	for (size_t at = data[0]; size > 0 && at < to_size; at += 7 * size)
		memcpy((char *)to + at, data,
		    size < to_size - at ? size : to_size - at);
}

static void
use_bucket(struct bucket *bucket, uint8_t tokens, int is_new)
{
	const struct iag_bucket declared = {
		.name = "b",
		.window_ns = NS_PER_S,
		.tokens = 1 + tokens % 64,
		.concurrent = tokens % 5,
		.reserve = tokens % 64 / 3,
	};
	struct bucket_limit limit = bucket_limit_of(&declared, 100);
	uint64_t last_ns = 0;

	for (int i = 0; i < 70; i++) {
		uint64_t next_ns =
		    bucket_next_ns(bucket, &limit, i % 4 == 0, NOW);
		struct bucket_ticket ticket =
		    bucket_take(bucket, &limit, i % 4 == 0, NOW);

		must(ticket.held);
		must(bucket_ready_ns(bucket, &limit, &ticket) == next_ns);
		must(next_ns >= NOW);
		if (ticket.kept)
			continue;
		must(next_ns >= last_ns || !is_new);
		last_ns = next_ns;
	}
	bucket_leave(
	    bucket, bucket_enter(bucket, &limit, NOW, NOW + 1), NOW + 1);
}

static void
use_session(struct session *session)
{
	struct iag_session shown = { .struct_size = sizeof shown };

	for (int i = 0; i < 20; i++) {
		struct session_plan plan =
		    session_plan_at(session, i & 1, 0, NOW);

		must(plan.step >= IAG_SESSION_STEP_STATUS &&
		     plan.step <= IAG_SESSION_STEP_PRIME);
		must(session_state_words(session_state_at(session, 0, NOW)) !=
		     NULL);
		session_stepped(session, NOW);
		if (plan.step == IAG_SESSION_STEP_OPEN) {
			session_opening(session, NOW);
			session_opened(session, i & 2, 0, NOW);
		}
		session_failed(session, (enum session_fault)(i % 4), 0, NOW);
	}
	session_show(session, 0, NOW, &shown);
	shown.known = ~0u;
	session_told(session, &shown, 0, NOW, NOW);
	must(session_is_sound(session, NOW));
}

static void
read_texts(const uint8_t *data, size_t size)
{
	char text[200];
	uint8_t pin[32];
	size_t len = size < sizeof text - 1 ? size : sizeof text - 1;

	memcpy(text, data, len);
	text[len] = '\0';
	(void)target_date_ns(text);
	must(target_retry_ns(text, NOW) <= UINT64_MAX / 2);
	(void)target_pin(text, pin);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint64_t real_ns = 1800000000 * NS_PER_S;

	if (size < 2)
		return 0;
	lay(&state, sizeof state, data + 1, size - 1);
	shared_repair(&state, data[0] & 1, NOW, real_ns);
	must(session_is_sound(&state.session, NOW));
	must(penalty_left_ns(&state.all, NOW) <= 3600 * NS_PER_S);
	for (size_t i = 0; i < SHARED_BUCKETS; i++)
		must(bucket_is_sound(&state.buckets[i], NOW));
	use_bucket(shared_bucket(&state, "b", NOW), data[0], 1);
	use_bucket(&state.buckets[data[0] % SHARED_BUCKETS], data[1], 0);
	(void)penalty_strike(
	    shared_penalty(&state, "/p", NOW), 0, NOW, real_ns);
	use_session(&state.session);
	read_texts(data + 1, size - 1);
	return 0;
}
