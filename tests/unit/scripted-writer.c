/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* See scripted-writer.h. */

#include "scripted-writer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "orders/desk.h"
#include "orders/market.h"

struct scripted_writer scripted;

void
scripted_reset(void)
{
	memset(&scripted, 0, sizeof(scripted));
	scripted.answer = IAG_FIND_ABSENT;
	scripted.session = "s1";
	scripted.since_ns = 1;
	scripted.id = "B-1";
	scripted.orders = "[]";
	scripted.trades = "[]";
}

/* ---- desk.h */

const char *
desk_writer_fault(const struct desk *desk, uint32_t mode, const char *name)
{
	(void)desk;
	(void)mode;
	(void)name;
	return scripted.fault;
}

int
desk_writer(struct desk *desk, uint32_t mode, const char *name,
    struct instance **ret_writer, struct err *err)
{
	(void)desk;
	(void)mode;
	(void)name;
	(void)err;
	/* any pointer will do */
	*ret_writer = (struct instance *)&scripted;
	return 0;
}

/* ---- market.h */

static int
status_tell(struct json_object **ret_obj, struct err *err)
{
	int ret;

	if (scripted.is_mute)
		return err_set(
		    err, ERR_BROKER_BACKEND_UNAVAILABLE, "no answer today");
	if (scripted.by_id)
		return json_parse(scripted.by_id, strlen(scripted.by_id),
		    &json_bounds_default, ret_obj, err);
	ret = err_set(err, ERR_BROKER_CAPABILITY_UNAVAILABLE, "no such order");
	if (err)
		err->missing = true;
	return ret;
}

int
market_ask(struct instance *backend, struct call *call, const char *operation,
    struct json_object *arguments, struct answer *ret_answer,
    struct json_object **ret_obj, struct err *err)
{
	char text[1024], from[CLOCK_TEXT_SIZE], kept[CLOCK_TEXT_SIZE];
	bool is_older;

	(void)backend;
	(void)call;
	(void)snprintf(
	    from, sizeof(from), "%s", json_get_str(arguments, "from", ""));
	clock_format(scripted.kept_ns, kept);
	is_older = scripted.kept_ns && strcmp(from, kept) < 0;
	(void)json_object_put(arguments);
	if (strcmp(operation, "order_status") == 0)
		return status_tell(ret_obj, err);
	if (strcmp(operation, "executions_list") != 0 || !scripted.trades)
		return err_set(
		    err, ERR_BROKER_BACKEND_UNAVAILABLE, "no trades today");
	(void)snprintf(text, sizeof(text),
	    "{\"executions\":%s,\"complete\":true}", scripted.trades);
	*ret_answer = (struct answer){
		.flags = scripted.is_cut || is_older ? 0 : IAG_REPLY_COMPLETE,
	};
	return json_parse(
	    text, strlen(text), &json_bounds_default, ret_obj, err);
}

/* ---- host/writer.h */

void
writer_ack_fini(struct writer_ack *ack)
{
	free(ack->broker_order_id);
	free(ack->client_ref);
	free(ack->broker_status);
	free(ack->filled_quantity);
	free(ack->average_price);
	memset(ack, 0, sizeof(*ack));
}

void
writer_find_result_fini(struct writer_find_result *result)
{
	free(result->session);
	writer_ack_fini(&result->ack);
	memset(result, 0, sizeof(*result));
}

uint64_t
writer_max_flight_ns(const struct instance *writer)
{
	(void)writer;
	return scripted.max_flight_ns;
}

int
writer_find(struct instance *writer, struct call *call,
    const struct iag_target *target, struct writer_find_result *ret_result,
    struct err *err)
{
	char id[16];

	(void)writer;
	(void)call;
	scripted.finds++;
	if (scripted.during)
		scripted.during(scripted.during_arg);
	memset(ret_result, 0, sizeof(*ret_result));
	if (!scripted.answer)
		return err_set(err, ERR_BROKER_SESSION_REQUIRED, "log in");
	ret_result->answer = scripted.answer;
	ret_result->complete = !scripted.is_cold;
	ret_result->since_ns = scripted.since_ns;
	if (scripted.session)
		ret_result->session = strdup(scripted.session);
	if (scripted.answer != IAG_FIND_FOUND)
		return 0;
	ret_result->ack.status = scripted.status;
	(void)snprintf(id, sizeof(id), "B-%u", scripted.finds);
	ret_result->ack.broker_order_id =
	    strdup(scripted.id ? scripted.id : id);
	if (target->client_ref)
		ret_result->ack.client_ref = strdup(target->client_ref);
	if (scripted.filled)
		ret_result->ack.filled_quantity = strdup(scripted.filled);
	return 0;
}

int
writer_list(struct instance *writer, struct call *call, const char *account,
    struct answer *ret_answer, struct err *err)
{
	char *text;
	int len;

	(void)writer;
	(void)call;
	(void)account;
	scripted.lists++;
	if (!scripted.orders)
		return err_set(err, ERR_BROKER_SESSION_REQUIRED, "log in");
	len = asprintf(
	    &text, "{\"orders\":%s,\"complete\":true}", scripted.orders);
	if (len < 0)
		return err_set(err, ERR_OUT_OF_MEMORY, "out of memory");
	*ret_answer = (struct answer){
		.json = text,
		.len = (size_t)len,
		.flags = scripted.is_partial ? 0 : IAG_REPLY_COMPLETE,
	};
	return 0;
}

/* ---- what a reconciler never does */

static int
sent(const struct write_watch *watch, struct err *err)
{
	scripted.sends++;
	if (watch && watch->drop)
		watch->drop(watch->arg);
	return err_set(err, ERR_INTERNAL_ERROR, "it was sent");
}

int
writer_submit(struct instance *writer, struct call *call,
    const struct write_watch *watch, const struct iag_order *order,
    struct writer_result *ret_result, struct err *err)
{
	(void)writer;
	(void)call;
	(void)order;
	(void)ret_result;
	return sent(watch, err);
}

int
writer_cancel(struct instance *writer, struct call *call,
    const struct write_watch *watch, const struct iag_target *target,
    struct writer_result *ret_result, struct err *err)
{
	(void)writer;
	(void)call;
	(void)target;
	(void)ret_result;
	return sent(watch, err);
}
