/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * One JSON-RPC 2.0 message as it came in: what kind it is, its id as text
 * that can be echoed, and where its parts are.
 */

#ifndef IAG_MCP_MESSAGE_H
#define IAG_MCP_MESSAGE_H

#include <stddef.h>

#include <json-c/json_object.h>

#include "base/err.h"

/* JSON-RPC 2.0 section 5.1, then MCP's own. */
enum {
	RPC_PARSE_ERROR = -32700,
	RPC_INVALID_REQUEST = -32600,
	RPC_METHOD_NOT_FOUND = -32601,
	RPC_INVALID_PARAMS = -32602,
	RPC_INTERNAL_ERROR = -32603,
	RPC_RESOURCE_NOT_FOUND = -32002, /* legacy era only */
	RPC_HEADER_MISMATCH = -32020,    /* modern era over HTTP only */
	RPC_MISSING_CAPABILITY = -32021, /* modern era only */
	RPC_UNSUPPORTED_VERSION = -32022 /* modern era only */
};

enum message_kind {
	MESSAGE_REQUEST,
	MESSAGE_NOTIFICATION,
	MESSAGE_RESPONSE, /* of the client, to what it was asked */
	MESSAGE_IGNORED,  /* a broken notification */
	MESSAGE_FAULT     /* answered with code and err */
};

struct message {
	enum message_kind kind;
	struct json_object *root;
	char *id;                   /* JSON text; NULL: none or unreadable */
	const char *method;         /* borrowed from root */
	struct json_object *params; /* an object or NULL */
	struct json_object *meta;   /* params._meta: an object or NULL */
	int code;                   /* of MESSAGE_FAULT, RPC_* */
	struct err err;
};

/* Never fails: what cannot be read becomes a MESSAGE_FAULT. */
void message_parse(struct message *message, const char *text, size_t len);
void message_fini(struct message *message);
#define CLEANUP_MESSAGE __attribute__((cleanup(message_fini)))

/*
 * The text of an id that some other message refers to (requestId): a string
 * or an integer; NULL for anything else.  The caller frees it.
 */
char *message_id_text(struct json_object *id);

#endif
