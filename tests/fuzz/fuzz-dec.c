/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Decimals: two texts on two lines.  What is accepted comes back unchanged
 * but for the sign of zero, and sum minus one part is the other part.
 */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/dec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(int ok)
{
	if (!ok)
		abort();
}

static bool
take_text(struct dec *dec, const char *text)
{
	CLEANUP_BUF struct buf out = BUF_INIT;
	bool ok = dec_parse(dec, text, NULL) == 0;

	must(ok == dec_is_text(text));
	if (!ok)
		return dec_parse_number(dec, text, NULL) == 0;
	must(dec_format(&out, dec, NULL) == 0);
	if (dec_sign(dec) == 0 && text[0] == '-')
		text++;
	must(strcmp(buf_text(&out), text) == 0);
	return true;
}

static void
check_pair(const struct dec *a, const struct dec *b)
{
	struct dec out CLEANUP_DEC;
	CLEANUP_BUF struct buf text = BUF_INIT;

	dec_init(&out);
	dec_add(&out, a, b);
	dec_sub(&out, &out, b);
	must(dec_cmp(&out, a) == 0);
	dec_mul(&out, a, b);
	if (dec_format(&text, &out, NULL) == 0)
		must(dec_is_text(buf_text(&text)));
	if (dec_div(&out, a, b, NULL) == 0) {
		dec_mul(&out, &out, b);
		must(dec_cmp(&out, a) == 0);
	} else {
		must(dec_sign(b) == 0);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP_FREE char *text = malloc(size + 1);
	struct dec a CLEANUP_DEC;
	struct dec b CLEANUP_DEC;
	char *second;

	dec_init(&a);
	dec_init(&b);
	must(text != NULL);
	memcpy(text, data, size);
	text[size] = '\0';
	second = strchr(text, '\n');
	if (second)
		*second++ = '\0';
	if (take_text(&a, text) && second && take_text(&b, second))
		check_pair(&a, &b);
	return 0;
}
