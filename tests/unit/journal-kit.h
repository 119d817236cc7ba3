/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* A journal over the built LMDB store in a directory of its own. */

#ifndef IAG_TESTS_UNIT_JOURNAL_KIT_H
#define IAG_TESTS_UNIT_JOURNAL_KIT_H

#include "host/host.h"
#include "host/store.h"
#include "journal/audit.h"
#include "journal/journal.h"

#define KIT_SECRET "0123456789abcdef0123456789abcdef"

struct kit {
	struct host *host;
	struct config *config;
	struct plugin *plugin;
	char base[512]; /* a fresh directory */
	char path[544]; /* base/store */
	const char *secret;
	const char *map_mib; /* NULL: the default */
	const char *fault;   /* NULL, or the option "fault" of the plugin */
	struct instance *store;
	struct journal *journal;
	struct err err; /* of the last kit_try() */
};

void kit_init(struct kit *kit);
void kit_fini(struct kit *kit);
/* Use another store plugin: one of tests/crash. */
void kit_plugin(struct kit *kit, const char *name);
/* Open kit->path; results other than 0 leave nothing open. */
int kit_try(struct kit *kit, enum journal_mode mode);
void kit_open(struct kit *kit, enum journal_mode mode);
void kit_close(struct kit *kit);
/* Only the store; for tests of the plugin. */
int kit_store(struct kit *kit, bool read_only);

/* One "tool_completed" record of tool. */
int kit_record(struct kit *kit, const char *tool);
void kit_records(struct kit *kit, unsigned count);
struct audit_verdict kit_verify(struct kit *kit, unsigned flags);
/* Copy the store's two files to another directory. */
void kit_copy(const char *from, const char *to);
void kit_remove(const char *path);

#endif
