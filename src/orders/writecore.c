/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

#include "orders/writecore.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/text.h"
#include "orders/settlequeue.h"

/* A bracket's key has at most 60 characters (ruling 19). */
#define GROUP_KEY_SIZE 64

/* SHA-256 over what was asked, without the key that names it. */
static int
request_digest(struct write *write, struct err *err)
{
	CLEANUP_JSON struct json_object *copy = NULL;
	CLEANUP_BUF struct buf text = BUF_INIT;
	uint8_t digest[HASH_SIZE];
	int ret;

	if (json_object_deep_copy(write->arguments, &copy, NULL))
		return err_no_memory(err);
	json_object_object_del(copy, "idempotency_key");
	buf_printf(&text, "iag-request-1:%s:%s:", order_mode_name(write->mode),
	    order_operation_name(write->operation));
	ret = json_canon(&text, copy, err);
	if (ret)
		return ret;
	if (text.failed)
		return err_no_memory(err);
	hash_sha256(text.data, text.len, digest);
	hash_hex(digest, write->digest);
	return 0;
}

int
write_begin(struct write *write, struct order_call *call,
    enum order_operation operation, uint32_t mode,
    struct json_object *arguments, struct err *err)
{
	*write = (struct write){
		.call = call,
		.operation = operation,
		.mode = mode,
		.arguments = arguments,
		.account = json_get_str(arguments, "account_id", ""),
		.key = json_get_str(arguments, "idempotency_key", ""),
	};
	if (!*write->account)
		return err_set(
		    err, ERR_INPUT_MISSING_ACCOUNT, "no account was named");
	if (!intent_key_is_valid(write->key))
		return err_set(err, ERR_INPUT_INVALID,
		    "'idempotency_key' is '%s', allowed are 1 to 64 letters, "
		    "digits and ._-",
		    write->key);
	journal_account_hash(
	    desk_journal(call->desk), write->account, write->hash);
	return request_digest(write, err);
}

static int
write_open(
    struct write *write, const char *name, const char *fault, struct err *err)
{
	int ret;

	write->writer_name = name;
	if (fault || !*name)
		return 0;
	ret = desk_writer(
	    write->call->desk, write->mode, name, &write->writer, err);
	if (ret == 0)
		write->writer_name =
		    plugin_name(instance_plugin(write->writer));
	return ret;
}

int
write_look(struct write *write, struct check *check, struct err *err)
{
	/* the first process that enables live says what is in force */
	int ret = write->mode == IAG_MODE_LIVE
		      ? activation_ensure(write->call, err)
		      : 0;

	if (ret == 0)
		ret = check_look(check, err);
	return ret ? ret
		   : write_open(write, check->writer, check->writer_fault, err);
}

void
write_fini(struct write *write)
{
	/* the account first: whoever drains waits for "send" */
	journal_guard_drop(STEAL(write->turn));
	send_leave_return(STEAL(write->send));
}

/* Whoever has it is not known here, but what it sends is recorded. */
static int
waited(int ret, const char *what, struct err *err)
{
	if (ret == IAG_AGAIN)
		err_action(err,
		    "`ibkr-agent orders pending` has what is being sent: wait "
		    "until it ends, or stop the process that sends it if it "
		    "hangs");
	return err_wrap(err, "waiting for %s", what);
}

int
write_lock(struct write *write, struct err *err)
{
	struct journal *journal = desk_journal(write->call->desk);
	char name[GUARD_NAME_SIZE];
	int ret;

	(void)settle_queue_retry(write->call->desk);
	ret = send_leave_take(
	    write->call->desk, write->call->call, &write->send, err);
	if (ret)
		return waited(ret, "leave to send", err);
	guard_name_account(name, write->hash);
	ret = journal_guard_take(
	    journal, write->call->call, name, true, &write->turn, err);
	return ret ? waited(ret, "another write of this account", err) : 0;
}

/*
 * Derived: "iag" and 26 characters of base32 over installation and account
 * (the hash is keyed by both), key and leg.
 */
static char *
derived_ref(const struct write *write, const char *leg)
{
	static const char digits[] = "abcdefghijklmnopqrstuvwxyz234567";
	CLEANUP_BUF struct buf text = BUF_INIT, ref = BUF_INIT;
	uint8_t digest[HASH_SIZE];
	unsigned bits, at;

	buf_printf(
	    &text, "iag-client-ref-1:%s:%s:%s", write->hash, write->key, leg);
	if (text.failed)
		return NULL;
	hash_sha256(text.data, text.len, digest);
	buf_str(&ref, "iag");
	for (unsigned i = 0; i < 26; i++) {
		at = i * 5;
		bits = (unsigned)digest[at / 8] << 8 | digest[at / 8 + 1];
		buf_char(&ref, digits[bits >> (11 - at % 8) & 31]);
	}
	return buf_take(&ref);
}

/* What is put behind the key of a bracket for its legs. */
static const struct {
	const char *leg, *suffix;
} leg_suffixes[] = {
	{ "take_profit", "-tp" },
	{ "stop_loss", "-sl" },
};

static const char *
leg_suffix(const char *leg)
{
	for (size_t i = 0; i < ARRAY_COUNT(leg_suffixes); i++) {
		if (strcmp(leg_suffixes[i].leg, leg) == 0)
			return leg_suffixes[i].suffix;
	}
	return "";
}

int
write_client_ref(
    struct write *write, const char *leg, char **ret_ref, struct err *err)
{
	const struct config *config = desk_config(write->call->desk);
	CLEANUP_BUF struct buf ref = BUF_INIT;

	if (config->broker.client_ref &&
	    strcmp(config->broker.client_ref, "derived") == 0) {
		*ret_ref = derived_ref(write, leg_suffix(leg));
	} else {
		buf_printf(&ref, "%s%s", write->key, leg_suffix(leg));
		*ret_ref = buf_take(&ref);
	}
	return *ret_ref ? 0 : err_no_memory(err);
}

/* Is there an intent of key and leg? */
static int
ref_taken(const struct write *write, struct journal_txn *txn, const char *key,
    const char *leg, const char *client_ref, struct err *err)
{
	CLEANUP_INTENT struct intent intent;
	int ret;

	intent_init(&intent);
	ret = intent_get(txn, write->hash, key, leg, &intent, err);
	if (ret)
		return ret == IAG_NOTFOUND ? 0 : ret;
	if (!intent.client_ref || strcmp(intent.client_ref, client_ref) != 0)
		return 0;
	err_set(err,
	    write->mode == IAG_MODE_PAPER ? ERR_PAPER_IDEMPOTENCY_CONFLICT
					  : ERR_IDEMPOTENCY_CONFLICT,
	    "an order of another request is sent under the reference '%s'",
	    client_ref);
	err_action(err, "use another key");
	return IAG_REJECTED;
}

int
write_ref_check(struct write *write, struct journal_txn *txn,
    const char *client_ref, struct err *err)
{
	size_t len = strlen(write->key), cut;
	char key[GROUP_KEY_SIZE];
	int ret = 0;

	/* the exit of a bracket against a single order */
	if (strcmp(client_ref, write->key) != 0)
		return ref_taken(write, txn, client_ref, "", client_ref, err);
	/* a single order, or a parent, against the exit of a bracket */
	for (size_t i = 0; i < ARRAY_COUNT(leg_suffixes) && ret == 0; i++) {
		cut = strlen(leg_suffixes[i].suffix);
		if (len <= cut || len - cut >= sizeof(key) ||
		    strcmp(write->key + len - cut, leg_suffixes[i].suffix) != 0)
			continue;
		memcpy(key, write->key, len - cut);
		key[len - cut] = '\0';
		ret = ref_taken(
		    write, txn, key, leg_suffixes[i].leg, client_ref, err);
	}
	return ret;
}

/* The store is this user's: gates are a seat belt (ruling 16). */
static const char *
separation(const struct write *write)
{
	const char *path = desk_config(write->call->desk)->audit.path;
	struct stat st;

	if (write->mode != IAG_MODE_LIVE || write->call->is_apart)
		return NULL;
	if (path && stat(path, &st) == 0 && st.st_uid != geteuid())
		return NULL;
	return "same_uid";
}

int
write_intent(struct write *write, const char *leg, struct intent *intent,
    struct err *err)
{
	struct desk *desk = write->call->desk;
	const char *owner;
	int ret = desk_owner(desk, &owner, err);

	id_new(intent->id);
	intent->state = INTENT_RECORDED;
	intent->operation = write->operation;
	intent->mode = write->mode;
	intent->incarnation = journal_incarnation(desk_journal(desk));
	intent->simulated =
	    write->writer &&
	    (plugin_hints(instance_plugin(write->writer)) & IAG_HINT_SIMULATED);
	memcpy(intent->request_digest, write->digest, HASH_HEX_SIZE);
	if (ret == 0)
		ret = text_set(&intent->owner, owner, err);
	if (ret == 0)
		ret = text_set(&intent->account, write->account, err);
	if (ret == 0)
		ret = text_set(&intent->key, write->key, err);
	if (ret == 0)
		ret = text_set(&intent->leg, leg, err);
	if (ret == 0)
		ret = text_set(&intent->writer, write->writer_name, err);
	if (ret == 0)
		ret = text_set(&intent->connection, desk_connection(desk), err);
	return ret ? ret
		   : text_set(&intent->separation, separation(write), err);
}

static unsigned
digit(char c)
{
	return (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
}

void
write_target(const struct intent *intent, uint8_t handle[256],
    struct iag_target *ret_target)
{
	const char *hex = intent->handle ? intent->handle : "";
	size_t len = strlen(hex) / 2;

	if (len > 256)
		len = 256;
	for (size_t i = 0; i < len; i++)
		handle[i] =
		    (uint8_t)(digit(hex[2 * i]) << 4 | digit(hex[2 * i + 1]));
	*ret_target = (struct iag_target){
		.struct_size = sizeof(*ret_target),
		.mode = intent->mode,
		.account = intent->account,
		.broker_order_id = intent->broker_order_id,
		.client_ref = intent->client_ref,
		.handle = { handle, len },
	};
}

int
write_record(struct write *write, struct journal_txn *txn, struct err *err)
{
	struct audit_event event = *write->call->event;

	/* the call's own record comes with its end */
	event.event_id[0] = '\0';
	event.event_type = "order_intent_recorded";
	event.decision = "allow";
	event.result_status = "recorded";
	event.outcome = "unknown";
	return txn_audit(txn, &event, err);
}
