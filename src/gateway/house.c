/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Opening the house.  What calls see of it is immutable once published: when
 * a backend that was away comes back, a new struct tool_house is made and
 * the old one stays, because calls may still hold it.
 *
 * Threads: any thread enters house_open; one of them at a time opens.
 * house->lock guards all of struct house but `whole`, which is atomic.
 * The lock is not held while plugins run.
 */

#include "gateway/house.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "host/plugin.h"
#include "link/link.h"
#include "orders/killswitch.h"
#include "orders/reconcile.h"

/* An attempt that failed is not repeated before so much time has passed. */
#define RETRY_NS (200 * NS_PER_MS)
/* The first call of a process waits for its activation. */
#define ACTIVATE_NS (10 * NS_PER_S)

/* One state of the house as calls see it; kept until the house is freed. */
struct view {
	struct tool_house tools;
	struct err fault;
	struct view *next;
};

struct house {
	const struct config *config;
	struct host *host;
	struct secret *secret; /* NULL: as configured */
	char *live_broker;     /* NULL: as configured */
	bool is_command;
	pthread_mutex_t lock;
	pthread_cond_t opened;
	bool opening;
	uint64_t tried_ns; /* boot time of the last failure, 0: none */
	struct err fault;  /* of the store; ERR_NONE while it is open */
	struct instance *store;
	struct journal *journal;
	struct desk *desk;
	struct link *link; /* NULL: the backend needs no connection */
	struct reconciler *reconciler; /* NULL: a command, or not yet */
	struct instance *backend;
	struct view *views;
	struct view *current; /* the one of the last attempt */
	const struct tool_house *_Atomic whole; /* with a backend */
};

struct house *
house_new(const struct house_setup *setup)
{
	struct house *house = calloc(1, sizeof(*house));

	if (!house)
		return NULL;
	if (setup->live_broker) {
		house->live_broker = strdup(setup->live_broker);
		if (!house->live_broker) {
			free(house);
			return NULL;
		}
	}
	house->config = setup->config;
	house->host = setup->host;
	house->secret = setup->secret;
	house->is_command = setup->is_command;
	pthread_mutex_init(&house->lock, NULL);
	pthread_cond_init(&house->opened, NULL);
	return house;
}

/* What was recorded cannot be cut off unseen any more. */
static void
anchor_journal(const struct house *house)
{
	const char *path = house->config->audit.checkpoint_file;
	struct err err CLEANUP_ERR = ERR_INIT;

	if (house->journal && path &&
	    audit_anchor(house->journal, path, &err) < 0)
		log_error("audit", "%s", err_text(&err));
}

void
house_close(struct house *house)
{
	atomic_store(&house->whole, NULL);
	reconciler_stop(STEAL(house->reconciler));
	link_rest(house->link);
	/* writers may ask the backend as long as they live */
	desk_free(STEAL(house->desk));
	instance_close(STEAL(house->backend));
	link_close(STEAL(house->link));
	anchor_journal(house);
	journal_close(STEAL(house->journal));
	instance_close(STEAL(house->store));
}

void
house_free(struct house *house)
{
	struct view *view;

	if (!house)
		return;
	while ((view = house->views)) {
		house->views = view->next;
		err_fini(&view->fault);
		free(view);
	}
	err_fini(&house->fault);
	secret_free(house->secret);
	free(house->live_broker);
	pthread_cond_destroy(&house->opened);
	pthread_mutex_destroy(&house->lock);
	free(house);
}

/* A configuration value under the key that the plugin may have for it. */
static void
option_add(const struct plugin *plugin, struct instance_option *options,
    size_t *count, const char *key, const char *value)
{
	if (!value || !plugin_option(plugin, key))
		return;
	options[*count].key = key;
	options[(*count)++].value = value;
}

#define OPTIONS 3 /* at most */

/* What the configuration gives to a plugin beside plugins.options. */
static size_t
options_of(const struct plugin *plugin, const struct config *config,
    const char *store, bool read_only, struct instance_option options[OPTIONS])
{
	size_t count = 0;

	switch (plugin_kind(plugin)) {
	case IAG_KIND_STORE:
		option_add(plugin, options, &count, "path", store);
		option_add(plugin, options, &count, "read_only",
		    read_only ? "true" : "false");
		break;
	case IAG_KIND_BACKEND:
		option_add(plugin, options, &count, "base_url",
		    config->broker.base_url);
		option_add(plugin, options, &count, "fixtures",
		    config->broker.fixture_root);
		option_add(plugin, options, &count, "undocumented_endpoints",
		    config->broker.undocumented_endpoints ? "true" : "false");
		break;
	default:
		break;
	}
	return count;
}

int
house_check_options(
    const struct plugin *plugin, const struct config *config, struct err *err)
{
	struct instance_option options[OPTIONS];
	size_t count =
	    options_of(plugin, config, config->audit.path, false, options);

	return plugin_options_check(plugin, config, options, count, err);
}

int
house_open_store(struct host *host, const struct config *config,
    const char *path, bool read_only, struct instance **ret_store,
    struct err *err)
{
	struct instance_option options[OPTIONS];
	struct plugin *plugin;
	size_t count;
	int rc;

	rc = host_load(host, IAG_KIND_STORE, config->audit.store, &plugin, err);
	if (rc)
		return rc;
	count = options_of(plugin, config, path, read_only, options);
	return instance_open(
	    host, plugin, "store", options, count, ret_store, err);
}

int
house_open_backend(struct host *host, const struct config *config,
    struct instance **ret_backend, struct err *err)
{
	struct instance_option options[OPTIONS];
	struct plugin *plugin;
	size_t count;
	int rc;

	rc = host_load(
	    host, IAG_KIND_BACKEND, config->broker.backend, &plugin, err);
	if (rc)
		return rc;
	count = options_of(plugin, config, NULL, false, options);
	return instance_open(
	    host, plugin, "backend", options, count, ret_backend, err);
}

/* Store and journal; the caller is the one that opens. */
static int
open_journal(struct house *house, struct err *err)
{
	struct secret *own = NULL;
	struct instance *store = NULL;
	int rc;

	if (house->journal)
		return 0;
	if (!house->secret) {
		rc = config_audit_secret(house->config, &own, err);
		if (rc)
			return rc;
	}
	rc = house_open_store(house->host, house->config,
	    house->config->audit.path, false, &store, err);
	if (rc == 0) {
		rc = journal_open(store, house->secret ? house->secret : own,
		    house->config, JOURNAL_WRITE, &house->journal, err);
		if (rc == 0)
			house->store = STEAL(store);
	}
	instance_close(store);
	secret_free(own);
	return rc;
}

/* The order desk over it; in memory only. */
static int
open_desk(struct house *house, struct err *err)
{
	const struct desk_setup setup = {
		.config = house->config,
		.host = house->host,
		.journal = house->journal,
		.live_broker = house->live_broker,
		.is_command = house->is_command,
	};

	return house->desk ? 0 : desk_new(&setup, &house->desk, err);
}

/*
 * The first start that enables live trading says which configuration is in
 * force (ruling 14).  Where that fails each live order tries again, and says
 * why it is refused.
 */
static void
activate(struct house *house)
{
	const struct audit_event event = {
		.principal = "system",
		.principal_kind = "system",
	};
	struct order_call start = {
		.desk = house->desk,
		.call = call_new(clock_boot_ns() + ACTIVATE_NS),
		.principal = "system",
		.event = &event,
	};

	if (start.call)
		(void)activation_ensure(&start, NULL);
	call_unref(start.call);
}

static bool
same_fault(const struct err *a, const struct err *b)
{
	return a->code == b->code && strcmp(err_text(a), err_text(b)) == 0;
}

/* A state that was seen before, so that a flapping backend costs nothing. */
static struct view *
view_find(const struct house *house, const struct err *fault)
{
	struct view *view;

	for (view = house->views; view; view = view->next)
		if (view->tools.backend == house->backend &&
		    same_fault(&view->fault, fault))
			return view;
	return NULL;
}

/*
 * Publish what is open now; fault is moved, *spare taken if it is needed.  The
 * lock is held.
 */
static void
view_publish(struct house *house, struct err *fault, struct view **spare)
{
	struct view *view = view_find(house, fault);

	if (view) {
		house->current = view;
		return;
	}
	view = STEAL(*spare);
	err_move(&view->fault, fault);
	view->tools.config = house->config;
	view->tools.host = house->host;
	view->tools.journal = house->journal;
	view->tools.desk = house->desk;
	view->tools.backend = house->backend;
	view->tools.link = house->link;
	view->tools.backend_fault =
	    view->fault.code == ERR_NONE ? NULL : &view->fault;
	view->next = house->views;
	house->views = view;
	house->current = view;
	if (house->backend)
		atomic_store(&house->whole, &view->tools);
}

/* A copy of the fault that calls get until the next attempt. */
static int
fault_copy(const struct err *fault, struct err *err)
{
	int rc = err_set(err, fault->code, "%s", err_text(fault));

	if (fault->action)
		err_action(err, "%s", fault->action);
	return rc;
}

/* What leads to the broker. */
static void
open_outside(struct house *house, struct err *fault)
{
	if (!house->link &&
	    link_open(house->config, house->host, false, &house->link, fault))
		return;
	if (house_open_backend(
		house->host, house->config, &house->backend, fault))
		return;
	desk_set_backend(house->desk, house->backend);
	if (house->link)
		(void)link_supervise(house->link, house->journal,
		    house->backend, house->is_command, fault);
}

/* Processes that live on look after what the dead have left. */
static void
open_reconciler(struct house *house)
{
	struct err fault CLEANUP_ERR = ERR_INIT;

	if (house->is_command || house->reconciler)
		return;
	if (reconciler_start(house->desk, &house->reconciler, &fault))
		log_error("gateway", "%s", err_text(&fault));
}

/* Try what is not open yet; without the lock. */
static void
house_try(
    struct house *house, struct err *store_fault, struct err *backend_fault)
{
	if (open_journal(house, store_fault) || open_desk(house, store_fault))
		return;
	activate(house);
	open_outside(house, backend_fault);
	open_reconciler(house);
}

static bool
is_due(const struct house *house)
{
	return house->tried_ns == 0 ||
	       clock_boot_ns() - house->tried_ns >= RETRY_NS;
}

/* The one that opens; comes and goes with the lock held. */
static void
house_attempt(struct house *house)
{
	struct err store_fault CLEANUP_ERR = ERR_INIT;
	struct err backend_fault CLEANUP_ERR = ERR_INIT;
	/* first: a backend that is open and in no view would not be tried */
	CLEANUP_FREE struct view *spare = calloc(1, sizeof(*spare));

	if (!spare)
		return;
	house->opening = true;
	pthread_mutex_unlock(&house->lock);
	house_try(house, &store_fault, &backend_fault);
	pthread_mutex_lock(&house->lock);
	house->opening = false;
	house->tried_ns = house->backend ? 0 : clock_boot_ns();
	err_fini(&house->fault);
	house->fault = (struct err)ERR_INIT;
	if (!house->desk)
		err_move(&house->fault, &store_fault);
	else
		view_publish(house, &backend_fault, &spare);
	pthread_cond_broadcast(&house->opened);
}

static int
house_open_locked(
    struct house *house, const struct tool_house **ret_tools, struct err *err)
{
	LOCK_SCOPE(&house->lock);

	while (house->opening)
		pthread_cond_wait(&house->opened, &house->lock);
	if (!house->backend && is_due(house))
		house_attempt(house);
	if (house->current) {
		*ret_tools = &house->current->tools;
		return 0;
	}
	if (house->fault.code == ERR_NONE)
		return err_no_memory(err);
	return fault_copy(&house->fault, err);
}

int
house_open(
    struct house *house, const struct tool_house **ret_tools, struct err *err)
{
	const struct tool_house *whole = atomic_load(&house->whole);

	if (!whole)
		return house_open_locked(house, ret_tools, err);
	*ret_tools = whole;
	return 0;
}

const struct tool_house *
house_peek(struct house *house)
{
	LOCK_SCOPE(&house->lock);

	return house->current ? &house->current->tools : NULL;
}
