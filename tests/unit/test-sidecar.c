/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* The relay's decisions: frames, envelopes, pairing, freshness, payloads. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "sidecar/channel.h"
#include "sidecar/envelope.h"
#include "sidecar/frame.h"
#include "sidecar/guard.h"
#include "sidecar/identity.h"
#include "sidecar/pairing.h"
#include "sidecar/session.h"
#include "sidecar/window.h"
#include "tools/tool.h"

static void
test_a_frame_is_whole_partial_or_none(void **state)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	static const uint8_t long_one[] = { 0, 0, 0x10, 1, FRAME_HELLO };
	static const uint8_t strange[] = { 0, 0, 0, 0, FRAME_CANCEL + 1 };
	struct frame frame;
	size_t used = 0;

	(void)state;
	frame_write(&text, FRAME_BEAT, "beat", 4);
	frame_write(&text, FRAME_BYE, "", 0);
	for (size_t len = 0; len < FRAME_HEAD + 4; len++)
		assert_int_equal(
		    frame_parse(text.data, len, &frame, &used, NULL), 1);
	assert_int_equal(
	    frame_parse(text.data, text.len, &frame, &used, NULL), 0);
	assert_int_equal(frame.type, FRAME_BEAT);
	assert_int_equal(used, FRAME_HEAD + 4);
	assert_memory_equal(frame.data, "beat", 4);
	assert_int_equal(
	    frame_parse(text.data + used, text.len - used, &frame, &used, NULL),
	    0);
	assert_int_equal(frame.len, 0);
	/* refused before what it announces is waited for */
	assert_true(frame_parse(long_one, 5, &frame, &used, NULL) < 0);
	assert_true(frame_parse(strange, 5, &frame, &used, NULL) < 0);
	for (unsigned type = 0; type < 300; type++)
		assert_int_equal(
		    frame_max(type) > 0, type >= 1 && type <= FRAME_CANCEL);
}

static struct envelope
some_envelope(void)
{
	struct envelope e = {
		.request_id = "01a224d0-568f-7324-a1e5-ba8e5e77bb71",
		.relay_session_id = "relay-1",
		.tool_name = "ibkr_account_summary",
		.scope = "ibkr:portfolio:read",
		.sequence = 7,
		.created_ns = 1700000000 * NS_PER_S,
	};

	memset(e.payload_hash, 'a', HASH_HEX_SIZE - 1);
	return e;
}

static void
test_an_envelope_says_what_it_may_and_nothing_more(void **state)
{
	const struct envelope e = some_envelope();
	CLEANUP_BUF struct buf text = BUF_INIT, more = BUF_INIT;
	struct envelope got;

	(void)state;
	envelope_write(&text, &e);
	assert_int_equal(
	    envelope_read(text.data, text.len, false, &got, NULL), 0);
	assert_string_equal(got.tool_name, e.tool_name);
	assert_int_equal(got.sequence, 7);
	assert_int_equal(got.created_ns, e.created_ns);
	/* another member, another order, another kind, a cut */
	buf_printf(
	    &more, "%.*s,\"arguments\":{}}", (int)text.len - 1, text.data);
	assert_true(envelope_read(more.data, more.len, false, &got, NULL) < 0);
	buf_reset(&more);
	buf_printf(&more, "%s ", text.data);
	assert_true(envelope_read(more.data, more.len, false, &got, NULL) < 0);
	assert_true(envelope_read(text.data, text.len, true, &got, NULL) < 0);
	for (size_t len = 0; len < text.len; len++)
		assert_true(
		    envelope_read(text.data, len, false, &got, NULL) < 0);
}

static void
test_an_answer_carries_the_session_and_the_manual_action(void **state)
{
	struct envelope e = some_envelope(), got;
	CLEANUP_BUF struct buf text = BUF_INIT;

	(void)state;
	e.is_answer = true;
	e.tool_name[0] = e.scope[0] = '\0';
	(void)snprintf(e.manual_action, sizeof e.manual_action, "log \"in\"");
	envelope_write(&text, &e);
	assert_int_equal(
	    envelope_read(text.data, text.len, true, &got, NULL), 0);
	assert_false(got.local_session_usable);
	assert_string_equal(got.manual_action, "log \"in\"");
}

static void
test_a_parcel_comes_back_as_it_was(void **state)
{
	char envelope[] = "{\"a\":\"\\u00e9\"}", payload[] = "{\"b\":[1,2]}";
	const struct parcel parcel = {
		.envelope = envelope,
		.payload = payload,
		.failed = true,
		.flags = 5,
		.source_ns = UINT64_MAX,
		.receipt_ns = 1,
	};
	CLEANUP_BUF struct buf text = BUF_INIT;
	struct parcel got;

	(void)state;
	parcel_write(&text, &parcel);
	assert_int_equal(parcel_read(&text, &got, NULL), 0);
	assert_string_equal(got.envelope, envelope);
	assert_string_equal(got.payload, payload);
	assert_true(got.failed);
	assert_int_equal(got.flags, 5);
	assert_true(got.source_ns == UINT64_MAX);
	parcel_fini(&got);
	buf_reset(&text);
	buf_str(&text, "{\"envelope\":\"x\"}");
	assert_true(parcel_read(&text, &got, NULL) < 0);
}

#define HEX64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const struct pairing_talk talk = {
	.gateway_nonce = "n1",
	.nonce = "n2",
	.pairing_id = "pairing-1",
	.remote_instance_id = "gateway-1",
	.sidecar_key = "k1",
	.gateway_key = "k2",
};

static struct pairing
some_pairing(const char *code)
{
	char key[HASH_HEX_SIZE];
	struct pairing pairing = {
		.pairing_id = strdup("pairing-1"),
		.remote_instance_id = strdup("gateway-1"),
		.sidecar_id = strdup("sidecar-1"),
		.expires_ns = 100,
		.status = PAIRING_PENDING,
	};

	assert_int_equal(code_key(code, key, NULL), 0);
	pairing.code_key = strdup(key);
	return pairing;
}

static void
proof_of(const char *code, char ret_hex[HASH_HEX_SIZE])
{
	struct pairing_talk said = talk;
	char key[HASH_HEX_SIZE];

	said.pairing_id = said.remote_instance_id = said.gateway_key = "";
	assert_int_equal(code_key(code, key, NULL), 0);
	assert_true(pairing_proof(key, "join", &said, ret_hex));
}

static void
test_a_code_is_typed_as_people_type(void **state)
{
	char code[CODE_SIZE], one[HASH_HEX_SIZE], other[HASH_HEX_SIZE];

	(void)state;
	code_new(code);
	assert_int_equal(strlen(code), 19);
	assert_int_equal(code_key(code, one, NULL), 0);
	assert_int_equal(code_key("7K2M-00AB-CDEF-GHJK", one, NULL), 0);
	assert_int_equal(code_key("7k2m00abcd efghjk", other, NULL), 0);
	assert_string_equal(one, other);
	assert_true(code_key("7K2M-00AB-CDEF-GHJ", one, NULL) < 0);
	assert_true(code_key("7K2M-00AB-CDEF-GHJKK", one, NULL) < 0);
	assert_true(code_key("7K2M-00AB-CDEF-GHJU", one, NULL) < 0);
}

static void
test_a_pairing_is_active_after_code_and_number(void **state)
{
	static const char code[] = "7K2M-00AB-CDEF-GHJK";
	struct pairing pairing = some_pairing(code);
	char proof[HASH_HEX_SIZE], check[CHECK_SIZE];

	(void)state;
	proof_of(code, proof);
	assert_true(pairing_usable(&pairing, 1, NULL) < 0);
	assert_true(pairing_confirm(&pairing, "000-000", 1, NULL) < 0);
	assert_int_equal(pairing_take_code(&pairing, &talk, proof, 1, NULL), 0);
	assert_null(pairing.code_key);
	assert_true(pairing_take_code(&pairing, &talk, proof, 1, NULL) < 0);
	(void)snprintf(check, sizeof check, "%s", pairing.check);
	assert_int_equal(pairing_confirm(&pairing, check, 1, NULL), 0);
	assert_int_equal(pairing_usable(&pairing, 1000, NULL), 0);
	assert_int_equal(pairing_revoke(&pairing, "lost", NULL), 0);
	assert_true(pairing_usable(&pairing, 1, NULL) < 0);
	assert_true(pairing_confirm(&pairing, check, 1, NULL) < 0);
	pairing_fini(&pairing);
}

static void
test_a_pairing_expires_and_wrong_codes_end_it(void **state)
{
	static const char code[] = "7K2M-00AB-CDEF-GHJK";
	struct pairing pairing = some_pairing(code);
	char good[HASH_HEX_SIZE], wrong[HASH_HEX_SIZE];

	(void)state;
	proof_of(code, good);
	proof_of("0000-0000-0000-0000", wrong);
	assert_int_equal(pairing_status_at(&pairing, 99), PAIRING_PENDING);
	assert_int_equal(pairing_status_at(&pairing, 100), PAIRING_EXPIRED);
	assert_true(pairing_take_code(&pairing, &talk, good, 100, NULL) < 0);
	for (unsigned i = 1; i <= PAIRING_ATTEMPTS; i++) {
		assert_int_equal(pairing.status, PAIRING_PENDING);
		assert_true(
		    pairing_take_code(&pairing, &talk, wrong, 1, NULL) < 0);
		assert_int_equal(pairing.attempts, i);
	}
	assert_int_equal(pairing.status, PAIRING_REVOKED);
	assert_true(pairing_take_code(&pairing, &talk, good, 1, NULL) < 0);
	pairing_fini(&pairing);
}

static void
test_the_check_number_is_over_everything_that_was_said(void **state)
{
	char one[CHECK_SIZE], other[CHECK_SIZE], hex[HASH_HEX_SIZE];
	const char **parts[] = { NULL, NULL, NULL, NULL, NULL, NULL };
	struct pairing_talk said = talk;

	(void)state;
	parts[0] = &said.gateway_nonce;
	parts[1] = &said.nonce;
	parts[2] = &said.pairing_id;
	parts[3] = &said.remote_instance_id;
	parts[4] = &said.sidecar_key;
	parts[5] = &said.gateway_key;
	assert_true(pairing_check(HEX64, &talk, one));
	for (size_t i = 0; i < ARRAY_COUNT(parts); i++) {
		said = talk;
		*parts[i] = "another";
		assert_true(pairing_check(HEX64, &said, other));
		assert_string_not_equal(one, other);
	}
	assert_false(pairing_proof("no hex", "join", &talk, hex));
}

static void
test_sessions_and_frames_are_counted_once(void **state)
{
	struct pairing pairing = { .counter = 5 };
	uint64_t last = 0;

	(void)state;
	assert_int_equal(pairing_take_counter(&pairing, 6, NULL), 0);
	assert_true(pairing_take_counter(&pairing, 6, NULL) < 0);
	assert_true(pairing_take_counter(&pairing, -1, NULL) < 0);
	assert_int_equal(pairing_take_counter(&pairing, 9, NULL), 0);
	/* 7 and 8 came late, whoever had them; 6 and 9 were used */
	assert_true(pairing_is_overtaken(&pairing, 7));
	assert_true(pairing_is_overtaken(&pairing, 8));
	assert_false(pairing_is_overtaken(&pairing, 6));
	assert_false(pairing_is_overtaken(&pairing, 9));
	assert_false(pairing_is_overtaken(&pairing, 10));
	assert_false(pairing_is_overtaken(&pairing, -1));
	assert_int_equal(window_take("request", &last, 1, NULL), 0);
	assert_true(window_take("request", &last, 1, NULL) < 0);
	assert_true(window_take("request", &last, 0, NULL) < 0);
	assert_int_equal(window_take("request", &last, INT64_MAX, NULL), 0);
	assert_true(window_take("request", &last, 2, NULL) < 0);
}

static void
test_a_budget_is_for_a_minute(void **state)
{
	struct budget budget = { .used = 0 };
	const uint64_t start = 1000 * NS_PER_S;

	(void)state;
	assert_true(budget_take(&budget, 2, start));
	assert_true(budget_take(&budget, 2, start + 59 * NS_PER_S));
	assert_false(budget_take(&budget, 2, start + 59 * NS_PER_S));
	assert_true(budget_take(&budget, 2, start + 60 * NS_PER_S));
	assert_true(budget_take(&budget, 2, start + 60 * NS_PER_S));
	assert_false(budget_take(&budget, 2, start + 61 * NS_PER_S));
}

static enum err_code
bye(const char *body)
{
	CLEANUP_ERR struct err err = ERR_INIT;
	const struct frame frame = {
		.type = FRAME_BYE,
		.data = (const uint8_t *)body,
		.len = strlen(body),
	};

	assert_true(channel_read_bye(&frame, &err) < 0);
	return err.code;
}

static void
test_a_goodbye_does_not_speak_for_us(void **state)
{
	(void)state;
	assert_int_equal(bye("{\"code\":\"SIDECAR_PAIRING_REQUIRED\"}"),
	    ERR_SIDECAR_PAIRING_REQUIRED);
	assert_int_equal(
	    bye("{\"code\":\"CALL_CANCELLED\"}"), ERR_SIDECAR_UNAVAILABLE);
	assert_int_equal(
	    bye("{\"code\":\"CONFIG_INVALID\"}"), ERR_SIDECAR_UNAVAILABLE);
	assert_int_equal(bye("{\"code\":\"X\"}"), ERR_SIDECAR_UNAVAILABLE);
	assert_int_equal(bye("[]"), ERR_OUTPUT_UNSAFE);
}

static void
test_one_run_holds_the_key(void **state)
{
	const char *base = getenv("TMPDIR");
	char folder[200], path[240];
	struct identity *identity = NULL;
	CLEANUP_ERR struct err err = ERR_INIT;
	int one = -1, other = -1;

	(void)state;
	(void)snprintf(folder, sizeof folder, "%.150s/sidecar-XXXXXX",
	    base ? base : "/tmp");
	assert_non_null(mkdtemp(folder));
	assert_int_equal(identity_make(folder, &identity, NULL), 0);
	identity_free(identity);
	assert_int_equal(identity_lock(folder, &one, NULL), 0);
	assert_true(identity_lock(folder, &other, &err) < 0);
	assert_int_equal(err.code, ERR_CONFIG_INVALID);
	assert_int_equal(close(one), 0);
	assert_int_equal(identity_lock(folder, &other, NULL), 0);
	assert_int_equal(close(other), 0);
	(void)snprintf(path, sizeof path, "%s/sidecar.key", folder);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(folder), 0);
}

static void
test_times_are_near_or_refused_in_words(void **state)
{
	const uint64_t now = 1000 * NS_PER_S, skew = 60 * NS_PER_S;
	CLEANUP_ERR struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(window_time("it", now - skew, now, skew, NULL), 0);
	assert_int_equal(window_time("it", now + skew, now, skew, NULL), 0);
	assert_true(window_time("it", now - skew - 1, now, skew, &err) < 0);
	assert_non_null(strstr(err_text(&err), "it is 60 s old"));
	assert_true(window_time("it", now + skew + 1, now, skew, &err) < 0);
	assert_non_null(strstr(err_text(&err), "in the future"));
}

static void
test_a_session_is_usable_while_it_lives(void **state)
{
	struct relay_session session = {
		.heartbeat_ns = 100,
		.expires_ns = 1000,
		.state = RELAY_OPEN,
	};
	CLEANUP_ERR struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(relay_session_usable(&session, 150, 50, &err), 0);
	assert_true(relay_session_usable(&session, 151, 50, &err) < 0);
	assert_int_equal(err.code, ERR_SIDECAR_UNAVAILABLE);
	assert_true(relay_session_usable(&session, 99, 50, &err) < 0);
	assert_int_equal(err.code, ERR_SIDECAR_UNAVAILABLE);
	assert_true(relay_session_usable(&session, 1000, 5000, &err) < 0);
	assert_int_equal(err.code, ERR_SIDECAR_SESSION_INVALID);
	session.state = RELAY_ENDED;
	assert_true(relay_session_usable(&session, 150, 50, &err) < 0);
	assert_int_equal(err.code, ERR_SIDECAR_UNAVAILABLE);
}

static enum err_code
payload(const char *text)
{
	CLEANUP_JSON struct json_object *tree = NULL;
	CLEANUP_ERR struct err err = ERR_INIT;

	assert_int_equal(
	    json_parse(text, strlen(text), &json_bounds_default, &tree, NULL),
	    0);
	(void)guard_payload(tree, &err);
	return err.code;
}

static void
test_payloads_hold_no_secret_at_any_depth(void **state)
{
	static const char *const bad[] = {
		"{\"Cookie\":1}",
		"{\"a\":{\"x_AUTHORIZATION_y\":null}}",
		"[[{\"accessToken\":\"\"}]]",
		"{\"client_secret\":1}",
		"{\"credentials\":[]}",
		"{\"file_path\":\"x\"}",
		"{\"note\":\"Bearer abcdefghijklmnopqrstuvwxyz\"}",
		"[\"password=hunter22222\"]",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
		assert_int_equal(payload(bad[i]), ERR_OUTPUT_UNSAFE);
	assert_int_equal(
	    payload("{\"account_id\":\"DU1\",\"a\":[1,null]}"), ERR_NONE);
}

static void
test_only_reads_of_the_table_cross(void **state)
{
	const struct tool *tool = NULL;
	size_t reads = 0;

	(void)state;
	for (size_t i = 0; i < tool_count; i++) {
		const struct tool *row = &tool_table[i];
		int rc = guard_tool(row->name, row->scope, &tool, NULL);

		/* of a preview only what it asks the broker */
		if (strcmp(row->name, "ibkr_order_preview") == 0)
			assert_string_equal(tool->operation, GUARD_WHATIF);
		else
			assert_int_equal(rc == 0,
			    row->operation && row->flags & TOOL_READ_ONLY);
		if (row->flags & TOOL_DESTRUCTIVE)
			assert_true(rc < 0);
		reads += rc == 0;
		assert_true(
		    guard_tool(row->name, "ibkr:other", &tool, NULL) < 0);
	}
	assert_true(reads > 20);
	assert_string_equal(
	    guard_operation(GUARD_WHATIF)->scope, "ibkr:orders:preview");
	assert_null(guard_operation("order_submit"));
	assert_true(guard_tool(GUARD_WHATIF, "", &tool, NULL) < 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_frame_is_whole_partial_or_none),
		cmocka_unit_test(
		    test_an_envelope_says_what_it_may_and_nothing_more),
		cmocka_unit_test(
		    test_an_answer_carries_the_session_and_the_manual_action),
		cmocka_unit_test(test_a_parcel_comes_back_as_it_was),
		cmocka_unit_test(test_a_code_is_typed_as_people_type),
		cmocka_unit_test(
		    test_a_pairing_is_active_after_code_and_number),
		cmocka_unit_test(test_a_pairing_expires_and_wrong_codes_end_it),
		cmocka_unit_test(
		    test_the_check_number_is_over_everything_that_was_said),
		cmocka_unit_test(test_sessions_and_frames_are_counted_once),
		cmocka_unit_test(test_a_budget_is_for_a_minute),
		cmocka_unit_test(test_a_goodbye_does_not_speak_for_us),
		cmocka_unit_test(test_one_run_holds_the_key),
		cmocka_unit_test(test_times_are_near_or_refused_in_words),
		cmocka_unit_test(test_a_session_is_usable_while_it_lives),
		cmocka_unit_test(test_payloads_hold_no_secret_at_any_depth),
		cmocka_unit_test(test_only_reads_of_the_table_cross),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
