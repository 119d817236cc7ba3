/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * A check over a real journal: switch, intents, orders and the activity index
 * are stored; previews, approvals, the broker's word, checklist, activation
 * and clock are what the test says.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "journal-kit.h"
#include "journal/switches.h"
#include "orders/check.h"

#define ACCOUNT "U1234567"
#define PAPER "DU1234567"

/* What stands in for the neighbours. */
static struct {
	struct preview *previews[GROUP_LEGS];
	struct approval *approvals[GROUP_LEGS];
	enum approval_fit fit;
	bool fresh;
	uint32_t mode;
	int mode_ret;
	const char *bid, *ask;
	const char *missing;
	bool active, sound;
	uint64_t checked_ns; /* the time that clock_check() was given */
} world;

void
preview_init(struct preview *preview)
{
	memset(preview, 0, sizeof(*preview));
}

void
preview_fini(struct preview *preview)
{
	order_fini(&preview->order);
}

void
approval_init(struct approval *approval)
{
	memset(approval, 0, sizeof(*approval));
}

void
approval_fini(struct approval *approval)
{
	(void)approval;
}

/* Texts are the test's; only the order is copied. */
int
preview_get(struct journal_txn *txn, const char *id,
    struct preview *ret_preview, struct err *err)
{
	(void)txn;
	for (size_t i = 0; i < GROUP_LEGS; i++) {
		const struct preview *preview = world.previews[i];

		if (!preview || strcmp(preview->id, id) != 0)
			continue;
		*ret_preview = *preview;
		return order_copy(&ret_preview->order, &preview->order, err);
	}
	return IAG_NOTFOUND;
}

bool
preview_is_fresh(
    const struct preview *preview, uint64_t now_ns, uint64_t incarnation)
{
	(void)preview;
	(void)now_ns;
	assert_int_equal(incarnation, 1);
	return world.fresh;
}

int
approval_get(struct journal_txn *txn, const char *id,
    struct approval *ret_approval, struct err *err)
{
	(void)txn;
	(void)err;
	for (size_t i = 0; i < GROUP_LEGS; i++) {
		if (!world.approvals[i] ||
		    strcmp(world.approvals[i]->id, id) != 0)
			continue;
		*ret_approval = *world.approvals[i];
		return 0;
	}
	return IAG_NOTFOUND;
}

enum approval_fit
approval_fits(const struct approval *approval, const struct preview *preview,
    const char *account, const char *policy, uint64_t now_ns,
    uint64_t incarnation)
{
	(void)now_ns;
	(void)incarnation;
	assert_non_null(policy);
	assert_non_null(account);
	if (strcmp(approval->preview_id, preview->id) != 0)
		return APPROVAL_OTHER_PREVIEW;
	return world.fit;
}

int
market_quote(struct instance *backend, struct call *call,
    const char *contract_id, struct quote *quote, struct err *err)
{
	(void)backend;
	(void)call;
	assert_string_equal(contract_id, "265598");
	if (!world.bid)
		return err_set(err, ERR_MARKET_DATA_UNAVAILABLE, "none");
	quote->is_known = quote->is_realtime = true;
	quote->has_bid = quote->has_ask = true;
	assert_int_equal(dec_parse(&quote->bid, world.bid, NULL), 0);
	assert_int_equal(dec_parse(&quote->ask, world.ask, NULL), 0);
	memcpy(quote->currency, "USD", sizeof("USD"));
	quote->source_ns = quote->receipt_ns = clock_real_ns();
	return 0;
}

int
market_account_mode(struct instance *backend, struct call *call,
    const char *account, uint32_t *ret_mode, struct err *err)
{
	(void)backend;
	(void)call;
	(void)account;
	if (world.mode_ret)
		return err_set(
		    err, ERR_BROKER_BACKEND_UNAVAILABLE, "no backend");
	*ret_mode = world.mode;
	return 0;
}

int
checklist_missing(struct journal_txn *txn,
    const char account_hash[HASH_HEX_SIZE], struct buf *out, struct err *err)
{
	(void)txn;
	(void)account_hash;
	(void)err;
	buf_str(out, world.missing);
	return 0;
}

int
activation_check(struct desk *desk, struct journal_txn *txn, bool *ret_active,
    struct buf *why, struct err *err)
{
	(void)desk;
	(void)txn;
	(void)why;
	(void)err;
	*ret_active = world.active;
	return 0;
}

void
clock_note_now(struct clock_note *ret_note)
{
	memset(ret_note, 0, sizeof(*ret_note));
}

int
clock_check(struct journal_txn *txn, const struct clock_note *now,
    bool *ret_sound, struct buf *why, struct err *err)
{
	(void)txn;
	(void)why;
	(void)err;
	world.checked_ns = now->real_ns;
	*ret_sound = world.sound;
	return 0;
}

/* Everything good: three approved legs, of which single orders use one. */
struct scene {
	struct kit kit;
	struct desk *desk;
	struct order_call call;
	struct risk_policy policy;
	struct preview previews[GROUP_LEGS];
	struct approval approvals[GROUP_LEGS];
	struct check check;
	char policy_digest[HASH_HEX_SIZE];
};

static struct order
order_of(uint32_t mode, const char *account, uint32_t side, const char *limit)
{
	return (struct order){
		.mode = mode,
		.side = side,
		.type = IAG_TYPE_LIMIT,
		.tif = IAG_TIF_DAY,
		.account = (char *)account,
		.contract_id = (char *)"265598",
		.symbol = (char *)"AAPL",
		.asset_class = (char *)"stock",
		.currency = (char *)"USD",
		.quantity = (char *)"2",
		.limit_price = (char *)limit,
	};
}

/* The digest that an approver saw. */
static void
approve(struct scene *scene, size_t i)
{
	struct preview *preview = &scene->previews[i];
	struct approval *approval = &scene->approvals[i];
	const struct order_frame frame = {
		.preview_id = preview->id,
		.writer = preview->writer,
		.connection = preview->connection,
		.policy_digest = scene->policy_digest,
		.group_id = preview->group_id,
		.group_role = preview->group_role,
	};

	assert_int_equal(
	    order_digest(&preview->order, &frame, approval->digest, NULL), 0);
}

static void
leg_make(struct scene *scene, size_t i, uint32_t mode, const char *account,
    const char *group)
{
	struct preview *preview = &scene->previews[i];
	struct approval *approval = &scene->approvals[i];

	*preview = (struct preview){
		.order = order_of(
		    mode, account, i ? IAG_SIDE_SELL : IAG_SIDE_BUY, "100"),
		.writer = (char *)"local-candidate",
		.connection = (char *)desk_connection(scene->desk),
		.group_id = (char *)group,
		.group_role = (char *)(group ? group_roles[i] : NULL),
		.created_ns = clock_real_ns(),
	};
	*approval = (struct approval){ .state = APPROVAL_APPROVED };
	(void)snprintf(preview->id, sizeof(preview->id), "preview-%zu", i);
	(void)snprintf(approval->id, sizeof(approval->id), "approval-%zu", i);
	memcpy(approval->preview_id, preview->id, sizeof(preview->id));
	world.previews[i] = preview;
	world.approvals[i] = approval;
	approve(scene, i);
}

/* One committed step for tests: put a row, and its record. */
struct row {
	enum journal_table table;
	const char *key, *value; /* NULL: delete */
	const struct order_row *order;
	const struct intent *intent;
	const char *hash;
};

static int
row_step(struct journal_txn *txn, void *arg, struct err *err)
{
	static const struct audit_event event = {
		.event_type = "tool_completed",
		.principal = "local:anna",
		.principal_kind = "operator",
		.tool_name = "ibkr_health",
		.decision = "allow",
		.result_status = "completed",
	};
	const struct row *row = arg;
	struct iag_bytes key, value;
	int ret;

	if (row->order) {
		ret = order_row_put(txn, row->order, row->hash, err);
	} else if (row->intent) {
		ret = intent_put(txn, row->intent, row->hash, err);
	} else {
		key = (struct iag_bytes){ row->key, strlen(row->key) };
		if (row->value) {
			value = (struct iag_bytes){ row->value,
				strlen(row->value) };
			ret = txn_put(txn, row->table, key, value, err);
		} else {
			ret = txn_del(txn, row->table, key, err);
		}
	}
	return ret ? ret : txn_audit(txn, &event, err);
}

static void
store(struct scene *scene, const struct row *row)
{
	CLEANUP_ERR struct err err = ERR_INIT;

	if (journal_update(
		scene->kit.journal, NULL, row_step, (void *)row, &err))
		fail_msg("%s", err_text(&err));
}

static void
switch_is(struct scene *scene, const char *name, const char *state)
{
	char text[64];

	(void)snprintf(text, sizeof(text), "{\"state\":\"%s\"}", state);
	store(
	    scene, &(struct row){ TABLE_SWITCHES, name, text, NULL, NULL, 0 });
}

static void
text_is(char **member, const char *text)
{
	free(*member);
	*member = strdup(text);
	assert_non_null(*member);
}

static void
config_make(struct scene *scene)
{
	struct config *config = scene->kit.config;
	const char *live[] = { ACCOUNT }, *paper[] = { PAPER };
	const char *writers[] = { "local-candidate" };
	const char *symbols[] = { "AAPL" }, *classes[] = { "stock" };
	struct risk_policy *policy = &scene->policy;

	text_is(&config->audit.path, scene->kit.path);
	text_is(&config->broker.backend, "fake");
	text_is(&config->live_trading.writer, "local-candidate");
	text_is(&config->paper_trading.writer, "local-candidate");
	text_is(&config->live_trading.risk_policy_id, "tight");
	config->live_trading.enabled = config->paper_trading.enabled = true;
	config->safety.live_trading_enabled = true;
	config_list_set(&config->live_trading.allowed_accounts, live, 1);
	config_list_set(&config->paper_trading.allowed_accounts, paper, 1);
	config_list_set(&config->live_trading.allowed_writers, writers, 1);
	*policy = (struct risk_policy){
		.id = (char *)"tight",
		.enabled = true,
		.max_notional_amount = (char *)"1000",
		.max_notional_currency = (char *)"USD",
		.window_max_orders = 3,
		.window_seconds = 300,
		.session_max_notional_amount = (char *)"1000",
		.session_max_notional_currency = (char *)"USD",
		.max_quote_age_seconds = 30,
	};
	config_list_set(&policy->allowed_symbols, symbols, 1);
	config_list_set(&policy->allowed_asset_classes, classes, 1);
	config->policies = policy;
	config->policy_count = 1;
	assert_int_equal(limits_digest(policy, scene->policy_digest, NULL), 0);
}

/* As of a process that has just started with the configuration. */
static void
desk_open(struct scene *scene)
{
	const struct desk_setup setup = {
		.config = scene->kit.config,
		.host = scene->kit.host,
		.journal = scene->kit.journal,
		.is_command = true,
	};

	assert_int_equal(desk_new(&setup, &scene->desk, NULL), 0);
	scene->call.desk = scene->desk;
}

static void
scene_init(struct scene *scene, enum order_operation operation, uint32_t mode)
{
	const char *account = mode == IAG_MODE_LIVE ? ACCOUNT : PAPER;

	memset(scene, 0, sizeof(*scene));
	memset(&world, 0, sizeof(world));
	kit_init(&scene->kit);
	kit_open(&scene->kit, JOURNAL_WRITE);
	config_make(scene);
	desk_open(scene);
	if (mode == IAG_MODE_PAPER)
		*scene->policy_digest = '\0';
	for (size_t i = 0; i < GROUP_LEGS; i++)
		leg_make(scene, i, mode, account,
		    operation == OPERATION_GROUP ? "group" : NULL);
	world.fresh = world.active = world.sound = true;
	world.mode = mode;
	world.bid = "99";
	world.ask = "101";
	world.missing = "";
	scene->call = (struct order_call){
		.desk = scene->desk,
		.principal = "local:anna",
		.flags = &order_flags_none,
	};
	check_init(&scene->check);
	scene->check.call = &scene->call;
	scene->check.operation = operation;
	scene->check.mode = mode;
	scene->check.account = account;
	scene->check.key = "key-1";
	scene->check.leg_count = operation == OPERATION_GROUP    ? 3
				 : operation == OPERATION_CANCEL ? 0
								 : 1;
	for (size_t i = 0; i < scene->check.leg_count; i++)
		scene->check.approval_ids[i] = scene->approvals[i].id;
	if (operation == OPERATION_CANCEL || operation == OPERATION_MODIFY)
		scene->check.broker_order_id = "b-1";
	switch_is(scene, SWITCH_LIVE, "open");
	switch_is(scene, SWITCH_PAPER, "open");
}

static void
scene_fini(struct scene *scene)
{
	struct config *config = scene->kit.config;

	check_fini(&scene->check);
	desk_free(scene->desk);
	config->policies = NULL;
	config->policy_count = 0;
	config_list_set(&scene->policy.allowed_symbols, NULL, 0);
	config_list_set(&scene->policy.allowed_asset_classes, NULL, 0);
	free(scene->policy.allowed_symbols.items);
	free(scene->policy.allowed_asset_classes.items);
	kit_fini(&scene->kit);
}

static int
judge_step(struct journal_txn *txn, void *arg, struct err *err)
{
	return check_judge(txn, arg, err);
}

/* Judge as it stands; codes of all refusals, a space behind each. */
static void
judged(struct scene *scene, const char *codes)
{
	struct check *check = &scene->check;
	CLEANUP_BUF struct buf text = BUF_INIT;
	CLEANUP_ERR struct err err = ERR_INIT;

	if (check_look(check, &err) ||
	    journal_view(scene->kit.journal, judge_step, check, &err))
		fail_msg("%s", err_text(&err));
	for (size_t i = 0; i < check->verdicts.count; i++) {
		if (!check->verdicts.items[i].passed)
			buf_printf(&text, "%s ", check->verdicts.items[i].code);
	}
	if (strcmp(buf_text(&text), codes) != 0)
		fail_msg("got '%s', expected '%s'", buf_text(&text), codes);
	assert_int_equal(check->code == ERR_NONE, *codes == '\0');
	assert_int_equal(
	    check_refuse(check, NULL) == 0, check->code == ERR_NONE);
}

static void
test_all_is_open_where_all_is_good(void **state)
{
	struct scene scene;

	(void)state;
	scene_init(&scene, OPERATION_SUBMIT, IAG_MODE_LIVE);
	judged(&scene, "");
	assert_true(scene.check.has_quote);
	scene_fini(&scene);
	scene_init(&scene, OPERATION_GROUP, IAG_MODE_LIVE);
	judged(&scene, "");
	scene_fini(&scene);
	/* without a policy nobody needs a quote */
	scene_init(&scene, OPERATION_SUBMIT, IAG_MODE_PAPER);
	judged(&scene, "");
	assert_false(scene.check.has_quote);
	scene_fini(&scene);
}

static void
test_inv7_the_stored_switch_decides(void **state)
{
	struct scene scene;
	FILE *file;
	char path[600];

	(void)state;
	scene_init(&scene, OPERATION_SUBMIT, IAG_MODE_LIVE);
	switch_is(&scene, SWITCH_LIVE, "cancel_only");
	judged(&scene, "LIVE_KILL_SWITCH_CLOSED ");
	switch_is(&scene, SWITCH_LIVE, "ajar");
	judged(&scene, "LIVE_KILL_SWITCH_CLOSED ");
	store(&scene,
	    &(struct row){ TABLE_SWITCHES, SWITCH_LIVE, NULL, NULL, NULL, 0 });
	judged(&scene, "LIVE_KILL_SWITCH_CLOSED ");
	switch_is(&scene, SWITCH_LIVE, "open");
	(void)snprintf(path, sizeof(path), "%s/CLOSED", scene.kit.path);
	file = fopen(path, "w");
	assert_non_null(file);
	(void)fclose(file);
	judged(&scene, "LIVE_KILL_SWITCH_CLOSED ");
	(void)remove(path);
	judged(&scene, "");
	scene_fini(&scene);
}

static void
test_what_is_configured_and_said_is_read(void **state)
{
	struct scene scene;
	struct order_flags flags = { .preview = true, .paper = true };
	struct config *config;

	(void)state;
	scene_init(&scene, OPERATION_SUBMIT, IAG_MODE_LIVE);
	config = scene.kit.config;
	scene.call.flags = &flags;
	judged(&scene, "LIVE_FEATURE_DISABLED ");
	scene.call.flags = &order_flags_none;
	config->safety.live_trading_enabled = false;
	judged(&scene, "LIVE_FEATURE_DISABLED ");
	config->safety.live_trading_enabled = true;
	config->safety.require_separate_uid = true;
	judged(&scene, "LIVE_SEPARATE_UID_REQUIRED ");
	config->safety.require_separate_uid = false;
	world.active = world.sound = false;
	judged(&scene, "LIVE_CONFIGURATION_CHANGED LIVE_CLOCK_UNSOUND ");
	world.active = world.sound = true;
	world.missing = "limits_reviewed";
	judged(&scene, "LIVE_MIGRATION_CHECKLIST_MISSING ");
	flags = (struct order_flags){ .live = true, .acknowledged = true };
	scene.call.flags = &flags;
	judged(&scene, "");
	world.mode = IAG_MODE_PAPER;
	judged(&scene, "ACCOUNT_MODE_MISMATCH ");
	world.mode = 0;
	judged(&scene, "ACCOUNT_MODE_MISMATCH ");
	world.mode = IAG_MODE_LIVE;
	scene.check.key = "no spaces";
	judged(&scene, "LIVE_IDEMPOTENCY_KEY_MISSING ");
	scene_fini(&scene);
}

/* A clock that stands still gives one gate time to all. */
static uint64_t
standing_ns(void *arg)
{
	return *(uint64_t *)arg;
}

/* Whoever waited for a turn is no clock that runs backwards. */
static void
test_the_clock_is_read_when_it_is_judged(void **state)
{
	uint64_t now = clock_real_ns() + 3600 * NS_PER_S;
	const struct clock_source source = { standing_ns, standing_ns, &now };
	struct scene scene;

	(void)state;
	scene_init(&scene, OPERATION_SUBMIT, IAG_MODE_LIVE);
	clock_set_source(&source);
	assert_int_equal(check_look(&scene.check, NULL), 0);
	now += 10 * NS_PER_S;
	assert_int_equal(
	    journal_view(scene.kit.journal, judge_step, &scene.check, NULL), 0);
	assert_int_equal(world.checked_ns, now);
	assert_int_equal(scene.check.clock.boot_ns, now);
	clock_set_source(NULL);
	scene_fini(&scene);
}

static void
test_a_bracket_leaves_room_in_its_key(void **state)
{
	char key[65];
	struct scene scene;

	(void)state;
	memset(key, 'k', sizeof(key));
	key[60] = '\0';
	scene_init(&scene, OPERATION_GROUP, IAG_MODE_LIVE);
	scene.check.key = key;
	judged(&scene, "");
	key[60] = 'k';
	key[61] = '\0';
	judged(&scene, "LIVE_IDEMPOTENCY_KEY_MISSING ");
	scene_fini(&scene);
}

static void
test_an_adopted_store_waits_for_its_reconcile(void **state)
{
	struct scene scene;

	(void)state;
	scene_init(&scene, OPERATION_SUBMIT, IAG_MODE_LIVE);
	store(&scene, &(struct row){ TABLE_STATE, "journal/reconcile", "{}",
			  NULL, NULL, 0 });
	judged(&scene, "LIVE_RECONCILE_REQUIRED ");
	store(&scene, &(struct row){ TABLE_STATE, "journal/reconcile", NULL,
			  NULL, NULL, 0 });
	judged(&scene, "");
	scene_fini(&scene);
}

static void
test_inv3_an_approval_holds_for_what_would_be_sent_now(void **state)
{
	struct scene scene;
	struct desk *first;
	struct order *order;

	(void)state;
	scene_init(&scene, OPERATION_SUBMIT, IAG_MODE_LIVE);
	first = scene.desk;
	order = &scene.previews[0].order;
	order->limit_price = (char *)"100.00";
	judged(&scene, "");
	order->limit_price = (char *)"100.01";
	judged(&scene, "APPROVAL_PREVIEW_MISMATCH ");
	order->limit_price = (char *)"100";
	/* the policy in force is another one now */
	scene.policy.max_quote_age_seconds = 31;
	desk_open(&scene);
	judged(&scene, "APPROVAL_PREVIEW_MISMATCH ");
	scene.policy.max_quote_age_seconds = 30;
	desk_free(scene.desk);
	scene.desk = scene.call.desk = first;
	/* another writer than the one that was approved */
	scene.previews[0].writer = (char *)"client-portal";
	approve(&scene, 0);
	judged(&scene, "APPROVAL_PREVIEW_MISMATCH ");
	scene.previews[0].writer = (char *)"local_candidate";
	approve(&scene, 0);
	judged(&scene, "");
	/* named, and not the approved one */
	scene.check.preview_ids[0] = "preview-1";
	judged(&scene, "APPROVAL_PREVIEW_MISMATCH ");
	scene.check.preview_ids[0] = NULL;
	world.fit = APPROVAL_IS_CONSUMED;
	judged(&scene, "APPROVAL_CONSUMED ");
	world.fit = APPROVAL_FITS;
	scene.check.approval_ids[0] = "approval-9";
	judged(&scene, "LIVE_PREVIEW_MISSING LIVE_PREVIEW_EXPIRED "
		       "INPUT_UNAUTHORIZED_ACCOUNT LIVE_APPROVAL_MISSING "
		       "LIVE_RISK_POLICY_REFUSED ");
	scene_fini(&scene);
}

static void
test_previews_of_others_and_of_yesterday_refuse(void **state)
{
	struct scene scene;

	(void)state;
	scene_init(&scene, OPERATION_SUBMIT, IAG_MODE_LIVE);
	world.fresh = false;
	judged(&scene, "LIVE_PREVIEW_EXPIRED ");
	world.fresh = true;
	scene.previews[0].order.account = (char *)"U7654321";
	approve(&scene, 0);
	judged(&scene, "INPUT_UNAUTHORIZED_ACCOUNT ");
	scene.previews[0].order.account = (char *)ACCOUNT;
	scene.previews[0].order.mode = IAG_MODE_PAPER;
	approve(&scene, 0);
	judged(&scene, "INPUT_UNAUTHORIZED_ACCOUNT ");
	scene_fini(&scene);
}

static void
test_inv3_legs_are_sent_together_and_in_their_places(void **state)
{
	struct scene scene;

	(void)state;
	scene_init(&scene, OPERATION_GROUP, IAG_MODE_LIVE);
	scene.previews[2].group_id = (char *)"another";
	approve(&scene, 2);
	judged(&scene, "APPROVAL_PREVIEW_MISMATCH ");
	scene.previews[2].group_id = (char *)"group";
	scene.previews[2].group_role = (char *)"take_profit";
	approve(&scene, 2);
	judged(&scene, "APPROVAL_PREVIEW_MISMATCH ");
	scene_fini(&scene);
	/* and a leg alone is no order */
	scene_init(&scene, OPERATION_SUBMIT, IAG_MODE_LIVE);
	scene.previews[0].group_id = (char *)"group";
	scene.previews[0].group_role = (char *)"parent";
	approve(&scene, 0);
	judged(&scene, "APPROVAL_PREVIEW_MISMATCH ");
	scene_fini(&scene);
}

static void
test_without_a_quote_limits_that_need_one_refuse(void **state)
{
	struct scene scene;

	(void)state;
	scene_init(&scene, OPERATION_SUBMIT, IAG_MODE_LIVE);
	world.bid = NULL;
	judged(&scene, "LIVE_MARKET_SNAPSHOT_MISSING ");
	scene_fini(&scene);
	scene_init(&scene, OPERATION_SUBMIT, IAG_MODE_LIVE);
	text_is(&scene.kit.config->live_trading.risk_policy_id, "lost");
	*scene.policy_digest = '\0';
	approve(&scene, 0);
	judged(&scene, "LIVE_POLICY_UNKNOWN ");
	scene_fini(&scene);
}

/* Judge and reserve in one step, as the intent's step does. */
struct reservation {
	struct check *check;
	uint64_t ns[GROUP_LEGS], sequence[GROUP_LEGS];
};

static int
reserve_step(struct journal_txn *txn, void *arg, struct err *err)
{
	struct reservation *r = arg;
	struct row row = { TABLE_STATE, "test/row", "{}", NULL, NULL, 0 };
	int ret = check_judge(txn, r->check, err);

	ret = ret ? ret : check_refuse(r->check, err);
	for (size_t i = 0; ret == 0 && i < r->check->leg_count; i++)
		ret = check_reserve(
		    txn, r->check, i, &r->ns[i], &r->sequence[i], err);
	return ret ? ret : row_step(txn, &row, err);
}

static int
release_step(struct journal_txn *txn, void *arg, struct err *err)
{
	const struct reservation *r = arg;
	struct row row = { TABLE_STATE, "test/row", "{}", NULL, NULL, 0 };
	int ret = activity_release(
	    txn, r->check->account_hash, r->ns[0], r->sequence[0], err);

	return ret ? ret : row_step(txn, &row, err);
}

static int
reserve(struct scene *scene, struct reservation *ret_reservation)
{
	*ret_reservation = (struct reservation){ .check = &scene->check };
	assert_int_equal(check_look(&scene->check, NULL), 0);
	return journal_update(
	    scene->kit.journal, NULL, reserve_step, ret_reservation, NULL);
}

static void
test_inv12_reservations_hold_the_next_order_and_come_back(void **state)
{
	struct reservation first, second, third, fourth;
	struct scene scene;

	(void)state;
	scene_init(&scene, OPERATION_SUBMIT, IAG_MODE_LIVE);
	assert_int_equal(reserve(&scene, &first), 0);
	assert_int_equal(reserve(&scene, &second), 0);
	assert_int_equal(reserve(&scene, &third), 0);
	assert_int_not_equal(reserve(&scene, &fourth), 0);
	assert_int_equal(scene.check.code, ERR_LIVE_LIMIT_REFUSED);
	judged(&scene, "LIVE_FREQUENCY_LIMIT_REFUSED ");
	assert_int_equal(journal_update(scene.kit.journal, NULL, release_step,
			     &second, NULL),
	    0);
	/* twice is once */
	assert_int_equal(journal_update(scene.kit.journal, NULL, release_step,
			     &second, NULL),
	    0);
	judged(&scene, "");
	/* 2 x 100 twice are held: 600 more would be too much by themselves */
	scene.previews[0].order.quantity = (char *)"6.01";
	approve(&scene, 0);
	judged(&scene, "LIVE_SESSION_NOTIONAL_LIMIT_REFUSED ");
	scene.previews[0].order.quantity = (char *)"6";
	approve(&scene, 0);
	judged(&scene, "");
	scene_fini(&scene);
}

static void
test_reservations_of_one_instant_are_told_apart(void **state)
{
	uint64_t now = clock_real_ns() + 3600 * NS_PER_S;
	const struct clock_source source = { standing_ns, standing_ns, &now };
	struct reservation r[3], group;
	struct scene scene;

	(void)state;
	scene_init(&scene, OPERATION_SUBMIT, IAG_MODE_LIVE);
	clock_set_source(&source);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(reserve(&scene, &r[i]), 0);
		assert_int_equal(r[i].ns[0], now);
		assert_int_equal(r[i].sequence[0], i);
	}
	judged(&scene, "LIVE_FREQUENCY_LIMIT_REFUSED ");
	clock_set_source(NULL);
	scene_fini(&scene);
	scene_init(&scene, OPERATION_GROUP, IAG_MODE_LIVE);
	assert_int_equal(reserve(&scene, &group), 0);
	assert_int_equal(group.sequence[2], 2);
	/* three legs are three orders of 200 on top of 600 */
	judged(&scene, "LIVE_FREQUENCY_LIMIT_REFUSED "
		       "LIVE_FREQUENCY_LIMIT_REFUSED "
		       "LIVE_FREQUENCY_LIMIT_REFUSED "
		       "LIVE_SESSION_NOTIONAL_LIMIT_REFUSED ");
	scene_fini(&scene);
}

/* The order that cancel and modify are about. */
static void
target_is(struct scene *scene, uint32_t mode, const char *writer,
    const char *filled, uint64_t updated_ns)
{
	struct order_row row = {
		.account = (char *)scene->check.account,
		.broker_order_id = (char *)"b-1",
		.client_ref = (char *)"key-0",
		.key = (char *)"key-0",
		.leg = (char *)"",
		.mode = mode,
		.writer = (char *)writer,
		.connection = (char *)desk_connection(scene->desk),
		.approval_id = (char *)"approval-8",
		.status = IAG_STATUS_OPEN,
		.filled_quantity = (char *)filled,
		.order =
		    order_of(mode, scene->check.account, IAG_SIDE_BUY, "90"),
		.created_ns = 1,
		.updated_ns = updated_ns,
	};

	journal_account_hash(scene->kit.journal, scene->check.account,
	    scene->check.account_hash);
	store(scene,
	    &(struct row){ .order = &row, .hash = scene->check.account_hash });
}

static void
test_a_cancel_needs_no_policy_no_approval_and_no_backend(void **state)
{
	struct scene scene;

	(void)state;
	scene_init(&scene, OPERATION_CANCEL, IAG_MODE_LIVE);
	world.mode_ret = IAG_AGAIN;
	text_is(&scene.kit.config->live_trading.risk_policy_id, "lost");
	switch_is(&scene, SWITCH_LIVE, "cancel_only");
	judged(&scene, "");
	target_is(&scene, IAG_MODE_LIVE, "client-portal", NULL, 1);
	judged(&scene, "LIVE_WRITER_REFUSED ");
	target_is(&scene, IAG_MODE_LIVE, "local_candidate", NULL, 1);
	judged(&scene, "");
	scene_fini(&scene);
	/* on paper the journal must know the order */
	scene_init(&scene, OPERATION_CANCEL, IAG_MODE_PAPER);
	judged(&scene, "ORDER_TARGET_UNKNOWN ");
	target_is(&scene, IAG_MODE_PAPER, "local-candidate", NULL, 1);
	judged(&scene, "");
	scene_fini(&scene);
}

static void
test_a_submit_fails_where_the_broker_does_not_answer(void **state)
{
	CLEANUP_ERR struct err err = ERR_INIT;
	struct scene scene;

	(void)state;
	scene_init(&scene, OPERATION_SUBMIT, IAG_MODE_LIVE);
	world.mode_ret = IAG_AGAIN;
	assert_int_equal(check_look(&scene.check, &err), IAG_AGAIN);
	assert_int_equal(err.code, ERR_BROKER_BACKEND_UNAVAILABLE);
	scene_fini(&scene);
}

static void
changes_are(struct scene *scene, const char *text)
{
	(void)json_object_put(scene->check.changes);
	assert_int_equal(json_parse(text, strlen(text), &json_bounds_default,
			     &scene->check.changes, NULL),
	    0);
}

/* What was approved is to trade there; NULL: where the broker chooses. */
static void
exchange_is(struct scene *scene, const char *exchange)
{
	assert_int_equal(
	    text_set(&scene->previews[0].order.exchange, exchange, NULL), 0);
	approve(scene, 0);
}

static void
test_a_modify_is_of_its_target_and_as_approved(void **state)
{
	struct scene scene;
	uint64_t later = clock_real_ns() + 3600 * NS_PER_S;

	(void)state;
	scene_init(&scene, OPERATION_MODIFY, IAG_MODE_LIVE);
	judged(&scene, "ORDER_TARGET_UNKNOWN MODIFY_TARGET_MISMATCH ");
	target_is(&scene, IAG_MODE_LIVE, "local-candidate", NULL, 1);
	changes_are(&scene, "{\"limit_price\":\"100.0\","
			    "\"time_in_force\":\"DAY\"}");
	judged(&scene, "");
	changes_are(&scene, "{\"limit_price\":\"100.1\"}");
	judged(&scene, "APPROVAL_PREVIEW_MISMATCH ");
	changes_are(&scene, "{\"stop_price\":\"1\"}");
	judged(&scene, "APPROVAL_PREVIEW_MISMATCH ");
	changes_are(&scene, "{\"time_in_force\":\"gtc\"}");
	judged(&scene, "APPROVAL_PREVIEW_MISMATCH ");
	changes_are(&scene, "{}");
	scene.previews[0].order.side = IAG_SIDE_SELL;
	approve(&scene, 0);
	judged(&scene, "MODIFY_TARGET_MISMATCH ");
	scene.previews[0].order.side = IAG_SIDE_BUY;
	exchange_is(&scene, "NYSE");
	judged(&scene, "MODIFY_TARGET_MISMATCH ");
	exchange_is(&scene, "SMART");
	judged(&scene, "");
	exchange_is(&scene, NULL);
	target_is(&scene, IAG_MODE_LIVE, "local-candidate", "0.0", later);
	judged(&scene, "");
	target_is(&scene, IAG_MODE_LIVE, "local-candidate", "1", 1);
	judged(&scene, "");
	target_is(&scene, IAG_MODE_LIVE, "local-candidate", "1", later);
	judged(&scene, "MODIFY_TARGET_MISMATCH ");
	(void)json_object_put(STEAL(scene.check.changes));
	scene_fini(&scene);
}

static void
test_a_modify_counts_its_increase_alone(void **state)
{
	struct reservation r;
	struct scene scene;

	(void)state;
	scene_init(&scene, OPERATION_MODIFY, IAG_MODE_LIVE);
	target_is(&scene, IAG_MODE_LIVE, "local-candidate", NULL, 1);
	/* 2 x 100 instead of 2 x 90: 20 each time, and never an order */
	for (int i = 0; i < 5; i++)
		assert_int_equal(reserve(&scene, &r), 0);
	scene.check.operation = OPERATION_SUBMIT;
	scene.check.broker_order_id = NULL;
	scene.previews[0].order.quantity = (char *)"9";
	approve(&scene, 0);
	judged(&scene, "");
	scene.previews[0].order.quantity = (char *)"9.01";
	approve(&scene, 0);
	judged(&scene, "LIVE_SESSION_NOTIONAL_LIMIT_REFUSED ");
	scene_fini(&scene);
}

static void
test_after_an_unknown_modify_only_a_cancel_passes(void **state)
{
	struct intent intent;
	struct scene scene;

	(void)state;
	scene_init(&scene, OPERATION_MODIFY, IAG_MODE_LIVE);
	target_is(&scene, IAG_MODE_LIVE, "local-candidate", NULL, 1);
	intent_init(&intent);
	intent.state = INTENT_RECORDED;
	intent.operation = OPERATION_MODIFY;
	intent.mode = IAG_MODE_LIVE;
	intent.account = strdup(ACCOUNT);
	intent.key = strdup("key-m");
	intent.leg = strdup("");
	intent.owner = strdup("owner");
	intent.writer = strdup("local-candidate");
	intent.connection = strdup("fake");
	intent.client_ref = strdup("key-m");
	intent.broker_order_id = strdup("b-1");
	intent.recorded_ns = intent.incarnation = 1;
	memcpy(intent.request_digest, scene.approvals[0].digest,
	    sizeof(intent.request_digest));
	id_new(intent.id);
	store(&scene, &(struct row){ .intent = &intent,
			  .hash = scene.check.account_hash });
	intent_fini(&intent);
	judged(&scene, "MODIFY_OUTCOME_UNKNOWN ");
	scene.check.operation = OPERATION_CANCEL;
	scene.check.leg_count = 0;
	judged(&scene, "");
	scene_fini(&scene);
}

static void
test_the_context_keeps_what_was_seen(void **state)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	CLEANUP_JSON struct json_object *obj = NULL;
	struct scene scene;

	(void)state;
	scene_init(&scene, OPERATION_SUBMIT, IAG_MODE_LIVE);
	judged(&scene, "");
	assert_int_equal(check_context(&scene.check, &text, NULL), 0);
	assert_int_equal(
	    json_parse(text.data, text.len, &json_bounds_default, &obj, NULL),
	    0);
	assert_string_equal(json_get_str(obj, "account_mode", ""), "live");
	assert_string_equal(
	    json_get_str(json_get(obj, "quote"), "bid", ""), "99");
	assert_int_equal(json_object_array_length(json_get(obj, "seen")),
	    scene.check.verdicts.count);
	scene_fini(&scene);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_is_open_where_all_is_good),
		cmocka_unit_test(test_inv7_the_stored_switch_decides),
		cmocka_unit_test(test_what_is_configured_and_said_is_read),
		cmocka_unit_test(test_the_clock_is_read_when_it_is_judged),
		cmocka_unit_test(test_a_bracket_leaves_room_in_its_key),
		cmocka_unit_test(test_an_adopted_store_waits_for_its_reconcile),
		cmocka_unit_test(
		    test_inv3_an_approval_holds_for_what_would_be_sent_now),
		cmocka_unit_test(
		    test_previews_of_others_and_of_yesterday_refuse),
		cmocka_unit_test(
		    test_inv3_legs_are_sent_together_and_in_their_places),
		cmocka_unit_test(
		    test_without_a_quote_limits_that_need_one_refuse),
		cmocka_unit_test(
		    test_inv12_reservations_hold_the_next_order_and_come_back),
		cmocka_unit_test(
		    test_reservations_of_one_instant_are_told_apart),
		cmocka_unit_test(
		    test_a_cancel_needs_no_policy_no_approval_and_no_backend),
		cmocka_unit_test(
		    test_a_submit_fails_where_the_broker_does_not_answer),
		cmocka_unit_test(
		    test_a_modify_is_of_its_target_and_as_approved),
		cmocka_unit_test(test_a_modify_counts_its_increase_alone),
		cmocka_unit_test(
		    test_after_an_unknown_modify_only_a_cancel_passes),
		cmocka_unit_test(test_the_context_keeps_what_was_seen),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
