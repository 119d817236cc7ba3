/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

#include "daemon/peer.h"

#include <errno.h>
#include <grp.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "config/scope.h"

#ifndef SO_PEERGROUPS
#define SO_PEERGROUPS 59
#endif

/* For a user; a group has all its members in it, which may be thousands. */
enum { ENTRY_LEN = 16384, GROUP_LEN_MAX = 4096 * ENTRY_LEN };

struct numbers {
	uint32_t *items;
	size_t count;
};

struct peers {
	const struct config *config;
	struct numbers *users, *groups; /* by entry */
};

/* The supplementary groups, and the peer's own. */
static int
read_groups(int fd, uint32_t own, struct peer *peer, struct err *err)
{
	socklen_t len = 0;
	gid_t *list;

	/* asks for the size first; a kernel that cannot say has told of one */
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, NULL, &len) != 0 &&
	    errno != ERANGE)
		len = 0;
	list = calloc(len / sizeof *list + 1, sizeof *list);
	if (!list)
		return err_no_memory(err);
	if (len > 0 &&
	    getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, list, &len) != 0)
		len = 0;
	peer->group_count = len / sizeof *list;
	list[peer->group_count++] = own;
	peer->groups = list;
	return 0;
}

int
peer_read(int fd, struct peer *ret_peer, struct err *err)
{
	struct ucred who;
	socklen_t len = sizeof who;
	struct peer peer;
	int rc;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) != 0)
		return err_set(err, ERR_INTERNAL_ERROR,
		    "the kernel does not say who connected: %s",
		    strerror(errno));
	peer = (struct peer){ .uid = who.uid, .pid = who.pid };
	rc = read_groups(fd, who.gid, &peer, err);
	if (rc == 0)
		*ret_peer = peer;
	return rc;
}

void
peer_fini(struct peer *peer)
{
	free(peer->groups);
	peer->groups = NULL;
}

static bool
parse_number(const char *text, uint32_t *ret_number)
{
	char *end = NULL;
	unsigned long value;

	if (!*text || text[strspn(text, "0123456789")])
		return false;
	errno = 0;
	value = strtoul(text, &end, 10);
	/* the last one means "no change" to the kernel */
	if (errno || value >= UINT32_MAX)
		return false;
	*ret_number = (uint32_t)value;
	return true;
}

static bool
find_user(const char *name, uint32_t *ret_uid)
{
	CLEANUP_FREE char *space = malloc(ENTRY_LEN);
	struct passwd entry, *found = NULL;

	if (!space || getpwnam_r(name, &entry, space, ENTRY_LEN, &found) != 0 ||
	    !found)
		return false;
	*ret_uid = found->pw_uid;
	return true;
}

static bool
find_group(const char *name, uint32_t *ret_gid)
{
	struct group entry, *found = NULL;
	int fault = ERANGE;

	for (size_t len = ENTRY_LEN; fault == ERANGE && len <= GROUP_LEN_MAX;
	     len *= 4) {
		CLEANUP_FREE char *space = malloc(len);

		fault = space ? getgrnam_r(name, &entry, space, len, &found)
			      : ENOMEM;
	}
	if (fault || !found)
		return false;
	*ret_gid = found->gr_gid;
	return true;
}

static int
resolve(const struct peer_rule *rule, const struct config_list *list,
    const char *what, bool (*find)(const char *name, uint32_t *ret_number),
    struct numbers *numbers, struct err *err)
{
	numbers->items = calloc(list->count + 1, sizeof *numbers->items);
	if (!numbers->items)
		return err_no_memory(err);
	for (size_t i = 0; i < list->count; i++) {
		uint32_t *at = &numbers->items[numbers->count++];

		if (!parse_number(list->items[i], at) &&
		    !find(list->items[i], at))
			return err_set(err, ERR_CONFIG_INVALID,
			    "daemon.principals.%s: this machine has no %s '%s'",
			    rule->name, what, list->items[i]);
	}
	return 0;
}

int
peers_new(
    const struct config *config, struct peers **ret_peers, struct err *err)
{
	struct peers *peers = calloc(1, sizeof *peers);
	int rc = 0;

	if (!peers)
		return err_no_memory(err);
	peers->config = config;
	peers->users = calloc(config->peer_count + 1, sizeof *peers->users);
	peers->groups = calloc(config->peer_count + 1, sizeof *peers->groups);
	if (!peers->users || !peers->groups)
		rc = err_no_memory(err);
	for (size_t i = 0; rc == 0 && i < config->peer_count; i++) {
		const struct peer_rule *rule = &config->peers[i];

		rc = resolve(rule, &rule->users, "user", find_user,
		    &peers->users[i], err);
		if (rc == 0)
			rc = resolve(rule, &rule->groups, "group", find_group,
			    &peers->groups[i], err);
	}
	if (rc) {
		peers_free(peers);
		return rc;
	}
	*ret_peers = peers;
	return 0;
}

void
peers_free(struct peers *peers)
{
	if (!peers)
		return;
	for (size_t i = 0; i < peers->config->peer_count; i++) {
		if (peers->users)
			free(peers->users[i].items);
		if (peers->groups)
			free(peers->groups[i].items);
	}
	free(peers->users);
	free(peers->groups);
	free(peers);
}

static bool
numbers_have(const struct numbers *numbers, uint32_t number)
{
	for (size_t i = 0; i < numbers->count; i++) {
		if (numbers->items[i] == number)
			return true;
	}
	return false;
}

static bool
has_group(const struct numbers *groups, const struct peer *peer)
{
	for (size_t i = 0; i < peer->group_count; i++) {
		if (numbers_have(groups, peer->groups[i]))
			return true;
	}
	return false;
}

const struct peer_rule *
peers_find(const struct peers *peers, const struct peer *peer)
{
	const struct config *config = peers->config;

	for (size_t i = 0; i < config->peer_count; i++) {
		if (numbers_have(&peers->users[i], peer->uid))
			return &config->peers[i];
	}
	for (size_t i = 0; i < config->peer_count; i++) {
		if (has_group(&peers->groups[i], peer))
			return &config->peers[i];
	}
	return NULL;
}

/* The login name of a user, "" where there is none. */
static void
write_login(struct buf *out, uint32_t uid)
{
	CLEANUP_FREE char *space = malloc(ENTRY_LEN);
	struct passwd entry, *found = NULL;

	if (space && getpwuid_r(uid, &entry, space, ENTRY_LEN, &found) == 0 &&
	    found && found->pw_name)
		buf_str(out, found->pw_name);
}

struct principal
peer_principal(const struct peer *peer, const struct peer_rule *rule,
    uint32_t store_uid, struct buf *name)
{
	CLEANUP_BUF struct buf login = BUF_INIT;
	struct principal principal = {
		.kind = rule->kind == PEER_OPERATOR ? PRINCIPAL_OPERATOR
						    : PRINCIPAL_AGENT,
		.is_apart = peer->uid != 0 && peer->uid != geteuid() &&
			    peer->uid != store_uid,
	};

	write_login(&login, peer->uid);
	if (rule->kind == PEER_AGENT)
		buf_printf(name, "agent:%s", rule->name);
	else if (login.len > 0)
		buf_printf(name, "local:%s", buf_text(&login));
	else
		buf_printf(name, "local:uid-%" PRIu32, peer->uid);
	principal.name = buf_text(name);
	for (size_t i = 0; i < rule->scopes.count; i++)
		principal.scopes |= scope_bit(rule->scopes.items[i]);
	return principal;
}

void
peer_write_user(struct buf *out, uint32_t uid)
{
	CLEANUP_BUF struct buf login = BUF_INIT;

	write_login(&login, uid);
	if (login.len > 0)
		buf_printf(out, "%s (uid %" PRIu32 ")", buf_text(&login), uid);
	else
		buf_printf(out, "uid %" PRIu32, uid);
}
