/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The option schema of a plugin must make sense before a person meets it in
 * a configuration file: known types, sound keys, bounds and defaults that
 * fit their own type.
 */

#include <stdio.h>
#include <string.h>

#include "host/option.h"
#include "host/plugin.h"
#include "host/text.h"

#define OPTION_FLAGS_KNOWN (IAG_OPTION_REQUIRED | IAG_OPTION_SECRET)

static int
bad(const struct iag_option *option, const char *what, const char *found,
    struct err *err)
{
	return err_set(err, ERR_PLUGIN_INVALID,
	    "option '%s': %s, found '%.80s'", option->key, what, found);
}

static bool
takes_bounds(const struct iag_option *option)
{
	return option->type == IAG_OPTION_INTEGER ||
	       option->type == IAG_OPTION_DECIMAL;
}

/* A bound must be a value of the type, whatever the bounds say. */
static int
check_bound(const struct iag_option *option, const char *bound,
    const char *what, struct err *err)
{
	struct iag_option free_of_bounds = *option;

	free_of_bounds.min = NULL;
	free_of_bounds.max = NULL;
	if (!bound)
		return 0;
	if (!takes_bounds(option))
		return bad(option, "only numbers have bounds", bound, err);
	if (option_check(&free_of_bounds, bound, NULL) < 0)
		return bad(option, what, bound, err);
	return 0;
}

static int
check_choices(const struct iag_option *option, struct err *err)
{
	const char *words = option->choices;

	if (option->type != IAG_OPTION_CHOICE) {
		if (words)
			return bad(
			    option, "only a choice has choices", words, err);
		return 0;
	}
	if (!words || !*words)
		return bad(option, "a choice needs choices", "", err);
	if (words[0] == ' ' || words[strlen(words) - 1] == ' ' ||
	    strstr(words, "  "))
		return bad(
		    option, "expected words parted by one space", words, err);
	return 0;
}

static int
check_default(const struct iag_option *option, struct err *err)
{
	struct err why = ERR_INIT;
	int r;

	if (!option->value)
		return 0;
	if (option->flags & IAG_OPTION_REQUIRED)
		return bad(option, "a required option has no default",
		    option->value, err);
	if (option_check(option, option->value, &why) == 0)
		return 0;
	r = err_set(err, ERR_PLUGIN_INVALID,
	    "option '%s': the default does not fit: %s", option->key,
	    err_text(&why));
	err_fini(&why);
	return r;
}

static int
check_one(const struct iag_option *option, struct err *err)
{
	char text[16];
	int r;

	if (option->type < IAG_OPTION_STRING ||
	    option->type > IAG_OPTION_PATH) {
		(void)snprintf(text, sizeof text, "%u", option->type);
		return bad(option, "expected a type 1 to 6", text, err);
	}
	if (option->flags & ~OPTION_FLAGS_KNOWN) {
		(void)snprintf(text, sizeof text, "0x%x", option->flags);
		return bad(option, "expected flags of 0x3", text, err);
	}
	if ((option->flags & IAG_OPTION_SECRET) &&
	    option->type != IAG_OPTION_STRING)
		return bad(option, "a secret is a string", "another type", err);
	if (!option->help || !*option->help ||
	    !plugin_text_is_line(option->help))
		return bad(option, "expected one line of help",
		    option->help ? option->help : "", err);
	if ((option->value && !plugin_text_is_line(option->value)) ||
	    (option->choices && !plugin_text_is_line(option->choices)))
		return bad(option, "expected one line of text", "", err);
	r = check_bound(option, option->min, "min is no such value", err);
	if (r == 0)
		r = check_bound(
		    option, option->max, "max is no such value", err);
	if (r == 0)
		r = check_choices(option, err);
	return r < 0 ? r : check_default(option, err);
}

int
plugin_check_options(const struct plugin *plugin, struct err *err)
{
	size_t i;
	size_t j;

	for (i = 0; i < plugin->desc.option_count; i++) {
		const struct iag_option *option = &plugin->options[i];
		int r;

		if (!plugin_is_word(option->key))
			return err_set(err, ERR_PLUGIN_INVALID,
			    "option %zu has the key '%.80s', expected a name "
			    "of [a-z][a-z0-9_]*",
			    i, option->key ? option->key : "(null)");
		for (j = 0; j < i; j++)
			if (strcmp(plugin->options[j].key, option->key) == 0)
				return bad(option, "the key is there twice",
				    option->key, err);
		r = check_one(option, err);
		if (r < 0)
			return r;
	}
	return 0;
}
