/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

#include "sidecar/porch.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "http/certificate.h"

/* Places of one address, besides that of a session. */
enum { SITE_MAX = 4 };
/* Nobody is let in for so long once there is no descriptor for him. */
#define FULL_NS NS_PER_S

/* Nobody alone takes all the places of those that still say who they are. */
static bool
site_is_full(
    struct guest *const *guests, size_t max, const struct address *address)
{
	const struct address site = address_site(address);
	unsigned count = 0;

	for (size_t i = 0; i < max; i++) {
		const struct guest *guest = guests[i];
		struct address other;

		if (!guest || guest->state == GUEST_LIVE ||
		    guest->state == GUEST_LEAVING)
			continue;
		other = address_site(&guest->address);
		count += address_equal(&site, &other);
	}
	return count >= SITE_MAX;
}

static void
take_place(struct guest_house *house, struct guest **guests, size_t max, int fd)
{
	CLEANUP_ERR struct err err = ERR_INIT;
	struct sockaddr_storage socket;
	socklen_t len = sizeof socket;
	struct address address;
	size_t at = 0;

	while (at < max && guests[at])
		at++;
	/* one that has gone already has no name */
	if (at == max ||
	    getpeername(fd, (struct sockaddr *)&socket, &len) != 0 ||
	    !address_of((struct sockaddr *)&socket, &address) ||
	    site_is_full(guests, max, &address)) {
		(void)close(fd);
		return;
	}
	if (guest_new(house, fd, &guests[at], &err)) {
		log_warning("sidecar", "%s", err_text(&err));
		return;
	}
	guests[at]->address = address;
	address_format(&address, guests[at]->place);
}

void
porch_accept(struct porch *porch, struct guest_house *house,
    struct guest **guests, size_t max)
{
	int fd;

	while ((fd = accept4(
		    porch->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0)
		take_place(house, guests, max, fd);
	if (errno != EMFILE && errno != ENFILE && errno != ENOBUFS &&
	    errno != ENOMEM)
		return;
	porch->shut_ns = clock_boot_ns() + FULL_NS;
	log_warning("sidecar", "cannot let a sidecar in: %s", strerror(errno));
}

static int
check_certificate(const struct config *config, struct err *err)
{
	struct certificate *certificate = NULL;
	int rc;

	if (!config->remote_mcp.tls_certificate_file ||
	    !config->remote_mcp.tls_key_file) {
		rc = err_set(err, ERR_CONFIG_INVALID,
		    "sidecars come over TLS alone, and there is no "
		    "certificate");
		err_action(err, "set remote_mcp.tls_certificate_file and "
				"remote_mcp.tls_key_file");
		return rc;
	}
	rc = certificate_open(config->remote_mcp.tls_certificate_file,
	    config->remote_mcp.tls_key_file, &certificate, err);
	certificate_close(certificate);
	return rc;
}

static int
porch_listen(struct porch *porch, const struct config *config, struct err *err)
{
	char text[ADDRESS_TEXT_SIZE];
	struct address address;
	uint16_t port;
	int rc = address_listen(config->sidecar.bind_address, &porch->fd, err);

	if (rc)
		return err_wrap(err, "sidecar.bind_address");
	if (!address_of_fd(porch->fd, &address, &port))
		return err_set(
		    err, ERR_INTERNAL_ERROR, "cannot see where it listens");
	address_format(&address, text);
	(void)snprintf(porch->place, sizeof porch->place,
	    strchr(text, ':') ? "[%s]:%u" : "%s:%u", text, (unsigned)port);
	return 0;
}

int
porch_open(struct porch *porch, const struct config *config, struct err *err)
{
	int rc = check_certificate(config, err);

	return rc ? rc : porch_listen(porch, config, err);
}

void
porch_close(struct porch *porch)
{
	if (porch->fd >= 0)
		(void)close(porch->fd);
	porch->fd = -1;
}

int
porch_fd(const struct porch *porch)
{
	return clock_boot_ns() < porch->shut_ns ? -1 : porch->fd;
}
