/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The loader: what it finds, what it refuses, and that each refusal says
 * what was expected and what was found.
 */

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "host/host.h"
#include "ibkr-agent/plugin.h"

static char probe_dir[4096];
static char hostile_dir[4096];
static char own_dir[4096]; /* a folder of this test's own */

static struct host *
new_host(const char *dir)
{
	char *items[] = { (char *)(uintptr_t)dir, NULL };
	struct config_list dirs = { items, 1 };
	struct host *host = host_new(&dirs, NULL);

	assert_non_null(host);
	return host;
}

static void
expect(const struct err *err, enum err_code code, const char *part)
{
	assert_int_equal(code, err->code);
	if (!strstr(err_text(err), part))
		fail_msg("'%s' is not in: %s", part, err_text(err));
}

static void
copy_file(const char *from, const char *to)
{
	CLEANUP_CLOSE int in = open(from, O_RDONLY | O_CLOEXEC);
	CLEANUP_CLOSE int out =
	    open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
	char chunk[65536];
	ssize_t n;

	assert_true(in >= 0 && out >= 0);
	while ((n = read(in, chunk, sizeof chunk)) > 0)
		assert_int_equal(n, write(out, chunk, (size_t)n));
	assert_int_equal(0, n);
	assert_int_equal(0, fchmod(out, 0755));
}

/* The path of a copy of the probe in the folder of this test. */
static char *
own_copy(const char *name)
{
	char *from;
	char *to;

	assert_true(asprintf(&from, "%s/backend-probe.so", probe_dir) > 0);
	assert_true(asprintf(&to, "%s/%s", own_dir, name) > 0);
	copy_file(from, to);
	free(from);
	return to;
}

static void
test_every_fault_of_a_descriptor_is_refused_with_its_reason(void **state)
{
	static const struct {
		const char *file;
		const char *part;
	} cases[] = {
		{ "backend-symbol",
		    "expected the symbol 'iag_plugin_1' (plugin ABI 1)" },
		{ "backend-major",
		    "found 'iag_plugin_2': it is made for plugin ABI 2" },
		{ "backend-null", "returned a null pointer" },
		{ "backend-short-descriptor",
		    "the descriptor has struct_size 136, expected 96 (ABI 1.0) or at least 144" },
		{ "backend-short-table",
		    "the backend table has struct_size 24, expected 32 (ABI "
		    "1.0) or at least 40" },
		{ "backend-kind-number", "has kind 77, expected 1 (backend)" },
		{ "writer-backend",
		    "says that it is a backend, the file name says writer" },
		{ "backend-name-bad", "has the name 'Bad_Name', expected 1" },
		{ "backend-name-other",
		    "has the name 'somebody-else', the file name says "
		    "'name-other'" },
		{ "backend-need", "needs 0x40, which this host does not" },
		{ "backend-model",
		    "thread_model 2500, expected 1000, 2000 or 3000" },
		{ "backend-no-instance", "has no instance table" },
		{ "backend-no-ops", "has no table of its kind" },
		{ "backend-no-query", "lacks 'query', which is mandatory" },
		{ "backend-reserved", "0x1 in a reserved member, expected 0" },
		{ "backend-operation-name", "operation 1 is 'Get Health'" },
		{ "backend-operation-null", "operation 1 is '(null)'" },
		{ "backend-operation-twice", "'health' is listed twice" },
		{ "backend-option-type",
		    "option 'speed': expected a type 1 to 6, found '99'" },
		{ "backend-option-key", "has the key 'Speed!', expected" },
		{ "backend-option-default",
		    "the default does not fit: expected 1..10, got '11'" },
		{ "backend-option-bound", "min is no such value, found 'low'" },
		{ "backend-option-choices", "a choice needs choices" },
		{ "backend-option-twice", "the key is there twice" },
		{ "backend-option-flags",
		    "expected flags of 0x3, found '0x80'" },
		{ "backend-option-size", "option_size 16, expected 56" },
		{ "backend-summary", "has no summary: one line of 1 to 200" },
		{ "backend-option-help", "expected one line of help" },
		{ "backend-load-refuses",
		    "refuses to be loaded: this machine has no modem" },
		{ "backend-load-fails",
		    "'load' failed with IAG_NOTSUP and did not say why" },
		{ "backend-undefined",
		    "cannot be loaded: undefined symbol: nobody_defines" },
		{ "store-serial", "thread_model 2000, expected 3000" },
		{ "store-empty", "the store table lacks 'begin'" },
		{ "writer-empty", "the writer table lacks 'submit'" },
	};
	struct host *host = new_host(hostile_dir);
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_COUNT(cases); i++) {
		CLEANUP_ERR struct err err = ERR_INIT;
		CLEANUP_FREE char *path = NULL;
		struct plugin *plugin = NULL;

		assert_true(asprintf(&path, "%s/%s.so", hostile_dir,
				cases[i].file) > 0);
		if (host_load_file(host, path, &plugin, &err) == 0)
			fail_msg("'%s' was loaded", cases[i].file);
		expect(&err, ERR_PLUGIN_INVALID, cases[i].part);
		expect(&err, ERR_PLUGIN_INVALID, path);
		assert_null(plugin);
	}
	assert_true(host_free(host));
}

static void
test_missing_plugin_lists_the_folders(void **state)
{
	CLEANUP_ERR struct err err = ERR_INIT;
	struct host *host = new_host(own_dir);
	struct plugin *plugin;

	(void)state;
	assert_int_equal(IAG_NOTFOUND,
	    host_load(host, IAG_KIND_STORE, "no_such_store", &plugin, &err));
	expect(&err, ERR_PLUGIN_NOT_FOUND, "'store-no-such-store.so'");
	expect(&err, ERR_PLUGIN_NOT_FOUND, own_dir);
	expect(&err, ERR_PLUGIN_NOT_FOUND, "plugins-1");
	assert_true(host_free(host));
}

static void
test_name_that_is_none_is_refused(void **state)
{
	static const char *const names[] = { "../fake", "/tmp/x", "", "-a",
		"Fake", "a.b", "a b",
		"a23456789012345678901234567890123456789012" };
	struct host *host = new_host(probe_dir);
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_COUNT(names); i++) {
		CLEANUP_ERR struct err err = ERR_INIT;
		struct plugin *plugin;

		assert_true(host_load(host, IAG_KIND_BACKEND, names[i], &plugin,
				&err) < 0);
		expect(&err, ERR_PLUGIN_INVALID,
		    strchr(names[i], '/') ? "never contains a slash"
					  : "expected a name of");
	}
	assert_true(host_free(host));
}

static void
test_underscore_and_dash_are_alike_and_the_object_is_the_same(void **state)
{
	struct host *host = new_host(probe_dir);
	struct host *other = new_host(probe_dir);
	struct plugin *one = NULL;
	struct plugin *two = NULL;

	(void)state;
	assert_int_equal(
	    0, host_load(host, IAG_KIND_BACKEND, "probe_serial", &one, NULL));
	assert_int_equal(
	    0, host_load(other, IAG_KIND_BACKEND, "probe-serial", &two, NULL));
	assert_ptr_equal(one, two);
	assert_string_equal("probe-serial", plugin_name(one));
	assert_int_equal(IAG_KIND_BACKEND, plugin_kind(one));
	assert_true(host_free(host));
	assert_true(host_free(other));
}

static void
test_file_or_folder_that_others_can_write_is_refused(void **state)
{
	CLEANUP_FREE char *path = own_copy("backend-probe.so");
	struct host *host = new_host(own_dir);
	CLEANUP_ERR struct err err = ERR_INIT;
	struct plugin *plugin = NULL;

	(void)state;
	assert_int_equal(0, chmod(path, 0775));
	assert_true(
	    host_load(host, IAG_KIND_BACKEND, "probe", &plugin, &err) < 0);
	expect(&err, ERR_PLUGIN_INVALID, "is writable by others (mode 0775)");
	assert_int_equal(0, chmod(path, 0757));
	assert_true(
	    host_load(host, IAG_KIND_BACKEND, "probe", &plugin, &err) < 0);
	expect(&err, ERR_PLUGIN_INVALID, "is writable by others (mode 0757)");
	assert_int_equal(0, chmod(path, 0755));
	assert_int_equal(0, chmod(own_dir, 0777));
	assert_true(
	    host_load(host, IAG_KIND_BACKEND, "probe", &plugin, &err) < 0);
	expect(&err, ERR_PLUGIN_INVALID, "the folder '");
	assert_int_equal(0, chmod(own_dir, 0755));
	assert_int_equal(
	    0, host_load(host, IAG_KIND_BACKEND, "probe", &plugin, &err));
	assert_int_equal(0, unlink(path));
	assert_true(host_free(host));
}

static void
test_file_of_another_owner_is_refused(void **state)
{
	CLEANUP_FREE char *path = NULL;
	CLEANUP_ERR struct err err = ERR_INIT;
	struct plugin *plugin = NULL;
	struct host *host;

	(void)state;
	if (geteuid() != 0)
		skip(); /* only root can give a file away */
	path = own_copy("backend-probe.so");
	host = new_host(own_dir);
	assert_int_equal(0, chown(path, 12345, (gid_t)-1));
	assert_true(
	    host_load(host, IAG_KIND_BACKEND, "probe", &plugin, &err) < 0);
	expect(
	    &err, ERR_PLUGIN_INVALID, "belongs to user 12345, expected root");
	assert_int_equal(0, unlink(path));
	assert_true(host_free(host));
}

static void
test_link_in_a_folder_that_others_can_write_is_refused(void **state)
{
	CLEANUP_FREE char *target = NULL;
	CLEANUP_FREE char *folder = NULL;
	CLEANUP_FREE char *link_path = NULL;
	CLEANUP_ERR struct err err = ERR_INIT;
	struct host *host = new_host(own_dir);
	struct plugin *plugin = NULL;

	(void)state;
	assert_true(asprintf(&target, "%s/backend-probe.so", probe_dir) > 0);
	assert_true(asprintf(&folder, "%s/open", own_dir) > 0);
	assert_true(asprintf(&link_path, "%s/backend-probe.so", folder) > 0);
	assert_int_equal(0, mkdir(folder, 0755));
	assert_int_equal(0, symlink(target, link_path));
	assert_int_equal(0, host_load_file(host, link_path, &plugin, &err));
	assert_int_equal(0, chmod(folder, 0777));
	assert_true(host_load_file(host, link_path, &plugin, &err) < 0);
	expect(&err, ERR_PLUGIN_INVALID, "is writable by others");
	assert_int_equal(0, unlink(link_path));
	assert_int_equal(0, rmdir(folder));
	assert_true(host_free(host));
}

static void
write_file(const char *path, const char *text)
{
	CLEANUP_CLOSE int fd =
	    open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(strlen(text), write(fd, text, strlen(text)));
	assert_int_equal(0, fchmod(fd, 0644));
}

static void
test_what_is_no_shared_object_is_refused(void **state)
{
	static const char *const texts[] = { "", "#!/bin/sh\n", "\177ELF" };
	static const char *const parts[] = { "expected an ELF shared object",
		"expected an ELF shared object", "cannot be loaded: " };
	CLEANUP_FREE char *path = NULL;
	struct host *host = new_host(own_dir);
	size_t i;

	(void)state;
	assert_true(asprintf(&path, "%s/backend-odd.so", own_dir) > 0);
	for (i = 0; i < ARRAY_COUNT(texts); i++) {
		CLEANUP_ERR struct err err = ERR_INIT;
		struct plugin *plugin = NULL;

		write_file(path, texts[i]);
		assert_true(host_load(host, IAG_KIND_BACKEND, "odd", &plugin,
				&err) < 0);
		expect(&err, ERR_PLUGIN_INVALID, parts[i]);
		/* The path once, not again in dlopen's words. */
		assert_null(strstr(strstr(err_text(&err), path) + 1, path));
	}
	assert_int_equal(0, unlink(path));
	assert_int_equal(0, mkdir(path, 0755));
	{
		CLEANUP_ERR struct err err = ERR_INIT;
		struct plugin *plugin = NULL;

		assert_true(host_load(host, IAG_KIND_BACKEND, "odd", &plugin,
				&err) < 0);
		expect(&err, ERR_PLUGIN_INVALID, "expected a regular file");
	}
	assert_int_equal(0, rmdir(path));
	assert_true(host_free(host));
}

static const struct plugin_file *
find_file(const struct plugin_file *files, size_t count, const char *base)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (strstr(files[i].path, base))
			return &files[i];
	fail_msg("'%s' was not found", base);
	abort();
}

static void
test_scan_shows_good_and_refused_files_with_their_hash(void **state)
{
	CLEANUP_FREE char *good = own_copy("backend-probe.so");
	CLEANUP_FREE char *odd = NULL;
	CLEANUP_ERR struct err err = ERR_INIT;
	const struct plugin_file *file;
	struct plugin_file *files = NULL;
	struct host *host = new_host(own_dir);
	size_t count = 0;

	(void)state;
	assert_true(asprintf(&odd, "%s/writer-odd.so", own_dir) > 0);
	write_file(odd, "not a plugin");
	assert_int_equal(0, host_scan(host, &files, &count, &err));
	file = find_file(files, count, "/backend-probe.so");
	assert_non_null(file->description);
	assert_int_equal(64, strlen(file->sha256));
	assert_string_equal("probe", file->name);
	file = find_file(files, count, "/writer-odd.so");
	assert_null(file->description);
	assert_int_equal(IAG_KIND_WRITER, file->kind);
	assert_string_equal("c6c74590250e3d5d3e3ea67cd2074d7e"
			    "4689b25a30b8dd137999c3ed6e00858e",
	    file->sha256);
	expect(&file->fault, ERR_PLUGIN_INVALID, "expected an ELF");
	plugin_files_free(files, count);
	assert_int_equal(0, unlink(good));
	assert_int_equal(0, unlink(odd));
	assert_true(host_free(host));
}

static void
test_description_is_json_and_complete(void **state)
{
	static const char *const keys[] = { "name", "kind", "version",
		"summary", "path", "sha256", "abi_major", "abi_minor",
		"struct_size", "table_size", "thread_model", "options",
		"operations" };
	CLEANUP_JSON struct json_object *root = NULL;
	CLEANUP_BUF struct buf text = BUF_INIT;
	CLEANUP_ERR struct err err = ERR_INIT;
	struct host *host = new_host(probe_dir);
	struct plugin *plugin = NULL;
	size_t i;

	(void)state;
	assert_int_equal(
	    0, host_load(host, IAG_KIND_BACKEND, "probe", &plugin, &err));
	plugin_describe(plugin, &text);
	if (json_parse(buf_text(&text), text.len, &json_bounds_default, &root,
		&err) < 0)
		fail_msg("%s in %s", err_text(&err), buf_text(&text));
	for (i = 0; i < ARRAY_COUNT(keys); i++)
		if (!json_get(root, keys[i]))
			fail_msg("'%s' is missing", keys[i]);
	assert_string_equal("parallel", json_get_str(root, "thread_model", ""));
	assert_true(host_free(host));
}

static int
set_up(void **state)
{
	const char *build = getenv("IAG_TEST_BUILDDIR");
	const char *tmp = getenv("TMPDIR");

	(void)state;
	build = build ? build : ".";
	(void)snprintf(
	    probe_dir, sizeof probe_dir, "%s/tests/plug/.libs", build);
	(void)snprintf(
	    hostile_dir, sizeof hostile_dir, "%s/tests/plug/hostile", build);
	(void)snprintf(
	    own_dir, sizeof own_dir, "%s/host-load.XXXXXX", tmp ? tmp : "/tmp");
	if (!mkdtemp(own_dir) || chmod(own_dir, 0755) < 0)
		return -1;
	(void)chmod(probe_dir, 0755);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	return rmdir(own_dir);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    test_every_fault_of_a_descriptor_is_refused_with_its_reason),
		cmocka_unit_test(test_missing_plugin_lists_the_folders),
		cmocka_unit_test(test_name_that_is_none_is_refused),
		cmocka_unit_test(
		    test_underscore_and_dash_are_alike_and_the_object_is_the_same),
		cmocka_unit_test(
		    test_file_or_folder_that_others_can_write_is_refused),
		cmocka_unit_test(test_file_of_another_owner_is_refused),
		cmocka_unit_test(
		    test_link_in_a_folder_that_others_can_write_is_refused),
		cmocka_unit_test(test_what_is_no_shared_object_is_refused),
		cmocka_unit_test(
		    test_scan_shows_good_and_refused_files_with_their_hash),
		cmocka_unit_test(test_description_is_json_and_complete),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
