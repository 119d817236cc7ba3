/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The contract kit for writers that may send: an order's life through the
 * host's own wrappers, as the gateway lives it, and calls that are over before
 * the writer has answered.
 */

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "host/kitwriter.h"

#define ANSWER_NS (30 * NS_PER_S) /* for a writer that waits for a disk */
#define BACK_NS (10 * NS_PER_S)   /* how fast a told callback comes back */

/* One order under test. */
struct trial {
	struct kit *kit;
	struct instance *writer;
	struct iag_order order;
	char ref[KIT_REF_SIZE];
	char id[160]; /* as it was acknowledged */
	uint8_t handle[256];
	size_t handle_len;
	uint32_t status;
};

static bool
is_silent(const struct err *err)
{
	return strstr(err_text(err), "not say why") != NULL;
}

/* The end of a send that is not an acknowledgement. */
static void
expect_failure(
    struct kit *kit, const char *callback, int result, const struct err *err)
{
	(void)kit_expect(kit, !is_silent(err),
	    "'%s' failed with %s without a text from host->fail()", callback,
	    err_class_name(result));
	/* a refusal is an answer; to send and not to know is none here */
	(void)kit_expect(kit, result != IAG_UNKNOWN, "%s", err_text(err));
}

/* 0, or why there is no order to go on with. */
static int
place(struct trial *trial, char *ret_id, size_t size, struct err *err)
{
	struct writer_result result;
	struct call *call = call_new(clock_boot_ns() + ANSWER_NS);
	int r;

	if (!call)
		return err_no_memory(err);
	writer_result_init(&result);
	kit_doing(trial->kit, "submit");
	r = writer_submit(
	    trial->writer, call, NULL, &trial->order, &result, err);
	kit_keep_state(&result);
	if (r == 0) {
		(void)snprintf(
		    ret_id, size, "%s", result.acks[0].broker_order_id);
		trial->handle_len = result.acks[0].handle_len;
		memcpy(
		    trial->handle, result.acks[0].handle, sizeof trial->handle);
		trial->status = result.acks[0].status;
	}
	writer_result_fini(&result);
	call_unref(call);
	return r;
}

static struct iag_target
target_of(const struct trial *trial)
{
	return (struct iag_target){
		.struct_size = sizeof(struct iag_target),
		.mode = trial->order.mode,
		.account = trial->order.account,
		.broker_order_id = trial->id,
		.client_ref = trial->ref,
		.handle = { trial->handle, trial->handle_len },
	};
}

/* What was placed is found again, under the id that was told. */
static void
expect_found(struct trial *trial, const char *after)
{
	struct call *call = call_new(clock_boot_ns() + ANSWER_NS);
	struct iag_target target = target_of(trial);
	CLEANUP_ERR struct err err = ERR_INIT;
	struct writer_find_result found;
	int r;

	if (!call)
		return;
	kit_doing(trial->kit, "find");
	r = writer_find(trial->writer, call, &target, &found, &err);
	call_unref(call);
	if (!kit_expect_ok(trial->kit, r, "find", &err))
		return;
	(void)kit_expect(trial->kit, found.answer != IAG_FIND_ABSENT,
	    "after %s, 'find' said that there is no order '%s', which "
	    "'submit' had acknowledged as '%s'",
	    after, trial->ref, trial->id);
	if (found.answer == IAG_FIND_FOUND)
		(void)kit_expect(trial->kit,
		    strcmp(found.ack.broker_order_id, trial->id) == 0,
		    "after %s, 'find' told the id '%s' of the order '%s', "
		    "which 'submit' had acknowledged as '%s'",
		    after, found.ack.broker_order_id, trial->ref, trial->id);
	writer_find_result_fini(&found);
}

/* How often the list has the reference; 1 where there is no list. */
static size_t
count_rows(struct kit *kit, const struct answer *answer, const char *ref)
{
	CLEANUP_JSON struct json_object *root = NULL;
	struct json_object *orders;
	size_t count = 0;

	if (json_parse(answer->json, answer->len, &json_bounds_default, &root,
		NULL) < 0)
		return 0;
	orders = json_get(root, "orders");
	if (!kit_expect(kit, json_object_is_type(orders, json_type_array),
		"'list' answered without an array 'orders'"))
		return 1;
	for (size_t i = 0; i < json_object_array_length(orders); i++)
		count +=
		    strcmp(json_get_str(json_object_array_get_idx(orders, i),
			       "client_order_id", ""),
			ref) == 0;
	return count;
}

static void
expect_listed(struct trial *trial, const char *after)
{
	struct kit *kit = trial->kit;
	struct call *call = call_new(clock_boot_ns() + ANSWER_NS);
	CLEANUP_ERR struct err err = ERR_INIT;
	struct answer answer = { .json = NULL };
	size_t count;
	int r;

	if (!call || !(kit_writer_ops(kit)->operations & IAG_WRITER_LIST)) {
		call_unref(call);
		return;
	}
	kit_doing(kit, "list");
	r = writer_list(trial->writer, call, KIT_ACCOUNT, &answer, &err);
	call_unref(call);
	if (!kit_expect_ok(kit, r, "list", &err))
		return;
	kit_judge_answer(kit, "orders_list", &answer);
	count = count_rows(kit, &answer, trial->ref);
	(void)kit_expect(kit, count == 1,
	    "after %s, 'list' has %zu orders with client_order_id '%s', "
	    "expected 1",
	    after, count, trial->ref);
	answer_fini(&answer);
}

static void
cancel_trial(struct trial *trial)
{
	struct call *call = call_new(clock_boot_ns() + ANSWER_NS);
	struct iag_target target = target_of(trial);
	CLEANUP_ERR struct err err = ERR_INIT;
	struct writer_result result;
	int r;

	if (!call ||
	    !(kit_writer_ops(trial->kit)->operations & IAG_WRITER_CANCEL)) {
		call_unref(call);
		return;
	}
	writer_result_init(&result);
	kit_doing(trial->kit, "cancel");
	r = writer_cancel(trial->writer, call, NULL, &target, &result, &err);
	kit_keep_state(&result);
	writer_result_fini(&result);
	call_unref(call);
	if (r < 0)
		expect_failure(trial->kit, "cancel", r, &err);
	expect_found(trial, "a cancel");
}

/* A trial of one type; false: it goes no further. */
static bool
begin_trial(struct trial *trial, struct kit *kit, struct instance *writer,
    uint32_t type, char what)
{
	CLEANUP_ERR struct err err = ERR_INIT;
	int r;

	*trial = (struct trial){ .kit = kit, .writer = writer };
	kit_make_ref(kit_writer_ops(kit), what, type, trial->ref);
	trial->order = kit_make_order(kit_writer_ops(kit), type, trial->ref);
	if (!kit_expect_ok(kit,
		writer_accepts(writer, IAG_WRITER_SUBMIT, &trial->order, &err),
		"what the writer declares does not go together", &err))
		return false;
	r = place(trial, trial->id, sizeof trial->id, &err);
	if (r < 0)
		expect_failure(kit, "submit", r, &err);
	return r == 0 && !kit->failed;
}

static void
with_each_type(struct kit *kit, const char *name, char what,
    void (*run)(struct trial *trial))
{
	struct instance *writer;
	struct trial trial;
	uint32_t type;

	if (!kit_is_simulated(kit, name))
		return;
	kit_begin(kit, name);
	writer = kit_open_writer(kit, true);
	for (type = IAG_TYPE_LIMIT; writer && type <= IAG_TYPE_TRAILING_STOP;
	     type++)
		if (kit_writer_ops(kit)->order_types & (1u << type) &&
		    begin_trial(&trial, kit, writer, type, what))
			run(&trial);
	if (writer)
		(void)kit_close(kit);
	(void)kit_end(kit);
}

static void
run_order(struct trial *trial)
{
	expect_found(trial, "a submit");
	expect_listed(trial, "a submit");
	cancel_trial(trial);
}

void
kit_check_order(struct kit *kit)
{
	with_each_type(kit, "order", 'o', run_order);
}

/* A second order under one reference is none. */
static void
run_reference(struct trial *trial)
{
	CLEANUP_ERR struct err err = ERR_INIT;
	char second[160];

	if (place(trial, second, sizeof second, &err) == 0)
		(void)kit_expect(trial->kit, strcmp(second, trial->id) == 0,
		    "'submit' placed a second order '%s' under the reference "
		    "'%s' of '%s': a reference that is taken fails, or is "
		    "answered with the order that has it",
		    second, trial->ref, trial->id);
	else
		(void)kit_expect(trial->kit, !is_silent(&err),
		    "'submit' refused a reference that is taken without a "
		    "text from host->fail()");
	expect_found(trial, "a second submit");
	expect_listed(trial, "a second submit");
}

void
kit_check_reference(struct kit *kit)
{
	with_each_type(kit, "duplicate_reference", 't', run_reference);
}

static void
wait_until_back(struct kit *kit, struct instance *writer)
{
	uint64_t until_ns = clock_boot_ns() + BACK_NS;
	struct timespec pause = { .tv_nsec = (long)NS_PER_MS };

	while (instance_is_stuck(writer) && clock_boot_ns() < until_ns)
		(void)nanosleep(&pause, NULL);
	(void)kit_expect(kit, !instance_is_stuck(writer),
	    "'submit' had not returned %llu s after its deadline: wait with "
	    "host->sleep_ns(), or poll host->cancel_fd()",
	    (unsigned long long)(BACK_NS / NS_PER_S));
}

/* The call's deadline comes before, while and after the writer answers. */
static void
submit_within(
    struct kit *kit, struct instance *writer, unsigned at, uint64_t ns)
{
	struct call *call = call_new(clock_boot_ns() + ns);
	CLEANUP_ERR struct err err = ERR_INIT;
	struct writer_result result;
	char ref[KIT_REF_SIZE];
	struct iag_order order;

	kit_make_ref(kit_writer_ops(kit), 'd', at, ref);
	order = kit_make_order(kit_writer_ops(kit),
	    (uint32_t)__builtin_ctz(kit_writer_ops(kit)->order_types), ref);
	if (!kit_expect(kit, call != NULL, "out of memory"))
		return;
	writer_result_init(&result);
	kit_doing(kit, "submit");
	(void)writer_submit(writer, call, NULL, &order, &result, &err);
	kit_keep_state(&result);
	writer_result_fini(&result);
	call_unref(call);
	wait_until_back(kit, writer);
}

void
kit_check_order_end(struct kit *kit)
{
	static const uint64_t deadlines[] = { 1, NS_PER_MS, 50 * NS_PER_MS };
	struct instance *writer;
	unsigned i;

	kit_begin(kit, "order_deadline");
	writer = kit_open_writer(kit, false);
	for (i = 0; writer && i < ARRAY_COUNT(deadlines) && !kit->failed; i++)
		submit_within(kit, writer, i, deadlines[i]);
	if (writer)
		(void)kit_close(kit);
	(void)kit_end(kit);
}
