/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* The sockets of the simulator: HTTPS on the loopback interface. */

#ifndef IAG_SIM_SERVER_H
#define IAG_SIM_SERVER_H

#include "base/err.h"
#include "sim/certificate.h"
#include "sim/sim.h"

struct server;

/* sim is borrowed until server_free(); port 0: a free one. */
struct server *server_new(struct sim *sim, uint16_t port);
void server_free(struct server *server);
/*
 * Listen, and answer on threads of its own.  The second start takes the port
 * of the first one.
 */
int server_start(struct server *server, const struct certificate *certificate,
    struct err *err);
/* Close every connection and the port. */
void server_stop(struct server *server);

uint16_t server_port(const struct server *server);
/* Readable when a restart is due. */
int server_wakeup(const struct server *server);
/* The restart that is due, once. */
struct sim_restart server_take_restart(struct server *server);

#endif
