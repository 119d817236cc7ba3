/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* The renderer of results; output.h says what it makes of them. */

#include "cli/output.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <json-c/linkhash.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/hash.h"
#include "base/json.h"
#include "cli/table.h"

#define DEPTH_MAX 32
#define HASH_SHOWN 12 /* of 64 digits, for people */
#define WIDTH 80
#define WIDTH_MIN 20 /* no terminal is narrower; some say 0 */

/* One for the process, as the descriptor that it stands for. */
static int standard_output = STDOUT_FILENO;

int
output_take(void)
{
	int fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);

	if (fd < 0)
		return -1;
	standard_output = fd;
	/* without standard error there is no other place */
	(void)dup2(STDERR_FILENO, STDOUT_FILENO);
	return 0;
}

int
output_fd(void)
{
	return standard_output;
}

static unsigned
width_of(int fd)
{
	struct winsize size = { .ws_col = 0 };

	if (ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_col < WIDTH_MIN)
		return WIDTH;
	return size.ws_col;
}

struct style
style_of(int fd)
{
	const char *no_color = getenv("NO_COLOR");
	const char *term = getenv("TERM");
	struct style style = {
		.terminal = isatty(fd),
		.width = width_of(fd),
	};

	style.colour = style.terminal && !(no_color && *no_color) && term &&
		       strcmp(term, "dumb") != 0;
	return style;
}

void
style_text(struct buf *out, const struct style *style, enum colour colour,
    const char *text)
{
	static const char *const codes[] = { "1", "31", "32", "33" };

	if (style->colour)
		buf_printf(out, "\033[%sm", codes[colour]);
	text_clean(out, text);
	if (style->colour)
		buf_str(out, "\033[0m");
}

static void
add_span(struct buf *out, uint64_t seconds)
{
	if (seconds < 60)
		buf_printf(out, "%" PRIu64 " s", seconds);
	else if (seconds < 3600)
		buf_printf(out, "%" PRIu64 " min", seconds / 60);
	else if (seconds < UINT64_C(48) * 3600)
		buf_printf(out, "%" PRIu64 " h", seconds / 3600);
	else
		buf_printf(out, "%" PRIu64 " days", seconds / 86400);
}

void
output_time(struct buf *out, const struct style *style, const char *text)
{
	uint64_t now = clock_real_ns();
	uint64_t then;

	if (!style->terminal || clock_parse(text, &then, NULL)) {
		buf_str(out, text);
		return;
	}
	if (then > now)
		buf_str(out, "in ");
	add_span(out, (then > now ? then - now : now - then) / NS_PER_S);
	if (then <= now)
		buf_str(out, " ago");
}

/* 64 digits of a hash would push all else off the screen; keys are typed. */
static void
add_string(struct buf *out, const struct style *style, const char *text)
{
	if (strlen(text) == HASH_HEX_SIZE - 1 &&
	    text[strspn(text, "0123456789abcdef")] == '\0')
		buf_add(out, text, HASH_SHOWN);
	else
		output_time(out, style, text);
}

static bool
is_container(struct json_object *value)
{
	return json_object_is_type(value, json_type_object) ||
	       json_object_is_type(value, json_type_array);
}

static bool
is_plain_list(struct json_object *value)
{
	size_t i;

	if (!json_object_is_type(value, json_type_array))
		return false;
	for (i = 0; i < json_object_array_length(value); i++)
		if (is_container(json_object_array_get_idx(value, i)))
			return false;
	return true;
}

static void add_inline(
    struct buf *out, const struct style *style, struct json_object *value);

static void
add_inline_list(
    struct buf *out, const struct style *style, struct json_object *list)
{
	size_t i;

	for (i = 0; i < json_object_array_length(list); i++) {
		if (i > 0)
			buf_str(out, ", ");
		add_inline(out, style, json_object_array_get_idx(list, i));
	}
}

/* A value in one line: objects as `name value, name value`. */
static void
add_inline(
    struct buf *out, const struct style *style, struct json_object *value)
{
	size_t before = out->len;

	switch (json_object_get_type(value)) {
	case json_type_null:
		break;
	case json_type_boolean:
		buf_str(out, json_object_get_boolean(value) ? "yes" : "no");
		break;
	case json_type_array:
		add_inline_list(out, style, value);
		break;
	case json_type_object: {
		json_object_object_foreach (value, key, member) {
			buf_printf(
			    out, "%s%s ", out->len > before ? ", " : "", key);
			add_inline(out, style, member);
		}
		break;
	}
	case json_type_string:
		add_string(out, style, json_object_get_string(value));
		break;
	default:
		buf_str(out, json_object_get_string(value));
	}
}

/* The keys of an object: those of fields first, then its others. */
struct keys {
	const char **names;
	size_t count;
};

static void
keys_add(struct keys *keys, const char *name)
{
	const char **grown;
	size_t i;

	for (i = 0; i < keys->count; i++)
		if (strcmp(keys->names[i], name) == 0)
			return;
	grown = reallocarray(keys->names, keys->count + 1, sizeof(*grown));
	if (!grown)
		abort();
	keys->names = grown;
	grown[keys->count++] = name;
}

static void
keys_fini(struct keys *keys)
{
	free(keys->names);
}
#define CLEANUP_KEYS CLEANUP(keys_fini)

static void
keys_add_object(struct keys *keys, struct json_object *object)
{
	if (!json_object_is_type(object, json_type_object))
		return;
	json_object_object_foreach (object, key, value) {
		(void)value;
		keys_add(keys, key);
	}
}

static void
keys_add_fields(struct keys *keys, const struct field *fields)
{
	for (; fields && fields->name; fields++)
		keys_add(keys, fields->name);
}

static const struct field *
field_members(const struct field *fields, const char *name)
{
	for (; fields && fields->name; fields++)
		if (strcmp(fields->name, name) == 0)
			return fields->fields;
	return NULL;
}

static bool
is_shown(const struct field *fields, const char *name)
{
	for (; fields && fields->name; fields++)
		if (strcmp(fields->name, name) == 0)
			return fields->flags & FIELD_SHOWN;
	return false;
}

/* broker_order_id -> broker order id */
static void
add_label(struct buf *out, const char *name)
{
	for (; *name; name++)
		buf_char(out, *name == '_' ? ' ' : *name);
}

static void
print_list(struct buf *out, const struct style *style,
    const struct field *fields, struct json_object *list, unsigned indent)
{
	struct keys keys CLEANUP_KEYS = { NULL, 0 };
	struct buf cell CLEANUP_BUF = BUF_INIT;
	struct table *table;
	size_t i, k;

	keys_add_fields(&keys, fields);
	for (i = 0; i < json_object_array_length(list); i++)
		keys_add_object(&keys, json_object_array_get_idx(list, i));
	table = table_new(keys.count);
	if (!table) {
		out->failed = true;
		return;
	}
	for (k = 0; k < keys.count; k++) {
		buf_reset(&cell);
		add_label(&cell, keys.names[k]);
		table_add(table, buf_text(&cell));
	}
	for (i = 0; i < json_object_array_length(list); i++) {
		struct json_object *row = json_object_array_get_idx(list, i);

		for (k = 0; k < keys.count; k++) {
			buf_reset(&cell);
			add_inline(&cell, style, json_get(row, keys.names[k]));
			table_add(table, buf_text(&cell));
		}
	}
	table_print(table, style, true, indent, out);
	table_free(table);
}

/* `name  value` for all that fits one line. */
static size_t
print_scalars(struct buf *out, const struct style *style,
    const struct keys *keys, struct json_object *object, unsigned indent)
{
	struct table *table = table_new(2);
	struct buf cell CLEANUP_BUF = BUF_INIT;
	size_t printed = 0;
	size_t k;

	if (!table) {
		out->failed = true;
		return 0;
	}
	for (k = 0; k < keys->count; k++) {
		struct json_object *value = json_get(object, keys->names[k]);

		if (!value || (is_container(value) && !is_plain_list(value)))
			continue;
		if (is_plain_list(value) &&
		    json_object_array_length(value) == 0)
			continue;
		if (json_object_is_type(value, json_type_string) &&
		    json_object_get_string_len(value) == 0)
			continue;
		buf_reset(&cell);
		add_label(&cell, keys->names[k]);
		table_add(table, buf_text(&cell));
		buf_reset(&cell);
		if (strcmp(keys->names[k], "public_key") == 0)
			text_clean(&cell, json_object_get_string(value));
		else
			add_inline(&cell, style, value);
		table_add(table, buf_text(&cell));
		printed++;
	}
	table_print(table, style, false, indent, out);
	table_free(table);
	return printed;
}

static void
print_heading(struct buf *out, const struct style *style, const char *name,
    unsigned indent)
{
	struct buf label CLEANUP_BUF = BUF_INIT;

	add_label(&label, name);
	buf_printf(out, "%*s", (int)indent, "");
	style_text(out, style, COLOUR_BOLD, buf_text(&label));
	buf_char(out, '\n');
}

static void print_object(struct buf *out, const struct style *style,
    const struct field *fields, struct json_object *object, unsigned depth);

static void
print_member(struct buf *out, const struct style *style,
    const struct field *fields, const char *name, struct json_object *value,
    unsigned depth, bool heading)
{
	const struct field *members = field_members(fields, name);

	if (json_object_is_type(value, json_type_array) &&
	    json_object_array_length(value) == 0) {
		buf_printf(out, "%*sno ", (int)depth * 2, "");
		add_label(out, name);
		buf_char(out, '\n');
		return;
	}
	if (heading)
		print_heading(out, style, name, depth * 2);
	if (json_object_is_type(value, json_type_array))
		print_list(out, style, members, value,
		    (depth + (heading ? 1 : 0)) * 2);
	else
		print_object(out, style, members, value, depth + 1);
}

/* A result that is one list needs no heading over it. */
static void
print_object(struct buf *out, const struct style *style,
    const struct field *fields, struct json_object *object, unsigned depth)
{
	struct keys keys CLEANUP_KEYS = { NULL, 0 };
	size_t printed, containers = 0;
	bool whole = depth == 0 && json_get_bool(object, "complete", false) &&
		     !is_shown(fields, "complete");
	size_t k;

	if (depth > DEPTH_MAX)
		return;
	if (whole)
		json_object_object_del(object, "complete");
	keys_add_fields(&keys, fields);
	keys_add_object(&keys, object);
	printed = print_scalars(out, style, &keys, object, depth * 2);
	for (k = 0; k < keys.count; k++)
		containers += is_container(json_get(object, keys.names[k]));
	for (k = 0; k < keys.count; k++) {
		struct json_object *value = json_get(object, keys.names[k]);
		bool empty = json_object_is_type(value, json_type_array) &&
			     json_object_array_length(value) == 0;

		if (!is_container(value) || (is_plain_list(value) && !empty))
			continue;
		if (printed++ > 0 && depth == 0)
			buf_char(out, '\n');
		print_member(out, style, fields, keys.names[k], value, depth,
		    containers > 1 || printed > 1 || depth > 0);
	}
}

void
output_people(struct buf *out, const struct style *style,
    const struct field *fields, struct json_object *object)
{
	print_object(out, style, fields, object, 0);
}

void
output_json(struct buf *out, struct json_object *object)
{
	json_write(out, object, 2);
	buf_char(out, '\n');
}

int
output_write(const struct buf *out, struct err *err)
{
	if (out->failed)
		return err_no_memory(err);
	if (!fd_write(output_fd(), out->data, out->len))
		return err_set(err, ERR_INTERNAL_ERROR,
		    "cannot write to standard output: %s", strerror(errno));
	return 0;
}

int
output_tree(bool json, struct json_object *object, struct err *err)
{
	CLEANUP_BUF struct buf out = BUF_INIT;
	struct style style = style_of(output_fd());

	if (json)
		output_json(&out, object);
	else
		output_people(&out, &style, NULL, object);
	return output_write(&out, err);
}
