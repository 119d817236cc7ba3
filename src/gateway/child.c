/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* One forked child and a limit on its time. */

#include "gateway/child.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"

static void
child_main(int (*work)(void *arg), void *arg, pid_t parent)
{
	int status;

	/* never outlive the one who waits */
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	status = work(arg);
	if (fflush(NULL) != 0 && status == 0)
		status = 1;
	_exit(status);
}

/* True once the child has ended. */
static bool
wait_end(int pidfd, unsigned seconds)
{
	struct pollfd poll_fd = { .fd = pidfd, .events = POLLIN };
	int rc;

	do
		rc = poll(&poll_fd, 1, (int)seconds * 1000);
	while (rc < 0 && errno == EINTR);
	return rc > 0;
}

static int
reap(pid_t pid)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

int
child_run(int (*work)(void *arg), void *arg, unsigned seconds, int *ret_status,
    struct err *err)
{
	int pidfd CLEANUP_CLOSE = -1;
	pid_t parent = getpid();
	bool ended;
	int status;
	pid_t pid;

	fflush(NULL); /* or the child would write it a second time */
	pid = fork();
	if (pid < 0)
		return err_set(err, ERR_INTERNAL_ERROR,
		    "cannot make a process: %s", strerror(errno));
	if (pid == 0)
		child_main(work, arg, parent);
	pidfd = pidfd_open(pid, 0);
	/* a kernel without pidfd: wait without a limit */
	ended = pidfd < 0 || wait_end(pidfd, seconds);
	if (!ended)
		(void)kill(pid, SIGKILL);
	status = reap(pid);
	if (!ended)
		return err_set(err, ERR_CALL_TIMED_OUT,
		    "the store was not read within %u s", seconds);
	if (WIFSIGNALED(status))
		return err_set(err, ERR_JOURNAL_CORRUPT,
		    "reading the store ended with signal %d (%s)",
		    WTERMSIG(status), strsignal(WTERMSIG(status)));
	*ret_status = WEXITSTATUS(status);
	return 0;
}
