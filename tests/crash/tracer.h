/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Runs a program under ptrace and counts the system calls of all its threads
 * from the one that opens a certain file; at a chosen one, before it is
 * done, the process is killed, or stopped for as long as the caller wants.
 */

#ifndef IAG_TESTS_CRASH_TRACER_H
#define IAG_TESTS_CRASH_TRACER_H

#include <stdbool.h>
#include <sys/types.h>

struct trace {
	/* Set by the caller: */
	const char *from; /* last part of the path of the file that arms it */
	unsigned at;      /* the call to end before, from 1; 0: never */
	bool stops;       /* stay there instead of dying, see trace_resume() */
	/* Told: */
	pid_t pid;
	unsigned seen; /* calls since it was armed */
	bool reached;  /* at was */
	int status;    /* of the process, as of waitpid(); 0 while stopped */
	char output[65536]; /* both streams, as far as they fit */
	/* Its own: */
	int out;
	bool armed;
	pid_t held; /* the thread at the chosen call */
};

/*
 * Run it to its end, or to the chosen call where trace->stops.  argv[0] is
 * the program's path.  False: it could not be traced here.
 */
bool trace_run(struct trace *trace, char *const argv[]);
/* Let a stopped one go on, to its end. */
void trace_resume(struct trace *trace);

#endif
