/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * A paper broker inside a writer: it keeps a book of orders, asks the backend
 * for quotes and fills against them.  Everything that it needs is a service
 * of the host:
 *
 *   the book     state_get, state_put, state_next: durable, for each account
 *                of its own; what submit() changes is kept in one
 *                transaction with the outcome of the order
 *   the market   query "market_snapshot", the same answer that an agent gets
 *   the time     real_ns, never the system's: tests put theirs underneath
 *   the log      log and count, under the name of the instance
 *
 * The rules are simple on purpose: a limit order fills at the quote when the
 * quote is at least as good as the limit, at most `depth` units at a look.
 * The market moves when somebody looks: at submit, and for what rests in the
 * book whenever it is listed or looked up.  A day order ends with the day of
 * UTC that it was placed on; that, too, is found out by a look.
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <json-c/json.h>

#include <ibkr-agent/writer.h>

#define ID_PREFIX "paper-"
#define ROW_PREFIX "o/"
#define ROWS_MAX 1000 /* `orders_list` has no more */
#define DECIMALS 8
#define ONE INT64_C(100000000) /* 1 with DECIMALS places */

/* Of two decimals multiplied; money is never counted in floating point. */
__extension__ typedef __int128 wide;

static const struct iag_host *host;

/* A change of an order that the store may not have yet, see below. */
struct awaited {
	struct awaited *next;
	int64_t number;
	char order[192]; /* its account and reference */
};

struct sim {
	int64_t depth; /* units that fill at one look; 0: all */
	struct awaited *awaited;
};

static int32_t
load(struct iag_ctx *ctx, const struct iag_host *services)
{
	(void)ctx;
	host = services;
	return IAG_OK;
}

/* ---- decimals: texts outside, whole numbers of 1/ONE inside */

/* 0: it is none, or has more digits than fit. */
static int
decimal_read(const char *text, int64_t *ret)
{
	int64_t value = 0;
	int places = -1;

	if (!text || !*text)
		return 0;
	for (; *text; text++) {
		if (*text == '.' && places < 0) {
			places = 0;
			continue;
		}
		if (*text < '0' || *text > '9' || value > INT64_MAX / 100 ||
		    places == DECIMALS)
			return 0;
		value = value * 10 + (*text - '0');
		places += places >= 0;
	}
	for (places = places < 0 ? 0 : places; places < DECIMALS; places++) {
		if (value > INT64_MAX / 100)
			return 0;
		value *= 10;
	}
	*ret = value;
	return 1;
}

static void
decimal_write(int64_t value, char text[32])
{
	int len = snprintf(
	    text, 32, "%" PRId64 ".%08" PRId64, value / ONE, value % ONE);

	while (len > 1 && text[len - 1] == '0')
		text[--len] = '\0';
	if (text[len - 1] == '.')
		text[len - 1] = '\0';
}

/* ---- rows of the book: JSON, as `orders_list` shows it */

static const char *
row_text(struct json_object *row, const char *key)
{
	struct json_object *member = NULL;

	if (!json_object_object_get_ex(row, key, &member))
		return NULL;
	return json_object_get_string(member);
}

static int64_t
row_decimal(struct json_object *row, const char *key)
{
	int64_t value = 0;

	(void)decimal_read(row_text(row, key), &value);
	return value;
}

static void
row_set(struct json_object *row, const char *key, const char *text)
{
	if (text)
		(void)json_object_object_add(
		    row, key, json_object_new_string(text));
}

static int
row_is_open(struct json_object *row)
{
	const char *status = row_text(row, "status");

	return status && strcmp(status, "open") == 0;
}

/* The time in UTC; "" if there is none. */
static void
write_time(struct iag_ctx *ctx, char text[32])
{
	time_t seconds = (time_t)(host->real_ns(ctx) / 1000000000);
	struct tm tm;

	if (!gmtime_r(&seconds, &tm) ||
	    !strftime(text, 32, "%Y-%m-%dT%H:%M:%SZ", &tm))
		text[0] = '\0';
}

static void
row_set_time(struct iag_ctx *ctx, struct json_object *row, const char *key)
{
	char text[32];

	write_time(ctx, text);
	if (*text)
		row_set(row, key, text);
}

/* The key of a row; references are short: see ref_len below. */
static struct iag_bytes
row_key(char key[128], const char *ref)
{
	(void)snprintf(key, 128, ROW_PREFIX "%.96s", ref);
	return (struct iag_bytes){ key, strlen(key) };
}

/* IAG_NOTFOUND if there is no such order. */
static int32_t
row_get(struct iag_ctx *ctx, const char *ref, struct json_object **ret_row)
{
	struct iag_bytes value;
	char text[128];
	struct iag_bytes key = row_key(text, ref);
	int32_t r = host->state_get(ctx, &key, &value);

	if (r)
		return r;
	*ret_row = json_tokener_parse(value.data); /* a NUL is behind it */
	if (*ret_row)
		return IAG_OK;
	return host->fail(
	    ctx, IAG_CORRUPT, NULL, "the row of order '%s' is no JSON", ref);
}

static int32_t
row_put(struct iag_ctx *ctx, struct json_object *row)
{
	char text[128];
	struct iag_bytes key = row_key(text, row_text(row, "client_order_id"));
	const char *json =
	    json_object_to_json_string_ext(row, JSON_C_TO_STRING_PLAIN);
	struct iag_bytes value = { json, json ? strlen(json) : 0 };

	return json ? host->state_put(ctx, &key, &value) : IAG_NOMEM;
}

static void
row_set_order(struct json_object *row, const struct iag_order *order)
{
	row_set(row, "account_id", order->account);
	row_set(row, "client_order_id", order->client_ref);
	row_set(row, "contract_id", order->contract_id);
	row_set(row, "symbol", order->symbol);
	row_set(row, "currency", order->currency);
	row_set(row, "side", order->side == IAG_SIDE_BUY ? "buy" : "sell");
	row_set(row, "order_type", "limit");
	row_set(row, "time_in_force",
	    order->tif == IAG_TIF_DAY ? "day" : "good_till_cancelled");
	row_set(row, "quantity", order->quantity);
	row_set(row, "limit_price", order->limit_price);
}

static struct json_object *
row_new(struct iag_ctx *ctx, const struct iag_order *order)
{
	struct json_object *row = json_object_new_object();
	char id[128];

	if (!row)
		return NULL;
	(void)snprintf(id, sizeof id, ID_PREFIX "%s", order->client_ref);
	row_set(row, "broker_order_id", id);
	row_set_order(row, order);
	row_set(row, "status", "open");
	row_set(row, "broker_status", "Working");
	row_set(row, "filled_quantity", "0");
	row_set_time(ctx, row, "created_at");
	return row;
}

/*
 * ---- changes that are not stored yet
 *
 * What submit(), cancel() and modify() put is stored after they have returned,
 * together with the outcome of the order.  A find() or list() in between
 * reads the row of before, and what these put is stored at once: a fill of
 * that row would overwrite the change, or be overwritten by it.  So changes of
 * a row are numbered, the instance remembers the newest that it has put, and a
 * look leaves an order alone until the row that it reads has that number.
 *
 * A change that could not be stored is waited for until the next one of its
 * order, or the end of the process: an order that rests too long does no harm.
 */

static int64_t
row_number(struct json_object *row)
{
	struct json_object *member = NULL;

	(void)json_object_object_get_ex(row, "changes", &member);
	return json_object_get_int64(member); /* 0 for NULL */
}

/* Where the order is in the list, or the end of it. */
static struct awaited **
await_at(struct sim *sim, const char *account, const char *ref)
{
	struct awaited **at = &sim->awaited;
	char order[sizeof(*at)->order];

	(void)snprintf(order, sizeof order, "%s/%s", account, ref);
	while (*at && strcmp((*at)->order, order) != 0)
		at = &(*at)->next;
	return at;
}

static struct awaited **
await_row(struct sim *sim, struct json_object *row)
{
	return await_at(
	    sim, row_text(row, "account_id"), row_text(row, "client_order_id"));
}

/* Has the store all changes of the order?  Then none is awaited any more. */
static int
is_stored(struct sim *sim, struct json_object *row)
{
	struct awaited **at = await_row(sim, row), *found = *at;

	if (!found)
		return 1;
	if (row_number(row) < found->number)
		return 0;
	*at = found->next;
	free(found);
	return 1;
}

/* row_put() for submit(), cancel() and modify(). */
static int32_t
row_change(struct iag_ctx *ctx, struct sim *sim, struct json_object *row)
{
	struct awaited **at = await_row(sim, row);
	int64_t number = row_number(row);
	int32_t r;

	if (!*at)
		*at = calloc(1, sizeof **at);
	if (!*at)
		return IAG_NOMEM;
	(void)snprintf((*at)->order, sizeof(*at)->order, "%s/%s",
	    row_text(row, "account_id"), row_text(row, "client_order_id"));
	/* the one before may be on its way still */
	if (number < (*at)->number)
		number = (*at)->number;
	(void)json_object_object_add(
	    row, "changes", json_object_new_int64(++number));
	r = row_put(ctx, row);
	if (r == IAG_OK)
		(*at)->number = number;
	return r;
}

/* ---- the market */

struct quote {
	int64_t bid, ask; /* 0: not given */
};

/* No quote is no fault of the order: it rests until there is one. */
static void
quote_get(struct iag_ctx *ctx, const char *contract, struct quote *quote)
{
	struct json_object *question = json_object_new_object(), *answer;
	const char *text, *json;
	size_t len;
	int32_t r;

	*quote = (struct quote){ 0, 0 };
	if (!question)
		return;
	row_set(question, "contract_id", contract);
	text = json_object_to_json_string(question);
	r = host->query(
	    ctx, "market_snapshot", text, strlen(text), &json, &len);
	(void)json_object_put(question);
	answer = r == IAG_OK ? json_tokener_parse(json) : NULL;
	if (answer) {
		quote->bid = row_decimal(answer, "bid");
		quote->ask = row_decimal(answer, "ask");
	} else {
		host->log(ctx, IAG_LOG_INFO, "no quote: the order rests");
	}
	(void)json_object_put(answer);
}

/* The price at which the order fills now; 0: not now. */
static int64_t
match(struct json_object *row, const struct quote *quote)
{
	int64_t limit = row_decimal(row, "limit_price");

	if (strcmp(row_text(row, "side"), "buy") == 0)
		return quote->ask && quote->ask <= limit ? quote->ask : 0;
	return quote->bid && quote->bid >= limit ? quote->bid : 0;
}

/* More of the order is filled, at that price; 1 if the row has changed. */
static int
fill(struct iag_ctx *ctx, const struct sim *sim, struct json_object *row,
    int64_t price)
{
	int64_t total = row_decimal(row, "quantity");
	int64_t had = row_decimal(row, "filled_quantity");
	int64_t more = total - had;
	wide paid;
	char text[32];

	if (!price || more <= 0)
		return 0;
	if (sim->depth && more > sim->depth * ONE)
		more = sim->depth * ONE;
	/* the average price; its last place is cut off */
	paid = (wide)row_decimal(row, "paid") * had + (wide)price * more;
	decimal_write((int64_t)(paid / (had + more)), text);
	row_set(row, "paid", text);
	decimal_write(had + more, text);
	row_set(row, "filled_quantity", text);
	if (had + more == total) {
		row_set(row, "status", "filled");
		row_set(row, "broker_status", "Filled");
	}
	row_set_time(ctx, row, "updated_at");
	host->count(ctx, "fills", 1);
	return 1;
}

/* An open day order of an earlier day is over; 1 if the row has changed. */
static int
expire(struct iag_ctx *ctx, struct json_object *row)
{
	const char *tif = row_text(row, "time_in_force");
	const char *placed = row_text(row, "created_at");
	const size_t day = sizeof "YYYY-MM-DD" - 1;
	char now[32];

	if (!row_is_open(row) || !tif || strcmp(tif, "day") != 0 || !placed)
		return 0;
	write_time(ctx, now);
	if (strncmp(placed, now, day) >= 0)
		return 0;
	row_set(row, "status", "cancelled");
	row_set(row, "broker_status", "Expired");
	row_set_time(ctx, row, "updated_at");
	return 1;
}

/* Look at the market for one order; 1 if the row has changed. */
static int
look(struct iag_ctx *ctx, struct sim *sim, struct json_object *row)
{
	struct quote quote;

	if (!is_stored(sim, row) || !row_is_open(row))
		return 0;
	if (expire(ctx, row))
		return 1;
	quote_get(ctx, row_text(row, "contract_id"), &quote);
	return fill(ctx, sim, row, match(row, &quote));
}

/* ---- callbacks */

/* Without these there is no writer; a host of another day may lack them. */
static int32_t
check_host(struct iag_ctx *ctx)
{
	if (IAG_HAS(struct iag_host, host, state_next) && host->commit_send &&
	    host->query && host->state_next)
		return IAG_OK;
	return host->fail(ctx, IAG_NOTSUP, NULL, "this host places no orders");
}

static const char *
intern(struct iag_ctx *ctx, const char *text)
{
	return text ? host->intern(ctx, text, strlen(text)) : NULL;
}

/* An acknowledgement outlives the row: its texts are interned. */
static void
acknowledge(struct iag_ctx *ctx, struct json_object *row, struct iag_ack *ack)
{
	const char *status = row_text(row, "status");

	ack->status = row_is_open(row)                ? IAG_STATUS_OPEN
		      : strcmp(status, "filled") == 0 ? IAG_STATUS_FILLED
						      : IAG_STATUS_CANCELLED;
	ack->broker_order_id = intern(ctx, row_text(row, "broker_order_id"));
	ack->client_ref = intern(ctx, row_text(row, "client_order_id"));
	ack->broker_status = intern(ctx, row_text(row, "broker_status"));
	ack->filled_quantity = intern(ctx, row_text(row, "filled_quantity"));
	ack->average_price = intern(ctx, row_text(row, "paid"));
}

static int32_t
check_order(struct iag_ctx *ctx, const struct iag_order *order)
{
	int64_t quantity, price;

	if (order->need_flags)
		return host->fail(ctx, IAG_NOTSUP, NULL,
		    "the order needs 0x%x, which this writer does not know",
		    (unsigned)order->need_flags);
	if (decimal_read(order->quantity, &quantity) && quantity > 0 &&
	    decimal_read(order->limit_price, &price) && price > 0)
		return IAG_OK;
	return host->fail(ctx, IAG_INVAL, NULL,
	    "quantity '%s' at '%s': expected decimals above 0 with at most "
	    "%d places",
	    order->quantity, order->limit_price ? order->limit_price : "",
	    DECIMALS);
}

static int32_t
submit(struct iag_ctx *ctx, void *instance, const struct iag_order *order,
    struct iag_ack *ret_ack)
{
	struct json_object *row = NULL;
	int32_t r = check_host(ctx);

	if (r == IAG_OK)
		r = check_order(ctx, order);
	if (r)
		return r;
	r = row_get(ctx, order->client_ref, &row);
	(void)json_object_put(row);
	if (r == IAG_OK) /* found: one reference is one order, for ever */
		return host->fail(ctx, IAG_INVAL, NULL,
		    "the reference '%s' has an order already",
		    order->client_ref);
	if (r != IAG_NOTFOUND)
		return r;
	row = row_new(ctx, order);
	if (!row)
		return IAG_NOMEM;
	(void)look(ctx, instance, row); /* a read: before, not after */
	/* The book is the "broker": from here on the order may be in it. */
	r = host->commit_send(ctx);
	if (r == IAG_OK)
		r = row_change(ctx, instance, row);
	if (r == IAG_OK)
		acknowledge(ctx, row, ret_ack);
	(void)json_object_put(row);
	return r;
}

static const char *
ref_of(const struct iag_target *target)
{
	const char *id = target->broker_order_id;

	if (target->client_ref)
		return target->client_ref;
	if (!id || strncmp(id, ID_PREFIX, sizeof ID_PREFIX - 1) != 0)
		return "";
	return id + sizeof ID_PREFIX - 1;
}

/* The open order that a change is about. */
static int32_t
get_open(struct iag_ctx *ctx, const struct iag_target *target,
    struct json_object **ret_row)
{
	int32_t r = check_host(ctx);

	if (r == IAG_OK)
		r = row_get(ctx, ref_of(target), ret_row);
	if (r == IAG_OK)
		(void)expire(ctx, *ret_row); /* the next look stores it */
	if (r == IAG_OK && row_is_open(*ret_row))
		return IAG_OK;
	if (r != IAG_OK && r != IAG_NOTFOUND)
		return r;
	return host->fail(ctx, IAG_REJECTED, NULL, "the order '%s' is %s",
	    target->broker_order_id ? target->broker_order_id : "",
	    *ret_row ? row_text(*ret_row, "broker_status") : "not known");
}

static int32_t
cancel(struct iag_ctx *ctx, void *instance, const struct iag_target *target,
    struct iag_ack *ret_ack)
{
	struct json_object *row = NULL;
	int32_t r = get_open(ctx, target, &row);

	if (r == IAG_OK)
		r = host->commit_send(ctx);
	if (r == IAG_OK) {
		row_set(row, "status", "cancelled");
		row_set(row, "broker_status", "Cancelled");
		row_set_time(ctx, row, "updated_at");
		r = row_change(ctx, instance, row);
	}
	if (r == IAG_OK)
		acknowledge(ctx, row, ret_ack);
	(void)json_object_put(row);
	return r;
}

/* order is the complete replacement, its quantity the new total. */
static int32_t
modify(struct iag_ctx *ctx, void *instance, const struct iag_target *target,
    const struct iag_order *order, struct iag_ack *ret_ack)
{
	struct json_object *row = NULL;
	int64_t total;
	int32_t r = check_order(ctx, order);

	if (r == IAG_OK)
		r = get_open(ctx, target, &row);
	if (r == IAG_OK && decimal_read(order->quantity, &total) &&
	    total <= row_decimal(row, "filled_quantity"))
		r = host->fail(ctx, IAG_REJECTED, NULL,
		    "%s are filled: the new total '%s' must be more",
		    row_text(row, "filled_quantity"), order->quantity);
	if (r == IAG_OK) {
		row_set(row, "quantity", order->quantity);
		row_set(row, "limit_price", order->limit_price);
		row_set_time(ctx, row, "updated_at");
		(void)look(ctx, instance, row);
		r = host->commit_send(ctx);
	}
	if (r == IAG_OK)
		r = row_change(ctx, instance, row);
	if (r == IAG_OK)
		acknowledge(ctx, row, ret_ack);
	(void)json_object_put(row);
	return r;
}

/*
 * The book is durable and whole, so an order that is not in it was never
 * placed: absence is certain, unless submit() has just put it there.  No
 * orders are sent here; that one which rests may fill is the market's doing.
 */
static int32_t
find(struct iag_ctx *ctx, void *instance, const struct iag_target *target,
    struct iag_find *ret_find)
{
	struct json_object *row = NULL;
	int32_t r = check_host(ctx);

	if (r == IAG_OK)
		r = row_get(ctx, ref_of(target), &row);
	if (r != IAG_OK && r != IAG_NOTFOUND)
		return r;
	ret_find->complete = 1;
	ret_find->since_ns = 1; /* from the beginning */
	ret_find->answer =
	    row ? IAG_FIND_FOUND
	    : *await_at(instance, target->account, ref_of(target))
		? IAG_FIND_INCONCLUSIVE
		: IAG_FIND_ABSENT;
	r = IAG_OK;
	if (row && look(ctx, instance, row))
		r = row_put(ctx, row);
	if (row && r == IAG_OK)
		acknowledge(ctx, row, &ret_find->ack);
	(void)json_object_put(row);
	return r;
}

/* Rows from the first key on; each is looked at and shown. */
static int32_t
collect(struct iag_ctx *ctx, struct sim *sim, struct json_object *orders)
{
	struct iag_bytes at = { ROW_PREFIX, sizeof ROW_PREFIX - 1 }, value;
	int32_t r;

	while ((r = host->state_next(ctx, &at, &at, &value)) == IAG_OK) {
		struct json_object *row = json_tokener_parse(value.data);

		if (!row || json_object_array_add(orders, row)) {
			(void)json_object_put(row);
			return row ? IAG_NOMEM : IAG_CORRUPT;
		}
		if (look(ctx, sim, row))
			(void)row_put(ctx, row);
		json_object_object_del(row, "paid"); /* no fields of the list */
		json_object_object_del(row, "changes");
		if (json_object_array_length(orders) == ROWS_MAX)
			return IAG_LIMIT;
	}
	return r == IAG_NOTFOUND ? IAG_OK : r;
}

static int32_t
list(struct iag_ctx *ctx, void *instance, const char *account)
{
	struct iag_reply_meta meta = { sizeof meta, IAG_REPLY_COMPLETE, 0, 0 };
	struct json_object *answer = json_object_new_object();
	struct json_object *orders = json_object_new_array();
	const char *text;
	int32_t r = check_host(ctx);

	(void)account; /* state is kept for each account */
	if (!answer || !orders ||
	    json_object_object_add(answer, "orders", orders)) {
		(void)json_object_put(answer);
		return IAG_NOMEM;
	}
	if (r == IAG_OK)
		r = collect(ctx, instance, orders);
	if (r == IAG_LIMIT) { /* some are left out: say so */
		meta.flags = 0;
		r = IAG_OK;
	}
	text = json_object_to_json_string_ext(answer, JSON_C_TO_STRING_PLAIN);
	if (r == IAG_OK)
		r = text ? host->reply(ctx, &meta, text, strlen(text))
			 : IAG_NOMEM;
	else
		r = host->fail(ctx, r, NULL, "the book cannot be read");
	(void)json_object_put(answer);
	return r;
}

/* ---- life and description */

static int32_t
open_instance(struct iag_ctx *ctx, void **ret_instance)
{
	struct sim *sim = calloc(1, sizeof *sim);

	if (!sim)
		return IAG_NOMEM;
	(void)host->option_int(ctx, "depth", &sim->depth);
	*ret_instance = sim;
	return IAG_OK;
}

static void
close_instance(struct iag_ctx *ctx, void *instance)
{
	struct sim *sim = instance;

	(void)ctx;
	while (sim->awaited) {
		struct awaited *next = sim->awaited->next;

		free(sim->awaited);
		sim->awaited = next;
	}
	free(sim);
}

static const struct iag_option options[] = {
	{
	    .type = IAG_OPTION_INTEGER,
	    .key = "depth",
	    .value = "0",
	    .min = "0",
	    .max = "1000000",
	    .help = "most units of an order that fill at one look; 0: all",
	},
};

static const struct iag_instance_ops instance_ops = {
	.struct_size = sizeof instance_ops,
	.open = open_instance,
	.close = close_instance,
};

static const struct iag_writer_ops writer_ops = {
	.struct_size = sizeof writer_ops,
	.operations = IAG_WRITER_SUBMIT | IAG_WRITER_CANCEL |
		      IAG_WRITER_MODIFY | IAG_WRITER_FIND | IAG_WRITER_LIST,
	.order_types = 1u << IAG_TYPE_LIMIT,
	.tifs = 1u << IAG_TIF_DAY | 1u << IAG_TIF_GOOD_TILL_CANCELLED,
	/* live as well: to rehearse all the gates without a real broker */
	.modes = 1u << IAG_MODE_PAPER | 1u << IAG_MODE_LIVE,
	.ref_len = 96,
	.asset_classes = "stock etf",
	.submit = submit,
	.cancel = cancel,
	.modify = modify,
	.find = find,
	.list = list,
};

static const struct iag_plugin plugin = {
	.struct_size = sizeof plugin,
	.abi_minor = IAG_ABI_MINOR,
	.kind = IAG_KIND_WRITER,
	/*
	 * A look reads a row and writes it again, and the list of awaited
	 * changes has no lock: one callback at a time, and one process on a
	 * store.  That alone does not make a look see what the callback before
	 * it has put: that is what the list is for.
	 */
	.thread_model = IAG_THREAD_INSTANCE_SERIAL,
	.hint_flags = IAG_HINT_SIMULATED | IAG_HINT_SINGLE_PROCESS,
	.name = "paper-sim",
	.version = "1.0",
	.summary = "a paper broker: own book, fills at the backend's quotes",
	.options = options,
	.option_count = sizeof options / sizeof *options,
	.option_size = sizeof *options,
	.load = load,
	.instance = &instance_ops,
	.ops = &writer_ops,
};

const struct iag_plugin *
iag_plugin_1(void)
{
	return &plugin;
}
