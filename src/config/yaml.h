/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The part of YAML that a configuration may use: one document of mappings,
 * sequences and scalars.  Whatever makes YAML surprising (aliases, anchors,
 * merges, tags, further documents, duplicate keys) is refused with its place.
 */

#ifndef IAG_CONFIG_YAML_H
#define IAG_CONFIG_YAML_H

#include <stdbool.h>
#include <stddef.h>

#include "config/fault.h"

#define YAML_BYTES 65536 /* of a whole file */
#define YAML_DEPTH 16    /* mappings and sequences inside each other */

enum yaml_kind { YAML_SCALAR, YAML_MAPPING, YAML_SEQUENCE, YAML_REFUSED };

struct yaml_node {
	enum yaml_kind kind;
	struct config_mark at;
	char *text; /* of a scalar, "" for an empty one */
	bool plain; /* a scalar without quotes */
	char *key;  /* of a mapping's member */
	struct config_mark key_at;
	struct yaml_node *first; /* members in the order of the file */
	struct yaml_node *last;
	struct yaml_node *next;
	size_t count;
};

/*
 * Everything refused is added to faults.  *ret_root is NULL when the text
 * cannot be read to its end, and has only what was understood when it has
 * other faults.  IAG_NOMEM, else 0.
 */
int yaml_parse(const char *text, size_t len, struct faults *faults,
    struct yaml_node **ret_root);
void yaml_free(struct yaml_node *node);

/* True for an absent value, `~` and `null` without quotes. */
bool yaml_is_null(const struct yaml_node *node);
/* "a mapping", "a list", "text" for messages. */
const char *yaml_kind_name(const struct yaml_node *node);

#endif
