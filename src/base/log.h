/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The log: text lines or JSON lines to stderr, with `<N>` priorities when the
 * journal reads stderr (JOURNAL_STREAM).  Everything is redacted on the way
 * out: control characters are escaped, and what looks like a secret is
 * replaced.
 */

#ifndef IAG_BASE_LOG_H
#define IAG_BASE_LOG_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

enum log_level {
	LOG_LEVEL_ERROR,
	LOG_LEVEL_WARNING,
	LOG_LEVEL_INFO,
	LOG_LEVEL_DEBUG
};

enum log_form { LOG_FORM_AUTO, LOG_FORM_TEXT, LOG_FORM_JSON };

void log_setup(enum log_level level, enum log_form form);
bool log_is_on(enum log_level level);

/* area: folder or plugin name.  One line, whatever the text holds. */
void log_line(enum log_level level, const char *area, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#define log_error(area, ...) log_line(LOG_LEVEL_ERROR, area, __VA_ARGS__)
#define log_warning(area, ...) log_line(LOG_LEVEL_WARNING, area, __VA_ARGS__)
#define log_info(area, ...) log_line(LOG_LEVEL_INFO, area, __VA_ARGS__)
#define log_debug(area, ...)                                          \
	do {                                                          \
		if (log_is_on(LOG_LEVEL_DEBUG))                       \
			log_line(LOG_LEVEL_DEBUG, area, __VA_ARGS__); \
	} while (0)

#endif
