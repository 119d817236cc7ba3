/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Put in front of libc: the wall clock is IAG_TEST_AHEAD seconds ahead, so
 * that a test of the real program need not wait.
 */

#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

__attribute__((visibility("default"))) int
clock_gettime(clockid_t id, struct timespec *time)
{
	const char *ahead = getenv("IAG_TEST_AHEAD");
	int ret = (int)syscall(SYS_clock_gettime, id, time);

	if (ret == 0 && id == CLOCK_REALTIME && ahead)
		time->tv_sec += strtol(ahead, NULL, 10);
	return ret;
}
