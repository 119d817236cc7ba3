/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* "Bearer" 1*SP b64token */

#include "auth/bearer.h"

#include <string.h>
#include <strings.h>

static const char scheme[] = "Bearer";
static const char token_characters[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/";

const char *
bearer_begin(const char *header)
{
	const size_t scheme_len = sizeof scheme - 1;

	if (!header || strncasecmp(header, scheme, scheme_len) != 0 ||
	    !strchr(" \t", header[scheme_len]))
		return NULL;
	header += scheme_len;
	return header + strspn(header, " ");
}

enum auth_result
bearer_find(const char *header, const char **ret_token, size_t *ret_len)
{
	const char *token = bearer_begin(header);
	size_t len, padded;

	if (!token)
		return AUTH_MISSING;
	len = strspn(token, token_characters);
	padded = len + strspn(token + len, "=");
	if (len == 0 || token[padded + strspn(token + padded, " \t")] != '\0')
		return AUTH_MALFORMED;
	*ret_token = token;
	*ret_len = padded;
	return AUTH_GRANTED;
}
