/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Two renderings of one walk over the table.  Both are committed, so that
 * building needs no program to run first; a test compares them.
 */

#include "tools/manual.h"

#include <inttypes.h>
#include <string.h>

#include "base/dec.h"
#include "tools/tool.h"

/* How one rendering writes what both have. */
struct form {
	bool is_mdoc;
	const char *intro;
	const char *end;
};

#define NOTES                                                              \
	"Tools whose scope begins with ibkr:orders:paper or "              \
	"ibkr:orders:live change orders at the broker; no other does.",    \
	    "A call needs the tool's scope; tools whose scope is not "     \
	    "granted are not listed to agents.",                           \
	    "Each call, allowed or not, leaves one audit record, and "     \
	    "nothing is answered before that record is durable.",          \
	    "Decimals are strings of plain digits, exact as the broker "   \
	    "gave them; times are RFC 3339 in UTC.",                       \
	    "What the broker did not give is absent, never zero.",         \
	    "Lists say with complete whether there is more; next, where "  \
	    "a tool has it, is the value for the next page.",              \
	    "data_status tells the quality of market data: live, "         \
	    "delayed, stale or unavailable.  The section market_data of "  \
	    "the configuration says what is shown, what is shown with a "  \
	    "warning and what is refused.  Live data older than "          \
	    "max_snapshot_age_seconds counts as stale, delayed data when " \
	    "it is twenty minutes older than that.",                       \
	    "The results of ibkr_backend_status, "                         \
	    "ibkr_session_requirements and ibkr_session_renew tell the "   \
	    "state of the session also when the broker cannot be asked."

static const char *const notes[] = { NOTES, NULL };

/* mdoc: a full stop in front or a backslash would mean something. */
static void
add_word(struct buf *out, const char *word, size_t len, bool is_first)
{
	if (is_first && (*word == '.' || *word == '\''))
		buf_str(out, "\\&");
	for (size_t i = 0; i < len; i++) {
		if (word[i] == '\\')
			buf_str(out, "\\e");
		else if (word[i] == '`')
			buf_str(out, "\\(ga");
		else
			buf_char(out, word[i]);
	}
}

/* Lines of 78 columns; sentences begin on lines of their own. */
static void
add_mdoc(struct buf *out, const char *text)
{
	size_t column = 0;
	bool ends = false;

	while (*text) {
		size_t len = strcspn(text, " ");

		if (column && (ends || column + 1 + len > 78)) {
			buf_char(out, '\n');
			column = 0;
		} else if (column) {
			buf_char(out, ' ');
			column++;
		}
		add_word(out, text, len, column == 0);
		column += len;
		ends = len > 1 && text[len - 1] == '.';
		text += len;
		text += strspn(text, " ");
	}
}

static void
add_prose(struct buf *out, const struct form *form, const char *text)
{
	if (form->is_mdoc)
		add_mdoc(out, text);
	else
		buf_str(out, text);
	buf_char(out, '\n');
}

static const char *
plain_type(enum field_type type)
{
	switch (type) {
	case FIELD_DECIMAL:
		return "decimal";
	case FIELD_TIME:
		return "time";
	case FIELD_DATE:
		return "date";
	case FIELD_INTEGER:
		return "integer";
	case FIELD_BOOLEAN:
		return "boolean";
	case FIELD_OBJECT:
		return "object";
	default:
		return "string";
	}
}

static void
add_choices(struct buf *out, const char *choices)
{
	for (const char *c = choices; *c; c++) {
		if (*c == ' ')
			buf_str(out, ", ");
		else
			buf_char(out, *c);
	}
}

/* "string, required", "list of objects", "one of: a, b". */
static void
add_type(struct buf *out, const struct field *field)
{
	if (field->type == FIELD_CHOICE) {
		buf_str(out, "one of ");
		add_choices(out, field->choices);
	} else if (field->type == FIELD_ARRAY && field->fields) {
		buf_str(out, "list");
	} else if (field->type == FIELD_ARRAY) {
		buf_printf(out, "list of %ss", plain_type(field->items));
	} else if (field->type == FIELD_MAP) {
		buf_printf(
		    out, "object of %ss by name", plain_type(field->items));
	} else {
		buf_str(out, plain_type(field->type));
	}
	if (field->value)
		buf_printf(out, "; default %s", field->value);
	buf_str(
	    out, field->flags & FIELD_REQUIRED ? "; always" : "; where known");
}

/* For arguments "always" is called what it is. */
static void
add_input_type(
    struct buf *out, const struct tool *tool, const struct field *field)
{
	const char *preset = tool ? tool_preset(tool, field) : NULL;
	size_t start = out->len;

	add_type(out, field);
	while (out->len > start && out->data[out->len - 1] != ';')
		out->len--;
	out->len--;
	out->data[out->len] = '\0';
	if (field->flags & FIELD_REQUIRED)
		buf_str(out, "; required");
	if (preset)
		buf_printf(out, ", by the command %s", preset);
}

static void
add_fields(struct buf *out, const struct form *form, const struct tool *input,
    const struct field *fields, bool is_input, unsigned depth)
{
	if (form->is_mdoc)
		buf_str(out, ".Bl -tag -width Ds -compact\n");
	for (const struct field *f = fields; f->name; f++) {
		if (form->is_mdoc)
			buf_printf(out, ".It Va %s Pq ", f->name);
		else
			buf_printf(
			    out, "%*s- `%s` (", (int)depth * 2, "", f->name);
		if (is_input)
			add_input_type(out, input, f);
		else
			add_type(out, f);
		buf_str(out, form->is_mdoc ? "\n" : "): ");
		add_prose(out, form, f->description);
		if (f->fields)
			add_fields(
			    out, form, NULL, f->fields, is_input, depth + 1);
	}
	if (form->is_mdoc)
		buf_str(out, ".El\n");
}

static void
add_block(struct buf *out, const struct form *form, const char *title,
    const struct tool *tool, bool is_input)
{
	if (form->is_mdoc)
		buf_printf(out, ".Pp\n%s:\n", title);
	else
		buf_printf(out, "\n%s:\n\n", title);
	add_fields(out, form, is_input ? tool : NULL,
	    is_input ? tool->input : tool->output, is_input, 0);
}

static void
add_tool(struct buf *out, const struct form *form, const struct tool *tool)
{
	if (form->is_mdoc)
		buf_printf(out, ".Ss %s\n", tool->name);
	else
		buf_printf(out, "\n## %s\n\n", tool->name);
	add_prose(out, form, tool->description);
	if (form->is_mdoc)
		buf_printf(out,
		    ".Pp\nScope\n.Li %s ,\ncommand\n"
		    ".Dq ibkr-agent %s .\n",
		    tool->scope, tool->command);
	else
		buf_printf(out, "\nScope `%s`, command `ibkr-agent %s`.\n",
		    tool->scope, tool->command);
	if (tool->input->name)
		add_block(out, form, "Arguments", tool, true);
	add_block(out, form, "Result", tool, false);
}

static void
add_reference(struct buf *out, const struct form *form)
{
	buf_str(out, form->intro);
	for (size_t i = 0; notes[i]; i++) {
		if (i)
			buf_str(out, form->is_mdoc ? ".Pp\n" : "\n");
		add_prose(out, form, notes[i]);
	}
	if (form->is_mdoc)
		buf_str(out, ".Sh TOOLS\n");
	for (size_t i = 0; i < tool_count; i++)
		add_tool(out, form, &tool_table[i]);
	buf_str(out, form->end);
}

void
tool_reference_manual(struct buf *out)
{
	static const struct form form = {
		.is_mdoc = true,
		.intro = ".\\\" SPDX-License-Identifier: MIT\n"
			 ".\\\" Copyright (C) 2026 the ibkr-agent-gateway "
			 "authors\n"
			 ".\\\" Made from the tool table: "
			 "make update-tools-manual\n"
			 ".Dd November 22, 2026\n"
			 ".Dt IBKR-AGENT-TOOLS 7\n"
			 ".Os\n"
			 ".Sh NAME\n"
			 ".Nm ibkr-agent-tools\n"
			 ".Nd what agents and operators can call\n"
			 ".Sh DESCRIPTION\n"
			 "The tools that\n"
			 ".Xr ibkr-agent 1\n"
			 "offers to agents over the Model Context Protocol, "
			 "and to people as commands.\n"
			 ".Pp\n",
		.end = ".Sh SEE ALSO\n"
		       ".Xr ibkr-agent 1 ,\n"
		       ".Xr ibkr-agent.yaml 5\n",
	};

	add_reference(out, &form);
}

void
tool_reference_guide(struct buf *out)
{
	static const struct form form = {
		.is_mdoc = false,
		.intro = "# Tools\n\n"
			 "<!-- Made from the tool table: "
			 "make update-tools-manual -->\n\n",
		.end = "",
	};

	add_reference(out, &form);
}
