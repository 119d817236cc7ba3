/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * A list of verdicts and its two faces: JSON for programs, one sentence for
 * people.  A list that lost a verdict to memory never passes.
 */

#include "orders/verdict.h"

#include <stdint.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"

/* NULL stays NULL; false: out of memory. */
static bool
copy(char **ret_text, const char *text)
{
	*ret_text = text ? strdup(text) : NULL;
	return !text || *ret_text;
}

static void
verdict_fini(struct verdict *verdict)
{
	free(verdict->limit);
	free(verdict->actual);
	free(verdict->fix);
}

void
verdicts_fini(struct verdicts *verdicts)
{
	for (size_t i = 0; i < verdicts->count; i++)
		verdict_fini(&verdicts->items[i]);
	free(verdicts->items);
	*verdicts = (struct verdicts)VERDICTS_INIT;
}

/* Room for one more; doubles at powers of two. */
static bool
grow(struct verdicts *verdicts)
{
	size_t count = verdicts->count, size = count ? count * 2 : 16;
	struct verdict *items;

	if (count && (count < 16 || (count & (count - 1)) != 0))
		return true;
	if (size > SIZE_MAX / sizeof(*items))
		return false;
	items = realloc(verdicts->items, size * sizeof(*items));
	if (!items)
		return false;
	verdicts->items = items;
	return true;
}

/* Take one over, texts and all. */
static void
take(struct verdicts *verdicts, struct verdict *verdict)
{
	if (grow(verdicts)) {
		verdicts->items[verdicts->count++] = *verdict;
		return;
	}
	verdict_fini(verdict);
	verdicts->failed = true;
}

void
verdicts_add(struct verdicts *verdicts, const char *rule, const char *code,
    bool passed, const char *limit, const char *actual, const char *fix)
{
	struct verdict verdict = {
		.rule = rule,
		.code = code,
		.passed = passed,
	};

	if (!copy(&verdict.limit, limit) || !copy(&verdict.actual, actual) ||
	    !copy(&verdict.fix, passed ? NULL : fix))
		verdicts->failed = true;
	take(verdicts, &verdict);
}

void
verdicts_append(struct verdicts *verdicts, struct verdicts *from)
{
	for (size_t i = 0; i < from->count; i++)
		take(verdicts, &from->items[i]);
	verdicts->failed = verdicts->failed || from->failed;
	from->count = 0;
	verdicts_fini(from);
}

const struct verdict *
verdicts_first(const struct verdicts *verdicts)
{
	for (size_t i = 0; i < verdicts->count; i++) {
		if (!verdicts->items[i].passed)
			return &verdicts->items[i];
	}
	return NULL;
}

bool
verdicts_pass(const struct verdicts *verdicts)
{
	return !verdicts->failed && !verdicts_first(verdicts);
}

static void
member(struct buf *out, const char *key, const char *text)
{
	if (!text)
		return;
	if (out->len && out->data[out->len - 1] != '{')
		buf_char(out, ',');
	buf_printf(out, "\"%s\":", key);
	json_write_string(out, text, strlen(text));
}

static void
verdict_write(struct buf *out, const struct verdict *verdict, bool with_passed)
{
	buf_char(out, '{');
	member(out, "code", verdict->code);
	member(out, "rule", verdict->rule);
	member(out, "limit", verdict->limit);
	member(out, "actual", verdict->actual);
	member(out, "fix", verdict->fix);
	if (with_passed)
		buf_printf(
		    out, ",\"passed\":%s", verdict->passed ? "true" : "false");
	buf_char(out, '}');
}

void
verdicts_write(struct buf *out, const struct verdicts *verdicts, bool all)
{
	bool any = false;

	buf_char(out, '[');
	for (size_t i = 0; i < verdicts->count; i++) {
		if (verdicts->items[i].passed && !all)
			continue;
		if (any)
			buf_char(out, ',');
		verdict_write(out, &verdicts->items[i], all);
		any = true;
	}
	buf_char(out, ']');
}

void
verdicts_write_seen(struct buf *out, const struct verdicts *verdicts)
{
	const char *actual;

	for (size_t i = 0; i < verdicts->count; i++) {
		actual = verdicts->items[i].actual;
		buf_str(out, i ? "],[\"" : "[[\"");
		buf_str(out, verdicts->items[i].rule);
		buf_str(out, "\",");
		json_write_string(
		    out, actual ? actual : "", actual ? strlen(actual) : 0);
	}
	buf_str(out, verdicts->count ? "]]" : "[]");
}

static size_t
refusal_count(const struct verdicts *verdicts)
{
	size_t count = 0;

	for (size_t i = 0; i < verdicts->count; i++)
		count += !verdicts->items[i].passed;
	return count;
}

/* "refused by 'max_notional': allowed '1000 USD', got '1200 USD'" */
static void
explain(struct buf *out, const struct verdict *verdict, size_t count)
{
	buf_printf(out, "refused by '%s'", verdict->rule);
	if (verdict->limit)
		buf_printf(out, ": allowed '%s'", verdict->limit);
	if (verdict->actual)
		buf_printf(out, "%s got '%s'", verdict->limit ? "," : ":",
		    verdict->actual);
	if (count > 1)
		buf_printf(out, "; %zu refusals in all", count);
}

int
verdicts_refuse(
    const struct verdicts *verdicts, enum err_code code, struct err *err)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	CLEANUP_BUF struct buf list = BUF_INIT;
	const struct verdict *first = verdicts_first(verdicts);

	if (!first)
		return err_set(
		    err, ERR_OUT_OF_MEMORY, "no memory to judge the order");
	explain(&text, first, refusal_count(verdicts));
	verdicts_write(&list, verdicts, false);
	if (text.failed || list.failed)
		return err_set(err, ERR_OUT_OF_MEMORY,
		    "no memory to say why the order is refused");
	(void)err_set(err, code, "%s", buf_text(&text));
	if (first->fix)
		err_action(err, "%s", first->fix);
	err_refusals(err, buf_text(&list));
	return err_kind(code)->class;
}
