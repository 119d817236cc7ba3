/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* What the audit commands share. */

#ifndef IAG_CLI_AUDIT_H
#define IAG_CLI_AUDIT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "cli/cli.h"

/* Print JSON object text, for people or as it is. */
int audit_cli_print(struct cli *cli, const struct buf *json, struct err *err);

/* One line on stderr that counts up, when stderr is a terminal. */
struct progress {
	const char *verb;
	bool on, shown;
	uint64_t next_ns; /* boot time of the next repaint */
};
struct progress progress_new(const char *verb);
/* An audit_progress; arg: struct progress. */
int progress_show(uint64_t done, uint64_t total, void *arg);
void progress_end(struct progress *progress);

#endif
