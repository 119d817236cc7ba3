/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The JSON gate.  What it lets through, json-c must build, the writer must
 * write back as a text that passes again with the same meaning, and the
 * canonical form must be a fixed point.
 */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(int ok)
{
	if (!ok)
		abort();
}

/* text passes, and written again gives the same bytes */
static void
check_fixed_point(const struct buf *text, unsigned indent)
{
	CLEANUP_JSON struct json_object *root = NULL;
	CLEANUP_BUF struct buf again = BUF_INIT;
	const struct json_bounds wide = { SIZE_MAX, 256, SIZE_MAX };

	must(!text->failed);
	must(json_parse(text->data, text->len, &wide, &root, NULL) == 0);
	json_write(&again, root, indent);
	must(again.len == text->len &&
	     memcmp(again.data, text->data, text->len) == 0);
}

static void
check_canon(struct json_object *root)
{
	CLEANUP_JSON struct json_object *back = NULL;
	CLEANUP_BUF struct buf canon = BUF_INIT;
	CLEANUP_BUF struct buf again = BUF_INIT;

	if (json_canon(&canon, root, NULL) != 0)
		return;
	must(json_parse(canon.data, canon.len, NULL, &back, NULL) == 0);
	must(json_canon(&again, back, NULL) == 0);
	must(strcmp(buf_text(&canon), buf_text(&again)) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP_JSON struct json_object *root = NULL;
	CLEANUP_BUF struct buf plain = BUF_INIT;
	CLEANUP_BUF struct buf pretty = BUF_INIT;
	struct err err CLEANUP_ERR = ERR_INIT;
	int checked = json_check((const char *)data, size, NULL, NULL);
	int parsed = json_parse((const char *)data, size, NULL, &root, &err);

	must(checked == parsed);
	must((parsed < 0) == (err.code != ERR_NONE));
	if (parsed < 0)
		return 0;
	json_write(&plain, root, 0);
	check_fixed_point(&plain, 0);
	json_write(&pretty, root, 2);
	check_fixed_point(&pretty, 2);
	check_canon(root);
	return 0;
}
