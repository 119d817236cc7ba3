/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Adopting a plugin: everything that a descriptor claims is verified, then
 * copied into memory of the host's own, so that the rest of the host never
 * has to ask how large a plugin's struct is.
 */

#include "host/plugin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "host/route.h"
#include "host/text.h"

static bool
is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

bool
plugin_is_name(const char *name)
{
	size_t i;

	if (!name || !(is_lower(name[0]) || is_digit(name[0])))
		return false;
	for (i = 1; name[i]; i++)
		if (i >= PLUGIN_NAME_LEN ||
		    !(is_lower(name[i]) || is_digit(name[i]) || name[i] == '-'))
			return false;
	return true;
}

bool
plugin_is_word(const char *word)
{
	size_t i;

	if (!word || !is_lower(word[0]))
		return false;
	for (i = 1; word[i]; i++)
		if (i >= 64 ||
		    !(is_lower(word[i]) || is_digit(word[i]) || word[i] == '_'))
			return false;
	return true;
}

const struct iag_option *
plugin_option(const struct plugin *plugin, const char *key)
{
	size_t i;

	for (i = 0; i < plugin->desc.option_count; i++)
		if (strcmp(plugin->options[i].key, key) == 0)
			return &plugin->options[i];
	return NULL;
}

/*
 * Copy a table of the plugin's size into one of ours.  A smaller one has the
 * frozen size of the minor before; there were no others so far.
 */
static int
copy_table(void *to, size_t to_size, const void *from, uint32_t from_size,
    uint32_t frozen_size, const char *what, struct err *err)
{
	if (from_size < to_size && from_size != frozen_size)
		return err_set(err, ERR_PLUGIN_INVALID,
		    "the %s has struct_size %u, expected %u (ABI %u.0) or at "
		    "least %zu: set it with sizeof",
		    what, from_size, frozen_size, (unsigned)IAG_ABI_MAJOR,
		    to_size);
	memset(to, 0, to_size);
	memcpy(to, from, from_size < to_size ? from_size : to_size);
	return 0;
}

/* A callback that must be there. */
struct slot {
	size_t offset;
	const char *name;
};

#define SLOT(type, member)                             \
	{                                              \
		offsetof(struct type, member), #member \
	}

#define MUST "mandatory"

/* why: of all of them, "mandatory" for example. */
static int
check_slots(const void *table, const char *what, const struct slot *slots,
    size_t count, const char *why, struct err *err)
{
	size_t i;

	for (i = 0; i < count; i++) {
		uintptr_t value;

		memcpy(&value, (const char *)table + slots[i].offset,
		    sizeof value);
		if (!value)
			return err_set(err, ERR_PLUGIN_INVALID,
			    "the %s lacks '%s', which is %s", what,
			    slots[i].name, why);
	}
	return 0;
}

static int
check_reserved(uint32_t reserved, const char *what, struct err *err)
{
	if (!reserved)
		return 0;
	return err_set(err, ERR_PLUGIN_INVALID,
	    "the %s has 0x%x in a reserved member, expected 0", what, reserved);
}

static int
check_operations(const struct iag_backend_ops *ops, struct err *err)
{
	size_t i;
	size_t j;

	if (!ops->operations || ops->operation_count == 0)
		return err_set(err, ERR_PLUGIN_INVALID,
		    "the backend table lists no operations");
	if (ops->operation_count > PLUGIN_OPERATIONS_MAX)
		return err_set(err, ERR_PLUGIN_INVALID,
		    "the backend table lists %zu operations, at most %d are "
		    "allowed",
		    ops->operation_count, PLUGIN_OPERATIONS_MAX);
	for (i = 0; i < ops->operation_count; i++) {
		const char *name = ops->operations[i];

		if (!plugin_is_word(name))
			return err_set(err, ERR_PLUGIN_INVALID,
			    "operation %zu is '%.80s', expected a name of "
			    "[a-z][a-z0-9_]*",
			    i, name ? name : "(null)");
		for (j = 0; j < i; j++)
			if (strcmp(name, ops->operations[j]) == 0)
				return err_set(err, ERR_PLUGIN_INVALID,
				    "operation '%s' is listed twice", name);
	}
	return 0;
}

static int
adopt_backend(
    struct plugin *plugin, const struct iag_backend_ops *from, struct err *err)
{
	static const struct slot slots[] = { SLOT(iag_backend_ops, query) };
	struct iag_backend_ops *ops = &plugin->ops.backend;
	int r;

	plugin->ops_size = from->struct_size;
	r = copy_table(ops, sizeof *ops, from, from->struct_size,
	    PLUGIN_BACKEND_SIZE_1_0, "backend table", err);
	if (r == 0)
		r = check_reserved(ops->reserved, "backend table", err);
	if (r == 0)
		r = check_slots(
		    ops, "backend table", slots, ARRAY_COUNT(slots), MUST, err);
	return r < 0 ? r : check_operations(ops, err);
}

/* Each declared operation has its callback; the declarations make sense. */
static int
check_writer(const struct iag_writer_ops *ops, struct err *err)
{
	static const struct {
		uint32_t bit;
		struct slot slot;
	} rules[] = {
		{ IAG_WRITER_SUBMIT, SLOT(iag_writer_ops, submit) },
		{ IAG_WRITER_CANCEL, SLOT(iag_writer_ops, cancel) },
		{ IAG_WRITER_MODIFY, SLOT(iag_writer_ops, modify) },
		{ IAG_WRITER_SUBMIT_GROUP, SLOT(iag_writer_ops, submit_group) },
		{ IAG_WRITER_FIND, SLOT(iag_writer_ops, find) },
		{ IAG_WRITER_LIST, SLOT(iag_writer_ops, list) },
	};
	size_t i;

	if (!(ops->operations & IAG_WRITER_SUBMIT) ||
	    !(ops->operations & IAG_WRITER_FIND))
		return err_set(err, ERR_PLUGIN_INVALID,
		    "the writer table declares operations 0x%x, which lacks "
		    "%s; IAG_WRITER_SUBMIT and IAG_WRITER_FIND are mandatory",
		    ops->operations,
		    ops->operations & IAG_WRITER_SUBMIT ? "IAG_WRITER_FIND"
							: "IAG_WRITER_SUBMIT");
	for (i = 0; i < ARRAY_COUNT(rules); i++) {
		int r;

		if (!(ops->operations & rules[i].bit))
			continue;
		r = check_slots(ops, "writer table", &rules[i].slot, 1,
		    "among its operations", err);
		if (r < 0)
			return r;
	}
	if (!ops->order_types || !ops->tifs || !ops->modes)
		return err_set(err, ERR_PLUGIN_INVALID,
		    "the writer table declares no order types, times in force "
		    "or modes: set bits, 1u << IAG_TYPE_LIMIT for example");
	if (!ops->asset_classes || !*ops->asset_classes)
		return err_set(err, ERR_PLUGIN_INVALID,
		    "the writer table declares no asset classes");
	if (ops->ref_len < 1 || ops->ref_len > 256)
		return err_set(err, ERR_PLUGIN_INVALID,
		    "the writer table has ref_len %u, expected 1..256",
		    ops->ref_len);
	return 0;
}

static int
adopt_writer(
    struct plugin *plugin, const struct iag_writer_ops *from, struct err *err)
{
	struct iag_writer_ops *ops = &plugin->ops.writer;
	int r;

	plugin->ops_size = from->struct_size;
	r = copy_table(ops, sizeof *ops, from, from->struct_size,
	    PLUGIN_WRITER_SIZE_1_0, "writer table", err);
	if (r == 0)
		r = check_reserved(ops->reserved, "writer table", err);
	return r < 0 ? r : check_writer(ops, err);
}

static int
adopt_store(
    struct plugin *plugin, const struct iag_store_ops *from, struct err *err)
{
	static const struct slot slots[] = {
		SLOT(iag_store_ops, begin),
		SLOT(iag_store_ops, get),
		SLOT(iag_store_ops, put),
		SLOT(iag_store_ops, del),
		SLOT(iag_store_ops, cursor_open),
		SLOT(iag_store_ops, cursor_step),
		SLOT(iag_store_ops, cursor_close),
		SLOT(iag_store_ops, commit),
		SLOT(iag_store_ops, abort),
		SLOT(iag_store_ops, guard),
		SLOT(iag_store_ops, guard_check),
		SLOT(iag_store_ops, unguard),
		SLOT(iag_store_ops, identity),
	};
	struct iag_store_ops *ops = &plugin->ops.store;
	int r;

	if (plugin->desc.thread_model != IAG_THREAD_PARALLEL)
		return err_set(err, ERR_PLUGIN_INVALID,
		    "a store has thread_model %u, expected %u (parallel): "
		    "transactions of several threads overlap",
		    plugin->desc.thread_model, IAG_THREAD_PARALLEL);
	plugin->ops_size = from->struct_size;
	r = copy_table(ops, sizeof *ops, from, from->struct_size,
	    PLUGIN_STORE_SIZE_1_0, "store table", err);
	if (r == 0)
		r = check_reserved(ops->reserved, "store table", err);
	return r < 0 ? r
		     : check_slots(ops, "store table", slots,
			   ARRAY_COUNT(slots), MUST, err);
}

static int
check_kind(const struct iag_plugin *desc, uint32_t kind, struct err *err)
{
	const char *found = host_kind_name(desc->kind);

	if (!found)
		return err_set(err, ERR_PLUGIN_INVALID,
		    "the descriptor has kind %u, expected 1 (backend), 2 "
		    "(writer) or 3 (store)",
		    desc->kind);
	if (kind && kind != desc->kind)
		return err_set(err, ERR_PLUGIN_INVALID,
		    "the descriptor says that it is a %s, the file name says "
		    "%s",
		    found, host_kind_name(kind));
	return 0;
}

static int
check_name(const struct iag_plugin *desc, const char *name, struct err *err)
{
	if (!desc->name)
		return err_set(
		    err, ERR_PLUGIN_INVALID, "the descriptor has no name");
	if (!plugin_is_name(desc->name))
		return err_set(err, ERR_PLUGIN_INVALID,
		    "the descriptor has the name '%.80s', expected 1 to %d "
		    "characters of [a-z0-9-] with a letter or digit first",
		    desc->name, PLUGIN_NAME_LEN);
	if (name && strcmp(name, desc->name) != 0)
		return err_set(err, ERR_PLUGIN_INVALID,
		    "the descriptor has the name '%s', the file name says '%s'",
		    desc->name, name);
	return 0;
}

static int
check_models(const struct iag_plugin *desc, struct err *err)
{
	uint32_t unknown = desc->need_flags & ~PLUGIN_NEED_KNOWN;

	if (unknown)
		return err_set(err, ERR_PLUGIN_INVALID,
		    "the plugin needs 0x%x, which this host does not know "
		    "(it knows 0x%x)",
		    unknown, PLUGIN_NEED_KNOWN);
	if (desc->thread_model != IAG_THREAD_PLUGIN_SERIAL &&
	    desc->thread_model != IAG_THREAD_INSTANCE_SERIAL &&
	    desc->thread_model != IAG_THREAD_PARALLEL)
		return err_set(err, ERR_PLUGIN_INVALID,
		    "the descriptor has thread_model %u, expected %u, %u or %u",
		    desc->thread_model, IAG_THREAD_PLUGIN_SERIAL,
		    IAG_THREAD_INSTANCE_SERIAL, IAG_THREAD_PARALLEL);
	return 0;
}

static int
check_texts(const struct iag_plugin *desc, struct err *err)
{
	if (!desc->version || !*desc->version || strlen(desc->version) > 64 ||
	    !plugin_text_is_line(desc->version))
		return err_set(err, ERR_PLUGIN_INVALID,
		    "the descriptor has no version of 1 to 64 characters");
	if (!desc->summary || !*desc->summary || strlen(desc->summary) > 200 ||
	    !plugin_text_is_line(desc->summary))
		return err_set(err, ERR_PLUGIN_INVALID,
		    "the descriptor has no summary: one line of 1 to 200 "
		    "characters");
	return 0;
}

/* The options, each of the plugin's size, into full ones of ours. */
static int
copy_options(struct plugin *plugin, struct err *err)
{
	const struct iag_plugin *desc = &plugin->desc;
	size_t size = desc->option_size;
	size_t i;

	if (desc->option_count == 0)
		return 0;
	if (!desc->options || desc->option_count > PLUGIN_OPTIONS_MAX)
		return err_set(err, ERR_PLUGIN_INVALID,
		    "the descriptor has %zu options at %s, at most %d are "
		    "allowed",
		    desc->option_count,
		    desc->options ? "an address" : "a null pointer",
		    PLUGIN_OPTIONS_MAX);
	if (size < PLUGIN_OPTION_SIZE_1_0 || size % sizeof(void *) ||
	    size > 4096)
		return err_set(err, ERR_PLUGIN_INVALID,
		    "the descriptor has option_size %zu, expected %u or a "
		    "later minor's",
		    size, PLUGIN_OPTION_SIZE_1_0);
	plugin->options = calloc(desc->option_count, sizeof *plugin->options);
	if (!plugin->options)
		return err_no_memory(err);
	if (size > sizeof *plugin->options)
		size = sizeof *plugin->options;
	for (i = 0; i < desc->option_count; i++)
		memcpy(&plugin->options[i],
		    (const char *)desc->options + i * desc->option_size, size);
	return plugin_check_options(plugin, err);
}

static int
adopt_tables(
    struct plugin *plugin, const struct iag_plugin *desc, struct err *err)
{
	int r;

	if (!plugin->desc.instance)
		return err_set(err, ERR_PLUGIN_INVALID,
		    "the descriptor has no instance table");
	r = copy_table(&plugin->instance, sizeof plugin->instance,
	    desc->instance, desc->instance->struct_size,
	    PLUGIN_INSTANCE_SIZE_1_0, "instance table", err);
	if (r == 0)
		r = check_reserved(
		    plugin->instance.reserved, "instance table", err);
	if (r < 0)
		return r;
	if (!desc->ops)
		return err_set(err, ERR_PLUGIN_INVALID,
		    "the descriptor has no table of its kind");
	switch (plugin->desc.kind) {
	case IAG_KIND_BACKEND:
		return adopt_backend(plugin, desc->ops, err);
	case IAG_KIND_WRITER:
		return adopt_writer(plugin, desc->ops, err);
	default:
		return adopt_store(plugin, desc->ops, err);
	}
}

int
plugin_adopt(struct plugin *plugin, const struct iag_plugin *desc,
    uint32_t kind, const char *name, struct err *err)
{
	int r;

	if (!desc)
		return err_set(err, ERR_PLUGIN_INVALID,
		    "iag_plugin_1() returned a null pointer, expected a "
		    "descriptor");
	plugin->desc_size = desc->struct_size;
	r = copy_table(&plugin->desc, sizeof plugin->desc, desc,
	    desc->struct_size, PLUGIN_SIZE_1_0, "descriptor", err);
	if (r == 0)
		r = check_kind(&plugin->desc, kind, err);
	if (r == 0)
		r = check_name(&plugin->desc, name, err);
	if (r == 0)
		r = check_models(&plugin->desc, err);
	if (r == 0)
		r = check_texts(&plugin->desc, err);
	if (r == 0)
		r = copy_options(plugin, err);
	if (r == 0)
		r = route_adopt(plugin, err);
	if (r == 0)
		r = adopt_tables(plugin, desc, err);
	if (r < 0) {
		plugin_drop(plugin);
		return r;
	}
	lane_init(&plugin->lane, true);
	return 0;
}

void
plugin_drop(struct plugin *plugin)
{
	free(plugin->options);
	plugin->options = NULL;
	plugin->desc.option_count = 0;
	route_drop(plugin);
}

/* The sizes that were frozen with 1.0. */
_Static_assert(sizeof(struct iag_plugin) >= PLUGIN_SIZE_1_0, "shrank");
_Static_assert(sizeof(struct iag_option) >= PLUGIN_OPTION_SIZE_1_0, "shrank");
_Static_assert(
    sizeof(struct iag_instance_ops) >= PLUGIN_INSTANCE_SIZE_1_0, "shrank");
_Static_assert(
    sizeof(struct iag_backend_ops) >= PLUGIN_BACKEND_SIZE_1_0, "shrank");
_Static_assert(
    sizeof(struct iag_writer_ops) >= PLUGIN_WRITER_SIZE_1_0, "shrank");
_Static_assert(sizeof(struct iag_store_ops) >= PLUGIN_STORE_SIZE_1_0, "shrank");
