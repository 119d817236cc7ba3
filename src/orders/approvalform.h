/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The form that a client's user is shown before the caller's approval is
 * written.  Its answer is display: it can keep an approval from being
 * written, and never changes who approved or what he may (ruling 12).
 */

#ifndef IAG_ORDERS_APPROVALFORM_H
#define IAG_ORDERS_APPROVALFORM_H

#include "orders/approval.h"

enum form_answer { FORM_NONE, FORM_YES, FORM_NO };

/* What came back with a call; state NULL: it is the first one. */
struct form_reply {
	const char *state;
	enum form_answer answer;
};

/* What an approval of these would be; borrowed. */
struct form_view {
	const struct order_call *call;
	struct json_object *arguments;
	const struct preview *previews[3];
	const struct approval *earlier[3]; /* of the preview; NULL: none */
	size_t count;
	uint64_t now_ns;
};

/*
 * What came back is ours and of this call: whatever comes of it.  IAG_INVAL
 * with `requestState` in the details: it is not.
 */
int form_check(const struct form_view *view, const struct form_reply *reply,
    struct err *err);
/*
 * 0 with *ret_yes: it was shown exactly this, and said yes; or with the form
 * and the state that has to come back with its answer in out.  As form_check(),
 * and IAG_REJECTED: the answer was no.
 */
int form_judge(const struct form_view *view, const struct form_reply *reply,
    bool *ret_yes, struct buf *out, struct err *err);

/*
 * approval_create() for a caller whose user can be asked: where it would
 * approve, the result has the form (`form`, `request_state`) until yes came
 * back.  Where it would only ask, or is told how it stands, nothing is shown.
 */
int approval_create_shown(struct order_call *call,
    struct json_object *arguments, const struct form_reply *reply,
    struct buf *out, struct err *err);

#endif
