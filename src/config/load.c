/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Walks the file's tree along the key table.  Nothing stops at the first
 * fault: a key whose value was refused is marked, so that the rules do not
 * complain about what follows from it.
 */

#include "config/load.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "config/key.h"
#include "config/yaml.h"

#define NAMES 64    /* most keys directly inside a section */
#define NAME_LEN 48 /* longest of them */
#define ID_LEN 64   /* bytes of a policy's id, an option's name */
#define ID_WORDS "1 to %d of A-Z, a-z, 0-9, '-', '_' and '.'"

struct loader {
	struct config *config;
	struct faults *faults;
	bool no_memory;
};

/* A place in the file: what the table calls it and what the file does. */
struct place {
	const char *pattern; /* "risk_policies.*.enabled" */
	const char *path;    /* "risk_policies.small.enabled" */
	void *base;          /* struct config, risk_policy or peer_rule */
	struct config_mark *marks;
};

static const struct {
	const char *path;
	const char *hint;
} moved[] = {
	{ "audit.sqlite_path",
	    "was replaced by audit.path, the directory of the store" },
	{ "audit.hmac_secret",
	    "a secret may not stand in this file: put it into the variable "
	    "that audit.hmac_secret_env names, the file that "
	    "audit.hmac_secret_file names, or the service credential "
	    "audit-hmac-secret" },
	{ "remote_mcp.token_id_hmac_secret",
	    "a secret may not stand in this file: put it into the variable "
	    "that remote_mcp.token_id_hmac_secret_env names, or the file "
	    "that remote_mcp.token_id_hmac_secret_file names" },
};

static void walk(
    struct loader *l, const struct yaml_node *node, const struct place *place);

static void key_fault(struct loader *l, const struct config_mark *at,
    const char *path, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

static void
key_fault(struct loader *l, const struct config_mark *at, const char *path,
    const char *fmt, ...)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	va_list ap;

	buf_str(&text, "key ");
	fault_quote(&text, path);
	buf_str(&text, ": ");
	va_start(ap, fmt);
	buf_vprintf(&text, fmt, ap);
	va_end(ap);
	fault_add(l->faults, ERR_CONFIG_INVALID, at, "%s", buf_text(&text));
}

static void
mark_bad(struct config_mark *marks, const char *pattern)
{
	size_t len = strlen(pattern);

	for (size_t i = 0; i < key_count; i++) {
		const char *path = key_table[i].path;

		if (strncmp(path, pattern, len) == 0 &&
		    (path[len] == '\0' || path[len] == '.'))
			marks[i].bad = true;
	}
}

/* One value, or one entry of a list. */
static bool
take_scalar(struct loader *l, const struct key *key,
    const struct yaml_node *node, const struct place *place, size_t entry)
{
	CLEANUP_BUF struct buf reason = BUF_INIT;
	enum err_code code = ERR_CONFIG_INVALID;

	if (node->kind == YAML_REFUSED)
		return false;
	if (entry)
		buf_printf(&reason, "entry %zu: ", entry);
	if (node->kind != YAML_SCALAR || yaml_is_null(node)) {
		buf_printf(
		    &reason, "got %s; allowed is ", yaml_kind_name(node));
		if (entry)
			buf_str(&reason, key->form->words);
		else
			key_allowed(key, &reason);
		key_fault(l, &node->at, place->path, "%s", buf_text(&reason));
		return false;
	}
	if (key_accepts(key, node->text, node->plain, &reason)) {
		if (!key_store(key, place->base, node->text, l->config->dir))
			l->no_memory = true;
		return true;
	}
	if (key->form == &form_scope || key->form == &form_token_scope)
		code = ERR_AUTH_SCOPE_NOT_ALLOWED_IN_MVP;
	fault_add(l->faults, code, &node->at, "key '%s': %s", place->path,
	    buf_text(&reason));
	return false;
}

static bool
take_list(struct loader *l, const struct key *key, const struct yaml_node *node,
    const struct place *place)
{
	CLEANUP_BUF struct buf allowed = BUF_INIT;
	size_t entry = 0;
	bool good = true;

	if (node->kind != YAML_SEQUENCE) {
		key_allowed(key, &allowed);
		key_fault(l, &node->at, place->path, "got %s; allowed is %s",
		    yaml_kind_name(node), buf_text(&allowed));
		return false;
	}
	for (const struct yaml_node *n = node->first; n; n = n->next)
		good &= take_scalar(l, key, n, place, ++entry);
	return good;
}

static void
take_key(struct loader *l, const struct key *key, const struct yaml_node *node,
    const struct place *place)
{
	struct config_mark *mark = &place->marks[key - key_table];
	bool good = true;

	*mark = node->at;
	key_clear(key, place->base);
	if (yaml_is_null(node) && key_is_nullable(key))
		return;
	if (node->kind == YAML_REFUSED)
		good = false;
	else if (key->type == KEY_LIST)
		good = take_list(l, key, node, place);
	else
		good = take_scalar(l, key, node, place, 0);
	mark->bad = !good;
}

static bool
is_id(const char *id)
{
	size_t len = strlen(id);

	for (size_t i = 0; i < len; i++) {
		if (!isalnum((unsigned char)id[i]) && !strchr("-_.", id[i]))
			return false;
	}
	return len > 0 && len <= ID_LEN;
}

static void
take_option(struct loader *l, const struct yaml_node *node, const char *plugin,
    const struct place *place)
{
	struct config *config = l->config;
	const struct config_option *known =
	    config_plugin_option(config, plugin, node->key);
	struct config_option *options;
	struct config_option *o;

	if (node->kind == YAML_REFUSED)
		return;
	if (!is_id(node->key)) {
		key_fault(l, &node->key_at, place->path,
		    "allowed as an option's name are " ID_WORDS, ID_LEN);
		return;
	}
	if (node->kind != YAML_SCALAR || yaml_is_null(node)) {
		key_fault(l, &node->at, place->path,
		    "got %s; allowed is a single value", yaml_kind_name(node));
		return;
	}
	if (known) {
		key_fault(l, &node->key_at, place->path,
		    "was given before, in line %u", known->line);
		return;
	}
	options = reallocarray(config->plugins.options,
	    config->plugins.option_count + 1, sizeof *options);
	if (!options) {
		l->no_memory = true;
		return;
	}
	config->plugins.options = options;
	o = &options[config->plugins.option_count++];
	*o = (struct config_option){
		.plugin = strdup(plugin),
		.key = strdup(node->key),
		.value = strdup(node->text),
		.line = node->at.line,
		.column = node->at.column,
	};
	if (!o->plugin || !o->key || !o->value)
		l->no_memory = true;
}

static void
take_policy(
    struct loader *l, const struct yaml_node *node, const struct place *place)
{
	struct place inside = *place;
	struct risk_policy *policy;

	if (!is_id(node->key)) {
		key_fault(l, &node->key_at, place->path,
		    "allowed as a policy's id are " ID_WORDS, ID_LEN);
		return;
	}
	policy = config_add_policy(l->config, node->key);
	if (!policy) {
		l->no_memory = true;
		return;
	}
	inside.base = policy;
	inside.marks = policy->marks;
	policy->at = node->key_at;
	walk(l, node, &inside);
}

static void
take_peer(
    struct loader *l, const struct yaml_node *node, const struct place *place)
{
	struct place inside = *place;
	struct peer_rule *peer;

	if (!is_id(node->key)) {
		key_fault(l, &node->key_at, place->path,
		    "allowed as a principal's name are " ID_WORDS, ID_LEN);
		return;
	}
	peer = config_add_peer(l->config, node->key);
	if (!peer) {
		l->no_memory = true;
		return;
	}
	inside.base = peer;
	inside.marks = peer->marks;
	peer->at = node->key_at;
	walk(l, node, &inside);
}

static void
report_unknown(struct loader *l, const struct yaml_node *node,
    const struct place *place, const struct key_name *names, size_t count)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	char words[NAMES][NAME_LEN];
	const char *list[NAMES];

	for (size_t i = 0; i < ARRAY_COUNT(moved); i++) {
		if (strcmp(place->path, moved[i].path) == 0) {
			key_fault(
			    l, &node->key_at, place->path, "%s", moved[i].hint);
			return;
		}
	}
	buf_str(&text, "there is no such key, allowed here are");
	for (size_t i = 0; i < count; i++) {
		size_t len =
		    names[i].len < NAME_LEN ? names[i].len : NAME_LEN - 1;

		memcpy(words[i], names[i].text, len);
		words[i][len] = '\0';
		list[i] = words[i];
		buf_printf(&text, "%s %s", i ? "," : "", words[i]);
	}
	fault_nearest(&text, node->key, list, count);
	key_fault(l, &node->key_at, place->path, "%s", buf_text(&text));
}

static bool
is_name(const struct key_name *names, size_t count, const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < count; i++) {
		if (names[i].len == len &&
		    memcmp(names[i].text, name, len) == 0)
			return true;
	}
	return false;
}

/* A name that the file chooses: a policy, a principal, a plugin, an option. */
static void
take_chosen(
    struct loader *l, const struct yaml_node *node, const struct place *place)
{
	CLEANUP_FREE char *plugin = NULL;

	if (strcmp(place->pattern, "risk_policies.*") == 0) {
		take_policy(l, node, place);
	} else if (strcmp(place->pattern, "daemon.principals.*") == 0) {
		take_peer(l, node, place);
	} else if (strcmp(place->pattern, "plugins.options.*") == 0) {
		if (form_plugin.check(node->key))
			key_fault(l, &node->key_at, place->path,
			    "allowed here is %s", form_plugin.words);
		else
			walk(l, node, place);
	} else {
		/* plugins.options.NAME.KEY; a plugin's name has no dot */
		plugin = strdup(place->path + strlen("plugins.options."));
		if (!plugin) {
			l->no_memory = true;
			return;
		}
		plugin[strcspn(plugin, ".")] = '\0';
		take_option(l, node, plugin, place);
	}
}

static void
take_member(struct loader *l, const struct yaml_node *node,
    const struct place *parent, const struct key_name *names, size_t count)
{
	CLEANUP_BUF struct buf pattern = BUF_INIT;
	CLEANUP_BUF struct buf path = BUF_INIT;
	bool chosen = is_name(names, count, KEY_ANY);
	const struct key *key;
	struct place place = *parent;

	buf_printf(&path, "%s%s%s", parent->path, parent->path[0] ? "." : "",
	    node->key);
	buf_printf(&pattern, "%s%s%s", parent->pattern,
	    parent->pattern[0] ? "." : "", chosen ? KEY_ANY : node->key);
	if (path.failed || pattern.failed) {
		l->no_memory = true;
		return;
	}
	place.path = buf_text(&path);
	place.pattern = buf_text(&pattern);
	if (chosen) {
		take_chosen(l, node, &place);
		return;
	}
	if (!is_name(names, count, node->key)) {
		report_unknown(l, node, &place, names, count);
		return;
	}
	key = key_find(place.pattern);
	if (key)
		take_key(l, key, node, &place);
	else
		walk(l, node, &place);
}

static void
walk(struct loader *l, const struct yaml_node *node, const struct place *place)
{
	struct key_name names[NAMES];
	size_t count = key_children(place->pattern, names, NAMES);

	if (yaml_is_null(node))
		return; /* a section whose keys are all commented out */
	if (node->kind != YAML_MAPPING) {
		mark_bad(place->marks, place->pattern);
		if (node->kind == YAML_REFUSED)
			return;
		if (place->path[0])
			key_fault(l, &node->at, place->path,
			    "got %s; allowed is a mapping of keys to values",
			    yaml_kind_name(node));
		else
			fault_add(l->faults, ERR_CONFIG_INVALID, &node->at,
			    "got %s at the top; allowed is a mapping of "
			    "sections",
			    yaml_kind_name(node));
		return;
	}
	for (const struct yaml_node *m = node->first; m; m = m->next) {
		/* a file of nothing but faults need not be read to its end */
		if (l->no_memory || l->faults->count > 10 * FAULT_LINES)
			return;
		take_member(l, m, place, names, count);
	}
}

static void
check_required(struct loader *l, const struct yaml_node *root)
{
	for (size_t i = 0; i < key_count; i++) {
		const struct key *key = &key_table[i];
		const struct config_mark *mark = &l->config->marks[i];
		struct config_mark at = { .line = 1, .column = 1 };
		size_t section = strcspn(key->path, ".");

		if (!(key->flags & KEY_REQUIRED) || mark->line || mark->bad)
			continue;
		for (const struct yaml_node *n = root->first; n; n = n->next) {
			if (strlen(n->key) == section &&
			    strncmp(n->key, key->path, section) == 0)
				at = n->key_at;
		}
		CLEANUP_BUF struct buf allowed = BUF_INIT;
		key_allowed(key, &allowed);
		key_fault(l, &at, key->path, "is required: give %s",
		    buf_text(&allowed));
	}
}

int
load_text(
    struct config *config, const char *text, size_t len, struct faults *faults)
{
	struct loader l = { .config = config, .faults = faults };
	struct place top = { .pattern = "",
		.path = "",
		.base = config,
		.marks = config->marks };
	struct yaml_node *root = NULL;
	int rc = yaml_parse(text, len, faults, &root);

	if (rc != 0 || !root)
		return rc;
	walk(&l, root, &top);
	if (root->kind == YAML_MAPPING)
		check_required(&l, root);
	yaml_free(root);
	if (l.no_memory)
		return err_set(faults->err, ERR_OUT_OF_MEMORY,
		    "out of memory while reading the configuration");
	/* reference: raised to 1, not refused */
	if (config->live_trading.reconciler_interval_seconds == 0)
		config->live_trading.reconciler_interval_seconds = 1;
	rules_check(config, faults);
	return 0;
}
