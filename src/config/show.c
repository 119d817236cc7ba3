/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * `config show`: the values in force, those that nobody set marked as
 * defaults.  The YAML can be loaded again, but for what is masked.  The file
 * holds no secret of ours; what could be one are the options of plugins.
 */

#include "config/config.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include <json-c/json_object.h>

#include "base/json.h"
#include "base/redact.h"
#include "config/key.h"

#define SEGMENTS 6 /* risk_policies.ID.session_limit.max_...notional.amount */
#define SEGMENT_LEN 65

/* One value on its way out. */
struct entry {
	char segments[SEGMENTS][SEGMENT_LEN];
	size_t count;
	const struct key *key;
	const void *base;
	const char *option; /* the value of a plugin's option */
	bool is_default;
};

struct printer {
	struct buf *out;
	struct json_object *tree; /* NULL: YAML */
	struct json_object *defaults;
	struct entry last;
};

static void
add_segment(struct entry *e, const char *text, size_t len)
{
	if (e->count == SEGMENTS)
		return;
	(void)snprintf(
	    e->segments[e->count++], SEGMENT_LEN, "%.*s", (int)len, text);
}

/* The segments of a row, chosen names in the place of its stars. */
static void
set_segments(struct entry *e, const char *name, const char *name2)
{
	const char *p = e->key->path;

	while (*p) {
		size_t len = strcspn(p, ".");

		if (*p == '*' && name) {
			add_segment(e, name, strlen(name));
			name = name2;
		} else {
			add_segment(e, p, len);
		}
		p += len + (p[len] == '.');
	}
}

static const char *
option_value(const struct config_option *o)
{
	/* paths are an operator's business, and this is one's command */
	if (redact_is_sensitive_key(o->key) && !strcasestr(o->key, "path"))
		return REDACTED;
	return o->value;
}

static bool
is_unset(const struct key *key, const void *base)
{
	const void *member = key_member_const(key, base);

	if (key->type == KEY_TEXT)
		return *(char *const *)member == NULL;
	return key->type == KEY_UINT && !key->def &&
	       *(const uint32_t *)member == 0;
}

/* Plain where YAML cannot take it for something else. */
static void
yaml_text(struct buf *out, const char *text)
{
	size_t len = strlen(text);
	bool plain = len > 0 &&
		     (isalpha((unsigned char)text[0]) || text[0] == '/') &&
		     strcmp(text, "null") != 0 && strcmp(text, "true") != 0 &&
		     strcmp(text, "false") != 0 && strcmp(text, "yes") != 0 &&
		     strcmp(text, "no") != 0 && strcmp(text, "on") != 0 &&
		     strcmp(text, "off") != 0 && text[len - 1] != ':';

	for (size_t i = 0; i < len; i++)
		plain = plain && (isalnum((unsigned char)text[i]) ||
				     strchr("-_./:", text[i]));
	if (plain)
		buf_str(out, text);
	else
		json_write_string(out, text, len);
}

static void
yaml_list(struct buf *out, const struct config_list *list, unsigned indent)
{
	for (size_t i = 0; i < list->count; i++) {
		buf_printf(out, "\n%*s- ", (int)indent, "");
		yaml_text(out, list->items[i]);
	}
}

static void
yaml_value(struct buf *out, const struct entry *e, unsigned indent)
{
	const void *member = key_member_const(e->key, e->base);
	const char *mark = e->is_default ? "  # default" : "";
	const struct config_list *list = member;

	if (e->key->type != KEY_LIST || list->count == 0)
		buf_char(out, ' ');
	if (e->option) {
		yaml_text(out, e->option);
	} else if (is_unset(e->key, e->base)) {
		buf_str(out, "null");
	} else if (e->key->type == KEY_BOOL) {
		buf_str(out, *(const bool *)member ? "true" : "false");
	} else if (e->key->type == KEY_UINT) {
		buf_printf(out, "%u", *(const uint32_t *)member);
	} else if (e->key->type == KEY_ENUM) {
		buf_str(out, e->key->words[*(const unsigned *)member]);
	} else if (e->key->type == KEY_TEXT) {
		yaml_text(out, *(char *const *)member);
	} else if (list->count == 0) {
		buf_str(out, "[]");
	} else {
		buf_str(out, mark);
		yaml_list(out, list, indent);
		mark = "";
	}
	buf_printf(out, "%s\n", mark);
}

static void
yaml_entry(struct printer *p, const struct entry *e)
{
	size_t same = 0;

	while (same + 1 < e->count && same < p->last.count &&
	       strcmp(e->segments[same], p->last.segments[same]) == 0)
		same++;
	for (size_t i = same; i < e->count; i++) {
		buf_printf(p->out, "%*s", (int)(2 * i), "");
		yaml_text(p->out, e->segments[i]);
		buf_str(p->out, i + 1 < e->count ? ":\n" : ":");
	}
	yaml_value(p->out, e, (unsigned)(2 * e->count));
	p->last = *e;
}

static struct json_object *
json_value(const struct entry *e)
{
	const void *member = key_member_const(e->key, e->base);
	const struct config_list *list = member;
	struct json_object *array;

	if (e->option)
		return json_object_new_string(e->option);
	if (is_unset(e->key, e->base))
		return NULL;
	switch (e->key->type) {
	case KEY_BOOL:
		return json_object_new_boolean(*(const bool *)member);
	case KEY_UINT:
		return json_object_new_int64(*(const uint32_t *)member);
	case KEY_ENUM:
		return json_object_new_string(
		    e->key->words[*(const unsigned *)member]);
	case KEY_LIST:
		array = json_object_new_array();
		for (size_t i = 0; i < list->count; i++)
			(void)json_object_array_add(
			    array, json_object_new_string(list->items[i]));
		return array;
	default:
		return json_object_new_string(*(char *const *)member);
	}
}

static void
json_entry(struct printer *p, const struct entry *e)
{
	struct json_object *at = p->tree;
	CLEANUP_BUF struct buf path = BUF_INIT;

	for (size_t i = 0; i < e->count; i++)
		buf_printf(&path, "%s%s", i ? "." : "", e->segments[i]);
	for (size_t i = 0; i + 1 < e->count; i++) {
		struct json_object *next = json_get(at, e->segments[i]);

		if (!next) {
			next = json_object_new_object();
			(void)json_object_object_add(at, e->segments[i], next);
		}
		at = next;
	}
	(void)json_object_object_add(
	    at, e->segments[e->count - 1], json_value(e));
	if (e->is_default)
		(void)json_object_array_add(
		    p->defaults, json_object_new_string(buf_text(&path)));
}

static void
print_entry(struct printer *p, const struct entry *e)
{
	if (p->tree)
		json_entry(p, e);
	else
		yaml_entry(p, e);
}

static void
print_row(struct printer *p, const struct key *key, const void *base,
    const struct config_mark *mark, const char *name)
{
	struct entry e = { .key = key, .base = base };

	e.is_default = mark->line == 0 && key_is_default(key, base);
	set_segments(&e, name, NULL);
	print_entry(p, &e);
}

static void
print_policies(struct printer *p, const struct config *config)
{
	for (size_t i = 0; i < config->policy_count; i++) {
		const struct risk_policy *policy = &config->policies[i];

		for (size_t k = 0; k < key_count; k++) {
			if (key_table[k].flags & KEY_POLICY)
				print_row(p, &key_table[k], policy,
				    &policy->marks[k], policy->id);
		}
	}
}

static void
print_peers(struct printer *p, const struct config *config)
{
	for (size_t i = 0; i < config->peer_count; i++) {
		const struct peer_rule *peer = &config->peers[i];

		for (size_t k = 0; k < key_count; k++) {
			if (key_table[k].flags & KEY_PEER)
				print_row(p, &key_table[k], peer,
				    &peer->marks[k], peer->name);
		}
	}
}

static void
print_options(
    struct printer *p, const struct config *config, const struct key *key)
{
	for (size_t i = 0; i < config->plugins.option_count; i++) {
		const struct config_option *o = &config->plugins.options[i];
		struct entry e = { .key = key, .base = config };

		e.option = option_value(o);
		set_segments(&e, o->plugin, o->key);
		print_entry(p, &e);
	}
}

static void
print_all(struct printer *p, const struct config *config)
{
	unsigned done = 0; /* owners whose rows are out */

	for (size_t i = 0; i < key_count; i++) {
		const struct key *key = &key_table[i];

		if (key->type == KEY_OPTION) {
			print_options(p, config, key);
		} else if (!(key->flags & KEY_OWNERS)) {
			print_row(p, key, config, &config->marks[i], NULL);
		} else if (!(done & key->flags & KEY_OWNERS)) {
			(key->flags & KEY_POLICY ? print_policies
						 : print_peers)(p, config);
			done |= key->flags & KEY_OWNERS;
		}
	}
}

static void
show_json(const struct config *config, struct buf *out)
{
	CLEANUP_JSON struct json_object *root = json_object_new_object();
	struct printer p = { .out = out };

	p.tree = json_object_new_object();
	p.defaults = json_object_new_array();
	print_all(&p, config);
	(void)json_add_str(root, "path", config->path);
	(void)json_add_bool(root, "development", config->development);
	(void)json_add(root, "config", p.tree);
	(void)json_add(root, "defaults", p.defaults);
	json_write(out, root, 2);
	buf_char(out, '\n');
}

void
config_show(const struct config *config, bool json, struct buf *out)
{
	struct printer p = { .out = out };

	if (json) {
		show_json(config, out);
		return;
	}
	if (config->path)
		buf_printf(out, "# %s\n", config->path);
	else if (config->development)
		buf_str(out, "# development defaults, no file\n");
	print_all(&p, config);
}
