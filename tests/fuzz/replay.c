/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The main of a fuzzer in an ordinary build: gives it every file of its
 * corpus, whole and cut in half, and then nothing at all, and says so in
 * TAP.  A fuzzer of the name fuzz-x has its corpus in tests/fuzz/corpus/x.
 */

#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char buffer[4 << 20];

static int
only_files(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* exact allocations, so that a read past the end is one for ASan */
static void
give(const char *bytes, size_t len)
{
	uint8_t *exact = malloc(len ? len : 1);

	if (!exact)
		abort();
	memcpy(exact, bytes, len);
	(void)LLVMFuzzerTestOneInput(exact, len);
	free(exact);
}

static bool
replay(const char *folder, const char *name)
{
	char path[4096];
	FILE *file;
	size_t len;

	if ((size_t)snprintf(path, sizeof path, "%s/%s", folder, name) >=
	    sizeof path)
		return false;
	file = fopen(path, "rb");
	if (!file)
		return false;
	len = fread(buffer, 1, sizeof buffer, file);
	(void)fclose(file);
	give(buffer, len);
	give(buffer, len / 2);
	return true;
}

int
main(int argc, char **argv)
{
	const char *srcdir = getenv("IAG_TEST_SRCDIR");
	const char *name = argc > 0 ? strstr(argv[0], "fuzz-") : NULL;
	struct dirent **files;
	char folder[4096];
	int count, faults = 0;

	if (!srcdir || !name) {
		printf("Bail out! run by make check, under its own name\n");
		return 99;
	}
	(void)snprintf(folder, sizeof folder, "%s/tests/fuzz/corpus/%s", srcdir,
	    name + strlen("fuzz-"));
	count = scandir(folder, &files, only_files, alphasort);
	if (count <= 0) {
		printf("1..1\nnot ok 1 - there is a corpus in %s\n", folder);
		return 1;
	}
	printf("1..%d\n", count + 1);
	for (int i = 0; i < count; i++) {
		bool done = replay(folder, files[i]->d_name);

		printf("%s %d - survives %s\n", done ? "ok" : "not ok", i + 1,
		    files[i]->d_name);
		(void)fflush(stdout);
		faults += !done;
		free(files[i]);
	}
	free(files);
	give("", 0);
	printf("ok %d - survives no input\n", count + 1);
	return faults > 0;
}
