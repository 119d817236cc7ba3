/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Tools are data: one row each, from which come the JSON Schemas, the
 * validator, the command line's options, the completion and the reference.
 * A read tool names a backend operation and has no code of its own; the few
 * others have a handler.
 */

#ifndef IAG_TOOLS_TOOL_H
#define IAG_TOOLS_TOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum field_type {
	FIELD_STRING,
	FIELD_DECIMAL, /* string with DEC_PATTERN */
	FIELD_TIME,    /* string, RFC 3339 */
	FIELD_DATE,    /* string, YYYY-MM-DD */
	FIELD_CHOICE,  /* string, one of choices */
	FIELD_INTEGER,
	FIELD_BOOLEAN,
	FIELD_OBJECT, /* members in fields */
	FIELD_ARRAY,  /* of objects with fields, or of items */
	FIELD_MAP     /* object, any keys, values of type items */
};

enum {
	FIELD_REQUIRED = 0x1,
	FIELD_ACCOUNT = 0x2,   /* an account id: hashed in audit and logs */
	FIELD_UNTRUSTED = 0x4, /* broker text: control characters taken out */
	/*
	 * Of a result, and its name says what it is: only the reference
	 * describes it, since clients pay for every character of a schema.
	 */
	FIELD_PLAIN = 0x8,
	/* Of a result: people see it even where it is as one expects. */
	FIELD_SHOWN = 0x10
};

/*
 * One argument or one member of a result.  Bounds: characters for strings,
 * value for integers, items for arrays; max 0 means the type's default.
 */
struct field {
	const char *name;
	enum field_type type;
	unsigned flags;
	int64_t min, max;
	const char *pattern;        /* ECMA 262 / POSIX common subset */
	const char *choices;        /* words separated by one space */
	const char *value;          /* default as JSON text, or NULL */
	const struct field *fields; /* ends with a NULL name */
	enum field_type items;      /* FIELD_ARRAY without fields, FIELD_MAP */
	const char *description;
};

enum {
	TOOL_READ_ONLY = 0x1,
	TOOL_DESTRUCTIVE = 0x2,
	TOOL_IDEMPOTENT = 0x4,
	TOOL_OPEN_WORLD = 0x8,
	TOOL_MARKET_DATA = 0x10, /* the market data policy holds the result */
	TOOL_LIVE = 0x20,    /* shown only where live trading is configured */
	TOOL_RESERVED = 0x40 /* must go on when the disk is full (ruling 24) */
};

struct json_object;
struct tool_call;
struct err;

struct tool {
	const char *name;  /* "ibkr_market_snapshot" */
	const char *title; /* for people */
	const char *description;
	const char *scope; /* NULL: any operator (operations only) */
	unsigned flags;
	const struct field *input;  /* ends with a NULL name */
	const struct field *output; /* members of the result object */
	const char *operation;      /* of the backend, or NULL */
	/*
	 * Writes the result object's text to call->output; NULL: ask the
	 * backend for operation and pass its answer on.
	 */
	int (*handler)(struct tool_call *call, struct err *err);
	/*
	 * Without a handler: makes the result itself, checked, from the
	 * backend's answer and what the gateway has; NULL: the answer is all.
	 */
	int (*read)(const struct tool_call *call, const char *arguments,
	    struct json_object **ret_result, struct err *err);
	const char *command; /* "market snapshot" */
	const char *event;   /* audit event type of success */
};

extern const struct tool tool_table[];
extern const size_t tool_count;

/*
 * What only the operator does, by command: rows as those of tools, called and
 * recorded the same way, but no client is shown them or can name them.
 */
extern const struct tool operation_table[];
extern const size_t operation_count;

struct config;
/* Shown to a caller with these scopes: live ones only where configured. */
bool tool_is_shown(
    const struct tool *tool, const struct config *config, uint64_t scopes);
const struct tool *tool_find(const char *name);
/* A row of operation_table, or of a table of the same kind elsewhere. */
bool tool_is_operation(const struct tool *tool);
/*
 * One of the six names that must never exist (reference.md 4.1): what is there
 * in its place.  NULL: any other name.
 */
const char *tool_instead(const char *name);
/* What the tool's command takes for an argument it needs; NULL: it asks. */
const char *tool_preset(const struct tool *tool, const struct field *field);

#endif
