/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* Waiting for the daemon's answer to a request that was written already. */

#ifndef IAG_CLI_HEAR_H
#define IAG_CLI_HEAR_H

#include <stdint.h>

#include "base/buf.h"
#include "host/call.h"

enum heard {
	HEARD_LINE,
	HEARD_END,      /* the connection ended before the line did */
	HEARD_NOT_TAKEN /* nobody has read it until taken_ns */
};

/*
 * One line.  The request has to be read until taken_ns, of the boot clock;
 * then the answer is waited for as long as it takes.  Once call is cancelled
 * the daemon is told that nothing more comes: it cancels what runs, and says
 * what became of it.
 */
enum heard hear_line(
    int fd, struct call *call, uint64_t taken_ns, struct buf *line);

#endif
