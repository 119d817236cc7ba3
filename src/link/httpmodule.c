/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Where the HTTP module is found, and whether it is of this release.
 *
 * Threads: any.  first_lock guards first, and the module's own set-up, which
 * runs once.
 */

#include "link/httpmodule.h"

#include <string.h>

#include "base/cleanup.h"
#include "host/module.h"

static pthread_mutex_t first_lock = PTHREAD_MUTEX_INITIALIZER;
static const struct http_module *first;

static int
load(struct host *host, struct err *err)
{
	const struct http_module *(*entry)(void);
	const struct http_module *module;
	void *symbol = NULL;
	int rc =
	    module_load(host, "http-curl", HTTP_MODULE_SYMBOL, &symbol, err);

	if (rc)
		return rc;
	/* POSIX guarantees this; ISO C knows no such conversion. */
	memcpy(&entry, &symbol, sizeof entry);
	module = entry();
	if (!module || module->struct_size != sizeof *module)
		return err_set(err, ERR_PLUGIN_INVALID,
		    "the module 'http-curl' is not of this release, or its "
		    "libcurl is not the one with GnuTLS: install "
		    "libcurl3-gnutls and reinstall ibkr-agent");
	first = module;
	return 0;
}

int
http_module_load(
    struct host *host, const struct http_module **ret_module, struct err *err)
{
	LOCK_SCOPE(&first_lock);
	int rc = first ? 0 : load(host, err);

	if (rc == 0)
		*ret_module = first;
	return rc;
}
