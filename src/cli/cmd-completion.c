/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* completion: scripts for three shells, made from the command table. */

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "cli/cli.h"
#include "cli/output.h"

/* Names that were written already: options of many commands are alike. */
struct seen {
	const char **names;
	size_t count;
};

static bool
seen_before(struct seen *seen, const char *name)
{
	const char **grown;
	size_t i;

	for (i = 0; i < seen->count; i++)
		if (strcmp(seen->names[i], name) == 0)
			return true;
	grown = reallocarray(seen->names, seen->count + 1, sizeof(*grown));
	if (!grown)
		abort();
	seen->names = grown;
	grown[seen->count++] = name;
	return false;
}

typedef void visit_option(
    struct buf *out, const struct option *option, struct seen *seen);

static void
visit_list(struct buf *out, const struct option *option, struct seen *seen,
    visit_option *visit)
{
	for (; option && option->name; option++)
		visit(out, option, seen);
}

static void
visit_all(struct buf *out, visit_option *visit)
{
	struct seen seen = { NULL, 0 };
	size_t i;

	visit_list(out, global_options, &seen, visit);
	for (i = 0; i < command_count(); i++)
		visit_list(out, command_at(i)->options, &seen, visit);
	free(seen.names);
}

static void
add_valued(struct buf *out, const struct option *option, struct seen *seen)
{
	if (option->value && !seen_before(seen, option->name))
		buf_printf(
		    out, "%s%s", seen->count > 1 ? "|" : "", option->name);
}

static void
add_valued_word(struct buf *out, const struct option *option, struct seen *seen)
{
	if (option->value && !seen_before(seen, option->name))
		buf_printf(out, " %s", option->name);
}

static void
add_filed(struct buf *out, const struct option *option, struct seen *seen)
{
	if (option->flags & OPTION_FILE && !seen_before(seen, option->name))
		buf_printf(
		    out, "%s%s", seen->count > 1 ? "|" : "", option->name);
}

/* A choice of one command; the path tells whose. */
static void
add_choices(struct buf *out)
{
	const struct option *option;
	size_t i;

	for (i = 0; i < command_count(); i++) {
		option = command_at(i)->options;
		for (; option && option->name; option++)
			if (option->choices)
				buf_printf(out,
				    "    '%s %s')\n"
				    "        COMPREPLY=($(compgen -W '%s' -- "
				    "\"$cur\"))\n"
				    "        return\n"
				    "        ;;\n",
				    command_at(i)->path, option->name,
				    option->choices);
	}
}

/* The words that may follow the words of path. */
static void
add_next_words(struct buf *out, const char *path)
{
	struct seen seen = { NULL, 0 };
	size_t len = strlen(path);
	size_t i;

	for (i = 0; i < command_count(); i++) {
		const char *rest = command_at(i)->path;
		char *word CLEANUP_FREE = NULL;
		bool again = false;
		size_t k;

		if (strncmp(rest, path, len) != 0 ||
		    (len > 0 && rest[len] != ' '))
			continue;
		rest += len + (len > 0);
		word = strndup(rest, strcspn(rest, " "));
		if (!word)
			abort();
		for (k = 0; k < seen.count; k++)
			again |= strcmp(seen.names[k], word) == 0;
		if (again)
			continue;
		buf_printf(out, "%s%s", seen.count > 0 ? " " : "", word);
		(void)seen_before(&seen, STEAL(word));
	}
	for (i = 0; i < seen.count; i++)
		free((char *)(uintptr_t)seen.names[i]);
	free(seen.names);
}

/*
 * The first len bytes of a path are words that lead on, and no command before
 * it has shown them already; commands are sorted.
 */
static bool
is_new_group(size_t i, size_t len)
{
	const char *path = command_at(i)->path;
	const char *before = i > 0 ? command_at(i - 1)->path : "";

	return path[len] == ' ' &&
	       (strncmp(before, path, len) != 0 || before[len] != ' ');
}

static void
add_bash_group(struct buf *out, const char *path, size_t len)
{
	char *words CLEANUP_FREE = strndup(path, len);

	if (!words)
		abort();
	buf_printf(out, "    '%s') offer='", words);
	add_next_words(out, words);
	buf_str(out, "' ;;\n");
}

static void
add_bash_groups(struct buf *out)
{
	for (size_t i = 0; i < command_count(); i++) {
		const char *path = command_at(i)->path;

		for (size_t len = 0; path[len]; len++)
			if (is_new_group(i, len))
				add_bash_group(out, path, len);
	}
}

/* What the shells ask for the operand of `plugins show`. */
#define PLUGIN_NAMES                                    \
	"ibkr-agent plugins list --json 2>/dev/null | " \
	"sed -n 's/^ *\"name\": \"\\([^\"]*\\)\".*/\\1/p'"

enum operand {
	OPERAND_NONE,
	OPERAND_FILE,
	OPERAND_PLUGIN,
	OPERAND_CHOICE /* "bash|zsh|fish" */
};

static enum operand
operand_of(const struct command *command)
{
	if (!command->operand)
		return OPERAND_NONE;
	if (strcmp(command->operand, "FILE") == 0)
		return OPERAND_FILE;
	if (strcmp(command->path, "plugins show") == 0)
		return OPERAND_PLUGIN;
	return strchr(command->operand, '|') ? OPERAND_CHOICE : OPERAND_NONE;
}

static void
add_operand_choices(struct buf *out, const struct command *command)
{
	const char *c;

	for (c = command->operand; *c; c++)
		buf_char(out, *c == '|' ? ' ' : *c);
}

/* What may stand there besides the options, which are in `offer`. */
static void
add_bash_operand(struct buf *out, const struct command *command)
{
	switch (operand_of(command)) {
	case OPERAND_FILE:
		buf_str(out, "        if [[ $cur != -* ]]; then\n"
			     "            COMPREPLY=($(compgen -f -- "
			     "\"$cur\"))\n"
			     "            return\n"
			     "        fi\n");
		break;
	case OPERAND_PLUGIN:
		buf_str(out,
		    "        [[ $cur == -* ]] || offer=$(" PLUGIN_NAMES ")\n");
		break;
	case OPERAND_CHOICE:
		buf_str(out, "        offer='");
		add_operand_choices(out, command);
		buf_str(out, "'\n");
		break;
	case OPERAND_NONE:
		break;
	}
}

static void
add_bash_commands(struct buf *out)
{
	size_t i;

	for (i = 0; i < command_count(); i++) {
		const struct command *command = command_at(i);
		const struct option *option = command->options;

		if (command_is_group(command->path))
			continue; /* its further words are offered */
		buf_printf(out, "    '%s') offer='", command->path);
		for (; option && option->name; option++)
			buf_printf(out, "%s%s",
			    option == command->options ? "" : " ",
			    option->name);
		if (operand_of(command) == OPERAND_NONE) {
			buf_str(out, "' ;;\n");
			continue;
		}
		buf_str(out, "'\n");
		add_bash_operand(out, command);
		buf_str(out, "        ;;\n");
	}
}

/* No name of a local may be one that zsh gives a meaning: path, words. */
static void
add_words_function(struct buf *out)
{
	const struct option *option;

	buf_str(out, "_ibkr_agent()\n{\n"
		     "    local cur prev given='' offer='' i\n"
		     "    cur=${COMP_WORDS[COMP_CWORD]}\n"
		     "    prev=${COMP_WORDS[COMP_CWORD - 1]}\n"
		     "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
		     "        case ${COMP_WORDS[i]} in\n        ");
	visit_all(out, add_valued);
	buf_str(out,
	    ") ((i++)) ;;\n"
	    "        -*) ;;\n"
	    "        *) given=\"$given${given:+ }${COMP_WORDS[i]}\" ;;\n"
	    "        esac\n"
	    "    done\n"
	    "    case \"$given $prev\" in\n");
	add_choices(out);
	buf_str(out, "    esac\n    case $prev in\n    ");
	visit_all(out, add_filed);
	buf_str(out, ")\n"
		     "        COMPREPLY=($(compgen -f -- \"$cur\"))\n"
		     "        return\n"
		     "        ;;\n    ");
	visit_all(out, add_valued);
	buf_str(out, ")\n        COMPREPLY=()\n        return\n        ;;\n"
		     "    esac\n    case $given in\n    '') offer='");
	add_next_words(out, "");
	buf_str(out, "' ;;\n");
	add_bash_groups(out);
	add_bash_commands(out);
	buf_str(out, "    esac\n    offer=\"$offer");
	for (option = global_options; option->name; option++)
		buf_printf(out, " %s", option->name);
	buf_str(out, "\"\n"
		     "    COMPREPLY=($(compgen -W \"$offer\" -- \"$cur\"))\n"
		     "}\n");
}

static void
add_bash(struct buf *out)
{
	add_words_function(out);
	buf_str(out, "complete -o filenames -F _ibkr_agent ibkr-agent\n");
}

/*
 * zsh has what runs a function that was made for bash.  Where it loads the
 * file by its name, it does so for the first tab, which is answered at the
 * end.
 */
static void
add_zsh(struct buf *out)
{
	buf_str(out, "#compdef ibkr-agent\n"
		     "autoload -U +X bashcompinit && bashcompinit\n");
	add_words_function(out);
	buf_str(out, "_ibkr_agent_zsh()\n{\n"
		     "    local COMP_CWORD=$((CURRENT - 1)) found\n"
		     "    local -a COMP_WORDS plain folders\n"
		     "    COMP_WORDS=(\"${words[@]}\")\n"
		     "    for found in ${(f)\"$(compgen -F _ibkr_agent -- "
		     "\"${words[CURRENT]}\")\"}; do\n"
		     "        if [[ -d $found ]]; then\n"
		     "            folders+=(\"$found\")\n"
		     "        else\n"
		     "            plain+=(\"$found\")\n"
		     "        fi\n"
		     "    done\n"
		     "    compadd -a plain\n"
		     "    compadd -q -S / -a folders\n"
		     "}\n"
		     "compdef _ibkr_agent_zsh ibkr-agent\n"
		     "[[ ${funcstack[1]-} != _ibkr-agent ]] || "
		     "_ibkr_agent_zsh\n");
}

static void
add_fish_text(struct buf *out, const char *text)
{
	buf_char(out, '\'');
	for (; *text; text++) {
		if (*text == '\'' || *text == '\\')
			buf_char(out, '\\');
		buf_char(out, *text);
	}
	buf_char(out, '\'');
}

static void
add_fish_option(struct buf *out, const char *path, const struct option *option)
{
	buf_str(out, "complete -c ibkr-agent");
	if (path)
		buf_printf(out, " -n '__ibkr_agent_at \"%s\"'", path);
	buf_printf(out, " -l %s", option->name + 2);
	if (option->flags & OPTION_FILE)
		buf_str(out, " -r -F");
	else if (option->value)
		buf_str(out, " -x");
	if (option->choices)
		buf_printf(out, " -a '%s'", option->choices);
	buf_str(out, " -d ");
	add_fish_text(out, option->help);
	buf_char(out, '\n');
}

static void
add_fish_word(struct buf *out, const struct command *command)
{
	const char *space = strrchr(command->path, ' ');

	buf_printf(out, "complete -c ibkr-agent -n '__ibkr_agent_at \"%.*s\"'",
	    space ? (int)(space - command->path) : 0, command->path);
	buf_printf(out, " -a %s -d ", space ? space + 1 : command->path);
	add_fish_text(out, command->summary);
	buf_char(out, '\n');
}

/* The last of the first len bytes' words, behind those before it. */
static void
add_fish_group(struct buf *out, const char *path, size_t len)
{
	size_t at = len;

	while (at > 0 && path[at - 1] != ' ')
		at--;
	buf_printf(out,
	    "complete -c ibkr-agent -n '__ibkr_agent_at \"%.*s\"' -a %.*s\n",
	    at > 0 ? (int)(at - 1) : 0, path, (int)(len - at), path + at);
}

static void
add_fish_operand(struct buf *out, const struct command *command)
{
	enum operand operand = operand_of(command);

	if (operand == OPERAND_NONE)
		return;
	buf_printf(out, "complete -c ibkr-agent -n '__ibkr_agent_at \"%s\"'",
	    command->path);
	switch (operand) {
	case OPERAND_FILE:
		buf_str(out, " -F");
		break;
	case OPERAND_PLUGIN:
		buf_str(out, " -a '(__ibkr_agent_plugins)'");
		break;
	default:
		buf_str(out, " -a '");
		add_operand_choices(out, command);
		buf_char(out, '\'');
		break;
	}
	buf_char(out, '\n');
}

static bool
is_command(const char *path, size_t len)
{
	char *words CLEANUP_FREE = strndup(path, len);

	return words && command_find(words);
}

static void
add_fish(struct buf *out)
{
	const struct option *option;
	size_t i;

	buf_str(out, "function __ibkr_agent_at\n"
		     "    set -l path\n"
		     "    set -l value no\n"
		     "    for word in (commandline -opc)[2..-1]\n"
		     "        if test $value = yes\n"
		     "            set value no\n"
		     "            continue\n"
		     "        end\n"
		     "        switch $word\n"
		     "            case");
	visit_all(out, add_valued_word);
	buf_str(out, "\n"
		     "                set value yes\n"
		     "            case '-*'\n"
		     "            case '*'\n"
		     "                set -a path $word\n"
		     "        end\n"
		     "    end\n"
		     "    test \"$path\" = \"$argv[1]\"\n"
		     "end\n"
		     "function __ibkr_agent_plugins\n"
		     "    " PLUGIN_NAMES "\n"
		     "end\n"
		     "complete -c ibkr-agent -f\n");
	for (option = global_options; option->name; option++)
		add_fish_option(out, NULL, option);
	for (i = 0; i < command_count(); i++) {
		const struct command *command = command_at(i);
		const char *path = command->path;

		add_fish_word(out, command);
		for (size_t len = 0; path[len]; len++)
			if (is_new_group(i, len) && !is_command(path, len))
				add_fish_group(out, path, len);
		for (option = command->options; option && option->name;
		     option++)
			add_fish_option(out, command->path, option);
		add_fish_operand(out, command);
	}
}

int
run_completion(struct cli *cli, struct err *err)
{
	struct buf out CLEANUP_BUF = BUF_INIT;
	const char *shell = cli->args.operands[0];

	if (strcmp(shell, "zsh") == 0)
		add_zsh(&out);
	else if (strcmp(shell, "bash") == 0)
		add_bash(&out);
	else if (strcmp(shell, "fish") == 0)
		add_fish(&out);
	else
		return err_set(err, ERR_INPUT_INVALID,
		    "completion: expected bash, zsh or fish, got '%s'", shell);
	return output_write(&out, err);
}
