/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* Cells that become aligned columns. */

#ifndef IAG_CLI_TABLE_H
#define IAG_CLI_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "cli/output.h"

struct table;

struct table *table_new(size_t columns); /* NULL: no memory */
void table_free(struct table *table);
/* Fill row by row; text is copied and cleaned of control characters. */
void table_add(struct table *table, const char *text);
/*
 * Columns are parted by two blanks; those of numbers only are aligned to the
 * right, those without any value are left out.  With a heading the first row
 * is printed bold, in capitals.  Within the style's width long text goes on
 * in the next line of its column; rows with too many columns for that are
 * printed one below the other, as lines `name  value`.
 */
void table_print(const struct table *table, const struct style *style,
    bool heading, unsigned indent, struct buf *out);

/* Append text with control characters made visible as \xNN. */
void text_clean(struct buf *out, const char *text);

#endif
