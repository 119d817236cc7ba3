/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

#include "sidecar/capability.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "config/scope.h"
#include "host/host.h"
#include "sidecar/guard.h"

/* In the order in which they are told. */
static const char *const names[] = { "broker_read", "heartbeat", GUARD_WHATIF };
enum { CAN_READ, CAN_BEAT, CAN_WHATIF };

static void
put(char words[CAPABILITIES_SIZE], const char *name)
{
	size_t len = strlen(words);

	if (len + strlen(name) + 2 > CAPABILITIES_SIZE)
		return;
	if (len > 0)
		words[len++] = ' ';
	memcpy(words + len, name, strlen(name) + 1);
}

/* Its backend has the operation, and its operator allows the scope. */
static bool
can_read(const struct tool_house *house, uint64_t scopes, const char *operation)
{
	const struct tool *tool = operation ? guard_operation(operation) : NULL;

	return tool && scopes & scope_bit(tool->scope) && house->backend &&
	       backend_has(house->backend, operation);
}

static bool
can_read_any(const struct tool_house *house, uint64_t scopes)
{
	size_t i = 0;

	while (
	    i < tool_count && !can_read(house, scopes, tool_table[i].operation))
		i++;
	return i < tool_count;
}

void
capabilities_of(const struct tool_house *house, uint64_t scopes,
    char ret_words[CAPABILITIES_SIZE])
{
	ret_words[0] = '\0';
	if (can_read_any(house, scopes))
		put(ret_words, names[CAN_READ]);
	put(ret_words, names[CAN_BEAT]);
	if (can_read(house, scopes, GUARD_WHATIF))
		put(ret_words, names[CAN_WHATIF]);
}

static bool
is_listed(struct json_object *list, const char *name)
{
	size_t count = json_object_is_type(list, json_type_array)
			   ? json_object_array_length(list)
			   : 0;

	for (size_t i = 0; i < count; i++) {
		struct json_object *item = json_object_array_get_idx(list, i);

		if (json_object_is_type(item, json_type_string) &&
		    strcmp(json_object_get_string(item), name) == 0)
			return true;
	}
	return false;
}

void
capabilities_read(struct json_object *body, char ret_words[CAPABILITIES_SIZE])
{
	struct json_object *list = json_get(body, "capabilities");

	ret_words[0] = '\0';
	for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
		if (is_listed(list, names[i]))
			put(ret_words, names[i]);
	}
}

int
capabilities_add(struct json_object *obj, const char *words)
{
	struct json_object *list = json_object_new_array();
	int rc = json_add(obj, "capabilities", list);

	if (rc || !list)
		return IAG_NOMEM;
	while (*words) {
		size_t len = strcspn(words, " ");

		(void)json_object_array_add(
		    list, json_object_new_string_len(words, (int)len));
		words += len + (words[len] == ' ');
	}
	return 0;
}
