/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

#include "sidecar/pairing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "orders/row.h"

#define PREFIX "sidecar/pairing/"
#define CODE_LABEL "ibkr-agent sidecar code 1"

static const char *const status_names[] = {
	[PAIRING_PENDING] = "pending",
	[PAIRING_ACTIVE] = "active",
	[PAIRING_REVOKED] = "revoked",
	[PAIRING_EXPIRED] = "expired",
};

const char *
pairing_status_name(uint32_t status)
{
	return status < ARRAY_COUNT(status_names) ? status_names[status] : NULL;
}

static uint32_t
status_find(const char *word)
{
	for (uint32_t i = 1; i < ARRAY_COUNT(status_names); i++) {
		if (strcmp(status_names[i], word) == 0)
			return i;
	}
	return 0;
}

#define TEXT_OF(member) ROW_FIELD(struct pairing, member, ROW_TEXT)
#define U64_OF(member) ROW_FIELD(struct pairing, member, ROW_U64)

/* In the order of the alphabet, as the rows have them. */
static const struct row_field fields[] = {
	U64_OF(attempts),
	TEXT_OF(check),
	TEXT_OF(code_key),
	U64_OF(counter),
	U64_OF(counter_before),
	U64_OF(created_ns),
	U64_OF(expires_ns),
	TEXT_OF(gateway_key),
	ROW_FIELD(struct pairing, is_ours, ROW_BOOL),
	TEXT_OF(pairing_id),
	TEXT_OF(remote_instance_id),
	TEXT_OF(sidecar_id),
	TEXT_OF(sidecar_key),
	ROW_WORDS(struct pairing, status, pairing_status_name, status_find),
	TEXT_OF(user_id),
	TEXT_OF(why),
	{ .name = NULL },
};

void
pairing_fini(struct pairing *pairing)
{
	row_fini(fields, pairing);
}

static int
missing(const char *words, struct err *err)
{
	int rc = err_set(err, ERR_SIDECAR_PAIRING_REQUIRED, "%s", words);

	err_action(err, "pair them: docs/sidecar.md");
	return rc;
}

static int
key_of(const char *id, char **ret_key, struct err *err)
{
	if (asprintf(ret_key, "%s%.100s", PREFIX, id) >= 0)
		return 0;
	*ret_key = NULL;
	return err_no_memory(err);
}

int
pairing_get(struct journal_txn *txn, const char *id,
    struct pairing *ret_pairing, struct err *err)
{
	struct pairing pairing = { .pairing_id = NULL };
	CLEANUP_FREE char *key = NULL;
	int rc = key_of(id, &key, err);

	if (rc)
		return rc;
	rc = row_load(txn, TABLE_STATE, (struct iag_bytes){ key, strlen(key) },
	    fields, &pairing, NULL, "a pairing", err);
	if (rc == 0 && (!pairing.pairing_id || !pairing.remote_instance_id ||
			   !pairing.sidecar_id || pairing.status == 0))
		rc =
		    err_set(err, ERR_JOURNAL_CORRUPT, "a pairing is not whole");
	if (rc == 0) {
		*ret_pairing = pairing;
		return 0;
	}
	pairing_fini(&pairing);
	return rc == IAG_NOTFOUND ? missing("there is no such pairing", err)
				  : rc;
}

int
pairing_put(
    struct journal_txn *txn, const struct pairing *pairing, struct err *err)
{
	CLEANUP_FREE char *key = NULL;
	int rc = key_of(pairing->pairing_id, &key, err);

	return rc ? rc
		  : row_save(txn, TABLE_STATE,
			(struct iag_bytes){ key, strlen(key) }, fields, pairing,
			NULL, err);
}

struct each {
	pairing_visit *visit;
	void *arg;
};

static int
each_visit(
    struct journal_txn *txn, struct iag_bytes key, void *arg, struct err *err)
{
	CLEANUP_FREE char *id = strndup(key.data, key.len);
	const struct each *each = arg;
	struct pairing pairing;
	int rc = id ? pairing_get(txn, id, &pairing, err) : err_no_memory(err);

	if (rc)
		return rc;
	rc = each->visit(txn, &pairing, each->arg, err);
	pairing_fini(&pairing);
	return rc;
}

int
pairing_each(
    struct journal_txn *txn, pairing_visit *visit, void *arg, struct err *err)
{
	struct each each = { visit, arg };

	return row_index_walk(txn, PREFIX, each_visit, &each, err);
}

struct search {
	pairing_match *match;
	const void *arg;
	struct pairing found;
};

/* Ids grow with time, so the last one is the newest. */
static int
search_visit(struct journal_txn *txn, struct pairing *pairing, void *arg,
    struct err *err)
{
	struct search *search = arg;
	struct pairing older = search->found;

	(void)txn;
	(void)err;
	if (!search->match(pairing, search->arg))
		return 0;
	search->found = *pairing;
	*pairing = older;
	return 0;
}

int
pairing_find(struct journal_txn *txn, pairing_match *match, const void *arg,
    struct pairing *ret_pairing, struct err *err)
{
	struct search search = { .match = match, .arg = arg };
	int rc = pairing_each(txn, search_visit, &search, err);

	if (rc == 0 && !search.found.pairing_id)
		rc = missing("there is no such pairing", err);
	if (rc)
		pairing_fini(&search.found);
	else
		*ret_pairing = search.found;
	return rc;
}

struct load {
	const char *id;
	struct pairing pairing;
};

static int
load_step(struct journal_txn *txn, void *arg, struct err *err)
{
	struct load *load = arg;

	pairing_fini(&load->pairing);
	return pairing_get(txn, load->id, &load->pairing, err);
}

int
pairing_load(struct journal *journal, const char *id,
    struct pairing *ret_pairing, struct err *err)
{
	struct load load = { .id = id };
	int rc = journal_view(journal, load_step, &load, err);

	if (rc)
		pairing_fini(&load.pairing);
	else
		*ret_pairing = load.pairing;
	return rc;
}

enum pairing_status
pairing_status_at(const struct pairing *pairing, uint64_t now_ns)
{
	if (pairing->status == PAIRING_PENDING && now_ns >= pairing->expires_ns)
		return PAIRING_EXPIRED;
	return (enum pairing_status)pairing->status;
}

int
pairing_usable(const struct pairing *pairing, uint64_t now_ns, struct err *err)
{
	switch (pairing_status_at(pairing, now_ns)) {
	case PAIRING_ACTIVE:
		return 0;
	case PAIRING_PENDING:
		return missing(pairing->check
				   ? "the pairing waits for its check number "
				     "at the gateway"
				   : "the pairing waits for its code at the "
				     "sidecar",
		    err);
	case PAIRING_EXPIRED:
		return missing(
		    "the pairing has expired before it was confirmed", err);
	default:
		(void)err_set(err, ERR_SIDECAR_PAIRING_REQUIRED,
		    "the pairing was revoked: %s",
		    pairing->why ? pairing->why : "no reason was given");
		err_action(err, "pair them: docs/sidecar.md");
		return IAG_AUTH;
	}
}

int
pairing_still_usable(struct journal *journal, const char *id, struct err *err)
{
	struct pairing pairing;
	int rc = pairing_load(journal, id, &pairing, err);

	if (rc)
		return rc;
	rc = pairing_usable(&pairing, clock_real_ns(), err);
	pairing_fini(&pairing);
	return rc;
}

/* Crockford's: no I, L, O, U. */
static const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

void
code_new(char ret_code[CODE_SIZE])
{
	uint8_t random[16];
	char *at = ret_code;

	hash_random(random, sizeof random);
	for (size_t i = 0; i < sizeof random; i++) {
		if (i > 0 && i % 4 == 0)
			*at++ = '-';
		*at++ = digits[random[i] & 31];
	}
	*at = '\0';
}

int
code_key(const char *code, char ret_hex[HASH_HEX_SIZE], struct err *err)
{
	uint8_t key[HASH_SIZE];
	char plain[17];
	size_t len = 0;
	int rc;

	for (; *code; code++) {
		char c = *code;

		if (c == '-' || c == ' ')
			continue;
		if (c >= 'a' && c <= 'z')
			c = (char)(c - 'a' + 'A');
		if (!strchr(digits, c) || len + 1 >= sizeof plain)
			break;
		plain[len++] = c;
	}
	plain[len] = '\0';
	if (*code || len + 1 != sizeof plain)
		return err_set(err, ERR_INPUT_INVALID,
		    "the code has 16 letters and digits, such as "
		    "'7K2M-...': this is none");
	rc = hash_derive(plain, len, CODE_LABEL, key, err);
	if (rc == 0)
		hash_hex(key, ret_hex);
	return rc;
}

bool
pairing_proof(const char *code_key_hex, const char *label,
    const struct pairing_talk *talk, char ret_hex[HASH_HEX_SIZE])
{
	const char *const parts[] = { label, talk->gateway_nonce, talk->nonce,
		talk->pairing_id, talk->remote_instance_id, talk->sidecar_key,
		talk->gateway_key };
	CLEANUP_BUF struct buf text = BUF_INIT;
	uint8_t key[HASH_SIZE], mac[HASH_SIZE];

	if (!hash_parse_hex(code_key_hex, key))
		return false;
	for (size_t i = 0; i < ARRAY_COUNT(parts); i++)
		buf_add(&text, parts[i], strlen(parts[i]) + 1);
	if (text.failed)
		return false;
	hmac_sha256(key, sizeof key, text.data, text.len, mac);
	hash_hex(mac, ret_hex);
	return true;
}

bool
pairing_check(const char *code_key_hex, const struct pairing_talk *talk,
    char ret_check[CHECK_SIZE])
{
	char hex[HASH_HEX_SIZE];
	unsigned long number;

	if (!pairing_proof(code_key_hex, "check", talk, hex))
		return false;
	hex[8] = '\0';
	number = strtoul(hex, NULL, 16) % 1000000;
	(void)snprintf(ret_check, CHECK_SIZE, "%03u-%03u",
	    (unsigned)(number / 1000 % 1000), (unsigned)(number % 1000));
	return true;
}

static bool
same_hex(const char *a, const char *b)
{
	uint8_t x[HASH_SIZE], y[HASH_SIZE];

	return hash_parse_hex(a, x) && hash_parse_hex(b, y) && hash_equal(x, y);
}

int
pairing_revoke(struct pairing *pairing, const char *why, struct err *err)
{
	char *copy = strdup(why);

	if (!copy)
		return err_no_memory(err);
	free(pairing->why);
	pairing->why = copy;
	pairing->status = PAIRING_REVOKED;
	free(STEAL(pairing->code_key));
	free(STEAL(pairing->check));
	return 0;
}

static int
count_wrong(struct pairing *pairing, const char *what, const char *action,
    struct err *err)
{
	int rc;

	pairing->attempts++;
	if (pairing->attempts >= PAIRING_ATTEMPTS) {
		rc = pairing_revoke(
		    pairing, "too many wrong codes or check numbers", err);
		return rc ? rc : pairing_usable(pairing, 0, err);
	}
	rc = err_set(err, ERR_SIDECAR_PAIRING_REQUIRED,
	    "%s is wrong; %u more attempts", what,
	    (unsigned)(PAIRING_ATTEMPTS - pairing->attempts));
	err_action(err, "%s", action);
	return rc;
}

int
pairing_take_code(struct pairing *pairing, const struct pairing_talk *talk,
    const char *proof, uint64_t now_ns, struct err *err)
{
	char expected[HASH_HEX_SIZE], check[CHECK_SIZE];
	struct pairing_talk said = *talk;

	if (pairing_status_at(pairing, now_ns) != PAIRING_PENDING)
		return pairing_usable(pairing, now_ns, err);
	if (!pairing->code_key)
		return missing("the code was used before", err);
	said.pairing_id = said.remote_instance_id = said.gateway_key = "";
	if (!pairing_proof(pairing->code_key, "join", &said, expected))
		return err_no_memory(err);
	if (!same_hex(expected, proof))
		return count_wrong(pairing, "the code",
		    "give the code that `sidecar pairing create` showed", err);
	if (!pairing_check(pairing->code_key, talk, check))
		return err_no_memory(err);
	pairing->check = strdup(check);
	if (!pairing->check)
		return err_no_memory(err);
	free(STEAL(pairing->code_key));
	return 0;
}

int
pairing_confirm(struct pairing *pairing, const char *check, uint64_t now_ns,
    struct err *err)
{
	enum pairing_status status = pairing_status_at(pairing, now_ns);

	if (status == PAIRING_ACTIVE)
		return 0;
	if (status != PAIRING_PENDING || !pairing->check)
		return pairing_usable(pairing, now_ns, err);
	if (strcmp(pairing->check, check) != 0)
		return count_wrong(pairing, "the check number",
		    "give the number that the sidecar's own `sidecar pairing "
		    "join` showed; where it showed another one, revoke the "
		    "pairing: somebody is in between",
		    err);
	pairing->status = PAIRING_ACTIVE;
	free(STEAL(pairing->check));
	return 0;
}

bool
pairing_is_overtaken(const struct pairing *pairing, int64_t counter)
{
	return counter > 0 && (uint64_t)counter > pairing->counter_before &&
	       (uint64_t)counter < pairing->counter;
}

int
pairing_take_counter(struct pairing *pairing, int64_t counter, struct err *err)
{
	if (counter > 0 && (uint64_t)counter > pairing->counter) {
		pairing->counter_before = pairing->counter;
		pairing->counter = (uint64_t)counter;
		return 0;
	}
	(void)err_set(err, ERR_SIDECAR_SESSION_INVALID,
	    "session %lld of this identity came after session %llu: its key "
	    "is used somewhere else too, or its store was put back",
	    (long long)counter, (unsigned long long)pairing->counter);
	err_action(err, "find out who has the key; then revoke the pairing "
			"and pair a new identity");
	return IAG_AUTH;
}
