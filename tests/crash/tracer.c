/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* See tracer.h. */

#include "tracer.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/ptrace.h>

#define OPTIONS                                                            \
	(PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_EXITKILL | \
	    PTRACE_O_TRACEEXEC)
#define SYSCALL_STOP (SIGTRAP | 0x80)

/* ptrace() takes data and sizes as pointers. */
static void *
word(uintptr_t value)
{
	return (void *)value; /* NOLINT(performance-no-int-to-ptr) */
}

static _Noreturn void
become(int out, char *const argv[])
{
	if (dup2(out, STDOUT_FILENO) < 0 || dup2(out, STDERR_FILENO) < 0 ||
	    ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
		_exit(126);
	(void)raise(SIGSTOP);
	(void)execv(argv[0], argv);
	_exit(127);
}

/* Does the path that a thread is about to open end in what arms us? */
static bool
opens(const struct trace *trace, pid_t tid, uint64_t address)
{
	char path[4096] = "";
	struct iovec here = { path, sizeof(path) - 1 };
	struct iovec there = { word(address), sizeof(path) - 1 };
	const char *last;
	ssize_t got;

	/* a string at the end of a page: what can be read will do */
	got = process_vm_readv(tid, &here, 1, &there, 1, 0);
	if (got < 0) {
		there.iov_len = here.iov_len = 4096 - (address % 4096);
		if (here.iov_len > sizeof(path) - 1)
			here.iov_len = there.iov_len = sizeof(path) - 1;
		if (process_vm_readv(tid, &here, 1, &there, 1, 0) < 0)
			return false;
	}
	last = strrchr(path, '/');
	return strcmp(last ? last + 1 : path, trace->from) == 0;
}

/* A thread is before a system call.  True: this is the one. */
static bool
is_the_one(struct trace *trace, pid_t tid)
{
	struct ptrace_syscall_info info = { 0 };

	if (ptrace(PTRACE_GET_SYSCALL_INFO, tid, word(sizeof(info)), &info) <=
		0 ||
	    info.op != PTRACE_SYSCALL_INFO_ENTRY)
		return false;
	if (!trace->armed && info.entry.nr == SYS_openat)
		trace->armed = opens(trace, tid, info.entry.args[1]);
	if (!trace->armed || ++trace->seen != trace->at)
		return false;
	trace->reached = true;
	return true;
}

/* What to pass on to a thread that stopped with this signal. */
static int
signal_of(int status)
{
	int signal = WSTOPSIG(status);

	if (signal == SYSCALL_STOP || signal == SIGTRAP || status >> 16)
		return 0;
	return signal == SIGSTOP ? 0 : signal; /* of new threads */
}

static void
read_output(struct trace *trace)
{
	ssize_t len =
	    pread(trace->out, trace->output, sizeof(trace->output) - 1, 0);

	trace->output[len > 0 ? len : 0] = '\0';
	(void)close(trace->out);
}

/* Threads run until all are gone, or until the chosen call. */
static void
go_on(struct trace *trace)
{
	int status;
	pid_t tid;

	while ((tid = waitpid(-1, &status, __WALL)) > 0) {
		if (!WIFSTOPPED(status)) {
			if (tid != trace->pid)
				continue;
			trace->status = status;
			read_output(trace);
			return;
		}
		if (WSTOPSIG(status) == SYSCALL_STOP &&
		    is_the_one(trace, tid)) {
			trace->held = tid;
			if (trace->stops)
				return;
			(void)kill(trace->pid, SIGKILL);
			continue;
		}
		(void)ptrace(
		    PTRACE_SYSCALL, tid, NULL, word(signal_of(status)));
	}
}

bool
trace_run(struct trace *trace, char *const argv[])
{
	int status;

	trace->out = memfd_create("output", MFD_CLOEXEC);
	trace->pid = fork();
	if (trace->pid == 0)
		become(trace->out, argv);
	if (waitpid(trace->pid, &status, 0) != trace->pid ||
	    !WIFSTOPPED(status))
		return false;
	if (ptrace(PTRACE_SETOPTIONS, trace->pid, NULL, word(OPTIONS)) < 0)
		return false;
	(void)ptrace(PTRACE_SYSCALL, trace->pid, NULL, NULL);
	go_on(trace);
	return true;
}

void
trace_resume(struct trace *trace)
{
	trace->at = 0;
	(void)ptrace(PTRACE_SYSCALL, trace->held, NULL, NULL);
	go_on(trace);
}
