/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* Known answers: see known.h. */

#include "sim/known.h"

#include <string.h>

#define HTML(title)                                  \
	"<!DOCTYPE html>\n<html><head><title>" title \
	"</title></head>\n<body><h1>" title "</h1></body></html>\n"

/* clang-format off */
static const struct known_answer answers[KNOWN_COUNT] = {
	[KNOWN_NO_BRIDGE] = { "no_bridge", 400, TYPE_JSON,
	    "{\"error\":\"Bad Request: no bridge\",\"statusCode\":400}" },
	[KNOWN_INIT_FIRST] = { "init_first", 400, TYPE_JSON,
	    "{\"error\":\"Init session first\",\"statusCode\":400}" },
	[KNOWN_ACCOUNTS_FIRST] = { "accounts_first", 400, TYPE_JSON,
	    "{\"error\":\"Bad Request: Please query /accounts first\","
	    "\"statusCode\":400}" },
	[KNOWN_ACCOUNTS_FIRST_500] = { "accounts_first_500", 500, TYPE_JSON,
	    "{\"error\":\"Please query /accounts first\",\"statusCode\":500}" },
	[KNOWN_REPLY_UNKNOWN] = { "reply_unknown", 400, TYPE_JSON,
	    "{\n  \"error\" : \"reply id not found: "
	    "'00000000-0000-4000-8000-000000000000'\"\n}\n" },
	[KNOWN_INACTIVE] = { "inactive", 400, TYPE_JSON,
	    "{\"error\":\"Order is inactive\"}" },
	[KNOWN_BAD_REQUEST] = { "bad_request", 400, TYPE_JSON,
	    "{\"error\":\"Bad Request\",\"statusCode\":400}" },
	[KNOWN_UNAUTHORIZED] = { "unauthorized", 401, NULL, "" },
	[KNOWN_UNAUTHORIZED_JSON] = { "unauthorized_json", 401, TYPE_JSON,
	    "{\"error\":\"no bridge\",\"statusCode\":401}" },
	[KNOWN_UNAUTHORIZED_HTML] = { "unauthorized_html", 401, TYPE_HTML,
	    HTML("401 Unauthorized") },
	[KNOWN_UNAUTHORIZED_PROBLEM] = { "unauthorized_problem", 401,
	    "application/problem+json",
	    "{\"type\":\"about:blank\",\"title\":\"Unauthorized\","
	    "\"status\":401,\"detail\":\"Access Denied\"}" },
	[KNOWN_NO_SESSION] = { "no_session", 401, TYPE_JSON,
	    "{\"error\":\"no session\"}" },
	[KNOWN_NO_SESSION_200] = { "no_session_200", 200, TYPE_JSON,
	    "{\"error\":\"no session\"}" },
	[KNOWN_FORBIDDEN] = { "forbidden", 403, TYPE_JSON,
	    "{\"error\":\"Forbidden\",\"statusCode\":403}" },
	[KNOWN_FORBIDDEN_HTML] = { "forbidden_html", 403, TYPE_HTML,
	    HTML("403 Forbidden") },
	[KNOWN_NOT_FOUND] = { "not_found", 404, TYPE_JSON,
	    "{\"error\":\"Resource not found\"}" },
	[KNOWN_NOT_FOUND_TEXT] = { "not_found_text", 404, TYPE_TEXT,
	    "Resource not found" },
	[KNOWN_NOT_FOUND_HTML] = { "not_found_html", 404, TYPE_HTML,
	    HTML("404 Not Found") },
	[KNOWN_ACCESS_DENIED] = { "access_denied", 404, TYPE_TEXT,
	    "Access Denied" },
	[KNOWN_LENGTH_REQUIRED] = { "length_required", 411, TYPE_HTML,
	    HTML("411 Length Required") },
	[KNOWN_LOCKED] = { "locked", 423, NULL, "" },
	[KNOWN_TOO_MANY] = { "too_many", 429, NULL, "" },
	[KNOWN_TOO_MANY_JSON] = { "too_many_json", 429, TYPE_JSON,
	    "{\"error\":\"Too many requests\",\"statusCode\":429}" },
	[KNOWN_SERVER_ERROR] = { "server_error", 500, TYPE_JSON,
	    "{\"error\":\"Internal Server Error\",\"statusCode\":500}" },
	[KNOWN_UNKNOWN] = { "unknown", 500, TYPE_JSON,
	    "{\"error\":\"unknown\"}" },
	[KNOWN_NO_CHART] = { "no_chart", 500, TYPE_JSON,
	    "{\"error\":\"Chart data unavailable\"}" },
	[KNOWN_UNAVAILABLE] = { "unavailable", 503, TYPE_JSON,
	    "{\"error\":\"Service Unavailable\",\"statusCode\":503}" },
	[KNOWN_UNAVAILABLE_HTML] = { "unavailable_html", 503, TYPE_HTML,
	    HTML("503 Service Unavailable") },
	[KNOWN_ERROR_200] = { "error_200", 200, TYPE_JSON,
	    "{\"error\":\"Order couldn't be submitted\"}" },
	[KNOWN_FAILURE_200] = { "failure_200", 200, TYPE_JSON,
	    "{\"success\":false,\"failure_list\":\"order\"}" },
	[KNOWN_EMPTY_STRING] = { "empty_string", 200, TYPE_JSON, "\"\"" },
	[KNOWN_SUCCESS_TEXT] = { "success_text", 200, TYPE_TEXT, "Success" },
	[KNOWN_SUBMITTED_TEXT] = { "submitted_text", 200, TYPE_TEXT,
	    "Request was submitted" },
};
/* clang-format on */

const struct known_answer *
known_get(enum known known)
{
	return &answers[known];
}

const struct known_answer *
known_find(const char *name)
{
	for (size_t i = 0; i < KNOWN_COUNT; i++)
		if (strcmp(answers[i].name, name) == 0)
			return &answers[i];
	return NULL;
}
