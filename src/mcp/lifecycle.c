/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * server/discover, initialize and ping.  None of them remembers anything:
 * every request is served alike, whether or not one of these came before.
 */

#include "mcp/lifecycle.h"

#include "base/json.h"
#include "gateway/gateway.h"
#include "mcp/registry.h"
#include "tools/instructions.h"

/* Nothing changes while the server runs, so no listChanged. */
#define LIFECYCLE_CAPABILITIES(resources)                          \
	"\"capabilities\":{\"tools\":{},\"resources\":{" resources \
	"},\"prompts\":{}}"

const char lifecycle_hello[] = LIFECYCLE_CAPABILITIES("");
const char lifecycle_hello_subscribe[] =
    LIFECYCLE_CAPABILITIES("\"subscribe\":true");

/* The session's own, made once: its scopes do not change. */
void
lifecycle_instruct(struct session *session, struct buf *out)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	struct buf *made = &session->instructions;

	if (made->len == 0) {
		instructions_write(&text, gateway_config(session->gateway),
		    session->principal.scopes);
		json_write_string(made, buf_text(&text), text.len);
		made->failed |= text.failed;
	}
	if (made->failed) {
		buf_fini(made);
		out->failed = true;
		return;
	}
	buf_add(out, made->data, made->len);
}

/* What the registry's server says of itself. */
static void
hello_add(struct session *session, const char *hello, struct buf *out)
{
	buf_str(out, hello);
	if (!session->registry->instruct)
		return;
	answer_member(out, "instructions");
	session->registry->instruct(session, out);
}

void
lifecycle_discover(
    struct session *session, struct request *request, struct buf *out)
{
	answer_begin(out, request->message->id, request->era);
	answer_member(out, "supportedVersions");
	buf_str(out, "[\"" ERA_MODERN_VERSION "\"],");
	hello_add(session, session->registry->hello_modern, out);
	/* the instructions depend on the scopes of this one */
	answer_cache(out, request->era, ANSWER_PRIVATE);
	answer_end(out);
}

void
lifecycle_initialize(
    struct session *session, struct request *request, struct buf *out)
{
	struct json_object *asked =
	    json_get(request->message->params, "protocolVersion");

	if (!json_object_is_type(asked, json_type_string)) {
		answer_error(out, request->message->id, RPC_INVALID_PARAMS,
		    NULL, "'protocolVersion' must be a string");
		return;
	}
	answer_begin(out, request->message->id, request->era);
	answer_member(out, "protocolVersion");
	buf_char(out, '"');
	buf_str(out, era_negotiate(json_object_get_string(asked)));
	buf_char(out, '"');
	answer_member(out, "serverInfo");
	answer_server_info(out);
	buf_char(out, ',');
	hello_add(session, session->registry->hello_legacy, out);
	answer_end(out);
}

void
lifecycle_ping(
    struct session *session, struct request *request, struct buf *out)
{
	(void)session;
	answer_begin(out, request->message->id, request->era);
	answer_end(out);
}
