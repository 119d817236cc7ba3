/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Asking, approving and taking back (ruling 12).  What is stored decides, so
 * everything happens in one step, with the record of the call.
 */

#include "orders/approval.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "config/scope.h"
#include "journal/outcome.h"
#include "orders/approvalform.h"
#include "orders/approvalview.h"
#include "orders/mixup.h"

enum { TTL_MIN = 60, TTL_MAX = 3600 };

/* Whoever holds one of these is no approver under the policy distinct. */
static const char *const sending_scopes[] = {
	"ibkr:orders:paper:submit",
	"ibkr:orders:paper:modify",
	"ibkr:orders:live:submit",
	"ibkr:orders:live:modify",
};

/* By mode: paper, live.  Those that begin with live_ are kept for longer. */
enum { REQUESTED, RECORDED, REVOKED };
static const char *const events[][2] = {
	[REQUESTED] = { "paper_approval_requested", "live_approval_requested" },
	[RECORDED] = { "paper_approval_recorded", "live_approval_recorded" },
	[REVOKED] = { "paper_approval_revoked", "live_approval_revoked" },
};

const char *
approval_policy(const struct config *config, uint32_t mode)
{
	return mode == IAG_MODE_LIVE ? config->approvals.live_policy
				     : config->approvals.paper_policy;
}

static bool
is_same(const char *a, const char *b)
{
	return a && b && strcmp(a, b) == 0;
}

static bool
may_send(uint64_t scopes)
{
	for (size_t i = 0; i < ARRAY_COUNT(sending_scopes); i++) {
		if (scopes & scope_bit(sending_scopes[i]))
			return true;
	}
	return false;
}

enum approval_voice
approval_voice(const struct config *config, uint32_t mode,
    const struct order_call *call, const char *created_by,
    const char *requested_by)
{
	const char *policy = approval_policy(config, mode);

	if (strcmp(policy, "any") == 0)
		return VOICE_YES;
	if (strcmp(policy, "operator") == 0)
		return call->is_operator ? VOICE_YES : VOICE_ASK;
	if (!config_list_has(&config->approvals.approvers, call->principal) ||
	    may_send(call->scopes))
		return VOICE_ASK;
	return is_same(call->principal, created_by) ||
		       is_same(call->principal, requested_by)
		   ? VOICE_SELF
		   : VOICE_YES;
}

/* One preview and the approval that is made of it, or is there already. */
struct leg {
	struct preview preview;
	struct approval approval;
	bool found;
	char id[ID_TEXT_SIZE]; /* for a new one */
};

struct making {
	struct order_call *call;
	const char *account;
	const char *preview_id, *group_id; /* one of them */
	uint64_t ttl_ns;
	uint64_t now_ns, incarnation;
	struct leg legs[GROUP_LEGS];
	size_t count;
	const char *event; /* what became of it */
	struct buf *out;
	struct json_object *arguments;
	const struct form_reply *reply; /* NULL: nobody is asked */
	bool is_shown;                  /* the result is the form */
};

static void
legs_reset(struct making *m)
{
	for (size_t i = 0; i < GROUP_LEGS; i++) {
		preview_fini(&m->legs[i].preview);
		approval_fini(&m->legs[i].approval);
		m->legs[i].found = false;
	}
}

static int
preview_missing(
    struct journal_txn *txn, const char *kind, const char *id, struct err *err)
{
	return mixup_refuse(txn, ERR_PAPER_APPROVAL_REQUIRED, kind, id,
	    "make a preview, then have it approved", err);
}

static int
leg_read(struct making *m, struct journal_txn *txn, size_t i, const char *id,
    struct err *err)
{
	struct leg *leg = &m->legs[i];
	int ret = preview_get(txn, id, &leg->preview, err);

	if (ret == IAG_NOTFOUND)
		return preview_missing(txn, "preview", id, err);
	if (ret)
		return ret;
	if (!is_same(leg->preview.order.account, m->account)) {
		err_set(err, ERR_APPROVAL_PREVIEW_MISMATCH,
		    "the preview '%s' is of another account than '%s'", id,
		    m->account);
		err_action(err, "use the account that was previewed");
		return IAG_REJECTED;
	}
	if (!*leg->preview.approval_id)
		return 0;
	ret = approval_get(txn, leg->preview.approval_id, &leg->approval, err);
	leg->found = ret == 0;
	return ret == IAG_NOTFOUND ? 0 : ret;
}

static int
legs_read(struct making *m, struct journal_txn *txn, struct err *err)
{
	char ids[GROUP_LEGS][ID_TEXT_SIZE];
	int ret;

	m->count = m->group_id ? GROUP_LEGS : 1;
	if (!m->group_id)
		return leg_read(m, txn, 0, m->preview_id, err);
	ret = preview_group(txn, m->group_id, ids, err);
	if (ret == IAG_NOTFOUND)
		return preview_missing(
		    txn, "group of previews", m->group_id, err);
	for (size_t i = 0; i < GROUP_LEGS && ret == 0; i++)
		ret = leg_read(m, txn, i, ids[i], err);
	return ret;
}

static enum approval_voice
voice_of(const struct making *m, const struct leg *leg)
{
	return approval_voice(desk_config(m->call->desk),
	    leg->preview.order.mode, m->call, leg->preview.created_by,
	    leg->found ? leg->approval.requested_by : NULL);
}

static enum approval_state
state_of(const struct making *m, const struct leg *leg)
{
	return approval_standing(
	    &leg->approval, &leg->preview, m->now_ns, m->incarnation);
}

/* Nothing that this caller says changes it: it is only told. */
static bool
is_settled(const struct making *m, const struct leg *leg,
    enum approval_voice voice, bool fresh)
{
	const char *policy = approval_policy(
	    desk_config(m->call->desk), leg->preview.order.mode);

	if (!leg->found)
		return false;
	switch (state_of(m, leg)) {
	case APPROVAL_REQUESTED:
		return voice == VOICE_ASK;
	case APPROVAL_APPROVED:
		return voice != VOICE_YES ||
		       approval_holds(&leg->approval, &leg->preview, policy);
	case APPROVAL_EXPIRED:
		return !fresh;
	default:
		return true;
	}
}

/* A row of its own for a preview that has none that is open. */
static int
leg_begin(struct making *m, struct leg *leg, struct err *err)
{
	struct approval *approval = &leg->approval;
	const struct preview *preview = &leg->preview;
	int ret;

	approval_fini(approval);
	memcpy(approval->id, leg->id, ID_TEXT_SIZE);
	memcpy(approval->preview_id, preview->id, ID_TEXT_SIZE);
	memcpy(approval->digest, preview->digest, HASH_HEX_SIZE);
	approval->state = APPROVAL_REQUESTED;
	approval->requested_ns = m->now_ns;
	approval->incarnation = m->incarnation;
	ret = text_set(&approval->account, preview->order.account, err);
	return ret ? ret
		   : text_set(&approval->group_id, preview->group_id, err);
}

static int
leg_approve(struct making *m, struct leg *leg, struct err *err)
{
	struct approval *approval = &leg->approval;
	const struct order_call *call = m->call;
	int ret = text_set(&approval->approved_by, call->principal, err);

	approval->state = APPROVAL_APPROVED;
	approval->approved_ns = m->now_ns;
	memcpy(approval->digest, leg->preview.digest, HASH_HEX_SIZE);
	if (ret == 0)
		ret = text_set(&approval->approved_as,
		    call->is_operator ? "operator" : "agent", err);
	return ret ? ret
		   : text_set(&approval->policy,
			 approval_policy(
			     desk_config(call->desk), leg->preview.order.mode),
			 err);
}

static int
leg_write(struct making *m, struct journal_txn *txn, struct leg *leg,
    enum approval_voice voice, struct err *err)
{
	bool open = leg->found && state_of(m, leg) != APPROVAL_EXPIRED;
	bool live = leg->preview.order.mode == IAG_MODE_LIVE;
	int ret = open ? 0 : leg_begin(m, leg, err);

	leg->found = true;
	leg->approval.expires_ns = m->now_ns + m->ttl_ns;
	if (ret == 0 && voice == VOICE_YES)
		ret = leg_approve(m, leg, err);
	else if (ret == 0)
		ret = text_set(
		    &leg->approval.requested_by, m->call->principal, err);
	m->event = events[voice == VOICE_YES ? RECORDED : REQUESTED][live];
	return ret ? ret : approval_put(txn, &leg->approval, err);
}

static int
leg_decide(
    struct making *m, struct journal_txn *txn, struct leg *leg, struct err *err)
{
	const struct preview *preview = &leg->preview;
	enum approval_voice voice = voice_of(m, leg);
	bool fresh = preview_is_fresh(preview, m->now_ns, m->incarnation);

	if (is_settled(m, leg, voice, fresh))
		return 0;
	if (!fresh) {
		err_set(err, ERR_PAPER_APPROVAL_REQUIRED,
		    "the preview '%s' has expired", preview->id);
		err_action(err, "make a new preview, then have it approved");
		return IAG_REJECTED;
	}
	if (voice != VOICE_SELF)
		return leg_write(m, txn, leg, voice, err);
	err_set(err, ERR_APPROVAL_SELF_FORBIDDEN,
	    "'%s' asked for the order itself, and the policy distinct wants "
	    "somebody else to approve it",
	    m->call->principal);
	err_action(err, "another one of approvals.approvers approves the "
			"preview");
	return IAG_REJECTED;
}

/* Approved only where all are. */
static enum approval_state
state_of_all(const struct making *m)
{
	enum approval_state state;

	for (size_t i = 0; i < m->count; i++) {
		state = state_of(m, &m->legs[i]);
		if (state != APPROVAL_APPROVED)
			return state;
	}
	return APPROVAL_APPROVED;
}

/*
 * The store is that of this configuration.  Agents are told the name of its
 * file only (ruling 44).
 */
static void
config_option_add(const struct order_call *call, struct buf *out)
{
	const char *path = desk_config(call->desk)->path;
	const char *slash = path ? strrchr(path, '/') : NULL;
	const char *quote;

	if (!path)
		return;
	if (slash && !call->is_operator)
		path = slash + 1;
	quote = strpbrk(path, " \t\"$&();<>|*?#~`") ? "'" : "";
	buf_printf(out, "--config %s%s%s ", quote, path, quote);
}

/* What comes next, for whoever asked. */
static int
message_add(const struct making *m, struct json_object *obj)
{
	const struct preview *preview = &m->legs[0].preview;
	const char *policy =
	    approval_policy(desk_config(m->call->desk), preview->order.mode);
	CLEANUP_BUF struct buf text = BUF_INIT;

	if (state_of_all(m) != APPROVAL_REQUESTED)
		return 0;
	buf_printf(&text, "not approved yet: %s has to run `ibkr-agent ",
	    strcmp(policy, "distinct") == 0
		? "somebody of approvals.approvers who may not send orders"
		: "an operator");
	config_option_add(m->call, &text);
	buf_printf(&text, "approvals create --account %s %s %s`", m->account,
	    m->group_id ? "--group-id" : "--preview-id",
	    m->group_id ? m->group_id : preview->id);
	if (!m->call->is_operator)
		buf_str(&text,
		    "; tell them, then call ibkr_approvals_create again as "
		    "before, which says how it stands");
	return text.failed ? IAG_NOMEM
			   : json_add_str(obj, "message", buf_text(&text));
}

static int
rows_make(const struct making *m, struct json_object *rows, struct err *err)
{
	struct json_object *row = NULL;
	int ret = rows ? 0 : err_no_memory(err);

	for (size_t i = 0; i < m->count && ret == 0; i++) {
		const struct leg *leg = &m->legs[i];

		ret = approval_to_json(
		    &leg->approval, &leg->preview, state_of(m, leg), &row, err);
		if (ret == 0 && json_object_array_add(rows, row)) {
			(void)json_object_put(row);
			ret = err_no_memory(err);
		}
	}
	return ret;
}

/* A single one is its row; a group has a row for each leg. */
static int
result_make(
    const struct making *m, struct json_object **ret_obj, struct err *err)
{
	const struct leg *leg = &m->legs[0];
	struct json_object *rows;
	int ret;

	if (!m->group_id)
		return approval_to_json(&leg->approval, &leg->preview,
		    state_of(m, leg), ret_obj, err);
	*ret_obj = json_object_new_object();
	ret = json_add_str(*ret_obj, "account_id", m->account);
	ret |= json_add_str(
	    *ret_obj, "mode", order_mode_name(leg->preview.order.mode));
	ret |= json_add_str(
	    *ret_obj, "status", approval_state_name(state_of_all(m)));
	ret |= json_add_str(*ret_obj, "group_id", m->group_id);
	if (ret)
		return err_no_memory(err);
	rows = json_object_new_array();
	ret = rows_make(m, rows, err);
	if (json_add(*ret_obj, "approvals", rows))
		return err_no_memory(err);
	return ret;
}

static int
result_write(const struct making *m, struct err *err)
{
	CLEANUP_JSON struct json_object *obj = NULL;
	int ret = result_make(m, &obj, err);

	if (ret)
		return ret;
	if (message_add(m, obj))
		return err_no_memory(err);
	buf_reset(m->out);
	json_write(m->out, obj, 0);
	return m->out->failed ? err_no_memory(err) : 0;
}

/* The call's record, with what became of which approval. */
static int
record(struct order_call *call, struct journal_txn *txn, const char *success,
    const struct buf *out, struct json_object *metadata, struct err *err)
{
	struct audit_event event = *call->event;

	audit_outcome(&event, success, NULL);
	event.output = (struct iag_bytes){ buf_text(out), out->len };
	event.metadata = metadata;
	return txn_audit(txn, &event, err);
}

static int
metadata_add(struct json_object *list, const struct approval *approval,
    enum approval_state state)
{
	struct json_object *item = json_object_new_object();
	int ret = json_add_str(item, "approval_id", approval->id);

	ret |= json_add_str(item, "preview_id", approval->preview_id);
	ret |= json_add_str(item, "status", approval_state_name(state));
	if (ret || json_object_array_add(list, item)) {
		(void)json_object_put(item);
		return IAG_NOMEM;
	}
	return 0;
}

static int
making_record(struct making *m, struct journal_txn *txn, struct err *err)
{
	CLEANUP_JSON struct json_object *metadata = json_object_new_object();
	struct json_object *list = json_object_new_array();

	if (!list || json_add(metadata, "approvals", list))
		return err_no_memory(err);
	for (size_t i = 0; i < m->count; i++) {
		const struct leg *leg = &m->legs[i];

		if (metadata_add(list, &leg->approval, state_of(m, leg)))
			return err_no_memory(err);
	}
	return record(m->call, txn, m->event, m->out, metadata, err);
}

/* Would this call approve anything? */
static bool
would_approve(const struct making *m)
{
	for (size_t i = 0; i < m->count; i++) {
		const struct leg *leg = &m->legs[i];
		bool fresh =
		    preview_is_fresh(&leg->preview, m->now_ns, m->incarnation);
		enum approval_voice voice = voice_of(m, leg);

		if (voice == VOICE_YES && fresh &&
		    !is_settled(m, leg, voice, fresh))
			return true;
	}
	return false;
}

/* The caller's user sees it first. */
static int
show_first(struct making *m, struct err *err)
{
	struct form_view view = {
		.call = m->call,
		.arguments = m->arguments,
		.count = m->count,
		.now_ns = m->now_ns,
	};
	bool yes;
	int ret;

	m->is_shown = false;
	if (!m->reply)
		return 0;
	ret = form_check(&view, m->reply, err);
	if (ret || !would_approve(m))
		return ret;
	for (size_t i = 0; i < m->count; i++) {
		view.previews[i] = &m->legs[i].preview;
		view.earlier[i] =
		    m->legs[i].found ? &m->legs[i].approval : NULL;
	}
	ret = form_judge(&view, m->reply, &yes, m->out, err);
	m->is_shown = !yes;
	return ret;
}

static int
create_step(struct journal_txn *txn, void *arg, struct err *err)
{
	struct making *m = arg;
	int ret;

	legs_reset(m);
	m->now_ns = txn_now_ns(txn);
	m->event = m->call->success;
	ret = legs_read(m, txn, err);
	if (ret == 0)
		ret = show_first(m, err);
	if (ret == 0 && m->is_shown)
		return record(m->call, txn, m->event, m->out, NULL, err);
	for (size_t i = 0; i < m->count && ret == 0; i++)
		ret = leg_decide(m, txn, &m->legs[i], err);
	if (ret == 0)
		ret = result_write(m, err);
	return ret ? ret : making_record(m, txn, err);
}

static uint64_t
ttl_ns(int64_t seconds)
{
	if (seconds < TTL_MIN)
		seconds = TTL_MIN;
	if (seconds > TTL_MAX)
		seconds = TTL_MAX;
	return (uint64_t)seconds * NS_PER_S;
}

int
approval_create_shown(struct order_call *call, struct json_object *arguments,
    const struct form_reply *reply, struct buf *out, struct err *err)
{
	struct journal *journal = desk_journal(call->desk);
	struct making m = {
		.call = call,
		.account = json_get_str(arguments, "account_id", ""),
		.preview_id = json_get_str(arguments, "preview_id", NULL),
		.group_id = json_get_str(arguments, "group_id", NULL),
		.ttl_ns = ttl_ns(json_get_int(arguments, "ttl_seconds", 300)),
		.incarnation = journal_incarnation(journal),
		.out = out,
		.arguments = arguments,
		.reply = reply,
	};
	int ret;

	if (!m.preview_id == !m.group_id)
		return err_set(err, ERR_INPUT_INVALID,
		    "expected either 'preview_id' or 'group_id', got %s",
		    m.preview_id ? "both" : "neither");
	for (size_t i = 0; i < GROUP_LEGS; i++) {
		preview_init(&m.legs[i].preview);
		approval_init(&m.legs[i].approval);
		id_new(m.legs[i].id);
	}
	ret = journal_update(journal, call->call, create_step, &m, err);
	legs_reset(&m);
	call->recorded = ret == 0;
	return ret;
}

int
approval_create(struct order_call *call, struct json_object *arguments,
    struct buf *out, struct err *err)
{
	return approval_create_shown(call, arguments, NULL, out, err);
}

struct taking_back {
	struct order_call *call;
	const char *id, *reason;
	struct buf *out;
};

static int
take_back(const struct taking_back *t, struct journal_txn *txn,
    struct approval *approval, struct err *err)
{
	int ret;

	if (approval->state == APPROVAL_REVOKED)
		return 0;
	if (approval->state == APPROVAL_CONSUMED) {
		err_set(err, ERR_APPROVAL_CONSUMED,
		    "the approval '%s' was used by the key '%s' already", t->id,
		    approval->key ? approval->key : "");
		err_action(err, "cancel the order instead");
		return IAG_REJECTED;
	}
	approval->state = APPROVAL_REVOKED;
	ret = text_set(&approval->revoked_by, t->call->principal, err);
	/* not its index, which may lead to a later one */
	return ret ? ret : approval_update(txn, approval, err);
}

static int
revoke_result(const struct taking_back *t, const struct approval *approval,
    const struct preview *preview, struct err *err)
{
	CLEANUP_JSON struct json_object *obj = NULL;
	int ret =
	    approval_to_json(approval, preview, APPROVAL_REVOKED, &obj, err);

	if (ret)
		return ret;
	buf_reset(t->out);
	json_write(t->out, obj, 0);
	return t->out->failed ? err_no_memory(err) : 0;
}

static int
revoke_record(const struct taking_back *t, struct journal_txn *txn,
    const struct approval *approval, bool live, struct err *err)
{
	CLEANUP_JSON struct json_object *metadata = json_object_new_object();
	int ret = json_add_str(metadata, "approval_id", approval->id);

	ret |= json_add_str(metadata, "preview_id", approval->preview_id);
	ret |= json_add_str(metadata, "reason", t->reason);
	return ret ? err_no_memory(err)
		   : record(t->call, txn, events[REVOKED][live], t->out,
			 metadata, err);
}

static int
revoke_step(struct journal_txn *txn, void *arg, struct err *err)
{
	const struct taking_back *t = arg;
	CLEANUP_APPROVAL struct approval approval;
	CLEANUP_PREVIEW struct preview preview;
	int ret;

	approval_init(&approval);
	preview_init(&preview);
	ret = approval_get(txn, t->id, &approval, err);
	if (ret == IAG_NOTFOUND)
		return approval_unknown(txn, t->id, err);
	if (ret == 0)
		ret = preview_get(txn, approval.preview_id, &preview, err);
	if (ret == 0)
		ret = take_back(t, txn, &approval, err);
	if (ret == 0)
		ret = revoke_result(t, &approval, &preview, err);
	return ret ? ret
		   : revoke_record(t, txn, &approval,
			 preview.order.mode == IAG_MODE_LIVE, err);
}

int
approval_revoke(struct order_call *call, const char *id, const char *reason,
    struct buf *out, struct err *err)
{
	struct journal *journal = desk_journal(call->desk);
	struct taking_back t = {
		.call = call,
		.id = id,
		.reason = reason,
		.out = out,
	};
	int ret = journal_update(journal, call->call, revoke_step, &t, err);

	call->recorded = ret == 0;
	return ret;
}
