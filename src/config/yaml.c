/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Builds a small tree from libfyaml's events.  Its document interface is not
 * used: it expands aliases, compares keys pairwise, stops at the first
 * duplicate and drops further documents without a word.  Events show all of
 * that as it stands in the file.  libfyaml takes bytes that are not UTF-8 for
 * the end of the text, so the bytes are checked first.  fy_token_get_text() is
 * not used either: it misreads quotes that follow each other, and leaks then.
 */

#include "config/yaml.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <libfyaml.h>

#include "base/cleanup.h"

struct builder {
	const char *source; /* what the marks of the library count in */
	size_t source_len;
	struct faults *faults;
	struct yaml_node *root;
	struct yaml_node *stack[YAML_DEPTH];
	unsigned depth;
	char *key; /* of the member whose value comes next */
	struct config_mark key_at;
	bool has_key;      /* key was read (NULL: it was refused) */
	unsigned skipping; /* levels inside something refused */
	unsigned documents;
	bool stop;
	bool no_memory;
};

void
yaml_free(struct yaml_node *node)
{
	while (node) {
		struct yaml_node *next = node->next;

		yaml_free(node->first);
		free(node->text);
		free(node->key);
		free(node);
		node = next;
	}
}

bool
yaml_is_null(const struct yaml_node *node)
{
	return node->kind == YAML_SCALAR && node->plain &&
	       (node->text[0] == '\0' || strcmp(node->text, "~") == 0 ||
		   strcmp(node->text, "null") == 0);
}

const char *
yaml_kind_name(const struct yaml_node *node)
{
	switch (node->kind) {
	case YAML_MAPPING:
		return "a mapping";
	case YAML_SEQUENCE:
		return "a list";
	default:
		return yaml_is_null(node) ? "nothing" : "a single value";
	}
}

/* Length of the character at text, 0 if it is not UTF-8 (RFC 3629). */
static size_t
utf8_len(const unsigned char *text, size_t len, uint32_t *ret_char)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t need = text[0] < 0x80    ? 1
		      : text[0] >= 0xf0 ? 4
		      : text[0] >= 0xe0 ? 3
		      : text[0] >= 0xc0 ? 2
					: 0;
	uint32_t c = need == 1 ? text[0] : text[0] & (0x7fU >> need);

	if (need == 0 || need > len || text[0] >= 0xf8)
		return 0;
	for (size_t i = 1; i < need; i++) {
		if ((text[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (text[i] & 0x3f);
	}
	if (c < least[need] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	*ret_char = c;
	return need;
}

/* YAML 1.2.2, production 1, without the byte order mark. */
static bool
is_printable(uint32_t c)
{
	return c == '\t' || c == '\n' || c == '\r' || c == 0x85 ||
	       (c >= 0x20 && c < 0x7f) || (c >= 0xa0 && c < 0xfeff) ||
	       (c > 0xfeff && c < 0xfffe) || c >= 0x10000;
}

static bool
check_text(const char *text, size_t len, struct faults *faults)
{
	struct config_mark at = { .line = 1, .column = 1 };
	size_t i = 0;

	while (i < len) {
		uint32_t c = 0;
		const unsigned char *p = (const unsigned char *)text + i;
		size_t n = utf8_len(p, len - i, &c);

		if (n == 0) {
			fault_add(faults, ERR_CONFIG_INVALID, &at,
			    "byte 0x%02x is not UTF-8, the file has to be",
			    p[0]);
			return false;
		}
		if (!is_printable(c)) {
			fault_add(faults, ERR_CONFIG_INVALID, &at,
			    "character U+%04X is not allowed in the file",
			    (unsigned)c);
			return false;
		}
		i += n;
		at.column++;
		if (c == '\n' || (c == '\r' && (i == len || text[i] != '\n'))) {
			at.line++;
			at.column = 1;
		}
	}
	return true;
}

/* What escapes bring in; the raw file was looked at before. */
static bool
is_text(const char *text, size_t len)
{
	for (size_t i = 0; i < len;) {
		uint32_t c = 0;
		size_t n =
		    utf8_len((const unsigned char *)text + i, len - i, &c);

		if (n == 0 || !is_printable(c))
			return false;
		i += n;
	}
	return true;
}

static void
refuse(struct builder *b, const struct config_mark *at, const char *what)
{
	fault_add(b->faults, ERR_CONFIG_INVALID, at, "%s", what);
}

static void
add_to_parent(struct builder *b, struct yaml_node *node)
{
	struct yaml_node *parent = b->depth ? b->stack[b->depth - 1] : NULL;

	if (!parent) {
		b->root = node;
		return;
	}
	if (parent->kind == YAML_MAPPING) {
		node->key = STEAL(b->key);
		node->key_at = b->key_at;
		if (node->at.line == 0)
			node->at = b->key_at;
		b->has_key = false;
	}
	if (parent->last)
		parent->last->next = node;
	else
		parent->first = node;
	parent->last = node;
	parent->count++;
}

/*
 * The source between single quotes, if it is on one line: there two quotes
 * stand for one, and nothing else is special.
 */
static bool
is_single_quoted_line(
    const struct builder *b, struct fy_token *token, struct iag_bytes *ret_raw)
{
	const struct fy_mark *start = fy_token_start_mark(token);
	const struct fy_mark *end = fy_token_end_mark(token);

	if (fy_token_scalar_style(token) != FYSS_SINGLE_QUOTED || !start ||
	    !end || start->line != end->line || start->input_pos == 0 ||
	    start->input_pos > end->input_pos ||
	    end->input_pos >= b->source_len ||
	    b->source[start->input_pos - 1] != '\'' ||
	    b->source[end->input_pos] != '\'')
		return false;
	ret_raw->data = b->source + start->input_pos;
	ret_raw->len = end->input_pos - start->input_pos;
	return true;
}

static void
read_quoted(const struct iag_bytes *raw, struct buf *out)
{
	const char *text = raw->data;

	for (size_t i = 0; i < raw->len; i++) {
		buf_char(out, text[i]);
		if (text[i] == '\'')
			i++;
	}
}

/* false: the library has no text for it, or two that differ. */
static bool
read_token(const struct builder *b, struct fy_token *token, struct buf *out)
{
	const struct fy_iter_chunk *chunk = NULL;
	struct fy_token_iter *iter;
	struct iag_bytes raw;
	int error = 0;

	if (is_single_quoted_line(b, token, &raw)) {
		read_quoted(&raw, out);
		return true;
	}
	iter = fy_token_iter_create(token);
	if (!iter) {
		out->failed = true;
		return true;
	}
	while ((chunk = fy_token_iter_chunk_next(iter, chunk, &error)))
		buf_add(out, chunk->str, chunk->len);
	fy_token_iter_destroy(iter);
	return error == 0 && out->len == fy_token_get_text_length(token);
}

/* NULL for text that is refused, and without memory. */
static char *
token_text(
    struct builder *b, struct fy_token *token, const struct config_mark *at)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	bool is_read = !token || read_token(b, token, &text);
	char *copy;

	if (text.failed) {
		b->no_memory = true;
		return NULL;
	}
	if (!is_read) {
		refuse(b, at,
		    "quoted text over several lines is not read for certain: "
		    "write it on one line");
		return NULL;
	}
	if (!is_text(buf_text(&text), text.len)) {
		refuse(b, at, "text holds a character that cannot be printed");
		return NULL;
	}
	copy = strdup(buf_text(&text));
	if (!copy)
		b->no_memory = true;
	return copy;
}

static bool
expects_key(const struct builder *b)
{
	return b->depth && b->stack[b->depth - 1]->kind == YAML_MAPPING &&
	       !b->has_key;
}

static void
take_key(
    struct builder *b, struct fy_event *event, const struct config_mark *at)
{
	b->has_key = true;
	b->key_at = *at;
	if (event->type == FYET_ALIAS)
		return; /* refused already */
	if (event->type != FYET_SCALAR) {
		refuse(b, at, "a key has to be plain text");
		b->skipping = 1;
		return;
	}
	b->key = token_text(b, event->scalar.value, at);
	if (b->key && strcmp(b->key, "<<") == 0) {
		refuse(b, at, "merge '<<' is not allowed: write the keys out");
		free(STEAL(b->key));
	}
}

static void
take_value(
    struct builder *b, struct fy_event *event, const struct config_mark *at)
{
	struct yaml_node *node;
	bool opens = event->type == FYET_MAPPING_START ||
		     event->type == FYET_SEQUENCE_START;

	if (b->has_key && !b->key && b->depth &&
	    b->stack[b->depth - 1]->kind == YAML_MAPPING) {
		b->has_key = false; /* the value of a refused key */
		b->skipping = opens ? 1 : 0;
		return;
	}
	node = calloc(1, sizeof *node);
	if (!node) {
		b->no_memory = true;
		return;
	}
	node->at = *at;
	node->kind = event->type == FYET_MAPPING_START    ? YAML_MAPPING
		     : event->type == FYET_SEQUENCE_START ? YAML_SEQUENCE
		     : event->type == FYET_ALIAS          ? YAML_REFUSED
							  : YAML_SCALAR;
	if (event->type == FYET_SCALAR) {
		node->plain =
		    !event->scalar.value ||
		    fy_token_scalar_style(event->scalar.value) == FYSS_PLAIN;
		node->text = token_text(b, event->scalar.value, at);
		if (!node->text)
			node->kind = YAML_REFUSED;
	}
	add_to_parent(b, node);
	if (!opens)
		return;
	if (b->depth == YAML_DEPTH) {
		fault_add(b->faults, ERR_CONFIG_INVALID, at,
		    "nested deeper than %d levels", YAML_DEPTH);
		b->stop = true;
		yaml_free(STEAL(b->root));
		return;
	}
	b->stack[b->depth++] = node;
}

static int
compare_members(const void *a, const void *b)
{
	const struct yaml_node *x = *(struct yaml_node *const *)a;
	const struct yaml_node *y = *(struct yaml_node *const *)b;
	int order = strcmp(x->key, y->key);

	if (order != 0)
		return order;
	if (x->key_at.line != y->key_at.line)
		return x->key_at.line < y->key_at.line ? -1 : 1;
	return x->key_at.column < y->key_at.column ? -1 : 1;
}

static int
compare_places(const void *a, const void *b)
{
	const struct yaml_node *x = *(struct yaml_node *const *)a;
	const struct yaml_node *y = *(struct yaml_node *const *)b;

	if (x->key_at.line != y->key_at.line)
		return x->key_at.line < y->key_at.line ? -1 : 1;
	return x->key_at.column < y->key_at.column ? -1 : 1;
}

static void
report_duplicate(struct builder *b, const struct yaml_node *first,
    const struct yaml_node *again)
{
	CLEANUP_BUF struct buf text = BUF_INIT;

	buf_str(&text, "key ");
	fault_quote(&text, again->key);
	buf_printf(&text, ": was given before, in line %u", first->key_at.line);
	refuse(b, &again->key_at, buf_text(&text));
}

/* By sorting, since comparing each with each takes seconds in a big file. */
static void
check_duplicates(struct builder *b, struct yaml_node *mapping)
{
	CLEANUP_FREE struct yaml_node **members = NULL;
	CLEANUP_FREE struct yaml_node **again = NULL;
	size_t count = 0;
	size_t found = 0;

	if (mapping->count < 2)
		return;
	members = calloc(mapping->count, sizeof *members);
	again = calloc(mapping->count, 2 * sizeof *again);
	if (!members || !again) {
		b->no_memory = true;
		return;
	}
	for (struct yaml_node *m = mapping->first; m; m = m->next) {
		if (m->key)
			members[count++] = m;
	}
	qsort(members, count, sizeof(struct yaml_node *), compare_members);
	for (size_t i = 1, first = 0; i < count; i++) {
		if (strcmp(members[i]->key, members[first]->key) != 0) {
			first = i;
			continue;
		}
		again[2 * found] = members[i];
		again[2 * found++ + 1] = members[first];
	}
	qsort(again, found, 2 * sizeof(struct yaml_node *), compare_places);
	for (size_t i = 0; i < found; i++)
		report_duplicate(b, again[2 * i + 1], again[2 * i]);
}

static void
close_level(struct builder *b)
{
	if (b->skipping) {
		b->skipping--;
		return;
	}
	b->depth--;
	assert(b->stack[b->depth]);
	if (b->stack[b->depth]->kind == YAML_MAPPING)
		check_duplicates(b, b->stack[b->depth]);
}

/*
 * Something beside a value that may not be there.  The library's mark of an
 * anchor is behind the '&', so back is 0 for it and 1 for anything else.
 */
static void
refuse_token(
    struct builder *b, struct fy_token *token, unsigned back, const char *what)
{
	const struct fy_mark *mark = token ? fy_token_start_mark(token) : NULL;
	struct config_mark at = { .line = 1, .column = 1 };

	if (!token)
		return;
	if (mark) {
		at.line = (unsigned)mark->line + 1;
		at.column = (unsigned)mark->column + back;
	}
	refuse(b, &at, what);
}

static void
take_node(
    struct builder *b, struct fy_event *event, const struct config_mark *at)
{
	if (b->skipping) {
		if (event->type == FYET_MAPPING_START ||
		    event->type == FYET_SEQUENCE_START)
			b->skipping++;
		return;
	}
	if (event->type == FYET_ALIAS)
		refuse(b, at, "alias '*' is not allowed: write the value out");
	else
		refuse_token(b, fy_event_get_anchor_token(event), 0,
		    "anchor '&' is not allowed");
	if (event->type != FYET_ALIAS)
		refuse_token(b, fy_event_get_tag_token(event), 1,
		    "tag '!' is not allowed: keys have their types");
	if (expects_key(b))
		take_key(b, event, at);
	else
		take_value(b, event, at);
}

static void
take_document(struct builder *b, const struct config_mark *at)
{
	if (b->documents++ == 0)
		return;
	refuse(b, at, "a second document starts here, only one is allowed");
	b->stop = true;
}

/* Where an event begins; the library's marks are behind '*' and quotes. */
static struct config_mark
place_of(struct fy_event *event)
{
	const struct fy_mark *mark = fy_event_start_mark(event);
	struct config_mark at = { .line = 0 };
	enum fy_scalar_style style = FYSS_PLAIN;

	if (!mark)
		return at;
	at.line = (unsigned)mark->line + 1;
	at.column = (unsigned)mark->column + 1;
	if (event->type == FYET_SCALAR && event->scalar.value)
		style = fy_token_scalar_style(event->scalar.value);
	if (mark->column > 0 &&
	    (event->type == FYET_ALIAS || style == FYSS_SINGLE_QUOTED ||
		style == FYSS_DOUBLE_QUOTED))
		at.column--;
	return at;
}

static void
take_event(struct builder *b, struct fy_event *event, size_t len)
{
	struct config_mark at = place_of(event);
	const struct fy_mark *mark = fy_event_start_mark(event);

	switch (event->type) {
	case FYET_DOCUMENT_START:
		take_document(b, &at);
		break;
	case FYET_MAPPING_START:
	case FYET_SEQUENCE_START:
	case FYET_SCALAR:
	case FYET_ALIAS:
		take_node(b, event, &at);
		break;
	case FYET_MAPPING_END:
	case FYET_SEQUENCE_END:
		close_level(b);
		break;
	case FYET_STREAM_END:
		/* the library must not have stopped early */
		if (mark && mark->input_pos < len)
			refuse(b, &at, "cannot be read past this place");
		break;
	default:
		break;
	}
}

static void
report_syntax(struct builder *b, struct fy_diag *diag)
{
	void *place = NULL;
	struct fy_diag_error *e = fy_diag_errors_iterate(diag, &place);
	struct config_mark at = { .line = 1, .column = 1 };

	if (!e) {
		refuse(b, &at, "the YAML cannot be read");
		return;
	}
	if (e->line > 0 && e->column > 0) {
		at.line = (unsigned)e->line;
		at.column = (unsigned)e->column;
	}
	fault_add(b->faults, ERR_CONFIG_INVALID, &at, "YAML: %s", e->msg);
}

static void
read_events(struct builder *b, struct fy_parser *parser, struct fy_diag *diag,
    size_t len)
{
	bool ended = false;

	while (!b->stop && !b->no_memory && !ended) {
		struct fy_event *event = fy_parser_parse(parser);

		if (!event) {
			report_syntax(b, diag);
			b->stop = true;
			yaml_free(STEAL(b->root));
			return;
		}
		take_event(b, event, len);
		ended = event->type == FYET_STREAM_END;
		fy_parser_event_free(parser, event);
	}
}

static void
run_parser(struct builder *b, const char *text, size_t len)
{
	struct fy_diag_cfg diag_cfg;
	struct fy_parse_cfg cfg = { .flags = FYPCF_QUIET | FYPCF_JSON_NONE };
	struct fy_parser *parser;

	fy_diag_cfg_default(&diag_cfg);
	diag_cfg.fp = NULL;
	diag_cfg.output_fn = NULL;
	cfg.diag = fy_diag_create(&diag_cfg);
	if (!cfg.diag) {
		b->no_memory = true;
		return;
	}
	fy_diag_set_collect_errors(cfg.diag, true);
	parser = fy_parser_create(&cfg);
	if (!parser || fy_parser_set_string(parser, text, len) != 0)
		b->no_memory = true;
	else
		read_events(b, parser, cfg.diag, len);
	fy_parser_destroy(parser);
	fy_diag_destroy(cfg.diag);
}

int
yaml_parse(const char *text, size_t len, struct faults *faults,
    struct yaml_node **ret_root)
{
	struct builder b = { .faults = faults };
	struct config_mark top = { .line = 1, .column = 1 };

	*ret_root = NULL;
	if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
		text += 3;
		len -= 3;
	}
	if (!check_text(text, len, faults))
		return 0;
	b.source = text;
	b.source_len = len;
	run_parser(&b, text, len);
	free(b.key);
	if (b.no_memory) {
		yaml_free(b.root);
		return err_set(faults->err, ERR_OUT_OF_MEMORY,
		    "out of memory while reading the configuration");
	}
	if (!b.stop && (!b.root || yaml_is_null(b.root))) {
		fault_add(faults, ERR_CONFIG_INVALID, &top,
		    "the file is empty: a configuration needs at least "
		    "broker.backend, auth.enabled_scopes and audit.path");
		yaml_free(STEAL(b.root));
	}
	*ret_root = b.root;
	return 0;
}
