/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

int
text_set(char **text, const char *value, struct err *err)
{
	char *copy = value ? strdup(value) : NULL;

	if (value && !copy)
		return err_no_memory(err);
	free(*text);
	*text = copy;
	return 0;
}
