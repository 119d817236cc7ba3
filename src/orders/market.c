/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Questions to the backend.  An answer that is about something else, or that
 * cannot be understood, is BROKER_RESPONSE_INVALID: nothing is guessed where
 * money is at stake.
 */

#include "orders/market.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "ibkr-agent/plugin.h"
#include "ibkr-agent/writer.h"

/* A source may be this much ahead of us; more, and it tells no time. */
#define SOURCE_AHEAD_NS (2 * NS_PER_S)

static int
invalid(struct err *err, const char *what)
{
	return err_set(err, ERR_BROKER_RESPONSE_INVALID, "%s", what);
}

int
market_ask(struct instance *backend, struct call *call, const char *operation,
    struct json_object *arguments, struct answer *ret_answer,
    struct json_object **ret_obj, struct err *err)
{
	CLEANUP_JSON struct json_object *given = arguments;
	CLEANUP_JSON struct json_object *obj = NULL;
	CLEANUP_BUF struct buf text = BUF_INIT;
	struct answer answer = { .json = NULL };
	int ret;

	if (!backend)
		return err_set(
		    err, ERR_BROKER_BACKEND_UNAVAILABLE, "no backend is open");
	ret = json_canon(&text, given, err);
	if (ret)
		return ret;
	if (text.failed)
		return err_no_memory(err);
	ret = backend_query(
	    backend, call, operation, buf_text(&text), &answer, err);
	if (ret)
		return ret;
	ret = json_parse(
	    answer.json, answer.len, &json_bounds_default, &obj, err);
	if (ret_answer) {
		*ret_answer = answer;
		ret_answer->json = NULL;
	}
	answer_fini(&answer);
	if (ret || !json_object_is_type(obj, json_type_object))
		return invalid(err, "the backend did not answer an object");
	*ret_obj = STEAL(obj);
	return 0;
}

/* A price that is there must be one. */
static int
price_read(struct json_object *obj, const char *name, bool *ret_has,
    struct dec *ret_price, struct err *err)
{
	struct json_object *member = json_get(obj, name);

	*ret_has = false;
	if (!member)
		return 0;
	if (!json_object_is_type(member, json_type_string) ||
	    dec_parse(ret_price, json_object_get_string(member), NULL))
		return err_set(err, ERR_BROKER_RESPONSE_INVALID,
		    "the quote's %s is no decimal", name);
	*ret_has = true;
	return 0;
}

static uint64_t
source_time(
    struct json_object *snapshot, const struct answer *answer, uint64_t now_ns)
{
	const char *text = json_get_str(snapshot, "source_timestamp", NULL);
	uint64_t source_ns = answer->source_ns;

	if (text && clock_parse(text, &source_ns, NULL))
		return 0;
	return source_ns > now_ns + SOURCE_AHEAD_NS ? 0 : source_ns;
}

int
quote_read(struct json_object *snapshot, const struct answer *answer,
    uint64_t now_ns, struct quote *quote, struct err *err)
{
	const char *status = json_get_str(snapshot, "data_status", "");
	const char *currency = json_get_str(snapshot, "currency", "");
	const uint32_t doubts =
	    IAG_REPLY_COLD | IAG_REPLY_DELAYED | IAG_REPLY_STALE;
	int ret =
	    price_read(snapshot, "bid", &quote->has_bid, &quote->bid, err);

	if (ret == 0)
		ret = price_read(
		    snapshot, "ask", &quote->has_ask, &quote->ask, err);
	if (ret == 0)
		ret = price_read(
		    snapshot, "last", &quote->has_last, &quote->last, err);
	if (ret)
		return ret;
	quote->is_known = quote->has_bid || quote->has_ask || quote->has_last;
	quote->is_realtime =
	    strcmp(status, "live") == 0 && !(answer->flags & doubts);
	quote->is_halted = json_get_bool(snapshot, "is_halted", false);
	quote->last_is_close = json_get_bool(snapshot, "last_is_close", false);
	quote->currency[0] = '\0';
	if (strlen(currency) < sizeof(quote->currency))
		memcpy(quote->currency, currency, strlen(currency) + 1);
	quote->source_ns = source_time(snapshot, answer, now_ns);
	quote->receipt_ns = answer->receipt_ns;
	return 0;
}

static struct json_object *
one_member(const char *name, const char *value)
{
	struct json_object *obj = json_object_new_object();

	if (obj && json_add_str(obj, name, value)) {
		(void)json_object_put(obj);
		return NULL;
	}
	return obj;
}

/* It must be about what was asked. */
static int
about_check(struct json_object *obj, const char *name, const char *value,
    struct err *err)
{
	const char *told = json_get_str(obj, name, "");

	if (strcmp(told, value) == 0)
		return 0;
	return err_set(err, ERR_BROKER_RESPONSE_INVALID,
	    "the backend answered about another %s", name);
}

int
market_quote(struct instance *backend, struct call *call,
    const char *contract_id, struct quote *quote, struct err *err)
{
	CLEANUP_JSON struct json_object *obj = NULL;
	struct answer answer = { .json = NULL };
	struct json_object *arguments = one_member("contract_id", contract_id);
	int ret;

	if (!arguments)
		return err_no_memory(err);
	ret = market_ask(
	    backend, call, "market_snapshot", arguments, &answer, &obj, err);
	if (ret == 0)
		ret = about_check(obj, "contract_id", contract_id, err);
	return ret ? ret
		   : quote_read(obj, &answer, clock_real_ns(), quote, err);
}

int
market_account_mode(struct instance *backend, struct call *call,
    const char *account, uint32_t *ret_mode, struct err *err)
{
	CLEANUP_JSON struct json_object *obj = NULL;
	struct json_object *arguments = one_member("account_id", account);
	bool brief = backend && backend_has(backend, "account_mode");
	const char *mode;
	int ret;

	if (!arguments)
		return err_no_memory(err);
	ret = market_ask(backend, call,
	    brief ? "account_mode" : "account_metadata", arguments, NULL, &obj,
	    err);
	if (ret == 0)
		ret = about_check(obj, "account_id", account, err);
	if (ret)
		return ret;
	mode = json_get_str(obj, "account_mode", "unknown");
	*ret_mode = strcmp(mode, "paper") == 0  ? IAG_MODE_PAPER
		    : strcmp(mode, "live") == 0 ? IAG_MODE_LIVE
						: 0;
	return 0;
}

void
contract_fini(struct contract *contract)
{
	free(contract->contract_id);
	free(contract->symbol);
	free(contract->asset_class);
	free(contract->exchange);
	free(contract->currency);
	free(contract->multiplier);
	free(contract->price_magnifier);
	free(contract->price_increment);
	free(contract->size_increment);
	memset(contract, 0, sizeof(*contract));
}

static bool
take(char **to, struct json_object *obj, const char *name)
{
	const char *text = json_get_str(obj, name, NULL);

	if (!text)
		return true;
	*to = strdup(text);
	return *to != NULL;
}

static int
contract_read(
    struct json_object *obj, struct contract *contract, struct err *err)
{
	bool good = take(&contract->contract_id, obj, "contract_id") &&
		    take(&contract->symbol, obj, "symbol") &&
		    take(&contract->asset_class, obj, "asset_class") &&
		    take(&contract->exchange, obj, "exchange") &&
		    take(&contract->currency, obj, "currency") &&
		    take(&contract->multiplier, obj, "multiplier") &&
		    take(&contract->price_magnifier, obj, "price_magnifier") &&
		    take(&contract->price_increment, obj, "price_increment") &&
		    take(&contract->size_increment, obj, "size_increment");

	if (!good)
		return err_no_memory(err);
	if (!contract->contract_id || !contract->symbol ||
	    !contract->asset_class || !contract->currency)
		return invalid(err, "the contract has no id, symbol, class or "
				    "currency");
	return 0;
}

static int
other(const char *what, const char *wanted, const char *found, struct err *err)
{
	return err_set(err, ERR_INPUT_AMBIGUOUS_CONTRACT,
	    "the only contract found has the %s '%s', asked was '%s'", what,
	    found ? found : "unknown", wanted);
}

static bool
differs(const char *wanted, const char *found)
{
	return wanted && (!found || strcasecmp(wanted, found) != 0);
}

static int
contract_check(const struct contract *contract, struct json_object *obj,
    const char *const wanted[4], struct err *err)
{
	const char *listing = json_get_str(obj, "listing_exchange", NULL);

	if (!json_get_bool(obj, "is_unique_match", false))
		return err_set(err, ERR_INPUT_AMBIGUOUS_CONTRACT,
		    "'%s' does not name exactly one contract", wanted[0]);
	if (differs(wanted[0], contract->symbol))
		return other("symbol", wanted[0], contract->symbol, err);
	if (differs(wanted[1], contract->asset_class))
		return other(
		    "asset class", wanted[1], contract->asset_class, err);
	if (differs(wanted[2], contract->currency))
		return other("currency", wanted[2], contract->currency, err);
	if (differs(wanted[3], contract->exchange) &&
	    differs(wanted[3], listing))
		return other("exchange", wanted[3], contract->exchange, err);
	return 0;
}

int
market_contract(struct instance *backend, struct call *call, const char *symbol,
    const char *asset_class, const char *currency, const char *exchange,
    struct contract *ret_contract, struct err *err)
{
	const char *const wanted[4] = { symbol, asset_class, currency,
		exchange };
	CLEANUP_JSON struct json_object *obj = NULL;
	struct json_object *arguments = one_member("symbol", symbol);
	struct contract contract = { .contract_id = NULL };
	int ret = arguments ? 0 : IAG_NOMEM;

	if (ret == 0)
		ret = json_add_str(arguments, "asset_class", asset_class);
	if (ret == 0)
		ret = json_add_str(arguments, "currency", currency);
	if (ret == 0)
		ret = json_add_str(arguments, "exchange", exchange);
	if (ret) {
		(void)json_object_put(arguments);
		return err_no_memory(err);
	}
	ret = market_ask(
	    backend, call, "contract_resolve", arguments, NULL, &obj, err);
	if (ret == 0)
		ret = contract_read(obj, &contract, err);
	if (ret == 0)
		ret = contract_check(&contract, obj, wanted, err);
	if (ret)
		contract_fini(&contract);
	else
		*ret_contract = contract;
	return ret;
}
