/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The inner session pushes into frames of the outer one and pulls from those
 * that came; so both handshakes and all records are steps of one loop.
 */

#include "sidecar/channel.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/redact.h"
#include "base/secret.h"

#define OUTER_PRIORITY "NORMAL:-VERS-ALL:+VERS-TLS1.3"
#define INNER_PRIORITY                                     \
	"NORMAL:-VERS-ALL:+VERS-TLS1.3:-CTYPE-ALL:+CTYPE-" \
	"RAWPK:-SIGN-ALL:+SIGN-EDDSA-ED25519"
#define PROTOCOL "ibkr-agent-relay/1"
#define SIGN_LABEL "ibkr-agent sidecar 1"
#define EXPORT_LABEL "EXPORTER-ibkr-agent-sidecar-payload"

enum {
	CHUNK = 16384,
	/* what one end keeps of the other's before it stops reading */
	IN_MAX = 256 * 1024,
	OUT_MAX = 64 * 1024 * 1024,
	MESSAGE_HEAD = 4,
};

/* Bytes that are taken from the front. */
struct queue {
	struct buf buf;
	size_t at;
};

struct channel {
	int fd;
	gnutls_session_t outer, inner;
	bool is_server, is_up, is_inner_up, is_ended;
	struct queue in, out;
	size_t sending;      /* bytes that a record has taken and not sent */
	struct queue cipher; /* of the inner session */
	struct queue plain;
	char peer[HASH_HEX_SIZE];
	uint8_t key[HASH_SIZE]; /* of payload hashes */
};

static size_t
queue_len(const struct queue *queue)
{
	return queue->buf.len - queue->at;
}

static const uint8_t *
queue_data(const struct queue *queue)
{
	return (const uint8_t *)buf_text(&queue->buf) + queue->at;
}

static void
queue_drop(struct queue *queue, size_t len)
{
	queue->at += len;
	if (queue->at < queue->buf.len / 2 + 1)
		return;
	memmove(queue->buf.data, queue->buf.data + queue->at, queue_len(queue));
	queue->buf.len -= queue->at;
	queue->at = 0;
}

static int
tls_failed(const char *what, int rc, struct err *err)
{
	return err_set(
	    err, ERR_SIDECAR_UNAVAILABLE, "%s: %s", what, gnutls_strerror(rc));
}

static int
set_outer(struct channel *channel, gnutls_certificate_credentials_t credentials,
    const char *host)
{
	gnutls_datum_t alpn = { (unsigned char *)(uintptr_t)PROTOCOL,
		sizeof PROTOCOL - 1 };
	struct in6_addr address;
	int rc = gnutls_init(&channel->outer,
	    (host ? GNUTLS_CLIENT : GNUTLS_SERVER) | GNUTLS_NONBLOCK |
		GNUTLS_NO_SIGNAL | GNUTLS_NO_TICKETS);

	if (rc == 0)
		rc = gnutls_priority_set_direct(
		    channel->outer, OUTER_PRIORITY, NULL);
	if (rc == 0)
		rc = gnutls_alpn_set_protocols(
		    channel->outer, &alpn, 1, GNUTLS_ALPN_MANDATORY);
	if (rc == 0)
		rc = gnutls_credentials_set(
		    channel->outer, GNUTLS_CRD_CERTIFICATE, credentials);
	if (rc == 0 && host)
		gnutls_session_set_verify_cert(channel->outer, host, 0);
	/* addresses have no name to be asked for (RFC 6066) */
	if (rc == 0 && host && inet_pton(AF_INET, host, &address) != 1 &&
	    inet_pton(AF_INET6, host, &address) != 1)
		rc = gnutls_server_name_set(
		    channel->outer, GNUTLS_NAME_DNS, host, strlen(host));
	if (rc == 0)
		gnutls_transport_set_int(channel->outer, channel->fd);
	return rc;
}

int
channel_new(int fd, gnutls_certificate_credentials_t credentials,
    const char *host, struct channel **ret_channel, struct err *err)
{
	struct channel *channel = calloc(1, sizeof *channel);
	int rc;

	if (!channel) {
		(void)close(fd);
		return err_no_memory(err);
	}
	channel->fd = fd;
	channel->is_server = !host;
	buf_init(&channel->out.buf, OUT_MAX);
	buf_init(&channel->plain.buf, MESSAGE_MAX + IN_MAX);
	rc = set_outer(channel, credentials, host);
	if (rc < 0) {
		channel_free(channel);
		return tls_failed("cannot begin TLS", rc, err);
	}
	*ret_channel = channel;
	return 0;
}

void
channel_free(struct channel *channel)
{
	if (!channel)
		return;
	if (channel->inner)
		gnutls_deinit(channel->inner);
	if (channel->outer)
		gnutls_deinit(channel->outer);
	(void)close(channel->fd);
	buf_fini(&channel->in.buf);
	buf_fini(&channel->out.buf);
	buf_fini(&channel->cipher.buf);
	if (channel->plain.buf.data)
		secret_wipe(channel->plain.buf.data, channel->plain.buf.len);
	buf_fini(&channel->plain.buf);
	secret_wipe(channel->key, sizeof channel->key);
	free(channel);
}

int
channel_fd(const struct channel *channel)
{
	return channel->fd;
}

short
channel_events(const struct channel *channel)
{
	bool writes = channel->is_up
			  ? !channel_is_flushed(channel)
			  : gnutls_record_get_direction(channel->outer) == 1;

	return (short)(POLLIN | (writes ? POLLOUT : 0));
}

bool
channel_is_up(const struct channel *channel)
{
	return channel->is_up;
}

bool
channel_is_flushed(const struct channel *channel)
{
	return queue_len(&channel->out) == 0 && channel->sending == 0;
}

bool
channel_has_room(const struct channel *channel)
{
	return queue_len(&channel->out) < IN_MAX;
}

static bool
is_wait(ssize_t rc)
{
	return rc == GNUTLS_E_AGAIN || rc == GNUTLS_E_INTERRUPTED;
}

/* Why the other end's certificate will not do, in words. */
static int
handshake_failed(struct channel *channel, int rc, struct err *err)
{
	gnutls_datum_t words = { NULL, 0 };

	if (rc != GNUTLS_E_CERTIFICATE_VERIFICATION_ERROR ||
	    gnutls_certificate_verification_status_print(
		gnutls_session_get_verify_cert_status(channel->outer),
		GNUTLS_CRT_X509, &words, 0) < 0)
		return tls_failed("the TLS handshake failed", rc, err);
	rc = err_set(err, ERR_SIDECAR_UNAVAILABLE,
	    "the relay's certificate is refused: %s", (char *)words.data);
	err_action(err, "set sidecar.ca_file to the authority that has signed "
			"it, and sidecar.remote_relay_url to the name in it");
	gnutls_free(words.data);
	return rc;
}

static int
step_handshake(struct channel *channel, struct err *err)
{
	int rc;

	if (channel->is_up)
		return 0;
	do
		rc = gnutls_handshake(channel->outer);
	while (rc < 0 && !is_wait(rc) && !gnutls_error_is_fatal(rc));
	if (is_wait(rc))
		return 1;
	if (rc < 0)
		return handshake_failed(channel, rc, err);
	channel->is_up = true;
	return 0;
}

static int
step_write(struct channel *channel, struct err *err)
{
	while (!channel_is_flushed(channel)) {
		size_t len = queue_len(&channel->out);
		ssize_t sent;

		/* what a record has taken is asked for without data */
		if (channel->sending > 0)
			sent = gnutls_record_send(channel->outer, NULL, 0);
		else
			sent = gnutls_record_send(channel->outer,
			    queue_data(&channel->out),
			    len < CHUNK ? len : CHUNK);
		if (is_wait(sent)) {
			if (channel->sending == 0)
				channel->sending = len < CHUNK ? len : CHUNK;
			return 0;
		}
		if (sent < 0)
			return tls_failed(
			    "the connection is lost", (int)sent, err);
		channel->sending = 0;
		queue_drop(&channel->out, (size_t)sent);
	}
	return 0;
}

/* 1: what is kept is full; the other end may have sent more. */
static int
step_read(struct channel *channel, struct err *err)
{
	uint8_t chunk[CHUNK];
	ssize_t got;

	while (queue_len(&channel->in) < IN_MAX) {
		got = gnutls_record_recv(channel->outer, chunk, sizeof chunk);
		if (is_wait(got))
			return 0;
		if (got <= 0) {
			channel->is_ended = true;
			return got == 0 || queue_len(&channel->in) > 0
				   ? 0
				   : tls_failed("the connection is lost",
					 (int)got, err);
		}
		buf_add(&channel->in.buf, chunk, (size_t)got);
	}
	return 1;
}

int
channel_step(struct channel *channel, struct err *err)
{
	int rc = step_handshake(channel, err);

	if (rc)
		return rc < 0 ? rc : 0;
	if (channel->in.buf.failed || channel->out.buf.failed ||
	    channel->cipher.buf.failed || channel->plain.buf.failed)
		return err_set(err, ERR_SIDECAR_UNAVAILABLE,
		    "the other end of the relay does not take what it gets");
	rc = step_write(channel, err);
	return rc ? rc : step_read(channel, err);
}

static int
peer_check(struct channel *channel, struct err *err)
{
	char peer[HASH_HEX_SIZE];

	if (identity_of_session(channel->inner, peer) &&
	    strcmp(peer, channel->peer) == 0)
		return 0;
	return err_set(err, ERR_SIDECAR_PAIRING_REQUIRED,
	    "the other end of the inner session has another key than the one "
	    "of the pairing");
}

static int
step_inner(struct channel *channel, struct err *err)
{
	int rc;

	if (!channel->inner || channel->is_inner_up)
		return 0;
	do
		rc = gnutls_handshake(channel->inner);
	while (rc < 0 && !is_wait(rc) && !gnutls_error_is_fatal(rc));
	if (is_wait(rc))
		return 0;
	if (rc < 0)
		return tls_failed("the inner TLS handshake failed", rc, err);
	rc = peer_check(channel, err);
	if (rc)
		return rc;
	rc = gnutls_prf_rfc5705(channel->inner, sizeof EXPORT_LABEL - 1,
	    EXPORT_LABEL, 0, NULL, HASH_SIZE, (char *)channel->key);
	if (rc < 0)
		return tls_failed("the inner TLS session has no key", rc, err);
	channel->is_inner_up = true;
	return 0;
}

int
channel_take(struct channel *channel, struct frame *ret_frame, struct err *err)
{
	queue_drop(&channel->in, 0);
	for (;;) {
		size_t used;
		int rc = frame_parse(queue_data(&channel->in),
		    queue_len(&channel->in), ret_frame, &used, err);

		if (rc > 0 && channel->is_ended)
			return err_set(err, ERR_SIDECAR_UNAVAILABLE,
			    "the other end has closed the connection");
		if (rc)
			return rc;
		if (ret_frame->type != FRAME_INNER) {
			/* its bytes stay until more come */
			channel->in.at += used;
			return 0;
		}
		if (!channel->inner)
			return err_set(err, ERR_OUTPUT_UNSAFE,
			    "bytes of an inner session that has not begun");
		buf_add(&channel->cipher.buf, ret_frame->data, ret_frame->len);
		queue_drop(&channel->in, used);
		rc = step_inner(channel, err);
		if (rc)
			return rc;
	}
}

void
channel_put(
    struct channel *channel, enum frame_type type, const void *data, size_t len)
{
	frame_write(&channel->out.buf, type, data, len);
}

/* What is signed: never the same bytes for another purpose. */
static void
sign_text(struct buf *out, enum frame_type type, const void *body, size_t len)
{
	buf_add(out, SIGN_LABEL, sizeof SIGN_LABEL);
	buf_char(out, (char)type);
	buf_add(out, body, len);
}

int
channel_put_signed(struct channel *channel, enum frame_type type,
    const struct identity *identity, struct json_object *body, struct err *err)
{
	CLEANUP_BUF struct buf text = BUF_INIT, data = BUF_INIT,
			       signed_text = BUF_INIT;
	uint8_t signature[SIGNATURE_SIZE];
	int rc = json_canon(&text, body, err);

	if (rc)
		return rc;
	sign_text(&signed_text, type, text.data, text.len);
	if (signed_text.failed)
		return err_no_memory(err);
	rc = identity_sign(
	    identity, signed_text.data, signed_text.len, signature, err);
	if (rc)
		return rc;
	buf_add(&data, signature, sizeof signature);
	buf_add(&data, text.data, text.len);
	channel_put(channel, type, buf_text(&data), data.len);
	return 0;
}

int
channel_body(
    const struct frame *frame, struct json_object **ret_body, struct err *err)
{
	bool is_signed =
	    frame->type != FRAME_CHALLENGE && frame->type != FRAME_REQUEST &&
	    frame->type != FRAME_RESPONSE && frame->type != FRAME_BYE;
	size_t skip = is_signed ? SIGNATURE_SIZE : 0;
	struct json_object *body = NULL;
	int rc;

	if (frame->len < skip)
		return err_set(err, ERR_OUTPUT_UNSAFE,
		    "a frame of type %u without a signature",
		    (unsigned)frame->type);
	rc = json_parse((const char *)frame->data + skip, frame->len - skip,
	    &json_bounds_default, &body, err);
	if (rc == 0 && json_object_is_type(body, json_type_object)) {
		*ret_body = body;
		return 0;
	}
	(void)json_object_put(body);
	return err_set(err, ERR_OUTPUT_UNSAFE,
	    "a frame of type %u that is no JSON object", (unsigned)frame->type);
}

bool
channel_verify(const struct frame *frame, const char *public)
{
	CLEANUP_BUF struct buf text = BUF_INIT;

	if (frame->len < SIGNATURE_SIZE)
		return false;
	sign_text(&text, frame->type, frame->data + SIGNATURE_SIZE,
	    frame->len - SIGNATURE_SIZE);
	return !text.failed &&
	       identity_verify(public, text.data, text.len, frame->data);
}

void
channel_put_bye(struct channel *channel, const struct err *why)
{
	CLEANUP_JSON struct json_object *body = json_object_new_object();
	CLEANUP_BUF struct buf text = BUF_INIT, safe = BUF_INIT;
	const char *words = err_text(why);
	size_t len = strlen(words);

	(void)redact_text(&safe, words, len < 1000 ? len : 1000);
	(void)json_add_str(body, "code", err_kind(why->code)->name);
	(void)json_add_str(body, "message", buf_text(&safe));
	if (why->action)
		(void)json_add_str(body, "user_action", why->action);
	json_write(&text, body, 0);
	if (text.len <= frame_max(FRAME_BYE))
		channel_put(channel, FRAME_BYE, buf_text(&text), text.len);
}

/* A BYE is not signed: what only we can know of ourselves it cannot say. */
static enum err_code
bye_code(const char *name)
{
	enum err_code code = err_code_find(name);

	return code == ERR_NONE || code == ERR_CALL_CANCELLED ||
		       code == ERR_CONFIG_INVALID
		   ? ERR_SIDECAR_UNAVAILABLE
		   : code;
}

int
channel_read_bye(const struct frame *frame, struct err *err)
{
	CLEANUP_JSON struct json_object *body = NULL;
	int rc = channel_body(frame, &body, err);

	if (rc)
		return rc;
	rc = err_set(err, bye_code(json_get_str(body, "code", "")),
	    "the other end says: %.1000s",
	    json_get_str(body, "message", "goodbye"));
	if (json_get_str(body, "user_action", NULL))
		err_action(
		    err, "%.500s", json_get_str(body, "user_action", ""));
	return rc;
}

static ssize_t
inner_push(gnutls_transport_ptr_t arg, const void *data, size_t len)
{
	struct channel *channel = arg;
	size_t done = 0;

	while (done < len) {
		size_t part =
		    len - done < FRAME_INNER_MAX ? len - done : FRAME_INNER_MAX;

		frame_write(&channel->out.buf, FRAME_INNER,
		    (const uint8_t *)data + done, part);
		done += part;
	}
	return (ssize_t)len;
}

static ssize_t
inner_pull(gnutls_transport_ptr_t arg, void *data, size_t len)
{
	struct channel *channel = arg;
	size_t have = queue_len(&channel->cipher);

	if (have == 0) {
		gnutls_transport_set_errno(channel->inner, EAGAIN);
		return -1;
	}
	if (len > have)
		len = have;
	memcpy(data, queue_data(&channel->cipher), len);
	queue_drop(&channel->cipher, len);
	return (ssize_t)len;
}

/* Pulls never wait, so neither has the handshake to. */
static int
inner_pull_timeout(gnutls_transport_ptr_t arg, unsigned ms)
{
	const struct channel *channel = arg;

	(void)ms;
	return queue_len(&channel->cipher) > 0;
}

int
channel_begin_inner(struct channel *channel,
    gnutls_certificate_credentials_t credentials, const char *peer,
    struct err *err)
{
	int rc = gnutls_init(&channel->inner,
	    (channel->is_server ? GNUTLS_SERVER : GNUTLS_CLIENT) |
		GNUTLS_NONBLOCK | GNUTLS_NO_TICKETS | GNUTLS_ENABLE_RAWPK);

	(void)snprintf(channel->peer, sizeof channel->peer, "%s", peer);
	if (rc == 0)
		rc = gnutls_priority_set_direct(
		    channel->inner, INNER_PRIORITY, NULL);
	if (rc == 0)
		rc = gnutls_credentials_set(
		    channel->inner, GNUTLS_CRD_CERTIFICATE, credentials);
	if (rc < 0)
		return tls_failed("cannot begin the inner TLS", rc, err);
	if (channel->is_server)
		gnutls_certificate_server_set_request(
		    channel->inner, GNUTLS_CERT_REQUIRE);
	gnutls_transport_set_ptr(channel->inner, channel);
	gnutls_transport_set_push_function(channel->inner, inner_push);
	gnutls_transport_set_pull_function(channel->inner, inner_pull);
	gnutls_transport_set_pull_timeout_function(
	    channel->inner, inner_pull_timeout);
	return step_inner(channel, err);
}

bool
channel_is_inner_up(const struct channel *channel)
{
	return channel->is_inner_up;
}

static int
inner_send(
    struct channel *channel, const void *data, size_t len, struct err *err)
{
	const uint8_t *at = data;

	while (len > 0) {
		ssize_t sent = gnutls_record_send(
		    channel->inner, at, len < CHUNK ? len : CHUNK);

		if (sent <= 0)
			return tls_failed(
			    "the inner TLS session failed", (int)sent, err);
		at += sent;
		len -= (size_t)sent;
	}
	return 0;
}

int
channel_put_message(
    struct channel *channel, const struct buf *message, struct err *err)
{
	const uint8_t head[MESSAGE_HEAD] = { (uint8_t)(message->len >> 24),
		(uint8_t)(message->len >> 16), (uint8_t)(message->len >> 8),
		(uint8_t)message->len };
	int rc;

	if (message->failed || message->len > MESSAGE_MAX)
		return err_set(err, ERR_OUTPUT_UNSAFE,
		    "a message of more than %d bytes", (int)MESSAGE_MAX);
	rc = inner_send(channel, head, sizeof head, err);
	return rc ? rc : inner_send(channel, message->data, message->len, err);
}

static int
inner_read(struct channel *channel, struct err *err)
{
	uint8_t chunk[CHUNK];
	ssize_t got;

	while (
	    (got = gnutls_record_recv(channel->inner, chunk, sizeof chunk)) > 0)
		buf_add(&channel->plain.buf, chunk, (size_t)got);
	if (is_wait(got))
		return 0;
	return tls_failed("the inner TLS session ended", (int)got, err);
}

int
channel_take_message(
    struct channel *channel, struct buf *message, struct err *err)
{
	const uint8_t *at;
	size_t len;
	int rc = channel->is_inner_up ? inner_read(channel, err) : 1;

	if (rc)
		return rc;
	if (queue_len(&channel->plain) < MESSAGE_HEAD)
		return 1;
	at = queue_data(&channel->plain);
	len = (size_t)at[0] << 24 | (size_t)at[1] << 16 | (size_t)at[2] << 8 |
	      at[3];
	if (len > MESSAGE_MAX)
		return err_set(err, ERR_OUTPUT_UNSAFE,
		    "a message of %zu bytes, at most %d are allowed", len,
		    (int)MESSAGE_MAX);
	if (queue_len(&channel->plain) - MESSAGE_HEAD < len)
		return 1;
	buf_reset(message);
	buf_add(message, at + MESSAGE_HEAD, len);
	queue_drop(&channel->plain, MESSAGE_HEAD + len);
	return 0;
}

void
channel_payload_hash(const struct channel *channel, const char *data,
    size_t len, char ret_hex[HASH_HEX_SIZE])
{
	uint8_t mac[HASH_SIZE];

	hmac_sha256(channel->key, sizeof channel->key, data, len, mac);
	hash_hex(mac, ret_hex);
}
