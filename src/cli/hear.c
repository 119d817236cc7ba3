/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

#include "cli/hear.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "daemon/socket.h"

enum { CHUNK = 64 * 1024, SLICE_MS = 250 };

/* false: that was the end. */
static bool
hear_some(int fd, struct buf *text)
{
	char *room = buf_reserve(text, CHUNK);
	ssize_t got;

	if (!room)
		return false;
	do
		got = recv(fd, room, CHUNK, 0);
	while (got < 0 && errno == EINTR);
	if (got <= 0)
		return false;
	text->len += (size_t)got;
	text->data[text->len] = '\0';
	return true;
}

/* poll(), but no longer than it may take until the request is read. */
static bool
hear_wait(struct pollfd *fds, nfds_t count, uint64_t end_ns)
{
	while (!socket_is_taken(fds[0].fd)) {
		if (poll(fds, count, SLICE_MS) != 0)
			return true;
		if (clock_boot_ns() >= end_ns)
			return socket_is_taken(fds[0].fd);
	}
	(void)poll(fds, count, -1);
	return true;
}

enum heard
hear_line(int fd, struct call *call, uint64_t taken_ns, struct buf *line)
{
	struct pollfd fds[] = { { .fd = fd, .events = POLLIN },
		{ .fd = call_fd(call), .events = POLLIN } };
	size_t seen = 0;

	while (!memchr(buf_text(line) + seen, '\n', line->len - seen)) {
		seen = line->len;
		fds[0].revents = fds[1].revents = 0;
		if (!hear_wait(fds, ARRAY_COUNT(fds), taken_ns))
			return HEARD_NOT_TAKEN;
		if (fds[1].revents) {
			(void)shutdown(fd, SHUT_WR);
			fds[1].fd = -1;
		}
		if (fds[0].revents && !hear_some(fd, line))
			return HEARD_END;
	}
	return HEARD_LINE;
}
