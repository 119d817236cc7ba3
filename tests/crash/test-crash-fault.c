/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Stores that fail (ruling 22): a commit that fails for room or conflict is
 * run again step by step, one of unknown outcome is looked up, and after any
 * other failure the journal stops writing until it is opened anew.
 */

#include <linux/capability.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "../unit/journal-kit.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "journal/core.h"

static int
setup(void **state)
{
	struct kit *kit = malloc(sizeof(*kit));

	assert_non_null(kit);
	kit_init(kit);
	*state = kit;
	return 0;
}

static int
teardown(void **state)
{
	struct kit *kit = *state;

	kit_fini(kit);
	free(kit);
	return 0;
}

static void
open_faulty(struct kit *kit, const char *name, const char *fault_text)
{
	kit_plugin(kit, name);
	kit->fault = fault_text;
	kit_open(kit, JOURNAL_WRITE);
}

struct step {
	struct kit *kit;
	unsigned number;
	bool refuse, late; /* late: when something is written */
	unsigned runs;
	int result;
	pthread_t thread;
};

static int
put_step(struct journal_txn *txn, void *arg, struct err *err)
{
	struct step *step = arg;
	const struct audit_event event = { .event_type = "test_put" };
	char key[16];
	int rc;

	step->runs++;
	if (step->refuse && !step->late)
		return err_set(err, ERR_ORDER_POLICY_REFUSED, "refused");
	(void)snprintf(key, sizeof(key), "%u", step->number);
	rc = txn_put(txn, TABLE_INTENTS, bytes_str(key), bytes_str("v"), err);
	if (rc == 0)
		rc = txn_audit(txn, &event, err);
	if (rc == 0 && step->refuse)
		rc = err_set(err, ERR_ORDER_POLICY_REFUSED, "refused");
	return rc;
}

static void *
step_main(void *arg)
{
	struct step *step = arg;

	step->result =
	    journal_update(step->kit->journal, NULL, put_step, step, NULL);
	return NULL;
}

static unsigned
queued(struct journal *journal)
{
	unsigned count = 0;
	LOCK_SCOPE(&journal->mutex);

	for (struct job *job = journal->first; job; job = job->next)
		count++;
	return count;
}

/* Eight steps that the writer finds together, so that they are one batch. */
static void
run_steps(struct kit *kit, struct step *steps, unsigned count, bool late)
{
	struct store_txn *txn = NULL;

	assert_int_equal(
	    0, store_begin(kit->store, NULL, IAG_STORE_WRITE, &txn, NULL));
	for (unsigned i = 0; i < count; i++) {
		steps[i] = (struct step){
			.kit = kit, .number = i, .refuse = i == 2, .late = late
		};
		assert_int_equal(0, pthread_create(&steps[i].thread, NULL,
					step_main, &steps[i]));
	}
	while (queued(kit->journal) < count)
		(void)sched_yield();
	store_abort(txn);
	for (unsigned i = 0; i < count; i++)
		(void)pthread_join(steps[i].thread, NULL);
}

static void
run_batch(struct kit *kit, struct step *steps, unsigned count)
{
	run_steps(kit, steps, count, false);
}

static int
count_visit(
    struct iag_bytes key, struct iag_bytes value, void *arg, struct err *err)
{
	(void)key;
	(void)value;
	(void)err;
	(*(unsigned *)arg)++;
	return 0;
}

static int
count_step(struct journal_txn *txn, void *arg, struct err *err)
{
	return txn_walk(
	    txn, TABLE_INTENTS, bytes_of("", 0), false, count_visit, arg, err);
}

static void
expect_rows(struct kit *kit, unsigned expected)
{
	struct audit_verdict verdict = kit_verify(kit, AUDIT_VERIFY_STATE);
	unsigned rows = 0;

	if (!verdict.valid)
		fail_msg("%s", verdict.reason);
	assert_int_equal(expected + 1, verdict.scanned);
	assert_int_equal(
	    0, journal_view(kit->journal, count_step, &rows, &kit->err));
	assert_int_equal(expected, rows);
}

static void
expect_batch(const struct step *steps, unsigned runs)
{
	for (unsigned i = 0; i < 8; i++) {
		assert_int_equal(i == 2 ? IAG_REJECTED : 0, steps[i].result);
		assert_int_equal(runs, steps[i].runs);
	}
}

static void
test_a_batch_runs_once_when_nothing_fails(void **state)
{
	struct kit *kit = *state;
	struct step steps[8];

	open_faulty(kit, "faulty", "");
	run_batch(kit, steps, 8);
	expect_batch(steps, 1);
	expect_rows(kit, 7);
}

/* The writes of a step that is refused behind them are taken back. */
static void
expect_taken_back(struct kit *kit)
{
	struct step steps[8];

	run_steps(kit, steps, 8, true);
	for (unsigned i = 0; i < 8; i++) {
		assert_int_equal(i == 2 ? IAG_REJECTED : 0, steps[i].result);
		assert_in_range(steps[i].runs, 1, 2);
	}
	assert_int_equal(2, steps[2].runs);
	expect_rows(kit, 7);
}

static void
test_what_a_refused_step_wrote_is_taken_back(void **state)
{
	open_faulty(*state, "faulty", "");
	expect_taken_back(*state);
}

static void
test_it_is_taken_back_without_nested_transactions_too(void **state)
{
	open_faulty(*state, "flat", "");
	expect_taken_back(*state);
}

static void
test_a_batch_without_room_is_run_step_by_step(void **state)
{
	struct kit *kit = *state;
	struct step steps[8];

	open_faulty(kit, "faulty", "commit 2 limit");
	run_batch(kit, steps, 8);
	expect_batch(steps, 2);
	expect_rows(kit, 7);
}

static void
test_a_batch_in_conflict_is_run_step_by_step(void **state)
{
	struct kit *kit = *state;
	struct step steps[8];

	open_faulty(kit, "faulty", "commit 2 again");
	run_batch(kit, steps, 8);
	expect_batch(steps, 2);
	expect_rows(kit, 7);
}

static void
test_a_fault_inside_a_step_does_not_take_the_others(void **state)
{
	struct kit *kit = *state;
	struct step steps[8];

	/* the birth has six puts; this is one in the middle of the batch */
	open_faulty(kit, "faulty", "put 15 limit");
	run_batch(kit, steps, 8);
	for (unsigned i = 0; i < 8; i++)
		assert_int_equal(i == 2 ? IAG_REJECTED : 0, steps[i].result);
	expect_rows(kit, 7);
}

static void
test_a_store_without_nested_transactions_serves_as_well(void **state)
{
	struct kit *kit = *state;
	struct step steps[8];

	open_faulty(kit, "flat", "");
	run_batch(kit, steps, 8);
	expect_batch(steps, 1);
	expect_rows(kit, 7);
}

static void
expect_stopped(struct kit *kit)
{
	assert_int_equal(IAG_AGAIN, kit_record(kit, "ibkr_health"));
	assert_non_null(
	    strstr(err_text(&kit->err), "has stopped writing: injected"));
	kit_close(kit);
	kit->fault = "";
	kit_open(kit, JOURNAL_WRITE);
}

static void
test_an_unknown_commit_that_was_applied_counts(void **state)
{
	struct kit *kit = *state;
	struct step steps[8];

	open_faulty(kit, "faulty", "commit 2 unknown-applied");
	run_batch(kit, steps, 8);
	expect_batch(steps, 1);
	expect_stopped(kit);
	expect_rows(kit, 7);
}

static void
test_an_unknown_commit_that_was_lost_is_an_error(void **state)
{
	struct kit *kit = *state;
	struct step steps[8];

	open_faulty(kit, "faulty", "commit 2 unknown-lost");
	run_batch(kit, steps, 8);
	for (unsigned i = 0; i < 8; i++)
		assert_int_equal(IAG_INTERNAL, steps[i].result);
	expect_stopped(kit);
	expect_rows(kit, 0);
}

static void
test_inv5_after_a_broken_commit_nothing_is_written(void **state)
{
	struct kit *kit = *state;

	open_faulty(kit, "faulty", "commit 2 internal");
	assert_int_equal(IAG_INTERNAL, kit_record(kit, "ibkr_health"));
	assert_int_equal(ERR_AUDIT_WRITE_FAILED, kit->err.code);
	expect_stopped(kit);
	kit_records(kit, 1);
	assert_true(kit_verify(kit, 0).valid);
}

static void
test_the_reserve_is_kept_for_settling(void **state)
{
	struct kit *kit = *state;
	struct step step = { .number = 1 };

	kit_open(kit, JOURNAL_WRITE);
	kit_close(kit);
	kit->map_mib = "48"; /* less than the reserve */
	kit_open(kit, JOURNAL_WRITE);
	assert_int_equal(IAG_LIMIT, kit_record(kit, "ibkr_health"));
	assert_non_null(strstr(err_text(&kit->err), "64 MiB"));
	assert_int_equal(0, journal_update_reserved(kit->journal, NULL,
				put_step, &step, &kit->err));
	expect_rows(kit, 1);
}

/* RLIMIT_FSIZE stands in for a full disk. */
static void
fill_disk(const struct kit *parent)
{
	struct rlimit limit;
	struct stat st;
	struct kit kit;
	char path[600];
	unsigned written = 0;

	kit_init(&kit);
	(void)rmdir(kit.base);
	memcpy(kit.path, parent->path, sizeof(kit.path));
	(void)signal(SIGXFSZ, SIG_IGN);
	kit_open(&kit, JOURNAL_WRITE);
	(void)snprintf(path, sizeof(path), "%s/data.mdb", kit.path);
	assert_int_equal(0, stat(path, &st));
	limit = (struct rlimit){ (rlim_t)st.st_size + 40000, RLIM_INFINITY };
	assert_int_equal(0, setrlimit(RLIMIT_FSIZE, &limit));
	while (kit_record(&kit, "ibkr_health") == 0)
		written++;
	if (kit.err.code != ERR_JOURNAL_UNAVAILABLE || written == 0)
		_exit(1);
	limit.rlim_cur = RLIM_INFINITY;
	assert_int_equal(0, setrlimit(RLIMIT_FSIZE, &limit));
	/* room again: it goes on without being opened anew */
	kit_records(&kit, 1);
	if (kit_verify(&kit, AUDIT_VERIFY_STATE).scanned != written + 2)
		_exit(1);
	kit_close(&kit);
	_exit(0);
}

static void
test_a_full_disk_refuses_and_loses_nothing(void **state)
{
	struct kit *kit = *state;
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		fill_disk(kit);
	assert_int_equal(pid, waitpid(pid, &status, 0));
	assert_int_equal(0, status);
	kit_open(kit, JOURNAL_WRITE);
	assert_true(kit_verify(kit, AUDIT_VERIFY_STATE).valid);
}

/* Permissions do not bind root: give up what sets it above them. */
static bool
bind_by_permissions(void)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct caps[_LINUX_CAPABILITY_U32S_3];

	if (syscall(SYS_capget, &head, caps) != 0)
		return false;
	caps[0].effective &=
	    ~(1u << CAP_DAC_OVERRIDE | 1u << CAP_DAC_READ_SEARCH);
	return syscall(SYS_capset, &head, caps) == 0;
}

/* In a child, which must not come back to the tests. */
static void
use_read_only_file(struct kit *kit)
{
	char path[600];

	(void)snprintf(path, sizeof(path), "%s/data.mdb", kit->path);
	if (!bind_by_permissions() || chmod(path, 0400) != 0)
		_exit(2);
	if (kit_try(kit, JOURNAL_WRITE) != IAG_AGAIN ||
	    kit->err.code != ERR_JOURNAL_UNAVAILABLE)
		_exit(1);
	kit_open(kit, JOURNAL_READ_ONLY);
	_exit(kit_verify(kit, 0).valid ? 0 : 1);
}

static void
test_a_read_only_data_file_is_refused_for_writing(void **state)
{
	struct kit *kit = *state;
	int status;
	pid_t pid;

	kit_open(kit, JOURNAL_WRITE);
	kit_close(kit);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		use_read_only_file(kit);
	assert_int_equal(pid, waitpid(pid, &status, 0));
	assert_int_equal(0, status);
}

static void
test_a_step_past_its_deadline_is_withdrawn(void **state)
{
	struct kit *kit = *state;
	struct step step = { .kit = kit };
	struct store_txn *txn = NULL;
	struct call *call;

	kit_open(kit, JOURNAL_WRITE);
	assert_int_equal(
	    0, store_begin(kit->store, NULL, IAG_STORE_WRITE, &txn, NULL));
	call = call_new(clock_boot_ns() + 50 * NS_PER_MS);
	assert_int_equal(IAG_AGAIN,
	    journal_update(kit->journal, call, put_step, &step, &kit->err));
	call_unref(call);
	store_abort(txn);
	kit_records(kit, 1);
	assert_int_equal(0, step.runs);
}

static void *
cancel_main(void *arg)
{
	call_cancel(arg);
	return NULL;
}

static void
test_a_cancelled_step_is_withdrawn(void **state)
{
	struct kit *kit = *state;
	struct step step = { .kit = kit };
	pthread_t canceller;
	struct store_txn *txn = NULL;
	struct call *call = call_new(UINT64_MAX);

	kit_open(kit, JOURNAL_WRITE);
	assert_int_equal(
	    0, store_begin(kit->store, NULL, IAG_STORE_WRITE, &txn, NULL));
	assert_int_equal(
	    0, pthread_create(&canceller, NULL, cancel_main, call));
	assert_int_equal(IAG_STOPPING,
	    journal_update(kit->journal, call, put_step, &step, &kit->err));
	assert_int_equal(ERR_CALL_CANCELLED, kit->err.code);
	(void)pthread_join(canceller, NULL);
	call_unref(call);
	store_abort(txn);
	assert_int_equal(0, step.runs);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(test_a_batch_runs_once_when_nothing_fails),
		TEST(test_what_a_refused_step_wrote_is_taken_back),
		TEST(test_it_is_taken_back_without_nested_transactions_too),
		TEST(test_a_batch_without_room_is_run_step_by_step),
		TEST(test_a_batch_in_conflict_is_run_step_by_step),
		TEST(test_a_fault_inside_a_step_does_not_take_the_others),
		TEST(test_a_store_without_nested_transactions_serves_as_well),
		TEST(test_an_unknown_commit_that_was_applied_counts),
		TEST(test_an_unknown_commit_that_was_lost_is_an_error),
		TEST(test_inv5_after_a_broken_commit_nothing_is_written),
		TEST(test_the_reserve_is_kept_for_settling),
		TEST(test_a_full_disk_refuses_and_loses_nothing),
		TEST(test_a_read_only_data_file_is_refused_for_writing),
		TEST(test_a_step_past_its_deadline_is_withdrawn),
		TEST(test_a_cancelled_step_is_withdrawn),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
