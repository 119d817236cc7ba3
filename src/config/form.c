/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The checks behind the forms.  They look at the text alone; only the time
 * zone looks at the disk, since a zone that this machine does not know would
 * leave a session limit without a beginning.
 */

#include "config/form.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <limits.h>
#include <string.h>

#include "base/address.h"
#include "base/dec.h"
#include "base/zone.h"
#include "config/scope.h"

static const char lower[] = "abcdefghijklmnopqrstuvwxyz";
static const char upper[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
static const char digits[] = "0123456789";

/* True if text has 1..max characters, all of them from the three sets. */
static bool
is_made_of(
    const char *text, size_t max, const char *a, const char *b, const char *c)
{
	size_t len = strlen(text);

	for (size_t i = 0; i < len; i++) {
		if (!strchr(a, text[i]) && !strchr(b, text[i]) &&
		    !strchr(c, text[i]))
			return false;
	}
	return len > 0 && len <= max;
}

static const char *
check_text(const char *text)
{
	size_t len = strlen(text);

	if (text[strspn(text, " \t\r\n")] == '\0')
		return "it is blank";
	if (len > 1024)
		return "it is longer than 1024 bytes";
	for (size_t i = 0; i < len; i++) {
		if (iscntrl((unsigned char)text[i]))
			return "it holds a control character";
	}
	return NULL;
}

static const char *
check_plugin(const char *text)
{
	if (!is_made_of(text, 64, lower, digits, "-_") || strchr("-_", text[0]))
		return "it is not a plugin's name";
	return NULL;
}

static const char *
url_host(const char *text, size_t len, struct url *url)
{
	unsigned char address[sizeof(struct in6_addr)];
	bool bracket = len > 0 && text[0] == '[';

	if (bracket) {
		if (len < 3 || text[len - 1] != ']')
			return "the bracket after '[' is missing";
		text++;
		len -= 2;
	}
	if (len == 0 || len >= sizeof url->host)
		return "the host is missing or too long";
	for (size_t i = 0; i < len; i++)
		url->host[i] = (char)tolower((unsigned char)text[i]);
	url->host[len] = '\0';
	if (bracket)
		return inet_pton(AF_INET6, url->host, address) == 1
			   ? NULL
			   : "the host in brackets is not an IPv6 address";
	if (!is_made_of(url->host, 255, lower, digits, "-.") ||
	    url->host[0] == '-' || url->host[0] == '.' ||
	    strstr(url->host, ".."))
		return "the host is not a name or an address";
	return NULL;
}

static const char *
url_port(const char *text, size_t len, struct url *url)
{
	unsigned long port = 0;

	if (len == 0 || len > 5)
		return "the port is not a number from 1 to 65535";
	for (size_t i = 0; i < len; i++) {
		if (!isdigit((unsigned char)text[i]))
			return "the port is not a number from 1 to 65535";
		port = port * 10 + (unsigned long)(text[i] - '0');
	}
	if (port == 0 || port > 65535)
		return "the port is not a number from 1 to 65535";
	url->port = (uint16_t)port;
	return NULL;
}

static const char *
url_authority(const char *text, size_t len, struct url *url)
{
	const char *reason;
	const char *end = text + len;
	const char *colon = memrchr(text, ':', len);
	const char *bracket = memrchr(text, ']', len);

	if (memchr(text, '@', len))
		return "it holds a user or a password";
	if (colon && bracket && colon < bracket)
		colon = NULL; /* inside the address */
	reason = url_host(text, (size_t)((colon ? colon : end) - text), url);
	if (!reason && colon)
		reason = url_port(colon + 1, (size_t)(end - colon - 1), url);
	return reason;
}

const char *
url_parse(const char *text, struct url *ret_url)
{
	struct url url = { .https = false };
	const char *reason;
	size_t skip;

	if (strncasecmp(text, "https://", 8) == 0) {
		url.https = true;
		skip = 8;
	} else if (strncasecmp(text, "http://", 7) == 0) {
		skip = 7;
	} else {
		return "it does not begin with https:// or http://";
	}
	if (strlen(text) > 2048)
		return "it is longer than 2048 bytes";
	for (const char *p = text; *p; p++) {
		if (!isgraph((unsigned char)*p))
			return "it holds a blank or a character that is not "
			       "ASCII";
	}
	reason = url_authority(text + skip, strcspn(text + skip, "/?#"), &url);
	if (reason)
		return reason;
	if (strpbrk(text, "?#"))
		return "it holds a query or a fragment";
	url.local = strcmp(url.host, "localhost") == 0 ||
		    strcmp(url.host, "127.0.0.1") == 0 ||
		    strcmp(url.host, "::1") == 0;
	*ret_url = url;
	return NULL;
}

static const char *
check_url(const char *text)
{
	struct url url;
	const char *reason = url_parse(text, &url);

	if (!reason && !url.https && !url.local)
		reason = "http:// is for this machine only";
	return reason;
}

static const char *
check_https_url(const char *text)
{
	struct url url;
	const char *reason = url_parse(text, &url);

	if (!reason && !url.https)
		reason = "it does not begin with https://";
	return reason;
}

static const char *
check_path(const char *text)
{
	if (text[0] == '~')
		return "'~' is not expanded";
	if (strlen(text) >= PATH_MAX)
		return "it is too long";
	if (strncmp(text, "sqlite:", 7) == 0)
		return "it is a database URL, not a path";
	return check_text(text) ? "it is blank or has control characters"
				: NULL;
}

static const char *
check_env(const char *text)
{
	if (!is_made_of(text, 64, upper, digits, "_") ||
	    isdigit((unsigned char)text[0]))
		return "it is not the name of an environment variable";
	return NULL;
}

static bool
is_hex_pin(const char *text)
{
	size_t found = 0;

	for (const char *p = text; *p; p++) {
		if (*p == ':' && found > 0 && found % 2 == 0 && p[1] &&
		    p[-1] != ':')
			continue;
		if (!isxdigit((unsigned char)*p))
			return false;
		found++;
	}
	return found == 64;
}

/* 32 bytes: 43 characters and a '='; the last one carries four bits. */
static bool
is_base64_pin(const char *text)
{
	static const char last[] = "AEIMQUYcgkosw048";

	if (strncmp(text, "sha256//", 8) == 0)
		text += 8;
	if (strlen(text) != 44 || text[43] != '=')
		return false;
	for (size_t i = 0; i < 43; i++) {
		if (!isalnum((unsigned char)text[i]) && text[i] != '+' &&
		    text[i] != '/')
			return false;
	}
	return strchr(last, text[42]) != NULL;
}

static const char *
check_pin(const char *text)
{
	if (!is_hex_pin(text) && !is_base64_pin(text))
		return "it is not the SHA-256 of a key";
	return NULL;
}

static const char *
check_scope(const char *text)
{
	uint64_t bit = scope_bit(text);

	if (bit == 0)
		return "it is not a scope";
	if (!(bit & scope_all()))
		return "it is valid in HTTP tokens only";
	return NULL;
}

static const char *
check_token_scope(const char *text)
{
	return scope_bit(text) ? NULL : "it is not a scope";
}

/* HOST:PORT with port 0 for any free one. */
static const char *
check_listen(const char *text)
{
	struct url url = { .https = false };
	const char *colon = strrchr(text, ':');
	unsigned char address[sizeof(struct in6_addr)];
	const char *reason;

	if (!colon || colon == text)
		return "it is not ADDRESS:PORT";
	reason = url_host(text, (size_t)(colon - text), &url);
	if (reason)
		return reason;
	if (text[0] != '[' && strcmp(url.host, "localhost") != 0 &&
	    inet_pton(AF_INET, url.host, address) != 1)
		return "the address is not one of this kind";
	if (strcmp(colon, ":0") == 0)
		return NULL;
	return url_port(colon + 1, strlen(colon + 1), &url)
		   ? "the port is not a number from 0 to 65535"
		   : NULL;
}

static const char *
check_network(const char *text)
{
	struct address_net net;

	return address_net_parse(text, &net)
		   ? NULL
		   : "it is neither an address nor a network";
}

static const char *
check_decimal(const char *text)
{
	if (!dec_is_text(text))
		return "it is not a decimal number";
	if (text[0] == '-')
		return "it is negative";
	if (strspn(text, "0.") == strlen(text))
		return "it is zero";
	return NULL;
}

static const char *
check_currency(const char *text)
{
	if (strlen(text) != 3 || !is_made_of(text, 3, upper, "", ""))
		return "it is not a currency code";
	return NULL;
}

static const char *
check_zone(const char *text)
{
	struct zone *zone = NULL;

	if (zone_open(text, &zone, NULL) != 0)
		return "this machine knows no such time zone";
	zone_free(zone);
	return NULL;
}

static const char *
check_time(const char *text)
{
	if (strlen(text) != 5 || zone_parse_minutes(text) < 0)
		return "it is not a time of day";
	return NULL;
}

static const char *
check_account(const char *text)
{
	if (text[strspn(text, " \t")] == '\0')
		return "it is blank";
	for (const char *p = text; *p; p++) {
		if (!isgraph((unsigned char)*p) || strchr("/?#", *p))
			return "it is not an account id";
	}
	return strlen(text) > 64 ? "it is longer than 64 bytes" : NULL;
}

static const char *
check_question(const char *text)
{
	const char *id = strrchr(text, ':');
	char who[65] = "";
	size_t len = id ? (size_t)(id - text) : 0;

	if (len >= sizeof who)
		return "it is too long";
	if (id) {
		memcpy(who, text, len);
		if (check_account(who))
			return "what stands before ':' is not an account id";
	}
	if (!is_made_of(id ? id + 1 : text, 32, lower, upper, digits))
		return "it is not a message id";
	return NULL;
}

static const char *
check_class(const char *text)
{
	if (!is_made_of(text, 32, lower, "_", ""))
		return "it is not an asset class";
	return NULL;
}

const struct form form_text = {
	.words = "text",
	.pattern = "[^ ]",
	.check = check_text,
};
const struct form form_plugin = {
	.words = "a plugin's name of a-z, 0-9, '-' and '_'",
	.pattern = "^[a-z0-9][a-z0-9_-]{0,63}$",
	.check = check_plugin,
};
const struct form form_url = {
	.words = "an https:// URL, or http:// on this machine",
	.pattern = "^[Hh][Tt][Tt][Pp][Ss]?://[^@?# ]+$",
	.check = check_url,
};
const struct form form_https_url = {
	.words = "an https:// URL",
	.pattern = "^[Hh][Tt][Tt][Pp][Ss]://[^@?# ]+$",
	.check = check_https_url,
};
const struct form form_path = {
	.words = "a path, relative ones from the file's directory",
	.pattern = "^[^~]",
	.check = check_path,
	.path = true,
};
const struct form form_env = {
	.words = "a name of A-Z, 0-9 and '_'",
	.pattern = "^[A-Z_][A-Z0-9_]{0,63}$",
	.check = check_env,
	.quiet = true,
};
const struct form form_pin = {
	.words = "64 hexadecimal digits, or base64 as in sha256//...=",
	.pattern = "^(([0-9A-Fa-f]{2}:?){31}[0-9A-Fa-f]{2}|"
		   "(sha256//)?[A-Za-z0-9+/]{43}=)$",
	.check = check_pin,
};
const struct form form_scope = {
	.words = "a scope",
	.check = check_scope,
};
const struct form form_token_scope = {
	.words = "a scope",
	.check = check_token_scope,
};
const struct form form_listen = {
	.words = "ADDRESS:PORT with an IPv4 address, an IPv6 address in "
		 "brackets, or localhost",
	.pattern = "^[^ ]+:[0-9]{1,5}$",
	.check = check_listen,
};
const struct form form_network = {
	.words = "an address, or a network as in 192.0.2.0/24",
	.pattern = "^[0-9A-Fa-f:.]+(/[0-9]{1,3})?$",
	.check = check_network,
};
const struct form form_decimal = {
	.words = "a decimal number above 0",
	.pattern = "^(0|[1-9][0-9]{0,19})(\\.[0-9]{1,18})?$",
	.check = check_decimal,
};
const struct form form_currency = {
	.words = "three letters A-Z",
	.pattern = "^[A-Z]{3}$",
	.check = check_currency,
};
const struct form form_zone = {
	.words = "the name of a time zone, as in America/New_York",
	.pattern = "^[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*$",
	.check = check_zone,
};
const struct form form_time = {
	.words = "a time from 00:00 to 23:59",
	.pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]$",
	.check = check_time,
};
const struct form form_account = {
	.words = "an account id",
	.pattern = "^[^ /?#]{1,64}$",
	.check = check_account,
};
const struct form form_question = {
	.words = "a message id as in o163, with an account id or paper: or "
		 "live: in front where it is to count for that alone",
	.pattern = "^([^ /?#]{1,64}:)?[A-Za-z0-9]{1,32}$",
	.check = check_question,
};
const struct form form_class = {
	.words = "an asset class in lower case, as in stock or etf",
	.pattern = "^[a-z_]{1,32}$",
	.check = check_class,
};
