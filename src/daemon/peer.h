/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Who is at the other end of the socket.  The kernel says it, not the peer:
 * user, groups and process as they were when the peer connected.
 */

#ifndef IAG_DAEMON_PEER_H
#define IAG_DAEMON_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "config/config.h"
#include "tools/principal.h"

struct peer {
	uint32_t uid;
	int32_t pid;
	uint32_t *groups; /* all of them, owned */
	size_t group_count;
};

/* Of a connected Unix socket. */
int peer_read(int fd, struct peer *ret_peer, struct err *err);
void peer_fini(struct peer *peer);

/* daemon.principals with numbers in the place of names. */
struct peers;

/* CONFIG_INVALID: a user or group that this machine does not know. */
int peers_new(
    const struct config *config, struct peers **ret_peers, struct err *err);
void peers_free(struct peers *peers); /* NULL is fine */

/*
 * The entry that a peer falls under: one that names the user, else the first
 * with one of the groups; NULL: nobody.
 */
const struct peer_rule *peers_find(
    const struct peers *peers, const struct peer *peer);

/*
 * The principal that the entry makes of the peer, whose name is in buf.
 * store_uid: the owner of the store; who is neither that one, nor root, nor
 * this process's user is apart from it.
 */
struct principal peer_principal(const struct peer *peer,
    const struct peer_rule *rule, uint32_t store_uid, struct buf *name);

/* "anna (uid 1000)", or the number alone; for words and logs. */
void peer_write_user(struct buf *out, uint32_t uid);

#endif
