/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Would a writer take this order at all?  One table of what it declared
 * against what the order has; every fault is in the text.
 */

#include <ctype.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "host/instance.h"
#include "host/text.h"

#define REF_ALPHABET                 \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZ" \
	"abcdefghijklmnopqrstuvwxyz0123456789._-"

static void
fault(struct buf *faults, const char *text, const char *value)
{
	buf_printf(faults, "%s%s", faults->len ? "; " : "", text);
	if (value)
		buf_printf(faults, " '%s'", value);
}

static bool
has_bit(uint32_t bits, uint32_t value)
{
	return value < 32 && (bits & (UINT32_C(1) << value));
}

static void
check_shape(const struct iag_writer_ops *ops, const struct iag_order *order,
    struct buf *faults)
{
	if (order->need_flags & ~ops->need_known)
		fault(faults, "the order needs something that it does not know",
		    NULL);
	if (!has_bit(ops->modes, order->mode))
		fault(faults,
		    order->mode == IAG_MODE_LIVE
			? "it does not serve live accounts"
			: "it does not serve paper accounts",
		    NULL);
	if (!has_bit(ops->order_types, order->type))
		fault(faults, "it does not take this type of order", NULL);
	if (!has_bit(ops->tifs, order->tif))
		fault(faults, "it does not take this time in force", NULL);
	if (!order->asset_class ||
	    !plugin_text_has_word(ops->asset_classes, order->asset_class))
		fault(faults, "it does not take the asset class",
		    order->asset_class ? order->asset_class : "");
}

/* Never without a price, whoever asks (ruling 20). */
static void
check_price(const struct iag_order *order, struct buf *faults)
{
	bool limit =
	    order->type == IAG_TYPE_LIMIT || order->type == IAG_TYPE_STOP_LIMIT;

	if (order->type < IAG_TYPE_LIMIT ||
	    order->type > IAG_TYPE_TRAILING_STOP)
		fault(faults, "market orders are forbidden", NULL);
	if (limit && !order->limit_price)
		fault(faults, "a limit order needs 'limit_price'", NULL);
}

static void
check_ref(const struct iag_writer_ops *ops, const char *ref, struct buf *faults)
{
	const char *allowed =
	    ops->ref_alphabet ? ops->ref_alphabet : REF_ALPHABET;
	size_t len = ref ? strlen(ref) : 0;

	if (!len)
		fault(faults, "the order has no client reference", NULL);
	else if (len > ops->ref_len)
		buf_printf(faults,
		    "%sthe client reference has %zu characters, at most %u "
		    "are allowed",
		    faults->len ? "; " : "", len, (unsigned)ops->ref_len);
	else if (ref[strspn(ref, allowed)] != '\0')
		buf_printf(faults,
		    "%sthe client reference '%s' has other characters than "
		    "'%s'",
		    faults->len ? "; " : "", ref, allowed);
}

int
writer_accepts(struct instance *writer, uint32_t operation,
    const struct iag_order *order, struct err *err)
{
	const struct iag_writer_ops *ops = &writer->plugin->ops.writer;
	CLEANUP_BUF struct buf faults = BUF_INIT;

	if (!(ops->operations & operation))
		fault(&faults, "it does not offer the operation", NULL);
	if (order) {
		check_shape(ops, order, &faults);
		check_price(order, &faults);
		check_ref(ops, order->client_ref, &faults);
	}
	if (faults.failed)
		return err_no_memory(err);
	if (!faults.len)
		return 0;
	return err_set(err, ERR_ORDER_VALIDATION_FAILED, "the writer '%s': %s",
	    writer->plugin->desc.name, buf_text(&faults));
}
