/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * What a text may look like: a plugin's name, a URL, a time zone.  Each form
 * has words for people, a pattern for editors and the check that decides.
 */

#ifndef IAG_CONFIG_FORM_H
#define IAG_CONFIG_FORM_H

#include <stdbool.h>
#include <stdint.h>

struct form {
	const char *words;   /* "a plugin's name (a-z, 0-9, '-', '_')" */
	const char *pattern; /* ECMA 262 with the u flag; NULL: none */
	/* NULL when text is fine, else why it is not (static) */
	const char *(*check)(const char *text);
	bool path;  /* relative ones start at the file's directory */
	bool quiet; /* never repeat the value: it might be a secret */
};

extern const struct form form_text;
extern const struct form form_plugin;
extern const struct form form_url;
extern const struct form form_https_url;
extern const struct form form_path;
extern const struct form form_env;
extern const struct form form_pin;
extern const struct form form_scope;
extern const struct form form_token_scope;
extern const struct form form_listen;
extern const struct form form_network;
extern const struct form form_decimal;
extern const struct form form_currency;
extern const struct form form_zone;
extern const struct form form_time;
extern const struct form form_account;
extern const struct form form_question;
extern const struct form form_class;

/* The parts of a URL that rules look at. */
struct url {
	bool https;
	bool local;     /* localhost, 127.0.0.1 or ::1, exactly */
	char host[256]; /* lower case, without brackets */
	uint16_t port;  /* 0: not given */
};

/* NULL, or why the text is no absolute http(s) URL without credentials. */
const char *url_parse(const char *text, struct url *ret_url);

#endif
