/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The facade behind ibkr-agent/gateway.h: it keeps what a program has set
 * until the gateway is opened, and turns texts into calls.
 *
 * Threads: any thread calls on an open gateway; what the facade itself holds
 * does not change after iag_gateway_open(), so there is no lock here.
 */

#include "ibkr-agent/gateway.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "config/fault.h"
#include "config/scope.h"
#include "gateway/gateway.h"
#include "tools/schema.h"

#define NAME_LEN 128
#define DEFAULT_PRINCIPAL "sdk:local"

struct iag_gateway {
	char *config_path; /* NULL: development defaults */
	char *store_path;
	struct secret *secret;
	char **plugin_dirs;
	size_t plugin_dir_count;
	int log_level;     /* -1: as configured */
	char *live_writer; /* NULL: as configured */
	char *paper_writer;
	struct order_flags flags;
	struct gateway *gateway;
	struct err err;
};

struct iag_gateway_call {
	struct call *call;
};

struct iag_gateway_principal {
	char *name;
	enum principal_kind kind;
	bool all; /* scopes of the configuration */
	uint64_t scopes;
};

struct iag_gateway_result {
	struct tool_result result;
};

const char *
iag_gateway_version(void)
{
	return PACKAGE_VERSION;
}

struct iag_gateway *
iag_gateway_fake(void)
{
	struct iag_gateway *gateway = calloc(1, sizeof(*gateway));

	if (!gateway)
		return NULL;
	gateway->log_level = -1;
	gateway->flags = order_flags_none;
	return gateway;
}

struct iag_gateway *
iag_gateway_from_file(const char *path)
{
	struct iag_gateway *gateway = iag_gateway_fake();

	if (!gateway)
		return NULL;
	gateway->config_path = strdup(path ? path : "");
	if (!gateway->config_path) {
		free(gateway);
		return NULL;
	}
	return gateway;
}

/* 0 while settings may be changed. */
static int
check_closed(struct iag_gateway *gateway)
{
	if (!gateway->gateway)
		return 0;
	return err_set(
	    &gateway->err, ERR_INPUT_INVALID, "the gateway is open already");
}

static int
check_path(struct iag_gateway *gateway, const char *path)
{
	int rc = check_closed(gateway);

	if (rc)
		return rc;
	if (path && path[0] == '/')
		return 0;
	return err_set(&gateway->err, ERR_INPUT_INVALID,
	    "path: expected an absolute path, got '%s'", path ? path : "");
}

int
iag_gateway_set_store_path(struct iag_gateway *gateway, const char *path)
{
	char *copy;
	int rc = check_path(gateway, path);

	if (rc)
		return rc;
	copy = strdup(path);
	if (!copy)
		return err_no_memory(&gateway->err);
	free(gateway->store_path);
	gateway->store_path = copy;
	return 0;
}

int
iag_gateway_set_audit_secret(
    struct iag_gateway *gateway, const void *secret, size_t len)
{
	struct secret *copy;
	int rc = check_closed(gateway);

	if (rc)
		return rc;
	if (!secret || len < SECRET_MIN || len > SECRET_MAX)
		return err_set(&gateway->err, ERR_INPUT_INVALID,
		    "audit secret: expected %d to %d bytes, got '%zu'",
		    SECRET_MIN, SECRET_MAX, len);
	copy = secret_new(secret, len);
	if (!copy)
		return err_no_memory(&gateway->err);
	secret_free(gateway->secret);
	gateway->secret = copy;
	return 0;
}

int
iag_gateway_add_plugin_dir(struct iag_gateway *gateway, const char *path)
{
	char **dirs;
	int rc = check_path(gateway, path);

	if (rc)
		return rc;
	dirs = reallocarray(
	    gateway->plugin_dirs, gateway->plugin_dir_count + 1, sizeof(*dirs));
	if (!dirs)
		return err_no_memory(&gateway->err);
	gateway->plugin_dirs = dirs;
	dirs[gateway->plugin_dir_count] = strdup(path);
	if (!dirs[gateway->plugin_dir_count])
		return err_no_memory(&gateway->err);
	gateway->plugin_dir_count++;
	return 0;
}

/* The name of a plugin, for *ret_name. */
static int
set_writer(struct iag_gateway *gateway, const char *name, char **ret_name)
{
	char *copy;
	int rc = check_closed(gateway);

	if (rc)
		return rc;
	if (!name || !*name || strlen(name) > NAME_LEN)
		return err_set(&gateway->err, ERR_INPUT_INVALID,
		    "writer: expected the name of a plugin, got '%.80s'",
		    name ? name : "");
	copy = strdup(name);
	if (!copy)
		return err_no_memory(&gateway->err);
	free(*ret_name);
	*ret_name = copy;
	return 0;
}

int
iag_gateway_set_live_writer(struct iag_gateway *gateway, const char *name)
{
	return set_writer(gateway, name, &gateway->live_writer);
}

int
iag_gateway_set_paper_writer(struct iag_gateway *gateway, const char *name)
{
	return set_writer(gateway, name, &gateway->paper_writer);
}

int
iag_gateway_set_features(struct iag_gateway *gateway, uint32_t features)
{
	const uint32_t known =
	    IAG_FEATURE_PREVIEW | IAG_FEATURE_PAPER | IAG_FEATURE_LIVE;
	int rc = check_closed(gateway);

	if (rc)
		return rc;
	if (features & ~known)
		return err_set(&gateway->err, ERR_INPUT_INVALID,
		    "features: expected bits of 0x%x, got '0x%x'",
		    (unsigned)known, (unsigned)features);
	gateway->flags.preview = features & IAG_FEATURE_PREVIEW;
	gateway->flags.paper = features & IAG_FEATURE_PAPER;
	gateway->flags.live = features & IAG_FEATURE_LIVE;
	return 0;
}

int
iag_gateway_set_log_level(struct iag_gateway *gateway, uint32_t level)
{
	int rc = check_closed(gateway);

	if (rc)
		return rc;
	if (level > LOG_LEVEL_DEBUG)
		return err_set(&gateway->err, ERR_INPUT_INVALID,
		    "log level: expected 0 to %d, got '%u'", LOG_LEVEL_DEBUG,
		    level);
	gateway->log_level = (int)level;
	return 0;
}

/* The program's directories first, then the file's; both lists' own. */
static int
config_add_dirs(struct config *config, struct iag_gateway *gateway)
{
	struct config_list *list = &config->plugins.path;
	size_t total = list->count + gateway->plugin_dir_count;
	char **items = calloc(total + 1, sizeof(*items));
	size_t i;

	if (!items)
		return err_no_memory(&gateway->err);
	for (i = 0; i < gateway->plugin_dir_count; i++)
		items[i] = gateway->plugin_dirs[i];
	for (i = 0; i < list->count; i++)
		items[gateway->plugin_dir_count + i] = list->items[i];
	gateway->plugin_dir_count = 0;
	free(list->items);
	list->items = items;
	list->count = total;
	return 0;
}

static int
config_adjust(struct config *config, struct iag_gateway *gateway)
{
	if (gateway->store_path) {
		free(config->audit.path);
		config->audit.path = STEAL(gateway->store_path);
	}
	if (gateway->paper_writer) {
		free(config->paper_trading.writer);
		config->paper_trading.writer = STEAL(gateway->paper_writer);
	}
	if (gateway->log_level >= 0)
		config->log.level = (enum log_level)gateway->log_level;
	log_setup(config->log.level, config->log.format);
	return gateway->plugin_dir_count > 0 ? config_add_dirs(config, gateway)
					     : 0;
}

/* All faults of the file are the text of the error. */
static int
config_read(struct iag_gateway *gateway, struct config **ret_config)
{
	struct buf faults CLEANUP_BUF = BUF_INIT;
	int rc;

	if (!gateway->config_path)
		return config_development(ret_config, &gateway->err);
	rc = config_load(
	    gateway->config_path, ret_config, &faults, &gateway->err);
	return rc ? faults_tell(&faults, rc, &gateway->err) : 0;
}

int
iag_gateway_open(struct iag_gateway *gateway)
{
	struct config *config;
	int rc = check_closed(gateway);

	if (rc)
		return rc;
	err_fini(&gateway->err);
	gateway->err = (struct err)ERR_INIT;
	rc = config_read(gateway, &config);
	if (rc)
		return rc;
	rc = config_adjust(config, gateway);
	if (rc) {
		config_free(config);
		return rc;
	}
	return gateway_new(
	    &(struct gateway_setup){
		.config = config,
		.secret = STEAL(gateway->secret),
		.live_broker = gateway->live_writer,
	    },
	    &gateway->gateway, &gateway->err);
}

int
iag_gateway_close(struct iag_gateway *gateway)
{
	size_t i;
	int rc;

	if (!gateway)
		return 0;
	rc = gateway_free(gateway->gateway) ? 0 : IAG_STOPPING;
	for (i = 0; i < gateway->plugin_dir_count; i++)
		free(gateway->plugin_dirs[i]);
	free(gateway->plugin_dirs);
	free(gateway->config_path);
	free(gateway->store_path);
	free(gateway->live_writer);
	free(gateway->paper_writer);
	secret_free(gateway->secret);
	err_fini(&gateway->err);
	free(gateway);
	return rc;
}

const char *
iag_gateway_error(const struct iag_gateway *gateway)
{
	return gateway ? err_text(&gateway->err) : "no memory";
}

const char *
iag_gateway_error_code(const struct iag_gateway *gateway)
{
	if (!gateway)
		return err_kind(ERR_OUT_OF_MEMORY)->name;
	if (gateway->err.code == ERR_NONE)
		return "";
	return err_kind(gateway->err.code)->name;
}

static bool
is_principal_name(const char *name)
{
	size_t len = name ? strlen(name) : 0;
	size_t i;

	for (i = 0; i < len; i++)
		if ((unsigned char)name[i] < 0x20 || name[i] == 0x7f)
			return false;
	return len > 0 && len <= NAME_LEN;
}

/* Names parted by one space; false for one that is not a scope. */
static bool
parse_scopes(const char *text, uint64_t *ret_scopes)
{
	char *copy CLEANUP_FREE = strdup(text);
	uint64_t scopes = 0;
	char *rest = copy;
	char *name;

	if (!copy)
		return false;
	while ((name = strsep(&rest, " "))) {
		uint64_t bit = scope_bit(name);

		if (!bit && *text)
			return false;
		scopes |= bit;
	}
	*ret_scopes = scopes;
	return true;
}

struct iag_gateway_principal *
iag_gateway_principal_new(const char *name, uint32_t kind, const char *scopes)
{
	struct iag_gateway_principal *principal;

	if (!is_principal_name(name) || kind > IAG_PRINCIPAL_OPERATOR)
		return NULL;
	principal = calloc(1, sizeof(*principal));
	if (!principal)
		return NULL;
	principal->kind = kind == IAG_PRINCIPAL_OPERATOR ? PRINCIPAL_OPERATOR
							 : PRINCIPAL_AGENT;
	principal->all = !scopes;
	principal->name = strdup(name);
	if (!principal->name ||
	    (scopes && !parse_scopes(scopes, &principal->scopes))) {
		iag_gateway_principal_free(principal);
		return NULL;
	}
	return principal;
}

void
iag_gateway_principal_free(struct iag_gateway_principal *principal)
{
	if (!principal)
		return;
	free(principal->name);
	free(principal);
}

static struct principal
principal_of(
    const struct iag_gateway *gateway, const struct iag_gateway_principal *from)
{
	struct principal principal = {
		.name = from ? from->name : DEFAULT_PRINCIPAL,
		.kind = from ? from->kind : PRINCIPAL_AGENT,
	};

	principal.scopes = from && !from->all
			       ? from->scopes
			       : gateway_scopes(gateway->gateway);
	return principal;
}

/* A call that ends before the gateway sees it. */
static int
refuse(struct iag_gateway_result *result, struct err *err)
{
	result->result.is_error = true;
	tool_error_json(&result->result.json, err, NULL);
	err_move(&result->result.err, err);
	return err_class(&result->result.err);
}

static int
call_run(struct iag_gateway *gateway, struct call *call,
    const struct principal *principal, const char *tool, const char *arguments,
    struct iag_gateway_result *result)
{
	struct err err CLEANUP_ERR = ERR_INIT;
	struct json_object *tree CLEANUP_JSON = NULL;
	struct tool_request request = {
		.name = tool ? tool : "",
		.principal = principal,
		.call = call,
		.flags = &gateway->flags,
	};

	if (arguments && *arguments &&
	    json_parse(arguments, strlen(arguments), &json_bounds_default,
		&tree, &err)) {
		(void)err_wrap(&err, "arguments");
		return refuse(result, &err);
	}
	if (tree && !json_object_is_type(tree, json_type_object)) {
		(void)err_set(&err, ERR_INPUT_INVALID,
		    "arguments: expected a json object");
		return refuse(result, &err);
	}
	request.arguments = tree;
	return gateway_call(gateway->gateway, &request, &result->result);
}

int
iag_gateway_call_run(struct iag_gateway *gateway, struct iag_gateway_call *call,
    const struct iag_gateway_principal *principal, const char *tool,
    const char *arguments, struct iag_gateway_result **ret_result)
{
	struct err err CLEANUP_ERR = ERR_INIT;
	struct iag_gateway_result *result = calloc(1, sizeof(*result));
	struct principal who;

	*ret_result = result;
	if (!result)
		return IAG_NOMEM;
	tool_result_init(&result->result);
	if (!gateway->gateway) {
		(void)err_set(
		    &err, ERR_INPUT_INVALID, "the gateway is not open");
		return refuse(result, &err);
	}
	if (!call) {
		(void)err_no_memory(&err);
		return refuse(result, &err);
	}
	who = principal_of(gateway, principal);
	return call_run(gateway, call->call, &who, tool, arguments, result);
}

static struct iag_gateway_call *sdk_call_new(
    struct iag_gateway *gateway, uint32_t timeout_ms, const char *tool);

int
iag_gateway_call(struct iag_gateway *gateway,
    const struct iag_gateway_principal *principal, const char *tool,
    const char *arguments, struct iag_gateway_result **ret_result)
{
	struct iag_gateway_call *call = sdk_call_new(gateway, 0, tool);
	int rc = iag_gateway_call_run(
	    gateway, call, principal, tool, arguments, ret_result);

	iag_gateway_call_free(call);
	return rc;
}

static struct iag_gateway_call *
sdk_call_new(struct iag_gateway *gateway, uint32_t timeout_ms, const char *tool)
{
	struct iag_gateway_call *call = calloc(1, sizeof(*call));

	if (!call)
		return NULL;
	if (timeout_ms > 0 || !gateway->gateway)
		call->call = call_new(clock_boot_ns() + timeout_ms * NS_PER_MS);
	else
		call->call = gateway_call_new(
		    gateway->gateway, tool ? tool_find(tool) : NULL);
	if (!call->call) {
		free(call);
		return NULL;
	}
	return call;
}

struct iag_gateway_call *
iag_gateway_call_new(struct iag_gateway *gateway, uint32_t timeout_ms)
{
	return sdk_call_new(gateway, timeout_ms, NULL);
}

void
iag_gateway_call_cancel(struct iag_gateway_call *call)
{
	if (call)
		call_cancel(call->call);
}

void
iag_gateway_call_free(struct iag_gateway_call *call)
{
	if (!call)
		return;
	call_unref(call->call);
	free(call);
}

const char *
iag_gateway_result_json(const struct iag_gateway_result *result)
{
	return result ? buf_text(&result->result.json) : "{}";
}

int
iag_gateway_result_is_error(const struct iag_gateway_result *result)
{
	return !result || result->result.is_error;
}

const char *
iag_gateway_result_code(const struct iag_gateway_result *result)
{
	if (!result)
		return err_kind(ERR_OUT_OF_MEMORY)->name;
	if (!result->result.is_error)
		return "";
	return err_kind(result->result.err.code)->name;
}

const char *
iag_gateway_result_outcome(const struct iag_gateway_result *result)
{
	if (!result)
		return "refused";
	if (!result->result.is_error)
		return "done";
	return result->result.err.unknown ? "unknown" : "refused";
}

const char *
iag_gateway_result_audit_id(const struct iag_gateway_result *result)
{
	return result ? result->result.audit_event_id : "";
}

void
iag_gateway_result_free(struct iag_gateway_result *result)
{
	if (!result)
		return;
	tool_result_fini(&result->result);
	free(result);
}

/* Approvals serve both modes. */
static bool
is_left_out(const struct scope *scope, const struct order_flags *flags)
{
	switch (scope->tier) {
	case SCOPE_TIER_PREVIEW:
		return !flags->preview;
	case SCOPE_TIER_PAPER:
		return !flags->paper &&
		       strcmp(scope->name, "ibkr:approvals:create") != 0;
	case SCOPE_TIER_LIVE:
		return !flags->live;
	default:
		return false;
	}
}

/* Without those of features that the program has left out. */
static uint64_t
shown_scopes(const struct iag_gateway *gateway, uint64_t scopes)
{
	for (size_t i = 0; i < scope_count; i++) {
		if (is_left_out(&scope_table[i], &gateway->flags))
			scopes &= ~scope_bit(scope_table[i].name);
	}
	return scopes;
}

char *
iag_gateway_tools(
    struct iag_gateway *gateway, const struct iag_gateway_principal *principal)
{
	struct buf out CLEANUP_BUF = BUF_INIT;
	struct principal who;

	if (!gateway->gateway)
		return NULL;
	who = principal_of(gateway, principal);
	schema_tool_list(&out, gateway_config(gateway->gateway),
	    shown_scopes(gateway, who.scopes), 0);
	return buf_take(&out);
}

void
iag_gateway_text_free(char *text)
{
	free(text);
}
