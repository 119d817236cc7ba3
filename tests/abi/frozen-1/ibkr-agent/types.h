/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Types and result codes that every part of the plugin ABI shares.  C90 with
 * stdint.h, C++-clean, no other includes.  Strings are UTF-8 and end with
 * NUL unless a length stands beside them.  Times are nanoseconds: "real"
 * since 1970-01-01T00:00:00Z, "boot" on CLOCK_BOOTTIME of this machine.
 */

#ifndef IBKR_AGENT_TYPES_H
#define IBKR_AGENT_TYPES_H

#include <stddef.h>
#include <stdint.h>

/*
 * Results: 0 or one of these.  The number says what the caller may do next;
 * the stable code given to host->fail says what was wrong.  A number that is
 * not in this list is read as IAG_INTERNAL.
 */
#define IAG_OK 0
#define IAG_AGAIN (-1)     /* nothing happened; the same call may be repeated */
#define IAG_LIMIT (-2)     /* nothing happened; repeat after retry_after */
#define IAG_REJECTED (-3)  /* the counterparty said no; final */
#define IAG_UNKNOWN (-4)   /* may have happened: never repeat, look it up */
#define IAG_NOTFOUND (-5)  /* the named thing does not exist */
#define IAG_AUTH (-6)      /* not logged in, or not allowed */
#define IAG_INVAL (-7)     /* an argument is wrong; the same call cannot work */
#define IAG_NOTSUP (-8)    /* not offered here */
#define IAG_NOMEM (-9)     /* out of memory */
#define IAG_STOPPING (-10) /* deadline, cancellation or shutdown came first */
#define IAG_CORRUPT (-11)  /* stored data is not what was written */
#define IAG_INTERNAL (-12) /* a fault in the code that answers */

/* Bytes that somebody else owns: no NUL is promised behind them. */
struct iag_bytes {
	const void *data;
	size_t len;
};

/* The context of one call: opaque, the host's, counted by the host. */
struct iag_ctx;

/*
 * True if struct *p, whose first member is its struct_size, is large enough
 * to hold member m.  Read a member that is younger than ABI 1.0 only behind
 * this test.
 */
#define IAG_HAS(type, p, m)          \
	((size_t)(p)->struct_size >= \
	    offsetof(type, m) + sizeof(((const type *)0)->m))

#endif
