/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* The command line of ibkr-agent-sim(1). */

#ifndef IAG_SIM_OPTIONS_H
#define IAG_SIM_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "sim/sim.h"

struct options {
	struct sim_settings sim;
	uint16_t port;
	const char *script;      /* file, NULL: none */
	const char *certificate; /* the same */
	const char *write_certificate;
	bool expired;
	bool exit_with_parent;
	bool help, version;
};

/* Strings are borrowed from argv. */
int options_parse(
    struct options *options, int argc, char *argv[], struct err *err);
void options_help(struct buf *out);

#endif
