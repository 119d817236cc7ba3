/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The fixtures that the official conformance suite calls by name, as a second
 * registry of the same protocol core.  Nothing of it is in the product: what
 * only the suite needs (sampling, roots, completion, the log over the
 * protocol) can be reached from here alone.
 */

#ifndef IAG_TESTS_FIXTURES_H
#define IAG_TESTS_FIXTURES_H

#include <stdbool.h>

#include "mcp/registry.h"
#include "mcp/session.h"
#include "mcp/task.h"

#define FIXTURE_PNG                                                           \
	"iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwA" \
	"FBQIAX8jx0gAAAABJRU5ErkJggg=="

extern const struct registry registry_fixtures;

/* A row that nobody is refused and that asks no backend. */
extern const struct tool fixture_row;

void fixture_tools_list(
    struct session *session, struct request *request, struct buf *out);
void fixture_tools_call(
    struct session *session, struct request *request, struct buf *out);
void fixture_resources_list(
    struct session *session, struct request *request, struct buf *out);
void fixture_resources_templates(
    struct session *session, struct request *request, struct buf *out);
void fixture_resources_read(
    struct session *session, struct request *request, struct buf *out);
void fixture_prompts_list(
    struct session *session, struct request *request, struct buf *out);
void fixture_prompts_get(
    struct session *session, struct request *request, struct buf *out);
void fixture_complete(
    struct session *session, struct request *request, struct buf *out);
/* What changes nothing here: a level, a subscription. */
void fixture_accept(
    struct session *session, struct request *request, struct buf *out);
void fixture_listen(
    struct session *session, struct request *request, struct buf *out);

/* Write the result of a finished call: content, a JSON array. */
void fixture_write_content(
    struct buf *out, const struct task *task, const char *content);
/* One text block of it. */
void fixture_write_text(
    struct buf *out, const struct task *task, const char *text);

/* A message of ours before the answer: `{...}` as JSON text. */
void fixture_say(const struct task *task, const char *message);

/*
 * Ask the client something while its call waits (legacy era); params: JSON
 * text.  Appends the result's text.  false: no answer in time, or an error.
 */
bool fixture_ask(const struct task *task, const char *method,
    const char *params, struct buf *out);
void fixture_take_response(const struct message *message);

/* Tell those who listen: "tools" or "prompts". */
void fixture_changed(const char *what);

/* The tool or prompt asks in rounds (modern era); false: it does not. */
bool fixture_rounds(struct buf *out, const struct task *task, const char *name);

#endif
