/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The control interface: what a test or a script does to the world.  It
 * counts for no limit and meets no fault.
 */

#include <string.h>

#include <json-c/linkhash.h>

#include "base/cleanup.h"
#include "sim/match.h"
#include "sim/num.h"
#include "sim/pack.h"
#include "sim/route.h"
#include "sim/seed.h"
#include "sim/world.h"

#define LONG_MS INT64_C(316224000000)  /* ten years */
#define LAST_MS INT64_C(7258118400000) /* the year 2200 */
#define DOWN_MAX_MS 3600000
#define FACTOR_MAX 50

static void
done(struct call *call)
{
	call_pack(call, "{'ok':true}");
}

static void
bad(struct call *call, const struct err *err)
{
	call_error(call, 400, "%s", err_text(err));
}

/* A whole number of the body; false after answering. */
static bool
take(struct call *call, const char *name, int64_t least, int64_t most,
    int64_t *value)
{
	struct json_object *given = json_get(call->body, name);
	int64_t num = json_get_int(call->body, name, least - 1);

	if (!given)
		return true;
	if (num < least || num > most) {
		call_error(call, 400, "%s: expected %lld..%lld, got '%s'", name,
		    (long long)least, (long long)most,
		    json_object_get_string(given));
		return false;
	}
	*value = num;
	return true;
}

static void
login(struct call *call)
{
	struct sim *sim = call->sim;
	bool live = json_get_bool(call->body, "live", sim->settings.live);

	session_login(&sim->session, live, seed_next(&sim->seed), call->now_ms);
	sim->selected = account_first(&sim->accounts, live);
	for (size_t i = 0; i < ACCOUNT_COUNT; i++)
		sim->accounts.list[i].cold_until_ms = 0;
	done(call);
}

static void
event_end(struct call *call)
{
	session_logout(&call->sim->session);
}

static void
event_steal(struct call *call)
{
	session_steal(&call->sim->session);
}

static void
event_release(struct call *call)
{
	call->sim->session.rival = false;
}

static void
event_drop(struct call *call)
{
	session_drop(&call->sim->session);
}

static void
event_time_out(struct call *call)
{
	struct session *session = &call->sim->session;

	session->tickled_ms = call->now_ms - session->timeout_ms;
	session_step(session, call->now_ms);
}

static void
event_maintenance(struct call *call)
{
	int64_t for_ms = 60000;

	if (!take(call, "for_ms", 0, LONG_MS, &for_ms))
		return;
	call->sim->session.maintenance_ms = call->now_ms + for_ms;
	session_drop(&call->sim->session);
}

static const struct event {
	const char *name;
	void (*happen)(struct call *call);
} events[] = {
	{ "end", event_end },
	{ "steal", event_steal },
	{ "release", event_release },
	{ "drop", event_drop },
	{ "time_out", event_time_out },
	{ "maintenance", event_maintenance },
};

static void
session(struct call *call)
{
	const char *name = json_get_str(call->body, "event", "");

	for (size_t i = 0; i < ARRAY_COUNT(events); i++)
		if (strcmp(events[i].name, name) == 0) {
			events[i].happen(call);
			if (call->reply->status == 0)
				done(call);
			return;
		}
	call_error(call, 400,
	    "event: expected end, steal, release, drop, time_out or "
	    "maintenance, got '%s'",
	    name);
}

static void
set_clock(struct call *call)
{
	struct sim *sim = call->sim;
	int64_t by_ms = 0, to_ms = call->now_ms;

	if (!take(call, "set_ms", 0, LAST_MS, &to_ms) ||
	    !take(call, "advance_ms", -LONG_MS, LONG_MS, &by_ms))
		return;
	if (to_ms + by_ms < 0 || to_ms + by_ms > LAST_MS) {
		call_error(call, 400, "the clock cannot show that time");
		return;
	}
	sim->offset_ms += to_ms - call->now_ms + by_ms;
	sim_step(sim);
	call_pack(call, "{'now_ms':%l}", sim_now_ms(sim));
}

/* One fault, or a list of them. */
static void
add_faults(struct call *call)
{
	struct err err CLEANUP_ERR = ERR_INIT;
	struct json_object *specs = call->body;
	bool is_list = json_object_is_type(specs, json_type_array);
	size_t count = is_list ? json_object_array_length(specs) : 1;
	struct buf ids CLEANUP_BUF = BUF_INIT;

	for (size_t i = 0; i < count; i++) {
		struct json_object *spec =
		    is_list ? json_object_array_get_idx(specs, i) : specs;
		int64_t id;

		if (!json_object_is_type(spec, json_type_object) ||
		    faults_add(&call->sim->faults, spec, &id, &err)) {
			bad(call, &err);
			return;
		}
		pack_item(&ids, "%l", id);
	}
	call_pack(call, "{'ids':[%r]}", buf_text(&ids));
}

static void
clear_faults(struct call *call)
{
	faults_clear(&call->sim->faults);
	done(call);
}

static void
add_reaction(struct call *call)
{
	struct err err CLEANUP_ERR = ERR_INIT;

	if (reactions_add(&call->sim->reactions, call->body, &err))
		bad(call, &err);
	else
		done(call);
}

static void
clear_reactions(struct call *call)
{
	reactions_clear(&call->sim->reactions);
	done(call);
}

static void
set_quotes(struct call *call)
{
	struct sim *sim = call->sim;

	json_object_object_foreach (call->body, conid, spec) {
		struct err err CLEANUP_ERR = ERR_INIT;
		const struct contract *contract = contract_parse(conid);
		struct quote *quote =
		    contract ? market_get(&sim->market, contract) : NULL;

		if (!quote) {
			call_error(call, 400, "no contract '%s'", conid);
			return;
		}
		if (quote_set(quote, spec, call->now_ms, &err)) {
			bad(call, &err);
			return;
		}
	}
	match_run(&sim->book, &sim->market, call->now_ms);
	done(call);
}

static void
set_pacing(struct call *call)
{
	struct pacing *pacing = &call->sim->pacing;

	if (!take(call, "factor", 0, FACTOR_MAX, &pacing->factor))
		return;
	if (json_get_bool(call->body, "release", false)) {
		pacing->boxed_until_ms = 0;
		pacing->offences = 0;
	}
	done(call);
}

static const struct setting {
	const char *name;
	size_t at;
} settings[] = {
	{ "establish_ms", offsetof(struct sim, session.establish_ms) },
	{ "timeout_ms", offsetof(struct sim, session.timeout_ms) },
	{ "cancel_ms", offsetof(struct sim, book.cancel_ms) },
	{ "submit_ms", offsetof(struct sim, book.submit_ms) },
	{ "stale_ms", offsetof(struct sim, questions.stale_ms) },
	{ "warm_ms", offsetof(struct sim, warm_ms) },
};

static void
set_settings(struct call *call)
{
	for (size_t i = 0; i < ARRAY_COUNT(settings); i++) {
		char *at = (char *)call->sim + settings[i].at;
		int64_t *value = (int64_t *)(void *)at;

		if (!take(call, settings[i].name, 0, LONG_MS, value))
			return;
	}
	done(call);
}

static void
pad_positions(struct call *call)
{
	const char *id = json_get_str(call->body, "account", "");
	int64_t count = 0;
	struct account *account =
	    account_find(&call->sim->accounts, id, *id == 'U');

	if (!take(call, "count", 0, CONTRACT_FILLERS, &count))
		return;
	if (!account)
		call_error(call, 400, "no account '%s'", id);
	else if (account_pad(account, (size_t)count))
		call_known(call, KNOWN_SERVER_ERROR);
	else
		done(call);
}

static void
load_script(struct call *call)
{
	struct err err CLEANUP_ERR = ERR_INIT;

	if (sim_script(
		call->sim, call->request->body, call->request->body_len, &err))
		bad(call, &err);
	else
		done(call);
}

static bool
exchange_cancels(struct call *call, struct order *order)
{
	(void)call;
	order->status = STATUS_CANCELLED;
	order->by_system = true;
	return true;
}

/* All that is left at its own price, unless the body says otherwise. */
static bool
exchange_fills(struct call *call, struct order *order)
{
	int64_t left = order->quantity - order->filled, quantity = left;
	int64_t price = order->has_price ? order->price : NUM_ONE;

	(void)num_from_json(json_get(call->body, "quantity"), true, &quantity);
	(void)num_from_json(json_get(call->body, "price"), true, &price);
	if (quantity <= 0 || quantity > left) {
		call_error(call, 400, "quantity: not more than what is left");
		return false;
	}
	return book_trade(
		   &call->sim->book, order, quantity, price, call->now_ms) == 0;
}

static bool
exchange_says(struct call *call, struct order *order)
{
	const char *name = json_get_str(call->body, "status", "");

	for (int i = 0; i < ORDER_STATUS_COUNT; i++) {
		if (i == STATUS_FILLED ||
		    strcmp(order_status_name((enum order_status)i), name) != 0)
			continue;
		order->status = (enum order_status)i;
		order->cancel_ms = call->now_ms + call->sim->book.cancel_ms;
		return true;
	}
	call_error(call, 400,
	    "status: an order cannot be given the status '%s'", name);
	return false;
}

static const struct exchange_event {
	const char *name;
	bool (*happen)(struct call *call, struct order *order);
} exchange_events[] = {
	{ "cancel", exchange_cancels },
	{ "fill", exchange_fills },
	{ "status", exchange_says },
};

/* What the exchange does to an order without being asked. */
static void
change_order(struct call *call)
{
	const char *name = json_get_str(call->body, "event", "");
	int64_t id = json_get_int(call->body, "order_id", 0);
	struct order *order = book_find(&call->sim->book, id);

	if (!order || !order_is_alive(order)) {
		call_error(call, 400, "no live order %lld", (long long)id);
		return;
	}
	for (size_t i = 0; i < ARRAY_COUNT(exchange_events); i++) {
		if (strcmp(exchange_events[i].name, name) != 0)
			continue;
		order->changed_ms = call->now_ms;
		if (exchange_events[i].happen(call, order))
			done(call);
		else if (call->reply->status == 0)
			call_known(call, KNOWN_SERVER_ERROR);
		return;
	}
	call_error(call, 400, "event: expected cancel, fill or status");
}

static void
restart(struct call *call)
{
	struct sim_restart *due = &call->sim->restart;
	const char *certificate =
	    json_get_str(call->body, "certificate", "same");

	due->down_ms = 0;
	if (!take(call, "down_ms", 0, DOWN_MAX_MS, &due->down_ms))
		return;
	due->due = true;
	due->certificate = SIM_CERTIFICATE_SAME;
	if (strcmp(certificate, "expired") == 0)
		due->certificate = SIM_CERTIFICATE_EXPIRED;
	else if (strcmp(certificate, "new") == 0)
		due->certificate = SIM_CERTIFICATE_VALID;
	if (!json_get_bool(call->body, "keep_login", false))
		session_logout(&call->sim->session);
	done(call);
}

static const struct route routes[] = {
	{ "POST", "/sim/login", 0, login },
	{ "POST", "/sim/session", NEED_BODY, session },
	{ "POST", "/sim/clock", NEED_BODY, set_clock },
	{ "POST", "/sim/faults", 0, add_faults },
	{ "DELETE", "/sim/faults", 0, clear_faults },
	{ "POST", "/sim/reactions", NEED_BODY, add_reaction },
	{ "DELETE", "/sim/reactions", 0, clear_reactions },
	{ "POST", "/sim/quotes", NEED_BODY, set_quotes },
	{ "POST", "/sim/pacing", NEED_BODY, set_pacing },
	{ "POST", "/sim/settings", NEED_BODY, set_settings },
	{ "POST", "/sim/positions", NEED_BODY, pad_positions },
	{ "POST", "/sim/script", 0, load_script },
	{ "POST", "/sim/orders", NEED_BODY, change_order },
	{ "POST", "/sim/restart", 0, restart },
};
const struct family control_family = { routes, ARRAY_COUNT(routes) };
