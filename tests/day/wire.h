/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The HTTP module of a program that has the simulator inside: requests go in
 * and answers come out without a socket, in the time of still.h.
 */

#ifndef IAG_TESTS_DAY_WIRE_H
#define IAG_TESTS_DAY_WIRE_H

#include <json-c/json_object.h>

#include "sim/sim.h"

/* A simulator of this program's own, until wire_end(). */
void wire_begin(const struct sim_settings *settings);
void wire_end(void);

/* A request of the control interface; its answer, which is yours. */
struct json_object *wire_control(
    const char *method, const char *noun, const char *body);

#endif
