/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * A simulator without sockets on a clock that the test moves: requests go in,
 * answers come out as JSON.
 */

#ifndef IAG_TEST_SIM_KIT_H
#define IAG_TEST_SIM_KIT_H

#include <json-c/json_object.h>

#include "base/json.h"
#include "sim/sim.h"

/* What came back, kept until the next request. */
struct sim_kit {
	struct sim *sim;
	struct sim_reply reply;
	struct json_object *json; /* NULL: the body was no JSON */
};

/* Ready to trade, on a paper login, without limits, at START_MS. */
#define SIM_KIT_START_MS INT64_C(1785247200000) /* 2026-07-28T14:00:00Z */
void sim_kit_init(struct sim_kit *kit);
void sim_kit_init_with(struct sim_kit *kit, const struct sim_settings *with);
void sim_kit_fini(struct sim_kit *kit);
struct sim_settings sim_kit_settings(void);

/* A request of the broker's interface ("/iserver/accounts"): its status. */
int sim_kit_ask(struct sim_kit *kit, const char *method, const char *path,
    const char *body);
/* A POST of the control interface, which has to be taken. */
void sim_kit_control(struct sim_kit *kit, const char *noun, const char *body);
/* A GET of the control interface. */
void sim_kit_see(struct sim_kit *kit, const char *noun);
void sim_kit_advance(struct sim_kit *kit, int64_t ms);

/* "0.orders.2.status" of the last answer as text; NULL: it is not there. */
const char *sim_kit_get(const struct sim_kit *kit, const char *path);
#define assert_answer(kit, path, text) \
	assert_string_equal(sim_kit_get((kit), (path)), (text))

/* A limit order of DU1234567 for AAPL as a ticket: "BUY", "5", "199.60". */
#define TICKET(coid, side, quantity, price)                             \
	"{\"acctId\":\"DU1234567\",\"conid\":265598,\"cOID\":\"" coid   \
	"\",\"orderType\":\"LMT\",\"price\":" price ",\"side\":\"" side \
	"\",\"tif\":\"GTC\",\"quantity\":" quantity "}"
#define CHILD(parent, type, side, quantity, price)                           \
	"{\"acctId\":\"DU1234567\",\"conid\":265598,\"parentId\":\"" parent  \
	"\",\"orderType\":\"" type "\",\"price\":" price ",\"side\":\"" side \
	"\",\"tif\":\"GTC\",\"quantity\":" quantity "}"
#define PLACE "/iserver/account/DU1234567/orders"

#endif
