/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Memory runs out at one allocation of the process, on whichever thread that
 * is.  The program's own malloc() stands in front of the C library's.
 */

#ifndef IAG_TESTS_UNIT_SHORTAGE_H
#define IAG_TESTS_UNIT_SHORTAGE_H

#include <stdbool.h>

/* Not with sanitizers or valgrind, which have a malloc() of their own. */
bool shortage_works(void);
/* The allocation of that number from now on, 1 being the next, fails. */
void shortage_begin(int number);
/* None fails any more; true: one has. */
bool shortage_end(void);
/* Blocks that came between the two and were not freed before the end. */
long shortage_left(void);

#endif
