/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* What exactly is running: version, build, libraries that are loaded. */

#include "cli/version.h"

#include <string.h>

#include <gmp.h>
#include <gnutls/gnutls.h>
#include <json-c/json_c_version.h>
#include <libfyaml.h>

#include "base/cleanup.h"
#include "base/hash.h"
#include "base/json.h"
#include "host/plugin.h"

struct library {
	const char *name;
	const char *version;
};

static void
add_loaded(struct buf *out, const char *quote, const char *between)
{
	const struct library libraries[] = {
		{ "gnutls", gnutls_check_version(NULL) },
		{ "json-c", json_c_version() },
		{ "libfyaml", fy_library_version() },
		{ "gmp", gmp_version },
	};

	for (size_t i = 0; i < ARRAY_COUNT(libraries); i++)
		buf_printf(out, "%s%s%s%s%s%s%s%s", i ? ", " : "", quote,
		    libraries[i].name, quote, between, quote,
		    libraries[i].version, quote);
}

/* What was started, even if another file has its name by now. */
static const char *
own_sha256(char hex[HASH_HEX_SIZE])
{
	if (plugin_hash_file("/proc/self/exe", hex) < 0)
		return "unknown";
	return hex;
}

static void
print_json(struct buf *out, bool verbose)
{
	char hex[HASH_HEX_SIZE];

	buf_str(out, "{\n  \"program\": \"ibkr-agent\",\n"
		     "  \"version\": \"" PACKAGE_VERSION "\"");
	if (verbose) {
		buf_str(out, ",\n  \"build\": ");
		json_write_string(
		    out, CONFIGURE_SUMMARY, strlen(CONFIGURE_SUMMARY));
		buf_str(out, ",\n  \"loaded\": { ");
		add_loaded(out, "\"", ": ");
		buf_printf(out, " },\n  \"sha256\": \"%s\"", own_sha256(hex));
	}
	buf_str(out, "\n}\n");
}

void
version_print(struct buf *out, bool verbose, bool json)
{
	char hex[HASH_HEX_SIZE];

	if (json) {
		print_json(out, verbose);
		return;
	}
	buf_str(out, "ibkr-agent " PACKAGE_VERSION "\n");
	if (!verbose)
		return;
	buf_str(out,
	    "unofficial: not affiliated with the broker\n" CONFIGURE_SUMMARY
	    "  loaded           ");
	add_loaded(out, "", " ");
	buf_printf(out, "\n  sha256           %s\n", own_sha256(hex));
}
