/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Collects what is wrong with a configuration: one line for each fault, the
 * first one's code and text for the error object.
 */

#ifndef IAG_CONFIG_FAULT_H
#define IAG_CONFIG_FAULT_H

#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "config/config.h"

/* Lines that are written out; the rest is only counted. */
#define FAULT_LINES 100

struct faults {
	const char *file; /* in front of each line; NULL: nothing is */
	struct buf *out;  /* may be NULL */
	struct err *err;  /* of the first fault; may be NULL */
	int class;        /* of the first fault */
	size_t count;
};

/* at may be NULL, and is ignored when its line is 0. */
void fault_add(struct faults *faults, enum err_code code,
    const struct config_mark *at, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* 0 if there was none, else the class of the first one. */
int fault_end(struct faults *faults);
/*
 * Put all faults that were written out into the text of the first one's
 * error: one a line, the first on the line of the code.  Returns rc.
 */
int faults_tell(const struct buf *lines, int rc, struct err *err);

/* Append text in quotes, cut and escaped so that it fits on a line. */
void fault_quote(struct buf *out, const char *text);

/* Append " (did you mean 'x'?)" for the nearest of words, if one is near. */
void fault_nearest(
    struct buf *out, const char *text, const char *const *words, size_t count);

#endif
