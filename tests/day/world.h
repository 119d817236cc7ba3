/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The simulator's core in a library of its own: it has names for routes,
 * sessions and orders that the gateway has, too.
 */

#ifndef IAG_TESTS_DAY_WORLD_H
#define IAG_TESTS_DAY_WORLD_H

#include "sim/sim.h"

struct world {
	int (*make)(const struct sim_settings *settings, struct sim **ret_sim,
	    struct err *err);
	void (*free)(struct sim *sim);
	void (*handle)(struct sim *sim, const struct sim_request *request,
	    struct sim_reply *reply);
	void (*resume)(struct sim *sim, struct sim_reply *reply);
	void (*done)(struct sim *sim, struct sim_reply *reply);
	void (*reply_init)(struct sim_reply *reply);
	void (*reply_fini)(struct sim_reply *reply);
};

#define WORLD_SYMBOL "iag_test_world"
extern const struct world iag_test_world;

#endif
