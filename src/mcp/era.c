/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The selection table: any of the modern `_meta` keys makes a request modern,
 * everything else is legacy.  So a legacy request never sees the error codes
 * by which clients recognise a modern server.
 */

#include "mcp/era.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"

static const char *const legacy_versions[] = { ERA_LEGACY_VERSION, "2025-06-18",
	"2025-03-26", "2024-11-05" };

static bool
era_is_modern(struct json_object *meta, struct json_object **ret_version)
{
	return json_object_object_get_ex(meta, ERA_META_VERSION, ret_version) ||
	       json_object_object_get_ex(meta, ERA_META_CAPABILITIES, NULL) ||
	       json_object_object_get_ex(meta, ERA_META_CLIENT, NULL);
}

enum era_fault
era_select(const struct message *message, enum era *ret_era)
{
	struct json_object *version = NULL;

	*ret_era = ERA_LEGACY;
	if (!message->meta || !era_is_modern(message->meta, &version))
		return ERA_FAULT_NONE;
	*ret_era = ERA_MODERN;
	if (!json_object_is_type(version, json_type_string))
		return ERA_FAULT_VERSION_MISSING;
	if (strcmp(json_object_get_string(version), ERA_MODERN_VERSION) != 0)
		return ERA_FAULT_VERSION_UNSUPPORTED;
	if (!json_object_is_type(json_get(message->meta, ERA_META_CAPABILITIES),
		json_type_object))
		return ERA_FAULT_CAPABILITIES_MISSING;
	return ERA_FAULT_NONE;
}

bool
era_is_legacy_version(const char *version)
{
	for (size_t i = 0; i < ARRAY_COUNT(legacy_versions); i++) {
		if (strcmp(version, legacy_versions[i]) == 0)
			return true;
	}
	return false;
}

const char *
era_negotiate(const char *requested)
{
	return era_is_legacy_version(requested) ? requested
						: ERA_LEGACY_VERSION;
}
