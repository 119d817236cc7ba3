/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* Plain pipes and blocking reads: the client should cost little. */

#include "peer.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CHUNK = 65536 };

void
bench_fail(const char *what)
{
	(void)fprintf(stderr, "bench: %s: %s\n", what, strerror(errno));
	exit(1);
}

const char *
bench_env(const char *name)
{
	const char *value = getenv(name);

	if (!value) {
		(void)fprintf(stderr,
		    "bench: %s is not set: run it by `make bench`\n", name);
		exit(1);
	}
	return value;
}

static void
run(const char *const *argv, int in, int out)
{
	int null = open("/dev/null", O_WRONLY);

	(void)dup2(in, STDIN_FILENO);
	(void)dup2(out, STDOUT_FILENO);
	(void)dup2(null, STDERR_FILENO);
	(void)execvp(argv[0], (char *const *)(uintptr_t)argv);
	_exit(127);
}

void
peer_start(struct peer *peer, const char *const *argv)
{
	int to[2], from[2];

	if (pipe2(to, O_CLOEXEC) < 0 || pipe2(from, O_CLOEXEC) < 0)
		bench_fail("pipe");
	*peer = (struct peer){ .in = to[1], .out = from[0] };
	peer->pid = fork();
	if (peer->pid < 0)
		bench_fail("fork");
	if (peer->pid == 0)
		run(argv, to[0], from[1]);
	(void)close(to[0]);
	(void)close(from[1]);
}

void
peer_say(struct peer *peer, const char *text, size_t len)
{
	while (len > 0) {
		ssize_t put = write(peer->in, text, len);

		if (put <= 0)
			bench_fail("the peer does not listen");
		text += put;
		len -= (size_t)put;
	}
}

static void
peer_read(struct peer *peer)
{
	ssize_t got = 0;

	if (peer->rest_cap - peer->rest_len < CHUNK) {
		peer->rest_cap = peer->rest_len + 2 * CHUNK;
		peer->rest = realloc(peer->rest, peer->rest_cap);
		if (!peer->rest)
			bench_fail("memory");
	}
	got = read(peer->out, peer->rest + peer->rest_len, CHUNK);
	if (got <= 0)
		bench_fail("the peer does not answer");
	peer->rest_len += (size_t)got;
}

/* The line stays at the front of rest, marked by a NUL for its newline. */
size_t
peer_hear(struct peer *peer, const char **ret_line)
{
	static char *line;
	static size_t line_cap;
	size_t seen = 0;
	char *end = NULL;

	for (;;) {
		if (peer->rest_len > seen)
			end = memchr(
			    peer->rest + seen, '\n', peer->rest_len - seen);
		if (end)
			break;
		seen = peer->rest_len;
		peer_read(peer);
	}
	seen = (size_t)(end - peer->rest) + 1;
	if (ret_line) {
		if (line_cap < seen) {
			line_cap = seen;
			line = realloc(line, line_cap);
			if (!line)
				bench_fail("memory");
		}
		memcpy(line, peer->rest, seen);
		line[seen - 1] = '\0';
		*ret_line = line;
	}
	peer->rest_len -= seen;
	memmove(peer->rest, peer->rest + seen, peer->rest_len);
	return seen;
}

void
peer_end(struct peer *peer)
{
	(void)close(peer->in);
	if (waitpid(peer->pid, NULL, 0) < 0)
		bench_fail("waitpid");
	(void)close(peer->out);
	free(peer->rest);
}

unsigned long
peer_number(const struct peer *peer, const char *name, const char *mark)
{
	char path[64], text[256];
	unsigned long number = 0;
	FILE *file = NULL;

	(void)snprintf(path, sizeof path, "/proc/%d/%s", (int)peer->pid, name);
	file = fopen(path, "re");
	if (!file)
		bench_fail(path);
	while (fgets(text, sizeof text, file)) {
		if (strncmp(text, mark, strlen(mark)) == 0)
			number = strtoul(text + strlen(mark), NULL, 10);
	}
	(void)fclose(file);
	return number;
}

long
peer_anon_kib(const struct peer *peer)
{
	return (long)peer_number(peer, "status", "RssAnon:");
}
