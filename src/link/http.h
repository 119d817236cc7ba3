/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The interface to the HTTP module, http-curl.so: the only code that speaks
 * to the broker, and to the issuer of remote tokens.  It is a module of its own
 * because libcurl brings twenty libraries along, and is loaded at the first
 * request.  Host and module are of one build; the size in the table says so.
 * What the module gives back was made by malloc() and is freed by the caller.
 */

#ifndef IAG_LINK_HTTP_H
#define IAG_LINK_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { HTTP_PIN_SIZE = 32, HTTP_TEXT_SIZE = 256 };

/* What the keys are called that a message names; constants. */
struct http_words {
	const char *no_ca_file; /* it cannot be read */
	const char *no_system;  /* nor the system's authorities */
	const char *other_name; /* not that of the URL */
	const char *other_pin;  /* before the pin that was found; NULL: none */
};

/* How to reach the gateway, and what it must prove. */
struct http_setup {
	const char *host;    /* as in the URL, for the certificate */
	const char *ca_file; /* NULL: the system's authorities */
	const char *user_agent;
	bool verify; /* chain and name; off with a pin and no ca_file */
	bool has_pin;
	uint8_t pin[HTTP_PIN_SIZE]; /* SHA-256 of the public key (SPKI) */
	const struct http_words *words;
};

struct http_request {
	const char *method;
	const char *url;          /* complete and encoded */
	const char *content_type; /* of the body */
	const void *body;
	size_t body_len;
	size_t answer_max; /* bytes of an answer that are taken */
	uint64_t timeout_ns;
	bool fresh;    /* on a connection of its own (ruling 2) */
	int cancel_fd; /* readable: stop; -1: none */
	/*
	 * Called when the connection stands and was verified, immediately
	 * before the first byte: 0 to send.  At most once; never sent twice.
	 */
	int (*leave)(void *arg);
	void *arg;
};

/* Where an exchange ended. */
enum http_end {
	HTTP_END_ANSWER, /* there is a whole answer */
	HTTP_END_MEMORY,
	HTTP_END_CANCELLED, /* the descriptor became readable */
	HTTP_END_HELD,      /* leave() said no */
	HTTP_END_UNREACHED, /* no connection */
	HTTP_END_TLS,       /* none that was proved to be the gateway's */
	HTTP_END_TIMEOUT,
	HTTP_END_CLOSED, /* closed or broken off before the answer's end */
	HTTP_END_LARGE,  /* more than answer_max */
	HTTP_END_NOISE,  /* not HTTP */
};

struct http_result {
	enum http_end end;
	bool left;   /* leave() had said yes: bytes may have gone out */
	bool reused; /* on a connection of an earlier request */
	unsigned status;
	char *content_type; /* NULL: not given */
	char *date;
	char *retry_after;
	char *body; /* NUL behind it; NULL: empty */
	size_t len;
	char text[HTTP_TEXT_SIZE]; /* why, without addresses and secrets */
};

struct http_connection;

struct http_module {
	uint32_t struct_size;
	/* NULL: *ret_text says why (a constant). */
	struct http_connection *(*open)(
	    const struct http_setup *setup, const char **ret_text);
	/* Any number at once. */
	void (*exchange)(struct http_connection *connection,
	    const struct http_request *request, struct http_result *ret_result);
	/* Nothing is in flight. */
	void (*close)(struct http_connection *connection);
};

#define HTTP_MODULE_SYMBOL "iag_http_module_1"

#if defined(__GNUC__)
__attribute__((visibility("default")))
#endif
const struct http_module *
iag_http_module_1(void);

#endif
