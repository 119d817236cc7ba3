/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * What the broker says to an order.  The first byte is what was sent, the
 * second the HTTP status; the rest is the body.  Whatever comes has one of
 * the known meanings, and what can be read of it is one plain line of text.
 */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(int ok)
{
	if (!ok)
		abort();
}

static void
check_line(const char *text)
{
	for (; *text; text++)
		must(*text >= ' ' && *text < 0x7f);
}

static void
check_legs(const struct answer *answer)
{
	int failed = 1;

	must(answer->leg_count > 0 && answer->leg_count <= ANSWER_LEGS);
	for (size_t i = 0; i < answer->leg_count; i++) {
		const struct answer_leg *leg = &answer->legs[i];

		must(leg->order_id[0] != '\0');
		check_line(leg->order_id);
		check_line(leg->ref);
		check_line(leg->parent);
		check_line(leg->status);
		check_line(leg->text);
		failed &= leg->failed;
	}
	must(!failed);
}

static void
check_question(const struct answer *answer)
{
	must(answer->question[0] != '\0' && answer->text_count > 0);
	must(answer->text_count <= ANSWER_TEXTS && answer->leg_count == 0);
	check_line(answer->question);
	for (size_t i = 0; i < answer->text_count; i++) {
		must(answer->ids[i][0] != '\0');
		check_line(answer->ids[i]);
		check_line(answer->texts[i]);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint32_t statuses[] = { 200, 200, 200, 200, 302, 400, 401,
		403, 404, 429, 500, 503 };
	struct answer answer;

	if (size < 2)
		return 0;
	answer_read(&answer, (enum answer_to)(data[0] % 3),
	    statuses[data[1] % 12], (const char *)data + 2, size - 2);
	must(answer.kind >= ANSWER_UNKNOWN && answer.kind <= ANSWER_CANCELLED);
	must(strlen(answer.why) < sizeof(answer.why));
	check_line(answer.why);
	if (answer.kind == ANSWER_ORDERS)
		check_legs(&answer);
	if (answer.kind == ANSWER_QUESTION)
		check_question(&answer);
	return 0;
}
