/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * What can be done with a row of the key table: find it, describe it, check a
 * value against it and put the value where it belongs.
 */

#include "config/key.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "config/scope.h"

const struct key *
key_find(const char *path)
{
	for (size_t i = 0; i < key_count; i++) {
		if (strcmp(key_table[i].path, path) == 0)
			return &key_table[i];
	}
	return NULL;
}

const struct key_section *
key_section_find(const char *path)
{
	for (size_t i = 0; i < key_section_count; i++) {
		if (strcmp(key_sections[i].path, path) == 0)
			return &key_sections[i];
	}
	return NULL;
}

void *
key_member(const struct key *key, void *base)
{
	return (char *)base + key->offset;
}

const void *
key_member_const(const struct key *key, const void *base)
{
	return (const char *)base + key->offset;
}

size_t
key_children(const char *section, struct key_name *ret_names, size_t max)
{
	size_t count = 0;
	size_t len = strlen(section);

	for (size_t i = 0; i < key_count; i++) {
		const char *path = key_table[i].path;
		struct key_name name;
		bool known = false;

		if (len > 0 &&
		    (strncmp(path, section, len) != 0 || path[len] != '.'))
			continue;
		name.text = path + len + (len > 0);
		name.len = strcspn(name.text, ".");
		for (size_t j = 0; j < count; j++)
			known |=
			    ret_names[j].len == name.len &&
			    memcmp(ret_names[j].text, name.text, name.len) == 0;
		if (!known && count < max)
			ret_names[count++] = name;
	}
	return count;
}

bool
key_is_nullable(const struct key *key)
{
	if (key->flags & KEY_REQUIRED || key->type == KEY_OPTION)
		return false;
	return !key->def || key->type == KEY_LIST || key->form == &form_env;
}

void
key_allowed(const struct key *key, struct buf *out)
{
	if (key->type == KEY_LIST)
		buf_str(out, "a list, each entry ");
	if (key->type == KEY_BOOL) {
		buf_str(out, "true or false");
	} else if (key->type == KEY_UINT) {
		buf_printf(
		    out, "a whole number from %u to %u", key->min, key->max);
	} else if (key->words) {
		buf_str(out, "one of");
		for (size_t i = 0; key->words[i]; i++)
			buf_printf(out, "%s %s", i ? "," : "", key->words[i]);
	} else {
		buf_str(out, key->form->words);
	}
}

/* As in JSON: no sign, no leading zero. */
static bool
parse_uint(const char *text, uint32_t *ret_value)
{
	uint64_t value = 0;
	size_t len = strlen(text);

	if (len == 0 || len > 10 || (text[0] == '0' && len > 1))
		return false;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		value = value * 10 + (uint64_t)(text[i] - '0');
	}
	if (value > UINT32_MAX)
		return false;
	*ret_value = (uint32_t)value;
	return true;
}

static int
word_index(const char *const *words, const char *text)
{
	for (int i = 0; words[i]; i++) {
		if (strcmp(words[i], text) == 0)
			return i;
	}
	return -1;
}

static void
guess_word(const struct key *key, const char *text, struct buf *reason)
{
	const char *names[64];
	size_t count = 0;

	if (key->form == &form_scope || key->form == &form_token_scope) {
		assert(scope_count <= ARRAY_COUNT(names));
		for (; count < scope_count; count++)
			names[count] = scope_table[count].name;
	}
	for (; key->words && key->words[count]; count++)
		names[count] = key->words[count];
	fault_nearest(reason, text, names, count);
}

static const char *
find_reason(const struct key *key, const char *text, bool plain)
{
	uint32_t number = 0;

	switch (key->type) {
	case KEY_BOOL:
		if (!plain ||
		    (strcmp(text, "true") != 0 && strcmp(text, "false") != 0))
			return "it is neither";
		return NULL;
	case KEY_UINT:
		if (!plain || !parse_uint(text, &number) || number < key->min ||
		    number > key->max)
			return "it is not";
		return NULL;
	default:
		if (key->words)
			return word_index(key->words, text) < 0 ? "it is none"
								: NULL;
		return key->form->check(text);
	}
}

bool
key_accepts(
    const struct key *key, const char *text, bool plain, struct buf *reason)
{
	const char *why = find_reason(key, text, plain);

	if (!why)
		return true;
	buf_str(reason, "got ");
	if (key->form && key->form->quiet) {
		buf_str(reason, "a value that is not shown");
	} else {
		fault_quote(reason, text);
		if (!plain && (key->type == KEY_BOOL || key->type == KEY_UINT))
			buf_str(reason, " in quotes");
	}
	if (key->form && !key->words)
		buf_printf(reason, ", but %s", why);
	buf_str(reason, "; allowed is ");
	assert(key->type != KEY_LIST || key->form);
	if (key->type == KEY_LIST)
		buf_str(reason, key->form->words);
	else
		key_allowed(key, reason);
	guess_word(key, text, reason);
	return false;
}

static char *
text_value(const struct key *key, const char *text, const char *dir)
{
	char *path = NULL;

	if (!key->form->path || !dir || text[0] == '/')
		return strdup(text);
	if (asprintf(&path, "%s/%s", strcmp(dir, "/") == 0 ? "" : dir, text) <
	    0)
		return NULL;
	return path;
}

static bool
list_append(struct config_list *list, char *item)
{
	CLEANUP_FREE char *owned = item;
	char **items;

	if (!owned)
		return false;
	items = reallocarray(list->items, list->count + 2, sizeof *items);
	if (!items)
		return false;
	items[list->count++] = STEAL(owned);
	items[list->count] = NULL;
	list->items = items;
	return true;
}

bool
key_store(const struct key *key, void *base, const char *text, const char *dir)
{
	void *member = key_member(key, base);
	char *copy;

	switch (key->type) {
	case KEY_BOOL:
		*(bool *)member = strcmp(text, "true") == 0;
		return true;
	case KEY_UINT:
		return parse_uint(text, member);
	case KEY_ENUM:
		*(unsigned *)member = (unsigned)word_index(key->words, text);
		return true;
	case KEY_LIST:
		return list_append(member, text_value(key, text, dir));
	case KEY_TEXT:
		copy = text_value(key, text, dir);
		if (!copy)
			return false;
		free(*(char **)member);
		*(char **)member = copy;
		return true;
	case KEY_OPTION:
		break;
	}
	return true;
}

void
key_clear(const struct key *key, void *base)
{
	void *member = key_member(key, base);
	struct config_list *list;

	switch (key->type) {
	case KEY_BOOL:
		*(bool *)member = false;
		break;
	case KEY_UINT:
	case KEY_ENUM:
		*(uint32_t *)member = 0;
		break;
	case KEY_TEXT:
		free(*(char **)member);
		*(char **)member = NULL;
		break;
	case KEY_LIST:
		list = member;
		for (size_t i = 0; i < list->count; i++)
			free(list->items[i]);
		list->count = 0;
		if (list->items)
			list->items[0] = NULL;
		break;
	case KEY_OPTION:
		break;
	}
}

static bool
list_default(const struct key *key, void *base)
{
	struct config_list *list = key_member(key, base);
	const char *p = key->def;

	if (!list->items) {
		list->items = calloc(1, sizeof *list->items);
		if (!list->items)
			return false;
	}
	while (p && *p) {
		size_t len = strcspn(p, ",");

		if (!list_append(list, strndup(p, len)))
			return false;
		p += len + (p[len] == ',');
	}
	return true;
}

bool
key_default(const struct key *key, void *base)
{
	if (key->type == KEY_OPTION)
		return true;
	key_clear(key, base);
	if (key->type == KEY_LIST)
		return list_default(key, base);
	return !key->def || key_store(key, base, key->def, NULL);
}

static bool
list_is_default(const struct key *key, const struct config_list *list)
{
	const char *p = key->def;

	for (size_t i = 0; i < list->count; i++) {
		size_t len = strcspn(p, ",");

		if (len != strlen(list->items[i]) ||
		    strncmp(p, list->items[i], len) != 0)
			return false;
		p += len + (p[len] == ',');
	}
	return *p == '\0';
}

bool
key_is_default(const struct key *key, const void *base)
{
	const void *member = key_member_const(key, base);
	const char *text;
	uint32_t number = 0;

	switch (key->type) {
	case KEY_BOOL:
		return *(const bool *)member == (strcmp(key->def, "true") == 0);
	case KEY_UINT:
		return (!key->def || parse_uint(key->def, &number)) &&
		       *(const uint32_t *)member == number;
	case KEY_ENUM:
		return *(const unsigned *)member ==
		       (unsigned)word_index(key->words, key->def);
	case KEY_TEXT:
		text = *(char *const *)member;
		if (!text || !key->def)
			return !text && !key->def;
		return strcmp(text, key->def) == 0;
	case KEY_LIST:
		return list_is_default(key, member);
	case KEY_OPTION:
		break;
	}
	return true;
}
