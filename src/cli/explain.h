/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

#ifndef IAG_CLI_EXPLAIN_H
#define IAG_CLI_EXPLAIN_H

#include <json-c/json_object.h>

/* Turn the result of `policy explain` into what people are shown of it. */
int explain_shape(struct json_object *tree);

#endif
