/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The contract kit: runs any plugin file through what the ABI promises, in
 * processes of its own, because a plugin that breaks the promise may crash
 * or hang.  `plugins check FILE`, the tests and authors of plugins use it.
 */

#ifndef IAG_HOST_CHECK_H
#define IAG_HOST_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "host/host.h"

/* Time that one group of checks may take; there are about ten. */
#define PLUGIN_CHECK_GROUP_S 60

struct answer;

/*
 * What the layers above know of operations: whether there is one of that name,
 * what it is asked with, and whether an answer may be shown
 * (BROKER_RESPONSE_INVALID: no, and why).  strangers: members that would be
 * taken out.
 */
struct plugin_judge {
	bool (*is_known)(const char *operation);
	void (*arguments)(const char *operation, struct buf *out);
	int (*answer)(const char *operation, const struct answer *answer,
	    struct buf *strangers, struct err *err);
};
/* Before the kit runs; without one, answers need only be JSON. */
void plugin_check_set_judge(const struct plugin_judge *judge);

/*
 * Run the kit and write one JSON line for each check to out_fd:
 * {"check":...,"result":"passed"|"failed"|"skipped","text":...}.  Each group
 * of checks runs in a forked process, so this one must have a single thread.
 * group_seconds: 0 for PLUGIN_CHECK_GROUP_S.  The number of failed checks.
 */
int plugin_check_child(const char *path, int out_fd, unsigned group_seconds);
/*
 * The same for one group, "answers" for example, and none before it, or for
 * all (NULL); with options that go before those that the kit makes up.
 */
int plugin_check_group(const char *path, int out_fd, unsigned group_seconds,
    const char *group, const struct instance_option *options,
    size_t option_count);

/*
 * Run argv (NULL-terminated; argv[0] is the path of a program that calls
 * plugin_check_child with out_fd 1) and collect its lines into one object:
 * {"passed":bool,"checks":[...]}.  seconds: for all of it.  0 also when
 * checks failed; *ret_passed tells.  A program that crashes or hangs is a
 * failed check, too.  INTERNAL_ERROR if it cannot be run at all.
 */
int plugin_check_run(const char *const *argv, unsigned seconds,
    struct buf *report, bool *ret_passed, struct err *err);

#endif
