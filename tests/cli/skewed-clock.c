/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Put in front of libc: the wall clock is IAG_TEST_AHEAD seconds ahead, so
 * that a test of the real program need not wait; or as many as the file
 * IAG_TEST_AHEAD_FILE says at that moment, so that it can be set.
 */

#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static long
ahead(void)
{
	const char *text = getenv("IAG_TEST_AHEAD");
	const char *path = getenv("IAG_TEST_AHEAD_FILE");
	char read_text[32] = "";
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;

	if (fd >= 0) {
		if (read(fd, read_text, sizeof read_text - 1) > 0)
			text = read_text;
		(void)close(fd);
	}
	return text ? strtol(text, NULL, 10) : 0;
}

__attribute__((visibility("default"))) int
clock_gettime(clockid_t id, struct timespec *time)
{
	int ret = (int)syscall(SYS_clock_gettime, id, time);

	if (ret == 0 && id == CLOCK_REALTIME)
		time->tv_sec += ahead();
	return ret;
}
