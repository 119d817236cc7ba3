/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * A connection that is made ahead of its request, so that an order does not
 * wait for TLS.  libcurl gives a connection that it made for nobody to no
 * request.  So the request goes over a fresh one to a socket of this process,
 * on which nothing is ever repeated, and what comes there is carried over the
 * TLS that stands already.
 *
 * Threads: ahead_main makes it; whoever has joined that has all of it.
 */

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "http-curl.h"

#define MAKE_MS 2000L
#define YOUNG_S 2 /* older ones may have been closed at the other end */

/* What is on its way in one direction. */
struct stretch {
	size_t at, len;
	char data[16384];
};

struct ahead {
	struct trust *trust;
	time_t begun;
	pthread_t thread;
	bool has_thread;
	bool good;
	CURL *easy;
	curl_socket_t tls;
	int listener, outer; /* where libcurl connects, and our end of that */
	char name[sizeof(struct sockaddr_un)]; /* of the listener */
	struct stretch up, down;
	bool ended; /* the peer says no more */
	bool broken;
};

static time_t
now_s(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_BOOTTIME, &now);
	return now.tv_sec;
}

/* The connection stands: only here its certificate can be seen. */
static int
verify(void *arg, char *peer, char *local, int peer_port, int local_port)
{
	struct ahead *ahead = arg;
	char why[HTTP_TEXT_SIZE];

	(void)peer;
	(void)local;
	(void)peer_port;
	(void)local_port;
	/* who asks for it learns why when it makes its own */
	ahead->good = http_check_peer(ahead->trust, ahead->easy, why);
	return ahead->good ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT;
}

static void *
ahead_main(void *arg)
{
	struct ahead *ahead = arg;

	if (curl_easy_perform(ahead->easy) != CURLE_OK ||
	    curl_easy_getinfo(
		ahead->easy, CURLINFO_ACTIVESOCKET, &ahead->tls) != CURLE_OK)
		ahead->good = false;
	return NULL;
}

static CURLcode
set_up(struct ahead *ahead, const char *user_agent, const char *url)
{
	CURL *easy = ahead->easy;
	CURLcode r = http_set_safety(easy, user_agent);

	r = r ? r : curl_easy_setopt(easy, CURLOPT_URL, url);
	r = r ? r : curl_easy_setopt(easy, CURLOPT_CONNECT_ONLY, 1L);
	r = r ? r : curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, MAKE_MS);
	r = r ? r : curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, verify);
	return r ? r : curl_easy_setopt(easy, CURLOPT_PREREQDATA, ahead);
}

/* Signals are for the program's own threads. */
static bool
start_thread(struct ahead *ahead)
{
	sigset_t all, before;
	int r;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	r = pthread_create(&ahead->thread, NULL, ahead_main, ahead);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	return r == 0;
}

struct ahead *
ahead_start(struct trust *trust, const char *user_agent, const char *url)
{
	struct ahead *ahead = calloc(1, sizeof *ahead);

	if (!ahead)
		return NULL;
	ahead->trust = trust;
	ahead->begun = now_s();
	ahead->listener = ahead->outer = -1;
	ahead->easy = curl_easy_init();
	if (ahead->easy && set_up(ahead, user_agent, url) == CURLE_OK)
		ahead->has_thread = start_thread(ahead);
	if (ahead->has_thread)
		return ahead;
	ahead_free(ahead);
	return NULL;
}

static void
join(struct ahead *ahead)
{
	if (ahead->has_thread)
		(void)pthread_join(ahead->thread, NULL);
	ahead->has_thread = false;
}

void
ahead_free(struct ahead *ahead)
{
	if (!ahead)
		return;
	join(ahead);
	if (ahead->easy)
		curl_easy_cleanup(ahead->easy);
	if (ahead->listener >= 0)
		(void)close(ahead->listener);
	if (ahead->outer >= 0)
		(void)close(ahead->outer);
	free(ahead);
}

bool
ahead_is_young(const struct ahead *ahead)
{
	return now_s() - ahead->begun < YOUNG_S;
}

/* A socket without a file, whose name the kernel finds. */
static bool
start_listening(struct ahead *ahead)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	socklen_t len = sizeof address.sun_family;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	ahead->listener = fd;
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, len) != 0 ||
	    listen(fd, 8) != 0)
		return false;
	len = sizeof address;
	if (getsockname(fd, (struct sockaddr *)&address, &len) != 0 ||
	    len < offsetof(struct sockaddr_un, sun_path) + 2)
		return false;
	len -= (socklen_t)offsetof(struct sockaddr_un, sun_path) + 1;
	memcpy(ahead->name, address.sun_path + 1, len);
	ahead->name[len] = '\0';
	return true;
}

/* The peer has not left it. */
static bool
is_open(const struct ahead *ahead)
{
	struct pollfd fd = { .fd = ahead->tls, .events = POLLRDHUP };

	return poll(&fd, 1, 0) == 0;
}

bool
ahead_take(struct ahead *ahead)
{
	join(ahead);
	return ahead->good && ahead_is_young(ahead) && is_open(ahead) &&
	       start_listening(ahead);
}

CURLcode
ahead_offer(struct ahead *ahead, CURL *easy)
{
	return curl_easy_setopt(
	    easy, CURLOPT_ABSTRACT_UNIX_SOCKET, ahead->name);
}

/* Others may connect as well: only this process is heard. */
static bool
is_own(int fd)
{
	struct ucred peer = { .pid = 0 };
	socklen_t len = sizeof peer;

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 &&
	       peer.pid == getpid();
}

static bool
has_outer(struct ahead *ahead)
{
	while (ahead->outer < 0) {
		int fd = accept4(ahead->listener, NULL, NULL, SOCK_CLOEXEC);

		if (fd < 0)
			return false;
		if (is_own(fd))
			ahead->outer = fd;
		else
			(void)close(fd);
	}
	return true;
}

/* ---- carrying */

/* No more will come. */
static void
end(struct ahead *ahead, bool broken)
{
	ahead->ended = true;
	ahead->broken = broken;
	(void)shutdown(ahead->outer, SHUT_WR);
}

/* The request to the peer, as far as it takes it. */
static void
carry_up(struct ahead *ahead)
{
	struct stretch *up = &ahead->up;
	size_t done = 0;
	ssize_t got;
	CURLcode r;

	while (!ahead->ended) {
		if (up->at == up->len) {
			got = recv(ahead->outer, up->data, sizeof up->data,
			    MSG_DONTWAIT);
			if (got <= 0)
				return;
			up->at = 0;
			up->len = (size_t)got;
		}
		r = curl_easy_send(
		    ahead->easy, up->data + up->at, up->len - up->at, &done);
		if (r == CURLE_AGAIN)
			return;
		if (r != CURLE_OK)
			end(ahead, true);
		up->at += r == CURLE_OK ? done : 0;
	}
}

static void
carry_down(struct ahead *ahead)
{
	struct stretch *down = &ahead->down;
	size_t got = 0;
	ssize_t put;
	CURLcode r;

	while (!ahead->ended) {
		if (down->at == down->len) {
			r = curl_easy_recv(
			    ahead->easy, down->data, sizeof down->data, &got);
			if (r == CURLE_AGAIN)
				return;
			if (r != CURLE_OK || got == 0) {
				end(ahead, r != CURLE_OK);
				return;
			}
			down->at = 0;
			down->len = got;
		}
		put = send(ahead->outer, down->data + down->at,
		    down->len - down->at, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (put < 0)
			return;
		down->at += (size_t)put;
	}
}

void
ahead_carry(struct ahead *ahead, struct curl_waitfd fds[2])
{
	bool is_held, is_full;

	fds[0] = (struct curl_waitfd){ .fd = ahead->tls };
	fds[1] = (struct curl_waitfd){ .fd = ahead->listener,
		.events = CURL_WAIT_POLLIN };
	if (!has_outer(ahead))
		return;
	carry_up(ahead);
	carry_down(ahead);
	is_held = ahead->up.at < ahead->up.len;
	is_full = ahead->down.at < ahead->down.len;
	fds[0].events = (is_held ? CURL_WAIT_POLLOUT : 0) |
			(is_full ? 0 : CURL_WAIT_POLLIN);
	fds[1].fd = ahead->outer;
	fds[1].events = (is_held ? 0 : CURL_WAIT_POLLIN) |
			(is_full ? CURL_WAIT_POLLOUT : 0);
}

bool
ahead_is_broken(const struct ahead *ahead)
{
	return ahead->broken;
}
