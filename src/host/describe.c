/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * A plugin in JSON, for `plugins show`: what it says of itself, and what the
 * host made of it.
 */

#include <string.h>

#include "base/json.h"
#include "host/plugin.h"

const char *
plugin_name(const struct plugin *plugin)
{
	return plugin->desc.name;
}

uint32_t
plugin_kind(const struct plugin *plugin)
{
	return plugin->desc.kind;
}

uint32_t
plugin_hints(const struct plugin *plugin)
{
	return plugin->desc.hint_flags;
}

static void
add_text(struct buf *out, const char *key, const char *text)
{
	if (!text)
		return;
	buf_printf(out, ",\"%s\":", key);
	json_write_string(out, text, strlen(text));
}

static void
add_number(struct buf *out, const char *key, uint64_t number)
{
	buf_printf(out, ",\"%s\":%llu", key, (unsigned long long)number);
}

static const char *
model_name(uint32_t model)
{
	switch (model) {
	case IAG_THREAD_PLUGIN_SERIAL:
		return "plugin-serial";
	case IAG_THREAD_INSTANCE_SERIAL:
		return "instance-serial";
	default:
		return "parallel";
	}
}

static const char *
type_name(uint32_t type)
{
	static const char *const names[] = { "", "string", "integer", "boolean",
		"decimal", "choice", "path" };

	return names[type];
}

static void
add_options(struct buf *out, const struct plugin *plugin)
{
	size_t i;

	buf_str(out, ",\"options\":[");
	for (i = 0; i < plugin->desc.option_count; i++) {
		const struct iag_option *option = &plugin->options[i];

		buf_printf(out, "%s{\"key\":\"%s\"", i ? "," : "", option->key);
		add_text(out, "type", type_name(option->type));
		buf_printf(out, ",\"required\":%s,\"secret\":%s",
		    option->flags & IAG_OPTION_REQUIRED ? "true" : "false",
		    option->flags & IAG_OPTION_SECRET ? "true" : "false");
		add_text(out, "default", option->value);
		add_text(out, "min", option->min);
		add_text(out, "max", option->max);
		add_text(out, "choices", option->choices);
		add_text(out, "help", option->help);
		buf_char(out, '}');
	}
	buf_char(out, ']');
}

static const char *
sending_name(uint32_t flags)
{
	return flags & IAG_HTTP_WRITE  ? "write"
	       : flags & IAG_HTTP_READ ? "read"
				       : "session";
}

/* What it may send to the broker, and how fast. */
static void
add_sending(struct buf *out, const struct plugin *plugin)
{
	buf_str(out, ",\"routes\":[");
	for (size_t i = 0; i < plugin->desc.route_count; i++) {
		const struct iag_route *route = &plugin->routes[i];

		buf_printf(
		    out, "%s{\"method\":\"%s\"", i ? "," : "", route->method);
		add_text(out, "pattern", route->pattern);
		add_text(out, "kind", sending_name(route->flags));
		add_text(out, "bucket", route->bucket);
		buf_char(out, '}');
	}
	buf_str(out, "],\"buckets\":[");
	for (size_t i = 0; i < plugin->desc.bucket_count; i++) {
		const struct iag_bucket *bucket = &plugin->buckets[i];

		buf_printf(
		    out, "%s{\"name\":\"%s\"", i ? "," : "", bucket->name);
		add_number(out, "tokens", bucket->tokens);
		add_number(out, "window_ns", bucket->window_ns);
		add_number(out, "concurrent", bucket->concurrent);
		add_number(out, "reserve", bucket->reserve);
		buf_char(out, '}');
	}
	buf_char(out, ']');
}

static void
add_backend(struct buf *out, const struct iag_backend_ops *ops)
{
	size_t i;

	buf_str(out, ",\"operations\":[");
	for (i = 0; i < ops->operation_count; i++)
		buf_printf(out, "%s\"%s\"", i ? "," : "", ops->operations[i]);
	buf_char(out, ']');
}

/* The words of the bits that are set. */
static void
add_bits(struct buf *out, const char *key, uint32_t bits, unsigned first,
    const char *const *words, size_t count)
{
	const char *comma = "";
	size_t i;

	buf_printf(out, ",\"%s\":[", key);
	for (i = 0; i < count; i++) {
		if (!(bits & (UINT32_C(1) << (i + first))))
			continue;
		buf_printf(out, "%s\"%s\"", comma, words[i]);
		comma = ",";
	}
	buf_char(out, ']');
}

static void
add_writer(struct buf *out, const struct iag_writer_ops *ops)
{
	static const char *const operations[] = { "submit", "cancel", "modify",
		"submit_group", "find", "list" };
	static const char *const types[] = { "limit", "stop", "stop_limit",
		"trailing_stop" };
	static const char *const tifs[] = { "day", "good_till_cancelled" };
	static const char *const modes[] = { "paper", "live" };

	add_bits(out, "operations", ops->operations, 0, operations, 6);
	add_bits(out, "order_types", ops->order_types, 1, types, 4);
	add_bits(out, "times_in_force", ops->tifs, 1, tifs, 2);
	add_bits(out, "modes", ops->modes, 1, modes, 2);
	add_text(out, "asset_classes", ops->asset_classes);
	add_text(out, "ref_alphabet",
	    ops->ref_alphabet ? ops->ref_alphabet : "[A-Za-z0-9._-]");
	add_number(out, "ref_len", ops->ref_len);
	add_number(out, "need_known", ops->need_known);
	add_number(out, "max_flight_ns", ops->max_flight_ns);
}

static void
add_store(struct buf *out, const struct iag_store_ops *ops)
{
	buf_printf(out,
	    ",\"nested\":%s,\"own_clock\":%s,\"wait_change\":%s,"
	    "\"backup\":%s",
	    ops->nested ? "true" : "false", ops->now ? "true" : "false",
	    ops->wait_change ? "true" : "false",
	    ops->backup ? "true" : "false");
}

static void
add_hash(struct buf *out, const struct plugin *plugin)
{
	char hex[65];

	if (plugin_hash_file(plugin->path, hex) == 0)
		add_text(out, "sha256", hex);
}

void
plugin_describe(const struct plugin *plugin, struct buf *out)
{
	const struct iag_plugin *desc = &plugin->desc;

	buf_str(out, "{\"name\":");
	json_write_string(out, desc->name, strlen(desc->name));
	add_text(out, "kind", host_kind_name(desc->kind));
	add_text(out, "version", desc->version);
	add_text(out, "summary", desc->summary);
	add_text(out, "path", plugin->path);
	add_hash(out, plugin);
	add_number(out, "abi_major", IAG_ABI_MAJOR);
	add_number(out, "abi_minor", desc->abi_minor);
	add_number(out, "struct_size", plugin->desc_size);
	add_number(out, "table_size", plugin->ops_size);
	add_text(out, "thread_model", model_name(desc->thread_model));
	buf_printf(out, ",\"simulated\":%s,\"single_process\":%s",
	    desc->hint_flags & IAG_HINT_SIMULATED ? "true" : "false",
	    desc->hint_flags & IAG_HINT_SINGLE_PROCESS ? "true" : "false");
	add_options(out, plugin);
	if (desc->kind != IAG_KIND_STORE)
		add_sending(out, plugin);
	switch (desc->kind) {
	case IAG_KIND_BACKEND:
		add_backend(out, &plugin->ops.backend);
		break;
	case IAG_KIND_WRITER:
		add_writer(out, &plugin->ops.writer);
		break;
	default:
		add_store(out, &plugin->ops.store);
		break;
	}
	buf_char(out, '}');
}
