/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * A key that was used before answers with what it was used for, whatever the
 * gates say (ruling 6).
 */

#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "orders/settlement.h"
#include "orders/writecore.h"

/* Which legs of a bracket are where. */
static int
legs_add(struct json_object *obj, const struct intent *group)
{
	CLEANUP_JSON struct json_object *result = NULL;
	struct json_object *legs;

	if (!group->result || json_parse(group->result, strlen(group->result),
				  &json_bounds_default, &result, NULL))
		return 0;
	legs = json_get(result, "legs");
	return legs ? json_add(obj, "legs", json_object_get(legs)) : 0;
}

void
write_legs_tell(const struct intent *group, struct err *err)
{
	CLEANUP_JSON struct json_object *obj = json_object_new_object();
	CLEANUP_BUF struct buf text = BUF_INIT;

	if (!err || !obj || legs_add(obj, group) || !json_get(obj, "legs"))
		return;
	json_write(&text, obj, 0);
	if (!text.failed)
		err_details(err, buf_text(&text));
}

/* What is told of the first request, for programs. */
static void
details_set(const struct intent *intent, bool resolvable, struct err *err)
{
	CLEANUP_JSON struct json_object *obj = json_object_new_object();
	CLEANUP_BUF struct buf text = BUF_INIT, command = BUF_INIT;
	int ret = obj ? 0 : IAG_NOMEM;

	buf_printf(&command, "ibkr-agent orders resolve %s --account %s",
	    intent->key, intent->account);
	if (ret == 0)
		ret = json_add_str(obj, "account_id", intent->account);
	if (ret == 0)
		ret = json_add_str(obj, "idempotency_key", intent->key);
	if (ret == 0)
		ret = json_add_str(obj, "client_order_id", intent->client_ref);
	if (ret == 0)
		ret = json_add_str(
		    obj, "broker_order_id", intent->broker_order_id);
	if (ret == 0 && resolvable)
		ret = json_add_str(obj, "resolve_command", buf_text(&command));
	if (ret == 0 && intent->operation == OPERATION_GROUP)
		ret = legs_add(obj, intent);
	if (ret == 0 && !resolvable)
		ret = json_add_str(
		    obj, "first_outcome", intent_state_name(intent->state));
	if (ret || command.failed)
		return; /* the text says the same */
	json_write(&text, obj, 0);
	if (!text.failed)
		err_details(err, buf_text(&text));
}

int
write_unknown(const struct intent *intent, const char *cause, struct err *err)
{
	if (!err)
		return IAG_UNKNOWN;
	err_set(err, ERR_ORDER_OUTCOME_UNKNOWN,
	    "it is not known whether the broker has the %s with the key '%s'"
	    "%s%s",
	    order_operation_name(intent->operation), intent->key,
	    cause && *cause ? ": " : "", cause ? cause : "");
	err_action(err,
	    "do not send it again under another key; ask with the same key, "
	    "or run `ibkr-agent orders resolve %s --account %s`",
	    intent->key, intent->account);
	details_set(intent, true, err);
	err->unknown = true;
	return IAG_UNKNOWN;
}

static int
conflict(
    const struct write *write, const struct intent *intent, struct err *err)
{
	enum err_code code = write->mode == IAG_MODE_PAPER
				 ? ERR_PAPER_IDEMPOTENCY_CONFLICT
				 : ERR_IDEMPOTENCY_CONFLICT;

	err_set(err, code,
	    "the key '%s' was used for another request (%s, %s), which is %s",
	    intent->key, order_mode_name(intent->mode),
	    order_operation_name(intent->operation),
	    intent->state == INTENT_RECORDED
		? "in flight"
		: intent_state_name(intent->state));
	err_action(err, "use a new key for a new request");
	if (err)
		details_set(intent, false, err);
	return IAG_REJECTED;
}

/* Its sender may still be at it, or is gone for good. */
static int
recorded(
    const struct write *write, const struct intent *intent, struct err *err)
{
	struct desk *desk = write->call->desk;
	bool gone = true;
	int ret = 0;

	if (intent->incarnation == journal_incarnation(desk_journal(desk)))
		ret = desk_owner_is_gone(desk, intent->owner, &gone, err);
	if (ret)
		return ret;
	if (gone)
		return write_unknown(
		    intent, "the process that was sending it is gone", err);
	err_set(err, ERR_IDEMPOTENCY_IN_FLIGHT,
	    "the request with the key '%s' is on its way", intent->key);
	err_action(err, "ask again with the same key and the same arguments");
	if (err) {
		details_set(intent, false, err);
		err->unknown = true;
	}
	return IAG_UNKNOWN;
}

static int
done(const struct intent *intent, struct buf *out, struct err *err)
{
	CLEANUP_JSON struct json_object *obj = NULL;
	const char *text = intent->result ? intent->result : "";
	int ret =
	    json_parse(text, strlen(text), &json_bounds_default, &obj, NULL);

	if (ret || json_add_bool(obj, "replayed", true))
		return err_set(err, ERR_JOURNAL_CORRUPT,
		    "the intent with the key '%s' is done without a result",
		    intent->key);
	json_write(out, obj, 0);
	return 0;
}

int
write_answer(struct write *write, const struct intent *intent, struct buf *out,
    struct err *err)
{
	CLEANUP_ERR struct err first = ERR_INIT;
	int ret;

	if (strcmp(intent->request_digest, write->digest) != 0)
		return conflict(write, intent, err);
	switch (intent->state) {
	case INTENT_RECORDED:
		return recorded(write, intent, err);
	case INTENT_DONE:
		return done(intent, out, err);
	case INTENT_REFUSED:
		ret = settlement_fault_read(intent->error, err);
		if (intent->operation == OPERATION_GROUP)
			write_legs_tell(intent, err);
		return ret;
	case INTENT_UNKNOWN:
		break;
	}
	(void)settlement_fault_read(intent->error, &first);
	return write_unknown(intent, err_text(&first), err);
}

struct lookup {
	const struct write *write;
	struct intent *intent;
};

static int
lookup_step(struct journal_txn *txn, void *arg, struct err *err)
{
	struct lookup *lookup = arg;

	intent_fini(lookup->intent);
	return intent_get(txn, lookup->write->hash, lookup->write->key, "",
	    lookup->intent, err);
}

int
write_replay(struct write *write, struct buf *out, struct err *err)
{
	CLEANUP_INTENT struct intent intent;
	struct lookup lookup = { write, &intent };
	int ret;

	intent_init(&intent);
	ret = journal_view(
	    desk_journal(write->call->desk), lookup_step, &lookup, err);
	return ret ? ret : write_answer(write, &intent, out, err);
}
