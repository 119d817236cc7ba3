/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The key table as mdoc, for the middle of ibkr-agent.yaml(5): a subsection
 * for each section, an item for each key.
 */

#include "config/config.h"

#include <string.h>

#include "config/key.h"

#define WIDTH 72

/* Sentences end lines, as mdoc wants it; long ones are wrapped. */
static void
add_text(struct buf *out, const char *text)
{
	size_t column = 0;

	while (*text) {
		size_t len = strcspn(text, " ");
		const char *next = text + len + strspn(text + len, " ");
		bool ends = len > 0 && text[len - 1] == '.';

		if (column > 0 && column + 1 + len > WIDTH) {
			buf_char(out, '\n');
			column = 0;
		}
		if (column > 0)
			buf_char(out, ' ');
		else if (*text == '.' || *text == '\'')
			buf_str(out, "\\&"); /* not a request */
		column += len + (column > 0);
		buf_add(out, text, len);
		if (ends) {
			buf_char(out, '\n');
			column = 0;
		}
		text = next;
	}
	if (column > 0)
		buf_char(out, '\n');
}

/* "risk_policies.*.enabled" as people read it. */
static void
add_path(struct buf *out, const char *path)
{
	bool policy = strncmp(path, "risk_policies", 13) == 0;
	bool plugin = true;

	for (; *path; path++) {
		if (*path != '*') {
			buf_char(out, *path);
			continue;
		}
		buf_str(out, policy ? "ID" : plugin ? "NAME" : "OPTION");
		plugin = false;
	}
}

static void
add_key(struct buf *out, const struct key *key)
{
	CLEANUP_BUF struct buf text = BUF_INIT;

	buf_str(out, ".It Va ");
	add_path(out, key->path);
	buf_char(out, '\n');
	buf_printf(&text, "%s  Allowed: ", key->help);
	if (key->type == KEY_OPTION)
		buf_str(&text, "a single value");
	else
		key_allowed(key, &text);
	buf_char(&text, '.');
	if (key->flags & KEY_REQUIRED)
		buf_str(&text, "  Required.");
	else if (key->def && key->type == KEY_LIST)
		buf_printf(
		    &text, "  Default: %s.", *key->def ? key->def : "none");
	else if (key->def)
		buf_printf(&text, "  Default: %s.", key->def);
	add_text(out, buf_text(&text));
}

static void
add_section(struct buf *out, const char *name, size_t len)
{
	for (size_t i = 0; i < key_section_count; i++) {
		const struct key_section *s = &key_sections[i];

		if (strlen(s->path) == len &&
		    strncmp(s->path, name, len) == 0) {
			buf_printf(out, ".Ss %s\n", s->path);
			add_text(out, s->help);
		}
	}
	buf_str(out, ".Bl -tag -width Ds\n");
	for (size_t i = 0; i < key_count; i++) {
		if (strncmp(key_table[i].path, name, len) == 0 &&
		    key_table[i].path[len] == '.')
			add_key(out, &key_table[i]);
	}
	buf_str(out, ".El\n");
}

void
config_manual(struct buf *out)
{
	const char *last = "";
	size_t last_len = 0;

	for (size_t i = 0; i < key_count; i++) {
		const char *path = key_table[i].path;
		size_t len = strcspn(path, ".");

		if (len == last_len && strncmp(path, last, len) == 0)
			continue;
		add_section(out, path, len);
		last = path;
		last_len = len;
	}
}
