/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* What every measurement needs: the clock, the median and a line of result. */

#ifndef IAG_BENCH_FIGURE_H
#define IAG_BENCH_FIGURE_H

#include <stddef.h>

/* Monotonic, in seconds. */
double now_s(void);
/* Sorts the values. */
double median_of(double *values, size_t count);
/* One line; sense: "<=" or ">=", how value is to stand to target. */
void report_figure(
    const char *what, double value, const char *sense, double target);

#endif
