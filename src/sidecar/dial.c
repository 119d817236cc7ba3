/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

#include "sidecar/dial.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "config/form.h"
#include "sidecar/window.h"

enum { HTTPS_PORT = 443 };

static int
unavailable(const char *what, const char *why, struct err *err)
{
	int rc = err_set(err, ERR_SIDECAR_UNAVAILABLE, "%s: %s", what, why);

	err_action(err, "see that the gateway runs and takes sidecars where "
			"sidecar.remote_relay_url says, then try again");
	return rc;
}

/* Until fd is ready for events, or it is time. */
static int
wait_for(
    int fd, short events, int stop_fd, uint64_t deadline_ns, struct err *err)
{
	struct pollfd fds[] = { { .fd = fd, .events = events },
		{ .fd = stop_fd, .events = POLLIN } };
	int count;

	do {
		uint64_t now_ns = clock_boot_ns();

		if (now_ns >= deadline_ns)
			return unavailable(
			    "the relay", "no answer in time", err);
		count = poll(fds, ARRAY_COUNT(fds),
		    (int)((deadline_ns - now_ns) / NS_PER_MS) + 1);
	} while (count == 0 || (count < 0 && errno == EINTR));
	if (stop_fd >= 0 && fds[1].revents)
		return err_set(err, ERR_CALL_CANCELLED, "told to stop");
	return 0;
}

static int
connect_to(const struct addrinfo *to, int stop_fd, uint64_t deadline_ns,
    int *ret_fd, struct err *err)
{
	CLEANUP_CLOSE int fd = socket(to->ai_family,
	    to->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, to->ai_protocol);
	int fault = 0;
	socklen_t len = sizeof fault;
	int rc = 0;

	if (fd < 0)
		return unavailable("the relay", strerror(errno), err);
	if (connect(fd, to->ai_addr, to->ai_addrlen) != 0) {
		if (errno != EINPROGRESS)
			return unavailable("the relay", strerror(errno), err);
		rc = wait_for(fd, POLLOUT, stop_fd, deadline_ns, err);
	}
	if (rc == 0 &&
	    (getsockopt(fd, SOL_SOCKET, SO_ERROR, &fault, &len) != 0 || fault))
		rc = unavailable("the relay cannot be reached",
		    strerror(fault ? fault : errno), err);
	if (rc == 0)
		*ret_fd = STEAL_FD(fd);
	return rc;
}

static unsigned
addresses_left(const struct addrinfo *list)
{
	unsigned count = 0;

	for (; list; list = list->ai_next)
		count++;
	return count;
}

/* Each gets its part of the time, so that a dead one leaves some. */
static int
connect_any(const struct addrinfo *list, int stop_fd, uint64_t deadline_ns,
    int *ret_fd, struct err *err)
{
	CLEANUP_ERR struct err why = ERR_INIT;
	int rc = unavailable("the relay", "its name has no address", &why);

	for (; list && rc && why.code != ERR_CALL_CANCELLED;
	     list = list->ai_next) {
		uint64_t now_ns = clock_boot_ns();
		uint64_t left_ns =
		    deadline_ns > now_ns ? deadline_ns - now_ns : 0;

		rc = connect_to(list, stop_fd,
		    now_ns + left_ns / addresses_left(list), ret_fd, &why);
	}
	if (rc)
		err_move(err, &why);
	return rc;
}

static int
dial_socket(const struct url *url, int stop_fd, uint64_t deadline_ns,
    int *ret_fd, struct err *err)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
		.ai_flags = AI_NUMERICSERV | AI_ADDRCONFIG };
	struct addrinfo *list = NULL;
	char port[8];
	int rc;

	(void)snprintf(
	    port, sizeof port, "%u", url->port ? url->port : HTTPS_PORT);
	rc = getaddrinfo(url->host, port, &hints, &list);
	if (rc)
		return unavailable(
		    "the relay's name is unknown", gai_strerror(rc), err);
	rc = connect_any(list, stop_fd, deadline_ns, ret_fd, err);
	freeaddrinfo(list);
	return rc;
}

static int
trust_of(struct dial *dial, struct err *err)
{
	const char *file = dial->config->sidecar.ca_file;
	int rc = gnutls_certificate_allocate_credentials(&dial->trust);

	if (rc < 0) {
		dial->trust = NULL;
		return err_no_memory(err);
	}
	rc = file ? gnutls_certificate_set_x509_trust_file(
			dial->trust, file, GNUTLS_X509_FMT_PEM)
		  : gnutls_certificate_set_x509_system_trust(dial->trust);
	if (rc > 0)
		return 0;
	return err_set(err, ERR_CONFIG_INVALID,
	    "there is no certificate authority in %s: %s",
	    file ? "sidecar.ca_file" : "the system's store",
	    rc < 0 ? gnutls_strerror(rc) : "it is empty");
}

int
dial_frame(struct dial *dial, uint64_t deadline_ns, int stop_fd,
    struct frame *ret_frame, struct err *err)
{
	for (;;) {
		int rc = channel_step(dial->channel, err);

		if (rc >= 0 && channel_is_up(dial->channel)) {
			rc = channel_take(dial->channel, ret_frame, err);
			if (rc == 0 && ret_frame->type == FRAME_BYE)
				return channel_read_bye(ret_frame, err);
			if (rc == 0)
				return 0;
		}
		if (rc >= 0)
			rc = wait_for(channel_fd(dial->channel),
			    channel_events(dial->channel), stop_fd, deadline_ns,
			    err);
		if (rc < 0)
			return rc;
	}
}

static int
take_challenge(struct dial *dial, const struct frame *frame, struct err *err)
{
	CLEANUP_JSON struct json_object *body = NULL;
	uint64_t time_ns = 0, skew_ns;
	uint8_t nonce[HASH_SIZE];
	int rc;

	if (frame->type != FRAME_CHALLENGE)
		return err_set(err, ERR_OUTPUT_UNSAFE,
		    "the relay does not begin with a challenge");
	rc = channel_body(frame, &body, err);
	if (rc)
		return rc;
	if (json_get_int(body, "protocol", 0) != 1 ||
	    !hash_parse_hex(json_get_str(body, "nonce", ""), nonce) ||
	    clock_parse(json_get_str(body, "observed_at", ""), &time_ns, NULL))
		return err_set(err, ERR_OUTPUT_UNSAFE,
		    "the relay speaks another version of the protocol");
	hash_hex(nonce, dial->gateway_nonce);
	skew_ns = dial->config->sidecar.clock_skew_seconds * NS_PER_S;
	return window_time(
	    "the gateway's clock", time_ns, clock_real_ns(), skew_ns, err);
}

int
dial_open(struct dial *dial, const struct config *config, uint64_t deadline_ns,
    int stop_fd, struct err *err)
{
	uint8_t nonce[HASH_SIZE];
	struct frame frame;
	struct url url;
	const char *fault;
	int fd = -1;
	int rc;

	*dial = (struct dial){ .config = config };
	hash_random(nonce, sizeof nonce);
	hash_hex(nonce, dial->nonce);
	fault = url_parse(config->sidecar.remote_relay_url, &url);
	if (fault)
		return err_set(err, ERR_CONFIG_INVALID,
		    "sidecar.remote_relay_url %s", fault);
	rc = trust_of(dial, err);
	if (rc == 0)
		rc = dial_socket(&url, stop_fd, deadline_ns, &fd, err);
	if (rc == 0)
		rc =
		    channel_new(fd, dial->trust, url.host, &dial->channel, err);
	if (rc == 0)
		rc = dial_frame(dial, deadline_ns, stop_fd, &frame, err);
	return rc ? rc : take_challenge(dial, &frame, err);
}

void
dial_close(struct dial *dial)
{
	channel_free(dial->channel);
	if (dial->trust)
		gnutls_certificate_free_credentials(dial->trust);
	*dial = (struct dial){ .channel = NULL };
}

struct json_object *
dial_body(const struct dial *dial)
{
	struct json_object *body = json_object_new_object();
	char now[CLOCK_TEXT_SIZE];
	int rc;

	clock_format(clock_real_ns(), now);
	rc = json_add_str(body, "gateway_nonce", dial->gateway_nonce);
	if (rc == 0)
		rc = json_add_str(body, "nonce", dial->nonce);
	if (rc == 0)
		rc = json_add_str(body, "observed_at", now);
	if (rc == 0)
		return body;
	(void)json_object_put(body);
	return NULL;
}

static int
put_join(struct dial *dial, const struct identity *identity,
    const char *sidecar_id, const char *code_key_hex, struct err *err)
{
	CLEANUP_JSON struct json_object *body = dial_body(dial);
	const struct pairing_talk talk = {
		.gateway_nonce = dial->gateway_nonce,
		.nonce = dial->nonce,
		.pairing_id = "",
		.remote_instance_id = "",
		.sidecar_key = identity_public(identity),
		.gateway_key = "",
	};
	char proof[HASH_HEX_SIZE];

	if (!pairing_proof(code_key_hex, "join", &talk, proof) ||
	    json_add_str(body, "proof", proof) ||
	    json_add_str(body, "public_key", talk.sidecar_key) ||
	    json_add_str(body, "sidecar_id", sidecar_id))
		return err_no_memory(err);
	return channel_put_signed(
	    dial->channel, FRAME_JOIN, identity, body, err);
}

static int
keep_joined(struct json_object *body, const struct identity *identity,
    struct pairing *ret_pairing, struct err *err)
{
	struct pairing pairing = {
		.pairing_id = strdup(json_get_str(body, "pairing_id", "")),
		.remote_instance_id =
		    strdup(json_get_str(body, "remote_instance_id", "")),
		.sidecar_id = strdup(json_get_str(body, "sidecar_id", "")),
		.user_id = strdup(json_get_str(body, "user_id", "")),
		.gateway_key = strdup(json_get_str(body, "public_key", "")),
		.sidecar_key = strdup(identity_public(identity)),
		.created_ns = clock_real_ns(),
		.status = PAIRING_ACTIVE,
		.is_ours = true,
	};

	if (!pairing.pairing_id || !pairing.remote_instance_id ||
	    !pairing.sidecar_id || !pairing.user_id || !pairing.gateway_key ||
	    !pairing.sidecar_key) {
		pairing_fini(&pairing);
		return err_no_memory(err);
	}
	*ret_pairing = pairing;
	return 0;
}

/* Only who has the code can have said this, and said it of that key. */
static int
take_joined(const struct dial *dial, const struct identity *identity,
    const char *code_key_hex, const struct frame *frame,
    struct pairing *ret_pairing, char ret_check[CHECK_SIZE], struct err *err)
{
	CLEANUP_JSON struct json_object *body = NULL;
	char proof[HASH_HEX_SIZE];
	struct pairing_talk talk = {
		.gateway_nonce = dial->gateway_nonce,
		.nonce = dial->nonce,
		.sidecar_key = identity_public(identity),
	};
	int rc = channel_body(frame, &body, err);

	if (rc)
		return rc;
	talk.pairing_id = json_get_str(body, "pairing_id", "");
	talk.remote_instance_id = json_get_str(body, "remote_instance_id", "");
	talk.gateway_key = json_get_str(body, "public_key", "");
	if (frame->type != FRAME_JOINED || !*talk.pairing_id ||
	    !*talk.remote_instance_id ||
	    !channel_verify(frame, talk.gateway_key) ||
	    !pairing_proof(code_key_hex, "joined", &talk, proof) ||
	    strcmp(proof, json_get_str(body, "proof", "")) != 0)
		return err_set(err, ERR_SIDECAR_PAIRING_REQUIRED,
		    "whoever answered does not have the code: it is not the "
		    "gateway that made it");
	if (!pairing_check(code_key_hex, &talk, ret_check))
		return err_no_memory(err);
	return keep_joined(body, identity, ret_pairing, err);
}

int
dial_join(struct dial *dial, const struct identity *identity,
    const char *sidecar_id, const char *code, uint64_t deadline_ns,
    struct pairing *ret_pairing, char ret_check[CHECK_SIZE], struct err *err)
{
	char key[HASH_HEX_SIZE];
	struct frame frame;
	int rc = code_key(code, key, err);

	if (rc == 0)
		rc = put_join(dial, identity, sidecar_id, key, err);
	if (rc == 0)
		rc = dial_frame(dial, deadline_ns, -1, &frame, err);
	if (rc == 0)
		rc = take_joined(
		    dial, identity, key, &frame, ret_pairing, ret_check, err);
	return rc;
}
