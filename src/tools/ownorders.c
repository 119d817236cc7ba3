/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * A writer is asked where it is the one that serves here; it is opened for
 * that if need be.  What it answers is held to the fields of `orders_list`
 * like any backend's answer.
 */

#include "tools/ownorders.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/log.h"
#include "host/writer.h"
#include "tools/fields.h"
#include "tools/schema.h"

static const struct tool list_shape = {
	.name = "list",
	.output = orders_output,
};

static const char *
account_of(const struct tool_call *call)
{
	return json_get_str(call->arguments, "account_id", "");
}

/* How far a writer can be asked. */
enum reach { REACH_NONE, REACH_NO_LIST, REACH_OPEN };

/*
 * The writer that took the orders, whichever is chosen now, if it may serve
 * here; it is opened only if it has a list: one that serves a single process
 * may be open elsewhere.
 */
static enum reach
writer_reach(const struct tool_call *call, const struct ledger_writer *which,
    struct instance **ret_writer)
{
	struct desk *desk = call->house->desk;
	CLEANUP_ERR struct err fault = ERR_INIT;
	struct plugin *plugin = NULL;
	int ret;

	if (desk_writer_fault(desk, which->mode, which->name))
		return REACH_NONE;
	ret = host_load(
	    desk_host(desk), IAG_KIND_WRITER, which->name, &plugin, &fault);
	if (ret == 0 && !writer_keeps_orders(plugin))
		return REACH_NO_LIST;
	if (ret == 0)
		ret = desk_writer(
		    desk, which->mode, which->name, ret_writer, &fault);
	if (ret == 0)
		return REACH_OPEN;
	log_warning("orders", "%s", err_text(&fault));
	return REACH_NONE;
}

static int
listed_take(struct own_orders *own, struct json_object *orders, bool simulated,
    struct err *err)
{
	size_t count = json_object_array_length(orders);
	struct listed *listed = reallocarray(
	    own->listed, own->listed_count + count + 1, sizeof(*listed));

	if (!listed)
		return err_no_memory(err);
	own->listed = listed;
	for (size_t i = 0; i < count; i++)
		listed[own->listed_count++] = (struct listed){
			.row = json_object_get(
			    json_object_array_get_idx(orders, i)),
			.simulated = simulated,
		};
	return 0;
}

static bool
is_about(struct json_object *orders, const char *account)
{
	for (size_t i = 0; i < json_object_array_length(orders); i++) {
		if (strcmp(json_get_str(json_object_array_get_idx(orders, i),
			       "account_id", ""),
			account) != 0)
			return false;
	}
	return true;
}

/* A list that breaks its contract counts as none. */
static int
answer_take(const struct tool_call *call, const struct instance *writer,
    const struct answer *answer, struct own_orders *own, struct err *err)
{
	CLEANUP_JSON struct json_object *root = NULL;
	const struct plugin *plugin = instance_plugin(writer);
	struct json_object *orders;
	bool complete;
	int ret = json_parse(
	    answer->json, answer->len, &json_bounds_default, &root, err);

	if (ret)
		return ret;
	complete = answer->flags & IAG_REPLY_COMPLETE &&
		   !(answer->flags & IAG_REPLY_COLD) &&
		   json_get_bool(root, "complete", true);
	if (json_object_is_type(root, json_type_object) &&
	    json_add_bool(root, "complete", complete))
		return err_no_memory(err);
	ret = schema_check_output(&list_shape, root, err);
	if (ret)
		return ret;
	orders = json_get(root, "orders");
	if (!is_about(orders, account_of(call)))
		return err_set(err, ERR_BROKER_RESPONSE_INVALID,
		    "the list is about another account");
	own->complete &= complete;
	return listed_take(
	    own, orders, plugin_hints(plugin) & IAG_HINT_SIMULATED, err);
}

static int
writer_ask(const struct tool_call *call, const struct ledger_writer *which,
    struct own_orders *own, struct err *err)
{
	struct instance *writer = NULL;
	enum reach reach = writer_reach(call, which, &writer);
	CLEANUP_ERR struct err fault = ERR_INIT;
	struct answer answer = { .json = NULL };
	int ret;

	own->complete &= reach != REACH_NONE;
	if (reach != REACH_OPEN) /* without a list, the backend has all */
		return 0;
	ret =
	    writer_list(writer, call->call, account_of(call), &answer, &fault);
	if (ret == 0)
		ret = answer_take(call, writer, &answer, own, &fault);
	answer_fini(&answer);
	if (ret == 0)
		return 0;
	if (call_is_over(call->call)) {
		err_move(err, &fault);
		return ret;
	}
	log_warning("orders", "the list of the writer '%s': %s", which->name,
	    err_text(&fault));
	own->complete = false;
	return 0;
}

/* One list serves both modes of an account. */
static bool
is_asked(const struct ledger *ledger, size_t at)
{
	for (size_t i = 0; i < at; i++) {
		if (config_name_equal(
			ledger->writers[i].name, ledger->writers[at].name))
			return true;
	}
	return false;
}

static int
writers_ask(
    const struct tool_call *call, struct own_orders *own, struct err *err)
{
	const struct ledger *ledger = &own->ledger;
	int ret = 0;

	own->complete = !ledger->cut;
	for (size_t i = 0; i < ledger->writer_count && ret == 0; i++) {
		if (!is_asked(ledger, i))
			ret = writer_ask(call, &ledger->writers[i], own, err);
	}
	return ret;
}

static bool
is_open(const struct tool_call *call)
{
	return call->house->journal && call->house->desk;
}

int
own_orders_load(const struct tool_call *call, uint64_t from_ns, uint64_t to_ns,
    struct own_orders *ret_own, struct err *err)
{
	int ret = !is_open(call)
		      ? 0
		      : ledger_load(call->house->journal, account_of(call),
			    from_ns, to_ns, &ret_own->ledger, err);

	ret_own->from_ns = from_ns;
	ret_own->to_ns = to_ns;
	return ret ? ret : writers_ask(call, ret_own, err);
}

int
own_orders_find(const struct tool_call *call, const char *id,
    struct own_orders *ret_own, struct err *err)
{
	int ret = ledger_find(
	    call->house->journal, account_of(call), id, &ret_own->ledger, err);

	return ret ? ret : writers_ask(call, ret_own, err);
}
