/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The input is the head of a request, one line each: the target, then
 * headers.  What the guard lets through has no header of the dangerous kind
 * twice and a plain target; a decoded name holds no NUL; and a list of
 * forwarded addresses from nobody that is believed changes nothing.
 */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/address.h"
#include "base/cleanup.h"
#include "http/guard.h"
#include "http/rules.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_value(const char *value)
{
	CLEANUP_BUF struct buf out = BUF_INIT;
	const struct config_list nobody = { .count = 0 };
	struct address peer = { .bytes = { [15] = 1 } };
	struct address_net all = { .bits = 0 };
	struct address client = address_client(&peer, value, NULL, 0);

	if (!address_equal(&client, &peer))
		abort();
	(void)address_client(&peer, value, &all, 1);
	(void)address_net_parse(value, &all);
	(void)rules_accept(value);
	(void)rules_is_json(value);
	if (rules_host(value, NULL) && strpbrk(value, "@/ "))
		abort();
	if (rules_origin(value, NULL, &nobody, true) && strchr(value, '@'))
		abort();
	if (rules_decode(value, &out) && strlen(buf_text(&out)) != out.len)
		abort();
}

/* One line of the input, its end replaced by a NUL. */
static char *
next_line(char **at, char *end)
{
	char *line = *at;
	char *stop = memchr(line, '\n', (size_t)(end - line));

	if (!stop)
		stop = end;
	*stop = '\0';
	*at = stop < end ? stop + 1 : end;
	return line;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP_FREE char *text = malloc(size + 1);
	struct guard guard = { .seen = 0 };
	unsigned hosts = 0, lengths = 0, codings = 0;
	char *at = text;
	char *end = text + size;
	const char *target;

	if (!text)
		return 0;
	memcpy(text, data, size);
	target = next_line(&at, end);
	while (at < end) {
		char *line = next_line(&at, end);
		char *colon = strchr(line, ':');
		char *value = colon ? colon + 1 : line + strlen(line);

		if (colon)
			*colon = '\0';
		guard_header(&guard, line, value, strlen(value));
		hosts += strcasecmp(line, "Host") == 0;
		lengths += strcasecmp(line, "Content-Length") == 0;
		codings += strcasecmp(line, "Transfer-Encoding") == 0;
		check_value(value);
	}
	if (!guard_fault(&guard, "POST", target, "HTTP/1.1") &&
	    (hosts != 1 || lengths + codings > 1 || target[0] != '/' ||
		strchr(target, '%')))
		abort();
	return 0;
}
