/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Tokens, good and bad, without the way they come: every case is a token that
 * is right but for one thing.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "auth/base64url.h"
#include "auth/bearer.h"
#include "auth/jwt.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "config/scope.h"
#include "token-kit.h"

#define NOW_S 1800000000
#define HEADER "{\"alg\":\"RS256\",\"typ\":\"at+jwt\",\"kid\":\"k1\"}"
#define ISS "\"iss\":\"https://id.example.org\""
#define AUD "\"aud\":\"https://mcp.example.org/mcp\""
#define SUB "\"sub\":\"alice\""
#define EXP "\"exp\":1800000600"
#define REST ISS "," AUD "," SUB
#define CLAIMS "{" REST "," EXP "}"
#define CLAIMS_AND(more) "{" REST "," EXP "," more "}"

static struct token_key *key;
static struct token_key *other;
static struct jwks *keys;

static struct config_list audiences;

static int
make_keys(void **state)
{
	static char *items[] = { (char *)(uintptr_t) "https://other.example",
		(char *)(uintptr_t) "https://mcp.example.org/mcp" };
	struct buf set CLEANUP_BUF = BUF_INIT;

	(void)state;
	audiences = (struct config_list){ .items = items, .count = 2 };
	key = token_key_rsa(2048);
	other = token_key_rsa(2048);
	token_set(&set, key, "k1", "");
	return jwks_parse(buf_text(&set), set.len, &keys, NULL);
}

static int
free_keys(void **state)
{
	(void)state;
	jwks_unref(keys);
	token_key_free(key);
	token_key_free(other);
	return 0;
}

/* ---- one token on its whole way */

static struct jwt_claims claims;
static char why[200];

static enum err_code
judge(const char *token, size_t len, bool any_type, uint64_t now_ns)
{
	const struct jwt_rules rules = {
		.issuer = "https://id.example.org",
		.audiences = &audiences,
		.skew_ns = 60 * NS_PER_S,
	};
	struct err err CLEANUP_ERR = ERR_INIT;
	const struct jwk *jwk;
	struct jwt jwt;
	int rc = jwt_read(token, len, any_type, &jwt, &err);

	if (rc == 0) {
		jwk = jwks_find(keys, jwt.has_kid ? jwt.kid : NULL);
		if (!jwk)
			return ERR_CALL_TIMED_OUT; /* stands for: unknown key */
		rc = jwt_verify(&jwt, jwk, &err);
	}
	if (rc == 0)
		rc = jwt_read_claims(&jwt, &rules, now_ns, &claims, &err);
	(void)snprintf(why, sizeof why, "%s", err_text(&err));
	return err.code;
}

static enum err_code
judge_at(const char *header, const char *text, uint64_t now_ns)
{
	struct buf token CLEANUP_BUF = BUF_INIT;

	token_sign(&token, key, header, text);
	return judge(buf_text(&token), token.len, false, now_ns);
}

static enum err_code
judge_signed(const char *header, const char *text)
{
	return judge_at(header, text, NOW_S * NS_PER_S);
}

static void
assert_refused(
    const char *header, const char *text, enum err_code code, const char *part)
{
	enum err_code found = judge_signed(header, text);

	if (found != code || !strstr(why, part))
		fail_msg("%s %s: code %s, '%s'", header, text,
		    err_kind(found)->name, why);
}

/* ---- good ones */

static void
test_a_good_token_says_who_and_what(void **state)
{
	(void)state;
	assert_int_equal(ERR_NONE,
	    judge_signed(HEADER,
		CLAIMS_AND("\"scope\":\"ibkr:health:read  nothing:known "
			   "ibkr:orders:read\",\"jti\":\"t-1\"")));
	assert_string_equal("alice", claims.sub);
	assert_string_equal("t-1", claims.jti);
	assert_true(claims.scopes == (scope_bit("ibkr:health:read") |
					 scope_bit("ibkr:orders:read")));
	assert_true(
	    claims.expires_ns == (UINT64_C(1800000600) + 60) * NS_PER_S);
}

static void
test_what_the_standards_allow_is_taken(void **state)
{
	static const char *const headers[] = {
		"{\"alg\":\"RS256\",\"typ\":\"AT+JWT\",\"kid\":\"k1\"}",
		"{\"alg\":\"RS256\",\"typ\":\"application/at+jwt\"}",
		("{\"alg\":\"RS256\",\"typ\":\"at+jwt\",\"kid\":\"k1\","
		 "\"x5t\":\"abc\",\"cty\":\"json\",\"own\":[1,2]}"),
	};
	static const char *const texts[] = {
		("{" ISS "," SUB "," EXP
		 ",\"aud\":[\"a\",\"https://mcp.example.org/mcp\"]}"),
		"{" REST ",\"exp\":1800000600.75}",
		"{" REST ",\"exp\":99999999999999999999999}",
		CLAIMS_AND("\"nbf\":1800000060,\"iat\":1800000060"),
		CLAIMS_AND("\"scp\":[\"ibkr:health:read\"]"),
		CLAIMS_AND("\"scp\":\"ibkr:health:read\""),
		CLAIMS_AND("\"own\":{\"deep\":[1e99,18446744073709551616]}"),
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(headers); i++)
		assert_int_equal(ERR_NONE, judge_signed(headers[i], CLAIMS));
	for (size_t i = 0; i < ARRAY_COUNT(texts); i++)
		assert_int_equal(ERR_NONE, judge_signed(HEADER, texts[i]));
}

static void
test_an_issuer_without_types_needs_the_key_any_token_type(void **state)
{
	static const char *const headers[] = {
		"{\"alg\":\"RS256\",\"kid\":\"k1\"}",
		"{\"alg\":\"RS256\",\"typ\":\"JWT\",\"kid\":\"k1\"}",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(headers); i++) {
		struct buf token CLEANUP_BUF = BUF_INIT;

		token_sign(&token, key, headers[i], CLAIMS);
		assert_int_equal(ERR_NONE,
		    judge(buf_text(&token), token.len, true, NOW_S * NS_PER_S));
		assert_int_equal(
		    ERR_AUTH_TOKEN_INVALID, judge(buf_text(&token), token.len,
						false, NOW_S * NS_PER_S));
	}
}

/* ---- headers */

static void
test_headers_that_would_choose_for_us_are_refused(void **state)
{
	static const char *const members[] = {
		"\"crit\":[\"exp\"]",
		"\"crit\":[]",
		"\"jwk\":{\"kty\":\"RSA\"}",
		"\"jku\":\"https://evil.example/keys\"",
		"\"x5u\":\"https://evil.example/cert\"",
		"\"x5c\":[\"MIIB\"]",
		"\"b64\":false",
		"\"enc\":\"A256GCM\"",
		"\"zip\":\"DEF\"",
		"\"jku\":null",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(members); i++) {
		char header[200];

		(void)snprintf(header, sizeof header,
		    "{\"alg\":\"RS256\",\"typ\":\"at+jwt\",\"kid\":\"k1\",%s}",
		    members[i]);
		assert_refused(header, CLAIMS, ERR_AUTH_TOKEN_INVALID,
		    "a member that is not accepted");
	}
}

static void
test_algorithms_but_rs256_are_refused(void **state)
{
	static const char *const algorithms[] = { "\"none\"", "\"None\"",
		"\"HS256\"", "\"HS512\"", "\"RS384\"", "\"RS512\"", "\"PS256\"",
		"\"ES256\"", "\"EdDSA\"", "\"rs256\"", "\"\"", "null",
		"[\"RS256\"]", "256" };

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(algorithms); i++) {
		char header[200];

		(void)snprintf(header, sizeof header,
		    "{\"alg\":%s,\"typ\":\"at+jwt\",\"kid\":\"k1\"}",
		    algorithms[i]);
		assert_refused(header, CLAIMS, ERR_AUTH_TOKEN_INVALID,
		    "not signed with RS256");
	}
	assert_refused("{\"typ\":\"at+jwt\"}", CLAIMS, ERR_AUTH_TOKEN_INVALID,
	    "not signed with RS256");
}

static void
test_headers_that_are_not_sound_are_refused(void **state)
{
	static const struct {
		const char *header;
		const char *part;
	} cases[] = {
		{ "", "not a signed JWT" },
		{ "[]", "not an object" },
		{ "null", "not an object" },
		{ "{\"alg\":\"RS256\"", "not sound JSON" },
		{ "{\"alg\":\"none\",\"alg\":\"RS256\",\"typ\":\"at+jwt\"}",
		    "not sound JSON" },
		{ "{\"alg\":\"none\",\"\\u0061lg\":\"RS256\"}",
		    "not sound JSON" },
		{ "{\"alg\":\"RS256\",\"typ\":\"at+jwt\"}{}", "not sound" },
		{ "\xef\xbb\xbf{\"alg\":\"RS256\"}", "not sound JSON" },
		{ "{\"alg\":\"RS256\",\"typ\":\"id+jwt\"}", "not at+jwt" },
		{ "{\"alg\":\"RS256\",\"typ\":\"dpop+jwt\"}", "not at+jwt" },
		{ "{\"alg\":\"RS256\",\"typ\":7}", "not a string" },
		{ "{\"alg\":\"RS256\",\"typ\":\"at+jwt\",\"kid\":7}", "kid" },
		{ "{\"alg\":\"RS256\",\"typ\":\"at+jwt\",\"kid\":\"\"}",
		    "kid" },
		{ "{\"alg\":\"RS256\",\"typ\":\"at+jwt\","
		  "\"kid\":\"k1\\u0000\"}",
		    "not sound JSON" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
		assert_refused(cases[i].header, CLAIMS, ERR_AUTH_TOKEN_INVALID,
		    cases[i].part);
}

static void
test_a_key_that_is_not_there_is_nobodys(void **state)
{
	(void)state;
	assert_int_equal(ERR_CALL_TIMED_OUT,
	    judge_signed("{\"alg\":\"RS256\",\"typ\":\"at+jwt\","
			 "\"kid\":\"k2\"}",
		CLAIMS));
}

/* ---- signatures */

static void
test_signatures_of_others_are_refused(void **state)
{
	struct buf token CLEANUP_BUF = BUF_INIT;
	struct buf secret CLEANUP_BUF = BUF_INIT;

	(void)state;
	token_sign(&token, other, HEADER, CLAIMS);
	assert_int_equal(ERR_AUTH_TOKEN_INVALID,
	    judge(buf_text(&token), token.len, false, NOW_S * NS_PER_S));
	assert_non_null(strstr(why, "signature"));

	/* the public key as the secret of an HMAC, named RS256 all the same */
	token_pem(&secret, key);
	buf_reset(&token);
	token_hmac(&token, secret.data, secret.len, HEADER, CLAIMS);
	assert_int_equal(ERR_AUTH_TOKEN_INVALID,
	    judge(buf_text(&token), token.len, false, NOW_S * NS_PER_S));
}

static void
test_no_signature_is_none(void **state)
{
	static const uint8_t zeros[512];
	static const size_t lens[] = { 0, 1, 32, 255, 256, 257, 512 };

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(lens); i++) {
		struct buf token CLEANUP_BUF = BUF_INIT;

		token_raw(&token, HEADER, CLAIMS, zeros, lens[i]);
		assert_int_equal(
		    ERR_AUTH_TOKEN_INVALID, judge(buf_text(&token), token.len,
						false, NOW_S * NS_PER_S));
	}
}

/* Whichever character changes, the token is not the same any more. */
static void
test_a_token_changed_anywhere_is_refused(void **state)
{
	struct buf token CLEANUP_BUF = BUF_INIT;

	(void)state;
	token_sign(&token, key, HEADER, CLAIMS);
	for (size_t i = 0; i < token.len; i++) {
		static const char others[] = "A_=. ";
		char was = token.data[i];

		for (size_t j = 0; j < sizeof others - 1; j++) {
			if (others[j] == was)
				continue;
			token.data[i] = others[j];
			assert_int_not_equal(
			    ERR_NONE, judge(token.data, token.len, false,
					  NOW_S * NS_PER_S));
		}
		token.data[i] = was;
	}
	assert_int_equal(
	    ERR_NONE, judge(token.data, token.len, false, NOW_S * NS_PER_S));
}

static void
test_a_token_cut_anywhere_is_refused(void **state)
{
	struct buf token CLEANUP_BUF = BUF_INIT;

	(void)state;
	token_sign(&token, key, HEADER, CLAIMS);
	for (size_t len = 0; len < token.len; len++)
		assert_int_not_equal(
		    ERR_NONE, judge(token.data, len, false, NOW_S * NS_PER_S));
}

static void
test_tokens_of_other_forms_are_refused(void **state)
{
	static const char *const tokens[] = { "", ".", "..", "...", "a", "a.b",
		"a.b.c.d", "a.b.c.d.e", "e30.e30.e30", "e30..",
		"cGxhaW4tb3BhcXVlLXRva2VuLW9mLTQzLWNoYXJzYWJj" };

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(tokens); i++)
		assert_int_equal(
		    ERR_AUTH_TOKEN_INVALID, judge(tokens[i], strlen(tokens[i]),
						false, NOW_S * NS_PER_S));
}

static void
test_huge_tokens_are_refused_unread(void **state)
{
	static char huge[JWT_MAX + 2];
	struct buf text CLEANUP_BUF = BUF_INIT;

	(void)state;
	memset(huge, 'A', sizeof huge);
	assert_int_equal(ERR_AUTH_TOKEN_INVALID,
	    judge(huge, JWT_MAX + 1, false, NOW_S * NS_PER_S));
	assert_non_null(strstr(why, "8192"));
	buf_str(&text, "{\"alg\":\"RS256\",\"typ\":\"at+jwt\",\"own\":\"");
	buf_add(&text, huge, JWT_HEADER_MAX);
	buf_str(&text, "\"}");
	assert_refused(buf_text(&text), CLAIMS, ERR_AUTH_TOKEN_INVALID, "2048");
}

/* ---- claims */

static void
test_claims_that_are_not_ours_are_refused(void **state)
{
	static const struct {
		const char *text;
		enum err_code code;
	} cases[] = {
		{ "{" AUD "," SUB "," EXP "}", ERR_AUTH_INVALID_ISSUER },
		{ "{\"iss\":\"https://id.example.org/\"," AUD "," SUB "," EXP
		  "}",
		    ERR_AUTH_INVALID_ISSUER },
		{ "{\"iss\":\"https://ID.example.org\"," AUD "," SUB "," EXP
		  "}",
		    ERR_AUTH_INVALID_ISSUER },
		{ "{\"iss\":[\"https://id.example.org\"]," AUD "," SUB "," EXP
		  "}",
		    ERR_AUTH_INVALID_ISSUER },
		{ "{" ISS "," SUB "," EXP "}", ERR_AUTH_INVALID_AUDIENCE },
		{ "{" ISS "," SUB "," EXP ",\"aud\":[]}",
		    ERR_AUTH_INVALID_AUDIENCE },
		{ "{" ISS "," SUB "," EXP ",\"aud\":null}",
		    ERR_AUTH_INVALID_AUDIENCE },
		{ "{" ISS "," SUB "," EXP
		  ",\"aud\":\"https://mcp.example.org/mcp/\"}",
		    ERR_AUTH_INVALID_AUDIENCE },
		{ "{" ISS "," SUB "," EXP
		  ",\"aud\":\"https://mcp.example.org\"}",
		    ERR_AUTH_INVALID_AUDIENCE },
		{ "{" ISS "," SUB "," EXP
		  ",\"aud\":{\"https://mcp.example.org/mcp\":1}}",
		    ERR_AUTH_INVALID_AUDIENCE },
		{ "{" REST "}", ERR_AUTH_TOKEN_INVALID },
		{ "{" REST ",\"exp\":null}", ERR_AUTH_TOKEN_INVALID },
		{ "{" REST ",\"exp\":\"1800000600\"}", ERR_AUTH_TOKEN_INVALID },
		{ "{" REST ",\"exp\":-1}", ERR_AUTH_TOKEN_INVALID },
		{ "{" REST ",\"exp\":-1.5}", ERR_AUTH_TOKEN_INVALID },
		{ "{" REST ",\"exp\":1700000000}", ERR_AUTH_TOKEN_EXPIRED },
		{ "{" REST ",\"exp\":0}", ERR_AUTH_TOKEN_EXPIRED },
		{ CLAIMS_AND("\"nbf\":1800000061"), ERR_AUTH_TOKEN_INVALID },
		{ CLAIMS_AND("\"iat\":1800000061"), ERR_AUTH_TOKEN_INVALID },
		{ CLAIMS_AND("\"nbf\":\"now\""), ERR_AUTH_TOKEN_INVALID },
		{ CLAIMS_AND("\"iat\":null"), ERR_AUTH_TOKEN_INVALID },
		{ "{" ISS "," AUD "," EXP "}", ERR_AUTH_TOKEN_INVALID },
		{ "{" ISS "," AUD "," EXP ",\"sub\":\"\"}",
		    ERR_AUTH_TOKEN_INVALID },
		{ "{" ISS "," AUD "," EXP ",\"sub\":\"  \"}",
		    ERR_AUTH_TOKEN_INVALID },
		{ "{" ISS "," AUD "," EXP ",\"sub\":\"a\\nb\"}",
		    ERR_AUTH_TOKEN_INVALID },
		{ "{" ISS "," AUD "," EXP ",\"sub\":7}",
		    ERR_AUTH_TOKEN_INVALID },
		{ CLAIMS_AND("\"jti\":7"), ERR_AUTH_TOKEN_INVALID },
		{ CLAIMS_AND("\"jti\":\"\""), ERR_AUTH_TOKEN_INVALID },
		{ CLAIMS_AND("\"scope\":[\"ibkr:health:read\"]"),
		    ERR_AUTH_TOKEN_INVALID },
		{ CLAIMS_AND("\"scope\":null"), ERR_AUTH_TOKEN_INVALID },
		{ CLAIMS_AND("\"scp\":[7]"), ERR_AUTH_TOKEN_INVALID },
		{ CLAIMS_AND("\"sub\":\"bob\""), ERR_AUTH_TOKEN_INVALID },
		{ "[" CLAIMS "]", ERR_AUTH_TOKEN_INVALID },
		{ "\"text\"", ERR_AUTH_TOKEN_INVALID },
		{ CLAIMS " x", ERR_AUTH_TOKEN_INVALID },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
		assert_refused(HEADER, cases[i].text, cases[i].code, "");
}

static void
test_the_edges_of_the_clock(void **state)
{
	static const char text[] = CLAIMS_AND("\"nbf\":1800000000");
	const uint64_t end = (UINT64_C(1800000600) + 60) * NS_PER_S;
	const uint64_t begin = (UINT64_C(1800000000) - 60) * NS_PER_S;

	(void)state;
	assert_int_equal(ERR_NONE, judge_at(HEADER, text, end - 1));
	assert_int_equal(ERR_AUTH_TOKEN_EXPIRED, judge_at(HEADER, text, end));
	assert_int_equal(ERR_NONE, judge_at(HEADER, text, begin));
	assert_int_equal(
	    ERR_AUTH_TOKEN_INVALID, judge_at(HEADER, text, begin - 1));
}

static void
test_who_approves_does_not_trade(void **state)
{
	static const char *const trading[] = { "ibkr:orders:preview",
		"ibkr:orders:paper:submit", "ibkr:orders:paper:cancel",
		"ibkr:orders:paper:modify", "ibkr:orders:live:submit",
		"ibkr:orders:live:cancel", "ibkr:orders:live:modify" };

	(void)state;
	assert_int_equal(ERR_NONE,
	    judge_signed(HEADER,
		CLAIMS_AND("\"scope\":\"ibkr:operator ibkr:approvals:create "
			   "ibkr:orders:read\"")));
	assert_true(claims.scopes & scope_bit("ibkr:operator"));
	for (size_t i = 0; i < ARRAY_COUNT(trading); i++) {
		char text[400];

		(void)snprintf(text, sizeof text,
		    "{" REST "," EXP ",\"scope\":\"%s ibkr:operator\"}",
		    trading[i]);
		assert_refused(
		    HEADER, text, ERR_AUTH_TOKEN_INVALID, "ibkr:operator");
	}
}

/* ---- the pieces */

static void
test_base64url_has_one_spelling(void **state)
{
	static const struct {
		const char *text;
		size_t len; /* of the value; 99: none */
	} cases[] = {
		{ "", 0 }, { "AA", 1 }, { "AAA", 2 }, { "AAAA", 3 },
		{ "_-", 99 }, { "_w", 1 }, { "AB", 99 }, { "AAB", 99 },
		{ "A", 99 }, { "AAAAA", 99 }, { "AA==", 99 }, { "AA=", 99 },
		{ "A A", 99 }, { "AA\n", 99 }, { "+/", 99 },
		{ "AA\xc3\xa4", 99 },
		{ "AAAAAAAA", 99 }, /* more than there is room for */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		uint8_t bytes[5];
		size_t len = 99;

		assert_int_equal(cases[i].len != 99,
		    base64url_decode(cases[i].text, strlen(cases[i].text),
			bytes, sizeof bytes, &len));
		assert_int_equal(cases[i].len, len);
	}
}

static void
test_the_token_in_a_header(void **state)
{
	static const struct {
		const char *header;
		enum auth_result result;
		const char *token;
	} cases[] = {
		{ NULL, AUTH_MISSING, NULL },
		{ "", AUTH_MISSING, NULL },
		{ "Basic YTpi", AUTH_MISSING, NULL },
		{ "Bearers abc", AUTH_MISSING, NULL },
		{ "Bear", AUTH_MISSING, NULL },
		{ "Bearer", AUTH_MALFORMED, NULL },
		{ "Bearer ", AUTH_MALFORMED, NULL },
		{ "Bearer\tabc", AUTH_MALFORMED, NULL },
		{ "Bearer a b", AUTH_MALFORMED, NULL },
		{ "Bearer a,Bearer b", AUTH_MALFORMED, NULL },
		{ "Bearer \"abc\"", AUTH_MALFORMED, NULL },
		{ "Bearer a=b", AUTH_MALFORMED, NULL },
		{ "Bearer =", AUTH_MALFORMED, NULL },
		{ "Bearer a\x7f", AUTH_MALFORMED, NULL },
		{ "Bearer abc", AUTH_GRANTED, "abc" },
		{ "bEARER   a.b-c_~+/==", AUTH_GRANTED, "a.b-c_~+/==" },
		{ "Bearer abc \t", AUTH_GRANTED, "abc" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		const char *token = "";
		size_t len = 0;

		assert_int_equal(cases[i].result,
		    bearer_find(cases[i].header, &token, &len));
		if (!cases[i].token)
			continue;
		assert_int_equal(strlen(cases[i].token), len);
		assert_memory_equal(cases[i].token, token, len);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_good_token_says_who_and_what),
		cmocka_unit_test(test_what_the_standards_allow_is_taken),
		cmocka_unit_test(
		    test_an_issuer_without_types_needs_the_key_any_token_type),
		cmocka_unit_test(
		    test_headers_that_would_choose_for_us_are_refused),
		cmocka_unit_test(test_algorithms_but_rs256_are_refused),
		cmocka_unit_test(test_headers_that_are_not_sound_are_refused),
		cmocka_unit_test(test_a_key_that_is_not_there_is_nobodys),
		cmocka_unit_test(test_signatures_of_others_are_refused),
		cmocka_unit_test(test_no_signature_is_none),
		cmocka_unit_test(test_a_token_changed_anywhere_is_refused),
		cmocka_unit_test(test_a_token_cut_anywhere_is_refused),
		cmocka_unit_test(test_tokens_of_other_forms_are_refused),
		cmocka_unit_test(test_huge_tokens_are_refused_unread),
		cmocka_unit_test(test_claims_that_are_not_ours_are_refused),
		cmocka_unit_test(test_the_edges_of_the_clock),
		cmocka_unit_test(test_who_approves_does_not_trade),
		cmocka_unit_test(test_base64url_has_one_spelling),
		cmocka_unit_test(test_the_token_in_a_header),
	};

	return cmocka_run_group_tests(tests, make_keys, free_keys);
}
