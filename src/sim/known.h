/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Answers that are the same wherever they come from: the shapes of errors
 * that the broker and its gateway are known to send (cpapi.md section 4),
 * by the names under which a fault can ask for them.
 */

#ifndef IAG_SIM_KNOWN_H
#define IAG_SIM_KNOWN_H

#include <stddef.h>

enum known {
	KNOWN_NO_BRIDGE,
	KNOWN_INIT_FIRST,
	KNOWN_ACCOUNTS_FIRST,
	KNOWN_ACCOUNTS_FIRST_500,
	KNOWN_REPLY_UNKNOWN,
	KNOWN_INACTIVE,
	KNOWN_BAD_REQUEST,
	KNOWN_UNAUTHORIZED,
	KNOWN_UNAUTHORIZED_JSON,
	KNOWN_UNAUTHORIZED_HTML,
	KNOWN_UNAUTHORIZED_PROBLEM,
	KNOWN_NO_SESSION,
	KNOWN_NO_SESSION_200,
	KNOWN_FORBIDDEN,
	KNOWN_FORBIDDEN_HTML,
	KNOWN_NOT_FOUND,
	KNOWN_NOT_FOUND_TEXT,
	KNOWN_NOT_FOUND_HTML,
	KNOWN_ACCESS_DENIED,
	KNOWN_LENGTH_REQUIRED,
	KNOWN_LOCKED,
	KNOWN_TOO_MANY,
	KNOWN_TOO_MANY_JSON,
	KNOWN_SERVER_ERROR,
	KNOWN_UNKNOWN,
	KNOWN_NO_CHART,
	KNOWN_UNAVAILABLE,
	KNOWN_UNAVAILABLE_HTML,
	KNOWN_ERROR_200,
	KNOWN_FAILURE_200,
	KNOWN_EMPTY_STRING,
	KNOWN_SUCCESS_TEXT,
	KNOWN_SUBMITTED_TEXT,
	KNOWN_COUNT
};

struct known_answer {
	const char *name; /* "no_bridge" */
	int status;
	const char *type; /* NULL: no Content-Type */
	const char *body;
};

#define TYPE_JSON "application/json;charset=utf-8"
#define TYPE_TEXT "text/plain;charset=utf-8"
#define TYPE_HTML "text/html;charset=utf-8"

const struct known_answer *known_get(enum known known);
const struct known_answer *known_find(const char *name); /* NULL: unknown */

#endif
