/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Sessions, one after another.  Threads: the one that called owns connection
 * and session.
 */

#include "sidecar/run.h"

#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "sidecar/visit.h"

/* From one attempt to the next, doubled up to the last. */
#define PAUSE_NS (NS_PER_S / 2)
#define PAUSE_MAX_NS (30 * NS_PER_S)

/* arg: not NULL, it has to be active. */
static bool
is_ours(const struct pairing *pairing, const void *arg)
{
	return pairing->is_ours && (!arg || pairing->status == PAIRING_ACTIVE);
}

static int
newest_step(struct journal_txn *txn, void *arg, struct err *err)
{
	struct visit *visit = arg;

	pairing_fini(&visit->pairing);
	if (visit->setup->pairing_id)
		return pairing_get(
		    txn, visit->setup->pairing_id, &visit->pairing, err);
	if (pairing_find(txn, is_ours, visit, &visit->pairing, NULL) == 0)
		return 0;
	/* one that is not says why */
	return pairing_find(txn, is_ours, NULL, &visit->pairing, err);
}

static int
visit_pairing(struct visit *visit, struct err *err)
{
	int rc = journal_view(visit->journal, newest_step, visit, err);

	if (rc)
		return rc;
	if (!visit->pairing.is_ours)
		return err_set(err, ERR_SIDECAR_PAIRING_REQUIRED,
		    "this machine is the gateway of that pairing, not its "
		    "sidecar");
	rc = pairing_usable(&visit->pairing, clock_real_ns(), err);
	if (rc == 0 && strcmp(visit->pairing.sidecar_key,
			   identity_public(visit->identity)) != 0)
		return err_set(err, ERR_SIDECAR_PAIRING_REQUIRED,
		    "the pairing is with another identity than that of this "
		    "machine");
	return rc;
}

static int
visit_init(struct visit *visit, struct err *err)
{
	const struct tool_house *house;
	int rc;

	if (!visit->config->sidecar.enabled ||
	    visit->config->sidecar.role != SIDECAR_ROLE_SIDECAR) {
		rc = err_set(err, ERR_CONFIG_SIDECAR_FORBIDDEN,
		    "this configuration is not that of a sidecar");
		err_action(err, "set sidecar.enabled and "
				"safety.sidecar_enabled, and sidecar.role: "
				"sidecar");
		return rc;
	}
	rc = gateway_ready(visit->setup->gateway, &house, err);
	if (rc)
		return rc;
	visit->journal = house->journal;
	rc = identity_load(visit->config->audit.path, &visit->identity, err);
	if (rc == 0)
		rc = identity_lock(
		    visit->config->audit.path, &visit->lock_fd, err);
	if (rc)
		return rc;
	visit->inner = identity_credentials(visit->identity);
	return visit->inner ? visit_pairing(visit, err) : err_no_memory(err);
}

/* true: it was told to stop. */
static bool
pause_for(int stop_fd, uint64_t ns)
{
	struct pollfd fd = { .fd = stop_fd, .events = POLLIN };

	return poll(&fd, 1, (int)(ns / NS_PER_MS)) > 0;
}

static bool
is_final(const struct err *err)
{
	return err->code == ERR_SIDECAR_PAIRING_REQUIRED ||
	       err->code == ERR_CALL_CANCELLED ||
	       err->code == ERR_CONFIG_INVALID;
}

static int
visits(struct visit *visit, struct err *err)
{
	uint64_t pause_ns = PAUSE_NS;

	for (;;) {
		struct err why = ERR_INIT;
		uint64_t start_ns = clock_boot_ns();
		int rc = visit_serve(visit, &why);

		if (is_final(&why)) {
			err_move(err, &why);
			return err && err->code == ERR_CALL_CANCELLED ? 0 : rc;
		}
		/* two that end each other's sessions must not do it at once */
		if (visit->told && clock_boot_ns() - start_ns > PAUSE_MAX_NS)
			pause_ns = PAUSE_NS;
		visit_say(visit, NULL, &why);
		err_fini(&why);
		if (pause_for(visit->setup->stop_fd, pause_ns))
			return 0;
		pause_ns =
		    pause_ns * 2 < PAUSE_MAX_NS ? pause_ns * 2 : PAUSE_MAX_NS;
	}
}

int
sidecar_run(const struct sidecar_setup *setup, struct err *err)
{
	struct visit visit = {
		.setup = setup,
		.config = gateway_config(setup->gateway),
		.lock_fd = -1,
	};
	int rc = visit_init(&visit, err);

	if (rc == 0)
		rc = visits(&visit, err);
	if (rc == 0 && err)
		err_fini(err);
	pairing_fini(&visit.pairing);
	if (visit.inner)
		gnutls_certificate_free_credentials(visit.inner);
	identity_free(visit.identity);
	if (visit.lock_fd >= 0)
		(void)close(visit.lock_fd);
	return rc;
}
