/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Counters of calls.
 *
 * Threads: any thread counts and writes; metrics->lock guards everything and
 * is held for a few additions.
 */

#include "gateway/metrics.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"

enum outcome {
	OUTCOME_DONE,
	OUTCOME_REFUSED,
	OUTCOME_DENIED,
	OUTCOME_FAILED,
	OUTCOME_UNKNOWN,
	OUTCOME_COUNT
};

static const char *const outcome_names[OUTCOME_COUNT] = {
	[OUTCOME_DONE] = "done",
	[OUTCOME_REFUSED] = "refused",
	[OUTCOME_DENIED] = "denied",
	[OUTCOME_FAILED] = "failed",
	[OUTCOME_UNKNOWN] = "unknown",
};

/* Upper bounds of the latency histogram. */
static const struct {
	uint64_t ns;
	const char *text;
} bounds[] = {
	{ NS_PER_MS / 4, "0.00025" },
	{ NS_PER_MS, "0.001" },
	{ 5 * NS_PER_MS, "0.005" },
	{ 25 * NS_PER_MS, "0.025" },
	{ 100 * NS_PER_MS, "0.1" },
	{ 500 * NS_PER_MS, "0.5" },
	{ NS_PER_S, "1" },
	{ 5 * NS_PER_S, "5" },
	{ 30 * NS_PER_S, "30" },
	{ 60 * NS_PER_S, "60" },
};

enum { BOUNDS = ARRAY_COUNT(bounds), RULES_MAX = 64 };

struct histogram {
	uint64_t counts[BOUNDS + 1];
	uint64_t sum_ns;
};

/* A gate that has refused; its name is one of the gates' table. */
struct refusals {
	char *rule;
	uint64_t count;
};

struct metrics {
	pthread_mutex_t lock;
	uint64_t (*calls)[OUTCOME_COUNT]; /* tools, operations, others */
	uint64_t errors[ERR_CODE_COUNT];
	struct refusals refusals[RULES_MAX];
	struct histogram reads, writes;
};

struct metrics *
metrics_new(void)
{
	struct metrics *metrics = calloc(1, sizeof *metrics);

	if (!metrics)
		return NULL;
	metrics->calls =
	    calloc(tool_count + operation_count + 1, sizeof *metrics->calls);
	if (!metrics->calls) {
		free(metrics);
		return NULL;
	}
	(void)pthread_mutex_init(&metrics->lock, NULL);
	return metrics;
}

void
metrics_free(struct metrics *metrics)
{
	if (!metrics)
		return;
	for (size_t i = 0; i < RULES_MAX; i++)
		free(metrics->refusals[i].rule);
	(void)pthread_mutex_destroy(&metrics->lock);
	free(metrics->calls);
	free(metrics);
}

/* Where it stands in a table; one that does not has no place below count. */
static size_t
place_of(const struct tool *tool, const struct tool *table)
{
	return ((uintptr_t)tool - (uintptr_t)table) / sizeof *table;
}

/* The row of a tool among all; whatever else is called is the last one. */
static size_t
row_of(const struct tool *tool)
{
	size_t operation = place_of(tool, operation_table);

	if (operation < operation_count)
		return tool_count + operation;
	/* by its name: a form of a tool is that tool */
	if (tool && place_of(tool, tool_table) >= tool_count)
		tool = tool_find(tool->name);
	return tool ? place_of(tool, tool_table) : tool_count + operation_count;
}

static const char *
row_name(size_t row)
{
	if (row < tool_count)
		return tool_table[row].name;
	row -= tool_count;
	return row < operation_count ? operation_table[row].name : "other";
}

static enum outcome
outcome_of(const struct tool_result *result)
{
	if (!result->is_error)
		return OUTCOME_DONE;
	if (result->err.unknown || err_class(&result->err) == IAG_UNKNOWN)
		return OUTCOME_UNKNOWN;
	if (result->is_denied)
		return OUTCOME_DENIED;
	return err_class(&result->err) == IAG_REJECTED ? OUTCOME_REFUSED
						       : OUTCOME_FAILED;
}

static void
refusal_count(struct metrics *metrics, const char *rule)
{
	for (size_t i = 0; i < RULES_MAX; i++) {
		struct refusals *r = &metrics->refusals[i];

		if (!r->rule)
			r->rule = strdup(rule);
		if (r->rule && strcmp(r->rule, rule) == 0) {
			r->count++;
			return;
		}
	}
}

static void
refusals_count(struct metrics *metrics, const struct err *err)
{
	CLEANUP_JSON struct json_object *list = NULL;

	if (!err->refusals || json_parse(err->refusals, strlen(err->refusals),
				  &json_bounds_default, &list, NULL))
		return;
	LOCK_SCOPE(&metrics->lock);

	for (size_t i = 0; i < json_object_array_length(list); i++) {
		struct json_object *one = json_object_array_get_idx(list, i);
		const char *rule = json_get_str(one, "rule", NULL);

		if (rule)
			refusal_count(metrics, rule);
	}
}

static void
histogram_add(struct histogram *histogram, uint64_t ns)
{
	size_t i = 0;

	while (i < BOUNDS && ns > bounds[i].ns)
		i++;
	histogram->counts[i]++;
	histogram->sum_ns += ns;
}

void
metrics_count(struct metrics *metrics, const struct tool *tool,
    const struct tool_result *result, uint64_t elapsed_ns)
{
	const bool reads = !tool || tool->flags & TOOL_READ_ONLY;
	const size_t row = row_of(tool);

	if (result->is_error)
		refusals_count(metrics, &result->err);
	LOCK_SCOPE(&metrics->lock);

	metrics->calls[row][outcome_of(result)]++;
	if (result->is_error)
		metrics->errors[result->err.code]++;
	histogram_add(reads ? &metrics->reads : &metrics->writes, elapsed_ns);
}

void
metrics_head(
    struct buf *out, const char *name, const char *type, const char *help)
{
	buf_printf(out, "# HELP ibkr_agent_%s %s\n# TYPE ibkr_agent_%s %s\n",
	    name, help, name, type);
}

void
metrics_gauge(
    struct buf *out, const char *name, const char *help, uint64_t value)
{
	metrics_head(out, name, "gauge", help);
	buf_printf(out, "ibkr_agent_%s %" PRIu64 "\n", name, value);
}

void
metrics_counter(
    struct buf *out, const char *name, const char *help, uint64_t value)
{
	metrics_head(out, name, "counter", help);
	buf_printf(out, "ibkr_agent_%s %" PRIu64 "\n", name, value);
}

void
metrics_seconds(struct buf *out, uint64_t ns)
{
	buf_printf(out, "%" PRIu64 ".%09" PRIu64, ns / NS_PER_S, ns % NS_PER_S);
}

static void
calls_write(const struct metrics *metrics, struct buf *out)
{
	metrics_head(out, "calls_total", "counter",
	    "Calls of tools and of the operator's operations, by outcome.");
	for (size_t i = 0; i <= tool_count + operation_count; i++) {
		for (size_t k = 0; k < OUTCOME_COUNT; k++) {
			if (metrics->calls[i][k] == 0)
				continue;
			buf_printf(out,
			    "ibkr_agent_calls_total{tool=\"%s\","
			    "outcome=\"%s\"} %" PRIu64 "\n",
			    row_name(i), outcome_names[k],
			    metrics->calls[i][k]);
		}
	}
}

static void
faults_write(const struct metrics *metrics, struct buf *out)
{
	metrics_head(
	    out, "errors_total", "counter", "Calls that failed, by code.");
	for (size_t i = 0; i < ERR_CODE_COUNT; i++) {
		if (metrics->errors[i])
			buf_printf(out,
			    "ibkr_agent_errors_total{code=\"%s\"} %" PRIu64
			    "\n",
			    err_kind((enum err_code)i)->name,
			    metrics->errors[i]);
	}
	metrics_head(out, "gate_refusals_total", "counter",
	    "Refusals by the rule that refused; one order may meet several.");
	for (size_t i = 0; i < RULES_MAX && metrics->refusals[i].rule; i++)
		buf_printf(out,
		    "ibkr_agent_gate_refusals_total{rule=\"%s\"} %" PRIu64 "\n",
		    metrics->refusals[i].rule, metrics->refusals[i].count);
}

static void
histogram_write(
    const struct histogram *histogram, const char *kind, struct buf *out)
{
	static const char name[] = "ibkr_agent_call_duration_seconds";
	uint64_t sum = 0;

	for (size_t i = 0; i < BOUNDS; i++) {
		sum += histogram->counts[i];
		buf_printf(out,
		    "%s_bucket{kind=\"%s\",le=\"%s\"} %" PRIu64 "\n", name,
		    kind, bounds[i].text, sum);
	}
	sum += histogram->counts[BOUNDS];
	buf_printf(out, "%s_bucket{kind=\"%s\",le=\"+Inf\"} %" PRIu64 "\n",
	    name, kind, sum);
	buf_printf(out, "%s_sum{kind=\"%s\"} ", name, kind);
	metrics_seconds(out, histogram->sum_ns);
	buf_printf(
	    out, "\n%s_count{kind=\"%s\"} %" PRIu64 "\n", name, kind, sum);
}

void
metrics_write(struct metrics *metrics, struct buf *out)
{
	LOCK_SCOPE(&metrics->lock);

	calls_write(metrics, out);
	faults_write(metrics, out);
	metrics_head(out, "call_duration_seconds", "histogram",
	    "How long calls took, those that only read and the others.");
	histogram_write(&metrics->reads, "read", out);
	histogram_write(&metrics->writes, "write", out);
}
