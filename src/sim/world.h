/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* Everything behind the simulated wire, for the handlers. */

#ifndef IAG_SIM_WORLD_H
#define IAG_SIM_WORLD_H

#include "sim/account.h"
#include "sim/book.h"
#include "sim/call.h"
#include "sim/fault.h"
#include "sim/market.h"
#include "sim/pacing.h"
#include "sim/question.h"
#include "sim/reaction.h"
#include "sim/script.h"
#include "sim/session.h"
#include "sim/sim.h"
#include "sim/traffic.h"

/* What answers nothing or little when it is asked for the first time. */
enum cold {
	COLD_ORDERS,
	COLD_TRADES,
	COLD_PNL,
	COLD_HISTORY,
	COLD_ALGOS,
	COLD_SEARCH, /* options are known once their underlying was sought */
	COLD_HMDS
};

struct sim {
	struct sim_settings settings;
	uint64_t seed;
	int64_t offset_ms; /* of the clock */
	int64_t start_ms;  /* a manual clock's */
	struct session session;
	struct pacing pacing;
	struct faults faults;
	struct reactions reactions;
	struct questions questions;
	struct accounts accounts;
	struct account *selected;
	struct market market;
	struct book book;
	struct traffic traffic;
	struct script script;
	struct sim_late *late; /* requests that are executed later */
	struct sim_restart restart;
	unsigned warm;         /* bits of enum cold */
	unsigned warm_session; /* the brokerage session that they belong to */
	int64_t warm_ms;       /* how long positions and quotes stay cold */
	int64_t day_end_ms;    /* the next midnight; 0: there is none */
	unsigned strangers;    /* members of tickets that nobody knows */
};

int64_t sim_now_ms(const struct sim *sim);
/* Is it the first time in this brokerage session? */
bool sim_is_first(struct sim *sim, enum cold cold);
bool sim_was_asked(const struct sim *sim, enum cold cold);
/* What has happened by itself until now. */
void sim_step(struct sim *sim);
/* Execute a request of the broker's interface, without pacing and faults. */
void sim_execute(struct sim *sim, const struct sim_request *request,
    struct sim_reply *reply);
/* Execute a request of the control interface. */
void sim_control(struct sim *sim, const struct sim_request *request,
    struct sim_reply *reply);
/* Queue a copy of a request. */
void sim_queue(
    struct sim *sim, const struct sim_request *request, int64_t due_ms);
/* The account that the path names; NULL after answering with an error. */
struct account *call_account(struct call *call);

#endif
