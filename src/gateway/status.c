/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

#include "gateway/status.h"

#include <inttypes.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "journal/journal.h"
#include "link/link.h"
#include "orders/settlequeue.h"

static bool
say(struct buf *out, const char *part, bool good, const char *state)
{
	buf_printf(out, "%s: %s\n", part, state);
	return good;
}

static const char *
session_state(const struct tool_house *house)
{
	struct link_status status;

	if (!house->link)
		return "not needed";
	if (!link_status(house->link, &status))
		return session_state_name(SESSION_STATE_UNKNOWN);
	return session_state_name(status.state);
}

/* The journal's own words about itself; NULL: it cannot be read. */
static struct json_object *
journal_tree(const struct tool_house *house)
{
	struct json_object *tree = NULL;
	CLEANUP_BUF struct buf text = BUF_INIT;

	if (!house || !house->journal ||
	    journal_status(house->journal, &text, NULL) != 0 ||
	    json_parse(buf_text(&text), text.len, &json_bounds_default, &tree,
		NULL) != 0)
		return NULL;
	return tree;
}

bool
status_is_ready(struct gateway *gateway, struct buf *out)
{
	CLEANUP_JSON struct json_object *tree = NULL;
	const struct tool_house *house = NULL;
	bool good;

	if (gateway_ready(gateway, &house, NULL) != 0)
		return say(out, "store", false, "not open");
	tree = journal_tree(house);
	good = json_get_bool(tree, "writable", false);
	good = say(out, "store", good, good ? "ok" : "not writable");
	good &= say(out, "backend", house->backend != NULL,
	    house->backend ? "ok" : "not open");
	/* who has to log in needs a gateway that is there */
	return say(out, "session", good, session_state(house));
}

static void
journal_write(const struct tool_house *house, struct buf *out)
{
	static const struct {
		const char *member, *name, *help;
	} sizes[] = {
		{ "records", "audit_records", "Records in the audit trail." },
		{ "used_bytes", "store_used_bytes", "Size of the store." },
		{ "limit_bytes", "store_limit_bytes",
		    "Size that the store may have." },
		{ "disk_free_bytes", "store_disk_free_bytes",
		    "Free space on the store's disk." },
		{ "readers", "store_readers", "Readers of the store." },
	};
	CLEANUP_JSON struct json_object *tree = journal_tree(house);

	metrics_gauge(out, "journal_writable",
	    "1: the journal takes records, so that calls are answered.",
	    json_get_bool(tree, "writable", false));
	for (size_t i = 0; tree && i < ARRAY_COUNT(sizes); i++) {
		if (json_get(tree, sizes[i].member))
			metrics_gauge(out, sizes[i].name, sizes[i].help,
			    (uint64_t)json_get_int(tree, sizes[i].member, 0));
	}
}

static void
session_write(struct link *link, struct buf *out)
{
	struct link_status status = { .state = SESSION_STATE_UNKNOWN };
	struct link_pacing pacing = { .resting = 0 };
	bool told = link_status(link, &status);

	metrics_head(out, "session_state", "gauge",
	    "1 at the state that the broker session has.");
	for (unsigned i = 0; i <= SESSION_STATE_PENALTY_BOX; i++)
		buf_printf(out, "ibkr_agent_session_state{state=\"%s\"} %d\n",
		    session_state_name((enum session_state)i),
		    i == (unsigned)status.state);
	metrics_gauge(out, "session_supervised",
	    "1: this process keeps the session.", told && status.supervised);
	if (!link_pacing(link, &pacing))
		return;
	metrics_head(out, "pacing_rest_seconds", "gauge",
	    "How long the broker wants no request at all.");
	buf_str(out, "ibkr_agent_pacing_rest_seconds ");
	metrics_seconds(out, pacing.rest_ns);
	buf_char(out, '\n');
	metrics_gauge(out, "pacing_resting_endpoints",
	    "Endpoints that the broker wants no request for.", pacing.resting);
	metrics_gauge(out, "pacing_requests",
	    "Requests under way that a limit of concurrent ones counts.",
	    pacing.inside);
}

static void
queues_write(
    struct gateway *gateway, const struct tool_house *house, struct buf *out)
{
	struct gateway_load load;

	gateway_load(gateway, &load);
	metrics_gauge(out, "calls_running", "Calls that run.", load.calls);
	metrics_gauge(out, "workers", "Threads that run calls.", load.workers);
	metrics_gauge(
	    out, "workers_idle", "Those of them without a call.", load.idle);
	metrics_gauge(
	    out, "calls_queued", "Calls that wait for a thread.", load.queued);
	if (!house)
		return;
	metrics_gauge(out, "journal_queue",
	    "Changes that wait for the journal's writer.",
	    journal_queue(house->journal));
	metrics_gauge(out, "settlements_waiting",
	    "Outcomes of orders that could not be recorded yet.",
	    settle_queue_count(desk_settle_queue(house->desk)));
}

void
status_metrics(struct gateway *gateway, struct buf *out)
{
	const struct tool_house *house = gateway_peek(gateway);

	metrics_head(out, "build_info", "gauge", "Which program this is.");
	buf_str(
	    out, "ibkr_agent_build_info{version=\"" PACKAGE_VERSION "\"} 1\n");
	metrics_write(gateway_metrics(gateway), out);
	journal_write(house, out);
	if (house && house->link)
		session_write(house->link, out);
	metrics_gauge(out, "backend_open",
	    "1: what reads from the broker is open.", house && house->backend);
	queues_write(gateway, house, out);
}
