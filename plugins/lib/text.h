/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* A growable text; a failure sticks and is asked for once, at the end. */

#ifndef PLUGIN_TEXT_H
#define PLUGIN_TEXT_H

#include <stddef.h>

struct text {
	char *data; /* NUL behind the last byte once anything was added */
	size_t len, cap;
	int failed;
};

void text_add(struct text *text, const char *data, size_t len);
void text_str(struct text *text, const char *str);
void text_fini(struct text *text);

#endif
