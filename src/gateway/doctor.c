/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* The checks, one function each; doctor.h says what for. */

#include "gateway/doctor.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "auth/probe.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "gateway/child.h"
#include "gateway/doctorstate.h"
#include "gateway/house.h"
#include "gateway/review.h"
#include "ibkr-agent/plugin.h"
#include "journal/audit.h"
#include "link/link.h"
#include "tools/tool.h"

#define CHAIN_RECORDS 1000 /* of the newest, for the quick check */
#define STORE_SECONDS 60
#define STATE_LINES 32
#define CLOCK_BEHIND_NS (2 * NS_PER_S)
/* No build of this program is older: 2026-01-01. */
#define CLOCK_EARLIEST_NS (UINT64_C(1767225600) * NS_PER_S)

struct doctor {
	const struct config *config;
	doctor_report *report;
	void *arg;
	bool failed;
	bool store_there;
	bool backend_broken; /* its plugin cannot be loaded */
};

/* What the child that reads the store tells its parent. */
struct store_answer {
	enum doctor_state store, chain, clock;
	char store_text[300], store_repair[200];
	char chain_text[300], chain_repair[200];
	char clock_text[200];
	struct doctor_line lines[STATE_LINES];
	size_t line_count;
};

const char *
doctor_state_name(enum doctor_state state)
{
	static const char *const names[] = { "ok", "note", "fail" };

	return names[state];
}

/* What errors advise by default is no advice here: it is being run. */
static bool
is_repair(const char *text)
{
	return text && *text && strcmp(text, "run `ibkr-agent doctor`") != 0;
}

static void
say(struct doctor *doctor, const char *name, enum doctor_state state,
    const char *repair, const struct buf *text)
{
	const struct doctor_check check = {
		.name = name,
		.state = state,
		.text = buf_text(text),
		.repair = is_repair(repair) ? repair : NULL,
	};

	doctor->failed |= state == DOCTOR_FAIL;
	doctor->report(&check, doctor->arg);
}

static void
say_err(struct doctor *doctor, const char *name, const struct err *err)
{
	struct buf text CLEANUP_BUF = BUF_INIT;

	buf_str(&text, err_text(err));
	say(doctor, name, DOCTOR_FAIL, err_user_action(err), &text);
}

static void
check_config(struct doctor *doctor, const struct err *fault)
{
	struct buf text CLEANUP_BUF = BUF_INIT;

	if (!doctor->config) {
		say_err(doctor, "config", fault);
		return;
	}
	if (doctor->config->path)
		buf_str(&text, doctor->config->path);
	else
		buf_str(&text, "development defaults, the fake broker");
	say(doctor, "config", DOCTOR_OK, NULL, &text);
}

static void
count_plugins(const struct plugin_file *files, size_t count, struct buf *text)
{
	size_t refused = 0;
	size_t i;

	for (i = 0; i < count; i++)
		refused += !files[i].description;
	buf_printf(text, "%zu found", count);
	if (refused > 0)
		buf_printf(text, ", %zu refused", refused);
}

/* Of the plugin that host_load() would take; a missing one has no fault. */
static const struct err *
fault_of(const struct plugin_file *files, size_t count, uint32_t kind,
    const char *name)
{
	for (size_t i = 0; i < count; i++) {
		if (files[i].kind == kind &&
		    config_name_equal(files[i].name, name))
			return files[i].description ? NULL : &files[i].fault;
	}
	return NULL;
}

/* The two that every call needs must load; others may be broken. */
static int
check_needed(struct doctor *doctor, struct host *host,
    const struct plugin_file *files, size_t count, struct err *err)
{
	const struct config *config = doctor->config;
	const struct err *fault;
	struct plugin *plugin;
	int rc;

	fault =
	    fault_of(files, count, IAG_KIND_BACKEND, config->broker.backend);
	if (fault) {
		doctor->backend_broken = true;
		return err_set(err, fault->code, "%s", err_text(fault));
	}
	fault = fault_of(files, count, IAG_KIND_STORE, config->audit.store);
	if (fault)
		return err_set(err, fault->code, "%s", err_text(fault));
	rc = host_load(host, IAG_KIND_STORE, config->audit.store, &plugin, err);
	return rc ? rc
		  : host_load(host, IAG_KIND_BACKEND, config->broker.backend,
			&plugin, err);
}

/* Files are looked at in children; so this comes before any thread. */
static void
check_plugins(struct doctor *doctor, struct host *host)
{
	struct err err CLEANUP_ERR = ERR_INIT;
	struct buf text CLEANUP_BUF = BUF_INIT;
	struct plugin_file *files = NULL;
	size_t count = 0;

	if (host_scan(host, &files, &count, &err) ||
	    check_needed(doctor, host, files, count, &err)) {
		say_err(doctor, "plugins", &err);
		plugin_files_free(files, count);
		return;
	}
	count_plugins(files, count, &text);
	say(doctor, "plugins",
	    strstr(buf_text(&text), "refused") ? DOCTOR_NOTE : DOCTOR_OK,
	    strstr(buf_text(&text), "refused") ? "run `ibkr-agent plugins list`"
					       : NULL,
	    &text);
	plugin_files_free(files, count);
}

/* Development defaults make a secret at the first call, not here. */
static bool
is_first_run(const struct doctor *doctor)
{
	return !doctor->config->path && !doctor->store_there;
}

static void
check_secret(struct doctor *doctor)
{
	const struct config *config = doctor->config;
	struct err err CLEANUP_ERR = ERR_INIT;
	struct buf text CLEANUP_BUF = BUF_INIT;
	struct secret *secret = NULL;

	if (is_first_run(doctor)) {
		buf_str(&text, "made at the first call");
		say(doctor, "secrets", DOCTOR_OK, NULL, &text);
		return;
	}
	if (config_audit_secret(config, &secret, &err)) {
		say_err(doctor, "secrets", &err);
		return;
	}
	buf_printf(&text, "the audit secret has %zu bytes", secret_len(secret));
	secret_free(secret);
	say(doctor, "secrets", DOCTOR_OK, NULL, &text);
}

static void
answer_err(const struct err *err, enum doctor_state *state, char *text,
    size_t text_size, char *repair, size_t repair_size)
{
	const char *action = err_user_action(err);

	*state = DOCTOR_FAIL;
	(void)snprintf(text, text_size, "%s", err_text(err));
	(void)snprintf(repair, repair_size, "%s", action ? action : "");
}

/* The newest records only: `audit verify` reads them all. */
static void
answer_chain(
    struct journal *journal, uint64_t records, struct store_answer *answer)
{
	struct err err CLEANUP_ERR = ERR_INIT;
	struct audit_verdict verdict = { 0 };
	uint64_t first = records > CHAIN_RECORDS ? records - CHAIN_RECORDS : 0;

	if (audit_verify(journal, first, UINT64_MAX, 0, NULL, NULL, NULL,
		&verdict, &err)) {
		answer_err(&err, &answer->chain, answer->chain_text,
		    sizeof(answer->chain_text), answer->chain_repair,
		    sizeof(answer->chain_repair));
		return;
	}
	if (verdict.valid) {
		(void)snprintf(answer->chain_text, sizeof(answer->chain_text),
		    "the newest %" PRIu64 " records are chained",
		    verdict.scanned);
		return;
	}
	answer->chain = DOCTOR_FAIL;
	(void)snprintf(answer->chain_text, sizeof(answer->chain_text), "%s",
	    verdict.reason);
	(void)snprintf(answer->chain_repair, sizeof(answer->chain_repair),
	    "run `ibkr-agent audit verify`");
}

/* Whole by itself, the chain may still have been set back. */
static void
answer_anchor(
    struct journal *journal, const char *path, struct store_answer *answer)
{
	struct err err CLEANUP_ERR = ERR_INIT;

	if (!path || answer->chain == DOCTOR_FAIL ||
	    audit_anchor_check(journal, path, &err) == 0)
		return;
	answer_err(&err, &answer->chain, answer->chain_text,
	    sizeof(answer->chain_text), answer->chain_repair,
	    sizeof(answer->chain_repair));
	(void)snprintf(answer->chain_repair, sizeof(answer->chain_repair), "%s",
	    err.code == ERR_JOURNAL_CORRUPT
		? "close the kill switch, and go on by part 15 of the live "
		  "runbook"
		: "see what the file is that audit.checkpoint_file names");
}

static void
answer_clock(struct json_object *status, struct store_answer *answer)
{
	const char *highest = json_get_str(status, "last_recorded_at", NULL);
	uint64_t now = clock_real_ns();
	uint64_t then;

	if (!highest || clock_parse(highest, &then, NULL))
		return;
	if (then <= now + CLOCK_BEHIND_NS)
		return;
	answer->clock = DOCTOR_FAIL;
	(void)snprintf(answer->clock_text, sizeof(answer->clock_text),
	    "the clock is behind the newest record, which is from %s", highest);
}

/* Below the reserve the journal takes only what must go on. */
static void
answer_room(struct json_object *status, struct store_answer *answer)
{
	const int64_t least = (int64_t)JOURNAL_RESERVE_BYTES;
	int64_t disk = json_get_int(status, "disk_free_bytes", INT64_MAX);
	int64_t limit = json_get_int(status, "limit_bytes", 0);
	int64_t used = json_get_int(status, "used_bytes", 0);

	if (disk >= least && (!limit || limit - used >= least))
		return;
	answer->store = DOCTOR_FAIL;
	(void)snprintf(answer->store_text, sizeof(answer->store_text),
	    "less than 64 MiB of %s are left: no new orders, no reads",
	    disk < least ? "disk" : "the store's limit");
	(void)snprintf(answer->store_repair, sizeof(answer->store_repair),
	    "make room on the disk, or run `ibkr-agent audit purge`");
}

/* What the store says of itself: one that keeps a copy knows how that is. */
static void
answer_health(struct review *review, struct store_answer *answer)
{
	struct err err CLEANUP_ERR = ERR_INIT;

	if (instance_health(review->store, NULL, &err) == 0)
		return;
	answer->store = DOCTOR_FAIL;
	(void)snprintf(answer->store_text, sizeof(answer->store_text), "%s",
	    err_text(&err));
	(void)snprintf(answer->store_repair, sizeof(answer->store_repair),
	    "the manual of the store '%s' has what to do",
	    plugin_name(instance_plugin(review->store)));
}

static void
answer_store(struct review *review, const struct config *config,
    struct store_answer *answer)
{
	struct err err CLEANUP_ERR = ERR_INIT;
	struct json_object *status CLEANUP_JSON = NULL;
	struct buf text CLEANUP_BUF = BUF_INIT;
	uint64_t records;

	if (journal_status(review->journal, &text, &err) ||
	    json_parse(buf_text(&text), text.len, &json_bounds_default, &status,
		&err)) {
		answer_err(&err, &answer->store, answer->store_text,
		    sizeof(answer->store_text), answer->store_repair,
		    sizeof(answer->store_repair));
		return;
	}
	records = (uint64_t)json_get_int(status, "records", 0);
	(void)snprintf(answer->store_text, sizeof(answer->store_text),
	    "%" PRIu64 " records", records);
	if (!journal_is_adopted(review->journal)) {
		answer->store = DOCTOR_FAIL;
		(void)snprintf(answer->store_text, sizeof(answer->store_text),
		    "this store is a copy, or was restored: it is not written "
		    "to");
		(void)snprintf(answer->store_repair,
		    sizeof(answer->store_repair),
		    "once no other copy is in use, run `ibkr-agent store "
		    "adopt --reason TEXT`");
	} else if (!json_get_bool(status, "writable", true)) {
		answer->store = DOCTOR_FAIL;
		(void)snprintf(answer->store_text, sizeof(answer->store_text),
		    "this user may not write the store '%s'",
		    json_get_str(status, "path", ""));
		(void)snprintf(answer->store_repair,
		    sizeof(answer->store_repair),
		    "give the folder and its files to the user that runs the "
		    "gateway");
	} else {
		answer_room(status, answer);
		if (answer->store == DOCTOR_OK)
			answer_health(review, answer);
	}
	answer_clock(status, answer);
	answer_chain(review->journal, records, answer);
	answer_anchor(review->journal, config->audit.checkpoint_file, answer);
	answer->line_count =
	    doctor_look(review->journal, config, answer->lines, STATE_LINES);
}

struct store_work {
	const struct config *config;
	struct store_answer *answer; /* shared memory */
};

/* Runs in the child. */
static int
store_work(void *arg)
{
	struct store_work *work = arg;
	struct err err CLEANUP_ERR = ERR_INIT;
	struct review review = REVIEW_INIT;

	if (review_open(&review, work->config, NULL, NULL, &err))
		answer_err(&err, &work->answer->store, work->answer->store_text,
		    sizeof(work->answer->store_text),
		    work->answer->store_repair,
		    sizeof(work->answer->store_repair));
	else
		answer_store(&review, work->config, work->answer);
	review_close(&review);
	return 0;
}

static void
say_text(struct doctor *doctor, const char *name, enum doctor_state state,
    const char *repair, const char *words)
{
	struct buf text CLEANUP_BUF = BUF_INIT;

	buf_str(&text, words);
	say(doctor, name, state, repair, &text);
}

static void
say_answer(struct doctor *doctor, const struct store_answer *answer)
{
	uint64_t now = clock_real_ns();

	say_text(doctor, "store", answer->store, answer->store_repair,
	    answer->store_text);
	if (answer->chain_text[0])
		say_text(doctor, "chain", answer->chain, answer->chain_repair,
		    answer->chain_text);
	if (answer->clock == DOCTOR_FAIL || now < CLOCK_EARLIEST_NS)
		say_text(doctor, "clock", DOCTOR_FAIL, "set the system's clock",
		    answer->clock_text[0] ? answer->clock_text
					  : "the clock is years behind");
	else
		say_text(doctor, "clock", DOCTOR_OK, NULL,
		    "not behind the newest record");
	for (size_t i = 0; i < answer->line_count; i++)
		say_text(doctor, answer->lines[i].name, answer->lines[i].state,
		    answer->lines[i].repair, answer->lines[i].text);
}

static void
check_store(struct doctor *doctor)
{
	struct err err CLEANUP_ERR = ERR_INIT;
	struct store_work work = { .config = doctor->config };
	int status;

	if (!doctor->store_there) {
		say_text(doctor, "store", DOCTOR_OK, NULL,
		    "not there yet, made at the first call");
		return;
	}
	work.answer = mmap(NULL, sizeof(*work.answer), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (work.answer == MAP_FAILED) {
		say_text(doctor, "store", DOCTOR_FAIL, NULL, "no memory");
		return;
	}
	if (child_run(store_work, &work, STORE_SECONDS, &status, &err))
		say_err(doctor, "store", &err);
	else
		say_answer(doctor, work.answer);
	(void)munmap(work.answer, sizeof(*work.answer));
}

/* `status`, and what a person has to do about it. */
static void
say_session(struct doctor *doctor, const struct answer *answer)
{
	struct json_object *tree CLEANUP_JSON = NULL;
	struct buf text CLEANUP_BUF = BUF_INIT;
	const char *status, *action;
	bool usable;

	if (json_parse(
		answer->json, answer->len, &json_bounds_default, &tree, NULL)) {
		say_text(doctor, "backend", DOCTOR_FAIL, NULL,
		    "the backend answered nonsense");
		return;
	}
	status = json_get_str(tree, "status", "unknown");
	action = json_get_str(tree, "user_action", NULL);
	usable = strcmp(status, "usable") == 0;
	buf_printf(&text, "%s: %s", doctor->config->broker.backend, status);
	say(doctor, "backend", usable ? DOCTOR_OK : DOCTOR_FAIL,
	    usable   ? NULL
	    : action ? action
		     : "log in to the broker's gateway",
	    &text);
}

static int
ask_session(struct doctor *doctor, struct instance *backend,
    struct answer *ret_answer, struct err *err)
{
	const struct tool *tool = tool_find("ibkr_backend_status");
	uint64_t limit = doctor->config->broker.read_timeout_seconds;
	struct call *call = call_new(clock_boot_ns() + limit * NS_PER_S);
	int rc;

	if (!call)
		return err_no_memory(err);
	rc = backend_query(
	    backend, call, tool->operation, "{}", ret_answer, err);
	call_unref(call);
	return rc;
}

/*
 * What the connection saw while the backend asked, and failed with err, if it
 * did; false: nothing amiss.
 */
static bool
say_link(struct doctor *doctor, struct link *link, const struct err *err)
{
	struct buf text CLEANUP_BUF = BUF_INIT;
	struct link_status status;

	if (!link || !link_status(link, &status) ||
	    status.state == SESSION_STATE_UNKNOWN ||
	    status.state == SESSION_STATE_READY)
		return false;
	buf_printf(&text, "%s: %s", doctor->config->broker.backend,
	    session_state_words(status.state));
	if (status.message[0])
		buf_printf(&text, "; the broker says: %s", status.message);
	/* which one, or why it cannot be believed */
	if (status.state == SESSION_STATE_TLS_MISMATCH && *err_text(err))
		buf_printf(&text, "; %s", err_text(err));
	say(doctor, "backend", DOCTOR_FAIL, session_state_repair(status.state),
	    &text);
	return true;
}

static bool
is_ready(struct link *link)
{
	struct link_status status;

	return link && link_status(link, &status) &&
	       status.state == SESSION_STATE_READY;
}

static void
ask_backend(struct doctor *doctor, struct instance *backend, struct link *link)
{
	struct err err CLEANUP_ERR = ERR_INIT;
	struct answer answer = { .json = NULL };
	int rc = ask_session(doctor, backend, &answer, &err);

	/* a single request that fails says nothing of a session that is good */
	if (rc && is_ready(link)) {
		err_fini(&err);
		err = (struct err)ERR_INIT;
		rc = ask_session(doctor, backend, &answer, &err);
	}
	if (rc)
		link_advise_path(link, &err);
	if (say_link(doctor, link, &err))
		;
	else if (rc)
		say_err(doctor, "backend", &err);
	else
		say_session(doctor, &answer);
	answer_fini(&answer);
}

static void
check_backend(struct doctor *doctor, struct host *host)
{
	struct err err CLEANUP_ERR = ERR_INIT;
	struct instance *backend = NULL;
	struct link *link = NULL;

	/* sidecars come to the daemon, and this process is not it */
	if (config_name_equal(doctor->config->broker.backend, "sidecar")) {
		say_text(doctor, "backend", DOCTOR_NOTE,
		    "ask it: `ibkr-agent --via SOCKET backend status`",
		    "sidecar: answers in `ibkr-agent serve` alone");
		return;
	}
	if (link_open(
		doctor->config, host, !doctor->store_there, &link, &err) ||
	    house_open_backend(host, doctor->config, &backend, &err))
		say_err(doctor, "backend", &err);
	else
		ask_backend(doctor, backend, link);
	instance_close(backend);
	link_close(link);
}

/* The issuer of remote tokens. */
static void
check_tokens(struct doctor *doctor, struct host *host)
{
	struct err err CLEANUP_ERR = ERR_INIT;
	struct buf text CLEANUP_BUF = BUF_INIT;
	size_t keys = 0;

	if (!doctor->config->remote_mcp.enabled)
		return;
	if (auth_probe(doctor->config, host, &keys, &err)) {
		say_err(doctor, "tokens", &err);
		return;
	}
	buf_printf(&text, "%zu key%s of '%s'", keys, keys == 1 ? "" : "s",
	    doctor->config->remote_mcp.issuer);
	say(doctor, "tokens", DOCTOR_OK, NULL, &text);
}

/* Ruling 16: whoever runs as the owner of the store can go round it. */
static void
check_separation(struct doctor *doctor, bool is_apart)
{
	bool needed = doctor->config->safety.require_separate_uid;
	struct stat st;
	bool same =
	    stat(doctor->config->audit.path, &st) != 0 || st.st_uid == getuid();

	if (!same || is_apart) {
		say_text(doctor, "separation", DOCTOR_OK, NULL,
		    "the store belongs to another user");
		return;
	}
	say_text(doctor, "separation", needed ? DOCTOR_FAIL : DOCTOR_NOTE,
	    needed ? "run the gateway as a user of its own" : NULL,
	    "the store belongs to the user who runs this: against an agent "
	    "that can run programs as this user, the gates are no lock");
}

bool
doctor_run(const struct config *config, const struct err *fault, bool is_apart,
    doctor_report *report, void *arg)
{
	struct doctor doctor = {
		.config = config,
		.report = report,
		.arg = arg,
	};
	struct host *host;
	struct stat st;

	check_config(&doctor, fault);
	if (!config)
		return false;
	doctor.store_there = stat(config->audit.path, &st) == 0;
	/* before there is any thread */
	check_store(&doctor);
	check_secret(&doctor);
	host = host_new(&config->plugins.path, config);
	if (!host) {
		say_text(&doctor, "plugins", DOCTOR_FAIL, NULL, "no memory");
		return false;
	}
	check_plugins(&doctor, host);
	if (!doctor.backend_broken)
		check_backend(&doctor, host);
	check_tokens(&doctor, host);
	check_separation(&doctor, is_apart);
	(void)host_free(host);
	return !doctor.failed;
}
