/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

#include "figure.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include <time.h>

double
now_s(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static int
compare(const void *a, const void *b)
{
	double left = *(const double *)a, right = *(const double *)b;

	return (left > right) - (left < right);
}

double
median_of(double *values, size_t count)
{
	qsort(values, count, sizeof *values, compare);
	return values[count / 2];
}

void
report_figure(const char *what, double value, const char *sense, double target)
{
	bool reached = sense[0] == '<' ? value <= target : value >= target;

	(void)printf("%-58s %7.2f  target %s %.2f  %s\n", what, value, sense,
	    target, reached ? "reached" : "MISSED");
}
