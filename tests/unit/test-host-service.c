/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* The services that plugins are offered, called as a plugin would. */

#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "host/context.h"
#include "host/instance.h"
#include "host/text.h"
#include "host/write.h"

#define SECRET "0123456789 0123456789 0123456789 secret"

static const struct iag_host *const host = &services_table;

static struct iag_option schema[] = {
	{ IAG_OPTION_STRING, 0, "text", "plain", NULL, NULL, NULL, "a" },
	{ IAG_OPTION_INTEGER, 0, "number", "5", "-10", "10", NULL, "b" },
	{ IAG_OPTION_BOOLEAN, 0, "flag", "true", NULL, NULL, NULL, "c" },
	{ IAG_OPTION_DECIMAL, 0, "ratio", "0.50", NULL, NULL, NULL, "d" },
	{ IAG_OPTION_PATH, 0, "folder", NULL, NULL, NULL, NULL, "e" },
	{ IAG_OPTION_STRING, IAG_OPTION_SECRET, "token", NULL, NULL, NULL, NULL,
	    "f" },
	{ IAG_OPTION_STRING, IAG_OPTION_SECRET, "other", NULL, NULL, NULL, NULL,
	    "g" },
};

static struct plugin plugin = {
	.desc = { .kind = IAG_KIND_BACKEND,
	    .name = "a-plugin",
	    .option_count = ARRAY_COUNT(schema) },
	.options = schema,
};

static struct iag_ctx *
new_context(struct call *call)
{
	struct iag_ctx *ctx = context_new(&plugin, "query", call, UINT64_MAX);

	assert_non_null(ctx);
	return ctx;
}

/* Options as the configuration would give them. */
static struct option_set *
set_options(
    struct config *config, const struct instance_option *given, size_t count)
{
	CLEANUP_ERR struct err err = ERR_INIT;
	struct option_set *set = NULL;

	if (option_set_new(&plugin, config, given, count, &set, &err) < 0)
		fail_msg("%s", err_text(&err));
	return set;
}

static void
test_inv10_services_that_send_are_not_offered(void **state)
{
	(void)state;
	assert_int_equal(sizeof *host, host->struct_size);
	assert_null(host->commit_send);
	assert_null(host->question);
	assert_null(host->query);
	assert_null(host->state_get);
	assert_null(host->state_put);
	assert_null(host->state_del);
	assert_null(host->state_next);
	assert_true(IAG_HAS(struct iag_host, host, state_next));
	assert_non_null(writer_services_table.commit_send);
	assert_non_null(writer_services_table.state_next);
}

static int
say_yes(void *arg, const char *const *message_ids, const char *const *texts,
    size_t count, struct err *err)
{
	(void)message_ids, (void)texts, (void)count, (void)err;
	(*(unsigned *)arg)++;
	return 0;
}

/* Its outcome is told, and its guards are given back. */
static void
test_inv4_no_question_is_answered_when_the_call_is_over(void **state)
{
	const char *const ids[] = { "o163" }, *const texts[] = { "Sure?" };
	unsigned answers = 0;
	const struct write_watch watch = { .question = say_yes,
		.arg = &answers };
	struct call *call = call_new(UINT64_MAX);
	struct iag_ctx *ctx = new_context(call);

	(void)state;
	ctx->write = write_new("DU1", &watch);
	assert_non_null(ctx->write);
	ctx->write->may_send = true;
	assert_int_equal(
	    writer_services_table.question(ctx, ids, texts, 1), IAG_OK);
	call_cancel(call);
	assert_int_equal(
	    writer_services_table.question(ctx, ids, texts, 1), IAG_STOPPING);
	assert_int_equal(answers, 1);
	write_free(STEAL(ctx->write));
	context_unref(ctx);
	call_unref(call);
}

static void
test_interned_text_is_a_copy_with_an_end(void **state)
{
	struct iag_ctx *ctx = new_context(NULL);
	char text[] = "abcdef";
	const char *copy = host->intern(ctx, text, 3);

	(void)state;
	memset(text, 'x', 6);
	assert_string_equal("abc", copy);
	assert_string_equal("", host->intern(ctx, NULL, 0));
	assert_null(host->intern(ctx, NULL, 1));
	context_unref(ctx);
}

static void
test_interning_is_bounded(void **state)
{
	CLEANUP_FREE char *half = calloc(1, CONTEXT_INTERN_MAX / 2 + 1);
	struct iag_ctx *ctx = new_context(NULL);

	(void)state;
	assert_non_null(half);
	assert_null(host->intern(ctx, half, CONTEXT_INTERN_MAX + 1u));
	assert_null(host->intern(ctx, half, SIZE_MAX));
	assert_non_null(host->intern(ctx, half, CONTEXT_INTERN_MAX / 2));
	assert_non_null(host->intern(ctx, half, CONTEXT_INTERN_MAX / 2));
	assert_null(host->intern(ctx, half, 1));
	context_reset(ctx, "next");
	assert_non_null(host->intern(ctx, half, 1));
	context_unref(ctx);
}

static bool
is_readable(int fd, int wait_ms)
{
	struct pollfd at = { .fd = fd, .events = POLLIN };

	return poll(&at, 1, wait_ms) == 1;
}

static void
test_descriptor_is_readable_once_the_call_is_cancelled(void **state)
{
	struct call *call = call_new(UINT64_MAX);
	struct iag_ctx *ctx = new_context(call);
	struct iag_ctx *late;
	int fd = host->cancel_fd(ctx);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(fd, host->cancel_fd(ctx));
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	assert_false(is_readable(fd, 0));
	assert_int_equal(0, host->stopping(ctx));
	assert_false(is_readable(call_fd(call), 0));
	call_cancel(call);
	call_cancel(call);
	assert_true(is_readable(fd, 10000));
	assert_true(is_readable(call_fd(call), 0));
	assert_int_not_equal(0, host->stopping(ctx));
	late = new_context(call);
	assert_true(is_readable(host->cancel_fd(late), 10000));
	context_unref(late);
	context_unref(ctx);
	call_unref(call);
}

static void
test_descriptor_is_readable_at_the_deadline(void **state)
{
	struct call *call = call_new(clock_boot_ns() + 20 * NS_PER_MS);
	struct iag_ctx *ctx = new_context(call);

	(void)state;
	assert_int_equal(call_deadline_ns(call), host->deadline_ns(ctx));
	assert_true(is_readable(host->cancel_fd(ctx), 10000));
	assert_int_not_equal(0, host->stopping(ctx));
	context_unref(ctx);
	call_unref(call);
}

static void *
cancel_it(void *arg)
{
	call_cancel(arg);
	return NULL;
}

static void
test_sleep_ends_with_its_time_or_with_the_call(void **state)
{
	struct call *call = call_new(UINT64_MAX);
	struct iag_ctx *ctx = new_context(call);
	uint64_t start_ns = host->boot_ns(ctx);
	pthread_t thread;

	(void)state;
	assert_int_equal(0, host->sleep_ns(ctx, 2 * NS_PER_MS));
	assert_true(host->boot_ns(ctx) - start_ns >= 2 * NS_PER_MS);
	assert_int_equal(0, pthread_create(&thread, NULL, cancel_it, call));
	assert_int_equal(IAG_STOPPING, host->sleep_ns(ctx, UINT64_MAX));
	(void)pthread_join(thread, NULL);
	assert_int_equal(IAG_STOPPING, host->sleep_ns(ctx, 0));
	context_unref(ctx);
	call_unref(call);
}

static void
test_options_are_read_as_their_type_only(void **state)
{
	static const struct instance_option given[] = { { "number", "-7" } };
	struct option_set *set = set_options(NULL, given, 1);
	struct iag_ctx *ctx = new_context(NULL);
	const char *text = NULL;
	int64_t number = 0;
	uint32_t flag = 0;

	(void)state;
	ctx->options = set;
	assert_int_equal(0, host->option_str(ctx, "text", &text));
	assert_string_equal("plain", text);
	assert_int_equal(0, host->option_str(ctx, "ratio", &text));
	assert_string_equal("0.50", text);
	assert_int_equal(0, host->option_int(ctx, "number", &number));
	assert_int_equal(-7, number);
	assert_int_equal(0, host->option_bool(ctx, "flag", &flag));
	assert_int_equal(1, flag);
	assert_int_equal(IAG_NOTFOUND, host->option_str(ctx, "folder", &text));
	assert_int_equal(IAG_NOTFOUND, host->option_str(ctx, "none", &text));
	assert_int_equal(IAG_INVAL, host->option_str(ctx, "number", &text));
	assert_int_equal(IAG_INVAL, host->option_str(ctx, "token", &text));
	assert_int_equal(IAG_INVAL, host->option_int(ctx, "text", &number));
	assert_int_equal(IAG_INVAL, host->option_bool(ctx, "text", &flag));
	assert_int_equal(IAG_INVAL, host->option_str(ctx, NULL, &text));
	ctx->options = NULL;
	assert_int_equal(IAG_NOTFOUND, host->option_str(ctx, "text", &text));
	context_unref(ctx);
	option_set_free(set);
}

static void
test_options_come_from_program_configuration_and_default(void **state)
{
	static const struct instance_option given[] = { { "text", "program" } };
	struct config_option written[] = {
		{ (char *)(uintptr_t) "a_plugin", (char *)(uintptr_t) "text",
		    (char *)(uintptr_t) "file", 4 },
		{ (char *)(uintptr_t) "a-plugin", (char *)(uintptr_t) "folder",
		    (char *)(uintptr_t) "sub/dir", 5 },
		{ (char *)(uintptr_t) "another", (char *)(uintptr_t) "odd",
		    (char *)(uintptr_t) "x", 6 },
	};
	struct config config = { .dir = (char *)(uintptr_t) "/etc/there" };
	struct iag_ctx *ctx = new_context(NULL);
	struct option_set *set;
	const char *text = NULL;

	(void)state;
	config.plugins.options = written;
	config.plugins.option_count = ARRAY_COUNT(written);
	set = set_options(&config, NULL, 0);
	ctx->options = set;
	assert_int_equal(0, host->option_str(ctx, "text", &text));
	assert_string_equal("file", text);
	assert_int_equal(0, host->option_str(ctx, "folder", &text));
	assert_string_equal("/etc/there/sub/dir", text);
	option_set_free(set);
	set = set_options(&config, given, 1);
	ctx->options = set;
	assert_int_equal(0, host->option_str(ctx, "text", &text));
	assert_string_equal("program", text);
	context_unref(ctx);
	option_set_free(set);
}

static void
test_faults_of_a_configuration_name_their_lines(void **state)
{
	struct config_option written[] = {
		{ (char *)(uintptr_t) "a_plugin", (char *)(uintptr_t) "number",
		    (char *)(uintptr_t) "11", 17 },
		{ (char *)(uintptr_t) "a-plugin", (char *)(uintptr_t) "colour",
		    (char *)(uintptr_t) "red", 18 },
	};
	struct config config = { .dir = NULL };
	CLEANUP_ERR struct err err = ERR_INIT;
	struct option_set *set = NULL;

	(void)state;
	config.plugins.options = written;
	config.plugins.option_count = ARRAY_COUNT(written);
	assert_int_equal(
	    IAG_INVAL, option_set_new(&plugin, &config, NULL, 0, &set, &err));
	assert_int_equal(ERR_CONFIG_INVALID, err.code);
	assert_non_null(strstr(err_text(&err),
	    "option 'number' (line 17): expected -10..10, got '11'"));
	assert_non_null(strstr(err_text(&err), "option 'colour' (line 18): "));
}

static void
read_secret(const char *value, const char *expected)
{
	struct instance_option given[] = { { "token", value } };
	struct option_set *set = set_options(NULL, given, 1);
	struct iag_bytes secret = { NULL, 0 };
	struct iag_bytes again = { NULL, 0 };
	struct iag_ctx *ctx = new_context(NULL);

	ctx->options = set;
	assert_int_equal(0, host->secret(ctx, "token", &secret));
	assert_int_equal(strlen(expected), secret.len);
	assert_memory_equal(expected, secret.data, secret.len);
	assert_int_equal(0, host->secret(ctx, "token", &again));
	host->secret_done(ctx, &secret);
	assert_null(secret.data);
	host->secret_done(ctx, &secret);
	/* What is not given back goes with the context. */
	assert_memory_equal(expected, again.data, again.len);
	assert_int_equal(IAG_INVAL, host->secret(ctx, "text", &secret));
	assert_int_equal(IAG_NOTFOUND, host->secret(ctx, "other", &secret));
	assert_int_equal(IAG_NOTFOUND, host->secret(ctx, "none", &secret));
	context_unref(ctx);
	option_set_free(set);
}

static void
test_secret_comes_from_the_environment_or_a_file(void **state)
{
	const char *tmp = getenv("TMPDIR");
	CLEANUP_FREE char *value = NULL;
	int fd;

	(void)state;
	assert_int_equal(0, setenv("HOST_TEST_SECRET", SECRET, 1));
	read_secret("env:HOST_TEST_SECRET", SECRET);
	assert_true(asprintf(&value, "file:%s/secret.XXXXXX",
			tmp && *tmp == '/' ? tmp : "/tmp") > 0);
	fd = mkstemp(value + 5);
	assert_true(fd >= 0);
	assert_int_equal(
	    strlen(SECRET) + 1, write(fd, SECRET "\n", strlen(SECRET) + 1));
	(void)close(fd);
	read_secret(value, SECRET);
	assert_int_equal(0, unlink(value + 5));
}

/* It is no key of ours: how long it is, somebody else has decided. */
static void
test_a_password_may_be_short_but_not_empty(void **state)
{
	static const struct instance_option given[] = { { "token",
	    "env:HOST_TEST_SECRET" } };
	struct option_set *set = set_options(NULL, given, 1);
	struct secret *secret = NULL;
	CLEANUP_ERR struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(0, setenv("HOST_TEST_SECRET", "x", 1));
	read_secret("env:HOST_TEST_SECRET", "x");
	assert_int_equal(0, setenv("HOST_TEST_SECRET", "", 1));
	assert_int_equal(IAG_INVAL, option_secret(set, "token", &secret, &err));
	assert_non_null(strstr(err_text(&err), "'HOST_TEST_SECRET' is empty"));
	option_set_free(set);
}

static void
test_secret_that_is_not_there_fails_with_its_name(void **state)
{
	static const struct instance_option given[] = { { "token",
	    "env:HOST_TEST_NO_SUCH" } };
	struct option_set *set = set_options(NULL, given, 1);
	struct iag_bytes secret = { NULL, 0 };
	CLEANUP_ERR struct err err = ERR_INIT;
	struct iag_ctx *ctx = new_context(NULL);
	int32_t r;

	(void)state;
	ctx->options = set;
	r = host->secret(ctx, "token", &secret);
	assert_int_equal(IAG_INVAL, r);
	assert_null(secret.data);
	assert_int_equal(IAG_INVAL, context_result(ctx, r, &err));
	assert_int_equal(ERR_CONFIG_INVALID, err.code);
	assert_non_null(strstr(err_text(&err), "option 'token'"));
	assert_non_null(strstr(err_text(&err), "HOST_TEST_NO_SUCH"));
	context_unref(ctx);
	option_set_free(set);
}

static void
test_reply_reads_the_meta_that_the_plugin_has(void **state)
{
	struct {
		struct iag_reply_meta meta;
		uint64_t later;
	} longer = { .meta = { .struct_size = sizeof longer,
			 .flags = IAG_REPLY_COLD,
			 .source_ns = 5,
			 .receipt_ns = 6 },
		.later = 7 };
	struct iag_reply_meta shorter = { .struct_size = 8,
		.flags = IAG_REPLY_STALE,
		.source_ns = 5,
		.receipt_ns = 6 };
	struct iag_ctx *ctx = new_context(NULL);

	(void)state;
	assert_int_equal(IAG_INVAL, host->reply(ctx, NULL, "{}", 2));
	ctx->takes_reply = true;
	assert_int_equal(0, host->reply(ctx, &longer.meta, "{}", 2));
	assert_int_equal(IAG_REPLY_COLD, ctx->answer.flags);
	assert_int_equal(5, ctx->answer.source_ns);
	assert_int_equal(6, ctx->answer.receipt_ns);
	assert_int_equal(IAG_INVAL, host->reply(ctx, NULL, "{}", 2));
	context_unref(ctx);
	ctx = new_context(NULL);
	ctx->takes_reply = true;
	assert_int_equal(0, host->reply(ctx, &shorter, "{}", 2));
	assert_int_equal(IAG_REPLY_STALE, ctx->answer.flags);
	assert_int_equal(0, ctx->answer.source_ns);
	assert_true(ctx->answer.receipt_ns > 6);
	context_unref(ctx);
}

static void
test_reply_after_the_caller_has_left_is_dropped(void **state)
{
	struct iag_ctx *ctx = new_context(NULL);

	(void)state;
	ctx->takes_reply = true;
	context_leave(ctx);
	assert_int_equal(IAG_STOPPING, host->reply(ctx, NULL, "{}", 2));
	assert_null(ctx->answer.json);
	context_unref(ctx);
	ctx = new_context(NULL);
	ctx->takes_reply = true;
	context_finish(ctx);
	assert_int_equal(IAG_STOPPING, host->reply(ctx, NULL, "{}", 2));
	assert_null(ctx->answer.json);
	context_unref(ctx);
}

static void
test_last_word_of_a_failing_call_counts(void **state)
{
	CLEANUP_ERR struct err err = ERR_INIT;
	struct iag_ctx *ctx = new_context(NULL);

	(void)state;
	assert_int_equal(IAG_AUTH,
	    (host->fail)(ctx, IAG_AUTH, "BROKER_SESSION_EXPIRED", "first"));
	assert_int_equal(
	    IAG_UNKNOWN, (host->fail)(ctx, IAG_UNKNOWN, NULL, "second %d", 2));
	assert_int_equal(IAG_UNKNOWN, context_result(ctx, IAG_UNKNOWN, &err));
	assert_string_equal("second 2", err_text(&err));
	assert_true(err.unknown);
	/* A result that is none, and fail() with success. */
	assert_int_equal(IAG_INTERNAL, (host->fail)(ctx, 0, NULL, "third"));
	context_unref(ctx);
}

static void
test_long_and_secret_texts_are_cut_and_masked(void **state)
{
	CLEANUP_ERR struct err err = ERR_INIT;
	struct iag_ctx *ctx = new_context(NULL);
	char text[PLUGIN_TEXT_MAX * 2];

	(void)state;
	memset(text, 'a', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	(void)(host->fail)(ctx, IAG_AUTH, NULL, "%s", text);
	(void)context_result(ctx, IAG_AUTH, &err);
	assert_true(strlen(err_text(&err)) <= PLUGIN_TEXT_MAX + 16);
	(void)(host->fail)(ctx, IAG_AUTH, NULL,
	    "header Authorization: Bearer abcdefghijklmnopqrstuvwxyz0123");
	(void)context_result(ctx, IAG_AUTH, &err);
	assert_null(strstr(err_text(&err), "abcdefghijklmnop"));
	context_unref(ctx);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_inv10_services_that_send_are_not_offered),
		cmocka_unit_test(
		    test_inv4_no_question_is_answered_when_the_call_is_over),
		cmocka_unit_test(test_interned_text_is_a_copy_with_an_end),
		cmocka_unit_test(test_interning_is_bounded),
		cmocka_unit_test(
		    test_descriptor_is_readable_once_the_call_is_cancelled),
		cmocka_unit_test(test_descriptor_is_readable_at_the_deadline),
		cmocka_unit_test(
		    test_sleep_ends_with_its_time_or_with_the_call),
		cmocka_unit_test(test_options_are_read_as_their_type_only),
		cmocka_unit_test(
		    test_options_come_from_program_configuration_and_default),
		cmocka_unit_test(
		    test_faults_of_a_configuration_name_their_lines),
		cmocka_unit_test(
		    test_secret_comes_from_the_environment_or_a_file),
		cmocka_unit_test(
		    test_secret_that_is_not_there_fails_with_its_name),
		cmocka_unit_test(test_a_password_may_be_short_but_not_empty),
		cmocka_unit_test(test_reply_reads_the_meta_that_the_plugin_has),
		cmocka_unit_test(
		    test_reply_after_the_caller_has_left_is_dropped),
		cmocka_unit_test(test_last_word_of_a_failing_call_counts),
		cmocka_unit_test(test_long_and_secret_texts_are_cut_and_masked),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
