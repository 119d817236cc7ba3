/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Metadata and challenges.  A client that knows nothing is asked for the
 * reading scopes only; what trades is asked for when a call needs it.
 */

#include "auth/challenge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "config/scope.h"

struct challenge {
	const struct config *config;
	const char *resource_path; /* within remote_mcp.resource */
	char *metadata_path;
	char *metadata_url;
	uint64_t first; /* scopes to begin with */
};

/* ---- scopes as text */

static uint64_t
allowed_scopes(const struct config *config)
{
	const struct config_list *list = &config->remote_mcp.allowed_scopes;
	uint64_t allowed = 0;

	for (size_t i = 0; i < list->count; i++)
		allowed |= scope_bit(list->items[i]);
	return allowed & scope_all(); /* never ibkr:operator */
}

/* Those that read; all, where none of these reads. */
static uint64_t
first_scopes(const struct config *config)
{
	uint64_t allowed = allowed_scopes(config);
	uint64_t reading = 0;

	for (size_t i = 0; i < scope_count; i++) {
		if (scope_table[i].tier == SCOPE_TIER_READ)
			reading |= allowed & UINT64_C(1) << i;
	}
	return reading ? reading : allowed;
}

static void
write_scopes(struct buf *out, uint64_t scopes)
{
	const char *gap = "";

	for (size_t i = 0; i < scope_count; i++) {
		if (!(scopes & UINT64_C(1) << i))
			continue;
		buf_printf(out, "%s%s", gap, scope_table[i].name);
		gap = " ";
	}
}

/* ---- headers */

/* The characters of RFC 6750 for a description; others become '?'. */
static void
write_description(struct buf *out, const char *text)
{
	buf_str(out, ", error_description=\"");
	for (; *text; text++) {
		bool plain = *text >= ' ' && *text <= '~' && *text != '"' &&
			     *text != '\\';

		buf_char(out, plain ? *text : '?');
	}
	buf_char(out, '"');
}

void
challenge_write(const struct challenge *challenge,
    const struct auth_verdict *verdict, struct buf *out)
{
	buf_printf(out, "Bearer resource_metadata=\"%s\", scope=\"",
	    challenge->metadata_url);
	write_scopes(out, challenge->first);
	buf_char(out, '"');
	if (verdict->result == AUTH_MISSING)
		return;
	buf_printf(out, ", error=\"%s\"",
	    verdict->result == AUTH_MALFORMED ? "invalid_request"
					      : "invalid_token");
	write_description(out, verdict->text);
}

void
challenge_step_up_write(const struct challenge *challenge,
    const struct auth_verdict *verdict, uint64_t needed, struct buf *out)
{
	buf_str(out, "Bearer error=\"insufficient_scope\", scope=\"");
	write_scopes(out, needed | (verdict->scopes & scope_all()));
	buf_printf(
	    out, "\", resource_metadata=\"%s\"", challenge->metadata_url);
	write_description(out, "the token does not have the scope that this "
			       "needs");
}

/* ---- bodies */

static void
add_string(struct buf *out, const char *before, const char *text)
{
	buf_str(out, before);
	json_write_string(out, text, strlen(text));
}

static void
add_scope_list(struct buf *out, uint64_t scopes)
{
	const char *gap = "";

	for (size_t i = 0; i < scope_count; i++) {
		if (!(scopes & UINT64_C(1) << i))
			continue;
		buf_printf(out, "%s\"%s\"", gap, scope_table[i].name);
		gap = ",";
	}
}

void
challenge_metadata_write(const struct challenge *challenge, struct buf *out)
{
	const struct config *config = challenge->config;

	add_string(out, "{\"resource\":", config->remote_mcp.resource);
	add_string(
	    out, ",\"authorization_servers\":[", config->remote_mcp.issuer);
	buf_str(out, "],\"scopes_supported\":[");
	add_scope_list(out, challenge->first);
	buf_str(out, "],\"bearer_methods_supported\":[\"header\"],"
		     "\"resource_name\":\"IBKR Agent Gateway\"}");
}

static void
add_missing(struct buf *out, uint64_t missing)
{
	struct buf text CLEANUP_BUF = BUF_INIT;

	buf_str(&text, "the token does not have: ");
	write_scopes(&text, missing);
	add_string(out, ",\"message\":", buf_text(&text));
	out->failed |= text.failed;
}

void
challenge_body_write(const struct challenge *challenge,
    const struct auth_verdict *verdict, uint64_t needed, struct buf *out)
{
	uint64_t missing = needed & ~verdict->scopes;
	enum err_code code = needed ? ERR_AUTH_MISSING_SCOPE : verdict->code;

	add_string(out, "{\"error\":", err_kind(code)->name);
	if (needed)
		add_missing(out, missing);
	else
		add_string(out, ",\"message\":", verdict->text);
	buf_str(out, ",\"oauth_protected_resource\":");
	challenge_metadata_write(challenge, out);
	buf_char(out, '}');
}

/* ---- paths */

const char *
challenge_metadata_path(const struct challenge *challenge)
{
	return challenge->metadata_path;
}

const char *
challenge_resource_path(const struct challenge *challenge)
{
	return challenge->resource_path;
}

/* "https://host[:port]" ends here. */
static const char *
end_of_origin(const char *url)
{
	const char *host = strstr(url, "://");

	host = host ? host + 3 : url;
	return host + strcspn(host, "/");
}

static bool
set_paths(struct challenge *challenge)
{
	const struct config *config = challenge->config;
	const char *resource = config->remote_mcp.resource;
	const char *path = end_of_origin(resource);
	int len;

	challenge->resource_path = path;
	len =
	    asprintf(&challenge->metadata_path, "%s%s", AUTH_WELL_KNOWN, path);
	if (len < 0) {
		challenge->metadata_path = NULL;
		return false;
	}
	if (config->remote_mcp.metadata_url)
		len = asprintf(&challenge->metadata_url, "%s",
		    config->remote_mcp.metadata_url);
	else
		len = asprintf(&challenge->metadata_url, "%.*s%s",
		    (int)(path - resource), resource, challenge->metadata_path);
	if (len < 0)
		challenge->metadata_url = NULL;
	return len >= 0;
}

struct challenge *
challenge_new(const struct config *config)
{
	struct challenge *challenge = calloc(1, sizeof *challenge);

	if (!challenge)
		return NULL;
	challenge->config = config;
	challenge->first = first_scopes(config);
	if (set_paths(challenge))
		return challenge;
	challenge_free(challenge);
	return NULL;
}

void
challenge_free(struct challenge *challenge)
{
	if (!challenge)
		return;
	free(challenge->metadata_url);
	free(challenge->metadata_path);
	free(challenge);
}
