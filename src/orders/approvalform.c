/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The state that a client carries is sealed: bound to the principal, the call's
 * arguments, what was shown, and a time.  What was shown has in it how the
 * preview stood, so that an answer is good for one approval: afterwards it
 * stands otherwise, and the form is shown again.
 *
 * Threads: any.
 */

#include "orders/approvalform.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "journal/seal.h"

#define STATE_NS (300 * NS_PER_S)
/* 16 digits of a time, two digests of 64, points between them. */
#define TIME_LEN 16
#define HEX_LEN (HASH_HEX_SIZE - 1)
#define STATE_LEN (TIME_LEN + 1 + HEX_LEN + 1 + HEX_LEN)

struct state {
	uint64_t until_ns;
	char shown[HASH_HEX_SIZE];
	char mac[HASH_HEX_SIZE];
};

static void
say(struct buf *out, const char *words, const char *value)
{
	if (value)
		buf_printf(out, " %s%s", words, value);
}

/* "buy 10 AAPL (stock, contract 265598), limit 195.00 USD, day". */
static void
say_order(struct buf *out, const struct preview *preview)
{
	const struct order *order = &preview->order;

	if (preview->group_role)
		buf_printf(out, "%s: ", preview->group_role);
	buf_printf(out, "%s %s %s (%s, contract %s), %s",
	    order_side_name(order->side), order->quantity, order->symbol,
	    order->asset_class, order->contract_id,
	    order_type_name(order->type));
	say(out, "at ", order->limit_price);
	say(out, "trigger ", order->stop_price);
	say(out, "trailing by ", order->trailing_amount);
	say(out, "trailing by percent ", order->trailing_percent);
	buf_printf(
	    out, " %s, %s\n", order->currency, order_tif_name(order->tif));
}

/* Exactly what would be approved. */
static void
form_text(struct buf *out, const struct form_view *view)
{
	const struct preview *first = view->previews[0];
	char until[CLOCK_TEXT_SIZE];

	buf_printf(out, "Approve for the %s account %s, as '%s':\n",
	    order_mode_name(first->order.mode), first->order.account,
	    view->call->principal);
	for (size_t i = 0; i < view->count; i++)
		say_order(out, view->previews[i]);
	clock_format(first->expires_ns, until);
	buf_printf(out,
	    "It holds for exactly this, once, until %s at the latest. Nothing "
	    "is sent to the broker by it.",
	    until);
}

/* Of what is shown, and of how it stands. */
static void
shown_digest(const struct form_view *view, const struct buf *form,
    char ret_hex[HASH_HEX_SIZE])
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	uint8_t digest[HASH_SIZE];

	buf_add(&text, form->data, form->len);
	for (size_t i = 0; i < view->count; i++) {
		const struct approval *earlier = view->earlier[i];

		buf_printf(&text, "\n%s %s %s %d %" PRIu64,
		    view->previews[i]->id, view->previews[i]->digest,
		    earlier ? earlier->id : "-",
		    earlier ? (int)earlier->state : 0,
		    earlier ? earlier->approved_ns : 0);
	}
	hash_sha256(buf_text(&text), text.len, digest);
	hash_hex(digest, ret_hex);
}

/* Lengths stand before the parts, so that no two calls give one text. */
static int
state_mac(const struct form_view *view, const struct state *state,
    uint8_t ret_mac[HASH_SIZE], struct err *err)
{
	CLEANUP_BUF struct buf text = BUF_INIT, arguments = BUF_INIT;
	const char *principal = view->call->principal;
	int ret = json_canon(&arguments, view->arguments, err);

	if (ret)
		return ret;
	buf_printf(&text,
	    "ibkr_approvals_create %d %zu:%s %zu:", view->call->is_operator,
	    strlen(principal), principal, arguments.len);
	buf_add(&text, arguments.data, arguments.len);
	buf_printf(&text, " %016" PRIx64 " %s", state->until_ns, state->shown);
	if (text.failed || arguments.failed)
		return err_no_memory(err);
	journal_seal(desk_journal(view->call->desk),
	    (struct iag_bytes){ text.data, text.len }, ret_mac);
	return 0;
}

static bool
is_hex(const char *text, size_t len)
{
	return strspn(text, "0123456789abcdef") >= len;
}

static bool
state_parse(const char *text, struct state *ret_state)
{
	const char *shown = text + TIME_LEN + 1, *mac = shown + HEX_LEN + 1;

	if (strlen(text) != STATE_LEN || !is_hex(text, TIME_LEN) ||
	    !is_hex(shown, HEX_LEN) || !is_hex(mac, HEX_LEN) ||
	    shown[-1] != '.' || mac[-1] != '.')
		return false;
	ret_state->until_ns = strtoull(text, NULL, 16);
	memcpy(ret_state->shown, shown, HEX_LEN);
	memcpy(ret_state->mac, mac, HEX_LEN);
	ret_state->shown[HEX_LEN] = ret_state->mac[HEX_LEN] = '\0';
	return true;
}

static int
state_refuse(const char *why, struct err *err)
{
	(void)err_set(err, ERR_INPUT_INVALID, "'requestState' %s", why);
	err_action(err, "call again without it");
	err_details(err, "{\"argument\":\"requestState\"}");
	return IAG_INVAL;
}

/* It is ours, of this call, and not too old. */
static int
state_check(const struct form_view *view, const char *text,
    struct state *ret_state, struct err *err)
{
	uint8_t expected[HASH_SIZE], given[HASH_SIZE];
	int ret;

	if (!state_parse(text, ret_state))
		return state_refuse("is not one that this server gave", err);
	ret = state_mac(view, ret_state, expected, err);
	if (ret)
		return ret;
	if (!hash_parse_hex(ret_state->mac, given) ||
	    !hash_equal(expected, given))
		return state_refuse(
		    "is not one that this server gave for this call", err);
	return ret_state->until_ns >= view->now_ns
		   ? 0
		   : state_refuse("has expired", err);
}

static int
form_write(const struct form_view *view, const struct buf *form,
    struct state *state, struct buf *out, struct err *err)
{
	CLEANUP_JSON struct json_object *obj = json_object_new_object();
	const struct order *order = &view->previews[0]->order;
	char text[STATE_LEN + 1];
	uint8_t mac[HASH_SIZE];
	int ret;

	state->until_ns = view->now_ns + STATE_NS;
	ret = state_mac(view, state, mac, err);
	if (ret)
		return ret;
	hash_hex(mac, state->mac);
	(void)snprintf(text, sizeof(text), "%016" PRIx64 ".%s.%s",
	    state->until_ns, state->shown, state->mac);
	ret = json_add_str(obj, "account_id", order->account);
	ret |= json_add_str(obj, "mode", order_mode_name(order->mode));
	ret |= json_add_str(obj, "form", buf_text(form));
	ret |= json_add_str(obj, "request_state", text);
	buf_reset(out);
	json_write(out, obj, 0);
	return ret || out->failed ? err_no_memory(err) : 0;
}

static int
say_declined(struct err *err)
{
	(void)err_set(err, ERR_PAPER_APPROVAL_REQUIRED,
	    "the user of this client was shown the order and did not say yes: "
	    "nothing was approved");
	err_action(err, "do not ask again for the same order; where it is "
			"wanted after all, a person says so");
	return IAG_REJECTED;
}

int
form_check(const struct form_view *view, const struct form_reply *reply,
    struct err *err)
{
	struct state came;

	return reply->state ? state_check(view, reply->state, &came, err) : 0;
}

int
form_judge(const struct form_view *view, const struct form_reply *reply,
    bool *ret_yes, struct buf *out, struct err *err)
{
	CLEANUP_BUF struct buf form = BUF_INIT;
	struct state now = { .until_ns = 0 }, came = { .until_ns = 0 };
	int ret =
	    reply->state ? state_check(view, reply->state, &came, err) : 0;

	*ret_yes = false;
	if (ret)
		return ret;
	if (reply->state && reply->answer == FORM_NO)
		return say_declined(err);
	form_text(&form, view);
	shown_digest(view, &form, now.shown);
	if (form.failed)
		return err_no_memory(err);
	*ret_yes = reply->state && reply->answer == FORM_YES &&
		   strcmp(now.shown, came.shown) == 0;
	return *ret_yes ? 0 : form_write(view, &form, &now, out, err);
}
