/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Which members a result has is the tool table's word: a result that has no
 * member for the source time (bars, positions) is not aged.
 */

#include "tools/policy.h"

#include <inttypes.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "ibkr-agent/plugin.h"

/* Names under which results tell the time at the source. */
static const char *const time_names[] = {
	"source_timestamp",
	"timestamp",
	"as_of",
	"snapshot_timestamp",
};

/* What is being judged. */
struct judgement {
	const struct config *config;
	const struct tool *tool;
	struct json_object *result;
	const char *time_name; /* NULL: the result is not aged */
	const char *status;    /* NULL: not told, nothing to judge */
	bool has_time;
	uint64_t age_ns;
};

static bool
has_output(const struct tool *tool, const char *name)
{
	for (const struct field *f = tool->output; f->name; f++) {
		if (strcmp(f->name, name) == 0)
			return true;
	}
	return false;
}

static const char *
time_name(const struct tool *tool)
{
	for (size_t i = 0; i < ARRAY_COUNT(time_names); i++) {
		if (has_output(tool, time_names[i]))
			return time_names[i];
	}
	return NULL;
}

/* A constant for a status of the backend; NULL if it is none. */
static const char *
status_of(struct json_object *result, const struct answer *answer)
{
	static const char *const known[] = { "live", "delayed", "stale",
		"unavailable" };
	const char *told = json_get_str(result, "data_status", NULL);

	for (size_t i = 0; told && i < ARRAY_COUNT(known); i++) {
		if (strcmp(told, known[i]) != 0)
			continue;
		/* the reply may say less than the text, never more */
		if (i == 0 && answer->flags & IAG_REPLY_DELAYED)
			return "delayed";
		if (i < 2 && answer->flags & IAG_REPLY_STALE)
			return "stale";
		return known[i];
	}
	if (told)
		return NULL; /* the check of the result names it */
	if (answer->flags & IAG_REPLY_STALE)
		return "stale";
	return answer->flags & IAG_REPLY_DELAYED ? "delayed" : NULL;
}

static int
warn(struct json_object *result, const char *text)
{
	struct json_object *list = json_get(result, "warnings");

	if (!json_object_is_type(list, json_type_array)) {
		list = json_object_new_array();
		if (json_add(result, "warnings", list))
			return IAG_NOMEM;
	}
	return json_object_array_add(list, json_object_new_string(text))
		   ? IAG_NOMEM
		   : 0;
}

static int
add_time(struct json_object *result, const char *name, uint64_t real_ns)
{
	char text[CLOCK_TEXT_SIZE];

	clock_format(real_ns, text);
	return json_add_str(result, name, text);
}

/* The larger of source and receipt age; a time ahead of ours is none. */
static int
age_find(struct judgement *j, const struct answer *answer, uint64_t now_ns)
{
	uint64_t source_ns = answer->source_ns;
	const char *told;

	if (!j->time_name)
		return 0;
	told = json_get_str(j->result, j->time_name, NULL);
	if (told && clock_parse(told, &source_ns, NULL)) {
		j->status = NULL; /* the check of the result names it */
		return 0;
	}
	if (source_ns == 0 || source_ns > now_ns + POLICY_AHEAD_NS)
		return 0;
	if (!told && add_time(j->result, j->time_name, source_ns))
		return IAG_NOMEM;
	j->has_time = true;
	if (now_ns > source_ns)
		j->age_ns = now_ns - source_ns;
	if (now_ns > answer->receipt_ns &&
	    now_ns - answer->receipt_ns > j->age_ns)
		j->age_ns = now_ns - answer->receipt_ns;
	return 0;
}

/* Old data is stale, whatever the broker calls it. */
static void
status_age(struct judgement *j)
{
	uint64_t max_ns =
	    j->config->market_data.max_snapshot_age_seconds * NS_PER_S;

	if (!j->has_time || !j->status)
		return;
	if (strcmp(j->status, "live") == 0 && j->age_ns > max_ns)
		j->status = "stale";
	if (strcmp(j->status, "delayed") == 0 &&
	    j->age_ns > max_ns + POLICY_DELAY_NS)
		j->status = "stale";
}

static int
stale_judge(const struct judgement *j, struct err *err)
{
	uint32_t max_s = j->config->market_data.max_snapshot_age_seconds;

	if (j->config->market_data.stale_policy == STALE_POLICY_REFUSE &&
	    !j->has_time)
		return err_set(
		    err, ERR_MARKET_DATA_STALE, "the market data is stale");
	if (j->config->market_data.stale_policy == STALE_POLICY_REFUSE)
		return err_set(err, ERR_MARKET_DATA_STALE,
		    "the market data is stale: %" PRIu64 " s old, "
		    "market_data.max_snapshot_age_seconds is %" PRIu32,
		    j->age_ns / NS_PER_S, max_s);
	return warn(j->result, "the market data is stale");
}

static int
untimed_judge(const struct judgement *j, struct err *err)
{
	if (j->config->market_data.missing_timestamp_policy ==
	    STALE_POLICY_REFUSE)
		return err_set(err, ERR_MARKET_DATA_INCOMPLETE,
		    "the broker gave no usable time for this market data, and "
		    "market_data.missing_timestamp_policy is refuse");
	return warn(j->result, "the age of the market data is unknown");
}

static int
judge(const struct judgement *j, struct err *err)
{
	if (strcmp(j->status, "unavailable") == 0)
		return err_set(err, ERR_MARKET_DATA_UNAVAILABLE,
		    "the broker has no market data for this now");
	if (strcmp(j->status, "stale") == 0)
		return stale_judge(j, err);
	if (strcmp(j->status, "delayed") == 0) {
		if (!j->config->market_data.allow_delayed)
			return err_set(err, ERR_MARKET_DATA_DELAYED,
			    "the market data is delayed, and "
			    "market_data.allow_delayed is false");
		return warn(j->result, "the market data is delayed");
	}
	if (j->time_name && !j->has_time)
		return untimed_judge(j, err);
	return 0;
}

int
policy_apply(const struct config *config, const struct tool *tool,
    const struct answer *answer, uint64_t now_ns, struct json_object *result,
    struct err *err)
{
	struct judgement j = {
		.config = config,
		.tool = tool,
		.result = result,
		.time_name = time_name(tool),
		.status = status_of(result, answer),
	};
	int ret;

	/* a backend does not know how old an answer is when it is read */
	json_object_object_del(result, "staleness_seconds");
	if (has_output(tool, "received_at") && !json_get(result, "received_at"))
		(void)add_time(result, "received_at", answer->receipt_ns);
	ret = age_find(&j, answer, now_ns);
	if (ret)
		return err_no_memory(err);
	status_age(&j);
	if (j.has_time && has_output(tool, "staleness_seconds"))
		(void)json_add_int(result, "staleness_seconds",
		    (int64_t)(j.age_ns / NS_PER_S));
	if (!j.status)
		return 0;
	(void)json_add_str(result, "data_status", j.status);
	return judge(&j, err);
}
