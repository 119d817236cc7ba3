/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Threads: one expects, starts, sends and frees; workers of the gateway read.
 * readings->lock guards the list and the states of what is in it.
 */

#include "sidecar/reading.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "config/scope.h"
#include "link/link.h"
#include "sidecar/guard.h"
#include "sidecar/trail.h"
#include "tools/schema.h"

enum { READINGS_MAX = 64 };

enum reading_state { READING_EXPECTED, READING_RUNNING, READING_DONE };

struct reading {
	struct reading *next;
	struct readings *readings;
	enum reading_state state;
	struct envelope envelope;
	char *text; /* of the envelope */
	char *arguments;
	const struct tool *tool;
	struct call *call;
	bool is_cancelled;
	struct envelope answer_envelope; /* all but hash and session */
	struct parcel answer;
};

struct readings {
	struct gateway *gateway;
	struct pairing pairing;
	int fd;
	pthread_mutex_t lock;
	pthread_cond_t quiet;
	struct reading *list;
	unsigned count, running;
};

static void
reading_free(struct reading *reading)
{
	parcel_fini(&reading->answer);
	call_unref(reading->call);
	free(reading->text);
	free(reading->arguments);
	free(reading);
}

int
readings_new(struct gateway *gateway, const struct pairing *pairing,
    struct readings **ret_readings, struct err *err)
{
	struct readings *readings = calloc(1, sizeof *readings);

	if (!readings)
		return err_no_memory(err);
	readings->gateway = gateway;
	(void)pthread_mutex_init(&readings->lock, NULL);
	(void)pthread_cond_init(&readings->quiet, NULL);
	readings->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	readings->pairing = (struct pairing){
		.pairing_id = strdup(pairing->pairing_id),
		.remote_instance_id = strdup(pairing->remote_instance_id),
		.sidecar_id = strdup(pairing->sidecar_id),
	};
	if (readings->fd < 0 || !readings->pairing.pairing_id ||
	    !readings->pairing.remote_instance_id ||
	    !readings->pairing.sidecar_id) {
		readings_free(readings);
		return err_no_memory(err);
	}
	*ret_readings = readings;
	return 0;
}

static void
readings_end(struct readings *readings)
{
	LOCK_SCOPE(&readings->lock);

	for (struct reading *at = readings->list; at; at = at->next) {
		if (at->state == READING_RUNNING)
			call_cancel(at->call);
	}
	while (readings->running > 0)
		(void)pthread_cond_wait(&readings->quiet, &readings->lock);
}

void
readings_free(struct readings *readings)
{
	struct reading *reading;

	if (!readings)
		return;
	readings_end(readings);
	while ((reading = readings->list)) {
		readings->list = reading->next;
		reading_free(reading);
	}
	if (readings->fd >= 0)
		(void)close(readings->fd);
	pairing_fini(&readings->pairing);
	(void)pthread_cond_destroy(&readings->quiet);
	(void)pthread_mutex_destroy(&readings->lock);
	free(readings);
}

int
readings_fd(const struct readings *readings)
{
	return readings->fd;
}

int
readings_expect(struct readings *readings, const struct envelope *envelope,
    const char *text, size_t len, struct err *err)
{
	struct reading *reading;

	LOCK_SCOPE(&readings->lock);
	if (readings->count >= READINGS_MAX)
		return err_set(err, ERR_SIDECAR_UNAVAILABLE,
		    "the gateway asks for more than %d reads at once",
		    (int)READINGS_MAX);
	reading = calloc(1, sizeof *reading);
	if (!reading)
		return err_no_memory(err);
	reading->text = strndup(text, len);
	if (!reading->text) {
		reading_free(reading);
		return err_no_memory(err);
	}
	reading->readings = readings;
	reading->envelope = *envelope;
	reading->next = readings->list;
	readings->list = reading;
	readings->count++;
	return 0;
}

/* What people may be told of what went wrong on this machine. */
static char *
fault_text(const struct err *fault)
{
	static const struct principal reader = { .kind = PRINCIPAL_SYSTEM };
	CLEANUP_JSON struct json_object *obj = json_object_new_object();
	CLEANUP_BUF struct buf text = BUF_INIT;
	CLEANUP_ERR struct err told = ERR_INIT;

	(void)err_set(&told, fault->code, "%s", err_text(fault));
	if (fault->action)
		err_action(&told, "%s", fault->action);
	tool_error_conceal(&told, &reader);
	if (json_add_str(obj, "code", err_kind(told.code)->name) ||
	    json_add_str(obj, "message", err_text(&told)) ||
	    json_add_str(obj, "user_action", told.action) ||
	    json_add_bool(obj, "missing", fault->missing) ||
	    json_add_int(obj, "retry_after_ms",
		(int64_t)(fault->retry_after_ns / NS_PER_MS)))
		return NULL;
	json_write(&text, obj, 0);
	return buf_take(&text);
}

static bool
needs_hand(const struct err *fault)
{
	return fault->code == ERR_BROKER_SESSION_REQUIRED ||
	       fault->code == ERR_BROKER_SESSION_EXPIRED;
}

/* Whether the session with the broker can be used, and what to do if not. */
static void
say_session(const struct tool_house *house, const struct err *fault,
    struct envelope *envelope)
{
	struct link_status status;
	const char *action = NULL;

	envelope->local_session_usable = fault->code == ERR_NONE;
	if (house && house->link && link_status(house->link, &status)) {
		envelope->local_session_usable =
		    status.state == SESSION_STATE_READY;
		action = session_state_repair(status.state);
	} else if (needs_hand(fault)) {
		action = err_user_action(fault);
	}
	if (action && !envelope->local_session_usable)
		(void)snprintf(envelope->manual_action,
		    sizeof envelope->manual_action, "%s", action);
}

/* The rules of this machine, whatever the gateway has found. */
static int
reading_check(struct reading *reading, struct err *err)
{
	CLEANUP_JSON struct json_object *arguments = NULL;
	struct gateway *gateway = reading->readings->gateway;
	int rc = guard_tool(reading->envelope.tool_name,
	    reading->envelope.scope, &reading->tool, err);

	if (rc == 0 &&
	    !(gateway_scopes(gateway) & scope_bit(reading->tool->scope)))
		rc = err_set(err, ERR_AUTH_MISSING_SCOPE,
		    "auth.enabled_scopes of the sidecar has no '%s'",
		    reading->tool->scope);
	if (rc == 0)
		rc = json_parse(reading->arguments, strlen(reading->arguments),
		    &json_bounds_default, &arguments, err);
	if (rc == 0)
		rc = guard_payload(arguments, err);
	return rc ? rc : schema_check_input(reading->tool, arguments, err);
}

static int
reading_ask(struct reading *reading, const struct tool_house *house,
    struct answer *ret_answer, struct err *err)
{
	CLEANUP_JSON struct json_object *tree = NULL;
	int rc;

	if (!house->backend)
		return house->backend_fault
			   ? err_set(err, house->backend_fault->code, "%s",
				 err_text(house->backend_fault))
			   : err_set(err, ERR_BROKER_BACKEND_UNAVAILABLE,
				 "no backend is open");
	rc = backend_query(house->backend, reading->call,
	    reading->tool->operation, reading->arguments, ret_answer, err);
	if (rc == 0)
		rc = json_parse(ret_answer->json, ret_answer->len,
		    &json_bounds_default, &tree, err);
	return rc ? rc : guard_payload(tree, err);
}

static void
reading_answer(
    struct reading *reading, struct answer *answer, const struct err *fault)
{
	struct parcel *message = &reading->answer;

	message->failed = fault->code != ERR_NONE;
	if (message->failed) {
		message->payload = fault_text(fault);
		return;
	}
	message->payload = STEAL(answer->json);
	message->flags = answer->flags;
	message->source_ns = answer->source_ns;
	message->receipt_ns = answer->receipt_ns;
}

/* Read, and put it on the record of this machine; without it no answer. */
static void
reading_run(struct reading *reading)
{
	const struct tool_house *house = NULL;
	CLEANUP_ERR struct err fault = ERR_INIT, unwritten = ERR_INIT;
	struct answer answer = { .json = NULL };
	int rc = gateway_ready(reading->readings->gateway, &house, &fault);

	if (rc == 0)
		rc = reading_check(reading, &fault);
	if (rc == 0)
		(void)reading_ask(reading, house, &answer, &fault);
	if (house && trail_relayed(house->journal, &reading->envelope,
			 &reading->readings->pairing, &fault, &unwritten)) {
		log_error("sidecar", "%s", err_text(&unwritten));
		err_move(&fault, &unwritten);
	}
	say_session(house, &fault, &reading->answer_envelope);
	reading_answer(reading, &answer, &fault);
	answer_fini(&answer);
}

static void
reading_main(void *arg)
{
	struct reading *reading = arg;
	struct readings *readings = reading->readings;
	uint64_t one = 1;

	reading_run(reading);
	LOCK_SCOPE(&readings->lock);
	reading->state = READING_DONE;
	readings->running--;
	(void)!write(readings->fd, &one, sizeof one);
	(void)pthread_cond_broadcast(&readings->quiet);
}

static struct reading *
find_expected(struct readings *readings, const char *envelope)
{
	struct reading *at = readings->list;

	while (at && (at->state != READING_EXPECTED ||
			 strcmp(at->text, envelope) != 0))
		at = at->next;
	return at;
}

/* It is given to a worker; where that cannot be, it is answered so. */
static int
reading_give(struct reading *reading, struct err *err)
{
	struct readings *readings = reading->readings;

	reading->call = gateway_call_new(
	    readings->gateway, guard_find(reading->envelope.tool_name));
	if (!reading->call)
		return err_no_memory(err);
	{
		LOCK_SCOPE(&readings->lock);
		reading->state = READING_RUNNING;
		readings->running++;
		if (reading->is_cancelled)
			call_cancel(reading->call);
	}
	if (gateway_run(readings->gateway, reading_main, reading) == 0)
		return 0;
	LOCK_SCOPE(&readings->lock);
	readings->running--;
	reading->state = READING_EXPECTED;
	return err_set(err, ERR_SIDECAR_UNAVAILABLE, "the sidecar is stopping");
}

int
readings_start(struct readings *readings, const struct channel *channel,
    const struct buf *text, struct err *err)
{
	struct parcel message = { .envelope = NULL };
	char hash[HASH_HEX_SIZE];
	struct reading *reading = NULL;
	int rc = parcel_read(text, &message, err);

	if (rc)
		return rc;
	{
		LOCK_SCOPE(&readings->lock);
		reading = find_expected(readings, message.envelope);
	}
	channel_payload_hash(
	    channel, message.payload, strlen(message.payload), hash);
	if (!reading || reading->arguments ||
	    strcmp(hash, reading->envelope.payload_hash) != 0) {
		parcel_fini(&message);
		return err_set(err, ERR_OUTPUT_UNSAFE,
		    "a request and its envelope do not belong together");
	}
	reading->arguments = STEAL(message.payload);
	parcel_fini(&message);
	return reading_give(reading, err);
}

void
readings_cancel(struct readings *readings, const char *request_id)
{
	LOCK_SCOPE(&readings->lock);
	struct reading *at = readings->list;

	while (at && strcmp(at->envelope.request_id, request_id) != 0)
		at = at->next;
	if (!at || at->state == READING_DONE)
		return;
	at->is_cancelled = true;
	if (at->state == READING_RUNNING)
		call_cancel(at->call);
}

/* The first that is done, taken out; NULL: none. */
static struct reading *
take_done(struct readings *readings)
{
	LOCK_SCOPE(&readings->lock);
	struct reading **at = &readings->list;
	struct reading *found;

	while (*at && (*at)->state != READING_DONE)
		at = &(*at)->next;
	found = *at;
	if (!found)
		return NULL;
	*at = found->next;
	readings->count--;
	return found;
}

static int
send_one(struct reading *reading, struct channel *channel, struct err *err)
{
	CLEANUP_BUF struct buf text = BUF_INIT, inner = BUF_INIT;
	struct envelope *e = &reading->answer_envelope;

	if (!reading->answer.payload)
		return err_no_memory(err);
	e->is_answer = true;
	e->created_ns = clock_real_ns();
	memcpy(
	    e->request_id, reading->envelope.request_id, sizeof e->request_id);
	memcpy(e->relay_session_id, reading->envelope.relay_session_id,
	    sizeof e->relay_session_id);
	channel_payload_hash(channel, reading->answer.payload,
	    strlen(reading->answer.payload), e->payload_hash);
	envelope_write(&text, e);
	reading->answer.envelope = buf_take(&text);
	if (!reading->answer.envelope)
		return err_no_memory(err);
	parcel_write(&inner, &reading->answer);
	channel_put(channel, FRAME_RESPONSE, reading->answer.envelope,
	    strlen(reading->answer.envelope));
	return channel_put_message(channel, &inner, err);
}

int
readings_send(
    struct readings *readings, struct channel *channel, struct err *err)
{
	struct reading *reading;
	uint64_t drained;
	int rc = 0;

	(void)!read(readings->fd, &drained, sizeof drained);
	while (rc == 0 && channel_has_room(channel) &&
	       (reading = take_done(readings))) {
		rc = send_one(reading, channel, err);
		reading_free(reading);
	}
	return rc ? rc : !channel_has_room(channel);
}
