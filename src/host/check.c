/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The contract kit: processes, lines, and the groups that hold for every
 * kind of plugin.
 */

#include "host/check.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/json.h"
#include "host/kit.h"

#define LINE_MAX_LEN 4096
#define SECRET_NAME "IAG_PLUGIN_CHECK_SECRET"

extern char **environ;

static const struct plugin_judge *judge;

void
plugin_check_set_judge(const struct plugin_judge *with)
{
	judge = with;
}

static void
format_line(
    struct buf *out, const char *name, const char *result, const char *text)
{
	buf_str(out, "{\"check\":");
	json_write_string(out, name, strlen(name));
	buf_printf(out, ",\"result\":\"%s\",\"text\":", result);
	json_write_string(out, text, strlen(text));
	buf_str(out, "}\n");
}

void
kit_line(
    struct kit *kit, const char *name, const char *result, const char *text)
{
	CLEANUP_BUF struct buf line = BUF_INIT;

	format_line(&line, name, result, text);
	if (!line.failed)
		(void)fd_write(kit->fd, line.data, line.len);
}

void
kit_begin(struct kit *kit, const char *name)
{
	kit->name = name;
	kit->failed = false;
	kit->fault[0] = '\0';
	kit->note[0] = '\0';
}

void
kit_doing(struct kit *kit, const char *callback)
{
	(void)snprintf(
	    kit->shared->doing, sizeof kit->shared->doing, "'%s'", callback);
}

void
kit_note(struct kit *kit, const char *format, ...)
{
	va_list ap;

	if (kit->note[0])
		return;
	va_start(ap, format);
	(void)vsnprintf(kit->note, sizeof kit->note, format, ap);
	va_end(ap);
}

void
kit_judge_answer(
    struct kit *kit, const char *operation, const struct answer *answer)
{
	CLEANUP_BUF struct buf strangers = BUF_INIT;
	CLEANUP_ERR struct err err = ERR_INIT;

	int r;

	if (!judge || kit->failed)
		return;
	r = judge->answer(operation, answer, &strangers, &err);
	(void)kit_expect(kit, r == 0,
	    "'%s' answers what no caller may be shown: %s", operation,
	    err_text(&err));
	if (strangers.len)
		kit_note(kit,
		    "'%s' answers with members that nobody knows and that are "
		    "taken out: %s",
		    operation, buf_text(&strangers));
}

void
kit_arguments(const char *operation, struct buf *out)
{
	if (judge)
		judge->arguments(operation, out);
	else
		buf_str(out, "{}");
}

bool
kit_knows(const char *operation)
{
	return !judge || judge->is_known(operation);
}

bool
kit_expect(struct kit *kit, bool ok, const char *format, ...)
{
	va_list ap;

	if (ok || kit->failed)
		return ok;
	kit->failed = true;
	va_start(ap, format);
	(void)vsnprintf(kit->fault, sizeof kit->fault, format, ap);
	va_end(ap);
	return false;
}

bool
kit_expect_ok(
    struct kit *kit, int result, const char *what, const struct err *err)
{
	return kit_expect(kit, result == 0, "%s: %s (%s)", what, err_text(err),
	    result ? err_class_name(result) : "");
}

bool
kit_end(struct kit *kit)
{
	CLEANUP_BUF struct buf text = BUF_INIT;

	buf_str(&text, kit->fault);
	if (kit->failed && kit->note[0])
		buf_str(&text, "; ");
	buf_str(&text, kit->note);
	kit_line(
	    kit, kit->name, kit->failed ? "failed" : "passed", buf_text(&text));
	return !kit->failed;
}

void
kit_skip(struct kit *kit, const char *name, const char *why)
{
	kit_line(kit, name, "skipped", why);
}

static const char *
find_given(const struct kit *kit, const char *key)
{
	size_t i;

	for (i = 0; i < kit->given_count; i++)
		if (strcmp(kit->given[i].key, key) == 0)
			return kit->given[i].value;
	return NULL;
}

/* A value that the option's type allows, allocated. */
static char *
make_up(struct kit *kit, const struct iag_option *option)
{
	char *text = NULL;

	if (option->flags & IAG_OPTION_SECRET)
		return strdup("env:" SECRET_NAME);
	switch (option->type) {
	case IAG_OPTION_INTEGER:
	case IAG_OPTION_DECIMAL:
		return strdup(option->min   ? option->min
			      : option->max ? option->max
					    : "1");
	case IAG_OPTION_BOOLEAN:
		return strdup("false");
	case IAG_OPTION_CHOICE:
		return strndup(option->choices, strcspn(option->choices, " "));
	case IAG_OPTION_PATH:
		if (asprintf(&text, "%s/%s", kit->tmp, option->key) < 0)
			return NULL;
		(void)mkdir(text, 0700);
		return text;
	default:
		return strdup("check");
	}
}

static void
make_up_options(struct kit *kit)
{
	size_t i;

	(void)setenv(SECRET_NAME,
	    "this is no secret: 0123456789 0123456789 0123456789", 1);
	for (i = 0; i < kit->plugin->desc.option_count; i++) {
		const struct iag_option *option = &kit->plugin->options[i];
		bool place = kit->plugin->desc.kind == IAG_KIND_STORE &&
			     option->type == IAG_OPTION_PATH;
		const char *given = find_given(kit, option->key);

		if (!given && !place && !(option->flags & IAG_OPTION_REQUIRED))
			continue;
		kit->options[kit->option_count].key = option->key;
		kit->options[kit->option_count].value =
		    given ? strdup(given) : make_up(kit, option);
		kit->option_count++;
	}
}

bool
kit_load(struct kit *kit, const struct iag_host *services)
{
	CLEANUP_ERR struct err err = ERR_INIT;
	int r;

	kit->host = host_new(NULL, NULL);
	if (!kit_expect(kit, kit->host != NULL, "out of memory"))
		return false;
	r = services ? plugin_open_with(kit->path, services, &kit->plugin, &err)
		     : host_load_file(kit->host, kit->path, &kit->plugin, &err);
	if (!kit_expect_ok(kit, r, "load", &err))
		return false;
	make_up_options(kit);
	return true;
}

struct instance *
kit_open(struct kit *kit)
{
	CLEANUP_ERR struct err err = ERR_INIT;
	struct instance *instance = NULL;

	kit_doing(kit, "open' or 'start");
	(void)kit_expect_ok(kit,
	    instance_open(kit->host, kit->plugin, "check", kit->options,
		kit->option_count, &instance, &err),
	    "open and start", &err);
	return instance;
}

static void
free_options(struct kit *kit)
{
	size_t i;

	for (i = 0; i < kit->option_count; i++)
		free((char *)(uintptr_t)kit->options[i].value);
	kit->option_count = 0;
}

bool
kit_close(struct kit *kit)
{
	bool ok;

	kit_doing(kit, "stop' or 'close");
	ok = host_free(kit->host);
	kit->host = NULL;
	free_options(kit);
	return kit_expect(
	    kit, ok, "a callback had not returned when all was closed");
}

struct iag_ctx *
kit_context(struct kit *kit, struct instance *instance, const char *callback)
{
	struct iag_ctx *ctx = instance_context(
	    instance, callback, NULL, clock_boot_ns() + 5 * NS_PER_S);

	kit_doing(kit, callback);
	if (!ctx)
		(void)kit_expect(kit, false, "out of memory");
	return ctx;
}

void
kit_expect_result(struct kit *kit, struct iag_ctx *ctx, int32_t result)
{
	if (result == 0)
		return;
	(void)kit_expect(kit, result < 0 && result >= IAG_INTERNAL,
	    "'%s' returned %d, expected 0 or a result of the ABI",
	    ctx->callback, (int)result);
	(void)kit_expect(kit, result == IAG_STOPPING || ctx->fail_text,
	    "'%s' failed with %s without a text from host->fail()",
	    ctx->callback, err_class_name(result));
}

/* Checked is not found: a gateway goes by the name of the file. */
static void
note_file_name(struct kit *kit)
{
	const char *base = strrchr(kit->path, '/');
	CLEANUP_FREE char *name = NULL;

	if (plugin_split_path(kit->path, &name))
		return;
	kit_note(kit,
	    "the file is called '%.100s': a gateway finds it only as "
	    "'%s-%s.so'",
	    base ? base + 1 : kit->path,
	    host_kind_name(plugin_kind(kit->plugin)), plugin_name(kit->plugin));
}

static void
check_descriptor(struct kit *kit)
{
	kit_begin(kit, "descriptor");
	kit_doing(kit, "load");
	if (kit_load(kit, NULL)) {
		kit->shared->kind = plugin_kind(kit->plugin);
		note_file_name(kit);
	}
	(void)kit_end(kit);
	if (kit->host)
		(void)kit_close(kit);
}

/*
 * A host of another day offers less: its table ends before the services for
 * writers, and the page behind it cannot be read.
 */
static void
check_short_host(struct kit *kit)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t len = offsetof(struct iag_host, commit_send);
	struct iag_host *table;
	char *pages;

	kit_begin(kit, "short_host");
	pages = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (pages == MAP_FAILED || mprotect(pages + page, page, PROT_NONE) < 0)
		return kit_skip(kit, kit->name, strerror(errno));
	table = (struct iag_host *)(void *)(pages + page - len);
	memcpy(table, &services_table, len);
	memcpy(table, &(uint32_t){ (uint32_t)len }, sizeof(uint32_t));
	if (kit_load(kit, table) && kit_open(kit))
		(void)kit_close(kit);
	(void)kit_end(kit);
}

static void
check_lifecycle(struct kit *kit)
{
	unsigned round;

	kit_begin(kit, "lifecycle");
	if (!kit_load(kit, NULL)) {
		(void)kit_end(kit);
		return;
	}
	for (round = 0; round < 3 && !kit->failed; round++) {
		CLEANUP_ERR struct err err = ERR_INIT;
		struct instance *instance = kit_open(kit);

		if (!instance)
			break;
		if (instance_health(instance, NULL, &err) < 0)
			(void)kit_expect(kit, *err_text(&err) != '\0',
			    "'health' failed without a text");
		instance_close(instance);
	}
	(void)kit_close(kit);
	(void)kit_end(kit);
}

/* open() and then close(), as when another part of the start failed. */
static void
check_unstarted(struct kit *kit)
{
	struct instance instance = { .next = NULL };
	CLEANUP_ERR struct err err = ERR_INIT;
	struct iag_ctx *ctx;
	int32_t r = 0;

	kit_begin(kit, "close_without_start");
	if (!kit_load(kit, NULL)) {
		(void)kit_end(kit);
		return;
	}
	instance.host = kit->host;
	instance.plugin = kit->plugin;
	instance.label = strdup("check");
	(void)pthread_mutex_init(&instance.lock, NULL);
	if (kit_expect_ok(kit,
		option_set_new(kit->plugin, NULL, kit->options,
		    kit->option_count, &instance.options, &err),
		"options", &err)) {
		ctx = kit_context(kit, &instance, "open");
		if (kit->plugin->instance.open)
			r = kit->plugin->instance.open(ctx, &instance.data);
		kit_expect_result(kit, ctx, r);
		context_reset(ctx, "close");
		if (r == 0 && kit->plugin->instance.close)
			kit->plugin->instance.close(ctx, instance.data);
		context_unref(ctx);
	}
	option_set_free(instance.options);
	free(instance.label);
	(void)kit_close(kit);
	(void)kit_end(kit);
}

/* Open with one more option; it must work, or fail with a text. */
static void
try_option(struct kit *kit, const struct iag_option *option, const char *value)
{
	struct instance_option options[KIT_OPTIONS + 1];
	CLEANUP_ERR struct err err = ERR_INIT;
	struct instance *instance = NULL;
	size_t count = 0;
	size_t i;

	for (i = 0; i < kit->option_count; i++)
		if (strcmp(kit->options[i].key, option->key) != 0)
			options[count++] = kit->options[i];
	options[count].key = option->key;
	options[count++].value = value;
	if (instance_open(kit->host, kit->plugin, "check", options, count,
		&instance, &err) == 0)
		instance_close(instance);
	else
		(void)kit_expect(kit, !strstr(err_text(&err), "not say why"),
		    "option '%s' = '%s': %s", option->key, value,
		    err_text(&err));
}

static void
check_options(struct kit *kit)
{
	size_t i;

	kit_begin(kit, "options");
	if (!kit_load(kit, NULL)) {
		(void)kit_end(kit);
		return;
	}
	for (i = 0; i < kit->plugin->desc.option_count; i++) {
		const struct iag_option *option = &kit->plugin->options[i];

		if (option->min)
			try_option(kit, option, option->min);
		if (option->max)
			try_option(kit, option, option->max);
		if (option->type == IAG_OPTION_BOOLEAN) {
			try_option(kit, option, "true");
			try_option(kit, option, "false");
		}
		if (option->type == IAG_OPTION_STRING &&
		    !(option->flags & IAG_OPTION_SECRET))
			try_option(kit, option, "\xc3\xa9 ' \" \\ %s %n");
	}
	(void)kit_close(kit);
	(void)kit_end(kit);
}

static const struct kit_group common_groups[] = {
	{ "descriptor", 0, check_descriptor },
	{ "short_host", 0, check_short_host },
	{ "lifecycle", 0, check_lifecycle },
	{ "close_without_start", 0, check_unstarted },
	{ "options", 0, check_options },
};

/* Copy the group's lines; false: its time was over.  Counts failed ones. */
static bool
forward(int from, int to, uint64_t until_ns, int *failed)
{
	char line[LINE_MAX_LEN];
	size_t len = 0;

	for (;;) {
		struct pollfd at = { .fd = from, .events = POLLIN };
		uint64_t now_ns = clock_boot_ns();
		ssize_t n;
		char *end;

		if (now_ns >= until_ns)
			return false;
		if (poll(&at, 1, (int)((until_ns - now_ns) / NS_PER_MS) + 1) <=
		    0)
			continue;
		n = read(from, line + len, sizeof line - len);
		if (n <= 0)
			return true;
		len += (size_t)n;
		while ((end = memchr(line, '\n', len))) {
			size_t used = (size_t)(end - line) + 1;

			*end = '\0';
			if (strstr(line, "\"result\":\"failed\""))
				(*failed)++;
			*end = '\n';
			(void)fd_write(to, line, used);
			memmove(line, line + used, len - used);
			len -= used;
		}
		if (len == sizeof line)
			len = 0; /* no line of the kit is that long */
	}
}

/*
 * How the process ended, if not well; false: well.  shared: what the process
 * told of itself, or NULL.
 */
static bool
is_bad_end(int status, bool late, unsigned seconds,
    const struct kit_shared *shared, char *ret_text, size_t size)
{
	const char *doing = shared ? shared->doing : "";
	const char *in = *doing ? " in " : "";

	if (late)
		(void)snprintf(ret_text, size,
		    "%s did not return: ended after %u s; what waits has to "
		    "end when host->stopping() says so",
		    *doing ? doing : "a callback", seconds);
	else if (WIFSIGNALED(status))
		(void)snprintf(ret_text, size, "the process died of '%s'%s%s",
		    strsignal(WTERMSIG(status)), in, doing);
	else if (WEXITSTATUS(status) != 0)
		(void)snprintf(ret_text, size,
		    "the process ended with status %d%s%s; a plugin never "
		    "exits",
		    WEXITSTATUS(status), in, doing);
	else if (shared && !shared->ended)
		(void)snprintf(ret_text, size,
		    "the process ended%s%s; a plugin never exits", in, doing);
	else
		return false;
	return true;
}

/* Not to be taken for a check that has passed. */
static int
cannot_run(struct kit *kit, const char *name)
{
	kit_line(kit, name, "failed", strerror(errno));
	return 1;
}

/* Run one group in a process of its own; the failed checks. */
static int
run_group(struct kit *kit, const struct kit_group *group, unsigned seconds)
{
	char text[400];
	int failed = 0;
	int status = 0;
	int ends[2];
	bool late;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return cannot_run(kit, group->name);
	kit->shared->doing[0] = '\0';
	kit->shared->ended = false;
	pid = fork();
	if (pid == 0) {
		(void)close(ends[0]);
		kit->fd = ends[1];
		(void)setpgid(0, 0);
		group->run(kit);
		kit->shared->ended = true;
		/* exit, not _exit: sanitizers and valgrind report then. */
		exit(0);
	}
	(void)close(ends[1]);
	if (pid < 0) {
		(void)close(ends[0]);
		return cannot_run(kit, group->name);
	}
	late = !forward(
	    ends[0], kit->fd, clock_boot_ns() + seconds * NS_PER_S, &failed);
	(void)close(ends[0]);
	if (late) {
		(void)kill(-pid, SIGKILL);
		(void)kill(pid, SIGKILL);
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (is_bad_end(status, late, seconds, kit->shared, text, sizeof text)) {
		kit_line(kit, group->name, "failed", text);
		failed++;
	}
	kit->hangs |= late;
	return failed;
}

static int
run_groups(struct kit *kit, const struct kit_group *groups, size_t count,
    unsigned seconds, const char *only)
{
	int failed = 0;
	size_t i;

	for (i = 0; i < count; i++) {
		if (only
			? strcmp(groups[i].name, only) != 0
			: groups[i].kind && groups[i].kind != kit->shared->kind)
			continue;
		if (kit->hangs)
			kit_skip(kit, groups[i].name,
			    "a callback does not return: mend that first");
		else
			failed += run_group(kit, &groups[i], seconds);
	}
	return failed;
}

static int
run_all(struct kit *kit, unsigned seconds, const char *only)
{
	int failed = 0;

	if (!only) {
		failed = run_group(kit, &common_groups[0], seconds);
		if (failed)
			return failed;
	}
	failed += run_groups(kit, common_groups + 1,
	    ARRAY_COUNT(common_groups) - 1, seconds, only);
	failed += run_groups(
	    kit, kit_backend_groups, kit_backend_group_count, seconds, only);
	failed += run_groups(
	    kit, kit_writer_groups, kit_writer_group_count, seconds, only);
	failed += run_groups(
	    kit, kit_store_groups, kit_store_group_count, seconds, only);
	return failed;
}

static int
remove_entry(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

int
plugin_check_child(const char *path, int out_fd, unsigned group_seconds)
{
	return plugin_check_group(path, out_fd, group_seconds, NULL, NULL, 0);
}

int
plugin_check_group(const char *path, int out_fd, unsigned group_seconds,
    const char *group, const struct instance_option *options,
    size_t option_count)
{
	const char *folder = getenv("TMPDIR");
	unsigned seconds = group_seconds ? group_seconds : PLUGIN_CHECK_GROUP_S;
	struct kit kit = { .path = path,
		.fd = out_fd,
		.given = options,
		.given_count = option_count };
	char tmp[4096];
	int failed;

	/* Only a child has the plugin in its memory: it says the kind here. */
	kit.shared = mmap(NULL, sizeof *kit.shared, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (kit.shared == MAP_FAILED)
		return cannot_run(&kit, "descriptor");
	(void)snprintf(tmp, sizeof tmp, "%s/plugin-check.XXXXXX",
	    folder && *folder ? folder : "/tmp");
	if (!mkdtemp(tmp)) {
		failed = cannot_run(&kit, "descriptor");
		(void)munmap(kit.shared, sizeof *kit.shared);
		return failed;
	}
	kit.tmp = tmp;
	failed = run_all(&kit, seconds, group);
	(void)munmap(kit.shared, sizeof *kit.shared);
	(void)nftw(tmp, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
	return failed;
}

static int
spawn(const char *const *argv, int out, pid_t *ret_pid, struct err *err)
{
	posix_spawn_file_actions_t actions;
	int r;

	(void)posix_spawn_file_actions_init(&actions);
	(void)posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	/* posix_spawn() does not write to its arguments. */
	r = posix_spawn(ret_pid, argv[0], &actions, NULL,
	    (char *const *)(uintptr_t)argv, environ);
	(void)posix_spawn_file_actions_destroy(&actions);
	if (r == 0)
		return 0;
	return err_set(err, ERR_INTERNAL_ERROR, "'%s' cannot be run: %s",
	    argv[0], strerror(r));
}

/* The lines as members of an array; a line that is not JSON is left out. */
static void
add_lines(struct buf *report, const char *text, bool *passed)
{
	const char *comma = "";

	while (*text) {
		const char *end = strchrnul(text, '\n');
		size_t len = (size_t)(end - text);

		if (json_check(text, len, &json_bounds_default, NULL) == 0) {
			buf_str(report, comma);
			buf_add(report, text, len);
			comma = ",";
			if (memmem(text, len, "\"result\":\"failed\"", 17))
				*passed = false;
		}
		text = *end ? end + 1 : end;
	}
}

int
plugin_check_run(const char *const *argv, unsigned seconds, struct buf *report,
    bool *ret_passed, struct err *err)
{
	CLEANUP_BUF struct buf lines = BUF_INIT;
	char text[400];
	bool passed = true;
	int status = 0;
	int ends[2];
	bool late;
	pid_t pid;
	int r;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_set(
		    err, ERR_INTERNAL_ERROR, "pipe: %s", strerror(errno));
	r = spawn(argv, ends[1], &pid, err);
	(void)close(ends[1]);
	if (r < 0) {
		(void)close(ends[0]);
		return r;
	}
	late = !fd_collect(
	    ends[0], clock_boot_ns() + seconds * NS_PER_S, SIZE_MAX, &lines);
	(void)close(ends[0]);
	if (late)
		(void)kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	/* Its status counts failed checks; the lines, if any, tell which. */
	if (lines.len && WIFEXITED(status))
		status = 0;
	if (is_bad_end(status, late, seconds, NULL, text, sizeof text))
		format_line(&lines, "process", "failed", text);
	buf_str(report, "{\"checks\":[");
	add_lines(report, buf_text(&lines), &passed);
	buf_printf(report, "],\"passed\":%s}", passed ? "true" : "false");
	*ret_passed = passed;
	return 0;
}
