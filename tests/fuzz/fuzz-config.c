/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Any bytes as a configuration: they are taken or refused with a reason, and
 * what is taken, shown and read again, is the same configuration.
 */

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "config/load.h"
#include "config/yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct config *
read_text(const char *text, size_t len)
{
	CLEANUP_BUF struct buf lines = BUF_INIT;
	CLEANUP_ERR struct err err = ERR_INIT;
	struct faults faults = { .file = "f", .out = &lines, .err = &err };
	struct config *config = config_new();

	if (!config)
		abort();
	config->dir = strdup("/etc");
	if (!config->dir || load_text(config, text, len, &faults) != 0)
		abort();
	if (fault_end(&faults) == 0)
		return config;
	if (lines.len == 0 || err.code == ERR_NONE || !err_text(&err)[0])
		abort(); /* refused without a reason */
	config_free(config);
	return NULL;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP_BUF struct buf first = BUF_INIT;
	CLEANUP_BUF struct buf second = BUF_INIT;
	struct config *config;
	struct config *again;

	if (size > YAML_BYTES)
		return 0;
	config = read_text((const char *)data, size);
	if (!config)
		return 0;
	config_show(config, true, &second);
	buf_reset(&second);
	config_show(config, false, &first);
	config_free(config);
	again = read_text(buf_text(&first), first.len);
	if (!again)
		abort();
	/* the second one has every key from the file, so no default marks */
	buf_reset(&first);
	config_show(again, false, &first);
	config_free(again);
	again = read_text(buf_text(&first), first.len);
	if (!again)
		abort();
	config_show(again, false, &second);
	config_free(again);
	if (first.len != second.len ||
	    memcmp(buf_text(&first), buf_text(&second), first.len) != 0)
		abort();
	return 0;
}
