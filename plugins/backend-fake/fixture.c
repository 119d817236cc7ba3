/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Files are parsed once, when the instance is opened; what is kept is the
 * text of each answer, because json-c's trees cannot be shared by threads.
 */

#include "fixture.h"

#include <stdlib.h>
#include <string.h>

#include <json-c/json_object.h>
#include <json-c/json_tokener.h>
#include <json-c/linkhash.h>

#include "ibkr-agent/plugin.h"

#define PLAIN (JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE)

static const struct {
	const char *word;
	int32_t result;
} results[] = {
	{ "again", IAG_AGAIN },
	{ "limit", IAG_LIMIT },
	{ "rejected", IAG_REJECTED },
	{ "notfound", IAG_NOTFOUND },
	{ "auth", IAG_AUTH },
	{ "inval", IAG_INVAL },
	{ "notsup", IAG_NOTSUP },
	{ "internal", IAG_INTERNAL },
};

static const struct {
	const char *word;
	uint32_t flag;
} marks[] = {
	{ "partial", 0 },
	{ "cold", IAG_REPLY_COLD },
	{ "delayed", IAG_REPLY_DELAYED },
	{ "stale", IAG_REPLY_STALE },
};

static const char *
member(struct json_object *obj, const char *key)
{
	struct json_object *value = NULL;

	(void)json_object_object_get_ex(obj, key, &value);
	return json_object_is_type(value, json_type_string)
		   ? json_object_get_string(value)
		   : NULL;
}

static int
marks_parse(struct json_object *list, uint32_t *ret_flags)
{
	uint32_t flags = IAG_REPLY_COMPLETE;

	if (!json_object_is_type(list, json_type_array))
		return -1;
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		const char *word =
		    json_object_get_string(json_object_array_get_idx(list, i));
		size_t m = 0;

		while (m < 4 && (!word || strcmp(marks[m].word, word) != 0))
			m++;
		if (m == 4)
			return -1;
		flags |= marks[m].flag;
		if (m < 2)
			flags &= ~IAG_REPLY_COMPLETE;
	}
	*ret_flags = flags;
	return 0;
}

static int
error_parse(struct fixture_entry *entry, struct json_object *error)
{
	const char *result = member(error, "result");
	const char *code = member(error, "code");
	const char *why = member(error, "text");

	if (!result)
		return -1;
	entry->code = code ? strdup(code) : NULL;
	entry->why = why ? strdup(why) : NULL;
	for (size_t i = 0; i < sizeof(results) / sizeof(results[0]); i++) {
		if (strcmp(results[i].word, result) == 0)
			entry->result = results[i].result;
	}
	return entry->result && !entry->code == !code && !entry->why == !why
		   ? 0
		   : -1;
}

static int
entry_parse(
    struct fixture_entry *entry, const char *key, struct json_object *answer)
{
	struct json_object *mark = NULL, *error = NULL;

	entry->key = strdup(key);
	entry->flags = IAG_REPLY_COMPLETE;
	if (!entry->key || !json_object_is_type(answer, json_type_object))
		return -1;
	if (json_object_object_get_ex(answer, "$error", &error))
		return error_parse(entry, error);
	if (json_object_object_get_ex(answer, "$reply", &mark)) {
		if (marks_parse(mark, &entry->flags))
			return -1;
		json_object_object_del(answer, "$reply");
	}
	entry->text = strdup(json_object_to_json_string_ext(answer, PLAIN));
	if (!entry->text)
		return -1;
	entry->len = strlen(entry->text);
	return 0;
}

static int
tree_parse(struct fixture *fixture, struct json_object *root)
{
	struct json_object *answers = NULL;
	const char *key = member(root, "key");

	(void)json_object_object_get_ex(root, "answers", &answers);
	if (!key || !json_object_is_type(answers, json_type_object))
		return -1;
	fixture->key = strdup(key);
	fixture->entries =
	    calloc((size_t)json_object_object_length(answers) + 1,
		sizeof(*fixture->entries));
	if (!fixture->key || !fixture->entries)
		return -1;
	json_object_object_foreach (answers, name, answer) {
		if (entry_parse(
			&fixture->entries[fixture->count++], name, answer))
			return -1;
	}
	return 0;
}

int
fixture_parse(
    struct fixture *fixture, const char *text, size_t len, const char **ret_why)
{
	struct json_tokener *parser = json_tokener_new();
	struct json_object *root = NULL;
	int ret = -1;

	memset(fixture, 0, sizeof(*fixture));
	*ret_why = "expected a JSON object";
	if (parser) {
		json_tokener_set_flags(
		    parser, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
		/* with the NUL, so that the parser sees the end */
		root = json_tokener_parse_ex(parser, text, (int)len + 1);
		json_tokener_free(parser);
	}
	if (json_object_is_type(root, json_type_object)) {
		*ret_why = "expected {\"key\": NAMES, \"answers\": {KEY: "
			   "ANSWER}}";
		ret = tree_parse(fixture, root);
	}
	json_object_put(root);
	if (ret)
		fixture_fini(fixture);
	return ret;
}

void
fixture_fini(struct fixture *fixture)
{
	for (size_t i = 0; i < fixture->count; i++) {
		free(fixture->entries[i].key);
		free(fixture->entries[i].text);
		free(fixture->entries[i].code);
		free(fixture->entries[i].why);
	}
	free(fixture->entries);
	free(fixture->key);
	memset(fixture, 0, sizeof(*fixture));
}

const struct fixture_entry *
fixture_find(const struct fixture *fixture, const char *key)
{
	for (size_t i = 0; i < fixture->count; i++) {
		if (strcmp(fixture->entries[i].key, key) == 0)
			return &fixture->entries[i];
	}
	return NULL;
}
