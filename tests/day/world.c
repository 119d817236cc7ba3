/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* See world.h. */

#include "world.h"

__attribute__((visibility("default"))) const struct world iag_test_world = {
	.make = sim_new,
	.free = sim_free,
	.handle = sim_handle,
	.resume = sim_resume,
	.done = sim_done,
	.reply_init = sim_reply_init,
	.reply_fini = sim_reply_fini,
};
