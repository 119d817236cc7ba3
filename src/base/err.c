/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The error object and the table of codes.  An error must come through even
 * when memory is gone: the code and its flags live in the object itself, only
 * the text needs the heap, and err_text() has a static one to fall back on.
 */

#include "base/err.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

/* Longest text: a message is for a person, not for a whole broker answer. */
#define ERR_TEXT_MAX 4096

static const struct err_kind kinds[ERR_CODE_COUNT] = {
	[ERR_NONE] = { "NONE", 0, 0, false, NULL },
#define ERR_CODE(name, class, exit, retry, action) \
	[ERR_##name] = { #name, class, exit, retry, action },
#include "base/codes.h"
#undef ERR_CODE
};

/* What a bare class of a plugin or a library means to the outside. */
static const struct {
	int class;
	enum err_code code;
	const char *name;
} classes[] = {
	{ IAG_AGAIN, ERR_BROKER_BACKEND_UNAVAILABLE, "IAG_AGAIN" },
	{ IAG_LIMIT, ERR_BROKER_RATE_LIMITED, "IAG_LIMIT" },
	{ IAG_REJECTED, ERR_ORDER_POLICY_REFUSED, "IAG_REJECTED" },
	{ IAG_UNKNOWN, ERR_ORDER_OUTCOME_UNKNOWN, "IAG_UNKNOWN" },
	{ IAG_NOTFOUND, ERR_INPUT_INVALID, "IAG_NOTFOUND" },
	{ IAG_AUTH, ERR_BROKER_SESSION_REQUIRED, "IAG_AUTH" },
	{ IAG_INVAL, ERR_INPUT_INVALID, "IAG_INVAL" },
	{ IAG_NOTSUP, ERR_BROKER_CAPABILITY_UNAVAILABLE, "IAG_NOTSUP" },
	{ IAG_NOMEM, ERR_OUT_OF_MEMORY, "IAG_NOMEM" },
	{ IAG_STOPPING, ERR_CALL_TIMED_OUT, "IAG_STOPPING" },
	{ IAG_CORRUPT, ERR_JOURNAL_CORRUPT, "IAG_CORRUPT" },
	{ IAG_INTERNAL, ERR_INTERNAL_ERROR, "IAG_INTERNAL" },
};

void
err_fini(struct err *err)
{
	free(err->text);
	free(err->action);
	free(err->details);
	free(err->refusals);
	*err = (struct err)ERR_INIT;
}

/* Cut text to ERR_TEXT_MAX bytes, not within a UTF-8 sequence. */
static void
text_clip(char *text, int len)
{
	size_t end = ERR_TEXT_MAX;

	if (len <= ERR_TEXT_MAX)
		return;
	while (
	    end > ERR_TEXT_MAX - 4 && ((unsigned char)text[end] & 0xc0) == 0x80)
		end--;
	text[end] = '\0';
}

/* The formatted text, or NULL when there is no memory for it. */
__attribute__((format(printf, 1, 0))) static char *
text_format(const char *fmt, va_list ap)
{
	char *text;
	int len = vasprintf(&text, fmt, ap);

	if (len < 0)
		return NULL;
	text_clip(text, len);
	return text;
}

int
err_set(struct err *err, enum err_code code, const char *fmt, ...)
{
	const struct err_kind *kind = err_kind(code);
	char *text;
	va_list ap;

	assert(code != ERR_NONE);
	if (!err)
		return kind->class;
	/* before err_fini(): an argument may be the old text */
	va_start(ap, fmt);
	text = text_format(fmt, ap);
	va_end(ap);
	err_fini(err);
	err->code = code;
	err->text = text;
	err->retryable = kind->retryable;
	err->unknown = kind->class == IAG_UNKNOWN;
	err->missing = false;
	return kind->class;
}

int
err_no_memory(struct err *err)
{
	return err_set(err, ERR_OUT_OF_MEMORY, "out of memory");
}

int
err_wrap(struct err *err, const char *fmt, ...)
{
	CLEANUP_FREE char *context = NULL;
	char *text;
	va_list ap;
	int len;

	if (!err || err->code == ERR_NONE)
		return 0;
	va_start(ap, fmt);
	context = text_format(fmt, ap);
	va_end(ap);
	if (!context)
		return err_class(err);
	len = asprintf(&text, "%s: %s", context, err_text(err));
	if (len < 0)
		return err_class(err);
	text_clip(text, len);
	free(err->text);
	err->text = text;
	return err_class(err);
}

void
err_action(struct err *err, const char *fmt, ...)
{
	char *action;
	va_list ap;

	if (!err)
		return;
	va_start(ap, fmt);
	action = text_format(fmt, ap);
	va_end(ap);
	if (!action)
		return;
	free(err->action);
	err->action = action;
}

static void
text_replace(char **text, const char *json)
{
	char *copy = strdup(json);

	if (!copy)
		return;
	free(*text);
	*text = copy;
}

void
err_details(struct err *err, const char *json)
{
	if (err)
		text_replace(&err->details, json);
}

void
err_refusals(struct err *err, const char *json)
{
	if (err)
		text_replace(&err->refusals, json);
}

void
err_move(struct err *to, struct err *from)
{
	if (!to) {
		err_fini(from);
		return;
	}
	if (to == from)
		return;
	err_fini(to);
	*to = *from;
	*from = (struct err)ERR_INIT;
}

int
err_class(const struct err *err)
{
	return err ? err_kind(err->code)->class : 0;
}

const char *
err_text(const struct err *err)
{
	if (!err || err->code == ERR_NONE)
		return "";
	return err->text ? err->text : "no memory was left for the message";
}

const char *
err_user_action(const struct err *err)
{
	if (!err)
		return NULL;
	return err->action ? err->action : err_kind(err->code)->action;
}

const struct err_kind *
err_kind(enum err_code code)
{
	if ((unsigned)code >= ERR_CODE_COUNT)
		code = ERR_INTERNAL_ERROR;
	return &kinds[code];
}

enum err_code
err_code_find(const char *name)
{
	for (unsigned i = ERR_NONE + 1; i < ERR_CODE_COUNT; i++) {
		if (strcmp(kinds[i].name, name) == 0)
			return (enum err_code)i;
	}
	return ERR_NONE;
}

enum err_code
err_code_of_class(int class)
{
	for (size_t i = 0; i < ARRAY_COUNT(classes); i++) {
		if (classes[i].class == class)
			return classes[i].code;
	}
	return ERR_INTERNAL_ERROR;
}

const char *
err_class_name(int class)
{
	for (size_t i = 0; i < ARRAY_COUNT(classes); i++) {
		if (classes[i].class == class)
			return classes[i].name;
	}
	return class == IAG_OK ? "IAG_OK" : "IAG_INTERNAL";
}
