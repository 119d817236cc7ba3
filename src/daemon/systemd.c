/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

#include "daemon/systemd.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"

#define NS_PER_US UINT64_C(1000)

enum { FIRST_FD = 3, FDS_MAX = 16, NAME_LEN = 64 };

static uint64_t
number_of(const char *name)
{
	const char *text = getenv(name);

	return text ? strtoull(text, NULL, 10) : 0;
}

/* Is what the manager says meant for this process? */
static bool
is_for_us(const char *name)
{
	return number_of(name) == (uint64_t)getpid();
}

static bool
listens(int fd, int *ret_family)
{
	int value = 0;
	socklen_t len = sizeof value;

	if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &value, &len) != 0 ||
	    !value)
		return false;
	len = sizeof *ret_family;
	return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, ret_family, &len) == 0;
}

/* The i-th of the names between colons, cut if it is too long. */
static void
name_at(const char *names, unsigned i, char name[NAME_LEN])
{
	while (i > 0 && *names) {
		names += strcspn(names, ":");
		names += *names == ':';
		i--;
	}
	(void)snprintf(name, NAME_LEN, "%.*s", (int)strcspn(names, ":"), names);
}

static int
take_fd(struct systemd *systemd, int fd, const char *name, struct err *err)
{
	int family = 0;
	int *place;

	if (fcntl(fd, F_SETFD, FD_CLOEXEC) != 0 || !listens(fd, &family))
		return err_set(err, ERR_CONFIG_INVALID,
		    "descriptor %d of the service manager: expected a socket "
		    "that listens",
		    fd);
	if (family == AF_UNIX)
		place = &systemd->socket_fd;
	else if (strcmp(name, "metrics") == 0)
		place = &systemd->metrics_fd;
	else
		place = &systemd->http_fd;
	if (*place >= 0)
		return err_set(err, ERR_CONFIG_INVALID,
		    "the service manager hands over a second socket for the "
		    "same ('%s'): expected one Unix socket, one for HTTP and "
		    "one with the name metrics",
		    name);
	*place = fd;
	return 0;
}

static int
take_fds(struct systemd *systemd, struct err *err)
{
	const char *names = getenv("LISTEN_FDNAMES");
	uint64_t count = is_for_us("LISTEN_PID") ? number_of("LISTEN_FDS") : 0;
	int rc = 0;

	if (count > FDS_MAX)
		return err_set(err, ERR_CONFIG_INVALID,
		    "the service manager hands over %u sockets: expected at "
		    "most three",
		    (unsigned)count);
	for (unsigned i = 0; rc == 0 && i < count; i++) {
		char name[NAME_LEN];

		name_at(names ? names : "", i, name);
		rc = take_fd(systemd, FIRST_FD + (int)i, name, err);
	}
	return rc;
}

int
systemd_take(struct systemd *systemd, struct err *err)
{
	static const char *const own[] = { "LISTEN_PID", "LISTEN_FDS",
		"LISTEN_FDNAMES", "NOTIFY_SOCKET", "WATCHDOG_USEC",
		"WATCHDOG_PID" };
	const char *notify = getenv("NOTIFY_SOCKET");
	int rc;

	*systemd = (struct systemd){
		.socket_fd = -1,
		.http_fd = -1,
		.metrics_fd = -1,
	};
	if (!getenv("WATCHDOG_PID") || is_for_us("WATCHDOG_PID"))
		systemd->watchdog_ns = number_of("WATCHDOG_USEC") * NS_PER_US;
	if (notify && (notify[0] == '/' || notify[0] == '@')) {
		systemd->notify = strdup(notify);
		if (!systemd->notify)
			return err_no_memory(err);
	}
	rc = take_fds(systemd, err);
	for (size_t i = 0; i < ARRAY_COUNT(own); i++)
		(void)unsetenv(own[i]);
	return rc;
}

void
systemd_fini(struct systemd *systemd)
{
	const int fds[] = { systemd->socket_fd, systemd->http_fd,
		systemd->metrics_fd };

	for (size_t i = 0; i < ARRAY_COUNT(fds); i++) {
		if (fds[i] >= 0)
			(void)close(fds[i]);
	}
	free(systemd->notify);
}

void
systemd_say(const struct systemd *systemd, const char *state)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	size_t len = systemd->notify ? strlen(systemd->notify) : 0;
	int fd CLEANUP_CLOSE = -1;

	if (len == 0 || len >= sizeof address.sun_path)
		return;
	memcpy(address.sun_path, systemd->notify, len);
	/* a name without a file begins with NUL */
	if (address.sun_path[0] == '@')
		address.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd >= 0)
		(void)sendto(fd, state, strlen(state), MSG_NOSIGNAL,
		    (const struct sockaddr *)&address,
		    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len));
}
