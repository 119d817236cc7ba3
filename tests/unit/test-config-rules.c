/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Each rule that joins keys, with its code, its place and its text; and that
 * a rule keeps silent about what follows from a refused value.
 */

#include "loaded.h"

#include "base/cleanup.h"

struct rule_case {
	const char *text;
	enum err_code code;
	const char *line;
};

#define AT(place) "c.yaml:" place ": "
#define CLIENT_PORTAL(rest)                                  \
	"broker: {backend: client_portal_gateway" rest "}\n" \
	"auth: {enabled_scopes: []}\naudit: {path: /var/lib/iag}\n"
#define LIVE(rest)                                              \
	LOADED_HEAD "safety: {live_trading_enabled: true}\n"    \
		    "risk_policies: {small: {enabled: true}}\n" \
		    "live_trading: {enabled: true, " rest "}\n"
#define ACCOUNTS "allowed_accounts: [U1], "
#define POLICY "risk_policy_id: small, "
#define ACKNOWLEDGED "paper_to_live_checklist_acknowledged: true"
#define REMOTE(rest)                                       \
	LOADED_HEAD "safety: {remote_mcp_enabled: true}\n" \
		    "remote_mcp:\n  enabled: true\n" rest
#define RESOURCE "  resource: https://mcp.example.org/mcp\n"
#define ISSUER "  issuer: https://id.example.org\n"
#define JWKS "  jwks_url: https://id.example.org/keys\n"
#define AUDIENCES "  audiences: [a]\n"
#define SCOPES "  allowed_scopes: [ibkr:health:read, ibkr:operator]\n"
#define REMOTE_ALL REMOTE(RESOURCE ISSUER JWKS AUDIENCES SCOPES)
#define SIDECAR(rest)                                                          \
	LOADED_HEAD                                                            \
	"safety: {remote_mcp_enabled: true, sidecar_enabled: true}\n"          \
	"remote_mcp:\n  enabled: true\n" RESOURCE ISSUER JWKS AUDIENCES SCOPES \
	"sidecar: {enabled: true" rest "}\n"
#define URLS                                            \
	", remote_relay_url: https://relay.example.org" \
	", local_client_portal_base_url: https://localhost:5000"

static void
check(const struct rule_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++)
		assert_fault(cases[i].text, cases[i].code, cases[i].line);
}

static void
test_the_broker_has_a_url_and_verifies_it(void **state)
{
	static const struct rule_case cases[] = {
		{ CLIENT_PORTAL(""), ERR_CONFIG_MISSING_BROKER_BASE_URL,
		    "c.yaml: key 'broker.base_url': is required" },
		{ CLIENT_PORTAL(", base_url: null"),
		    ERR_CONFIG_MISSING_BROKER_BASE_URL,
		    AT("1:52") "key 'broker.base_url': is required" },
		{ CLIENT_PORTAL(", base_url: \"https://192.168.1.5:5000\", "
				"allow_insecure_tls_for_localhost: true"),
		    ERR_CONFIG_TLS_BYPASS_NON_LOCALHOST,
		    AT("1:114") "key 'broker.allow_insecure_tls_for_localhost"
				"': verification can be off for localhost" },
		{ CLIENT_PORTAL(", base_url: \"https://localhost.evil.org\", "
				"allow_insecure_tls_for_localhost: true"),
		    ERR_CONFIG_TLS_BYPASS_NON_LOCALHOST, AT("1:116") },
		{ CLIENT_PORTAL(", base_url: \"https://127.0.0.2\", "
				"allow_insecure_tls_for_localhost: true"),
		    ERR_CONFIG_TLS_BYPASS_NON_LOCALHOST, AT("1:107") },
		{ CLIENT_PORTAL(", base_url: \"https://localhost:5000\", "
				"pacing: 101"),
		    ERR_CONFIG_INVALID,
		    AT("1:86") "key 'broker.pacing': more than 100 needs" },
		{ CLIENT_PORTAL(", base_url: \"https://example.org\", "
				"pacing: 101, simulator: true"),
		    ERR_CONFIG_INVALID,
		    AT("1:83") "key 'broker.pacing': more than 100 needs" },
		{ CLIENT_PORTAL(", base_url: \"http://localhost:5000\", "
				"ca_file: /etc/x.pem"),
		    ERR_CONFIG_INVALID,
		    AT("1:86") "key 'broker.ca_file': is for https://" },
	};
	static const char *const local[] = { "https://localhost:5000",
		"https://127.0.0.1:5000/v1/api", "https://[::1]:5000",
		"https://[::1]", "https://LOCALHOST:5000",
		"http://localhost:5000" };

	(void)state;
	check(cases, ARRAY_COUNT(cases));
	for (size_t i = 0; i < ARRAY_COUNT(local); i++) {
		CLEANUP_BUF struct buf text = BUF_INIT;

		buf_printf(&text,
		    "broker: {backend: client-portal-gateway, base_url: "
		    "\"%s\", allow_insecure_tls_for_localhost: true, "
		    "simulator: true, pacing: 5000}\n"
		    "auth: {enabled_scopes: []}\naudit: {path: x}\n",
		    local[i]);
		assert_no_fault(buf_text(&text));
	}
}

static void
test_live_needs_both_switches_and_all_it_rests_on(void **state)
{
	enum err_code forbidden = ERR_CONFIG_LIVE_TRADING_FORBIDDEN;
	const struct rule_case cases[] = {
		{ LOADED_HEAD "safety: {live_trading_enabled: true}\n",
		    forbidden,
		    AT("4:32") "key 'safety.live_trading_enabled': is true, "
			       "but live_trading.enabled is false" },
		{ LOADED_HEAD "live_trading: {enabled: true, " ACCOUNTS
			      "risk_policy_id: p, " ACKNOWLEDGED "}\n"
			      "risk_policies: {p: {enabled: true}}\n",
		    forbidden,
		    AT("4:25") "key 'live_trading.enabled': is true, but "
			       "safety.live_trading_enabled is false" },
		{ LIVE(POLICY ACKNOWLEDGED), forbidden,
		    "c.yaml: key 'live_trading.allowed_accounts': live "
		    "trading needs at least one" },
		{ LIVE("allowed_accounts: [], " POLICY ACKNOWLEDGED), forbidden,
		    AT("6:49") "key 'live_trading.allowed_accounts': " },
		{ LIVE(ACCOUNTS ACKNOWLEDGED), forbidden,
		    "c.yaml: key 'live_trading.risk_policy_id': live "
		    "trading needs the id" },
		{ LIVE(ACCOUNTS POLICY "writer: refusing"), forbidden,
		    "c.yaml: key 'live_trading.paper_to_live_checklist_"
		    "acknowledged': live trading needs" },
		{ LIVE(ACCOUNTS "risk_policy_id: smalll, " ACKNOWLEDGED),
		    forbidden,
		    AT("6:71") "key 'live_trading.risk_policy_id': 'smalll' is "
			       "not a policy of risk_policies (did you mean "
			       "'small'?)" },
		{ LIVE(ACCOUNTS POLICY "writer: mine, " ACKNOWLEDGED),
		    forbidden,
		    AT("6:86") "key 'live_trading.writer': 'mine' is not in "
			       "live_trading.allowed_writers" },
		{ "broker: {backend: fake, simulator: true}\n"
		  "auth: {enabled_scopes: []}\naudit: {path: /s}\n"
		  "safety: {live_trading_enabled: true}\n"
		  "risk_policies: {small: {enabled: true}}\n"
		  "live_trading: {enabled: true, " ACCOUNTS POLICY ACKNOWLEDGED
		  "}\n",
		    forbidden, AT("1:36") "key 'broker.simulator': " },
	};

	(void)state;
	check(cases, ARRAY_COUNT(cases));
	assert_no_fault(LIVE(ACCOUNTS POLICY ACKNOWLEDGED));
	assert_no_fault(
	    LIVE(ACCOUNTS POLICY "writer: local_candidate, " ACKNOWLEDGED));
}

static void
test_live_needs_the_audit_trail_kept(void **state)
{
	enum err_code code = ERR_AUDIT_WRITE_FAILED;
#define AUDIT(rest)                                             \
	"broker: {backend: fake}\nauth: {enabled_scopes: []}\n" \
	"audit: {path: /s, " rest "}\n"                         \
	"safety: {live_trading_enabled: true}\n"                \
	"risk_policies: {small: {enabled: true}}\n"             \
	"live_trading: {enabled: true, " ACCOUNTS POLICY ACKNOWLEDGED "}\n"
	const struct rule_case cases[] = {
		{ AUDIT("live_write_retention_days: 2554"), code,
		    AT("3:46") "key 'audit.live_write_retention_days': got "
			       "'2554', live trading needs at least 2555" },
		{ AUDIT("export_required_before_purge: false"), code,
		    AT("3:49") "key 'audit.export_required_before_purge'" },
		{ AUDIT("immutable_live_events: false"), code,
		    AT("3:42") "key 'audit.immutable_live_events'" },
	};

	(void)state;
	check(cases, ARRAY_COUNT(cases));
	assert_no_fault(AUDIT("live_write_retention_days: 2555"));
	/* without live trading nobody minds */
	assert_no_fault("broker: {backend: fake}\nauth: {enabled_scopes: "
			"[]}\naudit: {path: /s, live_write_retention_days: "
			"0, immutable_live_events: false}\n");
}

static void
test_remote_needs_both_switches_and_all_it_rests_on(void **state)
{
	enum err_code forbidden = ERR_CONFIG_REMOTE_MCP_FORBIDDEN;
	const struct rule_case cases[] = {
		{ LOADED_HEAD "safety: {remote_mcp_enabled: true}\n", forbidden,
		    AT("4:30") "key 'safety.remote_mcp_enabled'" },
		{ LOADED_HEAD "remote_mcp:\n  enabled: true\n" RESOURCE ISSUER
			JWKS AUDIENCES SCOPES,
		    forbidden, AT("5:12") "key 'remote_mcp.enabled'" },
		{ REMOTE(ISSUER JWKS AUDIENCES SCOPES), ERR_CONFIG_INVALID,
		    "c.yaml: key 'remote_mcp.resource': is required with "
		    "remote_mcp.enabled: true" },
		{ REMOTE(
		      "  resource: https://mcp.example.org/mcp/\n" ISSUER JWKS
			  AUDIENCES SCOPES),
		    ERR_CONFIG_INVALID,
		    AT("7:13") "key 'remote_mcp.resource': ends in '/'" },
		{ REMOTE(RESOURCE JWKS AUDIENCES SCOPES), ERR_CONFIG_INVALID,
		    "c.yaml: key 'remote_mcp.issuer'" },
		{ REMOTE(RESOURCE ISSUER AUDIENCES SCOPES), ERR_CONFIG_INVALID,
		    "c.yaml: key 'remote_mcp.jwks_url'" },
		{ REMOTE(RESOURCE ISSUER JWKS SCOPES), ERR_CONFIG_INVALID,
		    "c.yaml: key 'remote_mcp.audiences'" },
		{ REMOTE(RESOURCE ISSUER JWKS AUDIENCES), ERR_CONFIG_INVALID,
		    "c.yaml: key 'remote_mcp.allowed_scopes'" },
		{ REMOTE(RESOURCE ISSUER JWKS AUDIENCES SCOPES
		      "  token_id_hmac_secret_env: null\n"),
		    ERR_CONFIG_INVALID,
		    AT("12:29") "key 'remote_mcp.token_id_hmac_secret_env'" },
	};

	(void)state;
	check(cases, ARRAY_COUNT(cases));
	assert_no_fault(REMOTE_ALL);
	assert_no_fault(REMOTE(RESOURCE ISSUER JWKS AUDIENCES SCOPES
	    "  token_id_hmac_secret_env: null\n"
	    "  token_id_hmac_secret_file: token-secret\n"));
}

static void
test_what_remote_lacks_is_listed_in_order(void **state)
{
	static const char *const order[] = { "resource", "issuer", "jwks_url",
		"audiences", "allowed_scopes", "token_id_hmac_secret_env" };
	static const char text[] = REMOTE("  token_id_hmac_secret_env: ~\n");
	struct loaded l;
	const char *at;

	(void)state;
	loaded_init(&l, text, sizeof text - 1);
	assert_int_equal(l.count, ARRAY_COUNT(order));
	at = buf_text(&l.out);
	for (size_t i = 0; i < ARRAY_COUNT(order); i++) {
		at = strstr(at, order[i]);
		assert_non_null(at);
	}
	loaded_fini(&l);
}

static void
test_sidecar_needs_switches_urls_and_a_sane_heartbeat(void **state)
{
	enum err_code forbidden = ERR_CONFIG_SIDECAR_FORBIDDEN;
	const struct rule_case cases[] = {
		{ LOADED_HEAD "safety: {sidecar_enabled: true}\n", forbidden,
		    AT("4:27") "key 'safety.sidecar_enabled'" },
		{ REMOTE_ALL "sidecar: {enabled: true" URLS "}\n", forbidden,
		    AT("12:20") "key 'sidecar.enabled': is true, but "
				"safety.sidecar_enabled is false" },
		{ LOADED_HEAD "safety: {sidecar_enabled: true}\n"
			      "sidecar: {enabled: true" URLS "}\n",
		    forbidden,
		    AT("5:20") "key 'sidecar.enabled': is true, but "
			       "remote_mcp.enabled is false" },
		{ SIDECAR(", local_client_portal_base_url: "
			  "https://localhost"),
		    ERR_CONFIG_INVALID,
		    "c.yaml: key 'sidecar.remote_relay_url'" },
		{ SIDECAR(", remote_relay_url: https://relay.example.org"),
		    ERR_CONFIG_INVALID,
		    "c.yaml: key 'sidecar.local_client_portal_base_url'" },
		{ SIDECAR(URLS ", heartbeat_interval_seconds: 0"),
		    ERR_CONFIG_INVALID,
		    AT("12:153") "key 'sidecar.heartbeat_interval_seconds'" },
		{ SIDECAR(URLS ", heartbeat_timeout_seconds: 15"),
		    ERR_CONFIG_INVALID,
		    AT("12:152") "key 'sidecar.heartbeat_timeout_seconds': "
				 "got '15', allowed is more than" },
	};

	(void)state;
	check(cases, ARRAY_COUNT(cases));
	assert_no_fault(SIDECAR(URLS));
	/* the other end has no HTTP door, and reads from its own broker */
	assert_no_fault(
	    LOADED_HEAD "safety: {sidecar_enabled: true}\n"
			"sidecar: {enabled: true, role: sidecar, "
			"remote_relay_url: https://relay.example.org}\n");
	assert_fault(LOADED_HEAD "safety: {sidecar_enabled: true}\n"
				 "sidecar: {enabled: true, role: sidecar}\n",
	    ERR_CONFIG_INVALID, "c.yaml: key 'sidecar.remote_relay_url'");
	assert_no_fault(LOADED_HEAD "sidecar: {heartbeat_interval_seconds: "
				    "0, heartbeat_timeout_seconds: 0}\n");
}

static void
test_paper_needs_accounts_and_a_known_policy(void **state)
{
	const struct rule_case cases[] = {
		{ LOADED_HEAD "paper_trading: {enabled: true}\n",
		    ERR_PAPER_TRADING_DISABLED,
		    "c.yaml: key 'paper_trading.allowed_accounts'" },
		{ LOADED_HEAD "paper_trading: {enabled: true, "
			      "allowed_accounts: [D], risk_policy_id: x}\n",
		    ERR_CONFIG_INVALID,
		    AT("4:71") "key 'paper_trading.risk_policy_id': 'x' is "
			       "not a policy" },
		{ LOADED_HEAD "paper_trading: {writer: client_portal}\n",
		    ERR_CONFIG_INVALID,
		    AT("4:25") "key 'paper_trading.writer': 'client_portal' "
			       "needs broker.backend" },
		{ LOADED_HEAD "live_trading: {writer: client-portal}\n",
		    ERR_CONFIG_INVALID,
		    AT("4:24") "key 'live_trading.writer': 'client-portal' "
			       "needs broker.backend" },
	};

	(void)state;
	check(cases, ARRAY_COUNT(cases));
}

static void
test_distinct_approval_needs_an_approver(void **state)
{
	const struct rule_case cases[] = {
		{ LOADED_HEAD "approvals: {live_policy: distinct}\n",
		    ERR_CONFIG_INVALID,
		    AT("4:26") "key 'approvals.live_policy': 'distinct'" },
		{ LOADED_HEAD "approvals: {paper_policy: distinct}\n",
		    ERR_CONFIG_INVALID,
		    AT("4:27") "key 'approvals.paper_policy': 'distinct'" },
	};

	(void)state;
	check(cases, ARRAY_COUNT(cases));
	assert_no_fault(LOADED_HEAD "approvals: {live_policy: distinct, "
				    "approvers: [local:anna]}\n");
}

static void
test_half_limits_of_a_policy_are_refused(void **state)
{
#define ONE(rest) LOADED_HEAD "risk_policies:\n  p:\n    " rest "\n"
	const struct rule_case cases[] = {
		{ ONE("max_notional: {amount: 5}"), ERR_CONFIG_INVALID,
		    AT("6:28") "key 'risk_policies.p.max_notional.amount': "
			       "needs max_notional.currency beside it" },
		{ ONE("max_notional: {currency: USD}"), ERR_CONFIG_INVALID,
		    AT("6:30") "key 'risk_policies.p.max_notional.currency'" },
		{ ONE("frequency_limit: {max_orders: 5}"), ERR_CONFIG_INVALID,
		    AT("6:35") "key 'risk_policies.p.frequency_limit."
			       "max_orders'" },
		{ ONE("frequency_limit: {window_seconds: 5}"),
		    ERR_CONFIG_INVALID,
		    AT("6:39") "key 'risk_policies.p.frequency_limit."
			       "window_seconds'" },
		{ ONE("session_limit: {max_orders_per_session: 5}"),
		    ERR_CONFIG_INVALID,
		    AT("6:45") "key 'risk_policies.p.session_limit."
			       "max_orders_per_session': needs "
			       "session_limit.starts_at" },
		{ ONE("session_limit: {starts_at: \"09:30\"}"),
		    ERR_CONFIG_INVALID,
		    AT("6:32") "key 'risk_policies.p.session_limit."
			       "starts_at': needs session_limit.timezone" },
	};

	(void)state;
	check(cases, ARRAY_COUNT(cases));
	assert_no_fault(ONE("session_limit: {max_orders_per_session: 5, "
			    "timezone: UTC, starts_at: \"09:30\"}"));
}

static void
test_principals_of_the_socket_are_somebody_and_may_something(void **state)
{
#define HEAD                                                           \
	"broker: {backend: fake}\naudit: {path: /var/lib/iag}\n"       \
	"auth: {enabled_scopes: [ibkr:health:read, ibkr:risk:read]}\n" \
	"daemon:\n  principals:\n"
#define MAY "scopes: [ibkr:health:read]"
	const struct rule_case cases[] = {
		{ HEAD "    bot: {" MAY "}\n", ERR_CONFIG_INVALID,
		    AT("6:5") "key 'daemon.principals.bot': names neither "
			      "users nor groups" },
		{ HEAD "    bot: {users: [bot]}\n", ERR_CONFIG_INVALID,
		    AT("6:5") "key 'daemon.principals.bot.scopes': names no "
			      "scope" },
		{ HEAD "    bot: {users: [bot], scopes: "
		       "[ibkr:orders:read]}\n",
		    ERR_CONFIG_INVALID,
		    AT("6:5") "key 'daemon.principals.bot.scopes': "
			      "auth.enabled_scopes does not have "
			      "'ibkr:orders:read'" },
		{ HEAD "    bot: {users: [7], " MAY "}\n"
		       "    anna: {users: [anna, 7], " MAY "}\n",
		    ERR_CONFIG_INVALID,
		    AT("7:5") "key 'daemon.principals.anna.users': an earlier "
			      "principal has the user, too: '7'" },
		{ HEAD "    bot: {users: [bot], kind: boss}\n",
		    ERR_CONFIG_INVALID,
		    AT("6:31") "key 'daemon.principals.bot.kind': got 'boss'" },
		{ HEAD "    b t: {users: [bot]}\n", ERR_CONFIG_INVALID,
		    AT("6:5") "key 'daemon.principals.b t': allowed as a "
			      "principal's name are" },
	};

	(void)state;
	check(cases, ARRAY_COUNT(cases));
	assert_no_fault(
	    HEAD "    bot: {users: [bot, 7], groups: [bots], " MAY "}\n"
		 "    anna: {kind: operator, groups: [staff], " MAY "}\n");
}

static void
test_rules_are_silent_about_what_was_refused(void **state)
{
	static const char *const texts[] = {
		LIVE("allowed_accounts: 5, " POLICY ACKNOWLEDGED),
		LIVE(ACCOUNTS POLICY
		    "paper_to_live_checklist_acknowledged: yes"),
		LIVE(ACCOUNTS POLICY
		    "allowed_writers: [\"\"], writer: x, " ACKNOWLEDGED),
		LOADED_HEAD "safety: {live_trading_enabled: true}\n"
			    "live_trading: 5\n",
		LOADED_HEAD
		"safety: {live_trading_enabled: 1}\n"
		"risk_policies: {small: {enabled: true}}\n"
		"live_trading: {enabled: true, " ACCOUNTS POLICY ACKNOWLEDGED
		"}\n",
		REMOTE(
		    RESOURCE ISSUER "  jwks_url: htp://x\n" AUDIENCES SCOPES),
		CLIENT_PORTAL(", base_url: nonsense"),
		LOADED_HEAD
		"safety: {live_trading_enabled: true}\n"
		"risk_policies: [small]\n"
		"live_trading: {enabled: true, " ACCOUNTS POLICY ACKNOWLEDGED
		"}\n",
		ONE("max_notional: {amount: x}"),
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
		struct loaded l;

		loaded_init(&l, texts[i], strlen(texts[i]));
		if (l.count != 1)
			fail_msg("wanted one fault, got\n%s", buf_text(&l.out));
		loaded_fini(&l);
	}
}

static void
test_a_program_gets_the_same_rules_without_places(void **state)
{
	struct config *config = config_new();
	struct buf out = BUF_INIT;
	struct err err = ERR_INIT;

	(void)state;
	assert_non_null(config);
	config->safety.live_trading_enabled = true;
	assert_int_equal(config_rules(config, &out, &err), IAG_INVAL);
	assert_int_equal(err.code, ERR_CONFIG_LIVE_TRADING_FORBIDDEN);
	assert_string_equal(buf_text(&out),
	    "key 'safety.live_trading_enabled': is true, but "
	    "live_trading.enabled is false\n");
	assert_int_equal(config_rules(config, NULL, NULL), IAG_INVAL);
	config->safety.live_trading_enabled = false;
	assert_int_equal(config_rules(config, &out, &err), 0);
	err_fini(&err);
	buf_fini(&out);
	config_free(config);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_broker_has_a_url_and_verifies_it),
		cmocka_unit_test(
		    test_live_needs_both_switches_and_all_it_rests_on),
		cmocka_unit_test(test_live_needs_the_audit_trail_kept),
		cmocka_unit_test(
		    test_remote_needs_both_switches_and_all_it_rests_on),
		cmocka_unit_test(test_what_remote_lacks_is_listed_in_order),
		cmocka_unit_test(
		    test_sidecar_needs_switches_urls_and_a_sane_heartbeat),
		cmocka_unit_test(test_paper_needs_accounts_and_a_known_policy),
		cmocka_unit_test(test_distinct_approval_needs_an_approver),
		cmocka_unit_test(test_half_limits_of_a_policy_are_refused),
		cmocka_unit_test(
		    test_principals_of_the_socket_are_somebody_and_may_something),
		cmocka_unit_test(test_rules_are_silent_about_what_was_refused),
		cmocka_unit_test(
		    test_a_program_gets_the_same_rules_without_places),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
