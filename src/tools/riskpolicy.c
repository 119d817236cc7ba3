/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * One risk policy as the configuration has it, under the names of the
 * configuration, so that a caller can see what an order will be held to.
 */

#include "tools/riskpolicy.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/nearest.h"
#include "orders/limits.h"
#include "tools/dispatch.h"
#include "tools/fields.h"

/* A configuration file has no room for more. */
enum { SYMBOLS_MAX = 1000000 };

static const struct field amount[] = {
	DEC("amount", REQ, "Amount"),
	STR("currency", REQ, "ISO 4217"),
	END,
};

static const struct field frequency[] = {
	INT("max_orders", REQ, 0, 0, "Orders in the window"),
	INT("window_seconds", REQ, 0, 0, "Length of the window"),
	END,
};

static const struct field session[] = {
	INT("max_orders_per_session", 0, 0, 0, "Orders in a session"),
	OBJ("max_session_notional", 0, amount, "Value of a session's orders"),
	STR("timezone", 0, "Of the session's start"),
	STR("starts_at", 0, "HH:MM"),
	END,
};

static const struct field policy_input[] = {
	LEN("policy_id", REQ, 256, "Id of the policy"),
	END,
};

static const struct field policy_output[] = {
	STR("policy_id", REQ, "Id of the policy"),
	BOOL("enabled", REQ, "A disabled policy refuses every order"),
	ITEMS("used_for", REQ, FIELD_STRING, "live, paper or neither"),
	OBJ("max_notional", 0, amount, "Most that one order may be worth"),
	DEC("max_quantity", 0, "Most that one order may ask for"),
	{ .name = "allowed_symbols",
	    .type = FIELD_ARRAY,
	    .flags = REQ,
	    .items = FIELD_STRING,
	    .max = SYMBOLS_MAX,
	    .description = "Symbols that may be traded" },
	ITEMS("allowed_asset_classes", REQ, FIELD_STRING,
	    "Asset classes that may be traded"),
	OBJ("frequency_limit", 0, frequency, "Most orders in a while"),
	OBJ("session_limit", 0, session, "Most orders in a trading day"),
	INT("max_price_deviation_bps", 0, 0, 0, "From the market price"),
	INT("max_quote_age_seconds", 0, 0, 0, "Age of the quote"),
	END,
};

const struct tool risk_policy_row = {
	.name = "ibkr_policy_read",
	.title = "Risk policy",
	.description = "One risk policy, by id",
	.scope = "ibkr:risk:read",
	.flags = TOOL_READ_ONLY | TOOL_IDEMPOTENT,
	.input = policy_input,
	.output = policy_output,
	.handler = risk_policy_handler,
	.event = "tool_completed",
};

static int
add_list(struct json_object *to, const char *key, const char *const *items,
    size_t count)
{
	struct json_object *list = json_object_new_array();
	int ret = json_add(to, key, list);

	for (size_t i = 0; ret == 0 && i < count; i++)
		ret = json_object_array_add(
		    list, json_object_new_string(items[i]));
	return ret;
}

static int
add_amount(struct json_object *to, const char *key, const char *value,
    const char *currency)
{
	struct json_object *obj;
	int ret;

	if (!value)
		return 0;
	obj = json_object_new_object();
	ret = json_add_str(obj, "amount", value);
	ret |= json_add_str(obj, "currency", currency);
	return json_add(to, key, obj) | ret;
}

static int
add_limit(struct json_object *to, const char *key, uint32_t value)
{
	return value ? json_add_int(to, key, value) : 0;
}

/* An object without members is left out. */
static int
add_some(struct json_object *to, const char *key, struct json_object *obj)
{
	if (obj && json_object_object_length(obj) == 0) {
		(void)json_object_put(obj);
		return 0;
	}
	return json_add(to, key, obj);
}

static int
add_counts(struct json_object *to, const struct risk_policy *policy)
{
	struct json_object *often = json_object_new_object();
	struct json_object *day = json_object_new_object();
	int ret;

	if (policy->window_max_orders) {
		ret = add_limit(often, "max_orders", policy->window_max_orders);
		ret |=
		    add_limit(often, "window_seconds", policy->window_seconds);
	} else {
		ret = 0;
	}
	ret |= add_limit(
	    day, "max_orders_per_session", policy->session_max_orders);
	ret |= add_amount(day, "max_session_notional",
	    policy->session_max_notional_amount,
	    policy->session_max_notional_currency);
	if (json_object_object_length(day) > 0) {
		ret |= json_add_str(day, "timezone", policy->session_timezone);
		ret |=
		    json_add_str(day, "starts_at", policy->session_starts_at);
	}
	ret |= add_some(to, "frequency_limit", often);
	return add_some(to, "session_limit", day) | ret;
}

static bool
is_id(const char *configured, const char *id)
{
	return configured && strcmp(configured, id) == 0;
}

static int
policy_write(struct json_object *to, const struct config *config,
    const struct risk_policy *policy)
{
	const char *uses[2];
	size_t count = 0;
	int ret;

	if (is_id(config->live_trading.risk_policy_id, policy->id))
		uses[count++] = "live";
	if (is_id(config->paper_trading.risk_policy_id, policy->id))
		uses[count++] = "paper";
	ret = json_add_str(to, "policy_id", policy->id);
	ret |= json_add_bool(to, "enabled", policy->enabled);
	ret |= add_list(to, "used_for", uses, count);
	ret |= add_amount(to, "max_notional", policy->max_notional_amount,
	    policy->max_notional_currency);
	ret |= json_add_str(to, "max_quantity", policy->max_quantity);
	ret |= add_list(to, "allowed_symbols",
	    (const char *const *)policy->allowed_symbols.items,
	    policy->allowed_symbols.count);
	ret |= add_list(to, "allowed_asset_classes",
	    (const char *const *)policy->allowed_asset_classes.items,
	    policy->allowed_asset_classes.count);
	ret |= add_counts(to, policy);
	ret |= add_limit(
	    to, "max_price_deviation_bps", policy->max_price_deviation_bps);
	return ret | add_limit(to, "max_quote_age_seconds",
			 policy->max_quote_age_seconds);
}

static int
policy_refuse(const struct config *config, const char *id, struct err *err)
{
	struct nearest nearest = NEAREST_INIT(id);
	CLEANUP_BUF struct buf hint = BUF_INIT;
	CLEANUP_BUF struct buf list = BUF_INIT;
	int ret;

	for (size_t i = 0; i < config->policy_count; i++) {
		nearest_add(&nearest, config->policies[i].id);
		buf_printf(
		    &list, "%s'%s'", i ? ", " : "", config->policies[i].id);
	}
	nearest_write(&nearest, &hint);
	ret = err_set(err, ERR_INPUT_INVALID,
	    "there is no risk policy '%s'%s; configured: %s", id,
	    buf_text(&hint), list.len ? buf_text(&list) : "none");
	err_action(err, "name a policy of risk_policies");
	return ret;
}

int
risk_policy_handler(struct tool_call *call, struct err *err)
{
	const struct config *config = call->house->config;
	const char *id = json_get_str(call->arguments, "policy_id", "");
	CLEANUP_JSON struct json_object *out = json_object_new_object();
	const struct risk_policy *policy = limits_policy(config, id);

	if (!policy)
		return policy_refuse(config, id, err);
	if (policy_write(out, config, policy))
		return err_no_memory(err);
	json_write(call->output, out, 0);
	return 0;
}
