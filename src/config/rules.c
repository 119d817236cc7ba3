/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The rules that join several keys, in the order in which they are promised:
 * the broker, live trading, audit retention, remote access, sidecar, then
 * what is ours.  A rule that rests on a key whose value was refused is
 * silent: the refusal already says what to correct.
 */

#include "config/config.h"

#include <stdarg.h>
#include <string.h>

#include "base/address.h"
#include "base/cleanup.h"
#include "config/key.h"
#include "config/load.h"

#define LIVE_RETENTION_DAYS 2555 /* seven years */

struct rules {
	const struct config *config;
	struct faults *faults;
};

/* True if none of the keys, up to NULL, holds a refused value. */
static bool
usable(const struct rules *r, ...)
{
	const char *path;
	bool good = true;
	va_list ap;

	va_start(ap, r);
	while ((path = va_arg(ap, const char *)) != NULL)
		good &= !r->config->marks[key_find(path) - key_table].bad;
	va_end(ap);
	return good;
}

/* A fault at the place of a key. */
static void rule(const struct rules *r, enum err_code code, const char *path,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));

static void
rule(const struct rules *r, enum err_code code, const char *path,
    const char *fmt, ...)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(&text, fmt, ap);
	va_end(ap);
	fault_add(r->faults, code,
	    &r->config->marks[key_find(path) - key_table], "key '%s': %s", path,
	    buf_text(&text));
}

static bool
is_client_portal(const struct config *config)
{
	return config_name_equal(
	    config->broker.backend, "client-portal-gateway");
}

static bool
is_local_gateway(const struct config *config)
{
	struct url url;

	return config->broker.base_url &&
	       !url_parse(config->broker.base_url, &url) && url.local;
}

/* A certificate that nobody will show. */
static void
check_proof(const struct rules *r)
{
	const struct config *config = r->config;
	const char *key = config->broker.tls_pin_sha256
			      ? "broker.tls_pin_sha256"
			      : "broker.ca_file";
	struct url url;

	if (!usable(r, "broker.base_url", key, NULL) ||
	    !(config->broker.tls_pin_sha256 || config->broker.ca_file) ||
	    !config->broker.base_url ||
	    url_parse(config->broker.base_url, &url) || url.https)
		return;
	rule(r, ERR_CONFIG_INVALID, key,
	    "is for https://, and broker.base_url is '%s', where no "
	    "certificate is shown",
	    config->broker.base_url);
}

static void
check_broker(const struct rules *r)
{
	const struct config *config = r->config;

	if (usable(r, "broker.backend", "broker.base_url", NULL) &&
	    is_client_portal(config) && !config->broker.base_url)
		rule(r, ERR_CONFIG_MISSING_BROKER_BASE_URL, "broker.base_url",
		    "is required for the backend '%s'", config->broker.backend);
	if (usable(r, "broker.base_url",
		"broker.allow_insecure_tls_for_localhost", NULL) &&
	    config->broker.allow_insecure_tls_for_localhost &&
	    config->broker.base_url && !is_local_gateway(config))
		rule(r, ERR_CONFIG_TLS_BYPASS_NON_LOCALHOST,
		    "broker.allow_insecure_tls_for_localhost",
		    "verification can be off for localhost, 127.0.0.1 and "
		    "::1 only, broker.base_url is '%s'",
		    config->broker.base_url);
	check_proof(r);
	if (usable(r, "broker.pacing", "broker.simulator", "broker.base_url",
		NULL) &&
	    config->broker.pacing > 100 &&
	    (!config->broker.simulator || !is_local_gateway(config)))
		rule(r, ERR_CONFIG_INVALID, "broker.pacing",
		    "more than 100 needs broker.simulator: true and a "
		    "broker.base_url on this machine");
}

static const struct risk_policy *
find_policy(const struct config *config, const char *id)
{
	for (size_t i = 0; i < config->policy_count; i++) {
		if (strcmp(config->policies[i].id, id) == 0)
			return &config->policies[i];
	}
	return NULL;
}

/* True if the section itself was refused: nobody knows its policies. */
static bool
policies_unknown(const struct config *config)
{
	return config->marks[key_find("risk_policies.*.enabled") - key_table]
	    .bad;
}

static void
check_policy_id(
    const struct rules *r, enum err_code code, const char *path, const char *id)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	CLEANUP_FREE const char **ids = NULL;
	const struct config *config = r->config;

	if (!id || find_policy(config, id) || policies_unknown(config))
		return;
	fault_quote(&text, id);
	buf_str(&text, " is not a policy of risk_policies");
	ids = calloc(config->policy_count + 1, sizeof *ids);
	for (size_t i = 0; ids && i < config->policy_count; i++)
		ids[i] = config->policies[i].id;
	if (ids)
		fault_nearest(&text, id, ids, config->policy_count);
	rule(r, code, path, "%s", buf_text(&text));
}

static void
check_live_needs(const struct rules *r)
{
	const struct config *config = r->config;
	enum err_code code = ERR_CONFIG_LIVE_TRADING_FORBIDDEN;

	if (usable(r, "live_trading.allowed_accounts", NULL) &&
	    config->live_trading.allowed_accounts.count == 0)
		rule(r, code, "live_trading.allowed_accounts",
		    "live trading needs at least one account");
	if (usable(r, "live_trading.risk_policy_id", NULL) &&
	    !config->live_trading.risk_policy_id)
		rule(r, code, "live_trading.risk_policy_id",
		    "live trading needs the id of a policy");
	if (usable(
		r, "live_trading.paper_to_live_checklist_acknowledged", NULL) &&
	    !config->live_trading.paper_to_live_checklist_acknowledged)
		rule(r, code,
		    "live_trading.paper_to_live_checklist_acknowledged",
		    "live trading needs the acknowledged checklist: true");
	check_policy_id(r, code, "live_trading.risk_policy_id",
	    config->live_trading.risk_policy_id);
	if (usable(r, "live_trading.writer", "live_trading.allowed_writers",
		NULL) &&
	    config->live_trading.writer) {
		const struct config_list *list =
		    &config->live_trading.allowed_writers;
		bool listed = false;

		for (size_t i = 0; i < list->count; i++)
			listed |= config_name_equal(
			    list->items[i], config->live_trading.writer);
		if (!listed)
			rule(r, code, "live_trading.writer",
			    "'%s' is not in live_trading.allowed_writers",
			    config->live_trading.writer);
	}
	if (usable(r, "broker.simulator", NULL) && config->broker.simulator)
		rule(r, code, "broker.simulator",
		    "a simulator and live trading exclude each other");
}

static void
check_live(const struct rules *r)
{
	const struct config *config = r->config;
	enum err_code code = ERR_CONFIG_LIVE_TRADING_FORBIDDEN;

	if (!usable(
		r, "live_trading.enabled", "safety.live_trading_enabled", NULL))
		return;
	if (config->safety.live_trading_enabled &&
	    !config->live_trading.enabled)
		rule(r, code, "safety.live_trading_enabled",
		    "is true, but live_trading.enabled is false");
	if (!config->live_trading.enabled)
		return;
	if (!config->safety.live_trading_enabled)
		rule(r, code, "live_trading.enabled",
		    "is true, but safety.live_trading_enabled is false");
	check_live_needs(r);
}

static void
check_retention(const struct rules *r)
{
	const struct config *config = r->config;

	if (!config->live_trading.enabled &&
	    !config->safety.live_trading_enabled)
		return;
	if (usable(r, "audit.live_write_retention_days", NULL) &&
	    config->audit.live_write_retention_days < LIVE_RETENTION_DAYS)
		rule(r, ERR_AUDIT_WRITE_FAILED,
		    "audit.live_write_retention_days",
		    "got '%u', live trading needs at least %d",
		    config->audit.live_write_retention_days,
		    LIVE_RETENTION_DAYS);
	if (usable(r, "audit.export_required_before_purge", NULL) &&
	    !config->audit.export_required_before_purge)
		rule(r, ERR_AUDIT_WRITE_FAILED,
		    "audit.export_required_before_purge",
		    "live trading needs true");
	if (usable(r, "audit.immutable_live_events", NULL) &&
	    !config->audit.immutable_live_events)
		rule(r, ERR_AUDIT_WRITE_FAILED, "audit.immutable_live_events",
		    "live trading needs true");
}

/* A key that a feature needs once it is on. */
static void
need(const struct rules *r, const char *path, bool given, const char *feature)
{
	if (!given && usable(r, path, NULL))
		rule(r, ERR_CONFIG_INVALID, path, "is required with %s: true",
		    feature);
}

/* A token's audience is compared character by character. */
static void
check_resource(const struct rules *r)
{
	const char *resource = r->config->remote_mcp.resource;

	if (resource && usable(r, "remote_mcp.resource", NULL) &&
	    resource[strlen(resource) - 1] == '/')
		rule(r, ERR_CONFIG_INVALID, "remote_mcp.resource",
		    "ends in '/': clients ask for tokens of the URL without "
		    "it, write it that way");
}

static bool
is_loopback(const char *place)
{
	const char *colon = strrchr(place, ':');
	size_t len = colon ? (size_t)(colon - place) : 0;
	struct address address;

	return address_parse_host(place, len, &address) &&
	       address_is_loopback(&address);
}

/* Nothing goes over a network in the clear, but to a proxy that is known. */
static void
check_remote_tls(const struct rules *r)
{
	const struct config *config = r->config;
	bool chain = config->remote_mcp.tls_certificate_file != NULL;
	bool key = config->remote_mcp.tls_key_file != NULL;

	if (!usable(r, "remote_mcp.tls_certificate_file",
		"remote_mcp.tls_key_file", NULL))
		return;
	if (chain != key)
		rule(r, ERR_CONFIG_INVALID,
		    chain ? "remote_mcp.tls_certificate_file"
			  : "remote_mcp.tls_key_file",
		    "needs remote_mcp.%s beside it",
		    chain ? "tls_key_file" : "tls_certificate_file");
	else if (usable(r, "remote_mcp.bind_address",
		     "remote_mcp.trusted_proxies", NULL) &&
		 !chain && config->remote_mcp.trusted_proxies.count == 0 &&
		 !is_loopback(config->remote_mcp.bind_address))
		rule(r, ERR_CONFIG_REMOTE_MCP_FORBIDDEN,
		    "remote_mcp.bind_address",
		    "'%s' is not a loopback address: that needs "
		    "remote_mcp.tls_certificate_file and tls_key_file, or a "
		    "proxy in remote_mcp.trusted_proxies",
		    config->remote_mcp.bind_address);
}

static void
check_remote(const struct rules *r)
{
	const struct config *config = r->config;
	enum err_code code = ERR_CONFIG_REMOTE_MCP_FORBIDDEN;
	static const char on[] = "remote_mcp.enabled";

	if (!usable(r, on, "safety.remote_mcp_enabled", NULL))
		return;
	if (config->safety.remote_mcp_enabled && !config->remote_mcp.enabled)
		rule(r, code, "safety.remote_mcp_enabled",
		    "is true, but remote_mcp.enabled is false");
	if (!config->remote_mcp.enabled)
		return;
	if (!config->safety.remote_mcp_enabled)
		rule(r, code, on,
		    "is true, but safety.remote_mcp_enabled is false");
	check_remote_tls(r);
	need(r, "remote_mcp.resource", config->remote_mcp.resource, on);
	check_resource(r);
	need(r, "remote_mcp.issuer", config->remote_mcp.issuer, on);
	need(r, "remote_mcp.jwks_url", config->remote_mcp.jwks_url, on);
	need(r, "remote_mcp.audiences", config->remote_mcp.audiences.count, on);
	need(r, "remote_mcp.allowed_scopes",
	    config->remote_mcp.allowed_scopes.count, on);
	need(r, "remote_mcp.token_id_hmac_secret_env",
	    config->remote_mcp.token_id_hmac_secret_env ||
		config->remote_mcp.token_id_hmac_secret_file,
	    on);
}

static void
check_sidecar_gateway(const struct rules *r)
{
	const struct config *config = r->config;
	static const char on[] = "sidecar.enabled";

	if (usable(r, "remote_mcp.enabled", NULL) &&
	    !config->remote_mcp.enabled)
		rule(r, ERR_CONFIG_SIDECAR_FORBIDDEN, on,
		    "is true, but remote_mcp.enabled is false");
	need(r, "sidecar.local_client_portal_base_url",
	    config->sidecar.local_client_portal_base_url, on);
}

/* It reads from its own broker, whatever it says to a gateway. */
static void
check_sidecar_broker(const struct rules *r)
{
	const struct config *config = r->config;
	static const char local[] = "sidecar.local_client_portal_base_url";

	if (usable(r, local, "broker.base_url", NULL) &&
	    config->sidecar.local_client_portal_base_url &&
	    config->broker.base_url &&
	    strcmp(config->sidecar.local_client_portal_base_url,
		config->broker.base_url) != 0)
		rule(r, ERR_CONFIG_INVALID, local,
		    "is another address than broker.base_url");
}

static void
check_sidecar(const struct rules *r)
{
	const struct config *config = r->config;
	enum err_code code = ERR_CONFIG_SIDECAR_FORBIDDEN;
	static const char on[] = "sidecar.enabled";

	if (!usable(r, on, "safety.sidecar_enabled", NULL))
		return;
	if (config->safety.sidecar_enabled && !config->sidecar.enabled)
		rule(r, code, "safety.sidecar_enabled",
		    "is true, but sidecar.enabled is false");
	if (!config->sidecar.enabled)
		return;
	if (!config->safety.sidecar_enabled)
		rule(r, code, on,
		    "is true, but safety.sidecar_enabled is false");
	need(r, "sidecar.remote_relay_url", config->sidecar.remote_relay_url,
	    on);
	if (config->sidecar.role == SIDECAR_ROLE_SIDECAR)
		check_sidecar_broker(r);
	else
		check_sidecar_gateway(r);
	if (!usable(r, "sidecar.heartbeat_interval_seconds",
		"sidecar.heartbeat_timeout_seconds", NULL))
		return;
	if (config->sidecar.heartbeat_interval_seconds == 0)
		rule(r, ERR_CONFIG_INVALID,
		    "sidecar.heartbeat_interval_seconds",
		    "got '0', allowed is 1 or more");
	else if (config->sidecar.heartbeat_timeout_seconds <=
		 config->sidecar.heartbeat_interval_seconds)
		rule(r, ERR_CONFIG_INVALID, "sidecar.heartbeat_timeout_seconds",
		    "got '%u', allowed is more than the interval of %u",
		    config->sidecar.heartbeat_timeout_seconds,
		    config->sidecar.heartbeat_interval_seconds);
}

/* reference: the allowlist decides, so an empty one is a mistake */
static void
check_paper(const struct rules *r)
{
	const struct config *config = r->config;

	if (!usable(r, "paper_trading.enabled", NULL) ||
	    !config->paper_trading.enabled)
		return;
	if (usable(r, "paper_trading.allowed_accounts", NULL) &&
	    config->paper_trading.allowed_accounts.count == 0)
		rule(r, ERR_PAPER_TRADING_DISABLED,
		    "paper_trading.allowed_accounts",
		    "paper trading needs at least one account");
	check_policy_id(r, ERR_CONFIG_INVALID, "paper_trading.risk_policy_id",
	    config->paper_trading.risk_policy_id);
}

static void
check_writer(const struct rules *r, const char *path, const char *writer)
{
	if (usable(r, path, "broker.backend", NULL) && writer &&
	    config_name_equal(writer, "client-portal") &&
	    !is_client_portal(r->config))
		rule(r, ERR_CONFIG_INVALID, path,
		    "'%s' needs broker.backend: client_portal_gateway", writer);
}

static void
check_approvals(const struct rules *r, const char *path, const char *policy)
{
	if (usable(r, path, "approvals.approvers", NULL) &&
	    strcmp(policy, "distinct") == 0 &&
	    r->config->approvals.approvers.count == 0)
		rule(r, ERR_CONFIG_INVALID, path,
		    "'distinct' needs somebody in approvals.approvers");
}

static const struct config_mark *
policy_mark(const struct risk_policy *policy, const char *path)
{
	const struct config_mark *mark =
	    &policy->marks[key_find(path) - key_table];

	return mark->line || mark->bad ? mark : &policy->at;
}

/* Two keys of a policy that mean nothing without each other. */
static void
pair(const struct rules *r, const struct risk_policy *policy, const char *path,
    bool given, const char *other_path, bool other_given)
{
	const struct config_mark *mark = policy_mark(policy, path);
	const struct config_mark *other = policy_mark(policy, other_path);
	static const size_t skip = sizeof "risk_policies.*." - 1;

	if (given == other_given || mark->bad || other->bad)
		return;
	fault_add(r->faults, ERR_CONFIG_INVALID, given ? mark : other,
	    "key 'risk_policies.%s.%s': needs %s beside it", policy->id,
	    (given ? path : other_path) + skip,
	    (given ? other_path : path) + skip);
}

static void
check_policy(const struct rules *r, const struct risk_policy *p)
{
#define PATH(rest) "risk_policies.*." rest
	bool session = p->session_max_orders || p->session_max_notional_amount;

	pair(r, p, PATH("max_notional.amount"), p->max_notional_amount,
	    PATH("max_notional.currency"), p->max_notional_currency);
	pair(r, p, PATH("frequency_limit.max_orders"), p->window_max_orders,
	    PATH("frequency_limit.window_seconds"), p->window_seconds);
	pair(r, p, PATH("session_limit.max_session_notional.amount"),
	    p->session_max_notional_amount,
	    PATH("session_limit.max_session_notional.currency"),
	    p->session_max_notional_currency);
	pair(r, p, PATH("session_limit.starts_at"), p->session_starts_at,
	    PATH("session_limit.timezone"), p->session_timezone);
	if (session)
		pair(r, p,
		    p->session_max_orders
			? PATH("session_limit.max_orders_per_session")
			: PATH("session_limit.max_session_notional.amount"),
		    true, PATH("session_limit.starts_at"),
		    p->session_starts_at);
#undef PATH
}

/* Is one of the users of an entry one of those of an earlier one? */
static const char *
twice(const struct config *config, size_t at)
{
	const struct config_list *users = &config->peers[at].users;

	for (size_t i = 0; i < at; i++) {
		for (size_t k = 0; k < users->count; k++) {
			if (config_list_has(
				&config->peers[i].users, users->items[k]))
				return users->items[k];
		}
	}
	return NULL;
}

static const char *
scope_beyond(const struct config *config, const struct peer_rule *peer)
{
	for (size_t i = 0; i < peer->scopes.count; i++) {
		if (!config_list_has(
			&config->auth.enabled_scopes, peer->scopes.items[i]))
			return peer->scopes.items[i];
	}
	return NULL;
}

static void
peer_fault(const struct rules *r, const struct peer_rule *peer,
    const char *rest, const char *text, const char *value)
{
	fault_add(r->faults, ERR_CONFIG_INVALID, &peer->at,
	    "key 'daemon.principals.%s%s': %s%s%s%s", peer->name, rest, text,
	    value ? " '" : "", value ? value : "", value ? "'" : "");
}

static bool
peer_usable(const struct peer_rule *peer)
{
	for (size_t i = 0; i < key_count; i++) {
		if (peer->marks[i].bad)
			return false;
	}
	return true;
}

static void
check_peer(const struct rules *r, size_t at)
{
	const struct peer_rule *peer = &r->config->peers[at];
	const char *user = twice(r->config, at);
	const char *scope = scope_beyond(r->config, peer);

	if (!peer_usable(peer))
		return;
	if (peer->users.count + peer->groups.count == 0)
		peer_fault(r, peer, "", "names neither users nor groups", NULL);
	if (peer->scopes.count == 0)
		peer_fault(r, peer, ".scopes",
		    "names no scope, so that nothing would be allowed", NULL);
	if (user)
		peer_fault(r, peer, ".users",
		    "an earlier principal has the user, too:", user);
	if (scope && usable(r, "auth.enabled_scopes", NULL))
		peer_fault(r, peer, ".scopes",
		    "auth.enabled_scopes does not have", scope);
}

void
rules_check(const struct config *config, struct faults *faults)
{
	struct rules r = { .config = config, .faults = faults };

	check_broker(&r);
	check_live(&r);
	check_retention(&r);
	check_remote(&r);
	check_sidecar(&r);
	check_paper(&r);
	check_writer(&r, "paper_trading.writer", config->paper_trading.writer);
	check_writer(&r, "live_trading.writer", config->live_trading.writer);
	check_approvals(
	    &r, "approvals.live_policy", config->approvals.live_policy);
	check_approvals(
	    &r, "approvals.paper_policy", config->approvals.paper_policy);
	for (size_t i = 0; i < config->policy_count; i++)
		check_policy(&r, &config->policies[i]);
	for (size_t i = 0; i < config->peer_count; i++)
		check_peer(&r, i);
}
