/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* No names are looked up: what is given is an address or localhost. */

#include "base/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

/* How many may wait to be accepted. */
enum { ADDRESS_BACKLOG = 512 };

static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

static void
address_map(struct address *address, const void *v4)
{
	memcpy(address->bytes, mapped, sizeof mapped);
	memcpy(address->bytes + sizeof mapped, v4, 4);
}

static bool
address_is_v4(const struct address *address)
{
	return memcmp(address->bytes, mapped, sizeof mapped) == 0;
}

bool
address_of(const struct sockaddr *socket, struct address *ret_address)
{
	*ret_address = (struct address){ .bytes = { 0 } };
	if (socket && socket->sa_family == AF_INET) {
		struct sockaddr_in v4;

		memcpy(&v4, socket, sizeof v4);
		address_map(ret_address, &v4.sin_addr);
		return true;
	}
	if (socket && socket->sa_family == AF_INET6) {
		struct sockaddr_in6 v6;

		memcpy(&v6, socket, sizeof v6);
		memcpy(ret_address->bytes, &v6.sin6_addr, 16);
		return true;
	}
	return false;
}

bool
address_of_fd(int fd, struct address *ret_address, uint16_t *ret_port)
{
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} place = { .v6 = { .sin6_family = AF_UNSPEC } };
	socklen_t len = sizeof place;

	if (getsockname(fd, &place.any, &len) < 0 ||
	    !address_of(&place.any, ret_address))
		return false;
	if (ret_port)
		*ret_port =
		    ntohs(place.any.sa_family == AF_INET ? place.v4.sin_port
							 : place.v6.sin6_port);
	return true;
}

bool
address_parse(const char *text, size_t len, struct address *ret_address)
{
	char copy[ADDRESS_TEXT_SIZE];
	struct in_addr v4;
	struct in6_addr v6;

	if (len > 2 && text[0] == '[' && text[len - 1] == ']') {
		text++;
		len -= 2;
	}
	if (len == 0 || len >= sizeof copy || memchr(text, '\0', len))
		return false;
	memcpy(copy, text, len);
	copy[len] = '\0';
	if (inet_pton(AF_INET, copy, &v4) == 1) {
		address_map(ret_address, &v4);
		return true;
	}
	if (inet_pton(AF_INET6, copy, &v6) != 1)
		return false;
	memcpy(ret_address->bytes, &v6, sizeof v6);
	return true;
}

bool
address_parse_host(const char *text, size_t len, struct address *ret_address)
{
	if (len == 9 && strncmp(text, "localhost", len) == 0)
		return address_parse("127.0.0.1", 9, ret_address);
	return address_parse(text, len, ret_address);
}

void
address_format(const struct address *address, char text[ADDRESS_TEXT_SIZE])
{
	bool is_v4 = address_is_v4(address);

	if (!inet_ntop(is_v4 ? AF_INET : AF_INET6,
		address->bytes + (is_v4 ? sizeof mapped : 0), text,
		ADDRESS_TEXT_SIZE))
		text[0] = '\0';
}

bool
address_equal(const struct address *a, const struct address *b)
{
	return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

bool
address_is_loopback(const struct address *address)
{
	static const uint8_t one[16] = { [15] = 1 };

	if (address_is_v4(address))
		return address->bytes[12] == 127;
	return memcmp(address->bytes, one, sizeof one) == 0;
}

struct address
address_site(const struct address *address)
{
	struct address site = *address;

	if (!address_is_v4(address))
		memset(site.bytes + 8, 0, 8);
	return site;
}

bool
address_net_parse(const char *text, struct address_net *ret_net)
{
	const char *slash = strchr(text, '/');
	size_t len = slash ? (size_t)(slash - text) : strlen(text);
	unsigned most;
	unsigned long bits;
	char *end = NULL;

	if (!address_parse(text, len, &ret_net->base))
		return false;
	most = address_is_v4(&ret_net->base) ? 32 : 128;
	bits = most;
	if (slash) {
		if (slash[1] < '0' || slash[1] > '9')
			return false;
		errno = 0;
		bits = strtoul(slash + 1, &end, 10);
		if (*end || errno || bits > most)
			return false;
	}
	ret_net->bits = (unsigned)bits + (128 - most);
	return true;
}

bool
address_net_has(const struct address_net *net, const struct address *address)
{
	unsigned whole = net->bits / 8;
	unsigned rest = net->bits % 8;
	uint8_t mask = (uint8_t)(0xff00 >> rest);

	if (memcmp(net->base.bytes, address->bytes, whole) != 0)
		return false;
	return rest == 0 ||
	       ((net->base.bytes[whole] ^ address->bytes[whole]) & mask) == 0;
}

static bool
address_is_proxy(const struct address *address,
    const struct address_net *proxies, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (address_net_has(&proxies[i], address))
			return true;
	}
	return false;
}

/* The last entry of the list before *end, which moves in front of it. */
static bool
address_last(const char *list, const char **end, struct address *ret_address)
{
	const char *to = *end;
	const char *from;

	if (to <= list)
		return false;
	while (to > list && (to[-1] == ' ' || to[-1] == '\t'))
		to--;
	from = to;
	while (from > list && from[-1] != ',')
		from--;
	*end = from > list ? from - 1 : list;
	while (from < to && (*from == ' ' || *from == '\t'))
		from++;
	return address_parse(from, (size_t)(to - from), ret_address);
}

struct address
address_client(const struct address *peer, const char *forwarded,
    const struct address_net *proxies, size_t proxy_count)
{
	struct address client = *peer;
	struct address next;
	const char *end = forwarded ? forwarded + strlen(forwarded) : NULL;

	while (end && address_is_proxy(&client, proxies, proxy_count)) {
		if (!address_last(forwarded, &end, &next))
			break;
		client = next;
	}
	return client;
}

/* The parts of "host:port". */
static int
address_socket(const char *text, struct sockaddr_storage *ret_socket,
    socklen_t *ret_len, struct err *err)
{
	const char *colon = strrchr(text, ':');
	struct address address;
	struct sockaddr_in v4 = { .sin_family = AF_INET };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
	size_t len = colon ? (size_t)(colon - text) : 0;
	char *end = NULL;
	unsigned long port = colon ? strtoul(colon + 1, &end, 10) : 0;

	if (!colon || !colon[1] || *end || port > 65535 ||
	    !address_parse_host(text, len, &address))
		return err_set(err, ERR_CONFIG_INVALID,
		    "cannot listen at '%s': it is not ADDRESS:PORT", text);
	if (address_is_v4(&address)) {
		memcpy(&v4.sin_addr, address.bytes + sizeof mapped, 4);
		v4.sin_port = htons((uint16_t)port);
		memcpy(ret_socket, &v4, sizeof v4);
		*ret_len = sizeof v4;
	} else {
		memcpy(&v6.sin6_addr, address.bytes, 16);
		v6.sin6_port = htons((uint16_t)port);
		memcpy(ret_socket, &v6, sizeof v6);
		*ret_len = sizeof v6;
	}
	return 0;
}

int
address_listen(const char *text, int *ret_fd, struct err *err)
{
	struct sockaddr_storage place;
	socklen_t len = 0;
	const int yes = 1;
	int fd;

	if (address_socket(text, &place, &len, err) < 0)
		return err_class(err);
	fd = socket(
	    place.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd >= 0 &&
	    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) == 0 &&
	    (place.ss_family == AF_INET ||
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof yes) ==
		    0) &&
	    bind(fd, (struct sockaddr *)&place, len) == 0 &&
	    listen(fd, ADDRESS_BACKLOG) == 0) {
		*ret_fd = fd;
		return 0;
	}
	(void)err_set(err, ERR_INTERNAL_ERROR, "cannot listen at '%s': %s",
	    text, strerror(errno));
	err_action(err, "name an address and port of this machine that are "
			"free and that this user may have");
	if (fd >= 0)
		(void)close(fd);
	return err_class(err);
}
