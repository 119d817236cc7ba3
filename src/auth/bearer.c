/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* "Bearer" 1*SP b64token */

#include "auth/bearer.h"

#include <string.h>
#include <strings.h>

static const char scheme[] = "Bearer";
static const char token_characters[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/";

enum auth_result
bearer_find(const char *header, const char **ret_token, size_t *ret_len)
{
	const size_t scheme_len = sizeof scheme - 1;
	const char *token;
	size_t len, padded;

	if (!header || strcspn(header, " \t") != scheme_len ||
	    strncasecmp(header, scheme, scheme_len) != 0)
		return AUTH_MISSING;
	token = header + scheme_len;
	token += strspn(token, " ");
	len = strspn(token, token_characters);
	padded = len + strspn(token + len, "=");
	if (len == 0 || token[padded + strspn(token + padded, " \t")] != '\0')
		return AUTH_MALFORMED;
	*ret_token = token;
	*ret_len = padded;
	return AUTH_GRANTED;
}
