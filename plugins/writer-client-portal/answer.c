/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The closed list of refusals: an error object under 200 or 400, a leg that
 * failed, too many requests, no permission, a request that the gateway itself
 * did not take.  A reference that is registered already, and a reply that is
 * not found any more, prove that something may be under way.
 */

#include "answer.h"

#include <stdio.h>
#include <string.h>

#include "ibkr-agent/writer.h"
#include "map.h"
#include "node.h"
#include "scalar.h"

static void
conclude(struct answer *answer, enum answer_kind kind, const char *code,
    const char *what, const char *says)
{
	answer->kind = kind;
	answer->code = code;
	(void)snprintf(answer->why, sizeof(answer->why), "%.80s%s%.260s", what,
	    *says ? ": " : "", says);
}

static void
unknown(struct answer *answer, const char *what)
{
	conclude(answer, ANSWER_UNKNOWN, NULL, what, "");
}

/* What looks like a refusal and proves nothing. */
static int
is_ambiguous(const char *says)
{
	static const char *const words[] = { "already registered",
		"reply id not found", "Service Unavailable", "timed out",
		"timeout" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strstr(says, words[i]))
			return 1;
	}
	return 0;
}

/* A refusal is of the order, unless it tells of something else. */
static const char *
refusal_code(const char *says)
{
	static const struct {
		const char *words, *code;
	} rows[] = {
		{ "no bridge", "BROKER_SESSION_REQUIRED" },
		{ "Init session first", "BROKER_SESSION_REQUIRED" },
		{ "no session", "BROKER_SESSION_REQUIRED" },
		{ "not logged in", "BROKER_SESSION_REQUIRED" },
		{ "not authenticated", "BROKER_SESSION_REQUIRED" },
		{ "query /accounts first", "BROKER_BACKEND_UNAVAILABLE" },
		{ "ips.allow", "BROKER_BACKEND_UNAVAILABLE" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (strstr(says, rows[i].words))
			return rows[i].code;
	}
	return "ORDER_POLICY_REFUSED";
}

static void
refused(struct answer *answer, const char *says)
{
	if (is_ambiguous(says))
		conclude(answer, ANSWER_UNKNOWN, NULL,
		    "the broker may have the order", says);
	else
		conclude(answer, ANSWER_REFUSED, refusal_code(says),
		    "the broker refuses the order", says);
}

/* ---- the body */

static void
leg_read(struct answer_leg *leg, const struct node *row)
{
	char id[SCALAR_ID_SIZE];

	*leg = (struct answer_leg){ .failed = 0 };
	if (scalar_id(node_get(row, "order_id"), id))
		(void)snprintf(
		    leg->order_id, sizeof(leg->order_id), "%.39s", id);
	map_line(node_get(row, "local_order_id"), leg->ref, sizeof(leg->ref));
	map_line(
	    node_get(row, "parent_order_id"), leg->parent, sizeof(leg->parent));
	map_line(
	    node_get(row, "order_status"), leg->status, sizeof(leg->status));
	map_line(node_get(row, "text"), leg->text, sizeof(leg->text));
	if (!*leg->text)
		map_line(node_get(row, "warning_message"), leg->text,
		    sizeof(leg->text));
	leg->failed = strcmp(leg->order_id, "-1") == 0 ||
		      strcmp(leg->status, "Failed") == 0;
}

/* A message without an id is one that nobody can have allowed. */
static void
texts_read(struct answer *answer, const struct node *row)
{
	const struct node *ids = node_get(row, "messageIds");
	const struct node *texts = node_get(row, "message");
	const struct node *id = node_first(ids), *text = node_first(texts);
	uint32_t id_count = node_is(ids, NODE_ARRAY) ? ids->count : 0;
	uint32_t text_count = node_is(texts, NODE_ARRAY) ? texts->count : 0;
	uint32_t count = id_count > text_count ? id_count : text_count;

	for (uint32_t i = 0; i < count && i < ANSWER_TEXTS; i++) {
		(void)snprintf(answer->ids[i], sizeof(answer->ids[i]), "none");
		if (i < id_count) {
			char word[SCALAR_ID_SIZE];

			if (scalar_id(id, word))
				(void)snprintf(answer->ids[i],
				    sizeof(answer->ids[i]), "%.39s", word);
			id = node_next(id);
		}
		answer->texts[i][0] = '\0';
		if (i < text_count) {
			map_line(
			    text, answer->texts[i], sizeof(answer->texts[i]));
			text = node_next(text);
		}
	}
	answer->text_count = count < ANSWER_TEXTS ? count : ANSWER_TEXTS;
	if (count > ANSWER_TEXTS)
		(void)snprintf(answer->ids[0], sizeof(answer->ids[0]), "none");
}

static void
question_read(struct answer *answer, const struct node *row)
{
	char id[SCALAR_ID_SIZE];

	if (answer->kind == ANSWER_QUESTION || answer->leg_count ||
	    !scalar_id(node_get(row, "id"), id) || strlen(id) > 79) {
		unknown(answer, "the broker's question cannot be read");
		return;
	}
	(void)snprintf(answer->question, sizeof(answer->question), "%.79s", id);
	texts_read(answer, row);
	conclude(answer, ANSWER_QUESTION, NULL, "the broker asks",
	    answer->text_count ? answer->texts[0] : "");
	if (!answer->text_count) {
		(void)snprintf(answer->ids[0], sizeof(answer->ids[0]), "none");
		answer->text_count = 1;
	}
}

/* One element: a leg, a question, or what cannot be read. */
static void
element_read(struct answer *answer, const struct node *row)
{
	if (node_get(row, "order_id") && answer->kind != ANSWER_QUESTION &&
	    answer->leg_count < ANSWER_LEGS) {
		struct answer_leg *leg = &answer->legs[answer->leg_count++];

		leg_read(leg, row);
		if (!*leg->order_id)
			unknown(answer, "the broker's answer has no order id");
		return;
	}
	if (node_get(row, "id") && node_get(row, "message"))
		question_read(answer, row);
	else
		unknown(answer, "the broker's answer cannot be read");
}

static int
all_failed(const struct answer *answer)
{
	for (size_t i = 0; i < answer->leg_count; i++) {
		if (!answer->legs[i].failed)
			return 0;
	}
	return answer->leg_count > 0;
}

static void
legs_conclude(struct answer *answer)
{
	if (all_failed(answer))
		conclude(answer, ANSWER_REFUSED, "ORDER_POLICY_REFUSED",
		    "the broker refuses the order", answer->legs[0].text);
	else
		conclude(answer, ANSWER_ORDERS, NULL, "", "");
}

static void
list_read(struct answer *answer, const struct node *list)
{
	const struct node *row = node_first(list);

	for (uint32_t i = 0; i < list->count && answer->kind != ANSWER_UNKNOWN;
	     i++) {
		element_read(answer, row);
		row = node_next(row);
	}
	if (list->count == 0)
		unknown(answer, "the broker's answer is empty");
	if (!answer->kind)
		legs_conclude(answer);
}

static void
cancel_read(struct answer *answer, const struct node *root)
{
	const struct node *conid = node_get(root, "conid");
	char id[SCALAR_ID_SIZE];

	if (!node_get(root, "msg") && !node_get(root, "order_id")) {
		unknown(answer, "the broker's answer cannot be read");
		return;
	}
	conclude(answer, ANSWER_CANCELLED, NULL, "", "");
	answer->is_done = scalar_id(conid, id) && strcmp(id, "-1") == 0;
}

static void
object_read(struct answer *answer, enum answer_to to, const struct node *root)
{
	char says[200];

	map_line(node_get(root, "error"), says, sizeof(says));
	if (*says)
		refused(answer, says);
	else if (node_get(root, "prompt") || node_get(root, "reqId"))
		unknown(answer,
		    "the broker wants an answer by another way than this "
		    "gateway has");
	else if (to == ANSWER_TO_CANCEL)
		cancel_read(answer, root);
	else if (node_get(root, "order_id"))
		element_read(answer, root);
	else
		unknown(answer, "the broker's answer cannot be read");
	if (!answer->kind && answer->leg_count)
		legs_conclude(answer);
}

static void
body_read(
    struct answer *answer, enum answer_to to, const char *body, size_t len)
{
	struct node_tree tree = { .nodes = NULL };
	const char *why;

	if (node_parse(&tree, body, len, &why))
		unknown(answer, "the broker's answer is no JSON");
	else if (node_is(tree.nodes, NODE_ARRAY) && to != ANSWER_TO_CANCEL)
		list_read(answer, tree.nodes);
	else if (node_is(tree.nodes, NODE_OBJECT))
		object_read(answer, to, tree.nodes);
	else
		unknown(answer, "the broker's answer cannot be read");
	node_fini(&tree);
}

/* ---- the status */

/* The error that a failed request names; "" if it is not in that form. */
static void
error_find(const char *body, size_t len, char *says, size_t size)
{
	struct node_tree tree = { .nodes = NULL };
	const char *why;

	*says = '\0';
	if (node_parse(&tree, body, len, &why) == 0)
		map_line(node_get(tree.nodes, "error"), says, size);
	node_fini(&tree);
}

static int
begins(const char *body, size_t len, const char *word)
{
	return len >= strlen(word) && memcmp(body, word, strlen(word)) == 0;
}

/* Was it refused before it could be executed, with these words? */
static int
is_untouched(uint32_t status, const char *says, const char *body, size_t len)
{
	if (is_ambiguous(says))
		return 0;
	if (status == 400 || status == 403)
		return *says != '\0';
	if (status == 404)
		return strstr(says, "Resource not found") != NULL ||
		       begins(body, len, "Access Denied") ||
		       begins(body, len, "Resource not found");
	/* the same words as a 500 */
	return status == 500 && strstr(says, "query /accounts first") != NULL;
}

static void
failure_read(struct answer *answer, enum answer_to to, uint32_t status,
    const char *body, size_t len)
{
	char says[200], what[80];

	error_find(body, len, says, sizeof(says));
	/* with another status it is not the gateway's own word */
	if (status == 404 && begins(body, len, "Access Denied"))
		(void)snprintf(says, sizeof(says),
		    "Access Denied; ips.allow of the gateway does not list "
		    "this host");
	(void)snprintf(
	    what, sizeof(what), "the broker answers with %u", (unsigned)status);
	if (status == 401)
		conclude(answer, ANSWER_LOGIN, "BROKER_SESSION_REQUIRED",
		    "nobody is logged in at the broker", says);
	else if (status == 429 && to != ANSWER_TO_REPLY)
		conclude(answer, ANSWER_REFUSED, "BROKER_RATE_LIMITED",
		    "the broker takes no more requests now", says);
	else if (to != ANSWER_TO_REPLY && is_untouched(status, says, body, len))
		conclude(answer, ANSWER_REFUSED, refusal_code(says),
		    "the broker refuses the request", says);
	else
		conclude(answer, ANSWER_UNKNOWN, NULL, what, says);
}

void
answer_read(struct answer *answer, enum answer_to to, uint32_t status,
    const char *body, size_t len)
{
	*answer = (struct answer){ .code = NULL };
	if (status == 200)
		body_read(answer, to, body, len);
	else
		failure_read(answer, to, status, body, len);
}

uint32_t
answer_status(const char *word)
{
	static const struct {
		const char *word;
		uint32_t status;
	} words[] = {
		{ "PendingSubmit", IAG_STATUS_SUBMITTED },
		{ "PreSubmitted", IAG_STATUS_OPEN },
		{ "Submitted", IAG_STATUS_OPEN },
		{ "Filled", IAG_STATUS_FILLED },
		{ "PendingCancel", IAG_STATUS_PENDING_CANCEL },
		{ "PreCancelled", IAG_STATUS_PENDING_CANCEL },
		{ "Cancelled", IAG_STATUS_CANCELLED },
		{ "Canceled", IAG_STATUS_CANCELLED },
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(words[i].word, word) == 0)
			return words[i].status;
	}
	return 0;
}
