/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The answers.  One file for each operation, `{"key": NAMES, "answers": {KEY:
 * ANSWER}}`: NAMES are the arguments that choose the answer, joined by '/'.
 * Beside its own members an answer may have `$reply`, words about it
 * (partial, cold, delayed, stale), or be `$error` {result, code, text},
 * of which the last two may be missing.
 * Nothing changes once it is loaded, so any thread may read.
 */

#ifndef FAKE_FIXTURE_H
#define FAKE_FIXTURE_H

#include <stddef.h>
#include <stdint.h>

/* Most bytes of a fixture file. */
#define FIXTURE_MAX 1048576

struct fixture_entry {
	char *key;
	char *text; /* the answer's JSON, compact; NULL for an error */
	size_t len;
	uint32_t flags; /* IAG_REPLY_* */
	int32_t result; /* of $error */
	char *code;
	char *why;
};

struct fixture {
	char *key; /* names of arguments, joined by '/' */
	struct fixture_entry *entries;
	size_t count;
};

/* Built in: name ("market_snapshot") and text; ends with a NULL name. */
struct fixture_builtin {
	const char *name;
	const char *text;
};
extern const struct fixture_builtin fixture_builtins[];

/* -1: *ret_why (static text) says what is wrong with it. */
int fixture_parse(struct fixture *fixture, const char *text, size_t len,
    const char **ret_why);
void fixture_fini(struct fixture *fixture);
const struct fixture_entry *fixture_find(
    const struct fixture *fixture, const char *key);

#endif
