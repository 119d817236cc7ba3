/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Option values: one slot for each option of the plugin's schema, filled
 * from program, configuration or default, each checked against its type.
 */

#include "host/option.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/dec.h"
#include "host/plugin.h"
#include "host/text.h"

struct option_set {
	const struct plugin *plugin;
	char *values[]; /* one for each option; NULL: none */
};

static bool
parse_int(const char *text, int64_t *ret_value)
{
	const char *p = text[0] == '-' ? text + 1 : text;
	char *end;
	long long value;

	if (p[0] < '0' || p[0] > '9' || (p[0] == '0' && p[1]))
		return false;
	errno = 0;
	value = strtoll(text, &end, 10);
	if (errno || *end)
		return false;
	*ret_value = value;
	return true;
}

static int
say_range(const struct iag_option *option, const char *value, struct err *err)
{
	return err_set(err, ERR_INPUT_INVALID, "expected %s..%s, got '%s'",
	    option->min ? option->min : "", option->max ? option->max : "",
	    value);
}

static int
check_int(const struct iag_option *option, const char *value, struct err *err)
{
	int64_t number;
	int64_t bound;

	if (!parse_int(value, &number))
		return err_set(err, ERR_INPUT_INVALID,
		    "expected a whole number, got '%s'", value);
	if (option->min && parse_int(option->min, &bound) && number < bound)
		return say_range(option, value, err);
	if (option->max && parse_int(option->max, &bound) && number > bound)
		return say_range(option, value, err);
	return 0;
}

/* -1, 0, 1: number against the bound's text. */
static int
compare_bound(const struct dec *number, const char *bound)
{
	CLEANUP_DEC struct dec limit;

	dec_init(&limit);
	if (dec_parse(&limit, bound, NULL) < 0)
		return 0;
	return dec_cmp(number, &limit);
}

static int
check_decimal(
    const struct iag_option *option, const char *value, struct err *err)
{
	CLEANUP_DEC struct dec number;

	dec_init(&number);
	if (dec_parse(&number, value, NULL) < 0)
		return err_set(err, ERR_INPUT_INVALID,
		    "expected a decimal such as '1.50', got '%s'", value);
	if ((option->min && compare_bound(&number, option->min) < 0) ||
	    (option->max && compare_bound(&number, option->max) > 0))
		return say_range(option, value, err);
	return 0;
}

static int
check_secret_name(const char *value, struct err *err)
{
	if (strncmp(value, "env:", 4) == 0 && value[4])
		return 0;
	if (strncmp(value, "file:/", 6) == 0)
		return 0;
	/* The value may be the secret itself: it is not repeated. */
	return err_set(err, ERR_INPUT_INVALID,
	    "expected 'env:NAME' or 'file:/PATH', the name of a secret");
}

int
option_check(
    const struct iag_option *option, const char *value, struct err *err)
{
	if (option->flags & IAG_OPTION_SECRET)
		return check_secret_name(value, err);
	switch (option->type) {
	case IAG_OPTION_INTEGER:
		return check_int(option, value, err);
	case IAG_OPTION_DECIMAL:
		return check_decimal(option, value, err);
	case IAG_OPTION_BOOLEAN:
		if (strcmp(value, "true") == 0 || strcmp(value, "false") == 0)
			return 0;
		return err_set(err, ERR_INPUT_INVALID,
		    "expected 'true' or 'false', got '%s'", value);
	case IAG_OPTION_CHOICE:
		if (plugin_text_has_word(option->choices, value))
			return 0;
		return err_set(err, ERR_INPUT_INVALID,
		    "expected one of '%s', got '%s'", option->choices, value);
	case IAG_OPTION_PATH:
		if (*value)
			return 0;
		return err_set(
		    err, ERR_INPUT_INVALID, "expected a path, got ''");
	default:
		return 0;
	}
}

static void
add_fault(struct buf *faults, const char *key, unsigned line, const char *text)
{
	if (faults->len)
		buf_str(faults, "; ");
	buf_printf(faults, "option '%s'", key);
	if (line)
		buf_printf(faults, " (line %u)", line);
	buf_printf(faults, ": %s", text);
}

/* The keys that there are, for the message about one that is not. */
static void
add_unknown(struct buf *faults, const struct plugin *plugin, const char *key,
    unsigned line)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	size_t i;

	buf_str(&text, "there is no such option");
	for (i = 0; i < plugin->desc.option_count; i++)
		buf_printf(&text, "%s '%s'", i ? "," : ", only",
		    plugin->options[i].key);
	add_fault(faults, key, line, buf_text(&text));
}

static void
find_unknown(const struct plugin *plugin, const struct config *config,
    const struct instance_option *given, size_t given_count, struct buf *faults)
{
	size_t i;

	for (i = 0; i < given_count; i++)
		if (!plugin_option(plugin, given[i].key))
			add_unknown(faults, plugin, given[i].key, 0);
	for (i = 0; config && i < config->plugins.option_count; i++) {
		const struct config_option *option =
		    &config->plugins.options[i];

		if (config_name_equal(option->plugin, plugin->desc.name) &&
		    !plugin_option(plugin, option->key))
			add_unknown(faults, plugin, option->key, option->line);
	}
}

static char *
take_value(const struct iag_option *option, const struct config *config,
    const char *value)
{
	char *path;

	if (option->type != IAG_OPTION_PATH || value[0] == '/' ||
	    (option->flags & IAG_OPTION_SECRET) || !config || !config->dir)
		return strdup(value);
	if (asprintf(&path, "%s/%s", config->dir, value) < 0)
		return NULL;
	return path;
}

/* The value from program, configuration or default; its line or 0. */
static const char *
find_value(const struct plugin *plugin, const struct iag_option *option,
    const struct config *config, const struct instance_option *given,
    size_t given_count, unsigned *ret_line)
{
	const struct config_option *written;
	size_t i;

	*ret_line = 0;
	for (i = 0; i < given_count; i++)
		if (strcmp(given[i].key, option->key) == 0 && given[i].value)
			return given[i].value;
	written = config ? config_plugin_option(
			       config, plugin->desc.name, option->key)
			 : NULL;
	if (written && written->value) {
		*ret_line = written->line;
		return written->value;
	}
	return option->value;
}

static int
fill(struct option_set *set, const struct config *config,
    const struct instance_option *given, size_t given_count, struct buf *faults)
{
	const struct plugin *plugin = set->plugin;
	size_t i;

	for (i = 0; i < plugin->desc.option_count; i++) {
		CLEANUP_ERR struct err why = ERR_INIT;
		const struct iag_option *option = &plugin->options[i];
		unsigned line;
		const char *value = find_value(
		    plugin, option, config, given, given_count, &line);

		if (!value) {
			if (option->flags & IAG_OPTION_REQUIRED)
				add_fault(faults, option->key, 0,
				    "is required and was not given");
			continue;
		}
		/* Defaults were checked when the plugin was loaded. */
		if (value != option->value &&
		    option_check(option, value, &why) < 0) {
			add_fault(faults, option->key, line, err_text(&why));
			continue;
		}
		set->values[i] = take_value(option, config, value);
		if (!set->values[i])
			return -1;
	}
	return 0;
}

int
option_set_new(const struct plugin *plugin, const struct config *config,
    const struct instance_option *given, size_t given_count,
    struct option_set **ret_set, struct err *err)
{
	CLEANUP_BUF struct buf faults = BUF_INIT;
	struct option_set *set = calloc(
	    1, sizeof *set + (plugin->desc.option_count + 1) * sizeof(char *));

	if (!set)
		return err_no_memory(err);
	set->plugin = plugin;
	find_unknown(plugin, config, given, given_count, &faults);
	if (fill(set, config, given, given_count, &faults) < 0 ||
	    faults.failed) {
		option_set_free(set);
		return err_no_memory(err);
	}
	if (faults.len) {
		option_set_free(set);
		return err_set(
		    err, ERR_CONFIG_INVALID, "%s", buf_text(&faults));
	}
	*ret_set = set;
	return 0;
}

void
option_set_free(struct option_set *set)
{
	size_t i;

	if (!set)
		return;
	for (i = 0; i < set->plugin->desc.option_count; i++)
		free(set->values[i]);
	free(set);
}

/* The slot of a key, NULL: no such option; *ret_option: its schema. */
static const char *const *
find_slot(const struct option_set *set, const char *key,
    const struct iag_option **ret_option)
{
	const struct iag_option *option;

	if (!set)
		return NULL;
	option = plugin_option(set->plugin, key);
	if (!option)
		return NULL;
	*ret_option = option;
	return (const char *const *)&set->values[option - set->plugin->options];
}

int32_t
option_str(
    const struct option_set *set, const char *key, const char **ret_value)
{
	const struct iag_option *option;
	const char *const *slot = find_slot(set, key, &option);

	if (!slot)
		return IAG_NOTFOUND;
	if (option->type == IAG_OPTION_INTEGER ||
	    option->type == IAG_OPTION_BOOLEAN ||
	    (option->flags & IAG_OPTION_SECRET))
		return IAG_INVAL;
	if (!*slot)
		return IAG_NOTFOUND;
	*ret_value = *slot;
	return 0;
}

int32_t
option_int(const struct option_set *set, const char *key, int64_t *ret_value)
{
	const struct iag_option *option;
	const char *const *slot = find_slot(set, key, &option);

	if (!slot)
		return IAG_NOTFOUND;
	if (option->type != IAG_OPTION_INTEGER)
		return IAG_INVAL;
	if (!*slot)
		return IAG_NOTFOUND;
	return parse_int(*slot, ret_value) ? 0 : IAG_INVAL;
}

int32_t
option_bool(const struct option_set *set, const char *key, uint32_t *ret_value)
{
	const struct iag_option *option;
	const char *const *slot = find_slot(set, key, &option);

	if (!slot)
		return IAG_NOTFOUND;
	if (option->type != IAG_OPTION_BOOLEAN)
		return IAG_INVAL;
	if (!*slot)
		return IAG_NOTFOUND;
	*ret_value = strcmp(*slot, "true") == 0;
	return 0;
}

int
option_secret(const struct option_set *set, const char *key,
    struct secret **ret_secret, struct err *err)
{
	const struct iag_option *option;
	const char *const *slot = find_slot(set, key, &option);
	int r;

	if (!slot)
		return IAG_NOTFOUND;
	if (!(option->flags & IAG_OPTION_SECRET))
		return IAG_INVAL;
	if (!*slot)
		return IAG_NOTFOUND;
	if (strncmp(*slot, "env:", 4) == 0)
		r = secret_password_from_env(*slot + 4, ret_secret, err);
	else
		r = secret_password_from_file(*slot + 5, ret_secret, err);
	if (r < 0)
		(void)err_wrap(err, "option '%s'", key);
	return r;
}

static void
add_secret_faults(const struct option_set *set, struct buf *faults)
{
	for (size_t i = 0; i < set->plugin->desc.option_count; i++) {
		CLEANUP_ERR struct err why = ERR_INIT;
		const struct iag_option *option = &set->plugin->options[i];
		struct secret *secret = NULL;

		if (!(option->flags & IAG_OPTION_SECRET) || !set->values[i])
			continue;
		if (option_secret(set, option->key, &secret, &why) < 0)
			buf_printf(faults, "%s%s", faults->len ? "; " : "",
			    err_text(&why));
		secret_free(secret);
	}
}

int
plugin_options_check(const struct plugin *plugin, const struct config *config,
    const struct instance_option *given, size_t given_count, struct err *err)
{
	CLEANUP_BUF struct buf faults = BUF_INIT;
	struct option_set *set = NULL;
	int r = option_set_new(plugin, config, given, given_count, &set, err);

	if (r < 0)
		return r;
	add_secret_faults(set, &faults);
	option_set_free(set);
	return faults.len
		   ? err_set(err, ERR_CONFIG_INVALID, "%s", buf_text(&faults))
		   : 0;
}
