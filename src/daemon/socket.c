/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * A lock beside the socket decides who serves it, so that two daemons that
 * start at once do not replace each other's socket.
 */

#include "daemon/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <linux/sockios.h>

#include "base/cleanup.h"

enum { BACKLOG = 128 };

static int
address_of(const char *path, struct sockaddr_un *address, struct err *err)
{
	*address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (strlen(path) >= sizeof address->sun_path)
		return err_set(err, ERR_CONFIG_INVALID,
		    "socket '%s': the path may have at most %zu bytes", path,
		    sizeof address->sun_path - 1);
	(void)snprintf(address->sun_path, sizeof address->sun_path, "%s", path);
	return 0;
}

static int
cannot(const char *path, const char *what, struct err *err)
{
	int number = errno;

	err_set(err, ERR_CONFIG_INVALID, "socket '%s': cannot %s: %s", path,
	    what, strerror(number));
	err_action(err, number == ENOENT
			    ? "make the folder, owned by the daemon's user"
			    : "let daemon.socket name a place that the "
			      "daemon's user can write");
	return err_class(err);
}

static int
lock_place(const char *path, int *ret_fd, struct err *err)
{
	CLEANUP_FREE char *name = NULL;
	int fd CLEANUP_CLOSE = -1;

	if (asprintf(&name, "%s.lock", path) < 0)
		return err_no_memory(err);
	fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return cannot(path, "make the lock beside it", err);
	if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		err_set(err, ERR_DAEMON_UNAVAILABLE,
		    "socket '%s': a daemon serves it already", path);
		err_action(err, "stop that one first, or name another socket "
				"in daemon.socket");
		return err_class(err);
	}
	*ret_fd = STEAL_FD(fd);
	return 0;
}

/* Take away what a daemon that died has left there. */
static int
clear_place(const char *path, struct err *err)
{
	struct stat st;

	if (lstat(path, &st) != 0)
		return errno == ENOENT ? 0 : cannot(path, "look", err);
	if (!S_ISSOCK(st.st_mode)) {
		err_set(err, ERR_CONFIG_INVALID,
		    "socket '%s': there is something that is no socket", path);
		err_action(err, "move it away, or name another place in "
				"daemon.socket");
		return err_class(err);
	}
	if (unlink(path) != 0 && errno != ENOENT)
		return cannot(path, "remove the old one", err);
	return 0;
}

/* Does somebody listen there who knows nothing of our lock? */
static int
check_alone(const struct sockaddr_un *address, struct err *err)
{
	int fd CLEANUP_CLOSE =
	    socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0 || (connect(fd, (const struct sockaddr *)address,
			   sizeof *address) != 0 &&
			  errno != EAGAIN))
		return 0;
	err_set(err, ERR_DAEMON_UNAVAILABLE,
	    "socket '%s': another program listens there", address->sun_path);
	err_action(err, "stop that one first, or name another socket in "
			"daemon.socket");
	return err_class(err);
}

static int
listen_at(const struct sockaddr_un *address, int *ret_fd, struct err *err)
{
	int fd CLEANUP_CLOSE =
	    socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0 ||
	    bind(fd, (const struct sockaddr *)address, sizeof *address) != 0)
		return cannot(address->sun_path, "make it", err);
	/* before anybody can connect */
	if (chmod(address->sun_path, 0666) != 0 || listen(fd, BACKLOG) != 0)
		return cannot(address->sun_path, "listen", err);
	*ret_fd = STEAL_FD(fd);
	return 0;
}

int
socket_listen(const char *path, struct socket_place *ret_place, struct err *err)
{
	struct socket_place place = { .fd = -1, .lock_fd = -1 };
	struct sockaddr_un address;
	int rc = address_of(path, &address, err);

	if (rc == 0)
		rc = lock_place(path, &place.lock_fd, err);
	if (rc == 0)
		rc = check_alone(&address, err);
	if (rc == 0)
		rc = clear_place(path, err);
	if (rc == 0)
		rc = listen_at(&address, &place.fd, err);
	if (rc == 0) {
		place.path = strdup(path);
		if (!place.path)
			rc = err_no_memory(err);
	}
	if (rc)
		socket_close(&place);
	else
		*ret_place = place;
	return rc;
}

void
socket_close(struct socket_place *place)
{
	if (place->path)
		(void)unlink(place->path);
	if (place->fd >= 0)
		(void)close(place->fd);
	if (place->lock_fd >= 0)
		(void)close(place->lock_fd);
	free(place->path);
	*place = (struct socket_place){ .fd = -1, .lock_fd = -1 };
}

static int
unreachable(const char *path, int why, struct err *err)
{
	bool nobody = why == ECONNREFUSED || why == ENOENT;

	if (why == EAGAIN) {
		err_set(err, ERR_DAEMON_UNAVAILABLE,
		    "the daemon at '%s' has let nobody in for %d seconds, "
		    "though its socket is there: it does not start, or hangs",
		    path, SOCKET_TAKEN_S);
		err_action(err, SOCKET_SEE_WHY);
		return err_class(err);
	}
	err_set(err, ERR_DAEMON_UNAVAILABLE,
	    nobody ? "no daemon listens at '%s': %s"
		   : "cannot connect to the daemon at '%s': %s",
	    path, strerror(why));
	if (why == EACCES)
		err_action(err, "have this user let into the folder of the "
				"socket; the daemon itself lets in whom "
				"daemon.principals names");
	return err_class(err);
}

int
socket_connect(const char *path, int *ret_fd, struct err *err)
{
	const struct timeval limit = { .tv_sec = SOCKET_TAKEN_S };
	const struct timeval none = { .tv_sec = 0 };
	struct sockaddr_un address;
	int fd CLEANUP_CLOSE = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int rc = address_of(path, &address, err);

	if (rc)
		return rc;
	/* connect() goes by it, too */
	if (fd < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) ||
	    connect(fd, (const struct sockaddr *)&address, sizeof address) ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &none, sizeof none))
		return unreachable(path, errno, err);
	*ret_fd = STEAL_FD(fd);
	return 0;
}

bool
socket_is_taken(int fd)
{
	int unread = 0;

	return ioctl(fd, SIOCOUTQ, &unread) < 0 || unread == 0;
}
