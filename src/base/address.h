/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* Addresses of peers, networks they may be in, and where to listen. */

#ifndef IAG_BASE_ADDRESS_H
#define IAG_BASE_ADDRESS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/err.h"

/* IPv6; those of IPv4 are mapped into it. */
struct address {
	uint8_t bytes[16];
};

#define ADDRESS_TEXT_SIZE INET6_ADDRSTRLEN

/* false: neither IPv4 nor IPv6; *ret_address is all zero then. */
bool address_of(const struct sockaddr *socket, struct address *ret_address);
/* Where a socket is bound; ret_port: host order, or NULL. */
bool address_of_fd(int fd, struct address *ret_address, uint16_t *ret_port);
/* "192.0.2.1", "2001:db8::1", "[2001:db8::1]"; nothing behind it. */
bool address_parse(const char *text, size_t len, struct address *ret_address);
/* The same, or "localhost", which is 127.0.0.1. */
bool address_parse_host(
    const char *text, size_t len, struct address *ret_address);
void address_format(
    const struct address *address, char text[ADDRESS_TEXT_SIZE]);
bool address_equal(const struct address *a, const struct address *b);
bool address_is_loopback(const struct address *address);
/* One customer of a provider: the address, or the /64 of an IPv6 one. */
struct address address_site(const struct address *address);

struct address_net {
	struct address base;
	unsigned bits; /* of base, that count */
};
/* "192.0.2.0/24", or an address alone. */
bool address_net_parse(const char *text, struct address_net *ret_net);
bool address_net_has(
    const struct address_net *net, const struct address *address);

/*
 * Who a request is from: the peer itself or, where that is one of the
 * proxies, the last in forwarded (X-Forwarded-For, or NULL) that is none.
 * What cannot be read ends the list.
 */
struct address address_client(const struct address *peer, const char *forwarded,
    const struct address_net *proxies, size_t proxy_count);

/*
 * A socket that listens at "127.0.0.1:8080", "[::1]:0", "localhost:8080".
 * CONFIG_INVALID: no such text; INTERNAL_ERROR: it cannot listen there.
 */
int address_listen(const char *text, int *ret_fd, struct err *err);

#endif
