/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * For tests of the configuration: a text read as if it stood in /etc/iag/c.yaml
 * and called c.yaml in messages, with everything that came of it.
 */

#ifndef IAG_TESTS_UNIT_LOADED_H
#define IAG_TESTS_UNIT_LOADED_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config/load.h"

/* What a file has to name, on three lines. */
#define LOADED_HEAD                    \
	"broker: {backend: fake}\n"    \
	"auth: {enabled_scopes: []}\n" \
	"audit: {path: /var/lib/iag}\n"

struct loaded {
	struct config *config;
	struct buf out;
	struct err err;
	size_t count;
	int class;
};

static inline void
loaded_init(struct loaded *l, const char *text, size_t len)
{
	struct faults faults = {
		.file = "c.yaml", .out = &l->out, .err = &l->err
	};

	memset(l, 0, sizeof *l);
	l->config = config_new();
	assert_non_null(l->config);
	l->config->path = strdup("/etc/iag/c.yaml");
	l->config->dir = strdup("/etc/iag");
	assert_int_equal(load_text(l->config, text, len, &faults), 0);
	l->count = faults.count;
	l->class = fault_end(&faults);
}

static inline void
loaded_fini(struct loaded *l)
{
	config_free(l->config);
	buf_fini(&l->out);
	err_fini(&l->err);
}

/* The text has this one fault: code, and the beginning of its line. */
static inline void
assert_fault(const char *text, enum err_code code, const char *line)
{
	struct loaded l;

	loaded_init(&l, text, strlen(text));
	if (l.count != 1 || l.err.code != code ||
	    strncmp(buf_text(&l.out), line, strlen(line)) != 0)
		fail_msg("wanted one %s '%s', got %zu, the first %s:\n%s",
		    err_kind(code)->name, line, l.count,
		    err_kind(l.err.code)->name, buf_text(&l.out));
	assert_int_equal(l.class, err_kind(code)->class);
	/* the error object has the first line without its end */
	assert_int_equal(strlen(err_text(&l.err)), l.out.len - 1);
	assert_memory_equal(err_text(&l.err), l.out.data, l.out.len - 1);
	loaded_fini(&l);
}

static inline void
assert_no_fault(const char *text)
{
	struct loaded l;

	loaded_init(&l, text, strlen(text));
	if (l.count != 0 || l.class != 0)
		fail_msg(
		    "wanted no fault in\n%sgot\n%s", text, buf_text(&l.out));
	loaded_fini(&l);
}

#endif
