/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The order desk of a process: what every order operation shares.  It owns
 * this process's place among the owners of intents, the writers that are
 * open, and the settlements that could not be written yet.
 */

#ifndef IAG_ORDERS_DESK_H
#define IAG_ORDERS_DESK_H

#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"
#include "host/host.h"
#include "host/writer.h"
#include "journal/audit.h"
#include "journal/journal.h"
#include "journal/switches.h"

struct desk;

struct desk_setup {
	const struct config *config; /* borrowed, as the next two */
	struct host *host;
	struct journal *journal;
	const char *live_broker; /* --live-broker; NULL: as configured */
	bool is_command;         /* one-shot command: the default writer is
				    local-candidate, elsewhere refusing (ruling 21) */
};
/*
 * Offers the host what state_* and query need, and touches nothing but memory;
 * the owner's guard is taken at first need.
 */
int desk_new(
    const struct desk_setup *setup, struct desk **ret_desk, struct err *err);
/*
 * Retries what could not be settled once more, closes the writers.  Nobody
 * may be inside.  NULL is fine.
 */
void desk_free(struct desk *desk);

/* What the command line adds to the configuration, and may only narrow. */
struct order_flags {
	bool preview, paper, live; /* --enable-X was given */
	bool acknowledged;         /* --acknowledge-paper-to-live */
};
/* Doors without such flags: all features as configured, nothing said. */
extern const struct order_flags order_flags_none;

/* One operation's caller and surroundings. */
struct order_call {
	struct desk *desk;
	struct instance *backend; /* NULL: none is open */
	const struct err *backend_fault;
	struct call *call;
	const char *principal; /* "local:anna" */
	bool is_operator;
	bool is_apart; /* another user than the store's (ruling 16) */
	uint64_t scopes;
	const struct order_flags *flags;
	/*
	 * The call's record as far as it is known: who, tool, account,
	 * input, event_id; and the event type of success.
	 */
	const struct audit_event *event;
	const char *success;
	/* Set once the record was part of a transaction. */
	bool recorded;
};

/* The backend as it is open now, for query and the reconciler; NULL: none. */
void desk_set_backend(struct desk *desk, struct instance *backend);
struct instance *desk_backend(struct desk *desk);

const struct config *desk_config(const struct desk *desk);
struct journal *desk_journal(const struct desk *desk);
struct host *desk_host(const struct desk *desk);

/*
 * Which writer serves a mode in this process (ruling 21); "" where none may:
 * *ret_fault (static or owned by the desk) says why.
 */
const char *desk_writer_name(
    const struct desk *desk, uint32_t mode, const char **ret_fault);
/* Why a writer may not be open for a mode here; static, NULL: it may. */
const char *desk_writer_fault(
    const struct desk *desk, uint32_t mode, const char *name);
/* Where it leads: "fake", "client_portal_gateway https://localhost:5000". */
const char *desk_connection(const struct desk *desk);
/* limits_digest() of a policy of the configuration. */
int desk_policy_digest(const struct desk *desk,
    const struct risk_policy *policy, char ret_hex[HASH_HEX_SIZE],
    struct err *err);
/* Digest of the live configuration (activation_digest()); "": live is off. */
const char *desk_activation(const struct desk *desk);
/* Why it could not be made, and live is refused; NULL: it was, or is off. */
const struct err *desk_activation_fault(const struct desk *desk);
/*
 * Open it at first need, once; names treat `_` and `-` alike.  A writer that
 * only simulates is refused for live on a backend other than fake, unless
 * live_trading.allow_simulated.
 */
int desk_writer(struct desk *desk, uint32_t mode, const char *name,
    struct instance **ret_writer, struct err *err);

/* The id under whose guard "owner:ID" this process lives. */
int desk_owner(struct desk *desk, const char **ret_owner, struct err *err);
/* Nobody lives under that id any more; our own id counts as living. */
int desk_owner_is_gone(
    struct desk *desk, const char *owner, bool *ret_gone, struct err *err);

/*
 * The switch of a mode as the store has it; inside a step.  The file CLOSED
 * beside the store closes as well: look before the step.
 */
int desk_switch(struct journal_txn *txn, uint32_t mode,
    struct switch_row *ret_row, struct err *err);
/* True if CLOSED is there or cannot be looked for. */
bool desk_is_closed_by_file(const struct config *config);

/*
 * Write changes of a plugin's state that a writer made within its callback;
 * inside a step, without the record.  plugin: "writer-local-candidate".
 */
int desk_state_apply(struct desk *desk, struct journal_txn *txn,
    const char *plugin, const char *account,
    const struct writer_change *changes, size_t count, struct err *err);

/* Settlements that wait for the journal (settlequeue.h). */
struct settle_queue *desk_settle_queue(struct desk *desk);

/* Names of guards (ruling 3, 8, 11). */
#define GUARD_SEND "send"
#define GUARD_RECONCILER "reconciler"
#define GUARD_NAME_SIZE 80
void guard_name_owner(char name[GUARD_NAME_SIZE], const char *owner);
/* Held while a call of that owner goes on although it was given up. */
void guard_name_sending(char name[GUARD_NAME_SIZE], const char *owner);
void guard_name_account(
    char name[GUARD_NAME_SIZE], const char account_hash[HASH_HEX_SIZE]);

#endif
