/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Questions to a client of the legacy era, whose answer comes as a message of
 * its own.  There are no sessions: an id that nobody can guess says to whom
 * it belongs.
 *
 * Threads: workers ask, whoever reads messages answers; lock guards the list.
 */

#include <pthread.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/id.h"
#include "base/json.h"
#include "fixtures.h"

enum { ASK_SECONDS = 20 };

struct question {
	struct question *next;
	char id[ID_TEXT_SIZE];
	struct buf *out;
	bool is_over, is_answered;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t answered = PTHREAD_COND_INITIALIZER;
static struct question *questions;

void
fixture_say(const struct task *task, const char *message)
{
	CLEANUP_BUF struct buf line = BUF_INIT;

	buf_str(&line, message);
	buf_char(&line, '\n');
	(void)out_send(&task->session->out, &line);
}

static void
question_wait(struct question *question)
{
	struct question **at = &questions;
	struct timespec end;
	LOCK_SCOPE(&lock);

	(void)clock_gettime(CLOCK_REALTIME, &end);
	end.tv_sec += ASK_SECONDS;
	while (!question->is_over) {
		if (pthread_cond_timedwait(&answered, &lock, &end) != 0)
			break;
	}
	while (*at != question)
		at = &(*at)->next;
	*at = question->next;
}

static void
question_add(struct question *question)
{
	LOCK_SCOPE(&lock);

	question->next = questions;
	questions = question;
}

bool
fixture_ask(const struct task *task, const char *method, const char *params,
    struct buf *out)
{
	CLEANUP_BUF struct buf message = BUF_INIT;
	struct question question = { .out = out };

	id_new(question.id);
	buf_printf(&message,
	    "{\"jsonrpc\":\"2.0\",\"id\":\"%s\",\"method\":\"%s\","
	    "\"params\":%s}",
	    question.id, method, params);
	question_add(&question);
	fixture_say(task, buf_text(&message));
	question_wait(&question);
	return question.is_answered;
}

void
fixture_take_response(const struct message *message)
{
	const char *id = json_get_str(message->root, "id", "");
	struct json_object *result = json_get(message->root, "result");
	LOCK_SCOPE(&lock);

	for (struct question *q = questions; q; q = q->next) {
		if (strcmp(q->id, id) != 0)
			continue;
		q->is_over = true;
		q->is_answered = result != NULL;
		if (result)
			json_write(q->out, result, 0);
		(void)pthread_cond_broadcast(&answered);
	}
}
