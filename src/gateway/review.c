/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* Opening a store for reading; review.h says for whom. */

#include "gateway/review.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "gateway/house.h"

/* Absolute, since the host takes paths from the folder of the configuration. */
static int
find_store(const char *path, char **ret_absolute, struct err *err)
{
	*ret_absolute = realpath(path, NULL);
	if (*ret_absolute)
		return 0;
	err_set(err, ERR_JOURNAL_UNAVAILABLE, "store '%s': %s", path,
	    strerror(errno));
	err_action(err, "name the folder of a store; the configured one is "
			"made by the first call, such as `ibkr-agent health`");
	return err_class(err);
}

int
review_open(struct review *review, const struct config *config,
    const char *path, const struct secret *secret, struct err *err)
{
	char *absolute CLEANUP_FREE = NULL;
	struct secret *own = NULL;
	int rc;

	/* before the secret: development defaults would make one */
	rc = find_store(path ? path : config->audit.path, &absolute, err);
	if (rc)
		return rc;
	if (!secret) {
		rc = config_audit_secret(config, &own, err);
		if (rc)
			return rc;
		secret = own;
	}
	review->host = host_new(&config->plugins.path, config);
	rc = review->host ? house_open_store(review->host, config, absolute,
				true, &review->store, err)
			  : err_no_memory(err);
	if (rc == 0)
		rc = journal_open(review->store, secret, config,
		    JOURNAL_READ_ONLY, &review->journal, err);
	secret_free(own);
	return rc;
}

void
review_close(struct review *review)
{
	journal_close(STEAL(review->journal));
	instance_close(STEAL(review->store));
	if (review->host)
		(void)host_free(STEAL(review->host));
}
