/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Log lines to stderr, each with one write(2), and short enough that a pipe
 * takes it in one piece beside those of other processes (PIPE_BUF).
 *
 * Threads: any.
 * Lock: `lock` keeps the pieces of an interrupted write together; level and
 * form are atomic.  Order: a leaf, the clock is read before it is taken.
 */

#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/json.h"
#include "base/redact.h"

/* Bytes of message text; escapes may make them longer on the line. */
#define TEXT_MAX 2048

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static atomic_int current_level = LOG_LEVEL_INFO;
static atomic_int current_form = LOG_FORM_AUTO;
static atomic_bool under_journal;

static const struct {
	const char *name;
	const char *prefix; /* sd-daemon(3) */
} levels[] = {
	[LOG_LEVEL_ERROR] = { "error", "<3>" },
	[LOG_LEVEL_WARNING] = { "warning", "<4>" },
	[LOG_LEVEL_INFO] = { "info", "<6>" },
	[LOG_LEVEL_DEBUG] = { "debug", "<7>" },
};

/*
 * JOURNAL_STREAM is "device:inode" of the journal's socket.  It is inherited
 * by children whose stderr may be something else, hence the comparison.
 */
static bool
stderr_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	char here[64];
	struct stat st;

	if (!stream || fstat(STDERR_FILENO, &st) < 0)
		return false;
	(void)snprintf(here, sizeof here, "%llu:%llu",
	    (unsigned long long)st.st_dev, (unsigned long long)st.st_ino);
	return strcmp(stream, here) == 0;
}

void
log_setup(enum log_level level, enum log_form form)
{
	current_level = (int)level;
	current_form = (int)form;
	under_journal = stderr_is_journal();
}

bool
log_is_on(enum log_level level)
{
	return (int)level <= current_level;
}

/*
 * A character that a terminal or a pager would act on: C0, DEL, C1, line and
 * paragraph separators, and the marks that turn the direction of text.
 */
static bool
is_control(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) ||
	       (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

/* Decode the valid sequence at text; its length. */
static unsigned
decode(const char *text, unsigned len, uint32_t *c)
{
	static const unsigned char first[] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };

	*c = (unsigned char)text[0] & first[len];
	for (unsigned i = 1; i < len; i++)
		*c = *c << 6 | ((unsigned char)text[i] & 0x3f);
	return len;
}

/* Plain text with everything escaped that is not printable UTF-8. */
static void
put_plain(struct buf *out, const char *text, size_t len)
{
	size_t i = 0;

	while (i < len) {
		unsigned size = json_utf8_len(text + i, len - i);
		uint32_t c;

		if (size == 0) {
			buf_printf(out, "\\x%02x", (unsigned char)text[i++]);
			continue;
		}
		(void)decode(text + i, size, &c);
		if (c == '\n')
			buf_str(out, "\\n");
		else if (c == '\t')
			buf_str(out, "\\t");
		else if (is_control(c))
			buf_printf(out, c < 0x100 ? "\\x%02x" : "\\u%04x", c);
		else
			buf_add(out, text + i, size);
		i += size;
	}
}

static void
put_text_line(struct buf *out, enum log_level level, const char *area,
    const struct buf *text, const char *time)
{
	/* the journal keeps time and level itself */
	if (!under_journal)
		buf_printf(out, "%s %s ", time, levels[level].name);
	put_plain(out, area, strlen(area));
	buf_str(out, ": ");
	put_plain(out, buf_text(text), text->len);
}

static void
put_json_line(struct buf *out, enum log_level level, const char *area,
    const struct buf *text, const char *time)
{
	buf_printf(out, "{\"time\":\"%s\",\"level\":\"%s\",\"area\":", time,
	    levels[level].name);
	json_write_string(out, area, strlen(area));
	buf_str(out, ",\"text\":");
	json_write_string(out, buf_text(text), text->len);
	buf_char(out, '}');
}

static void
write_out(const char *data, size_t len)
{
	LOCK_SCOPE(&lock);

	(void)fd_write(STDERR_FILENO, data, len); /* or it is lost */
}

/* The message, clipped and redacted. */
__attribute__((format(printf, 2, 0))) static void
compose(struct buf *text, const char *fmt, va_list ap)
{
	CLEANUP_BUF struct buf raw = BUF_INIT;
	CLEANUP_BUF struct buf cut = BUF_INIT;
	const struct buf *from = &raw;
	size_t len;

	buf_vprintf(&raw, fmt, ap);
	/* the journal is read by more people than the terminal (ruling 44) */
	if (under_journal) {
		redact_paths(&cut, buf_text(&raw), raw.len);
		from = &cut;
	}
	(void)redact_text(text, buf_text(from), from->len);
	len = text->len;
	if (len <= TEXT_MAX)
		return;
	len = TEXT_MAX;
	while (len > 0 && ((unsigned char)text->data[len] & 0xc0) == 0x80)
		len--;
	text->len = len;
	buf_str(text, " [cut]");
}

void
log_line(enum log_level level, const char *area, const char *fmt, ...)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	CLEANUP_BUF struct buf out = BUF_INIT;
	char time[CLOCK_TEXT_SIZE];
	int saved = errno; /* callers log between a failure and its use */
	va_list ap;

	if (!log_is_on(level))
		return;
	va_start(ap, fmt);
	compose(&text, fmt, ap);
	va_end(ap);
	clock_format(clock_real_ns(), time);
	if (under_journal)
		buf_str(&out, levels[level].prefix);
	if (current_form == LOG_FORM_JSON)
		put_json_line(&out, level, area, &text, time);
	else
		put_text_line(&out, level, area, &text, time);
	buf_char(&out, '\n');
	if (!out.failed)
		write_out(out.data, out.len);
	errno = saved;
}
