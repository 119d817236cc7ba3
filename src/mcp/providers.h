/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The tool table as the providers of models take it, for programs that call a
 * model themselves and hand its calls on to this gateway.
 */

#ifndef IAG_MCP_PROVIDERS_H
#define IAG_MCP_PROVIDERS_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "config/config.h"

struct provider {
	const char *name;          /* "openai" */
	const char *title;         /* what the tools are for */
	size_t name_max;           /* characters of a tool's name */
	size_t description_max;    /* bytes of a tool's description */
	size_t tools_max;          /* in one request; 0: not known */
	const char *const *leaves; /* keywords left out; ends with NULL */
	/*
	 * Every argument must be in `required`, so those that may be left out
	 * may be null instead.
	 */
	bool is_strict;
	/* Members in front of the schema, and the name of the schema. */
	const char *prefix, *schema;
};

extern const struct provider provider_table[];
extern const size_t provider_count;

/* INPUT_INVALID names the known ones. */
const struct provider *provider_find(const char *name, struct err *err);

/*
 * Append `{"target":...,"tools":[...],"approvals":[...]}`, indented: the
 * tools shown for these scopes, and for those that prepare or write orders
 * what to show before a call.  INTERNAL_ERROR names the tool that would not
 * be taken, and why.
 */
int provider_export(const struct provider *provider,
    const struct config *config, uint64_t scopes, struct buf *out,
    struct err *err);

#endif
