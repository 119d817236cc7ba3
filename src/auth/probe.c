/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* The same steps as at a start, on the calling thread. */

#include "auth/probe.h"

#include "auth/fetch.h"
#include "auth/jwks.h"
#include "base/cleanup.h"

static int
fetch_once(const struct config *config, struct host *host,
    struct jwks **ret_keys, struct err *err)
{
	CLEANUP_FREE char *body = NULL;
	struct fetch *fetch = NULL;
	size_t len = 0;
	int rc = fetch_open(config, host, &fetch, err);

	if (rc == 0)
		rc = fetch_get(fetch, -1, &body, &len, err);
	fetch_close(fetch);
	return rc ? rc : jwks_parse(body ? body : "", len, ret_keys, err);
}

int
auth_probe(const struct config *config, struct host *host, size_t *ret_keys,
    struct err *err)
{
	struct secret *secret = NULL;
	struct jwks *keys = NULL;
	int rc = config_remote_secret(config, &secret, err);

	secret_free(secret);
	if (rc)
		return rc;
	rc = fetch_once(config, host, &keys, err);
	if (rc) {
		(void)err_wrap(err, "no keys from remote_mcp.jwks_url");
		err_action(err,
		    "see that remote_mcp.jwks_url is the provider's key set "
		    "and can be reached from here, with a certificate that "
		    "remote_mcp.ca_file or the system trusts");
		return rc;
	}
	*ret_keys = jwks_count(keys);
	jwks_unref(keys);
	return 0;
}
