/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * One pass over the text: a handful of bytes can begin or announce a secret
 * (b, e, -, /, \, =, :), all others are skipped.  Each rule says where its
 * secret starts and how long it is; what announces it stays readable.
 */

#include "base/redact.h"

#include <string.h>
#include <strings.h>

#include "base/cleanup.h"

#define KEY_MAX 64 /* longer member names are no names of secrets */

/* One word of a member name: "access", "token" of accessToken. */
struct word {
	const char *at;
	size_t len;
};

#define WORDS_MAX 16

static bool
is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

static bool
is_alnum(char c)
{
	return is_upper(c) || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Split at everything that is no letter or digit, and before capitals. */
static size_t
split_words(const char *key, size_t len, struct word words[WORDS_MAX])
{
	size_t count = 0;
	size_t i = 0;

	while (i < len && count < WORDS_MAX) {
		size_t start;

		while (i < len && !is_alnum(key[i]))
			i++;
		start = i;
		while (
		    i < len && is_alnum(key[i]) &&
		    !(i > start && is_upper(key[i]) && !is_upper(key[i - 1])))
			i++;
		if (i > start)
			words[count++] =
			    (struct word){ key + start, i - start };
	}
	return count;
}

static bool
word_is(const struct word *word, const char *text)
{
	return strlen(text) == word->len &&
	       strncasecmp(word->at, text, word->len) == 0;
}

static bool
word_in(const struct word *word, const char *const *list)
{
	for (; *list; list++) {
		if (word_is(word, *list))
			return true;
	}
	return false;
}

/* Words that make the value of a member a secret. */
static const char *const secret_words[] = { "token", "tokens", "cookie",
	"cookies", "authorization", "password", "passwords", "passwd",
	"passphrase", "credential", "credentials", "secret", "secrets", "jwt",
	"apikey", "accesstoken", "refreshtoken", "clientsecret", NULL };

/* "KIND key" is one, too. */
static const char *const key_kinds[] = { "api", "private", "signing", "access",
	NULL };

/* A last word that says where or what the secret is, not the secret. */
static const char *const about_words[] = { "file", "env", "dir", "type", "kind",
	"ttl", "seconds", "url", "endpoint", "count", NULL };

/* The keyed hash of an id, as in token_id_hash. */
static bool
is_id_hash(const struct word *words, size_t count)
{
	return count > 2 && word_is(&words[count - 2], "id") &&
	       word_is(&words[count - 1], "hash");
}

static bool
names_secret(const char *key, size_t len)
{
	struct word words[WORDS_MAX];
	size_t count;

	if (len > KEY_MAX)
		return false;
	count = split_words(key, len, words);
	if (count == 0 || word_in(&words[count - 1], about_words) ||
	    is_id_hash(words, count))
		return false;
	for (size_t i = 0; i < count; i++) {
		if (word_in(&words[i], secret_words))
			return true;
		if (i > 0 && word_is(&words[i], "key") &&
		    word_in(&words[i - 1], key_kinds))
			return true;
	}
	return false;
}

bool
redact_is_sensitive_key(const char *key)
{
	struct word words[WORDS_MAX];
	size_t len = strlen(key);
	size_t count = split_words(key, len < KEY_MAX ? len : KEY_MAX, words);

	if (count == 1 && word_is(&words[0], "path"))
		return true;
	for (size_t i = 0; i < count; i++) {
		if (word_is(&words[i], "header") ||
		    word_is(&words[i], "headers"))
			return true;
	}
	return names_secret(key, len);
}

/* The text under examination; at: the byte that a rule is asked about. */
struct scan {
	const char *text;
	size_t len;
	size_t at;
	size_t no_jwt;   /* none starts before this byte: keeps it linear */
	bool homes_stay; /* an operator may see paths */
};

struct span {
	size_t start;
	size_t len;
};

static bool
starts_with(const struct scan *scan, size_t at, const char *word)
{
	size_t len = strlen(word);

	return at <= scan->len && scan->len - at >= len &&
	       strncasecmp(scan->text + at, word, len) == 0;
}

/* RFC 6750 b64token */
static size_t
token_run(const struct scan *scan, size_t at)
{
	size_t i = at;

	while (i < scan->len &&
	       (is_alnum(scan->text[i]) ||
		   (scan->text[i] && strchr("-._~+/=", scan->text[i]))))
		i++;
	return i - at;
}

/*
 * A short word of lower-case letters is prose ("bearer token missing"), and so
 * is the name of a parameter (RFC 6750 section 3: Bearer realm="x").
 */
static bool
is_prose(const char *text, size_t len)
{
	if (len >= 16)
		return false;
	if (text[len - 1] == '=')
		len--;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < 'a' || text[i] > 'z')
			return false;
	}
	return true;
}

static bool
find_bearer(const struct scan *scan, struct span *span)
{
	size_t at = scan->at + strlen("bearer");
	size_t run;

	if (!starts_with(scan, scan->at, "bearer") || at >= scan->len ||
	    !is_blank(scan->text[at]))
		return false;
	while (at < scan->len && is_blank(scan->text[at]))
		at++;
	run = token_run(scan, at);
	if (run == 0 || is_prose(scan->text + at, run))
		return false;
	*span = (struct span){ at, run };
	return true;
}

static size_t
base64url_run(const struct scan *scan, size_t at)
{
	size_t i = at;

	while (
	    i < scan->len && (is_alnum(scan->text[i]) || scan->text[i] == '-' ||
				 scan->text[i] == '_'))
		i++;
	return i - at;
}

/* header.payload.signature; the signature of an unsigned one is empty */
static bool
find_jwt(struct scan *scan, struct span *span)
{
	size_t at = scan->at;
	size_t run;

	if (at < scan->no_jwt || scan->len - at < 3 ||
	    memcmp(scan->text + at, "eyJ", 3) != 0)
		return false;
	for (unsigned part = 0; part < 2; part++) {
		run = base64url_run(scan, at);
		at += run;
		/* a later start in the same run would end here as well */
		if (part == 0)
			scan->no_jwt = at;
		if (run == 0 || at >= scan->len || scan->text[at] != '.')
			return false;
		at++;
	}
	at += base64url_run(scan, at);
	*span = (struct span){ scan->at, at - scan->at };
	return true;
}

static size_t
find_after(const struct scan *scan, size_t at, const char *word)
{
	for (; at < scan->len; at++) {
		if (scan->text[at] == word[0] && starts_with(scan, at, word))
			return at + strlen(word);
	}
	return scan->len;
}

/* From "-----BEGIN" to the end of its END line, or of the text. */
static bool
find_private_key(const struct scan *scan, struct span *span)
{
	size_t at = scan->at + strlen("-----BEGIN ");
	size_t label = at;
	size_t end;

	if (!starts_with(scan, scan->at, "-----BEGIN "))
		return false;
	while (label < scan->len && label - at < KEY_MAX &&
	       scan->text[label] != '-')
		label++;
	if (label - at < strlen("PRIVATE KEY") ||
	    !starts_with(scan, label - strlen("PRIVATE KEY"), "PRIVATE KEY"))
		return false;
	end = find_after(scan, label, "-----END ");
	if (end < scan->len)
		end = find_after(scan, end, "-----");
	*span = (struct span){ scan->at, end - scan->at };
	return true;
}

/* "/home/NAME" and "\Users\NAME" tell who runs the program. */
static bool
find_home(const struct scan *scan, struct span *span)
{
	size_t at = scan->at;

	if (starts_with(scan, at, "/home/"))
		at += strlen("/home/");
	else if (starts_with(scan, at, "\\users\\"))
		at += strlen("\\users\\");
	else
		return false;
	/* JSON text doubles the backslash */
	while (at < scan->len && scan->text[at] == '\\')
		at++;
	while (at < scan->len && (unsigned char)scan->text[at] > ' ' &&
	       !strchr("/\\'\"`:;,()<>[]{}", scan->text[at]))
		at++;
	*span = (struct span){ scan->at, at - scan->at };
	return true;
}

/*
 * The member name that ends before scan->at, with blanks between: its length,
 * 0 for none.  quoted: it stood in double quotes.
 */
static size_t
name_before(const struct scan *scan, size_t *ret_start, bool *quoted)
{
	size_t end = scan->at;
	size_t start;

	while (end > 0 && is_blank(scan->text[end - 1]))
		end--;
	*quoted = end > 0 && scan->text[end - 1] == '"';
	if (*quoted)
		end--;
	/* the quote of JSON text within JSON text is itself escaped */
	if (*quoted && end > 0 && scan->text[end - 1] == '\\')
		end--;
	start = end;
	while (
	    start > 0 && end - start <= KEY_MAX &&
	    (is_alnum(scan->text[start - 1]) || scan->text[start - 1] == '_' ||
		scan->text[start - 1] == '-'))
		start--;
	*ret_start = start;
	return end - start;
}

/* The end of a quoted value whose first byte inside is at. */
static size_t
quoted_end(const struct scan *scan, size_t at, char quote, bool escaped)
{
	for (; at < scan->len && scan->text[at] != quote; at++) {
		if (scan->text[at] != '\\')
			continue;
		if (escaped && at + 1 < scan->len &&
		    scan->text[at + 1] == quote)
			break;
		at++;
	}
	return at < scan->len ? at : scan->len;
}

static size_t
line_end(const struct scan *scan, size_t at)
{
	while (
	    at < scan->len && scan->text[at] != '\n' && scan->text[at] != '\r')
		at++;
	return at;
}

static size_t
value_run(const struct scan *scan, size_t at)
{
	while (at < scan->len && (unsigned char)scan->text[at] > ' ' &&
	       !strchr(",;&\"'<>()[]{}", scan->text[at]))
		at++;
	return at;
}

/* The value that starts at: quoted, or a run, with "Basic" in front or not. */
static bool
take_value(const struct scan *scan, size_t at, struct span *span)
{
	static const char *const schemes[] = { "bearer ", "basic ", "digest " };
	bool escaped = at + 1 < scan->len && scan->text[at] == '\\';
	size_t start = at + escaped;
	size_t end;

	if (start < scan->len &&
	    (scan->text[start] == '"' || scan->text[start] == '\'')) {
		end = quoted_end(scan, start + 1, scan->text[start], escaped);
		start++;
	} else {
		start = at;
		end = at;
		for (size_t i = 0; i < ARRAY_COUNT(schemes); i++) {
			if (starts_with(scan, at, schemes[i]))
				end = at + strlen(schemes[i]);
		}
		end = value_run(scan, end);
	}
	/* nothing there, or hidden already */
	if (end <= start || starts_with(scan, start, REDACTED) ||
	    starts_with(scan, start, "REDACTED"))
		return false;
	*span = (struct span){ start, end - start };
	return true;
}

static size_t
skip_blanks(const struct scan *scan, size_t at)
{
	while (at < scan->len && is_blank(scan->text[at]))
		at++;
	return at;
}

/* password=VALUE */
static bool
find_assigned(const struct scan *scan, struct span *span)
{
	size_t start;
	bool quoted;
	size_t len = name_before(scan, &start, &quoted);

	if (len == 0 || !names_secret(scan->text + start, len))
		return false;
	return take_value(scan, skip_blanks(scan, scan->at + 1), span);
}

/* Cookie: and its like hold their secret up to the end of the line. */
static bool
is_header(const struct scan *scan, size_t start, size_t len)
{
	static const char *const names[] = { "cookie", "set-cookie",
		"authorization", "proxy-authorization", NULL };

	return word_in(&(struct word){ scan->text + start, len }, names);
}

/*
 * "password": "VALUE" (JSON), password: VALUE at the end of a line (YAML) and
 * Cookie: VALUE (HTTP).  A colon after another name is prose: our own
 * messages read "auth.token: expected a text".
 */
static bool
find_member(const struct scan *scan, struct span *span)
{
	size_t start, at;
	bool quoted;
	size_t len = name_before(scan, &start, &quoted);

	if (len == 0 || !names_secret(scan->text + start, len))
		return false;
	at = skip_blanks(scan, scan->at + 1);
	if (quoted)
		return take_value(scan, at, span);
	if (is_header(scan, start, len)) {
		if (starts_with(scan, at, REDACTED))
			return false;
		*span = (struct span){ at, line_end(scan, at) - at };
		return span->len > 0;
	}
	if (start > 0 && scan->text[start - 1] == '.')
		return false;
	if (!take_value(scan, at, span))
		return false;
	at = skip_blanks(scan, span->start + span->len);
	return at == scan->len || scan->text[at] == '\n' ||
	       scan->text[at] == '\r';
}

/* Does a secret begin at, or is it announced by, this byte? */
static bool
find_here(struct scan *scan, struct span *span)
{
	switch (scan->text[scan->at]) {
	case 'b':
	case 'B':
		return find_bearer(scan, span);
	case 'e':
		return find_jwt(scan, span);
	case '-':
		return find_private_key(scan, span);
	case '/':
	case '\\':
		return !scan->homes_stay && find_home(scan, span);
	case '=':
		return find_assigned(scan, span);
	case ':':
		return find_member(scan, span);
	default:
		return false;
	}
}

/* The bytes that find_here() has a rule for. */
static const bool announces[256] = {
	['b'] = true,
	['B'] = true,
	['e'] = true,
	['-'] = true,
	['/'] = true,
	['\\'] = true,
	['='] = true,
	[':'] = true,
};

/* Most bytes begin nothing: pass over them. */
static bool
find_next(struct scan *scan, struct span *span)
{
	for (; scan->at < scan->len; scan->at++) {
		if (announces[(unsigned char)scan->text[scan->at]] &&
		    find_here(scan, span))
			return true;
	}
	return false;
}

bool
redact_find(const char *text, size_t len, size_t *ret_start, size_t *ret_len)
{
	struct scan scan = { .text = text, .len = len };
	struct span span;

	if (!find_next(&scan, &span))
		return false;
	*ret_start = span.start;
	*ret_len = span.len;
	return true;
}

static bool
replace(struct buf *out, struct scan scan)
{
	const char *text = scan.text;
	size_t len = scan.len;
	struct span span;
	size_t done = 0;

	while (find_next(&scan, &span)) {
		buf_add(out, text + done, span.start - done);
		buf_str(out, REDACTED);
		done = span.start + span.len;
		scan.at = done;
	}
	buf_add(out, text + done, len - done);
	return done > 0;
}

bool
redact_text(struct buf *out, const char *text, size_t len)
{
	return replace(out, (struct scan){ .text = text, .len = len });
}

bool
redact_for_operator(struct buf *out, const char *text, size_t len)
{
	return replace(
	    out, (struct scan){ .text = text, .len = len, .homes_stay = true });
}

/* The end of the path that begins at byte at; quotes around it say where. */
static size_t
path_end(const char *text, size_t len, size_t at)
{
	char quote = at > 0 ? text[at - 1] : ' ';
	const char *close = NULL;

	if (quote == '\'' || quote == '"')
		close = memchr(text + at, quote, len - at);
	if (close)
		return (size_t)(close - text);
	while (at < len && (unsigned char)text[at] > ' ' &&
	       !strchr("'\"(),;<>[]{}", text[at]))
		at++;
	return at;
}

/* Where the base name begins of the path at..end; at if it is none. */
static size_t
base_name(const char *text, size_t at, size_t end)
{
	size_t last = end;

	while (last > at && text[last - 1] == '/')
		last--;
	while (last > at && text[last - 1] != '/')
		last--;
	return last > at + 1 ? last : at;
}

void
redact_paths(struct buf *out, const char *text, size_t len)
{
	size_t done = 0;
	size_t at = 0;

	while (at < len) {
		size_t end;

		if (text[at] != '/' ||
		    (at > 0 && !strchr(" \t\n'\"(=,[<", text[at - 1]))) {
			at++;
			continue;
		}
		end = path_end(text, len, at);
		buf_add(out, text + done, at - done);
		done = base_name(text, at, end);
		at = end > at ? end : at + 1;
	}
	buf_add(out, text + done, len - done);
}
