/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* Whoever copies a line at night must not land in another store. */

#include "cli/runnable.h"

#include <ctype.h>
#include <string.h>

#include <json-c/linkhash.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "cli/command.h"
#include "cli/via.h"

#define PROGRAM "ibkr-agent "
#define WORD_SIZE 40
#define LETTERS "abcdefghijklmnopqrstuvwxyz-"

/* The word behind the program's name begins a command. */
static bool
is_command(const char *text)
{
	size_t len = strspn(text, LETTERS);
	char word[WORD_SIZE];

	if (len == 0 || len >= sizeof(word))
		return false;
	memcpy(word, text, len);
	word[len] = '\0';
	return command_find(word) || command_is_group(word);
}

static bool
begins_here(const char *text, const char *at)
{
	unsigned char before = at > text ? (unsigned char)at[-1] : ' ';

	return !isalnum(before) && !strchr("-./_", before) &&
	       is_command(at + strlen(PROGRAM));
}

/* The command that begins with words, the longest there is, or NULL. */
static const struct command *
command_of(const char *words)
{
	const struct command *found = NULL;
	char path[2 * WORD_SIZE];
	size_t len = strspn(words, LETTERS);

	while (len < sizeof(path)) {
		const struct command *known;

		memcpy(path, words, len);
		path[len] = '\0';
		known = command_find(path);
		found = known ? known : found;
		if (words[len] != ' ' || strspn(words + len + 1, LETTERS) == 0)
			break;
		len += 1 + strspn(words + len + 1, LETTERS);
	}
	return found;
}

/* Not all that is suggested goes through the daemon. */
static bool
fits(const char *words, const char *socket)
{
	const struct command *command = command_of(words);

	return !socket || !command || via_takes(command);
}

static void
add_option(struct buf *out, const char *option, const char *path)
{
	const char *quote = strpbrk(path, " \t\"$&();<>|*?#~`\\") ? "'" : "";

	buf_printf(out, PROGRAM "%s %s%s%s ", option, quote, path, quote);
}

void
runnable_add(const struct cli *cli, struct buf *out, const char *text)
{
	const char *config = cli_value(cli, "--config");
	const char *socket = config ? NULL : cli_value(cli, "--via");
	const char *option = socket ? "--via" : "--config";
	const char *path = socket ? socket : config;
	const char *from = text, *at = text;

	while (path && (at = strstr(at, PROGRAM))) {
		const char *words = at + strlen(PROGRAM);

		if (begins_here(text, at) && fits(words, socket)) {
			buf_add(out, from, (size_t)(at - from));
			add_option(out, option, path);
			from = words;
		}
		at += strlen(PROGRAM);
	}
	buf_str(out, from);
}

static int
member_change(const struct cli *cli, struct json_object *obj)
{
	const char *text = json_get_str(obj, "what_to_do", NULL);
	CLEANUP_BUF struct buf out = BUF_INIT;

	if (!text)
		return 0;
	runnable_add(cli, &out, text);
	return out.failed ? IAG_NOMEM
			  : json_add_str(obj, "what_to_do", buf_text(&out));
}

int
runnable_tree(const struct cli *cli, struct json_object *tree)
{
	int ret = member_change(cli, tree);

	json_object_object_foreach (tree, name, value) {
		(void)name;
		if (!json_object_is_type(value, json_type_array))
			continue;
		for (size_t i = 0; i < json_object_array_length(value); i++) {
			struct json_object *row =
			    json_object_array_get_idx(value, i);

			if (json_object_is_type(row, json_type_object))
				ret |= member_change(cli, row);
		}
	}
	return ret;
}
