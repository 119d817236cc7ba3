/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * A library whose only purpose is to mention every record of the plugin ABI,
 * so that abidw finds their layout in its debug information.
 */

#include "ibkr-agent/backend.h"
#include "ibkr-agent/plugin.h"
#include "ibkr-agent/store.h"
#include "ibkr-agent/types.h"
#include "ibkr-agent/writer.h"

IAG_EXPORT void abi_probe(const struct iag_plugin *plugin,
    const struct iag_host *host, const struct iag_backend_ops *backend,
    const struct iag_writer_ops *writer, const struct iag_store_ops *store);

void
abi_probe(const struct iag_plugin *plugin, const struct iag_host *host,
    const struct iag_backend_ops *backend, const struct iag_writer_ops *writer,
    const struct iag_store_ops *store)
{
	(void)plugin;
	(void)host;
	(void)backend;
	(void)writer;
	(void)store;
}
