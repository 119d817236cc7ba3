/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* Where secrets come from, which files are refused, where they are kept. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/secret.h"

#define TEXT32 "0123456789abcdef0123456789ABCDEF"

static char dir[] = "/tmp/iag-secret.XXXXXX";
static char path[sizeof dir + 16];

static int
make_dir(void **state)
{
	(void)state;
	if (!mkdtemp(dir))
		return -1;
	(void)snprintf(path, sizeof path, "%s/key", dir);
	return 0;
}

static int
remove_dir(void **state)
{
	(void)state;
	(void)unlink(path);
	return rmdir(dir);
}

static void
write_file(const char *data, size_t len, mode_t mode)
{
	CLEANUP_CLOSE int fd = -1;

	(void)unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, len), (ssize_t)len);
	assert_int_equal(fchmod(fd, mode), 0);
}

static void
file_gives(const char *want, size_t len)
{
	struct secret *secret = NULL;
	struct err err CLEANUP_ERR = ERR_INIT;

	if (secret_from_file(path, &secret, &err) != 0)
		fail_msg("%s", err_text(&err));
	assert_int_equal(secret_len(secret), len);
	assert_memory_equal(secret_data(secret), want, len);
	secret_free(secret);
}

static void
file_refused(const char *name, const char *why)
{
	struct secret *secret = NULL;
	struct err err CLEANUP_ERR = ERR_INIT;

	assert_int_equal(secret_from_file(name, &secret, &err), IAG_INVAL);
	assert_int_equal(err.code, ERR_CONFIG_INVALID);
	assert_null(secret);
	assert_non_null(strstr(err_text(&err), why));
	assert_null(strstr(err_text(&err), "0123456789"));
}

static void
test_a_file_loses_one_newline_only(void **state)
{
	(void)state;
	write_file(TEXT32, 32, 0600);
	file_gives(TEXT32, 32);
	write_file(TEXT32 "\n", 33, 0400);
	file_gives(TEXT32, 32);
	write_file(TEXT32 "\n\n", 34, 0600);
	file_gives(TEXT32 "\n", 33);
	write_file("\0" TEXT32 "\0", 34, 0600);
	file_gives("\0" TEXT32 "\0", 34);
}

static void
test_a_file_open_to_others_is_refused(void **state)
{
	static const mode_t open_modes[] = { 0640, 0604, 0620, 0602, 0610, 0601,
		0666 };

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(open_modes); i++) {
		write_file(TEXT32, 32, open_modes[i]);
		file_refused(path, "group and others may have no access");
	}
}

static void
test_a_link_is_judged_by_the_file_behind_it(void **state)
{
	char link_path[sizeof path + 8];
	struct secret *secret = NULL;

	(void)state;
	(void)snprintf(link_path, sizeof link_path, "%s-link", path);
	write_file(TEXT32, 32, 0600);
	assert_int_equal(symlink(path, link_path), 0);
	assert_int_equal(secret_from_file(link_path, &secret, NULL), 0);
	secret_free(secret);
	write_file(TEXT32, 32, 0644);
	file_refused(link_path, "has mode 0644");
	(void)unlink(link_path);
}

static void
test_what_is_no_file_is_refused_without_waiting(void **state)
{
	(void)state;
	file_refused(dir, "is not a regular file");
	file_refused("/dev/null", "is not a regular file");
	(void)unlink(path);
	file_refused(path, "cannot open");
	assert_int_equal(mkfifo(path, 0600), 0);
	file_refused(path, "is not a regular file");
}

static void
test_a_file_of_somebody_else_is_refused(void **state)
{
	(void)state;
	/* only root can give files away; others see that root's are fine */
	if (geteuid() != 0) {
		file_refused("/etc/passwd", "has mode 0644");
		return;
	}
	write_file(TEXT32, 32, 0600);
	assert_int_equal(chown(path, 65534, 65534), 0);
	file_refused(path, "belongs to user 65534");
}

static void
test_length_is_bounded_on_both_sides(void **state)
{
	static char text[SECRET_MAX + 2];

	(void)state;
	memset(text, 'x', sizeof text);
	write_file(TEXT32, 31, 0600);
	file_refused(path, "holds 31 bytes: a secret needs at least 32");
	write_file("", 0, 0600);
	file_refused(path, "holds 0 bytes");
	write_file(text, SECRET_MAX, 0600);
	file_gives(text, SECRET_MAX);
	write_file(text, SECRET_MAX + 1, 0600);
	file_refused(path, "at most 4096 bytes");
	text[SECRET_MAX] = '\n';
	write_file(text, SECRET_MAX + 1, 0600);
	text[SECRET_MAX] = 'x';
	file_gives(text, SECRET_MAX);
	write_file(text, SECRET_MAX + 2, 0600);
	file_refused(path, "at most 4096 bytes");
}

static void
test_the_environment_gives_a_secret_or_a_reason(void **state)
{
	struct secret *secret = NULL;
	struct err err CLEANUP_ERR = ERR_INIT;

	(void)state;
	assert_int_equal(setenv("IAG_TEST_SECRET", TEXT32, 1), 0);
	assert_int_equal(secret_from_env("IAG_TEST_SECRET", &secret, &err), 0);
	assert_int_equal(secret_len(secret), 32);
	assert_memory_equal(secret_data(secret), TEXT32, 32);
	secret_free(secret);
	assert_int_equal(setenv("IAG_TEST_SECRET", "short", 1), 0);
	assert_int_equal(
	    secret_from_env("IAG_TEST_SECRET", &secret, &err), IAG_INVAL);
	assert_non_null(strstr(err_text(&err), "needs at least 32"));
	assert_null(strstr(err_text(&err), "short"));
	assert_int_equal(unsetenv("IAG_TEST_SECRET"), 0);
	assert_int_equal(
	    secret_from_env("IAG_TEST_SECRET", &secret, &err), IAG_INVAL);
	assert_non_null(strstr(err_text(&err), "is not set"));
}

static void
test_a_service_credential_may_show_the_mask_of_an_access_list(void **state)
{
	struct secret *secret = NULL;
	struct err err CLEANUP_ERR = ERR_INIT;

	(void)state;
	(void)unsetenv("CREDENTIALS_DIRECTORY");
	assert_int_equal(
	    secret_from_credential("key", &secret, &err), IAG_INVAL);
	assert_non_null(strstr(err_text(&err), "LoadCredential="));
	assert_int_equal(setenv("CREDENTIALS_DIRECTORY", dir, 1), 0);
	write_file(TEXT32, 32, 0440);
	assert_int_equal(secret_from_credential("key", &secret, &err), 0);
	assert_memory_equal(secret_data(secret), TEXT32, 32);
	secret_free(secret);
	write_file(TEXT32, 32, 0444);
	assert_int_equal(
	    secret_from_credential("key", &secret, &err), IAG_INVAL);
	write_file(TEXT32, 32, 0460);
	assert_int_equal(
	    secret_from_credential("key", &secret, &err), IAG_INVAL);
	(void)unsetenv("CREDENTIALS_DIRECTORY");
}

static void
test_the_name_of_a_credential_cannot_leave_its_directory(void **state)
{
	static const char *const names[] = { "", ".", "..", "../key", "a/b",
		"/etc/passwd" };

	(void)state;
	assert_int_equal(setenv("CREDENTIALS_DIRECTORY", dir, 1), 0);
	for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
		struct err err CLEANUP_ERR = ERR_INIT;
		struct secret *secret = NULL;

		assert_int_equal(
		    secret_from_credential(names[i], &secret, &err), IAG_INVAL);
		assert_non_null(strstr(err_text(&err), "is not the name"));
	}
	(void)unsetenv("CREDENTIALS_DIRECTORY");
}

/* The flags of the mapping that holds at, as the kernel states them. */
static bool
mapping_has_flag(const void *at, const char *flag)
{
	FILE *smaps = fopen("/proc/self/smaps", "re");
	char line[512];
	bool inside = false;
	bool found = false;

	assert_non_null(smaps);
	while (fgets(line, sizeof line, smaps)) {
		char *end;
		unsigned long from = strtoul(line, &end, 16);

		if (*end == '-') {
			unsigned long to = strtoul(end + 1, NULL, 16);

			inside = (uintptr_t)at >= from && (uintptr_t)at < to;
		} else if (inside && strncmp(line, "VmFlags:", 8) == 0) {
			found = strstr(line, flag) != NULL;
		}
	}
	(void)fclose(smaps);
	return found;
}

static void
test_a_secret_is_left_out_of_core_files(void **state)
{
	struct secret *secret = secret_new(TEXT32, 32);
	bool kept_out;

	(void)state;
	assert_non_null(secret);
	kept_out = mapping_has_flag(secret_data(secret), " dd");
	secret_free(secret);
	secret_free(NULL);
	assert_true(kept_out);
}

static void
test_wiped_bytes_are_zero(void **state)
{
	char text[] = TEXT32;

	(void)state;
	secret_wipe(text, 31);
	for (size_t i = 0; i < 31; i++)
		assert_int_equal(text[i], 0);
	assert_int_equal(text[31], 'F');
	secret_wipe(NULL, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_file_loses_one_newline_only),
		cmocka_unit_test(test_a_file_open_to_others_is_refused),
		cmocka_unit_test(test_a_link_is_judged_by_the_file_behind_it),
		cmocka_unit_test(
		    test_what_is_no_file_is_refused_without_waiting),
		cmocka_unit_test(test_a_file_of_somebody_else_is_refused),
		cmocka_unit_test(test_length_is_bounded_on_both_sides),
		cmocka_unit_test(
		    test_the_environment_gives_a_secret_or_a_reason),
		cmocka_unit_test(
		    test_a_service_credential_may_show_the_mask_of_an_access_list),
		cmocka_unit_test(
		    test_the_name_of_a_credential_cannot_leave_its_directory),
		cmocka_unit_test(test_a_secret_is_left_out_of_core_files),
		cmocka_unit_test(test_wiped_bytes_are_zero),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
