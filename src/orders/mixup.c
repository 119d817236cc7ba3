/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

#include "orders/mixup.h"

#include <string.h>

static int
tell_preview(
    struct journal_txn *txn, const char *id, struct buf *out, struct err *err)
{
	CLEANUP_PREVIEW struct preview preview;
	int ret;

	preview_init(&preview);
	ret = preview_get(txn, id, &preview, err);
	if (ret)
		return ret;
	if (*preview.approval_id)
		buf_printf(
		    out, "a preview; its approval is %s", preview.approval_id);
	else
		buf_str(out, "a preview that has no approval");
	return 0;
}

static int
tell_approval(
    struct journal_txn *txn, const char *id, struct buf *out, struct err *err)
{
	CLEANUP_APPROVAL struct approval approval;
	int ret;

	approval_init(&approval);
	ret = approval_get(txn, id, &approval, err);
	if (ret == 0)
		buf_printf(
		    out, "an approval; its preview is %s", approval.preview_id);
	return ret;
}

static int
tell_group(
    struct journal_txn *txn, const char *id, struct buf *out, struct err *err)
{
	char ids[3][ID_TEXT_SIZE];
	int ret = preview_group(txn, id, ids, err);

	if (ret == 0)
		buf_str(out, "the group of a bracket's previews");
	return ret;
}

int
mixup_tell(
    struct journal_txn *txn, const char *id, struct buf *out, struct err *err)
{
	static int (*const tell[])(struct journal_txn *, const char *,
	    struct buf *,
	    struct err *) = { tell_preview, tell_approval, tell_group };
	int ret = IAG_NOTFOUND;

	for (size_t i = 0; ret == IAG_NOTFOUND && i < 3; i++)
		ret = tell[i](txn, id, out, err);
	return ret == IAG_NOTFOUND ? 0 : ret;
}

int
mixup_refuse(struct journal_txn *txn, enum err_code code, const char *kind,
    const char *id, const char *action, struct err *err)
{
	CLEANUP_BUF struct buf other = BUF_INIT;
	const char *article = *kind == 'a' ? "an" : "a";
	int ret = mixup_tell(txn, id, &other, err);

	if (ret)
		return ret;
	if (other.len) {
		ret = err_set(err, code, "expected %s %s, '%s' is %s", article,
		    kind, id, buf_text(&other));
		err_action(err, "give the id of %s %s", article, kind);
		return ret;
	}
	ret = err_set(err, code, "there is no %s '%s'", kind, id);
	err_action(err, "%s", action);
	return ret;
}

/* The digest differs: the preview stands, what is around it has changed. */
static void
compare_frame(const struct preview *preview, const char *writer,
    struct buf *out, struct buf *fix)
{
	if (!preview->writer || config_name_equal(preview->writer, writer)) {
		buf_str(out, "the approval of this preview for another "
			     "connection or risk policy");
		buf_str(fix, "make a new preview, then have it approved");
		return;
	}
	buf_printf(out, "the approval of this preview for the writer '%s'",
	    preview->writer);
	buf_str(fix, "submit with the writer of the preview");
	if (preview->order.mode == IAG_MODE_LIVE)
		buf_printf(fix, " (--live-broker %s)", preview->writer);
	buf_printf(fix, ", or make a new preview for '%s' and have it approved",
	    writer);
}

void
mixup_compare(const struct approval *approval, const struct preview *preview,
    bool in_place, const char *writer, struct buf *out, struct buf *fix)
{
	if (strcmp(approval->preview_id, preview->id) != 0) {
		buf_printf(out, "the approval of another preview, %s",
		    approval->preview_id);
	} else if (in_place) {
		compare_frame(preview, writer, out, fix);
	} else if (preview->group_id) {
		buf_str(out, "the approval of a bracket's leg, which is sent "
			     "with its bracket, in its place");
		buf_str(fix, "send the bracket with its three approvals, each "
			     "in its place");
	} else {
		buf_str(out, "the approval of a single order");
		buf_str(fix, "send that order by itself, or preview a bracket");
	}
}
