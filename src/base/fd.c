/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

#include "base/fd.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "base/clock.h"

bool
fd_write(int fd, const void *data, size_t len)
{
	const char *at = data;

	while (len > 0) {
		ssize_t put = write(fd, at, len);

		if (put < 0 && errno == EINTR)
			continue;
		if (put == 0)
			errno = EIO;
		if (put <= 0)
			return false;
		at += put;
		len -= (size_t)put;
	}
	return true;
}

bool
fd_collect(int fd, uint64_t until_ns, size_t max, struct buf *text)
{
	char chunk[4096];

	for (;;) {
		struct pollfd at = { .fd = fd, .events = POLLIN };
		uint64_t now_ns = clock_boot_ns();
		ssize_t n;

		if (now_ns >= until_ns || text->len > max)
			return false;
		if (poll(&at, 1, (int)((until_ns - now_ns) / NS_PER_MS) + 1) <=
		    0)
			continue;
		n = read(fd, chunk, sizeof chunk);
		if (n <= 0)
			return true;
		buf_add(text, chunk, (size_t)n);
	}
}
