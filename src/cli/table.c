/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* Aligned columns; widths are counted in characters of UTF-8. */

#include "cli/table.h"

#include <assert.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

struct table {
	size_t columns;
	char **cells;
	size_t count;
	bool failed;
};

struct column {
	size_t width;
	bool numeric; /* every value is a number */
	bool empty;   /* no value at all */
};

struct table *
table_new(size_t columns)
{
	struct table *table = calloc(1, sizeof(*table));

	if (table)
		table->columns = columns;
	return table;
}

void
table_free(struct table *table)
{
	size_t i;

	if (!table)
		return;
	for (i = 0; i < table->count; i++)
		free(table->cells[i]);
	free(table->cells);
	free(table);
}

void
text_clean(struct buf *out, const char *text)
{
	const unsigned char *c = (const unsigned char *)text;

	for (; *c; c++) {
		/* C1 controls are C2 80 to C2 9F in UTF-8 */
		if (*c < 0x20 || *c == 0x7f)
			buf_printf(out, "\\x%02x", *c);
		else if (*c == 0xc2 && c[1] >= 0x80 && c[1] <= 0x9f)
			buf_printf(out, "\\x%02x", *++c);
		else
			buf_char(out, (char)*c);
	}
}

void
table_add(struct table *table, const char *text)
{
	struct buf clean CLEANUP_BUF = BUF_INIT;
	char **grown;

	text_clean(&clean, text);
	grown =
	    reallocarray(table->cells, table->count + 1, sizeof(*table->cells));
	if (grown)
		table->cells = grown;
	if (!grown || clean.failed) {
		table->failed = true;
		return;
	}
	grown[table->count] = clean.len > 0 ? buf_take(&clean) : strdup("");
	if (grown[table->count])
		table->count++;
	else
		table->failed = true;
}

static size_t
text_width(const char *text)
{
	size_t width = 0;

	for (; *text; text++)
		width += ((unsigned char)*text & 0xc0) != 0x80;
	return width;
}

static bool
is_number(const char *text)
{
	if (*text == '-' || *text == '+')
		text++;
	if (!isdigit((unsigned char)*text))
		return false;
	text += strspn(text, "0123456789");
	if (*text == '.')
		text += 1 + strspn(text + 1, "0123456789");
	return *text == '\0' || strcmp(text, "%") == 0;
}

static struct column
column_of(const struct table *table, size_t index, bool heading)
{
	struct column column = { .numeric = true, .empty = true };
	size_t i;

	for (i = index; i < table->count; i += table->columns) {
		const char *cell = table->cells[i];
		size_t width = text_width(cell);

		if (width > column.width)
			column.width = width;
		if ((heading && i == index) || !*cell)
			continue;
		column.empty = false;
		column.numeric &= is_number(cell);
	}
	column.numeric &= heading && !column.empty;
	return column;
}

static void
add_cell(
    struct buf *out, const struct style *style, const char *text, bool heading)
{
	char *capitals CLEANUP_FREE = NULL;
	char *c;

	if (!heading) {
		buf_str(out, text);
		return;
	}
	capitals = strdup(text);
	for (c = capitals; c && *c; c++)
		*c = (char)toupper((unsigned char)*c);
	style_text(out, style, COLOUR_BOLD, capitals ? capitals : text);
}

static void
print_row(const struct table *table, const struct column *columns, size_t row,
    const struct style *style, bool heading, struct buf *out)
{
	size_t pending = 0; /* blanks that nothing may follow */
	size_t i;

	for (i = 0; i < table->columns; i++) {
		const char *cell = table->cells[row * table->columns + i];
		size_t pad = columns[i].width - text_width(cell);

		if (columns[i].empty)
			continue;
		if (columns[i].numeric)
			pending += pad;
		if (*cell) {
			buf_printf(out, "%*s", (int)pending, "");
			pending = 0;
			add_cell(out, style, cell, heading);
		}
		pending += (columns[i].numeric ? 0 : pad) + 2;
	}
	buf_char(out, '\n');
}

void
table_print(const struct table *table, const struct style *style, bool heading,
    unsigned indent, struct buf *out)
{
	struct column *columns CLEANUP_FREE =
	    calloc(table->columns + 1, sizeof(*columns));
	size_t i;

	if (!columns || table->failed) {
		out->failed = true;
		return;
	}
	for (i = 0; i < table->columns; i++)
		columns[i] = column_of(table, i, heading);
	assert(table->columns > 0);
	for (i = 0; i < table->count / table->columns; i++) {
		buf_printf(out, "%*s", (int)indent, "");
		print_row(table, columns, i, style, heading && i == 0, out);
	}
}
