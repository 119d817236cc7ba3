/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

#include "daemon/program.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "tools/dispatch.h"
#include "tools/fields.h"

enum { TEXT_MAX = 500000, WORDS_MAX = 12 };

/* Separated by one space, as choices are. */
#define COMMANDS                                        \
	"audit-verify config-check config-show doctor " \
	"plugins-list plugins-show store-status"

static const struct field program_input[] = {
	ONE_OF("command", REQ, COMMANDS, "Its words, with - between them"),
	LEN("operand", 0, 64, "What it is about, where it takes a name"),
	BOOL("json", 0, "Print JSON"),
	END,
};

static const struct field program_output[] = {
	INT("exit_code", REQ, 0, 255, "As of the command"),
	LEN("stdout", REQ, TEXT_MAX, "What it printed"),
	LEN("stderr", REQ, TEXT_MAX, "What it said of errors"),
	END,
};

extern char **environ;

static void
close_pair(int pair[2])
{
	for (int i = 0; i < 2; i++) {
		if (pair[i] >= 0)
			(void)close(pair[i]);
		pair[i] = -1;
	}
}

/* One run of the program. */
struct run {
	pid_t pid;
	int out[2], err[2]; /* pipes */
	struct buf text[2];
};

static int
cannot(const char *what, int number, struct err *err)
{
	return err_set(err, ERR_INTERNAL_ERROR,
	    "cannot run the program again: %s: %s", what, strerror(number));
}

/* With the signals as they are outside, and nothing to read. */
static int
spawn(struct run *run, char *const argv[], struct err *err)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t none, defaults;
	int rc;

	sigemptyset(&none);
	sigemptyset(&defaults);
	sigaddset(&defaults, SIGPIPE);
	(void)posix_spawnattr_init(&attr);
	(void)posix_spawnattr_setsigmask(&attr, &none);
	(void)posix_spawnattr_setsigdefault(&attr, &defaults);
	(void)posix_spawnattr_setflags(
	    &attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	(void)posix_spawn_file_actions_init(&files);
	(void)posix_spawn_file_actions_addopen(
	    &files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	(void)posix_spawn_file_actions_adddup2(
	    &files, run->out[1], STDOUT_FILENO);
	(void)posix_spawn_file_actions_adddup2(
	    &files, run->err[1], STDERR_FILENO);
	rc = posix_spawn(
	    &run->pid, "/proc/self/exe", &files, &attr, argv, environ);
	(void)posix_spawn_file_actions_destroy(&files);
	(void)posix_spawnattr_destroy(&attr);
	if (rc) {
		run->pid = -1;
		return cannot("start", rc, err);
	}
	/* the ends that the child has */
	(void)close(run->out[1]);
	(void)close(run->err[1]);
	run->out[1] = run->err[1] = -1;
	return 0;
}

/* false: the pipe is at its end. */
static bool
read_some(int fd, struct buf *text)
{
	char bytes[16384];
	ssize_t got = read(fd, bytes, sizeof bytes);

	if (got < 0)
		return errno == EINTR || errno == EAGAIN;
	buf_add(text, bytes, (size_t)got);
	return got > 0;
}

/* All that it says, until it ends or the call does. */
static int
collect(struct run *run, struct call *call, struct err *err)
{
	struct pollfd fds[] = { { .fd = run->out[0], .events = POLLIN },
		{ .fd = run->err[0], .events = POLLIN },
		{ .fd = call_fd(call), .events = POLLIN } };

	while (fds[0].fd >= 0 || fds[1].fd >= 0) {
		uint64_t now_ns = clock_boot_ns();
		uint64_t end_ns = call_deadline_ns(call);

		if (call_is_over(call))
			return err_set(err, ERR_CALL_TIMED_OUT,
			    "the command took too long for a call; run it as "
			    "the daemon's user, without the daemon");
		if (poll(fds, ARRAY_COUNT(fds),
			(int)((end_ns - now_ns) / NS_PER_MS) + 1) < 0)
			continue;
		for (int i = 0; i < 2; i++) {
			if (fds[i].revents &&
			    !read_some(fds[i].fd, &run->text[i]))
				fds[i].fd = -1;
		}
	}
	return 0;
}

static int
reap(struct run *run, bool kill_first)
{
	int status = 0;

	if (kill_first)
		(void)kill(run->pid, SIGKILL);
	while (waitpid(run->pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

/* The words of the command line; those that are made are put into owned. */
static void
words_of(const struct tool_call *call, char *command, char *argv[WORDS_MAX])
{
	const struct config *config = call->house->config;
	const char *operand = json_get_str(call->arguments, "operand", NULL);
	char *rest = command;
	size_t count = 0;

	argv[count++] = (char *)(uintptr_t) "ibkr-agent";
	if (config->path) {
		argv[count++] = (char *)(uintptr_t) "--config";
		argv[count++] = config->path;
	}
	if (json_get_bool(call->arguments, "json", false))
		argv[count++] = (char *)(uintptr_t) "--json";
	while (rest && count < WORDS_MAX - 4)
		argv[count++] = strsep(&rest, "-");
	if (strcmp(command, "doctor") == 0 && call->principal->is_apart)
		argv[count++] = (char *)(uintptr_t) "--apart";
	if (operand) {
		/* never an option */
		argv[count++] = (char *)(uintptr_t) "--";
		argv[count++] = (char *)(uintptr_t)operand;
	}
	argv[count] = NULL;
}

static int
answer_write(
    struct tool_call *call, const struct run *run, int status, struct err *err)
{
	CLEANUP_JSON struct json_object *out = json_object_new_object();
	int rc = json_add_int(out, "exit_code", status);

	if (run->text[0].failed || run->text[1].failed)
		return err_set(err, ERR_OUTPUT_UNSAFE,
		    "the command printed more than %d bytes", TEXT_MAX);
	rc |= json_add_str(out, "stdout", buf_text(&run->text[0]));
	rc |= json_add_str(out, "stderr", buf_text(&run->text[1]));
	if (rc || !out)
		return err_no_memory(err);
	json_write(call->output, out, 0);
	return 0;
}

static int
program_handler(struct tool_call *call, struct err *err)
{
	const char *command = json_get_str(call->arguments, "command", "");
	CLEANUP_FREE char *words = strdup(command);
	struct run run = { .pid = -1, .out = { -1, -1 }, .err = { -1, -1 } };
	char *argv[WORDS_MAX];
	int rc = 0;

	if (!words)
		return err_no_memory(err);
	words_of(call, words, argv);
	buf_init(&run.text[0], TEXT_MAX);
	buf_init(&run.text[1], TEXT_MAX);
	if (pipe2(run.out, O_CLOEXEC) != 0 || pipe2(run.err, O_CLOEXEC) != 0)
		rc = cannot("pipe", errno, err);
	if (rc == 0)
		rc = spawn(&run, argv, err);
	if (rc == 0)
		rc = collect(&run, call->call, err);
	if (run.pid >= 0) {
		int status = reap(&run, rc != 0);

		if (rc == 0)
			rc = answer_write(call, &run, status, err);
	}
	close_pair(run.out);
	close_pair(run.err);
	buf_fini(&run.text[0]);
	buf_fini(&run.text[1]);
	return rc;
}

const struct tool program_operation = {
	.name = PROGRAM_OPERATION,
	.title = "Run a command of the operator in the daemon",
	.description = "Runs a command that looks at the daemon's surroundings "
		       "and changes nothing.",
	.input = program_input,
	.output = program_output,
	.handler = program_handler,
	.command = "serve",
	.event = "tool_completed",
};

bool
program_may_run(const char *path)
{
	const char *at = COMMANDS;
	size_t len = strlen(path);

	while (*at) {
		size_t word = strcspn(at, " ");
		size_t i = 0;

		while (i < len && i < word &&
		       (path[i] == at[i] || (path[i] == ' ' && at[i] == '-')))
			i++;
		if (i == len && i == word)
			return true;
		at += word;
		at += *at == ' ';
	}
	return false;
}
