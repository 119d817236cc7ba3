/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The loop: read lines until the peer or the operator ends it, then drain.
 *
 * Two threads take turns as the reader.  The one that has read a call runs it
 * itself, at once, and the other reads on if more comes: no caller waits until
 * a worker has woken up, and a cancellation is still read.  Calls that come
 * while one of the two is busy go to the gateway's workers.
 *
 * Who passes the turn on wakes nobody before there is something to read:
 * turn_fd has an event then, once.  Who has run his call takes the turn back
 * if nobody has it.
 *
 * Threads: what belongs to the reader (its part of the session, the buffer,
 * err, r, second) goes from thread to thread with is_free.
 */

#include "mcp/mcp.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/thread.h"
#include "mcp/reader.h"
#include "mcp/session.h"
#include "mcp/task.h"

/* How long running calls may go on after the end, then once cancelled. */
#define SERVE_GRACE_EOF_NS (UINT64_C(5) * NS_PER_S)
#define SERVE_GRACE_STOP_NS (UINT64_C(250) * NS_PER_MS)
#define SERVE_GRACE_CANCEL_NS (UINT64_C(2) * NS_PER_S)
/* A wait for calls and for the peer, in turn. */
enum { SERVE_SLICE_MS = 50 };
/*
 * Who waits for each answer sends the next call as soon as it has it.  So long
 * it is looked for before the thread sleeps: a processor that sleeps takes as
 * long to wake up.  While calls of others run, the processors are for them.
 */
#define SERVE_LOOK_NS (UINT64_C(60) * 1000)
/* As a worker has it. */
enum { SERVE_STACK = 512 * 1024 };

enum serve_wake { SERVE_READ, SERVE_AGAIN, SERVE_STOP };

struct serve {
	struct session *session;
	const struct mcp_stream *stream;
	struct reader reader;
	struct err *err;
	int ready_fd;        /* an epoll: input, a stop or a wake is there */
	int turn_fd;         /* an epoll: ready_fd, while the turn is free */
	bool is_file;        /* input is always ready, and no epoll takes it */
	bool can_look;       /* the client has a processor meanwhile */
	atomic_bool is_free; /* the turn */
	atomic_uint waiting; /* threads of which one will be the next reader */
	atomic_bool is_over;
	int r;
	pthread_t second; /* made for the first call */
	bool has_second;
};

/* poll(), which looks for a while before it sleeps. */
static int
serve_poll(struct serve *serve, struct pollfd fds[], nfds_t count)
{
	const bool may_look =
	    serve->can_look && gateway_is_idle(serve->session->gateway);
	const uint64_t end_ns = may_look ? clock_boot_ns() + SERVE_LOOK_NS : 0;
	int ready = 0;

	while (ready == 0 && clock_boot_ns() < end_ns)
		ready = poll(fds, count, 0);
	return ready == 0 ? poll(fds, count, -1) : ready;
}

/* Wait for input (in: -1: do not), for calls to end, and to write on. */
static enum serve_wake
serve_wait(struct serve *serve, int in)
{
	struct session *session = serve->session;
	struct pollfd fds[] = { { .fd = in, .events = POLLIN },
		{ .fd = serve->stream->stop_fd, .events = POLLIN },
		{ .fd = session->wake_fd, .events = POLLIN },
		{ .fd = out_is_behind(&session->out) ? session->out.fd : -1,
		    .events = POLLOUT } };
	uint64_t count = 0;

	if (serve_poll(serve, fds, ARRAY_COUNT(fds)) < 0)
		return errno == EINTR ? SERVE_AGAIN : SERVE_STOP;
	/* before the look at what it may be about */
	if (fds[2].revents)
		(void)!read(session->wake_fd, &count, sizeof count);
	if (fds[3].revents)
		out_flush(&session->out);
	if (fds[1].revents || out_is_closed(&session->out))
		return SERVE_STOP;
	return fds[0].revents ? SERVE_READ : SERVE_AGAIN;
}

static bool
serve_is_blank(const char *line, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (line[i] != ' ' && line[i] != '\t' && line[i] != '\r')
			return false;
	}
	return true;
}

/* One step: a line, or a wait and a read.  1: go on, 0: end, or an error. */
static int
serve_step(struct serve *serve, bool may_own)
{
	struct session *session = serve->session;
	struct reader *reader = &serve->reader;
	const char *line = NULL;
	size_t len = 0;
	int r = 0;

	/* who does not read what there is gets no more to read */
	if (out_is_behind(&session->out))
		return serve_wait(serve, -1) != SERVE_STOP;
	session_resume(session);
	/* lines that wait in the buffer count as unread, too */
	if (!session_may_read(session))
		return serve_wait(serve, -1) != SERVE_STOP;
	switch (reader_next(reader, &line, &len)) {
	case READER_LINE:
		session->may_own = may_own;
		if (!serve_is_blank(line, len))
			session_take_line(session, line, len);
		session->may_own = false;
		return !out_is_closed(&session->out);
	case READER_TOO_LONG:
		session_refuse_line(session);
		return !out_is_closed(&session->out);
	case READER_END:
		return session_is_holding(session) &&
		       serve_wait(serve, -1) != SERVE_STOP;
	case READER_EMPTY:
		break;
	}
	switch (serve_wait(serve, reader->fd)) {
	case SERVE_STOP:
		return 0;
	case SERVE_READ:
		r = reader_fill(reader, serve->err);
		return r < 0 ? r : 1;
	case SERVE_AGAIN:
		break;
	}
	return 1;
}

static bool
serve_is_stopped(int stop_fd)
{
	struct pollfd fd = { .fd = stop_fd, .events = POLLIN };

	return stop_fd >= 0 && poll(&fd, 1, 0) > 0;
}

/* Let the peer read on, at most that long. */
static void
serve_flush(struct session *session, int timeout_ms)
{
	struct pollfd fd = { .fd = session->out.fd, .events = POLLOUT };

	if (out_is_behind(&session->out) && poll(&fd, 1, timeout_ms) > 0)
		out_flush(&session->out);
}

/* Until no call runs; false: some do. */
static bool
serve_await(struct session *session, uint64_t timeout_ns)
{
	const uint64_t end_ns = clock_boot_ns() + timeout_ns;

	while (!session_wait_idle(session, SERVE_SLICE_MS * NS_PER_MS)) {
		serve_flush(session, 0);
		if (clock_boot_ns() >= end_ns)
			return false;
	}
	serve_flush(session, SERVE_SLICE_MS);
	return true;
}

/* Let calls end; those that take too long are cancelled. */
static void
serve_drain(struct session *session, const struct mcp_stream *stream)
{
	const int stop_fd = stream->stop_fd;
	const uint64_t end_ns = clock_boot_ns() + SERVE_GRACE_EOF_NS;

	/* in slices, so that a stop is seen */
	while (clock_boot_ns() < end_ns && !serve_is_stopped(stop_fd) &&
	       !out_is_closed(&session->out)) {
		if (session_wait_idle(session, SERVE_SLICE_MS * NS_PER_MS) &&
		    !out_is_behind(&session->out))
			return;
		serve_flush(session, SERVE_SLICE_MS);
	}
	if (serve_is_stopped(stop_fd) && serve_await(session, stream->drain_ns))
		return;
	session_cancel_all(session);
	if (serve_await(session, SERVE_GRACE_CANCEL_NS))
		return;
	log_warning("mcp", "a call did not end after it was cancelled");
}

/* Is turn_fd to have an event when there is something to read? */
static void
serve_arm(const struct serve *serve, bool is_armed)
{
	struct epoll_event event = { .events = is_armed ? EPOLLIN | EPOLLONESHOT
							: 0 };

	(void)epoll_ctl(serve->turn_fd, EPOLL_CTL_MOD, serve->ready_fd, &event);
}

/* Become the reader; false: it is over. */
static bool
serve_take_turn(struct serve *serve)
{
	struct epoll_event event;

	if (atomic_exchange(&serve->is_free, false)) {
		/* what comes is ours and wakes nobody else */
		serve_arm(serve, false);
		return !serve->is_over;
	}
	serve->waiting++;
	do {
		(void)epoll_wait(serve->turn_fd, &event, 1, -1);
	} while (!atomic_exchange(&serve->is_free, false));
	serve->waiting--;
	return !serve->is_over;
}

/* The next reader wakes when there is something for it. */
static void
serve_pass_turn(struct serve *serve)
{
	const struct reader *reader = &serve->reader;

	if (reader->start < reader->end || reader->is_over || serve->is_file ||
	    out_is_behind(&serve->session->out))
		session_wake(serve->session);
	serve->is_free = true;
	serve_arm(serve, true);
}

/* May the reader run a call, because another one is there to read on? */
static bool
serve_may_own(struct serve *serve)
{
	return serve->waiting > 0 || !serve->has_second;
}

/* The calls that still run end, or nobody hears them any more. */
static void
serve_end(struct serve *serve, int r)
{
	serve->r = r;
	serve->is_over = true;
	session_wake(serve->session);
	serve_pass_turn(serve);
	serve_drain(serve->session, serve->stream);
	/* senders that wait for the peer end now */
	out_close(&serve->session->out);
}

/* As the reader: the call to run here, or NULL: it is over. */
static struct task *
serve_read(struct serve *serve)
{
	struct session *session = serve->session;
	int r = 0;

	do {
		r = serve_step(serve, serve_may_own(serve));
	} while (r > 0 && !session->own);
	if (!session->own)
		serve_end(serve, r);
	return STEAL(session->own);
}

/* Here; without another reader a worker is to do it. */
static void
serve_call(struct serve *serve, struct task *task)
{
	struct session *session = serve->session;
	struct gateway *gateway = session->gateway;
	bool is_lent = task->is_lent; /* it is freed when it has run */

	if (serve->has_second || task_run_later(task) < 0)
		task_run(task);
	if (is_lent)
		gateway_take_back(gateway);
}

static void *
serve_main(void *arg)
{
	struct serve *serve = arg;
	struct task *task = NULL;

	while (serve_take_turn(serve)) {
		task = serve_read(serve);
		if (!task)
			break;
		if (!serve->has_second)
			serve->has_second =
			    thread_start(&serve->second, SERVE_STACK,
				serve_main, serve) == 0;
		serve_pass_turn(serve);
		serve_call(serve, task);
	}
	return NULL;
}

static int
serve_watch(int epoll, int fd, uint32_t events)
{
	struct epoll_event event = { .events = events };

	return fd < 0 ? 0 : epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

/* Both epolls, and what they watch; -1 with errno. */
static int
serve_watch_all(struct serve *serve)
{
	const struct mcp_stream *stream = serve->stream;

	serve->ready_fd = epoll_create1(EPOLL_CLOEXEC);
	if (serve->ready_fd < 0)
		return -1;
	serve->turn_fd = epoll_create1(EPOLL_CLOEXEC);
	if (serve->turn_fd < 0)
		return -1;
	if (serve_watch(serve->ready_fd, stream->in, EPOLLIN)) {
		serve->is_file = errno == EPERM;
		if (!serve->is_file)
			return -1;
	}
	if (serve_watch(serve->ready_fd, stream->stop_fd, EPOLLIN) ||
	    serve_watch(serve->ready_fd, serve->session->wake_fd, EPOLLIN))
		return -1;
	return serve_watch(serve->turn_fd, serve->ready_fd, 0);
}

/* The turn is there for the first to take. */
static int
serve_open(struct serve *serve, struct err *err)
{
	serve->is_free = true;
	serve->can_look = sysconf(_SC_NPROCESSORS_ONLN) > 1;
	if (serve_watch_all(serve) == 0)
		return 0;
	return err_set(err, ERR_INTERNAL_ERROR, "cannot wait for messages: %s",
	    strerror(errno));
}

static void
serve_close(struct serve *serve)
{
	if (serve->turn_fd >= 0)
		(void)close(serve->turn_fd);
	if (serve->ready_fd >= 0)
		(void)close(serve->ready_fd);
	reader_fini(&serve->reader);
}

/* Both threads, until it is over. */
static int
serve_run(
    struct session *session, const struct mcp_stream *stream, struct err *err)
{
	struct serve serve = {
		.session = session,
		.stream = stream,
		.err = err,
		.ready_fd = -1,
		.turn_fd = -1,
	};

	reader_init(&serve.reader, stream->in, json_bounds_default.bytes);
	serve.r = serve_open(&serve, err);
	if (serve.r == 0)
		(void)serve_main(&serve);
	if (serve.has_second)
		(void)pthread_join(serve.second, NULL);
	serve_close(&serve);
	return serve.r;
}

int
mcp_serve(const struct registry *registry, struct gateway *gateway,
    const struct principal *principal, int in, int out, int stop_fd,
    struct err *err)
{
	const struct mcp_stream stream = {
		.in = in,
		.out = out,
		.stop_fd = stop_fd,
		.drain_ns = SERVE_GRACE_STOP_NS,
	};

	return mcp_serve_stream(registry, gateway, principal, &stream, err);
}

int
mcp_serve_stream(const struct registry *registry, struct gateway *gateway,
    const struct principal *principal, const struct mcp_stream *stream,
    struct err *err)
{
	const struct sigaction ignore = { .sa_handler = SIG_IGN };
	struct sigaction before;
	struct session *session = NULL;
	int r = session_new(registry, gateway, principal, stream->in,
	    stream->out, stream->stop_fd, &session, err);

	if (r < 0)
		return r;
	session->out.is_queue = stream->is_shared && session->out.is_socket;
	/* a peer that went away is an error of write(), not a death */
	(void)sigaction(SIGPIPE, &ignore, &before);
	r = serve_run(session, stream, err);
	(void)session_wait_idle(session, SERVE_GRACE_STOP_NS);
	session_unref(session);
	(void)sigaction(SIGPIPE, &before, NULL);
	return r;
}
