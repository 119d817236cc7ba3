/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* Parsing of argv; args.h says what comes out. */

#include "cli/args.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/nearest.h"
#include "tools/tool.h"

struct parser {
	struct args *args;
	int argc;
	char *const *argv;
	int next;
	struct buf words; /* of the command so far */
	bool operands_only;
};

bool
args_has_json(int argc, char *const argv[])
{
	int i;

	for (i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], "--json") == 0)
			return true;
	return false;
}

const char *
args_value(const struct args *args, const char *option)
{
	size_t i;

	for (i = args->option_count; i > 0; i--)
		if (strcmp(args->options[i - 1].option->name, option) == 0)
			return args->options[i - 1].value;
	return NULL;
}

bool
args_has(const struct args *args, const char *option)
{
	size_t i;

	for (i = 0; i < args->option_count; i++)
		if (strcmp(args->options[i].option->name, option) == 0)
			return true;
	return false;
}

void
args_fini(struct args *args)
{
	free(args->group);
	free(args->options);
	free(args->operands);
}

/* What to do about any error of the command line's form. */
static void
suggest_help(const struct args *args, const struct buf *words, struct err *err)
{
	const char *path =
	    args->command ? args->command->path : buf_text(words);

	err_action(err, "run `ibkr-agent %s%s--help`", path, *path ? " " : "");
}

static int
unknown_option(const struct args *args, const struct option *list,
    const char *name, struct err *err)
{
	struct nearest nearest = NEAREST_INIT(name);
	struct buf hint CLEANUP_BUF = BUF_INIT;
	const struct option *option;

	for (option = list; option && option->name; option++)
		nearest_add(&nearest, option->name);
	for (option = global_options; option->name; option++)
		nearest_add(&nearest, option->name);
	nearest_write(&nearest, &hint);
	return err_set(err, ERR_INPUT_INVALID, "%s%sunknown option '%s'%s",
	    args->command ? args->command->path : "", args->command ? ": " : "",
	    name, buf_text(&hint));
}

static int
add_option(struct args *args, const struct option *option, const char *value,
    struct err *err)
{
	struct arg *grown;

	if (args_has(args, option->name))
		return err_set(err, ERR_INPUT_INVALID,
		    "option '%s' is given twice", option->name);
	grown =
	    reallocarray(args->options, args->option_count + 1, sizeof(*grown));
	if (!grown)
		return err_no_memory(err);
	args->options = grown;
	grown[args->option_count++] = (struct arg){ option, value };
	args->json |= strcmp(option->name, "--json") == 0;
	args->help |= strcmp(option->name, "--help") == 0;
	args->version |= strcmp(option->name, "--version") == 0;
	args->verbose |= strcmp(option->name, "--verbose") == 0;
	return 0;
}

/* Flags take `=true` and `=false` where they stand for a boolean argument. */
static bool
is_flag_value(const struct option *option, const char *value)
{
	return option->field &&
	       (strcmp(value, "true") == 0 || strcmp(value, "false") == 0);
}

/* A value is missing where the next option stands: --name=--x is one. */
static bool
is_option(const struct args *args, const char *word)
{
	char *name CLEANUP_FREE = strndup(word, strcspn(word, "="));

	return strncmp(word, "--", 2) == 0 && name &&
	       command_option(args->command, name) != NULL;
}

/* `--name` or `--name=value`, the value maybe in the next word. */
static int
parse_option(struct parser *parser, const char *word, struct err *err)
{
	struct args *args = parser->args;
	const char *equals = strchr(word, '=');
	char *name CLEANUP_FREE =
	    equals ? strndup(word, (size_t)(equals - word)) : strdup(word);
	const struct option *option;
	const char *value = equals ? equals + 1 : NULL;

	if (!name)
		return err_no_memory(err);
	option = command_option(args->command, name);
	if (!option && args->command && args->command->takes_all)
		return 0;
	if (!option)
		return unknown_option(args,
		    args->command ? args->command->options : NULL, name, err);
	if (!option->value && value && !is_flag_value(option, value))
		return err_set(err, ERR_INPUT_INVALID,
		    "option '%s' takes no value, got '%s'", name, value);
	if (option->value && !value) {
		if (parser->next >= parser->argc ||
		    is_option(args, parser->argv[parser->next]))
			return err_set(err, ERR_INPUT_INVALID,
			    "option '%s' needs a value: %s", name,
			    option->value);
		value = parser->argv[parser->next++];
	}
	return add_option(args, option, value, err);
}

/* The bytes of the first words of path. */
static size_t
words_len(const char *path, size_t words)
{
	size_t len = strcspn(path, " ");

	while (--words > 0 && path[len])
		len += 1 + strcspn(path + len + 1, " ");
	return len;
}

static size_t
words_count(const char *path)
{
	size_t count = 1;

	for (; *path; path++)
		count += *path == ' ';
	return count;
}

/* What was typed may be the start of a command, or the name of a tool. */
static int
unknown_command(const char *path, struct err *err)
{
	struct buf hint CLEANUP_BUF = BUF_INIT;
	struct buf best CLEANUP_BUF = BUF_INIT;
	struct nearest nearest = NEAREST_INIT(path);
	const struct tool *tool = tool_find(path);
	size_t i;

	for (i = 0; i < command_count(); i++) {
		const char *known = command_at(i)->path;
		size_t len = words_len(known, words_count(path));
		char *start CLEANUP_FREE = strndup(known, len);

		nearest_add(&nearest, start ? start : known);
		if (nearest.best != start)
			continue;
		buf_reset(&best);
		buf_str(&best, start ? start : known);
		nearest.best = buf_text(&best);
	}
	if (tool)
		nearest.best = tool->command;
	nearest_write(&nearest, &hint);
	return err_set(err, ERR_INPUT_INVALID, "unknown command '%s'%s", path,
	    buf_text(&hint));
}

/* One more word of the command's path. */
static int
parse_word(struct parser *parser, const char *word, struct err *err)
{
	struct buf path CLEANUP_BUF = BUF_INIT;
	struct args *args = parser->args;

	buf_printf(&path, "%s%s%s", buf_text(&parser->words),
	    parser->words.len > 0 ? " " : "", word);
	args->command = command_find(buf_text(&path));
	if (!args->command && !command_is_group(buf_text(&path)))
		return unknown_command(buf_text(&path), err);
	buf_reset(&parser->words);
	buf_str(&parser->words, buf_text(&path));
	return 0;
}

/* `doctor` is a command, and `doctor clock` is another one. */
static bool
goes_on(const struct parser *parser, const char *word)
{
	struct buf path CLEANUP_BUF = BUF_INIT;

	buf_printf(&path, "%s %s", buf_text(&parser->words), word);
	return !parser->operands_only && parser->args->operand_count == 0 &&
	       command_find(buf_text(&path));
}

static int
parse_operand(struct parser *parser, const char *word, struct err *err)
{
	struct args *args = parser->args;
	const struct command *command = args->command;

	if (command->takes_all)
		return 0;
	if (command->operand &&
	    (command->operand_many || args->operand_count == 0)) {
		const char **grown = reallocarray(
		    args->operands, args->operand_count + 1, sizeof(*grown));

		if (!grown)
			return err_no_memory(err);
		args->operands = grown;
		grown[args->operand_count++] = word;
		return 0;
	}
	return err_set(err, ERR_INPUT_INVALID, "%s: unexpected operand '%s'",
	    command->path, word);
}

static int
parse_next(struct parser *parser, struct err *err)
{
	const char *word = parser->argv[parser->next++];

	if (!parser->operands_only && strcmp(word, "--") == 0) {
		parser->operands_only = true;
		return 0;
	}
	if (!parser->operands_only && word[0] == '-' && word[1])
		return parse_option(parser, word, err);
	if (!parser->args->command || goes_on(parser, word))
		return parse_word(parser, word, err);
	return parse_operand(parser, word, err);
}

/* What the command needs and did not get, all of it. */
static int
check_needed(const struct args *args, struct err *err)
{
	struct buf missing CLEANUP_BUF = BUF_INIT;
	const struct command *command = args->command;
	const struct option *option;

	if (command->operand_needed && args->operand_count == 0)
		buf_printf(&missing, " %s", command->operand);
	for (option = command->options; option && option->name; option++)
		if (option->flags & OPTION_REQUIRED &&
		    !args_has(args, option->name))
			buf_printf(
			    &missing, " %s %s", option->name, option->value);
	if (missing.len == 0)
		return 0;
	return err_set(err, ERR_INPUT_INVALID, "%s: missing%s", command->path,
	    buf_text(&missing));
}

static int
check_complete(struct parser *parser, struct err *err)
{
	struct args *args = parser->args;

	if (args->help || args->version) {
		args->group = strdup(buf_text(&parser->words));
		return args->group ? 0 : err_no_memory(err);
	}
	if (args->command)
		return check_needed(args, err);
	if (parser->words.len > 0)
		return err_set(err, ERR_INPUT_INVALID,
		    "'%s' needs one more word", buf_text(&parser->words));
	return err_set(err, ERR_INPUT_INVALID, "a command is missing");
}

int
args_parse(struct args *args, int argc, char *const argv[], struct err *err)
{
	struct buf words CLEANUP_BUF = BUF_INIT;
	struct parser parser = {
		.args = args,
		.argc = argc,
		.argv = argv,
		.next = 1,
	};
	int rc = 0;

	*args = (struct args){ .json = args_has_json(argc, argv) };
	while (rc == 0 && parser.next < argc)
		rc = parse_next(&parser, err);
	if (rc == 0)
		rc = check_complete(&parser, err);
	words = parser.words; /* freed at the end of the scope */
	if (rc)
		suggest_help(args, &words, err);
	return rc;
}
