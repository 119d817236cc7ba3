/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* What came and how it was answered: see traffic.h. */

#include "sim/traffic.h"

#include <stdlib.h>
#include <string.h>

#include "sim/pack.h"

static void
visit_fini(struct visit *visit)
{
	free(visit->target);
	free(visit->body);
	memset(visit, 0, sizeof *visit);
}

void
traffic_fini(struct traffic *traffic)
{
	for (size_t i = 0; i < TRAFFIC_KEPT; i++)
		visit_fini(&traffic->visits[i]);
}

uint64_t
traffic_add(struct traffic *traffic, const char *method, const char *target,
    const char *body, size_t body_len, int64_t now_ms)
{
	struct visit *visit = &traffic->visits[traffic->count % TRAFFIC_KEPT];

	visit_fini(visit);
	visit->number = ++traffic->count;
	visit->at_ms = now_ms;
	(void)memccpy(visit->method, method, '\0', sizeof visit->method - 1);
	visit->target = strdup(target);
	if (body_len > 0)
		visit->body = strndup(
		    body, body_len < TRAFFIC_BODY ? body_len : TRAFFIC_BODY);
	return visit->number;
}

void
traffic_end(
    struct traffic *traffic, uint64_t number, int status, const char *fault)
{
	struct visit *visit = &traffic->visits[(number - 1) % TRAFFIC_KEPT];

	if (visit->number != number)
		return;
	visit->status = status;
	visit->fault = fault;
}

void
traffic_write(struct buf *out, const struct traffic *traffic, uint64_t since)
{
	uint64_t first = 0;

	if (traffic->count > TRAFFIC_KEPT)
		first = traffic->count - TRAFFIC_KEPT;
	if (since > first)
		first = since;
	pack(out, "{'count':%l,'requests':[", (int64_t)traffic->count);
	for (uint64_t i = first; i < traffic->count; i++) {
		const struct visit *visit = &traffic->visits[i % TRAFFIC_KEPT];

		pack_item(out, "{'number':%l,'at_ms':%l,'method':%s,",
		    (int64_t)visit->number, visit->at_ms, visit->method);
		pack(out, "'target':%s,'status':%d,'fault':%s,'body':%s}",
		    visit->target, visit->status, visit->fault, visit->body);
	}
	buf_str(out, "]}");
}
