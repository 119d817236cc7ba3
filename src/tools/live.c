/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* What the operator settles before live orders: checklist, activation, clock.
 */

#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "orders/killswitch.h"
#include "orders/market.h"
#include "tools/dispatch.h"
#include "tools/handlers.h"

static const char *
account_of(const struct tool_call *call)
{
	return json_get_str(call->arguments, "account_id", "");
}

int
checklist_show_handler(struct tool_call *call, struct err *err)
{
	return checklist_show(call->order, account_of(call), call->output, err);
}

/*
 * A checklist of an account that is nobody's would open nothing, and hide that
 * the right one's is missing.
 */
static int
account_check(const struct tool_call *call, struct err *err)
{
	const struct config *config = call->house->config;
	const char *account = account_of(call);
	CLEANUP_ERR struct err fault = ERR_INIT;
	uint32_t mode = 0;
	int ret;

	if (config_list_has(&config->live_trading.allowed_accounts, account))
		return 0;
	if (call->house->backend &&
	    market_account_mode(
		call->house->backend, call->call, account, &mode, &fault) == 0)
		return 0;
	ret = err_set(err, ERR_INPUT_UNAUTHORIZED_ACCOUNT,
	    "the account '%s' is not in live_trading.allowed_accounts, and "
	    "the broker does not show it: %s",
	    account,
	    call->house->backend ? err_text(&fault) : "no backend is open");
	err_action(err,
	    "use an account that `ibkr-agent accounts list` shows, or add it "
	    "to live_trading.allowed_accounts");
	return ret;
}

/* The fields allow as many as there are. */
static int
items_set(struct tool_call *call, bool acknowledge, struct err *err)
{
	struct json_object *list = json_get(call->arguments, "items");
	const char *items[ARRAY_COUNT(checklist_items)] = { NULL };
	size_t count = list ? json_object_array_length(list) : 0;

	if (count > ARRAY_COUNT(items))
		return err_set(err, ERR_INPUT_INVALID,
		    "'items': expected at most %zu", ARRAY_COUNT(items));
	for (size_t i = 0; i < count; i++)
		items[i] =
		    json_object_get_string(json_object_array_get_idx(list, i));
	return checklist_set(call->order, account_of(call), items, count,
	    acknowledge, call->output, err);
}

int
checklist_acknowledge_handler(struct tool_call *call, struct err *err)
{
	int ret = account_check(call, err);

	return ret ? ret : items_set(call, true, err);
}

int
checklist_revoke_handler(struct tool_call *call, struct err *err)
{
	return items_set(call, false, err);
}

int
activate_handler(struct tool_call *call, struct err *err)
{
	return activation_set(call->order, call->output, err);
}

int
clock_handler(struct tool_call *call, struct err *err)
{
	const char *reason = json_get_str(call->arguments, "reason", "");

	if (!json_get_bool(call->arguments, "accept", false))
		return clock_show(call->order, call->output, err);
	if (!*reason)
		return err_set(err, ERR_INPUT_INVALID,
		    "'reason': expected why the clock is accepted, got ''");
	call->order->success = "live_clock_accepted";
	return clock_accept(call->order, reason, call->output, err);
}
