/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * A library whose only purpose is to mention every record of the plugin ABI
 * and every function of the facade, so that abidw finds layouts and types in
 * its debug information, and nothing of how they are made.
 */

#include "ibkr-agent/backend.h"
#include "ibkr-agent/broker.h"
#include "ibkr-agent/gateway.h"
#include "ibkr-agent/plugin.h"
#include "ibkr-agent/store.h"
#include "ibkr-agent/types.h"
#include "ibkr-agent/writer.h"

#define FUNCTION(name) __typeof__(name) *name

struct facade {
	FUNCTION(iag_gateway_add_plugin_dir);
	FUNCTION(iag_gateway_call);
	FUNCTION(iag_gateway_call_cancel);
	FUNCTION(iag_gateway_call_free);
	FUNCTION(iag_gateway_call_new);
	FUNCTION(iag_gateway_call_run);
	FUNCTION(iag_gateway_close);
	FUNCTION(iag_gateway_error);
	FUNCTION(iag_gateway_error_code);
	FUNCTION(iag_gateway_fake);
	FUNCTION(iag_gateway_from_file);
	FUNCTION(iag_gateway_open);
	FUNCTION(iag_gateway_principal_free);
	FUNCTION(iag_gateway_principal_new);
	FUNCTION(iag_gateway_result_audit_id);
	FUNCTION(iag_gateway_result_code);
	FUNCTION(iag_gateway_result_free);
	FUNCTION(iag_gateway_result_is_error);
	FUNCTION(iag_gateway_result_json);
	FUNCTION(iag_gateway_result_outcome);
	FUNCTION(iag_gateway_set_audit_secret);
	FUNCTION(iag_gateway_set_features);
	FUNCTION(iag_gateway_set_live_writer);
	FUNCTION(iag_gateway_set_log_level);
	FUNCTION(iag_gateway_set_paper_writer);
	FUNCTION(iag_gateway_set_store_path);
	FUNCTION(iag_gateway_text_free);
	FUNCTION(iag_gateway_tools);
	FUNCTION(iag_gateway_version);
};

IAG_EXPORT void abi_probe(const struct iag_plugin *plugin,
    const struct iag_host *host, const struct iag_backend_ops *backend,
    const struct iag_writer_ops *writer, const struct iag_store_ops *store,
    const struct facade *facade);

void
abi_probe(const struct iag_plugin *plugin, const struct iag_host *host,
    const struct iag_backend_ops *backend, const struct iag_writer_ops *writer,
    const struct iag_store_ops *store, const struct facade *facade)
{
	(void)plugin;
	(void)host;
	(void)backend;
	(void)writer;
	(void)store;
	(void)facade;
}
