/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * An account is paper or live by the broker's word for the login, never by
 * the look of its name.  Names of owners are never passed on.
 */

#include "map-account.h"

#include <string.h>

#include "emit.h"
#include "ibkr-agent/plugin.h"
#include "scalar.h"
#include "text.h"

int32_t
map_login(struct map *map, const struct reply *reply, struct login *ret_login)
{
	int32_t ret = map_open(map, reply, MAP_OBJECT);
	const struct node *features;

	*ret_login = (struct login)LOGIN_NONE;
	if (ret)
		return ret;
	if (!node_is(node_get(map->root, "accounts"), NODE_ARRAY))
		return map_invalid(
		    map, "the broker's answer names no accounts");
	ret_login->paper = scalar_bool(node_get(map->root, "isPaper"));
	(void)node_text(node_get(map->root, "selectedAccount"),
	    ret_login->selected, sizeof(ret_login->selected));
	features = node_get(map->root, "allowFeatures");
	map_line(node_get(features, "allowedAssetTypes"), ret_login->types,
	    sizeof(ret_login->types));
	return IAG_OK;
}

static const char *
mode_word(const struct login *login)
{
	return login->paper == 1   ? "paper"
	       : login->paper == 0 ? "live"
				   : "unknown";
}

static int
has_account(const struct map *map, const char *account)
{
	const struct node *list = node_get(map->root, "accounts");
	const struct node *row = node_first(list);

	if (!node_is(list, NODE_ARRAY))
		return 0;
	for (uint32_t i = 0; i < list->count; i++, row = node_next(row)) {
		if (node_equals(row, account))
			return 1;
	}
	return 0;
}

int
map_mode(struct map *map, const char *account, const struct login *login)
{
	if (login->paper < 0 || !has_account(map, account))
		return 0;
	emit_open(map->out, NULL, '{');
	emit_str(map->out, "account_id", account);
	emit_str(map->out, "account_mode", mode_word(login));
	emit_close(map->out, '}');
	map->flags |= IAG_REPLY_COMPLETE;
	return 1;
}

/* Its id; some answers have only one of two names. */
static const struct node *
account_id(const struct node *row)
{
	const struct node *id = node_get(row, "accountId");

	return node_is(id, NODE_STRING) && id->len ? id : node_get(row, "id");
}

static void
account_head(struct map *map, const struct node *row, const struct login *login)
{
	emit_id(map->out, "account_id", account_id(row));
	emit_str(map->out, "account_mode", mode_word(login));
	emit_code(map->out, "base_currency", node_get(row, "currency"));
	emit_flag(map->out, "metadata_redacted", 1);
}

static void
account_row(struct map *map, const struct node *row, const struct login *login)
{
	char id[SCALAR_ID_SIZE];
	size_t mark = map_row_begin(map);

	account_head(map, row, login);
	emit_text(map->out, "account_label", node_get(row, "accountAlias"));
	emit_code(map->out, "account_type", node_get(row, "type"));
	map_row_end(map, mark, scalar_id(account_id(row), id) != NULL);
}

int32_t
map_accounts(
    struct map *map, const struct reply *reply, const struct login *login)
{
	int32_t ret = map_open(map, reply, MAP_ARRAY);
	const struct node *row;

	if (ret)
		return ret;
	emit_open(map->out, NULL, '{');
	map_list_open(map, "accounts", 500);
	row = node_first(map->root);
	for (uint32_t i = 0; i < map->root->count; i++, row = node_next(row))
		account_row(map, row, login);
	emit_close(map->out, ']');
	emit_close(map->out, '}');
	if (map->root->count == 0)
		return map_invalid(map, "the broker names no account at all");
	if (!map->dropped)
		map->flags |= IAG_REPLY_COMPLETE;
	return map_rows_end(map, "accounts");
}

/* tradingType: "STKCASH", "STKMRGN", "PMRGN", ... */
static const char *
margin_word(const struct node *type)
{
	char word[32];

	if (!node_text(type, word, sizeof(word)))
		return "unknown";
	if (strstr(word, "CASH"))
		return "cash";
	return strstr(word, "MRGN") ? "margin" : "unknown";
}

static void
permissions_put(struct map *map, const char *types)
{
	char word[16];

	if (!*types)
		return;
	emit_open(map->out, "product_permissions", '[');
	while (*types) {
		size_t len = strcspn(types, ",");

		if (len > 0 && len < sizeof(word)) {
			memcpy(word, types, len);
			word[len] = '\0';
			emit_item(map->out, word);
		}
		types += len + (types[len] == ',');
	}
	emit_close(map->out, ']');
}

static void
restrictions_put(struct map *map, const struct node *row)
{
	const struct node *clearing = node_get(row, "clearingStatus");

	emit_open(map->out, "restrictions", '[');
	if (scalar_bool(node_get(row, "noClientTrading")) == 1)
		emit_item(map->out, "no_client_trading");
	if (node_is(clearing, NODE_STRING) && clearing->len &&
	    !node_equals(clearing, "O"))
		emit_item(map->out, "account_not_open");
	emit_close(map->out, ']');
}

int32_t
map_metadata(struct map *map, const struct reply *reply, const char *account,
    const struct login *login)
{
	int32_t ret = map_open(map, reply, MAP_OBJECT);
	char id[SCALAR_ID_SIZE];

	if (ret)
		return ret;
	if (!scalar_id(account_id(map->root), id) || strcmp(id, account) != 0)
		return map_invalid(
		    map, "the broker's answer is about another account");
	emit_open(map->out, NULL, '{');
	account_head(map, map->root, login);
	emit_str(map->out, "margin_profile",
	    margin_word(node_get(map->root, "tradingType")));
	permissions_put(map, login->types);
	restrictions_put(map, map->root);
	emit_close(map->out, '}');
	map->flags |= IAG_REPLY_COMPLETE;
	return IAG_OK;
}

/* ---- summary */

static const struct emit_field summary_fields[] = {
	{ "account_type", "accountType", emit_word },
	{ "status", "status", emit_word },
	{ "net_liquidation_value", "netLiquidationValue", emit_decimal },
	{ "equity_with_loan_value", "equityWithLoanValue", emit_decimal },
	{ "total_cash_value", "totalCashValue", emit_decimal },
	{ "balance", "balance", emit_decimal },
	{ "available_funds", "availableFunds", emit_decimal },
	{ "buying_power", "buyingPower", emit_decimal },
	{ "excess_liquidity", "excessLiquidity", emit_decimal },
	{ "initial_margin", "initialMargin", emit_decimal },
	{ "maintenance_margin", "maintenanceMargin", emit_decimal },
	{ "reg_t_margin", "regTMargin", emit_decimal },
	{ "reg_t_loan", "regTLoan", emit_decimal },
	{ "sma", "SMA", emit_decimal },
	{ "securities_gvp", "securitiesGVP", emit_decimal },
	{ "accrued_interest", "accruedInterest", emit_decimal },
};

static const struct emit_field cash_fields[] = {
	{ "currency", "currency", emit_word },
	{ "balance", "balance", emit_decimal },
	{ "settled_cash", "settledCash", emit_decimal },
};

/* "Total (in USD)" tells what the amounts are in. */
static void
total_currency(const struct node *row, char currency[4])
{
	static const char head[] = "Total (in ";
	char text[32];

	if (node_text(node_get(row, "currency"), text, sizeof(text)) &&
	    strncmp(text, head, sizeof(head) - 1) == 0 &&
	    strlen(text) == sizeof(head) + 3) {
		memcpy(currency, text + sizeof(head) - 1, 3);
		currency[3] = '\0';
	}
	if (currency[strspn(currency, "ABCDEFGHIJKLMNOPQRSTUVWXYZ")])
		*currency = '\0';
}

static void
cash_put(struct map *map, const struct node *list, char currency[4])
{
	const struct node *row = node_first(list);

	if (!node_is(list, NODE_ARRAY))
		return;
	map_list_open(map, "cash_balances", 100);
	for (uint32_t i = 0; i < list->count; i++, row = node_next(row)) {
		const struct node *name = node_get(row, "currency");
		size_t mark = map_row_begin(map);

		EMIT(map->out, row, cash_fields);
		map_row_end(map, mark, emit_is_word(name));
		total_currency(row, currency);
	}
	emit_close(map->out, ']');
}

int32_t
map_summary(struct map *map, const struct reply *reply, const char *account)
{
	int32_t ret = map_open(map, reply, MAP_OBJECT);
	char currency[4] = "";
	size_t empty;

	if (ret)
		return ret;
	emit_open(map->out, NULL, '{');
	emit_str(map->out, "account_id", account);
	empty = map->out->len;
	EMIT(map->out, map->root, summary_fields);
	if (map->out->len == empty)
		return map_invalid(
		    map, "the broker's answer holds no figure of the account");
	cash_put(map, node_get(map->root, "cashBalances"), currency);
	emit_str(map->out, "currency", *currency ? currency : NULL);
	emit_close(map->out, '}');
	if (!map->dropped)
		map->flags |= IAG_REPLY_COMPLETE;
	return IAG_OK;
}

/* ---- gains */

/* The rows of all accounts; empty until the broker has prepared them. */
static int32_t
pnl_open(struct map *map, const struct reply *reply, const struct node **ret)
{
	int32_t result = map_open(map, reply, MAP_OBJECT);
	const struct node *key;

	if (result)
		return result;
	*ret = node_get(map->root, "upnl");
	if (!node_is(*ret, NODE_OBJECT))
		return map_invalid(map, "the broker's answer holds no P&L");
	key = node_first(*ret);
	for (uint32_t i = 0; i < (*ret)->count; i++) {
		if (node_is(key + 1, NODE_OBJECT))
			return IAG_OK;
		key = node_next(key + 1);
	}
	(void)map_fail(
	    map, 0, "BROKER_BACKEND_UNAVAILABLE", "the broker has no P&L yet");
	map->hints = MAP_RETRY;
	return IAG_AGAIN;
}

/* "DU1.Core": is it this account's? */
static int
is_of_account(const struct node *key, const char *account)
{
	size_t len = strlen(account);

	return key->len > len && memcmp(key->at, account, len) == 0 &&
	       key->at[len] == '.';
}

static int32_t
pnl_missing(struct map *map)
{
	return map_fail(map, IAG_NOTSUP, "BROKER_CAPABILITY_UNAVAILABLE",
	    "the broker tells P&L of the selected account alone, which is "
	    "another one");
}

static const struct emit_field pnl_fields[] = {
	{ "unrealized_pnl", "upl", emit_decimal },
	{ "total_pnl", "dpl", emit_decimal },
};

int32_t
map_pnl_daily(struct map *map, const struct reply *reply, const char *account)
{
	const struct node *upnl, *key;
	int32_t ret = pnl_open(map, reply, &upnl);

	if (ret)
		return ret;
	key = node_first(upnl);
	for (uint32_t i = 0; i < upnl->count; i++, key = node_next(key + 1)) {
		size_t len = strlen(account);

		if (!is_of_account(key, account) || key->len != len + 5 ||
		    memcmp(key->at + len, ".Core", 5) != 0 ||
		    !node_is(key + 1, NODE_OBJECT))
			continue;
		emit_open(map->out, NULL, '{');
		emit_str(map->out, "account_id", account);
		EMIT(map->out, key + 1, pnl_fields);
		emit_moment(map->out, "timestamp", reply->receipt_ns);
		emit_str(map->out, "data_status", "live");
		emit_open(map->out, "warnings", '[');
		emit_item(map->out,
		    "total_pnl is today's; unrealized_pnl is since the "
		    "positions were opened");
		emit_close(map->out, ']');
		emit_close(map->out, '}');
		map->flags |= IAG_REPLY_COMPLETE;
		return IAG_OK;
	}
	return pnl_missing(map);
}

static const struct emit_field pnl_row_fields[] = {
	{ "pnl", "dpl", emit_decimal },
	{ "unrealized_pnl", "upl", emit_decimal },
	{ "market_value", "mv", emit_decimal },
};

int32_t
map_pnl_realtime(
    struct map *map, const struct reply *reply, const char *account)
{
	const struct node *upnl, *key, *only = NULL;
	int unread = 0;
	int32_t ret = pnl_open(map, reply, &upnl);
	char segment[SCALAR_ID_SIZE];

	if (ret)
		return ret;
	emit_open(map->out, NULL, '{');
	emit_str(map->out, "account_id", account);
	map_list_open(map, "rows", 1000);
	key = node_first(upnl);
	for (uint32_t i = 0; i < upnl->count; i++, key = node_next(key + 1)) {
		size_t mark;

		if (!is_of_account(key, account))
			continue;
		if (!node_is(key + 1, NODE_OBJECT)) {
			unread = 1;
			continue;
		}
		mark = map_row_begin(map);
		emit_id(map->out, "key", key);
		EMIT(map->out, key + 1, pnl_row_fields);
		map_row_end(map, mark, scalar_id(key, segment) != NULL);
		only = map->rows == 1 ? key + 1 : NULL;
	}
	emit_close(map->out, ']');
	/* of one segment among others it is no total */
	if (only && !unread)
		emit_decimal(map->out, "total_pnl", node_get(only, "dpl"));
	emit_moment(map->out, "timestamp", reply->receipt_ns);
	emit_str(map->out, "data_status", "live");
	emit_close(map->out, '}');
	if (!map->dropped && !unread)
		map->flags |= IAG_REPLY_COMPLETE;
	return map->rows ? map_rows_end(map, "P&L rows") : pnl_missing(map);
}

/* ---- portfolio */

/* Numbers stand in `amount`, texts in `value`. */
static void
amount_put(struct map *map, const char *key, const char *from)
{
	const struct node *entry = node_get(map->root, from);

	if (scalar_bool(node_get(entry, "isNull")) != 1)
		emit_decimal(map->out, key, node_get(entry, "amount"));
}

int32_t
map_totals(struct map *map, const struct reply *reply)
{
	int32_t ret = map_open(map, reply, MAP_OBJECT);
	const struct node *net;

	if (ret)
		return ret;
	net = node_get(map->root, "netliquidation");
	if (!node_is(net, NODE_OBJECT))
		return map_invalid(
		    map, "the broker's answer holds no figure of the account");
	emit_code(map->out, "base_currency", node_get(net, "currency"));
	amount_put(map, "net_liquidation", "netliquidation");
	amount_put(map, "available_funds", "availablefunds");
	map->source_ns = scalar_time(node_get(net, "timestamp"));
	emit_moment(map->out, "as_of", map->source_ns);
	return IAG_OK;
}

static const struct emit_field ledger_fields[] = {
	{ "cash_balance", "cashbalance", emit_decimal },
	{ "settled_cash", "settledcash", emit_decimal },
	{ "exchange_rate", "exchangerate", emit_decimal },
	{ "net_liquidation_value", "netliquidationvalue", emit_decimal },
	{ "stock_market_value", "stockmarketvalue", emit_decimal },
	{ "stock_option_market_value", "stockoptionmarketvalue", emit_decimal },
	{ "future_market_value", "futuremarketvalue", emit_decimal },
	{ "corporate_bonds_market_value", "corporatebondsmarketvalue",
	    emit_decimal },
	{ "interest", "interest", emit_decimal },
	{ "dividends", "dividends", emit_decimal },
	{ "realized_pnl", "realizedpnl", emit_decimal },
	{ "unrealized_pnl", "unrealizedpnl", emit_decimal },
};

/* "USD", "BASE": whatever else stands beside them is no currency. */
static int
is_currency(const struct node *key)
{
	for (uint32_t i = 0; i < key->len; i++) {
		if (key->at[i] < 'A' || key->at[i] > 'Z')
			return 0;
	}
	return key->len >= 3 && emit_is_code(key);
}

int32_t
map_ledger(struct map *map, const struct reply *reply)
{
	int32_t ret = map_open(map, reply, MAP_OBJECT);
	const struct node *key;

	if (ret)
		return ret;
	map_list_open(map, "ledger", 100);
	key = node_first(map->root);
	for (uint32_t i = 0; i < map->root->count; i++) {
		if (is_currency(key) && node_is(key + 1, NODE_NULL)) {
			/* that currency is not told */
			map->rows++;
			map->dropped++;
		} else if (is_currency(key)) {
			size_t mark = map_row_begin(map);

			emit_code(map->out, "currency", key);
			EMIT(map->out, key + 1, ledger_fields);
			map_row_end(map, mark, node_is(key + 1, NODE_OBJECT));
		}
		key = node_next(key + 1);
	}
	emit_close(map->out, ']');
	/* every account has its base currency */
	if (!map->rows)
		return map_invalid(map, "the broker's answer holds no ledger");
	return map_rows_end(map, "ledger entries");
}

static void
allocation_rows(struct map *map, const char *kind, const char *side,
    const struct node *group)
{
	const struct node *key = node_first(group);
	char value[SCALAR_SIZE];

	if (!node_is(group, NODE_OBJECT))
		return;
	for (uint32_t i = 0; i < group->count; i++) {
		size_t mark = map_row_begin(map);

		emit_str(map->out, "kind", kind);
		emit_text(map->out, "name", key);
		emit_str(map->out, "side", side);
		emit_decimal(map->out, "value", key + 1);
		map_row_end(map, mark,
		    key->len && scalar_decimal(key + 1, value, NULL));
		key = node_next(key + 1);
	}
}

int32_t
map_allocation(struct map *map, const struct reply *reply)
{
	static const char *const kinds[][2] = { { "asset_class", "assetClass" },
		{ "sector", "sector" }, { "group", "group" } };
	int32_t ret = map_open(map, reply, MAP_OBJECT);

	if (ret)
		return ret;
	map_list_open(map, "allocation", 500);
	for (size_t i = 0; i < 3; i++) {
		const struct node *group = node_get(map->root, kinds[i][1]);

		allocation_rows(
		    map, kinds[i][0], "long", node_get(group, "long"));
		allocation_rows(
		    map, kinds[i][0], "short", node_get(group, "short"));
	}
	emit_close(map->out, ']');
	return map_rows_end(map, "allocation entries");
}
