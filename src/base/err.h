/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The error object: a stable code from one table (codes.h), the text that
 * was true where it failed, what a person may do, and the context that
 * callers added.  Functions return the class of the code (IAG_INVAL, ...),
 * so that a caller can decide without reading text.
 */

#ifndef IAG_BASE_ERR_H
#define IAG_BASE_ERR_H

#include <stdbool.h>
#include <stdint.h>

#include "ibkr-agent/types.h"

enum err_code {
	ERR_NONE = 0,
#define ERR_CODE(name, class, exit, retry, action) ERR_##name,
#include "base/codes.h"
#undef ERR_CODE
	ERR_CODE_COUNT
};

/* What holds for a code wherever it is raised; static, never NULL. */
struct err_kind {
	const char *name;   /* "CONFIG_INVALID" */
	int class;          /* IAG_*, negative */
	int exit_code;      /* of the command line, behaviour.md section 3 */
	bool retryable;     /* the default; struct err may differ */
	const char *action; /* default user_action, NULL if none */
};

struct err {
	enum err_code code; /* ERR_NONE: no error */
	bool retryable;
	bool unknown;            /* outcome `unknown` instead of `refused` */
	bool missing;            /* a plugin said IAG_NOTFOUND */
	uint64_t retry_after_ns; /* 0: not given */
	char *text;              /* "outer: inner", owned */
	char *action;            /* owned; NULL: the code's default */
	char *details;           /* owned JSON object text or NULL */
	char *refusals;          /* owned JSON array text or NULL */
};

#define ERR_INIT                 \
	{                        \
		.code = ERR_NONE \
	}

void err_fini(struct err *err);
#define CLEANUP_ERR __attribute__((cleanup(err_fini)))

/*
 * Set code and text; returns the code's class, so `return err_set(...)`.
 * An earlier error in *err is replaced.  err may be NULL: only the class
 * comes back.  Text: lower case, no full stop, values in single quotes; it may
 * quote the old text, and what is past 4096 bytes is cut.
 */
int err_set(struct err *err, enum err_code code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* The same where an allocation failed, which has no more to say. */
int err_no_memory(struct err *err);

/*
 * Put "context: " in front of the text; keeps the code; returns its class, or
 * 0 where err is NULL or empty: so it is no result of a function that failed.
 */
int err_wrap(struct err *err, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Replace the default user_action. */
void err_action(struct err *err, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Set the details to a copy of json, which is the text of a JSON object. */
void err_details(struct err *err, const char *json);

/* The same with the array of gates that refused, behaviour.md section 3. */
void err_refusals(struct err *err, const char *json);

/* Move *from into *to (to may be NULL); *from is empty afterwards. */
void err_move(struct err *to, struct err *from);

/* The class of *err: 0 for ERR_NONE. */
int err_class(const struct err *err);

/*
 * Borrowed; "" without an error, a static text when there was no memory for
 * the message; the code's default action or NULL.
 */
const char *err_text(const struct err *err);
const char *err_user_action(const struct err *err);

const struct err_kind *err_kind(enum err_code code);
/* By name; ERR_NONE if there is no such code. */
enum err_code err_code_find(const char *name);
/* The code that stands for a bare class (rulings 31). */
enum err_code err_code_of_class(int class);
/* "IAG_INVAL" and so on; "IAG_INTERNAL" for a number that is not one. */
const char *err_class_name(int class);

#endif
