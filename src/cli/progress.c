/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* How far long work has come; a terminal gets ten repaints a second. */

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/audit.h"

#define REPAINT_NS (100 * NS_PER_MS)

struct progress
progress_new(const char *verb)
{
	return (struct progress){
		.verb = verb,
		.on = isatty(STDERR_FILENO),
	};
}

int
progress_show(uint64_t done, uint64_t total, void *arg)
{
	struct progress *progress = arg;
	uint64_t now = clock_boot_ns();

	if (!progress->on || now < progress->next_ns)
		return 0;
	progress->next_ns = now + REPAINT_NS;
	progress->shown = true;
	fprintf(stderr, "\r%s: %" PRIu64 " of %" PRIu64 " records\033[K",
	    progress->verb, done, total);
	fflush(stderr);
	return 0;
}

void
progress_end(struct progress *progress)
{
	if (!progress->shown)
		return;
	fputs("\r\033[K", stderr);
	fflush(stderr);
	progress->shown = false;
}
