/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Previews are made: what a draft's judgement left standing is digested and
 * stored with the call's record in one transaction.  The risk policy is
 * judged in that transaction, by the counts that it sees.
 */

#include "orders/preview.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "journal/outcome.h"
#include "orders/draft.h"
#include "orders/previewresult.h"

/* One request; what the step computes is made anew each time it runs. */
struct making {
	struct order_call *call;
	struct draft draft;
	struct verdicts limits;
	struct preview previews[GROUP_LEGS];
	char group_id[ID_TEXT_SIZE];
	struct buf *out;
};

static void
previews_fini(struct making *making)
{
	for (size_t i = 0; i < GROUP_LEGS; i++)
		preview_fini(&making->previews[i]);
}

static void
making_init(struct making *making, struct order_call *call, struct buf *out)
{
	*making = (struct making){ .call = call, .out = out };
	draft_init(&making->draft, call);
	for (size_t i = 0; i < GROUP_LEGS; i++)
		preview_init(&making->previews[i]);
}

static void
making_fini(struct making *making)
{
	previews_fini(making);
	verdicts_fini(&making->limits);
	draft_fini(&making->draft);
}
#define CLEANUP_MAKING __attribute__((cleanup(making_fini)))

/* Previews are switched on, by configuration and command both. */
static int
feature_check(const struct order_call *call, struct err *err)
{
	const struct config *config = desk_config(call->desk);
	CLEANUP_VERDICTS struct verdicts verdicts = VERDICTS_INIT;

	if (config->order_preview.enabled && call->flags->preview)
		return 0;
	verdicts_add(&verdicts, "feature", "ORDER_PREVIEW_DISABLED", false,
	    "on", config->order_preview.enabled ? "not asked for" : "off",
	    config->order_preview.enabled
		? "give --enable-preview"
		: "the operator sets order_preview.enabled");
	return verdicts_refuse(&verdicts, ERR_ORDER_PREVIEW_DISABLED, err);
}

static int
preview_texts(const struct making *making, struct preview *preview, size_t leg,
    struct err *err)
{
	const struct draft *draft = &making->draft;
	const char *group_id = *making->group_id ? making->group_id : NULL;
	const struct {
		char **text;
		const char *value;
	} members[] = {
		{ &preview->writer, draft->writer },
		{ &preview->connection, desk_connection(making->call->desk) },
		{ &preview->policy_id, draft->policy.id },
		{ &preview->group_id, group_id },
		{ &preview->group_role, group_id ? group_roles[leg] : NULL },
		{ &preview->created_by, making->call->principal },
	};
	int ret = 0;

	for (size_t i = 0; ret == 0 && i < ARRAY_COUNT(members); i++)
		ret = text_set(members[i].text, members[i].value, err);
	return ret;
}

static int
preview_digest(struct preview *preview, struct err *err)
{
	const struct order_frame frame = {
		.preview_id = preview->id,
		.writer = preview->writer,
		.connection = preview->connection,
		.policy_digest = preview->policy_digest,
		.group_id = preview->group_id,
		.group_role = preview->group_role,
	};

	return order_digest(&preview->order, &frame, preview->digest, err);
}

static int
preview_fill(
    struct making *making, size_t leg, uint64_t now_ns, struct err *err)
{
	struct desk *desk = making->call->desk;
	struct preview *preview = &making->previews[leg];
	int ret;

	id_new(preview->id);
	memcpy(preview->policy_digest, making->draft.policy.digest,
	    sizeof(preview->policy_digest));
	preview->created_ns = now_ns;
	preview->expires_ns =
	    now_ns +
	    desk_config(desk)->order_preview.expiration_seconds * NS_PER_S;
	preview->incarnation = journal_incarnation(desk_journal(desk));
	ret = order_copy(&preview->order, &making->draft.orders[leg], err);
	ret = ret ? ret : preview_texts(making, preview, leg, err);
	return ret ? ret : preview_digest(preview, err);
}

static int
previews_store(struct journal_txn *txn, struct making *making, struct err *err)
{
	const char *ids[GROUP_LEGS];
	int ret = 0;

	if (making->draft.count > 1)
		id_new(making->group_id);
	for (size_t i = 0; ret == 0 && i < making->draft.count; i++) {
		ret = preview_fill(making, i, txn_now_ns(txn), err);
		if (ret == 0)
			ret = preview_put(txn, &making->previews[i], err);
		ids[i] = making->previews[i].id;
	}
	if (ret == 0 && making->draft.count > 1)
		ret = preview_group_put(txn, making->group_id, ids, err);
	return ret;
}

/* What the record names besides the hashes of input and output. */
static int
metadata_make(const struct making *making, struct json_object **ret_obj)
{
	CLEANUP_JSON struct json_object *obj = json_object_new_object();
	const struct preview *preview = &making->previews[0];
	int ret;

	if (*making->group_id)
		ret = json_add_str(obj, "group_id", making->group_id);
	else
		ret = json_add_str(obj, "preview_id", preview->id);
	ret |= json_add_str(obj, "digest", preview->digest);
	ret |= json_add_str(obj, "mode", order_mode_name(preview->order.mode));
	if (ret == 0)
		*ret_obj = STEAL(obj);
	return ret;
}

static int
record(struct journal_txn *txn, const struct making *making, struct err *err)
{
	const struct order_call *call = making->call;
	CLEANUP_JSON struct json_object *metadata = NULL;
	struct audit_event event = *call->event;

	if (metadata_make(making, &metadata))
		return err_set(
		    err, ERR_OUT_OF_MEMORY, "no memory for a preview");
	audit_outcome(&event, call->success, NULL);
	event.output =
	    (struct iag_bytes){ buf_text(making->out), making->out->len };
	event.metadata = metadata;
	return txn_audit(txn, &event, err);
}

static int
make_step(struct journal_txn *txn, void *arg, struct err *err)
{
	struct making *making = arg;
	int ret;

	previews_fini(making);
	verdicts_fini(&making->limits);
	buf_reset(making->out);
	ret = draft_limits(txn, &making->draft, &making->limits, err);
	if (ret)
		return ret;
	if (!verdicts_pass(&making->draft.verdicts) ||
	    !verdicts_pass(&making->limits))
		return IAG_REJECTED; /* nothing is stored; all is said later */
	ret = previews_store(txn, making, err);
	if (ret == 0)
		ret = previewresult_write(making->out, &making->draft,
		    making->previews, making->call->event->event_id, err);
	return ret ? ret : record(txn, making, err);
}

static int
make(struct making *making, struct err *err)
{
	struct order_call *call = making->call;
	struct draft *draft = &making->draft;
	int ret = draft_look(draft, err);

	if (ret)
		return ret;
	ret = journal_update(
	    desk_journal(call->desk), call->call, make_step, making, err);
	if (ret == 0)
		call->recorded = true;
	verdicts_append(&draft->verdicts, &making->limits);
	if (ret != IAG_REJECTED || verdicts_pass(&draft->verdicts))
		return ret;
	return verdicts_refuse(
	    &draft->verdicts, draft_code(draft, &draft->verdicts), err);
}

int
preview_make(struct order_call *call, struct json_object *arguments,
    struct buf *out, struct err *err)
{
	CLEANUP_MAKING struct making making;
	int ret;

	making_init(&making, call, out);
	ret = feature_check(call, err);
	if (ret == 0)
		ret = draft_read(&making.draft, arguments, err);
	making.draft.replaces =
	    json_get_str(arguments, "broker_order_id", NULL);
	return ret ? ret : make(&making, err);
}

int
preview_make_bracket(struct order_call *call, struct json_object *arguments,
    struct buf *out, struct err *err)
{
	CLEANUP_MAKING struct making making;
	int ret;

	making_init(&making, call, out);
	ret = feature_check(call, err);
	if (ret == 0)
		ret = draft_read_bracket(&making.draft, arguments, err);
	return ret ? ret : make(&making, err);
}
