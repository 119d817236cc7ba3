/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* See journal-kit.h. */

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "journal-kit.h"

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

void
kit_remove(const char *path)
{
	(void)nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

void
kit_init(struct kit *kit)
{
	const char *tmp = getenv("TMPDIR");
	const char *dir = getenv("IAG_TEST_PLUGINDIR");
	const char *build = getenv("IAG_TEST_BUILDDIR");
	char plugins[4096], faulty[4096];
	char *items[] = { plugins, faulty, NULL };
	struct config_list dirs = { items, 2 };

	memset(kit, 0, sizeof(*kit));
	(void)snprintf(
	    plugins, sizeof(plugins), "%s", dir ? dir : "stage/plugins-1");
	(void)snprintf(faulty, sizeof(faulty), "%s/tests/crash/.libs",
	    build ? build : ".");
	(void)snprintf(kit->base, sizeof(kit->base), "%s/iag-journal.XXXXXX",
	    tmp ? tmp : "/tmp");
	assert_non_null(mkdtemp(kit->base));
	(void)snprintf(kit->path, sizeof(kit->path), "%s/store", kit->base);
	kit->secret = KIT_SECRET;
	kit->config = config_new();
	assert_non_null(kit->config);
	kit->host = host_new(&dirs, kit->config);
	assert_non_null(kit->host);
	kit_plugin(kit, "lmdb");
}

void
kit_plugin(struct kit *kit, const char *name)
{
	if (host_load(
		kit->host, IAG_KIND_STORE, name, &kit->plugin, &kit->err) < 0)
		fail_msg("%s", err_text(&kit->err));
}

void
kit_fini(struct kit *kit)
{
	kit_close(kit);
	assert_true(host_free(kit->host));
	config_free(kit->config);
	err_fini(&kit->err);
	kit_remove(kit->base);
}

int
kit_store(struct kit *kit, bool read_only)
{
	struct instance_option options[4] = {
		{ "path", kit->path },
		{ "read_only", read_only ? "true" : "false" },
	};
	size_t count = 2;

	if (kit->map_mib)
		options[count++] =
		    (struct instance_option){ "map_mib", kit->map_mib };
	if (kit->fault)
		options[count++] =
		    (struct instance_option){ "fault", kit->fault };
	err_fini(&kit->err);
	return instance_open(kit->host, kit->plugin, "store", options, count,
	    &kit->store, &kit->err);
}

int
kit_try(struct kit *kit, enum journal_mode mode)
{
	struct secret *secret = secret_new(kit->secret, strlen(kit->secret));
	int rc = kit_store(kit, mode == JOURNAL_READ_ONLY);

	assert_non_null(secret);
	if (rc == 0)
		rc = journal_open(kit->store, secret, kit->config, mode,
		    &kit->journal, &kit->err);
	secret_free(secret);
	if (rc < 0)
		kit_close(kit);
	return rc;
}

void
kit_open(struct kit *kit, enum journal_mode mode)
{
	if (kit_try(kit, mode) < 0)
		fail_msg("%s", err_text(&kit->err));
}

void
kit_close(struct kit *kit)
{
	journal_close(STEAL(kit->journal));
	instance_close(STEAL(kit->store));
}

int
kit_record(struct kit *kit, const char *tool)
{
	const struct audit_event event = {
		.event_type = "tool_completed",
		.principal = "agent:local-agent",
		.principal_kind = "agent",
		.account = "DU1234567",
		.tool_name = tool,
		.scope = "ibkr:health:read",
		.decision = "allow",
		.result_status = "completed",
		.input = { "{}", 2 },
		.output = { "{\"ok\":true}", 11 },
	};

	err_fini(&kit->err);
	return journal_record(kit->journal, NULL, &event, &kit->err);
}

void
kit_records(struct kit *kit, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		if (kit_record(kit, "ibkr_health") < 0)
			fail_msg("%s", err_text(&kit->err));
}

struct audit_verdict
kit_verify(struct kit *kit, unsigned flags)
{
	struct audit_verdict verdict;

	err_fini(&kit->err);
	if (audit_verify(kit->journal, 0, UINT64_MAX, flags, NULL, NULL, NULL,
		&verdict, &kit->err) < 0)
		fail_msg("%s", err_text(&kit->err));
	return verdict;
}

static void
copy_file(const char *from, const char *to, const char *name)
{
	char path[1024], chunk[65536];
	ssize_t n;

	(void)snprintf(path, sizeof(path), "%s/%s", from, name);
	CLEANUP_CLOSE int in = open(path, O_RDONLY | O_CLOEXEC);
	(void)snprintf(path, sizeof(path), "%s/%s", to, name);
	CLEANUP_CLOSE int out =
	    open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(in >= 0 && out >= 0);
	while ((n = read(in, chunk, sizeof(chunk))) > 0)
		assert_int_equal(n, write(out, chunk, (size_t)n));
}

void
kit_copy(const char *from, const char *to)
{
	assert_true(mkdir(to, 0700) == 0 || errno == EEXIST);
	copy_file(from, to, "data.mdb");
}
