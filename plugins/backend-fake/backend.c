/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The fake backend: a broker out of fixture files, for trying the gateway
 * out and for tests.  Options bring about every state that a real broker can
 * be in: a session that is missing, ended or taken over, a broker that is
 * down or slow, files of one's own in place of the built-in ones.
 *
 * Threads: any number of queries at once.
 * Locks: none; an instance does not change between open() and close().
 */

#include "ibkr-agent/backend.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json_tokener.h>

#include "fixture.h"
#include "moment.h"
#include "shape.h"
#include "template.h"
#include "text.h"

#define PLAIN (JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE)
#define NS_PER_MS UINT64_C(1000000)

static const struct iag_host *host;

/* The one list of operations; fixtures have the same names. */
static const char *const operations[] = {
	"session_status",
	"keepalive",
	"accounts_list",
	"account_metadata",
	"account_summary",
	"pnl_daily",
	"pnl_realtime",
	"positions_list",
	"portfolio_snapshot",
	"contracts_search",
	"contract_resolve",
	"market_snapshot",
	"historical_bars",
	"options_chain",
	"option_greeks",
	"market_depth",
	"scanner_run",
	"news_list",
	"news_article",
	"fundamentals_get",
	"market_session",
	"market_holidays",
	"currency_rate",
	"transfer_history",
	"orders_list",
	"orders_history",
	"order_status",
	"order_whatif",
	"executions_list",
};

static const struct {
	const char *operation;
	shape_fn *shape;
} shapes[] = {
	{ "positions_list", shape_positions },
	{ "historical_bars", shape_bars },
	{ "options_chain", shape_chain },
	{ "scanner_run", shape_scanner },
	{ "news_list", shape_news },
	{ "market_holidays", shape_holidays },
	{ "transfer_history", shape_transfers },
	{ "orders_list", shape_orders },
	{ "orders_history", shape_history },
	{ "executions_list", shape_executions },
};

static const struct iag_option options[] = {
	{
	    .type = IAG_OPTION_PATH,
	    .key = "fixtures",
	    .help = "directory whose OPERATION.json files replace the "
		    "built-in ones",
	},
	{
	    .type = IAG_OPTION_CHOICE,
	    .key = "session",
	    .value = "usable",
	    .choices = "usable required expired competing unavailable",
	    .help = "state of the broker session",
	},
	{
	    .type = IAG_OPTION_INTEGER,
	    .key = "delay_ms",
	    .value = "0",
	    .min = "0",
	    .max = "600000",
	    .help = "how long every answer takes",
	},
	{
	    .type = IAG_OPTION_STRING,
	    .key = "clock",
	    .help = "the time that answers are made for, RFC 3339; default: "
		    "now",
	},
};

enum { FIXTURES_MAX = 64 };

struct fake {
	const char *session; /* a word of the option's choices */
	char *session_text;
	uint64_t delay_ns;
	uint64_t clock_ns; /* 0: the host's */
	size_t count;
	const char *names[FIXTURES_MAX];
	struct fixture fixtures[FIXTURES_MAX];
};

static int32_t
load(struct iag_ctx *ctx, const struct iag_host *table)
{
	(void)ctx;
	host = table;
	return IAG_OK;
}

static void
fake_free(struct fake *fake)
{
	for (size_t i = 0; fake && i < fake->count; i++)
		fixture_fini(&fake->fixtures[i]);
	if (fake)
		free(fake->session_text);
	free(fake);
}

/* A whole file with a NUL behind it; NULL with errno. */
static char *
file_read(const char *path, size_t *ret_len)
{
	FILE *file = fopen(path, "re");
	char *data = file ? malloc(FIXTURE_MAX + 1) : NULL;
	size_t len;

	if (!file)
		return NULL;
	len = data ? fread(data, 1, FIXTURE_MAX + 1, file) : 0;
	if (data && (ferror(file) || len > FIXTURE_MAX)) {
		errno = len > FIXTURE_MAX ? EFBIG : EIO;
		free(data);
		data = NULL;
	}
	(void)fclose(file);
	if (data) {
		data[len] = '\0';
		*ret_len = len;
	}
	return data;
}

/* A file of the directory in place of the built-in text, if there is one. */
static int32_t
fixture_load(struct iag_ctx *ctx, struct fixture *fixture, const char *dir,
    const struct fixture_builtin *builtin)
{
	struct text path = { .data = NULL };
	char *text = NULL;
	size_t len = strlen(builtin->text);
	const char *why;
	int32_t ret = IAG_OK;

	if (dir) {
		text_str(&path, dir);
		text_str(&path, "/");
		text_str(&path, builtin->name);
		text_str(&path, ".json");
		text = path.failed ? NULL : file_read(path.data, &len);
		if (!text && (path.failed || errno != ENOENT))
			ret = host->fail(ctx, IAG_INVAL, "CONFIG_INVALID",
			    "fixture '%s.json': %s", builtin->name,
			    path.failed ? "out of memory" : strerror(errno));
	}
	if (ret == IAG_OK &&
	    fixture_parse(fixture, text ? text : builtin->text, len, &why))
		ret = host->fail(ctx, IAG_INVAL, "CONFIG_INVALID",
		    "fixture '%s.json': %s", builtin->name, why);
	text_fini(&path);
	free(text);
	return ret;
}

static int32_t
fixtures_load(struct iag_ctx *ctx, struct fake *fake)
{
	const char *dir = NULL;

	if (host->option_str(ctx, "fixtures", &dir))
		dir = NULL;
	for (const struct fixture_builtin *b = fixture_builtins; b->name; b++) {
		int32_t ret;

		if (fake->count == FIXTURES_MAX)
			return host->fail(ctx, IAG_INTERNAL, NULL,
			    "more than %d fixtures", (int)FIXTURES_MAX);
		ret = fixture_load(ctx, &fake->fixtures[fake->count], dir, b);
		if (ret)
			return ret;
		fake->names[fake->count++] = b->name;
	}
	return IAG_OK;
}

static int32_t
options_read(struct iag_ctx *ctx, struct fake *fake)
{
	const char *text = NULL;
	int64_t delay_ms = 0;

	if (host->option_str(ctx, "session", &text))
		text = "usable";
	fake->session_text = strdup(text);
	fake->session = fake->session_text;
	if (!fake->session_text)
		return host->fail(ctx, IAG_NOMEM, NULL, "out of memory");
	if (host->option_int(ctx, "delay_ms", &delay_ms) == IAG_OK)
		fake->delay_ns = (uint64_t)delay_ms * NS_PER_MS;
	if (host->option_str(ctx, "clock", &text) == IAG_OK &&
	    moment_parse(text, &fake->clock_ns))
		return host->fail(ctx, IAG_INVAL, "CONFIG_INVALID",
		    "option 'clock': expected an RFC 3339 time, got '%s'",
		    text);
	return IAG_OK;
}

static int32_t
open_fake(struct iag_ctx *ctx, void **ret_instance)
{
	struct fake *fake = calloc(1, sizeof(*fake));
	int32_t ret;

	if (!fake)
		return host->fail(ctx, IAG_NOMEM, NULL, "out of memory");
	ret = options_read(ctx, fake);
	if (ret == IAG_OK)
		ret = fixtures_load(ctx, fake);
	if (ret) {
		fake_free(fake);
		return ret;
	}
	*ret_instance = fake;
	return IAG_OK;
}

static void
close_fake(struct iag_ctx *ctx, void *instance)
{
	(void)ctx;
	fake_free(instance);
}

/* 0, or how a broker without a usable session fails. */
static int32_t
session_check(struct iag_ctx *ctx, const struct fake *fake)
{
	if (strcmp(fake->session, "required") == 0)
		return host->fail(ctx, IAG_AUTH, "BROKER_SESSION_REQUIRED",
		    "nobody is logged in at the broker");
	if (strcmp(fake->session, "expired") == 0)
		return host->fail(ctx, IAG_AUTH, "BROKER_SESSION_EXPIRED",
		    "the broker session has ended");
	if (strcmp(fake->session, "competing") == 0)
		return host->fail(ctx, IAG_AUTH, "BROKER_SESSION_REQUIRED",
		    "another login holds the broker session");
	if (strcmp(fake->session, "unavailable") == 0)
		return host->fail(ctx, IAG_AGAIN, "BROKER_BACKEND_UNAVAILABLE",
		    "the broker cannot be reached");
	return IAG_OK;
}

static int32_t
health(struct iag_ctx *ctx, void *instance)
{
	return session_check(ctx, instance);
}

static const struct fixture *
fixture_of(const struct fake *fake, const char *name)
{
	for (size_t i = 0; i < fake->count; i++) {
		if (strcmp(fake->names[i], name) == 0)
			return &fake->fixtures[i];
	}
	return NULL;
}

/* One query on its way. */
struct query {
	struct iag_ctx *ctx;
	const struct fake *fake;
	const char *operation;
	struct json_object *arguments;
	uint64_t now_ns;
};

static int32_t
no_memory(const struct query *q)
{
	return host->fail(q->ctx, IAG_NOMEM, NULL, "out of memory");
}

static int32_t
send(const struct query *q, uint32_t flags, const char *json, size_t len)
{
	struct iag_reply_meta meta = {
		.struct_size = sizeof(meta),
		.flags = flags,
		.receipt_ns = q->fake->clock_ns,
	};

	return host->reply(q->ctx, &meta, json, len);
}

static int32_t
send_tree(const struct query *q, uint32_t flags, struct json_object *answer)
{
	const char *json = json_object_to_json_string_ext(answer, PLAIN);

	return json ? send(q, flags, json, strlen(json)) : no_memory(q);
}

static struct json_object *
parse(const char *text)
{
	return json_tokener_parse(text);
}

static int
has_symbol(const struct fixture *contracts, const char *symbol)
{
	for (size_t i = 0; contracts && i < contracts->count; i++) {
		struct json_object *row = parse(contracts->entries[i].text);
		const char *have = shape_str(row, "symbol");
		int same = have && strcmp(have, symbol) == 0;

		json_object_put(row);
		if (same)
			return 1;
	}
	return 0;
}

static int
has_account(const struct fake *fake, const char *account)
{
	const struct fixture *metadata = fixture_of(fake, "account_metadata");

	return metadata && fixture_find(metadata, account);
}

/* Nothing is known under that key: say what is wrong with it. */
static int32_t
unknown_key(const struct query *q, const char *names, const char *key)
{
	const struct fixture *contracts = fixture_of(q->fake, "contracts");

	if (strcmp(names, "account_id") == 0 && !has_account(q->fake, key))
		return host->fail(q->ctx, IAG_NOTFOUND,
		    "INPUT_UNAUTHORIZED_ACCOUNT",
		    "this login has no account '%s'", key);
	if (strcmp(names, "contract_id") == 0 &&
	    (!contracts || !fixture_find(contracts, key)))
		return host->fail(q->ctx, IAG_NOTFOUND,
		    "INPUT_INVALID_CONTRACT", "there is no contract '%s'", key);
	if (strcmp(names, "contract_id") == 0)
		return host->fail(q->ctx, IAG_AGAIN, "MARKET_DATA_UNAVAILABLE",
		    "the broker has nothing of the kind for contract '%s'",
		    key);
	if (strcmp(names, "symbol") == 0 && !has_symbol(contracts, key))
		return host->fail(q->ctx, IAG_NOTFOUND,
		    "INPUT_INVALID_CONTRACT", "there is no symbol '%s'", key);
	if (strcmp(names, "account_id") == 0 || strcmp(names, "symbol") == 0)
		return host->fail(q->ctx, IAG_NOTSUP,
		    "BROKER_CAPABILITY_UNAVAILABLE",
		    "the broker has nothing of the kind for '%s'", key);
	return host->fail(q->ctx, IAG_NOTFOUND, "INPUT_INVALID",
	    "the broker knows no %s '%s'", names, key);
}

/* The values of the arguments that names lists, joined like names. */
static void
key_make(const struct query *q, const char *names, struct text *out)
{
	text_str(out, "");
	if (strcmp(names, "session") == 0) {
		text_str(out, q->fake->session);
		return;
	}
	while (*names) {
		char name[64] = "";
		size_t len = strcspn(names, "/");
		const char *value;

		(void)snprintf(name, sizeof(name), "%.*s", (int)len, names);
		value = shape_str(q->arguments, name);
		text_str(out, value ? value : "");
		names += len;
		if (*names == '/') {
			text_str(out, "/");
			names++;
		}
	}
}

static shape_fn *
shape_of(const char *operation)
{
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		if (strcmp(shapes[i].operation, operation) == 0)
			return shapes[i].shape;
	}
	return NULL;
}

static int32_t
shaped_send(const struct query *q, const struct fixture_entry *entry,
    shape_fn *shape, const char *json)
{
	struct shaping shaping = {
		.arguments = q->arguments,
		.answer = parse(json),
		.now_ns = q->now_ns,
		.flags = entry->flags,
	};
	int32_t ret;

	if (!shaping.answer || shape(&shaping))
		ret = host->fail(q->ctx, IAG_INTERNAL, NULL,
		    "the fixture of '%s' does not fit the operation",
		    q->operation);
	else
		ret = send_tree(q, shaping.flags, shaping.answer);
	json_object_put(shaping.answer);
	return ret;
}

static int32_t
entry_send(const struct query *q, const struct fixture_entry *entry)
{
	shape_fn *shape = shape_of(q->operation);
	struct text json = { .data = NULL };
	int32_t ret;

	if (entry->result && !entry->why)
		return entry->result;
	if (entry->result)
		return host->fail(
		    q->ctx, entry->result, entry->code, "%s", entry->why);
	if (template_fill(&json, entry->text, entry->len, q->now_ns))
		ret = host->fail(q->ctx, IAG_INTERNAL, NULL,
		    "the fixture of '%s' has a time template that is none",
		    q->operation);
	else if (shape)
		ret = shaped_send(q, entry, shape, json.data);
	else
		ret = send(q, entry->flags, json.data, json.len);
	text_fini(&json);
	return ret;
}

/* The plain case: the fixture of the operation has the answer. */
static int32_t
answer_fixture(const struct query *q)
{
	const struct fixture *fixture = fixture_of(q->fake, q->operation);
	const struct fixture_entry *entry;
	struct text key = { .data = NULL };
	int32_t ret;

	if (!fixture)
		return host->fail(q->ctx, IAG_NOTSUP, NULL,
		    "there is no fixture for '%s'", q->operation);
	key_make(q, fixture->key, &key);
	entry = key.failed ? NULL : fixture_find(fixture, key.data);
	if (key.failed)
		ret = no_memory(q);
	else if (entry)
		ret = entry_send(q, entry);
	else
		ret = unknown_key(q, fixture->key, key.data);
	text_fini(&key);
	return ret;
}

/* Every contract by its id, as a tree of this query's own. */
static struct json_object *
contracts_tree(const struct query *q)
{
	const struct fixture *fixture = fixture_of(q->fake, "contracts");
	struct json_object *all = json_object_new_object();

	for (size_t i = 0; fixture && i < fixture->count; i++)
		(void)json_object_object_add(all, fixture->entries[i].key,
		    parse(fixture->entries[i].text));
	return all;
}

static int32_t
answer_search(const struct query *q)
{
	struct json_object *all = contracts_tree(q);
	struct json_object *list = shape_search(all, q->arguments, 0);
	struct json_object *answer = json_object_new_object();
	size_t limit = (size_t)shape_int(q->arguments, "limit", 25);
	uint32_t flags = IAG_REPLY_COMPLETE;
	int32_t ret;

	if (list && json_object_array_length(list) > limit) {
		(void)json_object_array_del_idx(
		    list, limit, json_object_array_length(list) - limit);
		flags = 0;
	}
	(void)json_object_object_add(answer, "contracts", list);
	ret = send_tree(q, flags, answer);
	json_object_put(answer);
	json_object_put(all);
	return ret;
}

static int32_t
answer_resolve(const struct query *q)
{
	struct json_object *all = contracts_tree(q);
	struct json_object *list = shape_search(all, q->arguments, 1);
	const char *symbol = shape_str(q->arguments, "symbol");
	size_t count = list ? json_object_array_length(list) : 0;
	int32_t ret;

	if (count == 1)
		ret = send_tree(
		    q, IAG_REPLY_COMPLETE, json_object_array_get_idx(list, 0));
	else if (count == 0)
		ret =
		    host->fail(q->ctx, IAG_NOTFOUND, "INPUT_AMBIGUOUS_CONTRACT",
			"no contract fits '%s' and what narrows it",
			symbol ? symbol : "");
	else
		ret = host->fail(q->ctx, IAG_INVAL, "INPUT_AMBIGUOUS_CONTRACT",
		    "%zu contracts fit '%s'", count, symbol ? symbol : "");
	json_object_put(list);
	json_object_put(all);
	return ret;
}

/* The order with that id in one of the fixtures; owned by *ret_tree. */
static struct json_object *
order_find(const struct query *q, const char *name, const char *id,
    struct json_object **ret_tree)
{
	const struct fixture *fixture = fixture_of(q->fake, name);
	const char *account = shape_str(q->arguments, "account_id");
	const struct fixture_entry *entry =
	    fixture && account ? fixture_find(fixture, account) : NULL;
	struct text json = { .data = NULL };
	struct json_object *list = NULL;

	*ret_tree = NULL;
	if (entry && entry->text &&
	    template_fill(&json, entry->text, entry->len, q->now_ns) == 0)
		*ret_tree = parse(json.data);
	text_fini(&json);
	(void)json_object_object_get_ex(*ret_tree, "orders", &list);
	if (!json_object_is_type(list, json_type_array))
		return NULL;
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		struct json_object *row = json_object_array_get_idx(list, i);
		const char *broker = shape_str(row, "broker_order_id");
		const char *client = shape_str(row, "client_order_id");

		if ((broker && strcmp(broker, id) == 0) ||
		    (client && strcmp(client, id) == 0))
			return row;
	}
	return NULL;
}

static int32_t
answer_order(const struct query *q)
{
	static const char *const places[] = { "orders_list", "orders_history" };
	const char *id = shape_str(q->arguments, "broker_order_id");
	const char *account = shape_str(q->arguments, "account_id");

	if (!account || !has_account(q->fake, account))
		return unknown_key(q, "account_id", account ? account : "");
	for (size_t i = 0; id && i < 2; i++) {
		struct json_object *tree;
		struct json_object *row = order_find(q, places[i], id, &tree);
		int32_t ret =
		    row ? send_tree(q, IAG_REPLY_COMPLETE, row) : IAG_NOTFOUND;

		json_object_put(tree);
		if (row)
			return ret;
	}
	return host->fail(q->ctx, IAG_NOTFOUND, "BROKER_CAPABILITY_UNAVAILABLE",
	    "the broker knows no order '%s' of this account", id ? id : "");
}

static int32_t
answer_rate(const struct query *q)
{
	const char *base = shape_str(q->arguments, "base");
	const char *quote = shape_str(q->arguments, "quote");
	struct text json = { .data = NULL };
	int32_t ret;

	if (!base || !quote || strcmp(base, quote) != 0)
		return answer_fixture(q);
	text_str(&json, "{\"base\":\"");
	text_str(&json, base);
	text_str(&json, "\",\"quote\":\"");
	text_str(&json, quote);
	text_str(&json, "\",\"rate\":\"1\"}");
	ret = json.failed ? no_memory(q)
			  : send(q, IAG_REPLY_COMPLETE, json.data, json.len);
	text_fini(&json);
	return ret;
}

static int
is_about_session(const char *operation)
{
	return strcmp(operation, "session_status") == 0 ||
	       strcmp(operation, "keepalive") == 0;
}

static int32_t
answer(const struct query *q)
{
	int down = strcmp(q->fake->session, "unavailable") == 0;
	int32_t ret = is_about_session(q->operation) && !down
			  ? IAG_OK
			  : session_check(q->ctx, q->fake);

	if (ret)
		return ret;
	if (strcmp(q->operation, "contracts_search") == 0)
		return answer_search(q);
	if (strcmp(q->operation, "contract_resolve") == 0)
		return answer_resolve(q);
	if (strcmp(q->operation, "order_status") == 0)
		return answer_order(q);
	if (strcmp(q->operation, "currency_rate") == 0)
		return answer_rate(q);
	return answer_fixture(q);
}

static int32_t
query(struct iag_ctx *ctx, void *instance, const char *operation,
    const char *arguments, size_t len)
{
	const struct fake *fake = instance;
	struct query q = {
		.ctx = ctx,
		.fake = fake,
		.operation = operation,
		.arguments = parse(arguments),
		.now_ns = fake->clock_ns ? fake->clock_ns : host->real_ns(ctx),
	};
	int32_t ret = IAG_OK;

	(void)len;
	if (!json_object_is_type(q.arguments, json_type_object))
		ret = host->fail(ctx, IAG_INVAL, "INPUT_INVALID",
		    "arguments of '%s': expected an object", operation);
	if (ret == IAG_OK && fake->delay_ns)
		ret = host->sleep_ns(ctx, fake->delay_ns);
	if (ret == IAG_OK)
		ret = answer(&q);
	json_object_put(q.arguments);
	return ret;
}

static const struct iag_instance_ops instance_ops = {
	.struct_size = sizeof(instance_ops),
	.open = open_fake,
	.close = close_fake,
	.health = health,
};

static const struct iag_backend_ops backend_ops = {
	.struct_size = sizeof(backend_ops),
	.operations = operations,
	.operation_count = sizeof(operations) / sizeof(operations[0]),
	.query = query,
};

static const struct iag_plugin plugin = {
	.struct_size = sizeof(plugin),
	.abi_minor = IAG_ABI_MINOR,
	.kind = IAG_KIND_BACKEND,
	.thread_model = IAG_THREAD_PARALLEL,
	.hint_flags = IAG_HINT_SIMULATED,
	.name = "fake",
	.version = PACKAGE_VERSION,
	.summary = "A broker out of fixture files, for trying out and tests",
	.options = options,
	.option_count = sizeof(options) / sizeof(options[0]),
	.option_size = sizeof(options[0]),
	.load = load,
	.instance = &instance_ops,
	.ops = &backend_ops,
};

const struct iag_plugin *
iag_plugin_1(void)
{
	return &plugin;
}
