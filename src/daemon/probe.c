/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Threads: the listener's loop takes requests; what looks at the store is
 * answered by a worker of the gateway, so that no probe waits for another.
 * probe->lock: shared while a page is written, since the doors that it tells of
 * are gone behind probe_close().
 */

#include "daemon/probe.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/address.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "gateway/status.h"
#include "http/listener.h"

enum { CONNECTIONS = 32, BODY_MAX = 1024 };

#define REQUEST_NS (5 * NS_PER_S)
#define IDLE_NS (60 * NS_PER_S)
#define TEXT_PLAIN "text/plain; charset=utf-8"
#define TEXT_METRICS "text/plain; version=0.0.4; charset=utf-8"

struct probe {
	struct probe_setup setup;
	struct listener *listener;
	atomic_bool is_stopping;
	pthread_rwlock_t lock;
	bool is_closed; /* with lock */
	char url[ADDRESS_TEXT_SIZE + 32];
};

/* A page: writes it and gives the status. */
struct page {
	const char *path;
	const char *type;
	unsigned (*write)(struct probe *probe, struct buf *out);
	bool is_quick; /* also when every worker is busy */
};

/* A request on its way to a worker. */
struct visit {
	struct probe *probe;
	const struct page *page;
	struct listener_request *request; /* counted */
};

static unsigned
healthz_write(struct probe *probe, struct buf *out)
{
	(void)probe;
	buf_str(out, "ok\n");
	return 200;
}

static unsigned
readyz_write(struct probe *probe, struct buf *out)
{
	bool is_ready = false;

	if (atomic_load(&probe->is_stopping)) {
		buf_str(out, "stopping\n");
		return 503;
	}
	is_ready = status_is_ready(probe->setup.gateway, out);
	is_ready &= probe->setup.is_ready(probe->setup.arg, out);
	return is_ready ? 200 : 503;
}

static unsigned
metrics_page_write(struct probe *probe, struct buf *out)
{
	status_metrics(probe->setup.gateway, out);
	probe->setup.add(probe->setup.arg, out);
	return 200;
}

static const struct page pages[] = {
	{ "/healthz", TEXT_PLAIN, healthz_write, true },
	{ "/readyz", TEXT_PLAIN, readyz_write, false },
	{ "/metrics", TEXT_METRICS, metrics_page_write, false },
};

static void
page_answer(struct probe *probe, const struct page *page,
    struct listener_request *request)
{
	struct buf body = BUF_INIT;
	struct listener_answer answer = { .type = page->type };

	answer.status = page->write(probe, &body);
	if (body.failed) {
		buf_fini(&body);
		listener_refuse(request, 500, "OUT_OF_MEMORY",
		    "no memory for the page", false);
		return;
	}
	answer.body = &body;
	listener_answer(request, &answer);
}

static void
visit_run(void *arg)
{
	struct visit *visit = arg;
	struct probe *probe = visit->probe;

	(void)pthread_rwlock_rdlock(&probe->lock);
	if (!probe->is_closed)
		page_answer(probe, visit->page, visit->request);
	(void)pthread_rwlock_unlock(&probe->lock);
	listener_unref(visit->request);
	free(visit);
}

static const struct page *
page_find(const char *path)
{
	for (size_t i = 0; i < ARRAY_COUNT(pages); i++) {
		if (strcmp(pages[i].path, path) == 0)
			return &pages[i];
	}
	return NULL;
}

static void
probe_take(void *arg, struct listener_request *request)
{
	struct probe *probe = arg;
	const struct page *page = page_find(listener_path(request));
	struct visit *visit;

	if (!page) {
		listener_refuse(request, 404, "NOT_FOUND",
		    "there are /healthz, /readyz and /metrics", false);
		return;
	}
	if (strcmp(listener_method(request), "GET") != 0) {
		listener_refuse(
		    request, 405, "METHOD_NOT_ALLOWED", "use GET", false);
		return;
	}
	if (page->is_quick) {
		page_answer(probe, page, request);
		return;
	}
	visit = calloc(1, sizeof *visit);
	if (visit) {
		*visit = (struct visit){ probe, page, listener_ref(request) };
		if (gateway_run_reserved(
			probe->setup.gateway, visit_run, visit) == 0)
			return;
		listener_unref(visit->request);
		free(visit);
	}
	listener_refuse(request, 503, "STOPPING", "not now", false);
}

static const struct listener_calls calls = { .take = probe_take };

int
probe_open(
    const struct probe_setup *setup, struct probe **ret_probe, struct err *err)
{
	const struct config *config = gateway_config(setup->gateway);
	struct probe *probe = calloc(1, sizeof *probe);
	struct listener_setup listener = {
		.calls = &calls,
		.arg = probe,
		.fd = setup->fd,
		.max_connections = CONNECTIONS,
		.body_max = BODY_MAX,
		.bodies_max = (size_t)BODY_MAX * CONNECTIONS,
		.request_ns = REQUEST_NS,
		.idle_ns = IDLE_NS,
	};
	char address[ADDRESS_TEXT_SIZE + 8];
	int rc = 0;

	if (setup->fd < 0)
		rc = address_listen(
		    config->daemon.metrics_address, &listener.fd, err);
	if (rc) {
		free(probe);
		return err ? err_wrap(err, "daemon.metrics_address") : rc;
	}
	if (!probe) {
		(void)close(listener.fd);
		return err_no_memory(err);
	}
	(void)pthread_rwlock_init(&probe->lock, NULL);
	probe->setup = *setup;
	rc = listener_start(&listener, &probe->listener, err);
	if (rc) {
		(void)pthread_rwlock_destroy(&probe->lock);
		free(probe);
		return rc;
	}
	listener_address(probe->listener, address);
	(void)snprintf(probe->url, sizeof probe->url, "http://%s", address);
	*ret_probe = probe;
	return 0;
}

const char *
probe_url(const struct probe *probe)
{
	return probe->url;
}

void
probe_set_stopping(struct probe *probe)
{
	atomic_store(&probe->is_stopping, true);
}

void
probe_close(struct probe *probe)
{
	bool is_over;

	if (!probe)
		return;
	listener_quiesce(probe->listener);
	is_over = listener_wait(probe->listener, REQUEST_NS);
	(void)pthread_rwlock_wrlock(&probe->lock);
	probe->is_closed = true;
	(void)pthread_rwlock_unlock(&probe->lock);
	listener_stop(probe->listener);
	/* a visit that still waits for a worker comes back to it */
	if (!is_over)
		return;
	listener_free(probe->listener);
	(void)pthread_rwlock_destroy(&probe->lock);
	free(probe);
}
