/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* A process that answers lines with lines. */

#ifndef IAG_BENCH_PEER_H
#define IAG_BENCH_PEER_H

#include <stddef.h>

#include <sys/types.h>

struct peer {
	pid_t pid;
	int in, out;
	char *rest; /* read, but not yet asked for */
	size_t rest_len, rest_cap;
};

/* argv as for execvp(); exits the bench when the program cannot be run. */
void peer_start(struct peer *peer, const char *const *argv);
void peer_say(struct peer *peer, const char *text, size_t len);
/* The next line's length with its newline; the line is in rest until then. */
size_t peer_hear(struct peer *peer, const char **ret_line);
/* Close its input and wait for its end. */
void peer_end(struct peer *peer);
/* The number behind mark in a file of /proc/PID. */
unsigned long peer_number(
    const struct peer *peer, const char *name, const char *mark);
/* RssAnon of the process, in KiB. */
long peer_anon_kib(const struct peer *peer);

void bench_fail(const char *what) __attribute__((noreturn));
/* A variable that the bench cannot do without. */
const char *bench_env(const char *name);

#endif
