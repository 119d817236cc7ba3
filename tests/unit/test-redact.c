/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* What is hidden, and what must stay readable. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/redact.h"

#define JWT "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"

static const char *const secret_keys[] = { "token_id", "password_hash",
	"token_hash", "token", "access_token", "ACCESS_TOKEN", "refreshToken",
	"cookie", "Set-Cookie", "authorization", "Proxy-Authorization",
	"password", "db.password", "credential", "credentials", "secret",
	"client_secret", "secret_value", "header", "http_headers", "path",
	"Path", "api_key", "apiKey", "private-key", "jwt" };

/* `path` and the others as parts of longer words are no secrets. */
static const char *const plain_keys[] = { "token_id_hash", "", "tokenizer",
	"execution_path", "paths", "pathological", "secretary", "account",
	"symbol", "key", "idempotency_key", "passwordless", "cookiecutter",
	"secret_file", "hmac_secret_env", "token_type", "heading", "monkey" };

static void
test_secret_keys_are_matched_word_by_word(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(secret_keys); i++) {
		if (!redact_is_sensitive_key(secret_keys[i]))
			fail_msg("'%s' is open", secret_keys[i]);
	}
	for (size_t i = 0; i < ARRAY_COUNT(plain_keys); i++) {
		if (redact_is_sensitive_key(plain_keys[i]))
			fail_msg("'%s' is hidden", plain_keys[i]);
	}
}

static const struct {
	const char *text;
	const char *want;
} hidden[] = {
	{ "Bearer abc123", "Bearer [REDACTED]" },
	{ "authorization failed for bearer  A.b-c_d~e+f/g== end",
	    "authorization failed for bearer  [REDACTED] end" },
	{ "bearer abcdefghijklmnopqrst", "bearer [REDACTED]" },
	{ "Authorization: Basic dXNlcjpwYXNz x\nnext",
	    "Authorization: [REDACTED]\nnext" },
	{ "cookie: a=b; c=d\r\nHost: x", "cookie: [REDACTED]\r\nHost: x" },
	{ "Set-Cookie:sid=1", "Set-Cookie:[REDACTED]" },
	{ "cookie=abc;x", "cookie=[REDACTED];x" },
	{ "password=hunter2", "password=[REDACTED]" },
	{ "PASSWORD = hunter2, user=bob", "PASSWORD = [REDACTED], user=bob" },
	{ "password=\"a b\\\"c\" x", "password=\"[REDACTED]\" x" },
	{ "password='a b' x", "password='[REDACTED]' x" },
	{ "?client_secret=s%20x&a=1", "?client_secret=[REDACTED]&a=1" },
	{ "refresh_token=1/x y", "refresh_token=[REDACTED] y" },
	{ "token=bearer abc123 x", "token=[REDACTED] x" },
	{ "{\"password\":\"a \\\" b\",\"n\":1}",
	    "{\"password\":\"[REDACTED]\",\"n\":1}" },
	{ "{\"client_secret\" : \"x\"}",
	    "{\"client_secret\" : \"[REDACTED]\"}" },
	{ "{\"access_token\":12345}", "{\"access_token\":[REDACTED]}" },
	{ "{\\\"password\\\":\\\"x y\\\",\\\"n\\\":1}",
	    "{\\\"password\\\":\\\"[REDACTED]\\\",\\\"n\\\":1}" },
	{ "{\"password\":\"open end", "{\"password\":\"[REDACTED]" },
	{ "password: hunter2\nuser: bob", "password: [REDACTED]\nuser: bob" },
	{ "sent " JWT ", done", "sent [REDACTED], done" },
	{ "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.", "[REDACTED]" },
	{ "eyJunk x" JWT, "eyJunk x[REDACTED]" },
	{ "k:\n-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----\nz",
	    "k:\n[REDACTED]\nz" },
	{ "-----BEGIN RSA PRIVATE KEY-----\nMIIE", "[REDACTED]" },
	{ "open /home/alice/.config failed", "open [REDACTED]/.config failed" },
	{ "'/home/bob'", "'[REDACTED]'" },
	{ "C:\\Users\\Carol\\x", "C:[REDACTED]\\x" },
	{ "\"C:\\\\users\\\\carol\\\\x\"", "\"C:\\[REDACTED]\\\\x\"" },
	{ "a password=b and token=c", "a password=[REDACTED] and "
				      "token=[REDACTED]" },
};

static void
redacts(const char *text, const char *want)
{
	CLEANUP_BUF struct buf out = BUF_INIT;
	size_t start, len;

	if (!redact_text(&out, text, strlen(text)))
		fail_msg("nothing found in '%s'", text);
	assert_string_equal(buf_text(&out), want);
	/* what is hidden stays hidden, and is not found again */
	if (redact_find(out.data, out.len, &start, &len))
		fail_msg("found again in '%s' at %zu", want, start);
}

static void
test_secrets_in_text_are_replaced(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(hidden); i++)
		redacts(hidden[i].text, hidden[i].want);
}

static const char *const readable[] = {
	"",
	"bearer token missing",
	"WWW-Authenticate: Bearer realm=\"x\"",
	"auth.token: expected a text of 1 to 64 characters",
	"audit.hmac_secret_env='IBKR_AUDIT_HMAC_SECRET'",
	"secret_file=/etc/ibkr-agent/key",
	"path=/var/lib/ibkr-agent",
	"the password is not shown",
	"eyJ is how a token starts",
	"eyJhbGci.short",
	"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
	"/homeless/x",
	"idempotency_key=abc",
	"a=b:c",
	"::=:",
	"\"\":\"\"",
	"password=",
	"password=[REDACTED]",
};

static void
test_prose_and_places_stay_readable(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(readable); i++) {
		CLEANUP_BUF struct buf out = BUF_INIT;

		if (redact_text(&out, readable[i], strlen(readable[i])))
			fail_msg("'%s' became '%s'", readable[i], out.data);
		assert_string_equal(buf_text(&out), readable[i]);
	}
}

static void
test_find_gives_the_place_of_the_secret(void **state)
{
	size_t start = 0, len = 0;

	(void)state;
	assert_true(redact_find("x password=abc y", 16, &start, &len));
	assert_int_equal(start, 11);
	assert_int_equal(len, 3);
	/* only what is inside the length counts */
	assert_false(redact_find("password=abc", 9, &start, &len));
}

static uint64_t
cpu_ns(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * 1000000000U + (uint64_t)ts.tv_nsec;
}

static uint64_t
time_of(const char *piece, unsigned count)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	CLEANUP_BUF struct buf out = BUF_INIT;
	uint64_t start;

	for (unsigned i = 0; i < count; i++)
		buf_str(&text, piece);
	start = cpu_ns();
	(void)redact_text(&out, text.data, text.len);
	return cpu_ns() - start;
}

static void
test_hostile_text_costs_linear_time(void **state)
{
	static const char *const pieces[] = { "eyJ", "eyJ.", "bearer ",
		"-----BEGIN ", "-----BEGIN PRIVATE KEY", "password=\"",
		"password: '", "\"password\":", "cookie:[REDACTED]",
		" = : ", "token=\\", "\\\"token\\\":\\\"", "/home/", "a" };

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(pieces); i++) {
		uint64_t small = time_of(pieces[i], 1000) + 1000000;
		uint64_t large = time_of(pieces[i], 32000);

		/* 32 times the text; quadratic would be 1024 times */
		if (large > small * 32 * 6)
			fail_msg("'%s': %llu ns, then %llu", pieces[i],
			    (unsigned long long)small,
			    (unsigned long long)large);
	}
}

static void
test_an_operator_sees_paths_but_no_secrets(void **state)
{
	static const char text[] =
	    "cannot read '/home/alice/x.yaml': password=hunter2secret";
	struct buf out CLEANUP_BUF = BUF_INIT;

	(void)state;
	assert_true(redact_for_operator(&out, text, strlen(text)));
	assert_string_equal(buf_text(&out),
	    "cannot read '/home/alice/x.yaml': password=" REDACTED);
}

static void
test_paths_are_cut_to_their_base_names(void **state)
{
	static const struct {
		const char *text, *cut;
	} cases[] = {
		{ "store '/var/lib/x y/st': not a directory",
		    "store 'st': not a directory" },
		{ "/etc/ibkr-agent/agent.yaml:3:5: key 'a'",
		    "agent.yaml:3:5: key 'a'" },
		{ "looked for 'a.so' in '/usr/lib/p', '/opt/q/'",
		    "looked for 'a.so' in 'p', 'q/'" },
		{ "not found (required by /opt/p/a.so)",
		    "not found (required by a.so)" },
		{ "\"/srv/a/b\" and 'unclosed /srv/a",
		    "\"b\" and 'unclosed a" },
		{ "https://example.com/a/b and ibkr://audit/5",
		    "https://example.com/a/b and ibkr://audit/5" },
		{ "and/or N/A 1/2/3 '/ES' / // /",
		    "and/or N/A 1/2/3 '/ES' / // /" },
		{ "", "" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		struct buf out CLEANUP_BUF = BUF_INIT;

		redact_paths(&out, cases[i].text, strlen(cases[i].text));
		assert_string_equal(cases[i].cut, buf_text(&out));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_secret_keys_are_matched_word_by_word),
		cmocka_unit_test(test_secrets_in_text_are_replaced),
		cmocka_unit_test(test_prose_and_places_stay_readable),
		cmocka_unit_test(test_find_gives_the_place_of_the_secret),
		cmocka_unit_test(test_hostile_text_costs_linear_time),
		cmocka_unit_test(test_an_operator_sees_paths_but_no_secrets),
		cmocka_unit_test(test_paths_are_cut_to_their_base_names),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
