/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* Asking for approvals, giving them and taking them back. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "config/scope.h"
#include "journal-kit.h"
#include "orders/approval.h"

#define ACCOUNT "DU1234567"

struct world {
	struct kit kit;
	struct desk *desk;
	char *paper_policy, *live_policy; /* the configuration's own */
	struct config_list approvers;
	struct audit_event event;
	struct order_call call;
	struct json_object *got; /* the last result */
	struct err err;
	char preview[ID_TEXT_SIZE];
};

static const char *approver_names[] = { "local:anna", "local:boris" };

static int
setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	struct desk_setup setup;

	assert_non_null(w);
	kit_init(&w->kit);
	kit_open(&w->kit, JOURNAL_WRITE);
	w->paper_policy = w->kit.config->approvals.paper_policy;
	w->live_policy = w->kit.config->approvals.live_policy;
	w->approvers = w->kit.config->approvals.approvers;
	setup = (struct desk_setup){
		.config = w->kit.config,
		.host = w->kit.host,
		.journal = w->kit.journal,
	};
	assert_int_equal(desk_new(&setup, &w->desk, NULL), 0);
	*state = w;
	return 0;
}

static int
teardown(void **state)
{
	struct world *w = *state;

	(void)json_object_put(w->got);
	err_fini(&w->err);
	w->kit.config->approvals.paper_policy = w->paper_policy;
	w->kit.config->approvals.live_policy = w->live_policy;
	w->kit.config->approvals.approvers = w->approvers;
	desk_free(w->desk);
	kit_fini(&w->kit);
	free(w);
	return 0;
}

static void
policy(struct world *w, const char *name)
{
	w->kit.config->approvals.paper_policy = (char *)name;
	w->kit.config->approvals.approvers.items = (char **)approver_names;
	w->kit.config->approvals.approvers.count = ARRAY_COUNT(approver_names);
}

static const char agent[] = "agent:bot";
static const char anna[] = "local:anna";
static const char boris[] = "local:boris";

/* Who calls from here on; scopes beside that for approvals. */
static void
caller(struct world *w, const char *name, const char *scope)
{
	bool is_operator = strncmp(name, "local:", 6) == 0;

	w->event = (struct audit_event){
		.principal = name,
		.principal_kind = is_operator ? "operator" : "agent",
		.account = ACCOUNT,
	};
	w->call = (struct order_call){
		.desk = w->desk,
		.principal = name,
		.is_operator = is_operator,
		.scopes = scope_bit("ibkr:approvals:create") |
			  (scope ? scope_bit(scope) : 0),
		.event = &w->event,
		.success = "tool_completed",
	};
}

struct storing {
	struct world *w;
	const char *role, *group, *id;
	const char *by;
	uint64_t expires_ns;
	uint32_t mode;
};

static int
preview_store(struct journal_txn *txn, struct storing *s, struct err *err)
{
	CLEANUP_PREVIEW struct preview preview;

	preview_init(&preview);
	memcpy(preview.id, s->id, ID_TEXT_SIZE);
	memset(preview.digest, 'd', HASH_HEX_SIZE - 1);
	preview.writer = strdup("local-candidate");
	preview.connection = strdup("fake");
	preview.created_by = strdup(s->by);
	preview.group_id = s->group ? strdup(s->group) : NULL;
	preview.group_role = s->role ? strdup(s->role) : NULL;
	preview.created_ns = txn_now_ns(txn);
	preview.expires_ns = txn_now_ns(txn) + s->expires_ns;
	preview.incarnation = journal_incarnation(s->w->kit.journal);
	preview.order = (struct order){
		.mode = s->mode,
		.side = IAG_SIDE_BUY,
		.type = IAG_TYPE_LIMIT,
		.tif = IAG_TIF_DAY,
		.account = strdup(ACCOUNT),
		.contract_id = strdup("265598"),
		.symbol = strdup("AAPL"),
		.asset_class = strdup("stock"),
		.currency = strdup("USD"),
		.quantity = strdup("10"),
		.limit_price = strdup("1.10"),
	};
	return preview_put(txn, &preview, err);
}

static const struct audit_event plain = {
	.event_type = "tool_completed",
	.principal = "local:test",
	.decision = "allow",
	.result_status = "completed",
	.outcome = "done",
};

static int
store_step(struct journal_txn *txn, void *arg, struct err *err)
{
	int ret = preview_store(txn, arg, err);

	return ret ? ret : txn_audit(txn, &plain, err);
}

/* A preview of a paper order that is good for so long. */
static void
previewed(struct world *w, const char *by, uint64_t ns)
{
	struct storing s = { w, NULL, NULL, w->preview, by, ns,
		IAG_MODE_PAPER };

	id_new(w->preview);
	assert_int_equal(
	    journal_update(w->kit.journal, NULL, store_step, &s, NULL), 0);
}

static void
took(struct world *w, int ret, struct buf *out)
{
	(void)json_object_put(w->got);
	w->got = NULL;
	if (ret == 0)
		assert_int_equal(json_parse(buf_text(out), out->len,
				     &json_bounds_default, &w->got, NULL),
		    0);
	buf_fini(out);
}

static int
create_with(struct world *w, const char *name, const char *id, int64_t ttl)
{
	CLEANUP_JSON struct json_object *arguments = json_object_new_object();
	struct buf out = BUF_INIT;
	int ret;

	err_fini(&w->err);
	w->err = (struct err)ERR_INIT;
	w->call.recorded = false;
	assert_int_equal(json_add_str(arguments, "account_id", ACCOUNT), 0);
	assert_int_equal(json_add_str(arguments, name, id), 0);
	assert_int_equal(json_add_int(arguments, "ttl_seconds", ttl), 0);
	ret = approval_create(&w->call, arguments, &out, &w->err);
	assert_int_equal(w->call.recorded, ret == 0);
	took(w, ret, &out);
	return ret;
}

static int
create(struct world *w)
{
	return create_with(w, "preview_id", w->preview, 300);
}

static const char *
got(struct world *w, const char *name)
{
	return json_get_str(w->got, name, "-");
}

static void
status(struct world *w, const char *expected)
{
	assert_int_equal(create(w), 0);
	assert_string_equal(got(w, "status"), expected);
}

static void
refused(struct world *w, enum err_code code)
{
	assert_int_not_equal(create(w), 0);
	assert_int_equal(w->err.code, code);
}

static char *
last_type(struct world *w)
{
	const struct audit_range range = { .last = UINT64_MAX, .limit = 1 };
	struct buf out = BUF_INIT;

	assert_int_equal(audit_tail(w->kit.journal, &range, &out, NULL), 0);
	return buf_take(&out);
}

static void
recorded(struct world *w, const char *part)
{
	char *text CLEANUP_FREE = last_type(w);

	if (!strstr(text, part))
		fail_msg("'%s' is not in %s", part, text);
}

static void
an_agents_request_stays_one_until_an_operator_approves(void **state)
{
	struct world *w = *state;
	char id[ID_TEXT_SIZE];

	policy(w, "operator");
	previewed(w, agent, 300 * NS_PER_S);
	caller(w, agent, NULL);
	status(w, "requested");
	recorded(w, "\"paper_approval_requested\"");
	memcpy(id, got(w, "approval_id"), ID_TEXT_SIZE);
	assert_string_equal(got(w, "requested_by"), agent);
	assert_string_equal(got(w, "approved_by"), "-");
	assert_non_null(strstr(got(w, "message"), "an operator has to run"));
	status(w, "requested");
	recorded(w, "\"tool_completed\"");
	assert_string_equal(got(w, "approval_id"), id);
	caller(w, anna, "ibkr:orders:live:submit");
	status(w, "approved");
	recorded(w, "\"paper_approval_recorded\"");
	assert_string_equal(got(w, "approval_id"), id);
	assert_string_equal(got(w, "approved_by"), anna);
	/* the agent learns its id and how it stands */
	caller(w, agent, NULL);
	status(w, "approved");
	assert_string_equal(got(w, "approval_id"), id);
	assert_string_equal(got(w, "message"), "-");
}

static void
with_the_policy_any_whoever_may_call_approves(void **state)
{
	struct world *w = *state;

	policy(w, "any");
	previewed(w, agent, 300 * NS_PER_S);
	caller(w, agent, NULL);
	status(w, "approved");
	assert_string_equal(got(w, "approved_by"), agent);
	assert_string_equal(got(w, "requested_by"), "-");
	assert_string_equal(got(w, "policy"), "any");
	/* a stricter policy later: it has to be given again */
	policy(w, "operator");
	status(w, "approved");
	caller(w, anna, NULL);
	status(w, "approved");
	assert_string_equal(got(w, "approved_by"), anna);
	assert_string_equal(got(w, "policy"), "operator");
}

static void
inv3_distinct_means_somebody_else_who_cannot_send(void **state)
{
	struct world *w = *state;

	policy(w, "distinct");
	previewed(w, boris, 300 * NS_PER_S);
	/* in the list, but made it himself */
	caller(w, boris, NULL);
	refused(w, ERR_APPROVAL_SELF_FORBIDDEN);
	/* in the list, but may send orders */
	caller(w, anna, "ibkr:orders:paper:modify");
	status(w, "requested");
	assert_non_null(strstr(got(w, "message"), "approvals.approvers"));
	/* an operator who is not in the list */
	caller(w, "local:cleo", NULL);
	status(w, "requested");
	/* who asked does not approve, also with fewer scopes later */
	caller(w, anna, NULL);
	refused(w, ERR_APPROVAL_SELF_FORBIDDEN);
	previewed(w, agent, 300 * NS_PER_S);
	caller(w, agent, NULL);
	status(w, "requested");
	caller(w, boris, NULL);
	status(w, "approved");
	assert_string_equal(got(w, "approved_by"), boris);
}

static void
ttl_is_brought_within_its_bounds(void **state)
{
	static const struct {
		int64_t ttl, seconds;
	} cases[] = { { 0, 60 }, { 59, 60 }, { 61, 61 }, { 3600, 3600 },
		{ 2147483647, 3600 } };
	struct world *w = *state;
	uint64_t from, to;

	policy(w, "any");
	caller(w, agent, NULL);
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		previewed(w, agent, 4000 * NS_PER_S);
		assert_int_equal(
		    create_with(w, "preview_id", w->preview, cases[i].ttl), 0);
		assert_int_equal(
		    clock_parse(got(w, "approved_at"), &from, NULL), 0);
		assert_int_equal(
		    clock_parse(got(w, "expires_at"), &to, NULL), 0);
		assert_int_equal(
		    (to - from + NS_PER_S / 2) / NS_PER_S, cases[i].seconds);
	}
}

static void
inv3_what_is_wrong_with_the_preview_is_said(void **state)
{
	struct world *w = *state;
	CLEANUP_JSON struct json_object *arguments = json_object_new_object();
	struct buf out = BUF_INIT;

	policy(w, "any");
	caller(w, anna, NULL);
	previewed(w, agent, 0);
	refused(w, ERR_PAPER_APPROVAL_REQUIRED);
	id_new(w->preview);
	refused(w, ERR_PAPER_APPROVAL_REQUIRED);
	previewed(w, agent, 300 * NS_PER_S);
	assert_int_equal(json_add_str(arguments, "account_id", "DU7654321"), 0);
	assert_int_equal(json_add_str(arguments, "preview_id", w->preview), 0);
	assert_int_not_equal(
	    approval_create(&w->call, arguments, &out, &w->err), 0);
	assert_int_equal(w->err.code, ERR_APPROVAL_PREVIEW_MISMATCH);
	assert_int_equal(json_add_str(arguments, "group_id", w->preview), 0);
	assert_int_not_equal(
	    approval_create(&w->call, arguments, &out, &w->err), 0);
	assert_int_equal(w->err.code, ERR_INPUT_INVALID);
	buf_fini(&out);
}

static int
taken_back(struct world *w, const char *id)
{
	struct buf out = BUF_INIT;
	int ret;

	err_fini(&w->err);
	w->err = (struct err)ERR_INIT;
	ret = approval_revoke(&w->call, id, "a test", &out, &w->err);
	took(w, ret, &out);
	return ret;
}

static int
consume_step(struct journal_txn *txn, void *arg, struct err *err)
{
	CLEANUP_APPROVAL struct approval approval;
	int ret;

	approval_init(&approval);
	memcpy(approval.id, arg, ID_TEXT_SIZE);
	ret = approval_consume(txn, &approval, "key-1", err);
	return ret ? ret : txn_audit(txn, &plain, err);
}

static void
inv3_what_was_taken_back_stays_so(void **state)
{
	struct world *w = *state;
	char id[ID_TEXT_SIZE];

	policy(w, "any");
	caller(w, anna, NULL);
	previewed(w, agent, 300 * NS_PER_S);
	status(w, "approved");
	memcpy(id, got(w, "approval_id"), ID_TEXT_SIZE);
	assert_int_equal(taken_back(w, id), 0);
	assert_string_equal(got(w, "status"), "revoked");
	assert_string_equal(got(w, "revoked_by"), anna);
	recorded(w, "\"paper_approval_revoked\"");
	recorded(w, "\"a test\"");
	assert_int_equal(taken_back(w, id), 0);
	status(w, "revoked");
	assert_int_not_equal(
	    journal_update(w->kit.journal, NULL, consume_step, id, NULL), 0);
	assert_int_not_equal(taken_back(w, w->preview), 0);
	assert_int_equal(w->err.code, ERR_PAPER_APPROVAL_REQUIRED);
}

static void
inv3_what_was_used_cannot_be_taken_back_or_given_again(void **state)
{
	struct world *w = *state;
	char id[ID_TEXT_SIZE];

	policy(w, "any");
	caller(w, anna, NULL);
	previewed(w, agent, 300 * NS_PER_S);
	status(w, "approved");
	memcpy(id, got(w, "approval_id"), ID_TEXT_SIZE);
	assert_int_equal(
	    journal_update(w->kit.journal, NULL, consume_step, id, NULL), 0);
	status(w, "consumed");
	assert_string_equal(got(w, "idempotency_key"), "key-1");
	assert_int_not_equal(taken_back(w, id), 0);
	assert_int_equal(w->err.code, ERR_APPROVAL_CONSUMED);
}

static int
expire_step(struct journal_txn *txn, void *arg, struct err *err)
{
	CLEANUP_APPROVAL struct approval approval;
	int ret;

	approval_init(&approval);
	ret = approval_get(txn, arg, &approval, err);
	approval.expires_ns = 1;
	if (ret == 0)
		ret = approval_update(txn, &approval, err);
	return ret ? ret : txn_audit(txn, &plain, err);
}

static void
an_expired_one_is_followed_by_a_new_one(void **state)
{
	struct world *w = *state;
	char id[ID_TEXT_SIZE];

	policy(w, "operator");
	previewed(w, agent, 300 * NS_PER_S);
	caller(w, agent, NULL);
	status(w, "requested");
	memcpy(id, got(w, "approval_id"), ID_TEXT_SIZE);
	assert_int_equal(
	    journal_update(w->kit.journal, NULL, expire_step, id, NULL), 0);
	status(w, "requested");
	assert_string_not_equal(got(w, "approval_id"), id);
	/* taking the old one back leaves the new one where it is */
	assert_int_equal(taken_back(w, id), 0);
	caller(w, anna, NULL);
	status(w, "approved");
	assert_string_not_equal(got(w, "approval_id"), id);
}

static int
group_step(struct journal_txn *txn, void *arg, struct err *err)
{
	struct storing s = *(struct storing *)arg;
	char ids[3][ID_TEXT_SIZE];
	const char *const list[3] = { ids[0], ids[1], ids[2] };
	int ret = 0;

	for (size_t i = 0; i < 3 && ret == 0; i++) {
		id_new(ids[i]);
		s.id = ids[i];
		s.role = group_roles[i];
		ret = preview_store(txn, &s, err);
	}
	if (ret == 0)
		ret = preview_group_put(txn, s.group, list, err);
	return ret ? ret : txn_audit(txn, &plain, err);
}

static void
a_group_is_approved_at_once(void **state)
{
	struct world *w = *state;
	char group[ID_TEXT_SIZE];
	struct storing s = { w, NULL, group, NULL, agent, 300 * NS_PER_S,
		IAG_MODE_LIVE };
	struct json_object *rows;

	id_new(group);
	assert_int_equal(
	    journal_update(w->kit.journal, NULL, group_step, &s, NULL), 0);
	caller(w, agent, NULL);
	assert_int_equal(create_with(w, "group_id", group, 300), 0);
	assert_string_equal(got(w, "status"), "requested");
	assert_non_null(strstr(got(w, "message"), "--group-id"));
	recorded(w, "\"live_approval_requested\"");
	caller(w, anna, NULL);
	assert_int_equal(create_with(w, "group_id", group, 300), 0);
	assert_string_equal(got(w, "status"), "approved");
	recorded(w, "\"live_approval_recorded\"");
	rows = json_get(w->got, "approvals");
	assert_int_equal(json_object_array_length(rows), 3);
	for (size_t i = 0; i < 3; i++) {
		struct json_object *row = json_object_array_get_idx(rows, i);

		assert_string_equal(
		    json_get_str(row, "role", ""), group_roles[i]);
		assert_string_equal(
		    json_get_str(row, "status", ""), "approved");
	}
	id_new(group);
	assert_int_not_equal(create_with(w, "group_id", group, 300), 0);
	assert_int_equal(w->err.code, ERR_PAPER_APPROVAL_REQUIRED);
}

static size_t
listed(struct world *w, const char *name, const char *value, int64_t limit)
{
	CLEANUP_JSON struct json_object *arguments = json_object_new_object();
	struct buf out = BUF_INIT;
	int ret;

	assert_int_equal(json_add_int(arguments, "limit", limit), 0);
	if (name)
		assert_int_equal(json_add_str(arguments, name, value), 0);
	ret = approval_list(&w->call, arguments, &out, NULL);
	assert_int_equal(ret, 0);
	took(w, ret, &out);
	return json_object_array_length(json_get(w->got, "approvals"));
}

static void
lists_are_the_newest_first(void **state)
{
	struct world *w = *state;
	struct buf out = BUF_INIT;
	char id[ID_TEXT_SIZE];
	struct json_object *first;
	int ret;

	policy(w, "operator");
	caller(w, agent, NULL);
	for (size_t i = 0; i < 3; i++) {
		previewed(w, agent, 300 * NS_PER_S);
		status(w, "requested");
	}
	caller(w, anna, NULL);
	status(w, "approved");
	memcpy(id, got(w, "approval_id"), ID_TEXT_SIZE);
	assert_int_equal(listed(w, NULL, NULL, 100), 3);
	first = json_object_array_get_idx(json_get(w->got, "approvals"), 0);
	assert_string_equal(json_get_str(first, "approval_id", ""), id);
	assert_string_equal(json_get_str(first, "symbol", ""), "AAPL");
	assert_true(json_get_bool(w->got, "complete", false));
	assert_int_equal(listed(w, "status", "requested", 100), 2);
	assert_int_equal(listed(w, "status", "consumed", 100), 0);
	assert_int_equal(listed(w, "account_id", "DU7654321", 100), 0);
	assert_int_equal(listed(w, NULL, NULL, 2), 2);
	assert_false(json_get_bool(w->got, "complete", true));
	ret = approval_show(&w->call, id, &out, NULL);
	assert_int_equal(ret, 0);
	took(w, ret, &out);
	assert_string_equal(got(w, "status"), "approved");
	assert_string_equal(got(w, "side"), "buy");
	assert_int_not_equal(
	    approval_show(&w->call, w->preview, &out, NULL), 0);
}

static void
inv2_the_state_is_as_the_records_say(void **state)
{
	struct world *w = *state;

	policy(w, "operator");
	previewed(w, agent, 300 * NS_PER_S);
	caller(w, agent, NULL);
	status(w, "requested");
	caller(w, anna, NULL);
	status(w, "approved");
	assert_int_equal(taken_back(w, got(w, "approval_id")), 0);
	assert_true(kit_verify(&w->kit, AUDIT_VERIFY_STATE).valid);
}

#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(an_agents_request_stays_one_until_an_operator_approves),
		T(with_the_policy_any_whoever_may_call_approves),
		T(inv3_distinct_means_somebody_else_who_cannot_send),
		T(ttl_is_brought_within_its_bounds),
		T(inv3_what_is_wrong_with_the_preview_is_said),
		T(inv3_what_was_taken_back_stays_so),
		T(inv3_what_was_used_cannot_be_taken_back_or_given_again),
		T(an_expired_one_is_followed_by_a_new_one),
		T(a_group_is_approved_at_once),
		T(lists_are_the_newest_first),
		T(inv2_the_state_is_as_the_records_say),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
