/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The table of scopes, in the order of tiers.  A bit is an index into it and
 * never leaves the process, so rows may be added anywhere; what is stored and
 * sent are the names.
 */

#include "config/scope.h"

#include <assert.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"

const struct scope scope_table[] = {
	{ "ibkr:health:read", SCOPE_TIER_READ },
	{ "ibkr:accounts:read", SCOPE_TIER_READ },
	{ "ibkr:portfolio:read", SCOPE_TIER_READ },
	{ "ibkr:positions:read", SCOPE_TIER_READ },
	{ "ibkr:marketdata:read", SCOPE_TIER_READ },
	{ "ibkr:marketdata:depth:read", SCOPE_TIER_READ },
	{ "ibkr:options:read", SCOPE_TIER_READ },
	{ "ibkr:scanner:read", SCOPE_TIER_READ },
	{ "ibkr:news:read", SCOPE_TIER_READ },
	{ "ibkr:fundamentals:read", SCOPE_TIER_READ },
	{ "ibkr:calendar:read", SCOPE_TIER_READ },
	{ "ibkr:currency:read", SCOPE_TIER_READ },
	{ "ibkr:transfers:read", SCOPE_TIER_READ },
	{ "ibkr:orders:read", SCOPE_TIER_READ },
	{ "ibkr:risk:read", SCOPE_TIER_READ },
	{ "ibkr:audit:read", SCOPE_TIER_READ },
	{ "ibkr:audit:export", SCOPE_TIER_READ },
	{ "ibkr:orders:preview", SCOPE_TIER_PREVIEW },
	{ "ibkr:orders:paper:submit", SCOPE_TIER_PAPER },
	{ "ibkr:orders:paper:cancel", SCOPE_TIER_PAPER },
	{ "ibkr:orders:paper:modify", SCOPE_TIER_PAPER },
	{ "ibkr:approvals:create", SCOPE_TIER_PAPER },
	{ "ibkr:orders:live:submit", SCOPE_TIER_LIVE },
	{ "ibkr:orders:live:cancel", SCOPE_TIER_LIVE },
	{ "ibkr:orders:live:modify", SCOPE_TIER_LIVE },
	{ "ibkr:operator", SCOPE_TIER_OPERATOR },
};

const size_t scope_count = ARRAY_COUNT(scope_table);
static_assert(ARRAY_COUNT(scope_table) <= 64, "a set of scopes is 64 bits");

uint64_t
scope_bit(const char *name)
{
	for (size_t i = 0; i < scope_count; i++) {
		if (strcmp(scope_table[i].name, name) == 0)
			return UINT64_C(1) << i;
	}
	return 0;
}

uint64_t
scope_all(void)
{
	uint64_t all = 0;

	for (size_t i = 0; i < scope_count; i++) {
		if (scope_table[i].tier != SCOPE_TIER_OPERATOR)
			all |= UINT64_C(1) << i;
	}
	return all;
}

static void
add_granted(struct buf *text, struct buf *json, uint64_t granted)
{
	size_t count = 0;

	for (size_t i = 0; i < scope_count; i++) {
		if (!(granted & UINT64_C(1) << i))
			continue;
		buf_printf(
		    text, "%s%s", count ? ", " : "", scope_table[i].name);
		buf_printf(
		    json, "%s\"%s\"", count ? "," : "", scope_table[i].name);
		count++;
	}
	if (count == 0)
		buf_str(text, "no scope");
}

int
scope_refuse(
    const char *what, const char *scope, uint64_t granted, struct err *err)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	CLEANUP_BUF struct buf json = BUF_INIT;
	int ret;

	buf_printf(&json, "{\"required\":[\"%s\"],\"granted\":[", scope);
	add_granted(&text, &json, granted);
	buf_str(&json, "]}");
	ret = err_set(err, ERR_AUTH_MISSING_SCOPE,
	    "'%s' needs the scope '%s'; granted: %s", what, scope,
	    buf_text(&text));
	if (!json.failed)
		err_details(err, buf_text(&json));
	return ret;
}
