/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Where the deployment secret comes from, in which order, and that processes
 * which start together under development defaults share one.
 */

#include "config/config.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"

#define SECRET_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define SECRET_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define SECRET_C "cccccccccccccccccccccccccccccccccccccccc"

struct place {
	char dir[256];
	char file[300]; /* a secret file, 0600 */
	char made[300]; /* where development puts its own */
	struct config *config;
};

static void
write_secret(const char *path, const char *text, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);

	assert_true(fd >= 0);
	assert_int_equal(fchmod(fd, mode), 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(close(fd), 0);
}

static int
setup(void **state)
{
	struct place *p = calloc(1, sizeof *p);
	const char *tmp = getenv("TMPDIR");

	assert_non_null(p);
	(void)snprintf(
	    p->dir, sizeof p->dir, "%s/iag-secret.XXXXXX", tmp ? tmp : "/tmp");
	assert_non_null(mkdtemp(p->dir));
	(void)snprintf(p->file, sizeof p->file, "%s/file", p->dir);
	(void)snprintf(
	    p->made, sizeof p->made, "%s/ibkr-agent/audit-hmac-secret", p->dir);
	(void)unsetenv("IBKR_AUDIT_HMAC_SECRET");
	(void)unsetenv("IBKR_REMOTE_TOKEN_HMAC_SECRET");
	(void)unsetenv("CREDENTIALS_DIRECTORY");
	(void)setenv("XDG_STATE_HOME", p->dir, 1);
	assert_int_equal(config_development(&p->config, NULL), 0);
	*state = p;
	return 0;
}

static int
teardown(void **state)
{
	struct place *p = *state;
	char path[300];

	config_free(p->config);
	(void)unlink(p->file);
	(void)unlink(p->made);
	(void)snprintf(path, sizeof path, "%s/audit-hmac-secret", p->dir);
	(void)unlink(path);
	(void)snprintf(
	    path, sizeof path, "%s/remote-token-hmac-secret", p->dir);
	(void)unlink(path);
	(void)snprintf(path, sizeof path, "%s/ibkr-agent", p->dir);
	(void)rmdir(path);
	assert_int_equal(rmdir(p->dir), 0); /* nothing was left behind */
	free(p);
	return 0;
}

static void
assert_secret(const struct config *config, const char *text)
{
	struct secret *secret = NULL;
	struct err err = ERR_INIT;

	if (config_audit_secret(config, &secret, &err) != 0)
		fail_msg("no secret: %s", err_text(&err));
	assert_int_equal(secret_len(secret), strlen(text));
	assert_memory_equal(secret_data(secret), text, strlen(text));
	secret_free(secret);
}

static void
assert_no_secret(const struct config *config, const char *why)
{
	struct secret *secret = NULL;
	struct err err = ERR_INIT;

	assert_int_equal(config_audit_secret(config, &secret, &err), IAG_INVAL);
	assert_null(secret);
	assert_int_equal(err.code, ERR_CONFIG_INVALID);
	if (!strstr(err_text(&err), why))
		fail_msg("no '%s' in '%s'", why, err_text(&err));
	err_fini(&err);
}

static void
test_environment_then_file_then_credential(void **state)
{
	struct place *p = *state;
	char path[300];

	p->config->development = false;
	(void)snprintf(path, sizeof path, "%s/audit-hmac-secret", p->dir);
	write_secret(path, SECRET_C "\n", 0400);
	(void)setenv("CREDENTIALS_DIRECTORY", p->dir, 1);
	assert_secret(p->config, SECRET_C);
	/* as a service manager shows a file of root to the service's user */
	assert_int_equal(chmod(path, 0440), 0);
	assert_secret(p->config, SECRET_C);
	assert_int_equal(chmod(path, 0444), 0);
	assert_no_secret(p->config, path);
	write_secret(p->file, SECRET_B "\n", 0600);
	p->config->audit.hmac_secret_file = strdup(p->file);
	assert_secret(p->config, SECRET_B);
	(void)setenv("IBKR_AUDIT_HMAC_SECRET", SECRET_A, 1);
	assert_secret(p->config, SECRET_A);
	/* what is set but wrong is not passed over */
	(void)setenv("IBKR_AUDIT_HMAC_SECRET", "short", 1);
	assert_no_secret(p->config, "IBKR_AUDIT_HMAC_SECRET");
	(void)unsetenv("IBKR_AUDIT_HMAC_SECRET");
	(void)chmod(p->file, 0640);
	assert_no_secret(p->config, p->file);
}

static void
test_no_source_names_all_three(void **state)
{
	struct place *p = *state;

	p->config->development = false;
	assert_no_secret(p->config, "'IBKR_AUDIT_HMAC_SECRET' is not set");
	assert_no_secret(p->config, "audit.hmac_secret_file");
	assert_no_secret(p->config, "'audit-hmac-secret'");
	assert_int_equal(access(p->made, F_OK), -1);
	free(STEAL(p->config->audit.hmac_secret_env));
	assert_no_secret(p->config, "audit.hmac_secret_env is not in");
	(void)setenv("CREDENTIALS_DIRECTORY", "relative", 1);
	assert_no_secret(p->config, "no deployment secret");
	(void)setenv("CREDENTIALS_DIRECTORY", p->dir, 1);
	assert_no_secret(p->config, "no deployment secret");
}

static void
test_the_remote_secret_has_sources_of_its_own(void **state)
{
	struct place *p = *state;
	struct secret *secret = NULL;
	struct err err = ERR_INIT;
	char path[300];

	/* development makes none for it */
	assert_int_equal(
	    config_remote_secret(p->config, &secret, &err), IAG_INVAL);
	assert_non_null(
	    strstr(err_text(&err), "remote_mcp.token_id_hmac_secret_file"));
	err_fini(&err);
	(void)setenv("CREDENTIALS_DIRECTORY", p->dir, 1);
	(void)snprintf(
	    path, sizeof path, "%s/remote-token-hmac-secret", p->dir);
	write_secret(path, SECRET_B, 0400);
	assert_int_equal(config_remote_secret(p->config, &secret, NULL), 0);
	assert_memory_equal(secret_data(secret), SECRET_B, 40);
	secret_free(secret);
}

static void
test_development_makes_one_and_keeps_it(void **state)
{
	struct place *p = *state;
	struct secret *first = NULL;
	struct secret *second = NULL;
	struct stat st;
	mode_t old = umask(0);

	assert_int_equal(config_audit_secret(p->config, &first, NULL), 0);
	(void)umask(old);
	assert_true(secret_len(first) >= SECRET_MIN);
	assert_int_equal(stat(p->made, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(st.st_nlink, 1);
	*strrchr(p->made, '/') = '\0';
	assert_int_equal(stat(p->made, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	p->made[strlen(p->made)] = '/';
	/* the store is the store plugin's */
	assert_int_equal(access(p->config->audit.path, F_OK), -1);
	assert_int_equal(config_audit_secret(p->config, &second, NULL), 0);
	assert_int_equal(secret_len(first), secret_len(second));
	assert_memory_equal(
	    secret_data(first), secret_data(second), secret_len(first));
	secret_free(first);
	secret_free(second);
}

static void
test_an_open_secret_or_directory_is_refused(void **state)
{
	struct place *p = *state;
	struct secret *secret = NULL;
	char dir[300];

	(void)snprintf(dir, sizeof dir, "%s/ibkr-agent", p->dir);
	assert_int_equal(mkdir(dir, 0700), 0);
	assert_int_equal(chmod(dir, 0777), 0);
	assert_no_secret(p->config, "is writable by others");
	assert_int_equal(access(p->made, F_OK), -1);
	assert_int_equal(chmod(dir, 0700), 0);
	assert_int_equal(config_audit_secret(p->config, &secret, NULL), 0);
	secret_free(secret);
	assert_int_equal(chmod(p->made, 0644), 0);
	assert_no_secret(p->config, p->made);
	(void)unlink(p->made);
	write_secret(p->made, "short\n", 0600);
	assert_no_secret(p->config, p->made);
}

static void
test_something_in_the_directorys_place_is_refused(void **state)
{
	struct place *p = *state;
	char dir[300];

	(void)snprintf(dir, sizeof dir, "%s/ibkr-agent", p->dir);
	write_secret(dir, "", 0600);
	assert_no_secret(p->config, "is not a directory");
	(void)unlink(dir);
}

/* As somebody whom the permissions bind, whoever runs the test. */
static void
test_a_directory_that_cannot_be_written_is_reported(void **state)
{
	struct place *p = *state;
	int status = -1;
	pid_t pid;

	assert_int_equal(chmod(p->dir, 0555), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct secret *secret = NULL;
		struct err err = ERR_INIT;
		bool good;

		if (geteuid() == 0 && seteuid(65534) != 0)
			_exit(2);
		good = config_audit_secret(p->config, &secret, &err) ==
			   IAG_INVAL &&
		       !secret && strstr(err_text(&err), "cannot be made");
		_exit(good ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(chmod(p->dir, 0700), 0);
}

/* One of them makes it, all of them report the bytes that they use. */
static void
test_processes_that_start_together_share_one(void **state)
{
	struct place *p = *state;
	int go[2];
	int out[2];
	char first[64];
	char other[64];
	enum { CHILDREN = 12 };

	assert_int_equal(pipe2(go, O_CLOEXEC), 0);
	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	for (int i = 0; i < CHILDREN; i++) {
		pid_t pid = fork();
		struct secret *secret = NULL;
		char byte;

		assert_true(pid >= 0);
		if (pid != 0)
			continue;
		(void)close(go[1]);
		if (read(go[0], &byte, 1) != 0 ||
		    config_audit_secret(p->config, &secret, NULL) != 0 ||
		    secret_len(secret) != 64 ||
		    write(out[1], secret_data(secret), 64) != 64)
			_exit(1);
		_exit(0);
	}
	(void)close(go[1]); /* all at once */
	(void)close(go[0]);
	(void)close(out[1]);
	for (int i = 0; i < CHILDREN; i++) {
		int status = -1;

		assert_true(wait(&status) > 0);
		assert_int_equal(status, 0);
	}
	assert_int_equal(read(out[0], first, 64), 64);
	for (int i = 1; i < CHILDREN; i++) {
		assert_int_equal(read(out[0], other, 64), 64);
		assert_memory_equal(first, other, 64);
	}
	assert_int_equal(read(out[0], other, 64), 0);
	(void)close(out[0]);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_environment_then_file_then_credential),
		TEST(test_no_source_names_all_three),
		TEST(test_the_remote_secret_has_sources_of_its_own),
		TEST(test_development_makes_one_and_keeps_it),
		TEST(test_an_open_secret_or_directory_is_refused),
		TEST(test_something_in_the_directorys_place_is_refused),
		TEST(test_a_directory_that_cannot_be_written_is_reported),
		TEST(test_processes_that_start_together_share_one),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
