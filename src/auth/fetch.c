/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The fetch of the key set over the HTTP module.  The module follows no
 * redirects and asks no proxy; the address comes from the configuration
 * alone.
 *
 * Threads: that of the key ring.
 */

#include "auth/fetch.h"

#include <stdio.h>
#include <stdlib.h>

#include "auth/jwks.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "config/form.h"
#include "link/httpmodule.h"

#define TIMEOUT_NS (5 * NS_PER_S)

struct fetch {
	const struct config *config;
	struct host *host;
	struct url url;
	const struct http_module *module; /* at the first request */
	struct http_connection *connection;
};

static const struct http_words words = {
	.no_ca_file = "remote_mcp.ca_file cannot be read, or has no "
		      "certificate (PEM) in it",
	.no_system = "the system's certificate authorities cannot be read: "
		     "install ca-certificates, or set remote_mcp.ca_file",
	.other_name = "the certificate is for another name than that in "
		      "remote_mcp.jwks_url",
};

int
fetch_open(const struct config *config, struct host *host,
    struct fetch **ret_fetch, struct err *err)
{
	struct fetch *fetch = calloc(1, sizeof *fetch);
	const char *fault;

	if (!fetch)
		return err_no_memory(err);
	fetch->config = config;
	fetch->host = host;
	fault = url_parse(config->remote_mcp.jwks_url, &fetch->url);
	if (!fault && !fetch->url.https)
		fault = "it does not begin with https://";
	if (!fault) {
		*ret_fetch = fetch;
		return 0;
	}
	free(fetch);
	return err_set(
	    err, ERR_CONFIG_INVALID, "remote_mcp.jwks_url: %s", fault);
}

void
fetch_close(struct fetch *fetch)
{
	if (!fetch)
		return;
	if (fetch->connection)
		fetch->module->close(fetch->connection);
	free(fetch);
}

static int
connect_module(struct fetch *fetch, struct err *err)
{
	const struct http_setup setup = {
		.host = fetch->url.host,
		.ca_file = fetch->config->remote_mcp.ca_file,
		.user_agent = "ibkr-agent/" PACKAGE_VERSION,
		.verify = true,
		.words = &words,
	};
	const char *why = NULL;
	int rc;

	if (fetch->connection)
		return 0;
	rc = http_module_load(fetch->host, &fetch->module, err);
	if (rc)
		return rc;
	fetch->connection = fetch->module->open(&setup, &why);
	if (!fetch->connection)
		return err_set(err, ERR_AUTH_TOKEN_INVALID, "%s", why);
	return 0;
}

static const char *
explain(const struct http_result *result)
{
	static const char *const texts[] = {
		[HTTP_END_ANSWER] = "the answer is not one of status 200",
		[HTTP_END_MEMORY] = "out of memory",
		[HTTP_END_CANCELLED] = "the gateway ends",
		[HTTP_END_UNREACHED] = "nothing answers there",
		[HTTP_END_TLS] = "the server did not prove who it is",
		[HTTP_END_TIMEOUT] = "no answer in time",
		[HTTP_END_CLOSED] = "the connection ended too early",
		[HTTP_END_LARGE] = "the answer has more than 64 KiB",
		[HTTP_END_NOISE] = "the answer is not HTTP",
	};

	return result->end < ARRAY_COUNT(texts) && texts[result->end]
		   ? texts[result->end]
		   : "no answer";
}

static int
judge(const struct http_result *result, struct err *err)
{
	if (result->end == HTTP_END_ANSWER && result->status == 200)
		return 0;
	if (result->end == HTTP_END_ANSWER)
		return err_set(err, ERR_AUTH_TOKEN_INVALID,
		    "%s but of %u; redirects are not followed", explain(result),
		    result->status);
	return err_set(err, ERR_AUTH_TOKEN_INVALID, "%s%s%s", explain(result),
	    result->text[0] ? ": " : "", result->text);
}

int
fetch_get(struct fetch *fetch, int cancel_fd, char **ret_body, size_t *ret_len,
    struct err *err)
{
	const struct http_request request = {
		.method = "GET",
		.url = fetch->config->remote_mcp.jwks_url,
		.answer_max = JWKS_TEXT_MAX,
		.timeout_ns = TIMEOUT_NS,
		.fresh = true,
		.cancel_fd = cancel_fd,
	};
	struct http_result result = { .end = HTTP_END_MEMORY };
	int rc = connect_module(fetch, err);

	if (rc)
		return rc;
	fetch->module->exchange(fetch->connection, &request, &result);
	rc = judge(&result, err);
	if (rc == 0) {
		*ret_body = STEAL(result.body);
		*ret_len = result.len;
	}
	free(result.content_type);
	free(result.date);
	free(result.retry_after);
	free(result.body);
	return rc;
}
