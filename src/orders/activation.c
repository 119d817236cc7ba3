/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The live configuration in force (ruling 14): what the store says that the
 * operator has activated, against what this process was started with.
 */

#include <string.h>

#include <json-c/linkhash.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "journal/outcome.h"
#include "journal/record.h"
#include "orders/killswitch.h"
#include "orders/limits.h"
#include "orders/row.h"

static const char config_key[] = "live/config";

static int
add_list(
    struct json_object *obj, const char *name, const struct config_list *list)
{
	struct json_object *array = json_object_new_array();
	struct json_object *item;

	if (json_add(obj, name, array) || !array)
		return IAG_NOMEM;
	for (size_t i = 0; i < list->count; i++) {
		item = json_object_new_string(list->items[i]);
		if (!item || json_object_array_add(array, item)) {
			(void)json_object_put(item);
			return IAG_NOMEM;
		}
	}
	return 0;
}

/* Each policy by its digest: which one differs is what a person wants. */
static int
add_policies(
    struct json_object *obj, const struct config *config, struct err *err)
{
	char digest[HASH_HEX_SIZE];
	CLEANUP_BUF struct buf name = BUF_INIT;
	int ret = 0;

	for (size_t i = 0; i < config->policy_count && ret == 0; i++) {
		ret = limits_digest(&config->policies[i], digest, err);
		buf_reset(&name);
		buf_printf(&name, "risk_policies.%s", config->policies[i].id);
		if (ret == 0 && json_add_str(obj, buf_text(&name), digest))
			ret = err_no_memory(err);
	}
	return ret;
}

static int
add_live(struct json_object *obj, const struct config *config)
{
	int ret = add_list(obj, "live_trading.allowed_accounts",
	    &config->live_trading.allowed_accounts);

	if (ret == 0)
		ret = add_list(obj, "live_trading.allowed_writers",
		    &config->live_trading.allowed_writers);
	if (ret == 0)
		ret = add_list(
		    obj, "broker.questions", &config->broker.questions);
	if (ret == 0)
		ret = add_list(
		    obj, "approvals.approvers", &config->approvals.approvers);
	if (ret == 0)
		ret = json_add_str(obj, "approvals.live_policy",
		    config->approvals.live_policy);
	if (ret == 0)
		ret = json_add_str(obj, "live_trading.risk_policy_id",
		    config->live_trading.risk_policy_id);
	if (ret == 0)
		ret = json_add_str(
		    obj, "live_trading.writer", config->live_trading.writer);
	if (ret == 0)
		ret = json_add_bool(obj, "live_trading.sequential_brackets",
		    config->live_trading.sequential_brackets);
	if (ret == 0)
		ret = json_add_bool(obj, "live_trading.allow_simulated",
		    config->live_trading.allow_simulated);
	return ret ? ret
		   : json_add_str(
			 obj, "broker.backend", config->broker.backend);
}

int
activation_digest(const struct config *config, char ret_hex[HASH_HEX_SIZE],
    struct buf *ret_text, struct err *err)
{
	CLEANUP_JSON struct json_object *obj = json_object_new_object();
	uint8_t digest[HASH_SIZE];
	int ret;

	buf_reset(ret_text);
	if (!obj || add_live(obj, config))
		return err_no_memory(err);
	ret = add_policies(obj, config, err);
	if (ret == 0)
		ret = json_canon(ret_text, obj, err);
	if (ret)
		return ret;
	if (ret_text->failed)
		return err_no_memory(err);
	hash_sha256(ret_text->data, ret_text->len, digest);
	hash_hex(digest, ret_hex);
	return 0;
}

/* Members of a that b has not, or has otherwise. */
static void
differences(struct json_object *a, struct json_object *b, bool only_missing,
    struct buf *why)
{
	struct json_object *there;

	json_object_object_foreach (a, name, value) {
		there = NULL;
		if (json_object_object_get_ex(b, name, &there) &&
		    (only_missing || json_object_equal(value, there)))
			continue;
		buf_printf(why, "%s%s", why->len ? ", " : "", name);
	}
}

static int
compare(const char *stored, const char *own, struct buf *why, struct err *err)
{
	CLEANUP_JSON struct json_object *a = NULL;
	CLEANUP_JSON struct json_object *b = NULL;
	int ret =
	    json_parse(stored, strlen(stored), &json_bounds_default, &a, NULL);

	if (ret == 0)
		ret = json_parse(
		    own, strlen(own), &json_bounds_default, &b, NULL);
	if (ret || !a || !b)
		return err_set(err, ERR_JOURNAL_CORRUPT,
		    "the live configuration in force cannot be read");
	differences(b, a, false, why);
	differences(a, b, true, why);
	return 0;
}

static struct iag_bytes
row_key(void)
{
	return (struct iag_bytes){ config_key, strlen(config_key) };
}

int
activation_compare(const struct config *config, struct journal_txn *txn,
    bool *ret_active, struct buf *why, struct err *err)
{
	CLEANUP_JSON struct json_object *row = NULL;
	CLEANUP_BUF struct buf own = BUF_INIT;
	char digest[HASH_HEX_SIZE];
	int ret = activation_digest(config, digest, &own, err);

	*ret_active = false;
	if (ret == 0)
		ret = row_get(txn, TABLE_STATE, row_key(), &row,
		    "the live configuration", err);
	if (ret == IAG_NOTFOUND) {
		buf_str(why, "no live configuration was activated");
		return 0;
	}
	if (ret)
		return ret;
	*ret_active = strcmp(json_get_str(row, "digest", ""), digest) == 0;
	return *ret_active ? 0
			   : compare(json_get_str(row, "text", "{}"),
				 buf_text(&own), why, err);
}

int
activation_check(struct desk *desk, struct journal_txn *txn, bool *ret_active,
    struct buf *why, struct err *err)
{
	const struct err *fault = desk_activation_fault(desk);
	struct iag_bytes row;
	int ret;

	if (fault) {
		*ret_active = false;
		buf_printf(
		    why, "its digest could not be made: %s", err_text(fault));
		return 0;
	}
	ret = txn_get(txn, TABLE_STATE, row_key(), &row, err);
	if (ret && ret != IAG_NOTFOUND)
		return ret;
	*ret_active = ret == 0 && record_has_str(row.data, row.len, "digest",
				      desk_activation(desk));
	return *ret_active ? 0
			   : activation_compare(
				 desk_config(desk), txn, ret_active, why, err);
}

struct step {
	struct order_call *call;
	struct buf text, why;
	char digest[HASH_HEX_SIZE];
	bool only_first; /* leave one that is there */
	bool kept;
	struct buf *out;
};

static int
step_put(const struct step *step, struct journal_txn *txn, struct err *err)
{
	CLEANUP_JSON struct json_object *row = json_object_new_object();
	char now[CLOCK_TEXT_SIZE];
	int ret = json_add_str(row, "digest", step->digest);

	clock_format(txn_now_ns(txn), now);
	if (ret == 0)
		ret = json_add_str(row, "text", buf_text(&step->text));
	if (ret == 0)
		ret = json_add_str(row, "by", step->call->principal);
	if (ret == 0)
		ret = json_add_str(row, "at", now);
	return ret ? err_no_memory(err)
		   : row_put(txn, TABLE_STATE, row_key(), row, err);
}

/* What was in force before, and how it differs. */
static int
step_compare(struct step *step, struct journal_txn *txn, struct err *err)
{
	CLEANUP_JSON struct json_object *row = NULL;
	int ret = row_get(
	    txn, TABLE_STATE, row_key(), &row, "the live configuration", err);

	step->kept = false;
	buf_reset(&step->why);
	if (ret)
		return ret == IAG_NOTFOUND ? 0 : ret;
	step->kept = step->only_first;
	return compare(json_get_str(row, "text", "{}"), buf_text(&step->text),
	    &step->why, err);
}

static int
set_step(struct journal_txn *txn, void *arg, struct err *err)
{
	struct step *step = arg;
	struct audit_event event = *step->call->event;
	int ret = step_compare(step, txn, err);

	if (ret == 0 && step->kept)
		return IAG_REJECTED; /* nothing is to be written */
	if (ret == 0)
		ret = step_put(step, txn, err);
	if (ret)
		return ret;
	if (step->only_first) {
		event.event_id[0] = '\0';
		audit_outcome(&event, "live_configuration_activated", NULL);
		return txn_audit(txn, &event, err);
	}
	buf_reset(step->out);
	buf_printf(
	    step->out, "{\"activated\":true,\"digest\":\"%s\"", step->digest);
	if (step->why.len) {
		buf_str(step->out, ",\"changed\":");
		json_write_string(
		    step->out, buf_text(&step->why), step->why.len);
	}
	buf_char(step->out, '}');
	audit_outcome(&event, step->call->success, NULL);
	event.output =
	    (struct iag_bytes){ buf_text(step->out), step->out->len };
	return txn_audit(txn, &event, err);
}

static int
step_run(struct step *step, struct err *err)
{
	struct order_call *call = step->call;
	int ret = activation_digest(
	    desk_config(call->desk), step->digest, &step->text, err);

	if (ret == 0)
		ret = journal_update(
		    desk_journal(call->desk), call->call, set_step, step, err);
	buf_fini(&step->text);
	buf_fini(&step->why);
	return ret;
}

int
activation_set(struct order_call *call, struct buf *out, struct err *err)
{
	struct step step = { .call = call, .out = out };
	int ret = step_run(&step, err);

	if (ret == 0)
		call->recorded = true;
	return ret;
}

static int
is_there(struct journal_txn *txn, void *arg, struct err *err)
{
	struct iag_bytes value;

	(void)arg;
	return txn_get(txn, TABLE_STATE, row_key(), &value, err);
}

int
activation_ensure(struct order_call *call, struct err *err)
{
	struct step step = { .call = call, .only_first = true };
	const struct config *config = desk_config(call->desk);
	int ret;

	/* what has no digest is refused by its gate */
	if (!config->live_trading.enabled ||
	    !config->safety.live_trading_enabled ||
	    desk_activation_fault(call->desk))
		return 0;
	ret = journal_view(desk_journal(call->desk), is_there, NULL, err);
	if (ret != IAG_NOTFOUND)
		return ret;
	ret = step_run(&step, err);
	return ret == IAG_REJECTED && step.kept ? 0 : ret;
}
