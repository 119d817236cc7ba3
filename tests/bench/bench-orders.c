/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * What orders cost in the real program, over MCP on stdio, as ratios in one
 * run: live submits one after the other against two bare durable LMDB commits
 * of the same bytes, the same on 32 accounts at once, how long a close of the
 * kill switch takes in another process, and the first answer with a long past
 * of orders against an empty store.  IAG_BENCH_INTENTS sets the length of the
 * past (default 100,000, one in a hundred unsettled).
 */

#include <fcntl.h>
#include <setjmp.h>
#include <spawn.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <lmdb.h>

#include "../unit/journal-kit.h"
#include "bare.h"
#include "base/clock.h"
#include "base/id.h"
#include "figure.h"
#include "ibkr-agent/writer.h"
#include "orders/intent.h"
#include "peer.h"

enum { ACCOUNTS = 32, DEEP = 4, ROUNDS = 7, STARTS = 9, STEP = 500 };
enum { PAGE = 4096 }; /* of the store */
#define PER_ROUND ((unsigned)ACCOUNTS * DEEP)
#define ID_LEN 36

#define META                                                            \
	"\"_meta\":{\"io.modelcontextprotocol/protocolVersion\":"       \
	"\"2026-07-28\",\"io.modelcontextprotocol/clientCapabilities\"" \
	":{}}"
#define CALL                                                           \
	"{\"jsonrpc\":\"2.0\",\"id\":%u,\"method\":\"tools/call\","    \
	"\"params\":{\"name\":\"%s\",\"arguments\":{\"account_id\":\"" \
	"U90000%02u\"%s}," META "}}\n"
#define HEALTH                                                     \
	"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\"," \
	"\"params\":{\"name\":\"ibkr_health\",\"arguments\":{}," META "}}\n"

struct order_ids {
	char preview[ID_LEN + 1], approval[ID_LEN + 1];
};

static struct kit kit;
static struct peer server;
static char config_path[600];
static struct order_ids orders[ACCOUNTS * DEEP];
static unsigned next_key;

static void
must(bool fine, const char *what)
{
	if (fine)
		return;
	(void)fprintf(stderr, "bench-orders: %s failed\n", what);
	exit(1);
}

/* A command of the shell, in which $P is the program. */
/* Its exit status by sh, or -1. */
static int
sh(const char *command)
{
	char shell_name[] = "sh", option[] = "-c", *text = strdup(command);
	char *argv[] = { shell_name, option, text, NULL };
	int status = -1;
	pid_t pid;

	if (text &&
	    posix_spawn(&pid, "/bin/sh", NULL, NULL, argv, environ) == 0)
		(void)waitpid(pid, &status, 0);
	free(text);
	return status;
}

static void
shell(const char *command)
{
	must(sh(command) == 0, command);
}

/* ---- the place */

static FILE *
file_make(const char *name, char path[600])
{
	FILE *file;

	(void)snprintf(path, 600, "%.540s/%s", kit.base, name);
	file = fopen(path, "we");
	must(file != NULL, path);
	return file;
}

/* The fixtures, with accounts of real money. */
static void
fixtures_make(void)
{
	char path[600];
	FILE *file;

	shell("mkdir -m 755 \"$B/fixtures\" && cp "
	      "\"$IAG_TEST_SRCDIR\"/plugins/backend-fake/fixtures/*.json "
	      "\"$B/fixtures\"");
	file = file_make("fixtures/account_metadata.json", path);
	(void)fprintf(file, "{\"key\":\"account_id\",\"answers\":{");
	for (unsigned i = 0; i < ACCOUNTS; i++)
		(void)fprintf(file,
		    "%s\"U90000%02u\":{\"account_id\":\"U90000%02u\","
		    "\"account_mode\":\"live\",\"base_currency\":\"USD\","
		    "\"metadata_redacted\":true}",
		    i ? "," : "", i, i);
	(void)fprintf(file, "}}\n");
	must(fclose(file) == 0, path);
}

static void
config_make(void)
{
	const char *plugins = getenv("IAG_TEST_PLUGINDIR");
	FILE *file = file_make("config.yaml", config_path);

	(void)fprintf(file,
	    "broker: {backend: fake, fixture_root: %s/fixtures}\n"
	    "auth: {enabled_scopes: [ibkr:health:read, ibkr:orders:preview, "
	    "ibkr:approvals:create, ibkr:orders:live:submit]}\n"
	    "audit: {path: %s}\n"
	    "plugins: {path: [%s]}\n"
	    "order_preview: {enabled: true}\n"
	    "approvals: {live_policy: any}\n"
	    "safety: {live_trading_enabled: true}\n"
	    "live_trading:\n"
	    "  enabled: true\n"
	    "  writer: local-candidate\n"
	    "  risk_policy_id: bench\n"
	    "  paper_to_live_checklist_acknowledged: true\n"
	    "  reconciler_interval_seconds: 3600\n"
	    "risk_policies:\n"
	    "  bench: {enabled: true, allowed_symbols: [AAPL], "
	    "allowed_asset_classes: [stock], max_quantity: \"20\", "
	    "max_notional: {amount: \"5000\", currency: USD}, "
	    "max_quote_age_seconds: 60, max_price_deviation_bps: 1000, "
	    "frequency_limit: {max_orders: 100000, window_seconds: 1}}\n",
	    kit.base, kit.path, plugins);
	must(fclose(file) == 0, config_path);
	/* the list of accounts goes to the end of its section */
	file = file_make("accounts", (char[600]){ 0 });
	(void)fprintf(file, "  allowed_accounts: [");
	for (unsigned i = 0; i < ACCOUNTS; i++)
		(void)fprintf(file, "%sU90000%02u", i ? ", " : "", i);
	(void)fprintf(file, "]\n");
	must(fclose(file) == 0, "accounts");
	shell("sed -i \"/^live_trading:/r $B/accounts\" \"$B/config.yaml\"");
}

static void
environment_set(void)
{
	must(setenv("B", kit.base, 1) == 0 &&
		 setenv("P", getenv("IAG_TEST_PROGRAM"), 1) == 0 &&
		 setenv("IBKR_AUDIT_HMAC_SECRET", KIT_SECRET, 1) == 0,
	    "environment");
	fixtures_make();
	config_make();
	must(setenv("IBKR_AGENT_CONFIG", config_path, 1) == 0, "environment");
}

/* As an operator would; the switch opens in a terminal only. */
static void
live_open(void)
{
	shell("for i in $(seq -w 0 31); do \"$P\" live checklist acknowledge "
	      "--account U90000$i paper_trading_validated approvals_reviewed "
	      "limits_reviewed kill_switch_tested incident_runbook_reviewed "
	      ">/dev/null || exit 1; done");
	shell("script -qec \"'$P' kill-switch open --reason bench\" /dev/null "
	      ">/dev/null");
}

static void
server_start(void)
{
	const char *argv[] = { getenv("P"), "mcp", "serve", "--transport",
		"stdio", NULL };

	peer_start(&server, argv);
}

/* ---- orders */

static void
say(const char *tool, unsigned account, const char *more)
{
	static unsigned id; /* calls under way have each their own */
	char line[1200];
	int len = snprintf(line, sizeof(line), CALL, ++id, tool, account, more);

	must(len > 0 && (size_t)len < sizeof(line), "call");
	peer_say(&server, line, (size_t)len);
}

/* The text behind "NAME":" in the answer. */
static void
hear_id(const char *name, char id[ID_LEN + 1])
{
	char mark[40];
	const char *line, *at;

	(void)snprintf(mark, sizeof(mark), "\"%s\":\"", name);
	(void)peer_hear(&server, &line);
	at = strstr(line, mark);
	if (!at || strstr(line, "\"isError\":true")) {
		(void)fprintf(stderr, "%s\n", line);
		must(false, name);
	}
	memcpy(id, at + strlen(mark), ID_LEN);
	id[ID_LEN] = '\0';
}

/* Orders on all accounts that only wait to be sent. */
static void
prepare(unsigned count, bool spread)
{
	char more[200];

	for (unsigned i = 0; i < count; i++) {
		unsigned account = spread ? i % ACCOUNTS : 0;

		say("ibkr_order_preview", account,
		    ",\"symbol\":\"AAPL\",\"side\":\"buy\",\"quantity\":\"1\","
		    "\"order_type\":\"limit\",\"limit_price\":\"199.50\","
		    "\"time_in_force\":\"day\"");
		hear_id("preview_id", orders[i].preview);
		(void)snprintf(more, sizeof(more), ",\"preview_id\":\"%.36s\"",
		    orders[i].preview);
		say("ibkr_approvals_create", account, more);
		hear_id("approval_id", orders[i].approval);
	}
}

static void
submit(unsigned i, bool spread)
{
	char more[300];

	(void)snprintf(more, sizeof(more),
	    ",\"preview_id\":\"%.36s\",\"approval_id\":\"%.36s\","
	    "\"idempotency_key\":\"bench-%u\"",
	    orders[i].preview, orders[i].approval, next_key++);
	say("ibkr_live_order_submit", spread ? i % ACCOUNTS : 0, more);
}

/* Whether the next answer is an order that was sent. */
static bool
heard_done(void)
{
	const char *line;

	(void)peer_hear(&server, &line);
	return strstr(line, "\"status\":\"submitted\"") != NULL;
}

static double
time_sequential(unsigned count)
{
	double begun;

	prepare(count, false);
	begun = now_s();
	for (unsigned i = 0; i < count; i++) {
		submit(i, false);
		must(heard_done(), "submit");
	}
	return (double)count / (now_s() - begun);
}

static double
time_concurrent(void)
{
	double begun;

	prepare(PER_ROUND, true);
	begun = now_s();
	for (unsigned i = 0; i < PER_ROUND; i++)
		submit(i, true);
	for (unsigned i = 0; i < PER_ROUND; i++)
		must(heard_done(), "submit");
	return (double)PER_ROUND / (now_s() - begun);
}

/* ---- bare commits */

/* Pairs of commits each second, the bytes of an order halved between them. */
static double
bare_pairs(MDB_env *env, size_t bytes, unsigned count)
{
	double begun = now_s();

	for (unsigned i = 0; i < 2 * count; i++)
		bare_commit(env, bytes / 2);
	return (double)count / (now_s() - begun);
}

enum { PAGES = 1024 }; /* of a file that stands for one */

static void
page_write(int fd, unsigned page)
{
	static char bytes[PAGE];

	if (pwrite(fd, bytes, PAGE, (off_t)page * PAGE) != PAGE) {
		(void)fprintf(stderr, "bench: a page cannot be written\n");
		exit(1);
	}
}

/*
 * What the disk takes of a commit by itself: so many pages here and there in
 * a file of some MiB (made where it is missing), a flush, and the page that
 * makes them count.
 */
static void
bare_pages(const char *path, unsigned pages)
{
	static int file = -1, head = -1;
	static unsigned at;

	if (file < 0) {
		file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
		for (unsigned i = 0; i < PAGES; i++)
			page_write(file, i);
		(void)fsync(file);
		head = open(path, O_RDWR | O_DSYNC | O_CLOEXEC);
	}
	for (unsigned i = 0; i < pages; i++) {
		at = (at * 5 + 7) % PAGES; /* each once, none beside the last */
		page_write(file, at ? at : 1);
	}
	(void)fdatasync(file);
	page_write(head, 0);
}

/* The same commits, with as many pages as those of an order. */
static double
bare_pages_rate(unsigned pages)
{
	char path[600];
	double begun;

	(void)snprintf(path, sizeof(path), "%.540s/pages", kit.base);
	bare_pages(path, 1);
	begun = now_s();
	for (unsigned i = 0; i < 2 * PER_ROUND; i++)
		bare_pages(path, pages / 2);
	return PER_ROUND / (now_s() - begun);
}

/* Bytes that it has sent to the disk, in pages that it wrote to. */
static uint64_t
disk_bytes(void)
{
	return peer_number(&server, "io", "write_bytes:");
}

/* What one submit leaves behind; rows that are rewritten count once. */
static size_t
submit_bytes(unsigned *ret_pages)
{
	uint64_t written;
	size_t before;

	server_start();
	prepare(PER_ROUND, false);
	peer_end(&server);
	before = bare_store_bytes(kit.path);
	server_start();
	submit(0, false);
	must(heard_done(), "submit");
	written = disk_bytes();
	for (unsigned i = 1; i < PER_ROUND; i++) {
		submit(i, false);
		must(heard_done(), "submit");
	}
	written = disk_bytes() - written;
	peer_end(&server);
	/* two pages of them are those that make a commit count */
	*ret_pages = (unsigned)(written / PAGE / (PER_ROUND - 1)) - 2;
	return (bare_store_bytes(kit.path) - before) / PER_ROUND;
}

/* Ratios of each round: what else the machine did weighed on both. */
static void
bench_submits(MDB_env *env, size_t bytes, unsigned pages)
{
	double pairs[ROUNDS], one[ROUNDS], many[ROUNDS];
	double share[ROUNDS], gain[ROUNDS], disk[ROUNDS];

	server_start();
	for (unsigned i = 0; i < ROUNDS; i++) {
		pairs[i] = bare_pairs(env, bytes, PER_ROUND);
		one[i] = time_sequential(PER_ROUND);
		many[i] = time_concurrent();
		share[i] = one[i] / pairs[i];
		disk[i] = bare_pages_rate(pages);
		gain[i] = many[i] / one[i];
	}
	peer_end(&server);
	(void)printf("an order leaves %zu bytes; two bare commits of them "
		     "%.0f/s, live submits %.0f/s, on %u accounts %.0f/s, "
		     "%ld processors\n",
	    bytes, median_of(pairs, ROUNDS), median_of(one, ROUNDS), ACCOUNTS,
	    median_of(many, ROUNDS), sysconf(_SC_NPROCESSORS_ONLN));
	(void)printf("of which the disk: %u pages in two commits, without a "
		     "store %.0f/s\n",
	    pages, median_of(disk, ROUNDS));
	report_figure("live submit, sequential / two bare LMDB commits",
	    median_of(share, ROUNDS), ">=", 0.80);
	report_figure("32 accounts / one", median_of(gain, ROUNDS), ">=", 6.0);
}

/* ---- the switch */

static void
bench_switch(MDB_env *env, size_t bytes)
{
	unsigned sent = 0, late = 0;
	double begun, closed, last = 0, commit;

	commit = 1 / bare_pairs(env, bytes, PER_ROUND) / 2;
	server_start();
	prepare(PER_ROUND, true);
	for (unsigned i = 0; i < PER_ROUND; i++)
		submit(i, true);
	begun = now_s();
	shell("\"$P\" kill-switch close --reason bench >/dev/null");
	closed = now_s();
	/* answers that were there before are read now: a count, no time */
	for (unsigned i = 0; i < PER_ROUND; i++)
		sent += heard_done();
	last = now_s();
	prepare(ACCOUNTS, true);
	for (unsigned i = 0; i < ACCOUNTS; i++) {
		submit(i, true);
		late += heard_done();
	}
	peer_end(&server);
	must(late == 0, "a closed switch");
	(void)printf("kill switch: close, drained, in another process after "
		     "%.1f ms with %u orders under way (%u sent); the answers "
		     "were there after %.1f ms; none of %u after it; one bare "
		     "commit %.1f ms\n",
	    1e3 * (closed - begun), PER_ROUND, sent, 1e3 * (last - begun),
	    (unsigned)ACCOUNTS, 1e3 * commit);
}

/* ---- the first answer */

struct past {
	char hash[HASH_HEX_SIZE];
	unsigned first, count;
};

/* What the broker has of it, ended long ago. */
static int
past_row(struct journal_txn *txn, const struct intent *intent, const char *hash,
    struct err *err)
{
	struct order_row row;

	order_row_init(&row);
	row.account = intent->account;
	row.broker_order_id = row.client_ref = row.key = intent->key;
	row.leg = intent->leg;
	row.writer = intent->writer;
	row.mode = row.order.mode = intent->mode;
	row.status = IAG_STATUS_FILLED;
	row.created_ns = row.updated_ns = intent->recorded_ns;
	return order_row_put(txn, &row, hash, err);
}

static int
past_one(struct journal_txn *txn, unsigned i, const char *hash, struct err *err)
{
	char key[32], account[] = "U9000000", leg[] = "", owner[] = "gone";
	char writer[] = "local-candidate", result[] = "{}";
	struct intent intent;
	int ret;

	intent_init(&intent);
	(void)snprintf(key, sizeof(key), "past-%u", i);
	id_new(intent.id);
	intent.state = i % 100 == 0 ? INTENT_UNKNOWN : INTENT_DONE;
	intent.operation = OPERATION_SUBMIT;
	intent.mode = IAG_MODE_LIVE;
	intent.incarnation = 1;
	intent.recorded_ns = clock_real_ns() - 24 * 3600 * NS_PER_S;
	memset(intent.request_digest, '0', HASH_HEX_SIZE - 1);
	intent.account = account;
	intent.key = intent.client_ref = key;
	intent.leg = leg;
	intent.owner = owner;
	intent.writer = writer;
	if (intent.state == INTENT_DONE) {
		intent.result = result;
		intent.broker_order_id = key;
	}
	ret = intent_put(txn, &intent, hash, err);
	return ret || intent.state == INTENT_UNKNOWN
		   ? ret
		   : past_row(txn, &intent, hash, err);
}

static int
past_step(struct journal_txn *txn, void *arg, struct err *err)
{
	static const struct audit_event event = {
		.event_type = "live_order_lifecycle_changed",
		.principal = "local:bench",
		.principal_kind = "operator",
		.decision = "allow",
		.result_status = "completed",
	};
	const struct past *past = arg;
	int ret = 0;

	for (unsigned i = 0; i < past->count && ret == 0; i++)
		ret = past_one(txn, past->first + i, past->hash, err);
	return ret ? ret : txn_audit(txn, &event, err);
}

static void
past_make(unsigned count)
{
	struct past past = { .count = STEP };

	kit_open(&kit, JOURNAL_WRITE);
	journal_account_hash(kit.journal, "U9000000", past.hash);
	for (; past.first < count; past.first += STEP) {
		struct err err = ERR_INIT;
		int ret =
		    journal_update(kit.journal, NULL, past_step, &past, &err);

		if (ret)
			(void)fprintf(stderr, "%s\n", err_text(&err));
		must(ret == 0, "past");
	}
	kit_close(&kit);
}

/* From the start of the process to the answer of its first call. */
static double
first_answer(void)
{
	double times[STARTS], begun;

	for (unsigned i = 0; i < STARTS; i++) {
		begun = now_s();
		server_start();
		peer_say(&server, HEALTH, sizeof(HEALTH) - 1);
		(void)peer_hear(&server, NULL);
		times[i] = now_s() - begun;
		peer_end(&server);
		for (unsigned at = i; at > 0 && times[at] < times[at - 1];
		     at--) {
			double swap = times[at];

			times[at] = times[at - 1];
			times[at - 1] = swap;
		}
	}
	return times[STARTS / 2];
}

static void
bench_start(double empty)
{
	const char *text = getenv("IAG_BENCH_INTENTS");
	unsigned count = text ? (unsigned)strtoul(text, NULL, 10) : 100000;
	double full;

	past_make(count);
	full = first_answer();
	(void)printf("first answer: empty store %.1f ms, %u intents %.1f ms\n",
	    1e3 * empty, count, 1e3 * full);
	report_figure("the same, long past : empty", full / empty, "<=", 2.0);
}

int
main(void)
{
	double empty;
	size_t bytes;
	unsigned pages;
	char path[600];
	MDB_env *env;

	kit_init(&kit);
	if (sh("command -v script >/dev/null")) {
		(void)printf("bench-orders: script(1) is not installed\n");
		return 0;
	}
	environment_set();
	shell("\"$P\" health >/dev/null");
	empty = first_answer();
	live_open();
	(void)snprintf(path, sizeof(path), "%.540s/bare", kit.base);
	env = bare_open(path);
	bytes = submit_bytes(&pages);
	bench_submits(env, bytes, pages);
	bench_switch(env, bytes);
	bench_start(empty);
	mdb_env_close(env);
	kit_fini(&kit);
	return 0;
}
