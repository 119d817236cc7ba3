/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* JSON by template: see pack.h. */

#include "sim/pack.h"

#include <assert.h>
#include <inttypes.h>
#include <stdint.h>
#include <string.h>

#include "base/json.h"
#include "sim/num.h"

static void
text(struct buf *out, const char *str)
{
	if (str)
		json_write_string(out, str, strlen(str));
	else
		buf_str(out, "null");
}

static void
quoted(struct buf *out, int64_t num, unsigned digits)
{
	buf_char(out, '"');
	num_write(out, num, digits);
	buf_char(out, '"');
}

/* va_list as a pointer, so that what was taken stays taken. */
struct args {
	va_list ap;
};

static void
convert(struct buf *out, char kind, struct args *args)
{
	switch (kind) {
	case 's':
		text(out, va_arg(args->ap, const char *));
		break;
	case 'd':
		buf_printf(out, "%d", va_arg(args->ap, int));
		break;
	case 'l':
		buf_printf(out, "%" PRId64, va_arg(args->ap, int64_t));
		break;
	case 'n':
		num_write(out, va_arg(args->ap, int64_t), 1);
		break;
	case 'm':
		quoted(out, va_arg(args->ap, int64_t), 2);
		break;
	case 'q':
		quoted(out, va_arg(args->ap, int64_t), 1);
		break;
	case 'b':
		buf_str(out, va_arg(args->ap, int) ? "true" : "false");
		break;
	case 'r':
		buf_str(out, va_arg(args->ap, const char *));
		break;
	default:
		assert(!"a conversion that pack.h lists");
	}
}

void
pack_v(struct buf *out, const char *template, va_list ap)
{
	struct args args;

	va_copy(args.ap, ap);
	for (const char *at = template; *at; at++) {
		if (*at == '%')
			convert(out, *++at, &args);
		else
			buf_char(out, (char)(*at == '\'' ? '"' : *at));
	}
	va_end(args.ap);
}

void
pack(struct buf *out, const char *template, ...)
{
	va_list ap;

	va_start(ap, template);
	pack_v(out, template, ap);
	va_end(ap);
}

void
pack_comma(struct buf *out)
{
	char last = '[';

	if (out->len > 0)
		last = out->data[out->len - 1];
	if (last != '[' && last != '{')
		buf_char(out, ',');
}

void
pack_item(struct buf *out, const char *template, ...)
{
	va_list ap;

	pack_comma(out);
	va_start(ap, template);
	pack_v(out, template, ap);
	va_end(ap);
}
