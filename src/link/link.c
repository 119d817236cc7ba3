/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The link itself: made from the configuration, attached to the shared
 * state, and the host's wire from then on.
 *
 * Threads: any; the shared state has its own lock.
 */

#include "link/link.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "config/form.h"
#include "link/exchange.h"
#include "link/supervisor.h"
#include "link/target.h"

static int32_t
set_session(void *arg, const struct iag_session *told, struct err *err)
{
	struct link *link = arg;
	struct shared_state *state = shared_lock(link->shared);
	uint64_t now_ns = clock_boot_ns();
	uint32_t before;
	bool news;

	if (!state)
		return err_set(err, ERR_BROKER_BACKEND_UNAVAILABLE,
		    "the session's state is held by a process that does not "
		    "go on");
	before = state->session.state;
	session_told(&state->session, told,
	    penalty_left_ns(&state->all, now_ns), now_ns, clock_real_ns());
	news = state->session.state != before;
	shared_unlock(link->shared);
	if (news)
		shared_ring(link->shared);
	return 0;
}

static int32_t
get_session(void *arg, struct iag_session *ret_session, struct err *err)
{
	struct link *link = arg;
	struct shared_state *state = shared_lock(link->shared);
	uint64_t now_ns = clock_boot_ns();
	bool lost;

	if (!state)
		return err_set(err, ERR_BROKER_BACKEND_UNAVAILABLE,
		    "the session's state is held by a process that does not "
		    "go on");
	session_show(&state->session, penalty_left_ns(&state->all, now_ns),
	    now_ns, ret_session);
	lost = false;
	if (ret_session->message) {
		ret_session->message = strdup(ret_session->message);
		lost = !ret_session->message;
	}
	shared_unlock(link->shared);
	return lost ? err_no_memory(err) : 0;
}

bool
link_status(struct link *link, struct link_status *ret_status)
{
	struct shared_state *state = shared_lock(link->shared);
	uint64_t now_ns = clock_boot_ns();
	const struct session *session;

	if (!state)
		return false;
	session = &state->session;
	*ret_status = (struct link_status){
		.rest_ns = penalty_left_ns(&state->all, now_ns),
		.seen_real_ns = session->seen_real_ns,
		.ends_ns =
		    session->ends_ns > now_ns ? session->ends_ns - now_ns : 0,
	};
	ret_status->state =
	    session_state_at(session, ret_status->rest_ns, now_ns);
	memcpy(
	    ret_status->message, session->message, sizeof ret_status->message);
	shared_unlock(link->shared);
	ret_status->supervised = supervisor_is_on(link);
	return true;
}

/* Does it end in a path that the gateway forwards? */
static bool
is_forwarded(const char *url)
{
	static const char *const ends[] = { "/v1/api", "/v1/portal" };
	size_t len = strlen(url);

	while (len > 0 && url[len - 1] == '/')
		len--;
	for (size_t i = 0; i < ARRAY_COUNT(ends); i++) {
		size_t end = strlen(ends[i]);

		if (len > end && strncmp(url + len - end, ends[i], end) == 0)
			return true;
	}
	return false;
}

void
link_advise_path(const struct link *link, struct err *err)
{
	if (link && err->code == ERR_BROKER_RESPONSE_INVALID && !err->action &&
	    !is_forwarded(link->config->broker.base_url))
		err_action(err,
		    "write /v1/api behind host and port in broker.base_url, "
		    "as in https://127.0.0.1:5000/v1/api");
}

void
link_advise(struct link *link, struct err *err)
{
	bool session = err->code == ERR_BROKER_SESSION_REQUIRED ||
		       err->code == ERR_BROKER_SESSION_EXPIRED;
	bool connection =
	    err->code == ERR_BROKER_BACKEND_UNAVAILABLE && !err->action;
	struct link_status status;
	const char *words;

	link_advise_path(link, err);
	if (!link || !(session || connection) || !link_status(link, &status) ||
	    !session_state_repair(status.state))
		return;
	words = session_state_words(status.state);
	if (!strstr(err_text(err), words))
		(void)err_wrap(err, "%s", words);
	/* what passes by itself is nothing that a person has to log in for */
	if (session && session_state_passes(status.state))
		err->code = ERR_BROKER_BACKEND_UNAVAILABLE;
	if (err->action)
		err_action(err, "%s; %s", session_state_repair(status.state),
		    err->action);
	else
		err_action(err, "%s", session_state_repair(status.state));
}

static unsigned
count_inside(const struct bucket *bucket, uint64_t now_ns)
{
	unsigned count = 0;

	for (size_t i = 0; i < BUCKET_RING; i++)
		count += bucket->inside_ns[i] > now_ns;
	return count;
}

bool
link_pacing(struct link *link, struct link_pacing *ret_pacing)
{
	struct shared_state *state = shared_lock(link->shared);
	uint64_t now_ns = clock_boot_ns();
	struct link_pacing pacing = { .resting = 0 };

	if (!state)
		return false;
	pacing.rest_ns = penalty_left_ns(&state->all, now_ns);
	for (size_t i = 0; i < SHARED_PENALTIES; i++)
		pacing.resting +=
		    penalty_left_ns(&state->penalties[i], now_ns) > 0;
	for (size_t i = 0; i < SHARED_BUCKETS; i++)
		pacing.inside += count_inside(&state->buckets[i], now_ns);
	shared_unlock(link->shared);
	*ret_pacing = pacing;
	return true;
}

/* The connection's identity: where it leads. */
static void
identify(struct link *link, const char *base_url, uint8_t ret_id[HASH_SIZE])
{
	struct hash *hash = hash_new();
	char hex[HASH_HEX_SIZE];
	static const char label[] = "ibkr-agent link 1";

	memset(ret_id, 0, HASH_SIZE);
	if (!hash)
		return;
	hash_add(hash, label, sizeof label);
	hash_add(hash, base_url, strlen(base_url));
	hash_end(hash, ret_id);
	hash_free(hash);
	hash_hex(ret_id, hex);
	(void)snprintf(link->name, sizeof link->name, "supervisor:%.16s", hex);
}

static const struct http_words words = {
	.no_ca_file = "broker.ca_file cannot be read, or has no certificate "
		      "(PEM) in it",
	.no_system = "the system's certificate authorities cannot be read: "
		     "install ca-certificates, or set broker.tls_pin_sha256 "
		     "or broker.ca_file",
	.other_name = "the certificate is for another name than that in "
		      "broker.base_url",
	.other_pin = "broker.tls_pin_sha256 is not the key of its "
		     "certificate, which is ",
};

static int
set_up(struct link *link, struct err *err)
{
	const struct config *config = link->config;
	const char *fault;
	struct url url;

	fault = url_parse(config->broker.base_url, &url);
	if (fault)
		return err_set(
		    err, ERR_CONFIG_INVALID, "broker.base_url %s", fault);
	(void)snprintf(link->host_name, sizeof link->host_name, "%s", url.host);
	link->setup = (struct http_setup){
		.host = link->host_name,
		.ca_file = config->broker.ca_file,
		.user_agent = "ibkr-agent/" PACKAGE_VERSION,
		.words = &words,
	};
	if (!url.https)
		return 0;
	link->setup.has_pin =
	    config->broker.tls_pin_sha256 &&
	    target_pin(config->broker.tls_pin_sha256, link->setup.pin);
	if (config->broker.ca_file)
		link->setup.verify = true;
	else
		link->setup.verify =
		    !link->setup.has_pin &&
		    !config->broker.allow_insecure_tls_for_localhost;
	return 0;
}

static int
attach(struct link *link, bool is_alone, struct err *err)
{
	CLEANUP_FREE char *path = NULL;
	uint8_t identity[HASH_SIZE];

	identify(link, link->config->broker.base_url, identity);
	if (is_alone)
		return shared_open(NULL, identity, &link->shared, err);
	if (asprintf(&path, "%s/link-%s", link->config->audit.path,
		strchr(link->name, ':') + 1) < 0)
		return err_no_memory(err);
	return shared_open(path, identity, &link->shared, err);
}

int
link_open(const struct config *config, struct host *host, bool is_alone,
    struct link **ret_link, struct err *err)
{
	struct link *link;
	int r;

	*ret_link = NULL;
	if (!config->broker.base_url)
		return 0;
	link = calloc(1, sizeof *link);
	if (!link)
		return err_no_memory(err);
	(void)pthread_mutex_init(&link->lock, NULL);
	link->config = config;
	link->host = host;
	r = set_up(link, err);
	if (r == 0)
		r = attach(link, is_alone, err);
	if (r) {
		link_close(link);
		return r;
	}
	host_set_wire(host, &(struct host_wire){
				.arg = link,
				.exchange = link_exchange,
				.session_set = set_session,
				.session_get = get_session,
			    });
	*ret_link = link;
	return 0;
}

void
link_close(struct link *link)
{
	if (!link)
		return;
	link_rest(link);
	if (link->shared)
		host_set_wire(link->host, &(struct host_wire){ .arg = NULL });
	/* a callback is stuck in it, so the process will leave by _exit() */
	if (atomic_load(&link->busy))
		return;
	if (link->connection)
		link->module->close(link->connection);
	shared_close(link->shared);
	(void)pthread_mutex_destroy(&link->lock);
	free(link);
}
