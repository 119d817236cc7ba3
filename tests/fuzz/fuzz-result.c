/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Any bytes as a backend's answer: refused with a reason, or turned into a
 * result that holds to the tool table.  The first byte chooses the tool, the
 * second the flags of the reply, the third the market data policy.
 */

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "fake-journal.h"
#include "ibkr-agent/plugin.h"
#include "tools/answer.h"
#include "tools/schema.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What every accepted result must be. */
static void
hold(const struct tool *tool, const struct answer *answer,
    struct json_object *result)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	CLEANUP_JSON struct json_object *again = NULL;

	schema_write_output(&text, tool, result);
	if (text.failed ||
	    json_parse(buf_text(&text), text.len, &json_bounds_default, &again,
		NULL) ||
	    schema_check_output(tool, again, NULL))
		abort();
	if (answer->flags & IAG_REPLY_COLD &&
	    json_get_bool(again, "complete", false))
		abort(); /* invariant 11 */
	if (strcmp(json_get_str(again, "data_status", ""), "live") == 0 &&
	    answer->flags & (IAG_REPLY_STALE | IAG_REPLY_DELAYED) &&
	    tool->flags & TOOL_MARKET_DATA)
		abort(); /* better than the reply says */
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP_ERR struct err err = ERR_INIT;
	CLEANUP_JSON struct json_object *arguments = NULL, *result = NULL;
	struct config config = { .path = NULL };
	struct tool_house house = { .config = &config };
	struct tool_call call = { .house = &house };
	struct answer answer = { .json = NULL };

	if (size < 3)
		return 0;
	call.tool = &tool_table[data[0] % tool_count];
	answer.flags = data[1];
	answer.receipt_ns = clock_real_ns();
	config.market_data.allow_delayed = data[2] & 1;
	config.market_data.stale_policy =
	    data[2] & 2 ? STALE_POLICY_REFUSE : STALE_POLICY_WARN;
	config.market_data.missing_timestamp_policy =
	    data[2] & 4 ? STALE_POLICY_REFUSE : STALE_POLICY_WARN;
	config.market_data.max_snapshot_age_seconds = 900;
	house.journal = fake_journal();
	arguments = json_object_new_object();
	(void)json_add_str(arguments, "account_id", "DU1");
	call.arguments = arguments;
	answer.len = size - 3;
	answer.json = malloc(answer.len + 1);
	if (!answer.json)
		abort();
	memcpy(answer.json, data + 3, answer.len);
	answer.json[answer.len] = '\0';
	if (answer_accept(&call, &answer, &result, &err) == 0)
		hold(call.tool, &answer, result);
	else if (err.code == ERR_NONE || !err_text(&err)[0])
		abort(); /* refused without a reason */
	free(answer.json);
	return 0;
}
