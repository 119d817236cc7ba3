/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The key table.  A new key is one row in key.c and one member of struct
 * config: reading, defaults, `config check|show|schema` and ibkr-agent.yaml(5)
 * follow from the row.
 */

#ifndef IAG_CONFIG_KEY_H
#define IAG_CONFIG_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "config/config.h"
#include "config/fault.h"
#include "config/form.h"

enum key_type {
	KEY_BOOL,  /* bool */
	KEY_UINT,  /* uint32_t */
	KEY_ENUM,  /* an enum that counts along `words` */
	KEY_TEXT,  /* char *, NULL: not set */
	KEY_LIST,  /* struct config_list */
	KEY_OPTION /* plugins.options: collected, no member of its own */
};

#define KEY_REQUIRED 1U /* a file has to name it */
#define KEY_POLICY 2U   /* offset is into struct risk_policy */
#define KEY_PEER 4U     /* offset is into struct peer_rule */
#define KEY_OWNERS (KEY_POLICY | KEY_PEER)

/* A `*` in a path stands for a name that the file chooses. */
#define KEY_ANY "*"

struct key {
	const char *path; /* "broker.backend" */
	enum key_type type;
	const struct form *form; /* of text, and of a list's entries */
	size_t offset;
	const char *def; /* as text, lists with commas; NULL: not set */
	uint32_t min;    /* bounds of KEY_UINT */
	uint32_t max;
	const char *const *words; /* NULL-terminated: all that is allowed */
	unsigned flags;
	const char *help; /* sentences for the manual page and editors */
};

/* A mapping that holds keys. */
struct key_section {
	const char *path;
	const char *help;
};

extern const struct key key_table[];
extern const size_t key_count;
extern const struct key_section key_sections[];
extern const size_t key_section_count;

/* The row of a path as the table writes it, or NULL. */
const struct key *key_find(const char *path);
const struct key_section *key_section_find(const char *path);
/* The member that a row stands for; base: the config or the policy. */
void *key_member(const struct key *key, void *base);
const void *key_member_const(const struct key *key, const void *base);

/*
 * The names that may stand directly inside a section ("" for the top), in the
 * order of the table.  Returns their number, at most max; names are borrowed
 * from the table and end at a '.' or NUL, so they come with their lengths.
 */
struct key_name {
	const char *text;
	size_t len;
};
size_t key_children(
    const char *section, struct key_name *ret_names, size_t max);

/* True if the file may say `null`: not set, or no entries. */
bool key_is_nullable(const struct key *key);

/* What the row accepts, in words: "a number from 1 to 600". */
void key_allowed(const struct key *key, struct buf *out);

/*
 * Check one value (of a list: one entry).  plain: written without quotes.
 * On a refusal reason gets what is wrong, without naming the key.
 */
bool key_accepts(
    const struct key *key, const char *text, bool plain, struct buf *reason);

/*
 * Store an accepted value, freeing the old one; of a list: append an entry.
 * dir is where relative paths start, NULL: they stay.  False: no memory.
 */
bool key_store(
    const struct key *key, void *base, const char *text, const char *dir);
/* Back to nothing: NULL, empty list, 0. */
void key_clear(const struct key *key, void *base);
/* The row's default. */
bool key_default(const struct key *key, void *base);
/* True if the member has the value of the row's default. */
bool key_is_default(const struct key *key, const void *base);

#endif
