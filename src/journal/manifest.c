/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* Signed JSON objects: what exports and checkpoints are vouched for with. */

#include <string.h>

#include "base/cleanup.h"
#include "base/hex.h"
#include "base/json.h"
#include "journal/checkpoint.h"

bool
manifest_bytes(
    struct json_object *object, const char *key, uint8_t *data, size_t len)
{
	return hex_parse(json_get_str(object, key, ""), data, len);
}

int
manifest_add_bytes(struct json_object *object, const char *key,
    const uint8_t *data, size_t len)
{
	struct buf hex CLEANUP_BUF = BUF_INIT;

	buf_hex(&hex, data, len);
	return hex.failed ? IAG_NOMEM
			  : json_add_str(object, key, buf_text(&hex));
}

static int
compute(struct json_object *object, const char *label, const struct keys *keys,
    uint8_t mac[HASH_SIZE], struct err *err)
{
	struct buf text CLEANUP_BUF = BUF_INIT;
	int rc;

	buf_add(&text, label, strlen(label) + 1);
	rc = json_canon(&text, object, err);
	if (rc == 0 && text.failed)
		rc = err_no_memory(err);
	if (rc == 0)
		hmac_sha256(
		    keys->manifest, HASH_SIZE, text.data, text.len, mac);
	return rc;
}

int
manifest_sign(struct json_object *object, const char *label,
    const struct keys *keys, struct buf *out, struct err *err)
{
	char key_id[KEY_ID_HEX_SIZE];
	uint8_t mac[HASH_SIZE];
	int rc;

	keys_format_id(keys->id, key_id);
	rc = json_add_str(object, "key_id", key_id);
	if (rc == 0)
		rc = compute(object, label, keys, mac, err);
	if (rc == 0)
		rc = manifest_add_bytes(object, "mac", mac, HASH_SIZE);
	if (rc == 0)
		rc = json_canon(out, object, err);
	if (rc == 0)
		buf_char(out, '\n');
	return rc;
}

int
manifest_check(struct json_object *object, const char *label,
    const struct keys *keys, bool *ret_keyed, struct err *err)
{
	char key_id[KEY_ID_HEX_SIZE];
	uint8_t theirs[HASH_SIZE], ours[HASH_SIZE];
	int rc;

	if (!manifest_bytes(object, "mac", theirs, HASH_SIZE))
		return err_set(err, ERR_INPUT_INVALID, "it has no MAC");
	json_object_object_del(object, "mac");
	keys_format_id(keys->id, key_id);
	if (strcmp(json_get_str(object, "key_id", ""), key_id) != 0) {
		*ret_keyed = false;
		return 0;
	}
	rc = compute(object, label, keys, ours, err);
	if (rc < 0)
		return rc;
	if (!hash_equal(ours, theirs))
		return err_set(err, ERR_INPUT_INVALID,
		    "it was changed after it was made, or made with another "
		    "key");
	*ret_keyed = true;
	return 0;
}
