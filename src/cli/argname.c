/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* Whoever typed an option looks for that in the message. */

#include "cli/argname.h"

#include <string.h>

#define ARGUMENT "argument '"

static bool
is_named(const struct field *field, const char *name, size_t len)
{
	return field && strlen(field->name) == len &&
	       memcmp(field->name, name, len) == 0;
}

/* True if the command has a word of its own for the argument. */
static bool
name_add(const struct command *command, const char *name, size_t len,
    struct buf *out)
{
	const struct option *option = command->options;

	if (is_named(command->operand_field, name, len)) {
		buf_printf(out, "operand '%s", command->operand);
		return true;
	}
	for (; option && option->name; option++) {
		if (!is_named(option->field, name, len))
			continue;
		buf_printf(out, "option '%s", option->name);
		return true;
	}
	return false;
}

void
argument_names(const struct command *command, const char *text, struct buf *out)
{
	const char *at;

	while ((at = strstr(text, ARGUMENT))) {
		const char *name = at + strlen(ARGUMENT);
		size_t len = strcspn(name, "'[.");

		buf_add(out, text, (size_t)(at - text));
		if (!name_add(command, name, len, out))
			buf_add(out, at, strlen(ARGUMENT) + len);
		text = name + len;
	}
	buf_str(out, text);
}
