/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

#include "cli/serving.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "cli/output.h"
#include "tools/tool.h"

int
serving_stop_fd(struct err *err)
{
	sigset_t set;
	int fd;

	(void)signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		(void)err_set(err, ERR_INTERNAL_ERROR,
		    "cannot wait for signals: %s", strerror(errno));
	return fd;
}

int
serving_signal(int stop_fd)
{
	struct signalfd_siginfo info;

	return read(stop_fd, &info, sizeof(info)) == sizeof(info)
		   ? (int)info.ssi_signo
		   : -1;
}

void
serving_wait(int stop_fd)
{
	struct pollfd fd = { .fd = stop_fd, .events = POLLIN };

	while (poll(&fd, 1, -1) < 0 && errno == EINTR)
		;
}

static size_t
count_tools(const struct config *config, uint64_t scopes)
{
	size_t count = 0;
	size_t i;

	for (i = 0; i < tool_count; i++)
		count += tool_is_shown(&tool_table[i], config, scopes);
	return count;
}

int
serving_describe(struct cli *cli, const char *transport, const char *where,
    uint64_t scopes, struct err *err)
{
	struct buf out CLEANUP_BUF = BUF_INIT;
	size_t count = count_tools(gateway_config(cli->gateway), scopes);

	if (cli->args.json)
		buf_printf(&out,
		    "{\n  \"transport\": \"%s\",\n"
		    "  \"status\": \"%s%sready with %zu tools\"\n}\n",
		    transport, where ? where : "", where ? ", " : "", count);
	else
		buf_printf(&out, "MCP over %s: %s%sready with %zu tools\n",
		    transport, where ? where : "", where ? ", " : "", count);
	return output_write(&out, err);
}
