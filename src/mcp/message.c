/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Decides what a line is before anybody acts on it, so that the rest of the
 * folder deals with well-formed requests only.
 */

#include "mcp/message.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"

static void
message_fault(struct message *message, int code, const char *text)
{
	message->kind = MESSAGE_FAULT;
	message->code = code;
	(void)err_set(&message->err, ERR_INPUT_INVALID, "%s", text);
}

/* Every answer needs it, and printf() takes longer than all the rest. */
static void
message_write_int(struct buf *out, int64_t value)
{
	char text[24];
	char *digit = text + sizeof text;
	uint64_t rest = value < 0 ? -(uint64_t)value : (uint64_t)value;

	do {
		*--digit = (char)('0' + rest % 10);
		rest /= 10;
	} while (rest > 0);
	if (value < 0)
		*--digit = '-';
	buf_add(out, digit, (size_t)(text + sizeof text - digit));
}

char *
message_id_text(struct json_object *id)
{
	CLEANUP_BUF struct buf text = BUF_INIT;

	switch (json_object_get_type(id)) {
	case json_type_string:
		json_write_string(&text, json_object_get_string(id),
		    (size_t)json_object_get_string_len(id));
		break;
	case json_type_int:
		message_write_int(&text, json_object_get_int64(id));
		break;
	default:
		return NULL;
	}
	return buf_take(&text);
}

/* false: the id cannot be echoed. */
static bool
message_read_id(struct message *message, bool *ret_has_id)
{
	struct json_object *id = NULL;

	*ret_has_id = json_object_object_get_ex(message->root, "id", &id);
	if (!*ret_has_id)
		return true;
	message->id = message_id_text(id);
	return message->id != NULL;
}

static void
message_read_params(struct message *message)
{
	struct json_object *params = json_get(message->root, "params");

	if (!params)
		return;
	if (!json_object_is_type(params, json_type_object)) {
		message_fault(
		    message, RPC_INVALID_PARAMS, "'params' must be an object");
		return;
	}
	message->params = params;
	message->meta = json_get(params, "_meta");
	if (message->meta &&
	    !json_object_is_type(message->meta, json_type_object))
		message_fault(message, RPC_INVALID_PARAMS,
		    "'params._meta' must be an object");
}

static void
message_read_call(struct message *message, struct json_object *method)
{
	bool has_id = false;

	if (!message_read_id(message, &has_id)) {
		message_fault(message, RPC_INVALID_REQUEST,
		    "'id' must be a string or an integer from -2^63 to "
		    "2^63-1");
		return;
	}
	if (!json_object_is_type(method, json_type_string)) {
		message_fault(
		    message, RPC_INVALID_REQUEST, "'method' must be a string");
		return;
	}
	message->method = json_object_get_string(method);
	message->kind = has_id ? MESSAGE_REQUEST : MESSAGE_NOTIFICATION;
	message_read_params(message);
	/* nothing is ever answered to a notification */
	if (!has_id && message->kind == MESSAGE_FAULT) {
		message->kind = MESSAGE_IGNORED;
		message->code = 0;
	}
}

static void
message_classify(struct message *message)
{
	struct json_object *method = NULL;
	bool has_id = false;

	if (!json_object_is_type(message->root, json_type_object)) {
		message_fault(message, RPC_INVALID_REQUEST,
		    json_object_is_type(message->root, json_type_array)
			? "batches are not supported: send one object per line"
			: "a message must be a JSON object");
		return;
	}
	if (strcmp(json_get_str(message->root, "jsonrpc", ""), "2.0") != 0) {
		(void)message_read_id(message, &has_id);
		message_fault(
		    message, RPC_INVALID_REQUEST, "'jsonrpc' must be \"2.0\"");
		return;
	}
	if (json_object_object_get_ex(message->root, "method", &method)) {
		message_read_call(message, method);
		return;
	}
	if (json_object_object_get_ex(message->root, "result", NULL) ||
	    json_object_object_get_ex(message->root, "error", NULL)) {
		message->kind = MESSAGE_RESPONSE;
		return;
	}
	(void)message_read_id(message, &has_id);
	message_fault(message, RPC_INVALID_REQUEST, "'method' is missing");
}

void
message_parse(struct message *message, const char *text, size_t len)
{
	struct json_bounds bounds = json_bounds_default;

	/* a number that is too large is JSON: what has it says what is wrong */
	bounds.wide_integers = true;
	*message = (struct message){ .kind = MESSAGE_FAULT };
	if (json_parse(text, len, &bounds, &message->root, &message->err) < 0) {
		message->code = message->err.code == ERR_OUT_OF_MEMORY
				    ? RPC_INTERNAL_ERROR
				    : RPC_PARSE_ERROR;
		return;
	}
	message_classify(message);
}

void
message_fini(struct message *message)
{
	(void)json_object_put(message->root);
	free(message->id);
	err_fini(&message->err);
	*message = (struct message){ .kind = MESSAGE_FAULT };
}
