/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Threads: any.
 * Locks: queue->lock guards the list; a settlement that is being tried is in
 * nobody's list.  The lock is not held while the journal is called.
 */

#include "orders/settlequeue.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "journal/outcome.h"

#define RETRY_NS (5 * NS_PER_S)

struct late {
	struct late *next;
	struct intent intent; /* only what names it */
	struct settlement how;
	struct writer_ack ack;
	struct writer_change *changes;
	struct err fault;
	char *principal, *kind, *tool;
};

struct settle_queue {
	pthread_mutex_t lock;
	struct late *first;
	struct late **last;
};

struct settle_queue *
settle_queue_new(void)
{
	struct settle_queue *queue = calloc(1, sizeof(*queue));

	if (!queue)
		return NULL;
	pthread_mutex_init(&queue->lock, NULL);
	queue->last = &queue->first;
	return queue;
}

static void
late_free(struct late *late)
{
	if (!late)
		return;
	for (size_t i = 0; late->changes && i < late->how.change_count; i++) {
		free((void *)(uintptr_t)late->changes[i].key.data);
		free((void *)(uintptr_t)late->changes[i].value.data);
	}
	free(late->changes);
	writer_ack_fini(&late->ack);
	intent_fini(&late->intent);
	err_fini(&late->fault);
	free(late->principal);
	free(late->kind);
	free(late->tool);
	free(late);
}

void
settle_queue_free(struct settle_queue *queue)
{
	struct late *late;

	if (!queue)
		return;
	while ((late = queue->first)) {
		queue->first = late->next;
		late_free(late);
	}
	pthread_mutex_destroy(&queue->lock);
	free(queue);
}

static bool
text_copy(char **to, const char *from)
{
	if (!from)
		return true;
	*to = strdup(from);
	return *to != NULL;
}

static bool
bytes_copy(struct iag_bytes *to, struct iag_bytes from)
{
	void *copy;

	*to = (struct iag_bytes){ NULL, 0 };
	if (!from.data)
		return true;
	copy = malloc(from.len ? from.len : 1);
	if (!copy)
		return false;
	memcpy(copy, from.data, from.len);
	*to = (struct iag_bytes){ copy, from.len };
	return true;
}

static bool
ack_copy(struct writer_ack *to, const struct writer_ack *from)
{
	to->status = from->status;
	memcpy(to->handle, from->handle, sizeof(to->handle));
	to->handle_len = from->handle_len;
	return text_copy(&to->broker_order_id, from->broker_order_id) &&
	       text_copy(&to->client_ref, from->client_ref) &&
	       text_copy(&to->broker_status, from->broker_status) &&
	       text_copy(&to->filled_quantity, from->filled_quantity) &&
	       text_copy(&to->average_price, from->average_price);
}

static bool
changes_copy(struct late *late, const struct settlement *how)
{
	if (!how->change_count)
		return true;
	late->changes = calloc(how->change_count, sizeof(*late->changes));
	if (!late->changes)
		return false;
	late->how.changes = late->changes;
	late->how.change_count = how->change_count;
	for (size_t i = 0; i < how->change_count; i++) {
		if (!bytes_copy(&late->changes[i].key, how->changes[i].key) ||
		    !bytes_copy(&late->changes[i].value, how->changes[i].value))
			return false;
	}
	return true;
}

static bool
late_copy(struct late *late, const struct intent *intent,
    const struct settlement *how, const struct audit_event *event)
{
	late->how.state = how->state;
	late->how.nothing_sent = how->nothing_sent;
	memcpy(late->intent.id, intent->id, sizeof(late->intent.id));
	if (how->ack) {
		late->how.ack = &late->ack;
		if (!ack_copy(&late->ack, how->ack))
			return false;
	}
	if (how->fault) {
		late->how.fault = &late->fault;
		(void)err_set(
		    &late->fault, how->fault->code, "%s", err_text(how->fault));
	}
	return changes_copy(late, how) &&
	       text_copy(&late->intent.account, intent->account) &&
	       text_copy(&late->intent.key, intent->key) &&
	       text_copy(&late->intent.leg, intent->leg) &&
	       text_copy(&late->principal, event->principal) &&
	       text_copy(&late->kind, event->principal_kind) &&
	       text_copy(&late->tool, event->tool_name);
}

static void
append(struct settle_queue *queue, struct late *late)
{
	LOCK_SCOPE(&queue->lock);

	late->next = NULL;
	*queue->last = late;
	queue->last = &late->next;
}

static struct late *
take(struct settle_queue *queue)
{
	struct late *all;
	LOCK_SCOPE(&queue->lock);

	all = STEAL(queue->first);
	queue->last = &queue->first;
	return all;
}

void
settle_queue_add(struct desk *desk, const struct intent *intent,
    const struct settlement *how, const struct audit_event *event)
{
	struct late *late = calloc(1, sizeof(*late));

	if (late && late_copy(late, intent, how, event))
		append(desk_settle_queue(desk), late);
	else
		late_free(late);
}

struct late_step {
	struct desk *desk;
	struct late *late;
};

static int
late_step(struct journal_txn *txn, void *arg, struct err *err)
{
	const struct late_step *step = arg;
	struct late *late = step->late;
	struct audit_event event = {
		.principal = late->principal,
		.principal_kind = late->kind,
		.account = late->intent.account,
		.tool_name = late->tool,
	};
	int ret = settle_apply(step->desk, txn, &late->intent, &late->how, err);

	if (ret)
		return ret;
	audit_outcome(&event, "order_settled_late", late->how.fault);
	if (late->how.state == INTENT_UNKNOWN)
		event.outcome = "unknown";
	return txn_audit(txn, &event, err);
}

static int
late_try(struct desk *desk, struct late *late)
{
	struct late_step step = { desk, late };
	struct call *call = call_new(clock_boot_ns() + RETRY_NS);
	int ret;

	if (!call)
		return IAG_NOMEM;
	ret = journal_update_reserved(
	    desk_journal(desk), call, late_step, &step, NULL);
	call_unref(call);
	/* settled meanwhile, as a leg that was tried again with its bracket */
	return ret == IAG_REJECTED ? 0 : ret;
}

size_t
settle_queue_retry(struct desk *desk)
{
	struct settle_queue *queue = desk_settle_queue(desk);
	struct late *all = take(queue), *late;
	size_t left = 0;

	while ((late = all)) {
		all = late->next;
		if (late_try(desk, late) == 0) {
			late_free(late);
			continue;
		}
		append(queue, late);
		left++;
	}
	return left;
}

size_t
settle_queue_count(struct settle_queue *queue)
{
	size_t count = 0;
	LOCK_SCOPE(&queue->lock);

	for (const struct late *late = queue->first; late; late = late->next)
		count++;
	return count;
}
