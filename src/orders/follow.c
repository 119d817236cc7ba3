/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Following orders that work: one list for each account and writer, and a look
 * elsewhere for those that it does not show.  What changed is recorded with
 * the row.
 */

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/text.h"
#include "orders/departed.h"
#include "orders/inquiry.h"
#include "orders/listing.h"
#include "orders/pass.h"
#include "orders/preview.h"
#include "orders/settlement.h"

static int
working_step(struct journal_txn *txn, void *arg, struct err *err)
{
	order_row_list_fini(arg);
	return order_row_walk_working(txn, NULL, order_row_list_take, arg, err);
}

/* What the broker says of an order now; texts are borrowed. */
struct report {
	uint32_t status;
	const char *broker_order_id, *broker_status;
	const char *filled_quantity, *average_price;
};

/* What cannot be an order's id was not told. */
static const char *
order_id(const char *id)
{
	return id && *id && strlen(id) <= ORDER_ID_MAX ? id : NULL;
}

static struct report
report_of_row(struct json_object *row)
{
	return (struct report){
		.status = listing_status(row),
		.broker_order_id =
		    order_id(json_get_str(row, "broker_order_id", NULL)),
		.broker_status = json_get_str(row, "broker_status", NULL),
		.filled_quantity = json_get_str(row, "filled_quantity", NULL),
		.average_price = json_get_str(row, "average_fill_price", NULL),
	};
}

static struct report
report_of_ack(const struct writer_ack *ack)
{
	return (struct report){
		.status = ack->status,
		.broker_order_id = ack->broker_order_id,
		.broker_status = ack->broker_status,
		.filled_quantity = ack->filled_quantity,
		.average_price = ack->average_price,
	};
}

/* ---- one order */

struct follow {
	struct pass *pass;
	const struct order_row *seen; /* as it was when the pass began */
	const struct report *report;
	char hash[HASH_HEX_SIZE];
	const char *fault; /* of the id that it is told to have; NULL: none */
};

static bool
same_filled(const char *one, const char *other)
{
	CLEANUP_DEC struct dec a, b;

	dec_init(&a);
	dec_init(&b);
	if (!one || dec_parse(&a, one, NULL))
		return true; /* not told */
	if (!other || dec_parse(&b, other, NULL))
		return dec_sign(&a) == 0;
	return dec_cmp(&a, &b) == 0;
}

static bool
same_id(const struct report *report, const struct order_row *row)
{
	return !report->broker_order_id ||
	       strcmp(report->broker_order_id, row->broker_order_id) == 0;
}

static bool
is_news(const struct report *report, const struct order_row *row)
{
	return row->unshown_ns || report->status != row->status ||
	       !same_id(report, row) ||
	       !same_filled(report->filled_quantity, row->filled_quantity);
}

/* What was not told stays. */
static int
hear(char **text, const char *told, struct err *err)
{
	return told ? text_set(text, told, err) : 0;
}

static int
row_update(struct order_row *row, const struct report *report, struct err *err)
{
	int ret = hear(&row->broker_status, report->broker_status, err);

	row->status = report->status;
	row->unshown_ns = 0;
	if (ret == 0)
		ret = hear(&row->filled_quantity, report->filled_quantity, err);
	return ret ? ret
		   : hear(&row->average_price, report->average_price, err);
}

/* The broker calls it by another id now: the old one is no more. */
static int
row_rename(struct journal_txn *txn, struct follow *follow,
    struct order_row *row, struct err *err)
{
	int ret = order_row_rename(txn, row, follow->report->broker_order_id,
	    follow->report->status, follow->hash, err);

	follow->fault = row->id_fault;
	return ret;
}

static int
metadata_fill(struct json_object *obj, const struct follow *follow,
    const struct order_row *row)
{
	const struct order_row *seen = follow->seen;
	int ret = json_add_str(obj, "broker_order_id", row->broker_order_id);

	if (ret == 0 && !same_id(follow->report, seen))
		ret = json_add_str(
		    obj, "previous_broker_order_id", seen->broker_order_id);
	if (ret == 0)
		ret = json_add_str(obj, "client_order_id", row->client_ref);
	if (ret == 0)
		ret = json_add_str(
		    obj, "previous_status", order_status_name(seen->status));
	if (ret == 0)
		ret = json_add_str(
		    obj, "current_status", order_status_name(row->status));
	if (ret == 0 && row->unshown_ns)
		ret = json_add_bool(obj, "shown", false);
	return ret ? ret
		   : json_add_str(obj, "filled_quantity", row->filled_quantity);
}

static int
news_record(struct journal_txn *txn, const struct follow *follow,
    const struct order_row *row, struct err *err)
{
	struct json_object *metadata = json_object_new_object();

	if (metadata && metadata_fill(metadata, follow, row)) {
		(void)json_object_put(metadata);
		metadata = NULL;
	}
	return pass_record(follow->pass, txn,
	    row->mode == IAG_MODE_LIVE ? "live_order_lifecycle_changed"
				       : "paper_order_lifecycle_changed",
	    row->account, metadata, err);
}

/* The row may have changed since; a terminal one stays as it is. */
static int
news_step(struct journal_txn *txn, void *arg, struct err *err)
{
	struct follow *follow = arg;
	CLEANUP_ORDER_ROW struct order_row row;
	int ret;

	follow->fault = NULL;
	order_row_init(&row);
	ret = order_row_get(
	    txn, follow->hash, follow->seen->broker_order_id, &row, err);
	if (ret)
		return ret == IAG_NOTFOUND ? IAG_REJECTED : ret;
	if (row.updated_ns != follow->seen->updated_ns ||
	    order_status_is_terminal(row.status))
		return IAG_REJECTED;
	row.updated_ns = row.polled_ns = txn_now_ns(txn);
	if (!same_id(follow->report, &row))
		ret = row_rename(txn, follow, &row, err);
	if (ret == 0)
		ret = row_update(&row, follow->report, err);
	if (ret == 0)
		ret = order_row_put(txn, &row, follow->hash, err);
	/* a bracket may have waited for its end */
	if (ret == 0)
		ret =
		    settlement_group(txn, row.key, row.leg, follow->hash, err);
	return ret ? ret : news_record(txn, follow, &row, err);
}

/* ---- what is left of a bracket */

struct rest_step {
	const struct order_row *row;
	const char *hash;
	const char *lacks; /* a leg that is not at the broker; NULL: none */
};

static int
rest_step(struct journal_txn *txn, void *arg, struct err *err)
{
	struct rest_step *step = arg;
	CLEANUP_INTENT struct intent leg;
	int ret = 0;

	step->lacks = NULL;
	intent_init(&leg);
	for (size_t i = 0; i < GROUP_LEGS && ret == 0 && !step->lacks; i++) {
		intent_fini(&leg);
		ret = intent_get(
		    txn, step->hash, step->row->key, group_roles[i], &leg, err);
		/* one that is not on the record was never sent */
		if (ret == IAG_NOTFOUND || leg.state == INTENT_REFUSED)
			step->lacks = group_roles[i];
		if (ret == IAG_NOTFOUND)
			ret = 0;
	}
	return ret;
}

/*
 * An exit without its entry, an entry without one of its exits; a look that
 * fails is made by the next pass.
 */
static void
rest_tell(
    struct pass *pass, const struct order_row *row, const struct report *report)
{
	char hash[HASH_HEX_SIZE];
	struct rest_step step = { .row = row, .hash = hash };

	if (!row->key || !row->leg || !*row->leg ||
	    report->status == IAG_STATUS_PENDING_CANCEL ||
	    order_status_is_terminal(report->status))
		return;
	journal_account_hash(
	    desk_journal(pass->call->desk), row->account, hash);
	if (journal_view(
		desk_journal(pass->call->desk), rest_step, &step, NULL) == 0 &&
	    step.lacks)
		pass_note(pass,
		    "order '%s' works as the %s of the bracket '%s', and the "
		    "broker does not have its %s: cancel it if it is not "
		    "wanted alone",
		    row->broker_order_id, row->leg, row->key, step.lacks);
}

/* ---- what was told of an order */

static int
report_take(struct pass *pass, const struct order_row *row,
    const struct report *report, struct err *err)
{
	struct follow follow = { .pass = pass, .seen = row, .report = report };
	int ret;

	if (!report->status) {
		pass->unresolved++;
		return 0;
	}
	rest_tell(pass, row, report);
	if (!is_news(report, row)) {
		pass->unchanged++;
		return 0;
	}
	journal_account_hash(
	    desk_journal(pass->call->desk), row->account, follow.hash);
	ret = pass_update(pass, news_step, &follow, err);
	if (ret == IAG_REJECTED && follow.fault) {
		pass->unresolved++;
		pass_note(pass,
		    "order '%s': the broker tells the id '%s' for it, %s",
		    row->broker_order_id, report->broker_order_id,
		    follow.fault);
	}
	if (ret)
		return ret == IAG_REJECTED ? 0 : ret;
	pass->transitions++;
	pass_change(pass, "order '%s' is %s", row->broker_order_id,
	    order_status_name(report->status));
	return 0;
}

/* For `orders pending`, which asks nobody. */
static int
unshown_step(struct journal_txn *txn, void *arg, struct err *err)
{
	const struct follow *follow = arg;
	CLEANUP_ORDER_ROW struct order_row row;
	int ret;

	order_row_init(&row);
	ret = order_row_get(
	    txn, follow->hash, follow->seen->broker_order_id, &row, err);
	if (ret)
		return ret == IAG_NOTFOUND ? IAG_REJECTED : ret;
	if (row.updated_ns != follow->seen->updated_ns || row.unshown_ns ||
	    order_status_is_terminal(row.status))
		return IAG_REJECTED;
	row.unshown_ns = txn_now_ns(txn);
	ret = order_row_put(txn, &row, follow->hash, err);
	return ret ? ret : news_record(txn, follow, &row, err);
}

static int
unshown_note(struct pass *pass, const struct order_row *row, struct err *err)
{
	const struct report same = { .status = row->status };
	struct follow follow = { .pass = pass, .seen = row, .report = &same };
	int ret;

	if (row->unshown_ns)
		return 0;
	journal_account_hash(
	    desk_journal(pass->call->desk), row->account, follow.hash);
	ret = pass_update(pass, unshown_step, &follow, err);
	return ret == IAG_REJECTED ? 0 : ret;
}

/* What nobody shows is named with what its owner can do about it. */
static void
departed_note(struct pass *pass, const struct order_row *row,
    const struct departed *departed)
{
	CLEANUP_BUF struct buf action = BUF_INIT;

	pass->unresolved++;
	if (departed->end == DEPARTED_UNCLEAR) {
		pass_note(pass, "order '%s' is in no list: %s",
		    row->broker_order_id, buf_text(&departed->why));
		return;
	}
	departed_action(&action, row);
	pass_note(pass,
	    "order '%s' is in no list: the broker does not show it any more, "
	    "nor how it ended; %s",
	    row->broker_order_id, buf_text(&action));
}

/*
 * Not in the list: the broker may know elsewhere how it stands.  What was not
 * answered a moment ago is not asked all day, nor is anybody about what was in
 * full found to be shown nowhere: the list tells when it is back.
 */
static int
row_seek(struct pass *pass, struct instance *writer,
    const struct order_row *row, bool list_is_complete,
    struct departed_trades *trades, struct departed *ret_seen, struct err *err)
{
	struct report report;
	bool is_due = !pass->memory->skips_watched;
	int ret = 0;

	*ret_seen = (struct departed){ .end = DEPARTED_UNSHOWN };
	if (is_due || !row->unshown_ns)
		ret = departed_ask(pass->call, writer, row, list_is_complete,
		    is_due ? trades : NULL, ret_seen, err);
	if (ret)
		return ret;
	if (ret_seen->end == DEPARTED_TOLD) {
		report = report_of_ack(&ret_seen->ack);
		return report_take(pass, row, &report, err);
	}
	departed_note(pass, row, ret_seen);
	/* what was not asked in full is no finding */
	return ret_seen->end == DEPARTED_UNSHOWN && is_due
		   ? unshown_note(pass, row, err)
		   : 0;
}

static int
row_hear(struct pass *pass, const struct order_row *row,
    struct json_object *listed, struct departed *ret_seen, struct err *err)
{
	struct report report = report_of_row(listed);

	*ret_seen = (struct departed){
		.end = report.status ? DEPARTED_TOLD : DEPARTED_UNCLEAR,
		.ack.status = report.status,
	};
	return report_take(pass, row, &report, err);
}

static struct json_object *
listed_of(const struct listing *listing, const struct order_row *row)
{
	return listing_find(listing, row->client_ref, row->broker_order_id);
}

int
follow_order(struct pass *pass, const struct order_row *row,
    struct departed *ret_seen, struct err *err)
{
	CLEANUP_LISTING struct listing listing = { .orders = NULL };
	CLEANUP_DEPARTED_TRADES struct departed_trades trades = {
		.since_ns = row->created_ns,
	};
	CLEANUP_ERR struct err fault = ERR_INIT;
	struct json_object *listed;
	struct instance *writer;

	*ret_seen = (struct departed){ .end = DEPARTED_UNCLEAR };
	writer = inquiry_writer(pass->call, row->mode, row->writer,
	    row->connection, &ret_seen->why);
	if (!writer)
		return 0;
	if (listing_read(pass->call, writer, row->account, &listing, &fault)) {
		buf_str(&ret_seen->why, err_text(&fault));
		return 0;
	}
	listed = listed_of(&listing, row);
	return listed ? row_hear(pass, row, listed, ret_seen, err)
		      : row_seek(pass, writer, row, listing.is_complete,
			    &trades, ret_seen, err);
}

/* ---- all of one account at one writer */

static bool
is_text(const char *one, const char *other)
{
	return one && other ? strcmp(one, other) == 0 : one == other;
}

static bool
is_together(const struct order_row *one, const struct order_row *other)
{
	return one->mode == other->mode &&
	       is_text(one->account, other->account) &&
	       is_text(one->writer, other->writer) &&
	       is_text(one->connection, other->connection);
}

static uint64_t
oldest_ns(const struct order_row *rows, size_t count)
{
	uint64_t oldest = rows[0].created_ns;

	for (size_t i = 1; i < count; i++) {
		if (rows[i].created_ns < oldest)
			oldest = rows[i].created_ns;
	}
	return oldest;
}

/* What had no turn is not known; it comes first the next time. */
static void
turns_end(struct pass *pass, size_t next, size_t count)
{
	pass->memory->sought_from = next;
	pass->unresolved += (int64_t)count;
	pass_note(pass,
	    "%zu orders are in no list: the time was over before all were "
	    "asked about",
	    count);
}

/* Those that the list does not show: each costs questions. */
static int
rows_seek(struct pass *pass, struct instance *writer,
    const struct order_row *const *rows, size_t count, bool list_is_complete,
    uint64_t since_ns, struct err *err)
{
	CLEANUP_DEPARTED_TRADES struct departed_trades trades = {
		.since_ns = since_ns,
	};
	size_t from = count ? pass->memory->sought_from % count : 0;
	int ret = 0;

	for (size_t i = 0; i < count && ret == 0; i++) {
		CLEANUP_DEPARTED struct departed seen = { .end = 0 };

		if (pass_is_short(pass, i)) {
			turns_end(pass, from + i, count - i);
			break;
		}
		ret = row_seek(pass, writer, rows[(from + i) % count],
		    list_is_complete, &trades, &seen, err);
	}
	return ret;
}

/* Those that the list shows first: they wait for none that it does not. */
static int
rows_compare(struct pass *pass, struct instance *writer,
    const struct order_row *rows, size_t count, const struct listing *listing,
    struct err *err)
{
	CLEANUP_FREE const struct order_row **sought =
	    calloc(count, sizeof(const struct order_row *));
	size_t sought_count = 0;
	int ret = sought ? 0 : err_no_memory(err);

	for (size_t i = 0; i < count && ret == 0 && !pass_is_over(pass); i++) {
		CLEANUP_DEPARTED struct departed seen = { .end = 0 };
		struct json_object *listed = listed_of(listing, &rows[i]);

		if (listed)
			ret = row_hear(pass, &rows[i], listed, &seen, err);
		else
			sought[sought_count++] = &rows[i];
	}
	return ret ? ret
		   : rows_seek(pass, writer, sought, sought_count,
			 listing->is_complete, oldest_ns(rows, count), err);
}

static int
rows_follow(struct pass *pass, const struct order_row *rows, size_t count,
    struct err *err)
{
	CLEANUP_LISTING struct listing listing = { .orders = NULL };
	CLEANUP_ERR struct err fault = ERR_INIT;
	CLEANUP_BUF struct buf note = BUF_INIT;
	struct instance *writer = inquiry_writer(
	    pass->call, rows->mode, rows->writer, rows->connection, &note);

	pass->scanned += (int64_t)count;
	if (writer && listing_read(pass->call, writer, rows->account, &listing,
			  &fault) == 0)
		return rows_compare(pass, writer, rows, count, &listing, err);
	pass->unresolved += (int64_t)count;
	pass_note(pass, "%zu working orders: %s", count,
	    writer ? err_text(&fault) : buf_text(&note));
	return 0;
}

static int
compare_books(const void *a, const void *b)
{
	const struct order_row *one = a, *other = b;
	int ret = strcmp(one->account, other->account);

	if (ret == 0)
		ret = strcmp(one->writer ? one->writer : "",
		    other->writer ? other->writer : "");
	return ret ? ret : (int)one->mode - (int)other->mode;
}

int
follow_orders(struct pass *pass, struct err *err)
{
	CLEANUP_ORDER_ROW_LIST struct order_row_list list = { .items = NULL };
	size_t end;
	int ret = journal_view(
	    desk_journal(pass->call->desk), working_step, &list, err);

	if (list.count)
		qsort(
		    list.items, list.count, sizeof(*list.items), compare_books);
	for (size_t i = 0; i < list.count && ret == 0 && !pass_is_over(pass);
	     i = end) {
		for (end = i + 1; end < list.count; end++) {
			if (!is_together(&list.items[i], &list.items[end]))
				break;
		}
		ret = rows_follow(pass, &list.items[i], end - i, err);
	}
	return ret;
}
