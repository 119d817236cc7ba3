/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * A writer that answers as it is told when it is asked about orders, and the
 * broker's trades beside it.  Definitions here stand in front of those of
 * libcore.
 */

#ifndef IAG_TESTS_UNIT_SCRIPTED_WRITER_H
#define IAG_TESTS_UNIT_SCRIPTED_WRITER_H

#include "base/err.h"
#include "host/writer.h"

struct scripted_writer {
	/* find(): */
	uint32_t answer; /* IAG_FIND_*; 0: it fails */
	bool is_cold;
	const char *session;
	uint64_t since_ns;
	uint32_t status;         /* of what is found; 0: not told */
	const char *id, *filled; /* id NULL: B- and the number of the find */
	/* list() and the trades, JSON text of the arrays; NULL: fails */
	const char *orders, *trades;
	bool is_partial;   /* the list is not complete */
	bool is_cut;       /* nor are the trades, */
	uint64_t kept_ns;  /* or what is older than this is not; 0: all is */
	const char *by_id; /* order_status, JSON text; NULL: no such order */
	bool is_mute;      /* it fails instead */
	uint64_t max_flight_ns;
	const char *fault; /* why it may not be opened; NULL: it may */
	/* Runs within find(). */
	void (*during)(void *arg);
	void *during_arg;
	/* What happened. */
	unsigned finds, lists, sends;
};
extern struct scripted_writer scripted;
void scripted_reset(void);

#endif
