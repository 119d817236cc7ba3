/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * What the broker does to answers, done to one: numbers become strings and the
 * other way round, members are added, become null, are missing.  The first
 * three change nothing; null and missing are the same, and neither makes a
 * figure that the broker did not give.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <json-c/json.h>

#include "map-table.h"
#include "text.h"

#define RESULT_SIZE 8192

enum oddity {
	ODD_NONE, /* only written anew */
	ODD_STRINGS,
	ODD_NUMBERS,
	ODD_EXTRA,
	ODD_NULL,    /* the member with the number */
	ODD_MISSING, /* the same */
	ODD_COUNT
};

static const char *const odd_names[ODD_COUNT] = { "as it was",
	"numbers as strings", "strings as numbers", "with more members",
	"with null", "without a member" };

/* Writes an answer with an oddity in it. */
struct scribe {
	struct text out;
	enum oddity oddity;
	unsigned number, count; /* of members */
};

/* "48", "-1.5": also a number when its quotes are gone. */
static bool
is_numeric(const char *text)
{
	size_t len = strspn(text, "-0123456789.");

	return *text && !text[len] && len < 16 && strcmp(text, "-") != 0 &&
	       strchr(text + 1, '-') == NULL && text[len - 1] != '.' &&
	       *text != '.' && (*text != '0' || text[1] == '.' || !text[1]);
}

/* Times of the broker's own writing, where digits alone say something else. */
static bool
is_clock(const char *key)
{
	return strstr(key, "Time") || strstr(key, "time");
}

static void write_value(
    struct scribe *scribe, const char *key, struct json_object *value);

static void
write_text(struct scribe *scribe, const char *text)
{
	struct json_object *string = json_object_new_string(text);

	text_str(&scribe->out,
	    json_object_to_json_string_ext(string, JSON_C_TO_STRING_PLAIN));
	(void)json_object_put(string);
}

static void
write_members(struct scribe *scribe, struct json_object *object)
{
	const char *before = "{";

	json_object_object_foreach (object, key, value) {
		bool is_it = scribe->count++ == scribe->number;

		if (is_it && scribe->oddity == ODD_MISSING)
			continue;
		text_str(&scribe->out, before);
		write_text(scribe, key);
		text_str(&scribe->out, ":");
		if (is_it && scribe->oddity == ODD_NULL)
			text_str(&scribe->out, "null");
		else
			write_value(scribe, key, value);
		before = ",";
	}
	if (scribe->oddity == ODD_EXTRA) {
		text_str(&scribe->out, before);
		text_str(&scribe->out, "\"notYetKnown\":{\"a\":[1,\"b\"]}");
		before = ",";
	}
	text_str(&scribe->out, *before == '{' ? "{}" : "}");
}

static void
write_scalar(struct scribe *scribe, const char *key, struct json_object *value)
{
	const char *text = json_object_to_json_string_ext(
	    value, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
	bool is_number = json_object_is_type(value, json_type_int) ||
			 json_object_is_type(value, json_type_double);
	bool quote = is_number && scribe->oddity == ODD_STRINGS;

	if (scribe->oddity == ODD_NUMBERS && !is_clock(key) &&
	    json_object_is_type(value, json_type_string) &&
	    is_numeric(json_object_get_string(value)))
		text = json_object_get_string(value);
	if (quote)
		text_add(&scribe->out, "\"", 1);
	text_str(&scribe->out, text);
	if (quote)
		text_add(&scribe->out, "\"", 1);
}

static void
write_value(struct scribe *scribe, const char *key, struct json_object *value)
{
	size_t count;

	if (json_object_is_type(value, json_type_object)) {
		write_members(scribe, value);
		return;
	}
	if (!json_object_is_type(value, json_type_array)) {
		write_scalar(scribe, key, value);
		return;
	}
	count = json_object_array_length(value);
	for (size_t i = 0; i < count; i++) {
		text_str(&scribe->out, i ? "," : "[");
		write_value(scribe, key, json_object_array_get_idx(value, i));
	}
	text_str(&scribe->out, count ? "]" : "[]");
}

/* ---- what becomes of it */

struct trial {
	const struct map_case *map;
	uint32_t status;
	struct json_object *body;
	const char *wrote; /* the body as it came */
	char want[RESULT_SIZE];
	char got[2][RESULT_SIZE];
};

/* The number of members of the body. */
static unsigned
run(const struct trial *trial, enum oddity oddity, unsigned number,
    char got[RESULT_SIZE])
{
	struct scribe scribe = { .oddity = oddity, .number = number };
	struct text out = { .data = NULL };
	struct reply reply = {
		.status = trial->status,
		.receipt_ns = UINT64_C(1775138400000000000),
	};
	struct map map;
	int32_t ret;

	write_value(&scribe, "", trial->body);
	reply.body = scribe.out.data;
	reply.len = scribe.out.len;
	map_init(&map, &out);
	ret = trial->map->run(&map, &reply);
	(void)snprintf(got, RESULT_SIZE, "%s %u",
	    ret        ? map.code ? map.code : "failure"
	    : out.data ? out.data
		       : "",
	    (unsigned)(ret ? map.hints : map.flags));
	map_fini(&map);
	text_fini(&out);
	text_fini(&scribe.out);
	return scribe.count;
}

/* "1.2M" is one of them, too. */
static bool
is_rounded(const char *figure)
{
	size_t len = strlen(figure);

	return len > 4 && strcmp(figure + len - 4, "000\"") == 0;
}

/* The next "..." of digits behind a colon; NULL: there is none. */
static const char *
figure_next(const char *at, char figure[64])
{
	while ((at = strstr(at, ":\""))) {
		size_t len = strspn(at += 2, "-0123456789.");

		if (len == 0 || len > 60 || at[len] != '"')
			continue;
		memcpy(figure, at - 1, len + 2);
		figure[len + 2] = '\0';
		return at + len;
	}
	return NULL;
}

/* A figure that was neither in the answer nor in what the broker wrote. */
static void
invents_check(const struct trial *trial, const char *got)
{
	char figure[64], bare[64];

	for (const char *at = got; (at = figure_next(at, figure));) {
		(void)snprintf(bare, sizeof(bare), "%.*s",
		    (int)strlen(figure) - 2, figure + 1);
		if (!is_rounded(figure) && !strstr(trial->want, figure) &&
		    !strstr(trial->wrote, bare))
			fail_msg("%s invents %s:\n of  %s\n got %s\n was %s",
			    trial->map->name, figure, trial->wrote, got,
			    trial->want);
	}
}

void
map_oddities_check(
    const struct map_case *map, uint32_t status, const char *body)
{
	static struct trial trial;
	unsigned members;

	trial.map = map;
	trial.status = status;
	trial.wrote = body;
	trial.body = json_tokener_parse(body);
	if (!trial.body)
		return; /* no JSON but for us: control characters, NaN */
	members = run(&trial, ODD_NONE, 0, trial.want);
	for (unsigned odd = ODD_STRINGS; odd <= ODD_EXTRA; odd++) {
		(void)run(&trial, odd, 0, trial.got[0]);
		if (strcmp(trial.got[0], trial.want) != 0)
			fail_msg("%s %s:\n of   %s\n got  %s\n want %s",
			    map->name, odd_names[odd], body, trial.got[0],
			    trial.want);
	}
	for (unsigned i = 0; i < members; i++) {
		(void)run(&trial, ODD_NULL, i, trial.got[0]);
		(void)run(&trial, ODD_MISSING, i, trial.got[1]);
		if (strcmp(trial.got[0], trial.got[1]) != 0)
			fail_msg("%s, member %u of %s:\n null    %s\n missing "
				 "%s",
			    map->name, i, body, trial.got[0], trial.got[1]);
		invents_check(&trial, trial.got[0]);
	}
	(void)json_object_put(trial.body);
}
