/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Threads: the reading thread and every worker send; lock guards fd against
 * interleaved lines and is_closed; nothing else is locked inside it.
 *
 * The descriptor may be shared with other processes (a shell's pipe), so its
 * flags are left alone: a pipe is opened a second time without blocking, and
 * a socket is written with MSG_DONTWAIT.
 */

#include "mcp/out.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"

/* How long a peer that has hung up its own side may still read. */
#define OUT_PATIENCE_MS 5000
/* With so much waiting the peer is given up; one line may have any size. */
enum { OUT_REST_MAX = 16 * 1024 * 1024 };

static int
out_reopen(int fd)
{
	char path[32];

	(void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	return open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
}

int
out_init(struct out *out, int fd, int in, int stop_fd, struct err *err)
{
	struct stat st;
	int again = -1;

	*out = (struct out){ .fd = fd, .in = in, .stop_fd = stop_fd };
	out->halt_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (out->halt_fd < 0)
		return err_set(err, ERR_INTERNAL_ERROR,
		    "cannot make an event descriptor: %s", strerror(errno));
	(void)pthread_mutex_init(&out->lock, NULL);
	if (fstat(fd, &st) < 0)
		return 0;
	out->is_socket = S_ISSOCK(st.st_mode);
	if (S_ISFIFO(st.st_mode))
		again = out_reopen(fd);
	if (again >= 0) {
		out->fd = again;
		out->is_own = true;
	}
	return 0;
}

void
out_init_taker(struct out *out, out_take_fn *take, void *arg)
{
	*out = (struct out){ .take = take,
		.arg = arg,
		.fd = -1,
		.in = -1,
		.stop_fd = -1,
		.halt_fd = -1 };
	(void)pthread_mutex_init(&out->lock, NULL);
}

void
out_fini(struct out *out)
{
	if (out->is_own)
		(void)close(out->fd);
	if (out->halt_fd >= 0)
		(void)close(out->halt_fd);
	buf_fini(&out->rest);
	(void)pthread_mutex_destroy(&out->lock);
}

/* Until fd takes more; false: give up. */
static bool
out_wait(const struct out *out, uint64_t *patience_end_ns)
{
	struct pollfd fds[] = { { .fd = out->fd, .events = POLLOUT },
		{ .fd = out->stop_fd, .events = POLLIN },
		{ .fd = out->halt_fd, .events = POLLIN },
		{ .fd = *patience_end_ns > 0 ? -1 : out->in } };
	int timeout = -1;

	if (*patience_end_ns > 0) {
		uint64_t now = clock_boot_ns();

		if (now >= *patience_end_ns)
			return false;
		timeout = (int)((*patience_end_ns - now) / NS_PER_MS) + 1;
	}
	if (poll(fds, ARRAY_COUNT(fds), timeout) < 0)
		return errno == EINTR;
	if (fds[0].revents & POLLOUT)
		return true;
	if (fds[0].revents || fds[1].revents || fds[2].revents)
		return false;
	if (fds[3].revents)
		*patience_end_ns =
		    clock_boot_ns() + OUT_PATIENCE_MS * NS_PER_MS;
	return true;
}

static bool
out_write(const struct out *out, const char *data, size_t len)
{
	uint64_t patience_end_ns = 0;

	while (len > 0) {
		ssize_t put = out->is_socket ? send(out->fd, data, len,
						   MSG_DONTWAIT | MSG_NOSIGNAL)
					     : write(out->fd, data, len);

		if (put >= 0) {
			data += put;
			len -= (size_t)put;
		} else if (errno == EAGAIN || errno == EWOULDBLOCK) {
			if (!out_wait(out, &patience_end_ns))
				return false;
		} else if (errno != EINTR) {
			return false;
		}
	}
	return true;
}

/* What the socket takes at once. */
static bool
out_put(const struct out *out, const char *data, size_t len, size_t *ret_put)
{
	size_t put = 0;

	while (put < len) {
		ssize_t n = send(out->fd, data + put, len - put,
		    MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n >= 0)
			put += (size_t)n;
		else if (errno == EAGAIN || errno == EWOULDBLOCK)
			break;
		else if (errno != EINTR)
			return false;
	}
	*ret_put = put;
	return true;
}

/* Under lock: what waits goes out first. */
static bool
out_put_rest(struct out *out)
{
	size_t put = 0;

	if (!out->is_behind)
		return true;
	if (!out_put(out, out->rest.data + out->rest_at,
		out->rest.len - out->rest_at, &put))
		return false;
	out->rest_at += put;
	if (out->rest_at < out->rest.len)
		return true;
	buf_fini(&out->rest);
	out->rest_at = 0;
	__atomic_store_n(&out->is_behind, false, __ATOMIC_RELEASE);
	return true;
}

/* Under lock. */
static bool
out_queue(struct out *out, const char *data, size_t len)
{
	size_t put = 0;

	if (!out_put_rest(out) ||
	    (!out->is_behind && !out_put(out, data, len, &put)))
		return false;
	if (put == len)
		return true;
	if (out->rest.len - out->rest_at > OUT_REST_MAX)
		return false;
	if (out->rest_at > 0) {
		out->rest.len -= out->rest_at;
		memmove(out->rest.data, out->rest.data + out->rest_at,
		    out->rest.len + 1);
		out->rest_at = 0;
	}
	buf_add(&out->rest, data + put, len - put);
	__atomic_store_n(&out->is_behind, true, __ATOMIC_RELEASE);
	return !out->rest.failed;
}

static bool
out_pass(struct out *out, struct buf *line)
{
	if (out->take)
		return out->take(out->arg, line);
	return out->is_queue ? out_queue(out, line->data, line->len)
			     : out_write(out, line->data, line->len);
}

bool
out_send(struct out *out, struct buf *line)
{
	LOCK_SCOPE(&out->lock);

	if (__atomic_load_n(&out->is_closed, __ATOMIC_ACQUIRE))
		return false;
	if (!out_pass(out, line))
		__atomic_store_n(&out->is_closed, true, __ATOMIC_RELEASE);
	return !out->is_closed;
}

bool
out_is_behind(struct out *out)
{
	return __atomic_load_n(&out->is_behind, __ATOMIC_ACQUIRE);
}

void
out_flush(struct out *out)
{
	LOCK_SCOPE(&out->lock);

	if (!out_put_rest(out))
		__atomic_store_n(&out->is_closed, true, __ATOMIC_RELEASE);
}

void
out_close(struct out *out)
{
	uint64_t one = 1;

	__atomic_store_n(&out->is_closed, true, __ATOMIC_RELEASE);
	if (out->halt_fd >= 0)
		(void)!write(out->halt_fd, &one, sizeof one);
}

bool
out_is_closed(struct out *out)
{
	return __atomic_load_n(&out->is_closed, __ATOMIC_ACQUIRE);
}
