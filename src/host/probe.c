/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Loading a plugin to see what it is runs its code, which may crash or hang;
 * so a child does it and sends what it found through a pipe: a letter, the
 * error's code and a newline if there is one, and the text.
 *
 * Any thread enters; nothing is shared.  The child is forked, so the caller
 * had better be the only thread.
 */

#include "host/probe.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fd.h"
#include "host/plugin.h"

enum { PROBE_FOUND = 'f', PROBE_REFUSED = 'r', PROBE_MAX = 1048576 };

/* What the plugin writes is not part of anybody's output. */
static void
child_silence(void)
{
	const struct rlimit none = { 0, 0 };
	int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);

	if (fd >= 0)
		(void)dup2(fd, STDOUT_FILENO);
	(void)setrlimit(RLIMIT_CORE, &none);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
}

static void __attribute__((noreturn))
child_main(const char *path, uint32_t kind, const char *name, int out)
{
	struct err err = ERR_INIT;
	struct buf text = BUF_INIT;
	struct plugin *plugin = NULL;

	child_silence();
	if (plugin_open(path, kind, name, &plugin, &err) == 0) {
		buf_char(&text, PROBE_FOUND);
		plugin_describe(plugin, &text);
	} else {
		buf_printf(&text, "%c%s\n%s", PROBE_REFUSED,
		    err_kind(err.code)->name, err_text(&err));
	}
	if (!text.failed)
		(void)fd_write(out, text.data, text.len);
	_exit(0);
}

/* Why nothing came. */
static int
say_end(const char *path, bool late, int status, struct err *err)
{
	if (late)
		return err_set(err, ERR_PLUGIN_INVALID,
		    "plugin '%s': it was not loaded within %d s", path,
		    PLUGIN_PROBE_S);
	if (WIFSIGNALED(status))
		return err_set(err, ERR_PLUGIN_INVALID,
		    "plugin '%s': it crashes when it is loaded: signal %d (%s)",
		    path, WTERMSIG(status), strsignal(WTERMSIG(status)));
	return err_set(err, ERR_PLUGIN_INVALID,
	    "plugin '%s': it ends the process that loads it, with exit code "
	    "%d",
	    path, WEXITSTATUS(status));
}

static int
read_refusal(const char *text, struct err *err)
{
	size_t len = strcspn(text, "\n");
	CLEANUP_FREE char *name = strndup(text, len);
	enum err_code code = name ? err_code_find(name) : ERR_NONE;

	return err_set(err, code ? code : ERR_PLUGIN_INVALID, "%s",
	    text[len] ? text + len + 1 : "refused without a reason");
}

static int
wait_for_child(
    pid_t pid, int fd, const char *path, struct buf *text, struct err *err)
{
	bool late = !fd_collect(
	    fd, clock_boot_ns() + PLUGIN_PROBE_S * NS_PER_S, PROBE_MAX, text);
	int status = 0;

	if (late)
		(void)kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (late || text->len == 0)
		return say_end(path, late, status, err);
	if (text->data[0] == PROBE_REFUSED)
		return read_refusal(text->data + 1, err);
	return 0;
}

int
plugin_probe(const char *path, uint32_t kind, const char *name,
    char **ret_description, struct err *err)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	int ends[2];
	pid_t pid;
	int r;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_set(
		    err, ERR_INTERNAL_ERROR, "pipe: %s", strerror(errno));
	pid = fork();
	if (pid == 0)
		child_main(path, kind, name, ends[1]);
	(void)close(ends[1]);
	if (pid < 0)
		r = err_set(err, ERR_INTERNAL_ERROR,
		    "cannot make a process: %s", strerror(errno));
	else
		r = wait_for_child(pid, ends[0], path, &text, err);
	(void)close(ends[0]);
	if (r < 0)
		return r;
	*ret_description = text.failed ? NULL : strdup(text.data + 1);
	return *ret_description ? 0 : err_no_memory(err);
}
