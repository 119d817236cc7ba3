/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* plugins list, plugins show, plugins check. */

#include <string.h>
#include <unistd.h>

#include <json-c/linkhash.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "cli/cli.h"
#include "cli/output.h"
#include "host/check.h"
#include "tools/judge.h"

/* The kit has about ten groups of checks of a minute each at most. */
#define CHECK_SECONDS 900

static void
add_folders(struct json_object *tree, const struct config_list *dirs)
{
	struct json_object *list = json_object_new_array();

	/* which has put it down where it could not take it */
	if (json_add(tree, "folders", list))
		return;
	for (size_t i = 0; list && i < dirs->count; i++)
		(void)json_object_array_add(
		    list, json_object_new_string(dirs->items[i]));
}

/*
 * What there is, and into tree, unless that is NULL, where it was looked for;
 * without a gateway, which would have threads.
 */
static int
scan(struct cli *cli, struct json_object *tree, struct plugin_file **ret_files,
    size_t *ret_count, struct err *err)
{
	struct config *config;
	struct host *host;
	int rc = cli_config(cli, &config, err);

	if (rc)
		return rc;
	host = host_new(&config->plugins.path, config);
	rc = host ? host_scan(host, ret_files, ret_count, err)
		  : err_no_memory(err);
	if (host && tree)
		add_folders(tree, host_dirs(host));
	if (host)
		(void)host_free(host);
	config_free(config);
	return rc;
}

static struct json_object *
describe(const struct plugin_file *file)
{
	const char *text = file->description;
	struct json_object *tree = NULL;

	if (text)
		(void)json_parse(
		    text, strlen(text), &json_bounds_default, &tree, NULL);
	return tree;
}

static int
add_file(struct json_object *list, const struct plugin_file *file)
{
	struct json_object *row = json_object_new_object();
	struct json_object *more CLEANUP_JSON = describe(file);
	const char *kind = host_kind_name(file->kind);

	if (!row || json_object_array_add(list, row))
		return -1;
	(void)json_add_str(row, "name", file->name);
	(void)json_add_str(row, "kind", kind);
	(void)json_add_str(row, "version", json_get_str(more, "version", NULL));
	(void)json_add_str(row, "status", file->description ? "ok" : "refused");
	(void)json_add_str(
	    row, "fault", file->description ? NULL : err_text(&file->fault));
	(void)json_add_str(row, "path", file->path);
	return json_add_str(row, "sha256", file->sha256);
}

int
run_plugins_list(struct cli *cli, struct err *err)
{
	struct json_object *tree CLEANUP_JSON = json_object_new_object();
	struct json_object *list;
	struct plugin_file *files;
	size_t count, i;
	int rc;

	list = json_object_new_array();
	if (!tree || json_add(tree, "plugins", list))
		return err_no_memory(err);
	rc = scan(cli, tree, &files, &count, err);
	if (rc)
		return rc;
	for (i = 0; i < count; i++)
		(void)add_file(list, &files[i]);
	plugin_files_free(files, count);
	return output_tree(cli->args.json, tree, err);
}

/* NAME, or KIND-NAME where plugins of two kinds have the same name. */
static bool
file_is(const struct plugin_file *file, const char *name)
{
	const char *kind = host_kind_name(file->kind);
	size_t len = kind ? strlen(kind) : 0;

	if (!file->name)
		return false;
	return config_name_equal(file->name, name) ||
	       (kind && strncmp(name, kind, len) == 0 && name[len] == '-' &&
		   config_name_equal(file->name, name + len + 1));
}

static int
show_file(
    struct json_object *tree, const struct plugin_file *file, struct err *err)
{
	struct json_object *more = describe(file);

	/* its text names the file */
	if (!file->description)
		return err_set(
		    err, file->fault.code, "%s", err_text(&file->fault));
	(void)json_add_str(tree, "path", file->path);
	(void)json_add_str(tree, "sha256", file->sha256);
	json_object_object_foreach (more, key, value)
		(void)json_add(tree, key, json_object_get(value));
	(void)json_object_put(more);
	return 0;
}

static int
show_found(struct json_object *tree, const struct plugin_file *files,
    size_t count, const char *name, struct err *err)
{
	const struct plugin_file *found = NULL;
	size_t i;

	for (i = 0; i < count; i++) {
		if (!file_is(&files[i], name))
			continue;
		if (found && found->kind != files[i].kind)
			return err_set(err, ERR_INPUT_INVALID,
			    "'%s' is a %s and a %s: say '%s-%s' or '%s-%s'",
			    name, host_kind_name(found->kind),
			    host_kind_name(files[i].kind),
			    host_kind_name(found->kind), name,
			    host_kind_name(files[i].kind), name);
		if (!found)
			found = &files[i];
	}
	if (!found)
		return err_set(
		    err, ERR_PLUGIN_NOT_FOUND, "there is no plugin '%s'", name);
	return show_file(tree, found, err);
}

int
run_plugins_show(struct cli *cli, struct err *err)
{
	struct json_object *tree CLEANUP_JSON = json_object_new_object();
	struct plugin_file *files;
	size_t count;
	int rc;

	if (!tree)
		return err_no_memory(err);
	rc = scan(cli, NULL, &files, &count, err);
	if (rc)
		return rc;
	rc = show_found(tree, files, count, cli->args.operands[0], err);
	plugin_files_free(files, count);
	if (rc)
		return rc;
	return output_tree(cli->args.json, tree, err);
}

/* Result before check before text, the failed ones at the end. */
static void
check_people(struct buf *out, struct json_object *tree)
{
	static const struct field check[] = {
		{ .name = "result" },
		{ .name = "check" },
		{ .name = "text" },
		{ .name = NULL },
	};
	static const struct field fields[] = {
		{ .name = "checks", .fields = check },
		{ .name = NULL },
	};
	struct style style = style_of(output_fd());

	json_object_object_del(tree, "passed");
	output_people(out, &style, fields, tree);
}

/* The kit runs in a process of its own: this program, with --child. */
static int
check_in_child(struct cli *cli, const char *path, struct err *err)
{
	const char *const argv[] = { "/proc/self/exe", "plugins", "check",
		"--child", "--", path, NULL };
	struct json_object *tree CLEANUP_JSON = NULL;
	struct buf report CLEANUP_BUF = BUF_INIT;
	struct buf out CLEANUP_BUF = BUF_INIT;
	bool passed;
	int rc;

	rc = plugin_check_run(argv, CHECK_SECONDS, &report, &passed, err);
	if (rc == 0)
		rc = json_parse(buf_text(&report), report.len,
		    &json_bounds_default, &tree, err);
	if (rc)
		return rc;
	if (cli->args.json)
		output_json(&out, tree);
	else
		check_people(&out, tree);
	rc = output_write(&out, err);
	if (rc || passed)
		return rc;
	rc = err_set(
	    err, ERR_PLUGIN_INVALID, "'%s' does not hold the contract", path);
	err_action(err, "see ibkr-agent-plugin(3) for what each check asks");
	return rc;
}

int
run_plugins_check(struct cli *cli, struct err *err)
{
	const char *path = cli->args.operands[0];

	if (!cli_has(cli, "--child"))
		return check_in_child(cli, path, err);
	plugin_check_set_judge(&tools_judge);
	cli->exit_code = plugin_check_child(path, output_fd(), 0) ? 1 : 0;
	return 0;
}
