/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * What the program adds to the broker, on loopback TLS before the simulator,
 * as ratios of interleaved rounds: an account summary through the tool against
 * bare libcurl on a kept connection and one durable commit, a live submit
 * against bare libcurl on a fresh connection and two durable commits, and
 * whether readers that share the broker's limits get the same of them.
 */

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <curl/curl.h>
#include <lmdb.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bare.h"
#include "figure.h"
#include "peer.h"

enum {
	ROUNDS = 15,
	CALLS = 40,   /* in one round */
	SUBMITS = 60, /* at most */
	READERS = 8,
	READS = 40, /* of each reader */
	ID_LEN = 36
};

#define PAPER "DU1234567"
#define LIVE "U7654321"
#define ORDER_BYTES 6656 /* what an order leaves in the store */

#define META                                                            \
	"\"_meta\":{\"io.modelcontextprotocol/protocolVersion\":"       \
	"\"2026-07-28\",\"io.modelcontextprotocol/clientCapabilities\"" \
	":{}}"
#define CALL                                                        \
	"{\"jsonrpc\":\"2.0\",\"id\":%u,\"method\":\"tools/call\"," \
	"\"params\":{\"name\":\"%s\",\"arguments\":{%s}," META "}}\n"

static char folder[] = "/tmp/iag-bench.XXXXXX";
static struct peer simulator;
static char base[64], pin[80];

static void
must(bool fine, const char *what)
{
	if (fine)
		return;
	(void)fprintf(stderr, "bench-portal: %s failed\n", what);
	exit(1);
}

static void
shell(const char *command)
{
	char name[] = "sh", option[] = "-c", *text = strdup(command);
	char *argv[] = { name, option, text, NULL };
	int status = -1;
	pid_t pid;

	if (text &&
	    posix_spawn(&pid, "/bin/sh", NULL, NULL, argv, environ) == 0)
		(void)waitpid(pid, &status, 0);
	free(text);
	must(status == 0, command);
}

/* ---- the place */

/* A line such as "pin TEXT"; the text. */
static void
hear_word(const char *before, char *word, size_t size)
{
	const char *line;
	size_t len = peer_hear(&simulator, &line);
	size_t width = strlen(before);

	must(len > width + 1 && strncmp(line, before, width) == 0 &&
		 len - width <= size,
	    before);
	(void)snprintf(
	    word, size, "%.*s", (int)(len - width - 1), line + width);
}

static void
simulator_start(const char *login)
{
	const char *build = getenv("IAG_TEST_BUILDDIR");
	char program[600], other[80];
	const char *argv[] = { program, "--port", "0", "--pacing", "0",
		"--midnight", "never", "--login", login, "--exit-with-parent",
		NULL };

	(void)snprintf(
	    program, sizeof(program), "%s/ibkr-agent-sim", build ? build : ".");
	peer_start(&simulator, argv);
	hear_word("listening ", base, sizeof(base));
	hear_word("certificate ", other, sizeof(other));
	hear_word("pin ", pin, sizeof(pin));
	hear_word("seed ", other, sizeof(other));
}

static void
file_write(const char *name, const char *text)
{
	char path[600];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "we");
	must(file && fchmod(fileno(file), 0600) == 0 && fputs(text, file) >= 0,
	    path);
	must(fclose(file) == 0, path);
}

/* more: the sections beside those that all have */
static void
config_write(const char *broker, const char *more)
{
	char text[4096];

	(void)snprintf(text, sizeof(text),
	    "broker: {backend: client_portal_gateway, base_url: %s/v1/api, "
	    "tls_pin_sha256: \"%s\"%s}\n"
	    "auth: {enabled_scopes: [ibkr:health:read, ibkr:accounts:read, "
	    "ibkr:portfolio:read, ibkr:orders:preview, ibkr:approvals:create, "
	    "ibkr:orders:live:submit, "
	    "ibkr:orders:paper:submit]}\n"
	    "audit: {path: %s/store, hmac_secret_file: %s/secret}\n"
	    "plugins: {path: [%s]}\n%s",
	    base, pin, broker, folder, folder, getenv("IAG_TEST_PLUGINDIR"),
	    more);
	file_write("config.yaml", text);
}

static void
server_start(struct peer *server)
{
	const char *argv[] = { getenv("IAG_TEST_PROGRAM"), "mcp", "serve",
		"--transport", "stdio", NULL };

	peer_start(server, argv);
}

static void
say(struct peer *server, const char *tool, const char *arguments)
{
	static unsigned id;
	char line[1500];
	int len = snprintf(line, sizeof(line), CALL, ++id, tool, arguments);

	must(len > 0 && (size_t)len < sizeof(line), "call");
	peer_say(server, line, (size_t)len);
}

/* The answer, which is no failure. */
static const char *
hear(struct peer *server, const char *what)
{
	const char *line;

	(void)peer_hear(server, &line);
	if (!strstr(line, "\"isError\":true") && !strstr(line, "\"error\":{"))
		return line;
	(void)fprintf(stderr, "%.2000s\n", line);
	must(false, what);
	return NULL;
}

/* ---- bare libcurl, with the options of the program's own connections */

static size_t
drop(char *data, size_t one, size_t len, void *arg)
{
	(void)data;
	(void)arg;
	return one * len;
}

static CURL *
easy_new(const char *path, bool fresh)
{
	static struct curl_slist *headers;
	CURL *easy = curl_easy_init();
	char url[200];

	if (!headers)
		headers = curl_slist_append(curl_slist_append(NULL, "Expect:"),
		    "Content-Type: application/json");
	must(easy && headers, "libcurl");
	(void)snprintf(url, sizeof(url), "%s/v1/api%s", base, path);
	must(curl_easy_setopt(easy, CURLOPT_URL, url) == CURLE_OK &&
		 curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L) == 0 &&
		 curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L) == 0 &&
		 curl_easy_setopt(easy, CURLOPT_SSL_ENABLE_ALPN, 0L) == 0 &&
		 curl_easy_setopt(
		     easy, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2) == 0 &&
		 curl_easy_setopt(easy, CURLOPT_PROXY, "") == 0 &&
		 curl_easy_setopt(easy, CURLOPT_CAINFO, NULL) == 0 &&
		 curl_easy_setopt(easy, CURLOPT_CAPATH, NULL) == 0 &&
		 curl_easy_setopt(easy, CURLOPT_USERAGENT, "bench") == 0 &&
		 curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers) == 0 &&
		 curl_easy_setopt(
		     easy, CURLOPT_FRESH_CONNECT, fresh ? 1L : 0L) == 0 &&
		 curl_easy_setopt(
		     easy, CURLOPT_FORBID_REUSE, fresh ? 1L : 0L) == 0 &&
		 curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, drop) == 0,
	    "options of libcurl");
	return easy;
}

static void
exchange(CURL *easy)
{
	long status = 0;

	must(curl_easy_perform(easy) == CURLE_OK &&
		 curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status) ==
		     CURLE_OK &&
		 status == 200,
	    "bare exchange");
}

/* ---- reads */

static void
summary(struct peer *server)
{
	say(server, "ibkr_account_summary", "\"account_id\":\"" PAPER "\"");
	(void)hear(server, "account summary");
}

/* Bytes that a call leaves in the store. */
static size_t
summary_bytes(const char *store)
{
	struct peer server;
	size_t before;

	server_start(&server);
	summary(&server);
	peer_end(&server);
	before = bare_store_bytes(store);
	server_start(&server);
	for (int i = 0; i < CALLS; i++)
		summary(&server);
	peer_end(&server);
	return (bare_store_bytes(store) - before) / CALLS;
}

static void
bench_summary(MDB_env *env, const char *store)
{
	double ours[ROUNDS], bare[ROUNDS], share[ROUNDS];
	CURL *easy = easy_new("/iserver/account/" PAPER "/summary", false);
	size_t bytes = summary_bytes(store);
	struct peer server;

	server_start(&server);
	summary(&server);
	exchange(easy);
	for (int i = 0; i < ROUNDS; i++) {
		double begun = now_s(), turn;

		for (int j = 0; j < CALLS; j++)
			summary(&server);
		turn = now_s();
		ours[i] = (turn - begun) / CALLS;
		for (int j = 0; j < CALLS; j++) {
			exchange(easy);
			bare_commit(env, bytes);
		}
		bare[i] = (now_s() - turn) / CALLS;
		share[i] = ours[i] / bare[i];
	}
	peer_end(&server);
	curl_easy_cleanup(easy);
	(void)printf("account summary through the tool %.0f us, bare exchange "
		     "on a kept connection and a commit of %zu bytes %.0f us\n",
	    1e6 * median_of(ours, ROUNDS), bytes,
	    1e6 * median_of(bare, ROUNDS));
	report_figure("account summary / bare exchange + commit",
	    median_of(share, ROUNDS), "<=", 1.20);
}

/* ---- readers at once, all under one limit */

/* Answers come in any order: the id of a call names its reader. */
static unsigned
reader_of(const char *line)
{
	const char *at = strstr(line, "\"id\":");

	must(at != NULL, "an id");
	return (unsigned)strtoul(at + 5, NULL, 10) % READERS;
}

static void
say_read(struct peer *server, unsigned reader, unsigned number)
{
	char line[1500];
	int len = snprintf(line, sizeof(line), CALL, number * READERS + reader,
	    "ibkr_account_summary", "\"account_id\":\"" PAPER "\"");

	peer_say(server, line, (size_t)len);
}

/* Requests of the budget in a second, and the longest wait to the shortest. */
static void
bench_readers(double budget)
{
	double since[READERS], waited[READERS] = { 0 };
	unsigned done[READERS] = { 0 }, left = READERS * READS;
	double begun, least = 1e9, most = 0, rate;
	struct peer server;

	server_start(&server);
	summary(&server);
	begun = now_s();
	for (unsigned i = 0; i < READERS; i++) {
		since[i] = now_s();
		say_read(&server, i, 1);
	}
	for (; left > 0; left--) {
		const char *line = hear(&server, "read");
		unsigned i = reader_of(line);

		waited[i] += now_s() - since[i];
		since[i] = now_s();
		if (++done[i] < READS)
			say_read(&server, i, done[i] + 1);
	}
	rate = READERS * READS / (now_s() - begun);
	peer_end(&server);
	for (unsigned i = 0; i < READERS; i++) {
		least = waited[i] < least ? waited[i] : least;
		most = waited[i] > most ? waited[i] : most;
	}
	(void)printf("%d readers at once: %.0f reads/s of a budget of %.0f/s; "
		     "a read waits %.0f ms, of the slowest reader %.0f ms\n",
	    READERS, rate, budget, 1e3 * least / READS, 1e3 * most / READS);
	report_figure(
	    "reads in a second / the budget", rate / budget, "<=", 1.10);
	report_figure(
	    "longest wait of a reader / shortest", most / least, "<=", 2.0);
}

/* ---- submits */

/* Live ones keep the broker's real limits, so each waits for its turn. */
static const struct desk {
	const char *name, *account, *tool;
	const char *extra; /* what stands before the preview's id, if asked */
	unsigned submits;
	bool waits;
} paper = { "paper submit", PAPER, "ibkr_paper_order_submit", "", SUBMITS,
	false },
  live = { "live submit", LIVE, "ibkr_live_order_submit", ",\"preview_id\":\"",
	  15, true };

static char previews[SUBMITS][ID_LEN + 1], approvals[SUBMITS][ID_LEN + 1];

static void
take_id(const char *line, const char *name, char *id)
{
	char mark[40];
	const char *at;

	(void)snprintf(mark, sizeof(mark), "\"%s\":\"", name);
	at = strstr(line, mark);
	must(at != NULL, name);
	memcpy(id, at + strlen(mark), ID_LEN);
	id[ID_LEN] = '\0';
}

static void
prepare(struct peer *server, const struct desk *desk)
{
	char text[300];

	for (unsigned i = 0; i < desk->submits; i++) {
		(void)snprintf(text, sizeof(text),
		    "\"account_id\":\"%s\",\"symbol\":\"AAPL\","
		    "\"side\":\"buy\",\"quantity\":\"1\",\"order_type\":"
		    "\"limit\",\"limit_price\":\"199.00\","
		    "\"time_in_force\":\"day\"",
		    desk->account);
		say(server, "ibkr_order_preview", text);
		take_id(hear(server, "preview"), "preview_id", previews[i]);
		(void)snprintf(text, sizeof(text),
		    "\"account_id\":\"%s\",\"preview_id\":\"%.36s\"",
		    desk->account, previews[i]);
		say(server, "ibkr_approvals_create", text);
		take_id(hear(server, "approval"), "approval_id", approvals[i]);
	}
}

static double
time_submit(struct peer *server, const struct desk *desk, unsigned i)
{
	double begun = now_s();
	char text[400];

	(void)snprintf(text, sizeof(text),
	    "\"account_id\":\"%s\",\"approval_id\":\"%.36s\","
	    "\"idempotency_key\":\"bench-%u\"%s%.36s%s",
	    desk->account, approvals[i], i, desk->extra,
	    *desk->extra ? previews[i] : "", *desk->extra ? "\"" : "");
	say(server, desk->tool, text);
	(void)hear(server, desk->name);
	return now_s() - begun;
}

static double
time_bare(CURL *easy, MDB_env *env, const char *account, unsigned i)
{
	double begun = now_s();
	char body[300];

	(void)snprintf(body, sizeof(body),
	    "{\"orders\":[{\"acctId\":\"%s\",\"conid\":265598,\"cOID\":"
	    "\"bare-%u\",\"orderType\":\"LMT\",\"price\":199.00,\"side\":"
	    "\"BUY\",\"tif\":\"DAY\",\"quantity\":1}]}",
	    account, i);
	must(curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body) == CURLE_OK,
	    "body");
	bare_commit(env, ORDER_BYTES / 2);
	exchange(easy);
	bare_commit(env, ORDER_BYTES / 2);
	return now_s() - begun;
}

/* Until the program may ask as much at once as at the start. */
static void
rest(void)
{
	const struct timespec second = { .tv_sec = 1, .tv_nsec = 200000000 };

	(void)nanosleep(&second, NULL);
}

/*
 * A single submit is a few milliseconds of disk and TLS: half of them say more
 * of what else the machine did.
 */
static double
quartile_of(double *values, size_t count)
{
	(void)median_of(values, count);
	return values[count / 4];
}

static void
bench_submit(MDB_env *env, const char *store, const struct desk *desk)
{
	double ours[SUBMITS], bare[SUBMITS], one, other;
	char path[80], what[80];
	struct peer server;
	size_t bytes;
	CURL *easy;

	(void)snprintf(
	    path, sizeof(path), "/iserver/account/%s/orders", desk->account);
	easy = easy_new(path, true);
	server_start(&server);
	prepare(&server, desk);
	peer_end(&server);
	bytes = bare_store_bytes(store);
	server_start(&server);
	for (unsigned i = 0; i < desk->submits; i++) {
		if (desk->waits)
			rest();
		/* by turns, for the first one wakes the machine */
		if (i % 2)
			bare[i] = time_bare(easy, env, desk->account, i);
		ours[i] = time_submit(&server, desk, i);
		if (i % 2 == 0)
			bare[i] = time_bare(easy, env, desk->account, i);
	}
	peer_end(&server);
	bytes = (bare_store_bytes(store) - bytes) / desk->submits;
	curl_easy_cleanup(easy);
	one = quartile_of(ours, desk->submits);
	other = quartile_of(bare, desk->submits);
	(void)printf("%s %.1f ms, bare exchange on a fresh connection and two "
		     "commits %.1f ms (lower quartiles); an order leaves %zu "
		     "bytes\n",
	    desk->name, 1e3 * one, 1e3 * other, bytes);
	(void)snprintf(
	    what, sizeof(what), "%s / bare exchange + two commits", desk->name);
	report_figure(what, one / other, "<=", 1.15);
}

/* ---- */

static void
live_open(void)
{
	shell("\"$IAG_TEST_PROGRAM\" live activate >/dev/null");
	shell("\"$IAG_TEST_PROGRAM\" live checklist acknowledge --account " LIVE
	      " paper_trading_validated approvals_reviewed limits_reviewed "
	      "kill_switch_tested incident_runbook_reviewed >/dev/null");
	shell("script -qec \"'$IAG_TEST_PROGRAM' kill-switch open --reason "
	      "bench\" /dev/null >/dev/null");
}

static const char paper_sections[] =
    "order_preview: {enabled: true}\n"
    "paper_trading: {enabled: true, allowed_accounts: [" PAPER "], "
    "writer: client-portal}\n";

static const char live_sections[] =
    "order_preview: {enabled: true}\n"
    "approvals: {live_policy: any}\n"
    "safety: {live_trading_enabled: true}\n"
    "live_trading: {enabled: true, writer: client-portal, "
    "allowed_writers: [client-portal], allowed_accounts: [" LIVE "], "
    "risk_policy_id: bench, paper_to_live_checklist_acknowledged: true, "
    "reconciler_interval_seconds: 3600}\n"
    "risk_policies:\n"
    "  bench: {enabled: true, allowed_symbols: [AAPL], "
    "allowed_asset_classes: [stock], max_quantity: \"20\", "
    "max_notional: {amount: \"5000\", currency: USD}, "
    "max_quote_age_seconds: 60, max_price_deviation_bps: 1000, "
    "frequency_limit: {max_orders: 100000, window_seconds: 1}}\n";

static void
clean_up(void)
{
	const char *argv[] = { "rm", "-rf", folder, NULL };
	struct peer peer;

	peer_start(&peer, argv);
	peer_end(&peer);
}

static void
simulator_stop(void)
{
	(void)kill(simulator.pid, SIGTERM);
	peer_end(&simulator);
}

int
main(void)
{
	char path[80], store[80];
	MDB_env *env;

	must(mkdtemp(folder) && curl_global_init(CURL_GLOBAL_DEFAULT) == 0,
	    "set up");
	(void)atexit(clean_up);
	(void)snprintf(path, sizeof(path), "%s/config.yaml", folder);
	(void)snprintf(store, sizeof(store), "%s/store", folder);
	must(setenv("IBKR_AGENT_CONFIG", path, 1) == 0, "environment");
	file_write("secret", "a secret of the bench, which nobody else uses\n");
	(void)snprintf(path, sizeof(path), "%s/bare", folder);
	env = bare_open(path);
	simulator_start("paper");
	config_write(", simulator: true, pacing: 1000000", paper_sections);
	bench_summary(env, store);
	bench_submit(env, store, &paper);
	config_write(", simulator: true, pacing: 1000", "");
	bench_readers(70); /* of 100: the rest is kept for cancels */
	simulator_stop();
	if (access("/usr/bin/script", X_OK) != 0) {
		(void)printf("live submits: skipped, script(1) is missing\n");
		return 0;
	}
	shell("rm -rf \"$(dirname \"$IBKR_AGENT_CONFIG\")/store\"");
	simulator_start("live");
	config_write("", live_sections);
	live_open();
	bench_submit(env, store, &live);
	simulator_stop();
	mdb_env_close(env);
	curl_global_cleanup();
	return 0;
}
