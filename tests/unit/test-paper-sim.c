/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The example of a paper broker over a host that keeps what orders change back
 * until the test stores it, as the gateway does until an outcome is recorded.
 */

#include "writer-paper-sim.c" /* before cmocka.h, whose fail() is a macro */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"

#define ACCOUNT "DU1234567"
#define ROWS 4
#define TEXTS 256

struct iag_ctx {
	int writes; /* what it puts waits for store_all() */
};

struct row {
	char key[128];
	char value[1024];
};

static struct {
	struct row stored[ROWS], waiting[ROWS];
	char *texts[TEXTS];
	size_t text_count;
	uint64_t now_ns;
	const char *quote;
	char listed[4096];
} world;

static struct iag_ctx reading = { 0 }, writing = { 1 };

static struct row *
row_at(struct row *rows, const char *key)
{
	size_t i = 0;

	while (i < ROWS - 1 && *rows[i].key && strcmp(rows[i].key, key) != 0)
		i++;
	return &rows[i];
}

static void
store_all(void)
{
	size_t i;

	for (i = 0; i < ROWS && *world.waiting[i].key; i++)
		*row_at(world.stored, world.waiting[i].key) = world.waiting[i];
	memset(world.waiting, 0, sizeof world.waiting);
}

static const char *
host_intern(struct iag_ctx *ctx, const char *text, size_t len)
{
	(void)ctx;
	assert_true(world.text_count < TEXTS);
	return world.texts[world.text_count++] = strndup(text, len);
}

static uint64_t
host_real_ns(struct iag_ctx *ctx)
{
	(void)ctx;
	return world.now_ns;
}

static void
host_log(struct iag_ctx *ctx, uint32_t level, const char *text)
{
	(void)ctx, (void)level, (void)text;
}

static void
host_count(struct iag_ctx *ctx, const char *name, uint64_t amount)
{
	(void)ctx, (void)name, (void)amount;
}

static int32_t __attribute__((format(printf, 4, 5)))
host_fail(struct iag_ctx *ctx, int32_t result, const char *code,
    const char *format, ...)
{
	(void)ctx, (void)code, (void)format;
	return result;
}

static int32_t
host_commit_send(struct iag_ctx *ctx)
{
	assert_true(ctx->writes);
	return IAG_OK;
}

static int32_t
host_query(struct iag_ctx *ctx, const char *operation, const char *arguments,
    size_t len, const char **ret_json, size_t *ret_len)
{
	(void)operation, (void)arguments, (void)len;
	*ret_len = strlen(world.quote);
	*ret_json = host_intern(ctx, world.quote, *ret_len);
	return IAG_OK;
}

static int32_t
give(struct iag_ctx *ctx, const char *text, struct iag_bytes *ret)
{
	*ret = (struct iag_bytes){ host_intern(ctx, text, strlen(text)),
		strlen(text) };
	return IAG_OK;
}

static int32_t
host_state_get(struct iag_ctx *ctx, const struct iag_bytes *key,
    struct iag_bytes *ret_value)
{
	const struct row *row = row_at(world.stored, key->data);

	return *row->key ? give(ctx, row->value, ret_value) : IAG_NOTFOUND;
}

static int32_t
host_state_put(struct iag_ctx *ctx, const struct iag_bytes *key,
    const struct iag_bytes *value)
{
	struct row *row =
	    row_at(ctx->writes ? world.waiting : world.stored, key->data);

	assert_true(key->len < sizeof row->key);
	assert_true(value->len < sizeof row->value);
	(void)snprintf(
	    row->key, sizeof row->key, "%s", (const char *)key->data);
	(void)snprintf(
	    row->value, sizeof row->value, "%s", (const char *)value->data);
	return IAG_OK;
}

/* In the order of their birth, which is that of the keys here. */
static int32_t
host_state_next(struct iag_ctx *ctx, const struct iag_bytes *key,
    struct iag_bytes *ret_key, struct iag_bytes *ret_value)
{
	size_t i = 0;

	while (i < ROWS && *world.stored[i].key &&
	       strcmp(world.stored[i].key, key->data) <= 0)
		i++;
	if (i == ROWS || !*world.stored[i].key)
		return IAG_NOTFOUND;
	(void)give(ctx, world.stored[i].key, ret_key);
	return give(ctx, world.stored[i].value, ret_value);
}

static int32_t
host_reply(struct iag_ctx *ctx, const struct iag_reply_meta *meta,
    const char *json, size_t len)
{
	(void)ctx, (void)meta;
	(void)snprintf(
	    world.listed, sizeof world.listed, "%.*s", (int)len, json);
	return IAG_OK;
}

static int32_t
host_option_int(struct iag_ctx *ctx, const char *key, int64_t *ret_value)
{
	(void)ctx, (void)key;
	*ret_value = 0;
	return IAG_OK;
}

static const struct iag_host services = {
	.struct_size = sizeof services,
	.abi_minor = IAG_ABI_MINOR,
	.log = host_log,
	.fail = host_fail,
	.real_ns = host_real_ns,
	.option_int = host_option_int,
	.intern = host_intern,
	.reply = host_reply,
	.count = host_count,
	.commit_send = host_commit_send,
	.query = host_query,
	.state_get = host_state_get,
	.state_put = host_state_put,
	.state_next = host_state_next,
};

/* ---- the steps of a story */

static int
setup(void **state)
{
	memset(&world, 0, sizeof world);
	world.quote = "{}";
	/* 2026-11-27T12:00:00Z */
	world.now_ns = UINT64_C(1795780800) * NS_PER_S;
	(void)plugin.load(&reading, &services);
	return plugin.instance->open(&reading, state);
}

static int
teardown(void **state)
{
	plugin.instance->close(&reading, *state);
	while (world.text_count)
		free(world.texts[--world.text_count]);
	return 0;
}

static struct iag_order
order_of(const char *price, uint32_t tif)
{
	return (struct iag_order){
		.struct_size = sizeof(struct iag_order),
		.side = IAG_SIDE_BUY,
		.type = IAG_TYPE_LIMIT,
		.tif = tif,
		.account = ACCOUNT,
		.client_ref = "a-1",
		.contract_id = "265598",
		.symbol = "AAPL",
		.currency = "USD",
		.quantity = "5",
		.limit_price = price,
	};
}

static const struct iag_target target = {
	.struct_size = sizeof target,
	.account = ACCOUNT,
	.broker_order_id = "paper-a-1",
	.client_ref = "a-1",
};

static void
do_submit(void *sim, uint32_t tif)
{
	struct iag_order order = order_of("100", tif);
	struct iag_ack ack = { .struct_size = sizeof ack };

	assert_int_equal(writer_ops.submit(&writing, sim, &order, &ack), 0);
	assert_int_equal(ack.status, IAG_STATUS_OPEN);
}

static int32_t
do_cancel(void *sim)
{
	struct iag_ack ack = { .struct_size = sizeof ack };
	int32_t r = writer_ops.cancel(&writing, sim, &target, &ack);

	if (r == IAG_OK)
		assert_int_equal(ack.status, IAG_STATUS_CANCELLED);
	return r;
}

static int32_t
do_modify(void *sim, const char *price)
{
	struct iag_order order = order_of(price, IAG_TIF_GOOD_TILL_CANCELLED);
	struct iag_ack ack = { .struct_size = sizeof ack };

	return writer_ops.modify(&writing, sim, &target, &order, &ack);
}

/* find() answers this status, or 0: without an order. */
static void
expect_found(void *sim, uint32_t answer, uint32_t status)
{
	struct iag_find found = { .struct_size = sizeof found };

	assert_int_equal(writer_ops.find(&reading, sim, &target, &found), 0);
	assert_int_equal(found.answer, answer);
	assert_int_equal(found.ack.status, status);
}

static void
expect_listed(void *sim, const char *part)
{
	assert_int_equal(writer_ops.list(&reading, sim, ACCOUNT), 0);
	assert_non_null(strstr(world.listed, part));
	assert_null(strstr(world.listed, "changes"));
}

static void
test_no_absence_before_a_submit_is_stored(void **state)
{
	expect_found(*state, IAG_FIND_ABSENT, 0);
	do_submit(*state, IAG_TIF_GOOD_TILL_CANCELLED);
	expect_found(*state, IAG_FIND_INCONCLUSIVE, 0);
	store_all();
	expect_found(*state, IAG_FIND_FOUND, IAG_STATUS_OPEN);
	world.quote = "{\"ask\":\"99\"}";
	expect_found(*state, IAG_FIND_FOUND, IAG_STATUS_FILLED);
}

/* Neither the cancel nor a fill is lost, whoever looks in between. */
static void
test_no_fill_before_a_cancel_is_stored(void **state)
{
	char before[sizeof world.stored];

	do_submit(*state, IAG_TIF_GOOD_TILL_CANCELLED);
	store_all();
	world.quote = "{\"ask\":\"99\"}";
	assert_int_equal(do_cancel(*state), 0);
	memcpy(before, world.stored, sizeof before);
	expect_found(*state, IAG_FIND_FOUND, IAG_STATUS_OPEN);
	expect_listed(*state, "\"status\":\"open\"");
	assert_memory_equal(before, world.stored, sizeof before);
	store_all();
	expect_found(*state, IAG_FIND_FOUND, IAG_STATUS_CANCELLED);
	expect_listed(*state, "\"filled_quantity\":\"0\"");
	assert_int_equal(do_cancel(*state), IAG_REJECTED);
}

/* Also where a change is the same as the one before, in the same second. */
static void
test_no_fill_before_a_modify_is_stored(void **state)
{
	do_submit(*state, IAG_TIF_GOOD_TILL_CANCELLED);
	store_all();
	assert_int_equal(do_modify(*state, "101"), 0);
	store_all();
	assert_int_equal(do_modify(*state, "101"), 0);
	world.quote = "{\"ask\":\"99\"}";
	expect_found(*state, IAG_FIND_FOUND, IAG_STATUS_OPEN);
	store_all();
	expect_listed(*state, "\"status\":\"filled\"");
	expect_found(*state, IAG_FIND_FOUND, IAG_STATUS_FILLED);
}

/* What could not be stored holds an order up only until its next change. */
static void
test_a_change_that_is_never_stored(void **state)
{
	do_submit(*state, IAG_TIF_GOOD_TILL_CANCELLED);
	store_all();
	assert_int_equal(do_modify(*state, "101"), 0);
	memset(world.waiting, 0, sizeof world.waiting);
	world.quote = "{\"ask\":\"99\"}";
	expect_found(*state, IAG_FIND_FOUND, IAG_STATUS_OPEN);
	assert_int_equal(do_modify(*state, "102"), 0);
	expect_found(*state, IAG_FIND_FOUND, IAG_STATUS_OPEN);
	store_all();
	expect_found(*state, IAG_FIND_FOUND, IAG_STATUS_FILLED);
}

static void
test_a_day_order_ends_with_the_day(void **state)
{
	do_submit(*state, IAG_TIF_DAY);
	store_all();
	world.now_ns += (UINT64_C(12) * 3600 - 1) * NS_PER_S;
	expect_found(*state, IAG_FIND_FOUND, IAG_STATUS_OPEN);
	world.now_ns += NS_PER_S;
	world.quote = "{\"ask\":\"99\"}";
	assert_int_equal(do_modify(*state, "101"), IAG_REJECTED);
	assert_int_equal(do_cancel(*state), IAG_REJECTED);
	expect_listed(*state, "\"broker_status\":\"Expired\"");
	expect_found(*state, IAG_FIND_FOUND, IAG_STATUS_CANCELLED);
	expect_listed(*state, "\"filled_quantity\":\"0\"");
}

static void
test_other_orders_outlive_the_day(void **state)
{
	do_submit(*state, IAG_TIF_GOOD_TILL_CANCELLED);
	store_all();
	world.now_ns += UINT64_C(48) * 3600 * NS_PER_S;
	expect_found(*state, IAG_FIND_FOUND, IAG_STATUS_OPEN);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_no_absence_before_a_submit_is_stored),
		TEST(test_no_fill_before_a_cancel_is_stored),
		TEST(test_no_fill_before_a_modify_is_stored),
		TEST(test_a_change_that_is_never_stored),
		TEST(test_a_day_order_ends_with_the_day),
		TEST(test_other_orders_outlive_the_day),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
