/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The desk: which writer serves what, who owns what, and what the services of
 * writers need from the journal.
 *
 * Threads: any number; plugin threads come in through the host's services.
 * desk->lock guards owner, guard, the list of writers and `opening`; the
 * backend is atomic.  The lock is not held while plugins or the store run.
 */

#include "orders/desk.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/log.h"
#include "orders/deskstate.h"
#include "orders/killswitch.h"
#include "orders/limits.h"
#include "orders/sendleave.h"
#include "orders/settlequeue.h"

/* Taking a guard of one's own never waits for long. */
#define OWN_GUARD_NS (5 * NS_PER_S)

const struct order_flags order_flags_none = {
	.preview = true, .paper = true, .live = true
};

struct open_writer {
	struct open_writer *next;
	struct instance *instance;
	struct store_guard *guard; /* of a single-process plugin */
	char name[];
};

struct desk {
	struct desk_setup setup;
	char *live_broker;
	char *connection;
	char activation[HASH_HEX_SIZE]; /* digest; "": live is off */
	struct err activation_fault;
	struct instance *_Atomic backend;
	pthread_mutex_t lock;
	pthread_cond_t opened;
	bool opening;
	struct open_writer *writers;
	char owner[ID_TEXT_SIZE]; /* "": not yet */
	struct store_guard *guard;
	struct settle_queue *late;
	char (*policy_digests)[HASH_HEX_SIZE]; /* one for each policy */
};

static char *
connection_text(const struct config *config)
{
	char *text;

	if (!config->broker.base_url)
		return strdup(config->broker.backend);
	if (asprintf(&text, "%s %s", config->broker.backend,
		config->broker.base_url) < 0)
		return NULL;
	return text;
}

static int
desk_query(void *arg, const char *account, struct call *call,
    const char *operation, const char *arguments, struct answer *ret_answer,
    struct err *err)
{
	struct instance *backend = desk_backend(arg);

	(void)account; /* the arguments name it */
	if (!backend)
		return err_set(
		    err, ERR_BROKER_BACKEND_UNAVAILABLE, "no backend is open");
	return backend_query(
	    backend, call, operation, arguments, ret_answer, err);
}

static void
desk_offer(struct desk *desk)
{
	const struct host_desk services = {
		.state_get = desk_state_get,
		.state_put = desk_state_put,
		.state_next = desk_state_next,
		.query = desk_query,
		.arg = desk,
	};

	host_set_desk(desk->setup.host, &services);
}

/* Of a configuration that never changes: once.  Only live needs it. */
static void
activation_make(struct desk *desk)
{
	const struct config *config = desk->setup.config;
	CLEANUP_BUF struct buf text = BUF_INIT;

	desk->activation_fault = (struct err)ERR_INIT;
	if (config->live_trading.enabled &&
	    activation_digest(
		config, desk->activation, &text, &desk->activation_fault))
		log_error("orders", "live orders will be refused: %s",
		    err_text(&desk->activation_fault));
}

/* One that cannot be made stays "": only orders under that policy fail. */
static int
policies_digest(struct desk *desk, struct err *err)
{
	const struct config *config = desk->setup.config;

	desk->policy_digests =
	    calloc(config->policy_count + 1, sizeof(*desk->policy_digests));
	if (!desk->policy_digests)
		return err_no_memory(err);
	for (size_t i = 0; i < config->policy_count; i++)
		if (limits_digest(
			&config->policies[i], desk->policy_digests[i], NULL))
			desk->policy_digests[i][0] = '\0';
	return 0;
}

int
desk_new(
    const struct desk_setup *setup, struct desk **ret_desk, struct err *err)
{
	struct desk *desk = calloc(1, sizeof(*desk));
	int ret;

	if (!desk)
		return err_no_memory(err);
	desk->setup = *setup;
	pthread_mutex_init(&desk->lock, NULL);
	pthread_cond_init(&desk->opened, NULL);
	desk->late = settle_queue_new();
	desk->connection = connection_text(setup->config);
	if (setup->live_broker)
		desk->live_broker = strdup(setup->live_broker);
	if (!desk->late || !desk->connection ||
	    (setup->live_broker && !desk->live_broker)) {
		desk_free(desk);
		return err_no_memory(err);
	}
	ret = policies_digest(desk, err);
	if (ret) {
		desk_free(desk);
		return ret;
	}
	activation_make(desk);
	desk_offer(desk);
	*ret_desk = desk;
	return 0;
}

void
desk_free(struct desk *desk)
{
	struct open_writer *writer;

	if (!desk)
		return;
	if (desk->late)
		(void)settle_queue_retry(desk);
	settle_queue_free(desk->late);
	while ((writer = desk->writers)) {
		desk->writers = writer->next;
		instance_close(writer->instance);
		journal_guard_drop(writer->guard);
		free(writer);
	}
	send_leave_forget(desk);
	journal_guard_drop(desk->guard);
	host_set_desk(desk->setup.host, &(struct host_desk){ .arg = NULL });
	pthread_cond_destroy(&desk->opened);
	pthread_mutex_destroy(&desk->lock);
	err_fini(&desk->activation_fault);
	free(desk->live_broker);
	free(desk->connection);
	free(desk->policy_digests);
	free(desk);
}

void
desk_set_backend(struct desk *desk, struct instance *backend)
{
	atomic_store(&desk->backend, backend);
}

struct instance *
desk_backend(struct desk *desk)
{
	return atomic_load(&desk->backend);
}

struct settle_queue *
desk_settle_queue(struct desk *desk)
{
	return desk->late;
}

const struct config *
desk_config(const struct desk *desk)
{
	return desk->setup.config;
}

struct journal *
desk_journal(const struct desk *desk)
{
	return desk->setup.journal;
}

struct host *
desk_host(const struct desk *desk)
{
	return desk->setup.host;
}

const char *
desk_activation(const struct desk *desk)
{
	return desk->activation;
}

int
desk_policy_digest(const struct desk *desk, const struct risk_policy *policy,
    char ret_hex[HASH_HEX_SIZE], struct err *err)
{
	const char *made =
	    desk->policy_digests[policy - desk->setup.config->policies];

	if (!*made)
		return limits_digest(policy, ret_hex, err);
	memcpy(ret_hex, made, HASH_HEX_SIZE);
	return 0;
}

const struct err *
desk_activation_fault(const struct desk *desk)
{
	return desk->activation_fault.code == ERR_NONE
		   ? NULL
		   : &desk->activation_fault;
}

const char *
desk_connection(const struct desk *desk)
{
	return desk->connection;
}

static const char *
default_writer(const struct desk *desk)
{
	return desk->setup.is_command ? "local-candidate" : "refusing";
}

static bool
list_has_name(const struct config_list *list, const char *name)
{
	for (size_t i = 0; i < list->count; i++) {
		if (config_name_equal(list->items[i], name))
			return true;
	}
	return false;
}

/* Why a writer may not serve live orders here; NULL: it may. */
static const char *
live_fault(const struct config *config, const char *name)
{
	if (!list_has_name(&config->live_trading.allowed_writers, name))
		return "it is not in live_trading.allowed_writers";
	return NULL;
}

/* Why it cannot write to the broker that is configured; NULL: it can. */
static const char *
broker_fault(const struct config *config, const char *name)
{
	if (config_name_equal(name, "client-portal") &&
	    !config_name_equal(config->broker.backend, "client-portal-gateway"))
		return "it needs broker.backend: client_portal_gateway";
	return NULL;
}

const char *
desk_writer_fault(const struct desk *desk, uint32_t mode, const char *name)
{
	const struct config *config = desk->setup.config;
	const char *fault =
	    mode == IAG_MODE_LIVE ? live_fault(config, name) : NULL;

	return fault ? fault : broker_fault(config, name);
}

const char *
desk_writer_name(const struct desk *desk, uint32_t mode, const char **ret_fault)
{
	const struct config *config = desk->setup.config;
	bool live = mode == IAG_MODE_LIVE;
	const char *name = live && desk->live_broker ? desk->live_broker
			   : live ? config->live_trading.writer
				  : config->paper_trading.writer;

	if (!name)
		name = default_writer(desk);
	if (ret_fault)
		*ret_fault = desk_writer_fault(desk, mode, name);
	return name;
}

static struct open_writer *
writer_find_open(const struct desk *desk, const char *name)
{
	struct open_writer *writer;

	for (writer = desk->writers; writer; writer = writer->next) {
		if (config_name_equal(writer->name, name))
			return writer;
	}
	return NULL;
}

/* A guard that nobody else should hold. */
static int
take_own_guard(struct desk *desk, const char *name,
    struct store_guard **ret_guard, struct err *err)
{
	struct call *call = call_new(clock_boot_ns() + OWN_GUARD_NS);
	int ret;

	if (!call)
		return err_no_memory(err);
	ret = journal_guard_take(
	    desk->setup.journal, call, name, true, ret_guard, err);
	call_unref(call);
	return ret;
}

/* A plugin that one process per store may open. */
static int
take_plugin_guard(
    struct desk *desk, struct open_writer *writer, struct err *err)
{
	char name[GUARD_NAME_SIZE];
	int ret;

	(void)snprintf(name, sizeof(name), "plugin:writer-%s", writer->name);
	ret = take_own_guard(desk, name, &writer->guard, err);
	if (ret)
		return err_wrap(err,
		    "the writer '%s' serves one process at a time, and "
		    "another one has it open",
		    writer->name);
	return 0;
}

static int
writer_start(struct desk *desk, struct open_writer *writer, struct err *err)
{
	struct plugin *plugin;
	int ret;

	ret = host_load(
	    desk->setup.host, IAG_KIND_WRITER, writer->name, &plugin, err);
	if (ret)
		return ret;
	(void)snprintf(
	    writer->name, strlen(writer->name) + 1, "%s", plugin_name(plugin));
	if (plugin_hints(plugin) & IAG_HINT_SINGLE_PROCESS) {
		ret = take_plugin_guard(desk, writer, err);
		if (ret)
			return ret;
	}
	return instance_open(desk->setup.host, plugin, "writer", NULL, 0,
	    &writer->instance, err);
}

static int
writer_new(struct desk *desk, const char *name, struct open_writer **ret_writer,
    struct err *err)
{
	size_t len = strlen(name) + 1;
	struct open_writer *writer = calloc(1, sizeof(*writer) + len);
	int ret;

	if (!writer)
		return err_no_memory(err);
	memcpy(writer->name, name, len);
	ret = writer_start(desk, writer, err);
	if (ret) {
		journal_guard_drop(writer->guard);
		free(writer);
		return ret;
	}
	*ret_writer = writer;
	return 0;
}

/* Open one; comes and goes with the lock held. */
static int
writer_open(struct desk *desk, const char *name,
    struct open_writer **ret_writer, struct err *err)
{
	int ret;

	desk->opening = true;
	pthread_mutex_unlock(&desk->lock);
	ret = writer_new(desk, name, ret_writer, err);
	pthread_mutex_lock(&desk->lock);
	desk->opening = false;
	if (ret == 0) {
		(*ret_writer)->next = desk->writers;
		desk->writers = *ret_writer;
	}
	pthread_cond_broadcast(&desk->opened);
	return ret;
}

/* Live orders that only look as if they were placed need a word for it. */
static int
simulated_check(const struct desk *desk, uint32_t mode,
    const struct instance *writer, struct err *err)
{
	const struct config *config = desk->setup.config;
	const struct plugin *plugin = instance_plugin(writer);

	if (mode != IAG_MODE_LIVE || config->live_trading.allow_simulated ||
	    !(plugin_hints(plugin) & IAG_HINT_SIMULATED) ||
	    config_name_equal(config->broker.backend, "fake"))
		return 0;
	err_set(err, ERR_LIVE_TRADING_DISABLED,
	    "the writer '%s' only simulates, and the backend '%s' is real",
	    plugin_name(plugin), config->broker.backend);
	err_action(err, "choose another live_trading.writer, or set "
			"live_trading.allow_simulated");
	return err_class(err);
}

int
desk_writer(struct desk *desk, uint32_t mode, const char *name,
    struct instance **ret_writer, struct err *err)
{
	struct open_writer *writer;
	int ret;
	LOCK_SCOPE(&desk->lock);

	while (desk->opening)
		pthread_cond_wait(&desk->opened, &desk->lock);
	writer = writer_find_open(desk, name);
	ret = writer ? 0 : writer_open(desk, name, &writer, err);
	if (ret == 0)
		ret = simulated_check(desk, mode, writer->instance, err);
	if (ret)
		return ret;
	*ret_writer = writer->instance;
	return 0;
}

void
guard_name_owner(char name[GUARD_NAME_SIZE], const char *owner)
{
	(void)snprintf(name, GUARD_NAME_SIZE, "owner:%.60s", owner);
}

void
guard_name_sending(char name[GUARD_NAME_SIZE], const char *owner)
{
	(void)snprintf(name, GUARD_NAME_SIZE, "sending:%.60s", owner);
}

void
guard_name_account(
    char name[GUARD_NAME_SIZE], const char account_hash[HASH_HEX_SIZE])
{
	(void)snprintf(name, GUARD_NAME_SIZE, "account:%.64s", account_hash);
}

int
desk_owner(struct desk *desk, const char **ret_owner, struct err *err)
{
	char id[ID_TEXT_SIZE], name[GUARD_NAME_SIZE];
	int ret;
	LOCK_SCOPE(&desk->lock);

	if (!desk->owner[0]) {
		id_new(id);
		guard_name_owner(name, id);
		/* nobody knows the name: there is nothing to wait for */
		ret = take_own_guard(desk, name, &desk->guard, err);
		if (ret)
			return ret;
		memcpy(desk->owner, id, sizeof(id));
	}
	*ret_owner = desk->owner;
	return 0;
}

static bool
is_own(struct desk *desk, const char *owner)
{
	LOCK_SCOPE(&desk->lock);

	return desk->owner[0] && strcmp(desk->owner, owner) == 0;
}

int
desk_owner_is_gone(
    struct desk *desk, const char *owner, bool *ret_gone, struct err *err)
{
	char name[GUARD_NAME_SIZE];
	int ret = IAG_AGAIN;

	if (!is_own(desk, owner)) {
		guard_name_owner(name, owner);
		ret = journal_guard_check(desk->setup.journal, name, err);
	}
	if (ret && ret != IAG_AGAIN)
		return ret;
	*ret_gone = ret == 0;
	return 0;
}

int
desk_switch(struct journal_txn *txn, uint32_t mode, struct switch_row *ret_row,
    struct err *err)
{
	return switch_read(txn,
	    mode == IAG_MODE_LIVE ? SWITCH_LIVE : SWITCH_PAPER, ret_row, err);
}

bool
desk_is_closed_by_file(const struct config *config)
{
	CLEANUP_FREE char *path = NULL;

	if (!config->audit.path)
		return false;
	if (asprintf(&path, "%s/CLOSED", config->audit.path) < 0) {
		path = NULL;
		return true;
	}
	/* a file that may not be looked at is there */
	return access(path, F_OK) == 0 || errno != ENOENT;
}
