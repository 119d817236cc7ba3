/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Runs the contract kit on every built plugin, one TAP line for each check,
 * and on plugins that break the contract, where the kit has to find out.
 * With --child it is the process that the kit's parent starts.
 */

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "host/check.h"
#include "host/kitwriter.h"
#include "tools/judge.h"

static unsigned count;
static unsigned failures;

static void __attribute__((format(printf, 2, 3)))
tap(bool ok, const char *format, ...)
{
	va_list ap;

	printf("%sok %u - ", ok ? "" : "not ", ++count);
	va_start(ap, format);
	(void)vprintf(format, ap);
	va_end(ap);
	(void)putchar('\n');
	(void)fflush(stdout);
	if (!ok)
		failures++;
}

/* The lines of the kit on a file; by fork, so that valgrind sees it all. */
static int
run_kit_with(const char *path, const char *group, unsigned seconds,
    const struct instance_option *options, size_t option_count,
    struct buf *lines)
{
	char chunk[4096];
	int ends[2];
	int status;
	ssize_t n;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -1;
	pid = fork();
	if (pid == 0) {
		(void)close(ends[0]);
		_exit(plugin_check_group(path, ends[1], seconds, group, options,
			  option_count) != 0);
	}
	(void)close(ends[1]);
	while ((n = read(ends[0], chunk, sizeof chunk)) > 0)
		buf_add(lines, chunk, (size_t)n);
	(void)close(ends[0]);
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int
run_kit(
    const char *path, const char *group, unsigned seconds, struct buf *lines)
{
	/* valgrind has not as much address space as a store asks for. */
	static const struct instance_option options[] = { { "map_mib", "64" } };

	return run_kit_with(path, group, seconds, options,
	    getenv("IAG_TEST_WRAPPER") ? ARRAY_COUNT(options) : 0, lines);
}

static void
show_line(const char *base, const char *line, size_t len)
{
	CLEANUP_JSON struct json_object *root = NULL;
	const char *result;

	if (json_parse(line, len, &json_bounds_default, &root, NULL) < 0) {
		tap(false, "%s: a line that is not JSON", base);
		return;
	}
	result = json_get_str(root, "result", "");
	if (strcmp(result, "skipped") == 0)
		tap(true, "%s: %s # SKIP %s", base,
		    json_get_str(root, "check", ""),
		    json_get_str(root, "text", ""));
	else
		tap(strcmp(result, "passed") == 0, "%s: %s %s", base,
		    json_get_str(root, "check", ""),
		    json_get_str(root, "text", ""));
}

static void
expect_sound(const char *dir, const char *base)
{
	CLEANUP_BUF struct buf lines = BUF_INIT;
	CLEANUP_FREE char *path = NULL;
	const char *at;
	int r;

	if (asprintf(&path, "%s/%s", dir, base) < 0)
		return;
	r = run_kit(path, NULL, 0, &lines);
	for (at = buf_text(&lines); *at;) {
		const char *end = strchrnul(at, '\n');

		show_line(base, at, (size_t)(end - at));
		at = *end ? end + 1 : end;
	}
	tap(r == 0, "%s keeps the contract", base);
}

struct fault {
	const char *base;
	const char *check;
	const char *part;
	unsigned seconds;
};

/*
 * The kit fails that check, for that reason.  How far a plugin comes before it
 * hangs depends on the machine: with a bound of time, a slow one gets more.
 */
static void
expect_fault(const char *dir, const struct fault *fault)
{
	CLEANUP_BUF struct buf lines = BUF_INIT;
	CLEANUP_FREE char *path = NULL;
	CLEANUP_FREE char *wanted = NULL;
	const char *group =
	    strcmp(fault->check, "descriptor") == 0 ? NULL : fault->check;
	unsigned seconds = fault->seconds;
	const char *at;
	int r;

	if (asprintf(&path, "%s/%s.so", dir, fault->base) < 0 ||
	    asprintf(&wanted, "{\"check\":\"%s\",\"result\":\"failed\"",
		fault->check) < 0)
		return;
	do {
		buf_reset(&lines);
		r = run_kit(path, group, seconds, &lines);
		at = strstr(buf_text(&lines), wanted);
		at = at ? strstr(at, fault->part) : NULL;
		seconds *= 4;
	} while (!at && seconds && seconds <= 64);
	tap(r == 1 && at, "the kit finds what is wrong with %s: %s",
	    fault->base, fault->check);
	if (r != 1 || !at)
		printf("# %d %s\n", r, buf_text(&lines));
}

static void
check_hostile(const char *build)
{
	static const struct fault faults[] = {
		{ "backend-load-crashes", "descriptor", "Aborted", 0 },
		{ "backend-load-hangs", "descriptor", "did not return", 1 },
		{ "backend-load-refuses", "descriptor", "has no modem", 0 },
		{ "backend-symbol", "descriptor", "iag_plugin_1", 0 },
		{ "backend-query-crashes", "answers", "Aborted", 0 },
		{ "backend-query-exits", "answers", "ended in '", 0 },
		{ "backend-query-hangs", "answers", "did not return", 1 },
		{ "backend-query-hangs", "deadline", "had not returned", 0 },
		{ "backend-query-hangs", "cancel", "had not returned", 0 },
		{ "backend-query-twice", "answers", "answered twice", 0 },
		{ "backend-query-nothing", "answers", "without an answer", 0 },
		{ "backend-query-broken", "answers", "is not JSON", 0 },
		{ "backend-query-huge", "answers", "2097152 bytes", 0 },
		{ "backend-query-silent", "answers", "not say why", 0 },
		{ "backend-query-number", "answers", "-4711", 0 },
		{ "backend-query-row", "answers", "account_id': is missing",
		    0 },
		{ "backend-query-row", "answers", "did you mean 'account_id'",
		    0 },
		{ "writer-ack-no-id", "order", "broker's order id", 0 },
		{ "writer-ack-no-id", "submit", "left broker_order_id empty",
		    0 },
		{ "writer-ack-number", "order", "no decimal", 0 },
		{ "writer-ack-other", "submit", "'somebody-else'", 0 },
		{ "writer-ack-status", "submit", "status 99", 0 },
		{ "writer-find-nothing", "unknown_order",
		    "left the member 'answer' at 0", 0 },
		{ "writer-forgets", "order", "'find' said that there is no",
		    0 },
		{ "writer-list-broken", "order", "is not JSON", 0 },
		{ "writer-list-broken", "list", "is not JSON", 0 },
		{ "writer-no-cancel", "descriptor",
		    "lacks 'cancel', which is among its operations", 0 },
		{ "writer-no-commit", "submit_without_commit",
		    "commit_send() had not allowed", 0 },
		{ "writer-row-lacks", "order", "contract_id': is missing", 0 },
		{ "writer-row-typo", "order", "did you mean", 0 },
		{ "writer-short-refs", "order", "at most 2 are allowed", 0 },
		{ "writer-submit-crashes", "order", "in 'submit'", 0 },
		{ "writer-submit-exits", "submit",
		    "the process ended in 'submit'; a plugin never exits", 0 },
		{ "writer-submit-hangs", "order_deadline", "had not returned",
		    0 },
		{ "writer-submit-hangs", "submit", "'submit' did not return",
		    1 },
		{ "writer-submit-silent", "order", "without a text", 0 },
		{ "writer-twice", "duplicate_reference", "a second order", 0 },
	};
	CLEANUP_FREE char *dir = NULL;
	size_t i;

	if (asprintf(&dir, "%s/tests/plug/hostile", build) < 0)
		return;
	for (i = 0; i < ARRAY_COUNT(faults); i++)
		expect_fault(dir, &faults[i]);
	expect_sound(dir, "writer-sound.so");
}

/* References of the kit differ, also where the alphabet has no digits. */
static void
check_refs(void)
{
	static const char *const alphabets[] = { NULL, "",
		"abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ-",
		"0123456789" };
	size_t i;

	for (i = 0; i < ARRAY_COUNT(alphabets); i++) {
		const struct iag_writer_ops ops = { .ref_alphabet =
							alphabets[i] };
		char refs[2][KIT_REF_SIZE];
		bool ok = true;
		unsigned n;

		kit_make_ref(&ops, 'o', 0, refs[0]);
		for (n = 1; n < 10; n++) {
			kit_make_ref(&ops, 'o', n, refs[n % 2]);
			ok &= strcmp(refs[0], refs[1]) != 0;
			ok &= !alphabets[i] || !*alphabets[i] ||
			      strspn(refs[n % 2], alphabets[i]) ==
				  strlen(refs[n % 2]);
		}
		tap(ok, "the kit's references differ in the alphabet '%s'",
		    alphabets[i] ? alphabets[i] : "");
	}
}

static void
check_parent(const char *build)
{
	CLEANUP_BUF struct buf report = BUF_INIT;
	CLEANUP_ERR struct err err = ERR_INIT;
	CLEANUP_FREE char *path = NULL;
	const char *argv[] = { NULL, "--child", NULL, NULL };
	char self[4096] = "";
	bool passed = true;
	int r;

	/* By its own name: valgrind would run itself as /proc/self/exe. */
	if (readlink("/proc/self/exe", self, sizeof self - 1) < 0)
		return;
	argv[0] = self;

	if (asprintf(&path, "%s/tests/plug/hostile/backend-load-crashes.so",
		build) < 0)
		return;
	argv[2] = path;
	r = plugin_check_run(argv, 60, &report, &passed, &err);
	tap(r == 0 && !passed &&
		json_check(buf_text(&report), report.len, &json_bounds_default,
		    NULL) == 0 &&
		strstr(buf_text(&report), "Aborted"),
	    "a started process reports the crash of a plugin");
	argv[1] = "--crash";
	buf_reset(&report);
	passed = true;
	r = plugin_check_run(argv, 60, &report, &passed, &err);
	tap(r == 0 && !passed && strstr(buf_text(&report), "\"process\""),
	    "a process that dies itself is a failed check");
	argv[1] = "--hang";
	buf_reset(&report);
	passed = true;
	r = plugin_check_run(argv, 1, &report, &passed, &err);
	tap(r == 0 && !passed && strstr(buf_text(&report), "did not return"),
	    "a process that hangs is ended");
	argv[0] = "/nonexistent/program";
	buf_reset(&report);
	passed = true;
	r = plugin_check_run(argv, 1, &report, &passed, &err);
	/* Under valgrind it runs, and ends at once. */
	tap(r < 0 ? strstr(err_text(&err), argv[0]) != NULL : !passed,
	    "a program that cannot be run is an error");
}

/* A journal over it would take its own commits for another program's. */
static void
check_store(const char *build)
{
	static const struct instance_option options[] = {
		{ "fault", "change 1 double" },
		{ "map_mib", "64" },
	};
	CLEANUP_BUF struct buf lines = BUF_INIT;
	CLEANUP_FREE char *path = NULL;
	int r;

	if (asprintf(&path, "%s/tests/crash/.libs/store-faulty.so", build) < 0)
		return;
	r = run_kit_with(
	    path, "change", 0, options, ARRAY_COUNT(options), &lines);
	tap(r == 1 && strstr(buf_text(&lines), "expected one more"),
	    "the kit finds a store that counts its commits double");
}

static int
is_plugin(const struct dirent *entry)
{
	static const char *const kinds[] = { "backend-", "store-", "writer-" };
	size_t len = strlen(entry->d_name);
	bool is_kind = false;

	/* modules of the host itself lie beside them */
	for (size_t i = 0; i < ARRAY_COUNT(kinds); i++)
		is_kind |=
		    strncmp(entry->d_name, kinds[i], strlen(kinds[i])) == 0;
	return is_kind && strcmp(entry->d_name + len - 3, ".so") == 0;
}

int
main(int argc, char **argv)
{
	const char *build = getenv("IAG_TEST_BUILDDIR");
	const char *stage = getenv("IAG_TEST_PLUGINDIR");
	struct dirent **entries = NULL;
	int n;
	int i;

	if (argc == 3 && strcmp(argv[1], "--child") == 0)
		return plugin_check_child(argv[2], STDOUT_FILENO, 0) != 0;
	if (argc == 3 && strcmp(argv[1], "--crash") == 0)
		abort();
	if (argc == 3 && strcmp(argv[1], "--hang") == 0)
		for (;;)
			(void)pause();
	plugin_check_set_judge(&tools_judge);
	n = stage ? scandir(stage, &entries, is_plugin, alphasort) : 0;
	for (i = 0; i < n; i++) {
		expect_sound(stage, entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	tap(n > 0, "there are built plugins");
	check_refs();
	check_hostile(build ? build : ".");
	check_store(build ? build : ".");
	check_parent(build ? build : ".");
	printf("1..%u\n", count);
	return failures ? 1 : 0;
}
