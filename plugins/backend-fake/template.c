/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Works on JSON text rather than on a tree: most answers are a copy with a
 * time or two in it.
 */

#include "template.h"

#include <string.h>

#include "moment.h"
#include "text.h"

#define NS_PER_S UINT64_C(1000000000)
#define DAY_S UINT64_C(86400)

/* "+2h", "-1s" or nothing, in seconds. */
static int
shift_parse(const char *text, size_t len, int64_t *ret_s)
{
	char unit = len > 2 ? text[len - 1] : '\0';
	int64_t factor = unit == 's'   ? 1
			 : unit == 'm' ? 60
			 : unit == 'h' ? 3600
			 : unit == 'd' ? (int64_t)DAY_S
				       : 0;
	int64_t value = 0;

	*ret_s = 0;
	if (len == 0)
		return 0;
	if (!factor || len > 11 || (*text != '+' && *text != '-'))
		return -1;
	for (size_t i = 1; i < len - 1; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -1;
		value = value * 10 + (text[i] - '0');
	}
	*ret_s = value * factor * (*text == '-' ? -1 : 1);
	return 0;
}

/* One template, without its '@'. */
static int
word_fill(struct text *out, const char *word, size_t len, uint64_t now_ns)
{
	size_t name = strcspn(word, "+-\"");
	uint64_t base_ns = now_ns;
	char time[MOMENT_SIZE];
	int64_t shift;

	if (name > len || shift_parse(word + name, len - name, &shift))
		return -1;
	if (name == 3 && memcmp(word, "day", 3) == 0)
		base_ns -= now_ns % (DAY_S * NS_PER_S);
	else if ((name != 3 || memcmp(word, "now", 3) != 0) &&
		 (name != 4 || memcmp(word, "date", 4) != 0))
		return -1;
	moment_format(base_ns + (uint64_t)(shift * (int64_t)NS_PER_S), time);
	text_add(out, time, name == 4 ? 10 : MOMENT_SIZE - 1);
	return 0;
}

int
template_fill(struct text *out, const char *json, size_t len, uint64_t now_ns)
{
	const char *end = json + len;

	for (;;) {
		const char *mark = strstr(json, "\"@");
		const char *close;

		if (!mark || mark >= end)
			break;
		close = strchr(mark + 1, '"');
		text_add(out, json, (size_t)(mark + 1 - json));
		if (word_fill(
			out, mark + 2, (size_t)(close - mark - 2), now_ns))
			return -1;
		json = close;
	}
	text_add(out, json, (size_t)(end - json));
	return out->failed ? -1 : 0;
}
