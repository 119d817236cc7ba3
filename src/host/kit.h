/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * What the groups of the contract kit share.  A check collects expectations;
 * the first that does not hold is its text.
 */

#ifndef IAG_HOST_KIT_H
#define IAG_HOST_KIT_H

#include "host/context.h"
#include "host/host.h"
#include "host/instance.h"
#include "host/plugin.h"

#define KIT_OPTIONS 256

/* What a group tells its parent, which has to say how it ended. */
struct kit_shared {
	uint32_t kind;
	char doing[160]; /* callbacks that run now, or did last */
	bool ended;      /* the group has come to its end */
};

struct kit {
	const char *path; /* of the plugin */
	const char *tmp;  /* an empty folder */
	int fd;           /* for the lines */
	struct kit_shared *shared;
	bool hangs; /* a group had to be ended: no others are begun */
	struct host *host;
	struct plugin *plugin;
	struct instance_option options[KIT_OPTIONS];
	size_t option_count;
	/* options that go before made-up ones */
	const struct instance_option *given;
	size_t given_count;
	/* the check that runs */
	bool failed;
	const char *name;
	char fault[512];
	char note[256]; /* shown if it has passed */
};

struct kit_group {
	const char *name;
	uint32_t kind; /* 0: every kind */
	void (*run)(struct kit *kit);
};

extern const struct kit_group kit_backend_groups[];
extern const size_t kit_backend_group_count;
extern const struct kit_group kit_writer_groups[];
extern const size_t kit_writer_group_count;
extern const struct kit_group kit_store_groups[];
extern const size_t kit_store_group_count;

void kit_line(
    struct kit *kit, const char *name, const char *result, const char *text);
void kit_begin(struct kit *kit, const char *name);
/*
 * ok as given; the format says what was expected and what was found.  Never
 * call in one of the arguments what sets another: see kit_expect_ok().
 */
bool kit_expect(struct kit *kit, bool ok, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* A function returned 0; if not, its error is the text. */
bool kit_expect_ok(
    struct kit *kit, int result, const char *what, const struct err *err);
/* Worth saying although the check has passed; the first is kept. */
void kit_note(struct kit *kit, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Names the callback that is about to run. */
void kit_doing(struct kit *kit, const char *callback);
/* Is it what the operation may answer?  Members that nobody knows are noted. */
struct answer;
void kit_judge_answer(
    struct kit *kit, const char *operation, const struct answer *answer);
/* Arguments that the operation can be asked with. */
void kit_arguments(const char *operation, struct buf *out);
bool kit_knows(const char *operation);
/* The line of the check; true if it has passed. */
bool kit_end(struct kit *kit);
void kit_skip(struct kit *kit, const char *name, const char *why);

/* Load the plugin and make up values for the options that it requires. */
bool kit_load(struct kit *kit, const struct iag_host *services);
struct instance *kit_open(struct kit *kit);
/* Close what is open; false and a failed expectation if one is stuck. */
bool kit_close(struct kit *kit);

/* A raw context, for callbacks that the kit calls itself. */
struct iag_ctx *kit_context(
    struct kit *kit, struct instance *instance, const char *callback);
/* The result is 0, or a class of the ABI with a text. */
void kit_expect_result(struct kit *kit, struct iag_ctx *ctx, int32_t result);

#endif
