/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* Announced reactions: see reaction.h. */

#include "sim/reaction.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"

#define REACTIONS_MAX 1000
#define ROUNDS_MAX 16

static const char *const shapes[] = {
	[SHAPE_NONE] = "none",
	[SHAPE_ERROR] = "error",
	[SHAPE_FAILED] = "failed",
	[SHAPE_PROMPT] = "prompt",
	[SHAPE_INACTIVE] = "inactive",
};

static void
reaction_fini(struct reaction *reaction)
{
	free(reaction->coid);
	free(reaction->account);
	free(reaction->text);
	(void)json_object_put(reaction->questions);
}

/* [["o163"], ["o451", {"id": "o999", "text": "Sure?"}]] */
static int
check_rounds(struct json_object *rounds, struct err *err)
{
	size_t count = 0;

	if (json_object_is_type(rounds, json_type_array))
		count = json_object_array_length(rounds);
	if (count == 0 || count > ROUNDS_MAX)
		return err_set(err, ERR_INPUT_INVALID,
		    "questions: expected a list of 1..%d rounds", ROUNDS_MAX);
	for (size_t i = 0; i < count; i++) {
		struct json_object *round =
		    json_object_array_get_idx(rounds, i);

		if (!json_object_is_type(round, json_type_array) ||
		    json_object_array_length(round) == 0)
			return err_set(err, ERR_INPUT_INVALID,
			    "questions: a round is a list of message ids");
	}
	return 0;
}

static int
take_shape(struct reaction *reaction, const char *shape, struct err *err)
{
	for (size_t i = 0; i < ARRAY_COUNT(shapes); i++)
		if (strcmp(shapes[i], shape) == 0) {
			reaction->shape = (enum reaction_shape)i;
			return 0;
		}
	return err_set(err, ERR_INPUT_INVALID,
	    "refuse: expected none, error, failed, prompt or inactive, "
	    "got '%s'",
	    shape);
}

static char *
take_text(struct json_object *spec, const char *name)
{
	const char *text = json_get_str(spec, name, NULL);

	return text ? strdup(text) : NULL;
}

int
reactions_add(
    struct reactions *reactions, struct json_object *spec, struct err *err)
{
	struct json_object *rounds = json_get(spec, "questions");
	struct reaction *list, *added;

	if (reactions->count == REACTIONS_MAX)
		return err_set(err, ERR_INPUT_INVALID,
		    "there are %d reactions already: DELETE /sim/reactions",
		    REACTIONS_MAX);
	list =
	    reallocarray(reactions->list, reactions->count + 1, sizeof *list);
	if (!list)
		return err_no_memory(err);
	reactions->list = list;
	added = &list[reactions->count];
	*added = (struct reaction){
		.conid = json_get_int(spec, "conid", 0),
		.leg = json_get_int(spec, "leg", -1),
		.modify =
		    strcmp(json_get_str(spec, "on", "place"), "modify") == 0,
		.nth = json_get_int(spec, "nth", 1),
		.times = json_get_int(spec, "times", 1),
	};
	if ((rounds && check_rounds(rounds, err)) ||
	    take_shape(added, json_get_str(spec, "refuse", "none"), err))
		return err_class(err);
	added->coid = take_text(spec, "coid");
	added->account = take_text(spec, "account");
	added->text = take_text(spec, "text");
	added->questions = json_object_get(rounds);
	reactions->count++;
	return 0;
}

void
reactions_clear(struct reactions *reactions)
{
	for (size_t i = 0; i < reactions->count; i++)
		reaction_fini(&reactions->list[i]);
	free(reactions->list);
	reactions->list = NULL;
	reactions->count = 0;
}

static bool
is_met(const struct reaction *reaction, const struct order *order, int64_t leg)
{
	if (reaction->coid &&
	    (!order->coid || strcmp(reaction->coid, order->coid) != 0) &&
	    (!order->parent_coid ||
		strcmp(reaction->coid, order->parent_coid) != 0))
		return false;
	return (!reaction->account ||
		   strcmp(reaction->account, order->account->id) == 0) &&
	       (!reaction->conid ||
		   reaction->conid == order->contract->conid) &&
	       (reaction->leg < 0 || reaction->leg == leg);
}

const struct reaction *
reactions_meet(struct reactions *reactions, const struct order *order,
    int64_t leg, bool modify)
{
	const struct reaction *met = NULL;

	for (size_t i = 0; i < reactions->count; i++) {
		struct reaction *reaction = &reactions->list[i];

		if (reaction->modify != modify || !is_met(reaction, order, leg))
			continue;
		reaction->seen++;
		if (met || reaction->seen < reaction->nth ||
		    (reaction->times > 0 && reaction->fired >= reaction->times))
			continue;
		reaction->fired++;
		met = reaction;
	}
	return met;
}
