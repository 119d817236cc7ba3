/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Calls that need something of the client first (modern era): the result says
 * what, and the client calls again with it.  The state that it carries back
 * is its word only as far as our mark on it is right.
 */

#include <assert.h>
#include <pthread.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/hash.h"
#include "base/json.h"
#include "fixtures.h"

/* RPC_MISSING_CAPABILITY and its data. */
#define CAPABILITY_DATA "{\"requiredCapabilities\":{\"%s\":{}}}"

struct ask {
	const char *key; /* in inputRequests */
	const char *method;
	const char *capability; /* of the client */
	const char *params;
};

#define FORM(text, name, type)                                      \
	"{\"message\":\"" text "\",\"requestedSchema\":{\"type\":"  \
	"\"object\",\"properties\":{\"" name "\":{\"type\":\"" type \
	"\"}},\"required\":[\"" name "\"]}}"
#define SAMPLE(text)                                                        \
	"{\"messages\":[{\"role\":\"user\",\"content\":{\"type\":\"text\"," \
	"\"text\":\"" text "\"}}],\"maxTokens\":100}"

static const struct ask user_name = { "user_name", "elicitation/create",
	"elicitation", FORM("What is your name?", "name", "string") };
static const struct ask confirm = { "confirm", "elicitation/create",
	"elicitation", FORM("Please confirm", "ok", "boolean") };
static const struct ask step1 = { "step1", "elicitation/create", "elicitation",
	FORM("Step 1: What is your name?", "name", "string") };
static const struct ask step2 = { "step2", "elicitation/create", "elicitation",
	FORM("Step 2: What is your favorite color?", "color", "string") };
static const struct ask user_context = { "user_context", "elicitation/create",
	"elicitation",
	FORM("What context should the prompt use?", "context", "string") };
static const struct ask capital = { "capital_question",
	"sampling/createMessage", "sampling",
	SAMPLE("What is the capital of France?") };
static const struct ask greeting = { "greeting", "sampling/createMessage",
	"sampling", SAMPLE("Generate a greeting") };
static const struct ask client_roots = { "client_roots", "roots/list", "roots",
	"{}" };

enum { ROUNDS_MAX = 2, ASKS_MAX = 4 };

struct rounds {
	const char *name;
	bool has_state;
	bool is_prompt;
	const struct ask *asks[ROUNDS_MAX][ASKS_MAX]; /* NULL: no more */
};

static const struct rounds rounds_table[] = {
	{ "test_input_required_result_elicitation", false, false,
	    { { &user_name } } },
	{ "test_input_required_result_sampling", false, false,
	    { { &capital } } },
	{ "test_input_required_result_list_roots", false, false,
	    { { &client_roots } } },
	{ "test_input_required_result_request_state", true, false,
	    { { &confirm } } },
	{ "test_input_required_result_tampered_state", true, false,
	    { { &confirm } } },
	{ "test_input_required_result_multiple_inputs", true, false,
	    { { &user_name, &greeting, &client_roots } } },
	{ "test_input_required_result_multi_round", true, false,
	    { { &step1 }, { &step2 } } },
	{ "test_input_required_result_capabilities", false, false,
	    { { &user_name, &capital } } },
	{ "test_streaming_elicitation", false, false, { { &user_name } } },
	{ "test_missing_capability", false, false, { { &capital } } },
	{ "test_input_required_result_prompt", false, true,
	    { { &user_context } } },
};

static bool
is_declared(const struct task *task, const struct ask *ask)
{
	struct json_object *declared =
	    json_get(task->message.meta, ERA_META_CAPABILITIES);

	return json_get(declared, ask->capability) != NULL;
}

static uint8_t state_key[HASH_SIZE];

static void
state_make_key(void)
{
	hash_random(state_key, sizeof state_key);
}

/* The mark: of the tool, the round, and a key that lasts as the process. */
static void
state_mark(
    const struct rounds *rounds, unsigned round, char ret_mark[HASH_HEX_SIZE])
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	CLEANUP_BUF struct buf text = BUF_INIT;
	uint8_t mac[HASH_SIZE];

	(void)pthread_once(&once, state_make_key);
	buf_printf(&text, "%s %u", rounds->name, round);
	hmac_sha256(state_key, sizeof state_key, text.data, text.len, mac);
	hash_hex(mac, ret_mark);
}

/* false: no state of ours. */
static bool
state_read(const struct rounds *rounds, const char *state, unsigned *ret_round)
{
	char mark[HASH_HEX_SIZE];
	unsigned round = state[0] == '1';

	if ((state[0] != '0' && state[0] != '1') || state[1] != '.')
		return false;
	state_mark(rounds, round, mark);
	*ret_round = round;
	return strcmp(state + 2, mark) == 0;
}

/* An answer of the kind that was asked for. */
static bool
is_answered(const struct ask *ask, struct json_object *responses)
{
	struct json_object *response = json_get(responses, ask->key);

	if (!json_object_is_type(response, json_type_object))
		return false;
	if (strcmp(ask->method, "elicitation/create") == 0)
		return json_get(response, "action") != NULL;
	if (strcmp(ask->method, "roots/list") == 0)
		return json_object_is_type(
		    json_get(response, "roots"), json_type_array);
	return json_get(response, "content") != NULL;
}

static bool
are_answered(const struct task *task, const struct ask *const asks[],
    struct json_object *responses)
{
	for (; *asks; asks++) {
		if (is_declared(task, *asks) && !is_answered(*asks, responses))
			return false;
	}
	return true;
}

static void
refuse_capability(
    struct buf *out, const struct task *task, const struct ask *ask)
{
	CLEANUP_BUF struct buf data = BUF_INIT;

	buf_printf(&data, CAPABILITY_DATA, ask->capability);
	task->session->fault = RPC_MISSING_CAPABILITY;
	answer_error(out, task->message.id, RPC_MISSING_CAPABILITY,
	    buf_text(&data), "the client has not declared '%s'",
	    ask->capability);
}

/* Ask for what the client can give; nothing of it: say what is missing. */
static void
ask_round(struct buf *out, const struct task *task, const struct rounds *rounds,
    unsigned round)
{
	CLEANUP_BUF struct buf requests = BUF_INIT;
	char mark[HASH_HEX_SIZE];

	assert(rounds->asks[round][0]);
	for (const struct ask *const *a = rounds->asks[round]; *a; a++) {
		if (!is_declared(task, *a))
			continue;
		buf_printf(&requests,
		    "%s\"%s\":{\"method\":\"%s\",\"params\":%s}",
		    requests.len > 0 ? "," : "", (*a)->key, (*a)->method,
		    (*a)->params);
	}
	if (requests.len == 0) {
		refuse_capability(out, task, rounds->asks[round][0]);
		return;
	}
	buf_printf(out,
	    "{\"jsonrpc\":\"2.0\",\"id\":%s,\"result\":{"
	    "\"resultType\":\"input_required\",\"inputRequests\":{%s}",
	    task->message.id, buf_text(&requests));
	state_mark(rounds, round, mark);
	if (rounds->has_state)
		buf_printf(out, ",\"requestState\":\"%u.%s\"", round, mark);
	answer_end(out);
}

static void
finish(struct buf *out, const struct task *task, const struct rounds *rounds)
{
	if (!rounds->is_prompt) {
		fixture_write_text(out, task,
		    rounds->has_state ? "state-ok: all was answered"
				      : "all was answered");
		return;
	}
	answer_begin(out, task->message.id, task->era);
	answer_member(out, "messages");
	buf_str(out, "[{\"role\":\"user\",\"content\":{\"type\":\"text\","
		     "\"text\":\"in the context that was given\"}}]");
	answer_end(out);
}

static void
answer_round(
    struct buf *out, const struct task *task, const struct rounds *rounds)
{
	struct json_object *responses =
	    json_get(task->message.params, "inputResponses");
	const char *state =
	    json_get_str(task->message.params, "requestState", NULL);
	unsigned round = 0;

	if (rounds->has_state && (state || responses) &&
	    (!state || !state_read(rounds, state, &round))) {
		answer_error(out, task->message.id, RPC_INVALID_PARAMS, NULL,
		    "'requestState' is not one that this server gave");
		return;
	}
	if (!responses || !are_answered(task, rounds->asks[round], responses))
		ask_round(out, task, rounds, round);
	else if (round + 1 < ROUNDS_MAX && rounds->asks[round + 1][0])
		ask_round(out, task, rounds, round + 1);
	else
		finish(out, task, rounds);
}

bool
fixture_rounds(struct buf *out, const struct task *task, const char *name)
{
	for (size_t i = 0; i < ARRAY_COUNT(rounds_table); i++) {
		if (strcmp(rounds_table[i].name, name) != 0)
			continue;
		answer_round(out, task, &rounds_table[i]);
		return true;
	}
	return false;
}
