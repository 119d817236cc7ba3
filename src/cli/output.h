/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * What is printed: aligned text for people, JSON for programs.  Text for
 * people never carries control characters of whoever wrote the value.
 */

#ifndef IAG_CLI_OUTPUT_H
#define IAG_CLI_OUTPUT_H

#include <json-c/json_object.h>
#include <stdbool.h>

#include "base/buf.h"
#include "tools/tool.h"

/*
 * From now on standard output is what output_fd() names, and descriptor 1 is
 * standard error: what a plugin or a library prints there goes where the log
 * goes, since it would spoil JSON, and end a session of messages.  Called once,
 * before anything is printed; -1: there is no descriptor left.
 */
int output_take(void);
/* Standard output, for those who write to it by themselves. */
int output_fd(void);

/* How a descriptor is written to. */
struct style {
	bool terminal; /* relative times */
	bool colour;
	unsigned width; /* of tables, in characters; 0: without bound */
};
/* As it and NO_COLOR have it; 80 columns where it has no width. */
struct style style_of(int fd);

enum colour { COLOUR_BOLD, COLOUR_RED, COLOUR_GREEN, COLOUR_YELLOW };
/* text, coloured where the style has colour; control characters escaped. */
void style_text(struct buf *out, const struct style *style, enum colour colour,
    const char *text);

/*
 * An object as lines `name  value`, lists of objects in it as tables.
 * fields give the order; members that they do not name come last; NULL: the
 * object's own order.
 */
void output_people(struct buf *out, const struct style *style,
    const struct field *fields, struct json_object *object);
/* Indented by two, with a newline at the end. */
void output_json(struct buf *out, struct json_object *object);

/* An RFC 3339 time as people say it, "3 min ago"; other text as it is. */
void output_time(struct buf *out, const struct style *style, const char *text);

/* Write to standard output; 0, or INTERNAL_ERROR when that cannot be done. */
int output_write(const struct buf *out, struct err *err);
/* The object in its own order, as JSON or for people, likewise. */
int output_tree(bool json, struct json_object *object, struct err *err);

#endif
