/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* Rows of previews and approvals, and what an approval is worth. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "journal-kit.h"
#include "orders/approval.h"

#define ACCOUNT "DU1234567"
#define PREVIEW "0190a000-0000-7000-8000-00000000000a"
#define APPROVAL "0190a000-0000-7000-8000-00000000000b"

static int
setup(void **state)
{
	struct kit *kit = calloc(1, sizeof(*kit));

	assert_non_null(kit);
	kit_init(kit);
	kit_open(kit, JOURNAL_WRITE);
	*state = kit;
	return 0;
}

static int
teardown(void **state)
{
	kit_fini(*state);
	free(*state);
	return 0;
}

static void
a_preview(struct preview *preview)
{
	preview_init(preview);
	memcpy(preview->id, PREVIEW, ID_TEXT_SIZE);
	memset(preview->digest, 'd', HASH_HEX_SIZE - 1);
	preview->writer = strdup("local-candidate");
	preview->connection = strdup("fake");
	preview->created_by = strdup("agent:bot");
	preview->created_ns = 1000;
	preview->expires_ns = 5000;
	preview->incarnation = 1;
	preview->order = (struct order){
		.mode = IAG_MODE_PAPER,
		.side = IAG_SIDE_SELL,
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
}

static void
an_approval(struct approval *approval)
{
	approval_init(approval);
	memcpy(approval->id, APPROVAL, ID_TEXT_SIZE);
	memcpy(approval->preview_id, PREVIEW, ID_TEXT_SIZE);
	memset(approval->digest, 'd', HASH_HEX_SIZE - 1);
	approval->state = APPROVAL_APPROVED;
	approval->account = strdup(ACCOUNT);
	approval->requested_by = strdup("agent:bot");
	approval->approved_by = strdup("local:anna");
	approval->approved_as = strdup("operator");
	approval->policy = strdup("distinct");
	approval->expires_ns = 5000;
	approval->incarnation = 1;
}

struct job {
	const struct preview *preview;
	const struct approval *approval;
	const char *consume, *release; /* keys */
	struct preview *got_preview;
	struct approval *got;
	const char *id;
};

static int
job_run(struct journal_txn *txn, void *arg, struct err *err)
{
	struct job *job = arg;
	CLEANUP_APPROVAL struct approval approval;
	const struct audit_event event = {
		.event_type = "tool_completed",
		.principal = "local:test",
		.decision = "allow",
		.result_status = "completed",
		.outcome = "done",
	};
	int ret = 0;

	an_approval(&approval);
	if (job->got_preview)
		return preview_get(txn, job->id, job->got_preview, err);
	if (job->got)
		return approval_get(txn, job->id, job->got, err);
	if (job->preview)
		ret = preview_put(txn, job->preview, err);
	if (ret == 0 && job->approval)
		ret = approval_put(txn, job->approval, err);
	if (ret == 0 && job->consume)
		ret = approval_consume(txn, &approval, job->consume, err);
	if (ret == 0 && job->release)
		ret = approval_release(txn, APPROVAL, job->release, err);
	return ret ? ret : txn_audit(txn, &event, err);
}

static int
job_do(struct kit *kit, struct job job)
{
	err_fini(&kit->err);
	kit->err = (struct err)ERR_INIT;
	if (job.got_preview || job.got)
		return journal_view(kit->journal, job_run, &job, &kit->err);
	return journal_update(kit->journal, NULL, job_run, &job, &kit->err);
}

static void
both(struct kit *kit)
{
	CLEANUP_PREVIEW struct preview preview;
	CLEANUP_APPROVAL struct approval approval;

	a_preview(&preview);
	an_approval(&approval);
	assert_int_equal(job_do(kit, (struct job){ .preview = &preview,
					 .approval = &approval }),
	    0);
}

static void
rows_come_back_as_they_were_put(void **state)
{
	struct kit *kit = *state;
	CLEANUP_PREVIEW struct preview preview;
	CLEANUP_APPROVAL struct approval approval;

	preview_init(&preview);
	approval_init(&approval);
	both(kit);
	assert_int_equal(
	    job_do(kit, (struct job){ .got_preview = &preview,
			    .id = "0190A000-0000-7000-8000-00000000000A" }),
	    0);
	assert_string_equal(preview.id, PREVIEW);
	assert_string_equal(preview.approval_id, APPROVAL);
	assert_string_equal(preview.order.limit_price, "1.10");
	assert_string_equal(preview.connection, "fake");
	assert_null(preview.group_id);
	assert_int_equal(
	    job_do(kit, (struct job){ .got = &approval, .id = APPROVAL }), 0);
	assert_int_equal(approval.state, APPROVAL_APPROVED);
	assert_string_equal(approval.approved_by, "local:anna");
	assert_null(approval.key);
}

static void
what_is_no_id_is_not_found(void **state)
{
	struct kit *kit = *state;
	CLEANUP_APPROVAL struct approval approval;

	approval_init(&approval);
	assert_int_equal(job_do(kit, (struct job){ .got = &approval,
					 .id = "preview/" PREVIEW }),
	    IAG_NOTFOUND);
	assert_int_equal(
	    job_do(kit, (struct job){ .got = &approval, .id = "" }),
	    IAG_NOTFOUND);
	assert_int_equal(
	    job_do(kit, (struct job){ .got = &approval, .id = PREVIEW }),
	    IAG_NOTFOUND);
}

static void
inv3_an_approval_is_consumed_once(void **state)
{
	struct kit *kit = *state;
	CLEANUP_APPROVAL struct approval approval;

	approval_init(&approval);
	both(kit);
	assert_int_equal(job_do(kit, (struct job){ .consume = "k1" }), 0);
	assert_int_equal(
	    job_do(kit, (struct job){ .consume = "k2" }), IAG_REJECTED);
	assert_int_equal(kit->err.code, ERR_APPROVAL_CONSUMED);
	assert_int_equal(
	    job_do(kit, (struct job){ .consume = "k1" }), IAG_REJECTED);
	assert_int_equal(
	    job_do(kit, (struct job){ .got = &approval, .id = APPROVAL }), 0);
	assert_string_equal(approval.key, "k1");
}

static void
inv3_only_the_key_that_consumed_it_gives_it_back(void **state)
{
	struct kit *kit = *state;

	both(kit);
	assert_int_equal(
	    job_do(kit, (struct job){ .release = "k1" }), IAG_REJECTED);
	assert_int_equal(job_do(kit, (struct job){ .consume = "k1" }), 0);
	assert_int_equal(
	    job_do(kit, (struct job){ .release = "k2" }), IAG_REJECTED);
	assert_int_equal(job_do(kit, (struct job){ .release = "k1" }), 0);
	assert_int_equal(job_do(kit, (struct job){ .consume = "k2" }), 0);
}

struct fit_case {
	const char *policy, *approved_by, *approved_as, *account;
	enum approval_state state;
	uint64_t now_ns, incarnation;
	char digest;
	enum approval_fit fit;
};

static void
inv3_an_approval_fits_only_what_it_was_made_for(void **state)
{
	static const struct fit_case cases[] = {
		{ "any", "agent:bot", "agent", ACCOUNT, APPROVAL_APPROVED, 2000,
		    1, 'd', APPROVAL_FITS },
		{ "operator", "local:anna", "operator", ACCOUNT,
		    APPROVAL_APPROVED, 2000, 1, 'd', APPROVAL_FITS },
		{ "operator", "agent:bot", "agent", ACCOUNT, APPROVAL_APPROVED,
		    2000, 1, 'd', APPROVAL_BY_SELF },
		{ "distinct", "agent:bot", "agent", ACCOUNT, APPROVAL_APPROVED,
		    2000, 1, 'd', APPROVAL_BY_SELF },
		{ "distinct", "agent:other", "agent", ACCOUNT,
		    APPROVAL_APPROVED, 2000, 1, 'd', APPROVAL_FITS },
		{ "any", "local:anna", "operator", "DU7654321",
		    APPROVAL_APPROVED, 2000, 1, 'd', APPROVAL_OTHER_ACCOUNT },
		{ "any", "local:anna", "operator", ACCOUNT, APPROVAL_APPROVED,
		    2000, 1, 'e', APPROVAL_OTHER_PREVIEW },
		{ "any", "local:anna", "operator", ACCOUNT, APPROVAL_REQUESTED,
		    2000, 1, 'd', APPROVAL_MISSING },
		{ "any", "local:anna", "operator", ACCOUNT, APPROVAL_REVOKED,
		    2000, 1, 'd', APPROVAL_MISSING },
		{ "any", "local:anna", "operator", ACCOUNT, APPROVAL_CONSUMED,
		    2000, 1, 'd', APPROVAL_IS_CONSUMED },
		{ "any", "local:anna", "operator", ACCOUNT, APPROVAL_APPROVED,
		    5000, 1, 'd', APPROVAL_IS_EXPIRED },
		{ "any", "local:anna", "operator", ACCOUNT, APPROVAL_APPROVED,
		    4999, 1, 'd', APPROVAL_FITS },
		{ "any", "local:anna", "operator", ACCOUNT, APPROVAL_APPROVED,
		    2000, 2, 'd', APPROVAL_IS_EXPIRED },
	};
	CLEANUP_PREVIEW struct preview preview;
	CLEANUP_APPROVAL struct approval approval;

	(void)state;
	a_preview(&preview);
	an_approval(&approval);
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		const struct fit_case *c = &cases[i];

		free(approval.approved_by);
		approval.approved_by = strdup(c->approved_by);
		free(approval.approved_as);
		approval.approved_as = strdup(c->approved_as);
		approval.state = c->state;
		memset(approval.digest, c->digest, HASH_HEX_SIZE - 1);
		assert_int_equal(approval_fits(&approval, &preview, c->account,
				     c->policy, c->now_ns, c->incarnation),
		    c->fit);
	}
}

static void
a_preview_of_an_earlier_store_is_not_fresh(void **state)
{
	CLEANUP_PREVIEW struct preview preview;

	(void)state;
	a_preview(&preview);
	assert_true(preview_is_fresh(&preview, 4999, 1));
	assert_false(preview_is_fresh(&preview, 5000, 1));
	assert_false(preview_is_fresh(&preview, 2000, 2));
}

#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(rows_come_back_as_they_were_put),
		T(what_is_no_id_is_not_found),
		T(inv3_an_approval_is_consumed_once),
		T(inv3_only_the_key_that_consumed_it_gives_it_back),
		T(inv3_an_approval_fits_only_what_it_was_made_for),
		T(a_preview_of_an_earlier_store_is_not_fresh),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
