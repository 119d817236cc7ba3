/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The life of a configuration: made with the defaults of the key table, read
 * from a file or computed for development, and freed.
 */

#include "config/config.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "config/key.h"
#include "config/load.h"
#include "config/scope.h"
#include "config/yaml.h"

static bool
set_defaults(void *base, unsigned owner)
{
	for (size_t i = 0; i < key_count; i++) {
		if ((key_table[i].flags & KEY_OWNERS) == owner &&
		    !key_default(&key_table[i], base))
			return false;
	}
	return true;
}

static void
clear_all(void *base, unsigned owner)
{
	for (size_t i = 0; i < key_count; i++) {
		const struct key *key = &key_table[i];

		if ((key->flags & KEY_OWNERS) != owner)
			continue;
		key_clear(key, base);
		if (key->type == KEY_LIST)
			free(((struct config_list *)key_member(key, base))
				 ->items);
	}
}

static void
cleanup_config_p(struct config **config)
{
	config_free(*config);
}
#define CLEANUP_CONFIG __attribute__((cleanup(cleanup_config_p)))

struct config *
config_new(void)
{
	CLEANUP_CONFIG struct config *config = calloc(1, sizeof *config);

	if (!config)
		return NULL;
	config->marks = calloc(key_count, sizeof *config->marks);
	if (!config->marks || !set_defaults(config, 0))
		return NULL;
	return STEAL(config);
}

void
config_free(struct config *config)
{
	if (!config)
		return;
	clear_all(config, 0);
	for (size_t i = 0; i < config->policy_count; i++) {
		clear_all(&config->policies[i], KEY_POLICY);
		free(config->policies[i].id);
		free(config->policies[i].marks);
	}
	for (size_t i = 0; i < config->peer_count; i++) {
		clear_all(&config->peers[i], KEY_PEER);
		free(config->peers[i].name);
		free(config->peers[i].marks);
	}
	for (size_t i = 0; i < config->plugins.option_count; i++) {
		free(config->plugins.options[i].plugin);
		free(config->plugins.options[i].key);
		free(config->plugins.options[i].value);
	}
	free(config->policies);
	free(config->peers);
	free(config->plugins.options);
	free(config->marks);
	free(config->path);
	free(config->dir);
	free(config);
}

struct risk_policy *
config_add_policy(struct config *config, const char *id)
{
	struct risk_policy *policies = reallocarray(
	    config->policies, config->policy_count + 1, sizeof *policies);
	struct risk_policy *policy;

	if (!policies)
		return NULL;
	config->policies = policies;
	policy = &policies[config->policy_count];
	memset(policy, 0, sizeof *policy);
	config->policy_count++;
	policy->id = strdup(id);
	policy->marks = calloc(key_count, sizeof *policy->marks);
	if (!policy->id || !policy->marks || !set_defaults(policy, KEY_POLICY))
		return NULL;
	return policy;
}

struct peer_rule *
config_add_peer(struct config *config, const char *name)
{
	struct peer_rule *peers =
	    reallocarray(config->peers, config->peer_count + 1, sizeof *peers);
	struct peer_rule *peer;

	if (!peers)
		return NULL;
	config->peers = peers;
	peer = &peers[config->peer_count++];
	memset(peer, 0, sizeof *peer);
	peer->name = strdup(name);
	peer->marks = calloc(key_count, sizeof *peer->marks);
	if (!peer->name || !peer->marks || !set_defaults(peer, KEY_PEER))
		return NULL;
	return peer;
}

/* The whole file, or a fault that says why not. */
static int
read_file(const char *path, struct buf *text, struct faults *faults)
{
	CLEANUP_CLOSE int fd = open(path, /* a FIFO must not block us */
	    O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat st;
	ssize_t got = 0;

	if (fd < 0 || fstat(fd, &st) != 0) {
		fault_add(faults, ERR_CONFIG_INVALID, NULL,
		    "the configuration cannot be opened: %s", strerror(errno));
		return 0;
	}
	if (!S_ISREG(st.st_mode)) {
		fault_add(faults, ERR_CONFIG_INVALID, NULL,
		    "the configuration has to be a regular file, this is %s",
		    S_ISDIR(st.st_mode)    ? "a directory"
		    : S_ISFIFO(st.st_mode) ? "a pipe"
					   : "something else");
		return 0;
	}
	do {
		char *room = buf_reserve(text, 4096);

		if (!room)
			break;
		got = read(fd, room, 4096);
		if (got > 0)
			text->len += (size_t)got;
	} while ((got > 0 || (got < 0 && errno == EINTR)) &&
		 text->len <= YAML_BYTES);
	if (text->failed)
		return err_set(faults->err, ERR_OUT_OF_MEMORY,
		    "out of memory while reading '%s'", path);
	if (got < 0)
		fault_add(faults, ERR_CONFIG_INVALID, NULL,
		    "the configuration cannot be read: %s", strerror(errno));
	else if (text->len > YAML_BYTES)
		fault_add(faults, ERR_CONFIG_INVALID, NULL,
		    "the configuration is larger than %d bytes", YAML_BYTES);
	return 0;
}

static bool
set_place(struct config *config, const char *path)
{
	CLEANUP_FREE char *cwd = NULL;
	char *slash;

	if (path[0] == '/') {
		config->path = strdup(path);
	} else {
		cwd = getcwd(NULL, 0);
		if (!cwd || asprintf(&config->path, "%s/%s", cwd, path) < 0)
			config->path = NULL;
	}
	config->dir = config->path ? strdup(config->path) : NULL;
	if (!config->dir)
		return false;
	slash = strrchr(config->dir, '/');
	slash[slash == config->dir] = '\0';
	return true;
}

int
config_load(const char *path, struct config **ret_config, struct buf *faults,
    struct err *err)
{
	CLEANUP_CONFIG struct config *config = config_new();
	CLEANUP_BUF struct buf text = BUF_INIT;
	struct faults list = { .file = path, .out = faults, .err = err };
	int rc;

	if (!config || !set_place(config, path))
		return err_set(err, ERR_OUT_OF_MEMORY,
		    "out of memory while reading '%s'", path);
	rc = read_file(path, &text, &list);
	if (rc == 0 && list.count == 0)
		rc = load_text(config, buf_text(&text), text.len, &list);
	if (rc == 0)
		rc = fault_end(&list);
	if (rc == 0)
		*ret_config = STEAL(config);
	return rc;
}

int
config_rules(const struct config *config, struct buf *faults, struct err *err)
{
	struct faults list = {
		.file = config->path, .out = faults, .err = err
	};

	rules_check(config, &list);
	return fault_end(&list);
}

/* Where a user's programs keep what they may not lose (XDG, 0.8). */
static char *
state_home(void)
{
	const char *state = getenv("XDG_STATE_HOME");
	const char *home = getenv("HOME");
	struct passwd entry;
	struct passwd *user = NULL;
	char names[4096];
	char *path = NULL;

	if (state && state[0] == '/')
		return strdup(state);
	if (!home || home[0] != '/') {
		(void)getpwuid_r(geteuid(), &entry, names, sizeof names, &user);
		home = user ? user->pw_dir : NULL;
	}
	if (!home || home[0] != '/' ||
	    asprintf(&path, "%s/.local/state", home) < 0)
		return NULL;
	return path;
}

static bool
set_development(struct config *config, const char *state)
{
	/* the paper accounts of the fake backend */
	static const char *const accounts[] = { "DU1234567", "DU2345678" };
	const char *scopes[64];
	size_t count = 0;

	for (size_t i = 0; i < scope_count; i++) {
		if (scope_table[i].tier != SCOPE_TIER_OPERATOR)
			scopes[count++] = scope_table[i].name;
	}
	config->development = true;
	config->order_preview.enabled = true;
	config->paper_trading.enabled = true;
	config->paper_trading.writer = strdup("local-candidate");
	if (asprintf(&config->audit.path, "%s/ibkr-agent/store", state) < 0)
		config->audit.path = NULL;
	if (asprintf(&config->dir, "%s/ibkr-agent", state) < 0)
		config->dir = NULL;
	return config->paper_trading.writer && config->audit.path &&
	       config->dir &&
	       config_list_set(&config->auth.enabled_scopes, scopes, count) ==
		   0 &&
	       config_list_set(&config->paper_trading.allowed_accounts,
		   accounts, ARRAY_COUNT(accounts)) == 0;
}

int
config_development(struct config **ret_config, struct err *err)
{
	CLEANUP_CONFIG struct config *config = config_new();
	CLEANUP_FREE char *state = state_home();

	if (!state)
		return err_set(err, ERR_CONFIG_INVALID,
		    "there is no place for the store: neither XDG_STATE_HOME "
		    "nor HOME is an absolute path");
	if (!config || !set_development(config, state))
		return err_set(
		    err, ERR_OUT_OF_MEMORY, "out of memory for the defaults");
	*ret_config = STEAL(config);
	return 0;
}

int
config_find(const char *option, struct config **ret_config, struct buf *faults,
    struct err *err)
{
	const char *name = option ? option : getenv("IBKR_AGENT_CONFIG");

	if (name && !name[0])
		return err_set(err, ERR_CONFIG_INVALID,
		    "%s is empty: name a file, or leave it out",
		    option ? "--config" : "IBKR_AGENT_CONFIG");
	if (name)
		return config_load(name, ret_config, faults, err);
	return config_development(ret_config, err);
}

bool
config_name_equal(const char *a, const char *b)
{
	for (; *a || *b; a++, b++) {
		if ((*a == '_' ? '-' : *a) != (*b == '_' ? '-' : *b))
			return false;
	}
	return true;
}

const struct config_option *
config_plugin_option(
    const struct config *config, const char *plugin, const char *key)
{
	for (size_t i = 0; i < config->plugins.option_count; i++) {
		const struct config_option *o = &config->plugins.options[i];

		if (config_name_equal(o->plugin, plugin) &&
		    config_name_equal(o->key, key))
			return o;
	}
	return NULL;
}

static void
free_items(char **items)
{
	for (size_t i = 0; items && items[i]; i++)
		free(items[i]);
	free(items);
}

int
config_list_set(
    struct config_list *list, const char *const *items, size_t count)
{
	char **copy = calloc(count + 1, sizeof *copy);

	for (size_t i = 0; copy && i < count; i++) {
		copy[i] = strdup(items[i]);
		if (!copy[i]) {
			free_items(copy);
			return IAG_NOMEM;
		}
	}
	if (!copy)
		return IAG_NOMEM;
	free_items(list->items);
	list->items = copy;
	list->count = count;
	return 0;
}

bool
config_list_has(const struct config_list *list, const char *item)
{
	for (size_t i = 0; i < list->count; i++) {
		if (strcmp(list->items[i], item) == 0)
			return true;
	}
	return false;
}

/* NULL is before nothing. */
static bool
is_before(const char *text, const char *end, const char *word)
{
	size_t len = (size_t)(end - text);

	return word && strlen(word) == len && memcmp(text, word, len) == 0;
}

/* "ID" counts for all, "WHO:ID" for the account or the mode WHO. */
static bool
question_matches(const char *item, const char *message_id, const char *account,
    const char *mode)
{
	const char *colon = strrchr(item, ':');

	if (strcmp(colon ? colon + 1 : item, message_id) != 0)
		return false;
	return !colon || is_before(item, colon, account) ||
	       is_before(item, colon, mode);
}

bool
config_allows_question(const struct config *config, const char *message_id,
    const char *account, const char *mode)
{
	const struct config_list *list = &config->broker.questions;

	for (size_t i = 0; i < list->count; i++) {
		if (question_matches(list->items[i], message_id, account, mode))
			return true;
	}
	return false;
}
