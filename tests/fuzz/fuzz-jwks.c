/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Key sets.  One that is taken has keys, is the same when read again, and
 * none of its keys has signed what was made up here.
 */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "auth/jwks.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool ok)
{
	if (!ok)
		abort();
}

static void
check_only_key(const struct jwks *jwks)
{
	const struct jwk *jwk = jwks_find(jwks, NULL);
	static const uint8_t made_up[256] = { 1 };

	must((jwk != NULL) == (jwks_count(jwks) == 1));
	must(!jwk || !jwk_verify(jwk, "text", 4, made_up, sizeof made_up));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err err CLEANUP_ERR = ERR_INIT;
	struct jwks *jwks = NULL;
	struct jwks *again = NULL;
	int rc = jwks_parse((const char *)data, size, &jwks, &err);

	must((rc == 0) == (err.code == ERR_NONE));
	must((rc == 0) == (jwks != NULL));
	if (rc)
		return 0;
	must(jwks_count(jwks) > 0 && jwks_count(jwks) <= JWKS_KEYS_MAX);
	must(jwks_parse((const char *)data, size, &again, NULL) == 0);
	must(memcmp(jwks_digest(jwks), jwks_digest(again), HASH_SIZE) == 0);
	check_only_key(jwks);
	jwks_unref(again);
	jwks_unref(jwks);
	return 0;
}
