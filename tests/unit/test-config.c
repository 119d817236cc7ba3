/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Files, defaults and single keys: where a configuration comes from, and what
 * each kind of value takes and refuses.
 */

#include "config/config.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "config/key.h"
#include "config/yaml.h"
#include "loaded.h"

#define AT(place) "c.yaml:" place ": "
#define BROKER(rest)                          \
	"broker: {backend: fake, " rest "}\n" \
	"auth: {enabled_scopes: []}\naudit: {path: /var/lib/iag}\n"
#define ONE(rest) LOADED_HEAD "risk_policies:\n  p:\n    " rest "\n"

static char *
temp_dir(void)
{
	const char *tmp = getenv("TMPDIR");
	char *path = NULL;

	assert_true(
	    asprintf(&path, "%s/iag-config.XXXXXX", tmp ? tmp : "/tmp") > 0);
	assert_non_null(mkdtemp(path));
	return path;
}

static void
write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void
test_a_new_config_has_the_defaults_of_the_table(void **state)
{
	struct config *config = config_new();

	(void)state;
	assert_non_null(config);
	for (size_t i = 0; i < key_count; i++) {
		if (!(key_table[i].flags & KEY_OWNERS))
			assert_true(key_is_default(&key_table[i], config));
	}
	assert_string_equal(config->broker.backend, "fake");
	assert_string_equal(config->audit.store, "lmdb");
	assert_null(config->audit.path);
	assert_int_equal(config->broker.read_timeout_seconds, 30);
	assert_int_equal(config->broker.write_timeout_seconds, 60);
	assert_int_equal(config->audit.live_write_retention_days, 2555);
	assert_int_equal(config->audit.read_retention_days, 90);
	assert_int_equal(config->order_preview.expiration_seconds, 300);
	assert_int_equal(config->market_data.max_snapshot_age_seconds, 900);
	assert_int_equal(config->market_data.stale_policy, STALE_POLICY_WARN);
	assert_int_equal(
	    config->market_data.missing_timestamp_policy, STALE_POLICY_REFUSE);
	assert_int_equal(config->log.level, LOG_LEVEL_INFO);
	assert_int_equal(config->log.format, LOG_FORM_AUTO);
	assert_int_equal(config->live_trading.allowed_writers.count, 2);
	assert_true(
	    config_list_has(&config->live_trading.allowed_writers, "refusing"));
	assert_false(config->live_trading.enabled);
	assert_false(config->paper_trading.enabled);
	assert_non_null(config->auth.enabled_scopes.items);
	config_free(config);
}

static void
test_each_kind_of_value_lands_in_its_member(void **state)
{
	static const char text[] =
	    "broker:\n"
	    "  backend: client_portal_gateway\n"
	    "  base_url: 'https://localhost:5000'\n"
	    "  allow_insecure_tls_for_localhost: true\n"
	    "  ca_file: certs/ca.pem\n"
	    "  questions: [o163, 'paper:o354', U1:p12]\n"
	    "auth:\n"
	    "  enabled_scopes:\n    - ibkr:health:read\n"
	    "audit:\n"
	    "  path: data/store\n"
	    "  hmac_secret_env: null\n"
	    "  read_retention_days: 0\n"
	    "market_data: {stale_policy: refuse}\n"
	    "log: {level: debug, format: json}\n"
	    "live_trading: {reconciler_interval_seconds: 0}\n"
	    "sidecar:\n"
	    "plugins:\n"
	    "  path: [/opt/x, y]\n"
	    "  options:\n"
	    "    client-portal: {rate_limit: 5, name: 'a b'}\n"
	    "risk_policies:\n"
	    "  p:\n"
	    "    enabled: true\n"
	    "    max_notional: {amount: 1000.50, currency: USD}\n"
	    "    max_quantity: \"10\"\n"
	    "    session_limit: {max_orders_per_session: 3, timezone: "
	    "America/New_York, starts_at: \"09:30\"}\n";
	struct loaded l;
	const struct config *c;

	(void)state;
	loaded_init(&l, text, sizeof text - 1);
	assert_string_equal(buf_text(&l.out), "");
	c = l.config;
	assert_string_equal(c->broker.backend, "client_portal_gateway");
	assert_true(c->broker.allow_insecure_tls_for_localhost);
	assert_string_equal(c->broker.ca_file, "/etc/iag/certs/ca.pem");
	assert_int_equal(c->broker.questions.count, 3);
	assert_string_equal(c->broker.questions.items[1], "paper:o354");
	assert_null(c->broker.questions.items[3]);
	assert_true(config_allows_question(c, "o163", "U9", "live"));
	assert_true(config_allows_question(c, "o163", NULL, NULL));
	assert_true(config_allows_question(c, "o354", "U9", "paper"));
	assert_false(config_allows_question(c, "o354", "U1", "live"));
	assert_false(config_allows_question(c, "o354", NULL, NULL));
	assert_true(config_allows_question(c, "p12", "U1", "live"));
	assert_false(config_allows_question(c, "p12", "U12", "paper"));
	assert_false(config_allows_question(c, "12", "U1", "paper"));
	assert_false(config_allows_question(c, "paper:o354", "U1", "paper"));
	assert_int_equal(c->auth.enabled_scopes.count, 1);
	assert_string_equal(c->audit.path, "/etc/iag/data/store");
	assert_null(c->audit.hmac_secret_env);
	assert_int_equal(c->audit.read_retention_days, 0);
	assert_int_equal(c->market_data.stale_policy, STALE_POLICY_REFUSE);
	assert_int_equal(c->log.level, LOG_LEVEL_DEBUG);
	assert_int_equal(c->log.format, LOG_FORM_JSON);
	assert_int_equal(c->live_trading.reconciler_interval_seconds, 1);
	assert_string_equal(c->plugins.path.items[0], "/opt/x");
	assert_string_equal(c->plugins.path.items[1], "/etc/iag/y");
	assert_int_equal(c->plugins.option_count, 2);
	assert_string_equal(
	    config_plugin_option(c, "client_portal", "rate-limit")->value, "5");
	assert_int_equal(
	    config_plugin_option(c, "client_portal", "name")->line, 21);
	assert_null(config_plugin_option(c, "client_portal", "name2"));
	assert_null(config_plugin_option(c, "fake", "name"));
	assert_int_equal(c->policy_count, 1);
	assert_string_equal(c->policies[0].id, "p");
	/* amounts keep the scale that they were written with */
	assert_string_equal(c->policies[0].max_notional_amount, "1000.50");
	assert_string_equal(c->policies[0].max_quantity, "10");
	assert_int_equal(c->policies[0].session_max_orders, 3);
	assert_string_equal(c->policies[0].session_starts_at, "09:30");
	assert_int_equal(c->policies[0].max_price_deviation_bps, 500);
	assert_int_equal(c->policies[0].max_quote_age_seconds, 30);
	loaded_fini(&l);
}

/* One row for each wrong value. */
static const struct {
	const char *text;
	const char *line;
} wrong_values[] = {
	{ BROKER("simulator: yes"),
	    AT("1:36") "key 'broker.simulator': got 'yes'; allowed "
		       "is true or false" },
	{ BROKER("simulator: True"), AT("1:36") },
	{ BROKER("simulator: \"true\""),
	    AT("1:36") "key 'broker.simulator': got 'true' in quotes"
		       "; allowed is true or false" },
	{ BROKER("simulator: "),
	    AT("1:25") "key 'broker.simulator': got nothing" },
	{ BROKER("simulator: [true]"),
	    AT("1:36") "key 'broker.simulator': got a list" },
	{ BROKER("max_reply_rounds: 0"),
	    AT("1:43") "key 'broker.max_reply_rounds': got '0'; "
		       "allowed is a whole number from 1 to 20" },
	{ BROKER("max_reply_rounds: 21"), AT("1:43") },
	{ BROKER("max_reply_rounds: 05"), AT("1:43") },
	{ BROKER("max_reply_rounds: +5"), AT("1:43") },
	{ BROKER("max_reply_rounds: -5"), AT("1:43") },
	{ BROKER("max_reply_rounds: 0x5"), AT("1:43") },
	{ BROKER("max_reply_rounds: 5.0"), AT("1:43") },
	{ BROKER("max_reply_rounds: 5e0"), AT("1:43") },
	{ BROKER("max_reply_rounds: 4294967301"), AT("1:43") },
	{ BROKER("max_reply_rounds: 18446744073709551621"), AT("1:43") },
	{ BROKER("max_reply_rounds: \"5\""),
	    AT("1:43") "key 'broker.max_reply_rounds': got '5' in "
		       "quotes" },
	{ BROKER("client_ref: keys"),
	    AT("1:37") "key 'broker.client_ref': got 'keys'; allowed "
		       "is one of key, derived (did you mean "
		       "'key'?)" },
	{ BROKER("base_url: localhost:5000"),
	    AT("1:35") "key 'broker.base_url': got 'localhost:5000', "
		       "but it does not begin with https://" },
	{ BROKER("base_url: ftp://localhost"), AT("1:35") },
	{ BROKER("base_url: \"https://\""), AT("1:35") },
	{ BROKER("base_url: \"https://u:p@localhost\""), AT("1:35") },
	{ BROKER("base_url: \"https://localhost:0\""), AT("1:35") },
	{ BROKER("base_url: \"https://localhost:65536\""), AT("1:35") },
	{ BROKER("base_url: \"https://localhost:\""), AT("1:35") },
	{ BROKER("base_url: \"https://local host\""), AT("1:35") },
	{ BROKER("base_url: \"https://[::1\""), AT("1:35") },
	{ BROKER("base_url: \"https://[localhost]\""), AT("1:35") },
	{ BROKER("base_url: \"https://localhost/?a=b\""), AT("1:35") },
	{ BROKER("base_url: http://192.168.1.5:5000"),
	    AT("1:35") "key 'broker.base_url': got "
		       "'http://192.168.1.5:5000', but http:// is for "
		       "this machine only" },
	{ BROKER("tls_pin_sha256: abc"),
	    AT("1:41") "key 'broker.tls_pin_sha256': got 'abc'" },
	{ BROKER("questions: [\"\"]"),
	    AT("1:37") "key 'broker.questions': entry 1: got ''" },
	{ BROKER("questions: [o1, {}]"),
	    AT("1:41") "key 'broker.questions': entry 2: got a "
		       "mapping" },
	{ BROKER("questions: o1"),
	    AT("1:36") "key 'broker.questions': got a single value; "
		       "allowed is a list, each entry a message id" },
	{ BROKER("ca_file: ~/x"),
	    AT("1:34") "key 'broker.ca_file': got '~/x', but '~' is "
		       "not expanded" },
	{ BROKER("ca_file: \"a\\nb\""),
	    AT("1:34") "key 'broker.ca_file': got 'a\\x0ab'" },
	{ LOADED_HEAD "live_trading: {allowed_accounts: [\" \"]}\n",
	    AT("4:35") "key 'live_trading.allowed_accounts': entry "
		       "1: got ' ', but it is blank" },
	{ LOADED_HEAD "live_trading: {allowed_writers: [../x]}\n",
	    AT("4:34") "key 'live_trading.allowed_writers': entry 1: "
		       "got '../x'" },
	{ LOADED_HEAD "remote_mcp: {clock_skew_seconds: 301}\n",
	    AT("4:34") "key 'remote_mcp.clock_skew_seconds'" },
	{ LOADED_HEAD "remote_mcp: {rate_limit_max_requests: 0}\n",
	    AT("4:39") },
	{ LOADED_HEAD "remote_mcp: {rate_limit_window_seconds: "
		      "3601}\n",
	    AT("4:41") },
	{ LOADED_HEAD "remote_mcp: {max_connections: 4097}\n", AT("4:31") },
	{ LOADED_HEAD "remote_mcp: {bind_address: \"8080\"}\n",
	    AT("4:28") "key 'remote_mcp.bind_address': got '8080', "
		       "but it is not ADDRESS:PORT" },
	{ LOADED_HEAD "remote_mcp: {bind_address: \"::1:80\"}\n", AT("4:28") },
	{ LOADED_HEAD "remote_mcp: {bind_address: \"a:80\"}\n", AT("4:28") },
	{ LOADED_HEAD "remote_mcp: {bind_address: "
		      "\"127.0.0.1:65536\"}\n",
	    AT("4:28") },
	{ LOADED_HEAD "remote_mcp: {jwks_url: "
		      "\"http://localhost/k\"}\n",
	    AT("4:24") "key 'remote_mcp.jwks_url': got "
		       "'http://localhost/k', but it does not begin "
		       "with https://" },
	{ LOADED_HEAD "log: {level: warn}\n",
	    AT("4:14") "key 'log.level': got 'warn'; allowed is one "
		       "of error, warning, info, debug" },
	{ LOADED_HEAD "log: debug\n",
	    AT("4:6") "key 'log': got a single value; allowed is a "
		      "mapping" },
	{ LOADED_HEAD "order_preview: {expiration_seconds: 0}\n", AT("4:37") },
	{ LOADED_HEAD "market_data: {max_snapshot_age_seconds: 0}\n",
	    AT("4:41") },
	{ ONE("max_quantity: 1e3"),
	    AT("6:19") "key 'risk_policies.p.max_quantity': got "
		       "'1e3', but it is not a decimal number" },
	{ ONE("max_quantity: 0.00"), AT("6:19") },
	{ ONE("max_quantity: -1"), AT("6:19") },
	{ ONE("max_quantity: .5"), AT("6:19") },
	{ ONE("max_quantity: 123456789012345678901"), AT("6:19") },
	{ ONE("max_quantity: 1.1234567890123456789"), AT("6:19") },
	{ ONE("max_notional: {amount: 1, currency: usd}"), AT("6:41") },
	{ ONE("max_notional: {amount: 1, currency: USDT}"), AT("6:41") },
	{ ONE("allowed_asset_classes: [Stock]"), AT("6:29") },
	{ ONE("session_limit: {starts_at: \"24:00\", timezone: UTC}"),
	    AT("6:32") },
	{ ONE("session_limit: {starts_at: \"9:30\", timezone: UTC}"),
	    AT("6:32") },
	{ ONE("session_limit: {starts_at: \"09:60\", timezone: UTC}"),
	    AT("6:32") },
	{ ONE("session_limit: {starts_at: \"09:30\", timezone: "
	      "America/Nowhere}"),
	    AT("6:51") "key 'risk_policies.p.session_limit.timezone':"
		       " got 'America/Nowhere', but this machine" },
	{ ONE("session_limit: {starts_at: \"09:30\", timezone: "
	      "../../../etc/passwd}"),
	    AT("6:51") },
	{ ONE("session_limit: {starts_at: \"09:30\", timezone: "
	      "/etc/localtime}"),
	    AT("6:51") },
	{ ONE("session_limit: {starts_at: \"09:30\", timezone: "
	      "America}"),
	    AT("6:51") },
	{ LOADED_HEAD "risk_policies: {\"a b\": {}}\n",
	    AT("4:17") "key 'risk_policies.a b': allowed as a "
		       "policy's id" },
	{ LOADED_HEAD "plugins: {options: {\"../x\": {a: 1}}}\n",
	    AT("4:21") "key 'plugins.options.../x': allowed here" },
	{ LOADED_HEAD "plugins: {options: {x: {\"a b\": 1}}}\n",
	    AT("4:25") "key 'plugins.options.x.a b': allowed as an "
		       "option's name are" },
	{ LOADED_HEAD "plugins: {options: {x: {a: [1]}}}\n",
	    AT("4:28") "key 'plugins.options.x.a': got a list" },
	{ LOADED_HEAD "plugins: {options: {x-y: {a-b: 1}, x_y: {a_b: "
		      "2}}}\n",
	    AT("4:42") "key 'plugins.options.x_y.a_b': was given "
		       "before, in line 4" },
};

static void
test_each_wrong_value_says_what_is_allowed(void **state)
{
	enum err_code invalid = ERR_CONFIG_INVALID;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(wrong_values); i++)
		assert_fault(
		    wrong_values[i].text, invalid, wrong_values[i].line);
}

static void
test_pins_are_taken_in_hex_and_base64(void **state)
{
	static const char hex[] = "0123456789abcdefABCDEF0123456789"
				  "0123456789abcdef0123456789abcdef";
	CLEANUP_BUF struct buf text = BUF_INIT;

	(void)state;
	buf_printf(&text, BROKER("tls_pin_sha256: \"%s\""), hex);
	assert_no_fault(buf_text(&text));
	buf_reset(&text);
	buf_str(&text, "broker: {backend: fake, tls_pin_sha256: \"");
	for (int i = 0; i < 32; i++)
		buf_printf(&text, "%s%.2s", i ? ":" : "", hex + 2 * i);
	buf_str(&text, "\"}\nauth: {enabled_scopes: []}\n"
		       "audit: {path: x}\n");
	assert_no_fault(buf_text(&text));
	assert_no_fault(BROKER("tls_pin_sha256: \"sha256//"
			       "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
			       "\""));
	assert_no_fault(BROKER("tls_pin_sha256: "
			       "\"47DEQpj8HBSa+/"
			       "TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\""));
}

static void
test_scopes_have_their_own_code(void **state)
{
	enum err_code code = ERR_AUTH_SCOPE_NOT_ALLOWED_IN_MVP;

	(void)state;
	assert_fault("broker: {backend: fake}\n"
		     "auth: {enabled_scopes: [ibkr:health:reed]}\n"
		     "audit: {path: x}\n",
	    code,
	    AT("2:25") "key 'auth.enabled_scopes': entry 1: got "
		       "'ibkr:health:reed', but it is not a scope; allowed is "
		       "a scope (did you mean 'ibkr:health:read'?)");
	assert_fault("broker: {backend: fake}\n"
		     "auth: {enabled_scopes: [ibkr:operator]}\n"
		     "audit: {path: x}\n",
	    code,
	    AT("2:25") "key 'auth.enabled_scopes': entry 1: got "
		       "'ibkr:operator', but it is valid in HTTP tokens only");
	assert_fault(LOADED_HEAD "remote_mcp: {allowed_scopes: [ibkr:x]}\n",
	    code, AT("4:31") "key 'remote_mcp.allowed_scopes': entry 1");
	assert_no_fault(
	    LOADED_HEAD "remote_mcp: {allowed_scopes: [ibkr:operator]}\n");
}

static void
test_an_unknown_key_gets_the_nearest_known_one(void **state)
{
	enum err_code invalid = ERR_CONFIG_INVALID;
	static const struct {
		const char *text;
		const char *hint;
	} cases[] = {
		{ BROKER("base-url: x"), "(did you mean 'base_url'?)" },
		{ BROKER("baseurl: x"), "(did you mean 'base_url'?)" },
		{ BROKER("bsae_url: x"), "(did you mean 'base_url'?)" },
		{ BROKER("question: x"), "(did you mean 'questions'?)" },
		{ LOADED_HEAD "live-trading: {}\n",
		    "(did you mean 'live_trading'?)" },
		{ ONE("max_notionals: {}"), "(did you mean 'max_notional'?)" },
		{ ONE("session_limit: {timezon: UTC}"),
		    "(did you mean 'timezone'?)" },
		{ ONE("frequency_limit: {max_order: 1}"),
		    "(did you mean 'max_orders'?)" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		struct loaded l;

		loaded_init(&l, cases[i].text, strlen(cases[i].text));
		assert_int_equal(l.count, 1);
		assert_int_equal(l.err.code, invalid);
		if (!strstr(buf_text(&l.out), cases[i].hint))
			fail_msg(
			    "no '%s' in %s", cases[i].hint, buf_text(&l.out));
		loaded_fini(&l);
	}
	assert_fault(LOADED_HEAD "log: {colour: 1}\n", invalid,
	    AT("4:7") "key 'log.colour': there is no such key, allowed here "
		      "are level, format\n");
	assert_fault(LOADED_HEAD "log: {\"\": 1}\n", invalid,
	    AT("4:7") "key 'log.': there is no such key, allowed here are "
		      "level, format\n");
}

static void
test_replaced_keys_and_secrets_get_a_hint_and_are_not_shown(void **state)
{
	static const char text[] =
	    "broker: {backend: fake}\nauth: {enabled_scopes: []}\n"
	    "audit:\n  path: x\n  sqlite_path: ./a.sqlite3\n"
	    "  hmac_secret: hunter2hunter2\n"
	    "  hmac_secret_env: hunter3hunter3\n"
	    "remote_mcp: {token_id_hmac_secret: hunter4}\n";
	struct loaded l;

	(void)state;
	loaded_init(&l, text, sizeof text - 1);
	assert_int_equal(l.count, 4);
	assert_non_null(strstr(buf_text(&l.out),
	    AT("5:3") "key 'audit.sqlite_path': was replaced by audit.path"));
	assert_non_null(strstr(buf_text(&l.out),
	    AT("6:3") "key 'audit.hmac_secret': a secret may not stand in"));
	assert_non_null(strstr(buf_text(&l.out),
	    AT("7:20") "key 'audit.hmac_secret_env': got a value that is not "
		       "shown"));
	assert_non_null(strstr(buf_text(&l.out),
	    AT("8:14") "key 'remote_mcp.token_id_hmac_secret': a secret"));
	assert_null(strstr(buf_text(&l.out), "hunter"));
	loaded_fini(&l);
}

static void
test_required_keys_are_asked_for(void **state)
{
	struct loaded l;
	static const char text[] = "audit: {store: lmdb}\n";

	(void)state;
	loaded_init(&l, text, sizeof text - 1);
	assert_string_equal(buf_text(&l.out),
	    AT("1:1") "key 'broker.backend': is required: give a plugin's "
		      "name of a-z, 0-9, '-' and '_'\n" AT(
			  "1:1") "key 'auth.enabled_scopes': is required: give a list, "
				 "each entry a scope\n" AT(
				     "1:1") "key 'audit.path': is required: give a path, relative "
					    "ones from the file's directory\n");
	loaded_fini(&l);
}

static void
test_all_faults_of_a_file_come_at_once(void **state)
{
	CLEANUP_FREE char *dir = temp_dir();
	CLEANUP_FREE char *path = NULL;
	CLEANUP_FREE char *wanted = NULL;
	CLEANUP_BUF struct buf faults = BUF_INIT;
	CLEANUP_ERR struct err err = ERR_INIT;
	struct config *config = NULL;

	(void)state;
	assert_true(asprintf(&path, "%s/a.yaml", dir) > 0);
	write_file(path, "broker: {backend: fake, pacing: 0}\n"
			 "auth: {enabled_scopes: 5}\n"
			 "safety: {live_trading_enabled: true}\n");
	assert_int_equal(config_load(path, &config, &faults, &err), IAG_INVAL);
	assert_null(config);
	assert_true(asprintf(&wanted,
			"%1$s:1:33: key 'broker.pacing': got '0'; allowed is "
			"a whole number from 1 to 1000000\n"
			"%1$s:2:24: key 'auth.enabled_scopes': got a single "
			"value; allowed is a list, each entry a scope\n"
			"%1$s:1:1: key 'audit.path': is required: give a "
			"path, relative ones from the file's directory\n"
			"%1$s:3:32: key 'safety.live_trading_enabled': is "
			"true, but live_trading.enabled is false\n",
			path) > 0);
	assert_string_equal(buf_text(&faults), wanted);
	assert_int_equal(err.code, ERR_CONFIG_INVALID);
	(void)unlink(path);
	(void)rmdir(dir);
}

static void
assert_not_loaded(const char *path, const char *why)
{
	CLEANUP_BUF struct buf faults = BUF_INIT;
	CLEANUP_ERR struct err err = ERR_INIT;
	struct config *config = NULL;

	assert_int_equal(config_load(path, &config, &faults, &err), IAG_INVAL);
	assert_null(config);
	assert_int_equal(err.code, ERR_CONFIG_INVALID);
	assert_non_null(strstr(buf_text(&faults), path));
	if (!strstr(buf_text(&faults), why))
		fail_msg("no '%s' in '%s'", why, buf_text(&faults));
}

static void
test_what_is_no_readable_file_fails_closed(void **state)
{
	CLEANUP_FREE char *dir = temp_dir();
	CLEANUP_FREE char *fifo = NULL;
	CLEANUP_FREE char *big = NULL;
	CLEANUP_FREE char *none = NULL;
	FILE *file;

	(void)state;
	assert_true(asprintf(&fifo, "%s/fifo", dir) > 0);
	assert_true(asprintf(&big, "%s/big", dir) > 0);
	assert_true(asprintf(&none, "%s/none", dir) > 0);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	file = fopen(big, "w");
	assert_non_null(file);
	(void)fputs(LOADED_HEAD, file);
	for (int i = 0; i < YAML_BYTES; i++)
		(void)fputc('#', file);
	(void)fclose(file);
	assert_not_loaded(none, "cannot be opened");
	assert_not_loaded(dir, "this is a directory");
	assert_not_loaded(fifo, "this is a pipe");
	assert_not_loaded("/dev/null", "has to be a regular file");
	assert_not_loaded(big, "larger than 65536 bytes");
	(void)unlink(fifo);
	(void)unlink(big);
	(void)rmdir(dir);
}

/* As somebody whom the permissions bind, whoever runs the test. */
static void
test_an_unreadable_file_fails_closed(void **state)
{
	CLEANUP_FREE char *dir = temp_dir();
	CLEANUP_FREE char *path = NULL;
	int status = -1;
	pid_t pid;

	(void)state;
	assert_true(asprintf(&path, "%s/a.yaml", dir) > 0);
	write_file(path, LOADED_HEAD);
	assert_int_equal(chmod(path, 0), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct config *config = NULL;
		struct err err = ERR_INIT;
		bool good;

		if (geteuid() == 0 && seteuid(65534) != 0)
			_exit(2);
		good = config_load(path, &config, NULL, &err) == IAG_INVAL &&
		       !config && err.code == ERR_CONFIG_INVALID &&
		       strstr(err_text(&err), "cannot be opened");
		_exit(good ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	(void)unlink(path);
	(void)rmdir(dir);
}

static void
test_a_relative_file_gives_absolute_paths(void **state)
{
	CLEANUP_FREE char *dir = temp_dir();
	CLEANUP_FREE char *cwd = getcwd(NULL, 0);
	CLEANUP_FREE char *wanted = NULL;
	CLEANUP_FREE char *here = NULL;
	struct config *config = NULL;

	(void)state;
	assert_int_equal(chdir(dir), 0);
	here = getcwd(NULL, 0);
	write_file("a.yaml",
	    "broker: {backend: fake}\nauth: {enabled_scopes: []}\n"
	    "audit: {path: store}\n");
	assert_int_equal(config_load("a.yaml", &config, NULL, NULL), 0);
	assert_true(asprintf(&wanted, "%s/store", here) > 0);
	assert_string_equal(config->audit.path, wanted);
	assert_string_equal(config->dir, here);
	config_free(config);
	(void)unlink("a.yaml");
	assert_int_equal(chdir(cwd), 0);
	(void)rmdir(dir);
}

static void
test_the_option_wins_over_the_environment_over_defaults(void **state)
{
	CLEANUP_FREE char *dir = temp_dir();
	CLEANUP_FREE char *path = NULL;
	CLEANUP_FREE char *other = NULL;
	struct config *config = NULL;
	struct err err = ERR_INIT;

	(void)state;
	assert_true(asprintf(&path, "%s/a.yaml", dir) > 0);
	assert_true(asprintf(&other, "%s/b.yaml", dir) > 0);
	write_file(path, LOADED_HEAD);
	write_file(other, LOADED_HEAD "log: {level: debug}\n");
	(void)setenv("IBKR_AGENT_CONFIG", other, 1);
	assert_int_equal(config_find(path, &config, NULL, NULL), 0);
	assert_int_equal(config->log.level, LOG_LEVEL_INFO);
	config_free(config);
	assert_int_equal(config_find(NULL, &config, NULL, NULL), 0);
	assert_int_equal(config->log.level, LOG_LEVEL_DEBUG);
	assert_false(config->development);
	config_free(config);
	/* what is named must be there */
	(void)setenv("IBKR_AGENT_CONFIG", "/nonexistent/x.yaml", 1);
	assert_int_equal(config_find(NULL, &config, NULL, &err), IAG_INVAL);
	assert_int_equal(err.code, ERR_CONFIG_INVALID);
	(void)setenv("IBKR_AGENT_CONFIG", "", 1);
	assert_int_equal(config_find(NULL, &config, NULL, &err), IAG_INVAL);
	assert_int_equal(config_find("", &config, NULL, &err), IAG_INVAL);
	(void)unsetenv("IBKR_AGENT_CONFIG");
	assert_int_equal(config_find(NULL, &config, NULL, NULL), 0);
	assert_true(config->development);
	config_free(config);
	err_fini(&err);
	(void)unlink(path);
	(void)unlink(other);
	(void)rmdir(dir);
}

static void
test_development_touches_nothing_and_keeps_live_off(void **state)
{
	CLEANUP_FREE char *dir = temp_dir();
	CLEANUP_FREE char *wanted = NULL;
	struct config *config = NULL;

	(void)state;
	assert_true(asprintf(&wanted, "%s/ibkr-agent/store", dir) > 0);
	(void)setenv("XDG_STATE_HOME", dir, 1);
	assert_int_equal(config_development(&config, NULL), 0);
	assert_string_equal(config->audit.path, wanted);
	assert_int_equal(access(config->dir, F_OK), -1);
	assert_string_equal(config->broker.backend, "fake");
	assert_int_equal(config->auth.enabled_scopes.count, 25);
	assert_false(
	    config_list_has(&config->auth.enabled_scopes, "ibkr:operator"));
	assert_true(config->order_preview.enabled);
	assert_true(config->paper_trading.enabled);
	assert_string_equal(config->paper_trading.writer, "local-candidate");
	assert_true(config_list_has(
	    &config->paper_trading.allowed_accounts, "DU1234567"));
	assert_false(config->live_trading.enabled);
	assert_false(config->safety.live_trading_enabled);
	assert_false(config->remote_mcp.enabled);
	assert_false(config->sidecar.enabled);
	assert_int_equal(config_rules(config, NULL, NULL), 0);
	config_free(config);
	/* a relative one counts for nothing */
	(void)setenv("XDG_STATE_HOME", "x", 1);
	(void)setenv("HOME", dir, 1);
	free(STEAL(wanted));
	assert_true(
	    asprintf(&wanted, "%s/.local/state/ibkr-agent/store", dir) > 0);
	assert_int_equal(config_development(&config, NULL), 0);
	assert_string_equal(config->audit.path, wanted);
	config_free(config);
	(void)unsetenv("XDG_STATE_HOME");
	(void)rmdir(dir);
}

static void
test_every_row_of_the_table_is_sound(void **state)
{
	(void)state;
	for (size_t i = 0; i < key_count; i++) {
		const struct key *key = &key_table[i];
		CLEANUP_BUF struct buf reason = BUF_INIT;

		assert_ptr_equal(key_find(key->path), key);
		assert_non_null(key->help);
		assert_int_equal(key->help[strlen(key->help) - 1], '.');
		if (key->type == KEY_UINT)
			assert_true(key->min < key->max);
		if (key->type == KEY_LIST)
			assert_non_null(key->def);
		/* a default is a value that a file may have, too */
		if (key->def && key->type != KEY_LIST &&
		    !key_accepts(key, key->def, true, &reason))
			fail_msg("%s: default refused: %s", key->path,
			    buf_text(&reason));
	}
	for (size_t i = 0; i < key_section_count; i++) {
		struct key_name names[64];

		assert_true(key_children(key_sections[i].path, names, 64) > 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    test_a_new_config_has_the_defaults_of_the_table),
		cmocka_unit_test(test_each_kind_of_value_lands_in_its_member),
		cmocka_unit_test(test_each_wrong_value_says_what_is_allowed),
		cmocka_unit_test(test_pins_are_taken_in_hex_and_base64),
		cmocka_unit_test(test_scopes_have_their_own_code),
		cmocka_unit_test(
		    test_an_unknown_key_gets_the_nearest_known_one),
		cmocka_unit_test(
		    test_replaced_keys_and_secrets_get_a_hint_and_are_not_shown),
		cmocka_unit_test(test_required_keys_are_asked_for),
		cmocka_unit_test(test_all_faults_of_a_file_come_at_once),
		cmocka_unit_test(test_what_is_no_readable_file_fails_closed),
		cmocka_unit_test(test_an_unreadable_file_fails_closed),
		cmocka_unit_test(test_a_relative_file_gives_absolute_paths),
		cmocka_unit_test(
		    test_the_option_wins_over_the_environment_over_defaults),
		cmocka_unit_test(
		    test_development_touches_nothing_and_keeps_live_off),
		cmocka_unit_test(test_every_row_of_the_table_is_sound),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
