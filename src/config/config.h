/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The configuration as the program uses it.  One table of typed keys
 * (keytable.c) drives parsing, rules, `config check|show|schema` and
 * ibkr-agent.yaml(5); this struct is where the values land.  Read-only once
 * loaded; everything in it lives until config_free().
 */

#ifndef IAG_CONFIG_CONFIG_H
#define IAG_CONFIG_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/log.h"
#include "base/secret.h"

struct config_list {
	char **items; /* NULL-terminated, never NULL itself */
	size_t count;
};

/* Where a key was set; line 0: not by the file. */
struct config_mark {
	unsigned line; /* from 1 */
	unsigned column;
	bool bad; /* its value was refused: rules leave it alone */
};

enum stale_policy { STALE_POLICY_WARN, STALE_POLICY_REFUSE };

/* Which end of the relay this is. */
enum sidecar_role { SIDECAR_ROLE_GATEWAY, SIDECAR_ROLE_SIDECAR };

/* plugins.options.NAME.KEY, values as the text that the file has. */
struct config_option {
	char *plugin; /* as written: backend, writer or store name */
	char *key;
	char *value;
	unsigned line; /* for messages; 0: set by a program */
	unsigned column;
};

/* One entry of risk_policies; reference.md 7.3, behaviour.md 6. */
struct risk_policy {
	char *id;
	bool enabled;
	char *max_notional_amount; /* decimal texts; NULL: no such limit */
	char *max_notional_currency;
	char *max_quantity;
	struct config_list allowed_symbols;
	struct config_list allowed_asset_classes;
	uint32_t window_max_orders; /* 0: no such limit */
	uint32_t window_seconds;
	uint32_t session_max_orders;
	char *session_max_notional_amount;
	char *session_max_notional_currency;
	char *session_timezone;
	char *session_starts_at;          /* "HH:MM" */
	uint32_t max_price_deviation_bps; /* 0: no such limit */
	uint32_t max_quote_age_seconds;
	struct config_mark at;     /* its id in the file */
	struct config_mark *marks; /* by row of the key table */
};

enum peer_kind { PEER_AGENT, PEER_OPERATOR };

/* One entry of daemon.principals: who comes in through the socket. */
struct peer_rule {
	char *name;
	enum peer_kind kind;
	struct config_list users;  /* names or numbers */
	struct config_list groups; /* the same */
	struct config_list scopes;
	struct config_mark at;     /* its name in the file */
	struct config_mark *marks; /* by row of the key table */
};

struct config {
	char *path; /* of the file; NULL: development defaults or a program */
	char *dir;  /* that relative paths start from */
	bool development;          /* no file: config_development() made it */
	struct config_mark *marks; /* by row of the key table */

	struct {
		char *backend; /* plugin name, `_` and `-` alike */
		char *base_url;
		char *fixture_root; /* NULL: the backend's own */
		bool allow_insecure_tls_for_localhost;
		char *tls_pin_sha256;
		char *ca_file;
		struct config_list questions;
		uint32_t max_reply_rounds;
		uint32_t read_timeout_seconds;  /* 30 */
		uint32_t write_timeout_seconds; /* 60 */
		char *client_ref;
		bool undocumented_endpoints;
		bool simulator;
		uint32_t pacing; /* percent of the published limits */
		bool supervise_compete;
	} broker;
	struct {
		struct config_list enabled_scopes;
		char *agent_name; /* local-agent */
	} auth;
	struct {
		char *store; /* plugin name; lmdb */
		char *path;  /* directory of the store, absolute */
		char *hmac_secret_env;
		char *hmac_secret_file;
		char *checkpoint_file;
		uint32_t live_write_retention_days;
		uint32_t read_retention_days;
		bool export_required_before_purge;
		bool immutable_live_events;
	} audit;
	struct {
		bool remote_mcp_enabled;
		bool live_trading_enabled;
		bool sidecar_enabled;
		bool require_separate_uid;
	} safety;
	struct {
		uint32_t max_snapshot_age_seconds; /* 900 */
		bool allow_delayed;                /* true */
		enum stale_policy stale_policy;    /* warn */
		/* refuse a live snapshot without a source time */
		enum stale_policy missing_timestamp_policy; /* refuse */
	} market_data;
	struct {
		bool enabled;
		uint32_t expiration_seconds; /* 300 */
	} order_preview;
	struct {
		char *live_policy;  /* operator, distinct, any */
		char *paper_policy; /* any */
		struct config_list approvers;
	} approvals;
	struct {
		bool enabled;
		struct config_list allowed_accounts;
		char *writer;
		char *risk_policy_id;
	} paper_trading;
	struct {
		bool enabled;
		struct config_list allowed_accounts;
		struct config_list allowed_writers;
		char *writer;
		char *risk_policy_id;
		bool paper_to_live_checklist_acknowledged;
		bool sequential_brackets;
		bool allow_simulated;
		uint32_t reconciler_interval_seconds;
	} live_trading;
	struct {
		bool enabled;
		char *bind_address;
		char *resource;
		char *issuer;
		char *jwks_url;
		char *metadata_url;
		char *ca_file;
		struct config_list audiences;
		struct config_list allowed_scopes;
		bool any_token_type;
		uint32_t clock_skew_seconds;
		uint32_t rate_limit_max_requests;
		uint32_t rate_limit_window_seconds;
		uint32_t max_connections;
		uint32_t max_connections_per_address;
		uint32_t rate_limit_max_requests_per_address;
		uint32_t request_timeout_seconds;
		uint32_t idle_timeout_seconds;
		char *tls_certificate_file;
		char *tls_key_file;
		struct config_list trusted_proxies;
		struct config_list allowed_origins;
		char *token_id_hmac_secret_env;
		char *token_id_hmac_secret_file;
	} remote_mcp;
	struct {
		char *socket;
		uint32_t max_connections;
		uint32_t max_connections_per_user;
		uint32_t drain_seconds;
		bool metrics;
		char *metrics_address;
	} daemon;
	struct {
		bool enabled;
		enum sidecar_role role; /* gateway */
		char *bind_address;
		char *ca_file;
		uint32_t clock_skew_seconds;
		char *remote_relay_url;
		char *local_client_portal_base_url;
		uint32_t heartbeat_interval_seconds;
		uint32_t heartbeat_timeout_seconds;
	} sidecar;
	struct {
		struct config_list path; /* extra directories, absolute */
		struct config_option *options;
		size_t option_count;
	} plugins;
	struct {
		enum log_level level;
		enum log_form format;
	} log;
	struct risk_policy *policies;
	size_t policy_count;
	struct peer_rule *peers;
	size_t peer_count;
};

/* A configuration with the defaults of the key table (no file). */
struct config *config_new(void);
void config_free(struct config *config);

/*
 * Read path.  Every fault is appended to faults as one line
 * `file:line:column: text` and counted; the first one's code and text are
 * in *err.  Nothing is opened or created.
 */
int config_load(const char *path, struct config **ret_config,
    struct buf *faults, struct err *err);

/*
 * behaviour.md section 2, development defaults: fake backend, store under
 * $XDG_STATE_HOME/ibkr-agent (else ~/.local/state), all scopes but
 * ibkr:operator, preview and paper on, live, remote and sidecar off.
 * Computes paths only; nothing is touched.
 */
int config_development(struct config **ret_config, struct err *err);

/* --config, else $IBKR_AGENT_CONFIG, else development defaults. */
int config_find(const char *option, struct config **ret_config,
    struct buf *faults, struct err *err);

/* The cross-field rules of reference.md 2.2; appends to faults. */
int config_rules(
    const struct config *config, struct buf *faults, struct err *err);

/*
 * The deployment secret: environment, file, service credential
 * (`audit-hmac-secret` in $CREDENTIALS_DIRECTORY); with development defaults
 * a random one made once beside the store (0600).
 */
int config_audit_secret(
    const struct config *config, struct secret **ret_secret, struct err *err);

/* The same for remote_mcp.token_id_hmac_secret_env and _file. */
int config_remote_secret(
    const struct config *config, struct secret **ret_secret, struct err *err);

/* `config show`: effective values, secrets masked, as YAML or as JSON. */
void config_show(const struct config *config, bool json, struct buf *out);
/* `config schema`: a JSON Schema for editors. */
void config_schema(struct buf *out);
/* The keys as mdoc items for ibkr-agent.yaml(5). */
void config_manual(struct buf *out);

/* plugins.options of one plugin: the value or NULL; `_` and `-` alike. */
const struct config_option *config_plugin_option(
    const struct config *config, const char *plugin, const char *key);

/* Names of plugins: `_` and `-` alike. */
bool config_name_equal(const char *a, const char *b);

/* Replace a list by count copies of items; IAG_NOMEM keeps the old one. */
int config_list_set(
    struct config_list *list, const char *const *items, size_t count);
bool config_list_has(const struct config_list *list, const char *item);

/* broker.questions: may it be answered for this account, of this
 * mode?  NULL is none. */
bool config_allows_question(const struct config *config, const char *message_id,
    const char *account, const char *mode);

#endif
