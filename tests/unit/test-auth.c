/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * From header to verdict: keys that come, go and cannot be had, the cache,
 * the audit of successes and failures, and the texts of the answers.  The
 * fetch is this program's own, and so is the clock.
 */

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "auth/auth.h"
#include "auth/denials.h"
#include "auth/fetch.h"
#include "auth/jwks.h"
#include "auth/keyring.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "config/scope.h"
#include "journal/audit.h"
#include "token-kit.h"

#define SECRET "0123456789abcdef0123456789abcdef"
#define ISSUER "https://id.example.org"
#define RESOURCE "https://mcp.example.org/mcp"
#define PEER "192.0.2.7"

/* ---- the clock */

static atomic_uint_fast64_t real_now;
static atomic_uint_fast64_t boot_now;

static uint64_t
read_real(void *arg)
{
	(void)arg;
	return real_now;
}

static uint64_t
read_boot(void *arg)
{
	(void)arg;
	return boot_now;
}

static void
pass(uint64_t seconds)
{
	boot_now += seconds * NS_PER_S;
	real_now += seconds * NS_PER_S;
}

/* ---- the fetch, in place of the one over HTTPS */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static char *published; /* NULL: nothing can be had */
static unsigned fetches;
static bool is_held; /* fetches wait */

int
fetch_open(const struct config *c, struct host *host, struct fetch **ret_fetch,
    struct err *err)
{
	(void)c;
	(void)host;
	(void)err;
	*ret_fetch = NULL;
	return 0;
}

void
fetch_close(struct fetch *fetch)
{
	(void)fetch;
}

int
fetch_get(struct fetch *fetch, int cancel_fd, char **ret_body, size_t *ret_len,
    struct err *err)
{
	LOCK_SCOPE(&lock);

	(void)fetch;
	(void)cancel_fd;
	fetches++;
	(void)pthread_cond_broadcast(&changed);
	while (is_held)
		(void)pthread_cond_wait(&changed, &lock);
	if (!published)
		return err_set(err, ERR_AUTH_TOKEN_INVALID, "no answer");
	*ret_body = strdup(published);
	*ret_len = strlen(published);
	return 0;
}

static void
publish(const struct token_key *key, const char *kid)
{
	LOCK_SCOPE(&lock);
	struct buf set CLEANUP_BUF = BUF_INIT;

	free(STEAL(published));
	if (key) {
		token_set(&set, key, kid, "");
		published = buf_take(&set);
	}
}

static void
hold(bool held)
{
	LOCK_SCOPE(&lock);

	is_held = held;
	(void)pthread_cond_broadcast(&changed);
}

static void
await_fetches(unsigned count)
{
	LOCK_SCOPE(&lock);

	while (fetches < count)
		(void)pthread_cond_wait(&changed, &lock);
}

/* ---- the audit */

enum { EVENTS = 2048 };
static struct {
	char type[40];
	char who[200];
	char code[40];
	char metadata[1000];
} events[EVENTS];
static unsigned event_count;
static atomic_bool record_fails;

static int
take_record(void *arg, const struct audit_event *event, struct err *err)
{
	LOCK_SCOPE(&lock);
	struct buf text CLEANUP_BUF = BUF_INIT;

	assert_ptr_equal(&events, arg);
	if (record_fails)
		return err_set(
		    err, ERR_JOURNAL_UNAVAILABLE, "the disk is full");
	assert_in_range(event_count, 0, EVENTS - 1);
	json_write(&text, event->metadata, 0);
	(void)snprintf(events[event_count].type, sizeof events->type, "%s",
	    event->event_type);
	(void)snprintf(events[event_count].who, sizeof events->who, "%s %s",
	    event->principal_kind, event->principal);
	(void)snprintf(events[event_count].code, sizeof events->code, "%s",
	    event->error_code ? event->error_code : "");
	(void)snprintf(events[event_count].metadata, sizeof events->metadata,
	    "%s", buf_text(&text));
	event_count++;
	(void)pthread_cond_broadcast(&changed);
	return 0;
}

static void
await_events(unsigned count)
{
	LOCK_SCOPE(&lock);

	while (event_count < count)
		(void)pthread_cond_wait(&changed, &lock);
	assert_int_equal(count, event_count);
}

/* ---- the house */

static struct config config;
static struct auth *auth;
static struct token_key *key;
static struct token_key *other;

static int
make_keys(void **state)
{
	static const struct clock_source source = { .real_ns = read_real,
		.boot_ns = read_boot };

	(void)state;
	key = token_key_rsa(2048);
	other = token_key_rsa(2048);
	clock_set_source(&source);
	return setenv("IAG_TEST_TOKEN_SECRET", SECRET, 1);
}

static int
free_keys(void **state)
{
	(void)state;
	clock_set_source(NULL);
	token_key_free(key);
	token_key_free(other);
	return 0;
}

static char *
fixed(const char *text)
{
	return (char *)(uintptr_t)text;
}

static void
set_config(void)
{
	static char *audiences[] = { (char *)(uintptr_t)RESOURCE };
	static char *scopes[] = { (char *)(uintptr_t) "ibkr:health:read",
		(char *)(uintptr_t) "ibkr:orders:read",
		(char *)(uintptr_t) "ibkr:orders:paper:submit",
		(char *)(uintptr_t) "ibkr:approvals:create",
		(char *)(uintptr_t) "ibkr:operator" };

	memset(&config, 0, sizeof config);
	config.remote_mcp.enabled = true;
	config.remote_mcp.resource = fixed(RESOURCE);
	config.remote_mcp.issuer = fixed(ISSUER);
	config.remote_mcp.jwks_url = fixed(ISSUER "/keys");
	config.remote_mcp.audiences.items = audiences;
	config.remote_mcp.audiences.count = ARRAY_COUNT(audiences);
	config.remote_mcp.allowed_scopes.items = scopes;
	config.remote_mcp.allowed_scopes.count = ARRAY_COUNT(scopes);
	config.remote_mcp.clock_skew_seconds = 60;
	config.remote_mcp.token_id_hmac_secret_env =
	    fixed("IAG_TEST_TOKEN_SECRET");
}

static void
open_auth(void)
{
	const struct auth_setup setup = {
		.config = &config, .record = take_record, .arg = &events
	};
	struct err err CLEANUP_ERR = ERR_INIT;

	if (auth_open(&setup, &auth, &err))
		fail_msg("%s", err_text(&err));
}

static int
set_up(void **state)
{
	(void)state;
	real_now = UINT64_C(1800000000) * NS_PER_S;
	boot_now = UINT64_C(1000) * NS_PER_S;
	fetches = 0;
	event_count = 0;
	record_fails = false;
	publish(key, "k1");
	set_config();
	open_auth();
	return 0;
}

static struct auth_verdict verdict;

static int
tear_down(void **state)
{
	(void)state;
	hold(false);
	auth_verdict_fini(&verdict);
	auth_close(STEAL(auth));
	publish(NULL, NULL);
	return 0;
}

/* ---- tokens */

/* "Bearer TOKEN"; it expires in so many seconds. */
static const char *
bearer(const struct token_key *by, const char *kid, unsigned seconds,
    const char *more)
{
	static struct buf header;
	struct buf token CLEANUP_BUF = BUF_INIT;
	char head[200], claims[600];

	(void)snprintf(head, sizeof head,
	    "{\"alg\":\"RS256\",\"typ\":\"at+jwt\",\"kid\":\"%s\"}", kid);
	(void)snprintf(claims, sizeof claims,
	    "{\"iss\":\"" ISSUER "\",\"aud\":\"" RESOURCE
	    "\",\"sub\":\"alice\",\"exp\":%u%s}",
	    (unsigned)(real_now / NS_PER_S) + seconds, more);
	token_sign(&token, by, head, claims);
	buf_reset(&header);
	buf_printf(&header, "Bearer %s", buf_text(&token));
	return buf_text(&header);
}

static enum auth_result
check(const char *header)
{
	auth_verdict_fini(&verdict);
	auth_check(auth, header, PEER, &verdict);
	return verdict.result;
}

/* Without waiting. */
static bool
is_known(const char *header)
{
	struct auth_verdict found CLEANUP(auth_verdict_fini) = { 0 };
	struct auth_verdict none CLEANUP(auth_verdict_fini) = { 0 };
	bool is = auth_knows(auth, header, &found);

	assert_false(auth_refuses(auth, header, PEER, &none));
	if (is)
		assert_int_equal(found.result, AUTH_GRANTED);
	return is;
}

static void
assert_denied(const char *header, enum auth_result result, unsigned status,
    enum err_code code, const char *part)
{
	assert_int_equal(result, check(header));
	assert_int_equal(status, auth_status(&verdict));
	assert_int_equal(code, verdict.code);
	if (!strstr(verdict.text, part))
		fail_msg("'%s'", verdict.text);
}

/* ---- good tokens */

static void
test_a_good_token_becomes_a_principal(void **state)
{
	(void)state;
	assert_int_equal(AUTH_GRANTED,
	    check(bearer(key, "k1", 600,
		",\"jti\":\"t-1\",\"scope\":\"ibkr:health:read "
		"ibkr:orders:live:submit ibkr:orders:paper:submit\"")));
	assert_int_equal(200, auth_status(&verdict));
	assert_string_equal(ISSUER "#alice", verdict.name);
	assert_false(verdict.is_operator);
	/* what the token brings and the configuration allows */
	assert_true(
	    verdict.scopes == (scope_bit("ibkr:health:read") |
				  scope_bit("ibkr:orders:paper:submit")));
	assert_true(verdict.expires_ns == real_now + 660 * NS_PER_S);
}

static void
test_an_operators_token_is_one(void **state)
{
	(void)state;
	assert_int_equal(AUTH_GRANTED,
	    check(bearer(key, "k1", 600,
		",\"scope\":\"ibkr:operator ibkr:approvals:create\"")));
	assert_true(verdict.is_operator);
	assert_non_null(strstr(events[0].who, "operator "));
	assert_denied(bearer(key, "k1", 600,
			  ",\"scope\":\"ibkr:operator "
			  "ibkr:orders:paper:submit\""),
	    AUTH_REFUSED, 401, ERR_AUTH_TOKEN_INVALID, "ibkr:operator");
}

static void
test_a_token_is_verified_once_and_ends_with_itself(void **state)
{
	CLEANUP_FREE char *header = strdup(bearer(key, "k1", 600, ""));

	(void)state;
	assert_false(is_known(header));
	assert_int_equal(AUTH_GRANTED, check(header));
	assert_true(is_known(header));
	pass(659);
	assert_true(is_known(header));
	pass(1);
	assert_false(is_known(header));
	assert_denied(
	    header, AUTH_REFUSED, 401, ERR_AUTH_TOKEN_EXPIRED, "expired");
}

static void
test_more_tokens_than_there_is_room_for_are_verified_again(void **state)
{
	enum { TOKENS = 1400 };
	static char *headers[TOKENS];
	unsigned known = 0;

	(void)state;
	for (unsigned i = 0; i < TOKENS; i++) {
		char more[40];

		(void)snprintf(more, sizeof more, ",\"jti\":\"t-%u\"", i);
		headers[i] = strdup(bearer(key, "k1", 600, more));
		assert_int_equal(AUTH_GRANTED, check(headers[i]));
	}
	for (unsigned i = 0; i < TOKENS; i++) {
		known += is_known(headers[i]);
		free(headers[i]);
	}
	assert_in_range(known, 600, 1024);
}

/* ---- keys */

static void
test_without_keys_the_answer_is_to_come_again(void **state)
{
	(void)state;
	auth_close(STEAL(auth));
	publish(NULL, NULL);
	open_auth();
	assert_denied(bearer(key, "k1", 600, ""), AUTH_UNAVAILABLE, 503,
	    ERR_AUTH_TOKEN_INVALID, "keys cannot be had");
	assert_false(auth_is_ready(auth));
	/* what is none is told so without any keys */
	assert_denied("Bearer abc", AUTH_REFUSED, 401, ERR_AUTH_TOKEN_INVALID,
	    "not a signed JWT");
	publish(key, "k1");
	pass(5);
	assert_int_equal(AUTH_GRANTED, check(bearer(key, "k1", 600, "")));
	assert_true(auth_is_ready(auth));
}

static void
test_a_check_waits_for_the_first_fetch(void **state)
{
	unsigned before;

	(void)state;
	auth_close(STEAL(auth));
	before = fetches;
	hold(true);
	open_auth();
	await_fetches(before + 1);
	assert_false(auth_is_ready(auth));
	hold(false);
	assert_int_equal(AUTH_GRANTED, check(bearer(key, "k1", 600, "")));
	assert_int_equal(before + 1, fetches);
}

static void
test_an_unknown_key_is_fetched_but_not_too_often(void **state)
{
	(void)state;
	assert_int_equal(AUTH_GRANTED, check(bearer(key, "k1", 600, "")));
	publish(other, "k2");
	assert_int_equal(AUTH_GRANTED, check(bearer(other, "k2", 600, "")));
	assert_int_equal(2, fetches);
	/* the next one waits for five seconds to pass */
	publish(key, "k3");
	assert_denied(bearer(key, "k3", 600, ""), AUTH_REFUSED, 401,
	    ERR_AUTH_TOKEN_INVALID, "does not have");
	assert_int_equal(2, fetches);
	pass(5);
	assert_int_equal(AUTH_GRANTED, check(bearer(key, "k3", 600, "")));
	assert_int_equal(3, fetches);
	/* whoever makes names up makes no fetches */
	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(
		    AUTH_REFUSED, check(bearer(other, "made-up", 600, "")));
	assert_int_equal(3, fetches);
}

static unsigned busy, admitted;

static void *
ask_for_a_key(void *arg)
{
	struct auth_verdict own;

	auth_check(auth, arg, PEER, &own);
	auth_verdict_fini(&own);
	LOCK_SCOPE(&lock);
	busy += own.result == AUTH_UNAVAILABLE &&
		strstr(own.text, "try again") != NULL;
	admitted += own.result == AUTH_GRANTED;
	(void)pthread_cond_broadcast(&changed);
	return NULL;
}

static void
await_busy(unsigned count)
{
	LOCK_SCOPE(&lock);

	while (busy < count)
		(void)pthread_cond_wait(&changed, &lock);
}

/* While a fetch hangs, not every thread of the door hangs with it. */
static void
test_few_threads_wait_for_a_fetch(void **state)
{
	CLEANUP_FREE char *header = strdup(bearer(key, "k1", 600, ""));
	pthread_t threads[KEYRING_WAITERS_MAX + 8];

	(void)state;
	auth_close(STEAL(auth));
	hold(true);
	open_auth();
	for (size_t i = 0; i < ARRAY_COUNT(threads); i++)
		assert_int_equal(0,
		    pthread_create(&threads[i], NULL, ask_for_a_key, header));
	await_busy(8);
	hold(false);
	for (size_t i = 0; i < ARRAY_COUNT(threads); i++)
		(void)pthread_join(threads[i], NULL);
	assert_int_equal(8, busy);
	assert_int_equal(KEYRING_WAITERS_MAX, admitted);
}

static void
test_a_key_that_is_gone_ends_its_tokens(void **state)
{
	CLEANUP_FREE char *header = strdup(bearer(key, "k1", 6000, ""));

	(void)state;
	assert_int_equal(AUTH_GRANTED, check(header));
	assert_true(is_known(header));
	publish(other, "k2");
	pass(5);
	assert_int_equal(AUTH_GRANTED, check(bearer(other, "k2", 600, "")));
	assert_false(is_known(header));
	assert_denied(
	    header, AUTH_REFUSED, 401, ERR_AUTH_TOKEN_INVALID, "does not have");
}

static void
test_what_goes_on_ends_with_its_token_and_with_its_key(void **state)
{
	struct auth_verdict first;

	(void)state;
	assert_int_equal(AUTH_GRANTED, check(bearer(key, "k1", 600, "")));
	first = verdict;
	assert_true(auth_holds(auth, &first));
	pass(659);
	assert_true(auth_holds(auth, &first));
	pass(1);
	assert_false(auth_holds(auth, &first));
	assert_int_equal(AUTH_GRANTED, check(bearer(key, "k1", 600, "")));
	first = verdict;
	/* found in the cache, it is the same one */
	assert_int_equal(AUTH_GRANTED, check(bearer(key, "k1", 600, "")));
	assert_true(auth_holds(auth, &verdict));
	publish(other, "k1"); /* the name stays, the key does not */
	(void)check(bearer(other, "unknown", 600, "")); /* fetches */
	assert_int_equal(AUTH_GRANTED, check(bearer(other, "k1", 600, "")));
	assert_true(auth_holds(auth, &verdict));
	assert_false(auth_holds(auth, &first));
	/* nor does anything without keys that are trusted */
	publish(NULL, NULL);
	first = verdict;
	first.expires_ns = UINT64_MAX;
	assert_true(auth_holds(auth, &first));
	pass(2 * UINT64_C(86400));
	assert_false(auth_holds(auth, &first));
}

/* A key of another's under a name that was good before. */
static void
test_a_name_alone_is_no_key(void **state)
{
	CLEANUP_FREE char *header = strdup(bearer(key, "k1", 6000, ""));

	(void)state;
	assert_int_equal(AUTH_GRANTED, check(header));
	publish(other, "k1");
	pass(5);
	(void)check(bearer(other, "unknown", 600, "")); /* fetches */
	assert_denied(
	    header, AUTH_REFUSED, 401, ERR_AUTH_TOKEN_INVALID, "signature");
}

static void
test_old_keys_stay_when_no_new_ones_can_be_had(void **state)
{
	(void)state;
	assert_int_equal(AUTH_GRANTED, check(bearer(key, "k1", 600, "")));
	publish(NULL, NULL);
	for (unsigned i = 0; i < 3; i++) {
		pass(3600);
		(void)check(bearer(other, "k2", 600, "")); /* fetches */
		assert_int_equal(
		    AUTH_GRANTED, check(bearer(key, "k1", 600, "")));
	}
	/* but not for ever */
	pass(86400);
	assert_denied(bearer(key, "k1", 600, ""), AUTH_UNAVAILABLE, 503,
	    ERR_AUTH_TOKEN_INVALID, "keys cannot be had");
}

static void
test_a_broken_key_set_changes_nothing(void **state)
{
	(void)state;
	assert_int_equal(AUTH_GRANTED, check(bearer(key, "k1", 600, "")));
	(void)pthread_mutex_lock(&lock);
	free(published);
	published = strdup("{\"keys\":[]}");
	(void)pthread_mutex_unlock(&lock);
	pass(5);
	assert_int_equal(AUTH_REFUSED, check(bearer(other, "k2", 600, "")));
	assert_int_equal(AUTH_GRANTED, check(bearer(key, "k1", 600, "")));
}

/* ---- the audit */

static void
test_inv5_the_first_success_of_a_token_is_recorded(void **state)
{
	CLEANUP_FREE char *header = strdup(bearer(
	    key, "k1", 600, ",\"jti\":\"t-1\",\"scope\":\"ibkr:health:read\""));
	uint8_t mac[HASH_SIZE];
	char hex[HASH_HEX_SIZE];

	(void)state;
	for (unsigned i = 0; i < 5; i++)
		assert_int_equal(AUTH_GRANTED, check(header));
	await_events(1);
	assert_string_equal("remote_auth_succeeded", events[0].type);
	assert_string_equal("agent " ISSUER "#alice", events[0].who);
	hmac_sha256(SECRET, strlen(SECRET), "t-1", 3, mac);
	hash_hex(mac, hex);
	assert_string_equal(hex, verdict.token_id);
	assert_non_null(strstr(events[0].metadata, hex));
	assert_non_null(strstr(events[0].metadata, "\"address\":\"" PEER "\""));
	assert_non_null(
	    strstr(events[0].metadata, "\"scopes\":[\"ibkr:health:read\"]"));
}

static void
test_inv5_without_a_record_nobody_comes_in(void **state)
{
	CLEANUP_FREE char *header = strdup(bearer(key, "k1", 600, ""));

	(void)state;
	record_fails = true;
	assert_denied(header, AUTH_UNAVAILABLE, 503, ERR_JOURNAL_UNAVAILABLE,
	    "disk is full");
	assert_false(is_known(header));
	record_fails = false;
	assert_int_equal(AUTH_GRANTED, check(header));
	await_events(1);
}

static void *
check_on_thread(void *arg)
{
	struct auth_verdict own;

	auth_check(auth, arg, PEER, &own);
	assert_int_equal(AUTH_GRANTED, own.result);
	auth_verdict_fini(&own);
	return NULL;
}

static void
test_one_record_also_when_all_come_at_once(void **state)
{
	CLEANUP_FREE char *header = strdup(bearer(key, "k1", 600, ""));
	pthread_t threads[16];

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(threads); i++)
		assert_int_equal(0,
		    pthread_create(&threads[i], NULL, check_on_thread, header));
	for (size_t i = 0; i < ARRAY_COUNT(threads); i++)
		(void)pthread_join(threads[i], NULL);
	await_events(1);
}

static void
test_failures_are_recorded_by_address_and_minute(void **state)
{
	(void)state;
	assert_int_equal(AUTH_MISSING, check(NULL));
	await_events(1);
	assert_string_equal("remote_auth_denied", events[0].type);
	assert_string_equal("AUTH_TOKEN_MISSING", events[0].code);
	assert_non_null(
	    strstr(events[0].metadata, "\"address\":\"" PEER "\",\"count\":1"));
	for (unsigned i = 0; i < 40; i++) {
		(void)check("Bearer abc");
		(void)check("Basic YTpi");
	}
	auth_verdict_fini(&verdict);
	auth_refuse_header(auth, PEER, &verdict);
	assert_int_equal(400, auth_status(&verdict));
	auth_check(auth, NULL, "2001:db8::1", &verdict);
	await_events(2); /* another address */
	auth_close(STEAL(auth));
	await_events(3); /* what was left of the minute */
	assert_non_null(strstr(events[2].metadata, "\"count\":81"));
	assert_non_null(
	    strstr(events[2].metadata, "\"codes\":{\"AUTH_TOKEN_MISSING\":40,"
				       "\"AUTH_TOKEN_INVALID\":41}"));
}

static void
test_a_thousand_addresses_do_not_fill_the_store(void **state)
{
	unsigned others = 0;

	(void)state;
	for (unsigned i = 0; i < 5000; i++) {
		char peer[40];

		(void)snprintf(
		    peer, sizeof peer, "10.0.%u.%u", i >> 8, i & 255);
		auth_check(auth, NULL, peer, &verdict);
	}
	auth_close(STEAL(auth));
	assert_in_range(event_count, 257, 2 * 257);
	for (unsigned i = 0; i < event_count; i++)
		others += strstr(events[i].metadata, "other addresses") != NULL;
	assert_in_range(others, 1, 2);
}

static void
test_failures_that_cannot_be_recorded_wait(void **state)
{
	(void)state;
	record_fails = true;
	assert_int_equal(AUTH_MISSING, check(NULL));
	assert_int_equal(AUTH_MISSING, check(NULL));
	record_fails = false;
	auth_close(STEAL(auth));
	assert_in_range(event_count, 1, 2);
	assert_non_null(
	    strstr(events[event_count - 1].metadata, "AUTH_TOKEN_MISSING"));
}

/* Neither token nor id leave, in whatever is said or written. */
static void
test_inv8_nothing_of_a_token_is_said_or_recorded(void **state)
{
	static const char *const mores[] = { ",\"jti\":\"secret-id\"",
		",\"jti\":\"secret-id\",\"nbf\":9999999999",
		",\"jti\":\"secret-id\",\"scope\":7" };

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(mores); i++) {
		CLEANUP_FREE char *header =
		    strdup(bearer(i == 2 ? other : key, "k1", 600, mores[i]));
		struct buf texts CLEANUP_BUF = BUF_INIT;

		(void)check(header);
		if (i > 0)
			auth_challenge_write(auth, &verdict, &texts);
		auth_body_write(auth, &verdict, 0, &texts);
		assert_null(strstr(buf_text(&texts), "secret-id"));
		assert_null(strstr(buf_text(&texts), "eyJ"));
	}
	auth_close(STEAL(auth));
	for (unsigned i = 0; i < event_count; i++) {
		assert_null(strstr(events[i].metadata, "secret-id"));
		assert_null(strstr(events[i].metadata, "eyJ"));
	}
}

/* ---- texts */

#define META "https://mcp.example.org/.well-known/oauth-protected-resource/mcp"

static void
assert_challenge(const char *header, const char *expected)
{
	struct buf text CLEANUP_BUF = BUF_INIT;

	(void)check(header);
	auth_challenge_write(auth, &verdict, &text);
	assert_string_equal(expected, buf_text(&text));
}

static void
test_the_challenges(void **state)
{
	(void)state;
	assert_challenge(NULL,
	    "Bearer resource_metadata=\"" META
	    "\", scope=\"ibkr:health:read ibkr:orders:read\"");
	assert_challenge("Bearer abc",
	    "Bearer resource_metadata=\"" META
	    "\", scope=\"ibkr:health:read ibkr:orders:read\", "
	    "error=\"invalid_token\", error_description=\"the token is not a "
	    "signed JWT\"");
	assert_challenge("Bearer",
	    "Bearer resource_metadata=\"" META
	    "\", scope=\"ibkr:health:read ibkr:orders:read\", "
	    "error=\"invalid_request\", error_description=\"the "
	    "Authorization header is not 'Bearer' and one token\"");
}

static void
test_the_step_up_keeps_what_was_granted(void **state)
{
	struct buf text CLEANUP_BUF = BUF_INIT;
	uint64_t needed = scope_bit("ibkr:orders:paper:submit");

	(void)state;
	assert_int_equal(AUTH_GRANTED,
	    check(bearer(key, "k1", 600, ",\"scope\":\"ibkr:health:read\"")));
	auth_step_up_write(auth, &verdict, needed, &text);
	assert_string_equal(
	    "Bearer error=\"insufficient_scope\", scope=\"ibkr:health:read "
	    "ibkr:orders:paper:submit\", resource_metadata=\"" META
	    "\", error_description=\"the token does not have the scope that "
	    "this needs\"",
	    buf_text(&text));
	buf_reset(&text);
	auth_body_write(auth, &verdict, needed, &text);
	assert_non_null(strstr(buf_text(&text),
	    "{\"error\":\"AUTH_MISSING_SCOPE\",\"message\":\"the token does "
	    "not have: ibkr:orders:paper:submit\","));
	/* the operator's scope is never asked for */
	assert_int_equal(AUTH_GRANTED,
	    check(bearer(key, "k1", 600, ",\"scope\":\"ibkr:operator\"")));
	buf_reset(&text);
	auth_step_up_write(auth, &verdict, needed, &text);
	assert_null(strstr(buf_text(&text), "ibkr:operator"));
}

static void
test_the_metadata(void **state)
{
	struct buf text CLEANUP_BUF = BUF_INIT;

	(void)state;
	auth_metadata_write(auth, &text);
	assert_string_equal("{\"resource\":\"" RESOURCE
			    "\",\"authorization_servers\":[\"" ISSUER
			    "\"],\"scopes_supported\":[\"ibkr:health:read\","
			    "\"ibkr:orders:read\"],"
			    "\"bearer_methods_supported\":[\"header\"],"
			    "\"resource_name\":\"IBKR Agent Gateway\"}",
	    buf_text(&text));
	assert_string_equal("/.well-known/oauth-protected-resource/mcp",
	    auth_metadata_path(auth));
	assert_string_equal("/mcp", auth_resource_path(auth));
}

static void
test_the_metadata_where_a_proxy_moves_it(void **state)
{
	struct buf text CLEANUP_BUF = BUF_INIT;

	(void)state;
	auth_close(STEAL(auth));
	config.remote_mcp.resource = fixed("https://mcp.example.org:8443");
	config.remote_mcp.metadata_url = fixed("https://meta.example.org/x");
	open_auth();
	assert_string_equal(AUTH_WELL_KNOWN, auth_metadata_path(auth));
	assert_string_equal("", auth_resource_path(auth));
	(void)check(NULL);
	auth_challenge_write(auth, &verdict, &text);
	assert_non_null(strstr(buf_text(&text),
	    "resource_metadata=\"https://meta.example.org/x\""));
}

static void
test_it_does_not_open_switched_off_or_without_its_secret(void **state)
{
	const struct auth_setup setup = {
		.config = &config, .record = take_record, .arg = &events
	};
	struct auth *none = NULL;
	struct err err CLEANUP_ERR = ERR_INIT;

	(void)state;
	config.remote_mcp.enabled = false;
	assert_true(auth_open(&setup, &none, &err) < 0);
	assert_int_equal(ERR_CONFIG_REMOTE_MCP_FORBIDDEN, err.code);
	config.remote_mcp.enabled = true;
	config.remote_mcp.token_id_hmac_secret_env =
	    fixed("IAG_TEST_NO_SUCH_SECRET");
	assert_true(auth_open(&setup, &none, &err) < 0);
	assert_int_equal(ERR_CONFIG_INVALID, err.code);
	assert_null(none);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(test_a_good_token_becomes_a_principal),
		TEST(test_an_operators_token_is_one),
		TEST(test_a_token_is_verified_once_and_ends_with_itself),
		TEST(
		    test_more_tokens_than_there_is_room_for_are_verified_again),
		TEST(test_without_keys_the_answer_is_to_come_again),
		TEST(test_a_check_waits_for_the_first_fetch),
		TEST(test_an_unknown_key_is_fetched_but_not_too_often),
		TEST(test_few_threads_wait_for_a_fetch),
		TEST(test_a_key_that_is_gone_ends_its_tokens),
		TEST(test_what_goes_on_ends_with_its_token_and_with_its_key),
		TEST(test_a_name_alone_is_no_key),
		TEST(test_old_keys_stay_when_no_new_ones_can_be_had),
		TEST(test_a_broken_key_set_changes_nothing),
		TEST(test_inv5_the_first_success_of_a_token_is_recorded),
		TEST(test_inv5_without_a_record_nobody_comes_in),
		TEST(test_one_record_also_when_all_come_at_once),
		TEST(test_failures_are_recorded_by_address_and_minute),
		TEST(test_a_thousand_addresses_do_not_fill_the_store),
		TEST(test_failures_that_cannot_be_recorded_wait),
		TEST(test_inv8_nothing_of_a_token_is_said_or_recorded),
		TEST(test_the_challenges),
		TEST(test_the_step_up_keeps_what_was_granted),
		TEST(test_the_metadata),
		TEST(test_the_metadata_where_a_proxy_moves_it),
		TEST(test_it_does_not_open_switched_off_or_without_its_secret),
	};

	return cmocka_run_group_tests(tests, make_keys, free_keys);
}
