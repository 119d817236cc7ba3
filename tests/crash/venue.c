/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* See venue.h. */

#include "venue.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROWS 16384

struct row {
	struct venue_order order;
	uint32_t submits, cancels, modifies;
	bool is_cancelled;
};

struct book {
	struct row rows[ROWS];
	uint32_t count;
};

static int
address(const char *path, struct sockaddr_un *ret_address)
{
	*ret_address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (strlen(path) >= sizeof(ret_address->sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	(void)snprintf(
	    ret_address->sun_path, sizeof(ret_address->sun_path), "%s", path);
	return 0;
}

static struct row *
row_find(struct book *book, const char *ref)
{
	for (uint32_t i = 0; i < book->count; i++) {
		if (strcmp(book->rows[i].order.ref, ref) == 0)
			return &book->rows[i];
	}
	return NULL;
}

static uint32_t
submit(struct book *book, const struct venue_request *request)
{
	uint32_t answer = VENUE_DONE;

	for (uint32_t i = 0; i < request->count && i < VENUE_LEGS; i++) {
		const struct venue_order *order = &request->orders[i];
		struct row *row = row_find(book, order->ref);

		if (row)
			answer = VENUE_TWICE;
		else if (book->count < ROWS)
			row = &book->rows[book->count++];
		else
			abort();
		if (!row->submits)
			row->order = *order;
		row->submits++;
	}
	return answer;
}

static uint32_t
change(struct book *book, const struct venue_request *request)
{
	const struct venue_order *order = &request->orders[0];
	struct row *row = row_find(book, order->ref);

	if (!row)
		return VENUE_ABSENT;
	if (request->verb == VENUE_CANCEL) {
		row->cancels++;
		row->is_cancelled = true;
	} else {
		row->modifies++;
		memcpy(row->order.quantity, order->quantity, VENUE_TEXT);
		memcpy(row->order.price, order->price, VENUE_TEXT);
	}
	return VENUE_DONE;
}

static struct row *
row_of(struct book *book, const struct venue_request *request)
{
	if (request->verb != VENUE_ROW)
		return row_find(book, request->orders[0].ref);
	return request->count < book->count ? &book->rows[request->count]
					    : NULL;
}

static void
answer(struct book *book, int fd)
{
	struct venue_request request;
	struct venue_reply reply = { 0 };
	const struct row *row;

	if (recv(fd, &request, sizeof(request), 0) != sizeof(request))
		return;
	row = row_of(book, &request);
	if (request.verb == VENUE_SUBMIT)
		reply.answer = submit(book, &request);
	else if (request.verb == VENUE_CANCEL || request.verb == VENUE_MODIFY)
		reply.answer = change(book, &request);
	else
		reply.answer = row ? VENUE_DONE : VENUE_ABSENT;
	row = row_of(book, &request);
	if (row) {
		reply.order = row->order;
		reply.submits = row->submits;
		reply.cancels = row->cancels;
		reply.modifies = row->modifies;
		reply.is_cancelled = row->is_cancelled;
	}
	reply.count = book->count;
	(void)send(fd, &reply, sizeof(reply), MSG_NOSIGNAL);
}

static _Noreturn void
serve(int listener)
{
	struct book *book = calloc(1, sizeof(*book));

	if (!book)
		abort();
	for (;;) {
		int fd = accept(listener, NULL, NULL);

		if (fd < 0)
			abort();
		answer(book, fd);
		(void)close(fd);
	}
}

pid_t
venue_start(const char *socket_path)
{
	struct sockaddr_un at;
	int listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	pid_t pid;

	if (listener < 0 || address(socket_path, &at) ||
	    bind(listener, (struct sockaddr *)&at, sizeof(at)) ||
	    listen(listener, 128))
		return -1;
	pid = fork();
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		serve(listener);
	}
	(void)close(listener);
	return pid;
}

void
venue_stop(pid_t pid)
{
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
}

int
venue_ask(const char *socket_path, const struct venue_request *request,
    struct venue_reply *ret_reply)
{
	struct sockaddr_un at;
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	int ret = -1;

	if (fd < 0)
		return -1;
	if (address(socket_path, &at) == 0 &&
	    connect(fd, (struct sockaddr *)&at, sizeof(at)) == 0 &&
	    send(fd, request, sizeof(*request), MSG_NOSIGNAL) ==
		sizeof(*request) &&
	    recv(fd, ret_reply, sizeof(*ret_reply), 0) == sizeof(*ret_reply))
		ret = 0;
	(void)close(fd);
	return ret;
}

struct venue_reply
venue_find(const char *socket_path, const char *ref)
{
	struct venue_request request = { .verb = VENUE_FIND, .count = 1 };
	struct venue_reply reply = { 0 };

	(void)snprintf(request.orders[0].ref, VENUE_TEXT, "%s", ref);
	if (venue_ask(socket_path, &request, &reply))
		abort();
	return reply;
}
