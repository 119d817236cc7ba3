/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The Unix socket as a door: lets in whom the configuration names, within
 * the limits, and serves each connection on a thread of its own.
 */

#ifndef IAG_DAEMON_DOOR_H
#define IAG_DAEMON_DOOR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "gateway/gateway.h"

struct door;

/*
 * fd: a socket that listens, taken; -1: daemon.socket is made.  The gateway
 * is borrowed.
 */
int door_open(
    struct gateway *gateway, int fd, struct door **ret_door, struct err *err);
/* Where the socket is. */
const char *door_path(const struct door *door);
/* To be polled; readable: door_accept(). */
int door_fd(const struct door *door);
/*
 * Take some of those that wait to be let in; false: not now, as by want of
 * descriptors.
 */
bool door_accept(struct door *door);
/* Let nobody in any more; sessions answer what runs and end. */
void door_stop(struct door *door);
/* Readable each time a session has ended; its count is read away. */
int door_ended_fd(const struct door *door);
unsigned door_open_count(struct door *door);
/* Connections: open, let in, refused. */
void door_metrics(struct door *door, struct buf *out);
/* Once no session is open; NULL is fine. */
void door_close(struct door *door);

#endif
