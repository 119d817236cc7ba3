/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Every key of the configuration file, once.  Sections in the order of
 * behaviour in which a reader meets them; the sentences end up in
 * ibkr-agent.yaml(5), `config schema` and `config show`.
 */

#include "config/key.h"

#include "base/cleanup.h"

#define U32 4294967295U
#define DAY 86400U

#define CONFIG(member) .offset = offsetof(struct config, member)
#define POLICY(member) \
	.offset = offsetof(struct risk_policy, member), .flags = KEY_POLICY
#define PEER(member) \
	.offset = offsetof(struct peer_rule, member), .flags = KEY_PEER
#define BOOL .type = KEY_BOOL
#define UINT(least, most) .type = KEY_UINT, .min = (least), .max = (most)
#define TEXT(kind) .type = KEY_TEXT, .form = &form_##kind
#define LIST(kind) .type = KEY_LIST, .form = &form_##kind
#define WORDS(list) .type = KEY_TEXT, .form = &form_text, .words = (list)
#define ENUM(list) .type = KEY_ENUM, .form = &form_text, .words = (list)

static const char *const client_refs[] = { "key", "derived", NULL };
static const char *const approval_policies[] = { "operator", "distinct", "any",
	NULL };
static const char *const peer_kinds[] = { "agent", "operator", NULL };
static const char *const stale_policies[] = { "warn", "refuse", NULL };
static const char *const sidecar_roles[] = { "gateway", "sidecar", NULL };
static const char *const log_levels[] = { "error", "warning", "info", "debug",
	NULL };
static const char *const log_formats[] = { "auto", "text", "json", NULL };

const struct key_section key_sections[] = {
	{ "broker", "Where the broker is, and how far it is trusted." },
	{ "auth", "What callers on this machine may do." },
	{ "audit", "The durable store with the audit trail and all state." },
	{ "safety",
	    "The second switch of everything that can do harm: the feature "
	    "and its switch here must agree." },
	{ "market_data", "Which quotes are good enough." },
	{ "order_preview", "Previews, which create nothing at the broker." },
	{ "approvals", "Who may approve an order." },
	{ "paper_trading", "Orders on paper accounts." },
	{ "live_trading", "Orders with real money." },
	{ "risk_policies",
	    "Limits by id, for live_trading.risk_policy_id.  A limit that is "
	    "not given does not limit, but a policy without symbols and asset "
	    "classes allows none." },
	{ "risk_policies.*", "The limits of one policy." },
	{ "risk_policies.*.max_notional", "Most that one order may be worth." },
	{ "risk_policies.*.frequency_limit", "Most orders in a while." },
	{ "risk_policies.*.session_limit", "Most orders in a trading day." },
	{ "risk_policies.*.session_limit.max_session_notional",
	    "Most that the orders of a trading day may be worth." },
	{ "remote_mcp", "The HTTP door for agents elsewhere." },
	{ "daemon", "What ibkr-agent serve offers on this machine." },
	{ "daemon.principals",
	    "Who may use the socket, by name.  The kernel says who is at the "
	    "other end; whoever no entry has is refused." },
	{ "daemon.principals.*",
	    "One of them.  An entry that names the user goes before one that "
	    "has a group of the user." },
	{ "sidecar", "The relay to a remote gateway." },
	{ "plugins", "Where plugins are found and what they are told." },
	{ "plugins.options", "Options of plugins, by the plugin's name." },
	{ "plugins.options.*", "Options of one plugin." },
	{ "log", "What is written to standard error." },
};
const size_t key_section_count = ARRAY_COUNT(key_sections);

const struct key key_table[] = {
	/* broker */
	{ "broker.backend", TEXT(plugin), CONFIG(broker.backend), .def = "fake",
	    .flags = KEY_REQUIRED,
	    .help = "The backend plugin that reads from the broker, as in "
		    "fake or client_portal_gateway." },
	{ "broker.base_url", TEXT(url), CONFIG(broker.base_url),
	    .help = "Where the backend finds the broker's gateway.  Required "
		    "for client_portal_gateway, with /v1/api at its end." },
	{ "broker.fixture_root", TEXT(path), CONFIG(broker.fixture_root),
	    .help = "A directory of fixtures for the fake backend in place "
		    "of its own." },
	{ "broker.allow_insecure_tls_for_localhost", BOOL,
	    CONFIG(broker.allow_insecure_tls_for_localhost), .def = "false",
	    .help = "Do not verify the certificate of a gateway on this "
		    "machine.  broker.tls_pin_sha256 is the better answer." },
	{ "broker.tls_pin_sha256", TEXT(pin), CONFIG(broker.tls_pin_sha256),
	    .help = "The SHA-256 of the public key that the gateway's "
		    "certificate must have." },
	{ "broker.ca_file", TEXT(path), CONFIG(broker.ca_file),
	    .help = "Certificates (PEM) to verify the gateway's with, in "
		    "place of the system's." },
	{ "broker.questions", LIST(question), CONFIG(broker.questions),
	    .def = "",
	    .help = "Ids of the broker's questions that may be answered with "
		    "yes.  Any other question refuses the order." },
	{ "broker.max_reply_rounds", UINT(1, 20),
	    CONFIG(broker.max_reply_rounds), .def = "5",
	    .help = "Most questions in a row about one order." },
	{ "broker.read_timeout_seconds", UINT(1, 600),
	    CONFIG(broker.read_timeout_seconds), .def = "30",
	    .help = "Deadline of a read." },
	{ "broker.write_timeout_seconds", UINT(1, 600),
	    CONFIG(broker.write_timeout_seconds), .def = "60",
	    .help = "Deadline of an order, its questions included." },
	{ "broker.client_ref", WORDS(client_refs), CONFIG(broker.client_ref),
	    .def = "key",
	    .help = "The reference that the broker gets with an order: the "
		    "idempotency key itself, or one derived from it." },
	{ "broker.undocumented_endpoints", BOOL,
	    CONFIG(broker.undocumented_endpoints), .def = "false",
	    .help = "Allow a backend to use what the broker serves without "
		    "documenting it: news of what is held and fundamentals, "
		    "of client_portal_gateway." },
	{ "broker.simulator", BOOL, CONFIG(broker.simulator), .def = "false",
	    .help = "The gateway at broker.base_url is a simulator.  Refused "
		    "with live trading." },
	{ "broker.pacing", UINT(1, 1000000), CONFIG(broker.pacing),
	    .def = "100",
	    .help = "Requests that may be sent, in percent of what the "
		    "broker's published limits allow.  More than 100 only "
		    "with broker.simulator on this machine." },
	{ "broker.supervise_compete", BOOL, CONFIG(broker.supervise_compete),
	    .def = "false",
	    .help = "Take the brokerage session over from another login of "
		    "the same user." },
	/* auth */
	{ "auth.enabled_scopes", LIST(scope), CONFIG(auth.enabled_scopes),
	    .def = "", .flags = KEY_REQUIRED,
	    .help = "The scopes of callers on this machine.  Tools whose "
		    "scope is missing are neither listed nor run.  "
		    "ibkr-agent-tools(7) has the scope of each tool." },
	{ "auth.agent_name", TEXT(text), CONFIG(auth.agent_name),
	    .def = "local-agent",
	    .help = "The name of the agent at the standard input, in the "
		    "audit trail." },
	/* audit */
	{ "audit.store", TEXT(plugin), CONFIG(audit.store), .def = "lmdb",
	    .help = "The store plugin." },
	{ "audit.path", TEXT(path), CONFIG(audit.path), .flags = KEY_REQUIRED,
	    .help = "The directory of the store." },
	{ "audit.hmac_secret_env", TEXT(env), CONFIG(audit.hmac_secret_env),
	    .def = "IBKR_AUDIT_HMAC_SECRET",
	    .help = "The environment variable with the deployment secret, at "
		    "least 32 bytes.  It is asked first." },
	{ "audit.hmac_secret_file", TEXT(path), CONFIG(audit.hmac_secret_file),
	    .help = "A file with the deployment secret, which nobody but its "
		    "owner may read.  It is asked when the variable is not "
		    "set; the service credential audit-hmac-secret comes "
		    "last." },
	{ "audit.checkpoint_file", TEXT(path), CONFIG(audit.checkpoint_file),
	    .help = "A checkpoint that the store must not fall behind, best "
		    "on another machine's disk.  Each process that used the "
		    "store brings it up to date when it ends." },
	{ "audit.live_write_retention_days", UINT(0, U32),
	    CONFIG(audit.live_write_retention_days), .def = "2555",
	    .help = "Days that records of live orders are kept.  At least "
		    "2555 with live trading." },
	{ "audit.read_retention_days", UINT(0, U32),
	    CONFIG(audit.read_retention_days), .def = "90",
	    .help = "Days after which exported records of reads may be "
		    "purged." },
	{ "audit.export_required_before_purge", BOOL,
	    CONFIG(audit.export_required_before_purge), .def = "true",
	    .help = "Purge only what was exported.  Must be on with live "
		    "trading." },
	{ "audit.immutable_live_events", BOOL,
	    CONFIG(audit.immutable_live_events), .def = "true",
	    .help = "Never purge records of live orders before their time.  "
		    "Must be on with live trading." },
	/* safety */
	{ "safety.remote_mcp_enabled", BOOL, CONFIG(safety.remote_mcp_enabled),
	    .def = "false", .help = "Goes with remote_mcp.enabled." },
	{ "safety.live_trading_enabled", BOOL,
	    CONFIG(safety.live_trading_enabled), .def = "false",
	    .help = "Goes with live_trading.enabled." },
	{ "safety.sidecar_enabled", BOOL, CONFIG(safety.sidecar_enabled),
	    .def = "false", .help = "Goes with sidecar.enabled." },
	{ "safety.require_separate_uid", BOOL,
	    CONFIG(safety.require_separate_uid), .def = "false",
	    .help = "Refuse live orders from processes of the user who owns "
		    "the store, since that user can reach past every gate." },
	/* market_data */
	{ "market_data.max_snapshot_age_seconds", UINT(1, U32),
	    CONFIG(market_data.max_snapshot_age_seconds), .def = "900",
	    .help = "Age from which a quote is stale." },
	{ "market_data.allow_delayed", BOOL, CONFIG(market_data.allow_delayed),
	    .def = "true", .help = "Show delayed quotes, marked as such." },
	{ "market_data.stale_policy", ENUM(stale_policies),
	    CONFIG(market_data.stale_policy), .def = "warn",
	    .help = "Whether a stale quote is shown with a warning or "
		    "refused." },
	{ "market_data.missing_timestamp_policy", ENUM(stale_policies),
	    CONFIG(market_data.missing_timestamp_policy), .def = "refuse",
	    .help = "The same for a quote that says no time." },
	/* order_preview */
	{ "order_preview.enabled", BOOL, CONFIG(order_preview.enabled),
	    .def = "false", .help = "Make previews." },
	{ "order_preview.expiration_seconds", UINT(1, DAY),
	    CONFIG(order_preview.expiration_seconds), .def = "300",
	    .help = "How long a preview can be approved and used." },
	/* approvals */
	{ "approvals.live_policy", WORDS(approval_policies),
	    CONFIG(approvals.live_policy), .def = "operator",
	    .help = "Who approves live orders: an operator, somebody of "
		    "approvals.approvers other than who asked, or anybody "
		    "with the scope." },
	{ "approvals.paper_policy", WORDS(approval_policies),
	    CONFIG(approvals.paper_policy), .def = "any",
	    .help = "The same for paper orders." },
	{ "approvals.approvers", LIST(text), CONFIG(approvals.approvers),
	    .def = "",
	    .help = "Principals that approve under the policy distinct, as in "
		    "local:anna.  They may hold no scope to submit or "
		    "modify." },
	/* paper_trading */
	{ "paper_trading.enabled", BOOL, CONFIG(paper_trading.enabled),
	    .def = "false", .help = "Take orders for paper accounts." },
	{ "paper_trading.allowed_accounts", LIST(account),
	    CONFIG(paper_trading.allowed_accounts), .def = "",
	    .help = "The paper accounts that may be used." },
	{ "paper_trading.writer", TEXT(plugin), CONFIG(paper_trading.writer),
	    .help = "The writer plugin.  Unset: local-candidate on the "
		    "command line, refusing elsewhere." },
	{ "paper_trading.risk_policy_id", TEXT(text),
	    CONFIG(paper_trading.risk_policy_id),
	    .help = "A policy of risk_policies that paper orders must pass "
		    "too." },
	/* live_trading */
	{ "live_trading.enabled", BOOL, CONFIG(live_trading.enabled),
	    .def = "false",
	    .help = "Take orders for live accounts.  Needs "
		    "safety.live_trading_enabled, accounts, a policy and the "
		    "acknowledged checklist." },
	{ "live_trading.allowed_accounts", LIST(account),
	    CONFIG(live_trading.allowed_accounts), .def = "",
	    .help = "The live accounts that may be used." },
	{ "live_trading.allowed_writers", LIST(plugin),
	    CONFIG(live_trading.allowed_writers),
	    .def = "local-candidate,refusing",
	    .help = "The writer plugins that may be used for live orders." },
	{ "live_trading.writer", TEXT(plugin), CONFIG(live_trading.writer),
	    .help = "The writer plugin.  Unset: local-candidate on the "
		    "command line, refusing elsewhere." },
	{ "live_trading.risk_policy_id", TEXT(text),
	    CONFIG(live_trading.risk_policy_id),
	    .help = "The policy of risk_policies that live orders must "
		    "pass." },
	{ "live_trading.paper_to_live_checklist_acknowledged", BOOL,
	    CONFIG(live_trading.paper_to_live_checklist_acknowledged),
	    .def = "false",
	    .help = "The five items between paper and live were worked "
		    "through." },
	{ "live_trading.sequential_brackets", BOOL,
	    CONFIG(live_trading.sequential_brackets), .def = "false",
	    .help = "Place brackets leg by leg where the writer has no "
		    "native ones.  An exit can then fill before its entry." },
	{ "live_trading.allow_simulated", BOOL,
	    CONFIG(live_trading.allow_simulated), .def = "false",
	    .help = "Allow a writer that only simulates, on a backend other "
		    "than fake." },
	{ "live_trading.reconciler_interval_seconds", UINT(0, DAY),
	    CONFIG(live_trading.reconciler_interval_seconds), .def = "5",
	    .help = "How often pending orders are looked up.  0 counts as "
		    "1." },
	/* risk_policies */
	{ "risk_policies.*.enabled", BOOL, POLICY(enabled), .def = "false",
	    .help = "A policy that is off refuses every order." },
	{ "risk_policies.*.max_notional.amount", TEXT(decimal),
	    POLICY(max_notional_amount),
	    .help = "Limit price times quantity times multiplier." },
	{ "risk_policies.*.max_notional.currency", TEXT(currency),
	    POLICY(max_notional_currency),
	    .help = "An order in another currency is refused." },
	{ "risk_policies.*.max_quantity", TEXT(decimal), POLICY(max_quantity),
	    .help = "Largest quantity of one order." },
	{ "risk_policies.*.allowed_symbols", LIST(text),
	    POLICY(allowed_symbols), .def = "",
	    .help = "Symbols that may be traded." },
	{ "risk_policies.*.allowed_asset_classes", LIST(class),
	    POLICY(allowed_asset_classes), .def = "",
	    .help = "Asset classes that may be traded." },
	{ "risk_policies.*.frequency_limit.max_orders", UINT(1, U32),
	    POLICY(window_max_orders),
	    .help = "Most orders within the window." },
	{ "risk_policies.*.frequency_limit.window_seconds", UINT(1, 31 * DAY),
	    POLICY(window_seconds), .help = "Length of the window." },
	{ "risk_policies.*.session_limit.max_orders_per_session", UINT(1, U32),
	    POLICY(session_max_orders),
	    .help = "Most orders since the session started." },
	{ "risk_policies.*.session_limit.max_session_notional.amount",
	    TEXT(decimal), POLICY(session_max_notional_amount),
	    .help = "Sum over the orders with a limit price." },
	{ "risk_policies.*.session_limit.max_session_notional.currency",
	    TEXT(currency), POLICY(session_max_notional_currency),
	    .help = "An order in another currency is refused." },
	{ "risk_policies.*.session_limit.timezone", TEXT(zone),
	    POLICY(session_timezone), .help = "The zone of starts_at." },
	{ "risk_policies.*.session_limit.starts_at", TEXT(time),
	    POLICY(session_starts_at),
	    .help = "When a session starts, each day, in quotes." },
	{ "risk_policies.*.max_price_deviation_bps", UINT(0, 1000000),
	    POLICY(max_price_deviation_bps), .def = "500",
	    .help = "How far a limit may be from the market, in hundredths "
		    "of a percent.  0: no such limit." },
	{ "risk_policies.*.max_quote_age_seconds", UINT(0, DAY),
	    POLICY(max_quote_age_seconds), .def = "30",
	    .help = "Oldest quote that an order may rest on.  0: no such "
		    "limit." },
	/* remote_mcp */
	{ "remote_mcp.enabled", BOOL, CONFIG(remote_mcp.enabled),
	    .def = "false",
	    .help = "Serve agents over HTTP.  Needs "
		    "safety.remote_mcp_enabled." },
	{ "remote_mcp.bind_address", TEXT(listen),
	    CONFIG(remote_mcp.bind_address), .def = "127.0.0.1:8080",
	    .help = "Where to listen.  Port 0 takes a free one." },
	{ "remote_mcp.resource", TEXT(url), CONFIG(remote_mcp.resource),
	    .help = "This server's own URL, as tokens name it." },
	{ "remote_mcp.issuer", TEXT(url), CONFIG(remote_mcp.issuer),
	    .help = "Who issues the tokens." },
	{ "remote_mcp.jwks_url", TEXT(https_url), CONFIG(remote_mcp.jwks_url),
	    .help = "Where the issuer's keys are." },
	{ "remote_mcp.metadata_url", TEXT(url), CONFIG(remote_mcp.metadata_url),
	    .help = "Where this server's metadata is, when a proxy moves "
		    "it." },
	{ "remote_mcp.ca_file", TEXT(path), CONFIG(remote_mcp.ca_file),
	    .help = "Certificates (PEM) to verify the issuer's with, in "
		    "place of the system's." },
	{ "remote_mcp.audiences", LIST(text), CONFIG(remote_mcp.audiences),
	    .def = "", .help = "Audiences of which a token must have one." },
	{ "remote_mcp.allowed_scopes", LIST(token_scope),
	    CONFIG(remote_mcp.allowed_scopes), .def = "",
	    .help = "Scopes that tokens may bring.  ibkr:operator, for "
		    "approvals, is never advertised." },
	{ "remote_mcp.any_token_type", BOOL, CONFIG(remote_mcp.any_token_type),
	    .def = "false",
	    .help = "Take tokens of the type JWT, or of none, as well as "
		    "those of at+jwt (RFC 9068), from an issuer that does not "
		    "tell access tokens from others." },
	{ "remote_mcp.clock_skew_seconds", UINT(0, 300),
	    CONFIG(remote_mcp.clock_skew_seconds), .def = "60",
	    .help = "How far the issuer's clock may be off." },
	{ "remote_mcp.rate_limit_max_requests", UINT(1, 100000),
	    CONFIG(remote_mcp.rate_limit_max_requests), .def = "120",
	    .help = "Most requests of one principal within the window." },
	{ "remote_mcp.rate_limit_window_seconds", UINT(1, 3600),
	    CONFIG(remote_mcp.rate_limit_window_seconds), .def = "60",
	    .help = "Length of the window." },
	{ "remote_mcp.max_connections", UINT(1, 4096),
	    CONFIG(remote_mcp.max_connections), .def = "64",
	    .help = "Most connections at a time.  The one that has been idle "
		    "for the longest time makes room for another." },
	{ "remote_mcp.max_connections_per_address", UINT(1, 4096),
	    CONFIG(remote_mcp.max_connections_per_address), .def = "32",
	    .help = "Most connections of one address; those of "
		    "trusted_proxies do not count." },
	{ "remote_mcp.rate_limit_max_requests_per_address", UINT(1, 1000000),
	    CONFIG(remote_mcp.rate_limit_max_requests_per_address),
	    .def = "1200",
	    .help = "Most requests of one address within the window, whether "
		    "or not they bring a token." },
	{ "remote_mcp.request_timeout_seconds", UINT(1, 300),
	    CONFIG(remote_mcp.request_timeout_seconds), .def = "30",
	    .help = "How long a request may take to come in." },
	{ "remote_mcp.idle_timeout_seconds", UINT(1, 3600),
	    CONFIG(remote_mcp.idle_timeout_seconds), .def = "75",
	    .help = "How long a connection stays open between two "
		    "requests." },
	{ "remote_mcp.tls_certificate_file", TEXT(path),
	    CONFIG(remote_mcp.tls_certificate_file),
	    .help = "The certificate (PEM) and those between it and its root, "
		    "in this order.  With it and its key the door speaks TLS "
		    "1.2 and 1.3.  The files are read again when they have "
		    "changed." },
	{ "remote_mcp.tls_key_file", TEXT(path),
	    CONFIG(remote_mcp.tls_key_file),
	    .help = "Its private key (PEM), not readable for everybody." },
	{ "remote_mcp.trusted_proxies", LIST(network),
	    CONFIG(remote_mcp.trusted_proxies), .def = "",
	    .help = "Proxies in front, whose X-Forwarded-For is believed.  "
		    "Without a certificate nobody else may connect to an "
		    "address that is not loopback." },
	{ "remote_mcp.allowed_origins", LIST(url),
	    CONFIG(remote_mcp.allowed_origins), .def = "",
	    .help = "Origins of web pages that may send requests, beside "
		    "the resource's own." },
	{ "remote_mcp.token_id_hmac_secret_env", TEXT(env),
	    CONFIG(remote_mcp.token_id_hmac_secret_env),
	    .def = "IBKR_REMOTE_TOKEN_HMAC_SECRET",
	    .help = "The environment variable with the secret that hides "
		    "token ids in the audit trail, at least 32 bytes." },
	{ "remote_mcp.token_id_hmac_secret_file", TEXT(path),
	    CONFIG(remote_mcp.token_id_hmac_secret_file),
	    .help = "A file with it, asked when the variable is not set; the "
		    "service credential remote-token-hmac-secret comes "
		    "last." },
	/* daemon */
	{ "daemon.socket", TEXT(path), CONFIG(daemon.socket),
	    .def = "/run/ibkr-agent/daemon.sock",
	    .help = "The socket of agents and operators on this machine.  "
		    "Served if daemon.principals names somebody." },
	{ "daemon.max_connections", UINT(1, 4096),
	    CONFIG(daemon.max_connections), .def = "64",
	    .help = "Most connections to the socket at a time." },
	{ "daemon.max_connections_per_user", UINT(1, 4096),
	    CONFIG(daemon.max_connections_per_user), .def = "32",
	    .help = "Most of them for one user." },
	{ "daemon.drain_seconds", UINT(0, 600), CONFIG(daemon.drain_seconds),
	    .def = "30",
	    .help = "How long calls that run may go on once the daemon is "
		    "told to stop; then they are cancelled." },
	{ "daemon.metrics", BOOL, CONFIG(daemon.metrics), .def = "true",
	    .help = "Answer /healthz, /readyz and /metrics." },
	{ "daemon.metrics_address", TEXT(listen),
	    CONFIG(daemon.metrics_address), .def = "127.0.0.1:9464",
	    .help = "Where they are answered, over plain HTTP, to anybody.  "
		    "Port 0 takes a free one." },
	{ "daemon.principals.*.kind", ENUM(peer_kinds), PEER(kind),
	    .def = "agent",
	    .help = "An agent is known as agent:NAME.  An operator, who may "
		    "use the operator's commands too, goes by the login "
		    "name, as in local:anna." },
	{ "daemon.principals.*.users", LIST(text), PEER(users), .def = "",
	    .help = "Users, by login name or number." },
	{ "daemon.principals.*.groups", LIST(text), PEER(groups), .def = "",
	    .help = "Groups, by name or number." },
	{ "daemon.principals.*.scopes", LIST(scope), PEER(scopes), .def = "",
	    .help = "What they may do; no more than auth.enabled_scopes "
		    "has." },
	/* sidecar */
	{ "sidecar.enabled", BOOL, CONFIG(sidecar.enabled), .def = "false",
	    .help = "Relay reads for a remote gateway.  Needs "
		    "safety.sidecar_enabled and remote_mcp." },
	{ "sidecar.role", ENUM(sidecar_roles), CONFIG(sidecar.role),
	    .def = "gateway",
	    .help = "Which end this is: the gateway that sidecars come to, or "
		    "a sidecar, which needs no remote_mcp." },
	{ "sidecar.bind_address", TEXT(listen), CONFIG(sidecar.bind_address),
	    .def = "127.0.0.1:8444",
	    .help = "Where a gateway listens for sidecars, over TLS with the "
		    "certificate of remote_mcp." },
	{ "sidecar.remote_relay_url", TEXT(https_url),
	    CONFIG(sidecar.remote_relay_url),
	    .help = "The remote gateway's relay, as a sidecar reaches it; its "
		    "path is not looked at." },
	{ "sidecar.ca_file", TEXT(path), CONFIG(sidecar.ca_file),
	    .help = "Certificate authorities (PEM) that a sidecar trusts for "
		    "the relay, in place of the system's." },
	{ "sidecar.local_client_portal_base_url", TEXT(url),
	    CONFIG(sidecar.local_client_portal_base_url),
	    .help = "The broker's gateway that the relay reads from.  On a "
		    "sidecar it is broker.base_url, or not set." },
	{ "sidecar.clock_skew_seconds", UINT(1, 300),
	    CONFIG(sidecar.clock_skew_seconds), .def = "60",
	    .help = "How far the clocks of both ends may be apart." },
	{ "sidecar.heartbeat_interval_seconds", UINT(0, DAY),
	    CONFIG(sidecar.heartbeat_interval_seconds), .def = "15",
	    .help = "How often the relay says that it lives." },
	{ "sidecar.heartbeat_timeout_seconds", UINT(0, DAY),
	    CONFIG(sidecar.heartbeat_timeout_seconds), .def = "45",
	    .help = "Silence after which it counts as gone.  More than the "
		    "interval." },
	/* plugins */
	{ "plugins.path", LIST(path), CONFIG(plugins.path), .def = "",
	    .help = "Directories to look in besides the installed one." },
	{ "plugins.options.*.*", .type = KEY_OPTION, .form = &form_text,
	    .help = "What the plugin declares; ibkr-agent plugins show lists "
		    "it." },
	/* log */
	{ "log.level", ENUM(log_levels), CONFIG(log.level), .def = "info",
	    .help = "The least important line that is written." },
	{ "log.format", ENUM(log_formats), CONFIG(log.format), .def = "auto",
	    .help = "Lines for people, or JSON for programs.  auto decides "
		    "by who reads." },
};
const size_t key_count = ARRAY_COUNT(key_table);
