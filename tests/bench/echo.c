/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The limit of a server over a pipe pair: answers each line with one line
 * of SIZE bytes (the argument), and does nothing else.
 */

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char in[1 << 20];

static int
answer(const char *out, size_t size)
{
	while (size > 0) {
		ssize_t put = write(STDOUT_FILENO, out, size);

		if (put <= 0)
			return -1;
		out += put;
		size -= (size_t)put;
	}
	return 0;
}

int
main(int argc, char **argv)
{
	size_t size = argc > 1 ? strtoul(argv[1], NULL, 10) : 1;
	char *out = malloc(size > 0 ? size : 1);
	ssize_t got = 0;

	if (!out || size == 0)
		return 1;
	memset(out, 'x', size);
	out[size - 1] = '\n';
	while ((got = read(STDIN_FILENO, in, sizeof in)) > 0) {
		for (ssize_t i = 0; i < got; i++) {
			if (in[i] == '\n' && answer(out, size) < 0)
				return 1;
		}
	}
	free(out);
	return 0;
}
