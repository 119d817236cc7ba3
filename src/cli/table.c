/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* Aligned columns; widths are counted in characters of UTF-8. */

#include "cli/table.h"

#include <assert.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

#define GAP 2        /* blanks between columns */
#define PIECE_MAX 16 /* a longer word may be cut anywhere */

struct table {
	size_t columns;
	char **cells;
	size_t count;
	bool failed;
};

struct column {
	size_t width;
	size_t least; /* no narrower: numbers and short words stay whole */
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
text_width(const char *text, size_t len)
{
	size_t width = 0;
	size_t i;

	for (i = 0; i < len; i++)
		width += ((unsigned char)text[i] & 0xc0) != 0x80;
	return width;
}

/*
 * After these a word may go on in the next line; not where programs read,
 * who look for the whole word.
 */
static bool
is_break(const struct style *style, char c)
{
	return c == ' ' ||
	       (style->terminal && c != '\0' && strchr("_-/.,;:=", c));
}

static size_t
longest_piece(const struct style *style, const char *text)
{
	size_t longest = 0, width = 0;

	for (; *text; text++) {
		width += *text != ' ' && ((unsigned char)*text & 0xc0) != 0x80;
		if (width > longest)
			longest = width;
		if (is_break(style, *text))
			width = 0;
	}
	return style->terminal && longest > PIECE_MAX ? PIECE_MAX : longest;
}

/*
 * The bytes of text that stand on a line of so many characters; *ret_next:
 * where the next line begins.  Between words, else within one.
 */
static size_t
line_len(const struct style *style, const char *text, size_t width,
    const char **ret_next)
{
	size_t len = 0, used = 0, word = 0, piece = 0;

	while (text[len] && used < width) {
		size_t next = len + 1;

		while (((unsigned char)text[next] & 0xc0) == 0x80)
			next++;
		used++;
		if (text[len] == ' ')
			word = next;
		else if (is_break(style, text[len]))
			piece = next;
		len = next;
	}
	if (text[len] && text[len] != ' ' && (word > 0 || piece > 0))
		len = word > 0 ? word : piece;
	else if (!style->terminal)
		len += strcspn(text + len, " ");
	*ret_next = text + len;
	while (**ret_next == ' ')
		(*ret_next)++;
	while (len > 0 && text[len - 1] == ' ')
		len--;
	return len;
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
column_of(const struct table *table, const struct style *style, size_t index,
    bool heading)
{
	struct column column = { .numeric = true, .empty = true };
	size_t i;

	for (i = index; i < table->count; i += table->columns) {
		const char *cell = table->cells[i];
		size_t width = text_width(cell, strlen(cell));

		if (width > column.width)
			column.width = width;
		if (longest_piece(style, cell) > column.least)
			column.least = longest_piece(style, cell);
		if (*cell && !(heading && i == index) && is_number(cell) &&
		    width > column.least)
			column.least = width;
		if ((heading && i == index) || !*cell)
			continue;
		column.empty = false;
		column.numeric &= is_number(cell);
	}
	column.numeric &= heading && !column.empty;
	return column;
}

static void
add_cell(struct buf *out, const struct style *style, const char *text,
    size_t len, bool heading)
{
	char *cell CLEANUP_FREE = strndup(text, len);
	char *c;

	if (!cell) {
		out->failed = true;
		return;
	}
	if (!heading) {
		buf_str(out, cell);
		return;
	}
	for (c = cell; *c; c++)
		*c = (char)toupper((unsigned char)*c);
	style_text(out, style, COLOUR_BOLD, cell);
}

/* One line of a row; rest: what is left of each of its cells. */
static void
print_line(const struct table *table, const struct column *columns,
    const char **rest, const struct style *style, bool heading, struct buf *out)
{
	size_t pending = 0; /* blanks that nothing may follow */
	size_t i;

	for (i = 0; i < table->columns; i++) {
		const char *cell = rest[i];
		size_t len, pad, width;

		if (columns[i].empty)
			continue;
		len = line_len(style, cell, columns[i].width, &rest[i]);
		width = text_width(cell, len);
		pad = columns[i].width > width ? columns[i].width - width : 0;
		if (columns[i].numeric)
			pending += pad;
		if (len > 0) {
			buf_printf(out, "%*s", (int)pending, "");
			pending = 0;
			add_cell(out, style, cell, len, heading);
		}
		pending += (columns[i].numeric ? 0 : pad) + GAP;
	}
	buf_char(out, '\n');
}

static bool
is_done(const struct table *table, const struct column *columns,
    const char *const *rest)
{
	size_t i;

	for (i = 0; i < table->columns; i++)
		if (!columns[i].empty && *rest[i])
			return false;
	return true;
}

static void
print_row(const struct table *table, const struct column *columns, size_t row,
    const struct style *style, bool heading, unsigned indent, struct buf *out)
{
	const char **rest CLEANUP_FREE = calloc(table->columns, sizeof(*rest));
	size_t i;

	if (!rest) {
		out->failed = true;
		return;
	}
	for (i = 0; i < table->columns; i++)
		rest[i] = table->cells[row * table->columns + i];
	do {
		buf_printf(out, "%*s", (int)indent, "");
		print_line(table, columns, rest, style, heading, out);
	} while (!is_done(table, columns, rest));
}

/* Take from the widest columns; false: they would become too narrow. */
static bool
columns_fit(struct column *columns, size_t count, size_t room)
{
	for (;;) {
		struct column *widest = NULL;
		size_t total = 0;
		size_t i;

		for (i = 0; i < count; i++) {
			if (columns[i].empty)
				continue;
			total += columns[i].width + (total > 0 ? GAP : 0);
			if (columns[i].width > columns[i].least &&
			    (!widest || columns[i].width > widest->width))
				widest = &columns[i];
		}
		if (total <= room)
			return true;
		if (!widest)
			return false;
		widest->width--;
	}
}

/* Each row as a table of its own, `name  value`. */
static void
print_blocks(const struct table *table, const struct style *style,
    unsigned indent, struct buf *out)
{
	size_t row, i;

	for (row = 1; row < table->count / table->columns; row++) {
		struct table *block = table_new(2);

		if (!block) {
			out->failed = true;
			return;
		}
		for (i = 0; i < table->columns; i++) {
			const char *cell =
			    table->cells[row * table->columns + i];

			if (!*cell)
				continue;
			table_add(block, table->cells[i]);
			table_add(block, cell);
		}
		if (row > 1)
			buf_char(out, '\n');
		table_print(block, style, false, indent, out);
		table_free(block);
	}
}

void
table_print(const struct table *table, const struct style *style, bool heading,
    unsigned indent, struct buf *out)
{
	struct column *columns CLEANUP_FREE =
	    calloc(table->columns + 1, sizeof(*columns));
	size_t room = style->width > indent ? style->width - indent : 0;
	size_t i;

	if (!columns || table->failed) {
		out->failed = true;
		return;
	}
	for (i = 0; i < table->columns; i++)
		columns[i] = column_of(table, style, i, heading);
	assert(table->columns > 0);
	if (!heading) /* names stay whole */
		columns[0].least = columns[0].width;
	if (style->width > 0 && !columns_fit(columns, table->columns, room) &&
	    heading) {
		print_blocks(table, style, indent, out);
		return;
	}
	for (i = 0; i < table->count / table->columns; i++)
		print_row(
		    table, columns, i, style, heading && i == 0, indent, out);
}
